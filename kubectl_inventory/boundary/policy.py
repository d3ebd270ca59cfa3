"""The boundary: YAML to a frozen `Policy` that can only say yes, or no with the rule's name.

Every source (the administrator's file, the user's, each matching profile) stays
a layer of its own, and a thing must pass all of them: so a source can tighten
and none can loosen. Says nothing of how refusals look, asks no cluster, and
knows neither what is there nor what is asked for. `policy_text` reads and
checks what a file says.

A resource pattern without a dot means the plural in *any* group, in `allow` as
in `deny`: denying `events` must cover events.k8s.io. With a dot it is a glob on
`plural.group`, the core group being empty: `*.apps`, `pods.*` (core pods too).

Beside the boundary a file says what a user's own status words mean, and which
findings of `health` are none. That takes nothing from what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.boundary.policy_file import (
    NUMBER_FIELDS,
    Boundary,
    IgnoreRule,
    Layer,
    Number,
    NumberField,
    Pattern,
    PatternList,
    PolicyDocument,
    PolicyFile,
    Problem,
    WordRule,
    number_text,
)
from kubectl_inventory.errors import PolicyError, UsageError, near
from kubectl_inventory.resource import Kind
from kubectl_inventory.words import number, quoted, some_of

if TYPE_CHECKING:
    from kubectl_inventory.health import Health


class Rule(msgspec.Struct, frozen=True):
    """Why something is withheld. As text: `resources.deny "secrets" (~/.kube/inventory-policy.yaml:7)`."""

    field: str
    """`resources.deny`; of a profile, `profiles[0].resources.deny`."""
    pattern: str
    """The pattern that denies, or the list that does not allow: `["pods", "services"]`."""
    source: str
    """`FILE:LINE`."""

    @property
    def name(self) -> str:
        """Field and pattern: `resources.deny "secrets"`."""
        return f"{self.field} {self.pattern if self.field.endswith('.allow') else quoted(self.pattern)}"

    def __str__(self) -> str:
        return f"{self.name} ({self.source})"


class Limits(msgspec.Struct, frozen=True):
    """How hard the cluster may be asked. The defaults are the built-in numbers."""

    workers: int = 8
    """Lists in flight."""
    heavy_lists: int = 4
    """Of them, lists of large kinds; never more than `workers`."""
    probes: int = 32
    """Counting probes in flight."""
    request_timeout_s: float = 5
    """One request, connect to last byte."""
    deadline_s: float = 120
    """The whole run."""
    page_size: int = 500
    """Objects a page."""
    max_requests: int = 20000
    max_objects: int = 1_000_000
    max_response_bytes: int = 256 << 20


class LimitFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that were typed; None where nothing was."""

    workers: int | None = None
    """`--workers`"""
    probes: int | None = None
    """`--probes`"""
    request_timeout_s: float | None = None
    """`--request-timeout`"""
    deadline_s: float | None = None
    """`--deadline`"""
    page_size: int | None = None
    """`--chunk-size`"""


class Setting(msgspec.Struct, frozen=True):
    """One line of the effective boundary. A list set by several sources has a line for each."""

    name: str
    value: str
    source: str


