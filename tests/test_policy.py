"""The boundary: what a policy file may say, and that no second source ever loosens it."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations, permutations
from pathlib import Path

import pytest

from kubectl_inventory.boundary.policy import (
    LimitFlags,
    Limits,
    Policy,
    Setting,
    apply_limit_flags,
    check_policy,
    make_policy,
    policy_template,
)
from kubectl_inventory.boundary.policy_file import MAX_FILE_BYTES, PolicyFile, read_policy_files
from kubectl_inventory.boundary.policy_text import parse_policy
from kubectl_inventory.errors import PolicyError, UsageError
from kubectl_inventory.health import HEALTHS, Health
from kubectl_inventory.resource import Kind

HEADER = "apiVersion: inventory/v1\nkind: BoundaryPolicy\n"

PODS = Kind(group="", version="v1", resource="pods", kind="Pod", singular="pod", short_names=("po",))
SECRETS = Kind(group="", version="v1", resource="secrets", kind="Secret", singular="secret")
EVENTS = Kind(group="", version="v1", resource="events", kind="Event", short_names=("ev",))
NEW_EVENTS = Kind(group="events.k8s.io", version="v1", resource="events", kind="Event", short_names=("ev",))
POD_METRICS = Kind(group="metrics.k8s.io", version="v1beta1", resource="pods", kind="PodMetrics")
DEPLOYMENTS = Kind(
    group="apps",
    version="v1",
    resource="deployments",
    kind="Deployment",
    singular="deployment",
    short_names=("deploy",),
)
WIDGETS = Kind(group="a.internal.example.com", version="v1", resource="widgets", kind="Widget")
KINDS = (PODS, SECRETS, EVENTS, NEW_EVENTS, POD_METRICS, DEPLOYMENTS, WIDGETS)


def a_file(body: str = "", *, name: str = "ci.yaml") -> PolicyFile:
    """A policy file; what `body` says begins in line 3."""
    return PolicyFile(name, HEADER + body)


def a_policy(*bodies: str, context: str | None = "dev") -> Policy:
    """The policy of one file a body: a.yaml, b.yaml ..."""
    files = [a_file(body, name=f"{letter}.yaml") for letter, body in zip("abcdefgh", bodies, strict=False)]
    return make_policy(files, context)


def problems(text: str) -> list[str]:
    return [str(problem) for problem in parse_policy(PolicyFile("ci.yaml", text)).problems]


def only_problem(body: str) -> str:
    """The one mistake of a body, without the file's name."""
    found = problems(HEADER + body)
    assert len(found) == 1, found
    return found[0].removeprefix("ci.yaml:")


# Yes or no, and which rule says it


def test_without_a_file_nothing_is_denied() -> None:
    policy = make_policy([], "prod")
    assert policy == Policy()
    assert not any(policy.denies_kind(kind) for kind in KINDS)
    assert policy.denies_namespace("kube-system") is None
    assert not policy.has_namespace_rule


def test_a_denied_kind_says_which_rule_of_which_file() -> None:
    policy = a_policy('resources:\n  deny:\n    - "pods"\n    - "secrets"\n')
    rule = policy.denies_kind(SECRETS)
    assert rule is not None
    assert (rule.field, rule.pattern, rule.source) == ("resources.deny", "secrets", "a.yaml:6")
    assert str(rule) == 'resources.deny "secrets" (a.yaml:6)'


def test_a_kind_that_no_allow_names_says_the_whole_list() -> None:
    rule = a_policy('resources: {allow: ["pods", "deployments.apps"]}').denies_kind(SECRETS)
    assert str(rule) == 'resources.allow ["pods", "deployments.apps"] (a.yaml:3)'


def test_a_long_allow_list_is_told_in_one_short_line() -> None:
    names = ", ".join(f'"kind{number}"' for number in range(1000))
    rule = a_policy(f"resources: {{allow: [{names}]}}").denies_kind(SECRETS)
    assert rule is not None
    assert rule.pattern == '["kind0", "kind1", "kind2", "kind3", "kind4" and 995 more]'


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("secrets", {SECRETS}),
        ("pods", {PODS, POD_METRICS}),  # without a dot: in any group
        ("pods.metrics.k8s.io", {POD_METRICS}),
        ("pods.*", {PODS, POD_METRICS}),  # the core group is a group too
        ("deployments.apps", {DEPLOYMENTS}),
        ("deployments.extensions", set()),
        ("*.internal.example.com", {WIDGETS}),
        ("*.example.com", {WIDGETS}),  # a star crosses dots
        ("*.apps", {DEPLOYMENTS}),
        ("*s", set(KINDS)),
        ("*", set(KINDS)),
        ("*.*", set(KINDS)),
        ("po?s", {PODS, POD_METRICS}),
        ("pod?", {PODS, POD_METRICS}),
        ("events", {EVENTS, NEW_EVENTS}),  # the same objects, whichever is named
        ("events.events.k8s.io", {EVENTS, NEW_EVENTS}),
        ("*.k8s.io", {EVENTS, NEW_EVENTS, POD_METRICS}),
        ("ecret", set()),  # no search: the whole name
    ],
)
def test_a_pattern_matches_alike_in_deny_and_in_allow(pattern: str, matched: set[Kind]) -> None:
    deny = a_policy(f'resources: {{deny: ["{pattern}"]}}')
    allow = a_policy(f'resources: {{allow: ["{pattern}"]}}')
    assert {kind for kind in KINDS if deny.denies_kind(kind)} == matched
    assert {kind for kind in KINDS if not allow.denies_kind(kind)} == matched


def test_another_groups_events_are_other_objects() -> None:
    acme = Kind(group="acme.example", version="v1", resource="events", kind="Event")
    assert a_policy('resources: {deny: ["events.events.k8s.io"]}').denies_kind(acme) is None
    assert a_policy('resources: {deny: ["events.acme.example"]}').denies_kind(EVENTS) is None


@pytest.mark.parametrize("name", ["secret", "po", "deploy", "deployment", "deploy.apps", "podmetrics"])
def test_a_name_that_kubectl_takes_for_a_kind_denies_it_but_never_allows_it(name: str) -> None:
    deny = a_policy(f'resources: {{deny: ["{name}"]}}')
    allow = a_policy(f'resources: {{allow: ["{name}"]}}')
    assert sum(deny.denies_kind(kind) is not None for kind in KINDS) == 1
    assert all(allow.denies_kind(kind) for kind in KINDS)


def test_deny_wins_over_allow() -> None:
    policy = a_policy('namespaces: {allow: ["kube-system", "shop"], deny: ["kube-*"]}')
    assert str(policy.denies_namespace("kube-system")) == 'namespaces.deny "kube-*" (a.yaml:3)'
    assert policy.denies_namespace("shop") is None
    assert str(policy.denies_namespace("pay")) == 'namespaces.allow ["kube-system", "shop"] (a.yaml:3)'


def test_an_empty_allow_allows_nothing() -> None:
    policy = a_policy("resources: {allow: []}\nnamespaces: {allow: []}")
    assert all(policy.denies_kind(kind) for kind in KINDS)
    assert str(policy.denies_namespace("shop")) == "namespaces.allow [] (a.yaml:4)"


def test_a_pattern_of_many_stars_is_matched_at_once() -> None:
    policy = a_policy(f'namespaces: {{deny: ["{"*a" * 30}*b"]}}')
    assert policy.denies_namespace("a" * 63) is None


# Contexts


