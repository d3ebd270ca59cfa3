"""A judgement as text: a row a namespace, a line a finding, or all that is known of it, for people.

Order, words and what is hidden follow one rule: the worst first, what is well only when
asked for. Documents hide nothing. Draws nothing itself: `render` does.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from kubectl_inventory.clock import elapsed_s, human_span
from kubectl_inventory.health import HEALTHS, WORKLOADS, Health
from kubectl_inventory.judgement.findings import ClusterHealth, Diagnosis, Finding, Occurrence, SpaceHealth
from kubectl_inventory.output import render, views
from kubectl_inventory.output.documents import write_document, write_items
from kubectl_inventory.output.style import Style, Write
from kubectl_inventory.output.summary import Summary, account, read_clause, withheld_clauses
from kubectl_inventory.output.views import NOT_APPLICABLE, UNREADABLE, Grid
from kubectl_inventory.reading.inventory import Inventory, Reading
from kubectl_inventory.words import number, seconds, some_of, window

_Events = Mapping[tuple[str, str], Sequence[Occurrence]]
"""By namespace, and the object that they are about or, where that was made by another, who made it."""

_BROKEN: tuple[Health, ...] = ("error", "unknown", "warning")
"""What `--broken` lists."""
_LAST_WORDS = ("CrashLoopBackOff", "Error", "OOMKilled", "Restarts")
"""Reasons that the log of the container before this one tells; of `Init:` it would take that container's name."""
_EVENTS_SHOWN = 2
_LONGEST_SENTENCE = 500
"""A condition's message may be 32 kB (meta/v1 `Condition`); documents hold it whole."""
_NAMES_SHOWN = 10
_HEALTH_WORD = re.compile(r"(?m)^((?:\S+:? +)?)(error|warning|unknown)(?![^\s,;])")
"""The first word of a line, or the one after a namespace's name; not the kind in `error     warning.acme.example/x`."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What of a judgement is to be seen."""

    named: tuple[str, ...] = ()
    """Namespaces that were asked for by name: shown however they are."""
    ok: bool = False
    explains: bool = False
    broken: bool = False
    since_s: float = 3600.0
    """How far events were looked back."""
    connection_flags: str = ""
    colours: bool = False
    is_verbose: bool = False
    """Whether the summary also tells what could not be judged, by nobody's fault."""


def print_health(diagnosis: Diagnosis, inventory: Inventory, shown: Shown, style: Style, write: Write) -> None:
    """The judgement in the format that was asked for."""
    if style.is_document:
        write_document(_document(diagnosis, inventory, shown), style, write)
    elif style.is_items:
        write_items(_finding_items(diagnosis) if shown.broken else _space_items(diagnosis), style, write)
    elif shown.explains:
        lines = _explained(diagnosis, inventory, shown)
        _write_coloured("".join(f"{render.escaped(line)}\n" for line in lines), shown, write)
    else:
        _print_grid(diagnosis, inventory, shown, style, write)


def _print_grid(diagnosis: Diagnosis, inventory: Inventory, shown: Shown, style: Style, write: Write) -> None:
    wide = style.format == "wide"
    if shown.broken:
        grid = _broken(diagnosis, wide=wide, timestamps=style.format == "csv")
    else:
        grid = _roll_up(diagnosis, inventory, shown, wide=wide, whole=style.format == "csv")
    if style.format == "markdown":
        write(views.opening(inventory))
        write(render.markdown(grid.headers, grid.rows))
        write(views.closing(inventory))
    elif style.format == "csv":
        grid = views.for_csv(grid)
        write("".join(render.csv_lines([grid.headers, *grid.rows] if style.headers else grid.rows)))
    elif grid.rows:
        lines = render.table(grid.headers, grid.rows, show_headers=style.headers)
        _write_coloured("".join(lines), shown, write)


def _write_coloured(text: str, shown: Shown, write: Write) -> None:
    write(_HEALTH_WORD.sub(lambda it: it[1] + render.coloured(it[2]), text) if shown.colours else text)


