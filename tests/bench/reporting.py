"""The table of a benchmark in Markdown, and its place in the README."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.measuring import Measured
from tests.bench.results import Reach, Results, Row, What

BEGIN = "<!-- of bench/results.json, by `make bench`: do not edit -->\n"
END = "<!-- end of bench/results.json -->\n"

HEADERS = ("work", "time", "memory", "against", "its time", "its memory", "ratio", "of memory", "to reach")


def splice(readme: str, results: Results) -> str:
    """The README with these figures instead of those between its marks."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError("the README has no place for the benchmark")
    return f"{before}{BEGIN}{report(results)}{END}{after}"


def report(results: Results) -> str:
    """Where and when, the table, and how the answers were compared."""
    return "\n".join(
        [
            *_circumstances(results),
            "",
            f"| {' | '.join(HEADERS)} |",
            f"|{' --- |' * len(HEADERS)}",
            *(_line(results, row) for row in results.rows),
            "",
            *_grounds(results),
            "",
        ]
    )


def _circumstances(results: Results) -> Iterator[str]:
    machine = results.machine
    yield f"`{results.command}`, {results.date}, {results.took_s / 60:.0f} minutes: medians of {results.runs} runs,"
    yield f"by turns, on {machine.system} with {machine.cores} cores ({machine.processor},"
    yield f"{machine.memory_bytes / 1024**3:.0f} GiB) that ran the server as well: ratios, not absolutes."
    yield "What is to be reached is meant for 22,000 objects."
    yield f"{', '.join(f'{name} {version}' for name, version in results.versions.items())}."


def _line(results: Results, row: Row) -> str:
    if row.not_measured:
        cells = [row.work, f"not measured: {row.not_measured}", "", row.against, *("",) * 4]
        return _cells([*cells, "; ".join(_target(it) for it in row.reach)])
    ours, theirs = results.ours(row), results.theirs(row)
    cells = [row.work, _time(ours), _megabytes(ours), row.against]
    if theirs is None:
        cells += [""] * 4
    else:
        cells += [_time(theirs), _megabytes(theirs)]
        cells += [_ratio(results.value(row, "time")), _ratio(results.value(row, "memory"))]
    return _cells([*cells, "; ".join(_verdict(results, row, it) for it in row.reach)])


def _grounds(results: Results) -> Iterator[str]:
    """What the rows stand on: the clusters, and what was compared and taken away."""
    yield "What was compared, in every turn:"
    yield ""
    for name, group in results.groups.items():
        yield f"* {group.title} ({group.kinds} kinds, {group.objects:,} objects)"
        rows = [row for row in results.rows if row.group == name and not row.not_measured]
        works: dict[str, list[str]] = {}
        for row in rows:
            for said in filter(None, (row.compared, _taken_away(results, row))):
                works.setdefault(said, []).append(row.work)
        for said, of in works.items():
            yield f"  * {said}" if len(of) == len(rows) else f"  * {'; '.join(dict.fromkeys(of))}: {said}"


def _taken_away(results: Results, row: Row) -> str:
    if not row.ours_less:
        return ""
    it = results.groups[row.group].measured[row.ours_less]
    sides = "both sides" if row.theirs_less else "this side"
    return f"the times are compared without the {it.median_s:.2f} s that `{it.command}` takes, on {sides}"


def _verdict(results: Results, row: Row, reach: Reach) -> str:
    value = results.value(row, reach.what)
    if value <= reach.at_most:
        return f"{_target(reach)}: reached"
    return f"{_target(reach)}: **missed** ({_amount(reach.what, value)})"


def _target(reach: Reach) -> str:
    of = {"time": " the time", "memory": " the memory", "seconds": "", "megabytes": ""}[reach.what]
    return f"{_amount(reach.what, reach.at_most)}{of}"


def _amount(what: What, value: float) -> str:
    if what == "seconds":
        return f"{_short(value)} s"
    return f"{value:.0f} MB" if what == "megabytes" else _ratio(value)


def _ratio(value: float) -> str:
    """`1/11` or `1.2x`; what was taken away may leave nothing."""
    if value <= 0:
        return "0x"
    return f"{_short(value)}x" if value > 0.9 else f"1/{1 / value:.1f}".removesuffix(".0")


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _time(measured: Measured) -> str:
    spread = f"{measured.least_s:.2f} to {measured.most_s:.2f}"
    return f"{measured.median_s:.2f} s ({spread}; CPU {measured.median_cpu_s:.2f})"


def _megabytes(measured: Measured) -> str:
    return f"{measured.median_peak_bytes / 1e6:.0f} MB"


def _cells(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
