"""Sockets under a clock: connections to one server, and the watchdog that ends them.

Knows TCP, TLS and proxies; knows nothing of Kubernetes, and sends no request:
`kube` does. A library's time-out bounds silence, not a request (a reply that
drips a byte a second outlives it by far), so a `Guard` gives each request one
end, from the connection to the last byte, and shuts its socket down then.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from types import TracebackType
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import msgspec

from kubectl_inventory.clock import ticks_s
from kubectl_inventory.connection.proxy import Proxy, ProxyRefused, proxy_of
from kubectl_inventory.errors import KubeconfigError, reason_of
from kubectl_inventory.readiness import can_read

if TYPE_CHECKING:
    from urllib3.util.ssltransport import SSLTransport

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""As `socket.getaddrinfo` has it: family, and what `connect` takes."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


class NoServersName(OSError):
    """What is to be looked for in a certificate cannot be a server's name, as `.example` or `a..b`."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where to connect, and whom to find there."""

    scheme: str
    host: str
    port: int
    tls_server_name: str
    """Sent as SNI and looked for in the certificate."""
    proxy: Proxy | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.scheme}://{self.host}:{self.port})"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    @property
    def dialled(self) -> tuple[str, int]:
        """The host and port that the TCP connection goes to."""
        return (self.proxy.host, self.proxy.port) if self.proxy is not None else (self.host, self.port)

    @property
    def authority(self) -> str:
        """`host:port` as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def forwarding(self) -> Proxy | None:
        """The proxy that is sent the requests themselves, by the server's whole URL; others lead through a tunnel."""
        is_asked_itself = self.scheme == "http" and self.proxy is not None and self.proxy.scheme != "socks5"
        return self.proxy if is_asked_itself else None


