"""Kubeconfigs and flags: the real kubectl says what is right."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from kubectl_inventory.boundary.policy import Limits
from kubectl_inventory.clock import ticks_s
from kubectl_inventory.connection.kube import open_cluster
from kubectl_inventory.connection.kubeconfig import (
    Connection,
    ConnectionFlags,
    load_connection,
    resolve_credentials,
)
from kubectl_inventory.errors import InventoryError, KubeconfigError, UnknownContext
from kubectl_inventory.resource import Question, checked_path
from tests.live_api import Exchange, LiveApi

V1 = "client.authentication.k8s.io/v1"
KUBECTL = Path(sys.executable).parent / "kubectl"
ONE = """
apiVersion: v1
kind: Config
current-context: dev
contexts:
- {name: dev, context: {cluster: c1, user: u1, namespace: shop}}
- {name: prod, context: {cluster: c2, user: u2}}
clusters:
- {name: c1, cluster: {server: "https://10.0.0.1:6443", certificate-authority: pki/ca.crt}}
- {name: c2, cluster: {server: "https://10.0.0.2:6443/prefix", certificate-authority-data: Y2E=}}
users:
- {name: u1, user: {client-certificate: pki/cert.crt, client-key: ../one/pki/cert.key}}
- {name: u2, user: {token: t2, exec: null}}
"""
TWO = """
current-context: other
contexts:
- {name: other, context: {cluster: c3, user: u3}}
- {name: prod, context: {cluster: c3, user: u3}}
clusters:
- {name: c3, cluster: {server: "https://10.0.0.3", insecure-skip-tls-verify: true, tls-server-name: k8s}}
- {name: c2, cluster: {server: "https://wrong"}}
users:
- {name: u3, user: {username: ann, password: pw}}
- {name: u2, user: {token: wrong}}
extra: [1, 2]
"""
NO_CURRENT = ONE.replace("current-context: dev", "current-context: ''")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the files of all cases, and no ~/.kube/config."""
    for name, content in {
        "one/config": ONE,
        "two/config": TWO,
        "none/config": NO_CURRENT,
        "empty": "",
    }.items():
        write(tmp_path / name, content)
    for name in ("ca.crt", "cert.crt", "cert.key"):
        write(tmp_path / "one" / "pki" / name, f"content of {name}")
    return tmp_path


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def load(home: Path, environ: dict[str, str] | None = None, **flags: Any) -> Connection:
    return load_connection(ConnectionFlags(**flags), environ=environ or {}, home=home)


def failure_of(home: Path, environ: dict[str, str] | None = None, /, **flags: Any) -> InventoryError:
    with pytest.raises(InventoryError) as caught:
        load(home, environ, **flags)
    assert "\n" not in caught.value.message
    return caught.value


def one_line(home: Path, content: str) -> str:
    return failure_of(home, kubeconfig=str(write(home / "odd", content))).message


# --- files, compared with kubectl config view -------------------------------------------


@pytest.mark.parametrize(
    ("kubeconfig", "context"),
    [
        ("one/config", None),
        ("one/config", "prod"),
        ("one/config:two/config", None),
        ("one/config:two/config", "prod"),
        ("one/config:two/config", "other"),
        ("two/config:one/config", None),
        ("two/config:one/config", "prod"),
        (":one/config:", None),
        ("missing:one/config", None),
        ("one/config:missing:one/config", None),
        ("empty:two/config", None),
        ("none/config:two/config", None),
        ("none/config", "prod"),
    ],
)
def test_files_are_merged_as_kubectl_merges_them(home: Path, kubeconfig: str, context: str | None) -> None:
    variable = ":".join(str(home / name) if name else "" for name in kubeconfig.split(":"))
    ours = load(home, {"KUBECONFIG": variable}, context=context)
    assert entries_of(ours) == kubectl_view(home, variable, context)


def test_the_default_is_the_file_in_the_home(home: Path) -> None:
    write(home / ".kube" / "config", TWO)
    ours = load(home)
    assert entries_of(ours) == kubectl_view(home, "", None)
    assert ours.source == "~/.kube/config"


