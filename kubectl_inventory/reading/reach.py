"""Which namespaces are asked: those that were named, those that a rule leaves, or the whole cluster.

A rule about namespaces needs names before anything is listed, as a cluster-wide
list that is filtered afterwards has already crossed the boundary. A name is
checked by a collection, since no object's path is ever asked.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from kubectl_inventory.boundary.policy import Policy, Rule
from kubectl_inventory.errors import ApiError, Forbidden, KubeconfigError, PolicyError, ServerFault, UsageError, near
from kubectl_inventory.reading.discovery import Each
from kubectl_inventory.request import Request
from kubectl_inventory.resource import Kind, Question, Read, collection_path, is_namespace_name
from kubectl_inventory.wire import COLLECTION, decode

NAMESPACES = Kind(
    group="",
    version="v1",
    resource="namespaces",
    kind="Namespace",
    singular="namespace",
    namespaced=False,
    short_names=("ns",),
)
"""As every server has it, for whoever needs names before there is a catalog."""
_SPELLING = 'lower-case letters, digits and "-", at most 63'
"""How a namespace can be called."""


class WithheldNamespace(msgspec.Struct, frozen=True):
    """A namespace that the policy keeps out, and the rule that does."""

    namespace: str
    rule: Rule


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Which namespaces are asked.

    `names` None: the whole cluster by cluster-wide requests, but for `excluded`,
    which the server leaves out itself.
    """

    names: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    withheld: tuple[WithheldNamespace, ...] = ()
    cluster_scoped: bool = True
    named: bool = False
    """The user named them (`-n`), as opposed to the policy's rules."""
    shortfall: ApiError | None = None
    """Why `names` may not be all that a rule leaves: then no namespaced kind is read whole."""
    unchecked: tuple[str, ...] = ()
    """Named ones of which nobody here may say whether they exist."""


class Namespaces:
    """The namespaces that may be asked one by one, listed at most once and only when somebody needs them."""

    def __init__(self, read: Read, each: Each, policy: Policy, *, context: str, own: str) -> None:
        self._read, self._each, self._policy = read, each, policy
        self._context, self._own = context, own
        self._lock = threading.Lock()
        self._names: tuple[str, ...] | None = None
        self.withheld: tuple[WithheldNamespace, ...] = ()
        """Those that exist and that the policy keeps out."""
        self.refused: ApiError | None = None
        """Why they could not be listed."""
        self.remark = ""
        """Why these are not all there are: the context's own namespace stands in where they cannot be listed."""

    def names(self) -> tuple[str, ...]:
        """The allowed ones, in the order in which the server lists objects by namespace.

        Raises `KubeconfigError` where the context's own should stand in for them, and is no namespace's name.
        """
        with self._lock:
            if self._names is None:
                rules = {name: self._policy.denies_namespace(name) for name in self._listed()}
                self.withheld = tuple(WithheldNamespace(name, rule) for name, rule in rules.items() if rule is not None)
                self._names = in_server_order(name for name, rule in rules.items() if rule is None)
            return self._names

    @property
    def known(self) -> tuple[str, ...]:
        """Those that somebody had to list, or the one that stands in for them; empty where nobody had to."""
        return self._names or ()

    @property
    def known_count(self) -> int | None:
        """How many there are, when somebody had to list them."""
        return len(self._names) if self._names is not None and not self.remark else None

    def check(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of `names` that nobody here may check. Raises `UsageError` for one that does not exist."""
        if self._policy.denies_kind(NAMESPACES) is not None:
            return tuple(names)
        found = self._each([partial(self._exists, name) for name in names])
        for name, exists in zip(names, found, strict=True):
            if exists is False:
                suggestion = near(name, self.names())
                raise UsageError(
                    f'namespace "{name}" not found in {self._context}{suggestion}',
                    hint=None if suggestion else '"kubectl get namespaces" lists them',
                )
        return tuple(name for name, exists in zip(names, found, strict=True) if exists is None)

    def _listed(self) -> list[str]:
        if self._policy.denies_kind(NAMESPACES) is not None:
            return self._stand_in("withheld by policy")
        # A namespace's cells are an eighth of its metadata.
        question = Question(path=collection_path(NAMESPACES), representation="table", from_cache=True)
        try:
            reply = decode(self._read(question).body, COLLECTION, what="namespaces")
        except ApiError as error:
            if error.is_fatal:
                raise
            self.refused = error
            return self._stand_in(error.reason)
        names = reply.names()
        if len(names) != reply.length or reply.metadata.continue_token:
            raise ServerFault("namespaces: the server did not name them all")
        return names

    def _stand_in(self, reason: str) -> list[str]:
        # Checked here, as whoever asks the whole cluster does not need it: `kubectl get -A` works with it, too.
        if not is_namespace_name(self._own):
            raise KubeconfigError(
                f'"{self._own}", the namespace of context {self._context}, cannot be one: {_SPELLING}; '
                f"it is needed where namespaces are {reason}",
                hint="mend the context's, or name others with -n",
            )
        self.remark = f"{self._own}, the context's own; namespaces are {reason}, name others with -n"
        return [self._own]

    def _exists(self, name: str) -> bool | None:
        selector = f"metadata.name={name}"
        question = Question(
            path=collection_path(NAMESPACES), representation="metadata", lane="probe", field_selector=selector
        )
        try:
            return bool(decode(self._read(question).body, COLLECTION, what="namespaces").items)
        except ApiError as error:
            if error.is_fatal:
                raise
            return None


def find_reach(request: Request, policy: Policy, namespaces: Namespaces) -> Reach:
    """Where to ask.

    Raises `PolicyError` for a named namespace that a rule keeps out and `UsageError` for one that does not exist.
    """
    if request.namespaces:
        for name in request.namespaces:
            if not is_namespace_name(name):
                raise UsageError(f'"{name}" cannot be a namespace: {_SPELLING}')
            if (rule := policy.denies_namespace(name)) is not None:
                raise PolicyError(f"namespace {name} is denied by the policy: {rule}")
        unchecked = namespaces.check(request.namespaces)
        return Reach(
            names=in_server_order(request.namespaces), cluster_scoped=False, named=True, unchecked=unchecked
        )
    if not policy.has_namespace_rule:
        return Reach()
    literal = policy.literal_denied_namespaces()
    if literal is not None and request.by == ("kind",) and not request.lists:
        rules = [(name, policy.denies_namespace(name)) for name in literal]
        withheld = tuple(WithheldNamespace(name, rule) for name, rule in rules if rule is not None)
        return Reach(excluded=literal, withheld=withheld)
    names = namespaces.names()
    if namespaces.refused is not None and not isinstance(namespaces.refused, Forbidden):
        # The rules cannot be held against names that a fault keeps from us: nothing may be asked.
        raise namespaces.refused
    return Reach(names=names, withheld=namespaces.withheld, shortfall=namespaces.refused)


def in_server_order(names: Iterable[str]) -> tuple[str, ...]:
    """Each once, as the server orders objects: by the string `namespace/name`, `a-b/x` before `a/x`."""
    return tuple(sorted(dict.fromkeys(names), key=lambda name: name + "/"))
