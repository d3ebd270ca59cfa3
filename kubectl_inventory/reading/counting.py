"""The task that counts a kind: without an object crossing the wire, wherever the server can say how many.

Refused cluster-wide, a kind is counted namespace by namespace. Secrets are
grouped by what the server selects, as not even their labels are fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from kubectl_inventory.errors import (
    ApiError,
    Forbidden,
)
from kubectl_inventory.reading.collect import FANOUT_WAVE, Collector, End, Part, count_in, count_pages, walk
from kubectl_inventory.reading.inventory import Gap, Reading
from kubectl_inventory.reading.ways import LIGHT_OBJECTS, paged, probed
from kubectl_inventory.resource import Kind, Lane, Question
from kubectl_inventory.wire import CollectionReply, MetadataOnly

ABSENT = "<none>"
UNKNOWN = "?"


def count_kind(kind: Kind, collector: Collector) -> Part[Reading]:
    """How many objects of a kind there are, grouped as the request says."""
    names: Sequence[str | None] = (None,)
    if kind.namespaced and collector.reach.names is not None:
        names = collector.reach.names
    keys = [key for key in collector.request.by if key != "kind"]
    if collector.request.label_keys:
        return (yield from _count_by_label(kind, collector, names))
    counted = yield from count_in(kind, collector, names)
    refusal = counted[0] if counted else None
    if names == (None,) and kind.namespaced and isinstance(refusal, Forbidden):
        names = yield from collector.names()
        counted = yield from count_in(kind, collector, names)
        if all(isinstance(count, Forbidden) for count in counted):
            return Reading(kind=kind, gaps=End(refusal).gaps(), namespaces_asked=len(names))
    elif names == (None,) and kind.namespaced and keys and isinstance(refusal, int) and refusal:
        return (yield from _count_by_namespace(kind, collector, refusal))
    reading = _sum(kind, names, counted)
    if isinstance(refusal, Forbidden):
        reading = collector.without_the_rest(reading, refusal)
    if not keys:
        return reading
    return msgspec.structs.replace(reading, groups=_by_namespace(names, counted))


def _sum(kind: Kind, names: Sequence[str | None], counted: Sequence[int | ApiError]) -> Reading:
    gaps = [
        Gap(count.reason, count.message, name)
        for name, count in zip(names, counted, strict=True)
        if isinstance(count, ApiError)
    ]
    return Reading(
        kind=kind,
        count=sum(count for count in counted if isinstance(count, int)),
        gaps=tuple(gaps),
        namespaces_asked=0 if None in names else len(names),
    )


def _by_namespace(names: Sequence[str | None], counted: Sequence[int | ApiError]) -> dict[tuple[str, ...], int]:
    return {
        (name if name is not None else "-",): count
        for name, count in zip(names, counted, strict=True)
        if isinstance(count, int) and count
    }


def _count_by_namespace(kind: Kind, collector: Collector, total: int) -> Part[Reading]:
    """A cluster-wide count, split: a probe for each namespace, or the namespaces of all objects, whichever is less."""
    names = yield from collector.names()
    conditions = collector.conditions()
    each, whole = probed(len(names), conditions), paged(kind, total, conditions, metadata=True)
    if kind.holds_secrets or each.time_s < whole.time_s:
        counted = yield from count_in(kind, collector, names)
        reading = _sum(kind, names, counted)
        if reading.count == total or not reading.is_whole or kind.holds_secrets:
            groups = _by_namespace(names, counted)
            if reading.is_whole and reading.count < total:
                # In a namespace that was deleted by force, or made this instant: a Secret's is not told.
                groups[(UNKNOWN,)] = total - reading.count
                reading = msgspec.structs.replace(reading, count=total)
            return msgspec.structs.replace(reading, groups=groups)
    groups_found: Counter[tuple[str, ...]] = Counter()

    def keep(_: str | None, reply: CollectionReply) -> None:
        groups_found.update((item.metadata.namespace or "-",) for item in _objects(reply))

    end = yield from walk(kind, collector, _metadata_question(kind, collector, None, total), None, keep)
    return _grouped(kind, groups_found, end)


def _count_by_label(kind: Kind, collector: Collector, names: Sequence[str | None]) -> Part[Reading]:
    """Counts by labels, and by namespace where that is asked for too."""
    if kind.holds_secrets:
        return (yield from _count_secrets(kind, collector, names))
    keys = [key for key in collector.request.by if key != "kind"]
    groups: Counter[tuple[str, ...]] = Counter()

    def keep(_: str | None, reply: CollectionReply) -> None:
        for item in _objects(reply):
            groups[tuple(_key_of(item, key, collector) for key in keys)] += 1

    end = End()
    if names == (None,):
        end = yield from walk(kind, collector, _metadata_question(kind, collector, None, None), None, keep)
        if not isinstance(end.error, Forbidden) or not kind.namespaced or groups:
            return _grouped(kind, groups, end)
        names = yield from collector.names()
    gaps: list[Gap] = []
    notes: dict[str, None] = {}
    for start in range(0, len(names), FANOUT_WAVE):
        some = names[start : start + FANOUT_WAVE]
        questions = [_metadata_question(kind, collector, name, None) for name in some]
        replies = yield from collector.ask(kind, *questions)
        for name, question, reply in zip(some, questions, replies, strict=True):
            part = yield from walk(kind, collector, question, name, keep, first=reply)
            gaps += part.gaps(name)
            notes.update(dict.fromkeys(part.notes()))
    if end.error is not None and len(gaps) == len(names) and all(gap.reason == "Forbidden" for gap in gaps):
        gaps = list(end.gaps())
    reading = Reading(
        kind=kind,
        count=groups.total(),
        gaps=tuple(gaps),
        namespaces_asked=len(names),
        groups=dict(groups),
        notes=tuple(notes),
    )
    return collector.without_the_rest(reading, end.error) if end.error is not None else reading


def _grouped(kind: Kind, groups: Counter[tuple[str, ...]], end: End) -> Reading:
    return Reading(kind=kind, count=groups.total(), gaps=end.gaps(), groups=dict(groups), notes=end.notes())


def _key_of(item: MetadataOnly, key: str, collector: Collector) -> str:
    """What an object is grouped under for one key of `--by`."""
    if key == "namespace":
        return item.metadata.namespace or "-"
    label = key.partition("=")[2]
    value = (item.metadata.labels or {}).get(label, ABSENT)
    collector.label_values[label].add(value)
    return value


def _count_secrets(kind: Kind, collector: Collector, names: Sequence[str | None]) -> Part[Reading]:
    """Secrets by label: the server selects, for every value that other kinds have, and none of theirs is fetched."""
    keys = [key for key in collector.request.by if key != "kind"]
    labels = collector.request.label_keys
    counted = yield from count_in(kind, collector, names)
    whole = counted[0] if names == (None,) else None
    if isinstance(whole, Forbidden) or (isinstance(whole, int) and whole and "namespace" in keys):
        names = yield from collector.names()
        counted = yield from count_in(kind, collector, names)
        if isinstance(whole, Forbidden) and all(isinstance(count, Forbidden) for count in counted):
            return Reading(kind=kind, gaps=End(whole).gaps(), namespaces_asked=len(names))
    reading = _sum(kind, names, counted)
    if isinstance(whole, Forbidden):
        reading = collector.without_the_rest(reading, whole)
    groups: Counter[tuple[str, ...]] = Counter()
    failed: list[Gap] = []
    for name, count in zip(names, counted, strict=True):
        if isinstance(count, ApiError) or not count:
            continue
        namespace = name if name is not None else "-"
        found, error = yield from _count_labelled(kind, collector, name, count)
        if error is not None:
            failed.append(Gap(error.reason, f"by label: {error.message}", name))
        if found.total() < count:
            found[(UNKNOWN,) * len(labels)] += count - found.total()
        for values, number in found.items():
            chosen = dict(zip(labels, values, strict=True))
            groups[tuple(namespace if key == "namespace" else chosen[key.partition("=")[2]] for key in keys)] += number
    if isinstance(whole, int) and reading.is_whole and reading.count < whole:
        # As in `_count_by_namespace`: what lies in no listed namespace is not told apart.
        groups[tuple(UNKNOWN for _ in keys)] += whole - reading.count
        reading = msgspec.structs.replace(reading, count=whole)
    return msgspec.structs.replace(reading, groups=dict(groups), gaps=(*reading.gaps, *failed))


def _count_labelled(
    kind: Kind, collector: Collector, name: str | None, most: int, chosen: tuple[str, ...] = ()
) -> Part[tuple[Counter[tuple[str, ...]], ApiError | None]]:
    """How many of a namespace's `most` objects have which values of the labels, and what stood in the way.

    `chosen` are the values of the first labels that all of them have. The next label is only asked for where
    there is something: what is asked grows with the sum of the labels' values, and not with their product.
    """
    labels = collector.request.label_keys
    found: Counter[tuple[str, ...]] = Counter()
    for value in sorted(collector.label_values[labels[len(chosen)]] | {ABSENT}):
        if most <= 0:
            break
        values = (*chosen, value)
        question = _selected(kind, collector, name, values)
        (reply,) = yield from collector.ask(kind, question)
        count = yield from count_pages(kind, collector, question, reply)
        if isinstance(count, ApiError):
            return found, count
        most -= count
        if count and len(values) < len(labels):
            within, error = yield from _count_labelled(kind, collector, name, count, values)
            found += within
            if error is not None:
                return found, error
        elif count:
            found[values] = count
    return found, None


def _selected(kind: Kind, collector: Collector, name: str | None, values: Sequence[str]) -> Question:
    """A question for the objects that have these values of the first labels, or do not have the label at all."""
    question = collector.table(kind, name, lane="list")
    selectors = [question.label_selector] if question.label_selector else []
    for label, value in zip(collector.request.label_keys, values, strict=False):
        selectors.append(f"!{label}" if value == ABSENT else f"{label}={value}")
    return msgspec.structs.replace(question, label_selector=",".join(selectors))


def _metadata_question(kind: Kind, collector: Collector, name: str | None, count: int | None) -> Question:
    """A question for the metadata of all objects: in pages, unless they are known to be few."""
    lane: Lane = "list" if count is not None and count <= LIGHT_OBJECTS else "heavy"
    question = msgspec.structs.replace(collector.table(kind, name, lane=lane), representation="metadata")
    if count is not None and count <= LIGHT_OBJECTS:
        return question
    return collector.paged(question)


def _objects(reply: CollectionReply) -> Sequence[MetadataOnly]:
    return reply.items or ()