def test_a_kubeconfig_variable_of_separators_replaces_the_default(home: Path) -> None:
    write(home / ".kube" / "config", TWO)
    assert failure_of(home, {"KUBECONFIG": "::"}).message.startswith("no kubeconfig: KUBECONFIG names no file")


def kubectl_view(home: Path, variable: str, context: str | None) -> dict[str, object]:
    command = [str(KUBECTL), "config", "view", "--minify", "--flatten", "--raw", "-o", "json"]
    command += ["--context", context] if context else []
    environ = {"HOME": str(home), **({"KUBECONFIG": variable} if variable else {})}
    view = json.loads(subprocess.run(command, env=environ, check=True, capture_output=True).stdout)
    (context_entry,), (cluster,), (user,) = view["contexts"], view["clusters"], view["users"]
    return {
        "context": view["current-context"],
        "namespace": context_entry["context"].get("namespace", ""),
        "cluster": cluster["name"],
        "user": user["name"],
        **{f"cluster {name}": value for name, value in cluster["cluster"].items()},
        **{f"user {name}": value for name, value in user["user"].items()},
    }


def entries_of(ours: Connection) -> dict[str, object]:
    """Our connection in the words of `kubectl config view --flatten`."""

    def inline(given: bytes, file: str) -> str:
        return base64.b64encode(given or (Path(file).read_bytes() if file else b"")).decode()

    optional = {
        "cluster certificate-authority-data": inline(ours.ca_data, ours.ca_file),
        "cluster insecure-skip-tls-verify": ours.insecure_skip_tls_verify,
        "cluster tls-server-name": ours.tls_server_name,
        "user client-certificate-data": inline(ours.client_certificate_data, ours.client_certificate_file),
        "user client-key-data": inline(ours.client_key_data, ours.client_key_file),
        "user token": ours.token,
        "user username": ours.username,
        "user password": ours.password,
    }
    return {
        "context": ours.context,
        "namespace": ours.namespace,
        "cluster": ours.cluster,
        "user": ours.user,
        "cluster server": ours.server,
        **{name: value for name, value in optional.items() if value},
    }


# --- flags, compared with what kubectl sends --------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[LiveApi]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "k8s.local").configure_cert(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    authority.configure_trust(context)
    with LiveApi(lambda exchange: exchange.reply(body=b'{"major":"1"}'), tls=context) as server:
        yield server


@pytest.fixture
def files(tmp_path: Path, authority: trustme.CA, server: LiveApi) -> Path:
    """A kubeconfig of the server with a user of every sort."""
    leaf = authority.issue_cert("ann")
    write(tmp_path / "ca", authority.cert_pem.bytes().decode())
    write(tmp_path / "other-ca", trustme.CA().cert_pem.bytes().decode())
    write(tmp_path / "cert", leaf.cert_chain_pems[0].bytes().decode())
    write(tmp_path / "key", leaf.private_key_pem.bytes().decode())
    write(tmp_path / "token", "from-file\n")
    printed = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "x"},
    }
    plugin = write(tmp_path / "bin" / "plugin", f"#!/bin/sh\necho '{json.dumps(printed)}'\n")
    plugin.chmod(0o755)
    execs = {
        "command": "bin/plugin",
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
    }
    users = {
        "token": {"token": "t"},
        "file": {"tokenFile": "token"},
        "both": {"token": "t", "tokenFile": "token"},
        "basic": {"username": "ann", "password": "pw"},
        "cert": {"client-certificate": "cert", "client-key": "key"},
        "certtoken": {"client-certificate": "cert", "client-key": "key", "token": "t"},
        "exec": {"exec": execs},
        "exectoken": {"exec": execs, "token": "t"},
        "as": {
            "token": "t",
            "as": "zoe",
            "as-groups": ["a", "b"],
            "as-uid": "7",
            "as-user-extra": {"k/x": ["1", "2"]},
        },
        "nobody": {},
    }
    clusters = {
        "good": {"server": server.url, "certificate-authority": "ca"},
        "wrong": {"server": server.url, "certificate-authority": "other-ca"},
        "named": {"server": server.url, "certificate-authority": "ca", "tls-server-name": "k8s.local"},
        "misnamed": {"server": server.url, "certificate-authority": "ca", "tls-server-name": "else"},
        "insecure": {"server": server.url, "insecure-skip-tls-verify": True},
        "plain": {"server": f"127.0.0.1:{server.port}"},
    }
    contexts = [{"name": user, "context": {"cluster": "good", "user": user}} for user in users]
    write(
        tmp_path / "config",
        json.dumps(
            {
                "current-context": "token",
                "contexts": contexts,
                "clusters": [{"name": name, "cluster": cluster} for name, cluster in clusters.items()],
                "users": [{"name": name, "user": user} for name, user in users.items()],
            }
        ),
    )
    return tmp_path


