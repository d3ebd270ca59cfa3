"""A policy file's YAML as a tree whose parts know their lines: what the policy needs of YAML, without its node types.

Stricter than YAML, because this is a boundary: an alias, an anchor, a tag, a second
document and a character that nobody sees are faults, told before anything is built of
them. Hands on a tree or the first fault, and ways to say what stands where something
else should. Knows neither files nor what a policy may say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from kubectl_inventory.words import quoted


class Scalar(msgspec.Struct, frozen=True):
    """A text, a number, nothing, or what YAML makes of a word such as `no`."""

    line: int
    text: str
    tag: Literal["text", "number", "nothing", "other"]


class List(msgspec.Struct, frozen=True):
    """A sequence."""

    line: int
    items: list[Node]


class Map(msgspec.Struct, frozen=True):
    """A mapping."""

    line: int
    nodes: list[Node]
    """Keys and values by turns, as they come."""


Node = Scalar | List | Map


class Fault(msgspec.Struct, frozen=True):
    """Why a text is no tree, and in which line."""

    line: int
    message: str


# Characters that YAML does not allow, that break a line for YAML and for few
# editors (lone CR, NEL, U+2028, U+2029), or that show lines in another order
# than they have (https://trojansource.codes): what is seen must be what is read.
_UNSEEN = re.compile(
    r"\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_MAX_DEPTH = 8  # the format needs seven; more would only cost stack
_TOO_DEEP = "nested too deep"


def read_tree(text: str) -> Node | Fault:
    """The one document of a text, or what is wrong with it."""
    unseen = _UNSEEN.search(text)
    if unseen is not None:
        line = text.count("\n", 0, unseen.start()) + 1
        return Fault(line, f"holds the control character U+{ord(unseen[0]):04X}")
    import yaml  # 26 ms: only for those who have a policy file

    try:
        return _build_tree(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context == "while scanning an alias":
            what = 'an unquoted * begins a YAML alias: write patterns in quotes, as in "*"'
        elif "cannot start any token" in str(error.problem) and _has_tab(text, mark.line if mark else 0):
            what = "YAML is not indented with tabs: use spaces"
        elif "nesting depth" in str(error.problem):  # newer libyaml looks that far ahead
            what = _TOO_DEEP
        else:
            what = f"not YAML: {error.problem}"
        return Fault(mark.line + 1 if mark else 1, what)


def described(node: Node) -> str:
    """What stands there, for `..., not a list`."""
    if isinstance(node, List):
        return "a list"
    if isinstance(node, Map):
        return "a mapping"
    if node.tag == "nothing":
        return "nothing" if node.text == "" else node.text
    return f"the text {quoted(node.text)}" if node.tag == "text" else quoted(node.text)[1:-1]


def is_empty_list(node: Node) -> bool:
    """Whether it is a list, and nothing in it."""
    return isinstance(node, List) and not node.items


def _has_tab(text: str, line_index: int) -> bool:
    return "\t" in "".join(text.split("\n")[line_index : line_index + 1])


def _build_tree(text: str) -> Node | Fault:
    # From the stream of events rather than from `yaml.compose`: what is
    # refused is refused before it is built, so neither an alias bomb nor a
    # megabyte of `[` costs anything.
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    tag_of: Callable[[type[yaml.ScalarNode], str, tuple[bool, bool]], str] = yaml.resolver.Resolver().resolve
    root: list[Node] = []
    open_lists = [root]
    for event in yaml.parse(text, loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent) and root:
            return Fault(line, "a second document: a policy file holds one")
        if isinstance(event, yaml.CollectionEndEvent):
            open_lists.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent):
            return Fault(line, f"an unquoted * begins a YAML alias: write {quoted(f'*{event.anchor}')}, in quotes")
        if event.anchor is not None:
            return Fault(line, f"YAML anchors are not used here: {quoted(event.anchor)}")
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                return Fault(line, f"YAML tags are not used here: {quoted(event.tag)}")
            tag = _tag(tag_of(yaml.ScalarNode, event.value, event.implicit))
            open_lists[-1].append(Scalar(line, event.value, tag))
        elif isinstance(event, yaml.CollectionStartEvent):
            if event.tag is not None:
                return Fault(line, f"YAML tags are not used here: {quoted(event.tag)}")
            if len(open_lists) > _MAX_DEPTH:
                return Fault(line, _TOO_DEEP)
            inside: list[Node] = []
            is_map = isinstance(event, yaml.MappingStartEvent)
            open_lists[-1].append(Map(line, inside) if is_map else List(line, inside))
            open_lists.append(inside)
    if not root or (isinstance(root[0], Scalar) and root[0].tag == "nothing"):
        return Fault(1, 'the file is empty ("policy init" writes one)')
    return root[0]


def _tag(tag: str) -> Literal["text", "number", "nothing", "other"]:
    match tag.rpartition(":")[2]:
        case "str":
            return "text"
        case "int" | "float":
            return "number"
        case "null":
            return "nothing"
    return "other"
