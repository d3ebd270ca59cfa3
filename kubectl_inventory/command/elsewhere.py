"""kubectl's flags that this program does not have, and what to type instead.

They are typed out of habit: who does so is told where they lead, not that nobody knows them.
"""

from __future__ import annotations

_WATCHES = '"kubectl get TYPE --watch" watches a kind; here every run is one look'
_FILES = '"kubectl get -f FILE" reads what a file names; here kinds are named'
_LOGS = "-v 6 shows every request"
_PROFILES = "--plan=run tells what a run has cost"

INSTEAD = {
    "-w": _WATCHES,
    "--watch": _WATCHES,
    "--watch-only": _WATCHES,
    "--output-watch-events": _WATCHES,
    "-f": _FILES,
    "--filename": _FILES,
    "-k": _FILES,
    "--kustomize": _FILES,
    "-R": _FILES,
    "--recursive": _FILES,
    "--raw": '"kubectl get --raw PATH" asks for any path; here only lists are asked for',
    "--subresource": '"kubectl get TYPE NAME --subresource" asks for a part of objects; here only lists are asked for',
    "--template": "-o jsonpath=TEMPLATE, or -o json and jq",
    "--allow-missing-template-keys": "leave it out: a key that is missing prints nothing",
    "--server-print": "leave it out: the columns are always the server's",
    "--show-managed-fields": '"kubectl get TYPE -o yaml --show-managed-fields" prints them; here none is asked for',
    "--profile": _PROFILES,
    "--profile-output": _PROFILES,
    "--vmodule": _LOGS,
    "--log-flush-frequency": _LOGS,
}
"""By the flag as it is typed."""
