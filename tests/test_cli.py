"""What is read from argv, and what a run reads only once: without a cluster."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import pytest

from kubectl_inventory import cli
from kubectl_inventory.errors import KubeconfigError, UsageError
from kubectl_inventory.kubeconfig import Connection, load_connection
from kubectl_inventory.request import Request
from kubectl_inventory.terminal import Terminal
from tests.test_failures import write_kubeconfig


def typed(*argv: str) -> object:
    """What the program does with these words, in this process."""
    terminal = Terminal(sys.__stdout__, sys.__stderr__, os.environ, program="kubectl inventory")
    return cli.root.main(list(argv), prog_name="kubectl inventory", standalone_mode=False, obj=terminal)


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return write_kubeconfig(tmp_path / "config", "https://127.0.0.1:1")


@pytest.fixture
def loaded(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The contexts that were loaded, one after another; no cluster can be opened."""
    found: list[str] = []

    def load(*args: object, **more: object) -> Connection:
        connection: Connection = load_connection(*args, **more)  # type: ignore[arg-type]
        found.append(connection.context)
        return connection

    def no_plugin(*_: object, **__: object) -> None:
        raise KubeconfigError("exec plugin not found")

    monkeypatch.setattr(cli, "load_connection", load)
    monkeypatch.setattr(cli, "open_session", no_plugin)
    return found


def test_what_is_judged_is_what_is_opened(kubeconfig: Path, loaded: list[str], tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="exec plugin"):
        typed("--kubeconfig", str(kubeconfig), "--audit-log", str(tmp_path / "audit"))
    assert loaded == ["acme-eu1"]


def test_a_policy_is_checked_without_a_credential(
    kubeconfig: Path, loaded: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Terminal, "say", lambda _, line: said.append(line))
    file = tmp_path / "policy.yaml"
    file.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\n")
    assert typed("policy", "check", str(file), "--kubeconfig", str(kubeconfig)) == 0
    assert loaded == ["acme-eu1"]
    (line,) = said
    assert line.endswith("no errors (kind names not checked: no cluster)")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """The requests that would have been made."""
    found: list[Request] = []

    def take(_: Terminal, given: object, request: Request, style: object) -> int:
        found.append(request)
        return 0

    monkeypatch.setattr(cli, "_take", take)
    return found


def test_a_repeatable_option_counts_on_both_sides_of_the_command(asked: list[Request]) -> None:
    typed("-n", "a", "--exclude", "pods", "get", "-n", "b,c")
    typed("-n", "a", "get")
    typed("-n", "a", "-n", "b")
    assert [request.namespaces for request in asked] == [("a", "b", "c"), ("a",), ("a", "b")]
    assert asked[0].exclude == ("pods",)


def test_another_option_counts_as_typed_last(asked: list[Request]) -> None:
    typed("-l", "a=1", "get", "-l", "b=2")
    assert asked[0].selector == "b=2"


@pytest.mark.parametrize(
    "argv", [("get", "-A", "-n", "a"), ("-A", "get", "-n", "a"), ("-n", "a", "-A"), ("kinds", "-An", "a")]
)
@pytest.mark.usefixtures("asked")
def test_all_namespaces_and_some_is_a_contradiction(argv: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="-A and -n exclude each other"):
        typed(*argv)


def test_the_page_of_options_shows_nothing_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(Terminal, "write", lambda _, text: written.append(text))
    typed("options")
    assert "--kubeconfig" in written[0]
    hidden = {option.name for option in cli.root.params if isinstance(option, click.Option) and option.hidden}
    assert {"kubeconfig", "workers"} <= hidden
