"""Where a run's time went, on the wall clock, though its threads overlap.

Eight threads that wait a tenth of a second side by side keep a person waiting a
tenth, not eight. So each moment of a run is shared out among the threads that
were busy then, and each gives its share to what it was doing: the phases of a
run add up to its length. What no thread was seen to do is work of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from kubectl_inventory.clock import ticks_s
from kubectl_inventory.reading.batch import Job, Wave
from kubectl_inventory.reading.collect import Part, Replied
from kubectl_inventory.reading.inventory import Reading
from kubectl_inventory.resource import Answer, Question, Read

if TYPE_CHECKING:
    from kubectl_inventory.connection.kube import RequestRecord

T = TypeVar("T")
Phase = Literal["wait", "read", "decode"]
PHASES: tuple[Phase, ...] = ("wait", "read", "decode")


class Change(msgspec.Struct, frozen=True):
    """A thread begins with a phase (1) or leaves it (-1)."""

    at_s: float
    phase: Phase
    by: Literal[1, -1]


class Stopwatch:
    """Looks on while one run after another is made. Its methods are called from many threads at once."""

    def __init__(self) -> None:
        # To extend a list is atomic, which `+=` on an attribute is not; and nobody reads before the threads have done.
        self._changes: list[Change] = []
        self.round_trip_s = float("inf")
        """The shortest time from a request, as it was about to be sent, to the first bytes of its reply."""

    def begin(self) -> None:
        """Another run: what was seen of the last one is forgotten."""
        self._changes = []

    def read(self, read: Read) -> Read:
        """A `Read` that is seen to wait. Its body's own time is told by `note`."""

        def seen(question: Question) -> Answer:
            begun_s = ticks_s()
            try:
                return read(question)
            finally:
                self._moves("wait", begun_s, ticks_s(), out_of="decode")

        return seen

    def note(self, record: RequestRecord) -> None:
        """A request has just ended: when its body came."""
        ended_s = ticks_s()
        if record.status:
            self.round_trip_s = min(self.round_trip_s, record.waited_ms / 1000)
        self._moves("read", ended_s - (record.elapsed_ms - record.waited_ms) / 1000, ended_s, out_of="wait")

    def steps(self, steps: Part[Reading]) -> Part[Reading]:
        """A task that is seen to work: in its jobs, where it decodes what was read, and between them."""
        replies: Sequence[Replied] | None = None
        while True:
            begun_s = ticks_s()
            try:
                step = next(steps) if replies is None else steps.send(replies)
            except StopIteration as end:
                reading: Reading = end.value
                return reading
            finally:
                self._moves("decode", begun_s, ticks_s())
            if isinstance(step, Wave):
                step = Wave([Job(job.lane, self._seen(job.run)) for job in step.jobs])
            replies = yield step

    def shares(self, begun_s: float, ended_s: float) -> dict[Phase, float]:
        """How the time between two moments is shared out, in seconds."""
        return shares(self._changes, begun_s, ended_s)

    def _seen(self, run: Callable[[], T]) -> Callable[[], T]:
        def seen() -> T:
            begun_s = ticks_s()
            try:
                return run()
            finally:
                self._moves("decode", begun_s, ticks_s())

        return seen

    def _moves(self, into: Phase, begun_s: float, ended_s: float, *, out_of: Phase | None = None) -> None:
        """A thread was in a phase for a while, and so not in the one that it interrupts."""
        changes = [Change(begun_s, into, 1), Change(ended_s, into, -1)]
        if out_of is not None:
            changes += [Change(begun_s, out_of, -1), Change(ended_s, out_of, 1)]
        self._changes.extend(changes)


def shares(changes: Sequence[Change], begun_s: float, ended_s: float) -> dict[Phase, float]:
    """The seconds between two moments, each divided among the phases by how many threads were in them."""
    busy = dict.fromkeys(PHASES, 0)
    shared = dict.fromkeys(PHASES, 0.0)
    now_s = begun_s
    moments = sorted(((change.at_s, change) for change in changes), key=itemgetter(0))
    for at_s, change in [*moments, (ended_s, None)]:
        until_s = min(max(at_s, begun_s), ended_s)
        threads = sum(busy.values())
        for phase in PHASES:
            part = busy[phase] / threads if threads else float(phase == "decode")
            shared[phase] += (until_s - now_s) * part
        now_s = until_s
        if change is not None:
            busy[change.phase] += change.by
    return shared
