"""kubectl's JSONPath: a template as a tree, and what it finds in a document.

The dialect is client-go's (`util/jsonpath`), which is no standard's: text around braces,
`{range}` and `{end}`, `\\.` in a key, one string in a filter, a key that is missing finds
nothing. Where it refuses, this refuses. It differs in one thing: what is found in a map by
`*` or `..` comes in the order of its keys, as Go has none. Walks JSON's own values, runs
nothing, and knows neither text (`jsonpath_text`) nor how a value is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from kubectl_inventory.errors import TemplateError

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


class Typed(str):
    """Text of the template itself, as it was typed; every other text found is the document's."""

    __slots__ = ()


class Absent:
    """What stands for the current value where a range has found nothing."""


class Constant(msgspec.Struct, frozen=True):
    """A text, a number or a boolean."""

    value: Typed | int | float | bool


class Field(msgspec.Struct, frozen=True):
    """`.name`, or `['name']`."""

    name: str


class Slice(msgspec.Struct, frozen=True):
    """`[begin:end:step]`; None was left out. `[3]` is `[3:4]`, of which the end `is_derived`."""

    begin: int | None
    end: int | None
    step: int | None
    is_derived: bool


class Wildcard(msgspec.Struct, frozen=True):
    """`.*`: all that a map, a list or a string holds."""


class Descent(msgspec.Struct, frozen=True):
    """`..`: every value at or below this one that holds others."""


class Union(msgspec.Struct, frozen=True):
    """`['a', 'b']` or `[0, 2]`: what each finds, one after another."""

    parts: tuple[tuple[Node, ...], ...]


class Filter(msgspec.Struct, frozen=True):
    """`[?(@.left == right)]`; without an operator, `[?(@.left)]`: whether left finds anything."""

    left: tuple[Node, ...]
    operator: str
    right: tuple[Node, ...]


class Keyword(msgspec.Struct, frozen=True):
    """`range` or `end`; another word has no meaning, which is said when it is met."""

    word: str


Node = Constant | Field | Slice | Wildcard | Descent | Union | Filter | Keyword
Action = tuple[Node, ...]


class Template(msgspec.Struct, frozen=True):
    """A template: what is found by each of its parts, text around braces being one, is printed after the other."""

    actions: tuple[Action, ...]

    def find(self, document: object) -> list[list[object]]:
        """What each part finds, ranges unrolled. Raises `TemplateError` where a part cannot be applied."""
        return _Walk(self.actions).run(document)


