"""Kubernetes objects as they are sent: where each kind lives, and how many go at once.

Knows the paths of the kinds that the populators write; what is in the objects
is theirs to say.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar

from tests.controlplane.client import AdminClient

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]
Item = TypeVar("Item")

MERGE_PATCH = "application/merge-patch+json"
# Merges lists by key where merge patch would replace them: conditions by their type.
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
WRITERS = 16

CORE = "/api/v1"
APPS = "/apis/apps/v1"
BATCH = "/apis/batch/v1"
COORDINATION = "/apis/coordination.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACME = "/apis/acme.example/v1"


def collection(group: str, plural: str, namespace: str = "") -> str:
    """The path of a kind's objects, in one namespace or outside of all."""
    return f"{group}/namespaces/{namespace}/{plural}" if namespace else f"{group}/{plural}"


def in_parallel(work: Callable[[Item], object], items: Iterable[Item]) -> None:
    """Do `work` on every item, sixteen at once; the first failure in their order is raised."""
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="writer") as pool:
        for _ in pool.map(work, items):
            pass


def create_all(client: AdminClient, objects: Iterable[tuple[str, JsonObject]]) -> None:
    """Create each `(path of its collection, object)`, in no particular order."""

    def create(item: tuple[str, JsonObject]) -> None:
        path, body = item
        client.send("POST", path, body)

    in_parallel(create, objects)
