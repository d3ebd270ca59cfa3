"""kubectl's formats and flags of output: the same bytes as kubectl prints of the same objects, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kubectl_inventory.errors import UsageError
from kubectl_inventory.output import custom_columns, formats
from kubectl_inventory.output.style import FORMATS, GRID_FORMATS
from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane
from tests.oracle import pair


@pytest.fixture(scope="module")
def typist(demo: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The administrator, with kubectl's discovery cache for this file."""
    return Typist(tmp_path_factory.mktemp("home"), demo.kubeconfigs["admin"])


METADATA = "NS:.metadata.namespace,NAME:.metadata.name,V:.apiVersion,OF:.kind"


@pytest.mark.parametrize(
    "columns",
    [
        METADATA,
        "NAME:metadata.name,LABELS:{.metadata.labels}",
        "TEAM:.metadata.labels.team,NONE:.metadata.nothing,EMPTY:",
        "OWNERS:.metadata.ownerReferences[*].name,UID:.metadata.uid,CREATED:{metadata.creationTimestamp}",
    ],
)
@pytest.mark.parametrize("flags", [(), ("--no-headers",)])
def test_custom_columns_are_kubectls_to_the_byte(typist: Typist, columns: str, flags: tuple[str, ...]) -> None:
    screen, expected = pair(
        lambda: typist.inventory("get", "deploy,rs,cm,events", "-n", "shop", "-q", "-o", f"custom-columns={columns}",
                                 *flags),
        lambda: typist.kubectl("get", "deploy,rs,cm,events", "-n", "shop", "-o", f"custom-columns={columns}",
                               *flags).out,
    )  # fmt: skip
    assert screen == Screen(0, expected, "")
    assert len(screen.lines) > 20


def test_custom_columns_of_a_file_are_kubectls(typist: Typist, tmp_path: Path) -> None:
    file = tmp_path / "columns.txt"
    file.write_text("NAME   KIND\n{metadata.name}  .kind\nignored\n")
    screen, expected = pair(
        lambda: typist.inventory("get", "deploy,cm", "-n", "shop", "-q", "-o", f"custom-columns-file={file}"),
        lambda: typist.kubectl("get", "deploy,cm", "-n", "shop", "-o", f"custom-columns-file={file}").out,
    )
    assert screen == Screen(0, expected, "")


def test_custom_columns_of_nothing_are_their_headers(typist: Typist) -> None:
    flags = ("get", "rc", "-n", "labs", "-o", "custom-columns=NAME:.metadata.name,KIND:.kind")
    screen = typist.inventory(*flags, "-q")
    assert screen.out == typist.kubectl(*flags).out == "NAME   KIND\n"


@pytest.mark.parametrize(
    "template",
    [
        "{.items[*].metadata.name}",
        '{range .items[*]}{.kind}/{.metadata.name} {.metadata.labels}{"\\n"}{end}',
        '{.items[?(@.metadata.labels.team=="storefront")].metadata.uid}',
        "{.items[*].metadata.ownerReferences[*].name}",
        "{.items[-1].metadata.creationTimestamp}",
    ],
)
@pytest.mark.parametrize("form", ["jsonpath", "jsonpath-as-json"])
def test_a_template_of_metadata_prints_what_kubectl_prints(typist: Typist, template: str, form: str) -> None:
    screen, expected = pair(
        lambda: typist.inventory("get", "deploy,rs,cm", "-n", "shop", "-q", "-o", f"{form}={template}"),
        lambda: typist.kubectl("get", "deploy,rs,cm", "-n", "shop", "-o", f"{form}={template}").out,
    )
    assert screen == Screen(0, expected, "")


def test_a_template_may_be_in_a_file(typist: Typist, tmp_path: Path) -> None:
    file = tmp_path / "template"
    file.write_text('{range .items[*]}{.metadata.name}{"\\n"}{end}')
    flags = ("get", "cm", "-n", "shop", "-o", f"jsonpath-file={file}")
    assert typist.inventory(*flags, "-q") == typist.kubectl(*flags)


@pytest.mark.parametrize(
    ("flags", "out"),
    [
        (("-n", "labs,auth", "-o", "jsonpath={.kind} {.complete} {.context}"), "Inventory true demo"),
        (("-n", "auth", "--by", "namespace", "-o", "custom-columns=OF:.namespace,X:.x"), "OF     X\nauth   <none>\n"),
        (("health", "labs", "--broken", "-o", "jsonpath={.kind} {.items[*].namespace}"), "Health labs"),
        (("health", "labs", "-o", "custom-columns=NS:.namespace,IS:.health"), "NS     IS\nlabs   scaled-down\n"),
        (("get", "cm", "-n", "auth", "--plan", "-o", "jsonpath-as-json={.kind}"), '[\n    "Plan"\n]\n'),
        (("get", "cm", "-n", "auth", "--plan", "-o", "custom-columns=OF:.resource", "--no-headers"), "configmaps\n"),
    ],
)
def test_every_document_can_be_asked_by_a_template(typist: Typist, flags: tuple[str, ...], out: str) -> None:
    # The group that has no server would leave every answer incomplete.
    assert typist.inventory(*flags, "-q", "--exclude", "*.stock.acme.example") == Screen(0, out, "")


