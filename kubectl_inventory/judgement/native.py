"""What one row of a table says of its object's health: a rule for each of Kubernetes' own kinds.

A row is judged by the server's own cells. What only the object's status can tell is
marked to be looked at (`closer`); what needs other objects is for `gathering`, and
every other kind is for `custom`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.clock import human_span, span_s
from kubectl_inventory.judgement.custom import CustomTable
from kubectl_inventory.judgement.schedules import longest_gap_s
from kubectl_inventory.judgement.symptoms import Symptom, as_word, by_word
from kubectl_inventory.output.columns import Places
from kubectl_inventory.quantity import amount_of
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import ColumnDefinition

NEARLY_USED = 0.9
"""Above this part of a quota its namespace is warned."""

_TOLERANCE = 1.1
"""So far over its target an autoscaler leaves it as it is (`--horizontal-pod-autoscaler-tolerance`, 0.1)."""
_LATE_S = 300
"""So much later than it could be a CronJob may be scheduled."""
_MORE = " more..."
"""Of many targets the server prints two, and how many more there are (`pkg/printers/internalversion`)."""
_TARGET = re.compile(r"(?<![^\s/,])([^\s/,]+)/([^\s,]+)")

Judge = Callable[[Row, Places], "Symptom | None"]


def judge_native(kind: Kind, row: Row, places: Places) -> Symptom | None:
    """What a row of one of Kubernetes' own kinds says by itself; None where it says nothing bad."""
    return _JUDGES[kind.name](row, places)


def judge_of(
    kind: Kind, places: Places, columns: tuple[ColumnDefinition, ...], policy: Policy
) -> Callable[[Row], Symptom | None]:
    """The same of any kind, for a page of its rows: what a custom kind's columns mean is found out once."""
    judge = _JUDGES.get(kind.name)
    if judge is None:
        return CustomTable(kind, places, columns, policy).judge
    return lambda row: judge(row, places)


def _namespace(row: Row, places: Places) -> Symptom | None:
    if places.status(row) != "Terminating":
        return None
    return Symptom(health="warning", reason="Terminating", look="verdict", passes=True)


def _node(row: Row, places: Places) -> Symptom | None:
    words = places.status(row).split(",")
    cordoned = "SchedulingDisabled" in words
    if "Ready" not in words:
        brief = "NotReady, cordoned" if cordoned else "NotReady"
        return Symptom(health="warning", reason="NotReady", brief=brief, look="verdict")
    return Symptom(health="changing", reason="Cordoned", brief="cordoned") if cordoned else None


def _volume(row: Row, places: Places) -> Symptom | None:
    status = places.status(row)
    if status == "Released":
        # With Retain it is kept on purpose; with Delete somebody should have deleted it.
        if places.text(row, "reclaim policy") != "Delete":
            return None
        return Symptom(
            health="warning", reason="Released", brief="Released and not deleted", look="verdict", passes=True,
            message=f"the claim {places.text(row, 'claim')} is gone and the reclaim policy is Delete",
        )
    if status == "Failed":
        why = places.text(row, "reason")
        return Symptom(health="error", reason="Failed", message=why, look="reason")
    return by_word(status)


def _claim(row: Row, places: Places) -> Symptom | None:
    status = places.status(row)
    if status == "Pending":
        return Symptom(health="warning", reason="Pending", look="reason", passes=True)
    return by_word(status)


def _quota(row: Row, places: Places) -> Symptom | None:
    shares = {}
    for column in ("request", "limit"):
        for entry in places.text(row, column).split(", "):
            name, _, amounts = entry.partition(": ")
            used, hard = map(amount_of, amounts.split("/", 1)) if "/" in amounts else (None, None)
            if used and hard is not None:
                # Of nothing, as where a quota was lowered to 0, anything is more than all.
                shares[name] = (used / hard if hard else math.inf, amounts)
    if not shares:
        return None
    name, (share, amounts) = max(shares.items(), key=lambda item: item[1][0])
    if share <= NEARLY_USED:
        return None
    used_part = f"{share:.0%}" if math.isfinite(share) else amounts
    message = f"{name} {amounts}, {used_part} used" if math.isfinite(share) else f"{name} {amounts}"
    return Symptom(health="warning", reason="QuotaNearlyUsed", brief=f"at {used_part}", message=message)


