"""An inventory as rows and columns, and as a document.

Decides which columns, what is hidden and in which order; knows neither widths
nor separators (`render`) nor streams (`cli`). Every row comes from the server's
own cells, so that it is the same whichever way the object was fetched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kubectl_inventory.output.columns import NONE, Places
from kubectl_inventory.output.render import cell_text, escaped
from kubectl_inventory.reading.inventory import Inventory, Page, Reading, Row
from kubectl_inventory.reading.plan import Treatment
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import ColumnDefinition

NOT_APPLICABLE = "-"
UNREADABLE = "?"


class Grid(msgspec.Struct, frozen=True):
    """Headers and rows of text; the last column may be free text."""

    headers: tuple[str, ...]
    rows: list[tuple[str, ...]]


class Listed(msgspec.Struct, frozen=True):
    """Objects of one kind, all or some."""

    kind: Kind
    columns: tuple[ColumnDefinition, ...]
    rows: Sequence[Row]


# --- counts -----------------------------------------------------------------


def counts(inventory: Inventory, *, show_empty: bool, wide: bool) -> Grid:
    """COUNT and KIND, biggest first, then by name."""
    headers = ("COUNT", "VERSION", "NAMESPACED", "SHORTNAMES", "KIND") if wide else ("COUNT", "KIND")
    shown = [r for r in inventory.readings if not r.is_unread and (r.count or show_empty or not r.is_whole)]
    shown.sort(key=lambda reading: (-reading.count, reading.kind.name))
    rows = []
    for reading in shown:
        kind = reading.kind
        extra = (kind.api_version, _yes(kind.namespaced), ",".join(kind.short_names) or NOT_APPLICABLE)
        rows.append((_count(reading), *(extra if wide else ()), kind.name))
    return Grid(headers, rows)


def grouped_counts(inventory: Inventory, by: Sequence[str]) -> Grid:
    """COUNT and a column a key; where kinds are not a key, how many and which are the largest."""
    sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
    members: defaultdict[tuple[str, ...], defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for reading, key, count in _grouped(inventory, by):
        sums[key] += count
        members[key][reading.kind.resource] += count
    ordered = sorted(sums, key=lambda key: (-sums[key], key))
    headers = ("COUNT", *(_header_of(key) for key in by))
    if "kind" in by:
        return Grid(headers, [(str(sums[key]), *key) for key in ordered])
    return Grid(
        (*headers, "KINDS", "LARGEST"),
        [(str(sums[key]), *key, str(len(members[key])), _largest(members[key])) for key in ordered],
    )


def _grouped(inventory: Inventory, by: Sequence[str]) -> Iterable[tuple[Reading, tuple[str, ...], int]]:
    """Every group of every kind, its key in the order of `by`."""
    place = by.index("kind") if "kind" in by else None
    for reading in inventory.readings:
        for key, count in reading.groups.items():
            full = key if place is None else (*key[:place], reading.kind.name, *key[place:])
            yield reading, full, count


def for_csv(grid: Grid) -> Grid:
    """A grid for a program: `14+` is 14, what is not known or does not apply is empty, headers are in lower case."""
    rows = [tuple(map(_for_program, row)) for row in grid.rows]
    return Grid(tuple(header.lower() for header in grid.headers), rows)


def _for_program(cell: str) -> str:
    if cell in (NOT_APPLICABLE, UNREADABLE):
        return ""
    number = cell.removesuffix("+")
    return number if number.isdecimal() else cell


def _header_of(key: str) -> str:
    return key.partition("=")[2].upper() if "=" in key else key.upper()


def _largest(members: Mapping[str, int]) -> str:
    ordered = sorted(members.items(), key=lambda item: (-item[1], item[0]))
    return ",".join(f"{name}:{count}" for name, count in ordered[:3])


def _count(reading: Reading) -> str:
    """`14`, or `14+` where some of it could not be read."""
    return f"{reading.count}+" if reading.gaps else str(reading.count)


# --- objects ----------------------------------------------------------------


class Extras(msgspec.Struct, frozen=True, kw_only=True):
    """What a table of objects shows beside its usual columns."""

    wide: bool = False
    kinds: bool = False
    """Whether the names of one kind say which it is."""
    label_columns: tuple[str, ...] = ()
    labels: bool = False

    @property
    def label_headers(self) -> tuple[str, ...]:
        """As kubectl has them: `HOSTNAME` of `kubernetes.io/hostname`."""
        keys = tuple(key.rpartition("/")[2].upper() for key in self.label_columns)
        return (*keys, "LABELS") if self.labels else keys

    def label_cells(self, row: Row, *, nothing: str) -> tuple[str, ...]:
        """What stands in them; `nothing`: for a label that the object does not have."""
        if row.meta is None:
            return (UNREADABLE,) * len(self.label_headers)
        labels = row.meta.labels or {}
        each = tuple(labels.get(key, nothing) for key in self.label_columns)
        return (*each, _labels(labels)) if self.labels else each


def one_kind(listed: Listed, extras: Extras) -> Grid:
    """The server's own columns, cell for cell, as `kubectl get KIND -A` prints them."""
    places = [place for place, column in enumerate(listed.columns) if extras.wide or not column.priority]
    headers = [listed.columns[place].name.upper() for place in places]
    named = next((at for at, place in enumerate(places) if listed.columns[place].format == "name"), None)
    namespaced = listed.kind.namespaced
    rows = []
    for row in listed.rows:
        cells = [cell_text(row.cells[place]) if place < len(row.cells) else "" for place in places]
        if extras.kinds and named is not None:
            cells[named] = f"{listed.kind.prefix}/{cells[named]}"
        where = [row.namespace or UNREADABLE] if namespaced else []
        rows.append((*where, *cells, *extras.label_cells(row, nothing="")))
    return Grid((*(["NAMESPACE"] if namespaced else []), *headers, *extras.label_headers), rows)