def test_a_denied_context_refuses_the_run_by_its_rule() -> None:
    with pytest.raises(PolicyError) as caught:
        a_policy('contexts: {deny: ["prod-*"]}', context="prod-eu1")
    assert caught.value.message == (
        'context "prod-eu1" is denied by the policy: contexts.deny "prod-*" (a.yaml:3)'
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("context", ["PROD-eu1", "Prod-eu1", "prod-", "prod-\n"])
def test_another_spelling_does_not_pass_a_denied_context(context: str) -> None:
    with pytest.raises(PolicyError, match="denied by the policy"):
        a_policy('contexts: {deny: ["prod-*"]}', context=context)


@pytest.mark.parametrize("context", ["DEV-1", " dev-1", "dev-1 ", "prod-dev-1", "d\u0435v-1", ""])
def test_an_allowed_context_is_meant_to_the_letter(context: str) -> None:
    with pytest.raises(PolicyError, match="not allowed by the policy"):
        a_policy('contexts: {allow: ["dev-?"]}', context=context)


def test_a_run_without_a_context_is_told_so() -> None:
    with pytest.raises(PolicyError, match=r"^a run without a context is not allowed by the policy: contexts"):
        a_policy('contexts: {allow: ["dev"]}', context="")


def test_a_boundary_can_be_shown_without_a_context() -> None:
    policy = a_policy('contexts: {deny: ["*"]}', context=None)
    assert policy.denies_context("any") is not None


@pytest.mark.parametrize(
    ("body", "goes_by_context"),
    [
        ('contexts: {allow: ["dev"]}', True),
        ('contexts: {allow: ["*"], deny: []}', False),
        ('profiles: [{contexts: ["prod-*"], resources: {deny: ["secrets"]}}]', True),
        ('resources: {deny: ["secrets"]}', False),
    ],
)
def test_contexts_and_profiles_are_rules_on_contexts_also_where_no_profile_matches(
    body: str, goes_by_context: bool
) -> None:
    policy = a_policy("", body, context="dev")
    assert policy.has_context_rule is goes_by_context
    assert apply_limit_flags(policy, LimitFlags(workers=1)).has_context_rule is goes_by_context


# Several sources: none can loosen

SOURCES = (
    "",
    'contexts: {allow: ["*"]}\nnamespaces: {allow: ["*"], deny: []}\nresources: {allow: ["*"], deny: []}',
    'resources: {deny: ["secrets", "*.example.com"]}',
    'resources: {allow: ["pods", "secrets", "events"]}\nlimits: {workers: 32, deadlineSeconds: 3600}',
    'namespaces: {deny: ["kube-*"]}\nlimits: {workers: 4, heavyLists: 32}',
    'namespaces: {allow: ["shop", "kube-system"], deny: ["pay"]}\nbulk: {moreThanNamespaces: 1}',
    'profiles: [{contexts: ["DEV"], namespaces: {deny: ["shop"]}, limits: {workers: 2}}]',
    'profiles: [{contexts: ["*"], resources: {allow: ["*"], deny: []}, limits: {workers: 32, probes: 64}}]',
    'health: {graceSeconds: 600, ignore: [{kinds: ["*"], namespaces: ["*"]}]}',
)


def refusals(policy: Policy) -> set[str]:
    kinds = {kind.name for kind in KINDS if policy.denies_kind(kind)}
    namespaces = {
        name for name in ("shop", "pay", "kube-system", "kube-public") if policy.denies_namespace(name)
    }
    return kinds | namespaces


@pytest.mark.parametrize("added", SOURCES)
def test_adding_a_source_never_allows_more(added: str) -> None:
    for count in range(3):
        for before in combinations(SOURCES, count):
            without, more = a_policy(*before), a_policy(*before, added)
            assert refusals(without) <= refusals(more)
            assert more.has_namespace_rule or not without.has_namespace_rule
            # A number of a file is a ceiling; a built-in one is none, so only those are held.
            for old, new in zip(numbers_of(without), numbers_of(more), strict=True):
                assert old.source.startswith("built-in") or float(new.value) <= float(old.value)


def numbers_of(policy: Policy) -> list[Setting]:
    return [setting for setting in policy.settings() if "." in setting.name and setting.value[0].isdigit()]


def test_the_order_of_sources_changes_no_verdict() -> None:
    for bodies in permutations(SOURCES[2:6], 3):
        here, there = a_policy(*bodies), a_policy(*sorted(bodies))
        assert refusals(here) == refusals(there)
        assert here.limits == there.limits


def test_a_second_file_that_allows_all_does_not_loosen_the_first() -> None:
    policy = a_policy('resources: {deny: ["secrets"]}', 'resources: {allow: ["*", "secrets"], deny: []}')
    assert policy.denies_kind(SECRETS) is not None


def test_two_allow_lists_allow_what_is_on_both() -> None:
    policy = a_policy('namespaces: {allow: ["shop", "pay"]}', 'namespaces: {allow: ["pay", "labs"]}')
    assert [name for name in ("shop", "pay", "labs") if not policy.denies_namespace(name)] == ["pay"]


def test_the_first_matching_profile_of_each_file_tightens() -> None:
    body = (
        'resources: {deny: ["secrets"]}\n'
        "profiles:\n"
        '  - {contexts: ["crc-*", "kind-*"], resources: {allow: ["*"], deny: ["pods"]}}\n'
        '  - {contexts: ["*"], resources: {deny: ["events"]}}\n'
    )
    policy = a_policy(body, context="kind-1")
    assert str(policy.denies_kind(PODS)) == 'profiles[0].resources.deny "pods" (a.yaml:5)'
    assert policy.denies_kind(SECRETS) is not None
    assert policy.denies_kind(EVENTS) is None
    assert a_policy(body, context="stage").denies_kind(EVENTS) is not None
    assert a_policy(body, context=None).denies_kind(EVENTS) is None


def test_a_profile_cannot_raise_its_own_files_numbers() -> None:
    policy = a_policy('limits: {workers: 4}\nprofiles: [{contexts: ["*"], limits: {workers: 32, probes: 2}}]')
    assert (policy.limits.workers, policy.limits.probes) == (4, 2)


# Numbers


def test_a_file_may_set_more_than_the_built_in_number() -> None:
    limits = a_policy("limits: {workers: 16, maxResponseMiB: 1024, requestTimeoutSeconds: 0.5}").limits
    assert limits == Limits(workers=16, max_response_bytes=1 << 30, request_timeout_s=0.5)


def test_of_two_files_the_lower_number_holds() -> None:
    high = "limits: {workers: 16}\nbulk: {moreThanNamespaces: 9}\ndiscovery: {cacheSeconds: 0}\n"
    low = "limits: {workers: 12}\nbulk: {moreThanNamespaces: 5}\ndiscovery: {cacheSeconds: 60}\n"
    high, low = high + "health: {graceSeconds: 900}", low + "health: {graceSeconds: 0}"
    for policy in (a_policy(high, low), a_policy(low, high)):
        assert policy.limits.workers == 12
        assert policy.more_than_namespaces == 5
        assert policy.discovery_cache_s == 0
        assert policy.grace_s == 0
    assert a_policy(high).grace_s == 900


def test_heavy_lists_are_never_more_than_workers() -> None:
    policy = a_policy("limits: {workers: 2, heavyLists: 6}")
    assert policy.limits.heavy_lists == 2
    assert apply_limit_flags(Policy(), LimitFlags(workers=3)).limits.heavy_lists == 3
    rows = {setting.name: setting for setting in policy.settings()}
    assert (rows["limits.heavyLists"].value, rows["limits.heavyLists"].source) == ("2", "as limits.workers")


@pytest.mark.parametrize(
    ("field", "wrong", "range_text"),
    [
        ("limits.workers", ["0", "-1", "33"], "1 to 32"),
        ("limits.heavyLists", ["0", "33"], "1 to 32"),
        ("limits.probes", ["0", "65"], "1 to 64"),
        ("limits.requestTimeoutSeconds", ["0", "0.05", "-5", "3601"], "0.1 to 3600"),
        ("limits.deadlineSeconds", ["0", "86401"], "1 to 86400"),
        ("limits.pageSize", ["0", "10001"], "1 to 10000"),
        ("limits.maxRequests", ["0", "10000001"], "1 to 10000000"),
        ("limits.maxObjects", ["0", "100000001"], "1 to 100000000"),
        ("limits.maxResponseMiB", ["0", "4097", "999999999999999999"], "1 to 4096"),
        ("bulk.moreThanNamespaces", ["-1", "100001"], "0 to 100000"),
        ("discovery.cacheSeconds", ["-1", "3601"], "0 to 3600"),
        ("health.graceSeconds", ["-1", "86401"], "0 to 86400"),
    ],
)
def test_a_number_out_of_range_is_told_its_range(field: str, wrong: list[str], range_text: str) -> None:
    section, name = field.split(".")
    for value in wrong:
        assert (
            only_problem(f"{section}:\n  {name}: {value}")
            == f"4: {field}: {value} is out of range ({range_text})"
        )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("yes", "yes"),
        ("true", "true"),
        ("'8'", 'the text "8"'),
        ("eight", 'the text "eight"'),
        ("8.0", "8.0"),
        ("010", "010"),  # YAML 1.1 would make it 8,
        ("0x10", "0x10"),
        ("1:30", "1:30"),  # this 90
        ("1_0", "1_0"),
        (".inf", ".inf"),
        ("", "nothing"),
        ("~", "~"),
        ("[8]", "a list"),
        ("{a: 8}", "a mapping"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_only_plain_digits_are_a_number(value: str, shown: str) -> None:
    expected = f"3: limits.workers: a whole number is wanted (1 to 32), not {shown}"
    assert only_problem(f"limits: {{workers: {value}}}") == expected


# Flags


@pytest.mark.parametrize(
    ("flags", "message", "hint"),
    [
        (
            LimitFlags(workers=16),
            "--workers 16 is over the policy's limits.workers 8 (a.yaml:3)",
            'use --workers 8 or less; "kubectl inventory policy show" lists every limit',
        ),
        (
            LimitFlags(request_timeout_s=30.0),
            "--request-timeout 30s is over the policy's limits.requestTimeoutSeconds 2.5 (a.yaml:3)",
            'use --request-timeout 2.5s or less; "kubectl inventory policy show" lists every limit',
        ),
        (
            LimitFlags(workers=9999),
            "--workers 9999 is over the policy's limits.workers 8 (a.yaml:3)",
            'use --workers 8 or less; "kubectl inventory policy show" lists every limit',
        ),
    ],
)
def test_a_flag_over_a_files_number_is_refused_never_capped(
    flags: LimitFlags, message: str, hint: str
) -> None:
    policy = a_policy("limits: {workers: 8, requestTimeoutSeconds: 2.5}")
    with pytest.raises(PolicyError) as caught:
        apply_limit_flags(policy, flags)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_a_flag_is_held_by_the_lowest_of_all_sources() -> None:
    profile = 'profiles: [{contexts: ["*"], limits: {probes: 3}}]'
    policy = a_policy("limits: {probes: 20}", profile, "limits: {probes: 40}")
    with pytest.raises(PolicyError, match=re.escape("limits.probes 3 (b.yaml:3)")):
        apply_limit_flags(policy, LimitFlags(probes=4))


def test_a_flag_may_raise_a_built_in_number_and_lower_any() -> None:
    policy = a_policy("limits: {workers: 8}")
    limits = apply_limit_flags(
        policy, LimitFlags(workers=2, probes=64, request_timeout_s=30, deadline_s=600.5, page_size=2000)
    ).limits
    assert apply_limit_flags(policy, LimitFlags(workers=8)).limits.workers == 8
    assert limits == Limits(
        workers=2, heavy_lists=2, probes=64, request_timeout_s=30, deadline_s=600.5, page_size=2000
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (LimitFlags(workers=0), "--workers 0 is out of range (1 to 32)"),
        (LimitFlags(workers=33), "--workers 33 is out of range (1 to 32)"),
        (LimitFlags(request_timeout_s=0), "--request-timeout 0s is out of range (0.1 to 3600)"),
        (LimitFlags(deadline_s=float("nan")), "--deadline nans is out of range (1 to 86400)"),
        (LimitFlags(deadline_s=float("inf")), "--deadline infs is out of range (1 to 86400)"),
        (LimitFlags(page_size=-1), "--chunk-size -1 is out of range (1 to 10000)"),
    ],
)
def test_a_flag_out_of_range_is_a_usage_error(flags: LimitFlags, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        apply_limit_flags(Policy(), flags)
    assert caught.value.message == message


def test_flags_leave_every_rule_as_it_was() -> None:
    policy = a_policy('resources: {deny: ["secrets"]}\nbulk: {moreThanNamespaces: 7}')
    after = apply_limit_flags(policy, LimitFlags(workers=1))
    assert after.denies_kind(SECRETS) == policy.denies_kind(SECRETS)
    assert after.more_than_namespaces == 7
    assert apply_limit_flags(policy, LimitFlags()) == policy


# What the plan needs to know of namespace rules


@pytest.mark.parametrize(
    ("bodies", "has_rule", "literal"),
    [
        ([], False, ()),
        (['resources: {deny: ["secrets"]}'], False, ()),
        (['namespaces: {allow: ["*"], deny: []}'], False, ()),
        (['namespaces: {allow: ["shop", "**"]}'], False, ()),
        (['namespaces: {deny: ["a", "b"]}', 'namespaces: {deny: ["b", "c"]}'], True, ("a", "b", "c")),
        (['namespaces: {deny: ["a", "kube-*"]}'], True, None),
        (['namespaces: {deny: ["a", "b?"]}'], True, None),
        (['namespaces: {allow: ["shop"], deny: ["a"]}'], True, None),
        (['namespaces: {deny: ["a"]}', "namespaces: {allow: []}"], True, None),
        (['profiles: [{contexts: ["*"], namespaces: {deny: ["a"]}}]'], True, ("a",)),
        (['profiles: [{contexts: ["other"], namespaces: {deny: ["a"]}}]'], False, ()),
    ],
)
def test_namespaces_denied_by_plain_names_are_known_without_asking(
    bodies: list[str], has_rule: bool, literal: tuple[str, ...] | None
) -> None:
    policy = a_policy(*bodies)
    assert policy.has_namespace_rule is has_rule
    assert policy.literal_denied_namespaces() == literal


# What words mean for health, and which findings are none

DATABASES = Kind(
    group="acme.example", version="v1", resource="databases", kind="Database", singular="database", short_names=("db",)
)
WORDS = """\
health:
  words:
    - {means: error, words: [Broken], kinds: ["databases.acme.example"], column: Lifecycle}
    - {means: ok, words: [Hibernating, "Out of office"]}
    - {means: changing, words: [Waking], kinds: ["*.example.com", "db"]}
    - {means: warning, words: ["True"], column: Degraded}
    - {means: unknown, words: [Broken]}
"""


@pytest.mark.parametrize(
    ("kind", "column", "word", "means"),
    [
        (DATABASES, "Lifecycle", "Broken", "error"),
        (DATABASES, "LIFECYCLE", "broken", "error"),
        (DATABASES, "Status", "Broken", "unknown"),  # the first rule is for another column
        (PODS, "Lifecycle", "Broken", "unknown"),  # and for another kind
        (PODS, "Status", "OUT OF OFFICE", "ok"),
        (DATABASES, "Anything", "hibernating", "ok"),
        (DATABASES, "Phase", "Waking", "changing"),  # by its short name
        (WIDGETS, "Phase", "Waking", "changing"),
        (PODS, "Phase", "Waking", None),
        (PODS, "Degraded", "True", "warning"),
        (PODS, "Ready", "True", None),
        (PODS, "Status", "Hibernatin", None),
        (PODS, "Status", "Hibernating2", None),
        (PODS, "Status", "", None),
    ],
)
def test_a_word_means_what_the_first_rule_for_its_kind_and_column_says(
    kind: Kind, column: str, word: str, means: Health | None
) -> None:
    assert a_policy(WORDS).meaning(kind, column, word) == means


@pytest.mark.parametrize("means", HEALTHS)
def test_a_word_can_have_any_meaning_that_health_has(means: Health) -> None:
    policy = a_policy(f"health: {{words: [{{means: {means}, words: [Idle]}}]}}")
    assert policy.meaning(PODS, "Status", "Idle") == means


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("pods", {PODS, POD_METRICS}),
        ("pods.*", {PODS, POD_METRICS}),
        ("po", {PODS}),
        ("deploy", {DEPLOYMENTS}),
        ("events.events.k8s.io", {EVENTS, NEW_EVENTS}),
        ("*.internal.example.com", {WIDGETS}),
        ("*", set(KINDS)),
    ],
)
def test_kinds_of_health_are_matched_as_a_deny_matches_them(pattern: str, matched: set[Kind]) -> None:
    policy = a_policy(
        f'health: {{words: [{{means: ok, words: [Idle], kinds: ["{pattern}"]}}], ignore: [{{kinds: ["{pattern}"]}}]}}'
    )
    assert {kind for kind in KINDS if policy.meaning(kind, "Status", "Idle")} == matched
    assert {kind for kind in KINDS if policy.ignores(kind, "shop", "web", "NotReady")} == matched


