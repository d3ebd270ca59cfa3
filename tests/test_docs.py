"""What the documents say is what the program does: every option, command, exit code, field, format and example."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from kubectl_inventory.boundary.policy import Policy, check_policy
from kubectl_inventory.boundary.policy_file import IGNORE_FIELDS, NUMBER_FIELDS, WORD_FIELDS, PolicyFile
from kubectl_inventory.boundary.policy_text import parse_policy
from kubectl_inventory.command import cli, perform, program
from kubectl_inventory.command.elsewhere import INSTEAD
from kubectl_inventory.command.helptext import HELP
from kubectl_inventory.command.perform import EXIT_GATE, EXIT_INCOMPLETE
from kubectl_inventory.errors import InventoryError
from kubectl_inventory.health import HEALTHS
from kubectl_inventory.output.style import FORMATS
from kubectl_inventory.version import VERSION
from kubectl_inventory.words import PROGRAM
from tests.bench.reporting import BEGIN, END
from tests.conftest import Typist
from tests.controlplane.screens import SCREENS
from tests.reference.commands import commands, is_only_a_group
from tests.reference.readme import README, ROOT, section, table

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


def options() -> set[str]:
    """Every option of every command, as it can be typed."""
    found = {"-h", "--help"}
    for _, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                found.update(parameter.opts + parameter.secondary_opts)
    return found


def help_pages() -> str:
    """All that `--help` prints, one page after another."""
    pages = [HELP]
    whole = click.Context(cli.root, info_name=PROGRAM)
    for path, command in commands():
        rest = path.removeprefix(PROGRAM).strip()
        with click.Context(command, info_name=rest, parent=whole if rest else None) as context:
            pages.append(command.get_help(context))
    return "\n".join(pages)


def examples(text: str, prefix: str) -> list[str]:
    """The commands that a text shows, without their comments and what they are piped to."""
    found = re.findall(rf"^{prefix}(kubectl inventory\b[^#|\n]*)", text, re.MULTILINE)
    return list(dict.fromkeys(line.strip() for line in found))


def test_the_readme_names_every_command() -> None:
    typed = " ".join(table(section("Commands")))

    assert [path for path, command in commands() if not is_only_a_group(command) and path not in typed] == []


def test_the_help_page_names_every_command() -> None:
    listed = HELP.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [name for line in listed.splitlines() for name in line.strip().partition("  ")[0].split(", ")]
    there = [name for name, command in cli.root.commands.items() if not command.hidden]

    assert sorted(names) == sorted(["(none)", *there])


def test_the_readme_names_every_option() -> None:
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", section("Commands")))

    assert options() - named == set()


def test_every_link_within_the_readme_leads_somewhere() -> None:
    headings = re.findall(r"^##+ (.+)$", README, re.MULTILINE)
    there = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", README)) - there == set()


def test_every_option_that_is_named_exists() -> None:
    # Between its marks the benchmark also names what other programs were given.
    before, _, after = README.partition(BEGIN)
    # What health says to type next is kubectl's, and krew has flags of its own.
    ours = re.sub(r"(?m)^(?:  next: |.*kubectl krew ).*", "", before + after.partition(END)[2])
    named = set(OPTION.findall(ours)) | set(OPTION.findall(help_pages()))

    assert named - options() - set(INSTEAD) == set()


def test_exit_codes() -> None:
    documented = {int(code) for code in table(section("Exit codes")) if code.isdigit()}
    in_help = {int(code) for code in re.findall(r"(?:^Exit:|,) (\d+) ", HELP, re.MULTILINE)}
    named = {**vars(cli), **vars(perform), **vars(program)}
    of_the_end = {value for name, value in named.items() if name.startswith("EXIT_")}

    assert documented == {0, *of_the_end, *_exit_codes(InventoryError)}
    assert {0, 1, 2, 3, EXIT_GATE} <= in_help <= documented


def _exit_codes(error: type[InventoryError]) -> set[int]:
    return {error.exit_code}.union(*(_exit_codes(child) for child in error.__subclasses__()))


def test_formats() -> None:
    named = [name.strip() for cell in table(section("Output")) for name in cell.split(",")]

    assert sorted(set(named) & set(FORMATS)) == sorted(FORMATS)
    assert set(named) - set(FORMATS) <= {"-o", "---"}


def test_the_policy_reference_has_every_field_with_range_and_default() -> None:
    rows = table(section("Policy"))
    defaults = {setting.name: setting.value for setting in Policy().settings()}
    numbers = {field.name: [field.range_text, defaults[field.name]] for field in NUMBER_FIELDS}
    lists = [f"{part}.{rule}" for part in ("contexts", "namespaces", "resources") for rule in ("allow", "deny")]
    words = {"health.words", *(f"health.words[].{field}" for field in WORD_FIELDS)}
    ignore = {"health.ignore", *(f"health.ignore[].{field}" for field in IGNORE_FIELDS)}
    others = {"apiVersion", "kind", "profiles"}

    assert {name: rows[name][1:3] for name in numbers} == numbers
    assert {name.strip() for name in rows} - {"field", "---"} == {*numbers, *lists, *words, *ignore, *others}
    assert sorted(re.findall("`([^`]+)`", rows["health.words[].means"][-1])) == sorted(HEALTHS)
    assert [field.name for field in NUMBER_FIELDS if field.flag not in rows[field.name][3]] == []


def test_the_policies_of_the_readme_have_no_mistake() -> None:
    files = [PolicyFile("README.md", shown) for shown in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)]

    assert [check_policy(file, None, None) for file in files] == [[], []]
    assert [bool(parse_policy(file).profiles) for file in files] == [True, False]


def test_the_version_is_one() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")

    assert setup["metadata"]["version"] == VERSION
    assert f"version: v{VERSION}\n" in (ROOT / "plugin.yaml").read_text(encoding="utf-8")


def test_the_two_commands_stand_there_word_for_word() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)

    assert "```\nmake demo\nmake test\n```" in README
    assert {"demo", "test"} <= set(targets)
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= set(targets)
    assert re.search(r"^make test\b", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_map_of_the_house_has_every_room_in_its_wing() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \| (`.+?`) \|", section("How it works"), re.MULTILINE)
    drawn = {Path(wing, room) for wing, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}
    package = ROOT / "kubectl_inventory"

    assert drawn == {path.relative_to(package).with_suffix("") for path in package.glob("**/[a-z]*.py")}


def test_nothing_is_left_to_do() -> None:
    assert re.findall(r"TODO|FIXME|XXX|BENCHMARKS|_SCREEN", README) == []


@pytest.mark.parametrize("command", examples(help_pages(), r"\s+"))
def test_examples_of_the_help_pages_run(admin: Typist, command: str) -> None:
    _runs(admin, command)


@pytest.mark.parametrize("command", examples(README, r"\$ "))
def test_screens_of_the_readme_run(admin: Typist, command: str) -> None:
    _runs(admin, command)


@pytest.mark.parametrize("command", SCREENS)
def test_screens_of_the_demo_run(admin: Typist, command: str) -> None:
    _runs(admin, command)


def _runs(typist: Typist, command: str) -> None:
    typist.inventory("policy", "init", str(typist.home / "ci-policy.yaml"))
    screen = typist.type("sh", "-c", f'cd "$HOME" && {command}')

    expected = (EXIT_GATE,) if "--fail-on" in command else (0, EXIT_INCOMPLETE)
    assert screen.code in expected, screen.err
    assert "error:" not in screen.err
