"""What a policy file says, and every mistake in it.

Stricter than YAML, because this is a boundary: whatever would be dropped, overridden
or read as something else without a word (a second key, an alias, `no` as a namespace,
a look-alike letter) is a mistake. `policy_tree` makes a tree of the text and refuses
what is YAML's alone. Loaded by those who have a policy file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from kubectl_inventory.errors import near
from kubectl_inventory.policy_file import (
    NUMBER_FIELDS,
    Boundary,
    Layer,
    Number,
    NumberField,
    Pattern,
    PatternList,
    PolicyDocument,
    PolicyFile,
    Problem,
    Profile,
)
from kubectl_inventory.policy_tree import Fault, List, Map, Node, Scalar, described, is_empty_list, read_tree
from kubectl_inventory.words import quoted

Section = Literal["contexts", "namespaces", "resources"]


def parse_policy(file: PolicyFile) -> PolicyDocument:
    """The file's layers and everything that is wrong with it."""
    tree = read_tree(file.text)
    if isinstance(tree, Fault):
        return PolicyDocument(Layer(), (), (Problem(file.name, tree.line, "", tree.message),))
    return _Reading(file.name).document(tree)


class _Field(msgspec.Struct, frozen=True):
    path: str
    line: int
    value: Node


_PROFILE_FIELDS = ("contexts", "namespaces", "resources", "limits", "bulk", "discovery")
_TOP_FIELDS = ("apiVersion", "kind", *_PROFILE_FIELDS, "profiles")