@pytest.mark.parametrize(
    "typed",
    [
        "--context=token",
        "--context=file",
        "--context=both",
        "--context=basic",
        "--context=cert",
        "--context=certtoken",
        "--context=exec",
        "--context=exectoken",
        "--context=as",
        "--context=exec --token=typed",
        "--context=cert --token=typed",
        "--context=nobody --token=typed",
        "--user=basic",
        "--user=file",
        "--cluster=named",
        "--cluster=misnamed",
        "--cluster=misnamed --tls-server-name=k8s.local",
        "--cluster=insecure",
        "--cluster=wrong",
        "--cluster=wrong --insecure-skip-tls-verify",
        "--cluster=wrong --certificate-authority=DIR/ca",
        "--cluster=insecure --certificate-authority=DIR/ca",
        "--cluster=insecure --certificate-authority=DIR/other-ca",
        "--certificate-authority=DIR/ca --insecure-skip-tls-verify",
        "--cluster=misnamed --server=URL",
        "--server=URL/prefix/",
        "--as=zoe",
        "--as=zoe --as-group=a --as-group=b --as-uid=7 --as-user-extra=k=1 --as-user-extra=k=2",
        "--context=as --as=eve",
        "--context=as --as-user-extra=k=3",
        "--as-group=a",
        "--context=nobody --client-certificate=DIR/cert --client-key=DIR/key",
        "--context=nobody --client-certificate=DIR/cert",
        "--context=cert --client-key=DIR/token",
    ],
)
def test_flags_and_entries_send_what_kubectl_sends(files: Path, server: LiveApi, typed: str) -> None:
    words = typed.replace("DIR", str(files)).replace("URL", server.url).split()
    assert sent_by_us(files, server, words) == sent_by_kubectl(files, server, words)


