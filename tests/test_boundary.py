"""The boundary, attacked: what the API server's own audit log says was asked, and what was written anywhere.

Read-only, never what the policy denies, never more at once than its limits, never a Secret's object.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from kubectl_inventory.judgement.closer import MOST_LOOKS
from tests.conftest import Screen, Typist
from tests.controlplane.audit import AuditEvent, most_in_flight
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.secrecy import SECRET_CANARY
from tests.oracle import Found, census

VIEWS = (
    (),
    ("--by", "namespace"),
    ("--by", "label=team"),
    ("--by", "namespace,kind"),
    ("get",),
    ("get", "-o", "wide"),
    ("get", "-o", "name"),
    ("get", "-o", "json"),
    ("get", "-o", "csv"),
    ("kinds",),
)
"""Every way to look at a whole cluster."""
EVERY_VIEW = pytest.mark.parametrize("view", VIEWS, ids=lambda view: " ".join(view) or "counts")


class Desk:
    """A typist, and what the server heard of it."""

    def __init__(self, plane: ControlPlane, typist: Typist, policy: Path) -> None:
        self._plane, self.typist, self._policy = plane, typist, policy

    def ask(
        self, *argv: str, rules: str = "", typist: Typist | None = None, env: Mapping[str, str] | None = None
    ) -> tuple[Screen, list[AuditEvent]]:
        """One run under a policy of these rules, and its requests as the server saw them."""
        self._policy.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{rules}\n")
        mark = self._plane.audit.mark()
        screen = (typist or self.typist).inventory(*argv, "--policy", str(self._policy), env=env)
        return screen, self._plane.audit.since(mark)


@pytest.fixture(scope="module")
def everything(demo: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """Every object of the cluster, as kubectl tells it."""
    return census(Typist(tmp_path_factory.mktemp("home"), demo.kubeconfigs["admin"]))


@pytest.fixture
def desk(demo: ControlPlane, admin: Typist, tmp_path: Path) -> Desk:
    """The administrator's: nothing but the policy stands between it and the cluster."""
    return Desk(demo, admin, tmp_path / "policy.yaml")


