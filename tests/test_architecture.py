"""The house's laws that neither types nor import contracts can hold: one GET, one clock, no state, light starts."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.conftest import BIN, Typist

PACKAGE = Path(__file__).parents[1] / "kubectl_inventory"

SENDING = {
    "connect", "create_connection", "endheaders", "getresponse", "putrequest", "request", "send", "sendall", "sendmsg",
    "sendto", "socket", "urlopen", "wrap_bio", "wrap_socket", "HTTPConnection", "HTTPSConnection", "HTTPResponse",
    "SSLTransport",
}  # fmt: skip
"""How the standard library, requests and urllib3 send something or come to a connection."""

CLOCK = {
    "ctime", "gmtime", "localtime", "monotonic", "monotonic_ns", "now", "perf_counter", "perf_counter_ns",
    "process_time", "sleep", "time", "time_ns", "today", "utcnow",
}  # fmt: skip

MUTATING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove",
    "reverse", "setdefault", "sort", "update",
}  # fmt: skip

MAKING_CONSTANTS = {"compile", "frozenset", "tuple"}
"""What a module may call while it is imported, beside the constructors of values."""

MOST_LINES_A_FUNCTION = 60
MOST_LINES_A_FILE = 620


class Module(msgspec.Struct, frozen=True):
    """One file of the package, read."""

    name: str
    text: str
    tree: ast.Module

    def calls(self) -> Iterator[ast.Call]:
        """Every call in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def where(self, node: ast.expr | ast.stmt) -> str:
        """`kube.py:218: wire.request(...)`: how a failed test names a place."""
        return f"{self.name}.py:{node.lineno}: {ast.unparse(node)[:100]}"