def sent_by_kubectl(files: Path, server: LiveApi, words: list[str]) -> object:
    server.asked.clear()
    command = [str(KUBECTL), "get", "--raw", "/version", f"--kubeconfig={files / 'config'}", *words]
    environ = {"HOME": str(files), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(command, env=environ, capture_output=True, check=False)
    return identity_of(server.asked) if ended.returncode == 0 else "refused"


def sent_by_us(files: Path, server: LiveApi, words: list[str]) -> object:
    server.asked.clear()
    try:
        connection = load(files, kubeconfig=str(files / "config"), **flags_of(words))
        cluster = open_cluster(resolve_credentials(connection, timeout_s=10), Limits(), end_s=ticks_s() + 10)
        with contextlib.closing(cluster):
            cluster.read(Question(path=checked_path("/version")))
    except InventoryError:
        return "refused"
    return identity_of(server.asked)


def flags_of(words: list[str]) -> dict[str, Any]:
    names = {"as": "as_user", "as_group": "as_groups"}
    flags: dict[str, Any] = {}
    for word in words:
        name, equals, value = (
            word.removeprefix("--").replace("-", "_", word.partition("=")[0].count("-") - 2).partition("=")
        )
        name = names.get(name, name)
        if name in ("as_groups", "as_user_extra"):
            flags[name] = (*flags.get(name, ()), value)
        else:
            flags[name] = value if equals else True
    return flags


def identity_of(asked: list[Exchange]) -> object:
    """Path, who is shown by headers, and who by the certificate."""
    (sent,) = asked
    headers = sorted(
        (name, value) for name, value in sent.headers if name == "authorization" or name.startswith("impersonate")
    )
    return sent.path, headers, sent.client_certificate


def test_credentials_are_not_sent_to_a_plain_server(files: Path) -> None:
    for user in ("token", "file", "basic", "cert", "exec", "as"):
        ours = load(files, kubeconfig=str(files / "config"), cluster="plain", user=user)
        assert ours.server.startswith("http://") and not ours.has_static_credential and ours.exec_plugin is None
    assert ours.as_user == "zoe"


def test_a_typed_token_wins_over_what_does_not_contradict_it(files: Path) -> None:
    for user in ("token", "file", "both", "exec"):
        ours = load(files, kubeconfig=str(files / "config"), user=user, token="typed")
        assert (ours.token, ours.token_file) == ("typed", "")
        assert resolve_credentials(ours, timeout_s=1) == ours


# --- what cannot be used ----------------------------------------------------------------


def test_no_kubeconfig_says_where_one_was_looked_for(home: Path) -> None:
    failure = failure_of(home)
    assert failure.message == (
        "no kubeconfig: KUBECONFIG is not set, ~/.kube/config does not exist, and this is not a pod"
    )
    assert failure.hint == "--kubeconfig FILE, or your provider's log-in command, which writes one"
    assert failure.exit_code == 1


def test_a_kubeconfig_that_was_typed_must_exist(home: Path) -> None:
    assert failure_of(home, kubeconfig=str(home / "nope")).message == "kubeconfig ~/nope does not exist"


@pytest.mark.parametrize("home", [Path("/"), Path()])
def test_a_home_that_is_no_folder_of_its_own_is_not_told_as_one(home: Path) -> None:
    assert failure_of(home, kubeconfig="/nowhere/config").message == "kubeconfig /nowhere/config does not exist"
    assert failure_of(home, kubeconfig="nowhere/config").message == "kubeconfig nowhere/config does not exist"


def test_a_kubeconfig_flag_without_a_value_is_none(home: Path) -> None:
    variable = {"KUBECONFIG": str(home / "one" / "config")}
    assert load(home, variable, kubeconfig="").source == "~/one/config"


def test_missing_files_of_the_variable_are_told_when_none_is_there(home: Path) -> None:
    message = failure_of(home, {"KUBECONFIG": "/nope/a:/nope/b"}).message
    assert message == "no kubeconfig: KUBECONFIG=/nope/a:/nope/b do not exist, and this is not a pod"


def test_an_unknown_context_is_a_mistake_in_typing_with_a_near_match(home: Path) -> None:
    failure = failure_of(home, kubeconfig=str(home / "one/config"), context="prdo")
    assert isinstance(failure, UnknownContext) and failure.exit_code == 2
    assert failure.message == 'context "prdo" is not in ~/one/config, did you mean "prod"?'


@pytest.mark.parametrize("noun", ["context", "cluster", "user"])
def test_an_unknown_name_without_a_near_match_says_what_lists_them(home: Path, noun: str) -> None:
    failure = failure_of(home, None, kubeconfig=str(home / "one/config"), **{noun: "zzzzzz"})
    assert isinstance(failure, UnknownContext)
    assert failure.message == f'{noun} "zzzzzz" is not in ~/one/config'
    assert failure.hint == f'"kubectl config get-{noun}s" lists the {noun}s'


def test_no_current_context_names_the_contexts(home: Path) -> None:
    failure = failure_of(home, kubeconfig=str(home / "none/config"))
    assert failure.message == "no current-context in ~/none/config"
    assert failure.hint == "--context NAME: dev, prod"


def test_a_current_context_that_is_not_there_is_told(home: Path) -> None:
    message = one_line(home, "current-context: gone\ncontexts: [{name: a, context: {cluster: c}}]")
    assert message == 'current-context "gone" of ~/odd is not among its contexts'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "is not YAML"),
        ("\x00\x01", "cannot be read as YAML"),
        ("- just\n- a list", "Expected `object`, got `array`"),
        (
            "users: [{name: u, user: {token: 12345}}]",
            "Expected `str`, got `int` - at `$.users[0].user.token`",
        ),
        ("clusters: {a: b}", "at `$.clusters`"),
        ("kind: Deployment", "is not a kubeconfig: its kind is 'Deployment'"),
        ("users: [{name: u, user: {}}, {name: u, user: {}}]", 'two entries for user "u"'),
        ("[" * 5000, "kubeconfig ~/odd"),
    ],
)
def test_a_broken_file_is_told_in_one_line(home: Path, content: str, words: str) -> None:
    assert words in one_line(home, content)


