"""How a bench looks: what is said before it, its table, its document, and what is said below."""

from __future__ import annotations

from kubectl_inventory import words
from kubectl_inventory.benchmark.bench import STRATEGIES, Measured, Run, Workload
from kubectl_inventory.benchmark.rehearsal import Cost
from kubectl_inventory.benchmark.verdict import Verdict, judge
from kubectl_inventory.output import render, views
from kubectl_inventory.output.style import Style, Write
from kubectl_inventory.output.summary import Summary, account, withheld_clauses
from kubectl_inventory.run import lists_at_once

_HEADERS = (
    "STRATEGY", "MEDIAN", "MIN", "MAX", "REQUESTS", "KIB", "STARTUP", "WAIT", "READ", "DECODE", "RENDER",
)  # fmt: skip
_SHOWN_KINDS = 3
_SHOWN_NAMESPACES = 5


def announcement(workload: Workload, runs: int, a_round: Cost) -> str:
    """How much is about to be asked, before it is."""
    work = _work(workload)
    requests = runs * a_round.requests
    # With rules on namespaces nobody may ask beforehand how much there is.
    amount = "" if workload.session.policy.has_namespace_rule else f", {words.size(runs * a_round.bytes_received)}"
    times = f"{len(STRATEGIES)} strategies x {_runs(runs)}"
    return f"{workload.session.context}: {times}, {work}: about {requests:,} requests{amount}"


def print_bench(measured: Measured, style: Style, write: Write) -> None:
    """The table of strategies, as a table or as a document with what else there is to say."""
    if style.format == "json":
        write(render.json_text(_document(measured, _verdict(measured))))
        return
    rows = [_row(measured, measured.times.median(name)) for name in STRATEGIES]
    if style.format == "markdown":
        write(views.opening(measured.inventory, is_whole=measured.is_whole))
        write(render.markdown(_HEADERS, rows))
        write(f"\n{_runs(len(measured.times.rounds))} of each, {_work(measured.workload)}: {_agreement(measured)}; "
              f"{_saving(measured)}; round trip {_round_trip(measured)}.\n")
        if advice := advise(measured):
            write(f"\n{advice[0].upper()}{advice[1:]}.\n")
        write(views.closing(measured.inventory))
    else:
        write("".join(render.table(_HEADERS, rows, show_headers=style.headers)))


def summarize_bench(measured: Measured, *, elapsed_s: float, connection_flags: str) -> Summary:
    """That the answers were the same, what was not read, and what the times say about the policy."""
    clauses = [_saving(measured), f"round trip {_round_trip(measured)}"]
    clauses += [*withheld_clauses(measured.inventory), words.seconds(elapsed_s)]
    text = _agreement(measured)
    if len(measured.times.rounds) < measured.wanted:
        state = "INCOMPLETE: " if measured.inventory.is_complete else ""
        made = f"{len(measured.times.rounds)} of {measured.wanted} runs of each"
        text = f"{state}{text}; {made}, as the run's time was up (limits.deadlineSeconds)"
    return account(measured.inventory, text, clauses, connection_flags)


def advise(measured: Measured) -> str:
    """What the measurement supports, and the lines of the policy that say so; empty where it supports nothing."""
    verdict = _verdict(measured)
    said = []
    if (most := verdict.more_than_namespaces) is not None:
        is_never = most == verdict.namespaces
        said.append(f"bulk never wins in {most} namespaces" if is_never else f"bulk wins from {most + 1} namespaces on")
    if verdict.workers is not None:
        said.append(f"{verdict.workers} of {verdict.allowed_workers} workers were of use")
    # The policy's own words: `bulk: {moreThanNamespaces: 8}`.
    lines = [f'"{name}: {{{key}: {value}}}"' for name, part in verdict.policy.items() for key, value in part.items()]
    return f"{', '.join(said)}: {', '.join(lines)} in the policy" if said else ""


def _runs(number: int) -> str:
    return words.number(number, "run")