# --- rows ---------------------------------------------------------------------


def _roll_up(diagnosis: Diagnosis, inventory: Inventory, shown: Shown, *, wide: bool, whole: bool) -> Grid:
    """NAMESPACE HEALTH PODS WORKLOADS WARNINGS REASON; the cluster is row `-`, then the worst first."""
    asked = _asked(inventory)
    headers = ("NAMESPACE", "HEALTH", "PODS", "WORKLOADS", *(("PVCS",) if wide else ()), "WARNINGS", "REASON")
    rows = []
    cluster = diagnosis.cluster
    if cluster is not None and (cluster.health != "ok" or shown.ok or whole):
        empty = (NOT_APPLICABLE,) * (3 if wide else 2)
        rows.append((NOT_APPLICABLE, cluster.health, *empty, _number(cluster.warnings, asked), _reason(cluster)))
    for space in sorted(diagnosis.spaces, key=lambda it: (HEALTHS.index(it.health), it.namespace)):
        if space.health == "ok" and not (shown.ok or whole or space.namespace in shown.named):
            continue
        pods, workloads, claims = _pairs(space, asked)
        row = (space.namespace, space.health, pods, workloads, *((claims,) if wide else ()))
        rows.append((*row, _number(space.warnings, asked), _reason(space)))
    return Grid(headers, rows)


def _asked(inventory: Inventory) -> frozenset[str]:
    """The kinds that were to be read: of others there is no number, and none is missing."""
    return frozenset(reading.kind.name for reading in inventory.readings)


def _pairs(space: SpaceHealth, asked: Collection[str]) -> tuple[str, str, str]:
    """PODS, WORKLOADS and PVCS of a namespace."""
    return (
        _pair(space.pods, "pods" in asked),
        _pair(space.workloads, all(kind in asked for kind in WORKLOADS)),
        _pair(space.claims, "persistentvolumeclaims" in asked),
    )


def _pair(pair: tuple[int, int] | None, is_asked: bool) -> str:
    if pair is None:
        return UNREADABLE if is_asked else NOT_APPLICABLE
    return f"{pair[0]}/{pair[1]}"


def _number(warnings: int | None, asked: Collection[str]) -> str:
    if warnings is None:
        return UNREADABLE if "events" in asked else NOT_APPLICABLE
    return str(warnings)


def _reason(judged: SpaceHealth | ClusterHealth) -> str:
    """The worst finding and how many more: `deployment/ledger ImagePullBackOff, +3`."""
    parts = []
    if isinstance(judged, SpaceHealth) and judged.down:
        parts.append("down")
    if not judged.findings:
        if judged.unread:
            parts.append(f"{judged.unread} could not be read")
        elif isinstance(judged, SpaceHealth) and judged.health == "scaled-down" and judged.workloads is not None:
            parts.append(f"{number(judged.workloads[1], 'workload')} at 0 replicas")
        return ", ".join(parts)
    first = judged.findings[0]
    alike = _alike(first, judged.findings)
    if len(alike) > 1:
        parts.append(f"{number(len(alike), first.object.kind.kind.lower())} {first.brief}")
    elif first.object.kind.name == "namespaces":
        parts.append(first.brief)
    else:
        parts.append(f"{first.object.short} {first.brief}")
    if more := len(judged.findings) - len(alike):
        parts.append(f"+{more}")
    return ", ".join(parts)


def _alike(first: Finding, findings: Sequence[Finding]) -> Sequence[Finding]:
    """Those that one node that is not ready explains at once: `3 daemonsets short of node/w6`."""
    if first.reason != "NodeNotReady":
        return [first]
    return [it for it in findings if (it.object.kind, it.brief) == (first.object.kind, first.brief)]


