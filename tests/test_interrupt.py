"""Ctrl-C, SIGTERM, readers that leave, outputs that are full, and the end of the run's time."""

from __future__ import annotations

import array
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kubectl_inventory.clock import ticks_s
from kubectl_inventory.reading.ways import NEAR_WIDTH
from tests.conftest import BIN, Typist, hanging
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.live_api import Exchange, LiveApi

PROGRAM = str(BIN / "kubectl-inventory")
PROMPTLY_S = 2.0
"""A second is promised; another one for a busy machine."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
CACHED = ("--request-timeout", "60s")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A small cluster of this file's own, as it is paused: 300 config maps beside what is there anyway."""
    with start_control_plane(controllers=False, context_name="paused") as plane:
        for number in range(300):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"settings-{number:03}"}}
            plane.client.send("POST", "/api/v1/namespaces/default/configmaps", body)
        yield plane


@pytest.fixture
def typist(plane: ControlPlane, tmp_path: Path) -> Typist:
    """Has asked before: discovery is remembered, and so a run goes straight to its lists."""
    typist = Typist(tmp_path, plane.kubeconfigs["admin"])
    assert typist.inventory("-q").code == 0
    return typist


def start(
    typist: Typist,
    *argv: str,
    audit: Path | None = None,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    """Starts the program itself, so that a signal has one process to go to."""
    more = ["--audit-log", str(audit)] if audit is not None else []
    return subprocess.Popen([PROGRAM, *argv, *more], env=typist.environment(), stdout=stdout, stderr=stderr)


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Polls; nothing that is waited for takes long."""
    give_up_s = ticks_s() + 30
    while not is_so():
        assert ticks_s() < give_up_s, what
        os.sched_yield()


def connections(pid: int) -> int:
    """How many sockets the process has open now."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found += os.readlink(descriptor).startswith("socket:")
        except FileNotFoundError:
            continue
    return found


def interrupted(running: subprocess.Popen[bytes], how: signal.Signals) -> tuple[str, str]:
    """What it says when it is told to end, which must not take long."""
    begun_s = ticks_s()
    running.send_signal(how)
    out, err = running.communicate(timeout=30)
    assert ticks_s() - begun_s < PROMPTLY_S
    assert running.returncode == CODES[how]
    assert b"Traceback" not in err
    return (out or b"").decode(), err.decode()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [["get", "-o", "name"], [], ["kinds"]])
def test_hanging_requests_do_not_hold_it(
    plane: ControlPlane, typist: Typist, how: signal.Signals, command: list[str]
) -> None:
    with hanging(plane):
        running = start(typist, *command, *CACHED)
        wait_until(lambda: connections(running.pid) >= NEAR_WIDTH, "as many requests as are worth it are on their way")
        out, err = interrupted(running, how)
    assert out == ""
    said, hint = err.splitlines()
    assert said.startswith("paused: interrupted after ")
    assert said.endswith("waiting for configmaps; nothing was printed")
    assert hint == "hint: --exclude configmaps, or --request-timeout 2s"


def test_an_audit_log_that_is_full_hides_no_interruption(plane: ControlPlane, typist: Typist) -> None:
    with hanging(plane):
        running = start(typist, "get", "-o", "name", *CACHED, audit=Path("/dev/full"))
        wait_until(lambda: connections(running.pid) >= NEAR_WIDTH, "as many requests as are worth it are on their way")
        _, err = interrupted(running, signal.SIGINT)
    assert err.startswith("paused: interrupted after ")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_hanging_discovery_does_not_hold_it(plane: ControlPlane, tmp_path: Path, how: signal.Signals) -> None:
    typist = Typist(tmp_path, plane.kubeconfigs["admin"])
    with hanging(plane):
        running = start(typist, *CACHED)
        wait_until(lambda: connections(running.pid) >= 2, "discovery is on its way")
        out, err = interrupted(running, how)
    assert out == ""
    said, hint = err.splitlines()
    assert re.match(r"paused: interrupted after \d\.\ds, waiting for https://127\.0\.0\.1:\d+; ", said)
    assert said.endswith("; nothing was printed")
    assert hint == "hint: is the VPN up? --request-timeout 2s gives up sooner"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_credential_that_does_not_come_is_not_blamed_on_the_server(tmp_path: Path, how: signal.Signals) -> None:
    plugin, started = tmp_path / "log-in", tmp_path / "started"
    os.mkfifo(started)
    plugin.write_text(f"#!/bin/sh\necho started >{started}\nexec sleep 1000\n")
    plugin.chmod(0o700)
    login = f"apiVersion: client.authentication.k8s.io/v1, command: {plugin}, interactiveMode: Never"
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        "current-context: prod\n"
        "contexts: [{name: prod, context: {cluster: prod, user: ann}}]\n"
        "clusters: [{name: prod, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        f"users: [{{name: ann, user: {{exec: {{{login}}}}}}}]\n"
    )
    running = start(Typist(tmp_path, kubeconfig))
    assert started.read_text() == "started\n"
    _, err = interrupted(running, how)
    said, hint = err.splitlines()
    assert said.startswith("prod: interrupted after ")
    assert said.endswith(f'waiting for the exec plugin "{plugin}"; nothing was printed')
    assert hint == "hint: --user NAME or --token uses other credentials"


