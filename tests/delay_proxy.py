"""A server at a distance: a TCP proxy on loopback whose bytes take their time, in both directions.

    python -m tests.delay_proxy --round-trip 100ms                # in front of $KUBECONFIG's server
    python -m tests.delay_proxy --round-trip 20ms --to HOST:PORT

Knows TCP and no protocol above it. A connection costs a round trip before its
first byte, as the handshake does; each byte takes half of one; and each
direction begins slowly, with ten segments in flight, and doubles them a round
trip, so that a large answer costs several. Nothing else slows it down.
"""

from __future__ import annotations

import argparse
import contextlib
import heapq
import os
import re
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from tests.controlplane.__main__ import end_orderly

LOOPBACK = "127.0.0.1"
FIRST_WINDOW_BYTES = 10 * 1460
"""What a sender may have under way on a new connection (RFC 6928)."""
LAST_WINDOW_BYTES = 16 * 1024**2
"""Where it stops growing: as much as a socket's buffers may take, and no bound at any distance on earth."""
READ_BYTES = 256 * 1024
CONNECT_SECONDS = 10.0
SECONDS = {"ms": 0.001, "s": 1.0}


class Address(NamedTuple):
    """Where somebody listens."""

    host: str
    port: int


class _Lane:
    """One direction of a connection: what `source` sends reaches `sink` half a round trip later."""

    def __init__(self, source: socket.socket, sink: socket.socket, *, delay_s: float, opens_at: float) -> None:
        self.source = source
        self.sink = sink
        self.delay_s = delay_s
        self.opens_at = opens_at
        # When each piece arrives; an empty one is the end.
        self._under_way: deque[tuple[float, memoryview]] = deque()
        # When the sender learns that so many bytes have arrived.
        self._acknowledgements: deque[tuple[float, int]] = deque()
        self._window = FIRST_WINDOW_BYTES
        self._in_flight = 0
        self._has_ended = False
        self.sink_is_full = False
        self.is_done = False

    def may_read(self, now: float) -> bool:
        """Whether the sender may send."""
        return not self._has_ended and now >= self.opens_at and self._in_flight < self._window

    def step(self, now: float) -> None:
        """Do all that is due. Raises OSError when one of the sockets is dead."""
        while self._acknowledgements and self._acknowledgements[0][0] <= now:
            _, count = self._acknowledgements.popleft()
            self._in_flight -= count
            self._window = min(self._window + count, LAST_WINDOW_BYTES)
        self._read(now)
        self._deliver(now)

    def next_time(self, now: float) -> float | None:
        """When there is something to do again, if it is time that is waited for."""
        times = [self._acknowledgements[0][0]] if self._acknowledgements else []
        if self._under_way and not self.sink_is_full:
            times.append(self._under_way[0][0])
        if now < self.opens_at:
            times.append(self.opens_at)
        return min(times, default=None)

    def _read(self, now: float) -> None:
        while self.may_read(now):
            try:
                piece = self.source.recv(min(READ_BYTES, self._window - self._in_flight))
            except BlockingIOError:
                return
            self._has_ended = not piece
            self._in_flight += len(piece)
            self._under_way.append((now + self.delay_s, memoryview(piece)))

    def _deliver(self, now: float) -> None:
        self.sink_is_full = False
        while self._under_way and self._under_way[0][0] <= now:
            arrives, piece = self._under_way.popleft()
            if not piece:
                # Only this direction: the other may have a lot to say yet.
                self.sink.shutdown(socket.SHUT_WR)
                self.is_done = True
                return
            try:
                sent = self.sink.send(piece)
            except BlockingIOError:
                sent = 0
            if sent:
                self._acknowledgements.append((now + self.delay_s, sent))
            if sent < len(piece):
                self._under_way.appendleft((arrives, piece[sent:]))
                self.sink_is_full = True
                return


