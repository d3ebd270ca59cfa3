"""The fields of each JSON document: what `-o json` and `-o yaml` promise. A test holds them against real ones."""

from __future__ import annotations

import msgspec


class Field(msgspec.Struct, frozen=True):
    """One field: its path from the document, `?` behind what may be absent."""

    path: str
    type: str
    meaning: str

    @property
    def plain(self) -> str:
        """The path alone."""
        return self.path.removesuffix("?")

    @property
    def may_be_absent(self) -> bool:
        return self.path.endswith("?")


class Document(msgspec.Struct, frozen=True):
    """One document, and what is typed for it."""

    title: str
    kind: str
    typed: tuple[str, ...]
    """What is typed after the program's name, at the demo cluster."""
    fields: tuple[Field, ...]
    is_common: bool = True
    """Whether it tells what was not read, as most do."""


def _rows(*rows: tuple[str, str, str]) -> tuple[Field, ...]:
    return tuple(Field(*row) for row in rows)


OPENING = _rows(
    ("apiVersion", "text", "`inventory/v1`"),
    ("kind", "text", "which document this is"),
    ("context", "text", "the kubeconfig context"),
    ("server", "text", "the API server's URL"),
    ("takenAt", "time", "when the run began, in UTC"),
    ("items", "list", "what was asked for, see below"),
)
"""What every document has."""

ACCOUNTS = _rows(
    ("complete", "true or false", "false exactly when `unread` has entries; then the exit code is 3"),
    ("unread", "list", "what was wanted and could not be read"),
    ("unread[].resource", "text", "the kind's plural; `*` for a whole API group"),
    ("unread[].group", "text", "its API group, empty for the core group"),
    ("unread[].namespace?", "text", "where; absent: in the whole cluster"),
    ("unread[].reason", "word", "`Forbidden`, `TimedOut`, `Failed`, `Unavailable` or `NotReached`"),
    ("unread[].message", "text", "what the server, or the connection, said"),
    ("withheld", "list", "what the policy keeps out: this does not make an answer incomplete"),
    ("withheld[].resource?", "text", "the kind's plural; absent where a namespace is kept out"),
    ("withheld[].group?", "text", "its API group"),
    ("withheld[].namespace?", "text", "the namespace that is kept out"),
    ("withheld[].rule", "text", "the policy's rule"),
    ("withheld[].source", "text", "FILE:LINE of the rule"),
)
"""What every document but a plan has, too."""

_KIND = (
    ("items[].resource", "text", "the kind's plural, as in a path"),
    ("items[].group", "text", "its API group, empty for the core group"),
    ("items[].version", "text", "the version that is read"),
    ("items[].kind", "text", "its name, as in a manifest"),
    ("items[].namespaced", "true or false", "whether its objects lie in namespaces"),
)

