"""Kubeconfigs as tools and people write them: whichever way one is read, kubectl says what is in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from kubectl_inventory.connection.kubeconfig import Connection, ConnectionFlags, load_connection
from kubectl_inventory.connection.plain_yaml import Node, read_plain_yaml
from kubectl_inventory.errors import InventoryError
from tests.test_kubeconfig import KUBECTL, entries_of, kubectl_view

PLAIN = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Y2E=
    server: https://10.0.0.1:6443
  name: c
contexts:
- context:
    cluster: c
    namespace: shop
    user: u
  name: k
current-context: k
kind: Config
preferences: {}
users:
- name: u
  user:
    token: hunter2
"""
"""As kubectl writes one."""


def with_user(user: str) -> str:
    """`PLAIN` with these lines in its user's entry."""
    return PLAIN.replace("    token: hunter2\n", user)


EXEC = """\
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - eks
      - get-token
      - --cluster-name
      - shop
      command: aws
      env: null
      installHint: Install the thing that the cloud wants you to have, which is described at
        https://cloud.example.com/kubernetes-engine/docs and there
        under the third heading
      interactiveMode: IfAvailable
      provideClusterInfo: false
"""
JSON = (
    '{"current-context": "k", "contexts": [{"name": "k", "context": {"cluster": "c", "user": "u"}}],'
    ' "clusters": [{"name": "c", "cluster": {"server": "https://x"}}], "users": [{"name": "u", "user": {}}]}'
)

READ = {
    "as kubectl writes it": PLAIN,
    "lists further in": PLAIN.replace("- cluster:", "  - cluster:")
    .replace("\n    certificate", "\n      certificate")
    .replace("\n    server", "\n      server")
    .replace("\n  name: c\n", "\n    name: c\n"),
    "an exec plugin": with_user(EXEC),
    "comments": "# mine\n" + PLAIN.replace("- context:", "# the only one\n- context:  # here\n"),
    "comments on lines of their own": PLAIN.replace("    user: u", "\n        # who asks: me\n    user: u"),
    "a mark at the beginning": "---\n" + PLAIN,
    "a version directive": "%YAML 1.1\n---\n" + PLAIN,
    "a second document": PLAIN + "---\nkind: Other\n",
    "a document's end": PLAIN + "...\n",
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "no line end at the end": PLAIN.rstrip("\n"),
    "trailing spaces": PLAIN.replace("\n", "  \n"),
    "quotes": PLAIN.replace("hunter2", '"hunter2"').replace("shop", "'shop'"),
    "quotes inside quotes": PLAIN.replace("hunter2", "'it''s'").replace("shop", '"a\\x62c"'),
    "a number in quotes": PLAIN.replace("hunter2", '"12345"'),
    "a word in quotes": PLAIN.replace("hunter2", "'true'"),
    "a hash in text": PLAIN.replace("hunter2", "a#b:c"),
    "a hash after text": PLAIN.replace("hunter2", "a #b"),
    "an anchor and its alias": PLAIN.replace("name: c\n", "name: &c c\n").replace("cluster: c\n", "cluster: *c\n"),
    "a merge": PLAIN.replace("    cluster: c\n", "    <<: {cluster: c}\n"),
    "a tag": PLAIN.replace("hunter2", "!!str 123"),
    "a block of text": PLAIN.replace(" Y2E=", " |\n      Y2\n      E="),
    "a folded block": PLAIN.replace(" hunter2", " >-\n      hunter2"),
    "text in two lines": PLAIN.replace("hunter2", "hunter2\n      and more"),
    "text in the next line": PLAIN.replace(" hunter2", "\n      hunter2"),
    "quoted text in two lines": PLAIN.replace(" Y2E=", ' "Y2\\\n      E="'),
    "flow style": JSON.replace('"', "").replace("https:", "http:"),
    "JSON": JSON,
    "JSON with lines": JSON.replace(", ", ",\n    "),
    "JSON with escapes": JSON.replace('"user": {}', '"user": {"token": "\\u0061\\u00e9"}'),
    "JSON with nulls": JSON.replace('"user": {}', '"user": {"token": null, "exec": null}'),
    "JSON with a key twice": JSON.replace('"user": {}', '"user": {"token": "a", "token": "b"}'),
    "nulls": PLAIN.replace("preferences: {}", "preferences:\nextensions: null").replace("shop", "~"),
    "an empty list": PLAIN.replace("preferences: {}", "extensions: []"),
    "letters that are not ASCII": PLAIN.replace(": k\n", ": kü\n"),
    "a byte order mark": "\ufeff" + PLAIN,
    "a date": PLAIN.replace("hunter2", "2026-08-01"),
    "an address as a name": PLAIN.replace(": c\n", ": 10.0.0.1\n"),
    "digits and letters": PLAIN.replace("hunter2", "0a1g"),
    "hex digits": PLAIN.replace("hunter2", "8bdbfafcf35dd97b"),
    "hex digits with an e": PLAIN.replace("hunter2", "8e5b"),
    "a quoted key": PLAIN.replace("    token:", '    "token":'),
    "a question mark": PLAIN.replace("    token: hunter2", "    ? token\n    : hunter2"),
    "spaces before the colon": PLAIN.replace("token:", "token :"),
    "more spaces after the dash": PLAIN.replace("- name: u\n  user:\n  ", "-   name: u\n    user:\n    "),
    "an unknown field": PLAIN + "more:\n  of: [1, 2.5, {a: b}]\n",
    "an empty user": with_user("    {}\n"),
    "no user at all": with_user(""),
    "impersonation": with_user("    token: t\n    as: zoe\n    as-groups: [a]\n"),
    "basic": with_user("    username: ann\n    password: p w\n"),
}  # fmt: skip
"""What kubectl reads."""

