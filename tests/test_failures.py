"""Each common failure (screens.md 11): its exact words, its hint and its exit code, as typed."""

from __future__ import annotations

import base64
import datetime
import os
import re
import ssl
from pathlib import Path

import pytest
import trustme

from kubectl_inventory.clock import now_iso
from kubectl_inventory.errors import TimedOut
from kubectl_inventory.reading.batch import Bounds
from kubectl_inventory.run import SideBySide
from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane, free_ports
from tests.controlplane.credentials import ADMIN
from tests.delay_proxy import delay_proxy, server_of, write_detour
from tests.live_api import Exchange, LiveApi

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
EXPIRED = datetime.datetime(2020, 7, 31, tzinfo=datetime.UTC)
LOG_IN = 'hint: log in again; "kubectl auth whoami" tells when it works'


def failed(screen: Screen, code: int) -> list[str]:
    """The lines on stderr of a run that printed nothing else and ended so."""
    assert (screen.code, screen.out) == (code, ""), screen.err
    assert "Traceback" not in screen.err
    return screen.err.splitlines()


def write_kubeconfig(path: Path, server: str, *, authority: bytes = b"", user: str = "") -> Path:
    """One context, `acme-eu1`, as one user, `acme-eu1-admin`."""
    trust = f"certificate-authority-data: {_inline(authority)}" if authority else "insecure-skip-tls-verify: true"
    path.write_text(
        f"""\
apiVersion: v1
kind: Config
current-context: acme-eu1
contexts: [{{name: acme-eu1, context: {{cluster: acme-eu1, user: acme-eu1-admin}}}}]
clusters: [{{name: acme-eu1, cluster: {{server: "{server}", {trust}}}}}]
users: [{{name: acme-eu1-admin, user: {{{user}}}}}]
"""
    )
    return path


