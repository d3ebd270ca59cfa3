"""What the server shows of any object: name, generation, status; and waiting for it.

One shape for all kinds, with the few fields by which the populators see that
the controllers have done their part.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tests.controlplane.client import AdminClient
from tests.controlplane.errors import ControlPlaneError

SETTLE_SECONDS = 90.0
POLL_SECONDS = 0.1
EXTENSIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# The custom kinds of `demo/2-crds.yaml`: a group, and its plurals.
CUSTOM_KINDS = {
    "acme.example": ("databases", "backups", "clusterpolicies", "featureflags"),
    "cert-manager.io": ("certificates",),
}


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None


class _Status(msgspec.Struct, rename="camel"):
    phase: str = ""
    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    updated_replicas: int = 0
    number_ready: int = 0
    active: int = 0
    ready: int = 0
    current_healthy: int = 0
    disruptions_allowed: int = 0
    used: dict[str, str] = {}
    # A new CRD has null here.
    conditions: list[_Condition] | None = None

    def has(self, condition: str, status: str) -> bool:
        """Whether the condition is there and has this status."""
        return any(it.type == condition and it.status == status for it in self.conditions or ())


class Observed(msgspec.Struct):
    """An object of any kind."""

    metadata: _Metadata
    status: _Status = msgspec.field(default_factory=_Status)


class _ObservedList(msgspec.Struct):
    items: list[Observed]


def observe(client: AdminClient, path: str) -> Observed:
    """The object at `path`."""
    return msgspec.json.decode(client.get(path), type=Observed)


def observe_all(client: AdminClient, path: str) -> dict[tuple[str, str], Observed]:
    """The objects of a collection by namespace and name."""
    found = msgspec.json.decode(client.get(path), type=_ObservedList).items
    return {(it.metadata.namespace, it.metadata.name): it for it in found}


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Return when it is so; raise, naming `what`, when it takes too long."""
    give_up = time.monotonic() + SETTLE_SECONDS
    while not is_so():
        if time.monotonic() > give_up:
            raise ControlPlaneError(f"not within {SETTLE_SECONDS:.0f} s: {what}")
        time.sleep(POLL_SECONDS)


def wait_for_custom_kinds(
    client: AdminClient, kinds: Mapping[str, Sequence[str]] = CUSTOM_KINDS
) -> None:
    """Return when the custom kinds, plurals by group, are established and can be discovered."""
    wait_until(lambda: _custom_kinds_served(client, kinds), "the custom kinds are served")


def _custom_kinds_served(client: AdminClient, kinds: Mapping[str, Sequence[str]]) -> bool:
    found = observe_all(client, EXTENSIONS)
    return all(
        found["", f"{plural}.{group}"].status.has("Established", "True")
        # Discovery follows a moment later; until then it answers 404.
        and f'"{plural}"'.encode() in client.get(f"/apis/{group}/v1", ok=(404,))
        for group, plurals in kinds.items()
        for plural in plurals
    )
