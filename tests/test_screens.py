"""Whole screens: what a command prints to its last space, on stdout and stderr apart, and its exit code.

What is in the cluster is asked of the real kubectl; how it is to look stands here.
"""

from __future__ import annotations

import json
import platform
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml

from kubectl_inventory.version import VERSION
from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane
from tests.oracle import (
    ABSENT,
    ALIAS,
    LEFT_OUT,
    Found,
    biggest_first,
    census,
    counted_kinds,
    listed_kinds,
    pair,
    table,
    timeless,
)

UNKNOWN_GROUP = """\
  1 group   Unavailable   stock.acme.example/v1: its kinds are unknown
"""
WHY = 'hint: "kubectl get apiservice v1.stock.acme.example" tells why; --exclude "*.stock.acme.example"\n'
COMMANDS = (
    "", "get", "health", "kinds", "bench", "options", "version", "help", "completion", "completion install-helper",
    "policy", "policy show", "policy check", "policy init",
)  # fmt: skip


@pytest.fixture(scope="module")
def typist(demo: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The administrator, with a discovery cache that lasts for this file."""
    return Typist(tmp_path_factory.mktemp("home"), demo.kubeconfigs["admin"])


@pytest.fixture(scope="module")
def everything(typist: Typist) -> list[Found]:
    """Every object of the cluster, as kubectl tells it."""
    return census(typist)


def of(everything: Iterable[Found], *namespaces: str) -> list[Found]:
    """Those in some namespaces."""
    return [it for it in everything if it.namespace in namespaces]


def by_kind(found: Iterable[Found]) -> Counter[str]:
    """How many of each kind."""
    return Counter(it.kind.name for it in found)


def incomplete(found: list[Found], where: str, kinds: int) -> str:
    """The summary of a cluster in which one API group does not answer."""
    objects = f"{len(found):,} objects of {len(by_kind(found))} kinds in {where}"
    read = f"{kinds} of {kinds} kinds read, 1 API group unavailable"
    return f"demo: INCOMPLETE: {objects}; {read}; 0.0s\n{UNKNOWN_GROUP}{WHY}"


# --- counts ---


def test_counts_are_the_biggest_first(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory()
    namespaces = by_kind(everything)["namespaces"]
    assert screen.out == table(("COUNT", "KIND"), biggest_first(by_kind(everything)))
    assert timeless(screen.err) == incomplete(everything, f"{namespaces} namespaces", len(counted_kinds(typist)))
    assert screen.code == 3


def test_a_group_that_was_left_out_on_purpose_is_no_gap(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("--exclude", "*.stock.acme.example")
    counts = by_kind(everything)
    empty = len(counted_kinds(typist)) - len(counts)
    told = f"{counts.total():,} objects of {len(counts)} kinds in {counts['namespaces']} namespaces"
    assert timeless(screen.err) == f"demo: {told}; {empty} empty kinds not shown (--show-empty); 0.0s\n"
    assert screen.code == 0
    assert typist.inventory("--exclude", "*.stock.acme.example", "-q") == Screen(0, screen.out, "")


def test_counts_of_some_namespaces_are_one_sum(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("-n", "shop,pay")
    found = of(everything, "shop", "pay")
    namespaced = [kind for kind in counted_kinds(typist) if kind.namespaced]
    assert screen.out == table(("COUNT", "KIND"), biggest_first(by_kind(found)))
    assert timeless(screen.err) == incomplete(found, "2 namespaces (pay, shop)", len(namespaced))
    assert screen.code == 3


def grouped(everything: Iterable[Found], key: Callable[[Found], str], header: str) -> str:
    """A screen of `--by` one key."""
    groups: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for it in everything:
        groups[key(it)][it.kind.plural] += 1
    rows = []
    for name, counts in sorted(groups.items(), key=lambda item: (-item[1].total(), item[0])):
        largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]
        shown = ",".join(f"{plural}:{count}" for plural, count in largest)
        rows.append((str(counts.total()), name, str(len(counts)), shown))
    return table(("COUNT", header, "KINDS", "LARGEST"), rows)


def test_counts_by_namespace_have_a_row_for_what_is_in_none(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("--by", "namespace")
    expected = grouped(everything, lambda it: "-" if it.namespace == ABSENT else it.namespace, "NAMESPACE")
    assert screen.out == expected
    # Gone by force, and still holding things.
    assert re.search(r"^2 +legacy +2 +configmaps:1,databases:1$", screen.out, re.MULTILINE)


def test_counts_by_a_label_have_a_row_for_what_is_without(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("--by", "label=team")
    assert screen.out == grouped(everything, lambda it: it.team, "TEAM")
    assert screen.code == 3


def test_counts_by_two_keys_have_a_row_a_combination(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("--by", "namespace,kind", "-n", "shop,pay")
    counts = Counter((it.namespace, it.kind.name) for it in of(everything, "shop", "pay"))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = [(str(count), *keys) for keys, count in ordered]
    assert screen.out == table(("COUNT", "NAMESPACE", "KIND"), rows)


def test_empty_kinds_are_shown_when_asked_for(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("--show-empty")
    counts = by_kind(everything)
    shown = Counter({kind.name: counts[kind.name] for kind in counted_kinds(typist)})
    assert screen.out == table(("COUNT", "KIND"), biggest_first(shown))


def test_wide_counts_say_what_a_kind_is(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("-o", "wide")
    kinds = {kind.name: kind for kind in counted_kinds(typist)}
    rows = [
        (count, kinds[name].api_version, str(kinds[name].namespaced).lower(), kinds[name].short_names, name)
        for count, name in biggest_first(by_kind(everything))
    ]
    assert screen.out == table(("COUNT", "VERSION", "NAMESPACED", "SHORTNAMES", "KIND"), rows)


def test_counts_for_programs_hide_no_empty_kind(typist: Typist, everything: list[Found]) -> None:
    counts = by_kind(everything)
    every = biggest_first(Counter({kind.name: counts[kind.name] for kind in counted_kinds(typist)}))
    assert typist.inventory("-o", "csv").lines == ["count,kind", *(f"{count},{name}" for count, name in every)]
    items = json.loads(typist.inventory("-o", "json").out)["items"]
    assert items == [
        {
            "resource": kind.plural,
            "group": kind.group,
            "version": kind.version,
            "kind": kind.kind,
            "namespaced": kind.namespaced,
            "count": counts[kind.name],
        }
        for kind in counted_kinds(typist)
    ]


def test_counts_without_headers(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("--no-headers", "-n", "labs")
    headed = table(("COUNT", "KIND"), biggest_first(by_kind(of(everything, "labs"))))
    assert [line.split() for line in screen.lines] == [line.split() for line in headed.splitlines()[1:]]


# --- get ---

MIXED = "deploy,pvc,certificates"


def mixed(typist: Typist) -> list[tuple[str, ...]]:
    """The rows of a few kinds in `pay`, from kubectl's own cells."""
    rows: list[tuple[str, ...]] = []
    for kind, prefix in (("deploy", "deployment.apps"), ("pvc", "persistentvolumeclaim")):
        for line in typist.kubectl("get", kind, "-n", "pay", "--no-headers").lines:
            cells = line.split()
            ready, status = (cells[1], "-") if kind == "deploy" else ("-", cells[1])
            rows.append(("pay", f"{prefix}/{cells[0]}", ready, status, cells[-1]))
    for line in typist.kubectl("get", "certificates", "-n", "pay", "--no-headers").lines:
        name, ready, _, age = line.split()
        rows.append(("pay", f"certificate.cert-manager.io/{name}", ready, "-", age))
    return rows


def test_kinds_are_mixed_in_the_order_typed(typist: Typist) -> None:
    headers = ("NAMESPACE", "NAME", "READY", "STATUS", "AGE")
    screen, expected = pair(lambda: typist.inventory("get", MIXED, "-n", "pay"), lambda: table(headers, mixed(typist)))
    assert screen.out == expected
    assert timeless(screen.err) == "demo: 8 objects of 3 kinds in 1 namespace (pay); 0.0s\n"
    assert screen.code == 0


def test_wide_mixed_kinds_tell_the_rest_in_one_column(typist: Typist) -> None:
    screen = typist.inventory("get", "pvc,certificates", "-n", "pay", "-o", "wide", "-q")
    ends = [re.sub(r" \d+\w* ", " AGE ", line).partition(" AGE ")[2].strip() for line in screen.lines]
    assert ends[1] == (
        "volume=pv-data-queue-0 capacity=20Gi access-modes=RWO storageclass=fast-ssd volumemode=Filesystem"
    )
    # A status for wide alone is free text, so it stands in the last column.
    assert ends[-1] == (
        "secret=pay-tls issuer=letsencrypt status=The certificate request has failed to complete and will be retried"
    )


def test_labels_are_a_column_of_mixed_kinds(typist: Typist) -> None:
    screen = typist.inventory("get", "deploy,certificates", "-n", "pay", "--show-labels", "-q")
    labels = {
        f"{prefix}/{line.split()[0]}": line.split()[-1]
        for kind, prefix in (("deploy", "deployment.apps"), ("certificates", "certificate.cert-manager.io"))
        for line in typist.kubectl("get", kind, "-n", "pay", "--show-labels", "--no-headers").lines
    }
    assert screen.lines[0].split() == ["NAMESPACE", "NAME", "READY", "STATUS", "AGE", "LABELS"]
    assert {line.split()[1]: line.split()[-1] for line in screen.lines[1:]} == labels


def test_rows_are_sorted_by_a_column(typist: Typist) -> None:
    screen = typist.inventory("get", "pods", "-n", "shop", "--sort-by", "restarts", "--no-headers", "-q")
    restarts = [int(line.split()[4]) for line in screen.lines]
    assert restarts == sorted(restarts)
    assert restarts[-1] > 0
    usual = typist.inventory("get", "pods", "-n", "shop", "--no-headers", "-q")
    assert Counter(line.split()[1] for line in screen.lines) == Counter(line.split()[1] for line in usual.lines)


def test_rows_are_sorted_by_their_creation_as_kubectl_sorts(typist: Typist) -> None:
    by_creation = "--sort-by=.metadata.creationTimestamp"
    ours = typist.inventory("get", "nodes", by_creation, "-q", "--no-headers")
    columns = "custom-columns=N:.metadata.name,C:.metadata.creationTimestamp"
    created = typist.kubectl("get", "nodes", "--no-headers", "-o", columns)
    when = dict(line.split() for line in created.lines)
    order = [when[line.split()[0]] for line in ours.lines]
    assert order == sorted(when.values())


def test_quantities_are_sorted_by_a_column_as_kubectl_sorts_them_by_a_path(typist: Typist) -> None:
    ours = typist.inventory("get", "persistentvolumes", "--sort-by", "capacity", "-q")
    theirs = typist.kubectl("get", "persistentvolumes", "--sort-by=.spec.capacity.storage")
    assert [line.split()[1] for line in ours.lines] == [line.split()[1] for line in theirs.lines]


def test_one_kind_alone_is_kubectls_table_and_a_summary(typist: Typist) -> None:
    screen, expected = pair(
        lambda: typist.inventory("get", "certificates"), lambda: typist.kubectl("get", "certificates", "-A").out
    )
    assert screen.out == expected
    # Few objects are one list whatever the namespaces: nobody has asked how many there are.
    assert timeless(screen.err) == "demo: 3 objects of 1 kind; 0.0s\n"
    assert screen.code == 0


# --- formats ---


def document(typist: Typist) -> dict[str, object]:
    """The JSON of `LISTED`, from kubectl's own; a Secret has no more than its cells."""
    types = ("persistentvolumeclaims", "certificates.cert-manager.io")
    items = []
    for kind in types:
        for found in json.loads(typist.kubectl("get", kind, "-n", "pay", "-o", "json").out)["items"]:
            meta = found["metadata"]
            items.append(
                {
                    "apiVersion": found["apiVersion"],
                    "kind": found["kind"],
                    "metadata": {
                        "name": meta["name"],
                        "namespace": meta["namespace"],
                        "uid": meta["uid"],
                        "labels": meta.get("labels", {}),
                        "ownerReferences": meta.get("ownerReferences", []),
                        "creationTimestamp": meta["creationTimestamp"],
                    },
                }
            )
    for found in json.loads(typist.kubectl("get", "secrets", "-n", "pay", "-o", "json").out)["items"]:
        cells = {"Type": found["type"], "Data": len(found["data"])}
        meta = {"name": found["metadata"]["name"], "namespace": "pay"}
        items.append({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "columns": cells})
    return {
        "apiVersion": "inventory/v1",
        "kind": "Inventory",
        "context": "demo",
        "complete": True,
        "items": items,
        "unread": [],
        "withheld": [],
    }


LISTED = ("get", "pvc,certificates,secrets", "-n", "pay", "-q")


def test_json_is_the_contract_indented_as_kubectls(typist: Typist, demo: ControlPlane) -> None:
    screen = typist.inventory(*LISTED, "-o", "json")
    printed = json.loads(screen.out)
    assert (printed.pop("server"), screen.err, screen.code) == (demo.server, "", 0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", printed.pop("takenAt"))
    columns = [item.pop("columns") for item in printed["items"] if item["kind"] != "Secret"]
    assert printed == document(typist)
    assert columns[-1] == {
        "Ready": "False",
        "Secret": "pay-tls",
        "Issuer": "letsencrypt",
        "Status": "The certificate request has failed to complete and will be retried",
    }
    assert screen.out == json.dumps(json.loads(screen.out), indent=4, ensure_ascii=False) + "\n"


def test_yaml_ndjson_and_json_say_the_same(typist: Typist) -> None:
    whole = json.loads(typist.inventory(*LISTED, "-o", "json").out)
    by_yaml = yaml.safe_load(typist.inventory(*LISTED, "-o", "yaml").out)
    by_line = [json.loads(line) for line in typist.inventory(*LISTED, "-o", "ndjson").lines]
    assert list(by_yaml) == list(whole)
    assert {**by_yaml, "takenAt": ""} == {**whole, "takenAt": ""}
    assert by_line == whole["items"]


def test_csv_has_seven_columns_for_any_mix(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("get", MIXED, "-n", "pay", "-q", "-o", "csv")
    shown = {"deployment.apps": "apps/v1,Deployment", "persistentvolumeclaim": "v1,PersistentVolumeClaim"}
    created = {(it.kind.kind, it.name): it.created for it in of(everything, "pay")}
    lines = ["namespace,apiVersion,kind,name,created,ready,status"]
    for namespace, full_name, ready, status, _ in mixed(typist):
        prefix, _, name = full_name.partition("/")
        kind = shown.get(prefix, "cert-manager.io/v1,Certificate")
        when = created[kind.partition(",")[2], name]
        lines.append(f"{namespace},{kind},{name},{when},{ready.strip('-')},{status.strip('-')}")
    assert screen == Screen(0, "".join(f"{line}\n" for line in lines), "")


def test_names_are_kubectls(typist: Typist) -> None:
    ours = typist.inventory("get", MIXED, "-n", "pay", "-q", "-o", "name")
    assert ours == typist.kubectl("get", MIXED, "-n", "pay", "-o", "name")


def test_markdown_is_a_document(typist: Typist, demo: ControlPlane) -> None:
    def expected() -> str:
        rows = [" | ".join(row) for row in mixed(typist)]
        lines = ["NAMESPACE | NAME | READY | STATUS | AGE", "--- | --- | --- | --- | ---", *rows]
        return f"demo ({demo.server}), TIME, complete\n\n" + "".join(f"| {line} |\n" for line in lines)

    def ours() -> Screen:
        screen = typist.inventory("get", MIXED, "-n", "pay", "-q", "-o", "markdown")
        return Screen(screen.code, re.sub(r"\), [-:TZ\d]+, ", "), TIME, ", screen.out, count=1), screen.err)

    screen, text = pair(ours, expected)
    assert screen == Screen(0, text, "")


def test_markdown_ends_with_what_was_not_read(typist: Typist) -> None:
    screen = typist.inventory("-o", "markdown", "-n", "labs")
    assert re.match(r"demo \(https://[^)]+\), [-:TZ\d]+, INCOMPLETE\n\n\| COUNT \| KIND \|\n", screen.out)
    assert screen.out.endswith("|\n\n* unread: *.stock.acme.example: Unavailable\n")


@pytest.mark.parametrize(
    ("argv", "error", "hint"),
    [
        (
            ("get", "pods", "-o", "jsn"),
            'unknown output format "jsn", did you mean "json"?',
            "csv, custom-columns=, custom-columns-file=, json, jsonpath=, jsonpath-as-json=, jsonpath-file=, "
            "markdown, name, ndjson, table, wide, yaml",
        ),
        (
            ("get", "deploymnets"),
            'the server doesn\'t have a resource type "deploymnets", did you mean "deployments"?',
            "",
        ),
        (
            ("get", "no-such-thing"),
            'the server doesn\'t have a resource type "no-such-thing"',
            '"kubectl inventory kinds" lists them',
        ),
        (("-n", "shpo"), 'namespace "shpo" not found in demo, did you mean "shop"?', ""),
        (("--by", "knd"), 'cannot count by "knd", did you mean "kind"?', "kind, namespace, label=KEY"),
        (
            ("get", "pods", "-n", "shop", "--sort-by", "restart"),
            'nothing to sort by: no object has "restart", did you mean "restarts"?',
            "a column's header, or a path such as .metadata.name, .metadata.labels.team, .columns.Status",
        ),
    ],
)
def test_what_was_typed_wrongly_is_one_line_and_nothing_else(
    typist: Typist, argv: tuple[str, ...], error: str, hint: str
) -> None:
    hints = f"hint: {hint}\n" if hint else ""
    assert typist.inventory(*argv) == Screen(2, "", f"error: {error}\n{hints}")


@pytest.mark.parametrize(
    ("argv", "nothing", "where"),
    [
        (("get", "pods", "-n", "labs-2"), "No resources found in labs-2 namespace.", " in 1 namespace (labs-2)"),
        (("get", "jobs", "-n", "labs,labs-2"), "No resources found", " in 2 namespaces (labs-2, labs)"),
        (("get", "runtimeclasses"), "No resources found", ""),
    ],
)
def test_where_there_is_nothing_no_header_is_printed(
    typist: Typist, argv: tuple[str, ...], nothing: str, where: str
) -> None:
    screen = typist.inventory(*argv)
    assert (screen.code, screen.out) == (0, "")
    assert timeless(screen.err) == f"{nothing}\ndemo: 0 objects of 0 kinds{where}; 0.0s\n"


# --- kinds, policy, version, help ---


def test_kinds_have_a_row_each_and_say_why(typist: Typist, everything: list[Found]) -> None:
    screen = typist.inventory("kinds")
    counts = by_kind(everything)
    rows = {}
    for kind in listed_kinds(typist):
        row = ("Read", str(counts[kind.name]), kind.version, kind.name)
        if kind.name == ALIAS:
            row = ("Alias", "-", "v1", f"{ALIAS}   the same objects as events")
        if kind.name == LEFT_OUT:
            row = ("LeftOut", "-", "v1", f"{LEFT_OUT}   listing it probes etcd, up to 20s")
        rows[kind.group, kind.plural] = row
    rows["stock.acme.example", ""] = ("Unavailable", "?", "v1", "*.stock.acme.example   its kinds are unknown")
    assert screen.out == table(("STATUS", "COUNT", "VERSION", "KIND   WHY"), [rows[key] for key in sorted(rows)])
    read = len(counted_kinds(typist))
    told = f"demo: INCOMPLETE: {read + 2} kinds: {read} Read, 1 Alias, 1 LeftOut; 0.0s\n{UNKNOWN_GROUP}"
    assert (screen.code, timeless(screen.err)) == (3, told)


def test_kinds_for_programs_have_a_column_for_why(typist: Typist) -> None:
    lines = typist.inventory("kinds", "-o", "csv").lines
    assert lines[:3] == [
        "status,count,version,kind,why",
        'LeftOut,,v1,componentstatuses,"listing it probes etcd, up to 20s"',
        f"Read,{len(typist.kubectl('get', 'cm', '-A', '-o', 'name').lines)},v1,configmaps,",
    ]
    assert "Unavailable,,v1,*.stock.acme.example,its kinds are unknown" in lines


def test_the_policy_is_shown_with_who_set_what(typist: Typist, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "apiVersion: inventory/v1\nkind: BoundaryPolicy\nresources: {deny: [secrets]}\nlimits: {workers: 4}\n"
    )
    screen = typist.inventory("policy", "show", "--policy", str(policy), "--request-timeout", "3s")
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in screen.lines}
    assert screen.lines[0].split() == ["SETTING", "VALUE", "FROM"]
    assert rows["resources.deny"] == ["secrets", f"{policy}:3"]
    assert rows["limits.workers"] == ["4", f"{policy}:4"]
    assert rows["limits.requestTimeoutSeconds"] == ["3", "--request-timeout"]
    assert rows["limits.probes"] == ["32", "built-in, not a ceiling: --probes may raise it"]
    assert (len(rows), screen.code, screen.err) == (21, 0, "")


def test_the_version_says_on_what_it_runs(typist: Typist) -> None:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    expected = f"kubectl-inventory v{VERSION} (python {platform.python_version()}, linux/{machine})\n"
    assert typist.inventory("version") == Screen(0, expected, "")
    assert typist.inventory("--version") == Screen(0, expected, "")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_on_stdout_and_fits_a_screen(typist: Typist, command: str, flag: str) -> None:
    screen = typist.inventory(*command.split(), flag)
    assert (screen.code, screen.err) == (0, "")
    assert f"kubectl inventory {command}".strip() in screen.out
    assert 5 <= len(screen.lines) <= 40


def test_a_group_alone_prints_its_help(typist: Typist) -> None:
    assert typist.inventory("policy") == typist.inventory("policy", "--help")


def test_every_example_of_the_help_runs(typist: Typist) -> None:
    examples = [
        line.partition("#")[0].partition(">")[0].partition("|")[0].split()
        for command in ("", "get", "health", "kinds", "policy")
        for line in typist.inventory(*command.split(), "--help").lines
        if line.startswith(("  kubectl inventory", "    kubectl inventory")) and "check" not in line
    ]
    # `policy check` wants a file of the reader's own.
    assert len(examples) > 10
    codes = {" ".join(words): typist.type(*words).code for words in examples}
    gates = {line for line in codes if "--fail-on" in line}
    assert {line for line, code in codes.items() if code not in (0, 3)} == gates
