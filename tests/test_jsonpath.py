"""kubectl's JSONPath: what the real kubectl prints and refuses, expression by expression, on the same objects."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest

from kubectl_inventory.errors import InventoryError, TemplateError, UsageError
from kubectl_inventory.output.documents import templated
from kubectl_inventory.output.go_text import json_of, value_text
from kubectl_inventory.output.jsonpath_text import parse, parse_path
from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane

PRINTED = (
    "{.items[*].metadata.name}",
    "{.items[0].metadata.name}",
    "{.items[].metadata.name}",
    "{.items[-1].metadata.name}",
    "{.items[-2:].metadata.name}",
    "{.items[1:3].metadata.name}",
    "{.items[:2].metadata.name}",
    "{.items[1:6:2].metadata.name}",
    "{.items[0:0].kind}",
    "{.items[0,2].metadata.name}",
    "{.items[0:1, 3].kind}",
    "{.items[*]['metadata.name', 'kind']}",
    "{.items.*.kind}",
    "{$.kind}{.items[0]['kind']}",
    "{ .items [*] .kind }",
    "names: {.items[*].metadata.name} end}",
    "no braces",
    '{range .items[*]}{.kind}/{.metadata.name}{"\\n"}{end}',
    "{range .items[*]}[{.metadata.name}, {.kind}] {end}done",
    "{range .items[*]}{.metadata.name}:{range .status.conditions[*]}{.type}={.status},{end};{end}",
    "{range .items[*]}{range .status.conditions[*]}{.type}{end} {.kind}",
    "{range .items[*]}{.metadata.name} ",
    "{range .nothing[*]}{.x}{end}after",
    "{.items[*].kind range}{@}{end}",
    '{.items[?(@.kind=="Service")].metadata.name}',
    "{.items[?(@.kind=='Service')].metadata.name}",
    '{.items[?( @.kind != "Service" )].metadata.name}',
    "{.items[?(@.spec.replicas)].metadata.name}",
    "{.items[?(@.spec.replicas>2)].metadata.name}",
    "{.items[?(@.spec.replicas<=2)].metadata.name}",
    "{.items[?(@.spec.replicas >= 3)].spec.replicas}",
    '{.items[?(@.metadata.name<"m")].metadata.name}',
    '{.items[?("Service"==@.kind)].metadata.name}',
    "{.items[?(@.kind==@.kind)].kind}",
    "{.items[?(@.status.containerStatuses[0].ready==true)].metadata.name}",
    "{.items[?(@.status.conditions[99])].metadata.name}",
    '{.items[?(@.metadata.name=="a)b")].kind}',
    '{.items[*].status.conditions[?(@.type=="Ready")].status}',
    "{..containers..image}",
    "{.items[*]..containers[*].image}",
    "{.items[0].metadata..name}",
    "{.items[?(@..image)].metadata.name}",
    "{.items[*].metadata.labels.kubernetes\\.io/metadata\\.name}",
    "{.items[*].metadata.annotations['deployment\\.kubernetes\\.io/revision']}",
    "{.items[*].metadata.annotations['deployment.kubernetes.io/revision']}",
    "{.items[0].metadata.labels}",
    "{.items[*].spec.replicas}",
    "{.items[*].metadata.nothing}|",
    "{.items[0].metadata.name.*}",
    "{.}",
    "{@}",
    "{1}{2.50}{true}{-3}",
    '{"a\\tb\\"c"}{\'it\\\'s\'}{"\\u00e9\\x41\\101"}{"<&>"}',
)  # fmt: skip

REFUSED = (
    "{.items[*",
    "{.items[*].kind",
    "{.items[a].kind}",
    '{.items[0]["kind"]}',
    "{.items[ 0 ].kind}",
    "{.items[0]{.kind}}",
    "{....name}",
    "{..*}",
    "{!x}",
    "{1.2.3}",
    '{"never closed}',
    '{"\\q"}',
    '{.items[?(@.kind=="Service"&&@.metadata.name=="x")].kind}',
    "{.items[?(@.kind].kind}",
    "{.items[100].kind}",
    "{.items[3:1].kind}",
    "{.items[::-1].kind}",
    "{.items[*].kind[0]}",
    "{.items[0][?(@.x)]}",
    '{.items[?(@.spec.replicas=="2")].kind}',
    "{.items[?(@.spec.replicas==2.0)].kind}",
    '{.items[?(@.metadata=="x")].kind}',
    "{.items[?(@.status.containerStatuses[0].ready>false)].kind}",
    "{.items[?(@.metadata.*==1)].kind}",
    '{.items[?(@.kind="Service")].kind}',
    "{foo}",
    "{end}",
)


@pytest.fixture(scope="module")
def typist(demo: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The administrator, with kubectl's discovery cache for this file."""
    return Typist(tmp_path_factory.mktemp("home"), demo.kubeconfigs["admin"])


KINDS = "deploy,svc,pods,databases.acme.example,clusterpolicies.acme.example"
"""Objects that mostly stand still."""


def document(typist: Typist) -> object:
    """What kubectl's templates see."""
    text = typist.kubectl("get", KINDS, "-n", "shop", "-o", "json", "--show-managed-fields").out
    decoded: object = msgspec.json.decode(text)
    return decoded


@pytest.fixture(scope="module")
def seen(typist: Typist) -> object:
    """The same, looked at once."""
    return document(typist)


def theirs(typist: Typist, form: str, template: str) -> Screen:
    return typist.kubectl("get", KINDS, "-n", "shop", "-o", f"{form}={template}")


