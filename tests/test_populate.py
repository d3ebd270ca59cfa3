"""The demo cluster is as sick as it promises, and holds still: what kubectl shows of it."""

import base64
import re
from pathlib import Path

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.credentials import ADMIN
from tests.controlplane.kubectl import Kubectl
from tests.controlplane.populate import SECRET_CANARY

# Kind, namespace (none: cluster-scoped), and a row that kubectl prints, from its first column on.
PROMISES = [
    ("deployments", "shop", r"checkout +1/3 +2 +1 "),
    ("deployments", "auth", r"oauth2-proxy +2/2 +1 +1 "),
    ("deployments", "pay", r"ledger +0/2 +2 +0 "),
    ("deployments", "labs", r"notebook +0/0 +0 +0 "),
    ("statefulsets", "pay", r"queue +2/3 "),
    ("daemonsets", "kube-system", r"kube-proxy +6 +6 +5 "),
    ("pods", "shop", r"checkout-\S+ +0/1 +CrashLoopBackOff +11 \("),
    ("pods", "pay", r"ledger-\S+ +0/1 +ImagePullBackOff +0 "),
    ("pods", "pay", r"queue-2 +0/1 +Pending +0 "),
    ("pods", "pay", r"refund-backfill-\S+ +0/1 +Error +0 "),
    ("pods", "batch", r"etl-29761800-\S+ +0/1 +OOMKilled +0 "),
    ("pods", "batch", r"etl-29761770-\S+ +0/1 +Completed +0 "),
    ("pods", "data", r"query-gateway-\S+ +0/1 +Evicted +0 "),
    ("pods", "data", r"flink-\S+ +1/1 +Running +4 \("),
    ("pods", "shop", r"images-\S+ +1/1 +Running +2 \(41d ago\) "),
    ("pods", "search", r"ranking-\S+ +0/1 +Pending +0 "),
    ("pods", "search", r"reindex-\S+ +0/1 +Pending +0 "),
    ("pods", "search", r"indexer-\S+ +0/1 +ContainerCreating +0 "),
    ("pods", "search", r"crawler-\S+ +0/1 +CreateContainerConfigError +0 "),
    ("pods", "search", r"query-\S+ +0/1 +Running +0 "),
    ("pods", "monitoring", r"debug-toolbox +1/1 +Running +0 "),
    ("jobs", "batch", r"etl-29761800 +Failed +0/1 "),
    ("jobs", "batch", r"etl-29761770 +Complete +1/1 "),
    ("jobs", "batch", r"recount-stock +Running +0/1 "),
    ("cronjobs", "batch", r"weekly-report +0 6 29 2 \* +<none> +True "),
    ("persistentvolumeclaims", "pay", r"data-queue-2 +Pending "),
    ("persistentvolumeclaims", "pay", r"data-queue-1 +Bound "),
    ("resourcequotas", "data", r"storage .*requests\.storage: 480Gi/500Gi"),
    ("poddisruptionbudgets", "pay", r"queue +2 +N/A +0 "),
    ("horizontalpodautoscalers", "shop", r"web +Deployment/web .* 2 +6 +6 "),
    ("ingresses", "search", r"search +traefik +search\.acme\.example +80 "),
    ("endpointslices", "search", r"suggest-\S+ +IPv4 +<unset> +<unset> "),
    ("certificates", "pay", r"pay-tls +False +pay-tls "),
    (
        "databases",
        "pay",
        r"odd-cells +post\^\[\[31mgres\^\[\[0m +1 +False +0\.1 +true +first line\.\.\.",
    ),
    ("databases", "pay", r"ledger .* 1\.2345675e\+06 "),
    ("databases", "shop-preview", r"preview-1842 "),
    ("databases", "legacy", r"crm "),
    ("configmaps", "legacy", r"crm-settings "),
    ("nodes", "", r"w6 +NotReady,SchedulingDisabled "),
    ("namespaces", "", r"shop-preview +Terminating "),
    ("apiservices", "", r"v1\.stock\.acme\.example +data/stock-api +False \(ServiceNotFound\) "),
]
WARNINGS = [
    ("shop", "BackOff"),
    ("shop", "Unhealthy"),
    ("pay", "Failed"),
    ("pay", "FailedScheduling"),
    ("pay", "ProvisioningFailed"),
    ("pay", "BackoffLimitExceeded"),
    ("search", "FailedScheduling"),
    ("search", "FailedMount"),
    ("search", "Unhealthy"),
    ("data", "Evicted"),
]


@pytest.fixture
def kubectl(demo: ControlPlane, tmp_path: Path) -> Kubectl:
    return Kubectl(demo.kubeconfigs[ADMIN], tmp_path)


@pytest.mark.parametrize(("kind", "namespace", "row"), PROMISES)
def test_demo_keeps_its_promise(kubectl: Kubectl, kind: str, namespace: str, row: str) -> None:
    table = kubectl.run("get", kind, f"--namespace={namespace}", "--no-headers")
    assert re.search(f"^{row}", table, re.MULTILINE), table


@pytest.mark.parametrize(("namespace", "reason"), WARNINGS)
def test_demo_warns(kubectl: Kubectl, namespace: str, reason: str) -> None:
    where = f"--field-selector=type=Warning,reason={reason}"
    assert kubectl.run("get", "events", f"--namespace={namespace}", where, "--output=name")


def test_legacy_is_gone_though_its_objects_are_not(kubectl: Kubectl) -> None:
    names = kubectl.run("get", "namespaces", "--output=name").split()
    assert "namespace/legacy" not in names


def test_a_kind_already_taken_is_not_established(kubectl: Kubectl) -> None:
    path = "--output=jsonpath={.status.conditions[?(@.type=='Established')].status}"
    assert kubectl.run("get", "crd", "legacydatabases.acme.example", path) == "False"


def test_given_up_rollouts_say_so(kubectl: Kubectl) -> None:
    path = "--output=jsonpath={.status.conditions[?(@.type=='Progressing')].reason}"
    for namespace, name in (("shop", "checkout"), ("pay", "ledger")):
        reason = kubectl.run("get", "deployment", name, f"--namespace={namespace}", path)
        assert reason == "ProgressDeadlineExceeded"


def test_secrets_betray_themselves_in_their_annotation_too(kubectl: Kubectl) -> None:
    secret = kubectl.run("get", "secret", "card-network", "--namespace=pay", "--output=yaml")
    assert SECRET_CANARY in secret
    assert base64.b64encode(SECRET_CANARY.encode()).decode() in secret