def several_kinds(listed: Iterable[Listed], extras: Extras) -> Grid:
    """NAMESPACE NAME READY STATUS AGE for objects of any kind."""
    rows = []
    for part in listed:
        places, prefix = Places(part.columns), part.kind.prefix
        for row in part.rows:
            cells = (
                _namespace(row),
                f"{prefix}/{row.name}",
                places.ready(row) or NOT_APPLICABLE,
                places.status(row) or NOT_APPLICABLE,
                places.age(row) or NOT_APPLICABLE,
            )
            more = [places.more(row)] if extras.wide else []
            rows.append((*cells, *extras.label_cells(row, nothing=NONE), *more))
    more_headers = ["MORE"] if extras.wide else []
    return Grid(("NAMESPACE", "NAME", "READY", "STATUS", "AGE", *extras.label_headers, *more_headers), rows)


CSV_HEADERS = ("namespace", "apiVersion", "kind", "name", "created", "ready", "status")


def csv_rows(kind: Kind, page: Page) -> Iterable[tuple[str, ...]]:
    """The seven columns that any mix of kinds has."""
    places = Places(page.columns)
    for row in page.rows:
        created = row.meta.creation_timestamp if row.meta is not None else None
        yield (
            row.namespace or "",
            kind.api_version,
            kind.kind,
            row.name,
            created or "",
            places.ready(row),
            places.status(row),
        )


def names(kind: Kind, page: Page) -> Iterable[str]:
    """`kind.group/name`, exactly as `kubectl get -o name`."""
    prefix = kind.prefix
    return (f"{prefix}/{row.name}" for row in page.rows)


def _namespace(row: Row) -> str:
    if row.namespace is None:
        return NOT_APPLICABLE
    return row.namespace or UNREADABLE


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or NONE


# --- kinds ------------------------------------------------------------------


