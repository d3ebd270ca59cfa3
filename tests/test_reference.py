"""The reference says what the program does, all of it, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import click
import msgspec
import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.boundary.policy_file import NUMBER_FIELDS
from kubectl_inventory.command.options import Duration
from kubectl_inventory.connection.proxy import proxy_url
from kubectl_inventory.output.style import FORMATS
from kubectl_inventory.words import window
from tests.conftest import Typist
from tests.reference.commands import arguments, commands, endings, examples, is_only_a_group, prints_templates
from tests.reference.documents import ACCOUNTS, DOCUMENTS, OPENING, SETTING, Document, Field
from tests.reference.page import REFERENCE, anchor, page
from tests.reference.readme import ROOT, section, table
from tests.reference.texts import ARGUMENTS, ENVIRONMENT, FILES, SEE_ALSO

PAGE = REFERENCE.read_text(encoding="utf-8")
PACKAGE = ROOT / "kubectl_inventory"
MAPS = ("columns", "labels", "policy")
"""Fields whose own fields are the cluster's, or the policy's."""

COMMANDS = dict(commands())


def chapter(heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    found = re.search(rf"^(##+) {re.escape(heading)}\n(.*?)(?=^##(?!#) |^\1 |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[2]


def option_rows(text: str) -> dict[str, list[str]]:
    """The rows of a chapter's options by their long names."""
    return {names[-1]: cells for typed, cells in table(text).items() if (names := re.findall(r"--[a-z][a-z-]*", typed))}


def options_of(command: click.Command) -> list[click.Option]:
    return [it for it in command.params if isinstance(it, click.Option)]


def test_it_is_what_make_reference_writes() -> None:
    assert page() == PAGE, "make reference"


def test_every_command_has_a_page_and_every_page_a_command() -> None:
    assert re.findall(r"^### (kubectl inventory.*)$", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS)
def test_a_page_has_the_options_and_arguments_of_its_command_and_no_others(path: str) -> None:
    command, text = COMMANDS[path], chapter(path)
    in_tables = {name for typed in table(text) for name in re.findall(r"--[a-z][a-z-]*", typed) if typed[0] == "-"}
    in_lists = set(re.findall(r"`(--[a-z-]+)`(?=,|$)", text, re.MULTILINE))

    assert in_tables | in_lists == {
        name for option in options_of(command) for name in option.opts if name.startswith("--")
    }
    assert {it.metavar for it in arguments(command)} == {name for name in table(text) if name in ARGUMENTS}


def test_every_option_is_told_with_its_short_name_and_what_it_takes() -> None:
    missing = [
        (path, option.opts)
        for path, command in COMMANDS.items()
        for option in options_of(command)
        if f"`{', '.join(option.opts)}{_metavar(option)}`" not in PAGE
    ]

    assert missing == []


def _metavar(option: click.Option) -> str:
    metavar = "" if option.is_flag else option.metavar or ""
    return metavar if metavar.startswith("[=") or not metavar else f" {metavar}"


@pytest.mark.parametrize("path", COMMANDS)
def test_every_default_is_told(path: str) -> None:
    text = chapter(path) + chapter("Limits") + chapter("Connection")
    told = {flag: cells[0] for flag, cells in option_rows(text).items()}
    defaults = {
        option.opts[-1]: window(option.default) if isinstance(option.default, float) else str(option.default)
        for option in options_of(COMMANDS[path])
        if type(option.default) in (str, int, float) and option.default != ""  # not a flag, not click's own "none"
    }

    assert {flag: told[flag] for flag in defaults} == defaults


def test_limits_are_told_with_the_default_and_the_range_that_the_policy_has() -> None:
    values = {setting.name: setting.value for setting in Policy().settings()}
    rows = option_rows(chapter("Limits"))

    assert {field.flag for field in NUMBER_FIELDS if field.flag} == {flag for flag, cells in rows.items() if cells[2]}
    for field in (field for field in NUMBER_FIELDS if field.flag):
        default, meaning, bound = rows[field.flag]
        low, high = re.findall(r"(\S+) to (\S+)$", meaning)[0]
        told = [_number(default), _number(low), _number(high)]
        assert (bound, told) == (f"`{field.name}`", [float(values[field.name]), field.lowest, field.highest])


def _number(text: str) -> float:
    return Duration().convert(text, None, None)


def test_every_example_is_there_once_and_no_other() -> None:
    found = examples()
    typed = [line.partition("#")[0].split() for path in COMMANDS for line in found[path]]
    shown = [
        line.partition("#")[0].split()
        for path in COMMANDS
        for block in re.findall(r"Examples:\n\n```\n(.*?)```", chapter(path), re.DOTALL)
        for line in block.splitlines()
    ]

    assert shown == typed
    assert len(typed) == len({" ".join(words) for words in typed}) >= 20


def test_exit_codes_of_commands_are_those_of_the_readme() -> None:
    told = {code for command in COMMANDS.values() if not is_only_a_group(command) for code in endings(command)}
    documented = {int(code) for code in table(section("Exit codes")) if code.isdigit()}

    assert told == {code for code in documented if code < 100}
    assert {int(code) for code in table(chapter("Exit codes")) if code.isdigit()} == documented


def test_a_template_that_does_not_fit_is_told_where_it_ends_a_command() -> None:
    told = {path for path, command in COMMANDS.items() if "a template does not fit" in chapter(path)}

    assert told == {path for path, command in COMMANDS.items() if prints_templates(command)}
    assert "kubectl inventory get" in told
    assert "kubectl inventory bench" not in told


