"""The policy files that apply, and what one can say: the nouns of the boundary.

`policy_text` reads a file's text into a `PolicyDocument`, layers that are checked but
not yet weighed against each other: `policy` does that. Only `read_policy_file` touches
a disk. Knows nothing of YAML, nor of a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.errors import PolicyError, reason_of
from kubectl_inventory.words import with_tilde

if TYPE_CHECKING:
    from kubectl_inventory.health import Health

MAX_FILE_BYTES = 1 << 20


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
    """One list of patterns of one file: an `allow`, a `deny`, or what a rule of `health` is for."""

    field: str
    """`resources.deny`, `profiles[0].resources.deny`, `health.ignore[0].kinds`."""
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


class Word(msgspec.Struct, frozen=True):
    """One status word of a list, meant to the letter but for case."""

    text: str
    """As written."""
    key: str
    """As it is compared: in lower case."""
    line: int


class WordRule(msgspec.Struct, frozen=True):
    """What some status words mean."""

    means: Health
    words: tuple[Word, ...]
    kinds: PatternList | None = None
    """Of which kinds; None: of any."""
    column: str = ""
    """The header of the Table's column that says them, in lower case; empty: any that holds a state."""


class WordList(msgspec.Struct, frozen=True):
    """The `health.words` of one file, or of one of its profiles. The first rule that knows a word counts."""

    source: str = ""
    """`FILE:LINE`; empty where nothing is written."""
    rules: tuple[WordRule, ...] = ()


class IgnoreRule(msgspec.Struct, frozen=True):
    """Findings that are none. All of its lists must match; None is not written and matches everything."""

    kinds: PatternList | None = None
    namespaces: PatternList | None = None
    """Never of what is in no namespace."""
    names: PatternList | None = None
    reasons: PatternList | None = None
    """As findings name them, but for case."""


class IgnoreList(msgspec.Struct, frozen=True):
    """The `health.ignore` of one file, or of one of its profiles."""

    source: str = ""
    """`FILE:LINE`; empty where nothing is written."""
    rules: tuple[IgnoreRule, ...] = ()


class Layer(msgspec.Struct, frozen=True):
    """All that one file, or one of its profiles, restricts, and what it adds to the judgement of health."""

    contexts: Boundary = Boundary()
    namespaces: Boundary = Boundary()
    resources: Boundary = Boundary()
    numbers: tuple[Number, ...] = ()
    words: WordList = WordList()
    ignore: IgnoreList = IgnoreList()


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
    NumberField("health.graceSeconds", "grace_s", 0, 86400),
)

# Of an entry of `health.words`, and of `health.ignore`.
WORD_FIELDS = ("means", "words", "kinds", "column")
IGNORE_FIELDS = ("kinds", "namespaces", "names", "reasons")


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
    name = with_tilde(path, home)
    what = f"policy file {name} ({named_by})" if named_by else f"policy file {name}"
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PolicyError(
            f"cannot read {what}: {reason_of(error)}", hint='"kubectl inventory policy init" writes one to start from'
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise PolicyError(f"cannot use {what}: it is over 1 MiB")
    try:
        return PolicyFile(name, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise PolicyError(f"cannot read {what}: not UTF-8 text (byte {error.start})") from error


def number_text(value: float) -> str:
    """A number as one writes it in the file: `5`, `0.5`."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _exists(path: Path, home: Path) -> bool:
    # `Path.exists` calls a broken link, and in newer Pythons a folder that may
    # not be entered, "not there".
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise PolicyError(f"cannot read policy file {with_tilde(path, home)}: {reason_of(error)}") from error
    return True