def test_a_broken_file_does_not_leak_its_line(home: Path) -> None:
    assert "hunter2" not in one_line(home, "users:\n- name: u\n  user: {token: hunter2\n x: - y")


def test_a_directory_and_a_file_too_large_are_refused(home: Path) -> None:
    assert failure_of(home, kubeconfig=str(home)).message.startswith("cannot read kubeconfig")
    large = home / "large"
    with large.open("wb") as stream:
        stream.truncate(17 << 20)
    assert "larger than 16 MiB" in failure_of(home, kubeconfig=str(large)).message


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("{token: t, username: u, password: p}", "only one is allowed"),
        ("{client-certificate-data: eA==}", "without a key"),
        (
            "{client-certificate-data: '&', client-key-data: eA==}",
            'client-certificate-data of user "u" is not base64',
        ),
        (
            "{client-certificate: c, client-certificate-data: eA==, client-key: k}",
            "both client-certificate and client-certificate-data",
        ),
        ("{client-certificate: c, client-key: k, client-key-data: eA==}", "both client-key and client-key-data"),
        ("{as-groups: [a]}", "need --as"),
        ("{exec: {command: x}}", "needs command and apiVersion"),
        ("{exec: {command: x, apiVersion: y}, auth-provider: {name: oidc}}", "only one is allowed"),
        (f"{{exec: {{command: x, apiVersion: {V1}}}}}", "no interactiveMode"),
        (f"{{exec: {{command: x, apiVersion: {V1}, interactiveMode: Maybe}}}}", "interactiveMode 'Maybe'"),
        (f"{{exec: {{command: x, apiVersion: {V1}, interactiveMode: Never, env: [{{value: v}}]}}}}", "without a name"),
        (f"{{token: t, exec: {{command: x, apiVersion: {V1}alpha1}}}}", f"uses {V1}alpha1: not supported"),
        ("{tokenFile: f, username: u}", "both a token file and a user name"),
        ("{password: p}", "a password without a user name"),
        ("{token: t, auth-provider: {name: gcp}}", "which kubectl no longer has"),
        ("{token: t, auth-provider: {name: oidc, config: {client-id: c}}}", "has no idp-issuer-url"),
        ("{token: t, auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i'}}}", "has no client-id"),
    ],
)
def test_contradictions_that_kubectl_refuses_are_refused(home: Path, user: str, words: str) -> None:
    assert words in one_line(home, context_with("{server: 'https://x'}", user))


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ("{}", "has no server"),
        ("{server: 'ftp://x'}", "not an http or https URL"),
        ("{server: 'https://x:99999'}", "is not a URL"),
        ("{server: 'https://ann:hunter2@x'}", "not supported"),
        (
            "{server: 'https://x', insecure-skip-tls-verify: true, certificate-authority-data: eA==}",
            "exclude",
        ),
        (
            "{server: 'https://x', certificate-authority: ca, certificate-authority-data: eA==}",
            "both certificate-authority and certificate-authority-data",
        ),
        (
            "{server: 'https://x', proxy-url: 'socks4://ann:hunter2@p:1080'}",
            "socks4 proxies are not supported",
        ),
        ("{server: 'https://x', proxy-url: 'socks5h://p'}", "socks5h proxies are not supported"),
    ],
)
def test_a_server_that_cannot_be_asked_is_refused_without_its_password(home: Path, cluster: str, words: str) -> None:
    message = one_line(home, context_with(cluster, "{}"))
    assert words in message and "hunter2" not in message


def context_with(cluster: str, user: str) -> str:
    return (
        "current-context: k\ncontexts: [{name: k, context: {cluster: c, user: u}}]\n"
        f"clusters: [{{name: c, cluster: {cluster}}}]\nusers: [{{name: u, user: {user}}}]\n"
    )


# --- odd but right ----------------------------------------------------------------------


def test_a_server_may_be_typed_without_any_kubeconfig(home: Path) -> None:
    ours = load(home, server="https://[::1]:6443/", token="t")
    assert (ours.context, ours.server, ours.token, ours.shown_context) == (
        "",
        "https://[::1]:6443",
        "t",
        "::1",
    )