class Policy(msgspec.Struct, frozen=True):
    """The effective boundary. `Policy()` is the built-in one, which denies nothing."""

    limits: Limits = Limits()
    more_than_namespaces: int = 3
    """Up to this many named namespaces are listed one by one; more by whatever is cheapest."""
    most_fanned_out: int | None = None
    """How many namespaces may be asked one by one where nobody named them; None: whatever is cheapest."""
    discovery_cache_s: int = 30
    """How long discovery may be remembered; 0 is not at all."""
    grace_s: int = 300
    """How long something may take to become ready before that is a finding, in seconds."""
    layers: tuple[Layer, ...] = ()
    has_profiles: bool = False
    """Whether any source has profiles, be they of other contexts."""
    flagged: frozenset[str] = frozenset()
    """The limits that a flag set, by their names in the YAML."""

    def denies_context(self, context: str) -> Rule | None:
        """The rule against this kubeconfig context; `""`, no context at all, passes only `allow: ["*"]`."""
        # A person's own spelling, so what tightens ignores case: PROD-eu is
        # held by "prod-*", while allow wants it as the kubeconfig has it.
        return _refusal(
            [layer.contexts for layer in self.layers],
            denies=lambda pattern: _matches_context(pattern, context),
            allows=lambda pattern: fnmatchcase(context, pattern.text),
        )

    def denies_namespace(self, namespace: str) -> Rule | None:
        """The rule against what is in this namespace."""

        def matches(pattern: Pattern) -> bool:
            return fnmatchcase(namespace, pattern.text)

        return _refusal([layer.namespaces for layer in self.layers], denies=matches, allows=matches)

    def denies_kind(self, kind: Kind) -> Rule | None:
        """The rule against this kind of object."""
        return _refusal(
            [layer.resources for layer in self.layers],
            denies=lambda pattern: _denies_kind(pattern, kind),
            allows=lambda pattern: _matches_kind(pattern, kind),
        )

    def likely_slips(self, known: Sequence[Kind], unknown_groups: Collection[str]) -> Iterator[str]:
        """What `resources.deny` names that is no kind of this cluster and nearly is one: it may have been meant.

        What is like none of them is another cluster's, or of a group that cannot be asked.
        """
        for listed in (layer.resources.deny for layer in self.layers):
            for where, pattern in _of_no_kind(listed, _denies_kind, known):
                meant = near(pattern.text.lower(), _names_of(known))
                if meant and not _is_of(pattern, unknown_groups):
                    yield f"{where.file}:{pattern.line}: {where.field} {quoted(pattern.text)} denies nothing{meant}"

    def denies_typed(self, word: str) -> Rule | None:
        """The rule that spells this very word, or that allows no kind at all: known without asking what it means."""
        return _refusal(
            [layer.resources for layer in self.layers],
            denies=lambda pattern: pattern.is_literal and pattern.text == word,
            allows=lambda pattern: True,
        )

    def meaning(self, kind: Kind, column: str, word: str, *, is_state: bool = True) -> Health | None:
        """What a file says that a status word means where it stands in this column of a kind's Table.

        Neither the column's header nor the word needs its case. `is_state`: whether the column holds a state, as a
        rule that names no column wants; a condition's True and False are no such words. None: no file knows it.
        """
        header, key = column.lower(), word.lower()
        columns = ("", header) if is_state else (header,)
        for rule in self._word_rules():
            if rule.column in columns and any(known.key == key for known in rule.words) and _is_for(rule, kind):
                return rule.means
        return None

    def word_columns(self, kind: Kind) -> tuple[str, ...]:
        """The columns whose words a file tells for this kind by the column's name, in lower case."""
        return tuple(dict.fromkeys(rule.column for rule in self._word_rules() if rule.column and _is_for(rule, kind)))

    def ignores(self, kind: Kind, namespace: str | None, name: str, reason: str) -> bool:
        """Whether a file wants to hear nothing of this finding. `namespace` is None for what is in none."""
        return any(
            _is_for(rule, kind)
            and _fits(rule.namespaces, namespace)
            and _fits(rule.names, name)
            and _fits(rule.reasons, reason)
            for layer in self.layers
            for rule in layer.ignore.rules
        )

    def _word_rules(self) -> Iterator[WordRule]:
        """The first that knows a word counts: the administrator's come first."""
        return (rule for layer in self.layers for rule in layer.words.rules)

    @property
    def has_namespace_rule(self) -> bool:
        """Whether any source restricts namespaces, so that no cluster-wide list may be asked unselected."""
        return any(
            _patterns(layer.namespaces.deny) or not _allows_all(layer.namespaces.allow)
            for layer in self.layers
        )

    @property
    def has_context_rule(self) -> bool:
        """Whether any source goes by contexts, so that a context's name must mean its own cluster."""
        return self.has_profiles or any(
            _patterns(layer.contexts.deny) or not _allows_all(layer.contexts.allow) for layer in self.layers
        )

    def literal_denied_namespaces(self) -> tuple[str, ...] | None:
        """The denied names, if namespace rules say nothing else; None: hold them against real names."""
        if not all(_allows_all(layer.namespaces.allow) for layer in self.layers):
            return None
        denied = [pattern for layer in self.layers for pattern in _patterns(layer.namespaces.deny)]
        if not all(pattern.is_literal for pattern in denied):
            return None
        return tuple(dict.fromkeys(pattern.text for pattern in denied))

    def settings(self) -> list[Setting]:
        """Every setting, its value and which source set it, in the order of the YAML."""
        contexts = _list_settings("contexts", [layer.contexts for layer in self.layers])
        namespaces = _list_settings("namespaces", [layer.namespaces for layer in self.layers])
        resources = _list_settings("resources", [layer.resources for layer in self.layers])
        numbers = [self._number_setting(field) for field in NUMBER_FIELDS]
        return contexts + namespaces + resources + numbers + _health_settings(self.layers)

    def _number_setting(self, field: NumberField) -> Setting:
        ceiling = _ceiling(self.layers, field)
        value = _value_of(self, field)
        if field.attribute == "heavy_lists" and value < (ceiling.value if ceiling else Limits().heavy_lists):
            source = "as limits.workers"
        elif field.name in self.flagged:
            source = field.flag
        elif ceiling is not None:
            source = ceiling.source
        else:
            source = f"built-in, not a ceiling: {field.flag} may raise it" if field.flag else "built-in"
        return Setting(field.name, number_text(value), source)


