"""What a proxy is told, byte by byte, and what becomes of its answers. The proxies here are replies put into a pipe."""

from __future__ import annotations

import socket
from base64 import b64decode
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from kubectl_inventory.connection.proxy import Proxy, ProxyRefused, proxy_of
from kubectl_inventory.connection.tunnel import open_tunnel

SOCKS = Proxy(scheme="socks5", host="proxy", port=1080)
KNOWN = Proxy(scheme="socks5", host="proxy", port=1080, username="ann", password="s cret")
HTTP = Proxy(scheme="http", host="proxy", port=3128)
WELCOME = b"\x05\x00"
CONNECTED = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x1f\x90"


class Pipe(NamedTuple):
    """A socket, and the end where its proxy would be."""

    way: socket.socket
    proxy: socket.socket

    def told(self) -> bytes:
        """What the proxy was told."""
        self.way.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: self.proxy.recv(4096), b""))


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    way, proxy = socket.socketpair()
    with way, proxy:
        yield Pipe(way, proxy)


def refusal(pipe: Pipe, reply: bytes, proxy: Proxy = SOCKS, host: str = "shop.example") -> str:
    """Why there is no tunnel through a proxy that says this, and then ends."""
    pipe.proxy.sendall(reply)
    pipe.proxy.shutdown(socket.SHUT_WR)
    with pytest.raises(ProxyRefused) as caught:
        open_tunnel(pipe.way, proxy, host, 6443)
    return str(caught.value)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("shop.example", b"\x03\x0cshop.example"),
        ("10.1.2.3", b"\x01\x0a\x01\x02\x03"),
        ("fd00::1", b"\x04\xfd" + bytes(14) + b"\x01"),
    ],
)
def test_a_socks_proxy_is_told_the_server_and_resolves_its_name(pipe: Pipe, host: str, address: bytes) -> None:
    pipe.proxy.sendall(WELCOME + CONNECTED)
    open_tunnel(pipe.way, SOCKS, host, 6443)
    assert pipe.told() == b"\x05\x01\x00" + b"\x05\x01\x00" + address + b"\x19\x2b"


def test_a_socks_proxy_that_asks_is_told_who_it_is(pipe: Pipe) -> None:
    pipe.proxy.sendall(b"\x05\x02" + b"\x01\x00" + CONNECTED)
    open_tunnel(pipe.way, KNOWN, "10.1.2.3", 443)
    assert pipe.told() == (
        b"\x05\x02\x00\x02" + b"\x01\x03ann\x06s cret" + b"\x05\x01\x00\x01\x0a\x01\x02\x03\x01\xbb"
    )


def test_a_socks_proxy_that_does_not_ask_is_not_told_a_password(pipe: Pipe) -> None:
    pipe.proxy.sendall(WELCOME + CONNECTED)
    open_tunnel(pipe.way, KNOWN, "10.1.2.3", 443)
    assert b"s cret" not in pipe.told()


@pytest.mark.parametrize(
    "bound", [b"\x01\x7f\x00\x00\x01", b"\x04" + bytes(16), b"\x03\x05proxy"], ids=["IPv4", "IPv6", "name"]
)
def test_what_the_server_says_is_left_to_its_reader(pipe: Pipe, bound: bytes) -> None:
    pipe.proxy.sendall(WELCOME + b"\x05\x00\x00" + bound + b"\x00\x50" + b"the server's")
    open_tunnel(pipe.way, SOCKS, "shop.example", 6443)
    assert pipe.way.recv(4096) == b"the server's"


@pytest.mark.parametrize(
    ("reply", "proxy", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", SOCKS, "the proxy's reply is not SOCKS5"),
        (b"", SOCKS, "the proxy closed the connection"),
        (b"\x05", SOCKS, "the proxy closed the connection"),
        (WELCOME + CONNECTED[:7], SOCKS, "the proxy closed the connection"),
        (b"\x05\xff", SOCKS, "the proxy accepts no one who does not say who asks"),
        (b"\x05\x02", SOCKS, "the proxy wants a user name and a password"),
        (b"\x05\xff", KNOWN, "the proxy accepts no user name and password"),
        (b"\x05\x02\x01\x01", KNOWN, "the proxy refused the user name and password"),
        (WELCOME + b"\x05\x01\x00\x01", SOCKS, "the proxy answered: general failure"),
        (WELCOME + b"\x05\x02\x00\x01", SOCKS, "the proxy answered: not allowed by its rules"),
        (WELCOME + b"\x05\x04\x00\x01", SOCKS, "the proxy answered: host unreachable"),
        (WELCOME + b"\x05\x05\x00\x01", SOCKS, "the proxy answered: connection refused"),
        (WELCOME + b"\x05\x63\x00\x01", SOCKS, "the proxy answered: failure 99"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", HTTP, "the proxy answered 403 Forbidden"),
        (b"\x05\x00", HTTP, "the proxy's reply is not HTTP"),
    ],
)
def test_a_proxy_that_does_not_connect_is_quoted(pipe: Pipe, reply: bytes, proxy: Proxy, why: str) -> None:
    assert refusal(pipe, reply, proxy) == why


def test_what_socks_cannot_say_is_not_sent(pipe: Pipe) -> None:
    assert refusal(pipe, WELCOME, host="a" * 256) == "SOCKS5 takes no server's name of 256 bytes"
    assert pipe.told() == b"\x05\x01\x00"


def test_a_proxy_is_told_a_password_byte_by_byte(pipe: Pipe) -> None:
    proxy = proxy_of("http://ann:p%E9@proxy:3128", tls_server_name="")
    assert proxy is not None and b64decode(proxy.authorization.removeprefix("Basic ")) == b"ann:p\xe9"
    socks = proxy_of("socks5://ann:p%E9@proxy:1080", tls_server_name="")
    assert socks is not None
    pipe.proxy.sendall(b"\x05\x02" + b"\x01\x00" + CONNECTED)
    open_tunnel(pipe.way, socks, "10.1.2.3", 443)
    assert b"\x01\x03ann\x02p\xe9" in pipe.told()


def test_a_proxy_never_shows_its_password() -> None:
    proxy = proxy_of("socks5://ann:s%20cret@proxy:1080", tls_server_name="")
    assert proxy == Proxy(
        scheme="socks5", host="proxy", port=1080, tls_server_name="proxy", username="ann", password="s cret"
    )
    assert repr(proxy) == "Proxy(socks5://proxy:1080)"
