"""The one clock, and ages as kubectl prints them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from kubectl_inventory.clock import ahead_s, elapsed_s, human_age, now_epoch, now_iso, spoken_span_s, ticks_s

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        # The steps of apimachinery's pkg/util/duration HumanDuration, and both sides of each.
        (-10, "<invalid>"),
        (-2.5, "<invalid>"),
        (-1.5, "0s"),
        (0, "0s"),
        (1, "1s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (5 * MINUTE + 12, "5m12s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + MINUTE, "3h1m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR, "8h"),
        (2 * DAY - 1, "47h"),
        (2 * DAY, "2d"),
        (3 * DAY + 4 * HOUR, "3d4h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 30 * DAY, "2y30d"),
        (8 * YEAR - 1, "7y364d"),
        (8 * YEAR, "8y"),
        (20 * YEAR + 100 * DAY, "20y"),
    ],
)
def test_an_age_is_written_as_kubectl_writes_it(seconds: float, text: str) -> None:
    created = datetime.fromtimestamp(now_epoch(), UTC) - timedelta(seconds=seconds + 0.01)
    assert human_age(created.isoformat()) == text


@pytest.mark.parametrize("created", [None, "", "yesterday", "2026-13-01T00:00:00Z", "9999999999"])
def test_an_age_that_nobody_can_tell_is_unknown(created: str | None) -> None:
    assert human_age(created) == "<unknown>"


def test_a_timestamp_as_the_server_writes_it_is_read() -> None:
    created = datetime.fromtimestamp(now_epoch() - 5 * DAY - 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert human_age(created) == "5d"


def test_a_clock_that_is_ahead_is_told_by_the_date_that_it_writes() -> None:
    at_epoch = 1_795_000_000.0  # Wed, 18 Nov 2026 11:06:40 GMT
    assert ahead_s("Wed, 18 Nov 2026 11:16:40 GMT", at_epoch) == 600.5
    assert ahead_s("Wed, 18 Nov 2026 10:56:40 GMT", at_epoch) == -599.5


@pytest.mark.parametrize(
    "date", ["Wed, 18 Nov 2026 11:06:40 GMT", "Wed, 18 Nov 2026 11:06:39 GMT", "", "soon", "Wed, 18 Nov 99999 11:06:40"]
)
def test_a_clock_that_goes_as_this_one_or_says_nothing_is_not_ahead(date: str) -> None:
    assert ahead_s(date, 1_795_000_000.0) == 0.0


def test_time_passes_by_the_clock_that_is_meant_and_never_runs_back() -> None:
    since = datetime.fromtimestamp(now_epoch() - 60, UTC).isoformat()
    passed = [elapsed_s(since, ahead_s=ahead) for ahead in (0.0, 600.0, -600.0)]
    assert [round(it) for it in passed if it is not None] == [60, 660, 0]
    assert elapsed_s("yesterday") is None


def test_now_is_utc_to_the_second() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", now_iso())
    assert abs(datetime.fromisoformat(now_iso()).timestamp() - now_epoch()) < 5


def test_ticks_never_go_back() -> None:
    assert ticks_s() <= ticks_s()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1 second ago", 1),
        ("45 minutes ago", 45 * MINUTE),
        ("5 days ago", 5 * DAY),
        ("2 weeks ago", 14 * DAY),
        ("About an hour ago", None),
        ("5 days", None),
        ("", None),
    ],
)
def test_a_span_in_words_is_read(text: str, seconds: int | None) -> None:
    assert spoken_span_s(text) == seconds
