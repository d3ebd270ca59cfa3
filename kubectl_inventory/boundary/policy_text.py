"""What a policy file says, and every mistake in it.

Stricter than YAML, because this is a boundary: whatever would be dropped, overridden
or read as something else without a word (a second key, an alias, `no` as a namespace,
a look-alike letter) is a mistake. `policy_tree` makes a tree of the text and refuses
what is YAML's alone. Loaded by those who have a policy file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from kubectl_inventory.boundary.policy_file import (
    IGNORE_FIELDS,
    NUMBER_FIELDS,
    WORD_FIELDS,
    Boundary,
    IgnoreList,
    IgnoreRule,
    Layer,
    Number,
    NumberField,
    Pattern,
    PatternList,
    PolicyDocument,
    PolicyFile,
    Problem,
    Profile,
    Word,
    WordList,
    WordRule,
)
from kubectl_inventory.boundary.policy_tree import Fault, List, Map, Node, Scalar, described, is_empty_list, read_tree
from kubectl_inventory.errors import near
from kubectl_inventory.words import quoted

if TYPE_CHECKING:
    from kubectl_inventory.health import Health

Subject = Literal["contexts", "namespaces", "resources", "names", "reasons"]
"""What the patterns of a list are held against; `resources` are kinds."""


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


_WordLines = dict[tuple[str, str, str], int]
"""Where a word stands, by itself, its column and one of its kinds' patterns; either may be empty, which is any."""