def _broken(diagnosis: Diagnosis, *, wide: bool, timestamps: bool) -> Grid:
    """NAMESPACE HEALTH SINCE REASON OBJECT: an object a line. `timestamps`: for programs, and so all there is."""
    wide = wide or timestamps
    headers = ("NAMESPACE", "HEALTH", "SINCE", "REASON", *(("COUNT", "OWNER") if wide else ()), "OBJECT")
    rows = []
    for finding in broken(diagnosis):
        owner = finding.owner.typed if finding.owner is not None else NOT_APPLICABLE
        row = (
            finding.place or NOT_APPLICABLE,
            finding.health,
            _since(finding.since, timestamps),
            finding.reason,
            *((str(finding.count), owner) if wide else ()),
            finding.object.typed,
        )
        rows.append((*row, finding.message) if wide else row)
    return Grid((*headers, "MESSAGE") if wide else headers, rows)


def _since(since: str | None, timestamps: bool) -> str:
    if since is None:
        return UNREADABLE
    return since if timestamps else _age(since)


def _age(since: str | None) -> str:
    """How long ago that was; no less than nothing, whoever's clock it was read from."""
    passed_s = elapsed_s(since)
    return human_span(int(passed_s)) if passed_s is not None else UNREADABLE


def broken(diagnosis: Diagnosis) -> list[Finding]:
    """The findings that are trouble: what is only changing will be something else soon."""
    return [finding for finding in diagnosis.findings if finding.health in _BROKEN]


# --- for people ------------------------------------------------------------------


def _explained(diagnosis: Diagnosis, inventory: Inventory, shown: Shown) -> Iterator[str]:
    """Every finding, by what it is about: why, since when, and what to type next."""
    asked, events = _asked(inventory), _by_subject(diagnosis.occurrences)
    cluster = diagnosis.cluster
    if cluster is not None and (cluster.health != "ok" or shown.ok):
        numbers = [*_nodes(cluster, asked), *_warnings(cluster.warnings, asked, shown)]
        yield f"{NOT_APPLICABLE}: {'; '.join(filter(None, [cluster.health, ', '.join(numbers)]))}"
        if cluster.unread:
            yield f"{'unknown':<10}{cluster.unread} could not be read"
        yield from _findings_explained(cluster.findings, events, shown)
    for space in sorted(diagnosis.spaces, key=lambda it: (HEALTHS.index(it.health), it.namespace)):
        if space.health == "ok" and not (shown.ok or space.namespace in shown.named):
            continue
        named = zip(("pods", "workloads", "pvcs"), _pairs(space, asked), strict=True)
        numbers = [f"{what} {pair}" for what, pair in named if pair != NOT_APPLICABLE]
        numbers += _warnings(space.warnings, asked, shown)
        down = "error, down" if space.down else space.health
        yield f"{space.namespace}: {'; '.join(filter(None, [down, ', '.join(numbers)]))}"
        if space.unread:
            yield f"{'unknown':<10}{space.unread} could not be read"
        yield from _findings_explained(space.findings, events, shown)


def _nodes(cluster: ClusterHealth, asked: Collection[str]) -> list[str]:
    """`nodes 5/6 ready`; nothing where they are not asked for."""
    if cluster.nodes is not None:
        return [f"nodes {cluster.nodes[0]}/{cluster.nodes[1]} ready"]
    return [f"nodes {UNREADABLE}"] if "nodes" in asked else []


def _warnings(count: int | None, asked: Collection[str], shown: Shown) -> list[str]:
    """`206 warnings in 1h`; nothing where events are not asked for."""
    if count is None and "events" not in asked:
        return []
    counted = f"{UNREADABLE} warnings" if count is None else number(count, "warning")
    return [f"{counted} in {window(shown.since_s)}"]


def _by_subject(occurrences: Sequence[Occurrence]) -> _Events:
    subjects: defaultdict[tuple[str, str], list[Occurrence]] = defaultdict(list)
    for it in occurrences:
        subjects[it.namespace, it.maker or it.object].append(it)
    return subjects


