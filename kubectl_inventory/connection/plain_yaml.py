"""The YAML that kubectl and the clouds' log-in commands write, read without a YAML library.

Importing one costs 12 ms, and a kubeconfig of 500 contexts takes libyaml 0.3 s. What is
read here means what the library says it means; where there is any doubt (a quote inside
quotes, an anchor, a number, a tab, a letter that is not ASCII) nothing is read, and the
library is asked. So a wrong line costs time, never another answer. No error is told here.
"""

from __future__ import annotations

import re

Node = str | bool | list["Node"] | dict[str, "Node"]
"""What a plain document is made of; null is absent, as in Go."""

_HEAD = re.compile(r"( *)(- )?(?:([A-Za-z][A-Za-z0-9_.-]{0,99}):|(.*))")
_CERTAIN_TEXT = re.compile(
    r"[A-Za-z/]"  # no number, but perhaps one of `_WORDS`
    r"|-[A-Za-z-]"  # an argument of a plugin
    r"|[0-9](?=.*[g-np-su-wyG-NP-SU-WY])"  # a letter that neither numbers (0x1F, 1e5) nor dates have
    r"|(?!0[boxBOX])[0-9]+(?:[a-df-zA-DF-Z]|[eE][0-9]*[A-Za-z])[0-9A-Za-z]*$"  # a token in hex digits
)
_WORDS = {
    "y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
    "true", "True", "TRUE", "false", "False", "FALSE", "null", "Null", "NULL",
}  # fmt: skip
"""What YAML 1.1 takes for something else than text, in one reader or another."""
_VALUES: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None}


class _Doubt(Exception):
    """This is for the library to read."""


def is_plain(content: bytes) -> bool:
    """Whether it is ASCII without control characters: everybody splits it into the same lines."""
    return content.isascii() and content.replace(b"\n", b"").decode("ascii").isprintable()


def read_plain_yaml(content: bytes) -> dict[str, Node] | None:
    """The document, or None where only a YAML library can tell."""
    # A document may begin with its mark, and Windows' line ends are line ends.
    content = content.replace(b"\r\n", b"\n").removeprefix(b"---\n")
    if not is_plain(content):
        return None
    reading = _Reading()
    try:
        for line in content.decode("ascii").split("\n"):
            reading.take(line)
        return reading.finished()
    except _Doubt:
        return None


class _Reading:
    """The lists and maps that are open, the innermost last, each with its column."""

    def __init__(self) -> None:
        self._root: dict[str, Node] = {}
        self._open: list[tuple[int, list[Node] | dict[str, Node]]] = [(0, self._root)]
        self._awaits: tuple[int, dict[str, Node], str] | None = None
        """A key at the end of its line: what it holds comes below, or never."""
        self._folds: tuple[int, dict[str, Node], str] | None = None
        """A key whose text may go on in the next line."""
        self._absent: list[tuple[dict[str, Node], str]] = []
        self._heads: dict[str, tuple[int, bool, str, str]] = {}

    def take(self, line: str) -> None:
        """The next line."""
        head, has_text, text = line.partition(": ")
        head = f"{head}:" if has_text else head
        # A file has few keys, and each of them many times.
        column, is_item, key, words = self._heads.get(head) or self._read_head(head)
        if not (key or is_item):
            self._take_words(column, words)
            return
        self._folds = None
        if self._awaits is not None:
            self._open_below(self._awaits, column, is_item=is_item)
        holder = self._holder(column, is_item=is_item)
        if isinstance(holder, list):
            if not key:
                holder.append(_item(words))
                return
            column += 2
            item: dict[str, Node] = {}
            holder.append(item)
            self._open.append((column, item))
            holder = item
        self._put(column, holder, key, text)

    def _read_head(self, head: str) -> tuple[int, bool, str, str]:
        """A line up to its text: its column, whether it begins an item of a list, its key; what it is without one."""
        match = _HEAD.fullmatch(head)
        if match is None:
            raise _Doubt
        spaces, dash, key, words = match.groups()
        self._heads[head] = found = (len(spaces), dash is not None, key or "", words or "")
        return found

    def finished(self) -> dict[str, Node] | None:
        """The whole document; None for one without a line."""
        if self._awaits is not None:
            self._absent.append(self._awaits[1:])
        for holder, key in self._absent:
            del holder[key]
        return self._root or None

    def _take_words(self, column: int, words: str) -> None:
        """A line without a key: nothing, a comment, or the rest of a text."""
        if not words or words[0] == "#":
            self._folds = None
            return
        if self._folds is None or column <= self._folds[0] or not _CERTAIN_TEXT.match(words):
            raise _Doubt
        _, holder, key = self._folds
        holder[key] = f"{holder[key]} {_checked(words.rstrip())}"

    def _open_below(self, awaits: tuple[int, dict[str, Node], str], column: int, *, is_item: bool) -> None:
        self._awaits = None
        key_column, holder, key = awaits
        if column > key_column or (column == key_column and is_item):
            inside: list[Node] | dict[str, Node] = [] if is_item else {}
            holder[key] = inside
            self._open.append((column, inside))
        else:
            self._absent.append((holder, key))

    def _holder(self, column: int, *, is_item: bool) -> list[Node] | dict[str, Node]:
        """The list or map that a line at this column belongs to; those further in are at their end."""
        while self._open[-1][0] > column:
            self._open.pop()
        if not is_item and self._open[-1][0] == column and isinstance(self._open[-1][1], list):
            self._open.pop()  # a list may stand as far left as the key that holds it
        at, holder = self._open[-1]
        if at != column or isinstance(holder, list) is not is_item:
            raise _Doubt
        return holder

    def _put(self, column: int, holder: dict[str, Node], key: str, text: str) -> None:
        if key in holder or key in _WORDS:
            raise _Doubt
        text = text.strip(" ")
        holder[key] = ""  # so that a second one is seen, whatever this one holds
        if not text:
            self._awaits = (column, holder, key)
            return
        value = _value(text)
        if value is None:
            self._absent.append((holder, key))
            return
        holder[key] = value
        if isinstance(value, str) and text[0] not in "\"'":
            self._folds = (column, holder, key)


def _item(words: str) -> Node:
    value = _value(words.strip(" "))
    if value is None:
        raise _Doubt
    return value


def _value(text: str) -> Node | None:
    """What stands behind a key on its line; None for null."""
    if text[:1] in ('"', "'") and len(text) > 1:
        if text[-1] != text[0] or text.count(text[0]) != 2 or "\\" in text:
            raise _Doubt
        return text[1:-1]
    if text in _VALUES:
        return _VALUES[text]
    if text == "{}":
        return {}
    if text == "[]":
        return []
    if text in _WORDS or not _CERTAIN_TEXT.match(text):
        raise _Doubt
    return _checked(text)


def _checked(text: str) -> str:
    """Unquoted text, if that is all there is on its line: neither a map nor a comment."""
    if ": " in text or " #" in text or text[-1] == ":":
        raise _Doubt
    return text