class _Reading:
    """One pass over one file's tree, which collects problems instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []

    def document(self, root: Node) -> PolicyDocument:
        fields = self._fields(_Field("", root.line, root), _TOP_FIELDS)
        if isinstance(root, Map):
            self._constant(fields.get("apiVersion"), "apiVersion", "inventory/v1")
            self._constant(fields.get("kind"), "kind", "BoundaryPolicy")
        layer = self._layer(fields, contexts=self._boundary(fields.get("contexts"), "contexts"))
        profiles = tuple(self._profiles(fields.get("profiles")))
        return PolicyDocument(
            layer, profiles, tuple(sorted(self._problems, key=lambda problem: problem.line))
        )

    def _constant(self, field: _Field | None, name: str, wanted: str) -> None:
        if field is None:
            self._problems.append(Problem(self._file, 1, name, f"missing (valid: {wanted})"))
        elif not isinstance(field.value, Scalar) or field.value.text != wanted:
            self._report(field, f"{wanted} is wanted, not {described(field.value)}")

    def _layer(self, fields: Mapping[str, _Field], contexts: Boundary) -> Layer:
        return Layer(
            contexts=contexts,
            namespaces=self._boundary(fields.get("namespaces"), "namespaces"),
            resources=self._boundary(fields.get("resources"), "resources"),
            numbers=tuple(
                number
                for section in ("limits", "bulk", "discovery")
                for number in self._numbers(fields.get(section), section)
            ),
        )

    def _profiles(self, field: _Field | None) -> Iterator[Profile]:
        if field is None:
            return
        if not isinstance(field.value, List):
            self._report(field, f"a list is wanted, not {described(field.value)}")
            return
        for index, item in enumerate(field.value.items):
            profile = _Field(f"{field.path}[{index}]", item.line, item)
            fields = self._fields(profile, _PROFILE_FIELDS)
            contexts = self._patterns(fields.get("contexts"), "contexts")
            layer = self._layer(fields, contexts=Boundary())
            matched = fields.get("contexts")
            if contexts is not None and contexts.patterns:
                yield Profile(contexts, layer)
            elif isinstance(item, Map) and (matched is None or is_empty_list(matched.value)):
                self._report(matched or profile, 'no contexts: which is it for, as in contexts: ["kind-*"]?')

    def _boundary(self, field: _Field | None, section: Section) -> Boundary:
        fields = self._fields(field, ("allow", "deny"))
        return Boundary(
            allow=self._patterns(fields.get("allow"), section),
            deny=self._patterns(fields.get("deny"), section),
        )

    def _patterns(self, field: _Field | None, section: Section) -> PatternList | None:
        if field is None:
            return None
        if not isinstance(field.value, List):
            text = field.value.text if isinstance(field.value, Scalar) else ""
            example = f"[{quoted(text)}]" if text else "[] for none"
            self._report(field, f"a list is wanted, not {described(field.value)}: write {example}")
            return None
        patterns = []
        for index, item in enumerate(field.value.items):
            fault = _pattern_fault(item, section)
            if fault:
                self._report(_Field(f"{field.path}[{index}]", item.line, item), fault)
            elif isinstance(item, Scalar):
                patterns.append(Pattern(item.text, item.line, index))
        return PatternList(field.path, self._file, field.line, tuple(patterns))

    def _numbers(self, field: _Field | None, section: str) -> Iterator[Number]:
        prefix = f"{section}."
        known = {
            each.name.removeprefix(prefix): each for each in NUMBER_FIELDS if each.name.startswith(prefix)
        }
        for key, number in self._fields(field, tuple(known)).items():
            value = self._number(number, known[key])
            if value is not None:
                yield Number(known[key].name, value, f"{self._file}:{number.line}")

    def _number(self, field: _Field, known: NumberField) -> float | None:
        node, wanted = field.value, "a whole number" if known.is_whole else "a number"
        # YAML 1.1 would read 010 as 8, 1:30 as 90 and 1_0 as 10.
        digits = r"-?(0|[1-9][0-9]{0,17})" if known.is_whole else r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?"
        if not isinstance(node, Scalar) or node.tag != "number" or re.fullmatch(digits, node.text) is None:
            self._report(field, f"{wanted} is wanted ({known.range_text}), not {described(node)}")
            return None
        value = float(node.text) if "." in node.text else int(node.text)
        if not known.holds(value):
            self._report(field, f"{node.text} is out of range ({known.range_text})")
            return None
        return value

    def _fields(self, field: _Field | None, valid: Sequence[str]) -> dict[str, _Field]:
        """The fields of a mapping that are known; anything else in it is reported."""
        if field is None:
            return {}
        if not isinstance(field.value, Map):
            self._report(field, f"a mapping is wanted ({', '.join(valid)}), not {described(field.value)}")
            return {}
        found: dict[str, _Field] = {}
        for key, value in zip(field.value.nodes[::2], field.value.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._report(_Field(field.path, key.line, key), f"{described(key)} cannot be a field's name")
                continue
            # Escaped, or a look-alike letter would look right in the message too.
            is_plain = re.fullmatch(r"[A-Za-z0-9_-]{1,80}", key.text) is not None
            name = key.text if is_plain else quoted(key.text.encode("unicode_escape").decode("ascii"))
            entry = _Field(f"{field.path}.{name}" if field.path else name, key.line, value)
            if key.text not in valid:
                suggestion = near(key.text.lower(), valid, cutoff=0.6)
                self._report(entry, f"unknown field{suggestion} (valid: {', '.join(valid)})")
            elif key.text in found:
                self._report(entry, f"written twice (first in line {found[key.text].line})")
            else:
                found[key.text] = entry
        return found

    def _report(self, field: _Field, message: str) -> None:
        self._problems.append(Problem(self._file, field.line, field.path, message))


def _pattern_fault(node: Node, section: Section) -> str:
    """Why this can never match what it was meant to match, or nothing."""
    if not isinstance(node, Scalar):
        return f"text is wanted, not {described(node)}"
    text, shown = node.text, quoted(node.text)
    if node.tag != "text":
        return f"text is wanted, not {described(node)}: write {shown}, in quotes"
    if not text:
        return "an empty pattern matches nothing"
    foreign = next((character for character in text if not " " <= character <= "~"), "")
    if foreign:
        return f"{shown} holds {_character_name(foreign)}: ASCII only (? stands for any character)"
    if text != text.strip():
        return f"{shown} has a space at an end"
    # A deny that was meant as [0-9], {a,b} or !x and is read letter by letter
    # would silently deny nothing.
    if text.startswith("!") or any(character in "[]{},\\" for character in text):
        return f"{shown}: a pattern has * and ? alone, no [ ] {{ }} \\ , and no ! in front"
    if section == "contexts":
        return ""
    if text != text.lower():
        return f"{shown} has capitals, which no name here has, did you mean {quoted(text.lower())}?"
    if section == "namespaces":
        is_name = re.fullmatch(r"[a-z0-9*?]([-a-z0-9*?]*[a-z0-9*?])?", text) is not None
        return "" if is_name else f"{shown} cannot be a namespace: letters, digits and -, with * and ?"
    if re.fullmatch(r"[-a-z0-9*?]+(\.[-a-z0-9*?]+)*", text) is None:
        return f'{shown} is not plural[.group], as in "secrets", "deployments.apps", "*.example.com"'
    plural, _, group = text.partition(".")
    if re.fullmatch(r"core|v[0-9]+((alpha|beta)[0-9]+)?", group.partition(".")[0]) is not None:
        rest = group.partition(".")[2]
        instead = quoted(f"{plural}.{rest}" if rest else plural)
        return f"{shown}: a rule is for every version, and the core group has no name: write {instead}"
    return ""


def _character_name(character: str) -> str:
    import unicodedata

    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