def test_a_second_ctrl_c_spoils_nothing(plane: ControlPlane, typist: Typist) -> None:
    with hanging(plane):
        running = start(typist, *CACHED)
        wait_until(lambda: connections(running.pid) >= NEAR_WIDTH, "as many requests as are worth it are on their way")
        running.send_signal(signal.SIGINT)
        _, err = interrupted(running, signal.SIGINT)
    assert err.count("interrupted after") == 1


@pytest.mark.parametrize("form", ["name", "ndjson", "csv"])
def test_a_streamed_format_ends_on_a_whole_line(typist: Typist, form: str) -> None:
    reader, writer = os.pipe()
    try:
        os.set_blocking(reader, False)
        # One page is all that this pipe holds: the program stands still in the middle of its answer.
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        running = start(typist, "get", "-o", form, stdout=writer)
        os.close(writer)
        wait_until(lambda: _is_full(reader), "the pipe is full")
        _, err = interrupted(running, signal.SIGINT)
        out = os.read(reader, 1 << 20)
    finally:
        os.close(reader)
    assert "output not whole" in err
    assert out.endswith(b"\n")


def _is_full(reader: int) -> bool:
    """Whether nearly a page waits to be read."""
    waiting = array.array("i", [0])
    fcntl.ioctl(reader, termios.FIONREAD, waiting)
    return waiting[0] > 3000


def test_head_is_quiet(typist: Typist) -> None:
    screen = typist.type("bash", "-c", "kubectl inventory get -o name | head -3")
    assert len(screen.lines) == 3
    assert "Traceback" not in screen.err
    assert "rror" not in screen.err


def test_wc_is_exact(plane: ControlPlane, typist: Typist) -> None:
    screen = typist.type("bash", "-c", "kubectl inventory get configmaps -n default -o name | wc -l")
    assert screen.out.strip() == str(len(typist.kubectl("get", "configmaps", "-n", "default", "-o", "name").lines))


@pytest.mark.parametrize("command", ["get -o name", "get -o json", "get", "", "kinds", "version", "policy show"])
def test_a_full_disk_is_one_line(typist: Typist, command: str) -> None:
    screen = typist.type("bash", "-c", f"kubectl inventory {command} > /dev/full")
    assert screen.code == 1
    assert screen.err == "error: cannot write the answer to stdout: no space left on device\n"


def test_help_on_a_full_disk_is_one_line(typist: Typist) -> None:
    screen = typist.type("bash", "-c", "kubectl inventory --help > /dev/full")
    assert (screen.code, screen.err) == (1, "error: no space left on device\n")


@pytest.mark.parametrize("command", ["get -o name", "", "version"])
def test_a_closed_stdout_is_one_line(typist: Typist, command: str) -> None:
    # By itself: kubectl opens /dev/null for what was closed.
    screen = typist.type("bash", "-c", f"kubectl-inventory {command} >&-")
    assert (screen.code, screen.err) == (1, "error: cannot write the answer: stdout is closed\n")


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_an_unusable_stderr_costs_nothing_of_the_answer(typist: Typist, stderr: str) -> None:
    screen = typist.type("bash", "-c", f"kubectl-inventory get namespaces -o name {stderr}")
    assert screen.code == 0
    assert "namespace/default" in screen.lines


@pytest.mark.parametrize("command", [[], ["get", "-o", "name"], ["kinds"]])
def test_the_end_of_the_run_names_what_was_not_read(
    plane: ControlPlane, typist: Typist, command: list[str]
) -> None:
    with hanging(plane):
        begun_s = ticks_s()
        screen = typist.inventory(*command, "--deadline", "1s", "--request-timeout", "30s")
        assert ticks_s() - begun_s < 1 + 1 + 1  # and one for two processes on a busy machine
    assert screen.code == 3
    assert "paused: INCOMPLETE: " in screen.err
    assert "TimedOut" in screen.err
    assert ("hint: --deadline 10m gives the whole run longer" in screen.err) is (command != ["kinds"])
    assert "Traceback" not in screen.err


def test_what_was_read_before_the_end_is_printed(plane: ControlPlane, typist: Typist) -> None:
    with hanging(plane):
        screen = typist.inventory("kinds", "--deadline", "3s", "--workers", "1", "--probes", "1")
    statuses = {line.split()[0] for line in screen.lines[1:]}
    assert {"TimedOut", "NotReached"} <= statuses


def test_a_cluster_that_never_answers_is_said_to_be_one(plane: ControlPlane, tmp_path: Path) -> None:
    typist = Typist(tmp_path, plane.kubeconfigs["admin"])
    with hanging(plane):
        screen = typist.inventory("--request-timeout", "500ms")
    assert screen.code == 1
    assert screen.err.startswith("error: ")
    assert "no answer in 0.5s" in screen.err


