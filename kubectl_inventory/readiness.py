"""Whether a read or a write would wait: the one place that knows what a system can be asked.

POSIX has `poll`. Windows has `select`, for sockets alone: of a pipe or a console nobody
can say there, so a write to one is simply begun.
"""

from __future__ import annotations

import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket


def can_read(asked: socket.socket) -> bool:
    """Whether something has come, be it the end."""
    if sys.platform == "win32":
        has_come = bool(select.select([asked], [], [], 0)[0])
    else:  # not `select`: it takes no descriptor above 1023
        poll = select.poll()
        poll.register(asked, select.POLLIN)
        has_come = bool(poll.poll(0))
    return has_come


def can_write(descriptor: int, *, within_ms: float) -> bool:
    """Whether a write would not block, or would not any more after so long; an error counts, as the write tells it."""
    if sys.platform == "win32":
        is_ready = True
    else:
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        is_ready = bool(poll.poll(within_ms))
    return is_ready