def steps(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """Each field that is looked for, after the field that it is looked for in; the latter is empty where none is."""
    last = ""
    for node in nodes:
        if isinstance(node, Field):
            yield last, node.name
            last = node.name
        elif isinstance(node, Union):
            yield from (step for part in node.parts for step in steps(part))
        elif isinstance(node, Filter):
            yield from (step for part in (node.left, node.right) for step in steps(part))


def has_word(action: Action, word: str) -> bool:
    """Whether an action begins or ends a range."""
    return Keyword(word) in action


# --- from a document to what is found -----------------------------------------------------


class _Refused(Exception):
    """A node cannot be applied. `found`: what a filter that asks whether there is anything goes by, all the same."""

    def __init__(self, why: str, found: list[object]) -> None:
        super().__init__(why)
        self.found = found


class _Walk:
    """One pass over a template's actions, ranges as loops over those that follow."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = actions
        self._last_end = -1
        """The `{end}` that was met last: where what comes after a range goes on."""

    def run(self, document: object) -> list[list[object]]:
        try:
            return self._from(0, document, depth=0)
        except _Refused as refused:
            raise TemplateError(f"the template does not fit: {refused}") from refused

    def _from(self, place: int, current: object, *, depth: int) -> list[list[object]]:
        results: list[list[object]] = []
        while place < len(self._actions):
            action = self._actions[place]
            if depth and has_word(action, "end"):
                self._last_end = place
                return results
            found = _find(action, [current])
            if not has_word(action, "range"):
                results.append(found)
                place += 1
                continue
            for value in found:
                results += self._from(place + 1, Absent() if value is None else value, depth=depth + 1)
            if not found:
                # Nothing to print, but what follows begins after its end.
                self._from(place + 1, Absent(), depth=depth + 1)
            # Without an end, the range was the rest of the template, which kubectl then goes through once more.
            place = max(place, self._last_end) + 1
        return results


def _find(nodes: Sequence[Node], values: list[object]) -> list[object]:
    for node in nodes:
        values = _apply(node, values)
    return values


def _apply(node: Node, values: list[object]) -> list[object]:
    match node:
        case Constant(value):
            return [value] if isinstance(value, str) else [value] * len(values)
        case Field(name):
            return [value[name] for value in values if isinstance(value, dict) and name in value]
        case Slice():
            return _sliced(node, values)
        case Wildcard():
            return [part for value in values for part in _parts(value)]
        case Descent():
            return list(_descended(values))
        case Union(parts):
            return _united(parts, values)
        case Filter():
            return _filtered(node, values)
        case Keyword(word):
            return _said(word, values)


def _said(word: str, values: list[object]) -> list[object]:
    if word == "range":
        return values
    if word == "end":
        raise _Refused("an {end} without its {range}", [])
    raise _Refused(f"{word} is no word of it, as range and end are (a path begins with a dot)", values)


def _parts(value: object) -> Sequence[object]:
    """What a value holds, in the order of its keys; a string its bytes, as in Go."""
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    if isinstance(value, str):
        return list(value.encode("utf-8", "surrogateescape"))
    return value if isinstance(value, list) else ()


def _descended(values: Sequence[object]) -> Iterator[object]:
    for value in values:
        if value and isinstance(value, str):
            yield value  # its bytes hold nothing
        elif parts := _parts(value):
            yield value
            yield from _descended(parts)


def _sliced(node: Slice, values: list[object]) -> list[object]:
    found: list[object] = []
    for value in values:
        if value is None:
            continue
        if not isinstance(value, list):
            raise _Refused(f"{_kind_of(value)} is no list, and [ ] asks for what is at a place", values)
        length = len(value)
        begin = node.begin or 0
        begin += length if begin < 0 else 0
        end = length if node.end is None else node.end
        end += length if end < 0 or (end == 0 and node.is_derived) else 0
        if begin == end:
            return found  # also what later values hold, as in kubectl
        for place, is_within in ((begin, 0 <= begin < length), (end - 1, 0 <= end <= length)):
            if not is_within:
                raise _Refused(f"there is no [{place}] in a list of {length}", values)
        if begin > end:
            raise _Refused(f"[{begin}:{end}] ends before it begins", values)
        if node.step is not None and node.step <= 0:
            raise _Refused("a step has to be above 0", values)
        found += value[begin : end : node.step or 1]
    return found


def _united(parts: Sequence[tuple[Node, ...]], values: list[object]) -> list[object]:
    found: list[object] = []
    for part in parts:
        try:
            found += _find(part, values)
        except _Refused as refused:
            raise _Refused(str(refused), values) from refused
    return found


def _filtered(node: Filter, values: list[object]) -> list[object]:
    found: list[object] = []
    for value in values:
        if not isinstance(value, list):
            raise _Refused(f"{_kind_of(value)} is no list, and cannot be filtered", values)
        found += [item for item in value if _passes(node, item, values)]
    return found


def _passes(node: Filter, item: object, values: list[object]) -> bool:
    if not node.operator:
        try:
            return bool(_find(node.left, [item]))
        except _Refused as refused:
            return bool(refused.found)
    sides: list[object] = []
    for side in (node.left, node.right):
        try:
            one = _find(side, [item])
        except _Refused as refused:
            raise _Refused(str(refused), values) from refused
        if not one:
            return False
        if len(one) > 1:
            raise _Refused("a filter compares one value with one, and there are several", values)
        sides += one
    return _compared(sides[0], node.operator, sides[1], values)


def _compared(left: object, operator: str, right: object, values: list[object]) -> bool:
    kind = _kind_of(left)
    if operator not in _COMPARISONS:
        raise _Refused(f"{operator} is no comparison: one of {' '.join(_COMPARISONS)}", values)
    if kind != _kind_of(right) or kind not in ("text", "integer", "fraction", "boolean"):
        raise _Refused(f"{kind} and {_kind_of(right)} cannot be compared", values)
    if operator in ("==", "!="):
        return (left == right) is (operator == "==")
    if kind == "boolean":
        raise _Refused("a boolean is neither more nor less than another", values)
    is_less = _is_less(left, right)
    match operator:
        case "<":
            return is_less
        case "<=":
            return is_less or left == right
        case ">":
            return not is_less and left != right
        case _:
            return not is_less


def _is_less(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return isinstance(left, int | float) and isinstance(right, int | float) and left < right


_Kind = Literal["text", "integer", "fraction", "boolean", "null", "a map", "a list", "nothing"]


def _kind_of(value: object) -> _Kind:
    """What Go compares alike: whole numbers with whole ones, never with fractions."""
    if isinstance(value, bool):
        return "boolean"
    kinds: tuple[tuple[type, _Kind], ...] = (
        (str, "text"), (int, "integer"), (float, "fraction"), (dict, "a map"), (list, "a list"), (Absent, "nothing"),
    )  # fmt: skip
    return next((kind for of, kind in kinds if isinstance(value, of)), "null")
