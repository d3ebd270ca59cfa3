"""What is typed, before a cluster is asked: flags as kubectl takes them, and what contradicts itself."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from kubectl_inventory.command.cli import root
from kubectl_inventory.command.elsewhere import INSTEAD
from kubectl_inventory.command.program import as_click_reads
from tests.conftest import BIN, Screen, Typist
from tests.reference.commands import commands

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


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("get", "--namepsace", "shop"), 'unknown flag: --namepsace, did you mean "--namespace"?'),
        (("get", "--explain"), 'unknown flag: --explain; it is a flag of "kubectl inventory health"'),
        (("--show-labels",), 'unknown flag: --show-labels; it is a flag of "kubectl inventory get"'),
        (
            ("kinds", "--plan"),
            "unknown flag: --plan; it is a flag of "
            '"kubectl inventory", "kubectl inventory get" and "kubectl inventory health"',
        ),
        (("helth",), 'unknown command "helth" for "kubectl inventory", did you mean "health"?'),
        (("policy", "shwo"), 'unknown command "shwo" for "kubectl inventory policy", did you mean "show"?'),
        (("help", "policy", "shwo"), 'unknown command "shwo" for "kubectl inventory policy", did you mean "show"?'),
        (("-o", "JSON"), 'unknown output format "JSON", did you mean "json"?'),
        (("--by", "lable=app"), 'cannot count by "lable=app", did you mean "label"?'),
        (("health", "--fail-on", "errors"), '--fail-on "errors" is no health, did you mean "error"?'),
        (("--context", "dve"), 'context "dve" is not in ~/kubeconfig, did you mean "dev"?'),
        (
            ("--scope", "Namespace"),
            "invalid value for '--scope': "
            '"Namespace" is none of all, namespaced, cluster, did you mean "namespaced"?',
        ),
        (
            ("get", "--strategy", "fan-out"),
            "invalid value for '--strategy': "
            '"fan-out" is none of auto, sequential, fanout, bulk, did you mean "fanout"?',
        ),
        (("bench", "--runs", "0"), "invalid value for '--runs': '0' is not a whole number from 1 on"),
    ],
)
def test_what_is_mistyped_is_told_with_what_was_meant(typist: Typist, argv: Sequence[str], said: str) -> None:
    screen = typist.inventory(*argv)

    assert (screen.code, screen.out, screen.err.splitlines()[0]) == (2, "", f"error: {said}")


@pytest.mark.parametrize("flag", INSTEAD)
def test_a_flag_of_kubectls_alone_is_refused_with_what_to_type_instead(typist: Typist, flag: str) -> None:
    screen = typist.inventory("get", "pods", flag, "x")

    said = f"error: {flag} is kubectl's, not this program's\nhint: {INSTEAD[flag]}\n"
    assert screen == Screen(2, "", said)


def test_every_flag_of_kubectl_get_is_known(typist: Typist) -> None:
    pages = typist.kubectl("get", "--help").out + typist.kubectl("options").out
    theirs = set(re.findall(r"^ +(?:-., )?(--[a-z-]+)=", pages, re.MULTILINE))
    theirs |= {f"-{letter}" for letter in re.findall(r"^ +-(.), --", pages, re.MULTILINE)}
    ours = {name for option in root.commands["get"].params for name in option.opts}

    assert len(theirs) > 50
    assert theirs - ours == set(INSTEAD)


@pytest.mark.parametrize("word", ["1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"])
@pytest.mark.parametrize("flag", ["-q", "--quiet", "--no-headers", "-h"])
def test_what_is_on_or_off_is_so_by_the_words_of_kubectl(flag: str, word: str) -> None:
    is_on = word[0] in "1tT"

    assert as_click_reads([f"{flag}={word}"]) == [flag] * is_on


def test_of_a_flag_that_is_on_and_off_the_last_one_counts() -> None:
    assert as_click_reads(["-q", "--quiet=false"]) == []
    assert as_click_reads(["--quiet=false", "-q"]) == ["-q"]


@pytest.mark.parametrize("typed", ["-A=maybe", "--all-namespaces=maybe"])
def test_what_is_neither_on_nor_off_is_told(typist: Typist, typed: str) -> None:
    screen = typist.inventory("get", typed)

    assert (screen.code, screen.err.splitlines()[0]) == (2, "error: option '--all-namespaces' does not take a value")


@pytest.mark.parametrize(
    "text",
    [
        "5", "+5", "1m30s", "500ms", "1.5s", ".5s", "5.s", "300000us", "300000\u00b5s", "0.1h", "",
        "5.5", "5x", "1s5", "s", " 5s", "5 s", "1x1s", "\u0665",
    ],
)  # fmt: skip
def test_a_length_of_time_is_read_as_kubectl_reads_it(admin: Typist, text: str) -> None:
    flags = ("get", "services", "-n", "auth", "-o", "name", f"--request-timeout={text}")
    theirs, ours = admin.kubectl(*flags), admin.inventory(*flags, "-q")

    assert ours.out == theirs.out
    assert (ours.code, theirs.code) in ((0, 0), (2, 1))


def test_all_in_one_page_is_refused_with_the_reason(typist: Typist) -> None:
    screen = typist.inventory("get", "--chunk-size=0")

    assert (screen.code, screen.out) == (2, "")
    assert screen.err.startswith("error: --chunk-size 0 (all in one page) is not possible")


@pytest.mark.parametrize("flags", [(), ("--ignore-not-found",), ("--ignore-not-found=f",)])
def test_that_there_is_nothing_is_told_unless_that_is_ignored(admin: Typist, flags: Sequence[str]) -> None:
    typed = ("get", "rc", "-n", "labs", *flags)
    said = "" if "--ignore-not-found" in flags else "No resources found in labs namespace.\n"

    assert (admin.kubectl(*typed), admin.inventory(*typed, "-q")) == (Screen(0, "", said), Screen(0, "", said))


@pytest.mark.parametrize("command", [(), ("get",), ("policy",), ("policy", "check"), ("help",)])
def test_help_prints_the_help_of_a_command(typist: Typist, command: Sequence[str]) -> None:
    assert typist.inventory("help", *command) == typist.inventory(*command, "--help")


def test_a_policy_is_checked_without_a_credential(typist: Typist, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\nresources: {deny: [secretes]}\n")
    screen = typist.inventory("policy", "check", str(file))
    assert screen.code == 0
    assert screen.err.endswith("no errors (kind names not checked: no cluster)\n")


PLAIN = "apiVersion: inventory/v1\nkind: BoundaryPolicy\n"
PROFILED = f"{PLAIN}profiles: [{{contexts: [dev], resources: {{deny: [secrets]}}}}]\n"


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("--kubeconfig", "/nope"), 1, "/nope"),
        (("--context", "nonsuch"), 2, 'context "nonsuch" is not in '),
        (("--cluster", "nonsuch"), 2, 'cluster "nonsuch" is not in '),
        (("--user", "nonsuch"), 2, 'user "nonsuch" is not in '),
        (("--as-uid", "7"), 1, "--as-uid, --as-group and --as-user-extra need --as"),
    ],
)
@pytest.mark.parametrize("command", ["show", "check"])
def test_a_boundary_of_a_connection_that_is_not_there_is_no_looser_one_but_an_error(
    typist: Typist, command: str, typed: Sequence[str], code: int, said: str
) -> None:
    (typist.home / "policy.yaml").write_text(PROFILED)
    screen = typist.inventory("policy", command, "--policy", str(typist.home / "policy.yaml"), *typed)
    assert (screen.code, screen.out) == (code, "")
    assert said in screen.err


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (PROFILED, "warning: no profile applied: no kubeconfig: KUBECONFIG=/nope does not exist"),
        (PLAIN, ""),
    ],
    ids=["profiles", "none"],
)
def test_a_boundary_without_a_context_says_that_no_profile_is_in_it(typist: Typist, policy: str, said: str) -> None:
    (typist.home / "policy.yaml").write_text(policy)
    env = {"KUBECONFIG": "/nope"}
    screen = typist.inventory("policy", "show", "--policy", str(typist.home / "policy.yaml"), env=env)
    assert (screen.code, screen.err.partition(", and ")[0]) == (0, said)
    assert ["resources.deny", "<none>", "built-in"] in [line.split() for line in screen.lines]


def test_a_profile_is_shown_where_its_context_is_known(typist: Typist) -> None:
    (typist.home / "policy.yaml").write_text(PROFILED)
    screen = typist.inventory("policy", "show", "--policy", str(typist.home / "policy.yaml"))
    assert (screen.code, screen.err) == (0, "")
    assert "secrets" in screen.out


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


# --- under another name -----------------------------------------------------

OUR_NAMES = ("kubectl inventory", "kubectl_complete-inventory")


@pytest.fixture
def renamed(typist: Typist) -> Typist:
    """Has the program as `kubectl cluster-inventory`."""
    folder = typist.home / "plugins"
    folder.mkdir()
    (folder / "kubectl-cluster_inventory").symlink_to(BIN / "kubectl-inventory")
    return typist


def under_another_name(typist: Typist, *argv: str) -> str:
    """All that it says."""
    path = f"{typist.home}/plugins{os.pathsep}{typist.environment()['PATH']}"
    screen = typist.type("kubectl", "cluster-inventory", *argv, env={"PATH": path})
    return screen.out + screen.err


@pytest.mark.parametrize("words", [path.split()[2:] for path, _ in commands()], ids=" ".join)
def test_every_page_has_the_name_that_it_was_called_by(renamed: Typist, words: list[str]) -> None:
    page = under_another_name(renamed, *words, "--help")

    assert [name for name in OUR_NAMES if name in page] == []
    assert "kubectl cluster-inventory" in page


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("policy", "init"), 'What "kubectl cluster-inventory" may read'),
        (("policy", "check", "empty.yaml"), "the file is empty"),
        (("--policy", "missing.yaml"), '"kubectl cluster-inventory policy init" writes one'),
        (("gett",), 'unknown command "gett" for "kubectl cluster-inventory"'),
        (("completion", "install-helper", "helpers"), "helpers/kubectl_complete-cluster_inventory: written"),
        (("version",), "kubectl-inventory v"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, tuple) else "",
)
def test_every_text_has_the_name_that_it_was_called_by(
    renamed: Typist, monkeypatch: pytest.MonkeyPatch, argv: Sequence[str], said: str
) -> None:
    (renamed.home / "empty.yaml").touch()
    monkeypatch.chdir(renamed.home)

    text = under_another_name(renamed, *argv)

    assert said in text
    assert [name for name in OUR_NAMES if name in text] == []


def test_a_policy_is_written_with_the_name_that_it_was_called_by(renamed: Typist) -> None:
    policy = renamed.home / "policy.yaml"

    under_another_name(renamed, "policy", "init", str(policy))

    assert policy.read_text(encoding="utf-8").count("kubectl cluster-inventory") == 3
    assert "kubectl inventory" not in policy.read_text(encoding="utf-8")
