"""What one row says of an object of any other kind, custom ones included: the words and conditions in its columns.

What each column tells is found out once a page, what each cell means once for all cells alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.clock import epoch_of, now_epoch, span_s, spoken_span_s
from kubectl_inventory.health import (
    COUNTS,
    DEPENDENT,
    ENDS,
    HEALTHS,
    LONGEST_START_S,
    RESTS,
    STARTS,
    VERDICT_WORDS,
    VERDICTS,
    WANTED,
    Health,
    is_number,
    is_telling,
    is_worse,
    meaning_of_phrase,
    ratio,
    role_of,
    spelt,
    worst,
)
from kubectl_inventory.judgement.symptoms import Symptom, as_word, unknown_word
from kubectl_inventory.operators import (
    BEGINNINGS,
    ENDINGS,
    GRAVE,
    RESTING_REASONS,
    RESTING_WORDS,
    RUN_TOLD_S,
    RUNS,
    WISHES,
    words_of,
)
from kubectl_inventory.output.columns import NONE, Places
from kubectl_inventory.output.render import cell_text
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Cell, ColumnDefinition

_NOTHING = frozenset({"", NONE, "-", "n/a", "null", "<nil>", "<unset>", "<no value>"})
"""What operators write where there is nothing to say."""
_TRUTHS = ("true", "false", "unknown")
_LONGEST_COUNT = 9
"""Digits that a count may have."""


class _Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one cell says."""

    column: str
    """Its column, as `spelt`."""
    symptom: Symptom | None = None
    truth: str = ""
    """Of a condition that is well when it is true: `true`, `false` or `unknown`."""
    is_resting: bool = False
    is_sentence: bool = False
    remark: Symptom | None = None
    """What a sentence says beside a condition that is true: a part of it may tell of another's failure."""


class _Column:
    """A column that tells, and what its cells say."""

    def __init__(self, kind: Kind, place: int, column: ColumnDefinition, policy: Policy) -> None:
        self.place, self.name = place, spelt(column.name)
        self.title = _title(column.name)
        self._role = role_of(column, policy.word_columns(kind))
        self._kind, self._header, self._policy = kind, column.name, policy
        self._words, self._rests = words_of(kind.name), RESTING_WORDS.get(kind.name, ())
        self._known: dict[str, _Reading] = {}

    def read(self, text: str) -> _Reading:
        """What a cell says; many of a page say the same."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._read(text.strip())
        return known

    def _read(self, text: str) -> _Reading:
        # Nothing was said, as of a fresh object; or a number, which says nothing without what it counts.
        if text.lower() in _NOTHING:
            return _Reading(column=self.name)
        is_state = self._role in ("state", "trouble")
        named = self._policy.meaning(self._kind, self._header, text, is_state=is_state)
        if named is not None:
            return _Reading(column=self.name, symptom=_named(text, named))
        if is_number(text):
            return _Reading(column=self.name)
        lower = text.lower()
        if lower in _TRUTHS and self._role != "trouble" and self.name != "phase":
            is_good = self._role == "good" or self.name in DEPENDENT
            return _Reading(column=self.name, symptom=self._condition(lower), truth=lower if is_good else "")
        if self._role == "good" and (pair := ratio(text)) is not None:
            return _Reading(column=self.name, symptom=_of_count(*pair, self.title))
        return self._words_read(text)

    def _words_read(self, text: str) -> _Reading:
        word = spelt(text)
        symptom = self._meant(text, self._words.get(word) or meaning_of_phrase(text))
        is_sentence = any(letter.isspace() for letter in text)
        remark = self._meant(text, meaning_of_phrase(text, is_remark=True)) if is_sentence else None
        is_resting = self._role == "state" and (word in RESTS or word in ENDS or word in self._rests)
        return _Reading(
            column=self.name, symptom=symptom, is_resting=is_resting, is_sentence=is_sentence, remark=remark
        )

    def _meant(self, text: str, health: Health | None) -> Symptom | None:
        if self._role == "trouble" and health not in ("error", "warning"):
            return None
        return _of_word(text, health) if health is not None else unknown_word(text)

    def _condition(self, value: str) -> Symptom | None:
        """Which value is the good one depends on the condition's name."""
        is_good = self._role in ("good", "state")
        if value == "unknown" and self.name == "succeeded":
            return Symptom(health="changing", reason="Running", look="reason")  # Tekton's word for a run under way
        if value == "unknown":
            return _passing("unknown", f"{self.title}Unknown") if is_good or self._role == "bad" else None
        if self._role == "passing":
            return Symptom(health="changing", reason=self.title, look="reason") if value == "true" else None
        if self._role == "bad":
            return Symptom(health="warning", reason=self.title, look="reason") if value == "true" else None
        if not is_good:
            return unknown_word(value)
        if value == "true":
            return None
        if self.name == "succeeded":
            return Symptom(health="warning", reason="NotSucceeded", look="reason")  # it is over
        is_grave = (self._kind.name, self.name) in GRAVE
        reason = "NotReady" if self._role == "state" else f"Not{self.title}"
        return _passing("error" if is_grave else "warning", reason)


