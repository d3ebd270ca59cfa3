"""What one row of a table says of its object's health: a rule a kind, and one for every other kind.

A row is judged by the server's own cells. What only the object's status can tell is
marked to be looked at (`closer`); what needs other objects is for `diagnosis`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from kubectl_inventory.columns import NONE, Places
from kubectl_inventory.health import (
    BAD_CONDITIONS,
    GOOD_CONDITIONS,
    PASSING_CONDITIONS,
    STATE_COLUMNS,
    Health,
    is_telling,
    is_worse,
    meaning_of,
    ratio,
)
from kubectl_inventory.inventory import Row
from kubectl_inventory.policy import Policy
from kubectl_inventory.render import cell_text
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import ColumnDefinition
from kubectl_inventory.words import quoted

Look = Literal["", "reason", "verdict"]
"""What a closer look is for: nothing, to say more, or to know at all."""

NEARLY_USED = 0.9
"""Above this part of a quota its namespace is warned."""

_QUANTITY = re.compile(r"([0-9.]+(?:[eE][0-9]{1,2})?)(n|u|m|k|[KMGTPE]i?)?", re.ASCII)
_UNITS = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}
"""apimachinery `pkg/api/resource` quantities; `12e6` is one, too."""
_TARGET = re.compile(r"(?<![^\s/,])([^\s/,]+)/([^\s,]+)")
_NOT_A_WORD = re.compile(r"[^\w.:/+-]+")


class Symptom(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says that is not well."""

    health: Health
    """How bad it is when it lasts."""
    reason: str
    brief: str = ""
    message: str = ""
    look: Look = ""
    is_unheard: bool = False
    """Whether it is for a word that is not known."""
    passes: bool = False
    """Whether it is `changing`, and no more, for the time that things may take."""


Judge = Callable[[Row, Places], "Symptom | None"]


def judge_row(
    kind: Kind, row: Row, places: Places, columns: tuple[ColumnDefinition, ...], policy: Policy
) -> Symptom | None:
    """What a row says by itself; None where it says nothing bad."""
    judge = _JUDGES.get(kind.name)
    return judge(row, places) if judge is not None else _any_kind(kind, row, places, columns, policy)


def _namespace(row: Row, places: Places) -> Symptom | None:
    if places.status(row) != "Terminating":
        return None
    return Symptom(health="warning", reason="Terminating", look="verdict", passes=True)


def _node(row: Row, places: Places) -> Symptom | None:
    words = places.status(row).split(",")
    cordoned = "SchedulingDisabled" in words
    if "Ready" not in words:
        brief = "NotReady, cordoned" if cordoned else "NotReady"
        return Symptom(health="warning", reason="NotReady", brief=brief, look="verdict")
    return Symptom(health="changing", reason="Cordoned", brief="cordoned") if cordoned else None


def _volume(row: Row, places: Places) -> Symptom | None:
    status = places.status(row)
    if status == "Released":
        # With Retain it is kept on purpose; with Delete somebody should have deleted it.
        if places.text(row, "reclaim policy") != "Delete":
            return None
        return Symptom(
            health="warning", reason="Released", brief="Released and not deleted",
            message=f"the claim {places.text(row, 'claim')} is gone and the reclaim policy is Delete",
        )
    if status == "Failed":
        why = places.text(row, "reason")
        return Symptom(health="error", reason="Failed", message=why, look="reason")
    return _by_word(status)


def _claim(row: Row, places: Places) -> Symptom | None:
    status = places.status(row)
    if status == "Pending":
        return Symptom(health="warning", reason="Pending", look="reason", passes=True)
    return _by_word(status)


def _quota(row: Row, places: Places) -> Symptom | None:
    shares = {}
    for column in ("request", "limit"):
        for entry in places.text(row, column).split(", "):
            name, _, amounts = entry.partition(": ")
            used, _, hard = amounts.partition("/")
            whole = _amount(hard)
            if whole:
                shares[name] = (_amount(used) / whole, amounts)
    if not shares:
        return None
    name, (share, amounts) = max(shares.items(), key=lambda item: item[1][0])
    if share <= NEARLY_USED:
        return None
    used = f"{share:.0%}"
    return Symptom(
        health="warning", reason="QuotaNearlyUsed", brief=f"at {used}", message=f"{name} {amounts}, {used} used"
    )


def _amount(text: str) -> float:
    match = _QUANTITY.fullmatch(text)
    try:
        return float(match[1]) * _UNITS[match[2] or ""] if match is not None else 0.0
    except ValueError:
        return 0.0


def _autoscaler(row: Row, places: Places) -> Symptom | None:
    targets = places.text(row, "targets")
    least, most, replicas = (places.text(row, name) for name in ("minpods", "maxpods", "replicas"))
    if replicas == "0" and least != "0":
        return None  # its target is at 0, as somebody wanted, and is measured no more (ScalingDisabled)
    if "<unknown>" in targets:
        return Symptom(
            health="warning", reason="NoMetrics", brief="has no metrics", message=f"no metrics: {targets}", passes=True
        )
    if replicas != most or least == most or not _is_over(targets):
        return None
    message = f"at its maximum, {replicas}/{most} replicas, {targets}"
    return Symptom(health="warning", reason="AtMaximum", brief=f"at its maximum of {most}", message=message)


def _is_over(targets: str) -> bool:
    """Whether any of `cpu: 91%/70%, memory: 1200m/2` is over its target; one that cannot be read counts."""
    for current, target in _TARGET.findall(targets):
        one, other = (_amount(text.rstrip("%").removesuffix("(avg)").strip()) for text in (current, target))
        if not other or one > other:
            return True
    return not targets