def make_policy(files: Sequence[PolicyFile], context: str | None) -> Policy:
    """The boundary of all files for one context.

    `None` is for showing and checking alone: no profile applies and no context
    rule is asked. A run always names its context, be it `""`.

    Raises `PolicyError` for a mistake in any file, and for a denied context.
    """
    documents = _documents(files)
    _refuse_problems([problem for document in documents for problem in document.problems])
    layers: list[Layer] = []
    for document in documents:
        layers.append(document.layer)
        layers.extend(_profile_layers(document, context))
    has_profiles = any(document.profiles for document in documents)
    policy = _policy_of(tuple(layers), has_profiles=has_profiles)
    rule = policy.denies_context(context) if context is not None else None
    if rule is not None:
        verdict = "not allowed" if rule.field.endswith(".allow") else "denied"
        subject = f"context {quoted(context)}" if context else "a run without a context"
        raise PolicyError(f"{subject} is {verdict} by the policy: {rule}")
    return policy


def check_policy(
    file: PolicyFile,
    known_kinds: Sequence[Kind] | None,
    context: str | None,
    *,
    unknown_groups: Collection[str] = (),
) -> list[Problem]:
    """Everything wrong with a file, in line order.

    With `known_kinds`, all that discovery knows of the cluster of `context`,
    also each kind that is named without a wildcard and does not exist.
    What is said to be of one of `unknown_groups`, which could not be asked, may exist.
    """
    document = _documents([file])[0]
    problems = list(document.problems)
    if known_kinds is not None:
        for layer in (document.layer, *_profile_layers(document, context)):
            for pattern, problem in _unknown_kinds(layer, known_kinds, context or "this cluster"):
                if not _is_of(pattern, unknown_groups):
                    problems.append(problem)
    return sorted(problems, key=lambda problem: problem.line)