@pytest.mark.parametrize(
    ("form", "template"),
    [*(("jsonpath", template) for template in PRINTED), *(("jsonpath-as-json", template) for template in PRINTED[::4])],
)
def test_a_template_prints_what_kubectl_prints(typist: Typist, seen: object, form: str, template: str) -> None:
    spelled = "\\x07" if form == "jsonpath" else "\\u0007"
    for _ in range(5):  # until nothing changed between the two
        screen = theirs(typist, form, template)
        ours = templated(parse(template), seen, as_json=form != "jsonpath")
        # The one intended difference: control characters of the cluster's are spelled.
        if ours == screen.out.replace("\x07", spelled):
            break
        seen = document(typist)
    assert (screen.code, ours) == (0, screen.out.replace("\x07", spelled))


@pytest.mark.parametrize("template", REFUSED)
def test_a_template_that_kubectl_refuses_is_refused(typist: Typist, seen: object, template: str) -> None:
    assert theirs(typist, "jsonpath", template).code == 1
    with pytest.raises(InventoryError):
        templated(parse(template), seen, as_json=False)


# --- what needs no cluster ------------------------------------------------------------------

DOCUMENT = {
    "b": {"z": 1, "a": [1.5, None, True]},
    "a": [{"n": "one", "list": []}, {"n": "two", "list": ["x"]}],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{.b.*}", "[1.5,null,true] 1"),  # in the order of the keys: Go's own changes from run to run
        ("{.b.a[*]}", "1.5 null true"),
        ("{.a[*].list[*]}|", "|"),  # an empty list ends what comes after it, as kubectl has it
        ("{.a[?(@.list)].n}", "one two"),
        ("{range .b.a[*]}<{@}>{end}", "<1.5><<no value>><true>"),
        ("{..n}", "one two"),
        ("", ""),
    ],
)
def test_a_template_prints(template: str, text: str) -> None:
    assert templated(parse(template), DOCUMENT, as_json=False) == text


def test_a_null_that_a_range_has_found_is_null_in_json() -> None:
    # kubectl itself crashes here.
    text = templated(parse("{range .b.a[*]}{@}{end}"), DOCUMENT, as_json=True)
    assert text == "[\n    1.5\n]\n[\n    null\n]\n[\n    true\n]\n"


def test_what_the_template_says_is_printed_as_typed_and_what_the_cluster_says_is_spelled() -> None:
    document = {"name": "a\x1b[31m\nb", "held": {"x": "\x9b"}}
    text = templated(parse('{.name}{"\\n\\x1b"}{.held}\t'), document, as_json=False)
    assert text == 'a^[[31m\\x0ab\n\x1b{"x":"\\u009b"}\t'


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{.a[9].n}", "the template does not fit: there is no [9] in a list of 2"),
        ("{.a[?(@.n>1)]}", "the template does not fit: text and integer cannot be compared"),
        ("{.b[0]}", "the template does not fit: a map is no list, and [ ] asks for what is at a place"),
        ("{name}", "the template does not fit: name is no word of it, as range and end are (a path begins with a dot)"),
    ],
)
def test_a_template_that_does_not_fit_says_where(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=f"^{re.escape(message)}$"):
        parse(template).find(DOCUMENT)


@pytest.mark.parametrize(
    ("template", "message", "hint"),
    [
        ("{.a", "jsonpath {.a: a brace { without its }", None),
        ("{.a[?(@.n=~'o')]}", "jsonpath {.a[?(@.n=~'o')]}: '~' has no meaning there", None),
        (
            '{.a["n"]}', 'jsonpath {.a["n"]}: ["n"] is no index',
            "quote a key as ['key'], a dot in it as \\.",
        ),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_read_says_why(template: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as refused:
        parse(template)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_no_template_is_deep_or_wide_without_end() -> None:
    with pytest.raises(UsageError, match="more than 10 ranges in each other"):
        parse("{range @}" * 11)
    text = templated(parse("{range .a[*]}" + "{range @}" * 9 + "{.n}"), DOCUMENT, as_json=False)
    assert len(text) < 1 << 14


@pytest.mark.parametrize("path", ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"])
def test_a_path_is_read_with_or_without_braces_and_dot(path: str) -> None:
    assert parse_path(path) == parse("{.metadata.name}")


def test_a_path_is_one_path() -> None:
    with pytest.raises(UsageError, match="is no path"):
        parse_path("{.a}{.b}")


@pytest.mark.parametrize(
    ("value", "text", "json"),
    [
        (1, "1", "1"),
        (1.0, "1", "1"),
        (1e6, "1e+06", "1000000"),
        (1e21, "1e+21", "1e+21"),
        (0.25, "0.25", "0.25"),
        (1e-7, "1e-07", "1e-7"),
        (True, "true", "true"),
        (None, "<nil>", "null"),
        ("a<b>&\u2028", "a<b>&\u2028", '"a\\u003cb\\u003e\\u0026\\u2028"'),
        ([], "[]", "[]"),
        ({}, "map[]", "{}"),
        ({"b": ["x", 1], "a": {"c": None}}, "map[a:map[c:<nil>] b:[x 1]]", '{"a":{"c":null},"b":["x",1]}'),
    ],
)
def test_values_are_written_as_go_writes_them(value: object, text: str, json: str) -> None:
    assert (value_text(value), json_of(value)) == (text, json)


@pytest.mark.parametrize("write", [value_text, json_of])
def test_what_is_no_value_of_json_is_never_written(write: Callable[[object], str]) -> None:
    with pytest.raises(TypeError, match=r"^object is none of JSON's values$"):
        write([object()])


def test_json_is_indented_as_go_does() -> None:
    assert json_of({"a": [1, {}], "b": []}, indent=4) == '{\n    "a": [\n        1,\n        {}\n    ],\n    "b": []\n}'
