"""What a benchmark found, as `bench/results.json` keeps it: every run, and for every row what was to reach.

README's figures are made of this and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from tests.bench.measuring import Measured

What = Literal["time", "memory", "seconds", "megabytes"]
"""Ours divided by theirs, of time or of peak memory; or ours alone, in seconds or megabytes."""


class Reach(msgspec.Struct, frozen=True):
    """A target: what of it, and the most that it may be."""

    what: What
    at_most: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table: whose medians it compares, and what is to be reached."""

    work: str
    against: str
    group: str
    """Commands of one group ran by turns."""
    ours: str
    theirs: str = ""
    """Names of commands of the group; empty: ours alone, or not measured."""
    ours_less: str = ""
    theirs_less: str = ""
    """The command whose median time is taken away from each, as it is not what the row is about; empty: none."""
    reach: tuple[Reach, ...] = ()
    compared: str = ""
    """How the answers were found to be the same."""
    not_measured: str = ""
    """Why there is no figure."""


class Group(msgspec.Struct, frozen=True):
    """What ran by turns, at one cluster and one distance."""

    title: str
    objects: int
    kinds: int
    measured: Mapping[str, Measured]


class Machine(msgspec.Struct, frozen=True):
    """Where it ran."""

    system: str
    processor: str
    cores: int
    memory_bytes: int


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """All of one benchmark."""

    date: str
    command: str
    runs: int
    took_s: float
    machine: Machine
    versions: Mapping[str, str]
    groups: Mapping[str, Group]
    rows: tuple[Row, ...]

    def ours(self, row: Row) -> Measured:
        """What a row is about."""
        return self.groups[row.group].measured[row.ours]

    def theirs(self, row: Row) -> Measured | None:
        """What it is held against."""
        return self.groups[row.group].measured[row.theirs] if row.theirs else None

    def value(self, row: Row, what: What) -> float:
        """What came of it, in the unit of its target."""
        ours, theirs = self.ours(row), self.theirs(row)
        if what == "seconds":
            return ours.median_s
        if what == "megabytes":
            return ours.median_peak_bytes / 1e6
        assert theirs is not None
        if what == "memory":
            return ours.median_peak_bytes / theirs.median_peak_bytes
        measured = self.groups[row.group].measured
        ours_less = measured[row.ours_less].median_s if row.ours_less else 0.0
        theirs_less = measured[row.theirs_less].median_s if row.theirs_less else 0.0
        return (ours.median_s - ours_less) / (theirs.median_s - theirs_less)
