"""What the server's words mean for health, and which kinds say them: rules as data, and what looks them up.

Every kind is judged by its own printed columns, custom ones included: a word in a
Status, Phase or State column, True or False in a column named after a condition,
`1/3` in a Ready column. A word that is not here is `unknown`, never `ok`; a user adds
theirs in the policy file. Sources: the reasons of kubelet, scheduler and controllers as
`kubectl get` prints them (kubernetes `pkg/printers/internalversion/printers.go`,
`pkg/kubelet/container`, `pkg/kubelet/images`), and the API conventions' rules for
conditions. Knows kinds, columns and words; no object.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from kubectl_inventory.quantity import amount_of
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import ColumnDefinition

Health = Literal["error", "unknown", "warning", "changing", "scaled-down", "ok"]
"""How something is, worst first. `unknown`: something that is needed could not be read, or a word is not known."""

HEALTHS: tuple[Health, ...] = ("error", "unknown", "warning", "changing", "scaled-down", "ok")

# --- kinds --------------------------------------------------------------------

JUDGED = (
    # Those first by which others are judged.
    "namespaces",
    "nodes",
    "storageclasses.storage.k8s.io",
    "persistentvolumes",
    "customresourcedefinitions.apiextensions.k8s.io",
    "apiservices.apiregistration.k8s.io",
    "resourcequotas",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "replicationcontrollers",
    "cronjobs.batch",
    "jobs.batch",
    "persistentvolumeclaims",
    "pods",
    "endpointslices.discovery.k8s.io",
    "services",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "ingresses.networking.k8s.io",
    "events",
)
"""The kinds of Kubernetes itself that say how something is, in the order in which they are judged."""

BUILT_IN_GROUPS = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
    "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
    "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
    "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
})
"""The API server's own groups: what they serve besides the kinds above are settings, rights and leases."""

_OF_EACH_POD = frozenset({"ciliumendpoints.cilium.io"})
"""Custom kinds with an object a pod, which says no more than its pod does: as many again to read for nothing."""

LEASES = "leases.coordination.k8s.io"
SYSTEM_NAMESPACE = "kube-system"
"""Where the control plane keeps its own."""

BEARINGS = frozenset({"namespaces", "nodes", "storageclasses.storage.k8s.io"})
"""Outside all namespaces, and needed to judge what is in one: pods by their nodes, claims by their classes."""

WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps")
"""What counts in a namespace's WORKLOADS; a replicaset of its own does where it wants pods."""

NEEDED = ("pods", *WORKLOADS)
"""Without these nothing is known of a namespace."""


def is_judged(kind: Kind) -> bool:
    """Whether anything can be said of a kind's health: custom kinds may, by their columns."""
    return kind.name in JUDGED or (is_custom(kind) and kind.name not in _OF_EACH_POD)


def is_custom(kind: Kind) -> bool:
    """Whether only a kind's columns tell if it says anything."""
    return kind.group not in BUILT_IN_GROUPS


def rank(kind: Kind) -> tuple[float, str, str]:
    """Where a kind stands in the order in which they are judged: custom ones before the events."""
    place = JUDGED.index(kind.name) if kind.name in JUDGED else JUDGED.index("events") - 0.5
    return place, kind.group, kind.resource


# --- words --------------------------------------------------------------------