def test_kinds_have_columns_of_ones_own(typist: Typist) -> None:
    screen = typist.inventory("kinds", "-q", "-o", "custom-columns=:.resource,:.status", "--no-headers")
    assert re.search(r"^configmaps +Read$", screen.out, re.MULTILINE)
    assert len(screen.lines) > 60


@pytest.mark.parametrize(
    ("flags", "code", "err"),
    [
        (
            ("get", "-o", "go-template={{.items}}"), 2,
            "error: output format go-template is kubectl's, not this program's\n"
            "hint: -o jsonpath=, or -o json and jq\n",
        ),
        (
            ("get", "-o", "kyaml"), 2,
            "error: output format kyaml is kubectl's, not this program's\nhint: -o yaml, or -o json and jq\n",
        ),
        (
            ("get", "-o", "jsonpath"), 2,
            "error: output format jsonpath has no template\nhint: -o jsonpath='{.items[*].metadata.name}'\n",
        ),
        (
            ("get", "-o", "custom-columns="), 2,
            "error: output format custom-columns has no columns\n"
            "hint: -o custom-columns=NAME:.metadata.name,KIND:.kind\n",
        ),
        (
            ("get", "-o", "custom-columns=NAME"), 2,
            'error: "NAME" is no column, HEADER:PATH is\n'
            "hint: -o custom-columns=NAME:.metadata.name,TEAM:.metadata.labels.team\n",
        ),
        (
            ("get", "pods", "-o", "custom-columns=NAME:.metadata.name,NODE:.spec.nodeName"), 2,
            "error: no object's .spec is read here: there are apiVersion, kind, metadata and columns\n"
            "hint: what the server prints is in .columns, as .columns.Node; kubectl get has the rest\n",
        ),
        (
            ("get", "pods", "-o", "jsonpath={range .items[*]}{.status.phase}{end}"), 2,
            "error: no object's .status is read here: there are apiVersion, kind, metadata and columns\n"
            "hint: what the server prints is in .columns, as .columns.Node; kubectl get has the rest\n",
        ),
        (
            ("get", "-o", "jsonpath={.items[?(@.metadata.annotations.x)].kind}"), 2,
            "error: no object's .annotations is read here: there are apiVersion, kind, metadata and columns\n"
            "hint: what the server prints is in .columns, as .columns.Node; kubectl get has the rest\n",
        ),
        (("get", "-o", "jsonpath={.items"), 2, "error: jsonpath {.items: a brace { without its }\n"),
        (("get", "--sort-by", "{.items"), 2,
         'error: "{.items" is no path\nhint: one of name1.name2, .name1.name2, {name1.name2}, {.name1.name2}\n'),
        (("get", "-o", "jsonpath-file=/nowhere"), 2, "error: cannot read /nowhere: no such file or directory\n"),
        (
            ("get", "cm", "-n", "auth", "-o", "jsonpath={.items[99]}"), 1,
            "error: the template does not fit: there is no [99] in a list of 3\n",
        ),
        (("--match-server-version",), 2,
         "error: --match-server-version is kubectl's alone: this program has no Kubernetes version to match\n"
         "hint: leave it out; it asks every version for what that can list\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_said_and_why(typist: Typist, flags: tuple[str, ...], code: int, err: str) -> None:
    assert typist.type("kubectl-inventory", *flags) == Screen(code, "", err)


def test_a_label_or_a_column_may_be_called_as_what_is_not_read(typist: Typist) -> None:
    path = "{.items[*].metadata.labels.spec}{.items[*].columns.status}"
    assert typist.inventory("get", "cm", "-n", "auth", "-q", "-o", f"jsonpath={path}") == Screen(0, "", "")


# --- flags of a table -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "flags",
    [
        ("-L", "team"),
        ("-L", "team,nothing", "--label-columns=app"),
        ("-L", "app.kubernetes.io/name", "--show-labels", "--no-headers"),
        ("--show-kind",),
        ("--show-kind", "-L", "team", "-o", "wide"),
    ],
)
@pytest.mark.parametrize("kind", ["deploy", "databases.acme.example", "nodes"])
def test_label_columns_and_kinds_are_kubectls_to_the_byte(typist: Typist, kind: str, flags: tuple[str, ...]) -> None:
    screen, expected = pair(
        lambda: typist.inventory("get", kind, "-q", *flags), lambda: typist.kubectl("get", kind, "-A", *flags).out
    )
    assert screen == Screen(0, expected, "")


def test_label_columns_of_several_kinds_have_one_word_each(typist: Typist) -> None:
    lines = typist.inventory("get", "deploy,cm", "-n", "auth", "-q", "-L", "team").lines
    assert [(line.split()[1], line.split()[-1]) for line in lines] == [
        ("NAME", "TEAM"),
        ("deployment.apps/dex", "platform"),
        ("deployment.apps/oauth2-proxy", "platform"),
        ("configmap/dex-config", "platform"),
        ("configmap/kube-root-ca.crt", "<none>"),
        ("configmap/oauth2-proxy-config", "platform"),
    ]


@pytest.mark.parametrize("path", [".metadata.name", "metadata.creationTimestamp", "{.metadata.labels.app}"])
@pytest.mark.parametrize("kinds", ["deploy", "deploy,pods,svc"])
def test_objects_are_sorted_by_a_path_as_kubectl_does(typist: Typist, kinds: str, path: str) -> None:
    # The values themselves, as kubectl leaves the order of objects alike to chance.
    flags = ("get", kinds, "-l", "app", "--sort-by", path, "-o", f"custom-columns=:{path}")
    assert typist.inventory(*flags, "-q").lines == typist.kubectl(*flags, "-A").lines


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("table", r"^\S+ +\S+/(\S+)"),
        ("wide", r"^\S+ +\S+/(\S+)"),
        ("name", r"^\S+/(.+)$"),
        ("csv", r"^[^,]*,[^,]*,[^,]*,([^,]*)"),
        ("ndjson", r'"metadata":\{"name":"([^"]*)"'),
        ("json", r'"metadata": *\{\s*"name": *"([^"]*)"'),
        ("yaml", r"^    name: (\S+)$"),
        ("markdown", r"^\| \S+ +\| \S+/(\S+)"),
        ("jsonpath={range .items[*]}{.metadata.name}{'\\n'}{end}", r"^(.+)$"),
        ("custom-columns=:.metadata.name", r"^(.+)$"),
    ],
)
def test_objects_of_all_kinds_are_in_one_order_in_every_format(typist: Typist, form: str, name: str) -> None:
    flags = ("get", "deploy,svc,cm", "-n", "auth,shop", "-q", "--sort-by", "name", "--no-headers")
    names = re.findall(name, typist.inventory(*flags, "-o", form).out, re.MULTILINE)
    assert names == sorted(names)
    assert len(names) == len(typist.inventory(*flags, "-o", "name").lines) > 10