def test_every_format_is_told_and_which_command_prints_it() -> None:
    text = chapter("Output formats")
    listed = {name for cells in table(text).values() for name in re.findall(r"`([^`]+)`", " ".join(cells))}

    assert set(FORMATS) - listed == set()
    assert {path for path, command in COMMANDS.items() if any(it.name == "output" for it in options_of(command))} == {
        name for name in table(text) if name in COMMANDS
    }


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    there = [anchor(heading) for heading in headings]

    assert len(there) == len(set(there))
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) - set(there) == set()
    assert set(SEE_ALSO) - set(COMMANDS) == set()
    assert [file for file in re.findall(r"\]\((\.\.[^#)]*)", PAGE) if not (REFERENCE.parent / file).exists()] == []


# --- environment and files ------------------------------------------------------


def constants() -> Iterator[tuple[ast.AST, str]]:
    """Every text in the program's code, with what stands around it."""
    for path in sorted(PACKAGE.glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.Constant) and isinstance(child.value, str):
                    yield node, child.value


def read_variables() -> set[str]:
    """The environment's variables that the code names where it reads them."""
    return {
        text
        for node, text in constants()
        if re.fullmatch(r"[A-Z]+|[A-Za-z]+_[A-Za-z_]+", text)
        and isinstance(node, ast.Call | ast.Subscript | ast.Compare | ast.keyword)
        and ("environ" in ast.unparse(node) or (isinstance(node, ast.keyword) and node.arg == "envvar"))
    }


def test_every_variable_that_is_read_is_told() -> None:
    lower = {name.lower() for name in ENVIRONMENT if f"`{name.lower()}` too" in ENVIRONMENT[name]}
    elsewhere = {
        "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy",  # by the server's scheme: the next test
        "SSL_CERT_FILE", "SSL_CERT_DIR",  # OpenSSL's own
        "KUBERNETES_EXEC_INFO",  # set, not read
    }  # fmt: skip

    assert {"KUBECONFIG", "NO_COLOR", "KUBECACHEDIR"} <= read_variables()
    assert read_variables() | elsewhere == {*ENVIRONMENT, *lower}


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"])
def test_proxies_are_read_from_the_variables_that_are_told(name: str) -> None:
    server = f"{name.partition('_')[0].lower()}://api.example"

    assert proxy_url(server, "", {name: "proxy.example:3128"}) == "http://proxy.example:3128"


def test_every_file_of_the_program_is_told() -> None:
    """The files that the code names by themselves: those of a system's certificates are OpenSSL's matter."""
    named = {text for _, text in constants() if re.match(r"/(etc/kubectl|var)", text)}
    at_home = {".kube/config", ".kube/inventory-policy.yaml", ".kube/cache/inventory/discovery-"}
    told = " ".join(FILES)

    assert [name for name in {*named, *at_home} if name not in told] == []
    assert {".kube", "config", "inventory-policy.yaml", "cache", "inventory"} <= {text for _, text in constants()}
    # What the cache writes lies beside itself; a key has to be in a file where there are none without a name.
    makers = {path.stem for path in PACKAGE.glob("**/*.py") if "mkstemp" in path.read_text(encoding="utf-8")}
    assert makers == {"cache", "transport"}
    assert "private key" in FILES["$TMPDIR/tmp*"]


# --- JSON documents -------------------------------------------------------------


def leaves(value: object, at: str = "") -> Iterator[str]:
    """The paths of a document's fields that hold no others; a list's entries are `[]`."""
    if isinstance(value, dict) and value and at.rpartition(".")[2] not in MAPS:
        for name, inner in value.items():
            shown = "label:KEY" if name.startswith("label:") else name
            yield from leaves(inner, f"{at}.{shown}" if at else shown)
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        yield at
        for entry in value:
            yield from leaves(entry, f"{at}[]")
    elif at:
        yield at


def printed(typist: Typist, typed: str) -> set[str]:
    screen = typist.inventory(*typed.split(), "-o", "json")
    assert screen.code in (0, 3), screen.err
    return set(leaves(msgspec.json.decode(screen.out))) - {""}


def fields_of(document: Document) -> list[Field]:
    return [*OPENING, *(ACCOUNTS if document.is_common else ()), *document.fields]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.title)
def test_a_document_has_the_fields_that_are_told(admin: Typist, document: Document) -> None:
    fields = fields_of(document)
    there = {path for typed in document.typed for path in printed(admin, typed)}
    of_others = ("unread[]", "withheld[]")  # the next test's
    needed = {it.plain for it in fields if not it.may_be_absent and not it.plain.startswith(of_others)}

    assert there - {it.plain for it in fields} == set()
    assert needed - there == set()


def test_a_document_accounts_for_what_it_has_not_with_the_fields_that_are_told(viewer: Typist) -> None:
    policy = viewer.home / "policy.yaml"
    denied = "namespaces: {deny: [labs]}\nresources: {deny: [leases]}\n"
    policy.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{denied}", encoding="utf-8")
    there = printed(viewer, f"--policy {policy}")

    assert {path for path in there if path.startswith(("unread", "withheld"))} == {
        it.plain for it in ACCOUNTS if it.plain not in ("complete", "unread[].namespace")
    }


def test_settings_have_the_fields_that_are_told(admin: Typist) -> None:
    assert printed(admin, "policy show") == {it.plain for it in SETTING}


def test_no_field_is_told_that_the_program_has_no_name_for() -> None:
    """Of those that a healthy cluster does not show."""
    names = {text for _, text in constants()} | {"creationTimestamp", "ownerReferences", "label:KEY"}
    fields = {part for document in DOCUMENTS for it in fields_of(document) for part in re.split(r"[.\[\]]+", it.plain)}

    assert fields - names - {"", "apiVersion", "uid"} == set()
