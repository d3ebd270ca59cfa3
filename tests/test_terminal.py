"""What a person sees: a real terminal (a pty), and what must never get there."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kubectl_inventory.clock import ticks_s
from kubectl_inventory.command.terminal import Terminal
from tests.conftest import BIN, Typist, hanging
from tests.controlplane.cluster import ControlPlane, start_control_plane

PROGRAM = str(BIN / "kubectl-inventory")
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
FORMATS = ("table", "wide", "json", "yaml", "name", "csv", "ndjson", "markdown")
EVIL = "a\x1b[31mred\x1b[0m\x07bell\x9b31mc1\u202ebidi\u2066iso\u2028line\rcr"
GROUP = "evil.test"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A fresh cluster: nothing is in it but what Kubernetes makes itself."""
    with start_control_plane(controllers=False, context_name="fresh") as plane:
        yield plane


@pytest.fixture
def typist(plane: ControlPlane, tmp_path: Path) -> Typist:
    return Typist(tmp_path, plane.kubeconfigs["admin"])


@pytest.fixture(scope="module")
def evil(plane: ControlPlane) -> ControlPlane:
    """The same with a custom kind whose printed columns hold whatever a terminal obeys."""
    client = plane.client
    column = {"name": "Note\x1b[31m", "type": "string", "jsonPath": ".spec.note"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "notes", "singular": "note", "kind": "Note"}
    client.send(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"notes.{GROUP}"},
            "spec": {
                "group": GROUP,
                "scope": "Namespaced",
                "names": names,
                "versions": [{**version, "additionalPrinterColumns": [column]}],
            },
        },
    )
    give_up_s = ticks_s() + 30
    path = f"/apis/{GROUP}/v1/namespaces/default/notes"
    while b'"items"' not in client.get(path, ok=(404, 429)):
        assert ticks_s() < give_up_s, "the custom kind is not served"
    metadata = {"name": "evil", "annotations": {"note": EVIL}}
    client.send(
        "POST", path, {"apiVersion": f"{GROUP}/v1", "kind": "Note", "metadata": metadata, "spec": {"note": EVIL}}
    )
    return plane


