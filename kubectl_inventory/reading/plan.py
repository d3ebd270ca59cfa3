"""What is asked, and what is left out and why.

Policy x catalog x request: every discovered kind gets one `Treatment`, so that
nothing can vanish between discovery and the answer. Which way a kind is listed
is for `ways`. Pure: no question is asked here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from kubectl_inventory.boundary.policy import Policy, Rule
from kubectl_inventory.errors import PolicyError, Unavailable, UsageError, near
from kubectl_inventory.health import BEARINGS, is_judged, rank
from kubectl_inventory.reading.discovery import Catalog, DiscoveryGap
from kubectl_inventory.reading.reach import Reach
from kubectl_inventory.request import Request
from kubectl_inventory.resource import Kind

Status = Literal["Asked", "Alias", "LeftOut", "Withheld", "Excluded", "OutOfScope"]

LEFT_OUT_KINDS = {"componentstatuses": "listing it probes etcd, up to 20s"}
"""Core kinds that no inventory asks unless they are named (registry/core/componentstatus/validator.go)."""
LEFT_OUT_GROUPS = {
    "metrics.k8s.io": "measurements, not objects",
    "custom.metrics.k8s.io": "measurements, not objects",
    "external.metrics.k8s.io": "measurements, not objects",
}
"""A dead metrics server is the most usual dead group: it must not make every inventory incomplete."""
ALIASES = {("events.k8s.io", "events"): ("", "events")}
"""One storage behind two groups (kubernetes pkg/registry/events/rest): the same objects by both names."""


class Treatment(msgspec.Struct, frozen=True):
    """What is done with one discovered kind. `why` is for people; `rule` is set where the policy withholds it."""

    kind: Kind
    status: Status
    why: str = ""
    rule: Rule | None = None


class Plan(msgspec.Struct, frozen=True):
    """One treatment a discovered kind, in the order of the answer, and the groups that could not be discovered."""

    treatments: tuple[Treatment, ...]
    gaps: tuple[DiscoveryGap, ...]
    reach: Reach
    selects: bool = False
    """Only some objects are asked for, by labels or fields: a kind's count is not how many there are."""
    slips: tuple[str, ...] = ()
    """Rules of the policy that seem to be meant for another kind than they name."""

    @property
    def dead_groups(self) -> frozenset[str]:
        """The API groups of which a version, at least, could not say what it serves."""
        return frozenset(gap.group for gap in self.gaps)

    def kinds(self, *statuses: Status) -> list[Kind]:
        """The kinds that were treated so."""
        return [treatment.kind for treatment in self.treatments if treatment.status in statuses]


def make_plan(request: Request, catalog: Catalog, policy: Policy, reach: Reach) -> Plan:
    """Decides about every discovered kind.

    Raises `UsageError` for a type that the server does not have and `PolicyError` for one that is denied.
    """
    named = resolve_types(request.types, catalog, policy)
    judges = request.command == "health"
    excluded = _excluded(request.exclude, catalog)
    known = {(kind.group, kind.resource) for kind in catalog.kinds}
    kinds = named if request.types else sorted(catalog.kinds, key=rank if judges else _api_order)
    treatments = []
    for kind in kinds:
        if {(kind.group, kind.resource), (kind.group, "*")} & excluded:
            treatments.append(Treatment(kind, "Excluded", "--exclude"))
        elif (rule := policy.denies_kind(kind)) is not None:
            treatments.append(Treatment(kind, "Withheld", str(rule), rule))
        elif not _in_scope(kind, request, reach):
            treatments.append(Treatment(kind, "OutOfScope", "cluster-scoped" if not kind.namespaced else "namespaced"))
        elif not request.types and (reason := left_out(kind)):
            treatments.append(Treatment(kind, "LeftOut", reason))
        elif judges and not is_judged(kind):
            treatments.append(Treatment(kind, "LeftOut", "says nothing of its health"))
        else:
            among = {(other.group, other.resource) for other in named} if request.types else known
            treatments.append(_ask_or_alias(kind, among))
    gaps = []
    # A kind that was typed was found; what a category would have brought in of a dead group is not known.
    every = not request.types or any(typed.lower() in _categories(catalog) for typed in request.types)
    for gap in catalog.gaps if every else ():
        anything = Kind(group=gap.group, version=gap.version, resource="*", kind="*")
        rule = policy.denies_kind(anything)
        if rule is not None and rule.field.endswith(".deny"):
            treatments.append(Treatment(anything, "Withheld", str(rule), rule))
        elif gap.group not in LEFT_OUT_GROUPS and (gap.group, "*") not in excluded:
            gaps.append(gap)
    slips = tuple(policy.likely_slips(catalog.kinds, {gap.group for gap in catalog.gaps}))
    return Plan(tuple(treatments), tuple(gaps), reach, selects=request.has_selector, slips=slips)


