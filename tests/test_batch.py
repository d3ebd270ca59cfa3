"""The engine: bounded, in order, and never past its end time. Held together by events, never by sleeping."""

from __future__ import annotations

import random
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec
import pytest

from kubectl_inventory.clock import ticks_s
from kubectl_inventory.reading.batch import (
    Batch,
    Bounds,
    Emitted,
    Finished,
    Job,
    Progress,
    Steps,
    Unfinished,
    Wave,
    run_each,
)

WAIT_S = 20.0
"""A test that waits so long has failed."""
LANES = {"probe": ("probes",), "list": ("workers",), "heavy": ("workers", "heavyLists")}
ONE = Bounds({"one": 1}, {"list": ("one",)}, 1000)
Piece = tuple[int, int | Finished[int] | Unfinished]


def bounds(*, probes: int = 4, workers: int = 3, heavy: int = 2, buffered: int = 1000) -> Bounds:
    return Bounds({"probes": probes, "workers": workers, "heavyLists": heavy}, LANES, buffered)


def a_batch(*tasks: Steps[int, int, int], within: Bounds | None = None, end_s: float | None = None) -> list[Piece]:
    batch: Batch[int, int, int] = Batch(tasks, within or bounds(), end_s=ticks_s() + WAIT_S if end_s is None else end_s)
    return list(batch)


def wave(*runs: Callable[[], int], lane: str = "list") -> Wave[int]:
    return Wave([Job(lane, run) for run in runs])


def value(number: int) -> Callable[[], int]:
    return lambda: number


def sets(event: threading.Event) -> Callable[[], int]:
    """A job that lets others know that it ran."""

    def run() -> int:
        event.set()
        return 0

    return run


def asks(*numbers: int, lane: str = "list") -> Steps[int, int, int]:
    """A task of one wave that ends with its results' sum."""
    results = yield wave(*map(value, numbers), lane=lane)
    return sum(results)


def emits(*weights: int) -> Steps[int, int, int]:
    """A task that only says its pieces, each the size of its weight."""
    for weight in weights:
        yield Emitted(weight, weight)
    return len(weights)


class Gate:
    """A job that says that it has begun, and ends when it is let."""

    def __init__(self, result: int = 0) -> None:
        self.begun, self.open, self._result = threading.Event(), threading.Event(), result

    def __call__(self) -> int:
        self.begun.set()
        assert self.open.wait(WAIT_S)
        return self._result