REFUSED = {
    "a tab": PLAIN.replace("    token:", "\ttoken:"),
    "a number": PLAIN.replace("hunter2", "12345"),
    "a truth": PLAIN.replace("hunter2", "true"),
    "a list for text": PLAIN.replace("hunter2", "\n    - hunter2"),
    "a map for text": PLAIN.replace("hunter2", "\n      hunter2: hunter3"),
    "text for a map": PLAIN.replace("\n  user:\n    token: hunter2", "\n  user: hunter2"),
    "a colon in text": PLAIN.replace("hunter2", "hunter2: x"),
    "too far in": PLAIN.replace("    token:", "    username: x\n      token:"),
    "too far out": PLAIN.replace("    user: u", "   user: u"),
    "an unknown alias": PLAIN.replace("hunter2", "*hunter2"),
    "a tag with a handle": PLAIN.replace("hunter2", "!hunter!2"),
    "text that is no bool": PLAIN.replace("hunter2", "!!bool hunter2"),
    "text that is no time": PLAIN.replace("hunter2", "!!timestamp hunter2"),
    "an open quote": PLAIN.replace("hunter2", '"hunter2'),
    "text after a quote": PLAIN.replace("hunter2", '"hunter2" x'),
    "a reserved letter": PLAIN.replace("hunter2", "@hunter2"),
    "a map and a list": PLAIN.replace("- name: u", "a: b\n- name: u"),
    "text between": PLAIN.replace("users:", "users\nusers:"),
}
"""What kubectl refuses, and so do we, without repeating a line: it may hold a credential."""


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_it_is_read_as_kubectl_reads_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content, encoding="utf-8")

    ours = load_connection(ConnectionFlags(kubeconfig=str(path)), environ={}, home=tmp_path)

    seen, wanted = entries_of(ours), kubectl_view(tmp_path, str(path), None)
    kubectls_alone = {"user exec", "user as", "user as-groups"}
    assert seen == {name: value for name, value in wanted.items() if name not in kubectls_alone}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_kubectl_refuses_is_refused_without_its_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content, encoding="utf-8")
    view = subprocess.run([KUBECTL, "config", "view", f"--kubeconfig={path}"], capture_output=True, check=False)

    with pytest.raises(InventoryError) as failure:
        load_connection(ConnectionFlags(kubeconfig=str(path)), environ={}, home=tmp_path)

    assert view.returncode != 0
    assert "hunter" not in failure.value.message
    assert "~/config" in failure.value.message


def test_a_tag_is_refused_by_its_line_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(PLAIN.replace("hunter2", "!hunter2"))
    with pytest.raises(InventoryError) as failure:
        load_connection(ConnectionFlags(kubeconfig=str(path)), environ={}, home=tmp_path)
    assert failure.value.message == "kubeconfig ~/config is not YAML: a tag or a key that is not used here on line 19"


@pytest.mark.parametrize("content", [*READ.values(), *REFUSED.values()], ids=[*READ, *REFUSED])
def test_both_ways_to_read_it_give_the_same(tmp_path: Path, content: str) -> None:
    """A letter that is not ASCII, in a comment too, makes any file one for the YAML library."""
    said: list[Connection | str] = []
    for end in ("", "\n# \u00e9\n"):
        path = tmp_path / "config"
        path.write_text(content + end, encoding="utf-8")
        try:
            said.append(load_connection(ConnectionFlags(kubeconfig=str(path)), environ={}, home=tmp_path))
        except InventoryError as error:
            said.append(error.message.partition(" on line ")[0])

    assert said[0] == said[1]


def test_what_kubectl_writes_needs_no_yaml_library(tmp_path: Path) -> None:
    for content in (PLAIN, with_user(EXEC), JSON):
        path = tmp_path / "config"
        path.write_text(content, encoding="utf-8")
        written = subprocess.run(
            [KUBECTL, "config", "view", "--raw", f"--kubeconfig={path}"], capture_output=True, check=True
        ).stdout
        assert read_plain_yaml(written) == without_nulls(yaml.safe_load(written))


@pytest.mark.parametrize("content", [PLAIN, with_user(EXEC)], ids=["a token", "an exec plugin"])
def test_no_slip_of_the_pen_is_read_as_something_else(content: str) -> None:
    """A letter too many or a line missing, anywhere: the YAML library says the same, or is asked."""
    read = 0
    for spoilt in slips(content):
        plain = read_plain_yaml(spoilt.encode())
        if plain is not None:
            read += 1
            assert plain == without_nulls(yaml.load(spoilt, yaml.SafeLoader)), spoilt

    assert read > 100


def slips(content: str) -> list[str]:
    lines = content.split("\n")
    missing = ["\n".join(lines[:n] + lines[n + 1 :]) for n in range(len(lines))]
    twice = ["\n".join([*lines[:n], lines[n], *lines[n:]]) for n in range(len(lines))]
    more = [
        content[:at] + slip + content[at:]
        for at in range(0, len(content), 3)
        for slip in (" ", "  ", ":", ": ", " #", "-", "- ", "'", '"', "\n", "\n  ", "0", "~", "&", "\t", "\\")
    ]
    return missing + twice + more


def without_nulls(node: object) -> Node:
    """A document as Go reads it: null is absent."""
    if isinstance(node, dict):
        return {str(key): without_nulls(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [without_nulls(item) for item in node]
    assert isinstance(node, str | bool), node
    return node
