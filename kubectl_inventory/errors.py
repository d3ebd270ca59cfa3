"""What can go wrong, and the exit code of each.

    InventoryError                    1
    +-- UsageError                    2   what was typed is wrong
    +-- PolicyError                   2   a policy file is wrong, or it forbids what was typed
    +-- KubeconfigError               1   no usable connection or credential
    |   +-- UnknownContext            2   a name typed that the kubeconfig does not have
    +-- OutputError                   1   the answer cannot be written
    +-- TemplateError                 1   a template that can be read does not fit what was found
    +-- AnswersDiffer                 1   two strategies did not answer the same: `bench` has nothing to compare
    +-- BoundaryError                 1   a request left the closed grammar: a bug of ours
    +-- ApiError                      1   one request failed; `collect` and `discovery` make it a value
        +-- Unauthorized              1   401: nothing else can succeed
        +-- Forbidden                 1   403
        +-- NotFound                  1   404
        +-- NotAcceptable             1   406: this representation is not offered
        +-- Gone                      1   410: a continue token has expired
        +-- Throttled                 1   429 to the end of the request's time
        +-- ServerFault               1   5xx, or a reply that is not what the API promises
        |   +-- Unavailable           1   503: nothing serves this API now
        |   +-- BadRequest            1   400: a selector that the server cannot read, or that this kind does not know
        +-- TimedOut                  1   no whole answer in time
        +-- Unreachable               1   no connection
        +-- LimitReached              1   the policy's request or byte limit

`message` is one line: what was attempted, on what, why. `hint` is what to do.
Neither ever holds a credential or a reply's body beyond the server's own message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

OUT_OF_TIME = "the run's time was up (limits.deadlineSeconds)"
"""The message of whatever the end of the run cut off, or kept from being asked: no longer request can help it."""


class InventoryError(Exception):
    """Any failure that the program explains in one line."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(InventoryError):
    """What was typed cannot be done: an unknown format, kind, namespace, context or limit."""

    exit_code = 2


class PolicyError(InventoryError):
    """A policy file is wrong, or the boundary refuses what was typed."""

    exit_code = 2


class KubeconfigError(InventoryError):
    """No usable kubeconfig, connection setting or credential."""


class UnknownContext(KubeconfigError):
    """A context, cluster or user was named that the kubeconfig does not have."""

    exit_code = 2


class OutputError(InventoryError):
    """The answer cannot be written: a full disk, or no stdout at all."""


class TemplateError(InventoryError):
    """A template does not fit the document: a place beyond the end of a list, a word compared with a number."""


class AnswersDiffer(InventoryError):
    """Two strategies did not give the same answer, so their times mean nothing."""


class BoundaryError(InventoryError):
    """A path outside the closed grammar was about to be asked."""


class ApiError(InventoryError):
    """One request to the API server failed.

    `reason` is the word that an inventory prints for it: Forbidden, TimedOut,
    Failed, Unavailable or NotReached. One that `is_fatal` ends the run: no other request can succeed.
    `was_flowing`: much of the answer was there, so less would have come whole.
    """

    reason: ClassVar[str] = "Failed"
    is_fatal = False

    def __init__(self, message: str, *, hint: str | None = None, was_flowing: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.was_flowing = was_flowing


class Unauthorized(ApiError):
    """401: the server refused the credential."""

    is_fatal = True


class Forbidden(ApiError):
    """403: the user may not list this."""

    reason = "Forbidden"


class NotFound(ApiError):
    """404: the server does not know this collection (any more)."""


class NotAcceptable(ApiError):
    """406: the server does not offer the representation that was asked for."""


class Gone(ApiError):
    """410: the continue token is too old; `continue_token`, when given, resumes at a newer version."""

    def __init__(self, message: str, *, continue_token: str = "") -> None:
        super().__init__(message)
        self.continue_token = continue_token


class Throttled(ApiError):
    """429 until the request's time was used up."""


class ServerFault(ApiError):
    """5xx, or a reply that does not decode as what was asked for."""


class Unavailable(ServerFault):
    """503: the group's server is not there."""

    reason = "Unavailable"


class BadRequest(ServerFault):
    """400: the server cannot read a selector, or the kind does not know a field of it."""


class TimedOut(ApiError):
    """The whole answer was not there in time."""

    reason = "TimedOut"


class Unreachable(ApiError):
    """No connection, or one that broke before a reply."""


class LimitReached(ApiError):
    """The policy's `maxRequests`, `maxObjects` or `maxResponseMiB` was used up."""

    reason = "NotReached"


def reason_of(error: Exception) -> str:
    """An error's own words within a sentence of ours: of the system's, `no such file or directory`, not its number."""
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)


def near(word: str, choices: Iterable[str], *, cutoff: float = 0.7) -> str:
    """`, did you mean "..."?` for the closest choice; empty without one."""
    import difflib

    # difflib takes the product of both lengths: a megabyte of key in a policy file would hang it.
    matches = difflib.get_close_matches(word[:80], list(choices), n=1, cutoff=cutoff)
    return f', did you mean "{matches[0]}"?' if matches else ""
