"""A JSONPath template's text, read as kubectl reads it: to the tree of `jsonpath`.

Made after client-go's `parser.go`, quirks included, as what people type was tried on it: a
bracket ends at the first `]` and a filter at the first `)`, whatever lies in quotes between.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from kubectl_inventory.errors import UsageError
from kubectl_inventory.output.jsonpath import (
    Action,
    Constant,
    Descent,
    Field,
    Filter,
    Keyword,
    Node,
    Slice,
    Template,
    Typed,
    Union,
    Wildcard,
    has_word,
)

_DEEPEST_RANGE = 10
"""How many ranges may lie in each other: more than a document is deep. Each that has no end doubles the work."""
_LARGEST_INT = 1 << 63
_ENDS_A_NAME = " \t\r\n.,[]$@{}"
"""So does the end of the text, which is an empty character."""
_SLICE = re.compile(r"(-?[0-9]*)(:-?[0-9]*)?(:-?[0-9]*)?")
_COMPARISON = re.compile(r"([^!<>=]+)([!<>=]+)(.+)")
_ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))")
_CONTROL = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_RELAXED = re.compile(r"\{\.?([^{}]+)\}|\.?([^{}]+)")


def parse(text: str) -> Template:
    """A template as kubectl reads it. Raises `UsageError` for what it would refuse, too."""
    template = Template(tuple(_Parser(text).actions()))
    depth = 0
    for action in template.actions:
        depth = max(depth + has_word(action, "range") - has_word(action, "end"), 0)
        if depth > _DEEPEST_RANGE:
            raise UsageError(f"more than {_DEEPEST_RANGE} ranges in each other in a jsonpath template")
    return template


def parse_path(text: str) -> Template:
    """One path, with or without its braces and leading dot, as columns and `--sort-by` take it."""
    if not text:
        return Template(())
    found = _RELAXED.fullmatch(text)
    if found is None:
        raise UsageError(
            f'"{text}" is no path', hint="one of name1.name2, .name1.name2, {name1.name2}, {.name1.name2}"
        )
    return parse(f"{{.{found[1] or found[2]}}}")


class _Parser:
    """Reads one template from left to right."""

    def __init__(self, text: str, *, whole: str = "") -> None:
        self._text = text
        self._whole = whole or text
        self._place = 0

    def actions(self) -> Iterator[Action]:
        while self._place < len(self._text):
            brace = self._text.find("{", self._place)
            said = self._text[self._place : brace if brace >= 0 else None]
            if said:
                yield (Constant(Typed(said)),)
            if brace < 0:
                return
            self._place = brace + 1
            yield tuple(self._action())

    def _nested(self, text: str) -> Action:
        """A part that is read as a template of its own, of which kubectl takes what is in the first braces."""
        return next(_Parser(f"{{{text}}}", whole=self._whole).actions())

    def _action(self) -> list[Node]:
        nodes: list[Node] = []
        while not self._takes("}"):
            if self._takes("[?("):
                nodes.append(self._filter())
            elif self._takes(".."):
                if nodes and isinstance(nodes[-1], Descent):
                    raise self._refusal("a descent (..) right after another one")
                nodes.append(Descent())
                if _begins_a_name(self._peek()):
                    nodes.append(self._field())
            else:
                self._take_simple(nodes)
        return nodes

    def _take_simple(self, nodes: list[Node]) -> None:
        char = self._next()
        if char in ("", "\r", "\n"):
            raise self._refusal("a brace { without its }")
        if char in " @$":
            return  # the current value, which is where a path begins anyway
        if char == "[":
            nodes.extend(self._brackets())
        elif char in "\"'":
            nodes.append(self._quoted(char))
        elif char == ".":
            nodes.append(self._field())
        elif char in "+-" or char.isdecimal():
            nodes.append(self._number(char))
        elif _begins_a_name(char):
            nodes.append(self._word(char))
        else:
            raise self._refusal(f"{char!r} has no meaning there")

    def _word(self, word: str) -> Node:
        while self._peek() not in _ENDS_A_NAME:
            word += self._next()
        return Constant(word == "true") if word in ("true", "false") else Keyword(word)

    def _number(self, text: str) -> Node:
        while self._peek() == "." or self._peek().isdecimal():
            text += self._next()
        try:
            if "." not in text and -_LARGEST_INT <= (number := int(text)) < _LARGEST_INT and text.isascii():
                return Constant(number)
            if text.isascii() and not math.isinf(large := float(text)):
                return Constant(large)
        except ValueError:
            pass
        raise self._refusal(f"{text} is no number")

    def _field(self) -> Node:
        begin = self._place
        while self._peek() not in _ENDS_A_NAME:
            if self._next() == "\\":
                self._next()
        name = self._text[begin : self._place]
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _quoted(self, quote: str) -> Node:
        begin = self._place
        while (char := self._next()) != quote or self._text[self._place - 2] == "\\":
            if char in ("", "\n"):
                raise self._refusal("a quoted string without its end")
        return Constant(Typed(self._unquoted(self._text[begin : self._place - 1], quote)))

    def _unquoted(self, text: str, quote: str) -> str:
        """Go's escapes; of the two quotes only the one around may be escaped."""
        said, place = "", 0
        while place < len(text):
            if text[place] != "\\":
                said += text[place]
                place += 1
                continue
            escape = _ESCAPE.match(text, place)
            if escape is None or (escape[1] in ("'", '"') and escape[1] != quote):
                raise self._refusal(f"an escape in {quote}{text}{quote} that has no meaning")
            said += self._escaped(escape)
            place = escape.end()
        return said

    def _escaped(self, escape: re.Match[str]) -> str:
        if escape[1]:
            return _CONTROL.get(escape[1], escape[1])
        code = int(escape[5], 8) if escape[5] else int(escape[2] or escape[3] or escape[4], 16)
        is_byte = not (escape[3] or escape[4])
        if code > (0xFF if is_byte else 0x10FFFF) or 0xD800 <= code < 0xE000:
            raise self._refusal(f"{escape[0]} is no character")
        return chr(code)

    def _brackets(self) -> Sequence[Node]:
        end = self._text.find("]", self._place)
        line_end = self._text.find("\n", self._place)
        if end < 0 or 0 <= line_end < end:
            raise self._refusal("a bracket [ without its ]")
        text = self._text[self._place : end]
        self._place = end + 1
        text = ":" if text == "*" else text
        parts = text.split(",")
        if len(parts) > 1:
            return [Union(tuple(self._nested(f"[{part.strip(' ')}]") for part in parts))]
        if len(text) >= 2 and text[0] == text[-1] == "'" and "'" not in text[1:-1]:
            # As kubectl has it, a quoted key is read on like a path: its dots need a backslash, too.
            return self._nested(f".{text[1:-1]}")
        return [self._slice(text)]

    def _slice(self, text: str) -> Slice:
        found = _SLICE.fullmatch(text)
        if found is None:
            hint = """quote a key as ['key'], a dot in it as \\.""" if text[:1] in ('"', "'") else None
            raise self._refusal(f"[{text}] is no index", hint=hint)
        begin = self._index(found[1])
        step = self._index((found[3] or "")[1:])
        if found[2] is None:
            return Slice(begin, (begin or 0) + 1, step, is_derived=True)
        return Slice(begin, self._index(found[2][1:]), step, is_derived=False)

    def _index(self, digits: str) -> int | None:
        if not digits:
            return None
        if digits == "-" or len(digits) > 19 or not -_LARGEST_INT <= int(digits) < _LARGEST_INT:
            raise self._refusal(f"[{digits}] is no index")
        return int(digits)

    def _filter(self) -> Node:
        """Up to the first `)` that is not in the filter's one quoted string."""
        begin, quote, is_closed = self._place, "", False
        while (char := self._next()) != ")" or (quote and not is_closed):
            if char in ("", "\n"):
                raise self._refusal("a filter without its end )]")
            if char in "\"'":
                if not quote:
                    quote = char
                elif char == quote and self._text[self._place - 2] != "\\":
                    is_closed = True
        text = self._text[begin : self._place - 1]
        if self._next() != "]":
            raise self._refusal("a filter without its end )]")
        compared = _COMPARISON.fullmatch(text)
        if compared is None:
            return Filter(self._nested(text), "", ())
        left, operator, right = compared.groups()
        return Filter(self._nested(left), operator, self._nested(right))

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _next(self) -> str:
        char = self._peek()
        self._place += 1
        return char

    def _takes(self, text: str) -> bool:
        if not self._text.startswith(text, self._place):
            return False
        self._place += len(text)
        return True

    def _refusal(self, why: str, *, hint: str | None = None) -> UsageError:
        return UsageError(f"jsonpath {self._whole}: {why}", hint=hint)


def _begins_a_name(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()