def test_columns_with_words_are_known_for_each_kind_in_lower_case() -> None:
    policy = a_policy(WORDS, 'health: {words: [{means: ok, words: [Idle], kinds: ["db"], column: "Last SEEN"}]}')
    assert policy.word_columns(DATABASES) == ("lifecycle", "degraded", "last seen")
    assert policy.word_columns(PODS) == ("degraded",)
    assert Policy().word_columns(PODS) == ()


def test_of_several_sources_the_first_that_knows_a_word_counts() -> None:
    system = "health: {words: [{means: error, words: [Idle]}]}"
    user = (
        "health: {words: [{means: ok, words: [idle, Asleep]}]}\n"
        'profiles: [{contexts: ["dev"], health: {words: [{means: warning, words: [Asleep, Adrift]}]}}]'
    )
    policy = a_policy(system, user)
    meanings = [policy.meaning(PODS, "Status", word) for word in ("Idle", "Asleep", "Adrift", "Other")]
    assert meanings == ["error", "ok", "warning", None]
    assert a_policy(system, user, context="stage").meaning(PODS, "Status", "Adrift") is None


IGNORE = """\
health:
  ignore:
    - {kinds: ["databases.acme.example"], namespaces: ["scratch-*"], names: ["test-?"], reasons: [NotReady, "*BackOff"]}
    - {reasons: [AtMaximum]}
    - {namespaces: ["labs", "*-preview"]}
    - {kinds: ["nodes"], names: ["spot-*", "system:*"]}
"""
NODES = Kind(group="", version="v1", resource="nodes", kind="Node", namespaced=False)


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "reason", "is_ignored"),
    [
        (DATABASES, "scratch-1", "test-1", "NotReady", True),
        (DATABASES, "scratch-1", "test-1", "ImagePullBackOff", True),
        (DATABASES, "scratch-1", "test-1", "notready", True),
        (DATABASES, "scratch-1", "test-1", "NotReadyYet", False),
        (DATABASES, "scratch-1", "test-12", "NotReady", False),
        (DATABASES, "scratch", "test-1", "NotReady", False),
        (PODS, "scratch-1", "test-1", "NotReady", False),
        (PODS, "shop", "web", "AtMaximum", True),
        (NODES, None, "w6", "AtMaximum", True),
        (PODS, "labs", "web", "CrashLoopBackOff", True),
        (PODS, "shop-preview", "web", "CrashLoopBackOff", True),
        (PODS, "shop", "web", "CrashLoopBackOff", False),
        (NODES, None, "labs", "NotReady", False),  # what is in no namespace has no namespace's name
        (NODES, None, "spot-7", "NotReady", True),
        (NODES, None, "system:w6", "NotReady", True),
    ],
)
def test_a_finding_is_ignored_where_all_fields_of_an_entry_match(
    kind: Kind, namespace: str | None, name: str, reason: str, is_ignored: bool
) -> None:
    assert a_policy(IGNORE).ignores(kind, namespace, name, reason) is is_ignored


