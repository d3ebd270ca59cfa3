"""When a certificate ends: the one fact about a certificate that the `ssl` module does not tell.

It tells it for certificates that it has verified, and those are not the expired ones.
Reads just enough DER (X.690; RFC 5280 section 4.1) to come to `notAfter`.
"""

from __future__ import annotations

import ssl

_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


def not_after(certificate: bytes) -> str:
    """The end of a PEM or DER certificate as RFC 3339 (`2026-07-31T12:00:00Z`); empty if it cannot be read.

    Of several certificates in PEM it is the first, which is the one that is shown.
    """
    try:
        return _end_of(_der(certificate))
    except (ValueError, IndexError):
        return ""


def _der(certificate: bytes) -> bytes:
    begin, end = (
        certificate.find(b"-----BEGIN CERTIFICATE-----"),
        certificate.find(b"-----END CERTIFICATE-----"),
    )
    if begin < 0:
        return certificate
    return ssl.PEM_cert_to_DER_cert(certificate[begin:end].decode("ascii") + "-----END CERTIFICATE-----")


def _end_of(der: bytes) -> str:
    at = _enter(der, _enter(der, 0))  # Certificate, then TBSCertificate
    if der[at] == _VERSION:
        at = _after(der, at)
    for _ in ("serialNumber", "signature", "issuer"):
        at = _after(der, at)
    at = _after(der, _enter(der, at))  # into validity, past notBefore
    tag, begin, end = _element(der, at)
    text = der[begin:end].decode("ascii")
    if tag == _UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not a time")
    if len(text) != 15 or not text[:14].isdigit():
        raise ValueError("not a time")
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:14]}Z"


def _enter(der: bytes, at: int) -> int:
    tag, begin, _ = _element(der, at)
    if tag != _SEQUENCE:
        raise ValueError("not a sequence")
    return begin


def _after(der: bytes, at: int) -> int:
    return _element(der, at)[2]


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """The tag at a place, and where its content begins and ends."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, begin = int.from_bytes(der[begin : begin + size], "big"), begin + size
    return der[at], begin, begin + length
