"""How a plan looks: its table, its document, and what is said below; with what it really cost, if it was run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_inventory.output import render
from kubectl_inventory.output.documents import write_document, write_items
from kubectl_inventory.output.style import Style, Write
from kubectl_inventory.output.summary import Summary, withheld_clauses
from kubectl_inventory.output.views import UNREADABLE
from kubectl_inventory.reading.forecast import Forecast, Total, total
from kubectl_inventory.reading.inventory import Inventory
from kubectl_inventory.reading.meter import Meter, Spent
from kubectl_inventory.resource import collection_path
from kubectl_inventory.words import listing, number, seconds, size

_HEADERS = ("TIME", "REQUESTS", "KIB", "COUNT", "HOW", "KIND", "WHY")
_RUN_HEADERS = ("TIME", "TOOK", "REQUESTS", "MADE", "KIB", "CAME", "COUNT", "HOW", "KIND", "WHY")
_WORTH_A_HINT = 0.25
"""The part of a run's time that one kind must take before it is said how to do without."""


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and what it cost if it was run."""

    inventory: Inventory
    """What would be taken: nothing of it is read yet."""
    forecasts: Sequence[Forecast]
    round_trip_s: float
    at_once: int
    """Lists in flight."""
    meter: Meter
    """What was asked: to make it, or to run it."""
    elapsed_s: float
    most_looks: int = 0
    """How many requests may be added to look closer at what is suspicious."""
    was_run: bool = False

    def ordered(self) -> list[Forecast]:
        """Dearest first; then as the inventory has them."""
        return sorted(self.forecasts, key=lambda forecast: -forecast.estimate.time_s)

    def lines(self) -> list[tuple[Forecast, Spent | None]]:
        """Each with what it really cost, if it was run."""
        spent = self.meter.spent()
        return [
            (forecast, spent.get(collection_path(forecast.kind), Spent()) if self.was_run else None)
            for forecast in self.ordered()
        ]


def print_plan(foreseen: Foreseen, style: Style, write: Write) -> None:
    """The plan, dearest kind first."""
    if style.is_items:
        write_items(_items(foreseen), style, write)
        return
    if style.is_document:
        write_document(_document(foreseen), style, write)
        return
    headers = _HEADERS if not foreseen.was_run else _RUN_HEADERS
    rows = [_row(forecast, spent) for forecast, spent in foreseen.lines()]
    if style.format == "markdown":
        write(render.markdown(headers, rows))
    elif style.format == "csv":
        write("".join(render.csv_lines([headers, *rows] if style.headers else rows)))
    else:
        write("".join(render.table(headers, rows, show_headers=style.headers)))


def summarize_plan(foreseen: Foreseen) -> Summary:
    """What it comes to, what was asked to know it, and which kind would be worth to leave out."""
    everything = _total(foreseen, foreseen.forecasts)
    context, groups = foreseen.inventory.taken.context, len(foreseen.inventory.plan.dead_groups)
    is_counted = any(forecast.count is not None for forecast in foreseen.forecasts)
    clauses = [f"about {number(everything.requests, 'request')}", size(everything.bytes)]
    clauses += [number(everything.objects, "object")] if is_counted else []
    distance = f"round trip {foreseen.round_trip_s * 1000:.0f}ms, {foreseen.at_once} in flight"
    left_out = [f"{number(groups, 'API group')} unavailable"] if groups else []
    left_out += withheld_clauses(foreseen.inventory)
    sentence = f"{context}: {', '.join([*clauses, seconds(everything.time_s)])} ({'; '.join([distance, *left_out])})"
    lines = [] if foreseen.was_run else [f"  {_asked(foreseen)}"]
    if foreseen.most_looks and not foreseen.was_run:
        lines.append(f"  a run adds at most {number(foreseen.most_looks, 'request')}, about what looks unwell")
    return Summary(sentence, tuple(lines), _hint(foreseen))


def _row(forecast: Forecast, spent: Spent | None) -> tuple[str, ...]:
    estimate = forecast.estimate
    count = str(forecast.count) if forecast.count is not None else UNREADABLE
    is_known = estimate.bytes > 0 or not estimate.requests
    size_kib = str(estimate.bytes // 1024) if is_known else UNREADABLE
    foreseen = (seconds(estimate.time_s) if is_known else UNREADABLE, str(estimate.requests), size_kib)
    end = (count, estimate.way, forecast.kind.name, estimate.why)
    if spent is None:
        return (*foreseen, *end)
    came = (seconds(spent.time_s), str(spent.requests), str(spent.bytes // 1024))
    return (*(cell for pair in zip(foreseen, came, strict=True) for cell in pair), *end)


def _document(foreseen: Foreseen) -> dict[str, object]:
    everything, taken = _total(foreseen, foreseen.forecasts), foreseen.inventory.taken
    return {
        "apiVersion": "inventory/v1",
        "kind": "Plan",
        "context": taken.context,
        "server": taken.server,
        "takenAt": taken.at,
        "items": _items(foreseen),
        "total": {
            "requests": everything.requests,
            "bytes": everything.bytes,
            "objects": everything.objects,
            "seconds": round(everything.time_s, 3),
        },
    }


def _items(foreseen: Foreseen) -> list[dict[str, object]]:
    return [_item(forecast, spent) for forecast, spent in foreseen.lines()]


def _item(forecast: Forecast, spent: Spent | None) -> dict[str, object]:
    estimate, kind = forecast.estimate, forecast.kind
    item: dict[str, object] = {
        "resource": kind.resource,
        "group": kind.group,
        "how": estimate.way,
        "why": estimate.why,
        "requests": estimate.requests,
    }
    if estimate.bytes or not estimate.requests:
        item |= {"bytes": estimate.bytes, "seconds": round(estimate.time_s, 3)}
    if forecast.count is not None:
        item["count"] = forecast.count
    if spent is not None:
        item["actual"] = {"requests": spent.requests, "bytes": spent.bytes, "seconds": round(spent.time_s, 3)}
    return item


def _total(foreseen: Foreseen, forecasts: Sequence[Forecast]) -> Total:
    return total(forecasts, at_once=foreseen.at_once, round_trip_s=foreseen.round_trip_s)


def _asked(foreseen: Foreseen) -> str:
    """`nothing was listed: 2 requests of discovery and 5 probes, one a kind, were made in 0.9s`."""
    meter = foreseen.meter
    others = meter.requests - meter.discovery - meter.probes
    said = [f"{number(meter.discovery, 'request')} of discovery"] if meter.discovery else []
    said += [f"{number(meter.probes, 'probe')}, one a kind,"] if meter.probes else []
    said += ["1 list of names"] if others == 1 else []
    said += [f"{others} lists where counts are not to be had"] if others > 1 else []
    if not said:
        return "nothing was asked: the kinds were known"
    made = "was" if meter.requests == 1 else "were"
    return f"nothing was listed: {listing(said)} {made} made in {seconds(foreseen.elapsed_s)}"


def _hint(foreseen: Foreseen) -> str:
    """How much shorter it would be without its dearest kind, where that is much."""
    if foreseen.was_run or len(foreseen.forecasts) < 2:
        return ""
    dearest, *others = foreseen.ordered()
    whole_s, rest_s = (_total(foreseen, part).time_s for part in (foreseen.forecasts, others))
    if rest_s > whole_s * (1 - _WORTH_A_HINT) or whole_s < 1:
        return ""
    return f"--exclude {dearest.kind.name} makes it about {seconds(rest_s)}"
