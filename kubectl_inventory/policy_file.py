"""A policy file as written: its text, its YAML with line numbers, every mistake in it.

Hands on a `PolicyDocument`, layers that are checked but not yet weighed against
each other: `policy` does that. Stricter than YAML, because this is a boundary:
whatever would be dropped, overridden or read as something else without a word
(a second key, an alias, `no` as a namespace, a look-alike letter) is a mistake.
Only `read_policy_file` touches a disk. Knows nothing of a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from kubectl_inventory.errors import PolicyError, near

MAX_FILE_BYTES = 1 << 20

Section = Literal["contexts", "namespaces", "resources"]


class PolicyFile(msgspec.Struct, frozen=True):
    """A file's text, and its name as messages show it: home as `~`."""

    name: str
    text: str


class Problem(msgspec.Struct, frozen=True):
    """One mistake in a policy file. `field` is empty where the whole file is meant."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


class Pattern(msgspec.Struct, frozen=True):
    """One glob of a list. Only `*` and `?` are special; `*` crosses dots."""

    text: str
    line: int
    index: int

    @property
    def is_literal(self) -> bool:
        """Whether it can only mean one name."""
        return "*" not in self.text and "?" not in self.text


class PatternList(msgspec.Struct, frozen=True):
    """An `allow` or `deny` of one file."""

    field: str
    """`resources.deny`, or `profiles[0].resources.deny`."""
    file: str
    line: int
    patterns: tuple[Pattern, ...]


class Boundary(msgspec.Struct, frozen=True):
    """What one section says. None is not written: allow then means everything, deny nothing."""

    allow: PatternList | None = None
    deny: PatternList | None = None


class Number(msgspec.Struct, frozen=True):
    """A number of a file, in the unit of its name: a ceiling."""

    name: str
    """`limits.workers`, in a profile too."""
    value: float
    source: str


class Layer(msgspec.Struct, frozen=True):
    """All that one file, or one of its profiles, restricts."""

    contexts: Boundary = Boundary()
    namespaces: Boundary = Boundary()
    resources: Boundary = Boundary()
    numbers: tuple[Number, ...] = ()


class Profile(msgspec.Struct, frozen=True):
    """A layer that applies where one of `contexts` matches."""

    contexts: PatternList
    layer: Layer


class PolicyDocument(msgspec.Struct, frozen=True):
    """A parsed file. Not to be applied while it has `problems`."""

    layer: Layer
    profiles: tuple[Profile, ...]
    problems: tuple[Problem, ...]
    """In line order."""


class NumberField(msgspec.Struct, frozen=True):
    """A number that a policy can hold: the range outside which it is a mistake, and who else may set it."""

    name: str
    attribute: str
    """Where `Limits` or `Policy` keeps it."""
    lowest: float
    highest: float
    flag: str = ""
    """The flag that may set it too, if there is one."""
    is_whole: bool = True
    scale: int = 1
    """What one of the file is in the attribute's unit."""

    @property
    def range_text(self) -> str:
        """`1 to 32`"""
        return f"{self.lowest} to {self.highest}"

    def holds(self, value: float) -> bool:
        """Whether `value` is in range. Not-a-number never is."""
        return self.lowest <= value <= self.highest


# In the order of the YAML, which is the order that `policy show` prints.
# A timeout below 0.1 s cannot be met by any server; the highest numbers are
# there to catch a slip (milliseconds, bytes), not to hold anyone back.
NUMBER_FIELDS = (
    NumberField("limits.workers", "workers", 1, 32, "--workers"),
    NumberField("limits.heavyLists", "heavy_lists", 1, 32),
    NumberField("limits.probes", "probes", 1, 64, "--probes"),
    NumberField("limits.requestTimeoutSeconds", "request_timeout_s", 0.1, 3600, "--request-timeout", False),
    NumberField("limits.deadlineSeconds", "deadline_s", 1, 86400, "--deadline", False),
    NumberField("limits.pageSize", "page_size", 1, 10000, "--chunk-size"),
    NumberField("limits.maxRequests", "max_requests", 1, 10000000),
    NumberField("limits.maxObjects", "max_objects", 1, 100000000),
    NumberField("limits.maxResponseMiB", "max_response_bytes", 1, 4096, scale=1 << 20),
    NumberField("bulk.moreThanNamespaces", "more_than_namespaces", 0, 100000),
    NumberField("discovery.cacheSeconds", "discovery_cache_s", 0, 3600),
)