class CustomTable:
    """A page of a custom kind: how its rows are read."""

    def __init__(self, kind: Kind, places: Places, columns: Sequence[ColumnDefinition], policy: Policy) -> None:
        also = policy.word_columns(kind)
        telling = [(place, it) for place, it in enumerate(columns) if is_telling(it, also)]
        usual = {spelt(it.name): place for place, it in reversed(list(enumerate(columns))) if not it.priority}
        self._columns = [_Column(kind, place, it, policy) for place, it in telling]
        self._places, self._wish = places, usual.get(WISHES.get(kind.name, ""))
        self._ending = next((usual[name] for name in ENDINGS if name in usual), None)
        self._beginning = next((usual[name] for name in BEGINNINGS if name in usual), None)
        self._is_run = kind.name in RUNS or "succeeded" in usual or self._ending is not None
        self._wanted = next((usual[name] for name in WANTED if name in usual), None)
        self._counts = [it for it in self._columns if it.name in COUNTS] if self._wanted is not None else []
        self._numeric = {place for place, it in telling if it.type in ("integer", "number")}

    def judge(self, row: Row) -> Symptom | None:
        """The worst that any of a row's columns says; None where it says nothing bad."""
        cells = row.cells
        said = []
        is_well = not (self._counts and self._short(cells))
        for column in self._columns:
            cell = cells[column.place] if column.place < len(cells) else None
            if cell is None:
                continue
            reading = column.read(cell if isinstance(cell, str) else cell_text(cell))
            said.append(reading)
            is_well = is_well and reading.symptom is None
        return None if is_well else self._weigh(row, said)

    def _weigh(self, row: Row, said: Sequence[_Reading]) -> Symptom | None:
        rests = self._rests(row, said)
        besides = [_beside(said, reading, rests=rests) for reading in said]
        # Of two that are as bad the one with numbers is told.
        symptoms = [*(self._short(row.cells) if not rests else ()), *(it for it in besides if it is not None)]
        found = _worst(symptoms) if symptoms else None
        return self._of_run(row, found) if found is not None and self._is_run else found

    def _rests(self, row: Row, said: Sequence[_Reading]) -> bool:
        """Whether nobody expects it to be ready."""
        if any(reading.is_resting for reading in said):
            return True
        is_unwanted = self._wish is not None and not _cell(row.cells, self._wish)
        return is_unwanted or spelt(self._places.text(row, "reason")) in RESTING_REASONS

    def _short(self, cells: Sequence[Cell]) -> list[Symptom]:
        """What the columns say that hold how many are, beside the one that holds how many should be."""
        wanted = _number(cells, self._wanted)
        if not wanted:
            return []
        found = []
        for column in self._counts:
            # A status often leaves out a number that is 0; a condition it leaves out while it is not known.
            empty = 0 if column.place in self._numeric else None
            number = _number(cells, column.place, empty=empty)
            symptom = _of_count(number, wanted, column.title) if number is not None else None
            found += [symptom] if symptom is not None else []
        return found

    def _of_run(self, row: Row, found: Symptom) -> Symptom | None:
        """A run that failed leaves nothing down, and is no news for ever."""
        if found.health not in ("error", "warning") or found.patience_s:
            return found
        ended_s = self._ended_s(row)
        if ended_s is not None and ended_s > RUN_TOLD_S:
            return None
        return msgspec.structs.replace(found, health="warning")

    def _ended_s(self, row: Row) -> float | None:
        """How long ago a run ended; where nothing tells that, how long ago it was made, or began."""
        ended_s = _past_s(row.cells, self._ending)
        made_s = ended_s if ended_s is not None else self._places.age_s(row)
        return made_s if made_s is not None else _past_s(row.cells, self._beginning)