class Meter:
    """Counts what runs at once, by lane."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def job(self, lane: str, inner: Callable[[], int] = int) -> Job[int]:
        def run() -> int:
            self._move(lane, 1)
            try:
                return inner()
            finally:
                self._move(lane, -1)

        return Job(lane, run)

    def _move(self, lane: str, by: int) -> None:
        with self._lock:
            self._now[lane] += by
            sums = {**self._now, "workers": self._now["list"] + self._now["heavy"]}
            for name, number in sums.items():
                self.most[name] = max(self.most[name], number)


# --- order ------------------------------------------------------------------


def test_results_come_in_task_order_whichever_was_first() -> None:
    first = Gate(1)

    def opens() -> int:
        first.open.set()
        return 2

    def task(run: Callable[[], int]) -> Steps[int, int, int]:
        (result,) = yield wave(run)
        yield Emitted(result)
        return result

    assert a_batch(task(first), task(opens)) == [(0, 1), (0, Finished(1)), (1, 2), (1, Finished(2))]


def test_a_waves_results_are_in_the_order_of_its_jobs() -> None:
    slow = Gate(1)

    def opens() -> int:
        slow.open.set()
        return 2

    def task() -> Steps[int, int, int]:
        return (yield wave(slow, opens, value(3)))[0] * 100 + 23

    assert a_batch(task()) == [(0, Finished(123))]


def test_a_wave_of_nothing_goes_on_at_once() -> None:
    def task() -> Steps[int, int, int]:
        return len((yield Wave([])))

    assert a_batch(task()) == [(0, Finished(0))]


def test_no_tasks_are_no_pieces() -> None:
    assert a_batch() == []


def test_a_task_that_asks_nothing_ends() -> None:
    assert a_batch(emits(), emits(1, 2)) == [(0, Finished(0)), (1, 1), (1, 2), (1, Finished(2))]


def test_pieces_come_before_the_task_is_at_its_end() -> None:
    gate = Gate(5)

    def task() -> Steps[int, int, int]:
        yield Emitted(1)
        (result,) = yield wave(gate)
        return result

    batch: Batch[int, int, int] = Batch([task()], bounds(), end_s=ticks_s() + WAIT_S)
    stream = iter(batch)
    assert next(stream) == (0, 1)
    gate.open.set()
    assert list(stream) == [(0, Finished(5))]


# --- bounds -----------------------------------------------------------------


def test_as_many_jobs_run_at_once_as_the_bound_allows() -> None:
    together = threading.Barrier(3, timeout=WAIT_S)

    def meets() -> int:
        together.wait()
        return 1

    def task() -> Steps[int, int, int]:
        return sum((yield wave(*[meets] * 6)))

    assert a_batch(task(), within=bounds(workers=3)) == [(0, Finished(6))]


@pytest.mark.parametrize("seed", range(3))
def test_no_lane_ever_runs_more_than_its_pools_hold(seed: int) -> None:
    dice, meter = random.Random(seed), Meter()

    def task(lanes: Sequence[Sequence[str]]) -> Steps[int, int, int]:
        for some in lanes:
            yield Wave([meter.job(lane) for lane in some])
        return 0

    plans = [[dice.choices(list(LANES), k=dice.randint(1, 5)) for _ in range(3)] for _ in range(60)]
    a_batch(*map(task, plans), within=bounds(probes=4, workers=3, heavy=2))
    assert meter.most["probe"] <= 4
    assert meter.most["workers"] <= 3
    assert meter.most["heavy"] <= 2


def test_one_pool_of_one_is_one_at_a_time() -> None:
    meter = Meter()

    def task() -> Steps[int, int, int]:
        return len((yield Wave([meter.job("list") for _ in range(20)])))

    a_batch(*[task() for _ in range(5)], within=ONE)
    assert meter.most["list"] == 1


def test_a_full_lane_does_not_hold_up_another() -> None:
    stuck = Gate()

    def opens() -> int:
        stuck.open.set()
        return 1

    def heavy() -> Steps[int, int, int]:
        return sum((yield wave(stuck, stuck, stuck, lane="heavy")))

    def light() -> Steps[int, int, int]:
        return sum((yield wave(opens, lane="list")))

    assert a_batch(heavy(), light(), within=bounds(workers=2, heavy=1)) == [(0, Finished(0)), (1, Finished(1))]


def test_waves_are_chained_with_no_barrier_between_tasks() -> None:
    slow = Gate()

    def long() -> Steps[int, int, int]:
        return sum((yield wave(slow)))

    def chain() -> Steps[int, int, int]:
        yield wave(value(1))
        yield wave(value(2))

        def opens() -> int:
            slow.open.set()
            return 3

        return sum((yield wave(opens)))

    assert a_batch(long(), chain()) == [(0, Finished(0)), (1, Finished(3))]


def test_a_job_does_not_wait_for_an_idle_thread_that_an_older_job_will_take() -> None:
    """Two waves queued while one thread idles: the second must not be left behind the first, which may hang."""

    def held(gate: Gate, others: list[Batch[int, int, int]]) -> Steps[int, int, int]:
        while not others[0].progress().finished:
            continue
        return sum((yield wave(gate)))

    def frees(gate: Gate) -> Steps[int, int, int]:
        return sum((yield wave(sets(gate.open))))

    for _ in range(20):
        hangs, own = Gate(), list[Batch[int, int, int]]()
        own.append(Batch([asks(1), held(hangs, own), frees(hangs)], bounds(), end_s=ticks_s() + WAIT_S))
        assert [end for _, end in own[0]] == [Finished(1), Finished(0), Finished(0)]


# --- memory -----------------------------------------------------------------


class Ahead:
    """Counts the weight that was emitted and not yet read."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def task(self, weights: Sequence[int]) -> Steps[int, int, int]:
        for weight in weights:
            yield wave(int)
            with self._lock:
                self.now += weight
                self.most = max(self.most, self.now)
            yield Emitted(weight, weight)
        return sum(weights)

    def read(self, weight: int) -> None:
        with self._lock:
            self.now -= weight


