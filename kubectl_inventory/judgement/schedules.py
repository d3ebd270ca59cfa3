"""How far apart two runs of a CronJob can be. Knows cron's five fields, and nothing of objects."""

from __future__ import annotations

_HOUR_S, _DAY_S = 3600, 86400
_EVERY = ("*", "?", "*/1")
_NAMED_S = {
    "@hourly": _HOUR_S, "@daily": _DAY_S, "@midnight": _DAY_S, "@weekly": 7 * _DAY_S, "@monthly": 31 * _DAY_S,
}
"""robfig/cron's descriptors, which batch/v1 `CronJobSpec.schedule` takes; of longer ones nobody waits for the next."""


def longest_gap_s(schedule: str) -> int | None:
    """No two runs are further apart, in seconds; None for a schedule that says so little, or is not understood.

    A bound, not the interval: `*/5 * * * *` runs within the hour. Of a day of the month there may be two in a row
    that have none (the 31st).
    """
    words = schedule.split()
    if len(words) == 1:
        return _NAMED_S.get(words[0].lower())
    if len(words) != 5:
        return None
    _, hour, day, month, weekday = (word in _EVERY for word in words)
    if not month:
        return None
    if not weekday:
        return 7 * _DAY_S  # cron runs where either of the two days fits
    if not day:
        return 62 * _DAY_S
    return _HOUR_S if hour else _DAY_S
