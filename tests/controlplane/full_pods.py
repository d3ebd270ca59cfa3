"""Pods as clusters really hold them: what people write into a template, and what a kubelet says of it.

The few fields that a test looks at would make a pod of 2 kB, and every reader of
whole objects four times as quick as it is on a cluster.
"""

from collections.abc import Mapping, Sequence

from tests.controlplane.kubelet import Pod, pod_status
from tests.controlplane.objects import Json, JsonObject

IMAGES = {
    "app": "registry.acme.example/storefront/app:1.4.2",
    "mesh": "registry.acme.example/platform/mesh-proxy:1.29.0",
}
ANNOTATIONS = {
    "checksum/config": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "kubectl.kubernetes.io/default-container": "app",
    "kubectl.kubernetes.io/restartedAt": "2026-08-01T07:12:44Z",
    "prometheus.io/port": "9090",
    "prometheus.io/scrape": "true",
}
SETTINGS = {
    "CACHE_URL": "redis://cache.data.svc.cluster.local:6379/0",
    "DATABASE_HOST": "ledger-primary.data.svc.cluster.local",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "info",
}
RESOURCES = {
    "app": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    "mesh": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}},
}
MOUNTS = {
    "app": (("config", "/etc/app", True), ("scratch", "/tmp", False)),
    "mesh": (("mesh-config", "/etc/mesh", True), ("scratch", "/var/run/mesh", False)),
}


def template_spec() -> dict[str, Json]:
    """What a deployment's template would hold: two containers with settings, probes, volumes and bounds."""
    return {
        "containers": [_container("app", 8080, SETTINGS), _container("mesh", 15021, {"MESH_LEVEL": "warning"})],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": {"fsGroup": 10001, "runAsNonRoot": True, "runAsUser": 10001},
        "terminationGracePeriodSeconds": 45,
        "tolerations": [
            {"key": "acme.example/pool", "operator": "Equal", "value": "general", "effect": "NoSchedule"},
            {"key": "acme.example/spot", "operator": "Exists", "effect": "NoSchedule"},
        ],
        "volumes": [
            {"name": "config", "configMap": {"name": "configmap-00"}},
            {"name": "mesh-config", "configMap": {"name": "configmap-01", "optional": True}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
        ],
    }


def full_status(pod: Pod) -> JsonObject:
    """A running pod's status, with all that a kubelet of today writes into one."""
    status = dict(pod_status(pod))
    containers = status["containerStatuses"]
    assert isinstance(containers, Sequence)
    status["containerStatuses"] = [_full_container(it, pod) for it in containers if isinstance(it, Mapping)]
    status["hostIPs"] = [{"ip": status["hostIP"]}]
    status["qosClass"] = "Burstable"
    status["observedGeneration"] = 1
    return status


def _container(name: str, port: int, settings: Mapping[str, str]) -> JsonObject:
    probe: JsonObject = {
        "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
        "initialDelaySeconds": 5,
        "periodSeconds": 10,
        "timeoutSeconds": 2,
    }
    fields = {"POD_NAME": "metadata.name", "POD_IP": "status.podIP"}
    return {
        "name": name,
        "image": IMAGES[name],
        "args": ["--config", f"/etc/{name}/config.yaml", "--listen", f":{port}"],
        "ports": [{"name": "http", "containerPort": port}, {"name": "metrics", "containerPort": port + 1}],
        "env": [
            *({"name": key, "value": value} for key, value in settings.items()),
            *({"name": key, "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in fields.items()),
        ],
        "resources": RESOURCES[name],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": volume, "mountPath": path, "readOnly": read_only} for volume, path, read_only in MOUNTS[name]
        ],
    }


def _full_container(status: JsonObject, pod: Pod) -> JsonObject:
    name = str(status["name"])
    return {
        **status,
        "containerID": f"containerd://{pod.metadata.uid.replace('-', '') * 2}",
        "allocatedResources": RESOURCES[name]["requests"],
        "resources": RESOURCES[name],
    }
