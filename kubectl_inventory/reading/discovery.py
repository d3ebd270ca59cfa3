"""What the server can list.

Asks for the aggregated documents first (KEP-3352: two requests) and walks group
by group where the server only has the old ones. A group that cannot answer is a
`DiscoveryGap`, by name: kubectl says nothing of it. Knows kinds, not objects; what is
done with each kind is `plan`'s to say. Does no I/O: `read` and `each` are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from kubectl_inventory.errors import ApiError, BoundaryError, ServerFault
from kubectl_inventory.resource import Answer, Kind, Question, Read, collection_path, discovery_path
from kubectl_inventory.wire import (
    DISCOVERY,
    LEGACY_GROUPS,
    LEGACY_RESOURCES,
    DiscoveredResource,
    LegacyResource,
    decode,
)

T = TypeVar("T")


class Each(Protocol):
    """Runs functions side by side, bounded, and gives their results in order."""

    def __call__(self, functions: Sequence[Callable[[], T]]) -> list[T]:
        """Their results, in order."""
        ...


class DiscoveryGap(msgspec.Struct, frozen=True):
    """A group and version that could not say what it serves: its kinds are unknown."""

    group: str
    version: str
    reason: str = "Unavailable"
    message: str = "its kinds are unknown"


class Document(msgspec.Struct, frozen=True):
    """What one discovery path said, as it is cached: `etag` is the server's, empty where it gives none."""

    path: str
    etag: str
    kinds: tuple[Kind, ...]
    gaps: tuple[DiscoveryGap, ...]


class Catalog(msgspec.Struct, frozen=True):
    """Every kind that can be listed, in the server's order of preference; and the groups that could not answer."""

    kinds: tuple[Kind, ...]
    gaps: tuple[DiscoveryGap, ...]


def discover(read: Read, each: Each, *, known: Sequence[Document] = ()) -> tuple[Document, ...]:
    """The server's discovery documents, asked anew; `known` ones that did not change are not sent again.

    Raises `ApiError` when the root of discovery does not answer: nothing can be known then.
    """
    by_path = {document.path: document for document in known}

    def ask(group: str | None) -> Document | None:
        path = discovery_path(group)
        old = by_path.get(path)
        answer = read(
            Question(path=path, representation="discovery", if_none_match=old.etag if old is not None else "")
        )
        if answer.not_modified and old is not None:
            return old
        return _aggregated_document(path, answer)

    core, groups = each([lambda: ask(""), lambda: ask(None)])
    return core or _walk_core(read, each), groups or _walk_groups(read, each)


def make_catalog(documents: Iterable[Document]) -> Catalog:
    """The documents as one catalog: core first, then groups as the server ranks them."""
    pages = list(documents)
    return Catalog(
        tuple(kind for page in pages for kind in page.kinds),
        tuple(gap for page in pages for gap in page.gaps),
    )


def _aggregated_document(path: str, answer: Answer) -> Document | None:
    """The document, or None when the server sent the old, unaggregated form."""
    reply = decode(answer.body, DISCOVERY, what=f"discovery of {path}")
    if reply.kind != "APIGroupDiscoveryList":
        return None
    found: list[Kind] = []
    gaps: list[DiscoveryGap] = []
    for group in reply.items or ():
        for version in group.versions or ():
            if version.freshness == "Stale":
                gaps.append(DiscoveryGap(group.metadata.name, version.version))
            for resource in version.resources or ():
                if "list" in (resource.verbs or ()):
                    found.append(_discovered_kind(group.metadata.name, version.version, resource))
    return _document(path, answer.etag, found, gaps)


def _discovered_kind(group: str, version: str, resource: DiscoveredResource) -> Kind:
    kind = resource.response_kind.kind if resource.response_kind is not None else ""
    return Kind(
        group=group,
        version=version,
        resource=resource.resource,
        kind=kind or resource.resource,
        singular=resource.singular_resource,
        namespaced=resource.scope == "Namespaced",
        verbs=resource.verbs or (),
        short_names=resource.short_names,
        categories=resource.categories,
    )


def _document(path: str, etag: str, found: Iterable[Kind], gaps: Iterable[DiscoveryGap]) -> Document:
    """One kind a resource, at the version the server names first.

    A kind whose path cannot be spelled is a gap: an aggregated server may name its resources anyhow.
    """
    kinds: dict[tuple[str, str], Kind] = {}
    unknown = list(gaps)
    for kind in found:
        key = (kind.group, kind.resource)
        if key in kinds:
            first = kinds[key]
            kinds[key] = msgspec.structs.replace(first, other_versions=(*first.other_versions, kind.version))
            continue
        try:
            collection_path(kind)
        except BoundaryError:
            what = f"{kind.resource!r} is not a resource's name"
            unknown.append(DiscoveryGap(kind.group, kind.version, "Failed", what))
        else:
            kinds[key] = kind
    return Document(path, etag, tuple(kinds.values()), tuple(unknown))


def _walk_core(read: Read, each: Each) -> Document:
    path = discovery_path("")
    reply = decode(read(Question(path=path)).body, LEGACY_GROUPS, what=f"discovery of {path}")
    return _walk(read, each, path, [("", version) for version in reply.versions or ()])


def _walk_groups(read: Read, each: Each) -> Document:
    path = discovery_path()
    reply = decode(read(Question(path=path)).body, LEGACY_GROUPS, what=f"discovery of {path}")
    versions: list[tuple[str, str]] = []
    for group in reply.groups or ():
        ordered = [group.preferred_version.version, *(version.version for version in group.versions or ())]
        versions += [(group.name, version) for version in dict.fromkeys(ordered) if version]
    return _walk(read, each, path, versions)


def _walk(read: Read, each: Each, path: str, versions: Sequence[tuple[str, str]]) -> Document:
    """One request a group and version, as servers before 1.27 need it; what does not answer is a gap."""
    kinds: list[Kind] = []
    gaps: list[DiscoveryGap] = []
    functions = [_resource_reader(read, group, version) for group, version in versions]
    for (group, version), found in zip(versions, each(functions), strict=True):
        if isinstance(found, ApiError):
            gaps.append(DiscoveryGap(group, version, found.reason, found.message))
            continue
        for resource in found:
            if "/" not in resource.name and "list" in (resource.verbs or ()):
                kinds.append(_legacy_kind(group, version, resource))
    return _document(path, "", kinds, gaps)


def _resource_reader(read: Read, group: str, version: str) -> Callable[[], tuple[LegacyResource, ...] | ApiError]:
    def ask() -> tuple[LegacyResource, ...] | ApiError:
        try:
            path = discovery_path(group, version)
        except BoundaryError:
            return ServerFault(f"{f'{group}/{version}'!r} is not a group and version's name")
        try:
            reply = decode(read(Question(path=path)).body, LEGACY_RESOURCES, what=f"discovery of {path}")
            return reply.resources or ()
        except ApiError as error:
            if error.is_fatal:
                raise
            return error

    return ask


def _legacy_kind(group: str, version: str, resource: LegacyResource) -> Kind:
    return Kind(
        group=group,
        version=version,
        resource=resource.name,
        kind=resource.kind,
        singular=resource.singular_name,
        namespaced=resource.namespaced,
        verbs=resource.verbs or (),
        short_names=resource.short_names,
        categories=resource.categories,
    )
