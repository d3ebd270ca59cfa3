"""Stands in for programs that do not run here: statuses written in their place.

An ingress controller, a metrics server and operators are none of the control
plane's; the one controller that would overwrite what is written here is retired.
"""

from tests.controlplane.client import AdminClient
from tests.controlplane.objects import MERGE_PATCH, RBAC, JsonObject


def retire_autoscaler(client: AdminClient) -> None:
    """Take the autoscaler's rights away, before there is anything to scale.

    Without metrics it would wipe what `patch_status` says in its place, and repeat
    its warnings every 15 seconds: the cluster would never come to rest.
    """
    rights = f"{RBAC}/clusterrolebindings/system:controller:horizontal-pod-autoscaler"
    client.send("DELETE", rights, ok=(404,))


def patch_status(client: AdminClient, path: str, status: JsonObject) -> None:
    """Write the status of the object at `path`, as the controller of its kind would."""
    client.send("PATCH", f"{path}/status", {"status": status}, content_type=MERGE_PATCH)
