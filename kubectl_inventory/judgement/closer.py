"""A closer look at what is suspicious: its status, by a few bounded questions.

Still lists of a collection, with a field selector for the one name: no object's path is
ever asked. Of pods alike one stands for all; where many of a kind are suspicious in one
namespace its list is asked instead. At most `MOST_LOOKS` questions, the worst first, and
never about Secrets.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import partial

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.errors import ApiError, BoundaryError, TimedOut
from kubectl_inventory.health import HEALTHS, LEASES, SYSTEM_NAMESPACE, is_custom
from kubectl_inventory.judgement.conclusions import Suspect
from kubectl_inventory.judgement.gathering import SERVICE_LABEL, SLICES, Gathering
from kubectl_inventory.reading.discovery import Each
from kubectl_inventory.reading.plan import Plan
from kubectl_inventory.resource import Kind, Question, Read, collection_path
from kubectl_inventory.wire import DETAILS, Detail, DetailsReply, decode

MOST_LOOKS = 50
"""Questions of one run: what is more says nothing that a person would still read."""
MOST_OF_CUSTOM = 25
"""Of them to learn since when custom objects are not ready: where an operator is down all of its objects are not."""
_WHOLE_LIST_FROM = 6
"""So many suspects of one kind in one namespace are one list of it."""
_PAGE = 250
"""Whole objects of such a list: a pod is 12 kB."""


class Look(msgspec.Struct, frozen=True):
    """One question: an object by its name, a service's slices, or all of a kind in one place."""

    kind: Kind
    namespace: str | None
    name: str = ""
    service: str = ""
    wants_all: bool = False
    """Whether every object is wanted, though they are too many for one reply."""

    @property
    def is_list(self) -> bool:
        """Whether all of a kind in one place is asked for."""
        return not self.name and not self.service

    def question(self, continue_token: str = "") -> Question:
        """The list that tells, or its next page. Raises `BoundaryError` for Secrets."""
        if self.kind.holds_secrets:
            raise BoundaryError("refused to look closer at secrets")
        # Whole objects are large: of many in one namespace a page is enough.
        is_paged = self.wants_all or (self.is_list and self.namespace is not None)
        return Question(
            path=collection_path(self.kind, self.namespace),
            representation="plain",
            lane="heavy" if self.is_list else "probe",
            from_cache=not is_paged,
            limit=_PAGE if is_paged else None,
            continue_token=continue_token,
            field_selector=f"metadata.name={self.name}" if self.name else "",
            label_selector=f"{SERVICE_LABEL}={self.service}" if self.service else "",
        )


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """What tells more besides the suspects themselves, where it is there and may be asked."""

    slices: Kind | None = None
    nodes: Kind | None = None
    """Where their conditions are wanted."""
    node_count: int = 0
    leases: Kind | None = None
    """Where those of the control plane are wanted."""


def find_sources(plan: Plan, policy: Policy, gathering: Gathering) -> Sources:
    """Those of a judgement.

    The control plane's leases are no kind that says how it is: asked for themselves, where the whole cluster is
    judged and no rule is about them or their namespace.
    """
    asked, left = plan.kinds("Asked"), plan.kinds("LeftOut")
    is_whole = not (plan.reach.named or plan.selects or policy.denies_namespace(SYSTEM_NAMESPACE))
    return Sources(
        slices=_named(asked, SLICES),
        nodes=_named(asked, "nodes") if gathering.looks_at_nodes else None,
        node_count=len(gathering.nodes),
        leases=_named(left, LEASES) if is_whole else None,
    )