def _work(workload: Workload) -> str:
    """`pods of 14 namespaces`, `63 kinds of 2 namespaces (pay, shop)`."""
    names = [kind.name for kind in workload.kinds]
    kinds = ", ".join(names) if len(names) <= _SHOWN_KINDS else f"{len(names)} kinds"
    spaces = len(workload.namespaces)
    if not spaces:
        return kinds or "no kind"
    named = workload.ground.plan.reach.named and spaces <= _SHOWN_NAMESPACES
    which = f" ({', '.join(workload.namespaces)})" if named else ""
    return f"{kinds} of {words.number(spaces, 'namespace')}{which}"


def _agreement(measured: Measured) -> str:
    objects = measured.inventory.objects
    said = words.number(objects, "object")
    if measured.changed:
        return (
            f"the same bytes by each strategy in all {len(measured.times.rounds)} rounds "
            f"({said}, {measured.changed:,} changed between them)"
        )
    return f"the same bytes in all {len(measured.times.rounds) * len(STRATEGIES)} runs ({said})"


def _verdict(measured: Measured) -> Verdict:
    workload = measured.workload
    workers = lists_at_once(workload.request, workload.session)
    return judge(measured.times, namespaces=len(workload.namespaces), workers=workers)


def _saving(measured: Measured) -> str:
    """What the user has of all this: `auto` is what `get` does."""
    saved = measured.times.saved("auto")
    than = f"{abs(saved):.0%} {'less' if saved >= 0 else 'more'} than sequential"
    return f"start-up apart, auto takes {than}"


def _row(measured: Measured, run: Run) -> tuple[str, ...]:
    runs, split = measured.times.of(run.strategy), run.split
    phases = (split.startup_s, split.wait_s, split.read_s, split.decode_s, split.render_s)
    return (
        run.strategy,
        *(_time(total_s) for total_s in (split.total_s, runs[0].split.total_s, runs[-1].split.total_s)),
        str(run.cost.requests),
        f"{run.cost.bytes_received / 1024:.0f}",
        *map(_time, phases),
    )


def _document(measured: Measured, verdict: Verdict) -> dict[str, object]:
    """The JSON contract; times in milliseconds. What the measurement does not support is absent."""
    document: dict[str, object] = {
        **views.preamble(measured.inventory),
        "kind": "Bench",
        "complete": measured.is_whole,
        "rounds": len(measured.times.rounds),
        "objects": measured.inventory.objects,
        "changed": measured.changed,
        "namespaces": len(measured.workload.namespaces),
        "roundTripMs": _ms(measured.workload.stopwatch.round_trip_s),
        "items": [_item(measured, measured.times.median(name)) for name in STRATEGIES],
    }
    if verdict.bulk_from is not None and verdict.bulk_from <= verdict.namespaces:
        document["bulkFromNamespaces"] = verdict.bulk_from
    if verdict.policy:
        document["policy"] = verdict.policy
    return {**document, **views.accounts(measured.inventory)}


def _item(measured: Measured, run: Run) -> dict[str, object]:
    split = run.split
    return {
        "strategy": run.strategy,
        "medianMs": _ms(split.total_s),
        "savedOfSequential": round(measured.times.saved(run.strategy), 3),
        "runsMs": [_ms(other.split.total_s) for other in measured.times.of(run.strategy)],
        "requests": run.cost.requests,
        "bytesReceived": run.cost.bytes_received,
        "startupMs": _ms(split.startup_s),
        "waitMs": _ms(split.wait_s),
        "readMs": _ms(split.read_s),
        "decodeMs": _ms(split.decode_s),
        "renderMs": _ms(split.render_s),
    }


def _ms(elapsed_s: float) -> float:
    return round(elapsed_s * 1000, 1)


def _time(elapsed_s: float) -> str:
    """`664ms`; seconds from ten on."""
    return f"{elapsed_s * 1000:.0f}ms" if elapsed_s < 10 else f"{elapsed_s:.1f}s"


def _round_trip(measured: Measured) -> str:
    """`38ms`, `0.6ms`."""
    trip_s = measured.workload.stopwatch.round_trip_s
    return f"{trip_s * 1000:.1f}ms" if trip_s < 0.01 else _time(trip_s)