def apply_limit_flags(policy: Policy, flags: LimitFlags) -> Policy:
    """The policy with the limits that were typed.

    A flag may lower any number and raise a built-in one. Raises `PolicyError`
    where it asks for more than a file's number, `UsageError` where out of range.
    """
    numbers: dict[str, float] = {}
    for field in NUMBER_FIELDS:
        typed: float | None = getattr(flags, field.attribute, None)
        if typed is None:
            continue
        unit = "s" if field.attribute.endswith("_s") else ""
        asked = f"{field.flag} {number_text(typed)}{unit}"
        ceiling = _ceiling(policy.layers, field)
        if ceiling is not None and typed > ceiling.value:
            most = number_text(ceiling.value)
            hint = f'use {field.flag} {most}{unit} or less; "kubectl inventory policy show" lists every limit'
            raise PolicyError(
                f"{asked} is over the policy's {field.name} {most} ({ceiling.source})", hint=hint
            )
        if not field.holds(typed):
            raise UsageError(f"{asked} is out of range ({field.range_text})")
        numbers[field.name] = typed
    return _policy_of(policy.layers, numbers, has_profiles=policy.has_profiles)


def policy_template() -> str:
    """What `policy init` writes: denies nothing, with examples."""
    return _TEMPLATE


_Matches = Callable[[Pattern], bool]


def _refusal(boundaries: Iterable[Boundary], *, denies: _Matches, allows: _Matches) -> Rule | None:
    for boundary in boundaries:
        deny, allow = boundary.deny, boundary.allow
        denied = next((pattern for pattern in _patterns(deny) if denies(pattern)), None)
        if deny is not None and denied is not None:
            return Rule(deny.field, denied.text, f"{deny.file}:{denied.line}")
        if allow is not None and not any(allows(pattern) for pattern in allow.patterns):
            return Rule(allow.field, _list_text(allow), f"{allow.file}:{allow.line}")
    return None


def _patterns(listed: PatternList | None) -> tuple[Pattern, ...]:
    return listed.patterns if listed is not None else ()


def _allows_all(allow: PatternList | None) -> bool:
    return allow is None or any(not pattern.text.strip("*") for pattern in allow.patterns)


def _list_text(listed: PatternList) -> str:
    # It stands in one line of a message, once a withheld thing.
    return f"[{some_of([quoted(pattern.text) for pattern in listed.patterns], 5)}]"


def _matches_context(pattern: Pattern, context: str) -> bool:
    return fnmatchcase(context.lower(), pattern.text.lower())


def _matches_kind(pattern: Pattern, kind: Kind, plural: str | None = None) -> bool:
    plural = kind.resource if plural is None else plural
    if "." not in pattern.text:
        return fnmatchcase(plural, pattern.text)
    # The server serves one set of events in two groups.
    is_event = kind.resource == "events" and kind.group in ("", "events.k8s.io")
    groups = ("", "events.k8s.io") if is_event else (kind.group,)
    return any(fnmatchcase(f"{plural}.{group}", pattern.text) for group in groups)


def _denies_kind(pattern: Pattern, kind: Kind) -> bool:
    # kubectl takes `secret` and `cm` for kinds, so whoever writes them in a
    # deny means them; in an allow they allow nothing, which is seen at once.
    also = (kind.singular, kind.kind.lower(), *kind.short_names) if pattern.is_literal else ()
    return any(_matches_kind(pattern, kind, name) for name in (kind.resource, *also) if name)


def _is_for(rule: WordRule | IgnoreRule, kind: Kind) -> bool:
    return rule.kinds is None or any(_denies_kind(pattern, kind) for pattern in rule.kinds.patterns)


def _fits(listed: PatternList | None, text: str | None) -> bool:
    """Whether a list matches a text. One that is not written matches everything, any other only what is there."""
    if listed is None or text is None:
        return listed is None
    # Of all that is matched here only reasons have capitals, and nobody should have to know them.
    return any(fnmatchcase(text.lower(), pattern.text.lower()) for pattern in listed.patterns)


def _list_settings(section: str, boundaries: Sequence[Boundary]) -> list[Setting]:
    found: list[Setting] = []
    for name, default in (("allow", "*"), ("deny", "<none>")):
        lists = [boundary.allow if name == "allow" else boundary.deny for boundary in boundaries]
        rows = [
            Setting(
                f"{section}.{name}",
                ",".join(pattern.text for pattern in listed.patterns) or "<none>",
                f"{listed.file}:{listed.line}",
            )
            for listed in lists
            if listed is not None
        ]
        found += rows or [Setting(f"{section}.{name}", default, "built-in")]
    return found


