"""Which proxy leads to a server: the kubeconfig's own, else the environment's by Go's rules.

Reads only the environment that it is handed. `transport` makes the tunnel.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from kubectl_inventory.errors import KubeconfigError

_PORTS = {"http": 80, "https": 443, "socks5": 1080}
"""Where a proxy of each scheme listens, if its URL does not say (Go `net/http`)."""


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
