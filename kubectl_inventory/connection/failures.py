"""What a failed request means, in words: sockets, TLS and HTTP on one side, `errors` on the other.

Every error of a library below the door ends here, with a text that says what was
attempted, why it failed and what to do. A credential is named by its owner only.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import zlib

from kubectl_inventory.clock import now_iso
from kubectl_inventory.connection import certificate
from kubectl_inventory.connection.kubeconfig import Connection
from kubectl_inventory.connection.proxy import ProxyRefused
from kubectl_inventory.connection.transport import (
    Endpoint,
    Guard,
    NoServersName,
    failure_reason,
    shown_certificate,
)
from kubectl_inventory.errors import (
    ApiError,
    InventoryError,
    KubeconfigError,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
)

_VPN_HINT = 'is the VPN up? "kubectl version" asks the same server'
# OpenSSL's X509_V_ERR codes (x509_vfy.h).
_EXPIRED = 10
_WRONG_NAME = (62, 64)
_WRONG_AUTHORITY = (2, 18, 19, 20, 21, 24)


class Disconnected(Exception):
    """The connection ended before a byte of the reply: no answer of the server's, and worth a second try."""


class Failures:
    """The words for one connection's failures."""

    def __init__(self, connection: Connection, endpoint: Endpoint, client_certificate: bytes) -> None:
        self._connection = connection
        self._endpoint = endpoint
        self._client_certificate = client_certificate

    def not_connected(self, error: OSError, guard: Guard, *, no_answer: str) -> InventoryError:
        """There was no connection: nothing was sent."""
        if guard.is_interrupted:
            return _interruption()
        if isinstance(error, TimeoutError) or guard.is_expired:
            return TimedOut(self._cannot_reach(no_answer), hint=_VPN_HINT)
        if isinstance(error, ssl.SSLCertVerificationError):
            return self._untrusted(error, guard)
        if isinstance(error, NoServersName):
            return self._another_name()
        if isinstance(error, ssl.SSLError):
            return self._tls_failure(error)
        if isinstance(error, ProxyRefused):
            return self._unreachable(str(error), hint=self._proxy_hint)
        if isinstance(error, socket.gaierror):
            return self._unreachable(f"no such host: {self._endpoint.dialled[0]}")
        if self._endpoint.proxy is not None:
            return self._unreachable(f"its proxy: {failure_reason(error)}", hint=self._proxy_hint)
        return self._unreachable(failure_reason(error))

    def broken(
        self,
        error: OSError | http.client.HTTPException | zlib.error,
        guard: Guard,
        *,
        has_reply: bool,
        was_flowing: bool,
        no_answer: str,
    ) -> Exception:
        """The request was sent, and no whole reply came. `no_answer` is given when its time was over.

        A server, too, cuts a connection when its time is over: that is a time-out, never a second try.
        """
        if guard.is_interrupted:
            return _interruption()
        if no_answer:
            return TimedOut(no_answer, was_flowing=was_flowing)
        if isinstance(error, zlib.error):
            return ServerFault("the reply's gzip cannot be read")
        if has_reply:
            is_cut = isinstance(error, http.client.IncompleteRead | OSError)
            return ServerFault("the reply broke off" if is_cut else "the reply is not well-formed HTTP")
        # TLS 1.3: the server's opinion of our certificate comes with the first read.
        if isinstance(error, ssl.SSLError) and _is_alert(error):
            return self._tls_failure(error)
        # RemoteDisconnected is a BadStatusLine as well.
        if isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return Disconnected()
        if isinstance(error, OSError):
            return self._unreachable(failure_reason(error))
        return ServerFault("the reply is not HTTP")

    def disconnected(self) -> InventoryError:
        """A new connection ended before a byte of the reply."""
        # The alert that says why can be lost in the reset that follows it.
        return self._expired_client_certificate() or self._unreachable("it closed the connection without a reply")

    def refused(self, why: str) -> InventoryError:
        """The server does not accept the credential: 401, or a TLS alert."""
        connection = self._connection
        user = f' of user "{connection.user}"' if connection.user else ""
        if connection.username or connection.password:
            what = f"the password{user}"
        elif connection.has_authorization:
            what = f"the token{user}"
        elif connection.has_client_certificate:
            expired = self._expired_client_certificate()
            if expired is not None:
                return expired
            what = f"the client certificate{user}"
        else:
            return Unauthorized(
                f"{connection.server} refused a request without credentials ({why})",
                hint="--user NAME, --token, or log in with your provider's command",
            )
        return Unauthorized(
            f"{connection.server} refused {what} ({why})",
            hint='log in again; "kubectl auth whoami" tells when it works',
        )

    def _expired_client_certificate(self) -> KubeconfigError | None:
        ended = certificate.not_after(self._client_certificate)
        if not ended or ended > now_iso():
            return None
        connection = self._connection
        user = f' of user "{connection.user}"' if connection.user else ""
        file = f" ({connection.user_source})" if connection.user_source else ""
        return KubeconfigError(
            f"client certificate{user} expired {ended[:10]}{file}",
            hint="log in again or renew it; --user NAME or --token uses other credentials",
        )

    def _tls_failure(self, error: ssl.SSLError) -> InventoryError:
        reason = failure_reason(error)
        if _is_alert(error) and self._connection.has_client_certificate:
            return self._expired_client_certificate() or self._unreachable(
                f"it refused the TLS handshake ({reason})", hint="is the client certificate of this cluster?"
            )
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return self._unreachable("it does not speak TLS", hint="is it http://, or another port?")
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return self._unreachable("it closed the connection during the TLS handshake")
        return self._unreachable(f"TLS: {reason}")

    def _untrusted(self, error: ssl.SSLCertVerificationError, guard: Guard) -> InventoryError:
        """The server's certificate was not accepted, so nothing was sent."""
        connection = self._connection
        if error.verify_code == _EXPIRED:
            ended = certificate.not_after(self._shown_certificate(guard))
            when = f" {ended[:10]}" if ended and ended < now_iso() else ""
            return Unreachable(
                f"certificate of {connection.server} expired{when} (this machine's clock: {now_iso()[:10]})",
                hint="the cluster's administrator renews it; nothing was sent",
            )
        if error.verify_code in _WRONG_NAME:
            return self._another_name()
        if error.verify_code in _WRONG_AUTHORITY:
            whose = "kubeconfig's" if connection.ca_file or connection.ca_data else "system's"
            return self._unreachable(
                f"its certificate is not signed by the {whose} certificate authority",
                hint="is certificate-authority of another or an older cluster? nothing was sent",
            )
        return self._unreachable(f"its certificate: {error.verify_message}", hint="nothing was sent")

    def _another_name(self) -> Unreachable:
        return self._unreachable(
            f"its certificate is not for {self._endpoint.tls_server_name}",
            hint="--tls-server-name NAME, if that is the name it has; nothing was sent",
        )

    def _shown_certificate(self, guard: Guard) -> bytes:
        try:
            return shown_certificate(self._endpoint, guard)
        except OSError:
            return b""  # the message then lacks the date

    @property
    def _proxy_hint(self) -> str:
        proxy, port = self._endpoint.dialled
        return f"the proxy is {proxy}:{port}; NO_PROXY lists exceptions"

    def _unreachable(self, why: str, *, hint: str = _VPN_HINT) -> Unreachable:
        return Unreachable(self._cannot_reach(why), hint=hint)

    def _cannot_reach(self, why: str) -> str:
        return f"cannot reach {self._connection.server} (context {self._connection.shown_context}): {why}"


def _is_alert(error: ssl.SSLError) -> bool:
    return "ALERT" in (error.reason or "")


def _interruption() -> ApiError:
    return Unreachable("the run was interrupted")