_PROFILE_FIELDS = ("contexts", "namespaces", "resources", "limits", "bulk", "discovery", "health")
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
        numbers: list[Number] = []
        for section in ("limits", "bulk", "discovery"):
            numbers += self._numbers(self._fields(fields.get(section), tuple(_numbers_in(section))), section)
        health = self._fields(fields.get("health"), (*_numbers_in("health"), "words", "ignore"))
        numbers += self._numbers(health, "health")
        return Layer(
            contexts=contexts,
            namespaces=self._boundary(fields.get("namespaces"), "namespaces"),
            resources=self._boundary(fields.get("resources"), "resources"),
            numbers=tuple(numbers),
            words=self._word_list(health.get("words")),
            ignore=self._ignore_list(health.get("ignore")),
        )

    def _profiles(self, field: _Field | None) -> Iterator[Profile]:
        for profile in self._items(field):
            fields = self._fields(profile, _PROFILE_FIELDS)
            contexts = self._patterns(fields.get("contexts"), "contexts")
            layer = self._layer(fields, contexts=Boundary())
            matched = fields.get("contexts")
            if contexts is not None and contexts.patterns:
                yield Profile(contexts, layer)
            elif isinstance(profile.value, Map) and (matched is None or is_empty_list(matched.value)):
                self._report(matched or profile, 'no contexts: which is it for, as in contexts: ["kind-*"]?')

    def _boundary(self, field: _Field | None, subject: Subject) -> Boundary:
        fields = self._fields(field, ("allow", "deny"))
        return Boundary(
            allow=self._patterns(fields.get("allow"), subject),
            deny=self._patterns(fields.get("deny"), subject),
        )

    def _word_list(self, field: _Field | None) -> WordList:
        if field is None:
            return WordList()
        rules: list[WordRule] = []
        known: _WordLines = {}
        for item in self._items(field):
            faults = len(self._problems)
            rule = self._word_rule(item)
            if rule is not None:
                rules.append(rule)
                if len(self._problems) == faults:
                    self._report_repeated(rule, item, known)
        return WordList(f"{self._file}:{field.line}", tuple(rules))

    def _report_repeated(self, rule: WordRule, field: _Field, known: _WordLines) -> None:
        """The words that would not count, as a rule above has them. Adds the others to what is `known`."""
        kinds = [pattern.text for pattern in rule.kinds.patterns] if rule.kinds is not None else [""]
        for word in rule.words:
            wider = [(word.key, column, kind) for column in ("", rule.column) for kind in ("", *kinds)]
            lines = [known[scope] for scope in wider if scope in known]
            if lines:
                where = _Field(f"{field.path}.words", word.line, field.value)
                self._report(where, f"{quoted(word.text)} is written twice (first in line {min(lines)}, which counts)")
            for kind in kinds:
                known.setdefault((word.key, rule.column, kind), word.line)

    def _word_rule(self, field: _Field) -> WordRule | None:
        fields = self._fields(field, WORD_FIELDS)
        means = self._means(fields.get("means"), field)
        words = tuple(self._words(fields.get("words"), field))
        kinds = self._narrowing(fields.get("kinds"), "resources")
        column = self._column(fields.get("column"))
        return WordRule(means, words, kinds, column) if means is not None else None

    def _means(self, field: _Field | None, rule: _Field) -> Health | None:
        from kubectl_inventory.health import HEALTHS  # with its tables: only for those who have words

        valid = ", ".join(HEALTHS)
        if field is None:
            if isinstance(rule.value, Map):
                self._report(_Field(f"{rule.path}.means", rule.line, rule.value), f"missing (valid: {valid})")
            return None
        text = field.value.text if isinstance(field.value, Scalar) else ""
        for health in HEALTHS:
            if text == health:
                return health
        suggestion = near(text.lower(), HEALTHS, cutoff=0.6)
        self._report(field, f"a health is wanted ({valid}), not {described(field.value)}{suggestion}")
        return None

    def _words(self, field: _Field | None, rule: _Field) -> Iterator[Word]:
        example = 'words: ["Hibernating"]'
        if isinstance(rule.value, Map) and (field is None or is_empty_list(field.value)):
            self._report(field or rule, f"no words: which are meant, as in {example}?")
        for item in self._texts(field, f"as in {example}"):
            fault = _word_fault(item.value, "word")
            if fault:
                self._report(item, fault)
            elif isinstance(item.value, Scalar):
                yield Word(item.value.text, item.value.text.lower(), item.line)

    def _column(self, field: _Field | None) -> str:
        if field is None:
            return ""
        fault = _word_fault(field.value, "column")
        if fault:
            self._report(field, fault)
        return field.value.text.lower() if isinstance(field.value, Scalar) else ""

    def _ignore_list(self, field: _Field | None) -> IgnoreList:
        if field is None:
            return IgnoreList()
        rules = tuple(self._ignore_rule(item) for item in self._items(field))
        return IgnoreList(f"{self._file}:{field.line}", rules)

    def _ignore_rule(self, field: _Field) -> IgnoreRule:
        fields = self._fields(field, IGNORE_FIELDS)
        if isinstance(field.value, Map) and not field.value.nodes:
            self._report(field, 'would ignore everything: say what, as in names: ["test-*"]')
        return IgnoreRule(
            kinds=self._narrowing(fields.get("kinds"), "resources"),
            namespaces=self._narrowing(fields.get("namespaces"), "namespaces"),
            names=self._narrowing(fields.get("names"), "names"),
            reasons=self._narrowing(fields.get("reasons"), "reasons"),
        )

    def _narrowing(self, field: _Field | None, subject: Subject) -> PatternList | None:
        """A list that matches everything where it is not written, and so is never written empty."""
        if field is not None and is_empty_list(field.value):
            self._report(field, "an empty list matches nothing: leave it out for all")
        return self._patterns(field, subject, none="leave it out for all")

    def _patterns(
        self, field: _Field | None, subject: Subject, *, none: str = "write [] for none"
    ) -> PatternList | None:
        if field is None:
            return None
        patterns = []
        for index, item in enumerate(self._texts(field, none)):
            fault = _pattern_fault(item.value, subject)
            if fault:
                self._report(item, fault)
            elif isinstance(item.value, Scalar):
                patterns.append(Pattern(item.value.text, item.line, index))
        return PatternList(field.path, self._file, field.line, tuple(patterns))

    def _texts(self, field: _Field | None, none: str) -> list[_Field]:
        """The items of a list of texts. `none` is what to do where nothing is meant."""
        text = field.value.text if field is not None and isinstance(field.value, Scalar) else ""
        return self._items(field, f": write [{quoted(text)}]" if text else f": {none}")

    def _items(self, field: _Field | None, hint: str = "") -> list[_Field]:
        """The items of a list; anything else is reported."""
        if field is None:
            return []
        if not isinstance(field.value, List):
            self._report(field, f"a list is wanted, not {described(field.value)}{hint}")
            return []
        return [_Field(f"{field.path}[{index}]", item.line, item) for index, item in enumerate(field.value.items)]

    def _numbers(self, fields: Mapping[str, _Field], section: str) -> Iterator[Number]:
        known = _numbers_in(section)
        for key, field in fields.items():
            value = self._number(field, known[key]) if key in known else None
            if value is not None:
                yield Number(known[key].name, value, f"{self._file}:{field.line}")

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