def test_what_is_in_no_namespace_is_in_none_of_any_name() -> None:
    policy = a_policy('health: {ignore: [{namespaces: ["*"]}]}')
    assert policy.ignores(PODS, "shop", "web", "NotReady")
    assert not policy.ignores(NODES, None, "w6", "NotReady")


def test_what_any_source_ignores_is_ignored() -> None:
    user = (
        'health: {ignore: [{names: ["b"]}]}\n'
        'profiles: [{contexts: ["dev"], health: {ignore: [{names: ["c"]}]}}]'
    )
    bodies = ('health: {ignore: [{names: ["a"]}]}', user)
    for context, ignored in (("dev", "abc"), ("stage", "ab")):
        policy = a_policy(*bodies, context=context)
        assert "".join(name for name in "abcd" if policy.ignores(PODS, "shop", name, "NotReady")) == ignored


def test_what_is_ignored_is_asked_for_all_the_same() -> None:
    policy = a_policy('health: {ignore: [{kinds: ["secrets"]}, {namespaces: ["shop"]}]}')
    assert refusals(policy) == set()
    assert not policy.has_namespace_rule


def test_without_a_file_no_word_is_known_and_nothing_ignored() -> None:
    assert Policy().meaning(PODS, "Status", "Running") is None
    assert not Policy().ignores(PODS, "shop", "web", "NotReady")
    assert Policy().grace_s == 300


# policy show


def test_settings_tell_every_value_and_its_source() -> None:
    system = 'resources: {deny: ["secrets", "*.example.com"]}\nlimits:\n  workers: 8\n'
    user = 'namespaces: {allow: []}\nresources:\n  deny: ["events"]\ndiscovery: {cacheSeconds: 0}\n'
    policy = apply_limit_flags(a_policy(system, user), LimitFlags(probes=4))
    assert [(row.name, row.value, row.source) for row in policy.settings()] == [
        ("contexts.allow", "*", "built-in"),
        ("contexts.deny", "<none>", "built-in"),
        ("namespaces.allow", "<none>", "b.yaml:3"),
        ("namespaces.deny", "<none>", "built-in"),
        ("resources.allow", "*", "built-in"),
        ("resources.deny", "secrets,*.example.com", "a.yaml:3"),
        ("resources.deny", "events", "b.yaml:5"),
        ("limits.workers", "8", "a.yaml:5"),
        ("limits.heavyLists", "4", "built-in"),
        ("limits.probes", "4", "--probes"),
        ("limits.requestTimeoutSeconds", "5", "built-in, not a ceiling: --request-timeout may raise it"),
        ("limits.deadlineSeconds", "120", "built-in, not a ceiling: --deadline may raise it"),
        ("limits.pageSize", "500", "built-in, not a ceiling: --chunk-size may raise it"),
        ("limits.maxRequests", "20000", "built-in"),
        ("limits.maxObjects", "1000000", "built-in"),
        ("limits.maxResponseMiB", "256", "built-in"),
        ("bulk.moreThanNamespaces", "3", "built-in"),
        ("discovery.cacheSeconds", "0", "b.yaml:6"),
        ("health.graceSeconds", "300", "built-in"),
        ("health.words", "<none>", "built-in"),
        ("health.ignore", "<none>", "built-in"),
    ]


