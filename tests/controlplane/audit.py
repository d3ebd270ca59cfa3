"""What the API server saw: its audit log, read as the tests' oracle.

Knows the audit policy, the shape of an event, and when a reader may be sure
that nothing is missing.
"""

import secrets
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from tests.controlplane.client import AdminClient
from tests.controlplane.credentials import CONTROLLER_MANAGER, HARNESS, SCHEDULER
from tests.controlplane.errors import ControlPlaneError

POLICY = f"""\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [ResponseStarted]
rules:
- level: Metadata
  nonResourceURLs: ["/audit-mark/*"]
- level: None
  users: ["{HARNESS}", "{CONTROLLER_MANAGER}", "{SCHEDULER}", "system:apiserver"]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
- level: Metadata
"""
SETTLE_SECONDS = 2.0


class User(msgspec.Struct, frozen=True):
    """Who asked."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = {}


class ObjectRef(msgspec.Struct, frozen=True, rename="camel"):
    """What was asked about; `name` is empty for a collection, `api_group` for core."""

    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = ""
    api_version: str = ""


class ResponseStatus(msgspec.Struct, frozen=True):
    """How the server answered."""

    code: int = 0


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One request; `response_status` is None while it was not answered to its end."""

    audit_id: str = msgspec.field(name="auditID")
    stage: str
    verb: str
    request_uri: str = msgspec.field(name="requestURI")
    user: User
    impersonated_user: User | None = None
    user_agent: str = ""
    object_ref: ObjectRef | None = None
    response_status: ResponseStatus | None = None
    request_received_timestamp: datetime
    stage_timestamp: datetime

    @property
    def is_complete(self) -> bool:
        """Whether the server was done with it when the log was read."""
        return self.stage in {"ResponseComplete", "Panic"}


class AuditLog:
    """The audit log of one API server, read from marks on."""

    def __init__(self, path: Path, client: AdminClient) -> None:
        self._path = path
        self._client = client
        self._decoder = msgspec.json.Decoder(AuditEvent)

    def mark(self) -> int:
        """A place in the log: what is asked from now on comes after it."""
        return self._path.stat().st_size

    def since(self, mark: int, *, user_agent_prefix: str = "kubectl-inventory") -> list[AuditEvent]:
        """The requests after `mark`, one event each, in the order they arrived.

        A request is in the log before it is worked on, but its end may be
        written a moment after the client has read the whole answer: the events
        that have not ended yet are given a short while to do so. One that still
        has not is a request the server is hanging on.
        """
        give_up = time.monotonic() + SETTLE_SECONDS
        while True:
            events = [
                event
                for event in self._read(mark)
                if event.user_agent.startswith(user_agent_prefix)
            ]
            if all(event.is_complete for event in events) or time.monotonic() > give_up:
                return events
            # The next read asks the server again, so this loop does not spin.

    def _read(self, mark: int) -> Sequence[AuditEvent]:
        last = f"/audit-mark/{secrets.token_hex(8)}"
        # Nothing lives there; the question itself is what gets written.
        self._client.get(last, ok=(404,))
        latest: dict[str, AuditEvent] = {}
        with self._path.open("rb") as log:
            log.seek(mark)
            for line in log:
                # The writer may be in the middle of the last line, and that one
                # is younger than the question.
                if not line.endswith(b"\n"):
                    break
                event = self._decoder.decode(line)
                if event.request_uri == last:
                    return list(latest.values())
                latest[event.audit_id] = event
        raise ControlPlaneError(f"{self._path} has no line of a request that was answered: {last}")


def most_in_flight(events: Iterable[AuditEvent]) -> int:
    """How many of them the server was working on at once, at the busiest moment."""
    changes: list[tuple[datetime, int]] = []
    for event in events:
        changes.append((event.request_received_timestamp, 1))
        if event.is_complete:
            changes.append((event.stage_timestamp, -1))
    # At one and the same microsecond the one that ends goes first.
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
