"""Which proxy leads to a server: the kubeconfig's own, else the environment's by Go's rules.

Reads only the environment that it is handed. `tunnel` speaks to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import msgspec

from kubectl_inventory.errors import KubeconfigError

_PORTS = {"http": 80, "https": 443, "socks5": 1080}
"""Where a proxy of each scheme listens, if its URL does not say (Go `net/http`)."""


class ProxyRefused(OSError):
    """The proxy answered, but did not connect."""


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """Where the proxy is, how it is spoken to, and who asks it."""

    scheme: str
    """`http`, `https` (the same within TLS), or `socks5`."""
    host: str
    port: int
    tls_server_name: str = ""
    """Looked for in the certificate of an https proxy."""
    username: str | None = None
    password: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{self.host}:{self.port})"

    @property
    def authorization(self) -> str:
        """The value of Proxy-Authorization; empty where nobody says who he is."""
        if self.username is None:
            return ""
        from base64 import b64encode

        pair = f"{self.username}:{self.password}".encode("utf-8", "surrogateescape")
        return f"Basic {b64encode(pair).decode('ascii')}"


def proxy_url(server: str, configured: str, environ: Mapping[str, str]) -> str:
    """The kubeconfig's `proxy-url`, else the environment's proxy by Go's rules."""
    where, url = "proxy-url", configured
    if not url:
        scheme = urlsplit(server).scheme
        names = (f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
        where = next((name for name in names if environ.get(name)), "")
        if not where or _is_exempt(server, environ):
            return ""
        url = environ[where] if "://" in environ[where] else f"http://{environ[where]}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise KubeconfigError(f"{where} {without_userinfo(url)!r} is not a URL") from error
    # Another name for a proxy that resolves names itself, as any does here; client-go refuses it in a kubeconfig.
    scheme = "socks5" if parts.scheme == "socks5h" and not configured else parts.scheme
    if scheme not in _PORTS:
        raise KubeconfigError(
            f"{where} {without_userinfo(url)!r}: {parts.scheme or 'such'} proxies are not supported",
            hint=f"{', '.join(f'{it}://' for it in _PORTS)} are",
        )
    if not parts.hostname:
        raise KubeconfigError(f"{where} {without_userinfo(url)!r} has no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    userinfo = parts.netloc.rpartition("@")[0]
    return f"{scheme}://{f'{userinfo}@' if userinfo else ''}{host}:{port or _PORTS[scheme]}"


def proxy_of(url: str, *, tls_server_name: str) -> Proxy | None:
    """The proxy of a URL as `proxy_url` makes it; None of an empty one.

    `tls_server_name`: the cluster's own, where it has one. Go looks for it in an https proxy's certificate, too.
    """
    if not url:
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    return Proxy(
        scheme=parts.scheme,
        host=host,
        port=parts.port or 0,
        tls_server_name=tls_server_name or host,
        # Whatever bytes they are, as in Go.
        username=unquote(parts.username, errors="surrogateescape") if parts.username is not None else None,
        password=unquote(parts.password or "", errors="surrogateescape"),
    )


def without_userinfo(url: str) -> str:
    """A URL, or what was meant to be one, for a message: without what is before the `@`."""
    scheme, separator, rest = url.partition("://")
    rest = rest if separator else scheme
    return (scheme + separator if separator else "") + rest.rpartition("@")[2]


def _is_exempt(server: str, environ: Mapping[str, str]) -> bool:
    """Go's rules (`golang.org/x/net/http/httpproxy`): this machine never, then NO_PROXY."""
    import ipaddress

    parts = urlsplit(server)
    host = (parts.hostname or "").lower().rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address: ipaddress.IPv4Address | ipaddress.IPv6Address | None = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    for item in (environ.get("NO_PROXY") or environ.get("no_proxy") or "").split(","):
        pattern = item.strip().lower()
        if pattern == "*" or (pattern and _matches_no_proxy(pattern, host, port, address)):
            return True
    return False


def _matches_no_proxy(pattern: str, host: str, port: int, address: object) -> bool:
    import ipaddress

    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        network = None
    if network is not None:
        return isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address) and address in network
    name, colon, typed_port = pattern.rpartition(":")
    if colon and typed_port.isdigit():
        if int(typed_port) != port:
            return False
        pattern = name.strip("[]")
    if pattern.startswith("*."):
        pattern = pattern[1:]
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern or host.endswith(f".{pattern}")
