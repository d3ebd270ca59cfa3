"""From a suspect to a finding, or to none: what a closer look at its status told, and for how long it is so.

Without a closer look the row alone decides, and nothing says since when.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import msgspec

from kubectl_inventory.clock import elapsed_s, epoch_of, human_age, human_span
from kubectl_inventory.health import (
    BAD_CONDITIONS,
    ENDS,
    GOOD_CONDITIONS,
    LONGEST_START_S,
    NODE_TROUBLES,
    SYSTEM_NAMESPACE,
    Health,
)
from kubectl_inventory.judgement.findings import Finding, Owner, Thing
from kubectl_inventory.judgement.symptoms import Symptom
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Condition, ContainerStatus, Detail
from kubectl_inventory.words import singular

_REMAINING = re.compile(r"([a-z0-9-]{1,63})\.[a-z0-9.-]{0,253} has (\d{1,9}) resource instances")
"""What the namespace controller says is left, `pods. has 3` (kubernetes `pkg/controller/namespace/deletion`)."""
_RELEASING = ("ReplicaSetUpdated", "FoundNewReplicaSet", "NewReplicaSetCreated")
"""A Deployment is Progressing for these while a release is under way (kubernetes `pkg/controller/deployment/util`)."""


_CONTROL_PLANE = ("kube-controller-manager", "kube-scheduler")
"""Each renews its lease every two seconds (component-base `LeaderElectionConfiguration`), wherever there are two."""
_API_SERVERS = "apiserver-"
"""And each API server its own every ten (KEP-1965): by whose clock the others' are judged."""


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may not be well, before a closer look."""

    object: Thing
    symptom: Symptom
    age_s: float | None
    """How old the object is; of pods alike, the oldest."""
    count: int = 1
    example: Thing | None = None
    """The pod to look at, where pods are the matter."""
    restarts: tuple[int, int] = (0, 0)
    state: str = ""
    """What a workload's row says of it: `1/3 ready`."""
    is_spoilt: bool = False
    """Of pods that ended badly."""
    nodes: frozenset[str] = frozenset()
    """The nodes that are not ready, where that is the matter."""

    @property
    def patient(self) -> Thing:
        """The object whose status tells more."""
        return self.example if self.example is not None else self.object


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a look told: fields that are set replace the row's."""

    since: str | None = None
    made: str | None = None
    """When the object was made, for kinds whose rows have no age."""
    symptom: Symptom | None = None
    is_well: bool = False
    """It is no finding after all."""
    message: str = ""
    last_exit: str = ""
    owner: Owner | None = None


def conclude(
    suspect: Suspect,
    details: Sequence[Detail] | None,
    *,
    grace_s: float,
    joining: Collection[str] = (),
    ahead_s: float = 0.0,
) -> Finding | None:
    """The finding that a suspect is; None where it is well.

    `details`: what was looked at, None where nothing was. `joining`: nodes that have yet to become ready.
    `ahead_s`: how far the API server's clock is ahead of this one.
    """
    if details is None and suspect.symptom.is_doubt:
        return None
    told = _told(suspect, details) if details is not None else _Told()
    if told.is_well:
        return None
    symptom = told.symptom if told.symptom is not None else suspect.symptom
    health: Health = symptom.health
    if suspect.nodes and suspect.nodes.issubset(joining):
        health = "changing"
    elif symptom.passes and _may_pass(symptom, suspect, told, grace_s=grace_s, ahead_s=ahead_s):
        health = symptom.meanwhile
    summary = suspect.state or symptom.message
    return Finding(
        object=suspect.object,
        health=health,
        reason=symptom.reason,
        brief=symptom.brief or symptom.reason,
        summary=summary,
        says=told.message or ("" if symptom.message in summary else symptom.message),
        owner=told.owner,
        since=told.since,
        count=suspect.count,
        example=suspect.example if suspect.example != suspect.object or suspect.count > 1 else None,
        restarts=suspect.restarts,
        last_exit=told.last_exit,
    )


def _may_pass(symptom: Symptom, suspect: Suspect, told: _Told, *, grace_s: float, ahead_s: float) -> bool:
    """Whether it has not been so for too long. Where nobody knows since when, only what has its own patience may."""
    times = (elapsed_s(told.since, ahead_s=ahead_s), suspect.age_s, elapsed_s(told.made, ahead_s=ahead_s))
    known_s = next((it for it in times if it is not None), None)
    return known_s < max(grace_s, symptom.patience_s) if known_s is not None else bool(symptom.patience_s)


def node_findings(kind: Kind, nodes: Sequence[Detail]) -> Iterator[Finding]:
    """What only a node's conditions tell: pressure, and what a problem detector found."""
    for node in nodes:
        for condition in node.status.conditions or ():
            if condition.type in NODE_TROUBLES and condition.status == "True":
                yield Finding(
                    object=Thing(kind, None, node.metadata.name),
                    health="warning",
                    reason=condition.type,
                    brief=condition.type,
                    says=condition.message,
                    since=condition.last_transition_time,
                )