def _numbers_in(section: str) -> dict[str, NumberField]:
    """The numbers of a section by their names there."""
    named = [(field.name.partition("."), field) for field in NUMBER_FIELDS]
    return {name: field for (holder, _, name), field in named if holder == section}


def _text_fault(node: Node, noun: Literal["pattern", "word", "column"]) -> str:
    """Why this is no text that can be seen for what it is, or nothing."""
    if not isinstance(node, Scalar):
        return f"text is wanted, not {described(node)}"
    text, shown = node.text, quoted(node.text)
    if node.tag != "text":
        return f"text is wanted, not {described(node)}" + (f": write {shown}, in quotes" if text else "")
    if not text:
        return f"an empty {noun} matches nothing"
    foreign = next((character for character in text if not " " <= character <= "~"), "")
    if foreign:
        instead = " (? stands for any character)" if noun == "pattern" else ""
        return f"{shown} holds {_character_name(foreign)}: ASCII only{instead}"
    return f"{shown} has a space at an end" if text != text.strip() else ""


def _word_fault(node: Node, noun: Literal["word", "column"]) -> str:
    """Why a cell or a column's header can never say this, or nothing."""
    fault = _text_fault(node, noun)
    if fault or not isinstance(node, Scalar):
        return fault
    is_pattern = "*" in node.text or "?" in node.text
    return f"{quoted(node.text)}: a {noun} is meant to the letter, without * and ?" if is_pattern else ""


def _pattern_fault(node: Node, subject: Subject) -> str:
    """Why this can never match what it was meant to match, or nothing."""
    fault = _text_fault(node, "pattern")
    if fault or not isinstance(node, Scalar):
        return fault
    text, shown = node.text, quoted(node.text)
    # A deny that was meant as [0-9], {a,b} or !x and is read letter by letter
    # would silently deny nothing.
    if text.startswith("!") or any(character in "[]{},\\" for character in text):
        return f"{shown}: a pattern has * and ? alone, no [ ] {{ }} \\ , and no ! in front"
    if subject in ("contexts", "reasons"):
        return ""
    if text != text.lower():
        return f"{shown} has capitals, which no name here has, did you mean {quoted(text.lower())}?"
    if subject == "namespaces":
        is_name = re.fullmatch(r"[a-z0-9*?]([-a-z0-9*?]*[a-z0-9*?])?", text) is not None
        return "" if is_name else f"{shown} cannot be a namespace: letters, digits and -, with * and ?"
    if subject == "names":
        # A colon: `system:node`, where the server takes anything that fits into a path.
        is_name = re.fullmatch(r"[a-z0-9*?]([-a-z0-9.:*?]*[a-z0-9*?])?", text) is not None
        return "" if is_name else f"{shown} cannot be a name: letters, digits, - . and :, with * and ?"
    return _kind_fault(text)


def _kind_fault(text: str) -> str:
    if re.fullmatch(r"[-a-z0-9*?]+(\.[-a-z0-9*?]+)*", text) is None:
        return f'{quoted(text)} is not plural[.group], as in "secrets", "deployments.apps", "*.example.com"'
    plural, _, group = text.partition(".")
    if re.fullmatch(r"core|v[0-9]+((alpha|beta)[0-9]+)?", group.partition(".")[0]) is not None:
        rest = group.partition(".")[2]
        instead = quoted(f"{plural}.{rest}" if rest else plural)
        return f"{quoted(text)}: a rule is for every version, and the core group has no name: write {instead}"
    return ""


def _character_name(character: str) -> str:
    import unicodedata

    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