MEANINGS: Mapping[Health, frozenset[str]] = {
    "error": frozenset({
        "crashloopbackoff", "imagepullbackoff", "errimagepull", "errimageneverpull", "errinvalidimagename",
        "imageinspecterror", "invalidimagename", "registryunavailable", "signaturevalidationfailed",
        "createcontainerconfigerror", "createcontainererror", "precreatehookerror", "prestarthookerror",
        "poststarthookerror", "runcontainererror", "containercannotrun", "starterror", "oomkilled", "error",
        "failed", "failure", "fatal", "lost", "dead", "broken", "errored", "faulted", "health_err", "unreachable",
        "timedout", "timeout", "crashed", "down", "configerror", "installfailed", "upgradefailed", "rolledback",
        "reconcilefailed", "containerstatusunknown", "killcontainererror", "runpodsandboxerror", "networknotready",
        "rejected", "aborted", "stalled", "missing", "red",
    }),
    "unknown": frozenset({"unknown"}),
    "warning": frozenset({
        "notready", "degraded", "unhealthy", "evicted", "deadlineexceeded", "expired", "denied", "blocked",
        "invalid", "unavailable", "warning", "nodelost", "nodeaffinity", "nodeshutdown", "shutdown", "terminated",
        "preempted", "preempting", "unexpectedadmissionerror", "outofcpu", "outofmemory", "outofpods",
        "outofephemeral-storage", "topologyaffinityerror", "disconnected", "offline", "partial",
        "yellow", "inconclusive", "partiallyfailed", "completedwitherrors", "completedwithfailures",
        "finishedwitherrors", "finishedwithfailures", "succeededwitherrors", "outofsync",
        "health_warn", "stale", "outdated", "expiring", "notfound", "misconfigured", "incomplete", "conflict",
    }),
    "changing": frozenset({
        "pending", "containercreating", "podinitializing", "schedulinggated", "terminating", "creating",
        "provisioning", "initializing", "starting", "restarting", "scheduling", "scheduled", "deploying",
        "updating", "upgrading", "rollingupdate", "progressing", "reconciling", "inprogress", "waiting", "queued",
        "new", "deleting", "stopping", "scaling", "scalingup", "scalingdown", "restoring", "migrating", "resizing",
        "rebalancing", "installing", "uninstalling", "draining", "building", "pulling", "syncing", "configuring",
        "requested", "waitingforpluginoperations", "finalizing", "cancelling", "suspending", "resuming", "renewing",
        "issuing", "binding", "attaching", "detaching", "rotating", "recovering", "joining", "bootstrapping",
        "accepted", "processing", "planning", "submitted", "connecting", "expanding", "applying", "applyingchanges",
        "migratingdata", "prepared", "preparing", "canceling", "finalising", "promoting", "waitingpromotion",
        "replacing", "installready", "readytostart", "rollingback", "failingover", "registering", "inspecting",
        "matchprofile", "deprovisioning", "servicing", "poweringoffbeforedelete", "waitforfirstconsumer", "pvcbound",
        "importscheduled", "clonescheduled", "uploadscheduled", "uploadready", "pendingpopulation", "waitingforsync",
        "waitingforvolumebinding", "waitingforreceiver", "pendingproposal", "pendingrerun", "invalidating",
        "succeeding", "generating", "uploading",
    }),
    "scaled-down": frozenset({"hibernated", "hibernating", "scaledtozero"}),
    "ok": frozenset({
        "running", "completed", "complete", "succeeded", "success", "successful", "ready", "active", "bound",
        "available", "released", "healthy", "synced", "online", "up", "ok", "valid", "approved", "issued",
        "established", "installed", "deployed", "done", "finished", "enabled", "connected", "programmed",
        "provisioned", "created", "configured", "reconciled", "normal", "green", "operational", "passing", "passed",
        "current", "published", "registered", "idle", "stable", "attached", "suspended", "paused", "stopped",
        "cancelled", "canceled", "disabled", "skipped", "archived", "closed", "started", "successcriteriamet",
        "resolved", "verified", "health_ok", "detached", "cluster in healthy state", "processed", "applied",
        "exitcode:0", "initialized", "inactive", "unmanaged", "externallyprovisioned", "discovered", "ignored",
        "deleted", "halted", "proposalready", "reconciliationpaused",
    }),
}
"""What words of Status, Phase and State columns mean, in lower case. `Stopped` is what somebody wanted."""

_FAILURES = frozenset({"failed", "failure", "failures", "failing", "error", "errors", "unrecoverable"})
"""Parts of a custom kind's word that make it an error, whatever failed: `SyncFailed`, `ErrorPvcNotFound`."""
_DENIALS = frozenset({"no", "not", "non", "without", "zero", "0"})
"""Before such a part: that there is none."""
_RELIEFS = frozenset({"free", "over", "none", "0"})
"""After such a part: that there is none, either."""

STARTS = frozenset({
    "pending", "creating", "provisioning", "initializing", "bootstrapping", "joining", "new", "requested", "binding",
    "registering", "pendingpopulation", "importscheduled", "clonescheduled",
})
"""What a custom object says that does not live yet, and what none should say for long."""

ENDS = frozenset({"terminating", "deleting"})
"""What it says that is about to go."""

LONGEST_START_S = 3600
"""How long it may say so before somebody should look, in seconds: a cluster or a bare machine takes its time."""

RESTS = frozenset({
    "stopped", "paused", "suspended", "detached", "inactive", "disabled", "archived", "halted", "unmanaged", "deleted",
    "hibernated", "hibernating", "scaledtozero", "reconciliationpaused",
})
"""Of an object that says so nobody expects that it is ready: it was told to rest."""

VERDICT_WORDS = frozenset({"red", "yellow", "notready", "unhealthy", "unavailable"})
"""A condition in other words: something that has just begun says so, too."""

STATE_COLUMNS = frozenset({
    "status", "phase", "state", "health", "healthstatus", "syncstatus", "robustness",
})
"""Columns that hold such a word. Their headers are spelt here as `spelt` does it."""

