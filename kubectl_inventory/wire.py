"""Which fields of the server's replies we read, and no others.

A field that is not declared here is never decoded, so it cannot leak: there are
no annotations (`kubectl apply` copies a Secret's data into one), no spec and no
data. Decoding validates: a reply of another shape is a `ServerFault`, never a
half-filled value. Type names follow apimachinery's, as sent, with `Reply`
where a whole body is meant.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from kubectl_inventory.errors import ServerFault

Scalar = str | int | float | bool | None
Simple = Scalar | list[Scalar] | dict[str, Scalar]
Cell = Scalar | list[Simple] | dict[str, Simple]
"""What a Table's cell holds: typed JSON, `None` where a custom resource has no such value.

meta/v1 promises "simple maps, lists" as well. No server of Kubernetes' own sends one; whatever is nested deeper
than this is not simple, and printing it could exhaust the stack.
"""


class GroupVersionKind(msgspec.Struct, frozen=True):
    """apidiscovery.k8s.io/v2 `responseKind`."""

    kind: str = ""


class DiscoveredResource(msgspec.Struct, frozen=True, rename="camel"):
    """apidiscovery.k8s.io/v2 `APIResourceDiscovery`; its subresources are nested and not read."""

    resource: str
    scope: str
    verbs: tuple[str, ...] | None = ()
    response_kind: GroupVersionKind | None = None
    singular_resource: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class DiscoveredVersion(msgspec.Struct, frozen=True):
    """apidiscovery.k8s.io/v2 `APIVersionDiscovery`; `freshness` is Current or Stale."""

    version: str
    resources: tuple[DiscoveredResource, ...] | None = None
    freshness: str = "Current"


class Named(msgspec.Struct, frozen=True):
    """Metadata of which only the name is read."""

    name: str = ""


class DiscoveredGroup(msgspec.Struct, frozen=True):
    """apidiscovery.k8s.io/v2 `APIGroupDiscovery`: versions in the server's order of preference."""

    metadata: Named = Named()
    versions: tuple[DiscoveredVersion, ...] | None = ()


class DiscoveryReply(msgspec.Struct, frozen=True):
    """`/api` or `/apis`, aggregated."""

    kind: str
    items: tuple[DiscoveredGroup, ...] | None = ()


class GroupVersion(msgspec.Struct, frozen=True):
    """One version of a group in the unaggregated list."""

    version: str = ""