def test_a_servers_path_that_is_no_utf8_is_asked_for_byte_by_byte(home: Path) -> None:
    assert load(home, server="https://h/\udce9/", token="t").server == "https://h/%E9"


def test_dates_nulls_and_further_documents_are_read_as_kubectl_reads_them(home: Path) -> None:
    content = context_with(
        "{server: 'https://x', certificate-authority: null, extensions: null}", "{token: 2026-08-01}"
    )
    ours = load(home, kubeconfig=str(write(home / "odd", content + "---\nkind: Other\n")))
    assert ours.token == "2026-08-01" and ours.ca_file == ""


def test_in_a_pod_the_service_account_is_used_and_flags_still_count(tmp_path: Path) -> None:
    for name, content in {"token": "tok", "ca.crt": "ca", "namespace": "shop\n"}.items():
        write(tmp_path / "sa" / name, content)
    pod = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    ours = load_connection(ConnectionFlags(as_user="zoe"), environ=pod, home=tmp_path, service_account=tmp_path / "sa")
    assert (ours.server, ours.namespace, ours.as_user) == ("https://[fd00::1]:443", "shop", "zoe")
    assert (ours.token_file, ours.ca_file) == (str(tmp_path / "sa/token"), str(tmp_path / "sa/ca.crt"))


@pytest.mark.parametrize(
    ("environ", "namespace"),
    [
        ({}, ""),
        ({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}, "shop"),
        ({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "POD_NAMESPACE": "pay"}, "pay"),
        ({"POD_NAMESPACE": "pay"}, ""),
    ],
)
def test_ones_own_namespace_in_a_pod_is_the_pods(tmp_path: Path, environ: dict[str, str], namespace: str) -> None:
    account = tmp_path / "sa"
    for name, content in {"token": "tok", "namespace": "shop\n"}.items():
        write(account / name, content)
    entry = context_with("{server: 'https://x'}", "{token: t}")
    flags = ConnectionFlags(kubeconfig=str(write(tmp_path / "config", entry)))
    assert load_connection(flags, environ=environ, home=tmp_path, service_account=account).namespace == namespace
    if "KUBERNETES_SERVICE_HOST" in environ:
        ours = load_connection(ConnectionFlags(), environ=environ, home=tmp_path, service_account=account)
        assert (ours.context, ours.namespace) == ("in-cluster", namespace)


def test_a_kubeconfig_wins_over_the_pod(home: Path) -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert load(home, pod, kubeconfig=str(home / "one/config")).context == "dev"



def test_a_context_may_be_called_as_the_pods_own(home: Path) -> None:
    content = (
        "current-context: in-cluster\ncontexts: [{name: in-cluster, context: {user: ann}}]\n"
        "users: [{name: ann, user: {token: t0k, as: zoe}}]\n"
    )
    ours = load(home, kubeconfig=str(write(home / "odd", content)), server="https://h")
    assert (ours.context, ours.token, ours.as_user) == ("in-cluster", "t0k", "zoe")


def test_printing_shows_no_credential(files: Path) -> None:
    for user in ("token", "basic", "exec"):
        ours = load(files, kubeconfig=str(files / "config"), user=user)
        assert all(secret not in repr(ours) for secret in ("'t'", "pw", "PRIVATE"))
    assert "hunter2" not in repr(ConnectionFlags(token="hunter2"))


