"""A reply, read to its end and no further than allowed.

Unpacks while it reads, so that what is small on the wire cannot become large in
memory. Knows the API's `Status` object and its warnings; what a status means for
the question is for `kube`.
"""

from __future__ import annotations

import http.client
import io
import zlib

import msgspec

from kubectl_inventory.errors import LimitReached

# As kopf: enough for any message of the API server, too little for a document.
_MAX_MESSAGE_CHARS = 256
_MAX_ERROR_BODY_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024


class _StatusMetadata(msgspec.Struct, frozen=True):
    continue_token: str = msgspec.field(name="continue", default="")


class _Status(msgspec.Struct, frozen=True):
    """The API's own error object."""

    kind: str = ""
    message: str = ""
    metadata: _StatusMetadata = _StatusMetadata()


class Reply:
    """A whole reply, of whatever status."""

    def __init__(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.status = response.status
        self.body = body
        self.content_type = response.headers.get("Content-Type", "")
        self.etag = response.headers.get("ETag", "")
        self.phrase = f"{response.status} {response.reason[:64]}".strip()
        """`503 Service Unavailable`"""
        self._detail = _Status() if response.status == 200 else _status_in(body)
        self._retry_after = response.headers.get("Retry-After", "")

    @property
    def retry_after_s(self) -> float | None:
        """How long to wait before asking again, when the server wants to be asked again: client-go's `withRetry`."""
        is_passing = self.status == 429 or self.status >= 500
        is_number = self._retry_after.isascii() and self._retry_after.isdigit()
        return float(self._retry_after) if is_passing and is_number else None

    @property
    def continue_token(self) -> str:
        """Of a 410: where a newer, inconsistent list goes on."""
        return self._detail.metadata.continue_token

    @property
    def message(self) -> str:
        """The server's own words, bounded: a `Status`' or a line of text. Anything else may hold secrets."""
        text = self._detail.message
        if not text and self.content_type.startswith("text/plain"):
            start = self.body[: 4 * _MAX_MESSAGE_CHARS].decode("utf-8", "replace")
            text = start.strip().partition("\n")[0].strip()
        if not text:
            return self.phrase
        return text if len(text) <= _MAX_MESSAGE_CHARS else text[: _MAX_MESSAGE_CHARS - 3] + "..."


# Made at import, in one thread: see `wire`.
_STATUS = msgspec.json.Decoder(_Status)


def _status_in(body: bytes) -> _Status:
    try:
        status = _STATUS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Status()
    return status if status.kind == "Status" else _Status()


class Body:
    """A reply's body, unpacked while it comes, never larger than allowed."""

    def __init__(self, max_bytes: int) -> None:
        self.bytes_received = 0
        self._max_bytes = max_bytes
        # Hands out its content without copying it, unlike a list of pieces.
        self._sink = io.BytesIO()

    def read_from(self, response: http.client.HTTPResponse) -> bool:
        """Reads to the end. False if nothing more can come over this connection."""
        limit = self._max_bytes if response.status == 200 else min(self._max_bytes, _MAX_ERROR_BODY_BYTES)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("identity", "gzip"):
            raise http.client.HTTPException(f"unknown content encoding {encoding!r}")
        # With neither length nor chunks the end of the connection is the end of the
        # body; so it is, too, when the connection breaks within the headers.
        is_open_ended = response.length is None and not response.chunked
        # 31: gzip with its header. max_length stops a bomb while it inflates.
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        while piece := response.read(_PIECE_BYTES):
            self.bytes_received += len(piece)
            if inflate is not None:
                piece = inflate.decompress(piece, limit - self._sink.tell() + 1)
            self._sink.write(piece)
            if max(self._sink.tell(), self.bytes_received) > limit:
                if response.status != 200:
                    return False
                raise LimitReached(
                    f"the reply is larger than {self._max_bytes / (1 << 20):g} MiB (limits.maxResponseMiB)",
                    was_flowing=True,
                )
        if response.length or (is_open_ended and not self.bytes_received):  # read(n) does not say so
            raise http.client.IncompleteRead(b"")
        if inflate is not None and self.bytes_received and (not inflate.eof or inflate.unused_data):
            raise zlib.error("gzip ends early or late")
        # After an interim reply (103) the real one is still to come: not to be taken for the next.
        return not is_open_ended and response.status >= 200

    def content(self) -> bytes:
        """What was read."""
        return self._sink.getvalue()


def warnings_of(headers: list[str]) -> list[str]:
    """The texts of `299 - "text"`, as apimachinery's `ParseWarningHeaders` finds them."""
    import re

    texts = [
        re.sub(r"\\(.)", r"\1", text)
        for header in headers
        for text in re.findall(r'\b299 \S+ "((?:[^"\\]|\\.)*)"', header)
    ]
    return [text for text in texts if text]