def read_policy_files(
    *,
    flag: str | None,
    environ: Mapping[str, str],
    home: Path,
    system: Path = Path("/etc/kubectl-inventory/policy.yaml"),
) -> list[PolicyFile]:
    """The files that apply: the administrator's, then the user's.

    The user's is `--policy`, else $KUBECTL_INVENTORY_POLICY, else the one in ~/.kube if it is there.

    Raises `PolicyError` for a file that is named and not there, or there and
    not readable: a boundary that cannot be read is never taken for no boundary.
    """
    files = [read_policy_file(system, home)] if _exists(system, home) else []
    named = flag if flag is not None else environ.get("KUBECTL_INVENTORY_POLICY") or None
    if named is not None:
        origin = "--policy" if flag is not None else "KUBECTL_INVENTORY_POLICY"
        files.append(read_policy_file(Path(named), home, named_by=origin))
    elif _exists(home / ".kube" / "inventory-policy.yaml", home):
        files.append(read_policy_file(home / ".kube" / "inventory-policy.yaml", home))
    return files


def read_policy_file(path: Path, home: Path, *, named_by: str = "") -> PolicyFile:
    """One file. Raises `PolicyError`; `named_by` tells there what named it."""
    name = _shown_path(path, home)
    what = f"policy file {name} ({named_by})" if named_by else f"policy file {name}"
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PolicyError(
            f"cannot read {what}: {why}", hint='"kubectl inventory policy init" writes one to start from'
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise PolicyError(f"cannot use {what}: it is over 1 MiB")
    try:
        return PolicyFile(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PolicyError(f"cannot read {what}: not UTF-8 text (byte {error.start})") from error


def parse_policy(file: PolicyFile) -> PolicyDocument:
    """The file's layers and everything that is wrong with it."""
    tree = _read_tree(file)
    if isinstance(tree, Problem):
        return PolicyDocument(Layer(), (), (tree,))
    return _Reading(file.name).document(tree)


def number_text(value: float) -> str:
    """A number as one writes it in the file: `5`, `0.5`."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """Text of a file, safe and short enough for a line on a terminal."""
    visible = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return f'"{visible}"' if len(visible) <= 80 else f'"{visible[:77]}..."'


# The tree: what the policy needs of YAML, without its node types.


class _Scalar(msgspec.Struct, frozen=True):
    line: int
    text: str
    tag: Literal["text", "number", "nothing", "other"]


class _List(msgspec.Struct, frozen=True):
    line: int
    items: list[_Node]


class _Map(msgspec.Struct, frozen=True):
    line: int
    nodes: list[_Node]
    """Keys and values by turns, as they come."""


_Node = _Scalar | _List | _Map


class _Field(msgspec.Struct, frozen=True):
    path: str
    line: int
    value: _Node


# Characters that YAML does not allow, that break a line for YAML and for few
# editors (lone CR, NEL, U+2028, U+2029), or that show lines in another order
# than they have (https://trojansource.codes): what is seen must be what is read.
_UNSEEN = re.compile(
    r"\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_MAX_DEPTH = 8  # the format needs five; more would only cost stack


def _read_tree(file: PolicyFile) -> _Node | Problem:
    unseen = _UNSEEN.search(file.text)
    if unseen is not None:
        line = file.text.count("\n", 0, unseen.start()) + 1
        return Problem(file.name, line, "", f"holds the control character U+{ord(unseen[0]):04X}")
    import yaml  # 26 ms: only for those who have a policy file

    try:
        return _build_tree(file)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context == "while scanning an alias":
            what = 'an unquoted * begins a YAML alias: write patterns in quotes, as in "*"'
        elif "cannot start any token" in str(error.problem) and _has_tab(file.text, mark.line if mark else 0):
            what = "YAML is not indented with tabs: use spaces"
        else:
            what = f"not YAML: {error.problem}"
        return Problem(file.name, mark.line + 1 if mark else 1, "", what)


def _has_tab(text: str, line_index: int) -> bool:
    return "\t" in "".join(text.split("\n")[line_index : line_index + 1])


def _build_tree(file: PolicyFile) -> _Node | Problem:
    # From the stream of events rather than from `yaml.compose`: what is
    # refused is refused before it is built, so neither an alias bomb nor a
    # megabyte of `[` costs anything.
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    tag_of: Callable[[type[yaml.ScalarNode], str, tuple[bool, bool]], str] = yaml.resolver.Resolver().resolve
    root: list[_Node] = []
    open_lists = [root]
    for event in yaml.parse(file.text, loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent) and root:
            return Problem(file.name, line, "", "a second document: a policy file holds one")
        if isinstance(event, yaml.CollectionEndEvent):
            open_lists.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        if isinstance(event, yaml.AliasEvent):
            what = f"an unquoted * begins a YAML alias: write {quoted(f'*{event.anchor}')}, in quotes"
            return Problem(file.name, line, "", what)
        if event.anchor is not None:
            return Problem(file.name, line, "", f"YAML anchors are not used here: {quoted(event.anchor)}")
        if isinstance(event, yaml.ScalarEvent):
            if event.tag is not None:
                return Problem(file.name, line, "", f"YAML tags are not used here: {quoted(event.tag)}")
            tag = _tag(tag_of(yaml.ScalarNode, event.value, event.implicit))
            open_lists[-1].append(_Scalar(line, event.value, tag))
        elif isinstance(event, yaml.CollectionStartEvent):
            if event.tag is not None:
                return Problem(file.name, line, "", f"YAML tags are not used here: {quoted(event.tag)}")
            if len(open_lists) > _MAX_DEPTH:
                return Problem(file.name, line, "", "nested too deep")
            inside: list[_Node] = []
            is_map = isinstance(event, yaml.MappingStartEvent)
            open_lists[-1].append(_Map(line, inside) if is_map else _List(line, inside))
            open_lists.append(inside)
    if not root or (isinstance(root[0], _Scalar) and root[0].tag == "nothing"):
        return Problem(file.name, 1, "", 'the file is empty ("kubectl inventory policy init" writes one)')
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


_PROFILE_FIELDS = ("contexts", "namespaces", "resources", "limits", "bulk", "discovery")
_TOP_FIELDS = ("apiVersion", "kind", *_PROFILE_FIELDS, "profiles")


class _Reading:
    """One pass over one file's tree, which collects problems instead of stopping at the first."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []

    def document(self, root: _Node) -> PolicyDocument:
        fields = self._fields(_Field("", root.line, root), _TOP_FIELDS)
        if isinstance(root, _Map):
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
        elif not isinstance(field.value, _Scalar) or field.value.text != wanted:
            self._report(field, f"{wanted} is wanted, not {_described(field.value)}")

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
        if not isinstance(field.value, _List):
            self._report(field, f"a list is wanted, not {_described(field.value)}")
            return
        for index, item in enumerate(field.value.items):
            profile = _Field(f"{field.path}[{index}]", item.line, item)
            fields = self._fields(profile, _PROFILE_FIELDS)
            contexts = self._patterns(fields.get("contexts"), "contexts")
            layer = self._layer(fields, contexts=Boundary())
            matched = fields.get("contexts")
            if contexts is not None and contexts.patterns:
                yield Profile(contexts, layer)
            elif isinstance(item, _Map) and (matched is None or _is_empty_list(matched.value)):
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
        if not isinstance(field.value, _List):
            text = field.value.text if isinstance(field.value, _Scalar) else ""
            example = f"[{quoted(text)}]" if text else "[] for none"
            self._report(field, f"a list is wanted, not {_described(field.value)}: write {example}")
            return None
        patterns = []
        for index, item in enumerate(field.value.items):
            fault = _pattern_fault(item, section)
            if fault:
                self._report(_Field(f"{field.path}[{index}]", item.line, item), fault)
            elif isinstance(item, _Scalar):
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
        if not isinstance(node, _Scalar) or node.tag != "number" or re.fullmatch(digits, node.text) is None:
            self._report(field, f"{wanted} is wanted ({known.range_text}), not {_described(node)}")
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
        if not isinstance(field.value, _Map):
            self._report(field, f"a mapping is wanted ({', '.join(valid)}), not {_described(field.value)}")
            return {}
        found: dict[str, _Field] = {}
        for key, value in zip(field.value.nodes[::2], field.value.nodes[1::2], strict=True):
            if not isinstance(key, _Scalar):
                self._report(_Field(field.path, key.line, key), f"{_described(key)} cannot be a field's name")
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


def _pattern_fault(node: _Node, section: Section) -> str:
    """Why this can never match what it was meant to match, or nothing."""
    if not isinstance(node, _Scalar):
        return f"text is wanted, not {_described(node)}"
    text, shown = node.text, quoted(node.text)
    if node.tag != "text":
        return f"text is wanted, not {_described(node)}: write {shown}, in quotes"
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


def _described(node: _Node) -> str:
    if isinstance(node, _List):
        return "a list"
    if isinstance(node, _Map):
        return "a mapping"
    if node.tag == "nothing":
        return "nothing" if node.text == "" else node.text
    return f"the text {quoted(node.text)}" if node.tag == "text" else quoted(node.text)[1:-1]


def _is_empty_list(node: _Node) -> bool:
    return isinstance(node, _List) and not node.items


def _character_name(character: str) -> str:
    import unicodedata

    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _exists(path: Path, home: Path) -> bool:
    # `Path.exists` calls a broken link, and in newer Pythons a folder that may
    # not be entered, "not there".
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise PolicyError(f"cannot read policy file {_shown_path(path, home)}: {error.strerror}") from error
    return True


def _shown_path(path: Path, home: Path) -> str:
    shown = str(path)
    if path.is_absolute() and home != Path(home.anchor) and path.is_relative_to(home):
        shown = f"~/{path.relative_to(home)}"
    return shown if shown.isprintable() else shown.encode("unicode_escape", "surrogateescape").decode("ascii")