@pytest.mark.parametrize("seed", range(4))
def test_tasks_run_ahead_by_the_limit_and_a_piece_each_at_most(seed: int) -> None:
    dice, ahead = random.Random(seed), Ahead()
    plans = [[dice.randint(1, 9) for _ in range(dice.randint(0, 30))] for _ in range(8)]
    batch = Batch([ahead.task(plan) for plan in plans], bounds(buffered=20), end_s=ticks_s() + WAIT_S)
    ends = []
    for _, piece in batch:
        if isinstance(piece, int):
            ahead.read(piece)
        else:
            ends.append(piece)
    assert ends == [Finished(sum(plan)) for plan in plans]
    assert ahead.most <= 20 + 9 * (len(plans) + 1)  # and the one that is being handed over


def test_the_task_that_is_read_does_not_run_ahead_while_others_fill_the_buffer() -> None:
    said: list[int] = []

    def head() -> Steps[int, int, int]:
        for weight in [1] * 10 + [100] * 10:
            said.append(weight)
            yield Emitted(weight, weight)
        return 0

    batch: Batch[int, int, int] = Batch([head(), emits(500)], bounds(buffered=10), end_s=ticks_s() + WAIT_S)
    stream = iter(batch)
    for _ in range(8):
        next(stream)
    assert sum(said) <= 120
    assert len(list(stream)) == 21 + 2 - 8


def test_a_parked_task_goes_on_when_its_turn_comes() -> None:
    pieces = a_batch(emits(5), emits(5, 5, 5), emits(5, 5), within=bounds(buffered=1))
    assert pieces == [
        (0, 5), (0, Finished(1)),
        (1, 5), (1, 5), (1, 5), (1, Finished(3)),
        (2, 5), (2, 5), (2, Finished(2)),
    ]  # fmt: skip


def test_a_results_memory_is_given_back_when_the_task_has_taken_what_it_keeps() -> None:
    class Large:
        pass

    seen: list[weakref.ref[Large]] = []

    def makes() -> Large:
        large = Large()
        seen.append(weakref.ref(large))
        return large

    def looks() -> Large:
        assert seen[0]() is None, "the first task's reply is still held"
        return Large()

    def task(run: Callable[[], Large]) -> Steps[Large, int, int]:
        return len((yield Wave([Job("list", run)])))

    batch: Batch[Large, int, int] = Batch([task(makes), task(looks)], ONE, end_s=ticks_s() + WAIT_S)
    assert list(batch) == [(0, Finished(1)), (1, Finished(1))]


# --- failure ----------------------------------------------------------------


def raises() -> int:
    raise LookupError("broken")


def test_an_exception_in_a_job_reaches_the_caller() -> None:
    def task() -> Steps[int, int, int]:
        return sum((yield wave(raises)))

    with pytest.raises(LookupError, match="broken"):
        a_batch(asks(1), task(), asks(2))


@pytest.mark.parametrize("steps_before", [0, 1])
def test_an_exception_in_a_tasks_own_code_reaches_the_caller(steps_before: int) -> None:
    def task() -> Steps[int, int, int]:
        for _ in range(steps_before):
            yield wave(int)
        return raises()

    with pytest.raises(LookupError, match="broken"):
        a_batch(asks(1), task())


def test_an_exception_ends_the_batch_also_while_another_job_hangs() -> None:
    hung = Gate()

    def holds() -> Steps[int, int, int]:
        return sum((yield wave(hung)))

    def fails() -> Steps[int, int, int]:
        def run() -> int:
            hung.begun.wait(WAIT_S)
            return raises()

        return sum((yield wave(run)))

    with pytest.raises(LookupError):
        a_batch(holds(), fails())
    hung.open.set()


def test_a_lane_that_does_not_exist_is_an_error_and_not_a_hang() -> None:
    def task() -> Steps[int, int, int]:
        yield wave(int)
        return sum((yield wave(int, lane="nowhere")))

    with pytest.raises(KeyError, match="nowhere"):
        a_batch(task())


