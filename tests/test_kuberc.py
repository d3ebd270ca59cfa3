"""What a kuberc says of credential plugins, and every mistake in it by name.

`test_connection_table` holds the same rules to the real kubectl.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_inventory.connection.credentials import ExecPlugin, find_plugin
from kubectl_inventory.connection.kubeconfig_file import Kuberc, find_kuberc
from kubectl_inventory.connection.kuberc import PluginRules, read_plugin_rules
from kubectl_inventory.errors import KubeconfigError

HEAD = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n"


def rules(directory: Path, content: str) -> PluginRules:
    path = directory / "kuberc"
    path.write_text(content)
    return read_plugin_rules(Kuberc(str(path), "~/kuberc"))


def mistake(directory: Path, content: str) -> str:
    with pytest.raises(KubeconfigError) as caught:
        rules(directory, content)
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("explicit", "environ", "found"),
    [
        (None, {}, Kuberc("/home/ann/.kube/kuberc", "~/.kube/kuberc")),
        (None, {"KUBERC": ""}, Kuberc("/home/ann/.kube/kuberc", "~/.kube/kuberc")),
        (None, {"KUBERC": "/etc/rc"}, Kuberc("/etc/rc", "/etc/rc", is_named=True)),
        ("/home/ann/rc", {"KUBERC": "/etc/rc"}, Kuberc("/home/ann/rc", "~/rc", is_named=True)),
        ("", {}, Kuberc("/home/ann/.kube/kuberc", "~/.kube/kuberc")),
        (None, {"KUBERC": "off"}, Kuberc()),
    ],
)
def test_the_file_that_applies_is_kubectls(explicit: str | None, environ: dict[str, str], found: Kuberc) -> None:
    assert find_kuberc(explicit, environ, Path("/home/ann")) == found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not YAML: "),
        ("[1]", "Expected `object`, got `array`"),
        ("kind: Config\n", "no document in it is a Preference of kubectl.config.k8s.io/v1beta1 or"),
        (HEAD + "credentialPluginPolicy: denyall\n", "Invalid enum value 'denyall' - at `$.credentialPluginPolicy`"),
        (HEAD + "credentialPluginAllowlist: aws\n", "Expected `array"),
        (HEAD + "credentialPluginPolicy: Allowlist\n", "credentialPluginAllowlist has no entry"),
        (HEAD + "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: []\n", "has no entry"),
        (HEAD + "credentialPluginAllowlist: [{command: aws}]\n", "credentialPluginPolicy is not Allowlist"),
        (
            HEAD + "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: aws, name: gke}]\n",
            "has a command and another name",
        ),
        (
            HEAD + "credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: [{command: ./aws}]\n",
            "'./aws' is no command in its shortest form",
        ),
    ],
)
def test_a_file_that_cannot_be_understood_stops_every_plugin(tmp_path: Path, content: str, words: str) -> None:
    message = mistake(tmp_path, content)
    assert message.startswith("kuberc ~/kuberc") and words in message


def test_a_file_that_is_not_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="cannot read kuberc ~/rc: is a directory"):
        read_plugin_rules(Kuberc(str(tmp_path), "~/rc"))


def test_a_plugin_that_may_not_run_is_told_by_whose_rule(tmp_path: Path) -> None:
    forbidden = rules(tmp_path, HEAD + "credentialPluginPolicy: DenyAll\n")
    with pytest.raises(KubeconfigError) as caught:
        forbidden.check("aws", "/usr/bin/aws", "ann")
    assert caught.value.message == (
        'the exec plugin "aws" of user "ann" may not run: credentialPluginPolicy in ~/kuberc is DenyAll'
    )


def test_a_plugin_of_another_place_is_not_the_one_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("ours", "theirs"):
        program = tmp_path / place / "sign-in"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path / "ours"))
    listed = PluginRules(allows_all=False, commands=("sign-in",), source="the list does not name it")
    found = find_plugin(ExecPlugin(command="sign-in"), "ann")
    listed.check("sign-in", found, "ann")
    theirs = str(tmp_path / "theirs" / "sign-in")
    with pytest.raises(KubeconfigError, match="the list does not name it"):
        listed.check(theirs, theirs, "ann")