def listed(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """The requests for objects, discovery left out."""
    return [event for event in events if event.object_ref is not None and event.object_ref.resource]


def asked_kinds(events: Iterable[AuditEvent]) -> set[str]:
    """`plural.group` of everything that was asked for."""
    refs = [event.object_ref for event in listed(events) if event.object_ref is not None]
    return {f"{ref.resource}.{ref.api_group}".rstrip(".") for ref in refs}


def query(event: AuditEvent) -> dict[str, list[str]]:
    """What stands behind the question mark."""
    return parse_qs(urlsplit(event.request_uri).query)


def may_hold(event: AuditEvent, namespace: str) -> bool:
    """Whether the answer to a request for namespaced objects can hold some of `namespace`."""
    ref = event.object_ref
    if ref is None or not ref.resource:
        return False
    fields = ",".join(query(event).get("fieldSelector", [])).split(",")
    if ref.resource == "namespaces":
        return False
    return ref.namespace == namespace or (not ref.namespace and f"metadata.namespace!={namespace}" not in fields)


# --- read-only ---


@EVERY_VIEW
def test_nothing_is_sent_but_lists_of_collections(desk: Desk, view: Sequence[str]) -> None:
    screen, events = desk.ask(*view)
    assert screen.code == 3
    assert len(listed(events)) > 50
    assert {event.verb for event in listed(events)} == {"list"}
    refs = [event.object_ref for event in listed(events) if event.object_ref is not None]
    assert {(ref.name, ref.subresource) for ref in refs} == {("", "")}
    assert not [event for event in events if "watch" in query(event)]
    others = {urlsplit(event.request_uri).path for event in events if event not in listed(events)}
    assert others <= {"/api", "/apis", "/version"}


@pytest.mark.parametrize(
    "argv",
    [
        ("get", "pods/web"),
        ("get", "pods", "-n", "shop/pods"),
        ("get", "nodes/w1/proxy"),
        ("get", "pods", "-n", "../nodes"),
    ],
)
def test_no_objects_name_and_no_subresource_can_be_typed(desk: Desk, argv: Sequence[str]) -> None:
    screen, events = desk.ask(*argv)
    assert (screen.code, screen.out) == (2, "")
    assert listed(events) == []


# --- denied is never asked ---

KIND_RULES = {
    "literal": ("resources: {deny: [configmaps, databases.acme.example]}", {"configmaps", "databases.acme.example"}),
    "glob": ('resources: {deny: ["config*", "*.acme.example"]}', {"configmaps", "databases.acme.example"}),
    "allow": (
        "resources: {allow: [pods, deployments.apps, nodes]}",
        {"configmaps", "databases.acme.example", "events"},
    ),
    "one of two names": ("resources: {deny: [events.events.k8s.io]}", {"events", "events.events.k8s.io"}),
    "a short name": ("resources: {deny: [cm]}", {"configmaps"}),
}


@EVERY_VIEW
@pytest.mark.parametrize("rule", ["literal", "allow"])
def test_a_denied_kind_is_never_asked_by_any_view(desk: Desk, view: Sequence[str], rule: str) -> None:
    rules, denied = KIND_RULES[rule]
    _, events = desk.ask(*view, rules=rules)
    assert "pods" in asked_kinds(events)
    assert not asked_kinds(events) & denied


@pytest.mark.parametrize("rule", KIND_RULES)
def test_a_withheld_kind_is_named_with_its_rule(desk: Desk, rule: str) -> None:
    rules, denied = KIND_RULES[rule]
    screen, events = desk.ask("-o", "json", rules=rules)
    withheld = {f"{it['resource']}.{it['group']}".rstrip("."): it for it in json.loads(screen.out)["withheld"]}
    assert denied <= set(withheld)
    assert withheld[min(denied)]["source"].endswith("policy.yaml:3")
    assert not asked_kinds(events) & set(withheld)
    kinds = "1 kind" if len(withheld) == 1 else f"{len(withheld)} kinds"
    assert f"; {kinds} withheld by policy (" in screen.err


NAMESPACE_RULES = {
    "literal": ("namespaces: {deny: [pay, labs]}", {"pay", "labs"}),
    "glob": ('namespaces: {deny: ["p?y", "lab*"]}', {"pay", "labs", "labs-2"}),
    "allow": ('namespaces: {allow: [shop, "sea*"]}', {"pay", "labs", "kube-system", "default"}),
}


@EVERY_VIEW
@pytest.mark.parametrize("rule", NAMESPACE_RULES)
def test_nothing_of_a_denied_namespace_is_ever_asked_or_said(
    desk: Desk, everything: list[Found], view: Sequence[str], rule: str
) -> None:
    rules, denied = NAMESPACE_RULES[rule]
    screen, events = desk.ask(*view, rules=rules)
    plurals = {it.kind.plural for it in everything if it.namespace == "shop"}
    held = [event for event in listed(events) if event.object_ref is not None and event.object_ref.resource in plurals]
    assert [event for event in held if may_hold(event, "shop")]
    assert {event.request_uri for event in held for name in denied if may_hold(event, name)} == set()
    rows = {line.split()[0] for line in screen.lines if view[:1] == ("get",) and view[-1] in ("get", "wide")}
    assert not rows & denied
    assert "withheld by policy (" in screen.err


@pytest.mark.parametrize("rule", NAMESPACE_RULES)
def test_counts_leave_out_what_is_in_a_denied_namespace(desk: Desk, everything: list[Found], rule: str) -> None:
    rules, _ = NAMESPACE_RULES[rule]
    screen, _ = desk.ask("-o", "json", rules=rules)
    told = json.loads(screen.out)
    denied = {it["namespace"] for it in told["withheld"]}
    pods = [it for it in everything if it.kind.name == "pods"]
    allowed = [it for it in pods if it.namespace not in denied]
    counts = {it["resource"]: it["count"] for it in told["items"] if it["group"] == ""}
    assert counts["pods"] == len(allowed)
    assert 0 < len(allowed) < len(pods)


@pytest.mark.parametrize("rule", NAMESPACE_RULES)
def test_a_withheld_namespace_is_named_with_its_rule(desk: Desk, rule: str) -> None:
    rules, denied = NAMESPACE_RULES[rule]
    screen, _ = desk.ask("-o", "json", rules=rules)
    withheld = {it["namespace"]: it for it in json.loads(screen.out)["withheld"]}
    assert denied <= set(withheld)
    assert withheld["pay"]["rule"].startswith(f"namespaces.{'allow' if rule == 'allow' else 'deny'} ")
    assert withheld["pay"]["source"].endswith("policy.yaml:3")
    assert f"; {len(withheld)} namespaces withheld by policy (" in screen.err


@pytest.mark.parametrize(
    ("argv", "rules", "subject"),
    [
        (
            ("get", "secrets"),
            "resources: {deny: [secrets]}",
            'secrets are denied by the policy: resources.deny "secrets"',
        ),
        (
            ("get", "pods,databases.acme.example"),
            "resources: {deny: [databases.acme.example]}",
            "databases.acme.example are denied",
        ),
        (("get", "pods"), "resources: {allow: []}", "pods are denied"),
        (
            ("get", "pods", "-n", "pay"),
            "namespaces: {deny: [pay]}",
            'namespace pay is denied by the policy: namespaces.deny "pay"',
        ),
        (("-n", "shop,kube-system"), 'namespaces: {deny: ["kube-*"]}', "namespace kube-system is denied"),
        (("kinds", "-n", "pay"), "namespaces: {allow: [shop]}", "namespace pay is denied"),
        (("get", "pods"), 'contexts: {deny: ["de*"]}', 'context "demo" is denied by the policy: contexts.deny "de*"'),
        (("--workers", "9"), "limits: {workers: 8}", "--workers 9 is over the policy's limits.workers 8"),
        (("--probes", "3"), "limits: {probes: 2}", "--probes 3 is over the policy's limits.probes 2"),
        (
            ("--deadline", "1m"),
            "limits: {deadlineSeconds: 30}",
            "--deadline 60s is over the policy's limits.deadlineSeconds 30",
        ),
        (("--request-timeout", "6s"), "limits: {requestTimeoutSeconds: 5}", "--request-timeout 6s is over"),
        (("get", "--chunk-size", "600"), "limits: {pageSize: 500}", "--chunk-size 600 is over"),
    ],
)
def test_what_was_typed_and_is_denied_is_refused_before_anything_is_sent(
    desk: Desk, argv: Sequence[str], rules: str, subject: str
) -> None:
    screen, events = desk.ask(*argv, rules=rules)
    assert (screen.code, screen.out, events) == (2, "", [])
    assert screen.err.startswith(f"error: {subject}")
    assert "policy.yaml:3)" in screen.err


@pytest.mark.parametrize(
    "rules",
    ['contexts: {deny: ["prod-*"]}', 'profiles: [{contexts: ["prod-*"], resources: {deny: [secrets]}}]'],
    ids=["contexts", "profiles"],
)
@pytest.mark.parametrize("way", ["--server", "--cluster", "KUBERNETES_MASTER"])
def test_no_flag_and_no_variable_leads_round_a_rule_on_contexts(
    demo: ControlPlane, desk: Desk, admin: Typist, tmp_path: Path, way: str, rules: str
) -> None:
    assert admin.kubeconfig is not None
    kubeconfig = tmp_path / "kubeconfig"
    entries = admin.kubeconfig.read_text()
    kubeconfig.write_text(entries if way == "--cluster" else re.sub(r"(?m)^ *server: .*\n", "", entries))
    argv = (way, "demo" if way == "--cluster" else demo.server) if way.startswith("-") else ()
    env = {} if argv else {way: demo.server}
    typist = Typist(tmp_path, kubeconfig)

    screen, events = desk.ask(*argv, rules=rules, typist=typist, env=env)
    assert (screen.code, screen.out, events) == (2, "", [])
    assert screen.err.startswith(f"error: {way} could lead a permitted context to another cluster")
    assert desk.ask(*argv, typist=typist, env=env)[0].code == 3


# What a word means is known by discovery alone; no object is asked for then.
@pytest.mark.parametrize(
    ("typed", "rules"),
    [
        ("secret", "resources: {deny: [secrets]}"),
        ("cm", 'resources: {deny: ["config*"]}'),
        ("db", "resources: {deny: [databases.acme.example]}"),
        ("nodes", "resources: {allow: [pods]}"),
        ("ev", "resources: {deny: [events.events.k8s.io]}"),
    ],
)
def test_another_name_of_a_denied_kind_is_refused_before_an_object_is_asked(desk: Desk, typed: str, rules: str) -> None:
    screen, events = desk.ask("get", f"pods,{typed}", rules=rules)
    assert (screen.code, screen.out, listed(events)) == (2, "", [])
    assert "denied by the policy: resources." in screen.err


def test_a_category_brings_in_no_denied_kind(desk: Desk) -> None:
    screen, events = desk.ask("get", "all", "-o", "name", rules="resources: {deny: [services]}")
    assert {"pods", "deployments.apps"} <= asked_kinds(events)
    assert "services" not in asked_kinds(events)
    assert "1 kind withheld by policy (services)" in screen.err


# --- health ---

HEALTH_VIEWS = (
    ("health",),
    ("health", "--explain"),
    ("health", "--broken", "-o", "wide"),
    ("health", "-o", "json"),
    ("health", "shop,pay", "--explain"),
    *(("health", "--explain", "--strategy", way) for way in ("sequential", "fanout", "bulk")),
)


@pytest.fixture(scope="module", params=HEALTH_VIEWS, ids=" ".join)
def heard(
    demo: ControlPlane, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> list[AuditEvent]:
    """What the server heard of each of them, asked once."""
    home = tmp_path_factory.mktemp("home")
    view: Sequence[str] = request.param
    return Desk(demo, Typist(home, demo.kubeconfigs["admin"]), home / "policy.yaml").ask(*view)[1]


def closer_looks(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """The questions about what is suspicious: by one name, or by a Service's label, in full."""
    one = ("metadata.name=", "kubernetes.io/service-name=")
    selectors = [(event, query(event)) for event in listed(events) if "includeObject" not in query(event)]
    return [
        event
        for event, asked in selectors
        if any(text.startswith(one) for text in [*asked.get("fieldSelector", []), *asked.get("labelSelector", [])])
    ]


def representation(event: AuditEvent) -> tuple[str, str]:
    """What was asked for and how, without how long it may take."""
    path, _, asked = event.request_uri.partition("?")
    return path, "&".join(part for part in asked.split("&") if not part.startswith("timeout="))


def test_health_asks_for_lists_alone_and_never_for_secrets(heard: list[AuditEvent]) -> None:
    asked = [(urlsplit(event.request_uri).path, event.object_ref) for event in listed(heard)]
    assert {event.verb for event in listed(heard)} == {"list"}
    # The log has a name where a field selector picks one; no path has.
    assert [path for path, ref in asked if ref is not None and not path.endswith(f"/{ref.resource}")] == []
    assert not [event for event in heard if "watch" in query(event)]
    assert {"pods", "deployments.apps", "events"} <= asked_kinds(heard)
    assert "secrets" not in asked_kinds(heard)
    assert {urlsplit(event.request_uri).path for event in heard if event not in listed(heard)} <= {"/api", "/apis"}


def test_health_looks_closer_at_few_and_asks_nothing_twice(heard: list[AuditEvent]) -> None:
    assert 0 < len(closer_looks(heard)) <= MOST_LOOKS
    asked = Counter(map(representation, listed(heard)))
    twice = [path for (path, _), times in asked.items() if times > 1]
    # Which namespaces there are is a question of its own, and their list a kind's.
    assert set(twice) <= {"/api/v1/namespaces"}


def test_health_asks_for_warnings_and_for_no_other_event(heard: list[AuditEvent]) -> None:
    refs = [(event.object_ref, query(event)) for event in listed(heard) if event.object_ref is not None]
    asked = [(ref, fields) for ref, fields in refs if ref.resource == "events"]
    assert {tuple(fields["fieldSelector"]) for _, fields in asked} == {("type=Warning",)}
    assert {ref.api_group for ref, _ in asked} == {""}
    assert set(Counter(ref.namespace for ref, _ in asked).values()) == {1}


@pytest.mark.parametrize("view", [("health", "--explain"), ("health", "shop", "-o", "json")], ids=" ".join)
@pytest.mark.parametrize("rule", NAMESPACE_RULES)
def test_health_asks_nothing_of_a_denied_namespace(
    desk: Desk, everything: list[Found], view: Sequence[str], rule: str
) -> None:
    rules, denied = NAMESPACE_RULES[rule]
    screen, events = desk.ask(*view, rules=rules)
    namespaced = {it.kind.plural for it in everything if it.kind.namespaced}
    held = [event for event in listed(events) if event.object_ref and event.object_ref.resource in namespaced]
    assert {event.request_uri for event in held if event.object_ref and not event.object_ref.namespace} == set()
    assert not {event.object_ref.namespace for event in held if event.object_ref} & denied
    assert closer_looks(held)
    assert not {line.split()[0].rstrip(":") for line in screen.lines if line.strip()} & denied


@pytest.mark.parametrize("rule", KIND_RULES)
def test_health_looks_at_no_denied_kind(desk: Desk, rule: str) -> None:
    rules, denied = KIND_RULES[rule]
    _, events = desk.ask("health", "--explain", rules=rules)
    assert len(listed(events)) > 20
    assert not asked_kinds(events) & denied


def test_health_never_has_more_in_flight_than_the_limits(desk: Desk) -> None:
    _, events = desk.ask("health", "--explain", "--workers", "2", "--probes", "3")
    looks = closer_looks(events)
    assert len(looks) > 3
    assert most_in_flight(looks) <= 3
    assert most_in_flight(listed(events)) <= 2 + 3


def test_health_sends_no_more_requests_than_the_policy_allows(desk: Desk) -> None:
    screen, events = desk.ask("health", "--explain", rules="limits: {maxRequests: 20}")
    assert len(events) <= 20
    assert screen.code == 3
    assert "NotReached" in screen.err


# --- limits ---


@EVERY_VIEW
def test_never_more_in_flight_than_the_limits(desk: Desk, view: Sequence[str]) -> None:
    _, events = desk.ask(*view, "--workers", "2", "--probes", "3")
    probes = [event for event in listed(events) if query(event).get("limit") == ["1"]]
    lists = [event for event in listed(events) if query(event).get("limit") != ["1"]]
    assert most_in_flight(lists) <= 2
    assert most_in_flight(probes) <= 3
    assert len(probes) + len(lists) > 50


@pytest.mark.parametrize(
    ("rules", "probes"), [("limits: {workers: 1, probes: 1}", 1), ("limits: {probes: 2}", 2), ("", 32)]
)
def test_a_files_limits_hold(desk: Desk, rules: str, probes: int) -> None:
    _, events = desk.ask(rules=rules)
    counted = [event for event in listed(events) if query(event).get("limit") == ["1"]]
    assert len(counted) > 50
    assert most_in_flight(counted) <= probes


def test_requests_do_run_side_by_side(desk: Desk) -> None:
    # Else a limit would be kept by whoever asks one thing after another.
    _, events = desk.ask("get")
    assert most_in_flight(listed(events)) > 1


def test_the_sequential_strategy_asks_one_thing_at_a_time(desk: Desk) -> None:
    _, events = desk.ask("get", "pods,events,secrets", "--strategy", "sequential")
    assert most_in_flight(listed(events)) == 1
    assert len(listed(events)) > 40


def test_no_more_requests_are_sent_than_the_policy_allows(desk: Desk) -> None:
    screen, events = desk.ask(rules="limits: {maxRequests: 20}")
    assert len(events) <= 20
    assert screen.code == 3
    assert "NotReached" in screen.err
    assert "limits.maxRequests" in desk.ask("get", "pods", rules="limits: {maxRequests: 1}")[0].err


# --- secrets ---


def canaries() -> list[bytes]:
    """The canary as it is, and in base64 at each of the three places that it can begin at."""
    plain = SECRET_CANARY.encode()
    encoded = [base64.b64encode(b"x" * shift + plain)[4 * (shift > 0) : -4] for shift in range(3)]
    return [plain, *encoded]


def written(home: Path) -> list[tuple[str, bytes]]:
    """Every file that a run left in its home, by name."""
    found = [Path(folder) / name for folder, _, names in os.walk(home) for name in names]
    return [(path.name, path.read_bytes()) for path in found]


SECRET_VIEWS = [
    *VIEWS,
    *(
        ("get", "secrets", "-o", form)
        for form in ("table", "wide", "name", "csv", "json", "ndjson", "yaml", "markdown")
    ),
    ("get", "secrets", "--show-labels"),
    ("get", "secrets", "--sort-by", ".metadata.creationTimestamp"),
    ("get", "secrets", "-n", "shop", "-o", "json"),
    ("get", "secrets", "-l", "owner=helm", "-o", "json"),
    *(("get", "secrets", "-o", "json", "--strategy", way) for way in ("sequential", "fanout", "bulk")),
    ("kinds", "-o", "json"),
]


@pytest.mark.parametrize("view", SECRET_VIEWS, ids=" ".join)
def test_no_secrets_object_ever_leaves_the_server(desk: Desk, tmp_path: Path, view: Sequence[str]) -> None:
    screen, events = desk.ask(*view, "--audit-log", str(tmp_path / "audit.log"), "-v", "6")
    about = [
        event for event in listed(events) if event.object_ref is not None and event.object_ref.resource == "secrets"
    ]
    assert about
    assert {tuple(query(event).get("includeObject", [])) for event in about} == {("None",)}
    everything = [("stdout", screen.out.encode()), ("stderr", screen.err.encode()), *written(tmp_path)]
    assert [name for name, text in everything for canary in canaries() if canary in text] == []
    # The cache and the audit file were among them.
    assert {"audit.log"} < {name for name, _ in everything}


def test_the_canary_would_be_seen(admin: Typist) -> None:
    text = admin.kubectl("get", "secrets", "-A", "-o", "json").out.encode()
    assert all(canary in text for canary in canaries()[:2])


# --- our own audit log ---


def entries(path: Path) -> list[dict[str, object]]:
    """The lines of an audit log of ours."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@EVERY_VIEW
def test_our_audit_log_has_a_line_for_each_request_that_the_server_saw(
    desk: Desk, tmp_path: Path, view: Sequence[str]
) -> None:
    log = tmp_path / "audit.log"
    _, events = desk.ask(*view, "--audit-log", str(log))
    sent = [entry["details"] for entry in entries(log) if entry["event"] == "request"]
    assert sorted(it["path"] for it in sent if isinstance(it, dict)) == sorted(event.request_uri for event in events)
    assert {entry["context"] for entry in entries(log)} == {"demo"}


def test_our_audit_log_has_a_line_for_each_thing_withheld(desk: Desk, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    rules = 'resources: {deny: [secrets, "*.acme.example"]}\nnamespaces: {deny: ["kube-*"]}'
    screen, _ = desk.ask("-o", "json", "--audit-log", str(log), rules=rules)
    withheld = [entry["details"] for entry in entries(log) if entry["event"] == "withheld"]
    assert withheld == json.loads(screen.out)["withheld"]
    assert withheld[0] == {
        "resource": "secrets",
        "group": "",
        "rule": 'resources.deny "secrets"',
        "source": f"{tmp_path / 'policy.yaml'}:3".replace(str(tmp_path), "~"),
    }
    last = withheld[-1]
    assert isinstance(last, dict)
    assert set(last) == {"namespace", "rule", "source"}


def test_our_audit_log_is_appended_to_and_holds_no_credential(desk: Desk, demo: ControlPlane, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    desk.ask("get", "pods", "--audit-log", str(log), "--token", demo.admin_token)
    before = log.read_text()
    desk.ask("get", "nodes", "--audit-log", str(log))
    assert log.read_text().startswith(before)
    assert len(log.read_text()) > len(before) > 0
    assert demo.admin_token not in log.read_text()
    assert "Bearer" not in log.read_text()
