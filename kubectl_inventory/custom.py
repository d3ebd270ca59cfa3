"""What one row says of an object of any other kind, custom ones included: the words and conditions in its columns."""

from __future__ import annotations

import re

from kubectl_inventory.columns import NONE, Places
from kubectl_inventory.health import (
    BAD_CONDITIONS,
    GOOD_CONDITIONS,
    PASSING_CONDITIONS,
    STATE_COLUMNS,
    is_telling,
    is_worse,
    meaning_of,
    ratio,
)
from kubectl_inventory.inventory import Row
from kubectl_inventory.policy import Policy
from kubectl_inventory.render import cell_text
from kubectl_inventory.resource import Kind
from kubectl_inventory.symptoms import Symptom, as_word, unknown_word
from kubectl_inventory.wire import ColumnDefinition


def judge_custom(
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
