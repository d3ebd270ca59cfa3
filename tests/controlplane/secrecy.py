"""The secrets of the populated clusters, each of which betrays itself when it leaks."""

import base64
from collections.abc import Iterator

from tests.controlplane.objects import JsonObject
from tests.controlplane.workloads import WORKLOADS

# In every secret: nothing that is printed or written may hold it, plain or in base64.
SECRET_CANARY = "canary-7f3b-do-not-print"


def secret_objects() -> Iterator[JsonObject]:
    """A secret for each workload of the application teams, certificates, and Helm's."""
    for workload in WORKLOADS:
        if workload.team == "platform" or workload.kind == "DaemonSet":
            continue
        yield _secret(
            workload.namespace,
            f"{workload.name}-credentials",
            "Opaque",
            {"password": f"{SECRET_CANARY}-{workload.name}", "username": workload.name},
            workload.labels,
        )
    for namespace, name in (("shop", "shop-tls"), ("pay", "pay-tls"), ("auth", "login-tls")):
        pair = {"tls.crt": f"{SECRET_CANARY}-crt", "tls.key": f"{SECRET_CANARY}-key"}
        yield _secret(namespace, name, "kubernetes.io/tls", pair, {})
    for name, revisions in (("web", 4), ("checkout", 3)):
        for number in range(1, revisions + 1):
            labels = {"owner": "helm", "name": name, "version": str(number)}
            release = {"release": SECRET_CANARY * 20}
            release_name = f"sh.helm.release.v1.{name}.v{number}"
            yield _secret("shop", release_name, "helm.sh/release.v1", release, labels)
    # In clear in the annotation, too: kubectl copies `stringData` as it stands.
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "card-network", "namespace": "pay", "labels": {"team": "payments"}},
        "stringData": {"api-key": f"{SECRET_CANARY}-in-clear"},
    }


def _secret(
    namespace: str, name: str, secret_type: str, data: dict[str, str], labels: dict[str, str]
) -> JsonObject:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": secret_type,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "data": encoded,
    }