def _health_settings(layers: Sequence[Layer]) -> list[Setting]:
    words = [
        Setting("health.words", ",".join(map(_words_text, layer.words.rules)) or "<none>", layer.words.source)
        for layer in layers
        if layer.words.source
    ]
    ignore = [
        Setting("health.ignore", ",".join(map(_ignored_text, layer.ignore.rules)) or "<none>", layer.ignore.source)
        for layer in layers
        if layer.ignore.source
    ]
    words = words or [Setting("health.words", "<none>", "built-in")]
    return words + (ignore or [Setting("health.ignore", "<none>", "built-in")])


def _words_text(rule: WordRule) -> str:
    """`Broken=error,Lost=error`"""
    return ",".join(f"{word.text}={rule.means}" for word in rule.words)


def _ignored_text(rule: IgnoreRule) -> str:
    """Kinds, namespaces, names and reasons, up to the last written: `certificates.cert-manager.io/scratch-*`."""
    lists = [rule.kinds, rule.namespaces, rule.names, rule.reasons]
    while lists and lists[-1] is None:
        lists.pop()
    return "/".join("|".join(pattern.text for pattern in _patterns(listed)) or "*" for listed in lists)


def _ceiling(layers: Sequence[Layer], field: NumberField) -> Number | None:
    """The lowest number that the files give; the first of equals."""
    numbers = [number for layer in layers for number in layer.numbers if number.name == field.name]
    return min(numbers, key=lambda number: number.value, default=None)


def _value_of(policy: Policy, field: NumberField) -> float:
    holder: Limits | Policy = policy.limits if field.name.startswith("limits.") else policy
    value: float = getattr(holder, field.attribute)
    return value // field.scale if field.scale > 1 else value


def _policy_of(
    layers: tuple[Layer, ...], typed: dict[str, float] | None = None, *, has_profiles: bool
) -> Policy:
    typed = typed or {}
    numbers: dict[str, float] = {}
    for field in NUMBER_FIELDS:
        ceiling = _ceiling(layers, field)
        if field.name in typed:
            numbers[field.attribute] = typed[field.name]
        elif ceiling is not None:
            numbers[field.attribute] = ceiling.value * field.scale
    limits = msgspec.convert(numbers, Limits)  # which passes over the numbers that are no limits
    limits = msgspec.structs.replace(limits, heavy_lists=min(limits.heavy_lists, limits.workers))
    built_in = Policy()
    return Policy(
        limits=limits,
        more_than_namespaces=int(numbers.get("more_than_namespaces", built_in.more_than_namespaces)),
        most_fanned_out=int(numbers["more_than_namespaces"]) if "more_than_namespaces" in numbers else None,
        discovery_cache_s=int(numbers.get("discovery_cache_s", built_in.discovery_cache_s)),
        grace_s=int(numbers.get("grace_s", built_in.grace_s)),
        layers=layers,
        has_profiles=has_profiles,
        flagged=frozenset(typed),
    )


def _documents(files: Sequence[PolicyFile]) -> list[PolicyDocument]:
    if not files:
        return []
    from kubectl_inventory.boundary.policy_text import parse_policy  # and a YAML library

    return [parse_policy(file) for file in files]


