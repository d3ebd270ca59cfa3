"""The runs of the demo cluster: finished, failed, under way and unable to start."""

from dataclasses import dataclass

from tests.controlplane.fates import FATE, Fate
from tests.controlplane.objects import BATCH, JsonObject, collection
from tests.controlplane.workloads import REGISTRY


@dataclass(frozen=True)
class Job:
    """A run and how it ends; `cron_job` is who scheduled it, if anyone did."""

    namespace: str
    name: str
    team: str
    fate: Fate = Fate.COMPLETED
    cron_job: str = ""
    memory: str = "512Mi"

    @property
    def path(self) -> str:
        """Where the jobs of its namespace are."""
        return collection(BATCH, "jobs", self.namespace)

    @property
    def end(self) -> str:
        """The condition that it ends with; empty while it has not ended."""
        return {
            Fate.COMPLETED: "Complete",
            Fate.FAILED: "Failed",
            Fate.OOM_KILLED: "Failed",
        }.get(self.fate, "")


JOBS = (
    Job("batch", "etl-29761740", "data", cron_job="etl"),
    Job("batch", "etl-29761770", "data", cron_job="etl"),
    Job("batch", "etl-29761800", "data", Fate.OOM_KILLED, cron_job="etl"),
    Job("batch", "recount-stock", "data", Fate.RUNNING),
    Job("pay", "invoices-29761200", "payments", cron_job="invoices"),
    Job("pay", "refund-backfill", "payments", Fate.FAILED),
    Job("data", "compact-20260802", "data"),
    # No node has that much.
    Job("search", "reindex", "storefront", Fate.RUNNING, memory="900Gi"),
)


def job_object(job: Job) -> JsonObject:
    """The run, not yet owned by its CronJob."""
    labels = {"app": job.cron_job or job.name, "team": job.team}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job.name, "namespace": job.namespace, "labels": labels},
        "spec": {
            # The first failure is the last: no second pod, no waiting for one.
            "backoffLimit": 0,
            "template": {
                "metadata": {"labels": labels, "annotations": {FATE: job.fate}},
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [
                        {
                            "name": "app",
                            "image": f"{REGISTRY}/{labels['app']}:8.2.0",
                            "resources": {"requests": {"memory": job.memory}},
                        }
                    ],
                },
            },
        },
    }


def ownership(cron_job: str, uid: str) -> JsonObject:
    """A patch that gives a finished run to the CronJob of this name and uid.

    The CronJob's controller warns of a run under way that it did not start.
    """
    owner: JsonObject = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron_job,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {"metadata": {"ownerReferences": [owner]}}