def test_a_path_into_the_columns_sorts_too(typist: Typist) -> None:
    flags = ("get", "deploy", "-n", "shop", "-q", "--sort-by", ".columns.Up-to-date")
    shown = typist.inventory(*flags, "-o", "jsonpath={.items[*].columns.Up-to-date}").out
    assert shown.split() == sorted(shown.split(), key=int)
    assert len(set(shown.split())) > 2


# --- warnings ---------------------------------------------------------------------------------


def test_warnings_are_errors_where_that_is_asked_as_with_kubectl(typist: Typist) -> None:
    warning = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    flags = ("get", "endpoints", "-n", "shop", "--warnings-as-errors", "-o", "name")
    ours, theirs = typist.inventory(*flags, "-q"), typist.kubectl(*flags)
    assert theirs == Screen(1, theirs.out, f"Warning: {warning}\nerror: 1 warning received\n")
    assert ours == Screen(1, theirs.out, f"warning: {warning}\nerror: 1 warning received\n")
    assert typist.inventory("get", "cm", "-n", "shop", "--warnings-as-errors", "-q", "-o", "name").code == 0
    assert typist.inventory("get", "endpoints", "-n", "shop", "-q", "-o", "name") == Screen(0, theirs.out, "")


# --- what needs no cluster --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("jsonpth={.x}", 'unknown output format "jsonpth={.x}", did you mean "jsonpath="?'),
        ("custom-colums=A:.b", 'unknown output format "custom-colums=A:.b", did you mean "custom-columns="?'),
        ("json=x", 'unknown output format "json=x", did you mean "json"?'),
    ],
)
def test_a_format_that_nobody_knows_names_the_nearest(typed: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        formats.choose(typed, FORMATS)
    assert (refused.value.message, refused.value.hint) == (message, ", ".join(FORMATS))


def test_formats_are_in_the_order_of_the_alphabet() -> None:
    assert list(FORMATS) == sorted(FORMATS, key=lambda name: name.removesuffix("="))
    assert set(FORMATS) - set(GRID_FORMATS) == {"name"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f is no file of columns: a line of headers and a line of paths"),
        ("NAME\n", "f is no file of columns: a line of headers and a line of paths"),
        ("NAME KIND\n.a\n", "f has 2 headers and 1 paths: each needs the other"),
    ],
)
def test_a_file_of_columns_that_is_none_says_why(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}$"):
        custom_columns.columns_of_file(text, "f")