class Guard:
    """One request's time: the socket it uses now is shut down when the time is over."""

    def __init__(self, watchdog: Watchdog, end_s: float) -> None:
        self.end_s = end_s
        self.is_expired = False
        self.is_interrupted = False
        self._watchdog = watchdog
        self._socket: socket.socket | None = None

    def __enter__(self) -> Guard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def remaining_s(self) -> float:
        """Seconds left. Raises `TimeoutError` when there are none."""
        remaining_s = self.end_s - ticks_s()
        if remaining_s <= 0 or self.is_expired:
            self.is_expired = True
            raise TimeoutError("no time left")
        return remaining_s

    def watch(self, watched: socket.socket) -> None:
        """From now on it is this socket that is shut down. Raises `OSError` if the end has come already."""
        self.remaining_s()
        self._socket = watched
        self._watchdog.add(self)
        if self.is_interrupted:
            raise ConnectionAbortedError("interrupted")

    def release(self) -> None:
        """The socket outlives the request, or is about to be closed."""
        self._watchdog.remove(self)
        self._socket = None

    def shut(self) -> None:
        """Wakes whoever reads from the socket, or writes to it. Called by the watchdog, under its lock."""
        if self._socket is None:
            return
        # It may be closed already, or not connected: then nobody waits in it.
        with contextlib.suppress(OSError):
            # Not SSLSocket.shutdown, which takes the TLS state away under the
            # reader; and not close(), which would leave it blocked.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Watchdog:
    """One daemon thread that ends every guarded request on time, or all at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._guards: set[Guard] = set()
        self._wakes_s = float("inf")
        self._is_started = False
        self._is_stopped = False

    def add(self, guard: Guard) -> None:
        """Starts to watch; or marks the guard as interrupted, if everything is."""
        with self._changed:
            if self._is_stopped:
                guard.is_interrupted = True
                return
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._run, name="watchdog", daemon=True).start()
            self._guards.add(guard)
            if guard.end_s < self._wakes_s:
                self._changed.notify()

    def remove(self, guard: Guard) -> None:
        """No shutdown can happen after this returns."""
        with self._changed:
            self._guards.discard(guard)

    def stop(self) -> None:
        """Ends every request now, and every later one as it begins."""
        with self._changed:
            self._is_stopped = True
            for guard in self._guards:
                guard.is_interrupted = True
                guard.shut()
            self._guards.clear()
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._is_stopped:
                now_s = ticks_s()
                for guard in [guard for guard in self._guards if guard.end_s <= now_s]:
                    guard.is_expired = True
                    guard.shut()
                    self._guards.discard(guard)
                # A request that ends early leaves the alarm set: waking once for
                # nothing is cheaper than a notification a request.
                self._wakes_s = min((guard.end_s for guard in self._guards), default=float("inf"))
                self._changed.wait(None if self._wakes_s == float("inf") else self._wakes_s - now_s)


class Wire(HTTPConnection):
    """One keep-alive connection, whose every step is guarded."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None, addresses: Sequence[Address]) -> None:
        super().__init__(endpoint.host, endpoint.port)
        self.default_port = _DEFAULT_PORTS[endpoint.scheme]  # left out of the Host header
        self.identity: tuple[tuple[str, bytes], ...] = ()
        """Headers that a dict cannot hold: a name may come several times, a value may be UTF-8."""
        self.handshake_s: float | None = None
        """How long the TLS handshake took: a round trip and some milliseconds of work. None without TLS."""
        self.reached: Address | None = None
        """Which of the addresses it is connected to."""
        self._is_unused = True
        self._endpoint = endpoint
        self._tls = tls
        self._addresses = addresses
        self._carrier: socket.socket | None = None
        """What the system knows of: the socket itself, or within TLS the one that TLS is in."""
        self._within: SSLTransport | None = None
        """TLS to the server within TLS to its proxy."""

    def open(self, guard: Guard) -> None:
        """Connects, through the proxy if there is one, and shakes hands."""
        carrier = self._dial(guard)
        self._hold(carrier)
        carrier.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        endpoint, proxy, tls = self._endpoint, self._endpoint.proxy, self._tls
        if proxy is not None and proxy.scheme == "https" and tls is not None:
            try:
                carrier = self._shake_hands(tls, carrier, proxy.tls_server_name, guard)
            except ssl.SSLError as error:
                raise ProxyRefused(f"TLS to the proxy: {failure_reason(error)}") from error
        if proxy is not None and endpoint.forwarding is None:
            from kubectl_inventory.connection.tunnel import open_tunnel

            open_tunnel(carrier, proxy, endpoint.host, endpoint.port)
        if endpoint.scheme != "https" or tls is None:
            return
        begun_s = ticks_s()
        if isinstance(carrier, ssl.SSLSocket):
            self._shake_hands_within(tls, carrier)
        else:
            self._shake_hands(tls, carrier, endpoint.tls_server_name, guard)
        self.handshake_s = ticks_s() - begun_s

    def _hold(self, carrier: socket.socket) -> None:
        self.sock = self._carrier = carrier

    def _shake_hands(self, tls: ssl.SSLContext, plain: socket.socket, name: str, guard: Guard) -> ssl.SSLSocket:
        # The handshake is made afterwards: until wrap_socket returns there is
        # no socket object that could be shut down.
        wrapped = tls.wrap_socket(plain, server_hostname=name, do_handshake_on_connect=False)
        self._hold(wrapped)
        guard.watch(wrapped)
        wrapped.do_handshake()
        return wrapped

    def _shake_hands_within(self, tls: ssl.SSLContext, carrier: ssl.SSLSocket) -> None:
        """With the server, through the TLS that leads to its proxy: the standard library puts no TLS into TLS."""
        from urllib3.util.ssltransport import SSLTransport

        self._within = SSLTransport(carrier, tls, self._endpoint.tls_server_name)
        self.sock = cast("socket.socket", self._within)  # as much of one as http.client asks for

    def guarded_by(self, guard: Guard) -> None:
        """Another request begins. Raises `OSError` if there is no connection, or no time."""
        if self.sock is None or self._carrier is None:
            raise ConnectionResetError("the connection is gone")
        guard.watch(self._carrier)
        self._is_unused = False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that nobody asked for: an end, or what would pass for the next reply.

        Before the first request that cannot be told: TLS session tickets come after the handshake.
        """
        if self._is_unused:
            return True
        carrier, within = self._carrier, self._within
        if self.sock is None or carrier is None or (isinstance(carrier, ssl.SSLSocket) and carrier.pending()):
            return False
        if within is not None and (within.incoming.pending or within.sslobj.pending()):
            return False
        return not can_read(carrier)

    @property
    def shown_certificate(self) -> bytes:
        """The server's (DER); empty without TLS."""
        if self._within is not None:
            return self._within.getpeercert(binary_form=True) or b""
        carrier = self._carrier
        return (carrier.getpeercert(binary_form=True) or b"") if isinstance(carrier, ssl.SSLSocket) else b""

    def endheaders(self, message_body: object = None, *, encode_chunked: bool = False) -> None:
        """Adds `identity` to what `request` has put."""
        for name, value in self.identity:
            self.putheader(name, value)
        super().endheaders()

    def connect(self) -> None:
        """Never by itself: without a guard it would not be bounded."""
        raise ConnectionResetError("the connection is gone")

    def _dial(self, guard: Guard) -> socket.socket:
        failure: OSError = socket.gaierror("no address")
        for nth, address in enumerate(self._addresses):
            family, place = address
            dialled = socket.socket(family, socket.SOCK_STREAM)
            try:
                guard.watch(dialled)
                # Shared among the addresses: IPv6 that leads nowhere must not use it all.
                dialled.settimeout(guard.remaining_s() / (len(self._addresses) - nth))
                dialled.connect(place)
                if guard.is_interrupted:
                    raise ConnectionAbortedError("interrupted")
                dialled.settimeout(None)  # the watchdog bounds everything from here on
                self.reached = address
                return dialled
            except OSError as error:
                guard.release()
                dialled.close()
                failure = error
                if guard.is_expired or guard.is_interrupted:
                    break
        raise failure