class LegacyGroup(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `APIGroup`."""

    name: str
    versions: tuple[GroupVersion, ...] | None = ()
    preferred_version: GroupVersion = GroupVersion()


class LegacyGroupsReply(msgspec.Struct, frozen=True):
    """`/apis` (groups) or `/api` (versions) of a server without aggregated discovery."""

    groups: tuple[LegacyGroup, ...] | None = ()
    versions: tuple[str, ...] | None = ()


class LegacyResource(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `APIResource`; a name with a slash is a subresource."""

    name: str
    kind: str
    namespaced: bool
    singular_name: str = ""
    verbs: tuple[str, ...] | None = ()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class LegacyResourcesReply(msgspec.Struct, frozen=True):
    """`/apis/GROUP/VERSION`: meta/v1 `APIResourceList`."""

    resources: tuple[LegacyResource, ...] | None = ()


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `ListMeta`. `remaining_item_count` is absent with selectors and on old or aggregated servers."""

    resource_version: str = ""
    continue_token: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class OwnerReference(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `OwnerReference`, as printed in the JSON contract."""

    api_version: str = msgspec.field(default="", name="apiVersion")
    kind: str = ""
    name: str = ""
    uid: str = ""


class ObjectMeta(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `ObjectMeta`, without annotations and managedFields."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: str | None = None
    labels: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None


class MetadataOnly(msgspec.Struct, frozen=True):
    """meta/v1 `PartialObjectMetadata`, or any full object of which no more is read."""

    metadata: ObjectMeta = ObjectMeta()


class ColumnDefinition(msgspec.Struct, frozen=True):
    """meta/v1 `TableColumnDefinition`: priority 0 is shown by default, above it with `-o wide`."""

    name: str
    type: str = ""
    format: str = ""
    priority: int = 0


class TableRow(msgspec.Struct, frozen=True):
    """meta/v1 `TableRow`; `object` is null when asked with `includeObject=None`."""

    cells: tuple[Cell, ...] = ()
    object: MetadataOnly | None = None


class CollectionReply(msgspec.Struct, frozen=True, rename="camel"):
    """Any list: a Table (`rows`), a `PartialObjectMetadataList` or a plain list (`items`).

    An API server that has no Tables ignores the `Accept` header and sends its
    plain list, so one type reads all three. Empty is `[]` or null.
    """

    kind: str = ""
    metadata: ListMeta = ListMeta()
    column_definitions: tuple[ColumnDefinition, ...] | None = None
    rows: tuple[TableRow, ...] | None = None
    items: tuple[MetadataOnly, ...] | None = None

    @property
    def is_table(self) -> bool:
        """Whether the server printed it for us."""
        return self.kind == "Table"

    @property
    def length(self) -> int:
        """How many objects this reply holds."""
        return len((self.rows if self.is_table else self.items) or ())

    @property
    def name_place(self) -> int:
        """Which of a Table's columns holds the name: not always the first."""
        columns = self.column_definitions or ()
        return next((place for place, column in enumerate(columns) if column.format == "name"), 0)

    def names(self) -> list[str]:
        """The objects' names, but for rows that have none."""
        if not self.is_table:
            return [item.metadata.name for item in self.items or ()]
        place = self.name_place
        cells = (row.cells[place] for row in self.rows or () if place < len(row.cells))
        return [cell for cell in cells if isinstance(cell, str)]


class Condition(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `Condition`, or one of a kind's own that has the same fields."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class Ended(msgspec.Struct, frozen=True, rename="camel"):
    """core/v1 `ContainerStateTerminated`."""

    exit_code: int = 0
    reason: str = ""
    finished_at: str | None = None


class Waiting(msgspec.Struct, frozen=True):
    """core/v1 `ContainerStateWaiting`."""

    reason: str = ""
    message: str = ""


class ContainerState(msgspec.Struct, frozen=True):
    """core/v1 `ContainerState`, now or before."""

    waiting: Waiting | None = None
    terminated: Ended | None = None


class ContainerStatus(msgspec.Struct, frozen=True, rename="camel"):
    """core/v1 `ContainerStatus`, without image and environment."""

    name: str = ""
    ready: bool = False
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class ObjectStatus(msgspec.Struct, frozen=True, rename="camel"):
    """What a kind's status says of its health, as far as kinds have it in common."""

    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    expected_pods: int | None = None
    """Of a PodDisruptionBudget: how many pods it is for."""
    current_healthy: int | None = None
    """And how many of them are well."""
    last_phase_transition_time: str | None = None
    """Of a PersistentVolume (Kubernetes 1.31 and later)."""
    last_schedule_time: str | None = None
    """Of a CronJob, like the next."""
    last_successful_time: str | None = None


class DetailMeta(msgspec.Struct, frozen=True, rename="camel"):
    """meta/v1 `ObjectMeta`: who an object is, whose, and since when it is going."""

    name: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    owner_references: tuple[OwnerReference, ...] | None = None


class EndpointConditions(msgspec.Struct, frozen=True):
    """discovery.k8s.io/v1 `EndpointConditions`: unknown counts as ready."""

    ready: bool | None = None


class Endpoint(msgspec.Struct, frozen=True):
    """discovery.k8s.io/v1 `Endpoint`, without its addresses."""

    conditions: EndpointConditions = EndpointConditions()


class LeaseSpec(msgspec.Struct, frozen=True, rename="camel"):
    """coordination.k8s.io/v1 `LeaseSpec`: when its holder was last heard of."""

    renew_time: str | None = None


class Detail(msgspec.Struct, frozen=True):
    """One object, read for what is the matter with it: its status, and of its spec what a Lease has in place of one."""

    metadata: DetailMeta = DetailMeta()
    status: ObjectStatus = ObjectStatus()
    endpoints: tuple[Endpoint, ...] | None = None
    """Of an EndpointSlice, which has no status."""
    spec: LeaseSpec | None = None


class DetailsReply(msgspec.Struct, frozen=True):
    """A plain list of such objects."""

    metadata: ListMeta = ListMeta()
    items: tuple[Detail, ...] | None = None


T = TypeVar("T")

# Made here, in the thread that imports, and not where they are used: two threads that are the first to decode
# a type crash the interpreter, as msgspec (0.22) then works out the same fields twice at once.
DISCOVERY = msgspec.json.Decoder(DiscoveryReply)
LEGACY_GROUPS = msgspec.json.Decoder(LegacyGroupsReply)
LEGACY_RESOURCES = msgspec.json.Decoder(LegacyResourcesReply)
COLLECTION = msgspec.json.Decoder(CollectionReply)
DETAILS = msgspec.json.Decoder(DetailsReply)


def decode(body: bytes, decoder: msgspec.json.Decoder[T], *, what: str) -> T:
    """`body` as the decoder's type. Raises `ServerFault` that names `what` was asked and where it differs."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ServerFault(f"{what}: the reply is not what the API promises: {error}") from error
