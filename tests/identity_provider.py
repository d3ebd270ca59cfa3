"""A small real OpenID provider in a thread: its discovery document and its endpoint for tokens, over TLS.

Knows nothing of users: it gives out one id-token, whatever that is, for the refresh-token that is valid.
"""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs


class IdentityProvider:
    """`with IdentityProvider(tls, id_token) as provider: ... provider.url`."""

    def __init__(self, tls: ssl.SSLContext, id_token: str, *, rotates: bool = False) -> None:
        self.valid = "r1"
        """The refresh-token that it accepts."""
        provider = self

        class Visit(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, {"token_endpoint": f"{provider.url}/token"})

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                if form["refresh_token"] != [provider.valid]:
                    self._answer(400, {"error": "invalid_grant"})
                    return
                if rotates:
                    provider.valid = f"r{int(provider.valid[1:]) + 1}"
                kept = {"refresh_token": provider.valid} if rotates else {}
                self._answer(200, {"id_token": id_token, "access_token": "a", "token_type": "Bearer", **kept})

            def _answer(self, status: int, content: object) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Visit)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> IdentityProvider:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
