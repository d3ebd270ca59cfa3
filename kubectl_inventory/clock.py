"""The one clock.

Nothing else in the program reads the time of day, so a test that needs another
time needs to change one thing, and two times in one answer cannot disagree.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

_SPAN = re.compile(r"(?:(\d{1,9})y)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)
_SPOKEN = re.compile(r"(\d{1,9}) (second|minute|hour|day|week|month|year)s? ago", re.ASCII)
_SPOKEN_UNITS_S = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000, "year": 31_536_000,
}  # fmt: skip
_HTTP_DATE_S = 2.0
_INVALID = "<invalid>"
_UNITS_S = (31_536_000, 86_400, 3600, 60, 1)


def now_epoch() -> float:
    """Seconds since 1970-01-01T00:00:00Z: for arithmetic."""
    return time.time()


def now_iso() -> str:
    """The current UTC time to the second, as RFC 3339 (`2026-08-03T01:12:40Z`): for people."""
    return datetime.fromtimestamp(now_epoch(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ticks_s() -> float:
    """Seconds of a clock that never goes back: for deadlines and durations only."""
    return time.monotonic()


def begun_s() -> float:
    """When this process began, on the clock of `ticks_s`, asked as early as can be.

    By the processor time that it has had: to start is all computing, and nothing else is the same on every system.
    """
    return time.monotonic() - time.process_time()


def epoch_of(stamp: str | None) -> float | None:
    """The time that the API writes (RFC 3339) as `now_epoch` counts; None without one, or for another text."""
    try:
        return datetime.fromisoformat(stamp).timestamp() if stamp else None
    except ValueError:
        return None


def span_s(text: str) -> int | None:
    """A span of time as the server prints it, `5m12s`, `2y30d`, in seconds; None for any other text.

    `<invalid>` is one that has yet to begin by the server's clock, as a node's may be ahead: no time has passed.
    """
    if text == _INVALID:
        return 0
    span = _SPAN.fullmatch(text) if text else None
    if span is None:
        return None
    return sum(int(part) * unit_s for part, unit_s in zip(span.groups("0"), _UNITS_S, strict=True))


def spoken_span_s(text: str) -> int | None:
    """A span as OpenShift prints it, `5 days ago`, in seconds; None for any other text, `About an hour ago` too."""
    spoken = _SPOKEN.fullmatch(text)
    return int(spoken[1]) * _SPOKEN_UNITS_S[spoken[2]] if spoken is not None else None


def ahead_s(date: str, at_epoch: float) -> float:
    """How far the clock of whoever wrote `date` (HTTP's, RFC 9110) at `at_epoch` is ahead of this one.

    0 for what may be but the second that it is cut to and the way that it came, and for another text.
    """
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(date)
    try:
        difference_s = mktime_tz(parsed) + 0.5 - at_epoch if parsed is not None else 0.0
    except (OverflowError, ValueError):
        return 0.0
    return difference_s if abs(difference_s) > _HTTP_DATE_S else 0.0


def elapsed_s(since: str | None, *, ahead_s: float = 0.0) -> float | None:
    """Seconds since then (RFC 3339), by a clock that is so far ahead of this one; 0 for a time that is to come."""
    begun = epoch_of(since)
    return max(now_epoch() + ahead_s - begun, 0.0) if begun is not None else None


def human_age(created: str | None) -> str:
    """The time since `created` (RFC 3339) as kubectl prints it; `<unknown>` without one."""
    begun = epoch_of(created)
    return "<unknown>" if begun is None else human_span(int(now_epoch() - begun))


def human_span(seconds: int) -> str:
    """A span of time as kubectl prints it, `5m12s`, `3d4h`, `2y30d`; `<invalid>` for one that has not begun.

    The steps are apimachinery's (`pkg/util/duration` HumanDuration).
    """
    if seconds < -1:
        return _INVALID
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    steps = (
        (seconds < 0, "0s"),
        (seconds < 120, f"{seconds}s"),
        (minutes < 10, _two(minutes, "m", seconds % 60, "s")),
        (minutes < 180, f"{minutes}m"),
        (hours < 8, _two(hours, "h", minutes % 60, "m")),
        (hours < 48, f"{hours}h"),
        (days < 8, _two(days, "d", hours % 24, "h")),
        (days < 730, f"{days}d"),
        (days < 2920, _two(days // 365, "y", days % 365, "d")),
    )
    return next((text for applies, text in steps if applies), f"{days // 365}y")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