DOCUMENTS = (
    Document(
        "Counts", "Inventory", ("",), _rows(
            *_KIND,
            ("items[].count", "number", "how many objects there are"),
            ("items[].atLeast?", "true", "`count` is a lower bound, as something could not be read"),
        ),
    ),
    Document(
        "Counts with --by", "Inventory", ("--by kind,namespace,label=app",), _rows(
            ("items[].kind?", "text", "by `kind`: its plural with its group, `deployments.apps`"),
            ("items[].namespace?", "text", "by `namespace`: absent for what lies in none"),
            ("items[].label:KEY?", "text", "by `label=KEY`: the label's value; `<none>` without it"),
            ("items[].count", "number", "how many objects there are"),
        ),
    ),
    Document(
        "Objects", "Inventory", ("get pods,secrets,namespaces",), _rows(
            ("items[].apiVersion", "text", "group and version"),
            ("items[].kind", "text", "the kind, as in a manifest"),
            ("items[].metadata.name", "text", "the object's name"),
            ("items[].metadata.namespace?", "text", "its namespace"),
            ("items[].metadata.uid?", "text", "its uid; this and the rest of the metadata are never asked of a Secret"),
            ("items[].metadata.labels?", "map", "its labels"),
            ("items[].metadata.ownerReferences?", "list", "its owners"),
            ("items[].metadata.ownerReferences[].apiVersion", "text", "an owner's group and version"),
            ("items[].metadata.ownerReferences[].kind", "text", "its kind"),
            ("items[].metadata.ownerReferences[].name", "text", "its name"),
            ("items[].metadata.ownerReferences[].uid", "text", "its uid"),
            ("items[].metadata.creationTimestamp?", "time", "when it was made, in UTC"),
            ("items[].columns", "map", "the server's own cells, by its own headers"),
        ),
    ),
    Document(
        "Kinds", "Inventory", ("kinds",), _rows(
            *_KIND,
            ("items[].verbs", "list of words", "what the server can do with it"),
            ("items[].shortNames", "list of words", "`po`"),
            ("items[].categories", "list of words", "`all`"),
            (
                "items[].status", "word",
                "`Read`, a `reason` as in `unread`, `Alias`, `LeftOut`, `Withheld`, `Excluded` or `OutOfScope`",
            ),
            ("items[].why", "text", "the rule, the place or the message behind it"),
            ("items[].count?", "number", "how many objects there are; absent where that is not known"),
            ("items[].atLeast?", "true", "`count` is a lower bound"),
        ),
    ),
    Document(
        "Health", "Health", ("health",), _rows(
            ("health", "word", "the worst of `cluster` and `items`"),
            ("sinceSeconds", "seconds", "how far back events and restarts count"),
            ("cluster.health?", "word", "of what lies in no namespace; absent with namespaces named"),
            ("cluster.reason?", "text", "why"),
            ("cluster.nodes.ready?", "number", "nodes that are ready"),
            ("cluster.nodes.all?", "number", "nodes"),
            ("cluster.apiGroups.available?", "number", "API groups that answer"),
            ("cluster.apiGroups.all?", "number", "API groups"),
            ("cluster.warnings?", "number", "Warning events about what lies in no namespace"),
            ("items[].namespace", "text", "the namespace"),
            ("items[].health", "word", "`error`, `unknown`, `warning`, `changing`, `scaled-down` or `ok`"),
            ("items[].reason", "text", "why, as the table has it"),
            ("items[].pods.ready?", "number", "pods that are ready"),
            ("items[].pods.wanted?", "number", "pods, without finished ones"),
            ("items[].workloads.asWanted?", "number", "workloads with all that they want"),
            ("items[].workloads.all?", "number", "Deployments, StatefulSets and DaemonSets"),
            ("items[].persistentVolumeClaims.bound?", "number", "claims that have a volume"),
            ("items[].persistentVolumeClaims.all?", "number", "claims"),
            ("items[].warnings?", "number", "Warning events; this and the numbers above are absent where not known"),
            ("findings", "list", "what is not well, object by object"),
            ("findings[].namespace?", "text", "where it lies"),
            ("findings[].object.apiVersion", "text", "the object's group and version"),
            ("findings[].object.kind", "text", "its kind"),
            ("findings[].object.name", "text", "its name"),
            ("findings[].owner.apiVersion?", "text", "of the workload that it belongs to"),
            ("findings[].owner.kind?", "text", "the workload's kind"),
            ("findings[].owner.name?", "text", "its name"),
            ("findings[].health", "word", "how it is"),
            ("findings[].reason", "word", "why, in a word: what `health.ignore` matches"),
            ("findings[].message", "text", "why, in a sentence"),
            ("findings[].since?", "time", "since when, where that is known"),
            ("findings[].count", "number", "how many objects alike it stands for"),
            ("events", "list", "Warning events, by object and reason"),
            ("events[].namespace?", "text", "where they lie"),
            ("events[].object", "text", "what they are about: `pod/NAME`"),
            ("events[].reason", "word", "their reason"),
            ("events[].count", "number", "how many there were"),
            ("events[].lastSeconds", "seconds", "how long ago the last was"),
            ("events[].message", "text", "what it said"),
            ("silent", "list", "custom kinds with objects that print nothing of how those are"),
            ("silent[].resource", "text", "the kind's plural"),
            ("silent[].group", "text", "its API group"),
            ("silent[].count", "number", "how many objects there are"),
        ),
    ),
    Document(
        "Plan", "Plan", ("get pods,secrets --plan", "get pods,secrets --plan=run"), _rows(
            ("items[].resource", "text", "the kind's plural"),
            ("items[].group", "text", "its API group"),
            ("items[].how", "word", "`none`, `probe`, `bulk`, `pages`, `joined` or `fanout`"),
            ("items[].why", "text", "why so"),
            ("items[].requests", "number", "requests that it takes"),
            ("items[].bytes?", "number", "bytes that will come, unpacked"),
            ("items[].seconds?", "seconds", "how long that takes"),
            ("items[].count?", "number", "objects, where they were counted beforehand"),
            ("items[].actual.requests?", "number", "with `=run`: requests that it took"),
            ("items[].actual.bytes?", "number", "bytes that came"),
            ("items[].actual.seconds?", "seconds", "from the first request to the last reply"),
            ("total.requests", "number", "requests of all"),
            ("total.bytes", "number", "bytes of all"),
            ("total.objects", "number", "objects of all"),
            ("total.seconds", "seconds", "the whole: kinds are read side by side"),
        ),
        is_common=False,
    ),
    Document(
        "Benchmark", "Bench", ("bench pods -n shop,pay --runs 1",), _rows(
            ("rounds", "number", "how often each strategy ran"),
            ("objects", "number", "objects that were listed"),
            ("changed", "number", "objects that changed between rounds"),
            ("namespaces", "number", "namespaces that were read"),
            ("roundTripMs", "milliseconds", "to the server and back"),
            ("bulkFromNamespaces?", "number", "from so many namespaces on `bulk` wins"),
            ("policy?", "map", "the part of a policy that the times support"),
            ("items[].strategy", "word", "`sequential`, `fanout`, `bulk` or `auto`"),
            ("items[].medianMs", "milliseconds", "the middle run, from start to end"),
            ("items[].savedOfSequential", "share", "0.83: 83 % less than `sequential`, start-up apart"),
            ("items[].runsMs", "list of milliseconds", "every run, the fastest first"),
            ("items[].requests", "number", "requests of a run"),
            ("items[].bytesReceived", "number", "bytes that came"),
            ("items[].startupMs", "milliseconds", "of the middle run: before the first kind is asked"),
            ("items[].waitMs", "milliseconds", "for the server's first byte"),
            ("items[].readMs", "milliseconds", "for the rest of its replies"),
            ("items[].decodeMs", "milliseconds", "from bytes to rows"),
            ("items[].renderMs", "milliseconds", "the table"),
        ),
    ),
)  # fmt: skip

SETTING = _rows(
    ("[].name", "text", "the setting, as in a policy file"),
    ("[].value", "text", "its value"),
    ("[].source", "text", "what set it: FILE:LINE, a flag, or `built-in`"),
)
"""What `policy show` prints: a bare list, as it is about no cluster."""