def control_plane_findings(kind: Kind, leases: Sequence[Detail], *, grace_s: float) -> Iterator[Finding]:
    """What of the control plane has fallen silent: then nothing that a status says can be relied on.

    Nothing where API servers have no leases (before Kubernetes 1.26), or nobody else has.
    """
    renewed = {it.metadata.name: it.spec.renew_time for it in leases if it.spec is not None}
    heard = {name: epoch for name, text in renewed.items() if (epoch := epoch_of(text)) is not None}
    now = max((epoch for name, epoch in heard.items() if name.startswith(_API_SERVERS)), default=0.0)
    for name in _CONTROL_PLANE:
        silent_s = now - heard.get(name, now)
        if silent_s > grace_s:
            yield Finding(
                object=Thing(kind, SYSTEM_NAMESPACE, name),
                health="error",
                reason="NotRenewed",
                brief=f"not renewed for {human_span(int(silent_s))}",
                summary=f"{name} has not been heard of for {human_span(int(silent_s))}",
                says="what the cluster says of itself may be as old",
                since=renewed[name],
            )


def joining_nodes(nodes: Sequence[Detail], *, grace_s: float, ahead_s: float = 0.0) -> frozenset[str]:
    """The nodes that are not ready yet: made lately, and no longer unready than they may take."""
    found = set()
    for node in nodes:
        ready, made = _condition(node, "Ready"), node.metadata.creation_timestamp
        age_s, lasted_s = (elapsed_s(it, ahead_s=ahead_s) for it in (made, _since(ready)))
        is_ready = ready is not None and ready.status == "True"
        if not is_ready and age_s is not None and max(age_s, lasted_s or 0.0) < grace_s:
            found.add(node.metadata.name)
    return frozenset(found)


def _told(suspect: Suspect, details: Sequence[Detail]) -> _Told:
    tell = _TELL.get(suspect.patient.kind.name, _any_kind)
    if suspect.object.kind.name == "services":
        return _service(suspect, details)
    if not details:
        # It is gone since it was listed; a workload is as its row says, whichever of its pods went.
        is_alone = suspect.patient == suspect.object and suspect.count == 1
        return _Told(is_well=is_alone or suspect.symptom.reason == "Terminating")
    return tell(suspect, details[0])


def _service(suspect: Suspect, slices: Sequence[Detail]) -> _Told:
    endpoints = [endpoint for it in slices for endpoint in it.endpoints or ()]
    if any(endpoint.conditions.ready is not False for endpoint in endpoints):
        return _Told(is_well=True)
    return _Told()


def _pod(suspect: Suspect, pod: Detail) -> _Told:
    symptom = suspect.symptom
    owner = _owner(pod) if suspect.example == suspect.object else None
    if symptom.reason == "Terminating":
        return _Told(since=pod.metadata.deletion_timestamp, owner=owner)
    scheduled = _condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.status == "False":
        if symptom.reason == "Unschedulable" and "persistentvolumeclaim" in scheduled.message.lower():
            symptom = msgspec.structs.replace(symptom, reason="VolumePending")
        return _Told(
            since=scheduled.last_transition_time, symptom=symptom, message=scheduled.message, owner=owner
        )
    sick = _sick_container(pod, symptom.reason)
    last_exit = _last_exit(sick) if sick is not None else ""
    waiting = sick.state.waiting if sick is not None else None
    ready = _condition(pod, "Ready")
    if symptom.reason == "Restarts":
        ended = sick.last_state.terminated if sick is not None else None
        if ended is not None and ended.reason not in ("", "Error", "Completed"):
            symptom = msgspec.structs.replace(symptom, brief=f"{symptom.brief}, {ended.reason}")
        since = ended.finished_at if ended is not None else None
        return _Told(since=since, symptom=symptom, last_exit=last_exit, owner=owner)
    if symptom.reason == "NotReady" and _is_done_in_part(pod):
        return _Told(is_well=True)
    since = ready.last_transition_time if ready is not None and ready.status == "False" else None
    message = waiting.message if waiting is not None else (ready.message if ready is not None else "")
    return _Told(since=since, message=message, last_exit=last_exit, owner=owner)


def _is_done_in_part(pod: Detail) -> bool:
    """Whether all that is not ready of it has ended as it should, as the steps of a run do beside the others."""
    unready = [it.state.terminated for it in pod.status.container_statuses or () if not it.ready]
    return bool(unready) and all(ended is not None and not ended.exit_code for ended in unready)


