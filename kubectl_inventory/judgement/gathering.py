"""From an inventory's rows to what is not well: one pass, kind by kind, in the order of `health.JUDGED`.

Takes pages as they come and keeps workloads, runs, what is suspicious and a few numbers a
namespace, so that memory does not grow with pods and events that are well. Pods alike of
one maker are one suspect. What only an object's status tells is left to a closer look:
`closer` asks for it, `conclusions` ends each suspect. Asks nothing itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.clock import span_s
from kubectl_inventory.health import (
    ENDED_CONTAINERS,
    WORKLOADS,
    Health,
    is_custom,
    is_over,
    is_worse,
    says_health,
)
from kubectl_inventory.judgement.conclusions import Suspect
from kubectl_inventory.judgement.findings import Occurrence, Thing
from kubectl_inventory.judgement.makers import Job, Maker, Makers, alike
from kubectl_inventory.judgement.native import judge_native, judge_of
from kubectl_inventory.judgement.pods import PodState, read_pod
from kubectl_inventory.judgement.symptoms import Symptom
from kubectl_inventory.judgement.workloads import Backing, Workload, selector_of
from kubectl_inventory.operators import COPIED, MANY_COPIES
from kubectl_inventory.output.columns import Places
from kubectl_inventory.reading.inventory import Page, Row
from kubectl_inventory.resource import Kind

SLICES = "endpointslices.discovery.k8s.io"
SERVICE_LABEL = "kubernetes.io/service-name"
"""Tells an EndpointSlice's Service (discovery.k8s.io/v1)."""
_HEADLESS = "None"
_JOBS = "jobs.batch"
_CLAIMS = "persistentvolumeclaims"
_BUDGETS = "poddisruptionbudgets.policy"
_CLASSES = "storageclasses.storage.k8s.io"
_TARGETS = {"Deployment": "deployments.apps", "StatefulSet": "statefulsets.apps"}
"""What an autoscaler's REFERENCE calls the workloads that are known here."""
_NO_ENDPOINTS = ("", "<unset>")
_JOB_OK = ("Complete", "Running", "Suspended", "SuccessCriteriaMet", "FailureTarget", "Terminating", "")
"""Without a Status column (Kubernetes 1.29 and older) the Job is looked at where a pod of it ended badly."""


class Space:
    """The numbers of one namespace."""

    __slots__ = ("bound", "claims", "loose", "ready", "warnings", "workloads")

    def __init__(self) -> None:
        self.workloads: list[Workload] = []
        self.ready = 0
        """Pods that are ready."""
        self.loose = 0
        """Unfinished pods of no workload."""
        self.claims = 0
        self.bound = 0
        self.warnings = 0

    @property
    def unfinished(self) -> int:
        """Pods that are there, and not done."""
        return self.loose + sum(workload.pods for workload in self.workloads)

    @property
    def wanted(self) -> int:
        """Pods that should be there: what workloads want, or have meanwhile, and the pods of none."""
        return self.loose + sum(max(workload.wanted, workload.pods) for workload in self.workloads)

    @property
    def counted(self) -> list[Workload]:
        """What is a workload to people: no ReplicaSet of a past release."""
        return [it for it in self.workloads if it.thing.kind.name in WORKLOADS or it.wanted]


