"""How far apart two runs of a schedule can be, at the most."""

from __future__ import annotations

import pytest

from kubectl_inventory.judgement.schedules import longest_gap_s

HOUR_S, DAY_S = 3600, 86400


@pytest.mark.parametrize(
    ("schedule", "gap_s"),
    [
        ("* * * * *", HOUR_S),
        ("*/5 * * * *", HOUR_S),
        ("17 * * * *", HOUR_S),
        ("17 */1 * * ?", HOUR_S),
        ("17 */6 * * *", DAY_S),
        ("0 3 * * *", DAY_S),
        ("0 9-17 * * *", DAY_S),
        ("0 3 * * 1-5", 7 * DAY_S),
        ("0 3 1 * 1", 7 * DAY_S),
        ("0 3 31 * *", 62 * DAY_S),
        ("  0   3 * * * ", DAY_S),
        ("@hourly", HOUR_S),
        ("@Daily", DAY_S),
        ("@weekly", 7 * DAY_S),
        ("@yearly", None),
        ("@every 1h", None),
        ("0 3 29 2 *", None),
        ("0 0 3 * * *", None),
        ("", None),
    ],
)
def test_no_two_runs_are_further_apart(schedule: str, gap_s: int | None) -> None:
    assert longest_gap_s(schedule) == gap_s
