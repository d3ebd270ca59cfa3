"""What is typed, before a cluster is asked: flags as kubectl takes them, and what contradicts itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kubectl_inventory.program import as_click_reads
from tests.conftest import Typist

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: dev
clusters: [{name: dev, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: dev, context: {cluster: dev, user: dev}}]
users:
- name: dev
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never}}
"""


@pytest.fixture
def typist(tmp_path: Path) -> Typist:
    """Has a context whose server is not there and whose credential plugin is missing."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    return Typist(tmp_path, kubeconfig)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["-o=json"], ["-ojson"]),
        (["-n=shop", "get", "-l=app=web"], ["-nshop", "get", "-lapp=web"]),
        (["--quiet=true", "--no-headers=false"], ["--quiet"]),
        (["--output=json", "--selector=a=b"], ["--output=json", "--selector=a=b"]),
        (["get", "pods", "-", "--"], ["get", "pods", "-", "--"]),
    ],
)
def test_flags_are_read_as_kubectl_reads_them(typed: Sequence[str], read: Sequence[str]) -> None:
    assert as_click_reads(typed) == read


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("-A", "-n", "shop"), "-A and -n exclude each other"),
        (("-A", "get", "-n", "shop"), "-A and -n exclude each other"),
        (("--scope", "cluster", "-n", "shop"), "--scope cluster and -n exclude each other"),
        (("get", ""), "get names no kind"),
        (("get", ","), "get names no kind"),
        (("-n", ""), "-n names no namespace"),
    ],
)
def test_what_contradicts_itself_is_refused(typist: Typist, argv: Sequence[str], message: str) -> None:
    screen = typist.inventory(*argv)
    assert (screen.code, screen.out) == (2, "")
    assert screen.err.startswith(f"error: {message}")


def test_a_policy_is_checked_without_a_credential(typist: Typist, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\nresources: {deny: [secretes]}\n")
    screen = typist.inventory("policy", "check", str(file))
    assert screen.code == 0
    assert screen.err.endswith("no errors (kind names not checked: no cluster)\n")


@pytest.mark.parametrize("argv", [("-n", "shop", "get", "pods", "-n", "pay"), ("get", "pods", "-n", "pay", "-n=shop")])
def test_namespaces_typed_before_and_after_the_command_are_all_meant(admin: Typist, argv: Sequence[str]) -> None:
    screen = admin.inventory(*argv, "--no-headers", "-q")
    assert {line.split()[0] for line in screen.lines} == {"pay", "shop"}


def test_kind_names_of_a_policy_are_checked_though_a_group_does_not_answer(admin: Typist, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    named = "[secretes, things.stock.acme.example, pods]"
    file.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\nresources: {{deny: {named}}}\n")
    screen = admin.inventory("policy", "check", str(file))
    assert screen.code == 2
    assert screen.out == '~/policy.yaml:3: resources.deny[0]: "secretes" is no kind of demo, did you mean "secrets"?\n'