def left_out(kind: Kind) -> str:
    """Why a kind is not asked unless it is named; empty for any other."""
    return LEFT_OUT_GROUPS.get(kind.group, "") or ("" if kind.group else LEFT_OUT_KINDS.get(kind.resource, ""))


def refuse_denied_types(types: Sequence[str], policy: Policy) -> None:
    """Raises `PolicyError` for a type that is denied by the word that was typed, before the cluster is asked anything.

    What a glob or another name of the kind denies is refused by `resolve_types`, once kinds are known.
    """
    for typed in types:
        if (rule := policy.denies_typed(typed.lower())) is not None:
            raise PolicyError(f"{typed} are denied by the policy: {rule}")


def resolve_types(types: Sequence[str], catalog: Catalog, policy: Policy | None) -> list[Kind]:
    """The kinds that TYPES name, as kubectl reads them, each once, in the order typed.

    With a policy, one that is named and denied is refused; one that a category
    brings in is not named, and is withheld later.
    """
    found: dict[tuple[str, str], Kind] = {}
    for number, typed in enumerate(types):
        category = [kind for kind in catalog.kinds if typed.lower() in kind.categories]
        before = types[number - 1] if number else ""
        for kind in category or [_resolve_one(typed, catalog, before=before)]:
            rule = policy.denies_kind(kind) if policy is not None and not category else None
            if rule is not None:
                raise PolicyError(
                    f"{kind.name} are denied by the policy: {rule}"
                )
            found.setdefault((kind.group, kind.resource), kind)
    return list(found.values())


def _excluded(types: Sequence[str], catalog: Catalog) -> set[tuple[str, str]]:
    """Group and plural of what `--exclude` names; the plural is `*` for a whole group, `*.stock.acme.example`.

    That is the only way to name a group which cannot say what it serves.
    """
    excluded: set[tuple[str, str]] = set()
    unknown = {gap.group for gap in catalog.gaps}
    groups = unknown | {kind.group for kind in catalog.kinds}
    for typed in types:
        word, _, group = typed.partition(".")
        if word == "*" and group and group in groups:
            excluded.add((group, "*"))
        elif group not in unknown:
            excluded |= {(kind.group, kind.resource) for kind in resolve_types([typed], catalog, None)}
    return excluded


def _resolve_one(typed: str, catalog: Catalog, *, before: str = "") -> Kind:
    """TYPE[.VERSION][.GROUP] by plural, singular, kind or short name; the first group wins, in the server's order."""
    word, _, rest = typed.lower().partition(".")
    for names in (_full_names, _short_names):
        for kind in catalog.kinds:
            if word not in names(kind):
                continue
            version, _, group = rest.partition(".")
            if rest in ("", kind.group):
                return kind
            if group == kind.group and version in (kind.version, *kind.other_versions):
                return msgspec.structs.replace(kind, version=version)
    for kind in catalog.kinds:
        # `certificates.cert-manager`: apimachinery's mapper takes a group's beginning where none is called so.
        if rest and word in _full_names(kind) and kind.group.startswith(rest):
            return kind
    for gap in catalog.gaps:
        if rest in (gap.group, f"{gap.version}.{gap.group}"):
            raise Unavailable(
                f"cannot read {typed}: API group {gap.group}/{gap.version} is unavailable, its kinds are unknown",
                hint=f'"kubectl get apiservice {gap.version}.{gap.group}" tells why',
            )
    known = [name for kind in catalog.kinds for name in (kind.resource, kind.name, kind.singular)]
    suggestion = near(typed.lower(), known)
    hint = None if suggestion else '"kubectl inventory kinds" lists them'
    named = typed if "/" in typed else f"{before} {typed}" if before and not suggestion else ""
    if named:
        suggestion, hint = "", f'no object is read by its name here: "kubectl get {named}"'
    raise UsageError(f'the server doesn\'t have a resource type "{typed}"{suggestion}', hint=hint)


def _api_order(kind: Kind) -> tuple[str, str]:
    return kind.group, kind.resource


def _categories(catalog: Catalog) -> set[str]:
    return {category for kind in catalog.kinds for category in kind.categories}


def _full_names(kind: Kind) -> tuple[str, ...]:
    return (kind.resource, kind.singular, kind.kind.lower())


def _short_names(kind: Kind) -> tuple[str, ...]:
    return kind.short_names


def _in_scope(kind: Kind, request: Request, reach: Reach) -> bool:
    if kind.namespaced:
        return request.scope != "cluster"
    if request.command == "health" and kind.name in BEARINGS:
        return True
    # kubectl, too, prints `get nodes -n shop`: what is named is meant.
    return request.scope != "namespaced" and (reach.cluster_scoped or bool(request.types))


def _ask_or_alias(kind: Kind, among: set[tuple[str, str]]) -> Treatment:
    """An alias is not asked where the kind itself is."""
    original = ALIASES.get((kind.group, kind.resource))
    if original is None or original not in among:
        return Treatment(kind, "Asked")
    return Treatment(kind, "Alias", f"the same objects as {original[1]}")
