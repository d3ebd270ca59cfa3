"""What `-o` says: the name of a format, and for some what to print, read before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.errors import UsageError, near, reason_of
from kubectl_inventory.output.style import TEMPLATE_FORMATS

if TYPE_CHECKING:
    from kubectl_inventory.output.custom_columns import Column
    from kubectl_inventory.output.jsonpath import Template

_NOT_HERE = {
    "go-template": "-o jsonpath=",
    "go-template-file": "-o jsonpath-file=",
    "kyaml": "-o yaml",
    "template": "-o jsonpath=",
    "templatefile": "-o jsonpath-file=",
}
"""kubectl's own that would need Go, or say nothing more; and what is here instead."""
_LARGEST_FILE = 1 << 20
_OBJECTS = ("", "items")
"""Where a template finds objects: it begins with one, or with the list of them."""
_UNREAD = ("spec", "status", "data", "stringData")
_UNREAD_METADATA = ("annotations", "deletionTimestamp", "finalizers", "generation", "managedFields", "resourceVersion")
"""What whole objects have and the JSON document has not."""


class Chosen(msgspec.Struct, frozen=True):
    """A format, and what it was told to print."""

    name: str
    template: Template | None = None
    columns: tuple[Column, ...] = ()


def refuse_unread(chosen: Chosen) -> None:
    """Raises `UsageError` for a template that asks of objects what of no object is ever read: it would find nothing.

    Whoever types it has `kubectl get` in mind, and would take that for an answer.
    """
    from kubectl_inventory.output.jsonpath import steps

    templates = [column.path for column in chosen.columns]
    for template in [*templates, chosen.template] if chosen.template is not None else templates:
        for within, name in (step for action in template.actions for step in steps(action)):
            if name in (_UNREAD_METADATA if within == "metadata" else _UNREAD if within in _OBJECTS else ()):
                raise UsageError(
                    f"no object's .{name} is read here: there are apiVersion, kind, metadata and columns",
                    hint="what the server prints is in .columns, as .columns.Node; kubectl get has the rest",
                )




def choose(typed: str, valid: Sequence[str]) -> Chosen:
    """The format of `-o`. Raises `UsageError` for one that is not among `valid`, or a template that cannot be read."""
    name, equals, template = typed.partition("=")
    if name in _NOT_HERE:
        raise UsageError(f"output format {name} is kubectl's, not this program's", hint=_instead(name, valid))
    if f"{name}=" not in TEMPLATE_FORMATS or f"{name}=" not in valid:
        if typed not in valid:
            looked_for = f"{name}=" if equals else name
            suggestion = near(looked_for.lower(), valid)
            raise UsageError(f'unknown output format "{typed}"{suggestion}', hint=", ".join(valid))
        return Chosen(typed)
    if name.startswith("custom-columns"):
        return Chosen("custom-columns", columns=_columns(name, template))
    from kubectl_inventory.output.jsonpath_text import parse

    if not template:
        raise UsageError(
            f"output format {name} has no template", hint=f"-o {name}={_EXAMPLES[name]}"
        )
    text = _content(template) if name == "jsonpath-file" else template
    return Chosen(name.removesuffix("-file"), template=parse(text))


_EXAMPLES = {
    "custom-columns": "NAME:.metadata.name,KIND:.kind",
    "custom-columns-file": "FILE",
    "jsonpath": "'{.items[*].metadata.name}'",
    "jsonpath-as-json": "'{.items[*].metadata.name}'",
    "jsonpath-file": "FILE",
}


def _columns(name: str, template: str) -> tuple[Column, ...]:
    from kubectl_inventory.output.custom_columns import columns_of, columns_of_file

    if not template:
        raise UsageError(f"output format {name} has no columns", hint=f"-o {name}={_EXAMPLES[name]}")
    return columns_of_file(_content(template), template) if name.endswith("-file") else columns_of(template)


def _instead(name: str, valid: Sequence[str]) -> str:
    instead = _NOT_HERE[name]
    is_here = instead.removeprefix("-o ") in valid
    return f"{instead}, or -o json and jq" if is_here else ", ".join(valid)


def _content(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as stream:
            text = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {reason_of(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"cannot read {path}: it is not text") from error
    if len(text) > _LARGEST_FILE:
        raise UsageError(f"{path} is larger than 1 MiB: no template")
    return text