def test_settings_tell_words_and_what_is_ignored_in_short_with_a_line_for_each_source() -> None:
    system = (
        "health:\n"
        "  graceSeconds: 60\n"
        "  words:\n"
        '    - {means: ok, words: [Hibernating, "Out of office"]}\n'
        '    - {means: error, words: [Broken], kinds: ["databases.acme.example"], column: Lifecycle}\n'
    )
    user = (
        "health:\n"
        "  words: []\n"
        "  ignore:\n"
        '    - {kinds: ["certificates.cert-manager.io", "widgets"]}\n'
        '    - {namespaces: ["scratch-*"], reasons: [NotReady]}\n'
        'profiles: [{contexts: ["*"], health: {ignore: [{names: ["test-?"]}]}}]\n'
    )
    rows = [(row.name, row.value, row.source) for row in a_policy(system, user).settings()]
    assert rows[-5:] == [
        ("health.graceSeconds", "60", "a.yaml:4"),
        ("health.words", "Hibernating=ok,Out of office=ok,Broken=error", "a.yaml:5"),
        ("health.words", "<none>", "b.yaml:4"),
        ("health.ignore", "certificates.cert-manager.io|widgets,*/scratch-*/*/NotReady", "b.yaml:5"),
        ("health.ignore", "*/*/test-?", "b.yaml:8"),
    ]


# Mistakes in a file


def test_all_mistakes_are_told_in_line_order() -> None:
    text = (
        "apiVersion: inventory/v1\n"
        "kind: BoundaryPolicy\n"
        "limits: {workers: 0}\n"
        "namespaces:\n"
        '  alow: ["*"]\n'
        "resources:\n"
        "  deny: secrets\n"
        "kind: Other\n"
    )
    assert problems(text) == [
        "ci.yaml:3: limits.workers: 0 is out of range (1 to 32)",
        'ci.yaml:5: namespaces.alow: unknown field, did you mean "allow"? (valid: allow, deny)',
        'ci.yaml:7: resources.deny: a list is wanted, not the text "secrets": write ["secrets"]',
        "ci.yaml:8: kind: written twice (first in line 2)",
    ]


def test_one_mistake_is_the_error_and_several_are_counted() -> None:
    with pytest.raises(PolicyError) as one:
        a_policy("limits: {workers: 0}")
    with pytest.raises(PolicyError) as several:
        a_policy("limits: {workers: 0, probes: 0}", "healt: {}")
    assert one.value.message == "a.yaml:3: limits.workers: 0 is out of range (1 to 32)"
    assert one.value.hint is None
    assert several.value.message == "a.yaml:3: limits.workers: 0 is out of range (1 to 32); and 2 more errors"
    assert several.value.hint == '"kubectl inventory policy check a.yaml" lists them'
    assert several.value.exit_code == 2


def test_a_mistake_in_a_profile_that_does_not_apply_is_still_an_error() -> None:
    with pytest.raises(PolicyError, match=re.escape("profiles[0].limits.workers: 0 is out of range")):
        a_policy('profiles: [{contexts: ["other"], limits: {workers: 0}}]')


VALID_TOP = "apiVersion, kind, contexts, namespaces, resources, limits, bulk, discovery, health, profiles"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("labels: {}", f"3: labels: unknown field (valid: {VALID_TOP})"),
        ("heath: {}", f'3: heath: unknown field, did you mean "health"? (valid: {VALID_TOP})'),
        ("namespace: {}", f'3: namespace: unknown field, did you mean "namespaces"? (valid: {VALID_TOP})'),
        (
            "namespaces: {Deny: []}",
            '3: namespaces.Deny: unknown field, did you mean "deny"? (valid: allow, deny)',
        ),
        (
            "namespaces: {DENY: []}",
            '3: namespaces.DENY: unknown field, did you mean "deny"? (valid: allow, deny)',
        ),
        (
            "namespaces: {'deny ': []}",
            '3: namespaces."deny ": unknown field, did you mean "deny"? (valid: allow, deny)',
        ),
        (
            "namespaces: {d\u0435ny: []}",  # a Cyrillic e
            '3: namespaces."d\\u0435ny": unknown field, did you mean "deny"? (valid: allow, deny)',
        ),
        ("<<: {limits: {}}", f'3: "<<": unknown field (valid: {VALID_TOP})'),
        ('"\\e[31m": 1', f'3: "\\x1b[31m": unknown field (valid: {VALID_TOP})'),
        ("? [a]\n: b", "3: a list cannot be a field's name"),
        ("namespaces:", "3: namespaces: a mapping is wanted (allow, deny), not nothing"),
        ("namespaces: []", "3: namespaces: a mapping is wanted (allow, deny), not a list"),
        ("resources: {deny: }", "3: resources.deny: a list is wanted, not nothing: write [] for none"),
        (
            "resources: {deny: {secrets: }}",
            "3: resources.deny: a list is wanted, not a mapping: write [] for none",
        ),
        ("resources: {deny: [pods], deny: []}", "3: resources.deny: written twice (first in line 3)"),
        ('resources: {deny: [pods], "deny": []}', "3: resources.deny: written twice (first in line 3)"),
        ("namespaces: {deny: [no]}", '3: namespaces.deny[0]: text is wanted, not no: write "no", in quotes'),
        (
            "namespaces: {deny: [2024]}",
            '3: namespaces.deny[0]: text is wanted, not 2024: write "2024", in quotes',
        ),
        ("namespaces: {deny: [[a]]}", "3: namespaces.deny[0]: text is wanted, not a list"),
        ("profiles: {contexts: [a]}", "3: profiles: a list is wanted, not a mapping"),
        ("profiles: [{}]", '3: profiles[0]: no contexts: which is it for, as in contexts: ["kind-*"]?'),
        (
            "profiles: [{contexts: []}]",
            '3: profiles[0].contexts: no contexts: which is it for, as in contexts: ["kind-*"]?',
        ),
        (
            "profiles: [{contexts: [1]}]",
            '3: profiles[0].contexts[0]: text is wanted, not 1: write "1", in quotes',
        ),
    ],
)
def test_a_mistake_names_line_field_and_valid_choices(body: str, problem: str) -> None:
    assert only_problem(body) == problem


