"""The reference as one page of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import click

from kubectl_inventory.boundary.policy_file import NUMBER_FIELDS
from kubectl_inventory.words import PROGRAM
from tests.reference.commands import (
    Taken,
    arguments,
    commands,
    description,
    endings,
    examples,
    family,
    is_only_a_group,
    own_options,
    synopsis,
    takes,
)
from tests.reference.documents import ACCOUNTS, DOCUMENTS, OPENING, SETTING, Field
from tests.reference.readme import ROOT, first_table
from tests.reference.texts import ARGUMENTS, ENVIRONMENT, FILES, SEE_ALSO

REFERENCE = ROOT / "docs" / "reference.md"

_COMMON = {
    "limits": "Limits",
    "connection": "Connection",
}
"""Families that every command has whole or not at all: told once, under these headings."""

_BEGINNING = f"""\
# {PROGRAM}: reference

<!-- made from the commands by `make reference`: do not edit -->

Every command, option, format, exit code, variable, file and field. What it is for and how it works: see the
[README](../README.md). `{PROGRAM} help COMMAND` prints the short form.
"""

_LIMITS = """\
A limit bounds how hard the server is asked. A policy file's numbers are ceilings: a flag above one is refused
(exit 2). A duration is written as kubectl takes it: `5s`, `1m30s`, `500ms`; a bare number is seconds.
"""

_CONNECTION = """\
kubectl's own flags, with kubectl's meaning.
"""

_FORMATS = """\
stdout is the answer and nothing else. The summary, warnings and errors are on stderr.
"""

_POLICY = """\
Fields of a policy file. [How policies combine](../README.md#policy) is told in the README.
"""

_DOCUMENTS = """\
What `-o json` and `-o yaml` print; `-o ndjson` prints the items alone, one a line. A list of nothing is `[]`, never
null. A field marked *or absent* is left out where it is not known or does not apply. Times are UTC, as
`2026-08-03T01:12:40Z`.
"""


def page() -> str:
    """The whole of it."""
    paragraphs = [_BEGINNING, _contents(), "## Commands\n"]
    shown = examples()
    for path, command in commands():
        paragraphs += _command(path, command, shown[path])
    paragraphs += ["## Limits\n", _LIMITS, _limits(), "## Connection\n", _CONNECTION, _options("connection")]
    paragraphs += ["## Output formats\n", _FORMATS, _of_readme("Output"), *_formats_of_commands()]
    paragraphs += ["## Exit codes\n", _of_readme("Exit codes")]
    paragraphs += ["## Environment\n", _table(("variable", "means"), _coded(ENVIRONMENT))]
    paragraphs += ["## Files\n", _table(("file", "is"), _coded(FILES))]
    paragraphs += ["### Policy files\n", _POLICY, _of_readme("Policy")]
    paragraphs += ["## JSON documents\n", _DOCUMENTS, *_documents()]
    return "\n".join(paragraphs)


def anchor(heading: str) -> str:
    """Where a link to a heading leads."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


def _contents() -> str:
    listed = [f"* {_link(path)}: {_first_sentence(command)}" for path, command in commands()]
    chapters = ("Limits", "Connection", "Output formats", "Exit codes", "Environment", "Files", "JSON documents")
    return _lines([*listed, *(f"* {_link(chapter)}" for chapter in chapters)])


def _first_sentence(command: click.Command) -> str:
    text = description(command)[0]
    return text[:1].lower() + text[1:].rstrip(".")


# --- a command ----------------------------------------------------------------


def _command(path: str, command: click.Command, shown: Sequence[str]) -> Iterator[str]:
    yield f"### {path}\n"
    yield _fenced([synopsis(path, command)])
    for paragraph in description(command):
        yield f"{_escaped(paragraph)}\n"
    if isinstance(command, click.Group):
        listed = [f"* {_link(f'{path} {name}')}" for name, it in sorted(command.commands.items()) if not it.hidden]
        yield from ("Commands:\n", _lines(listed)) if is_only_a_group(command) else ()
    if taken := arguments(command):
        rows = [(_code(it.metavar or ""), ARGUMENTS[it.metavar or ""]) for it in taken]
        yield _table(("argument", "is"), rows)
    yield from _option_groups(command)
    if shown:
        yield "Examples:\n"
        yield _fenced(_aligned(shown))
    if not is_only_a_group(command):
        codes = [f"* {code}: {text}" for code, text in endings(command).items()]
        yield f"Exit codes, beside {_link('Exit codes', 'those of a run that is stopped')}:\n"
        yield _lines(codes)
    if near := list(_see_also(path, command)):
        yield f"See also: {', '.join(near)}\n"


def _option_groups(command: click.Command) -> Iterator[str]:
    for title, taken in (
        ("Options:\n", own_options(command)),
        ("Where to look:\n", takes(command, "place")),
        ("Output:\n", takes(command, "output")),
    ):
        if taken:
            yield title
            yield _option_table(taken)
    for name, heading in _COMMON.items():
        if takes(command, name):
            yield f"{_link(heading)}: {', '.join(_code(it.flag) for it in takes(command, name))}\n"


def _see_also(path: str, command: click.Command) -> Iterator[str]:
    for near in SEE_ALSO.get(path, ()):
        yield _code(near) if near.startswith("kubectl ") else _link(f"{PROGRAM} {near}".rstrip())
    if takes(command, "output"):
        yield _link("Output formats")
    yield from (_link(document) for document in _documents_of(path))


def _documents_of(path: str) -> Iterator[str]:
    paths = [known for known, _ in commands()]
    for document in DOCUMENTS:
        typed = [f"{PROGRAM} {words}".strip() for words in document.typed]
        if any(max((it for it in paths if f"{line} ".startswith(f"{it} ")), key=len) == path for line in typed):
            yield document.title
    if path == f"{PROGRAM} policy show":
        yield "Settings"


# --- what is common -------------------------------------------------------------


def _options(name: str) -> str:
    root = next(command for _, command in commands())
    return _option_table(takes(root, name))


def _option_table(taken: Sequence[Taken]) -> str:
    rows = [(_code(it.typed), it.default, _escaped(it.meaning)) for it in taken]
    if any(default for _, default, _ in rows):
        return _table(("option", "default", "means"), rows)
    return _table(("option", "means"), [(typed, meaning) for typed, _, meaning in rows])


def _limits() -> str:
    """With the field of a policy that bounds each."""
    fields = {field.flag: _code(field.name) for field in NUMBER_FIELDS if field.flag}
    root = next(command for _, command in commands())
    rows = [
        (_code(it.typed), it.default, _escaped(it.meaning), fields.get(it.flag, "")) for it in takes(root, "limits")
    ]
    return _table(("option", "default", "means", "bounded by"), rows)


def _formats_of_commands() -> Iterator[str]:
    """Which command prints which: as its help says."""
    output = next(option for option in family("output") if option.name == "output")
    rows = []
    for path, command in commands():
        found = [it for it in takes(command, "output") if it.flag == output.opts[-1]]
        rows += [(_code(path), ", ".join(_code(name) for name in it.meaning.split(", "))) for it in found]
    yield _table(("command", "prints"), rows)


def _of_readme(title: str) -> str:
    """The first table of a chapter of the README."""
    return _lines(first_table(title)).replace("](#", "](../README.md#")


def _documents() -> Iterator[str]:
    yield "Every document begins so:\n"
    yield _fields(OPENING)
    yield "All but a plan also account for what was not read:\n"
    yield _fields(ACCOUNTS)
    for document in DOCUMENTS:
        yield f"### {document.title}\n"
        typed = " or ".join(_code(f"{PROGRAM} {words} -o json".replace("  ", " ")) for words in document.typed)
        yield f"{typed}. `kind` is `{document.kind}`.\n"
        yield _fields(document.fields)
    yield "### Settings\n"
    yield f"`{PROGRAM} policy show -o json`. A list, as it is about no cluster.\n"
    yield _fields(SETTING)


def _fields(fields: Sequence[Field]) -> str:
    rows = [(_code(it.plain), f"{it.type}, or absent" if it.may_be_absent else it.type, it.meaning) for it in fields]
    return _table(("field", "type", "means"), rows)


# --- Markdown -------------------------------------------------------------------


def _link(heading: str, text: str = "") -> str:
    return f"[{text or heading}](#{anchor(heading)})"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _coded(rows: dict[str, str]) -> list[tuple[str, str]]:
    return [(_code(name), text) for name, text in rows.items()]


def _aligned(shown: Sequence[str]) -> list[str]:
    """Examples of several help pages, their comments below each other."""
    parts = [re.split(r" +# ", line, maxsplit=1) for line in shown]
    width = max(len(typed) for typed, *_ in parts)
    return [f"{typed:{width}}  # {comment[0]}" if comment else typed for typed, *comment in parts]


def _escaped(text: str) -> str:
    return re.sub(r"(?<!`)([*|<])", r"\\\1", text)


def _fenced(lines: Iterable[str]) -> str:
    return _lines(["```", *lines, "```"])


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return _lines(
        f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (headers, ["---"] * len(headers), *rows)
    )


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
