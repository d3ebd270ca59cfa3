"""What click knows of each command, as values: how it is typed, what it takes, what it ends with.

Nothing here is told twice: options, defaults and examples are the commands' own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import click
import msgspec

from kubectl_inventory.command import cli
from kubectl_inventory.command.helptext import HELP
from kubectl_inventory.command.options import connection_options, limit_options, output_options, scope_options
from kubectl_inventory.words import PROGRAM

_DEFAULT = re.compile(r" ?\(default: ([^)]*)\)")


class Taken(msgspec.Struct, frozen=True):
    """An option, as it is told."""

    typed: str
    """`-n, --namespace NS[,NS]`"""
    meaning: str
    default: str
    flag: str
    """The long name alone."""


def commands(command: click.Command = cli.root, path: str = PROGRAM) -> Iterator[tuple[str, click.Command]]:
    """Every command of the program that people type, and what they type for it."""
    if command.hidden:
        return
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")


def is_only_a_group(command: click.Command) -> bool:
    """Whether it does nothing by itself."""
    return isinstance(command, click.Group) and not command.invoke_without_command


def synopsis(path: str, command: click.Command) -> str:
    """How a command is typed."""
    words = [parameter.metavar or "" for parameter in arguments(command)]
    if is_only_a_group(command):
        return f"{path} COMMAND"
    options = ["[OPTION]..."] if own_options(command) or takes(command, "connection") else []
    return " ".join([path, *words, *options])


def description(command: click.Command) -> list[str]:
    """What it does, a paragraph each, without its examples."""
    text = (command.help or "").partition("\b")[0].partition("Examples:")[0]
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def arguments(command: click.Command) -> list[click.Argument]:
    """What it takes beside options; one that is not given a name in its help has click's."""
    found = [it for it in command.params if isinstance(it, click.Argument)]
    for it in found:
        name = it.human_readable_name
        it.metavar = it.metavar or (name if it.required else f"[{name}]")
    return found


def examples() -> dict[str, list[str]]:
    """Every example of the help pages, once, by the command that it types."""
    paths = sorted((path for path, _ in commands()), key=len, reverse=True)
    found: dict[str, list[str]] = {path: [] for path in paths}
    pages = [HELP, *(command.help or "" for _, command in commands())]
    for line in re.findall(rf"^ +({PROGRAM}\b.*)$", "\n".join(pages), re.MULTILINE):
        typed = next(path for path in paths if f"{line} ".startswith(f"{path} "))
        if all(line.partition("#")[0].split() != it.partition("#")[0].split() for it in found[typed]):
            found[typed].append(line)
    return found


# --- options ----------------------------------------------------------------

_FAMILIES: dict[str, Callable[[Callable[[], None]], Callable[[], None]]] = {
    "place": scope_options,
    "output": output_options(()),
    "limits": limit_options,
    "connection": connection_options,
}
"""The families of `options`, and who makes each; the last has the limits in it."""


def family(name: str) -> list[click.Option]:
    """The options that a family has."""

    @click.command()
    @_FAMILIES[name]
    def nobody() -> None: ...

    inner = {option.name for option in family("limits")} if name == "connection" else set()
    return [it for it in nobody.params if isinstance(it, click.Option) and it.name not in inner]


def own_options(command: click.Command) -> list[Taken]:
    """The options that no family has, `-h` aside."""
    shared = {option.name for name in _FAMILIES for option in family(name)}
    return [_taken(it) for it in _options(command) if it.name not in shared]


def takes(command: click.Command, name: str) -> list[Taken]:
    """The options of a family that a command has."""
    names = {option.name for option in family(name)}
    return [_taken(it) for it in _options(command) if it.name in names]


def has(command: click.Command, name: str) -> bool:
    """Whether it has an option, by its parameter's name."""
    return any(option.name == name for option in _options(command))


def prints_templates(command: click.Command) -> bool:
    """Whether it takes formats that say themselves what to print."""
    return any("jsonpath=" in (option.help or "") for option in _options(command))


def _options(command: click.Command) -> list[click.Option]:
    return [it for it in command.params if isinstance(it, click.Option)]


def _taken(option: click.Option) -> Taken:
    metavar = "" if option.is_flag else option.metavar or ""
    separator = "" if metavar.startswith("[=") else " "
    text = option.help or ""
    told = _DEFAULT.search(text)
    meaning = _DEFAULT.sub("", text)
    if option.multiple and "repeatable" not in meaning:
        meaning += "; repeatable"
    if isinstance(option.envvar, str):
        meaning += f"; also ${option.envvar}"
    return Taken(
        typed=f"{', '.join(option.opts)}{separator}{metavar}".rstrip(),
        meaning=meaning,
        default=told[1] if told else "",
        flag=option.opts[-1],
    )


# --- exit codes ---------------------------------------------------------------


def endings(command: click.Command) -> dict[int, str]:
    """What it ends with, and when; how others end it is the same for all."""
    found = {0: "done", 1: "the answer cannot be written", 2: "what was typed is wrong"}
    if any(isinstance(it.type, click.Path) for it in arguments(command)):
        found[2] += ", or the file cannot be written"
    if takes(command, "connection"):
        found[1] += ", or a context that was named cannot be used"
        found[2] = "what was typed is wrong, or a policy file is, or the policy refuses it"
    if has(command, "namespaces"):
        found[0] = "the answer is complete, or `--allow-incomplete` was given"
        found[1] = "there is no answer: the cluster, the credentials or the connection"
        found[1] += "; or the server sent a warning, and `--warnings-as-errors` was given"
        found[3] = "an answer was printed, and something could not be read"
    if prints_templates(command):
        found[1] += "; or a template does not fit what was found"
    if command.name == "bench":
        found[1] += "; or the answers differ"
    if has(command, "fail_on"):
        found[4] = "`--fail-on` matched, also where something could not be read"
    return found