class Hanging:
    """Says what there is, and of what there is nothing. Knows when nothing more is asked that would be answered."""

    def __init__(self, *, asked: int) -> None:
        self.is_hung = threading.Event()
        self._missing = threading.Semaphore(asked - 1)

    def __call__(self, exchange: Exchange) -> None:
        if exchange.path in ("/api", "/apis"):
            kinds = [
                {"resource": f"kind{nth}s", "scope": "Cluster", "verbs": ["list"], "responseKind": {"kind": "K"}}
                for nth in range(KINDS)
            ]
            core = {"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": kinds}]}
            document = {"kind": "APIGroupDiscoveryList", "items": [core] if exchange.path == "/api" else []}
            exchange.reply(body=json.dumps(document).encode())
            return
        if not self._missing.acquire(blocking=False):
            self.is_hung.set()
        exchange.hang()


KINDS = 4
"""Fewer than are asked for side by side from the first on."""


def noted(log: Path) -> list[str]:
    """What was asked, by our audit log."""
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    return sorted(entry["details"]["path"] for entry in entries if entry["event"] == "request")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", [[], ["get"], ["get", "--plan=run"]])
def test_what_an_interrupted_run_has_asked_is_in_its_audit_log(
    tmp_path: Path, how: signal.Signals, command: list[str]
) -> None:
    log = tmp_path / "audit.log"
    answer = Hanging(asked=KINDS)
    with LiveApi(answer) as server:
        typist = Typist(tmp_path, None)
        running = start(typist, *command, "--server", server.url, *CACHED, audit=log)
        assert answer.is_hung.wait(30)
        interrupted(running, how)
        assert noted(log) == sorted(server.targets)


@pytest.mark.parametrize("command", [[], ["get"], ["kinds"]])
def test_what_a_run_has_asked_by_its_deadline_is_in_its_audit_log(tmp_path: Path, command: list[str]) -> None:
    log = tmp_path / "audit.log"
    with LiveApi(Hanging(asked=KINDS)) as server:
        flags = ("--server", server.url, "--deadline", "1s", "--request-timeout", "60s", "--audit-log", str(log))
        screen = Typist(tmp_path, None).type(PROGRAM, *command, *flags)
        assert noted(log) == sorted(server.targets)
    assert screen.code == 3


def test_what_a_run_that_failed_has_asked_is_in_its_audit_log(tmp_path: Path) -> None:
    everybody = threading.Barrier(2)

    def answer(exchange: Exchange) -> None:
        everybody.wait(30)
        exchange.reply("401 Unauthorized") if exchange.path == "/api" else exchange.hang()

    log = tmp_path / "audit.log"
    with LiveApi(answer) as server:
        flags = ("--server", server.url, "--request-timeout", "60s", "--audit-log", str(log))
        screen = Typist(tmp_path, None).type(PROGRAM, *flags)
        assert noted(log) == sorted(server.targets)
    assert screen.code == 1


def test_an_audit_log_that_nobody_reads_does_not_hold_an_interrupted_run(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    os.mkfifo(log)
    answer = Hanging(asked=KINDS)
    with open(os.open(log, os.O_RDWR), "r+b", buffering=0) as pipe, LiveApi(answer) as server:
        running = start(Typist(tmp_path, None), "--server", server.url, *CACHED, audit=log)
        assert answer.is_hung.wait(30)
        os.set_blocking(pipe.fileno(), False)
        while pipe.write(bytes(4096)) is not None:
            pass
        interrupted(running, signal.SIGINT)


def test_an_interruption_while_a_failure_is_told_is_one(tmp_path: Path) -> None:
    faulty = (
        "from kubectl_inventory.command import cli, program, terminal\n"
        "say = terminal.Terminal.say\n"
        "def interrupted(self, line):\n"
        "    terminal.Terminal.say = say\n"
        "    raise program.Interrupted(130)\n"
        "terminal.Terminal.say = interrupted\n"
        "@cli.root.command()\n"
        "def faulty(): {}['x']\n"
        "program.main()\n"
    )
    screen = Typist(tmp_path, None).type(sys.executable, "-c", faulty, "faulty")
    assert screen.code == 130
    assert screen.err.startswith("error: interrupted after ")
    assert len(screen.err.splitlines()) == 1


def test_a_bug_of_ours_is_one_line(tmp_path: Path) -> None:
    faulty = (
        "from kubectl_inventory.command import cli, program\n"
        "@cli.root.command()\n"
        "def faulty(): {}['x']\n"
        "program.main()\n"
    )
    screen = Typist(tmp_path, None).type(sys.executable, "-c", faulty, "faulty")
    assert screen.code == 1
    error, hint = screen.err.splitlines()
    assert error.startswith("error: a bug in kubectl-inventory ")
    assert "KeyError: 'x'" in error
    assert hint == "hint: please report this line, and what was typed"