def _findings_explained(findings: Sequence[Finding], events: _Events, shown: Shown) -> Iterator[str]:
    for _, same in groupby(findings, key=lambda it: (it.health, it.object)):
        alike = list(same)
        first = alike[0]
        oldest = min((it.since for it in alike if it.since is not None), default=None)
        lines = list(_events_explained(events.get((first.place, first.object.short), ())))
        told = "\n".join(lines)
        yield f"{first.health:<10}{first.object.typed}: {_head(first)}{_lasted(first, oldest)}"
        for finding in alike:
            yield from _pods_explained(finding)
            if finding.says and _sentence(finding.says) not in told:
                yield f"  {_sentence(finding.says)}"
        yield from lines
        if first.owner is not None:
            yield f"  made by {first.owner.typed}"
        yield f"  next: {_next_step(first, shown.connection_flags)}"


def _head(finding: Finding) -> str:
    if finding.example is None and finding.object.kind.name == "pods":
        past = _past(finding, "")
        return ", ".join([finding.brief, *(past[1:] if finding.reason == "Restarts" else past)])
    return finding.summary or finding.brief


def _lasted(finding: Finding, oldest: str | None) -> str:
    """`, for 38m`; nothing where nobody knows, or where the brief has said so."""
    has_said = finding.object.kind.name in ("nodes", "namespaces") and finding.reason in ("NotReady", "Terminating")
    if oldest is None or has_said:
        return ""
    return f", last {_age(oldest)} ago" if finding.reason == "Restarts" else f", for {_age(oldest)}"


def _pods_explained(finding: Finding) -> Iterator[str]:
    if finding.example is None:
        return
    word = "restarting" if finding.reason == "Restarts" else finding.reason
    said = ", ".join([word, *_past(finding, " each" if finding.count > 1 else "")])
    if finding.count == 1:
        yield f"  pod {finding.example.name}: {said}"
    else:
        yield f"  {finding.count} pods {said}, like {finding.example.name}"


def _past(finding: Finding, each: str) -> list[str]:
    """`11 restarts each`, `last exit 1 (Error)`."""
    least, most = finding.restarts
    said = []
    if most:
        said.append(f"{number(most, 'restart')}{each}" if least == most else f"{least} to {most} restarts")
    if finding.last_exit:
        said.append(f"last exit {finding.last_exit}")
    return said


def _events_explained(occurrences: Sequence[Occurrence]) -> Iterator[str]:
    """The warnings about an object or what it made, the most frequent first."""
    about: dict[str, Occurrence] = {}
    for it in occurrences:
        known = about.get(it.reason)  # the newest, as they come in that order
        about[it.reason] = it if known is None else msgspec.structs.replace(known, count=known.count + it.count)
    for it in sorted(about.values(), key=lambda it: -it.count)[:_EVENTS_SHOWN]:
        yield f"  event {it.reason} x{it.count}, last {human_span(int(it.last_s))} ago: {_sentence(it.message)}"


def _sentence(text: str) -> str:
    """What the server says, on one line of a bearable length."""
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_SENTENCE else f"{words[:_LONGEST_SENTENCE]}..."


def _next_step(finding: Finding, flags: str) -> str:
    """The command that shows more, as it has to be typed for this cluster."""
    kubectl = f"kubectl {flags}" if flags else "kubectl"
    place = f" -n {shlex.quote(finding.place)}" if finding.place and finding.object.kind.namespaced else ""
    pod = finding.example or (finding.object if finding.object.kind.name == "pods" else None)
    if pod is not None:
        name = shlex.quote(pod.name)
        if finding.reason in _LAST_WORDS and (finding.restarts[1] or finding.last_exit):
            previous = " --previous" if finding.restarts[1] else ""
            return f"{kubectl} logs{place} {name}{previous}"
        return f"{kubectl} describe{place} pod {name}"
    kind = finding.object.kind
    if kind.name == "jobs.batch":
        return f"{kubectl} logs{place} job/{shlex.quote(finding.object.name)}"
    is_custom = "." in kind.group and not kind.group.endswith(".k8s.io")
    short = next((name for name in kind.short_names if len(name) > 2), "")  # `no` and `ns` read as words
    typed = kind.prefix if is_custom or (kind.group and not short) else short or kind.kind.lower()
    return f"{kubectl} describe{place} {shlex.quote(typed)} {shlex.quote(finding.object.name)}"


