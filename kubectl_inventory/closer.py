"""A closer look at what is suspicious: its status, by a few bounded questions.

Still lists of a collection, with a field selector for the one name: no object's path is
ever asked. Of pods alike one stands for all; where many of a kind are suspicious in one
namespace its list is asked instead. At most `MOST_LOOKS` questions, the worst first, and
never about Secrets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import partial

import msgspec

from kubectl_inventory.conclusions import Suspect
from kubectl_inventory.diagnosis import SERVICE_LABEL
from kubectl_inventory.discovery import Each
from kubectl_inventory.errors import ApiError, BoundaryError, TimedOut, Unauthorized
from kubectl_inventory.health import HEALTHS, is_custom
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

    @property
    def is_list(self) -> bool:
        """Whether all of a kind in one place is asked for."""
        return not self.name and not self.service

    def question(self) -> Question:
        """The list that tells. Raises `BoundaryError` for Secrets."""
        if self.kind.holds_secrets:
            raise BoundaryError("refused to look closer at secrets")
        # Whole objects are large: of many a page is enough, but of nodes every one is wanted.
        is_paged = self.is_list and self.namespace is not None
        return Question(
            path=collection_path(self.kind, self.namespace),
            representation="plain",
            lane="heavy" if self.is_list else "probe",
            from_cache=not is_paged,
            limit=_PAGE if is_paged else None,
            field_selector=f"metadata.name={self.name}" if self.name else "",
            label_selector=f"{SERVICE_LABEL}={self.service}" if self.service else "",
        )


class Looks:
    """Which looks a run takes, and what they told."""

    def __init__(self, suspects: Sequence[Suspect], *, thorough: bool, slices: Kind | None, nodes: Kind | None) -> None:
        wanted = [it for it in suspects if it.symptom.look == "verdict" or (thorough and it.symptom.look)]
        # What decides comes before what only says more, and the worst before the rest.
        wanted.sort(key=lambda it: (it.symptom.look != "verdict", HEALTHS.index(it.symptom.health)))
        together: defaultdict[tuple[Kind, str | None], set[str]] = defaultdict(set)
        for suspect in wanted:
            together[_place(suspect)].add(suspect.patient.name)
        self._looks: dict[Suspect, Look] = {}
        asked: dict[Look, None] = {Look(nodes, None): None} if nodes is not None else {}
        for suspect in wanted:
            look = self._look(suspect, len(together[_place(suspect)]), slices, nodes)
            if look is not None and (look in asked or _has_room(asked, suspect)):
                asked[look] = None
                self._looks[suspect] = look
        self._asked = tuple(asked)
        self.overlooked = len(wanted) - len(self._looks)
        self.unanswered = 0
        """Suspects that were looked at in vain."""
        self._told: dict[Look, DetailsReply] = {}

    def take(self, read: Read, each: Each) -> None:
        """Asks. What cannot be had, or not before the run's end, leaves the suspect to what its row says."""
        try:
            answers = each([partial(_ask, read, look) for look in self._asked])
        except TimedOut:
            self.overlooked += len(self._looks)
            return
        self._told = {look: told for look, told in zip(self._asked, answers, strict=True) if told is not None}
        self.unanswered = sum(look not in self._told for look in self._looks.values())

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

    def at_all(self, kind: Kind) -> tuple[Detail, ...]:
        """What was told of all objects of a cluster-scoped kind."""
        told = self._told.get(Look(kind, None))
        return (told.items or ()) if told is not None else ()

    def _look(self, suspect: Suspect, alike: int, slices: Kind | None, nodes: Kind | None) -> Look | None:
        kind, namespace = _place(suspect)
        if suspect.object.kind.name == "services":
            return Look(slices, namespace, service=suspect.object.name) if slices is not None else None
        if kind == nodes or (alike >= _WHOLE_LIST_FROM and namespace is not None and not is_custom(kind)):
            return Look(kind, namespace)
        return Look(kind, namespace, name=suspect.patient.name)


def _has_room(asked: Collection[Look], suspect: Suspect) -> bool:
    """Whether one more question may be about a suspect."""
    if len(asked) >= MOST_LOOKS:
        return False
    is_of_many = suspect.symptom.look == "verdict" and is_custom(suspect.patient.kind)
    return not is_of_many or sum(is_custom(look.kind) for look in asked) < MOST_OF_CUSTOM


def _place(suspect: Suspect) -> tuple[Kind, str | None]:
    patient = suspect.patient
    return patient.kind, patient.namespace if patient.kind.namespaced else None


def _ask(read: Read, look: Look) -> DetailsReply | None:
    try:
        return decode(read(look.question()).body, DETAILS, what=look.kind.name)
    except Unauthorized:
        raise
    except ApiError:
        return None


def kind_named(kinds: Iterable[Kind], name: str) -> Kind | None:
    """The kind of that name among those that were read."""
    return next((kind for kind in kinds if kind.name == name), None)