def kinds(inventory: Inventory, *, wide: bool) -> Grid:
    """Every discovered kind in API order, how it was treated and why."""
    readings = {reading.kind.name: reading for reading in inventory.readings}
    lines: list[tuple[tuple[str, str], tuple[str, ...]]] = []
    for treatment in inventory.plan.treatments:
        kind = treatment.kind
        status, count, why = treated(treatment, readings.get(kind.name))
        extra = (_yes(kind.namespaced), ",".join(kind.short_names) or NOT_APPLICABLE, ",".join(kind.verbs),
                 ",".join(kind.categories) or NOT_APPLICABLE)
        row = (status, count, kind.version, *(extra if wide else ()), kind.name, why)
        lines.append(((kind.group, kind.resource), row))
    for gap in inventory.plan.gaps:
        unknown = (UNREADABLE,) * 4 if wide else ()
        lines.append(((gap.group, ""), (gap.reason, UNREADABLE, gap.version, *unknown, f"*.{gap.group}", gap.message)))
    lines.sort(key=lambda line: line[0])
    wide_headers = ("NAMESPACED", "SHORTNAMES", "VERBS", "CATEGORIES") if wide else ()
    return Grid(("STATUS", "COUNT", "VERSION", *wide_headers, "KIND", "WHY"), [row for _, row in lines])


def with_free_text_last(grid: Grid) -> Grid:
    """For the eye: the last column follows the one before it unpadded, as both may be long."""
    *headers, before, last = grid.headers
    rows = [(*row[:-2], f"{row[-2]}   {row[-1]}" if row[-1] else row[-2]) for row in grid.rows]
    return Grid((*headers, f"{before}   {last}"), rows)


def treated(treatment: Treatment, reading: Reading | None) -> tuple[str, str, str]:
    """STATUS, COUNT and WHY of one kind."""
    if reading is None:
        return treatment.status, NOT_APPLICABLE, treatment.why
    if reading.is_whole:
        return "Read", str(reading.count), ", ".join(reading.notes)
    if reading.is_unread:
        where = "at cluster scope" if reading.reason == "Forbidden" and not treatment.kind.namespaced else ""
        return reading.reason, UNREADABLE, where or _short(reading)
    spaces = sum(gap.namespace is not None for gap in reading.gaps)
    if not spaces:
        return reading.reason, _count(reading), _short(reading)
    return reading.reason, _count(reading), f"in {spaces} of {reading.namespaces_asked} namespaces"


def _short(reading: Reading) -> str:
    """The message of what could not be read, but for Forbidden, which says it all."""
    return "" if reading.reason == "Forbidden" else reading.gaps[0].message


def _yes(flag: bool) -> str:
    return "true" if flag else "false"


# --- the document -----------------------------------------------------------


def count_items(inventory: Inventory, by: Sequence[str]) -> list[dict[str, object]]:
    """The items of a counting document."""
    if by == ("kind",):
        return [_count_item(reading) for reading in inventory.readings if not reading.is_unread]
    items: list[dict[str, object]] = []
    sums: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for _, key, count in _grouped(inventory, by):
        sums[key] += count
    for values, count in sorted(sums.items(), key=lambda item: (-item[1], item[0])):
        keys = {_item_key(key): value for key, value in zip(by, values, strict=True) if value != NOT_APPLICABLE}
        items.append({**keys, "count": count})
    return items


def _item_key(key: str) -> str:
    return key if "=" not in key else f"label:{key.partition('=')[2]}"


def _count_item(reading: Reading) -> dict[str, object]:
    kind = reading.kind
    item: dict[str, object] = {
        "resource": kind.resource,
        "group": kind.group,
        "version": kind.version,
        "kind": kind.kind,
        "namespaced": kind.namespaced,
        "count": reading.count,
    }
    return {**item, "atLeast": True} if reading.gaps else item


def object_item(kind: Kind, row: Row, places: Places, *, sparse: bool = False) -> dict[str, object]:
    """One object by the JSON contract; what is not known of it is absent.

    `sparse`: so are labels and owners where it has none, as in the server's own objects, which templates are made for.
    """
    metadata: dict[str, object] = {"name": row.name}
    if row.namespace:
        metadata["namespace"] = row.namespace
    if row.meta is not None:
        if row.meta.uid:
            metadata["uid"] = row.meta.uid
        if row.meta.labels or not sparse:
            metadata["labels"] = row.meta.labels or {}
        if row.meta.owner_references or not sparse:
            metadata["ownerReferences"] = row.meta.owner_references or ()
        if row.meta.creation_timestamp:
            metadata["creationTimestamp"] = row.meta.creation_timestamp
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": metadata,
        "columns": places.columns_of(row),
    }