@pytest.mark.parametrize(
    ("section", "pattern", "why"),
    [
        ("resources", "", "an empty pattern matches nothing"),
        ("resources", "Secrets", '"Secrets" has capitals, which no name here has, did you mean "secrets"?'),
        ("resources", " secrets", '" secrets" has a space at an end'),
        ("resources", "secrets ", '"secrets " has a space at an end'),
        ("resources", "pods.", '"pods." is not plural[.group]'),
        ("resources", ".apps", '".apps" is not plural[.group]'),
        ("resources", "pods/log", '"pods/log" is not plural[.group]'),
        ("resources", "secrets configmaps", '"secrets configmaps" is not plural[.group]'),
        ("resources", "deployments.v1.apps", 'write "deployments.apps"'),
        ("resources", "secrets.v1", 'write "secrets"'),
        ("resources", "secrets.core", 'write "secrets"'),
        ("resources", "secrets,pods", "a pattern has * and ? alone"),
        ("resources", "s\u0435crets", "holds U+0435 CYRILLIC SMALL LETTER IE: ASCII only"),
        ("resources", "secrets\u200b", "holds U+200B ZERO WIDTH SPACE: ASCII only"),
        ("namespaces", "kube-[a-z]*", "a pattern has * and ? alone"),
        ("namespaces", "[", "a pattern has * and ? alone"),
        ("namespaces", "{shop,pay}", "a pattern has * and ? alone"),
        ("namespaces", "!shop", "a pattern has * and ? alone"),
        ("namespaces", "shop.pay", '"shop.pay" cannot be a namespace'),
        ("namespaces", "-shop", '"-shop" cannot be a namespace'),
        ("namespaces", "Shop", 'did you mean "shop"?'),
        ("contexts", "prod-[0-9]", "a pattern has * and ? alone"),
        ("contexts", "corp\\prod", "a pattern has * and ? alone"),
        ("contexts", "pr\u043ed-*", "holds U+043E CYRILLIC SMALL LETTER O: ASCII only"),
        ("contexts", "\uff50rod", "holds U+FF50 FULLWIDTH LATIN SMALL LETTER P: ASCII only"),
    ],
)
def test_a_pattern_that_cannot_mean_what_it_looks_like_is_refused(
    section: str, pattern: str, why: str
) -> None:
    for list_name in ("allow", "deny"):
        found = only_problem(f"{section}: {{{list_name}: ['{pattern}']}}")
        assert found.startswith(f"3: {section}.{list_name}[0]: ")
        assert why in found


WORD_FIELDS_TEXT = "means, words, kinds, column"
IGNORE_FIELDS_TEXT = "kinds, namespaces, names, reasons"
HEALTHS_TEXT = "error, unknown, warning, changing, scaled-down, ok"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("health:", "3: health: a mapping is wanted (graceSeconds, words, ignore), not nothing"),
        (
            "health: {graceSecond: 5}",
            '3: health.graceSecond: unknown field, did you mean "graceSeconds"? (valid: graceSeconds, words, ignore)',
        ),
        (
            "health: {graceSeconds: 5m}",
            '3: health.graceSeconds: a whole number is wanted (0 to 86400), not the text "5m"',
        ),
        ("health: {graceSeconds: 1.5}", "3: health.graceSeconds: a whole number is wanted (0 to 86400), not 1.5"),
        ("health: {words: [], words: []}", "3: health.words: written twice (first in line 3)"),
        ("health: {words: {Idle: ok}}", "3: health.words: a list is wanted, not a mapping"),
        ("health: {words: Idle}", '3: health.words: a list is wanted, not the text "Idle"'),
        (
            "health: {words: [Idle]}",
            f'3: health.words[0]: a mapping is wanted ({WORD_FIELDS_TEXT}), not the text "Idle"',
        ),
        ("health: {words: [{words: [Idle]}]}", f"3: health.words[0].means: missing (valid: {HEALTHS_TEXT})"),
        (
            "health:\n  words:\n    - means: okay\n      words: [Idle]",
            f'5: health.words[0].means: a health is wanted ({HEALTHS_TEXT}), not the text "okay", did you mean "ok"?',
        ),
        (
            "health: {words: [{means: OK, words: [Idle]}]}",
            f'3: health.words[0].means: a health is wanted ({HEALTHS_TEXT}), not the text "OK", did you mean "ok"?',
        ),
        (
            "health: {words: [{means: [ok], words: [Idle]}]}",
            f"3: health.words[0].means: a health is wanted ({HEALTHS_TEXT}), not a list",
        ),
        (
            "health: {words: [{means: ok, words: [Idle], kind: []}]}",
            f'3: health.words[0].kind: unknown field, did you mean "kinds"? (valid: {WORD_FIELDS_TEXT})',
        ),
        (
            "health: {words: [{means: ok}]}",
            '3: health.words[0]: no words: which are meant, as in words: ["Hibernating"]?',
        ),
        (
            "health: {words: [{means: ok, words: []}]}",
            '3: health.words[0].words: no words: which are meant, as in words: ["Hibernating"]?',
        ),
        (
            "health: {words: [{means: ok, words: Idle}]}",
            '3: health.words[0].words: a list is wanted, not the text "Idle": write ["Idle"]',
        ),
        (
            "health: {words: [{means: ok, words: }]}",
            '3: health.words[0].words: a list is wanted, not nothing: as in words: ["Hibernating"]',
        ),
        (
            "health: {words: [{means: ok, words: [Idle, Off]}]}",
            '3: health.words[0].words[1]: text is wanted, not Off: write "Off", in quotes',
        ),
        ("health: {words: [{means: ok, words: ['']}]}", "3: health.words[0].words[0]: an empty word matches nothing"),
        (
            "health: {words: [{means: ok, words: [' Idle']}]}",
            '3: health.words[0].words[0]: " Idle" has a space at an end',
        ),
        (
            "health: {words: [{means: ok, words: ['Hib*']}]}",
            '3: health.words[0].words[0]: "Hib*": a word is meant to the letter, without * and ?',
        ),
        (
            "health: {words: [{means: ok, words: [Idl\u0435]}]}",
            '3: health.words[0].words[0]: "Idl\u0435" holds U+0435 CYRILLIC SMALL LETTER IE: ASCII only',
        ),
        (
            "health: {words: [{means: ok, words: [Idle], kinds: []}]}",
            "3: health.words[0].kinds: an empty list matches nothing: leave it out for all",
        ),
        (
            "health: {words: [{means: ok, words: [Idle], kinds: }]}",
            "3: health.words[0].kinds: a list is wanted, not nothing: leave it out for all",
        ),
        (
            "health: {words: [{means: ok, words: [Idle], kinds: [Databases]}]}",
            '3: health.words[0].kinds[0]: "Databases" has capitals, which no name here has, did you mean "databases"?',
        ),
        (
            "health: {words: [{means: ok, words: [Idle], column: [Phase]}]}",
            "3: health.words[0].column: text is wanted, not a list",
        ),
        (
            "health: {words: [{means: ok, words: [Idle], column: }]}",
            "3: health.words[0].column: text is wanted, not nothing",
        ),
        (
            "health: {words: [{means: ok, words: [Idle], column: 'Life*'}]}",
            '3: health.words[0].column: "Life*": a column is meant to the letter, without * and ?',
        ),
        ("health: {ignore: {}}", "3: health.ignore: a list is wanted, not a mapping"),
        ("health: {ignore: [{}]}", '3: health.ignore[0]: would ignore everything: say what, as in names: ["test-*"]'),
        ("health:\n  ignore:\n    -", f"5: health.ignore[0]: a mapping is wanted ({IGNORE_FIELDS_TEXT}), not nothing"),
        (
            "health: {ignore: [{reason: [NotReady]}]}",
            f'3: health.ignore[0].reason: unknown field, did you mean "reasons"? (valid: {IGNORE_FIELDS_TEXT})',
        ),
        (
            "health: {ignore: [{names: []}]}",
            "3: health.ignore[0].names: an empty list matches nothing: leave it out for all",
        ),
        (
            "health: {ignore: [{reasons: NotReady}]}",
            '3: health.ignore[0].reasons: a list is wanted, not the text "NotReady": write ["NotReady"]',
        ),
        (
            "health: {ignore: [{names: [Web]}]}",
            '3: health.ignore[0].names[0]: "Web" has capitals, which no name here has, did you mean "web"?',
        ),
        (
            "health: {ignore: [{names: [deployment/web]}]}",
            '3: health.ignore[0].names[0]: "deployment/web" cannot be a name: letters, digits, - . and :, with * and ?',
        ),
        (
            "health: {ignore: [{namespaces: [shop.pay]}]}",
            '3: health.ignore[0].namespaces[0]: "shop.pay" cannot be a namespace: letters, digits and -, with * and ?',
        ),
        (
            "health: {ignore: [{reasons: ['[Nn]ot']}]}",
            '3: health.ignore[0].reasons[0]: "[Nn]ot": a pattern has * and ? alone, no [ ] { } \\ , and no ! in front',
        ),
        (
            'profiles: [{contexts: ["x"], health: {ignore: [{}]}}]',
            '3: profiles[0].health.ignore[0]: would ignore everything: say what, as in names: ["test-*"]',
        ),
        (
            'profiles: [{contexts: ["x"], health: {words: [{means: good, words: [Idle], kinds: ["a.b"]}]}}]',
            f'3: profiles[0].health.words[0].means: a health is wanted ({HEALTHS_TEXT}), not the text "good"',
        ),
    ],
)
def test_a_mistake_about_health_names_line_field_and_valid_choices(body: str, problem: str) -> None:
    assert only_problem(body) == problem


