"""Completion as a shell asks for it: through the real kubectl's `__complete`, and its helper on PATH."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from kubectl_inventory.command.completion import PATIENCE_S
from tests.conftest import Typist, hanging
from tests.controlplane.cluster import ControlPlane
from tests.live_api import Exchange, LiveApi

NO_FILES, FILES, DIRECTORIES, NO_SPACE = ":4", ":0", ":16", ":6"


def suggested(typist: Typist, *words: str) -> list[str]:
    """What kubectl would show for `kubectl inventory WORDS<TAB>`, the directive last; descriptions are left out."""
    screen = typist.type("kubectl", "__complete", "inventory", *words)
    assert screen.code == 0, screen.err
    return [line.partition("\t")[0] for line in screen.lines]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["hea"], ["health", NO_FILES]),
        (["policy", ""], ["check", "init", "show", NO_FILES]),
        (["completion", ""], ["install-helper", NO_FILES]),
        (["get", "--sel"], ["--selector", NO_FILES]),
        (["help", "po"], ["policy", NO_FILES]),
        (["help", "policy", ""], ["check", "init", "show", NO_FILES]),
        (["help", "policy", "check", ""], [NO_FILES]),
        (["help", "nonsense", ""], [NO_FILES]),
        (["--impossible"], [NO_FILES]),
        (["nonsense", "x"], [NO_FILES]),
    ],
)
def test_commands_and_flags(admin: Typist, words: list[str], expected: list[str]) -> None:
    assert suggested(admin, *words) == expected


def test_connection_flags_are_completed_though_help_hides_them(admin: Typist) -> None:
    assert suggested(admin, "get", "--client-c") == ["--client-certificate", NO_FILES]
    assert suggested(admin, "--tls") == ["--tls-server-name", NO_FILES]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["get", "-o", "n"], ["name", "ndjson", NO_FILES]),
        (["health", "-o", "n"], ["ndjson", NO_FILES]),
        (["get", "--strategy", "f"], ["fanout", NO_FILES]),
        (["--scope", "n"], ["namespaced", NO_FILES]),
        (["--by", "namespace,k"], ["namespace,kind", NO_FILES]),
        (["health", "--fail-on", "e"], ["error", NO_FILES]),
        (["health", "--fail-on", "error,u"], ["error,unknown", NO_FILES]),
    ],
)
def test_values_that_are_always_the_same(admin: Typist, words: list[str], expected: list[str]) -> None:
    assert suggested(admin, *words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--by", "l"], ["label=", NO_SPACE]),
        (["--by", "namespace,l"], ["namespace,label=", NO_SPACE]),
        (["get", "-o", "jsonpath-as"], ["jsonpath-as-json=", NO_SPACE]),
        (["get", "-o", "jsonpath-"], ["jsonpath-as-json=", "jsonpath-file=", NO_FILES]),
    ],
)
def test_what_goes_on_behind_an_equals_sign_gets_no_space(admin: Typist, words: list[str], expected: list[str]) -> None:
    assert suggested(admin, *words) == expected


def test_names_of_the_kubeconfig(admin: Typist) -> None:
    assert suggested(admin, "--context", "") == ["demo", NO_FILES]
    assert suggested(admin, "get", "--context=d") == ["demo", NO_FILES]
    assert len(suggested(admin, "--cluster", "")) == len(suggested(admin, "--user", "")) == 2


@pytest.mark.parametrize("flag", ["--policy", "--kubeconfig", "--audit-log", "--certificate-authority", "--client-key"])
def test_files_are_left_to_the_shell(admin: Typist, flag: str) -> None:
    assert suggested(admin, "get", flag, "") == [FILES]


def test_directories_are_left_to_the_shell(admin: Typist) -> None:
    assert suggested(admin, "--cache-dir", "") == [DIRECTORIES]


def test_namespaces_of_the_cluster(admin: Typist) -> None:
    assert suggested(admin, "get", "-n", "sh") == ["shop", "shop-preview", NO_FILES]
    assert suggested(admin, "health", "sh") == ["shop", "shop-preview", NO_FILES]


def test_a_comma_list_grows_at_its_end_and_repeats_nothing(admin: Typist) -> None:
    assert suggested(admin, "health", "shop,sh") == ["shop,shop-preview", NO_FILES]
    assert suggested(admin, "get", "pods,deploy") == ["pods,deployments.apps", NO_FILES]


def test_types_of_the_cluster(admin: Typist) -> None:
    assert suggested(admin, "get", "data") == ["databases.acme.example", NO_FILES]
    assert suggested(admin, "get", "--exclude", "stateful") == ["statefulsets.apps", NO_FILES]


def test_what_the_policy_denies_is_not_suggested(admin: Typist, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "{apiVersion: inventory/v1, kind: BoundaryPolicy, resources: {deny: [secrets]}, namespaces: {deny: [shop]}}\n"
    )

    assert suggested(admin, "get", "--policy", str(policy), "secr") == [NO_FILES]
    assert suggested(admin, "get", "--policy", str(policy), "-n", "sh") == ["shop-preview", NO_FILES]


def test_who_may_not_list_namespaces_is_offered_the_contexts_own(one_namespace: Typist) -> None:
    assert suggested(one_namespace, "get", "-n", "") == ["default", NO_FILES]


def test_types_are_remembered_when_the_cluster_does_not_answer(demo: ControlPlane, admin: Typist) -> None:
    assert suggested(admin, "get", "statef") == ["statefulsets.apps", NO_FILES]

    with hanging(demo):
        assert suggested(admin, "get", "statef") == ["statefulsets.apps", NO_FILES]


def test_a_cluster_that_does_not_answer_suggests_nothing_and_says_nothing(demo: ControlPlane, admin: Typist) -> None:
    with hanging(demo):
        screen = admin.type("kubectl_complete-inventory", "get", "-n", "sh")

    assert (screen.out, screen.err) == (f"{NO_FILES}\n", "")


def test_the_program_too_has_to_start_in_the_second_that_a_completion_may_take(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    with LiveApi(Exchange.hang) as server:
        flags = ("--server", server.url, "--audit-log", str(log))
        screen = Typist(tmp_path, None).type("kubectl_complete-inventory", "get", *flags, "-n", "sh")

    assert (screen.out, screen.err) == (f"{NO_FILES}\n", "")
    waited_ms = [json.loads(line)["details"]["elapsed_ms"] for line in log.read_text().splitlines()]
    assert len(server.asked) == len(waited_ms) > 0
    # Far from the five seconds that a request may take elsewhere, on a busy machine too.
    assert PATIENCE_S <= 0.8
    assert all(it < 2500 for it in waited_ms)


def test_no_plugin_that_may_prompt_is_run(admin: Typist, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    plugin = tmp_path / "login"
    plugin.write_text(f"#!/bin/sh\ntouch {ran}\n")
    plugin.chmod(0o755)
    assert admin.kubeconfig is not None
    text = admin.kubeconfig.read_text().split("users:")[0]
    kubeconfig = tmp_path / "exec.kubeconfig"
    (name,) = [line.split(":")[1].strip() for line in text.splitlines() if line.strip().startswith("user:")]
    kubeconfig.write_text(
        f"{text}users:\n- name: {name}\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n"
        f"      command: {plugin}\n      interactiveMode: IfAvailable\n"
    )

    screen = admin.type("kubectl_complete-inventory", "get", "--kubeconfig", str(kubeconfig), "-n", "sh")

    assert (screen.out, screen.err, ran.exists()) == (f"{NO_FILES}\n", "", False)


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("id-token: {}", ["shop", "shop-preview", NO_FILES]),
        ("id-token: e30.eyJleHAiOjF9.e30, refresh-token: r1", [NO_FILES]),
        ("refresh-token: r1", [NO_FILES]),
        ("id-token: nonsense", [NO_FILES]),
    ],
)
def test_a_login_is_used_while_it_lasts_and_never_renewed(
    demo: ControlPlane, viewer: Typist, login: str, expected: list[str]
) -> None:
    assert viewer.kubeconfig is not None
    head, _, users = viewer.kubeconfig.read_text().partition("users:")
    name, token = re.search(r"name: (\S+)", users), re.search(r"token: (\S+)", users)
    assert name is not None and token is not None
    config = f"client-id: c, idp-issuer-url: {demo.server}, idp-certificate-authority: {demo.ca_file}"
    entry = f"{{name: oidc, config: {{{config}, {login.format(token[1])}}}}}"
    kubeconfig = viewer.home / "login.kubeconfig"
    kubeconfig.write_text(f"{head}users:\n- name: {name[1]}\n  user: {{auth-provider: {entry}}}\n")
    mark = demo.audit.mark()

    assert suggested(viewer, "get", "--kubeconfig", str(kubeconfig), "-n", "sh") == expected
    # Its issuer is the server itself, which would have heard of it.
    assert not [it for it in demo.audit.since(mark) if ".well-known" in it.request_uri]


def test_kinds_that_are_remembered_need_no_credential(admin: Typist, tmp_path: Path) -> None:
    assert suggested(admin, "get", "statef") == ["statefulsets.apps", NO_FILES]
    assert admin.kubeconfig is not None
    head, _, users = admin.kubeconfig.read_text().partition("users:")
    name = re.search(r"name: (\S+)", users)
    assert name is not None
    kubeconfig = tmp_path / "exec.kubeconfig"
    kubeconfig.write_text(
        f"{head}users:\n- name: {name[1]}\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n"
        "      command: /does/not/exist\n      interactiveMode: Always\n"
    )

    assert suggested(admin, "get", "--kubeconfig", str(kubeconfig), "statef") == ["statefulsets.apps", NO_FILES]


def test_what_cannot_be_typed_is_no_candidate(admin: Typist, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text('contexts: [{name: "evil\\n:4\\tx\\e[31m", context: {}}, {name: fine, context: {}}]\n')

    assert suggested(admin, "--kubeconfig", str(kubeconfig), "--context", "") == ["fine", NO_FILES]


def test_the_next_word_is_not_the_value_of_a_flag_that_may_have_none(admin: Typist) -> None:
    assert suggested(admin, "get", "--plan", "statef") == ["statefulsets.apps", NO_FILES]


@pytest.mark.parametrize("kubeconfig", ["missing", "{nonsense"])
def test_a_kubeconfig_that_cannot_be_used_says_nothing(admin: Typist, tmp_path: Path, kubeconfig: str) -> None:
    path = tmp_path / "kubeconfig"
    if kubeconfig != "missing":
        path.write_text(kubeconfig)

    screen = admin.type("kubectl_complete-inventory", "get", "--kubeconfig", str(path), "po")

    assert (screen.out, screen.err) == (f"{NO_FILES}\n", "")


# --- the helper -------------------------------------------------------------


def test_the_helper_is_written_where_asked_and_completes(admin: Typist, tmp_path: Path) -> None:
    directory = tmp_path / "not" / "there" / "yet"

    screen = admin.inventory("completion", "install-helper", str(directory))

    helper = directory / "kubectl_complete-inventory"
    assert (screen.code, screen.out) == (0, "")
    assert screen.err == f"{helper}: written\nhint: {directory} is not on PATH, where kubectl looks for it\n"
    assert helper.read_text() == '#!/bin/sh\nexec kubectl-inventory __complete "$@"\n'
    assert stat.S_IMODE(helper.stat().st_mode) == 0o755
    assert admin.type(str(helper), "he").out.splitlines()[-1] == NO_FILES
    assert admin.type(str(helper), "he").out.startswith("health\t")


def test_a_tilde_that_the_shell_left_alone_is_the_home(admin: Typist) -> None:
    screen = admin.inventory("completion", "install-helper", "~/bin")
    helper = admin.home / "bin" / "kubectl_complete-inventory"
    assert screen.err.splitlines()[0] == f"{helper}: written"
    assert helper.is_file()


def test_the_helper_is_written_again_but_nothing_else_is_overwritten(admin: Typist, tmp_path: Path) -> None:
    path = {"PATH": f"{tmp_path}{os.pathsep}{admin.environment()['PATH']}"}
    first = admin.type("kubectl-inventory", "completion", "install-helper", str(tmp_path), env=path)
    second = admin.type("kubectl-inventory", "completion", "install-helper", str(tmp_path), env=path)
    helper = tmp_path / "kubectl_complete-inventory"
    assert first.err == second.err == f"{helper}: written\n"

    helper.write_text("#!/bin/sh\nexec somebody-elses\n")
    third = admin.type("kubectl-inventory", "completion", "install-helper", str(tmp_path), env=path)

    assert third.code == 2
    assert third.err.startswith(f"error: {helper} is there already and is not this helper\n")
    assert helper.read_text() == "#!/bin/sh\nexec somebody-elses\n"


def test_what_cannot_be_a_directory_is_a_clear_error(admin: Typist, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    screen = admin.inventory("completion", "install-helper", str(tmp_path / "file" / "bin"))

    path = tmp_path / "file" / "bin" / "kubectl_complete-inventory"
    assert (screen.code, screen.err) == (2, f"error: cannot write {path}: not a directory\n")
