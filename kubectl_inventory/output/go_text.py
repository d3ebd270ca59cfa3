"""Values as Go prints them, which is how kubectl's templates write them: `fmt`'s `%v`, and `encoding/json`.

Knows JSON's values alone, and nothing of terminals: who prints them escapes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_FOR_HTML = re.compile("[<>&\u2028\u2029]")
"""What `encoding/json` spells beside what JSON itself wants spelled."""


def value_text(value: object) -> str:
    """A value by `%v`: `3`, `1e+06`, `map[app:web tier:front]`, `[a b]`, `<nil>`."""
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        pairs = (f"{key}:{value_text(held)}" for key, held in sorted(value.items()))
        return f"map[{' '.join(pairs)}]"
    if isinstance(value, list | tuple):
        return f"[{' '.join(map(value_text, value))}]"
    return number_text(value)


def number_text(value: object) -> str:
    """A boolean or a number by `%v`. Raises `TypeError` for anything else: no object of ours is to be printed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _shortest(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"{type(value).__name__} is none of JSON's values")


def json_of(value: object, *, indent: int = 0) -> str:
    """A value as `json.Marshal` writes it, keys sorted; with `indent`, as `json.MarshalIndent` does."""
    return "".join(_json(value, " " * indent, "\n" if indent else ""))


def _json(value: object, indent: str, line_end: str) -> Iterator[str]:
    """The pieces; `line_end`: a line break with the indentation that is reached, or nothing."""
    is_map = isinstance(value, dict)
    if not value or not isinstance(value, dict | list | tuple):
        yield ("{}" if is_map else "[]") if isinstance(value, dict | list | tuple) else _json_scalar(value)
        return
    inner, colon = (line_end + indent if line_end else ""), (": " if line_end else ":")
    held = [(f"{_json_text(str(key))}{colon}", value[key]) for key in sorted(value)] if isinstance(value, dict) else [
        ("", part) for part in value
    ]
    yield "{" if is_map else "["
    for place, (before, part) in enumerate(held):
        yield f"{',' if place else ''}{inner}{before}"
        yield from _json(part, indent, inner)
    yield line_end + ("}" if is_map else "]")


def _json_scalar(value: object) -> str:
    if isinstance(value, str):
        return _json_text(value)
    if isinstance(value, float):
        # Go writes no exponent between 1e-6 and 1e21, and no fraction that is 0.
        if value == 0 or 1e-6 <= abs(value) < 1e21:
            return _plain_digits(value)
        return re.sub(r"e-0(\d)$", r"e-\1", repr(value).replace(".0e", "e"))
    return "null" if value is None else number_text(value)


def _json_text(text: str) -> str:
    return _FOR_HTML.sub(lambda it: f"\\u{ord(it[0]):04x}", json.dumps(text, ensure_ascii=False))


def _plain_digits(number: float) -> str:
    from decimal import Decimal

    digits = f"{Decimal(repr(number)):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _shortest(number: float) -> str:
    """Go's shortest `%g`: exponents below -4 and from 6 on are written, `1.2345675e+06` (strconv `ftoa.go`)."""
    if number != number or number in (float("inf"), float("-inf")):
        return "NaN" if number != number else ("+Inf" if number > 0 else "-Inf")
    from decimal import Decimal

    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    minus = "-" if sign else ""
    if number == 0:
        return f"{minus}0"
    power = point - 1
    if not -4 <= power < 6:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{minus}{text[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    if point >= len(text):
        return f"{minus}{text}{'0' * (point - len(text))}"
    return f"{minus}{text[:point]}.{text[point:]}"