def on_terminal(
    typist: Typist, argv: Sequence[str], *, columns: int = 80, env: dict[str, str] | None = None, out: bool = False
) -> tuple[int, str, str]:
    """Exit code, stdout and what came on a terminal `columns` wide: stderr, and stdout too with `out`."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = typist.environment(**{"TERM": "xterm-256color", **(env or {})})
        running = subprocess.Popen(
            [PROGRAM, *argv], env=environment, stdout=theirs if out else subprocess.PIPE, stderr=theirs
        )
        os.close(theirs)
        shown = _read_terminal(ours)
        piped, _ = running.communicate(timeout=30)
    finally:
        os.close(ours)
    return running.returncode, (piped or b"").decode(), shown.decode().replace("\r\n", "\n")


def _read_terminal(descriptor: int) -> bytes:
    """All that is shown until the program has ended."""
    shown = b""
    while True:
        ready, _, _ = select.select([descriptor], [], [], 30)
        assert ready, f"the program neither says anything nor ends: {shown!r}"
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # EIO: the other side is closed
            return shown
        if not piece:
            return shown
        shown += piece


def drawings(shown: str) -> list[str]:
    """The lines of progress that were drawn, one after another in place."""
    return [line for line in re.findall(r"\r([^\r\x1b\n]+)\x1b\[K", shown) if line]


# --- progress ---------------------------------------------------------------


def test_progress_names_the_kind_that_is_waited_for_and_is_erased(plane: ControlPlane, typist: Typist) -> None:
    typist.inventory("-q")
    with hanging(plane):
        code, _, shown = on_terminal(typist, ["--request-timeout", "1s"])
    assert code == 1
    drawn = drawings(shown)
    assert drawn
    assert re.match(r"fresh: \d+ of \d+ kinds, \d+ objects, \ds; waiting for [a-z.]+ \(1s limit\)", drawn[0])
    # After the last drawing the line is erased, before anything else is said.
    said = re.escape("\x1b[K\r\x1b[K") + r"(?:\x1b\[31m)?error:(?:\x1b\[0m)? cannot reach"
    assert re.match(said, shown[shown.rindex(drawn[-1]) + len(drawn[-1]) :])


@pytest.mark.parametrize(("out", "between"), [(True, "\n"), (False, "")])
def test_what_a_template_leaves_within_a_line_does_not_run_into_the_summary(
    plane: ControlPlane, typist: Typist, out: bool, between: str
) -> None:
    argv = ["get", "namespaces", "-o", "jsonpath={.items[0].metadata.name}"]
    _, piped, shown = on_terminal(typist, argv, out=out)
    assert f"{piped}{shown}".startswith(f"default{between}fresh: ")


def test_a_quick_run_shows_no_progress(plane: ControlPlane, typist: Typist) -> None:
    code, _, shown = on_terminal(typist, [])
    assert code == 0
    assert drawings(shown) == []


def test_progress_is_for_terminals_only(plane: ControlPlane, typist: Typist) -> None:
    typist.inventory("-q")
    with hanging(plane):
        screen = typist.inventory("--request-timeout", "1s")
    assert "\r" not in screen.err
    assert "waiting for" not in screen.err


def test_a_terminal_that_obeys_no_escapes_shows_no_progress(plane: ControlPlane, typist: Typist) -> None:
    typist.inventory("-q")
    with hanging(plane):
        code, _, shown = on_terminal(typist, ["--request-timeout", "1s"], env={"TERM": "dumb"})
    assert code == 1
    assert re.findall("[\x1b\r]", shown) == []


@pytest.mark.parametrize("env", [{}, {"COLUMNS": "40"}])
def test_progress_is_cut_to_the_width(plane: ControlPlane, typist: Typist, env: dict[str, str]) -> None:
    typist.inventory("-q")
    width = int(env.get("COLUMNS", "60"))
    with hanging(plane):
        _, _, shown = on_terminal(typist, ["--request-timeout", "1s"], columns=60, env=env)
    assert max(map(len, drawings(shown))) == width - 1


@pytest.mark.parametrize("columns", ["0", "x", "²", "-5", "1"])
def test_nonsense_in_columns_is_no_failure(plane: ControlPlane, typist: Typist, columns: str) -> None:
    typist.inventory("-q")
    with hanging(plane):
        code, _, shown = on_terminal(typist, ["--request-timeout", "800ms"], env={"COLUMNS": columns})
    assert code == 1
    assert re.findall("error:", shown) == ["error:"] and "cannot reach" in shown


def test_a_narrow_terminal_changes_no_table(typist: Typist) -> None:
    _, _, narrow = on_terminal(typist, ["get", "clusterroles", "-q"], columns=60, out=True)
    assert narrow == typist.inventory("get", "clusterroles", "-q").out


# --- a reader that does not read --------------------------------------------


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_stuck_reader_of_another_threads_lines_does_not_hold_an_interrupted_run(stream: str) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        stuck = os.fdopen(writer, "w", encoding="utf-8")
        out, err = (stuck, nothing) if stream == "stdout" else (nothing, stuck)
        terminal = Terminal(out, err, {}, program="test")
        terminal.write("answer\n")
        threading.Thread(target=terminal.say, args=("GET /",), daemon=True).start()
        give_up_s = ticks_s() + 10
        while terminal._lock.acquire(blocking=False):
            terminal._lock.release()
            assert ticks_s() < give_up_s
        with pytest.raises(KeyboardInterrupt):
            terminal.interrupt(KeyboardInterrupt())
        last = threading.Thread(target=terminal.say, args=("interrupted",), daemon=True)
        last.start()
        last.join(5)
        held = last.is_alive()
        os.close(reader)
        stuck.close()
    assert not held


# --- colour -----------------------------------------------------------------


def test_an_error_is_red_on_a_terminal(typist: Typist) -> None:
    _, _, shown = on_terminal(typist, ["get", "nonsense"])
    assert shown.startswith("\x1b[31merror:\x1b[0m the server doesn't have")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize("argv", [["get", "nonsense"], ["--as", "nobody"]])
def test_no_colour_where_none_is_wanted(typist: Typist, env: dict[str, str], argv: list[str]) -> None:
    environment = typist.environment(**env)
    ours, theirs = pty.openpty()
    running = subprocess.Popen([PROGRAM, *argv], env=environment, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = _read_terminal(ours).decode()
    running.communicate(timeout=30)
    os.close(ours)
    assert "\x1b[3" not in shown


def test_an_incomplete_answer_is_red(typist: Typist) -> None:
    _, _, shown = on_terminal(typist, ["--as", "nobody"])
    assert "\x1b[31mINCOMPLETE\x1b[0m" in shown


@pytest.mark.parametrize("output", FORMATS)
def test_stdout_has_no_escape_codes_on_a_terminal_or_piped(typist: Typist, output: str) -> None:
    code, _, shown = on_terminal(typist, ["get", "namespaces", "-q", "-o", output], out=True)
    assert code == 0
    # On a busy machine a run may show its progress, which is erased again.
    assert "\x1b" not in re.sub(r"\r[^\r\n]*?\x1b\[K", "", shown)
    assert "\x1b" not in typist.inventory("get", "namespaces", "-o", output).out


# --- control characters -----------------------------------------------------


@pytest.mark.usefixtures("evil")
@pytest.mark.parametrize("output", FORMATS)
def test_no_control_character_of_the_cluster_gets_out(typist: Typist, output: str) -> None:
    for argv in (["get", f"notes.{GROUP}"], ["get", f"notes.{GROUP},pods", "--show-labels"]):
        screen = typist.inventory(*argv, "-o", output)
        assert screen.code == 0, screen.err
        assert "evil" in screen.out
        assert not UNSAFE.search(screen.out), screen.out
        assert not UNSAFE.search(screen.err)


@pytest.mark.usefixtures("evil")
def test_json_still_says_exactly_what_was_there(typist: Typist) -> None:
    (item,) = json.loads(typist.inventory("get", f"notes.{GROUP}", "-o", "json").out)["items"]
    assert EVIL in item["columns"].values()


def test_what_was_typed_is_escaped_too(typist: Typist) -> None:
    screen = typist.inventory("get", "po\x1b[31mds")
    assert screen.code == 2
    assert not UNSAFE.search(screen.err)


# --- places -----------------------------------------------------------------


@pytest.mark.parametrize("home", ["/proc/nonexistent", "/dev/null", "", "~"])
def test_a_home_that_cannot_be_written_to_is_no_failure(typist: Typist, home: str) -> None:
    # By itself: kubectl has words of its own about such a home. `~` is what Python cannot make out at all.
    screen = typist.type(PROGRAM, "get", "namespaces", "-o", "name", "-q", env={"HOME": home})
    assert (screen.code, screen.err) == (0, "")
    assert "namespace/default" in screen.lines


def test_no_home_at_all_is_no_failure(plane: ControlPlane, typist: Typist, tmp_path: Path) -> None:
    open_to_all = tmp_path / "kubeconfig"
    open_to_all.write_bytes(plane.kubeconfigs["admin"].read_bytes())
    environment = typist.environment(KUBECONFIG=str(open_to_all))
    del environment["HOME"]
    argv = [PROGRAM, "get", "namespaces", "-o", "name", "-q"]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.usefixtures("evil")
@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_the_answer_is_utf8_in_any_locale(typist: Typist, locale: str) -> None:
    env = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    screen = typist.inventory("get", f"notes.{GROUP}", env=env)
    assert screen.code == 0
    assert "Traceback" not in screen.err


# --- nothing there ----------------------------------------------------------


def test_a_namespace_without_objects_says_so(typist: Typist) -> None:
    screen = typist.inventory("-n", "kube-public", "get", "pods")
    assert (screen.code, screen.out) == (0, "")
    assert screen.err.splitlines()[0] == "No resources found in kube-public namespace."


def test_an_empty_kind_says_so(typist: Typist) -> None:
    screen = typist.inventory("get", "pods")
    assert (screen.code, screen.out) == (0, "")
    assert screen.err.splitlines()[0] == "No resources found"


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_has_a_form_for_nothing(typist: Typist, output: str) -> None:
    screen = typist.inventory("get", "pods,deployments", "-o", output)
    assert screen.code == 0
    if output == "json":
        assert '"items": []' in screen.out
    elif output in ("table", "wide", "name", "ndjson"):
        assert screen.out == ""
    assert "null" not in screen.out


def test_a_fresh_cluster_is_counted(typist: Typist) -> None:
    screen = typist.inventory()
    assert screen.code == 0
    assert any(line.split() == ["4", "namespaces"] for line in screen.lines)
    assert screen.err.startswith("fresh: ")