class Pool:
    """The idle connections, the one used last first, and the server's addresses."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None) -> None:
        self._endpoint = endpoint
        self._tls = tls
        self._changed = threading.Condition()
        self._idle: list[Wire] = []
        self._opened = 0
        """How many were opened, or begun to be."""
        self._opening = 0
        """How many are being opened ahead."""
        self._waiting = 0
        self._addresses: Sequence[Address] = ()
        self._looking_up = threading.Lock()
        self._is_closed = False

    def take_idle(self, guard: Guard) -> Wire | None:
        """A connection that seems to be alive, or None; waits for one that is being opened ahead."""
        while True:
            with self._changed:
                while not self._idle and self._opening > self._waiting:
                    left_s = guard.remaining_s()
                    self._waiting += 1
                    self._changed.wait(left_s)
                    self._waiting -= 1
                if not self._idle:
                    return None
                wire = self._idle.pop()
            if wire.is_quiet:
                return wire
            wire.close()

    def open_ahead(self, connections: int, guards: Callable[[], Guard]) -> None:
        """Opens what is missing of so many connections, in the background: requests to come need not wait for it.

        One that cannot be opened is not missed: the request that needs one says why.
        """

        def open_one() -> None:
            wire: Wire | None = None
            try:
                with guards() as guard:
                    wire = self.open_new(guard)
            except OSError:
                pass
            finally:
                with self._changed:
                    self._opening -= 1
                    if wire is not None:
                        self.give_back(wire, is_reusable=True)
                    self._changed.notify_all()

        with self._changed:
            missing = max(connections - self._opened, 0)
            self._opening += missing
        for _ in range(missing):
            threading.Thread(target=open_one, name="opener", daemon=True).start()

    def open_new(self, guard: Guard) -> Wire:
        """A connection that nobody used before. Raises `OSError` (also `ssl.SSLError`)."""
        with self._changed:
            self._opened += 1
        self._look_up(guard)
        wire = Wire(self._endpoint, self._tls, self._addresses)
        try:
            wire.open(guard)
        except (OSError, ValueError) as error:
            guard.release()
            wire.close()
            if isinstance(error, OSError):  # what a certificate is not accepted with is both
                raise
            raise NoServersName(str(error)) from error
        self._prefer(wire.reached)
        return wire

    def _look_up(self, guard: Guard) -> None:
        """Finds the server's addresses, once for all connections that are being opened."""
        if self._addresses:
            return
        if not self._looking_up.acquire(timeout=guard.remaining_s()):
            raise TimeoutError("the name was not resolved in time")
        try:
            if not self._addresses:
                self._addresses = _addresses(*self._endpoint.dialled, guard)
        finally:
            self._looking_up.release()

    def _prefer(self, reached: Address | None) -> None:
        """What answers is tried first from now on: an address that leads nowhere costs its share of the time once."""
        with self._changed:
            if reached is not None and reached in self._addresses[1:]:
                self._addresses = [reached, *(it for it in self._addresses if it != reached)]

    def give_back(self, wire: Wire, *, is_reusable: bool) -> None:
        """Keeps a connection, whose last reply was read to its end, for the next; closes any other."""
        if is_reusable and wire.sock is not None:
            with self._changed:
                if not self._is_closed:
                    self._idle.append(wire)
                    self._changed.notify()
                    return
        wire.close()

    def close(self) -> None:
        """Closes the idle connections; those in use are closed as they come back."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()


def endpoint_of(server: str, *, tls_server_name: str, proxy_url: str) -> Endpoint:
    """The endpoint of a server's URL. Raises `KubeconfigError` for a name that cannot be written in ASCII."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")  # as Go: no proxy is told other letters
        except UnicodeError as error:
            raise KubeconfigError(f"server {server!r} has a name that no server can have") from error
    return Endpoint(
        scheme=parts.scheme,
        host=host,
        port=parts.port or _DEFAULT_PORTS[parts.scheme],
        tls_server_name=tls_server_name or host.partition("%")[0],
        proxy=proxy_of(proxy_url, tls_server_name=tls_server_name),
    )