def test_nothing_more_is_begun_after_a_failure() -> None:
    begun: list[int] = []

    def task(number: int) -> Steps[int, int, int]:
        def run() -> int:
            begun.append(number)
            return raises()

        return sum((yield wave(run)))

    with pytest.raises(LookupError):
        a_batch(*map(task, range(20)), within=ONE)
    assert begun == [0]


def test_an_interrupt_in_the_reader_leaves_at_once_and_ends_the_threads() -> None:
    hung, later = Gate(), threading.Event()

    def holds() -> Steps[int, int, int]:
        yield Emitted(1)
        return sum((yield wave(hung)))

    def interrupted() -> Iterator[Piece]:
        for piece in Batch([holds(), follows()], ONE, end_s=ticks_s() + WAIT_S):
            yield piece
            assert hung.begun.wait(WAIT_S)
            raise KeyboardInterrupt

    def follows() -> Steps[int, int, int]:
        return sum((yield wave(sets(later))))

    with pytest.raises(KeyboardInterrupt):
        list(interrupted())
    workers = [thread for thread in threading.enumerate() if thread.name == "inventory-worker"]
    hung.open.set()
    for thread in workers:
        thread.join(WAIT_S)
    assert not later.is_set()


def test_an_interrupt_while_the_first_tasks_are_begun_stops_the_others() -> None:
    hung, begun = Gate(), threading.Event()

    def interrupts() -> Steps[int, int, int]:
        yield Emitted(1)
        assert hung.begun.wait(WAIT_S)
        raise KeyboardInterrupt

    def holds() -> Steps[int, int, int]:
        return sum((yield wave(hung, sets(begun))))

    with pytest.raises(KeyboardInterrupt):
        a_batch(holds(), interrupts(), within=ONE)
    hung.open.set()
    assert not begun.is_set()


# --- the end time -----------------------------------------------------------


def test_what_the_end_time_cuts_off_says_whether_it_had_begun() -> None:
    hung = Gate()

    def holds() -> Steps[int, int, int]:
        return sum((yield wave(hung)))

    def answered() -> Steps[int, int, int]:
        yield Emitted(7)
        return sum((yield wave(int)))

    pieces = a_batch(asks(1), holds(), answered(), asks(2), within=ONE, end_s=ticks_s() + 0.3)
    assert pieces == [(0, Finished(1)), (1, Unfinished(True)), (2, 7), (2, Unfinished(False)), (3, Unfinished(False))]
    hung.open.set()


def test_a_hung_job_does_not_hold_the_caller() -> None:
    hung = Gate()

    def holds() -> Steps[int, int, int]:
        return sum((yield wave(hung)))

    begun_s = ticks_s()
    assert a_batch(holds(), end_s=begun_s + 0.2) == [(0, Unfinished(True))]
    assert ticks_s() - begun_s < WAIT_S / 4
    hung.open.set()


def test_nothing_is_begun_after_the_end_time() -> None:
    asked = threading.Event()

    def task() -> Steps[int, int, int]:
        return sum((yield wave(sets(asked))))

    assert a_batch(task(), task(), end_s=ticks_s() - 1) == [(0, Unfinished(False)), (1, Unfinished(False))]
    assert not asked.is_set()


def test_what_was_said_before_the_end_time_is_still_handed_over() -> None:
    assert a_batch(emits(1, 2), end_s=ticks_s() - 1) == [(0, 1), (0, 2), (0, Finished(2))]


# --- progress ---------------------------------------------------------------


def test_the_watcher_is_told_what_runs() -> None:
    hung = Gate()
    told: list[Progress[int]] = []

    def watch(progress: Progress[int]) -> None:
        told.append(progress)
        if progress.finished == 1 and progress.running == (1,):
            hung.open.set()

    def holds() -> Steps[int, int, int]:
        return sum((yield wave(hung)))

    batch = Batch([asks(1), holds()], bounds(), end_s=ticks_s() + WAIT_S, watch=watch)
    assert [end for _, end in batch] == [Finished(1), Finished(0)]
    assert told[-1].total == 2
    assert batch.progress() == Progress(2, (), (1, 0))


# --- run_each ---------------------------------------------------------------


def test_run_each_gives_results_in_order() -> None:
    assert run_each([value(number) for number in range(20)], bounds(), lane="probe", end_s=ticks_s() + WAIT_S) == [
        *range(20)
    ]