@pytest.mark.parametrize(
    ("first", "second", "repeated"),
    [
        ("words: [Other]", "words: [Idle, idle]", 'words: "idle" is written twice (first in line 6, which counts)'),
        ("words: [Idle]", "words: [Other, IDLE]", 'words: "IDLE" is written twice (first in line 5, which counts)'),
        (
            "words: [Idle]",
            'words: [Idle], kinds: ["a.b"], column: Phase',
            'words: "Idle" is written twice (first in line 5, which counts)',
        ),
        (
            'words: [Idle], kinds: ["a.b", "c.d"]',
            'words: [Idle], kinds: ["c.d", "e.f"]',  # for c.d it would not
            'words: "Idle" is written twice (first in line 5, which counts)',
        ),
        ('words: [Idle], kinds: ["a.b"], column: Phase', "words: [Idle]", None),  # the narrower comes first
        ('words: [Idle], kinds: ["a.b"]', 'words: [Idle], kinds: ["c.d"]', None),
        ("words: [Idle], column: Phase", "words: [Idle], column: Stage", None),
        ("words: [Idle], column: Phase", 'words: [Idle], kinds: ["a.b"]', None),
    ],
)
def test_a_word_that_would_not_count_is_a_mistake(first: str, second: str, repeated: str | None) -> None:
    body = f"health:\n  words:\n    - {{means: ok, {first}}}\n    - {{means: error, {second}}}\n"
    expected = [f"ci.yaml:6: health.words[1].{repeated}"] if repeated is not None else []
    assert problems(HEADER + body) == expected


def test_health_may_be_empty() -> None:
    assert a_policy("health: {}", "health: {words: [], ignore: []}").grace_s == 300


@pytest.mark.parametrize(
    "context",
    ["arn:aws:eks:eu-west-1:123:cluster/prod", "admin/api-host:6443/me", "me@prod", "my cluster", "Prod_1"],
)
def test_any_usual_context_name_can_be_denied(context: str) -> None:
    with pytest.raises(PolicyError, match="denied by the policy"):
        a_policy(f'contexts: {{deny: ["{context}"]}}', context=context)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", '1: the file is empty ("policy init" writes one)'),
        ("# only this\n", '1: the file is empty ("policy init" writes one)'),
        ("---\n", '1: the file is empty ("policy init" writes one)'),
        ("- a", f"1: a mapping is wanted ({VALID_TOP}), not a list"),
        ("deny", f'1: a mapping is wanted ({VALID_TOP}), not the text "deny"'),
        ("kind: BoundaryPolicy", "1: apiVersion: missing (valid: inventory/v1)"),
        ("apiVersion: inventory/v1", "1: kind: missing (valid: BoundaryPolicy)"),
        (
            "apiVersion: inventory/v2\nkind: BoundaryPolicy",
            '1: apiVersion: inventory/v1 is wanted, not the text "inventory/v2"',
        ),
        (
            "apiVersion: inventory/v1\nkind: Policy",
            '2: kind: BoundaryPolicy is wanted, not the text "Policy"',
        ),
        (HEADER + "---\nlimits: {}", "3: a second document: a policy file holds one"),
        (HEADER + "limits:\n\tworkers: 1", "4: YAML is not indented with tabs: use spaces"),
        (HEADER + "a: b: c", "3: not YAML: mapping values are not allowed"),
        (HEADER + "a: [b", "not YAML: "),
        (HEADER + "a: [*]", '3: an unquoted * begins a YAML alias: write patterns in quotes, as in "*"'),
        (HEADER + "a: [*.x]", '3: an unquoted * begins a YAML alias: write patterns in quotes, as in "*"'),
        (HEADER + "a: [*foo]", '3: an unquoted * begins a YAML alias: write "*foo", in quotes'),
        (HEADER + "a: &b []\nc: *b", '3: YAML anchors are not used here: "b"'),
        (HEADER + "limits: {workers: !!int '8'}", '3: YAML tags are not used here: "tag:yaml.org,2002:int"'),
        (HEADER + "a: !!python/object:os.system {}", "3: YAML tags are not used here"),
        (HEADER + "# a\u2028limits: {workers: 32}", "3: holds the control character U+2028"),
        (HEADER + "# a\rlimits: {workers: 32}", "3: holds the control character U+000D"),
        (HEADER + "# \u202e", "3: holds the control character U+202E"),
        (HEADER + "a: '\x1b[2J'", "3: holds the control character U+001B"),
        ("[" * MAX_FILE_BYTES, "1: nested too deep"),
        ("{a: " * 1000, "1: nested too deep"),
    ],
)
def test_what_is_not_one_plain_mapping_is_one_problem(text: str, problem: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert problem in found[0]


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40))]
    assert only_problem("\n".join(lines)) == '3: YAML anchors are not used here: "a0"'


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(
        b"\xef\xbb\xbf" + f'{HEADER}resources: {{deny: ["pods"]}}\n'.replace("\n", "\r\n").encode()
    )
    files = read_policy_files(flag=str(path), environ={}, home=tmp_path, system=tmp_path / "none")
    assert str(make_policy(files, "dev").denies_kind(PODS)) == 'resources.deny "pods" (~/policy.yaml:3)'


# policy check


@pytest.mark.parametrize(
    ("denied", "meant"),
    [
        ("secretes", "secrets"),
        ("secrets", None),
        ("secret", None),
        ("secret*", None),
        ("certificates.cert-manager.io", None),
        ("widgts.metrics.example", None),
    ],
)
def test_a_denial_that_is_nearly_a_kinds_name_is_told(denied: str, meant: str | None) -> None:
    policy = a_policy(f'resources: {{deny: ["{denied}"]}}')
    told = [f'a.yaml:3: resources.deny "{denied}" denies nothing, did you mean "{meant}"?']
    assert list(policy.likely_slips(KINDS, ["metrics.example"])) == (told if meant is not None else [])


def test_check_tells_a_kind_that_the_cluster_does_not_know() -> None:
    file = a_file(
        'profiles:\n- {contexts: ["acme-*"], resources: {deny: ["widgets.example.com"]}}\n'
        'resources:\n  deny:\n    - "pods"\n    - "secretes"\n    - "nosuch*"\n  allow: ["*", "deploy"]\n'
        "limits: {workers: 0}\n"
    )
    assert [str(problem) for problem in check_policy(file, KINDS, "acme-eu1")] == [
        (
            'ci.yaml:4: profiles[0].resources.deny[0]: "widgets.example.com" is no kind of acme-eu1, did you mean '
            '"widgets.a.internal.example.com"?'
        ),
        'ci.yaml:8: resources.deny[1]: "secretes" is no kind of acme-eu1, did you mean "secrets"?',
        'ci.yaml:10: resources.allow[1]: "deploy" is no kind of acme-eu1, did you mean "deployments"?',
        "ci.yaml:11: limits.workers: 0 is out of range (1 to 32)",
    ]