class Looks:
    """Which looks a run takes, and what they told."""

    def __init__(self, suspects: Sequence[Suspect], sources: Sources, *, thorough: bool) -> None:
        wanted = [it for it in suspects if it.symptom.look == "verdict" or (thorough and it.symptom.look)]
        # What decides comes before what only says more, the worst before the rest, and what is but a doubt last.
        wanted.sort(
            key=lambda it: (it.symptom.look != "verdict", it.symptom.is_doubt, HEALTHS.index(it.symptom.health))
        )
        # Each page of the nodes is a question, too.
        most = MOST_LOOKS - max((sources.node_count - 1) // _PAGE, 0)
        together: defaultdict[tuple[Kind, str | None], set[str]] = defaultdict(set)
        for suspect in wanted:
            together[_place(suspect)].add(suspect.patient.name)
        self._looks: dict[Suspect, Look] = {}
        nodes, leases, self._slices = sources.nodes, sources.leases, sources.slices
        self._of_nodes = Look(nodes, None, wants_all=sources.node_count > _PAGE) if nodes is not None else None
        self._of_leases = Look(leases, SYSTEM_NAMESPACE) if leases is not None else None
        asked: dict[Look, None] = {it: None for it in (self._of_nodes, self._of_leases) if it is not None}
        for suspect in wanted:
            look = self._look(suspect, len(together[_place(suspect)]))
            if look is not None and (look in asked or _has_room(asked, suspect, most)):
                asked[look] = None
                self._looks[suspect] = look
        self._asked = tuple(asked)
        self.overlooked = sum(it not in self._looks for it in wanted if not it.symptom.is_doubt)
        """Suspects that nobody looked at."""
        self.unanswered = 0
        """Those that were looked at in vain, or for too long."""
        self._heard: dict[Look, DetailsReply] = {}
        """Replies, as they come: each is put here by the thread that asked."""
        self._told: dict[Look, DetailsReply] = {}

    def take(self, read: Read, each: Each) -> None:
        """Asks. What cannot be had, or not before the run's end, leaves the suspect to what its row says."""
        with contextlib.suppress(TimedOut):
            each([partial(self._ask, read, look) for look in self._asked])
        # What comes too late is not heard: nothing may change while it is read.
        self._told = dict(self._heard)
        self.unanswered = sum(
            look not in self._told for it, look in self._looks.items() if not it.symptom.is_doubt
        )

    def at(self, suspect: Suspect) -> tuple[Detail, ...] | None:
        """What was told of a suspect; None where nobody looked, or nobody answered."""
        look = self._looks.get(suspect)
        told = self._told.get(look) if look is not None else None
        if told is None or look is None:
            return None
        if not look.is_list:
            return told.items or ()
        found = tuple(it for it in told.items or () if it.metadata.name == suspect.patient.name)
        return None if told.metadata.continue_token and not found else found

    def at_nodes(self) -> tuple[Detail, ...] | None:
        """What was told of all nodes; None where they were asked for and did not answer."""
        if self._of_nodes is None:
            return ()
        told = self._told.get(self._of_nodes)
        return (told.items or ()) if told is not None else None

    def at_leases(self) -> tuple[Detail, ...]:
        """What was told of the control plane's leases; nothing where nobody may know."""
        told = self._told.get(self._of_leases) if self._of_leases is not None else None
        return (told.items or ()) if told is not None else ()

    def _ask(self, read: Read, look: Look) -> None:
        try:
            told = decode(read(look.question()).body, DETAILS, what=look.kind.name)
            while look.wants_all and told.metadata.continue_token:
                more = decode(read(look.question(told.metadata.continue_token)).body, DETAILS, what=look.kind.name)
                told = msgspec.structs.replace(more, items=(*(told.items or ()), *(more.items or ())))
        except ApiError as error:
            if error.is_fatal:
                raise
            return
        self._heard[look] = told

    def _look(self, suspect: Suspect, alike: int) -> Look | None:
        kind, namespace = _place(suspect)
        if suspect.object.kind.name == "services":
            slices = self._slices
            return Look(slices, namespace, service=suspect.object.name) if slices is not None else None
        if self._of_nodes is not None and kind == self._of_nodes.kind:
            return self._of_nodes
        if alike >= _WHOLE_LIST_FROM and namespace is not None and not is_custom(kind):
            return Look(kind, namespace)
        return Look(kind, namespace, name=suspect.patient.name)


def _has_room(asked: Collection[Look], suspect: Suspect, most: int) -> bool:
    """Whether one more question, of so many, may be about a suspect."""
    if len(asked) >= most:
        return False
    is_of_many = suspect.symptom.look == "verdict" and is_custom(suspect.patient.kind)
    return not is_of_many or sum(is_custom(look.kind) for look in asked) < MOST_OF_CUSTOM


def _place(suspect: Suspect) -> tuple[Kind, str | None]:
    patient = suspect.patient
    return patient.kind, patient.namespace if patient.kind.namespaced else None


def _named(kinds: Iterable[Kind], name: str) -> Kind | None:
    return next((kind for kind in kinds if kind.name == name), None)