DEPENDENT = frozenset({"robustness"})
"""Of them those that know nothing while the object is moved: Longhorn's of a volume."""

_STATE_ENDINGS = ("status", "state", "phase", "health")
_ERROR_COLUMN = "error"
_WISHES = ("desired", "target", "wanted", "expected", "requested", "previous")
"""What a header begins with that does not tell how something is."""

GOOD_CONDITIONS = frozenset({
    "ready", "available", "synced", "healthy", "established", "accepted", "programmed", "reconciled", "valid",
    "initialized", "installed", "connected", "readytouse", "resolvedrefs", "succeeded", "operational", "admitted",
    "allreplicasready", "reconcilesuccess", "applied", "revisionhealthy", "runtimehealthy",
})
"""Columns named after a condition that is well when True (API conventions, "Typical status properties")."""

VERDICTS = frozenset({"ready", "available", "healthy", "succeeded", "allreplicasready", "operational"})
"""Of them those that sum an object up: beside one a Status is a remark on it."""

BAD_CONDITIONS = frozenset({
    "degraded", "stalled", "failed", "failing", "unhealthy", "memorypressure", "diskpressure", "pidpressure",
    "networkunavailable", "conflict", "expired", "lost", "denied",
})
"""Columns named after a condition that is well when False."""

PASSING_CONDITIONS = frozenset({
    "progressing", "reconciling", "updating", "upgrading", "migrating", "deleting",
})
"""Columns named after a condition that is on its way while True."""

COUNTS = frozenset({"ready", "available"})
"""Columns that hold a number in some kinds: how many are."""

WANTED = ("desired", "replicas", "instances")
"""Columns that say how many there should be, the one that says it best first."""

Role = Literal["state", "good", "bad", "passing", "trouble", "named"]
"""What a column tells: a state, a condition that is well when True or when False, trouble alone, what a policy says."""

NODE_TROUBLES = frozenset({
    "MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable", "KernelDeadlock", "ReadonlyFilesystem",
    "CorruptDockerOverlay2", "FrequentKubeletRestart", "FrequentDockerRestart", "FrequentContainerdRestart",
    "FrequentUnregisterNetDevice",
})
"""A node's conditions that are trouble when True: the kubelet's, and the node problem detector's."""

STARTING = frozenset({"pending", "containercreating", "podinitializing", "schedulinggated"})
"""What a pod says that has not run yet."""

ENDED = frozenset({"completed", "succeeded", "exitcode:0"})
"""What a pod says that has done what it had to; the code where its kubelet gives no reason."""

SPOILT = frozenset({
    "error", "failed", "evicted", "oomkilled", "deadlineexceeded", "containerstatusunknown", "nodelost",
    "nodeaffinity", "nodeshutdown", "shutdown", "terminated", "preempting", "preempted", "unexpectedadmissionerror",
    "outofcpu", "outofmemory", "outofpods", "outofephemeral-storage", "topologyaffinityerror", "containercannotrun",
    "starterror",
})
"""What a pod says that has ended badly, or whose container just has; its owner may have replaced it."""

ENDED_CONTAINERS = ("Error", "OOMKilled", "ContainerCannotRun", "StartError")
"""Of these, what a pod says between two starts of its container: it has not ended, and nothing takes its place."""