class _Connection:
    """A client, the server that it wanted, and the two lanes between them."""

    def __init__(self, client: socket.socket, server: socket.socket, *, delay_s: float, now: float) -> None:
        for end in (client, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel has shaken hands by itself, at once: the round trip that it should have cost is added here.
        self._there = _Lane(client, server, delay_s=delay_s, opens_at=now + 2 * delay_s)
        self._back = _Lane(server, client, delay_s=delay_s, opens_at=now)
        self.ends = (client, server)

    def step(self, now: float) -> bool:
        """Do all that is due; False when the connection is over."""
        try:
            for lane in (self._there, self._back):
                if not lane.is_done:
                    lane.step(now)
        except OSError:
            return False
        return not (self._there.is_done and self._back.is_done)

    def interest(self, end: socket.socket, now: float) -> int:
        """Which events of one of its ends matter now."""
        out, into = (self._there, self._back) if end is self._there.source else (self._back, self._there)
        reading = selectors.EVENT_READ if out.may_read(now) else 0
        return reading | (selectors.EVENT_WRITE if into.sink_is_full else 0)

    def next_time(self, now: float) -> float | None:
        """When it wants a step though nothing happens."""
        times = (lane.next_time(now) for lane in (self._there, self._back))
        return min((at for at in times if at is not None), default=None)


class DelayProxy:
    """Listens on a free loopback port from the start; connects and delays while `run` runs."""

    def __init__(self, to: Address, round_trip_s: float) -> None:
        self._to = to
        self._delay_s = round_trip_s / 2
        self._listener = socket.create_server((LOOPBACK, 0), backlog=128)
        self._listener.setblocking(False)
        self.address = Address(*self._listener.getsockname()[:2])
        self._stopper, self._stopped = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._interests: dict[socket.socket, int] = {}
        self._connections: set[_Connection] = set()
        self._times: list[tuple[float, int, _Connection]] = []
        self._count = 0

    def stop(self) -> None:
        """Let `run` return; from any thread."""
        self._stopper.send(b"x")

    def run(self) -> None:
        """Serve until stopped; then every connection is closed."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._stopped, selectors.EVENT_READ)
        try:
            while self._serve():
                pass
        finally:
            for connection in list(self._connections):
                self._close(connection)
            for end in (self._listener, self._stopper, self._stopped, self._selector):
                end.close()

    def _serve(self) -> bool:
        """Wait for what comes next, and do it; False when it was the end."""
        due: set[_Connection] = set()
        for key, _ in self._selector.select(self._wait_s()):
            if key.fileobj is self._stopped:
                return False
            if isinstance(key.data, _Connection):
                due.add(key.data)
            else:
                due.update(self._accept())
        now = time.monotonic()
        while self._times and self._times[0][0] <= now:
            due.add(heapq.heappop(self._times)[2])
        for connection in due & self._connections:
            self._step(connection, now)
        return True

    def _wait_s(self) -> float | None:
        return max(0.0, self._times[0][0] - time.monotonic()) if self._times else None

    def _accept(self) -> Iterator[_Connection]:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        try:
            server = socket.create_connection(self._to, CONNECT_SECONDS)
        except OSError:
            client.close()
            return
        connection = _Connection(client, server, delay_s=self._delay_s, now=time.monotonic())
        self._connections.add(connection)
        yield connection

    def _step(self, connection: _Connection, now: float) -> None:
        if not connection.step(now):
            self._close(connection)
            return
        for end in connection.ends:
            self._watch(connection, end, connection.interest(end, now))
        at = connection.next_time(now)
        if at is not None:
            # A number of its own: two connections at one time have no order.
            self._count += 1
            heapq.heappush(self._times, (at, self._count, connection))

    def _watch(self, connection: _Connection, end: socket.socket, interest: int) -> None:
        before = self._interests.get(end, 0)
        if interest == before:
            return
        if not before:
            self._selector.register(end, interest, connection)
        elif interest:
            self._selector.modify(end, interest, connection)
        else:
            self._selector.unregister(end)
        self._interests[end] = interest

    def _close(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        for end in connection.ends:
            self._watch(connection, end, 0)
            self._interests.pop(end, None)
            end.close()


@contextlib.contextmanager
def delay_proxy(to: Address, round_trip_s: float) -> Iterator[Address]:
    """The address of a proxy in front of `to`, until the block is left."""
    proxy = DelayProxy(to, round_trip_s)
    thread = threading.Thread(target=proxy.run, name="delay proxy", daemon=True)
    thread.start()
    try:
        yield proxy.address
    finally:
        proxy.stop()
        thread.join()


def server_of(kubeconfig: Path) -> Address:
    """Where a kubeconfig's current context leads."""
    found = urlsplit(_current_cluster(yaml.safe_load(kubeconfig.read_text()))["server"])
    return Address(found.hostname or "", found.port or 443)


def write_detour(kubeconfig: Path, proxy: Address, copy: Path) -> None:
    """Write a copy whose current context goes through the proxy; the certificate is checked as before."""
    document = yaml.safe_load(kubeconfig.read_text())
    cluster = _current_cluster(document)
    server = urlsplit(cluster["server"])
    cluster.setdefault("tls-server-name", server.hostname or "")
    cluster["server"] = server._replace(netloc=f"{proxy.host}:{proxy.port}").geturl()
    copy.touch(mode=0o600)
    copy.write_text(yaml.safe_dump(document))


def _current_cluster(document: Mapping[str, Any]) -> dict[str, str]:
    """The entry of the current context's cluster, in the document itself."""
    context = next(it["context"] for it in document["contexts"] if it["name"] == document["current-context"])
    found: dict[str, str] = next(it["cluster"] for it in document["clusters"] if it["name"] == context["cluster"])
    return found


class Arguments(argparse.Namespace):
    """What was typed."""

    round_trip: float
    to: Address | None
    kubeconfig: Path | None


def main() -> int:
    arguments = _parser().parse_args(namespace=Arguments())
    end_orderly()
    try:
        to = arguments.to or _server(arguments.kubeconfig)
        with (
            tempfile.TemporaryDirectory(prefix="kubectl-inventory-delay-") as directory,
            delay_proxy(to, arguments.round_trip) as address,
        ):
            print(f"{address.host}:{address.port} is {to.host}:{to.port} at a distance; Ctrl-C ends", file=sys.stderr)
            if arguments.kubeconfig is not None:
                copy = Path(directory) / "kubeconfig"
                write_detour(arguments.kubeconfig, address, copy)
                print(f"export KUBECONFIG={copy}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 130
    return 0


def _server(kubeconfig: Path | None) -> Address:
    if kubeconfig is None:
        _parser().error("neither --to nor a kubeconfig")
    return server_of(kubeconfig)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.delay_proxy", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--round-trip", type=duration_s, required=True, metavar="DURATION", help="there and back: 100ms, 0.1s"
    )
    parser.add_argument("--to", type=_address, metavar="HOST:PORT", help="the server (default: the kubeconfig's)")
    parser.add_argument(
        "--kubeconfig", type=Path, metavar="FILE", default=_default_kubeconfig(), help="copied, with the proxy in it"
    )
    return parser


def duration_s(text: str) -> float:
    """`100ms` or `0.1s`, in seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not a duration: {text!r}")
    return float(found[1]) * SECONDS[found[2]]


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"not HOST:PORT: {text!r}")
    return Address(host, int(port))


def _default_kubeconfig() -> Path | None:
    named = os.environ.get("KUBECONFIG")
    return Path(named) if named else None


if __name__ == "__main__":
    sys.exit(main())
