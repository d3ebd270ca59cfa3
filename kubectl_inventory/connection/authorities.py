"""Which certificate authorities the system trusts, and where it keeps them.

As Go, and so kubectl, finds them: what SSL_CERT_FILE and SSL_CERT_DIR name, else what the system has.
"""

from __future__ import annotations

import os
import re
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Gentoo, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL 7 and later
    "/etc/ssl/cert.pem",  # macOS, Alpine
)
"""Where Go looks for the certificates that the system trusts (crypto/x509, root_linux.go)."""
_BY_HASH = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""A certificate in a directory as OpenSSL looks for it."""


def system_roots(
    paths: ssl.DefaultVerifyPaths, environ: Mapping[str, str], candidates: Sequence[str] = _ROOTS
) -> str | None:
    """The file of trusted certificates where OpenSSL has none by itself: a bundled one was built on another system."""
    is_found = bool(paths.cafile or paths.capath)
    if is_found or paths.openssl_cafile_env in environ or paths.openssl_capath_env in environ:
        return None
    return next((file for file in candidates if os.path.isfile(file)), None)


def system_certificates(environ: Mapping[str, str]) -> bytes:
    """Every certificate that the system trusts (PEM), for who takes a file alone; empty where there is none.

    Raises `OSError` for a file of them that cannot be read.
    """
    return b"\n".join(_found(ssl.get_default_verify_paths(), environ))


def _found(paths: ssl.DefaultVerifyPaths, environ: Mapping[str, str]) -> Iterator[bytes]:
    if sys.platform == "win32":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        yield from (ssl.DER_cert_to_PEM_cert(it).encode() for it in context.get_ca_certs(binary_form=True))
    else:
        file = paths.cafile or system_roots(paths, environ)
        if file is not None:
            yield Path(file).read_bytes()
        if paths.capath is not None:
            hashed = (it for it in sorted(Path(paths.capath).iterdir()) if _BY_HASH.fullmatch(it.name))
            yield from (it.read_bytes() for it in hashed if it.is_file())