def _sick_container(pod: Detail, word: str) -> ContainerStatus | None:
    """The container that a pod's word is of; else one that is not ready; else the one that ended last.

    An init container that has done its work is none of these.
    """
    first, then = pod.status.init_container_statuses or (), pod.status.container_statuses or ()
    containers = [*first, *then] if word.startswith("Init:") else [*then, *first]
    named = next((it for it in containers if word.removeprefix("Init:") == _word_of(it)), None)
    unready = next((it for it in containers if not it.ready and it.state.terminated is None), None)
    ended = [it for it in containers if it.last_state.terminated is not None]
    return named or unready or max(ended, key=_ended_at, default=None)


def _word_of(container: ContainerStatus) -> str:
    """What a container is said to be for, in the row of its pod."""
    state = container.state.waiting or container.state.terminated
    return state.reason if state is not None else ""


def _ended_at(container: ContainerStatus) -> str:
    ended = container.last_state.terminated
    return (ended.finished_at or "") if ended is not None else ""


def _last_exit(container: ContainerStatus) -> str:
    """`137 (OOMKilled)`: how it ended last."""
    ended = container.state.terminated or container.last_state.terminated
    if ended is None:
        return ""
    return f"{ended.exit_code} ({ended.reason})" if ended.reason else str(ended.exit_code)


def _owner(pod: Detail) -> Owner | None:
    references = pod.metadata.owner_references or ()
    return next((Owner(it.api_version, it.kind, it.name) for it in references), None)


def _namespace(suspect: Suspect, namespace: Detail) -> _Told:
    since = namespace.metadata.deletion_timestamp
    content = _condition(namespace, "NamespaceContentRemaining")
    failed = _condition(namespace, "NamespaceDeletionDiscoveryFailure")
    left = _left(content.message) if content is not None and content.status == "True" else ""
    if not left and failed is not None and failed.status == "True":
        left = "an API group does not answer"
    lasted_s = elapsed_s(since)
    shown = f"Terminating {human_span(int(lasted_s))}" if lasted_s is not None else "Terminating"
    brief = f"{shown}, {left}" if left else shown
    message = content.message if content is not None and content.status == "True" else ""
    return _Told(since=since, symptom=msgspec.structs.replace(suspect.symptom, brief=brief), message=message)


def _left(message: str) -> str:
    """`1 database left`, `3 kinds left`."""
    found = _REMAINING.findall(message)
    if len(found) > 1:
        return f"{len(found)} kinds left"
    for resource, number in found:
        return f"{number} {singular(resource) if number == '1' else resource} left"
    return ""


def _node(suspect: Suspect, node: Detail) -> _Told:
    ready = _condition(node, "Ready")
    if ready is None or suspect.symptom.reason != "NotReady":
        return _Told()
    lasted_s = elapsed_s(ready.last_transition_time)
    brief = suspect.symptom.brief
    if lasted_s is not None:
        brief = brief.replace("NotReady", f"NotReady {human_span(int(lasted_s))}")
    symptom = msgspec.structs.replace(suspect.symptom, brief=brief)
    return _Told(since=ready.last_transition_time, symptom=symptom, message=ready.message or ready.reason)


def _budget(suspect: Suspect, budget: Detail) -> _Told:
    expected, healthy = budget.status.expected_pods, budget.status.current_healthy
    # An operator that makes one for pods which are all well means it so: a primary goes when it says.
    is_meant = bool(budget.metadata.owner_references) and expected is not None and healthy == expected
    # Of no pods there is nothing to disrupt: its workload is at 0, or not there.
    if expected == 0 or is_meant:
        return _Told(is_well=True)
    return _Told(since=_since(_condition(budget, "DisruptionAllowed")))


def _autoscaler(suspect: Suspect, autoscaler: Detail) -> _Told:
    active = _condition(autoscaler, "ScalingActive")
    if active is None or active.status != "False":
        return _Told()  # one of several metrics is missing, nobody knows since when
    return _Told(since=active.last_transition_time, message=active.message)


def _cron_job(suspect: Suspect, schedule: Detail) -> _Told:
    """Whether the last run of one that keeps no runs has completed."""
    due, done = schedule.status.last_schedule_time, schedule.status.last_successful_time
    due_epoch, done_epoch = epoch_of(due), epoch_of(done)
    if due_epoch is None or (done_epoch is not None and done_epoch >= due_epoch):
        return _Told(is_well=True)
    completed = "none completed" if done is None else f"the last that completed was {human_age(done)} ago"
    return _Told(since=due, message=f"last scheduled {human_age(due)} ago, {completed}")


def _volume(suspect: Suspect, volume: Detail) -> _Told:
    if suspect.symptom.reason == "Terminating":
        return _Told(since=volume.metadata.deletion_timestamp)
    return _Told(since=volume.status.last_phase_transition_time)