def test_check_tells_a_kind_of_words_and_of_what_is_ignored_that_the_cluster_does_not_know() -> None:
    file = a_file(
        "health:\n"
        "  words:\n"
        '    - {means: ok, words: [Idle], kinds: ["widgets", "widgts"]}\n'
        "  ignore:\n"
        '    - {kinds: ["po", "*.acme.example"], names: ["nosuch"]}\n'
        '    - {kinds: ["deployments.extensions", "nodes.metrics.example"]}\n'
        'profiles: [{contexts: ["acme-*"], health: {ignore: [{kinds: ["secret", "sercets"]}]}}]\n'
    )
    assert [
        str(problem) for problem in check_policy(file, KINDS, "acme-eu1", unknown_groups=["metrics.example"])
    ] == [
        'ci.yaml:5: health.words[0].kinds[1]: "widgts" is no kind of acme-eu1, did you mean "widgets"?',
        (
            'ci.yaml:8: health.ignore[1].kinds[0]: "deployments.extensions" is no kind of acme-eu1, did you mean '
            '"deployments.apps"?'
        ),
        'ci.yaml:9: profiles[0].health.ignore[0].kinds[1]: "sercets" is no kind of acme-eu1, did you mean "secrets"?',
    ]


def test_check_takes_what_a_deny_really_denies_for_known() -> None:
    file = a_file('resources: {deny: ["deploy", "secret", "events.events.k8s.io", "pods.metrics.k8s.io"]}')
    assert check_policy(file, [kind for kind in KINDS if kind != NEW_EVENTS], "acme-eu1") == []


def test_check_without_a_cluster_does_not_judge_names() -> None:
    assert check_policy(a_file('resources: {deny: ["secretes"]}'), None, "acme-eu1") == []


def test_a_kind_that_this_cluster_lacks_does_not_stop_a_run() -> None:
    policy = a_policy('resources: {deny: ["certificates.cert-manager.io"]}')
    assert not any(policy.denies_kind(kind) for kind in KINDS)


# Reading files


def write_policy(path: Path, body: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + body)
    return path


def names_read(
    tmp_path: Path, *, flag: str | None = None, environ: dict[str, str] | None = None
) -> list[str]:
    files = read_policy_files(
        flag=flag, environ=environ or {}, home=tmp_path / "home", system=tmp_path / "etc" / "policy.yaml"
    )
    return [file.name for file in files]


def test_without_any_file_none_is_read(tmp_path: Path) -> None:
    assert names_read(tmp_path) == []
    assert names_read(tmp_path, environ={"KUBECTL_INVENTORY_POLICY": ""}) == []


def test_the_flag_comes_before_the_variable_and_that_before_the_home(tmp_path: Path) -> None:
    write_policy(tmp_path / "home/.kube/inventory-policy.yaml")
    in_variable = {"KUBECTL_INVENTORY_POLICY": str(write_policy(tmp_path / "variable.yaml"))}
    flag = str(write_policy(tmp_path / "flag.yaml"))
    assert names_read(tmp_path, flag=flag, environ=in_variable) == [flag]
    assert names_read(tmp_path, environ=in_variable) == [str(tmp_path / "variable.yaml")]
    assert names_read(tmp_path) == ["~/.kube/inventory-policy.yaml"]


def test_the_administrators_file_applies_whatever_is_typed(tmp_path: Path) -> None:
    system = str(write_policy(tmp_path / "etc/policy.yaml", 'resources: {deny: ["secrets"]}'))
    loose = str(write_policy(tmp_path / "loose.yaml", 'resources: {allow: ["*"], deny: []}'))
    assert names_read(tmp_path, flag=loose) == [system, loose]
    assert names_read(tmp_path, environ={"KUBECTL_INVENTORY_POLICY": loose}) == [system, loose]
    assert names_read(tmp_path) == [system]


@pytest.mark.parametrize("flag", ["/nowhere/policy.yaml", "", ".", "a\0b"])
def test_a_named_file_that_cannot_be_read_is_an_error(tmp_path: Path, flag: str) -> None:
    with pytest.raises(PolicyError, match=r"^cannot read policy file .* \(--policy\): ") as caught:
        names_read(tmp_path, flag=flag)
    assert caught.value.message.isprintable()
    assert caught.value.exit_code == 2


def test_the_variable_is_named_where_its_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        names_read(tmp_path, environ={"KUBECTL_INVENTORY_POLICY": "/nowhere/p.yaml"})
    assert caught.value.message == (
        "cannot read policy file /nowhere/p.yaml (KUBECTL_INVENTORY_POLICY): no such file or directory"
    )


@pytest.mark.parametrize("place", ["home/.kube/inventory-policy.yaml", "etc/policy.yaml"])
def test_a_default_file_that_is_there_and_unreadable_is_never_taken_for_none(
    tmp_path: Path, place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(PolicyError, match=r"^cannot read policy file "):
        names_read(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(PolicyError, match=r"^cannot read policy file "):
        names_read(tmp_path)


def test_a_file_that_is_too_large_or_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(PolicyError, match="it is over 1 MiB"):
        names_read(tmp_path, flag=str(path))
    path.write_bytes(b"kind: \xff\xfe")
    with pytest.raises(PolicyError, match=r"not UTF-8 text \(byte 6\)"):
        names_read(tmp_path, flag=str(path))


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="it is over 1 MiB"):
        names_read(tmp_path, flag="/dev/zero")


def test_home_is_shown_as_a_tilde_and_only_home(tmp_path: Path) -> None:
    path = write_policy(tmp_path / "policy.yaml")
    for home, shown in ((tmp_path, "~/policy.yaml"), (Path("/"), str(path)), (Path(""), str(path))):
        files = read_policy_files(flag=str(path), environ={}, home=home, system=tmp_path / "none")
        assert [file.name for file in files] == [shown]


# policy init


def test_the_template_denies_nothing_and_sets_no_ceiling() -> None:
    policy = make_policy([PolicyFile("new.yaml", policy_template())], "prod")
    assert refusals(policy) == set()
    assert not policy.has_namespace_rule
    assert apply_limit_flags(policy, LimitFlags(workers=32)).limits.workers == 32


def test_the_templates_examples_are_right_and_its_numbers_the_built_in_ones() -> None:
    text = re.sub(r"(?m)^#(?!#)", "", policy_template())
    policy = make_policy([PolicyFile("new.yaml", text)], "stage")
    assert policy.limits == Limits()
    assert (policy.more_than_namespaces, policy.discovery_cache_s, policy.grace_s) == (3, 30, 300)
    assert not [row for row in policy.settings() if row.source.startswith("built-in")]
    assert make_policy([PolicyFile("new.yaml", text)], "kind-1").limits.workers == 5
    assert make_policy([PolicyFile("new.yaml", text)], "prod-1").denies_kind(SECRETS) is not None


# The room


def test_without_a_policy_file_nothing_that_reads_one_is_even_imported() -> None:
    program = (
        "import sys; from kubectl_inventory.boundary.policy import make_policy; make_policy([], 'dev');"
        "sys.exit(bool({'yaml', 'kubernetes', 'click', 'kubectl_inventory.boundary.policy_text'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_policy_cannot_be_changed() -> None:
    policy = a_policy('resources: {deny: ["secrets"]}')
    with pytest.raises(AttributeError):
        policy.layers = ()  # type: ignore[misc]
