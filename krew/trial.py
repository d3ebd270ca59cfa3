"""Types at an installed program what needs each of the libraries that it brings, and no cluster.

A bundle starts, and says its version, without most of what a run is made of.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from krew.manifest import PackagingError

_NOBODY = "https://127.0.0.1:1"
"""A port that nothing listens at, and an answer at once."""
_PATIENCE_S = 120
_POLICY = """\
apiVersion: inventory/v1
kind: BoundaryPolicy
resources: {deny: [secrets]}
"""
_KUBECONFIG = f"""\
apiVersion: v1
kind: Config
current-context: nobody
contexts: [{{name: nobody, context: {{cluster: nobody, user: expired}}}}]
clusters: [{{name: nobody, cluster: {{server: "{_NOBODY}"}}}}]
users:
- name: expired
  user:
    auth-provider:
      name: oidc
      config:
        client-id: a
        client-secret: a
        idp-issuer-url: "{_NOBODY}"
        id-token: e30.eyJleHAiOjF9.c2ln
        refresh-token: a
"""
"""A login that ended in 1970, and that nobody renews."""


def tried(program: Path, version: str) -> Iterator[str]:
    """What was typed and how it ended, a line each. Raises `PackagingError` at the first that ends otherwise."""
    with tempfile.TemporaryDirectory() as base:
        home = Path(base)
        policy, kubeconfig = home / "policy.yaml", home / "kubeconfig"
        policy.write_text(_POLICY, encoding="utf-8")
        kubeconfig.write_text(_KUBECONFIG, encoding="utf-8")
        for argv, code, words in (
            (("version",), 0, version),
            (("policy", "check", str(policy)), 0, "no errors"),  # yaml
            (("get", "pods", "--server", _NOBODY), 1, "refused"),  # sockets and TLS
            (("get", "pods", "--kubeconfig", str(kubeconfig)), 1, "renewed (MaxRetryError)"),  # kubernetes, urllib3
        ):
            said = _said(program, argv, home)
            shown = f"{' '.join(argv)}: {said.returncode}, {said.stdout}{said.stderr}".replace(base, "~").rstrip()
            if said.returncode != code or words not in said.stdout + said.stderr:
                raise PackagingError(f"{shown}\n(wanted: {code}, {words!r})")
            yield shown.partition("\n")[0]


def _said(program: Path, argv: Sequence[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Of somebody with an empty home. Windows finds no network without SystemRoot."""
    system = {name: os.environ[name] for name in ("SystemRoot",) if name in os.environ}
    environment = {"HOME": str(home), "USERPROFILE": str(home), "TEMP": str(home), **system}
    return subprocess.run(
        [str(program), *argv],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=_PATIENCE_S,
        check=False,
    )
