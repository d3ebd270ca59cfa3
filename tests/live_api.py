"""A real server in a thread that misbehaves as told, for the tests of `kube` and of credentials.

An `Answer` is a function that is given each `Exchange` and writes whatever bytes it likes.
Every wait in here ends when the server is left, so no test is held up by a hung reply.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

Bytes = bytes | bytearray


class Exchange:
    """One request that arrived, and the connection to answer on."""

    def __init__(self, server: LiveApi, connection: socket.socket, head: bytes, nth: int) -> None:
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = lines[0].split(" ", 2)
        self.path, _, self.query = self.target.partition("?")
        self.headers = [
            (name.lower(), value) for name, _, value in (line.partition(": ") for line in lines[1:] if line)
        ]
        self.nth_on_connection = nth
        shown = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
        self.client_certificate = shown.get("serialNumber") if shown else None
        self._server = server
        self._connection = connection

    def header(self, name: str) -> list[str]:
        """All values of a header."""
        return [value for key, value in self.headers if key == name.lower()]

    def send(self, content: Bytes) -> None:
        """Writes bytes as they are."""
        self._connection.sendall(content)

    def reply(self, status: str = "200 OK", body: Bytes = b"{}", headers: Iterable[str] = ()) -> None:
        """Writes a well-formed reply."""
        kind = (
            []
            if any(line.lower().startswith("content-type") for line in headers)
            else ["Content-Type: application/json"]
        )
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *kind, *headers, "", ""]
        self.send("\r\n".join(head).encode("latin-1") + body)

    def drip(self, content: Bytes, *, every_s: float = 0.02) -> None:
        """Writes byte after byte until the server is left."""
        for byte in content:
            self.send(bytes([byte]))
            if self._server.is_left.wait(every_s):
                return

    def hang(self) -> None:
        """Says nothing until the server is left."""
        self._server.is_left.wait()

    def close(self) -> None:
        """Ends the connection."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


Answer = Callable[[Exchange], None]


class LiveApi:
    """The server: `with LiveApi(answer) as server: ... server.url`."""

    def __init__(
        self,
        answer: Answer = Exchange.reply,
        *,
        tls: ssl.SSLContext | None = None,
        on_accept: Callable[[LiveApi, socket.socket], None] | None = None,
    ) -> None:
        self.asked: list[Exchange] = []
        self.connections = 0
        self.is_left = threading.Event()
        self._answer = answer
        self._tls = tls
        self._on_accept = on_accept
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> LiveApi:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.is_left.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        """The server's URL, by the scheme that it speaks."""
        return f"{'https' if self._tls is not None else 'http'}://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        """What was asked for, in order."""
        return [exchange.target for exchange in self.asked]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self.is_left.is_set():
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.closing(connection):
            if self._on_accept is not None:
                self._on_accept(self, connection)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with contextlib.closing(connection):
                for nth, head in enumerate(_heads(connection)):
                    exchange = Exchange(self, connection, head, nth)
                    self.asked.append(exchange)
                    self._answer(exchange)


def _heads(connection: socket.socket) -> Iterator[bytes]:
    """The requests' heads; a GET has no body."""
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return
            received += piece
        head, _, received = received.partition(b"\r\n\r\n")
        yield head


def tunnel(exchange: Exchange) -> None:
    """Answers CONNECT as a proxy does: passes bytes to and fro until either side ends."""
    host, _, port = exchange.target.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port))) as upstream:
        exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        downstream = exchange._connection
        pump = threading.Thread(target=_pump, args=(upstream, downstream), daemon=True)
        pump.start()
        _pump(downstream, upstream)
        pump.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