def tls_context(*, ca_file: str, ca_data: bytes, is_insecure: bool) -> ssl.SSLContext:
    """One context for all connections, that trusts as kubectl does. Raises `OSError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    # As Go: only subjectAltName counts, and any certificate of the CA file is
    # trusted as it is, be it an intermediate or the server's own.
    context.hostname_checks_common_name = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if ca_data:
        context.load_verify_locations(cadata=ca_data.decode("ascii", "backslashreplace"))  # of comments
    elif ca_file:
        context.load_verify_locations(cafile=ca_file)
    else:
        _trust_the_system(context)  # 25 ms: only where the kubeconfig names no authority
    return context


def _trust_the_system(context: ssl.SSLContext) -> None:
    from kubectl_inventory.connection.authorities import system_roots

    context.load_default_certs()
    file = system_roots(ssl.get_default_verify_paths(), os.environ)
    if file is not None and sys.platform != "win32":
        context.load_verify_locations(cafile=file)


def load_client_certificate(context: ssl.SSLContext, *, certificate: bytes, key: bytes) -> None:
    """Gives the context a certificate to show. Raises `OSError`.

    OpenSSL reads them from a file only, so a private key is put into one that has no name
    where the system can do that, else into a temporary file for as long as it is read.
    """

    def refuse_password() -> bytes:
        raise OSError("the key is encrypted")  # instead of asking for it on the terminal

    pem = certificate.rstrip() + b"\n" + key
    if sys.platform == "linux" and hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("client-certificate", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb", closefd=True) as stream:
            stream.write(pem)
            stream.flush()
            context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=refuse_password)
        return
    import tempfile

    # Closed before OpenSSL reads it: Windows opens no file twice that is to be deleted.
    descriptor, name = tempfile.mkstemp()
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(pem)
        context.load_cert_chain(name, password=refuse_password)
    finally:
        os.unlink(name)


def shown_certificate(endpoint: Endpoint, guard: Guard) -> bytes:
    """The certificate (DER) that the server shows, trusted or not. Raises `OSError`.

    The server is asked nothing, a proxy for the way to it. Empty behind a proxy of TLS: as nobody is trusted
    here, who it is would not be looked at before it is told a password.
    """
    if endpoint.proxy is not None and endpoint.proxy.scheme == "https":
        return b""
    wire = Pool(endpoint, tls_context(ca_file="", ca_data=b"", is_insecure=True)).open_new(guard)
    try:
        return wire.shown_certificate
    finally:
        guard.release()
        wire.close()


def failure_reason(error: OSError) -> str:
    """An error's own words, without numbers and addresses in the source."""
    if isinstance(error, ssl.SSLError):
        known = {"KEY_VALUES_MISMATCH": "the key is not the certificate's", "NO_START_LINE": "no PEM in it"}
        reason = error.reason or str(error.args[0])
        return known.get(reason, reason.replace("_", " ").lower())
    return reason_of(error)


def _addresses(host: str, port: int, guard: Guard) -> Sequence[Address]:
    """Where a name leads. No resolver can be interrupted: it is left behind when the time is over."""
    found: list[Address] = []
    failures: list[OSError] = []
    is_done = threading.Event()

    def resolve() -> None:
        try:
            found.extend(
                (family, address)
                for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError) as error:
            failures.append(error if isinstance(error, OSError) else socket.gaierror(str(error)))
        is_done.set()

    threading.Thread(target=resolve, name="resolver", daemon=True).start()
    if not is_done.wait(guard.remaining_s()):
        guard.is_expired = True
        raise TimeoutError("the name was not resolved in time")
    if failures:
        raise failures[0]
    return found