class Gathering:
    """Everything that an inventory's pages say, as far as it is needed for a judgement."""

    def __init__(self, policy: Policy, *, since_s: float, kinds: Iterable[Kind], only: Iterable[str] | None) -> None:
        self._policy, self._since_s = policy, since_s
        self._kinds = {kind.name: kind for kind in kinds}
        self._outside = {kind.kind.lower() for kind in self._kinds.values() if not kind.namespaced}
        self._only = frozenset(only) if only is not None else None
        self.spaces: defaultdict[str, Space] = defaultdict(Space)
        self.suspects: list[Suspect] = []
        self.occurrences: dict[tuple[str, str, str], Occurrence] = {}
        self.nodes: dict[str, bool] = {}
        """Each node, and whether it is ready."""
        self.may_join: set[str] = set()
        """Nodes that are not ready and young: to be looked at, whether they ever were."""
        self.cluster_warnings = 0
        self.silent: set[Kind] = set()
        """Custom kinds that were listed, and whose columns tell nothing."""
        self._waiting_classes: set[str] = set()
        self._makers = Makers()
        self._jobs: list[Job] = []
        self._dead: set[str] = set()
        self._cron_jobs: set[tuple[str, str]] = set()
        self._scheduled: dict[tuple[str, str], tuple[Thing, float | None]] = {}
        """Of those the ones that have run and do not run now, and their age in seconds."""
        self._pods: dict[tuple[object, ...], tuple[Suspect, Maker | None]] = {}
        self._doubtful: list[_Doubtful] = []
        self._autoscalers: list[tuple[Thing, str, float | None]] = []
        """Those that measure nothing, as what they scale has no pods: what they call it, and their age in seconds."""
        self._served: set[tuple[str, str]] = set()
        """Services that have endpoints."""
        self._idle: list[_Idle] = []
        """Services that have none, as far as is known."""

    @property
    def looks_at_nodes(self) -> bool:
        """Whether their conditions are of use: where the cluster is judged, or a pod is on one that has just come."""
        return bool(self.nodes if self._only is None else self.may_join)

    def take(self, kind: Kind, page: Page) -> None:
        """A page of objects."""
        places = Places(page.columns)
        take = self._takers.get(kind.name)
        if take is not None:
            for row in page.rows:
                take(self, kind, row, places)
            return
        if is_custom(kind) and not says_health(page.columns, self._policy.word_columns(kind)):
            self.silent.add(kind)
            return
        judge = judge_of(kind, places, page.columns, self._policy)
        for row in page.rows:
            if (symptom := judge(row)) is not None:
                self._suspect(_thing(kind, row), symptom, places.age_s(row))

    def settle(self, unread: Collection[str]) -> list[Suspect]:
        """What is suspicious, once every page was taken; to be called once.

        `unread`: kinds that are not there to judge by.
        """
        self._settle_jobs()
        if _JOBS not in unread:
            self._settle_schedules()
        self._settle_doubtful(has_events="events" not in unread)
        self._settle_pods()
        self._settle_workloads()
        self._settle_autoscalers(unread)
        if SLICES not in unread:
            self._settle_services()
        if "pods" not in unread:
            # Where no pods are, there is nothing to disrupt: nobody has to look.
            self.suspects = [
                it
                for it in self.suspects
                if it.object.kind.name != _BUDGETS or self.spaces[it.object.namespace or ""].unfinished
            ]
        if _CLASSES in unread:
            self.suspects = [_may_wait(it) if it.object.kind.name == _CLAIMS else it for it in self.suspects]
        for key, it in self.occurrences.items():
            self.occurrences[key] = msgspec.structs.replace(it, maker=self._makers.of_occurrence(it))
        return _folded(self.suspects)

    # --- rows -----------------------------------------------------------------

    def _namespace(self, kind: Kind, row: Row, places: Places) -> None:
        if self._only is not None and row.name not in self._only:
            return
        self.spaces[row.name]
        symptom = judge_native(kind, row, places)
        self._suspect(Thing(kind, row.name, row.name), symptom, places.age_s(row))

    def _node(self, kind: Kind, row: Row, places: Places) -> None:
        symptom = judge_native(kind, row, places)
        is_ready = symptom is None or symptom.reason != "NotReady"
        self.nodes[row.name] = is_ready
        age_s = places.age_s(row)
        if not is_ready:
            self._dead.add(row.name)
            if age_s is not None and age_s < self._policy.grace_s:
                self.may_join.add(row.name)
        if self._only is None and symptom is not None:
            nodes = frozenset() if is_ready else frozenset((row.name,))
            self.suspects.append(Suspect(object=_thing(kind, row), symptom=symptom, age_s=age_s, nodes=nodes))

    def _storage_class(self, kind: Kind, row: Row, places: Places) -> None:
        if places.text(row, "volumebindingmode") == "WaitForFirstConsumer":
            self._waiting_classes.add(row.name)

    def _definition(self, kind: Kind, row: Row, places: Places) -> None:
        """A custom kind that discovery does not know is not served, whatever for."""
        if row.name not in self._kinds:
            symptom = Symptom(health="warning", reason="NotEstablished", brief="not established", look="verdict")
            self._suspect(_thing(kind, row), symptom, None)

    def _workload(self, kind: Kind, row: Row, places: Places) -> None:
        space = row.namespace or ""
        deployment = self._makers.deployment_of(space, row.name) if kind.name == "replicasets.apps" else None
        if deployment is not None and deployment.wanted:
            return  # the Deployment is judged
        workload = Workload(_thing(kind, row), row, places)
        if deployment is not None and not workload.wanted:
            return
        # Of a Deployment at 0 that wants pods all the same: another controller's (Argo Rollouts, `workloadRef`).
        self._makers.add(workload)
        self.spaces[space].workloads.append(workload)

    def _cron_job(self, kind: Kind, row: Row, places: Places) -> None:
        key, thing, age_s = (row.namespace or "", row.name), _thing(kind, row), places.age_s(row)
        self._cron_jobs.add(key)
        symptom = judge_native(kind, row, places)
        self._suspect(thing, symptom, age_s)
        is_idle = places.text(row, "suspend") != "True" and places.text(row, "active") == "0"
        if symptom is None and is_idle and places.text(row, "last schedule"):
            self._scheduled[key] = (thing, age_s)

    def _job(self, kind: Kind, row: Row, places: Places) -> None:
        job = Job(_thing(kind, row), places.status(row), places.age_s(row))
        self._jobs.append(job)
        self._makers.add(job)

    def _claim(self, kind: Kind, row: Row, places: Places) -> None:
        space = self.spaces[row.namespace or ""]
        space.claims += 1
        space.bound += places.status(row) == "Bound"
        if places.status(row) == "Pending" and places.text(row, "storageclass") in self._waiting_classes:
            return  # it waits for a pod that uses it, which says so itself when it cannot be had
        symptom = judge_native(kind, row, places)
        self._suspect(_thing(kind, row), symptom, places.age_s(row))

    def _pod(self, kind: Kind, row: Row, places: Places) -> None:
        state = read_pod(kind, row, places, self._policy, dead=self._dead, since_s=self._since_s)
        place = row.namespace or ""
        space, maker = self.spaces[place], self._makers.of_pod(place, row.name)
        if not state.is_finished:
            if isinstance(maker, Workload):
                maker.pods += 1
            else:
                space.loose += 1
            space.ready += state.is_ready
        if state.is_spoilt and isinstance(maker, Job):
            maker.words[places.status(row)] = None
        elif state.is_doubtful:
            self._doubtful.append(_Doubtful(_thing(kind, row), maker, state, places.age_s(row)))
        elif state.symptom is not None or (state.is_spoilt and isinstance(maker, Workload)):
            self._suspect_pod(_thing(kind, row), maker, state, places.age_s(row), places.status(row))

    def _slice(self, kind: Kind, row: Row, places: Places) -> None:
        if places.text(row, "endpoints") not in _NO_ENDPOINTS:
            # The controller names it after its Service and five letters; others' have any name, and are asked for.
            self._served |= {(row.namespace or "", name) for name in (row.name, row.name.rpartition("-")[0])}

    def _service(self, kind: Kind, row: Row, places: Places) -> None:
        if places.text(row, "external-ip") == "<pending>":
            symptom = Symptom(
                health="warning", reason="NoAddress", brief="has no address", passes=True,
                message="no address: is there a controller for services of type LoadBalancer?",
            )
            self._suspect(_thing(kind, row), symptom, places.age_s(row))
        selector = selector_of(places.text(row, "selector"))
        is_served = (row.namespace or "", row.name) in self._served
        if selector and not is_served and places.text(row, "type") != "ExternalName":
            is_headless = places.text(row, "cluster-ip") == _HEADLESS
            self._idle.append(_Idle(_thing(kind, row), selector, places.age_s(row), is_headless))

    def _autoscaler(self, kind: Kind, row: Row, places: Places) -> None:
        thing, age_s = _thing(kind, row), places.age_s(row)
        self._suspect(thing, judge_native(kind, row, places), age_s)
        if places.text(row, "replicas") == "0" and places.text(row, "minpods") != "0":
            self._autoscalers.append((thing, places.text(row, "reference"), age_s))

    def _event(self, kind: Kind, row: Row, places: Places) -> None:
        ago_s = span_s(places.text(row, "last seen"))
        if ago_s is None or ago_s > self._since_s or places.text(row, "type") != "Warning":
            return
        about = places.text(row, "object")
        count = places.value(row, "count")
        number = count if isinstance(count, int) and count > 0 else 1
        # Of what is in no namespace the events are in `default` (client-go `tools/record`).
        is_outside = row.namespace == "default" and about.partition("/")[0] in self._outside
        place = "" if is_outside else row.namespace or ""
        if place:
            self.spaces[place].warnings += number
        elif self._only is not None:
            return
        else:
            self.cluster_warnings += number
        key = (place, about, places.text(row, "reason"))
        known = self.occurrences.get(key)
        if known is not None:
            number += known.count
            if known.last_s <= ago_s:
                self.occurrences[key] = msgspec.structs.replace(known, count=number)
                return
        self.occurrences[key] = Occurrence(
            namespace=place, object=about, reason=key[2], count=number, last_s=ago_s,
            message=places.text(row, "message"),
        )

    _takers: Mapping[str, Callable[[Gathering, Kind, Row, Places], None]] = {
        "namespaces": _namespace,
        "nodes": _node,
        _CLASSES: _storage_class,
        "customresourcedefinitions.apiextensions.k8s.io": _definition,
        "deployments.apps": _workload,
        "statefulsets.apps": _workload,
        "daemonsets.apps": _workload,
        "replicasets.apps": _workload,
        "replicationcontrollers": _workload,
        "cronjobs.batch": _cron_job,
        _JOBS: _job,
        _CLAIMS: _claim,
        "pods": _pod,
        SLICES: _slice,
        "services": _service,
        "horizontalpodautoscalers.autoscaling": _autoscaler,
        "events": _event,
    }

    # --- what belongs together ----------------------------------------------------

    def _suspect(self, thing: Thing, symptom: Symptom | None, age_s: float | None) -> None:
        if symptom is not None:
            self.suspects.append(Suspect(object=thing, symptom=symptom, age_s=age_s))

    def _suspect_pod(
        self, pod: Thing, maker: Maker | None, state: PodState, age_s: float | None, word: str
    ) -> None:
        """One more pod that is not well; those alike of one maker are one suspect."""
        symptom = state.symptom or Symptom(health="warning", reason=word, look="reason")
        thing = maker.thing if maker is not None else pod
        key = (*alike(thing), symptom.reason)
        nodes = frozenset((state.dead_node,)) if state.dead_node else frozenset()
        if key not in self._pods:
            suspect = Suspect(
                object=thing, symptom=symptom, age_s=age_s, example=pod, restarts=(state.restarts, state.restarts),
                is_spoilt=state.is_spoilt, nodes=nodes,
            )
            self._pods[key] = (suspect, maker)
            return
        known = self._pods[key][0]
        is_older = (age_s or 0) > (known.age_s or 0)
        suspect = msgspec.structs.replace(
            known,
            object=pod if maker is None and is_older else known.object,
            symptom=_of_both(known.symptom, symptom, is_more=state.restarts > known.restarts[1]),
            count=known.count + 1,
            restarts=(min(known.restarts[0], state.restarts), max(known.restarts[1], state.restarts)),
            age_s=age_s if is_older else known.age_s,
            example=pod if is_older else known.example,
            nodes=known.nodes if nodes <= known.nodes else known.nodes | nodes,
        )
        self._pods[key] = (suspect, maker)

    def _settle_doubtful(self, *, has_events: bool) -> None:
        """Pods that restarted, seldom for their age: unless an event says that one backs off, its node was away."""
        for it in self._doubtful:
            is_told = (it.pod.namespace or "", it.pod.short, "BackOff") in self.occurrences
            if is_told or not has_events:
                self._suspect_pod(it.pod, it.maker, it.state, it.age_s, "")

    def _settle_pods(self) -> None:
        for suspect, maker in self._pods.values():
            symptom, state = suspect.symptom, ""
            if isinstance(maker, Workload):
                is_leaving = symptom.reason == "Terminating"
                # Of a release that is not through a container that ended is what keeps it.
                is_stuck = maker.is_moving and symptom.reason in ENDED_CONTAINERS
                if (suspect.is_spoilt or symptom.passes) and not (maker.is_short or is_leaving or is_stuck):
                    continue  # another pod has taken its place, or a release is on its way
                symptom, state = _in_workload(suspect, maker), maker.state
                if symptom.reason == "Restarts":
                    state = f"{state}, {symptom.message}"
                maker.short_reasons.add(symptom.reason)
            elif maker is not None and is_worse(symptom.health, "warning"):
                symptom = msgspec.structs.replace(symptom, health="warning")  # a run that fails leaves nothing down
            elif maker is None and symptom.reason == "NodeNotReady":
                symptom = msgspec.structs.replace(symptom, brief=symptom.message)  # it is short of nothing
            self.suspects.append(msgspec.structs.replace(suspect, symptom=symptom, state=state))

    def _settle_workloads(self) -> None:
        """Those that are not as wanted, and whose pods do not say why."""
        for space in self.spaces.values():
            for workload in space.workloads:
                reasons = workload.short_reasons - {"Restarts", "Terminating"}
                if reasons or not (workload.is_short or workload.is_moving):
                    continue
                symptom, state = _of_short(workload), workload.state
                self.suspects.append(
                    Suspect(object=workload.thing, symptom=symptom, age_s=workload.age_s, state=state)
                )

    def _settle_jobs(self) -> None:
        newest: dict[tuple[str, str], int] = {}
        for job in self._jobs:
            key = (job.thing.namespace or "", job.cron)
            if job.status == "Complete" and key in self._cron_jobs:
                newest[key] = max(newest.get(key, 0), job.number)
        for job in self._jobs:
            bad_words = [word for word in job.words if not is_over(word)]
            is_unsaid = not job.status and bool(bad_words)
            is_past = job.number < newest.get((job.thing.namespace or "", job.cron), 0)
            if is_past or (job.status in _JOB_OK and not is_unsaid):
                continue
            status = job.status or "Failed"
            words = [word for word in bad_words if word != "Error"]
            symptom = Symptom(
                health="warning",
                reason=status,
                brief=", ".join([status, *words]),
                message=f"{status}, its pods {', '.join(words)}" if words else "",
                look="verdict" if is_unsaid else "reason",
            )
            self._suspect(job.thing, symptom, job.age_s)

    def _settle_schedules(self) -> None:
        """CronJobs that keep none of their Jobs: only they themselves can say how the last one ended."""
        kept = {(job.thing.namespace or "", job.cron) for job in self._jobs}
        for key, (thing, age_s) in self._scheduled.items():
            if key not in kept:
                symptom = Symptom(
                    health="warning", reason="RunFailed", brief="last run did not complete", look="verdict",
                    is_doubt=True,
                )
                self._suspect(thing, symptom, age_s)

    def _settle_services(self) -> None:
        """Services that nothing stands behind, and that no workload explains."""
        backings: dict[str, Backing] = {}
        for it in self._idle:
            place = it.service.namespace or ""
            if place not in backings:
                backings[place] = Backing(self.spaces[place].workloads)
            behind = backings[place].of(it.selector, it.service.name)
            first = next(behind, None)
            if first is None and it.is_headless:
                continue  # for a scraper of what is no pod: the control plane of a hosted cluster, say
            if first is not None and any(not (it.ready and it.wanted) for it in chain((first,), behind)):
                continue
            shown = ",".join(f"{key}={value}" for key, value in it.selector.items())
            symptom = Symptom(
                health="warning", reason="NoEndpoints", brief="has no endpoints", passes=True, look="verdict",
                message=f"no endpoints: no pod that is ready has the labels {shown}",
            )
            self._suspect(it.service, symptom, it.age_s)

    def _settle_autoscalers(self, unread: Collection[str]) -> None:
        """Those whose target is not there. One at 0 is as somebody wanted."""
        for thing, reference, age_s in self._autoscalers:
            kind, _, name = reference.partition("/")
            target = _TARGETS.get(kind)
            if target is None or target in unread or self._makers.has(target, thing.namespace or "", name):
                continue
            symptom = Symptom(
                health="warning", reason="NoTarget", brief=f"has no {reference.lower()}",
                message=f"what it scales is not there: {reference}", passes=True,
            )
            self._suspect(thing, symptom, age_s)


