"""Writes to the test control plane as its administrator.

Knows HTTP and bearer tokens, and nothing of Kubernetes kinds: a path and a body
go in, bytes come out. Each thread keeps one connection of its own, so that
sixteen writers never wait for one another.
"""

import http.client
import json
import ssl
import threading
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from tests.controlplane.errors import ControlPlaneError

# The audit log tells the harness's own requests from the program's by this name.
USER_AGENT = "controlplane-harness"


class AdminClient:
    """An administrator's HTTP client; any number of threads may share one."""

    def __init__(
        self, server: str, ca_file: Path, token: str, *, timeout_seconds: float = 60
    ) -> None:
        address = urlsplit(server)
        if address.scheme != "https" or address.hostname is None or address.port is None:
            raise ValueError(f"not https://HOST:PORT: {server!r}")
        self._host = address.hostname
        self._port = address.port
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        self._connections = _PerThread()

    def get(self, path: str, *, ok: Collection[int] = (), user_agent: str = USER_AGENT) -> bytes:
        """The body at `path`; a status of 400 or above raises, unless it is in `ok`."""
        return self.send("GET", path, ok=ok, user_agent=user_agent)

    def send(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        content_type: str = "application/json",
        ok: Collection[int] = (),
        user_agent: str = USER_AGENT,
    ) -> bytes:
        """Send `body` as JSON; a status of 400 or above raises, unless it is in `ok`.

        `content_type` names the kind of a PATCH, such as
        `application/merge-patch+json` or `application/apply-patch+yaml`.
        """
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": user_agent,
        }
        payload: bytes | None = None
        if body is not None:
            payload = json.dumps(body, separators=(",", ":")).encode()
            headers["Content-Type"] = content_type
        status, content = self._exchange(method, path, payload, headers)
        if status >= 400 and status not in ok:
            raise ControlPlaneError(
                f"{method} {path}: {status} {content.decode(errors='replace').strip()}"
            )
        return content

    def _exchange(
        self, method: str, path: str, payload: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        kept_alive = self._connections.current is not None
        try:
            return self._exchange_once(method, path, payload, headers)
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError) as error:
            # The server may close an idle connection just as it is used again,
            # the request unread. A fresh one that fails, fails for a reason.
            if not kept_alive:
                raise ControlPlaneError(f"{method} {path}: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise ControlPlaneError(f"{method} {path}: {error}") from error
        try:
            return self._exchange_once(method, path, payload, headers)
        except (OSError, http.client.HTTPException) as error:
            raise ControlPlaneError(f"{method} {path}: {error}") from error

    def _exchange_once(
        self, method: str, path: str, payload: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection = self._connections.current
        if connection is None:
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout_seconds, context=self._tls
            )
            self._connections.current = connection
        try:
            connection.request(method, path, body=payload, headers=headers)
            with connection.getresponse() as response:
                return response.status, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._connections.current = None
            raise


class _PerThread(threading.local):
    """The connection of the thread that looks; closed when the thread is gone."""

    current: http.client.HTTPSConnection | None = None