_INIT_PROGRESS = re.compile(r"init:\d+/\d+", re.ASCII)
_EXIT = re.compile(r"(?:init:)?(?:exitcode|signal):-?0*[1-9]\d*", re.ASCII)
_NONE_OF = re.compile(r"(?<![\w.])0+(?:/| of )0*[1-9]", re.ASCII)
_RATIO = re.compile(r"(\d{1,9})/(\d{1,9})", re.ASCII)
_MEASURE = re.compile(r"(.*\d)\s?(?:%|[numk]|[KMGTPE]i?B?)", re.ASCII)
"""As people write a quantity: `45%`, `1.5 GiB`."""
_JOINTS = re.compile(r"[\s_-]+")
_WORD = re.compile(r"[^\s,;(:)]+")
_LONGEST_PHRASE = 1000
"""Of a longer text no more is read for its parts."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", re.ASCII)


def is_worse(one: Health, other: Health) -> bool:
    """Whether `one` is worse than `other`."""
    return HEALTHS.index(one) < HEALTHS.index(other)


def worst(healths: Collection[Health]) -> Health:
    """The worst of them; `ok` of none."""
    return min(healths, key=HEALTHS.index, default="ok")


def meaning_of(word: str) -> Health | None:
    """What a status word means; None for one that is not known.

    `Init:` before a word is of an init container, a container's exit code or signal is as bad as `Error`.
    """
    lower = word.lower()
    if _INIT_PROGRESS.fullmatch(lower):
        return "changing"
    if _EXIT.fullmatch(lower):
        return "error"
    bare = lower.removeprefix("init:")
    return next((health for health, words in MEANINGS.items() if bare in words), None)


def meaning_of_phrase(text: str, *, is_remark: bool = False) -> Health | None:
    """What a custom kind's own words mean; None where they are not known.

    One word however it is spelt (`ROLLED_BACK`, `externally provisioned`), one with a part that tells of failure
    (`SyncFailed`) or of work (`ImportInProgress`), else the first of several, unless another takes back what is good.
    In a remark a part tells nothing.
    """
    whole = meaning_of(text) or meaning_of(spelt(text))
    if whole is not None:
        return whole
    parts = [] if is_remark else [part.lower() for part in _PART.findall(text[:_LONGEST_PHRASE])]
    if _tells_failure(parts):
        return "error"
    if parts[-2:] == ["in", "progress"]:
        return "changing"
    first, *others = _WORD.findall(text[:_LONGEST_PHRASE].lower()) or [text]
    health = meaning_of(first)
    is_taken_back = health == "ok" and not is_remark and _takes_back(others)
    return None if is_taken_back else health


def _takes_back(words: Sequence[str]) -> bool:
    """Whether what comes after a good word is trouble: `Ready: False`, `Running but unhealthy`, `Up (0 of 3)`."""
    if words[:1] in (["false"], ["no"]):
        return len(words) == 1
    if _NONE_OF.search(" ".join(words)):
        return True
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        if before in _DENIALS:
            is_trouble = word in GOOD_CONDITIONS
        else:
            is_trouble = meaning_of(word) in ("error", "warning", "unknown") and after not in _RELIEFS
        if is_trouble:
            return True
    return False


def _tells_failure(parts: Sequence[str]) -> bool:
    around = zip(parts, ["", *parts], [*parts[1:], ""], strict=False)
    return any(
        part in _FAILURES and before not in _DENIALS and after not in _RELIEFS for part, before, after in around
    )


def spelt(text: str) -> str:
    """A word or a header as it stands in the tables here: `Health Status` and `HEALTH_STATUS` are `healthstatus`."""
    return _JOINTS.sub("", text).lower()


def is_number(text: str) -> bool:
    """Whether a cell is a number or a quantity (`3`, `10Gi`, `45%`), which says nothing without what it counts."""
    measure = _MEASURE.fullmatch(text)
    return amount_of(text if measure is None else measure[1]) is not None


def is_starting(word: str) -> bool:
    """Whether a pod's word says that it has not run yet."""
    lower = word.lower()
    return lower in STARTING or _INIT_PROGRESS.fullmatch(lower) is not None


def is_spoilt(word: str) -> bool:
    """Whether a pod's word says that it, or its container, ended badly."""
    lower = word.lower()
    return lower.removeprefix("init:") in SPOILT or _EXIT.fullmatch(lower) is not None


def is_over(word: str) -> bool:
    """Whether a pod's word says that it has done what it had to."""
    return word.lower() in ENDED


def ratio(text: str) -> tuple[int, int] | None:
    """`1/3` as numbers."""
    match = _RATIO.fullmatch(text)
    return (int(match[1]), int(match[2])) if match is not None else None


def says_health(columns: Sequence[ColumnDefinition], also: Collection[str]) -> bool:
    """Whether a custom kind's table tells how its objects are. `also`: columns that the user's rules name."""
    return any(is_telling(column, also) for column in columns)


def is_telling(column: ColumnDefinition, also: Collection[str] = ()) -> bool:
    """Whether a column tells how an object is."""
    return role_of(column, also) is not None


def role_of(column: ColumnDefinition, also: Collection[str] = ()) -> Role | None:
    """What a column tells, by its header; None for nothing. One for `-o wide` alone may hold a sentence under it."""
    name, named = spelt(column.name), column.name.lower() in also
    known = next((role for role, names in _ROLES if name in names), None)
    if column.priority or column.type == "date" or (known is None and named):
        return "named" if named else None
    if known is not None:
        return known
    is_trouble = name == _ERROR_COLUMN or (name.endswith(_STATE_ENDINGS) and not name.startswith(_WISHES))
    return "trouble" if is_trouble else None


_ROLES: Sequence[tuple[Role, Collection[str]]] = (
    ("state", STATE_COLUMNS),
    ("good", GOOD_CONDITIONS),
    ("bad", BAD_CONDITIONS),
    ("passing", PASSING_CONDITIONS),
)
