"""Runs many tasks side by side: bounded, in order, and never past one end time.

A task is a generator. It yields a `Wave` of jobs and is sent their results once
all of them are in; it yields an `Emitted` piece of its answer as soon as it has
one; what it returns ends it. So "count, then list, then the refused part again,
namespace by namespace" is one straight piece of code, and no task waits for
another. Knows nothing of Kubernetes.

Threads are daemons: one that hangs where nothing can interrupt it (a name
look-up) does not hold the program, as a ThreadPoolExecutor's would.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from kubectl_inventory.clock import ticks_s

R = TypeVar("R")
"""What a job gives."""
E = TypeVar("E")
"""A piece of a task's answer."""
F = TypeVar("F")
"""What a task ends with."""

_GLANCE_S = 0.1
"""How often the caller's thread looks up from waiting: the delay of Ctrl-C and of the progress line."""


class Job(msgspec.Struct, Generic[R], frozen=True):
    """Something to run in a thread, and the lane that bounds how many such run at once.

    A failure that the task should see is a value of `R`; an exception ends the whole batch.
    """

    lane: str
    run: Callable[[], R]


class Wave(msgspec.Struct, Generic[R], frozen=True):
    """Jobs whose results a task wants together, in this order."""

    jobs: Sequence[Job[R]]


class Emitted(msgspec.Struct, Generic[E], frozen=True):
    """A piece of a task's answer, handed to the caller in task order. `weight` is how much memory it stands for."""

    piece: E
    weight: int = 1


class Finished(msgspec.Struct, Generic[F], frozen=True):
    """A task came to its end."""

    outcome: F


class Unfinished(msgspec.Struct, frozen=True):
    """The end time came first. `started`: some job of the task had begun."""

    started: bool


Steps = Generator["Wave[R] | Emitted[E]", "Sequence[R]", F]


class Bounds(msgspec.Struct, frozen=True):
    """How much may run at once.

    `pools` is the size of each pool; `lanes` the pools that a lane's job takes a
    place in while it runs, and where several lanes have one the first goes first.
    `buffered` is the weight that tasks may run ahead of the one whose answer is
    being printed. `width` says how many places of a pool are worth taking, as far
    as is known by then; None: all of them.
    """

    pools: Mapping[str, int]
    lanes: Mapping[str, tuple[str, ...]]
    buffered: int
    width: Callable[[], int] | None = None

    def room(self, pool: str) -> int:
        """How many jobs of a pool may run now."""
        return self.pools[pool] if self.width is None else min(self.pools[pool], max(self.width(), 1))


class Progress(msgspec.Struct, Generic[F], frozen=True):
    """How far a batch is: the numbers of tasks, the unfinished ones with a job running, oldest first, and the ends.

    Before any job has begun it is the first task that is waited for.
    """

    total: int
    running: tuple[int, ...]
    outcomes: tuple[F, ...]

    @property
    def finished(self) -> int:
        """How many tasks have ended."""
        return len(self.outcomes)


class _Task(Generic[R, E, F]):
    """One generator, what it waits for and what it has said."""

    def __init__(self, steps: Steps[R, E, F]) -> None:
        self.steps = steps
        self.pieces: deque[Emitted[E]] = deque()
        self.results: dict[int, R] = {}
        self.missing = 0
        self.primed = False
        self.begun = False
        self.parked = False
        self.finished: Finished[F] | None = None