def _budget(row: Row, places: Places) -> Symptom | None:
    if places.text(row, "allowed disruptions") != "0":
        return None
    least, most = places.text(row, "min available"), places.text(row, "max unavailable")
    wants = f"max unavailable {most}" if least in ("", "N/A") else f"min available {least}"
    return Symptom(
        health="warning", reason="AllowsNothing", brief="allows no disruption",
        message=f"allows no disruption ({wants}): its pods cannot be drained from a node", look="verdict",
    )


def _ingress(row: Row, places: Places) -> Symptom | None:
    if places.text(row, "address"):
        return None
    served = places.text(row, "class")
    message = f"no address: does a controller serve the class {served}?" if served else "no address, and no class"
    return Symptom(health="warning", reason="NoAddress", brief="has no address", message=message, passes=True)


def _api_service(row: Row, places: Places) -> Symptom | None:
    available = places.text(row, "available")
    if available in ("True", ""):
        return None
    reason = available.partition("(")[2].rstrip(")") or "Unavailable"
    return Symptom(health="warning", reason=as_word(reason), brief=f"unavailable, {reason}", look="reason")


def _by_word(status: str) -> Symptom | None:
    if status == "Terminating":
        return Symptom(health="warning", reason=status, look="verdict", passes=True)
    health = meaning_of(status) if status else "ok"
    if health == "ok":
        return None
    return unknown_word(status) if health is None else Symptom(health=health, reason=as_word(status), look="reason")


def unknown_word(text: str) -> Symptom:
    """For a status that no rule knows."""
    message = f"what {quoted(text)} means is not known here"
    return Symptom(health="unknown", reason=as_word(text), message=message, is_unheard=True)


def as_word(text: str) -> str:
    """`text` as a reason: one word, of a bearable length."""
    return _NOT_A_WORD.sub("-", text).strip("-")[:63] or "Unnamed"


_JUDGES: Mapping[str, Judge] = {
    "namespaces": _namespace,
    "nodes": _node,
    "persistentvolumes": _volume,
    "persistentvolumeclaims": _claim,
    "resourcequotas": _quota,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "poddisruptionbudgets.policy": _budget,
    "ingresses.networking.k8s.io": _ingress,
    "apiservices.apiregistration.k8s.io": _api_service,
}


# --- any other kind -------------------------------------------------------------


def _any_kind(
    kind: Kind, row: Row, places: Places, columns: tuple[ColumnDefinition, ...], policy: Policy
) -> Symptom | None:
    """The worst that any of a custom kind's columns says.

    A word that is not known counts only where no other column is understood: beside a Ready=True it may be any
    operator's reason, or a sentence.
    """
    found: Symptom | None = None
    unheard: Symptom | None = None
    is_understood = False
    also = policy.word_columns(kind)
    for column, cell in zip(columns, row.cells, strict=False):
        if not is_telling(column, also) or cell is None:
            continue
        text = cell_text(cell).strip()
        # Nothing was said, as of a fresh object; or a number, which says nothing without what it counts.
        is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
        is_of = column.name.lower() == "ready" and ratio(places.ready(row)) is not None
        if not text or text == NONE or (is_number and not is_of):
            continue
        symptom = _column(kind, column, text, row, places, policy)
        if symptom is not None and symptom.is_unheard:
            unheard = unheard or symptom
            continue
        is_understood = True
        if symptom is not None and (found is None or is_worse(symptom.health, found.health)):
            found = symptom
    return found if is_understood else unheard


def _column(
    kind: Kind, column: ColumnDefinition, text: str, row: Row, places: Places, policy: Policy
) -> Symptom | None:
    named = policy.meaning(kind, column.name, text)
    if named is not None:
        return Symptom(health=named, reason=as_word(text), look="reason") if named != "ok" else None
    name, title = column.name.lower(), as_word(column.name[:1].upper() + column.name[1:])
    lower = text.lower()
    if lower in ("true", "false", "unknown") and name != "phase":
        return _condition(name, title, lower)
    if name == "ready" and (pair := ratio(places.ready(row))) is not None:
        ready, wanted = pair
        if ready >= wanted:
            return None
        return Symptom(health="warning", reason="NotReady", brief=f"{ready}/{wanted} ready", look="reason", passes=True)
    health = meaning_of(text) or meaning_of(re.split(r"[\s,(:]", text, maxsplit=1)[0])
    if health is None:
        return unknown_word(text)
    return Symptom(health=health, reason=as_word(text), look="reason") if health != "ok" else None


def _condition(name: str, title: str, value: str) -> Symptom | None:
    """A condition's column: which value is the good one depends on its name."""
    good = name in GOOD_CONDITIONS or name in STATE_COLUMNS
    if value == "unknown" and name == "succeeded":
        return Symptom(health="changing", reason="Running", look="reason")  # Tekton's word for a run under way
    if value == "unknown":
        known = good or name in BAD_CONDITIONS
        return Symptom(health="unknown", reason=f"{title}Unknown", look="reason") if known else None
    if name in PASSING_CONDITIONS:
        return Symptom(health="changing", reason=title, look="reason") if value == "true" else None
    if name in BAD_CONDITIONS:
        return Symptom(health="warning", reason=title, look="reason") if value == "true" else None
    if not good:
        return unknown_word(value)
    reason = "NotReady" if name in STATE_COLUMNS else f"Not{title}"
    return Symptom(health="warning", reason=reason, look="reason") if value == "false" else None