# --- proxies ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "environ", "proxy"),
    [
        ("https://x:6443", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://x:6443", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://x:6443", {"HTTP_PROXY": "http://p"}, ""),
        ("http://x", {"http_proxy": "http://p"}, "http://p:80"),
        ("https://x", {"HTTPS_PROXY": "http://a:b@[::2]:1", "https_proxy": "http://q"}, "http://a:b@[::2]:1"),
        ("https://x", {"HTTPS_PROXY": "https://a:b@p"}, "https://a:b@p:443"),
        ("https://x", {"HTTPS_PROXY": "socks5://p"}, "socks5://p:1080"),
        ("https://x", {"HTTPS_PROXY": "socks5h://p:9"}, "socks5://p:9"),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p"}, ""),
        ("https://127.8.0.1", {"HTTPS_PROXY": "http://p"}, ""),
        ("https://[::1]:6443", {"HTTPS_PROXY": "http://p"}, ""),
        ("https://x", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, ""),
        ("https://a.x.example", {"HTTPS_PROXY": "http://p", "NO_PROXY": "y, x.example"}, ""),
        ("https://x.example", {"HTTPS_PROXY": "http://p", "no_proxy": ".x.example"}, "http://p:80"),
        ("https://a.x.example", {"HTTPS_PROXY": "http://p", "no_proxy": "*.x.example"}, ""),
        ("https://ax.example", {"HTTPS_PROXY": "http://p", "no_proxy": "x.example"}, "http://p:80"),
        ("https://10.1.2.3", {"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://11.1.2.3", {"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, "http://p:80"),
        ("https://x:6443", {"HTTPS_PROXY": "http://p", "NO_PROXY": "x:6443"}, ""),
        ("https://x:6443", {"HTTPS_PROXY": "http://p", "NO_PROXY": "x:443"}, "http://p:80"),
    ],
)
def test_the_environments_proxy_follows_gos_rules(home: Path, server: str, environ: dict[str, str], proxy: str) -> None:
    assert load(home, environ, server=server).proxy_url == proxy


def test_the_kubeconfigs_proxy_wins_over_the_environments(home: Path) -> None:
    content = context_with("{server: 'https://127.0.0.1', proxy-url: 'http://mine:1'}", "{}")
    environ = {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}
    assert load(home, environ, kubeconfig=str(write(home / "odd", content))).proxy_url == "http://mine:1"


def test_a_typed_proxy_wins_over_the_kubeconfigs_and_the_environments(home: Path) -> None:
    content = context_with("{server: 'https://127.0.0.1', proxy-url: 'http://mine:1'}", "{}")
    path, environ = str(write(home / "odd", content)), {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}
    assert load(home, environ, kubeconfig=path, proxy_url="http://typed:2").proxy_url == "http://typed:2"


def test_a_typed_proxy_that_cannot_be_used_is_refused_without_its_password(home: Path) -> None:
    failure = failure_of(home, server="https://x", proxy_url="socks4://ann:hunter2@p:1080")
    assert failure.message == "proxy-url 'socks4://p:1080': socks4 proxies are not supported"


@pytest.mark.parametrize(
    ("entry", "flags", "expected"),
    [
        ("{}", {"username": "ann", "password": "pw"}, ("ann", "pw")),
        ("{username: bob, password: old}", {"password": "new"}, ("bob", "new")),
        ("{username: bob, password: old}", {"username": "ann"}, ("ann", "old")),
        (f"{{exec: {{command: x, apiVersion: {V1}, interactiveMode: Never}}}}", {"username": "ann"}, ("ann", "")),
    ],
)
def test_a_typed_user_name_and_password_replace_the_entrys(
    home: Path, entry: str, flags: dict[str, Any], expected: tuple[str, str]
) -> None:
    path = str(write(home / "odd", context_with("{server: 'https://x'}", entry)))
    ours = load(home, kubeconfig=path, **flags)
    assert (ours.username, ours.password) == expected
    assert ours.has_static_credential


def test_a_typed_user_name_beside_a_token_is_refused_as_by_kubectl(home: Path) -> None:
    path = str(write(home / "odd", context_with("{server: 'https://x'}", "{token: t}")))
    failure = failure_of(home, kubeconfig=path, username="ann", password="hunter2")
    assert failure.message == 'user "u" has both a token and a user name with password: only one is allowed'
    kubectl = subprocess.run(
        [KUBECTL, "--kubeconfig", path, "--username=ann", "--password=hunter2", "get", "ns"],
        env={"HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert kubectl.returncode == 1
    assert "only one is allowed" in kubectl.stderr


def test_a_missing_user_entry_is_told_unless_a_token_is_typed(home: Path) -> None:
    content = context_with("{server: 'https://x'}", "{}").replace("name: u,", "name: other,")
    with pytest.raises(KubeconfigError, match='names user "u", which no file has'):
        load(home, kubeconfig=str(write(home / "odd", content)))
    assert load(home, kubeconfig=str(home / "odd"), token="t").token == "t"