# --- documents ------------------------------------------------------------------


def _document(diagnosis: Diagnosis, inventory: Inventory, shown: Shown) -> dict[str, object]:
    """The JSON contract: what every document has, the namespaces, and the findings."""
    cluster = diagnosis.cluster
    return {
        **views.preamble(inventory),
        "kind": "Health",
        "complete": inventory.is_complete,
        "health": diagnosis.health,
        "sinceSeconds": int(shown.since_s),
        **({"cluster": _cluster_item(cluster)} if cluster is not None else {}),
        "items": _space_items(diagnosis),
        "findings": _finding_items(diagnosis, every=True),
        "events": [_event_item(it) for it in diagnosis.occurrences],
        "silent": [_silent_item(it) for it in diagnosis.silent],
        **views.accounts(inventory),
    }


def _cluster_item(cluster: ClusterHealth) -> dict[str, object]:
    item: dict[str, object] = {"health": cluster.health, "reason": _reason(cluster)}
    if cluster.nodes is not None:
        item["nodes"] = {"ready": cluster.nodes[0], "all": cluster.nodes[1]}
    item["apiGroups"] = {"available": cluster.groups[0], "all": cluster.groups[1]}
    if cluster.warnings is not None:
        item["warnings"] = cluster.warnings
    return item


def _space_items(diagnosis: Diagnosis) -> list[dict[str, object]]:
    return [_space_item(space) for space in diagnosis.spaces]


def _space_item(space: SpaceHealth) -> dict[str, object]:
    item: dict[str, object] = {"namespace": space.namespace, "health": space.health, "reason": _reason(space)}
    if space.pods is not None:
        item["pods"] = {"ready": space.pods[0], "wanted": space.pods[1]}
    if space.workloads is not None:
        item["workloads"] = {"asWanted": space.workloads[0], "all": space.workloads[1]}
    if space.claims is not None:
        item["persistentVolumeClaims"] = {"bound": space.claims[0], "all": space.claims[1]}
    if space.warnings is not None:
        item["warnings"] = space.warnings
    return item


def _finding_items(diagnosis: Diagnosis, *, every: bool = False) -> list[dict[str, object]]:
    findings = diagnosis.findings if every else broken(diagnosis)
    return [_finding_item(finding) for finding in findings]


def _finding_item(finding: Finding) -> dict[str, object]:
    thing = finding.object
    item: dict[str, object] = {"namespace": finding.place} if finding.place else {}
    item["object"] = {"apiVersion": thing.kind.api_version, "kind": thing.kind.kind, "name": thing.name}
    if finding.owner is not None:
        owner = finding.owner
        item["owner"] = {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name}
    item |= {"health": finding.health, "reason": finding.reason, "message": finding.message or finding.brief}
    if finding.since is not None:
        item["since"] = finding.since
    return {**item, "count": finding.count}


def _event_item(it: Occurrence) -> dict[str, object]:
    place: dict[str, object] = {"namespace": it.namespace} if it.namespace else {}
    return {
        **place, "object": it.object, "reason": it.reason, "count": it.count, "lastSeconds": int(it.last_s),
        "message": it.message,
    }


def _silent_item(reading: Reading) -> dict[str, object]:
    return {"resource": reading.kind.resource, "group": reading.kind.group, "count": reading.count}


# --- the last words ---------------------------------------------------------------