def test_run_each_of_nothing_is_nothing() -> None:
    assert run_each([], bounds(), lane="probe", end_s=ticks_s() + WAIT_S) == []


def test_run_each_raises_what_a_function_raised() -> None:
    with pytest.raises(LookupError):
        run_each([value(1), raises], bounds(), lane="probe", end_s=ticks_s() + WAIT_S)


def test_run_each_raises_a_timeout_at_the_end_time() -> None:
    hung = Gate()
    with pytest.raises(TimeoutError):
        run_each([hung], bounds(), lane="probe", end_s=ticks_s() + 0.1)
    hung.open.set()


# --- stress -----------------------------------------------------------------


class Plan:
    """A random task: a list of steps, and what it must say."""

    def __init__(self, dice: random.Random) -> None:
        self.steps = [
            ("emit", dice.randint(1, 12)) if dice.random() < 0.5 else (dice.choice(list(LANES)), dice.randint(0, 4))
            for _ in range(dice.randint(0, 8))
        ]

    def task(self) -> Steps[int, int, int]:
        total = 0
        for word, number in self.steps:
            if word == "emit":
                yield Emitted(number, number)
            else:
                total += sum((yield wave(*[value(place + 1) for place in range(number)], lane=word)))
        return total

    @property
    def says(self) -> list[int | Finished[int] | Unfinished]:
        pieces: list[int | Finished[int] | Unfinished] = [number for word, number in self.steps if word == "emit"]
        return [*pieces, Finished(sum(n * (n + 1) // 2 for word, n in self.steps if word != "emit"))]


@pytest.mark.parametrize("seed", range(12))
def test_hundreds_of_random_tasks_lose_nothing_and_end(seed: int) -> None:
    dice = random.Random(seed)
    plans = [Plan(dice) for _ in range(150)]
    within = bounds(
        probes=dice.randint(1, 8), workers=dice.randint(1, 6), heavy=dice.randint(1, 3), buffered=dice.randint(0, 60)
    )
    pieces = a_batch(*(plan.task() for plan in plans), within=within)
    assert pieces == [(number, piece) for number, plan in enumerate(plans) for piece in plan.says]


def test_a_batch_that_ends_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    a_batch(*(asks(1, 2, lane=lane) for lane in LANES for _ in range(10)))
    for thread in set(threading.enumerate()) - before:
        thread.join(WAIT_S)
    assert set(threading.enumerate()) <= before


def test_more_run_at_once_as_soon_as_it_is_known_to_be_worth_it() -> None:
    width = [1]
    everybody = threading.Barrier(3)

    def widen() -> int:
        width[0] = 3
        return 0

    def meet() -> int:
        everybody.wait(WAIT_S)  # breaks unless three run at once
        return 1

    def task() -> Steps[int, int, int]:
        return sum((yield wave(widen, meet, meet, meet)))

    within = msgspec.structs.replace(bounds(), width=lambda: width[0])
    assert a_batch(task(), within=within) == [(0, Finished(3))]


@pytest.mark.parametrize("width", [0, 1, 2])
def test_a_width_bounds_what_pools_would_let_run(width: int) -> None:
    within = msgspec.structs.replace(bounds(), width=lambda: width)
    assert [within.room(pool) for pool in ("probes", "workers", "heavyLists")] == [max(width, 1)] * 3
    running, lock, most = [0], threading.Lock(), [0]

    def run() -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        return 1

    def task() -> Steps[int, int, int]:
        return sum((yield wave(*[run] * 50)))

    assert a_batch(task(), within=within) == [(0, Finished(50))]
    assert most[0] <= max(width, 1)


def test_a_batch_that_is_begun_runs_before_anybody_iterates_and_only_once() -> None:
    gate, runs = Gate(7), Counter[str]()

    def run() -> int:
        runs["once"] += 1
        return gate()

    def task() -> Steps[int, int, int]:
        return sum((yield wave(run)))

    batch: Batch[int, int, int] = Batch([task()], bounds(), end_s=ticks_s() + WAIT_S)
    batch.begin()
    assert gate.begun.wait(WAIT_S)
    batch.begin()
    gate.open.set()
    assert list(batch) == [(0, Finished(7))]
    assert runs["once"] == 1
