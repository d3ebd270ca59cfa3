"""Small real proxies: CONNECT over HTTP and HTTPS, and SOCKS5, in a thread.

Whatever host a client names, it is led to one upstream, so that a name nobody can resolve proves that the
proxy was asked. Knows nothing of Kubernetes.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import ssl
import threading
from base64 import b64decode
from ipaddress import ip_address
from types import TracebackType
from typing import Literal

Scheme = Literal["http", "https", "socks5"]
Address = tuple[str, int]

_IPV4, _NAME = 1, 3


class Proxy:
    """A proxy of one scheme: `with Proxy("socks5", upstream) as proxy: ... proxy.url`."""

    def __init__(self, scheme: Scheme, upstream: Address, *, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[str] = []
        """`host:port` of each client's wish, after `user:password@` where it said who it is."""
        self.port = 0
        self._scheme = scheme
        self._upstream = upstream
        self._tls = tls

    def __enter__(self) -> Proxy:
        proxy = self

        class Visit(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                # Who goes away in the middle is none of its business.
                with contextlib.suppress(OSError):
                    proxy._serve(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Visit)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.socket.close()  # server_close() would wait for every visitor

    @property
    def url(self) -> str:
        """What leads here."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        visitor = client if self._tls is None else self._tls.wrap_socket(client, server_side=True)
        self.asked.append(_greet_socks(visitor) if self._scheme == "socks5" else _read_connect(visitor))
        with socket.create_connection(self._upstream) as upstream:
            visitor.sendall(
                b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"
                if self._scheme == "socks5"
                else b"HTTP/1.1 200 Connection established\r\n\r\n"
            )
            _relay(visitor, upstream)
        visitor.close()


def _read_connect(visitor: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = visitor.recv(1)
        if not piece:
            raise ConnectionResetError
        head += piece
    first, *lines = head.decode("ascii").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    said = fields.get("proxy-authorization", "").removeprefix("Basic ")
    return f"{b64decode(said).decode()}@{first.split()[1]}" if said else first.split()[1]


def _greet_socks(visitor: socket.socket) -> str:
    """RFC 1928, and RFC 1929 for who offers a user name and a password."""
    _, methods = _exactly(visitor, 2)
    said = ""
    if b"\x02" in _exactly(visitor, methods):
        visitor.sendall(b"\x05\x02")
        _exactly(visitor, 1)
        user, password = _counted(visitor), _counted(visitor)
        visitor.sendall(b"\x01\x00")
        said = f"{user}:{password}@"
    else:
        visitor.sendall(b"\x05\x00")
    kind = _exactly(visitor, 4)[3]
    host = _counted(visitor) if kind == _NAME else str(ip_address(_exactly(visitor, 4 if kind == _IPV4 else 16)))
    return f"{said}{host}:{int.from_bytes(_exactly(visitor, 2), 'big')}"


def _counted(visitor: socket.socket) -> str:
    (length,) = _exactly(visitor, 1)
    return _exactly(visitor, length).decode("ascii")


def _exactly(visitor: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = visitor.recv(count - len(received))
        if not piece:
            raise ConnectionResetError
        received += piece
    return received


def _relay(visitor: socket.socket, upstream: socket.socket) -> None:
    """Bytes to and fro until either side ends. One thread: a TLS socket is not for two at once."""
    others = {visitor: upstream, upstream: visitor}
    with selectors.DefaultSelector() as selector:
        for side in others:
            selector.register(side, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                source = visitor if key.fileobj is visitor else upstream
                piece = source.recv(65536)
                # What TLS has unpacked already, no selector tells.
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    piece += source.recv(65536)
                if not piece:
                    return
                others[source].sendall(piece)
