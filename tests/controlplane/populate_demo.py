"""Fills a control plane with a believable company's cluster, in which some things are sick.

Knows the order: nodes, what surrounds the workloads, the workloads through all
their releases, then what goes wrong. What there is stands in `workloads`,
`jobs`, `events` and the YAML files under `demo/`. The controllers and the
scheduler do their part for real, `Kubelet` does the nodes'; each step waits
until the server shows what it promised.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from tests.controlplane.client import AdminClient
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.credentials import ADMIN
from tests.controlplane.events import other_events, pod_events
from tests.controlplane.fates import FATE, Fate
from tests.controlplane.jobs import JOBS, job_object, ownership
from tests.controlplane.kubectl import Kubectl
from tests.controlplane.kubelet import CORDONED, Kubelet, Pod, list_pods, timestamp
from tests.controlplane.objects import (
    APPS,
    BATCH,
    CORE,
    MERGE_PATCH,
    JsonObject,
    collection,
    create_all,
    in_parallel,
)
from tests.controlplane.observed import (
    SETTLE_SECONDS,
    Observed,
    observe,
    observe_all,
    wait_for_custom_kinds,
    wait_until,
)
from tests.controlplane.secrecy import secret_objects
from tests.controlplane.stand_ins import patch_status, retire_autoscaler
from tests.controlplane.workloads import (
    PLURALS,
    RELEASE,
    WORKLOADS,
    Workload,
    claims,
    companions,
    lost_claim,
    volumes,
    workload_object,
)

DEMO = Path(__file__).parent / "demo"
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
NETWORKING = "/apis/networking.k8s.io/v1"
AUTOSCALING = "/apis/autoscaling/v2"
LEGACY = f"{CORE}/namespaces/legacy"
VOLUMES = f"{CORE}/persistentvolumes"
CLAIMS = f"{CORE}/persistentvolumeclaims"
PREVIEW = f"{CORE}/namespaces/shop-preview"


def populate_demo(plane: ControlPlane) -> None:
    """Fill an empty control plane; return when everything is as sick as it should be."""
    client = plane.client
    kubelet = Kubelet(client)
    with tempfile.TemporaryDirectory() as cache:
        kubectl = Kubectl(plane.kubeconfigs[ADMIN], Path(cache))
        retire_autoscaler(client)
        kubelet.register_nodes()
        kubectl.apply(DEMO / "1-namespaces.yaml", DEMO / "2-crds.yaml")
        wait_for_custom_kinds(client)
        create_all(client, volumes())
        kubectl.apply(*sorted(DEMO.glob("3-*.yaml")))
        wait_until(lambda: _all_in_phase(client, VOLUMES, "Available"), "the volumes are there")
        create_all(client, claims())
        kubectl.apply(DEMO / "4-claims.yaml")
        in_parallel(lambda path: client.send("DELETE", path), (LEGACY, PREVIEW))
        with ThreadPoolExecutor(1) as aside:
            # As people do it, so that the annotation with the whole secret is there.
            applied = aside.submit(kubectl.apply_objects, list(secret_objects()))
            wait_until(lambda: _all_in_phase(client, CLAIMS, "Bound"), "the claims are bound")
            client.send("POST", *lost_claim())
            _start_workloads(client)
            kubelet.run_until(lambda: _unsettled(client), SETTLE_SECONDS)
            _release_badly(client)
            kubelet.evict(_pod_of(client, "data", "query-gateway"))
            kubelet.run_until(lambda: _not_gone_wrong(client), SETTLE_SECONDS)
            applied.result()
        kubelet.fail_node(CORDONED, timedelta(minutes=42))
        wait_until(lambda: _daemons_short(client), f"the daemonsets miss {CORDONED}")
        _write_other_statuses(client)
        create_all(client, (*pod_events(list_pods(client)), *other_events()))
        _force_away_legacy(client)
        kubectl.apply(DEMO / "5-unestablished-crd.yaml")
        # Last: while a group cannot be discovered, no namespace can be emptied.
        kubectl.apply(DEMO / "6-apiservice.yaml")
        wait_until(lambda: _stock_unavailable(client), "the API service is found unavailable")


def _all_in_phase(client: AdminClient, path: str, phase: str) -> bool:
    return all(it.status.phase == phase for it in observe_all(client, path).values())


def _start_workloads(client: AdminClient) -> None:
    create_all(client, (item for workload in WORKLOADS for item in companions(workload)))
    in_parallel(lambda workload: _release(client, workload), WORKLOADS)
    create_all(client, ((job.path, job_object(job)) for job in JOBS))


def _release(client: AdminClient, workload: Workload) -> None:
    """Create a workload; take a Deployment through its releases, and scale it up at the last."""
    client.send("POST", workload.path, workload_object(workload))
    if workload.kind != "Deployment":
        return
    path = f"{workload.path}/{workload.name}"
    for number in range(2, workload.releases + 1):
        wait_until(lambda: _observed(client, path), f"{path} is observed")
        last = number == workload.releases
        patch: JsonObject = {
            "spec": {
                "replicas": workload.replicas if last else 0,
                "template": {"metadata": {"annotations": {RELEASE: str(number)}}},
            }
        }
        client.send("PATCH", path, patch, content_type=MERGE_PATCH)


def _release_badly(client: AdminClient) -> None:
    """Two releases that do not get through: one crashes and is given up, one takes its time."""
    _patch_deployment(
        client,
        "shop",
        "checkout",
        Fate.CRASH_LOOP,
        {"progressDeadlineSeconds": 3, "strategy": _strategy(max_unavailable=2)},
    )
    _patch_deployment(
        client,
        "auth",
        "oauth2-proxy",
        Fate.JUST_STARTED,
        {
            "minReadySeconds": 7200,
            "progressDeadlineSeconds": 14400,
            "strategy": _strategy(max_unavailable=1),
        },
    )


def _strategy(max_unavailable: int) -> JsonObject:
    return {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": max_unavailable}}


def _patch_deployment(
    client: AdminClient, namespace: str, name: str, fate: Fate, spec: JsonObject
) -> None:
    template = {"metadata": {"annotations": {FATE: fate, RELEASE: "next"}}}
    client.send(
        "PATCH",
        collection(APPS, "deployments", namespace) + f"/{name}",
        {"spec": {"template": template, **spec}},
        content_type=MERGE_PATCH,
    )


def _unsettled(client: AdminClient) -> list[str]:
    """What the controllers have not yet brought where the tables say it goes."""
    missing: list[str] = []
    for kind, plural in PLURALS.items():
        found = observe_all(client, f"{APPS}/{plural}")
        missing += [
            f"{kind} {workload.namespace}/{workload.name}"
            for workload in WORKLOADS
            if workload.kind == kind
            and not _settled(workload, found[workload.namespace, workload.name])
        ]
    jobs = observe_all(client, f"{BATCH}/jobs")
    for job in JOBS:
        status = jobs[job.namespace, job.name].status
        if not (status.has(job.end, "True") if job.end else status.active == 1):
            missing.append(f"Job {job.namespace}/{job.name}")
    quota = observe(client, collection(CORE, "resourcequotas", "data") + "/storage")
    if quota.status.used.get("requests.storage") != "480Gi":
        missing.append("ResourceQuota data/storage")
    return missing


def _settled(workload: Workload, found: Observed) -> bool:
    status = found.status
    if status.observed_generation != found.metadata.generation:
        return False
    if workload.kind == "DaemonSet":
        return status.number_ready == workload.replicas
    if workload.kind == "Deployment" and workload.stuck and not status.has("Progressing", "False"):
        return False
    return (status.replicas, status.updated_replicas, status.ready_replicas) == (
        workload.replicas,
        workload.replicas,
        workload.wanted_ready,
    )


def _not_gone_wrong(client: AdminClient) -> list[str]:
    """Which of the releases and the eviction have not yet ended as they are meant to."""
    found = observe_all(client, f"{APPS}/deployments")
    checkout = found["shop", "checkout"].status
    proxy = found["auth", "oauth2-proxy"].status
    gateway = list_pods(client, "data")
    running = [
        pod
        for pod in gateway
        if pod.metadata.labels.get("app") == "query-gateway" and pod.status.phase == "Running"
    ]
    return [
        what
        for what, is_so in (
            ("checkout 1/3 ready", checkout.ready_replicas == 1 and checkout.updated_replicas == 2),
            ("checkout given up", checkout.has("Progressing", "False")),
            ("oauth2-proxy 1/2 updated", proxy.updated_replicas == 1 and proxy.ready_replicas == 2),
            ("evicted pod replaced", len(running) == 3),
        )
        if not is_so
    ]


def _daemons_short(client: AdminClient) -> bool:
    daemons = observe_all(client, f"{APPS}/daemonsets")
    return all(it.status.number_ready == 5 for it in daemons.values())


def _write_other_statuses(client: AdminClient) -> None:
    """What the ingress controller, the metrics and past schedules would have left."""
    for namespace, name in (("shop", "www"), ("pay", "api"), ("auth", "login")):
        path = collection(NETWORKING, "ingresses", namespace) + f"/{name}"
        patch_status(client, path, {"loadBalancer": {"ingress": [{"ip": "203.0.113.10"}]}})
    cron_jobs = observe_all(client, f"{BATCH}/cronjobs")
    for job in (job for job in JOBS if job.cron_job):
        uid = cron_jobs[job.namespace, job.cron_job].metadata.uid
        patch = ownership(job.cron_job, uid)
        client.send("PATCH", f"{job.path}/{job.name}", patch, content_type=MERGE_PATCH)
    for namespace, name, ago in (("batch", "etl", 26), ("pay", "invoices", 590)):
        path = collection(BATCH, "cronjobs", namespace) + f"/{name}"
        patch_status(client, path, {"lastScheduleTime": timestamp(timedelta(minutes=ago))})
    for namespace, name, replicas, used in (("shop", "web", 6, 91), ("pay", "api", 3, 48)):
        path = collection(AUTOSCALING, "horizontalpodautoscalers", namespace) + f"/{name}"
        current: JsonObject = {"averageUtilization": used, "averageValue": f"{used}m"}
        patch_status(
            client,
            path,
            {
                "currentReplicas": replicas,
                "desiredReplicas": replicas,
                "currentMetrics": [
                    {"type": "Resource", "resource": {"name": "cpu", "current": current}}
                ],
            },
        )


def _force_away_legacy(client: AdminClient) -> None:
    """Drop a namespace whose content is held: what is in it stays, in no namespace."""
    held = collection(CORE, "configmaps", "legacy") + "/crm-settings"
    # Not before the namespace controller has been there, lest it be a race.
    wait_until(
        lambda: observe(client, held).metadata.deletion_timestamp is not None,
        "the content of legacy is being deleted",
    )
    finalized = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "legacy"},
        "spec": {"finalizers": []},
    }
    client.send("PUT", f"{LEGACY}/finalize", finalized)


def _stock_unavailable(client: AdminClient) -> bool:
    return observe(client, f"{API_SERVICES}/v1.stock.acme.example").status.has("Available", "False")


def _pod_of(client: AdminClient, namespace: str, app: str) -> Pod:
    pods = list_pods(client, namespace)
    return next(pod for pod in pods if pod.metadata.labels.get("app") == app)


def _observed(client: AdminClient, path: str) -> bool:
    found = observe(client, path)
    return found.status.observed_generation >= found.metadata.generation
