"""How a proxy is asked for a way to the server: CONNECT over HTTP, or SOCKS5.

Handed a socket that leads to the proxy, leaves it leading to the server. Sources: RFC 9110
section 9.3.6, RFC 1928 and RFC 1929; names are left to the proxy to resolve, as Go does
(golang.org/x/net `internal/socks`). Keeps no time: whoever hands the socket bounds it.
"""

from __future__ import annotations

import socket
from http.client import HTTPException, HTTPResponse

from kubectl_inventory.connection.proxy import Proxy, ProxyRefused

_SOCKS, _CONNECT, _PASSWORDS = 5, 1, 1
_NO_QUESTION, _ASKS_PASSWORD = 0, 2
_IPV4, _NAME, _IPV6 = 1, 3, 4
_LONGEST = 255
"""Bytes that a length of one byte can tell."""
_SOCKS_FAILURES = {
    1: "general failure", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
    5: "connection refused", 6: "the time was up", 7: "command not supported", 8: "address type not supported",
}
"""RFC 1928, section 6."""


def open_tunnel(way: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Asks the proxy at the other end of `way` for a connection to the server. Raises `OSError`."""
    if proxy.scheme == "socks5":
        _ask_socks(way, proxy, host, port)
    else:
        _ask_http(way, proxy, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def _ask_http(way: socket.socket, proxy: Proxy, authority: str) -> None:
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    way.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
    reply = HTTPResponse(way, method="CONNECT")
    try:
        reply.begin()
    except HTTPException as error:
        raise ProxyRefused("the proxy's reply is not HTTP") from error
    finally:
        reply.close()  # the socket itself stays open
    if reply.status != 200:
        raise ProxyRefused(f"the proxy answered {reply.status} {reply.reason[:64]}")


def _ask_socks(way: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    methods = [_NO_QUESTION] if proxy.username is None else [_NO_QUESTION, _ASKS_PASSWORD]
    way.sendall(bytes([_SOCKS, len(methods), *methods]))
    version, method = _exactly(way, 2)
    if version != _SOCKS:
        raise ProxyRefused("the proxy's reply is not SOCKS5")
    if method not in methods:
        raise ProxyRefused(f"the proxy {_unwilling(method, proxy)}")
    if method == _ASKS_PASSWORD:
        pair = (_counted(proxy.username or "", "user name"), _counted(proxy.password, "password"))
        way.sendall(bytes([_PASSWORDS]) + b"".join(pair))
        if _exactly(way, 2)[1]:
            raise ProxyRefused("the proxy refused the user name and password")
    way.sendall(bytes([_SOCKS, _CONNECT, 0]) + _address(host) + port.to_bytes(2))
    _, failure, _, kind = _exactly(way, 4)
    if failure:
        raise ProxyRefused(f"the proxy answered: {_SOCKS_FAILURES.get(failure, f'failure {failure}')}")
    # From where it connected is of no interest, but has to be read.
    length = {_IPV4: 4, _IPV6: 16}.get(kind) or _exactly(way, 1)[0]
    _exactly(way, length + 2)


def _unwilling(method: int, proxy: Proxy) -> str:
    if proxy.username is not None:
        return "accepts no user name and password"
    is_asked = method == _ASKS_PASSWORD
    return "wants a user name and a password" if is_asked else "accepts no one who does not say who asks"


def _address(host: str) -> bytes:
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bytes([_NAME]) + _counted(host, "server's name")
    return bytes([_IPV4 if address.version == 4 else _IPV6]) + address.packed


def _counted(text: str, what: str) -> bytes:
    """Its length in a byte, and the text."""
    encoded = text.encode("utf-8", "surrogateescape")
    if not 1 <= len(encoded) <= _LONGEST:
        raise ProxyRefused(f"SOCKS5 takes no {what} of {len(encoded)} bytes")
    return bytes([len(encoded)]) + encoded


def _exactly(way: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = way.recv(count - len(received))
        if not piece:
            raise ProxyRefused("the proxy closed the connection")
        received += piece
    return received
