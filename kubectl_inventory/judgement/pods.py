"""What one pod's row says: how it is, and whether it counts as there.

Its STATUS is the kubelet's or the scheduler's last word; on a node that is not ready
nobody has taken that word back.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.clock import span_s
from kubectl_inventory.health import ENDED, ENDED_CONTAINERS, is_spoilt, is_starting, meaning_of, ratio
from kubectl_inventory.judgement.symptoms import Symptom, as_word, unknown_word
from kubectl_inventory.output.columns import Places
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.resource import Kind

RISING_RESTARTS = 3
"""So many restarts, the last of them lately, are a finding even of a pod that is ready now."""

_RARE_S = 86400
"""One that restarts less often than once in so many seconds of its life may have been through a reboot."""

_LONGEST_BACK_OFF_S = 300
"""So long a kubelet waits at the most before it starts a container again."""

_RESTARTS = re.compile(r"(\d{1,9})(?: \((\S+) ago\))?", re.ASCII)


class PodState(msgspec.Struct, frozen=True, kw_only=True):
    """One pod."""

    is_ready: bool = False
    is_finished: bool = False
    """It wants nothing more, or is about to go."""
    is_spoilt: bool = False
    """It, or its container, ended: bad only where its maker is short of it."""
    symptom: Symptom | None = None
    restarts: int = 0
    is_doubtful: bool = False
    """Whether its restarts are a finding only if events tell of them, too."""
    dead_node: str = ""
    """The node that it is on, if that is not ready."""


_WELL = PodState(is_ready=True)


def read_pod(
    kind: Kind, row: Row, places: Places, policy: Policy, *, dead: Collection[str], since_s: float
) -> PodState:
    """How a pod is. `dead`: the nodes that are not ready, whose pods still say what they said last."""
    status, ready = places.status(row), places.ready(row)
    restarts = places.text(row, "restarts")
    node = places.text(row, "node") if dead else ""
    pair = ratio(ready)
    is_whole = pair is not None and pair[0] == pair[1]
    if status == "Running" and is_whole and node not in dead and not restarts.endswith("ago)"):
        return _WELL
    return _unwell(kind, row, places, policy, is_whole=is_whole, node=node if node in dead else "", since_s=since_s)


def _unwell(
    kind: Kind, row: Row, places: Places, policy: Policy, *, is_whole: bool, node: str, since_s: float
) -> PodState:
    status = places.status(row)
    count, ago_s = _restarts(places.text(row, "restarts"))
    known = policy.meaning(kind, "Status", status)
    if known is not None:
        symptom = Symptom(health=known, reason=as_word(status), look="reason") if known != "ok" else None
        is_over = status.lower() in ENDED or is_spoilt(status)
        return PodState(is_ready=is_whole, is_finished=is_over, symptom=symptom, restarts=count)
    if node and (status in ("Running", "NotReady") or is_starting(status)):
        symptom = Symptom(health="warning", reason="NodeNotReady", brief=f"short of node/{node}",
                          message=f"on node/{node}, which is not ready", look="reason")
        return PodState(symptom=symptom, dead_node=node)
    if status.lower() in ENDED:
        return PodState(is_finished=True, is_spoilt=True)
    if is_spoilt(status):
        # Between two starts it says how its container ended; a moment later it will say CrashLoopBackOff.
        is_container = status.removeprefix("Init:") in ENDED_CONTAINERS
        is_restarted = is_container and count > 0 and ago_s is not None and ago_s <= 2 * _LONGEST_BACK_OFF_S
        symptom = Symptom(health="error" if is_restarted else "warning", reason=as_word(status), look="reason")
        return PodState(is_finished=not is_restarted, is_spoilt=True, symptom=symptom, restarts=count)
    if status == "Terminating":
        return PodState(
            is_finished=True, symptom=Symptom(health="warning", reason=status, look="verdict", passes=True)
        )
    if is_starting(status):
        return PodState(symptom=_starting(row, places, status), restarts=count)
    if status in ("Running", "NotReady"):
        if not is_whole:
            symptom = Symptom(health="warning", reason="NotReady", look="verdict", passes=True)
            return PodState(symptom=symptom, restarts=count)
        is_rising = count >= RISING_RESTARTS and ago_s is not None and ago_s <= since_s
        if not is_rising:
            return PodState(is_ready=True, restarts=count)
        often = f"restarted {count}x"
        symptom = Symptom(health="warning", reason="Restarts", brief=often, message=often, look="verdict")
        is_rare = (places.age_s(row) or 0) > count * _RARE_S
        return PodState(is_ready=True, symptom=symptom, restarts=count, is_doubtful=is_rare)
    health = meaning_of(status)
    if health is None:
        return PodState(is_ready=is_whole, symptom=unknown_word(status), restarts=count)
    symptom = Symptom(health=health, reason=as_word(status), look="reason") if health != "ok" else None
    return PodState(is_ready=is_whole, symptom=symptom, restarts=count)


def _starting(row: Row, places: Places, status: str) -> Symptom:
    if status == "SchedulingGated":
        return Symptom(health="changing", reason=status, look="reason")
    if status == "Pending" and not places.text(row, "node"):
        return Symptom(health="error", reason="Unschedulable", look="verdict", passes=True)
    return Symptom(health="error", reason=as_word(status), look="verdict", passes=True)


def _restarts(text: str) -> tuple[int, float | None]:
    """`4 (9m30s ago)` as a number, and seconds since the last."""
    match = _RESTARTS.fullmatch(text)
    if match is None:
        return 0, None
    return int(match[1]), span_s(match[2]) if match[2] else None
