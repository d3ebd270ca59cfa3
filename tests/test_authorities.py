"""Whom the system trusts, as OpenSSL and Go find it."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
import trustme

from kubectl_inventory.connection.authorities import system_certificates, system_roots


def trusted_by_the_system() -> ssl.SSLContext:
    """A context that believes those alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=system_certificates(os.environ).decode())
    return context


def test_what_the_variables_name_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = trustme.CA(), trustme.CA()
    one.cert_pem.write_to_path(tmp_path / "one.pem")
    two.cert_pem.write_to_path(tmp_path / "0a1b2c3d.0")
    (tmp_path / "README").write_text("no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert {ssl.DER_cert_to_PEM_cert(it) for it in trusted_by_the_system().get_ca_certs(binary_form=True)} == {
        authority.cert_pem.bytes().decode() for authority in (one, two)
    }


def test_a_variable_that_names_nothing_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")

    assert system_certificates(os.environ) == b""


def test_a_bundle_of_another_system_finds_what_this_one_trusts(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.touch()
    elsewhere = ssl.DefaultVerifyPaths("", "", "SSL_CERT_FILE", "/elsewhere", "SSL_CERT_DIR", "/elsewhere")

    assert system_roots(elsewhere, {}, ["/nowhere", str(roots)]) == str(roots)
    assert system_roots(elsewhere, {"SSL_CERT_FILE": "/nowhere"}, [str(roots)]) is None