def kind_items(inventory: Inventory) -> list[dict[str, object]]:
    """The items of the `kinds` document: every discovered kind."""
    readings = {reading.kind.name: reading for reading in inventory.readings}
    items: list[dict[str, object]] = []
    for treatment in inventory.plan.treatments:
        kind, reading = treatment.kind, readings.get(treatment.kind.name)
        status, _, why = treated(treatment, reading)
        item: dict[str, object] = {
            "resource": kind.resource,
            "group": kind.group,
            "version": kind.version,
            "kind": kind.kind,
            "namespaced": kind.namespaced,
            "verbs": kind.verbs,
            "shortNames": kind.short_names,
            "categories": kind.categories,
            "status": status,
            "why": why,
        }
        if reading is not None and not reading.is_unread:
            item["count"] = reading.count
            if reading.gaps:
                item["atLeast"] = True
        items.append(item)
    return items


def document(inventory: Inventory, items: Sequence[object]) -> dict[str, object]:
    """The JSON contract of every view; nothing is `[]`, never null."""
    return {**preamble(inventory), "complete": inventory.is_complete, "items": items, **accounts(inventory)}


def preamble(inventory: Inventory) -> dict[str, object]:
    """What stands before the items."""
    return {
        "apiVersion": "inventory/v1",
        "kind": "Inventory",
        "context": inventory.taken.context,
        "server": inventory.taken.server,
        "takenAt": inventory.taken.at,
    }


def opening(inventory: Inventory, *, is_whole: bool = True) -> str:
    """How a document begins: which cluster, when, and whether it is whole; `is_whole`: as far as this does not tell."""
    taken = inventory.taken
    state = "complete" if inventory.is_complete and is_whole else "INCOMPLETE"
    return f"{escaped(taken.context)} ({taken.server}), {taken.at}, {state}\n\n"


def closing(inventory: Inventory) -> str:
    """How a document ends: what was not read, and what the policy kept out."""
    lines = []
    for reading in _wanted(inventory):
        for gap in reading.gaps:
            where = f" in {gap.namespace}" if gap.namespace is not None else ""
            lines.append(f"* unread: {reading.kind.name}{where}: {gap.reason}")
    lines += [f"* unread: *.{gap.group}: {gap.reason}" for gap in inventory.plan.gaps]
    lines += [f"* withheld: {treatment.kind.name}: {treatment.why}" for treatment in inventory.withheld]
    for space in inventory.plan.reach.withheld:
        lines.append(f"* withheld: namespace {space.namespace}: {space.rule}")
    return "".join(["\n", *(f"{escaped(line)}\n" for line in lines)]) if lines else ""


def accounts(inventory: Inventory) -> dict[str, object]:
    """What was not read and what the policy kept out, one entry each."""
    unread: list[dict[str, str]] = []
    for reading in _wanted(inventory):
        for gap in reading.gaps:
            entry = {"resource": reading.kind.resource, "group": reading.kind.group}
            if gap.namespace is not None:
                entry["namespace"] = gap.namespace
            unread.append({**entry, "reason": gap.reason, "message": gap.message})
    for group in inventory.plan.gaps:
        unread.append({"resource": "*", "group": group.group, "reason": group.reason, "message": group.message})
    return {"unread": unread, "withheld": withheld(inventory)}


def _wanted(inventory: Inventory) -> list[Reading]:
    """What was read for itself: without what is only aside an answer is complete, and nothing of it unread."""
    return [reading for reading in inventory.readings if not reading.is_aside]


def withheld(inventory: Inventory) -> list[dict[str, str]]:
    """What the policy kept out, one entry each; known before anything is listed."""
    entries: list[dict[str, str]] = []
    for treatment in inventory.withheld:
        if treatment.rule is not None:
            rule = {"rule": treatment.rule.name, "source": treatment.rule.source}
            entries.append({"resource": treatment.kind.resource, "group": treatment.kind.group, **rule})
    for space in inventory.plan.reach.withheld:
        entries.append({"namespace": space.namespace, "rule": space.rule.name, "source": space.rule.source})
    return entries
