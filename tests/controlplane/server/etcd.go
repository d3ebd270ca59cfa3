package main

import (
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcdCommand runs a single etcd member. It takes the few of etcd's own flags
// that one member on loopback needs, spelled as etcd spells them, so that a
// released etcd binary can stand in its place.
func etcdCommand() *cobra.Command {
	config := embed.NewConfig()
	// Embedded, this is 0, and every request is logged as a slow one.
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	var client, peer string
	command := &cobra.Command{
		Use:           "etcd",
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			clientURL, err := url.Parse(client)
			if err != nil {
				return fmt.Errorf("--listen-client-urls: %w", err)
			}
			peerURL, err := url.Parse(peer)
			if err != nil {
				return fmt.Errorf("--listen-peer-urls: %w", err)
			}
			config.ListenClientUrls = []url.URL{*clientURL}
			config.AdvertiseClientUrls = config.ListenClientUrls
			config.ListenPeerUrls = []url.URL{*peerURL}
			config.AdvertisePeerUrls = config.ListenPeerUrls
			config.InitialCluster = config.InitialClusterFromName(config.Name)
			return serveEtcd(config)
		},
	}
	flags := command.Flags()
	flags.StringVar(&config.Dir, "data-dir", "", "where the data is kept")
	flags.StringVar(&client, "listen-client-urls", "http://127.0.0.1:2379", "where clients connect")
	flags.StringVar(&peer, "listen-peer-urls", "http://127.0.0.1:2380", "where members connect")
	flags.StringVar(&config.LogLevel, "log-level", "warn", "debug, info, warn, error, panic or fatal")
	flags.BoolVar(&config.UnsafeNoFsync, "unsafe-no-fsync", false, "do not wait for the disk: for throw-away data only")
	flags.Int64Var(&config.QuotaBackendBytes, "quota-backend-bytes", 0, "size at which writes are refused; 0 is etcd's default")
	// A released etcd is told its own URLs; this one derives them.
	var ignored string
	flags.StringVar(&ignored, "advertise-client-urls", "", "taken from --listen-client-urls")
	flags.StringVar(&ignored, "initial-advertise-peer-urls", "", "taken from --listen-peer-urls")
	flags.StringVar(&ignored, "initial-cluster", "", "this member alone")
	return command
}

func serveEtcd(config *embed.Config) error {
	member, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	defer member.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	select {
	case <-stop:
		return nil
	case err := <-member.Err():
		return err
	}
}