def modules() -> list[Module]:
    found = []
    for path in sorted(PACKAGE.glob("**/*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path.stem, text, ast.parse(text)))
    assert len(found) > 20
    return found


def called(call: ast.Call) -> str:
    """The last name of what is called: `request` of `wire.request(...)`."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_one_request_call_and_its_method_is_get() -> None:
    requests = [(module, call) for module in modules() for call in module.calls() if called(call) == "request"]

    assert [module.name for module, _ in requests] == ["kube"]
    method = requests[0][1].args[0]
    assert isinstance(method, ast.Constant)
    assert method.value == "GET"


def test_nothing_else_sends() -> None:
    """Connections are opened in `transport` alone, and `tunnel` alone speaks to a proxy."""
    # A generator, too, is sent things, which go nowhere.
    generators = {(name, "send") for name in ("batch", "listing", "rehearsal", "stopwatch")}
    senders = {
        (module.name, called(call))
        for module in modules()
        for call in module.calls()
        if called(call) in SENDING and (module.name, called(call)) not in generators
    }

    assert senders - {("kube", "request"), ("kube", "getresponse")} == {
        ("transport", "SSLTransport"),
        ("transport", "connect"),
        ("transport", "endheaders"),
        ("transport", "socket"),
        ("transport", "wrap_socket"),
        # What is said to a proxy: `test_tunnel` holds it byte by byte.
        ("tunnel", "HTTPResponse"),
        ("tunnel", "sendall"),
    }


def test_no_other_method_is_spelled() -> None:
    spelled = [
        module.where(node)
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    ]

    assert spelled == []


def test_only_the_clock_reads_the_time() -> None:
    readings = [
        module.where(call)
        for module in modules()
        if module.name != "clock"
        for call in module.calls()
        if isinstance(call.func, ast.Attribute) and called(call) in CLOCK
        and isinstance(call.func.value, ast.Name) and call.func.value.id in ("time", "datetime", "date")
    ]  # fmt: skip
    imports = [
        module.where(node)
        for module in modules()
        if module.name != "clock"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if {alias.name for alias in node.names} & {"time", "datetime"}
        or (isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"))
    ]

    assert readings + imports == []


def test_modules_hold_no_state() -> None:
    """What stands in a module is made once and never changed, and costs nothing to make."""
    faults = [fault for module in modules() for fault in [*_changes(module), *_work(module)]]

    assert faults == []


def _changes(module: Module) -> Iterator[str]:
    """Where a module's own names are changed, and what remembers in a module's name."""
    names = {name for node in module.tree.body for name in _bound(node)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield module.where(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING:
            if isinstance(node.func.value, ast.Name) and node.func.value.id in names:
                yield module.where(node)
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id in names:
                yield module.where(node)
        elif isinstance(node, ast.alias) and node.name in ("cache", "lru_cache"):
            yield f"{module.name}.py: {node.name}"


def _bound(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return (target.id for target in targets if isinstance(target, ast.Name))


def _work(module: Module) -> Iterator[str]:
    """What runs while the module is imported, decorators and class bodies aside."""
    for node in module.tree.body:
        if isinstance(node, ast.For | ast.While | ast.With | ast.Try):
            yield module.where(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr):
            for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
                if called(call) not in MAKING_CONSTANTS and not called(call)[:1].isupper():
                    yield module.where(call)


def test_functions_and_files_stay_readable() -> None:
    long_functions = [
        f"{module.name}.{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= MOST_LINES_A_FUNCTION
    ]
    long_files = [module.name for module in modules() if len(module.text.splitlines()) > MOST_LINES_A_FILE]

    assert (long_functions, long_files) == ([], [])


def test_every_module_opens_with_its_sign() -> None:
    assert [module.name for module in modules() if not ast.get_docstring(module.tree)] == []


HEAVY = {"asyncio", "concurrent.futures", "kubernetes", "oauthlib", "requests", "tabulate", "urllib3"}
YAML = {"yaml"}
NETWORK = {"email", "http.client", "socket", "ssl"}
NOW_AND_THEN = {"copy", "csv", "difflib", "ipaddress", "subprocess", "tempfile", "traceback", "unicodedata"}
"""Of the standard library, what a run needs that makes a mistake, saves something or prints another format."""
OURS_FOR_A_CLUSTER = {
    "kubectl_inventory.boundary.policy",
    "kubectl_inventory.connection.kube",
    "kubectl_inventory.connection.kubeconfig",
}
JUDGEMENT = "kubectl_inventory.judgement"
"""What `health` alone needs; what its words mean (`health`) is small, and every plan looks there which kinds say it."""


@pytest.mark.parametrize(
    ("argv", "unwanted"),
    [
        (["--help"], HEAVY | NETWORK | YAML | OURS_FOR_A_CLUSTER),
        (["get", "--help"], HEAVY | NETWORK | YAML | OURS_FOR_A_CLUSTER),
        (["version"], HEAVY | NETWORK | YAML | OURS_FOR_A_CLUSTER),
        (["--version"], HEAVY | NETWORK | YAML | OURS_FOR_A_CLUSTER),
        (["options"], HEAVY | NETWORK | YAML | OURS_FOR_A_CLUSTER),
        (["policy", "init"], HEAVY | NETWORK | YAML),
        (["policy", "show"], HEAVY | NETWORK | YAML),
        (["policy", "check", "boundary.yaml"], HEAVY | NETWORK),
    ],
)
def test_what_needs_no_cluster_starts_light(tmp_path: Path, argv: list[str], unwanted: set[str]) -> None:
    boundary = tmp_path / "boundary.yaml"
    boundary.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\n", encoding="utf-8")
    argv = [str(boundary) if word == boundary.name else word for word in argv]

    assert imported_by(Typist(tmp_path, None), *argv) & unwanted == set()


@pytest.mark.parametrize(
    "argv", [[], ["get", "pods"], ["kinds"], ["health"]], ids=["counts", "get", "kinds", "health"]
)
def test_a_token_or_a_certificate_needs_no_library_but_our_own(viewer: Typist, admin: Typist, argv: list[str]) -> None:
    for typist in (viewer, admin):
        typist.inventory("kinds")  # what is discovered is remembered from here on

        assert imported_by(typist, *argv) & (HEAVY | YAML | NOW_AND_THEN - by_others()) == set()


@pytest.mark.parametrize(
    "argv", [["version"], [], ["get", "pods"], ["kinds"]], ids=["version", "counts", "get", "kinds"]
)
def test_only_a_judgement_pays_for_its_rooms(admin: Typist, argv: list[str]) -> None:
    assert [name for name in imported_by(admin, *argv) if name.startswith(JUDGEMENT)] == []


def test_a_judgement_has_no_use_for_the_other_answers(admin: Typist) -> None:
    imported = imported_by(admin, "health")

    rooms = ("closer", "conclusions", "diagnosis", "findings", "gathering", "healthview", "pods", "rollup", "workloads")
    assert imported >= {f"{JUDGEMENT}.{room}" for room in rooms}
    assert "kubectl_inventory.output.answer" not in imported


def test_msgspec_comes_without_what_python_itself_has(tmp_path: Path) -> None:
    """`-X importtime` also lists what was looked for in vain; `-v` says what was imported."""
    screen = Typist(tmp_path, None).type(sys.executable, "-v", str(BIN / "kubectl-inventory"), "version")
    found = set(re.findall(r"^import '([^']+)'", screen.err, re.MULTILINE))

    assert "msgspec" in found
    assert "typing_extensions" not in found


@pytest.mark.parametrize("form", ["yaml", "markdown"])
def test_a_format_alone_pays_for_its_library(admin: Typist, form: str) -> None:
    library = {"yaml": "yaml", "markdown": "tabulate"}[form]

    assert imported_by(admin, "get", "namespaces", "-o", form) & (HEAVY | YAML) == {library}


def by_others() -> set[str]:
    """What click, msgspec and http.client load themselves, whichever releases of them these are."""
    code = "import sys, click, msgspec, http.client, ssl, encodings.idna; print(*sys.modules)"
    listing = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(listing.stdout.split())


def imported_by(typist: Typist, *argv: str) -> set[str]:
    """Every module that a run of the program loads, by Python's own account."""
    screen = typist.type(sys.executable, "-X", "importtime", str(BIN / "kubectl-inventory"), *argv)
    assert screen.code in (0, 3), screen.err
    found = set(re.findall(r"^import time:[^|]*\|[^|]*\| +(\S+)$", screen.err, re.MULTILINE))
    assert "kubectl_inventory.command.cli" in found
    return found