def summarize_health(
    diagnosis: Diagnosis, inventory: Inventory, shown: Shown, *, elapsed_s: float
) -> Summary:
    """What ends the run: how the whole is, how many namespaces are how, and what was left out."""
    if shown.explains or shown.broken:
        text = f"{diagnosis.health}; {_findings_counted(diagnosis, shown)}"
        extra = ""
    else:
        why_few = f" ({inventory.remark})" if inventory.remark else ""
        text = f"{diagnosis.health}; namespaces: {_spaces_counted(diagnosis, shown)}{why_few}"
        numbers = _cluster_sentence(diagnosis, inventory, shown)
        extra = f"  {numbers}" if numbers else ""
    clauses = withheld_clauses(inventory)
    if diagnosis.silent and shown.is_verbose:
        clauses.append(f"no health in the columns of {number(len(diagnosis.silent), 'kind')}")
    if not inventory.is_complete:
        clauses.insert(0, read_clause(inventory))
    summary = account(inventory, text, [*clauses, seconds(elapsed_s)], shown.connection_flags)
    lines = [extra] if extra else []
    if diagnosis.overlooked:
        lines.append(f"  {number(diagnosis.overlooked, 'finding')} not looked at closer: too many, or no usable answer")
    return msgspec.structs.replace(summary, lines=(*lines, *summary.lines))


def _spaces_counted(diagnosis: Diagnosis, shown: Shown) -> str:
    tally = Counter(space.health for space in diagnosis.spaces)
    hidden = sum(it.health == "ok" and it.namespace not in shown.named for it in diagnosis.spaces)
    parts = [f"{tally[health]} {health}" for health in HEALTHS if tally[health]]
    if not parts:
        return "none"
    return ", ".join(parts) + (" (not shown)" if hidden and not shown.ok else "")


def _cluster_sentence(diagnosis: Diagnosis, inventory: Inventory, shown: Shown) -> str:
    """`nodes 5/6 ready, API groups 25/25, 206 warnings in 1h`."""
    parts = []
    counts = [space.warnings for space in diagnosis.spaces]
    asked, cluster = _asked(inventory), diagnosis.cluster
    if cluster is not None:
        parts += _nodes(cluster, asked)
        parts.append(f"API groups {cluster.groups[0]}/{cluster.groups[1]}")
        counts.append(cluster.warnings)
    elif any(reading.kind.name == "nodes" and reading.gaps for reading in inventory.readings):
        parts.append("nodes ?")  # which of the pods are on one that is not ready is not known
    known = [count for count in counts if count is not None]
    parts += _warnings(sum(known) if known else None, asked, shown)
    return ", ".join(parts)


def _findings_counted(diagnosis: Diagnosis, shown: Shown) -> str:
    """`2 findings in 1 namespace (shop): 1 error, 1 warning`."""
    findings = broken(diagnosis) if shown.broken else list(diagnosis.findings)
    spaces = sorted({finding.place for finding in findings if finding.place})
    tally = Counter(finding.health for finding in findings)
    where = f" in {number(len(spaces), 'namespace')}" if spaces else ""
    if len(spaces) == 1:
        where += f" ({spaces[0]})"
    if any(not finding.place for finding in findings):
        where += " and the cluster" if spaces else " in the cluster"
    sums = ", ".join(f"{tally[health]} {health}" for health in HEALTHS if tally[health])
    hidden = Counter(it.health for it in diagnosis.findings if shown.broken and it.health not in _BROKEN)
    left = "".join(f", {hidden[health]} {health} not shown" for health in HEALTHS if hidden[health])
    return f"{number(len(findings), 'finding')}{where}" + (f": {sums}" if sums else "") + left


# --- the gate ---------------------------------------------------------------------


def gate(diagnosis: Diagnosis, fail_on: Sequence[Health]) -> str:
    """What `--fail-on` matched, in words; empty where it matched nothing.

    `warning` means warning or worse: unknown and error, too. An error is no unknown, and an unknown no error.
    """
    wanted = {*fail_on, *(("error", "unknown") if "warning" in fail_on else ())}
    names = sorted(space.namespace for space in diagnosis.spaces if space.health in wanted)
    parts = []
    if diagnosis.cluster is not None and diagnosis.cluster.health in wanted:
        parts.append("the cluster")
    if names:
        parts.append(f"{number(len(names), 'namespace')}: {some_of(names, _NAMES_SHOWN)}")
    return f"--fail-on {','.join(fail_on)} matched {' and '.join(parts)}" if parts else ""