class _Doubtful(NamedTuple):
    """A pod whose restarts may be nobody's fault."""

    pod: Thing
    maker: Maker | None
    state: PodState
    age_s: float | None


class _Idle(NamedTuple):
    """A service without endpoints."""

    service: Thing
    selector: Mapping[str, str]
    age_s: float | None
    is_headless: bool


def _may_wait(claim: Suspect) -> Suspect:
    """A claim that is Pending, where no one can tell whether its class waits for a pod: that says so itself."""
    if claim.symptom.reason != "Pending":
        return claim
    symptom = msgspec.structs.replace(claim.symptom, health="changing")
    return msgspec.structs.replace(claim, symptom=symptom)


def _folded(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Copies of one object are one suspect: the object itself where that is known, else the first of them."""
    named: defaultdict[tuple[str, str, str], list[Suspect]] = defaultdict(list)
    for it in suspects:
        if it.object.kind.name in COPIED:
            named[it.object.kind.name, it.object.name, it.symptom.reason].append(it)
    kept = [it for it in suspects if it.object.kind.name not in COPIED]
    for (kind, _, _), copies in named.items():
        home = next((it for it in copies if it.object.namespace in COPIED[kind]), None)
        if home is None and len(copies) < MANY_COPIES:
            kept += copies
            continue
        first, number = home if home is not None else copies[0], len(copies)
        message = f"so say its copies, in {number} namespaces" if number > 1 else ""
        symptom = msgspec.structs.replace(first.symptom, message=message)
        kept.append(msgspec.structs.replace(first, symptom=symptom, count=number))
    return kept


def _thing(kind: Kind, row: Row) -> Thing:
    return Thing(kind, row.namespace, row.name)


def _of_both(known: Symptom, other: Symptom, *, is_more: bool) -> Symptom:
    """What two pods say that are alike. `is_more`: the other restarted more often."""
    if known.reason == "NodeNotReady" and known.brief != other.brief:
        message = "on nodes that are not ready"
        return msgspec.structs.replace(known, brief="short of several nodes", message=message)
    return other if is_more else known


def _in_workload(suspect: Suspect, workload: Workload) -> Symptom:
    """What a pod's trouble is to its workload: one of several that is not ready leaves the others."""
    symptom = suspect.symptom
    if suspect.is_spoilt:
        return msgspec.structs.replace(symptom, health="error")
    if symptom.reason in ("NotReady", "NodeNotReady") and not workload.ready:
        return msgspec.structs.replace(symptom, health="error")
    return symptom


def _of_short(workload: Workload) -> Symptom:
    if not workload.is_short:
        is_updated = workload.updated >= workload.wanted
        done, what = (workload.available, "available") if is_updated else (workload.updated, "updated")
        brief = f"{done}/{workload.wanted} {what}"
        return Symptom(health="changing", reason="Updating", brief=brief, look="verdict")
    health: Health = "warning" if workload.ready else "error"
    brief = f"{workload.ready}/{workload.wanted} ready"
    return Symptom(health=health, reason="NotReady", brief=brief, look="verdict", passes=True)