def _inline(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_server_that_went_since_the_last_run_is_no_empty_answer(
    demo: ControlPlane, home: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    with delay_proxy(server_of(demo.kubeconfigs[ADMIN]), 0.0) as address:
        write_detour(demo.kubeconfigs[ADMIN], address, copy)
        typist = Typist(home, copy)
        assert typist.inventory("-q", "--allow-incomplete").code == 0
    for argv in ([], ["get", "-o", "json", "--allow-incomplete"], ["kinds"], ["health", "--allow-incomplete"]):
        lines = failed(typist.inventory(*argv), 1)
        assert len(lines) == 2
        assert re.fullmatch(r"error: cannot reach https://\S+ \(context demo\): connection refused", lines[0])


def test_a_proxy_that_is_not_there_is_not_taken_for_the_server(demo: ControlPlane, home: Path) -> None:
    (port,) = free_ports(1)
    typist = Typist(home, demo.kubeconfigs[ADMIN])
    for scheme in ("http", "socks5", "https"):
        lines = failed(typist.inventory(f"--proxy-url={scheme}://127.0.0.1:{port}"), 1)
        assert lines == [
            f"error: cannot reach {demo.server} (context demo): its proxy: connection refused",
            f"hint: the proxy is 127.0.0.1:{port}; NO_PROXY lists exceptions",
        ]


def test_a_server_that_does_not_say_what_there_is_in_time_is_named(home: Path, tmp_path: Path) -> None:
    with LiveApi(Exchange.hang) as server:
        typist = Typist(home, write_kubeconfig(tmp_path / "kubeconfig", server.url))
        assert failed(typist.inventory("--request-timeout", "300ms"), 1) == [
            f"error: {server.url} (context acme-eu1) did not say what there is: no answer in 0.3s",
            "hint: --request-timeout 30s gives each request longer, where it is far away or busy",
        ]


def test_a_run_whose_time_is_up_is_not_told_to_wait_longer_for_each_request() -> None:
    ended = SideBySide(Bounds({"one": 1}, {"probe": ("one",)}, 1), end_s=0.0)
    with pytest.raises(TimedOut) as caught:
        ended([lambda: None])
    assert caught.value.hint == "--deadline 10m gives the whole run longer"


@pytest.mark.parametrize(("argv", "named"), [(["pod", "web-0"], "pod web-0"), (["pod/web-0"], "pod/web-0")])
def test_an_objects_name_leads_to_kubectl(demo: ControlPlane, home: Path, argv: list[str], named: str) -> None:
    typist = Typist(home, demo.kubeconfigs[ADMIN])
    assert failed(typist.inventory("get", *argv), 2) == [
        f"error: the server doesn't have a resource type \"{argv[-1]}\"",
        f'hint: no object is read by its name here: "kubectl get {named}"',
    ]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


# --- the world is wrong: exit 1 ---------------------------------------------


def test_no_kubeconfig(home: Path) -> None:
    assert failed(Typist(home, None).inventory(), 1) == [
        "error: no kubeconfig: KUBECONFIG is not set, ~/.kube/config does not exist, and this is not a pod",
        "hint: --kubeconfig FILE, or your provider's log-in command, which writes one",
    ]


def test_connection_refused(home: Path) -> None:
    (port,) = free_ports(1)
    typist = Typist(home, write_kubeconfig(home / "config", f"https://127.0.0.1:{port}"))
    assert failed(typist.inventory(), 1) == [
        f"error: cannot reach https://127.0.0.1:{port} (context acme-eu1): connection refused",
        'hint: is the VPN up? "kubectl version" asks the same server',
    ]


def test_another_clusters_authority(demo: ControlPlane, home: Path) -> None:
    other = trustme.CA().cert_pem.bytes()
    typist = Typist(home, write_kubeconfig(home / "config", demo.server, authority=other))
    error, hint = failed(typist.inventory(), 1)
    assert error == (
        f"error: cannot reach {demo.server} (context acme-eu1): "
        "its certificate is not signed by the kubeconfig's certificate authority"
    )
    assert hint == "hint: is certificate-authority of another or an older cluster? nothing was sent"


def test_an_expired_client_certificate(authority: trustme.CA, home: Path) -> None:
    issued = authority.issue_cert("client.invalid", not_before=LONG_AGO, not_after=EXPIRED)
    user = (
        f"client-certificate-data: {_inline(issued.cert_chain_pems[0].bytes())}, "
        f"client-key-data: {_inline(issued.private_key_pem.bytes())}"
    )
    tls = serving(authority.issue_cert("127.0.0.1"))
    tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(tls)
    (home / ".kube").mkdir()
    with LiveApi(tls=tls) as server:
        write_kubeconfig(home / ".kube/config", server.url, authority=authority.cert_pem.bytes(), user=user)
        lines = failed(Typist(home, None).inventory(), 1)
    assert lines == [
        'error: client certificate of user "acme-eu1-admin" expired 2020-07-31 (~/.kube/config)',
        "hint: log in again or renew it; --user NAME or --token uses other credentials",
    ]


def test_an_expired_server_certificate(authority: trustme.CA, home: Path) -> None:
    issued = authority.issue_cert("127.0.0.1", not_before=LONG_AGO, not_after=EXPIRED)
    with LiveApi(tls=serving(issued)) as server:
        kubeconfig = write_kubeconfig(home / "config", server.url, authority=authority.cert_pem.bytes())
        lines = failed(Typist(home, kubeconfig).inventory(), 1)
        assert server.asked == []
    assert lines == [
        f"error: certificate of {server.url} expired 2020-07-31 (this machine's clock: {now_iso()[:10]})",
        "hint: the cluster's administrator renews it; nothing was sent",
    ]


def test_a_refused_token(demo: ControlPlane, home: Path) -> None:
    user = "token: not-a-token-of-this-cluster"
    kubeconfig = write_kubeconfig(home / "config", demo.server, authority=demo.ca_file.read_bytes(), user=user)
    assert failed(Typist(home, kubeconfig).inventory(), 1) == [
        f'error: {demo.server} refused the token of user "acme-eu1-admin" (401 Unauthorized)',
        LOG_IN,
    ]


def test_no_credential_is_ever_repeated(viewer: Typist) -> None:
    for argv in (["--token", "s3cr3t"], ["--token", "s3cr3t", "-v", "6"], ["--token", "s3cr3t", "--flg"]):
        screen = viewer.inventory(*argv)
        assert screen.code != 0
        assert "s3cr3t" not in screen.err + screen.out


def test_a_broken_kubeconfig(home: Path) -> None:
    broken = home / "config"
    broken.write_text("apiVersion: v1\nclusters: [\nusers: {\n")
    assert failed(Typist(home, broken).inventory(), 1) == [
        "error: kubeconfig ~/config is not YAML: did not find expected node content on line 4"
    ]


def test_a_server_that_is_no_api_server(home: Path) -> None:
    with LiveApi(lambda exchange: exchange.reply(body=b"<html>log in</html>")) as server:
        typist = Typist(home, write_kubeconfig(home / "config", server.url))
        (error, *_) = failed(typist.inventory(), 1)
    assert re.match(r"error: discovery of /apis?: the reply is not what the API promises", error)


# --- what was typed is wrong: exit 2 ----------------------------------------

TYPED = [
    (["--context", "dem"], 'error: context "dem" is not in {kubeconfig}, did you mean "demo"?', None),
    (
        ["get", "deploymnets"],
        'error: the server doesn\'t have a resource type "deploymnets", did you mean "deployments"?',
        None,
    ),
    (
        ["get", "xyzzy"],
        'error: the server doesn\'t have a resource type "xyzzy"',
        'hint: "kubectl inventory kinds" lists them',
    ),
    (
        ["--exclude", "deploymnets"],
        'error: the server doesn\'t have a resource type "deploymnets", did you mean "deployments"?',
        None,
    ),
    (["-n", "shpo"], 'error: namespace "shpo" not found in demo, did you mean "shop"?', None),
    (["-n", "xyzzy"], 'error: namespace "xyzzy" not found in demo', 'hint: "kubectl get namespaces" lists them'),
    (["-n", ""], "error: -n names no namespace", "hint: leave it out for the whole cluster"),
    (
        ["-n", "Bad_Name"],
        'error: "Bad_Name" cannot be a namespace: lower-case letters, digits and "-", at most 63',
        None,
    ),
    (["--by", "nonsense"], 'error: cannot count by "nonsense"', "hint: kind, namespace, label=KEY"),
    (
        ["--by", "namespaces"],
        'error: cannot count by "namespaces", did you mean "namespace"?',
        "hint: kind, namespace, label=KEY",
    ),
    (
        ["get", "pods", "-o", "jsn"],
        'error: unknown output format "jsn", did you mean "json"?',
        "hint: csv, custom-columns=, custom-columns-file=, json, jsonpath=, jsonpath-as-json=, jsonpath-file=, "
        "markdown, name, ndjson, table, wide, yaml",
    ),
    (
        ["--namespce", "shop"],
        'error: unknown flag: --namespce, did you mean "--namespace"?',
        'hint: "kubectl inventory --help"',
    ),
    (["get", "--flg"], "error: unknown flag: --flg", 'hint: "kubectl inventory get --help"'),
    (
        ["gte"],
        'error: unknown command "gte" for "kubectl inventory", did you mean "get"?',
        'hint: "kubectl inventory --help"',
    ),
    (
        ["pods"],
        'error: unknown command "pods" for "kubectl inventory"',
        'hint: "kubectl inventory --help"; "kubectl inventory get TYPE" lists a kind',
    ),
    (
        ["policy", "chek"],
        'error: unknown command "chek" for "kubectl inventory policy", did you mean "check"?',
        'hint: "kubectl inventory policy --help"',
    ),
    (
        ["--request-timeout", "0"],
        "error: invalid value for '--request-timeout': "
        "every request has an end here: 0 (never) is not possible, name a longer time",
        'hint: "kubectl inventory --help"',
    ),
    (
        ["get", "-l", "bad selector!!"],
        "error: the server cannot read the selector: "
        "unable to parse requirement: found 'selector', expected: in, notin, =, ==, !=, gt, lt",
        None,
    ),
    (
        ["--field-selector", "a"],
        "error: the server cannot read the selector: invalid selector: 'a'; can't understand 'a'",
        None,
    ),
]


@pytest.mark.parametrize(("argv", "error", "hint"), TYPED)
def test_what_was_typed_wrongly_is_exit_2(admin: Typist, argv: list[str], error: str, hint: str | None) -> None:
    lines = failed(admin.inventory(*argv), 2)
    assert lines == [line.format(kubeconfig=admin.kubeconfig) for line in (error, hint) if line is not None]


@pytest.mark.parametrize(
    "argv",
    [["-n", "Bad_Name"], ["-n", ""], ["get", "-o", "jsn"], ["--by", "x"], ["--request-timeout", "0"], ["gte"]],
)
def test_nothing_is_asked_before_the_words_are_understood(
    demo: ControlPlane, admin: Typist, argv: list[str]
) -> None:
    mark = demo.audit.mark()
    admin.inventory(*argv)
    asked = [event.request_uri for event in demo.audit.since(mark)]
    assert [uri for uri in asked if not uri.startswith(("/api?", "/apis?"))] == []


def test_a_field_that_a_kind_does_not_know_is_that_kinds_gap(admin: Typist) -> None:
    screen = admin.inventory("get", "pods,deploy", "--field-selector", "status.phase=Running", "-o", "name")
    assert screen.code == 3
    assert screen.lines
    assert all(line.startswith("pod/") for line in screen.lines)
    assert '  1 kind   Failed   deployments.apps: "status.phase" is not a known field selector' in screen.err


def test_a_namespace_that_may_not_be_checked_is_asked_all_the_same(nobody: Typist) -> None:
    screen = nobody.inventory("-n", "shpo")
    assert screen.code == 3
    assert 'warning: cannot check that namespace "shpo" exists' in screen.err.splitlines()


# --- the policy -------------------------------------------------------------


def a_policy(home: Path, rules: str) -> str:
    file = home / "policy.yaml"
    file.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{rules}\n")
    return str(file)


@pytest.mark.parametrize(
    "rules", ["limits: {workers: 0}", "resources: {denny: [secrets]}", "limits: 3", "{", "a: b: c"]
)
def test_a_policy_with_errors_is_exit_2_and_asks_nothing(
    demo: ControlPlane, admin: Typist, tmp_path: Path, rules: str
) -> None:
    mark = demo.audit.mark()
    lines = failed(admin.inventory("--policy", a_policy(tmp_path, rules)), 2)
    assert lines[0].startswith("error: ")
    assert demo.audit.since(mark) == []


@pytest.mark.parametrize("rules", ['resources: {deny: ["*"]}', "resources: {allow: []}"])
@pytest.mark.parametrize("command", [[], ["get"], ["get", "-o", "json"], ["kinds"]])
def test_a_policy_that_denies_everything_says_so(
    demo: ControlPlane, admin: Typist, tmp_path: Path, rules: str, command: list[str]
) -> None:
    mark = demo.audit.mark()
    screen = admin.inventory(*command, "--policy", a_policy(tmp_path, rules))
    assert "Traceback" not in screen.err
    assert "error: a bug" not in screen.err
    assert "withheld" in (screen.err + screen.out).lower() or "denie" in screen.err
    asked = [event.request_uri.partition("?")[0] for event in demo.audit.since(mark)]
    assert set(asked) <= {"/api", "/apis"}


# --- discovery's cache, with real runs --------------------------------------


@pytest.fixture
def cache_file(admin: Typist) -> Path:
    """The file that a first run leaves."""
    admin.inventory("get", "nodes", "-o", "name")
    (file,) = (admin.home / ".kube/cache/inventory").iterdir()
    return file


def discovery_asked(plane: ControlPlane, typist: Typist, *argv: str) -> list[int]:
    """The statuses of the discovery requests that a run made; it must be right, too."""
    mark = plane.audit.mark()
    screen = typist.inventory("get", "nodes", "-o", "name", "-q", *argv)
    assert (screen.code, screen.err, len(screen.lines)) == (0, "", 6)
    return [
        event.response_status.code if event.response_status is not None else 0
        for event in plane.audit.since(mark)
        if event.request_uri.partition("?")[0] in ("/api", "/apis")
    ]


def test_within_30_seconds_discovery_is_remembered(demo: ControlPlane, admin: Typist, cache_file: Path) -> None:
    assert discovery_asked(demo, admin) == []


def test_cache_seconds_0_asks_again_and_nothing_changed(
    demo: ControlPlane, admin: Typist, cache_file: Path, tmp_path: Path
) -> None:
    policy = a_policy(tmp_path, "discovery: {cacheSeconds: 0}")
    assert discovery_asked(demo, admin, "--policy", policy) == [304, 304]


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"\xff\xfe", b'{"format":1}', b"[" * 100_000])
def test_a_corrupt_cache_is_asked_anew_and_mended(
    demo: ControlPlane, admin: Typist, cache_file: Path, content: bytes
) -> None:
    cache_file.write_bytes(content)
    assert discovery_asked(demo, admin) == [200, 200]
    assert discovery_asked(demo, admin) == []


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_a_cache_that_others_may_write_is_not_trusted(
    demo: ControlPlane, admin: Typist, cache_file: Path, mode: int
) -> None:
    cache_file.chmod(mode)
    assert discovery_asked(demo, admin) == [200, 200]
    assert cache_file.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_is_a_link_is_neither_followed_nor_written_through(
    demo: ControlPlane, admin: Typist, cache_file: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    cache_file.rename(elsewhere)
    before = elsewhere.read_bytes()
    cache_file.symlink_to(elsewhere)
    assert discovery_asked(demo, admin) == [200, 200]
    assert elsewhere.read_bytes() == before
    assert not cache_file.is_symlink()


def test_a_cache_of_another_user_is_not_trusted(demo: ControlPlane, admin: Typist, cache_file: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(cache_file, 54321, 54321)
    assert discovery_asked(demo, admin) == [200, 200]


def test_two_runs_at_once_both_are_right_and_leave_one_file(admin: Typist) -> None:
    both = "kubectl inventory get nodes -o name -q > {0}/1 & kubectl inventory get nodes -o name -q > {0}/2; wait"
    screen = admin.type("bash", "-c", both.format(admin.home))
    assert screen.err == ""
    assert len((admin.home / "1").read_text().splitlines()) == 6
    assert (admin.home / "1").read_bytes() == (admin.home / "2").read_bytes()
    assert len(list((admin.home / ".kube/cache/inventory").iterdir())) == 1


def test_each_user_has_a_cache_of_its_own(demo: ControlPlane, admin: Typist, cache_file: Path) -> None:
    assert discovery_asked(demo, admin, "--as", "somebody", "--as-group", "system:masters") == [200, 200]
    assert len(list(cache_file.parent.iterdir())) == 2
