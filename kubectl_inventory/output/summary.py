"""What ends every run on stderr: which cluster, what was read, what was not, and what to type next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from kubectl_inventory.errors import OUT_OF_TIME
from kubectl_inventory.output.style import Style
from kubectl_inventory.output.views import treated
from kubectl_inventory.reading.inventory import REASONS, Inventory, Reading
from kubectl_inventory.request import Request
from kubectl_inventory.words import PROGRAM, number, seconds, some_of

_SHOWN_NAMES = 3
"""How many kinds a line names before it counts the rest."""
_SHOWN_NAMESPACES = 5


class Summary(msgspec.Struct, frozen=True):
    """What ends a run on stderr: one sentence, the lines below it, and what to type next."""

    sentence: str
    lines: tuple[str, ...] = ()
    hint: str = ""


def summarize(
    inventory: Inventory, request: Request, style: Style, *, elapsed_s: float, connection_flags: str
) -> Summary:
    """What was read, what was not, and how long it took. The numbers of `kinds` add up to all that were discovered."""
    if request.command == "kinds":
        clauses = [*_withheld_namespaces(inventory), seconds(elapsed_s)]
        return account(inventory, _treatments(inventory), clauses, connection_flags, with_lines=False)
    objects, kinds = inventory.objects, inventory.kinds_with_objects
    text = f"{number(objects, 'object')} of {number(kinds, 'kind')}{_where(inventory)}"
    clauses = []
    hides_empty = request.command == "counts" and style.format in ("table", "wide", "markdown")
    if not inventory.is_complete:
        clauses.append(read_clause(inventory))
    elif inventory.empty_kinds and hides_empty and not style.show_empty and request.by == ("kind",):
        empty = inventory.empty_kinds
        clauses.append(f"{number(empty, 'empty kind')} not shown (--show-empty)")
    clauses += withheld_clauses(inventory)
    clauses.append(seconds(elapsed_s))
    return account(inventory, text, clauses, connection_flags)


def _treatments(inventory: Inventory) -> str:
    """`67 kinds: 26 Read, 37 Forbidden (1 in part), 1 Alias, 3 LeftOut`."""
    readings = {reading.kind.name: reading for reading in inventory.readings}
    tally: Counter[str] = Counter()
    partly: Counter[str] = Counter()
    for treatment in inventory.plan.treatments:
        reading = readings.get(treatment.kind.name)
        status, _, _ = treated(treatment, reading)
        tally[status] += 1
        partly[status] += reading is not None and bool(reading.gaps) and not reading.is_unread
    order = ["Read", *REASONS, "Alias", "LeftOut", "Withheld", "Excluded", "OutOfScope"]
    said = [
        f"{tally[status]} {status}" + (f" ({partly[status]} in part)" if partly[status] else "")
        for status in order
        if tally[status]
    ]
    return f"{number(tally.total(), 'kind')}: {', '.join(said)}"


def account(
    inventory: Inventory, text: str, clauses: Sequence[str], connection_flags: str, *, with_lines: bool = True
) -> Summary:
    """What there is to say of an inventory, and below it what was not read and why."""
    state = "" if inventory.is_complete else "INCOMPLETE: "
    sentence = f"{inventory.taken.context}: {state}{'; '.join([text, *clauses])}"
    if inventory.is_complete:
        return Summary(sentence)
    forbidden = any(gap.reason == "Forbidden" for reading in inventory.readings for gap in reading.gaps)
    flags = f" {connection_flags}" if connection_flags else ""
    hint = ""
    if with_lines and forbidden:
        hint = f'"kubectl inventory kinds{flags} | grep Forbidden" lists them; --allow-incomplete: exit 0'
    elif with_lines:
        hint = _stuck_hint(inventory, flags)
    lines = _reason_lines(inventory) if with_lines else _aligned(_group_cells(inventory))
    return Summary(sentence, tuple(lines), hint)


def _stuck_hint(inventory: Inventory, flags: str) -> str:
    """For an aggregated group that does not answer: who serves it, and how to do without; for limits, which."""
    unread = [reading for reading in inventory.readings if reading.gaps]
    was_over = any(OUT_OF_TIME in gap.message for reading in unread for gap in reading.gaps)
    later = "--deadline 10m gives the whole run longer" if was_over else ""
    if len(unread) > _SHOWN_NAMES:
        if later:
            return later
        reasons = Counter(reading.reason for reading in unread)
        if reasons["NotReached"]:
            return f'"{PROGRAM} policy show" lists the limits, and the flags that raise them'
        if reasons["TimedOut"] == len(unread):
            return "--request-timeout 30s gives each request more time"
        return ""
    for reading in inventory.readings:
        if reading.gaps and "." in reading.kind.group:
            if reading.reason not in ("TimedOut", "Unavailable"):
                return f"--exclude {reading.kind.name}"
            service = f"{reading.kind.version}.{reading.kind.group}"
            return f'"kubectl get apiservice {service}{flags}"; --exclude {reading.kind.name}'
    for gap in inventory.plan.gaps:
        return f'"kubectl get apiservice {gap.version}.{gap.group}{flags}" tells why; --exclude "*.{gap.group}"'
    return later


def _reason_lines(inventory: Inventory) -> Iterable[str]:
    """A line for each reason and extent, kinds in API order."""
    whole: defaultdict[str, list[Reading]] = defaultdict(list)
    partly: defaultdict[tuple[str, int, int], list[Reading]] = defaultdict(list)
    for reading in inventory.readings:
        for reason in dict.fromkeys(gap.reason for gap in reading.gaps if gap.namespace is None or reading.is_unread):
            whole[reason].append(reading)
        spaces = Counter(gap.reason for gap in reading.gaps if gap.namespace is not None and not reading.is_unread)
        for reason, some in spaces.items():
            partly[(reason, some, reading.namespaces_asked)].append(reading)
    cells = []
    for reason in REASONS:
        if found := whole[reason]:
            said = {gap.message for reading in found for gap in reading.gaps if gap.reason == reason}
            detail = f": {said.pop()}" if len(said) == 1 and reason != "Forbidden" else ""
            cells.append((number(len(found), "kind"), reason, _named(found) + detail))
        for (why, some, asked), readings in partly.items():
            if why == reason:
                where = f"in {some} of {asked} namespaces"
                cells.append((number(len(readings), "kind"), reason, f"{where}: {_named(readings)}"))
    yield from _aligned([*cells, *_group_cells(inventory)])


def _group_cells(inventory: Inventory) -> list[tuple[str, str, str]]:
    return [("1 group", gap.reason, f"{gap.group}/{gap.version}: {gap.message}") for gap in inventory.plan.gaps]


def _aligned(cells: Sequence[tuple[str, str, str]]) -> Iterable[str]:
    widths = [max((len(line[place]) for line in cells), default=0) for place in (0, 1)]
    for first, second, third in cells:
        yield f"  {first.ljust(widths[0])}   {second.ljust(widths[1])}   {third}"


def _named(readings: Sequence[Reading]) -> str:
    return some_of([reading.kind.name for reading in readings], _SHOWN_NAMES)


def _where(inventory: Inventory) -> str:
    """` in 14 namespaces`, and which, where they are few."""
    reach = inventory.plan.reach
    if inventory.remark:
        return f" in 1 namespace ({inventory.remark})"
    if reach.named and reach.names is not None:
        which = f" ({', '.join(reach.names)})" if len(reach.names) <= _SHOWN_NAMESPACES else ""
        return f" in {number(len(reach.names), 'namespace')}{which}"
    known = inventory.namespace_count
    return f" in {number(known, 'namespace')}" if known is not None else ""


def read_clause(inventory: Inventory) -> str:
    """`62 of 63 kinds read, 1 API group unavailable`: the kinds without any gap."""
    whole, asked = sum(not reading.gaps for reading in inventory.readings), len(inventory.readings)
    groups = len(inventory.plan.dead_groups)
    unknown = f", {number(groups, 'API group')} unavailable" if groups else ""
    return f"{whole:,} of {number(asked, 'kind')} read{unknown}"


def withheld_clauses(inventory: Inventory) -> list[str]:
    """What the policy keeps out, for a sentence."""
    clauses = []
    if kinds_kept := [treatment.kind.name for treatment in inventory.withheld]:
        clauses.append(f"{number(len(kinds_kept), 'kind')} withheld by policy ({some_of(kinds_kept, _SHOWN_NAMES)})")
    return [*clauses, *_withheld_namespaces(inventory)]


def _withheld_namespaces(inventory: Inventory) -> list[str]:
    spaces = [space.namespace for space in inventory.plan.reach.withheld]
    if not spaces:
        return []
    return [f"{number(len(spaces), 'namespace')} withheld by policy ({some_of(spaces, _SHOWN_NAMES)})"]