def _autoscaler(row: Row, places: Places) -> Symptom | None:
    targets = places.text(row, "targets")
    least, most, replicas = (places.text(row, name) for name in ("minpods", "maxpods", "replicas"))
    if replicas == "0" and least != "0":
        return None  # its target is at 0, as somebody wanted, and is measured no more (ScalingDisabled)
    if "<unknown>" in targets:
        return Symptom(
            health="warning", reason="NoMetrics", brief="has no metrics", message=f"no metrics: {targets}",
            look="verdict", passes=True,
        )
    if replicas != most or least == most or not _is_over(targets):
        return None
    message = f"at its maximum, {replicas}/{most} replicas, {targets}"
    return Symptom(health="warning", reason="AtMaximum", brief=f"at its maximum of {most}", message=message)


def _is_over(targets: str) -> bool:
    """Whether any of `cpu: 91%/70%, memory: 1200m/2` is over its target by more than is let pass.

    One that cannot be read counts, and so do those that the server leaves out.
    """
    found = _TARGET.findall(targets)
    for current, target in found:
        one, other = (amount_of(text.rstrip("%").removesuffix("(avg)").strip()) for text in (current, target))
        if not other or (one or 0.0) > other * _TOLERANCE:
            return True
    return not found or _MORE in targets


def _budget(row: Row, places: Places) -> Symptom | None:
    if places.text(row, "allowed disruptions") != "0":
        return None
    least, most = places.text(row, "min available"), places.text(row, "max unavailable")
    wants = f"max unavailable {most}" if least in ("", "N/A") else f"min available {least}"
    return Symptom(
        health="warning", reason="AllowsNothing", brief="allows no disruption",
        message=f"allows no disruption ({wants}): its pods cannot be drained from a node", look="verdict",
        passes=True,
    )


def _cron_job(row: Row, places: Places) -> Symptom | None:
    """One that is due, and was not run. While a run of it goes on, the next may have to wait."""
    if places.text(row, "suspend") == "True" or places.text(row, "active") != "0":
        return None
    schedule, last = places.text(row, "schedule"), places.text(row, "last schedule")
    gap_s, waited_s = longest_gap_s(schedule), span_s(last or places.age(row))
    if gap_s is None or waited_s is None or waited_s <= 2 * gap_s + _LATE_S:
        return None
    since = f"not run for {last}" if last else f"never run in {human_span(waited_s)}"
    return Symptom(health="warning", reason="NotScheduled", brief=since, message=f"{since}, its schedule is {schedule}")


def _ingress(row: Row, places: Places) -> Symptom | None:
    if places.text(row, "address"):
        return None
    served = places.text(row, "class")
    message = f"no address: does a controller serve the class {served}?" if served else "no address, and no class"
    return Symptom(health="warning", reason="NoAddress", brief="has no address", message=message, passes=True)


def _api_service(row: Row, places: Places) -> Symptom | None:
    available = places.text(row, "available")
    if available in ("True", ""):
        return None
    reason = available.partition("(")[2].rstrip(")") or "Unavailable"
    return Symptom(health="warning", reason=as_word(reason), brief=f"unavailable, {reason}", look="reason")


_JUDGES: Mapping[str, Judge] = {
    "namespaces": _namespace,
    "nodes": _node,
    "persistentvolumes": _volume,
    "persistentvolumeclaims": _claim,
    "resourcequotas": _quota,
    "cronjobs.batch": _cron_job,
    "horizontalpodautoscalers.autoscaling": _autoscaler,
    "poddisruptionbudgets.policy": _budget,
    "ingresses.networking.k8s.io": _ingress,
    "apiservices.apiregistration.k8s.io": _api_service,
}