class Batch(Generic[R, E, F]):
    """Iterate to run it: yields `(task number, piece or end)`, every task's in turn."""

    def __init__(
        self,
        tasks: Sequence[Steps[R, E, F]],
        bounds: Bounds,
        *,
        end_s: float,
        watch: Callable[[Progress[F]], None] = lambda _: None,
    ) -> None:
        self._tasks = [_Task(steps) for steps in tasks]
        self._bounds = bounds
        self._end_s = end_s
        self._watch = watch
        self._used = dict.fromkeys(bounds.pools, 0)
        self._queues: dict[str, deque[tuple[int, int, Job[R]]]] = {lane: deque() for lane in bounds.lanes}
        self._running: dict[int, int] = {}
        # Of the kind that its owner may take again: a signal can interrupt the caller's thread while it holds it.
        lock = threading.RLock()
        # One lock, two audiences: to wake 24 workers for every reply costs more than the reply.
        self._changed = threading.Condition(lock)
        self._has_work = threading.Condition(lock)
        self._idle = 0
        self._threads = 0
        self._buffered = 0
        self._head = 0
        self._fatal: BaseException | None = None
        self._stopped = False
        self._has_begun = False

    def begin(self) -> None:
        """Sets the tasks going, so that the caller may do something else before it iterates."""
        if self._has_begun:
            return
        self._has_begun = True
        for number in range(len(self._tasks)):
            self._advance(number, [])
            if not number:
                # Whoever is interrupted before he iterates knows what was waited for, too.
                self._watch(self.progress())

    def __iter__(self) -> Iterator[tuple[int, E | Finished[F] | Unfinished]]:
        try:
            self.begin()
            for number, task in enumerate(self._tasks):
                yield from self._drain(number, task)
        except GeneratorExit:
            raise
        except BaseException:
            # Whoever interrupts it is told what it was waiting for.
            self._watch(self.progress())
            raise
        finally:
            with self._changed:
                self._stopped = True
                self._has_work.notify_all()

    def progress(self) -> Progress[F]:
        """How far it is now."""
        with self._changed:
            ends = [task.finished for task in self._tasks]
            outcomes = tuple(end.outcome for end in ends if end is not None)
            running = tuple(self._running)
            if not running and not outcomes and any(self._queues.values()):
                running = (0,)
            return Progress(len(self._tasks), running, outcomes)

    def _drain(self, number: int, task: _Task[R, E, F]) -> Iterator[tuple[int, E | Finished[F] | Unfinished]]:
        """One task's pieces as they come, then its end."""
        with self._changed:
            self._head = number
        while True:
            emitted, end = self._next_of(task)
            self._resume_parked()
            if emitted is not None:
                yield number, emitted.piece
            elif end is not None:
                yield number, end
                return

    def _next_of(self, task: _Task[R, E, F]) -> tuple[Emitted[E] | None, Finished[F] | Unfinished | None]:
        """The task's next piece or its end; neither when a parked task has to be resumed first."""
        while True:
            with self._changed:
                if self._fatal is not None:
                    raise self._fatal
                if task.pieces:
                    emitted = task.pieces.popleft()
                    self._buffered -= emitted.weight
                    return emitted, None
                if task.finished is not None:
                    return None, task.finished
                if task.parked:
                    return None, None
                left_s = self._end_s - ticks_s()
                if left_s <= 0:
                    return None, Unfinished(task.begun)
                self._changed.wait(min(left_s, _GLANCE_S))
            self._watch(self.progress())

    def _resume_parked(self) -> None:
        """Lets tasks go on that ran too far ahead; beyond the bound only the one that the reader waits for."""
        with self._changed:
            if self._buffered > self._bounds.buffered:
                candidates = [] if self._tasks[self._head].pieces else [self._head]
            else:
                candidates = list(range(self._head, len(self._tasks)))
            ready = [number for number in candidates if self._tasks[number].parked]
            for number in ready:
                self._tasks[number].parked = False
        for number in ready:
            self._advance(number, [])

    def _advance(self, number: int, results: Sequence[R]) -> None:
        """Runs a task's own code up to its next wave, or until it has to wait for the reader."""
        task = self._tasks[number]
        while True:
            try:
                step = task.steps.send(results) if task.primed else next(task.steps)
            except StopIteration as end:
                with self._changed:
                    task.finished = Finished(end.value)
                    self._changed.notify_all()
                return
            except BaseException as error:  # re-raised in the caller's thread
                self._fail(error)
                return
            task.primed, results = True, []
            if isinstance(step, Emitted):
                if self._keep(number, step):
                    return
            elif step.jobs:
                self._queue(number, step)
                return

    def _keep(self, number: int, emitted: Emitted[E]) -> bool:
        """Stores a piece; true when the task is parked until the reader has caught up."""
        with self._changed:
            task = self._tasks[number]
            task.pieces.append(emitted)
            self._buffered += emitted.weight
            task.parked = self._buffered > self._bounds.buffered
            self._changed.notify_all()
            return task.parked

    def _queue(self, number: int, wave: Wave[R]) -> None:
        with self._changed:
            task = self._tasks[number]
            task.results = {}
            task.missing = len(wave.jobs)
            for place, job in enumerate(wave.jobs):
                self._queues[job.lane].append((number, place, job))
            self._start_threads()
            self._has_work.notify(len(wave.jobs))

    def _start_threads(self) -> None:
        """As many as the queued jobs and the width of now are worth."""
        # An idle thread may already be on its way to an older job, so all that is queued counts.
        wanted = sum(map(len, self._queues.values())) - self._idle
        if wanted <= 0:
            return
        room = sum(map(self._bounds.room, self._bounds.pools))
        for _ in range(min(wanted, room - self._threads)):
            self._threads += 1
            threading.Thread(target=self._work, daemon=True, name="inventory-worker").start()

    def _work(self) -> None:
        """A worker thread's life."""
        while True:
            with self._changed:
                taken = self._take()
                while taken is None and not self._stopped:
                    self._idle += 1
                    self._has_work.wait()
                    self._idle -= 1
                    taken = self._take()
                if taken is None or self._stopped:
                    return
            if not self._run(*taken):
                return

    def _run(self, number: int, place: int, job: Job[R]) -> bool:
        """Runs a job and its task's next steps. A waiting thread holds no result: they are large."""
        try:
            self._give_back(number, place, job, job.run())
        except BaseException as error:  # re-raised in the caller's thread
            self._fail(error)
            return False
        return True

    def _take(self) -> tuple[int, int, Job[R]] | None:
        """The oldest job of a lane with room, its places taken. None begins after the end time."""
        if ticks_s() >= self._end_s:
            return None
        for lane, queue in self._queues.items():
            pools = self._bounds.lanes[lane]
            if queue and all(self._used[pool] < self._bounds.room(pool) for pool in pools):
                for pool in pools:
                    self._used[pool] += 1
                number, place, job = queue.popleft()
                self._running[number] = self._running.get(number, 0) + 1
                self._tasks[number].begun = True
                return number, place, job
        return None

    def _give_back(self, number: int, place: int, job: Job[R], result: R) -> None:
        with self._changed:
            for pool in self._bounds.lanes[job.lane]:
                self._used[pool] -= 1
            self._running[number] -= 1
            if not self._running[number]:
                del self._running[number]
            task = self._tasks[number]
            task.results[place] = result
            task.missing -= 1
            complete = not task.missing
            results: dict[int, R] = {}
            if complete:
                results, task.results = task.results, results
            if any(self._queues.values()):
                # This thread may have its task's own code to run first, and the place is free now;
                # and what the reply has told of the distance may have made room for more.
                self._start_threads()
                self._has_work.notify()
        if complete:
            self._advance(number, [results[place] for place in range(len(results))])

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._fatal = self._fatal or error
            self._stopped = True
            self._changed.notify_all()
            self._has_work.notify_all()


def run_each(functions: Sequence[Callable[[], R]], bounds: Bounds, *, lane: str, end_s: float) -> list[R]:
    """Some functions side by side in one lane, their results in order. Raises `TimeoutError` at the end time."""

    def alone(function: Callable[[], R]) -> Steps[R, None, R]:
        (result,) = yield Wave([Job(lane, function)])
        return result

    results: list[R] = []
    batch: Batch[R, None, R] = Batch([alone(function) for function in functions], bounds, end_s=end_s)
    for _, end in batch:
        if not isinstance(end, Finished):
            raise TimeoutError
        results.append(end.outcome)
    return results