def _refuse_problems(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    first, more = problems[0], len(problems) - 1
    if not more:
        raise PolicyError(str(first))
    raise PolicyError(
        f"{first}; and {number(more, 'more error')}", hint=f'"kubectl inventory policy check {first.file}" lists them'
    )


def _profile_layers(document: PolicyDocument, context: str | None) -> list[Layer]:
    """The first profile of a file that matches, if any."""
    for profile in document.profiles:
        if context is not None and any(
            _matches_context(pattern, context) for pattern in profile.contexts.patterns
        ):
            return [profile.layer]
    return []


def _unknown_kinds(layer: Layer, known: Sequence[Kind], where: str) -> Iterator[tuple[Pattern, Problem]]:
    """Each pattern that names a kind which is not known, and what to say of it."""
    names = _names_of(known)
    lists = [
        (layer.resources.allow, _matches_kind),
        (layer.resources.deny, _denies_kind),
        *((rule.kinds, _denies_kind) for rule in layer.words.rules),
        *((rule.kinds, _denies_kind) for rule in layer.ignore.rules),
    ]
    for listed, matches in lists:
        for found, pattern in _of_no_kind(listed, matches, known):
            message = f"{quoted(pattern.text)} is no kind of {where}{near(pattern.text.lower(), names, cutoff=0.6)}"
            yield pattern, Problem(found.file, pattern.line, f"{found.field}[{pattern.index}]", message)


def _of_no_kind(
    listed: PatternList | None, matches: Callable[[Pattern, Kind], bool], known: Sequence[Kind]
) -> Iterator[tuple[PatternList, Pattern]]:
    """The patterns of a list that name a kind by a word, and none that is known."""
    for pattern in _patterns(listed):
        if listed is not None and pattern.is_literal and not any(matches(pattern, kind) for kind in known):
            yield listed, pattern


def _names_of(known: Sequence[Kind]) -> list[str]:
    return sorted({name for kind in known for name in (kind.resource, kind.name)})


def _is_of(pattern: Pattern, groups: Collection[str]) -> bool:
    """Whether a pattern names a kind of one of these groups."""
    group = pattern.text.partition(".")[2]
    return bool(group) and group in groups


_TEMPLATE = """\
## What "kubectl inventory" may read, and how hard it may ask. As it stands it
## denies nothing. "kubectl inventory policy check FILE" looks for mistakes in it,
## "kubectl inventory policy show" prints what is in force. Several sources can
## only tighten each other. Lines with one # are examples: take the # away.
apiVersion: inventory/v1
kind: BoundaryPolicy

## Patterns stand in quotes; * is any text, ? any one character.
contexts:                       # of the kubeconfig
  allow: ["*"]
  deny: []                      # as in ["prod-*"]
namespaces:                     # what is denied is never asked for
  allow: ["*"]
  deny: []                      # as in ["kube-*"]
resources:                      # plural (in any group), or plural.group
  allow: ["*"]
  deny: []                      # as in ["secrets", "*.internal.example.com"]

## A number that stands here is a ceiling: no flag can go above it.
#limits:
#  workers: 8                   # lists in flight (1 to 32)
#  heavyLists: 4                # of them, lists of large kinds
#  probes: 32                   # counting probes in flight (1 to 64)
#  requestTimeoutSeconds: 5     # one request, connect to last byte
#  deadlineSeconds: 120         # the whole run
#  pageSize: 500                # objects a page
#  maxRequests: 20000
#  maxObjects: 1000000
#  maxResponseMiB: 256
#bulk:
#  moreThanNamespaces: 3        # up to this many namespaces: one list each; above: one for all
#discovery:
#  cacheSeconds: 30             # 0: ask every time

## What health cannot know by itself. It takes nothing from what is asked.
#health:
#  graceSeconds: 300            # how long something may take to become ready
#  words:                       # what status words mean, of any kind or of some
#    - {means: ok, words: ["Hibernating", "Out of office"]}
#    - {means: error, words: ["Broken"], kinds: ["databases.acme.example"], column: Lifecycle}
#  ignore:                      # what is never a finding: all of an entry must match
#    - {kinds: ["certificates.cert-manager.io"], namespaces: ["scratch-*"], reasons: ["NotReady"]}

## The first profile with a matching context applies as well.
#profiles:
#  - contexts: ["crc-*", "kind-*"]
#    limits: {workers: 5, requestTimeoutSeconds: 3}
#  - contexts: ["prod-*"]
#    resources: {deny: ["secrets"]}
"""
