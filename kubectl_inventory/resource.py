"""A listable kind, and the only paths that may be asked.

`ApiPath` is made here and nowhere else, from a closed grammar: version,
discovery, collection. There is no way to spell an object's name, a subresource
(`proxy`, `exec`, `log`) or a watch. A `Question` is a path with the few query
parameters we use; a `Read` answers one. Knows nothing of the network.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NewType
from urllib.parse import quote, urlencode

import msgspec

from kubectl_inventory.errors import BoundaryError

ApiPath = NewType("ApiPath", str)

Representation = Literal["discovery", "table", "metadata", "plain"]
"""How a reply is asked for: aggregated discovery, server-side Table, metadata only, or plain JSON."""

Lane = Literal["probe", "list", "heavy"]
"""Which bound a request counts against: `probes`, `workers`, or both `workers` and `heavyLists`."""

# RFC 1123 labels and DNS names, as the API server validates groups, versions,
# resources and namespaces (apimachinery/pkg/util/validation). Nothing in it
# can be `..`, hold a slash, a percent sign or a question mark.
_GROUP = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_RESOURCE = r"[a-z](?:[-a-z0-9]*[a-z0-9])?"
_GRAMMAR = re.compile(
    rf"/version|/api|/apis"
    rf"|(?:/api/v[0-9a-z]+|/apis/{_GROUP}/{_LABEL})"
    rf"(?:(?:/namespaces/{_LABEL})?/{_RESOURCE})?"
)
# `/api/v1/namespaces/shop` reads one object, `/api/v1/namespaces/shop/pods` a
# collection; a resource called `status` or `finalize` below a namespace would
# be a subresource of the namespace itself, and `proxy` and `watch` are verbs
# (apiserver/pkg/endpoints/request/requestinfo.go).
_NOT_A_COLLECTION = re.compile(r"/.+/namespaces/[^/]+/(?:status|finalize)|/.+/(?:proxy|watch)")


class Kind(msgspec.Struct, frozen=True):
    """One kind of object that the server can list, at the version we ask for."""

    group: str
    version: str
    resource: str
    """The plural, as in a path: `deployments`."""
    kind: str
    """As in a manifest: `Deployment`."""
    singular: str = ""
    namespaced: bool = True
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    other_versions: tuple[str, ...] = ()
    """Versions that serve it too, but that the server prefers less."""

    @property
    def name(self) -> str:
        """`plural.group`, as typed: `deployments.apps`, `pods`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource

    @property
    def prefix(self) -> str:
        """What `kubectl get -o name` puts before the slash: the kind in lower case and its group."""
        lower = self.kind.lower()
        return f"{lower}.{self.group}" if self.group else lower

    @property
    def api_version(self) -> str:
        """`group/version`, or the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def holds_secrets(self) -> bool:
        """Whether even the metadata of its objects may not leave the server.

        `kubectl apply` copies a Secret's data into an annotation.
        """
        return self.resource == "secrets" and not self.group


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One GET: a path of the grammar and its query."""

    path: ApiPath
    representation: Representation = "plain"
    lane: Lane = "list"
    include_metadata: bool = False
    """A Table's rows carry object metadata (`includeObject=Metadata`) instead of nothing at all."""
    strict: bool = False
    """No other representation will do: for Secrets, of which a plain list holds every value."""
    limit: int | None = None
    continue_token: str = ""
    from_cache: bool = False
    """`resourceVersion=0`: from the server's memory. Never with a limit, which it would then ignore."""
    label_selector: str = ""
    field_selector: str = ""
    if_none_match: str = ""

    def __post_init__(self) -> None:
        if self.limit is not None and self.from_cache:
            raise BoundaryError(f"refused to ask for {self.path} with a limit that the server's memory ignores")

    @property
    def has_selector(self) -> bool:
        """Whether the server selects objects: it gives no `remainingItemCount` then."""
        return bool(self.label_selector or self.field_selector)

    def query(self) -> str:
        """The query string, without the `timeout` that the door adds."""
        parameters: list[tuple[str, str]] = []
        if self.representation == "table":
            parameters.append(("includeObject", "Metadata" if self.include_metadata else "None"))
        if self.limit is not None:
            parameters.append(("limit", str(self.limit)))
        if self.continue_token:
            parameters.append(("continue", self.continue_token))
        if self.from_cache:
            parameters.append(("resourceVersion", "0"))
        if self.label_selector:
            parameters.append(("labelSelector", self.label_selector))
        if self.field_selector:
            parameters.append(("fieldSelector", self.field_selector))
        return urlencode(parameters, quote_via=quote, errors="surrogateescape")


class Answer(msgspec.Struct, frozen=True):
    """A reply of status 200, or 304 (`not_modified`, with an empty body)."""

    body: bytes
    content_type: str = "application/json"
    etag: str = ""
    not_modified: bool = False


Read = Callable[[Question], Answer]
"""Asks the cluster one question. Raises `ApiError`."""


def discovery_path(group: str | None = None, version: str = "") -> ApiPath:
    """The list of groups (`/apis`), of core versions (group `""`, no version), or of one version's kinds."""
    if group is None:
        return ApiPath("/apis")
    base = f"/apis/{group}" if group else "/api"
    return checked_path(f"{base}/{version}" if version else base)


def collection_path(kind: Kind, namespace: str | None = None) -> ApiPath:
    """Every object of a kind, in one namespace or in the whole cluster."""
    base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    middle = f"/namespaces/{namespace}" if namespace is not None else ""
    return checked_path(f"{base}{middle}/{kind.resource}")


def is_namespace_name(name: str) -> bool:
    """Whether a namespace can be called so: an RFC 1123 label."""
    return len(name) <= 63 and re.fullmatch(_LABEL, name) is not None


def checked_path(path: str) -> ApiPath:
    """`path` as one of the grammar. Raises `BoundaryError` for any other."""
    if _GRAMMAR.fullmatch(path) is None or _NOT_A_COLLECTION.fullmatch(path) is not None:
        raise BoundaryError(f"refused to ask for {path!r}: not a version, discovery or collection path")
    return ApiPath(path)
