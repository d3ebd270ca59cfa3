"""Who asks, as the wire has it: headers and a client certificate, made of a `Connection`.

The only place where a credential becomes bytes to send. Refuses what would smuggle a
second header in, and names the user, never the credential.
"""

from __future__ import annotations

import ssl
import threading

from kubectl_inventory.clock import ticks_s
from kubectl_inventory.connection.kubeconfig import Connection
from kubectl_inventory.connection.transport import failure_reason, load_client_certificate, tls_context
from kubectl_inventory.errors import KubeconfigError

# client-go reads a token file again after a minute; the kubelet rotates it at 80 % of its life.
_TOKEN_FILE_PERIOD_S = 60.0


class Identity:
    """The headers that say who asks. A token file is read again now and then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._token_read_s = float("-inf")
        self._token = connection.token
        self._impersonation = _impersonation_of(connection)
        self._headers: tuple[tuple[str, bytes], ...] = ()
        self.headers()

    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """The headers for the next request."""
        with self._lock:
            now_s = ticks_s()
            if now_s - self._token_read_s >= _TOKEN_FILE_PERIOD_S:
                self._token_read_s = now_s
                if self._connection.token_file:
                    self._token = self._token_in_file()
                self._headers = (*self._authorization(), *self._impersonation)
            return self._headers

    def _authorization(self) -> tuple[tuple[str, bytes], ...]:
        from base64 import b64encode

        connection = self._connection
        if self._token:
            value = _header_value(f"Bearer {self._token}", f"the token of {_owner(connection)}")
            return (("Authorization", value),)
        if connection.username:  # client-go sends no password alone
            pair = b64encode(f"{connection.username}:{connection.password}".encode("utf-8", "surrogateescape"))
            return (("Authorization", b"Basic " + pair),)
        return ()

    def _token_in_file(self) -> str:
        path = self._connection.token_file
        try:
            with open(path, encoding="utf-8") as stream:
                token = stream.read(1 << 20).strip()
        except (OSError, UnicodeDecodeError) as error:
            if self._token:  # client-go, too, keeps the last one that could be read
                return self._token
            raise KubeconfigError(
                f"cannot read the token file {path} of {_owner(self._connection)}: "
                f"{failure_reason(error) if isinstance(error, OSError) else 'it is not text'}"
            ) from error
        if not token and not self._token:
            raise KubeconfigError(f"the token file {path} of {_owner(self._connection)} is empty")
        return token or self._token


def _impersonation_of(connection: Connection) -> tuple[tuple[str, bytes], ...]:
    pairs = [("Impersonate-User", connection.as_user, "--as")] if connection.as_user else []
    if connection.as_uid:
        pairs.append(("Impersonate-Uid", connection.as_uid, "--as-uid"))
    pairs.extend(("Impersonate-Group", group, "--as-group") for group in connection.as_groups)
    pairs.extend(
        (f"Impersonate-Extra-{_escaped(key)}", value, "--as-user-extra") for key, value in connection.as_user_extra
    )
    return tuple((name, _header_value(value, flag)) for name, value, flag in pairs)


def _escaped(key: str) -> str:
    """A key as the end of a header's name: client-go's `headerKeyEscape`."""
    legal = b"!#$&'*+-.^_`|~"
    return "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or byte in legal) else f"%{byte:02X}"
        for byte in key.encode("utf-8", "surrogateescape")
    )


def _header_value(value: str, what: str) -> bytes:
    """Refuses what would end the header and begin another. The value itself is never shown."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in value):
        raise KubeconfigError(f"{what} holds a line break or another control character")
    # As typed, byte by byte, be it UTF-8 or not.
    return value.encode("utf-8", "surrogateescape")


def load_trust(connection: Connection) -> tuple[bytes, ssl.SSLContext | None]:
    """The client certificate (PEM) and the context that shows it; no context where nothing speaks TLS."""
    # A proxy is shown what the server is: so does client-go.
    if not any(url.startswith("https:") for url in (connection.server, connection.proxy_url)):
        return b"", None
    try:
        tls = tls_context(
            ca_file=connection.ca_file,
            ca_data=connection.ca_data,
            is_insecure=connection.insecure_skip_tls_verify,
        )
    except OSError as error:
        what = "certificate-authority" + ("-data" if connection.ca_data else f" {connection.ca_file}")
        raise KubeconfigError(
            f'cannot use {what} of cluster "{connection.cluster}": {failure_reason(error)}'
        ) from error
    if not connection.has_client_certificate:
        return b"", tls
    client_certificate = _content(connection, connection.client_certificate_data, connection.client_certificate_file)
    key = _content(connection, connection.client_key_data, connection.client_key_file)
    try:
        load_client_certificate(tls, certificate=client_certificate, key=key)
    except OSError as error:
        raise KubeconfigError(
            f"cannot use the client certificate of {_owner(connection)}: {failure_reason(error)}"
        ) from error
    return client_certificate, tls


def _content(connection: Connection, given: bytes, path: str) -> bytes:
    if given:
        return given
    try:
        with open(path, "rb") as stream:
            return stream.read(1 << 20)
    except OSError as error:
        raise KubeconfigError(f"cannot read {path} of {_owner(connection)}: {failure_reason(error)}") from error


def _owner(connection: Connection) -> str:
    return f'user "{connection.user}"' if connection.user else "the user"