def _worst(symptoms: Sequence[Symptom]) -> Symptom:
    """What decides in the end; while it passes, the worst of those that do not."""
    found = min(symptoms, key=lambda it: (HEALTHS.index(it.health), it.passes, it.patience_s))
    lasting = worst([it.health for it in symptoms if not it.passes])
    if not found.passes or not is_worse(lasting, "changing"):
        return found
    return msgspec.structs.replace(found, meanwhile=lasting)


def _beside(said: Sequence[_Reading], reading: _Reading, *, rests: bool) -> Symptom | None:
    """What a cell says beside the others of its row.

    A word that is not known stays so, whatever other words say. Only a condition explains it: a sentence is a remark
    on that, and so is a Status beside one that sums the object up.
    """
    symptom = reading.symptom
    if symptom is None or (rests and reading.truth):
        return None
    if reading.truth == "unknown" and reading.column in DEPENDENT and _moves(said):
        return None
    truths = {it.truth for it in said}
    if reading.is_sentence and truths & {"false", "unknown"}:
        return None
    if reading.is_sentence and "true" in truths:
        return reading.remark if reading.remark is None or not reading.remark.is_unheard else None
    if symptom.is_unheard and reading.column == "status" and any(it.truth and it.column in VERDICTS for it in said):
        return None
    return symptom


def _moves(said: Sequence[_Reading]) -> bool:
    """Whether something is under way."""
    symptoms = [it.symptom for it in said if it.symptom is not None]
    return any(it.health == "changing" or it.patience_s for it in symptoms)


def _named(text: str, health: Health) -> Symptom | None:
    """For a word that a policy knows: as it says, and at once."""
    return Symptom(health=health, reason=as_word(text), look="reason") if health != "ok" else None


def _of_word(text: str, health: Health) -> Symptom | None:
    reason, word = as_word(text), spelt(text)
    if health == "changing" and (word in STARTS or word in ENDS):
        return _passing("warning", reason, patience_s=LONGEST_START_S)
    if health == "unknown" or word in VERDICT_WORDS:
        return _passing(health, reason)
    return _named(text, health)


def _passing(health: Health, reason: str, *, patience_s: float = 0) -> Symptom:
    """What may be so for a while. Since when it is so decides, and that takes a look."""
    return Symptom(health=health, reason=reason, look="verdict", passes=True, patience_s=patience_s)


def _of_count(ready: int, wanted: int, title: str) -> Symptom | None:
    if ready >= wanted:
        return None
    brief = f"{ready}/{wanted} {title.lower()}"
    return Symptom(health="warning", reason=f"Not{title}", brief=brief, look="verdict", passes=True)


def _title(header: str) -> str:
    """A header as its condition is named: `RUNTIME-HEALTHY` and `Runtime Healthy` are of `RuntimeHealthy`."""
    parts = re.split(r"[\s_-]+", header)
    words = [part.capitalize() if header.isupper() else part[:1].upper() + part[1:] for part in parts]
    return as_word("".join(words))


def _cell(cells: Sequence[Cell], place: int | None) -> Cell:
    return cells[place] if place is not None and place < len(cells) else None


def _past_s(cells: Sequence[Cell], place: int | None) -> float | None:
    """How long ago a cell says that something was, in seconds: as a span, as a time or in words."""
    cell = _cell(cells, place)
    text = cell if isinstance(cell, str) else ""
    at, span = epoch_of(text), span_s(text)
    if at is not None:
        return now_epoch() - at
    return span if span is not None else spoken_span_s(text)


def _number(cells: Sequence[Cell], place: int | None, *, empty: int | None = None) -> int | None:
    """A cell as a count: a number, or one in letters."""
    cell = _cell(cells, place)
    if cell is None or cell == "":
        return empty
    if isinstance(cell, str):
        return int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST_COUNT else None
    return cell if isinstance(cell, int) and not isinstance(cell, bool) else None
