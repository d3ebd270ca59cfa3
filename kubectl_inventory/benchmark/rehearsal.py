"""What a strategy would ask, found out by letting it ask a model of the cluster.

The model answers every list as if each kind held so many objects, spread evenly
over the namespaces. So what is said before a run comes from the same code as the
run itself, and cannot come to differ from it. Nothing is sent; bytes are rough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from kubectl_inventory.errors import ApiError
from kubectl_inventory.reading.batch import Wave
from kubectl_inventory.reading.collect import Part, Replied
from kubectl_inventory.reading.inventory import Reading
from kubectl_inventory.reading.ways import CELLS_BYTES, METADATA_BYTES, OTHER_METADATA_BYTES, TABLE_BYTES
from kubectl_inventory.resource import Answer, ApiPath, Question, checked_path


class Cost(msgspec.Struct, frozen=True):
    """What something takes from the server."""

    requests: int = 0
    bytes_received: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.requests + other.requests, self.bytes_received + other.bytes_received)


class Model:
    """A cluster that holds so many objects of each kind, by the path of its whole collection, and keeps the books."""

    def __init__(self, sizes: Mapping[ApiPath, int | ApiError], namespaces: Sequence[str]) -> None:
        self._sizes = sizes
        self._places = {name: place for place, name in enumerate(namespaces)}
        self.cost = Cost()

    def read(self, question: Question) -> Answer:
        """What the cluster would send, but for what is in it. Raises what it raised when it was asked for a size."""
        whole, namespace = _parted(question.path)
        size = self._sizes.get(whole, 0)
        if isinstance(size, ApiError):
            if namespace is None:
                self.cost += Cost(1)
                raise size
            size = 0
        if namespace is not None:
            size = self._share(size, namespace)
        begin = int(question.continue_token or 0)
        end = min(size, begin + question.limit) if question.limit is not None else size
        self.cost += Cost(1, TABLE_BYTES + (end - begin) * _object_bytes(question))
        return Answer(_body(question, end - begin, _meta(question, end, size)))

    def _share(self, size: int, namespace: str) -> int:
        """How many of a kind lie in one namespace: the first ones have the remainder."""
        if namespace not in self._places:
            return 0
        each, over = divmod(size, len(self._places))
        return each + (self._places[namespace] < over)


def rehearse(steps: Part[Reading]) -> Reading:
    """A task, played to its end: one question after another."""
    try:
        step = next(steps)
        while True:
            replies: list[Replied] = [job.run() for job in step.jobs] if isinstance(step, Wave) else []
            step = steps.send(replies)
    except StopIteration as end:
        reading: Reading = end.value
        return reading


def _parted(path: ApiPath) -> tuple[ApiPath, str | None]:
    """The path of a kind's whole collection, and the namespace that was asked of it."""
    head, _, rest = path.partition("/namespaces/")
    namespace, _, resource = rest.partition("/")
    return (checked_path(f"{head}/{resource}"), namespace) if resource else (path, None)


def _object_bytes(question: Question) -> int:
    if question.representation == "table" and not question.include_metadata:
        return CELLS_BYTES
    resource = question.path.rpartition("/")[2]
    metadata = METADATA_BYTES.get(resource, OTHER_METADATA_BYTES)
    return metadata + (CELLS_BYTES if question.representation == "table" else 0)


def _meta(question: Question, end: int, size: int) -> dict[str, str | int]:
    if end >= size:
        return {"resourceVersion": "1"}
    selects = question.label_selector or question.field_selector
    return {"resourceVersion": "1", "continue": str(end), **({} if selects else {"remainingItemCount": size - end})}


def _body(question: Question, objects: int, meta: Mapping[str, str | int]) -> bytes:
    """A list of objects that are all alike."""
    if question.representation != "table":
        return msgspec.json.encode(
            {"kind": "PartialObjectMetadataList", "metadata": meta, "items": [_OBJECT] * objects}
        )
    row = {"cells": ("x",), "object": _OBJECT if question.include_metadata else None}
    columns = ({"name": "Name", "type": "string", "format": "name"},)
    return msgspec.json.encode(
        {"kind": "Table", "metadata": meta, "columnDefinitions": columns, "rows": [row] * objects}
    )


_OBJECT: Mapping[str, Mapping[str, str]] = {"metadata": {"name": "x"}}
