"""What is known of the kinds of well-known operators where no rule for all kinds can tell: data, and nothing else.

Kinds are named as in a policy (`backups.postgresql.cnpg.io`), words are spelt as
`health.spelt` does it. A policy's own words come before these. Sources: the printer
columns and status constants of each project's API types.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kubectl_inventory.health import Health

RUNS = frozenset({
    "workflows.argoproj.io", "analysisruns.argoproj.io", "experiments.argoproj.io",
    "pipelineruns.tekton.dev", "taskruns.tekton.dev", "customruns.tekton.dev",
    "builds.build.openshift.io", "buildruns.shipwright.io",
    "certificaterequests.cert-manager.io", "orders.acme.cert-manager.io", "challenges.acme.cert-manager.io",
    "backups.postgresql.cnpg.io", "backups.longhorn.io", "systembackups.longhorn.io",
    "podvolumebackups.velero.io", "podvolumerestores.velero.io", "datauploads.velero.io", "datadownloads.velero.io",
    "deletebackuprequests.velero.io",
    "sparkapplications.sparkoperator.k8s.io", "flinkstatesnapshots.flink.apache.org",
    "virtualmachineinstancemigrations.kubevirt.io", "jobs.batch.volcano.sh", "rayjobs.ray.io",
})
"""Kinds whose objects run once: one that failed leaves nothing down, and is history soon."""

RUN_TOLD_S = 24 * 3600
"""How long a run's failure is news, in seconds from its end; from its beginning where nothing tells when it ended."""

ENDINGS = ("completiontime", "finish", "finished", "finishedat", "endtime", "ended")
"""Columns that say when a run ended: a kind that has one is of runs."""

BEGINNINGS = ("started", "starttime", "start")
"""Columns that say when it began."""

GRAVE = frozenset({("clusteroperators.config.openshift.io", "available")})
"""Conditions whose False is an error: a part of the cluster itself does not work."""

WISHES: Mapping[str, str] = {"backuptargets.longhorn.io": "url"}
"""A column that is empty where nobody wants the object: Longhorn makes a target for backups before anybody has one."""

RESTING_REASONS = frozenset({
    "notraffic", "nohealthybackends",
    "cancelled", "stopped", "cancelledrunningfinally", "stoppedrunningfinally", "pipelineruncancelled",
    "taskruncancelled", "taskrunspeccancelled", "customruncancelled",
})
"""Why a condition is not True where that is as wanted: Knative's of what is at zero, Tekton's of what was stopped."""

RESTING_WORDS: Mapping[str, frozenset[str]] = {"virtualmachineinstances.kubevirt.io": frozenset({"succeeded"})}
"""Of some kinds also a word for work that is done: a machine that was shut down from within is not ready."""

COPIED: Mapping[str, tuple[str, ...]] = {
    "clusterserviceversions.operators.coreos.com": ("openshift-operators", "operators"),
}
"""Kinds that their operator copies to each namespace, and the usual homes of what it copies."""

MANY_COPIES = 4
"""So many objects of one name that say the same are copies, wherever the one is that they are copies of."""


class KindWords(msgspec.Struct, frozen=True):
    """What status words of one kind mean."""

    kind: str
    means: Health
    words: frozenset[str]


WORDS = (
    # cloudnative-pg api/v1 cluster_types.go: what its phases say in sentences.
    KindWords("clusters.postgresql.cnpg.io", "error", frozenset({
        "unabletocreaterequiredclusterobjects", "clusterhasincompleteorinvalidimagecatalog",
        "clustercannotproceedtoreconciliationduetoanunknownpluginbeingrequired",
    })),
    KindWords("clusters.postgresql.cnpg.io", "warning", frozenset({
        "waitingforuseraction", "clustercannotexecuteinstanceonlineupgradeduetomissingarchitecturebinary",
    })),
    KindWords("clusters.postgresql.cnpg.io", "changing", frozenset({
        "settingupprimary", "clusterupgradedelayed", "primaryinstanceisbeingrestartedinplace",
        "primaryinstanceisbeingrestartedwithoutaswitchover",
    })),
)  # fmt: skip
"""The same as a policy's `health.words`."""


def words_of(kind: str) -> dict[str, Health]:
    """What a kind's own words mean."""
    return {word: rule.means for rule in WORDS if rule.kind == kind for word in rule.words}
