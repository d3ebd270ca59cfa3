// One binary, four programs: the control plane that the tests, the demo and
// the benchmark talk to. It is called as `controlplane PROGRAM FLAGS...`, or
// through a name that is the program's own (argv[0]), and behaves as the
// released binary of that name does, because it runs the same `app` package.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var programs = map[string]func() *cobra.Command{
	"etcd":                    etcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if _, ok := programs[name]; !ok && len(args) > 0 {
		name, args = args[0], args[1:]
	}
	newCommand, ok := programs[name]
	if !ok {
		names := make([]string, 0, len(programs))
		for program := range programs {
			names = append(names, program)
		}
		fmt.Fprintf(os.Stderr, "error: unknown program %q (valid: %s)\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Args = append([]string{name}, args...)
	os.Exit(cli.Run(newCommand()))
}