def _definition(suspect: Suspect, definition: Detail) -> _Told:
    established, names = _condition(definition, "Established"), _condition(definition, "NamesAccepted")
    if established is not None and established.status == "True":
        return _Told(is_well=True)
    reason = names if names is not None and names.status == "False" else established
    if reason is None:
        return _Told(since=definition.metadata.creation_timestamp)
    return _Told(since=reason.last_transition_time, message=reason.message)


def _workload(suspect: Suspect, workload: Detail) -> _Told:
    failure, progressing = _condition(workload, "ReplicaFailure"), _condition(workload, "Progressing")
    available = _condition(workload, "Available")
    brief = suspect.symptom.brief
    if failure is not None and failure.status == "True":
        reason = failure.reason or "FailedCreate"
        symptom = Symptom(health="error", reason=reason, brief=f"{reason}, {brief}")
        return _Told(since=failure.last_transition_time, symptom=symptom, message=failure.message)
    if progressing is not None and progressing.status == "False":
        reason = progressing.reason or "NotProgressing"
        symptom = Symptom(health="error", reason=reason, brief=f"{reason}, {brief}")
        return _Told(since=progressing.last_transition_time, symptom=symptom, message=progressing.message)
    if progressing is not None and progressing.reason == "DeploymentPaused":
        symptom = Symptom(health="changing", reason="Paused", brief=f"paused, {brief}")
        return _Told(since=progressing.last_transition_time, symptom=symptom)
    if suspect.symptom.reason == "Updating":
        return _Told(since=_since(progressing), message=progressing.message if progressing is not None else "")
    is_available = available is not None and available.status == "True"
    if progressing is not None and progressing.reason in _RELEASING and is_available:
        # As few are missing as its strategy allows.
        symptom = Symptom(health="changing", reason="Updating", brief=brief)
        return _Told(since=_since(progressing), symptom=symptom)
    return _Told(since=_since(available), message=available.message if available is not None else "")


def _job(suspect: Suspect, job: Detail) -> _Told:
    failed = _condition(job, "Failed") or _condition(job, "FailureTarget")
    if failed is None or failed.status != "True":
        # Of one that its row says nothing of, only its pods looked bad.
        return _Told(is_well=suspect.symptom.look == "verdict")
    return _Told(since=failed.last_transition_time, message=f"{failed.reason}: {failed.message}")


def _claim(suspect: Suspect, claim: Detail) -> _Told:
    if suspect.symptom.reason == "Terminating":
        return _Told(since=claim.metadata.deletion_timestamp)
    # It begins as Pending; since when it is lost or has failed, it does not say.
    return _Told(since=claim.metadata.creation_timestamp if suspect.symptom.reason == "Pending" else None)


def _any_kind(suspect: Suspect, thing: Detail) -> _Told:
    """The condition that says what the column said, or else those that are not well."""
    symptom, deleted, made = suspect.symptom, thing.metadata.deletion_timestamp, thing.metadata.creation_timestamp
    if symptom.reason.lower() in ENDS:
        return _Told(since=deleted, made=made)
    if deleted is not None and symptom.passes:
        # Nobody expects that it becomes ready again.
        return _Told(since=deleted, symptom=msgspec.structs.replace(symptom, patience_s=LONGEST_START_S))
    reason = symptom.reason.removeprefix("Not").removesuffix("Unknown").lower()
    conditions = thing.status.conditions or ()
    named = [it for it in conditions if it.type.lower() == reason and not _is_good(it)]
    told = named or [it for it in conditions if _is_bad(it)]
    if not told:
        return _Told(made=made)
    # One of several conditions may come and go while it is not well all the time.
    begun = min((it.last_transition_time for it in told if it.last_transition_time), default=None)
    since = begun if symptom.passes else told[0].last_transition_time
    return _Told(since=since, made=made, message=told[0].message or told[0].reason)


def _is_good(condition: Condition) -> bool:
    return condition.type.lower() in GOOD_CONDITIONS and condition.status == "True"


def _is_bad(condition: Condition) -> bool:
    name = condition.type.lower()
    if name in GOOD_CONDITIONS:
        return condition.status != "True"
    return name in BAD_CONDITIONS and condition.status == "True"


def _since(condition: Condition | None) -> str | None:
    return condition.last_transition_time if condition is not None else None


def _condition(thing: Detail, name: str) -> Condition | None:
    return next((it for it in thing.status.conditions or () if it.type == name), None)


_TELL: Mapping[str, Callable[[Suspect, Detail], _Told]] = {
    "pods": _pod,
    "namespaces": _namespace,
    "nodes": _node,
    "poddisruptionbudgets.policy": _budget,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "cronjobs.batch": _cron_job,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
    "deployments.apps": _workload,
    "statefulsets.apps": _workload,
    "daemonsets.apps": _workload,
    "replicasets.apps": _workload,
    "replicationcontrollers": _workload,
    "jobs.batch": _job,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
}
