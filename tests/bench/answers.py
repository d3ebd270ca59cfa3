"""Whether two programs said the same: their screens, taken apart as far as both of them go.

A check is given the answers of one turn by the names of their commands, and says
what differs, a line each; nothing is the good news.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

Answers = Mapping[str, str]
Check = Callable[[Answers], Sequence[str]]
Item = TypeVar("Item")

MOST_DIFFERENCES = 20
EVENT = "event"
ENDED = ("Completed", "Succeeded", "Error", "Failed", "Terminating")
"""STATUS of a pod that is wanted no more."""


class Kind(msgspec.Struct, frozen=True):
    """A kind that kubectl can list."""

    name: str
    """`deployments.apps`: what is typed, and what the program prints."""
    prefix: str
    """`deployment.apps`: what kubectl prints before an object's name."""


class Found(msgspec.Struct, frozen=True):
    """An object as a table shows it; the name is empty where the table does not show one."""

    namespace: str
    kind: str
    name: str


class Pods(msgspec.Struct, frozen=True):
    """How many are ready, and how many should be."""

    ready: int
    wanted: int


class Space(msgspec.Struct, frozen=True):
    """What `health -o json` says of a namespace."""

    namespace: str
    health: str
    pods: Pods


class Warned(msgspec.Struct, frozen=True):
    """A warning in it, of something in a namespace or outside all."""

    object: str
    reason: str
    namespace: str = ""


class Cluster(msgspec.Struct, frozen=True):
    """What it says of the cluster."""

    health: str


class Judgement(msgspec.Struct, frozen=True):
    """What of `health -o json` is compared with other programs."""

    cluster: Cluster
    items: tuple[Space, ...]
    events: tuple[Warned, ...]


def parse_kinds(api_resources: str) -> list[Kind]:
    """The kinds of `kubectl api-resources --no-headers`."""
    found = []
    for line in api_resources.splitlines():
        words = line.split()
        # Short names may be absent; what follows them never is.
        plural, api_version, kind = words[0], words[-3], words[-1]
        group = api_version.rpartition("/")[0]
        found.append(Kind(*(f"{it}.{group}".rstrip(".") for it in (plural, kind.lower()))))
    return sorted(found, key=lambda kind: kind.name)


def kubectls_objects(screen: str) -> Iterator[Found]:
    """What stands in the tables of `kubectl get KINDS -A`, each under a header of its own."""
    place: int | None = None
    is_header = True
    for line in screen.splitlines():
        if not line:
            is_header = True
        elif is_header:
            # Events show no name; kinds of the cluster alone may have no namespace before it.
            found = re.search(r"\bNAME\b", line)
            place, is_header = found.start() if found else None, False
        elif place is None:
            yield Found(line.split()[0], EVENT, "")
        else:
            # Cluster-scoped kinds leave the namespace's column blank.
            kind, _, name = line[place:].split()[0].partition("/")
            yield Found(line[:place].strip(), kind, name)


def our_objects(screen: str) -> Iterator[Found]:
    """What stands in the one table of `kubectl inventory get`."""
    header, _, rows = screen.partition("\n")
    place = header.index("NAME ", header.index("NAMESPACE") + len("NAMESPACE"))
    for line in rows.splitlines():
        kind, _, name = line[place:].split()[0].partition("/")
        namespace = line[:place].strip()
        yield Found("" if namespace == "-" else namespace, kind, "" if kind == EVENT else name)


def our_counts(screen: str) -> dict[str, int]:
    """How many there are of each kind, by `kubectl inventory`."""
    rows = (line.split() for line in screen.splitlines()[1:])
    return {kind: int(count) for count, kind in rows}


def counts_are_kubectls(kinds: Sequence[Kind], ours: str, theirs: str) -> Check:
    """Each count is the number of objects in kubectl's tables, and no kind is missing."""
    names = {kind.prefix: kind.name for kind in kinds}

    def check(answers: Answers) -> Sequence[str]:
        listed = Counter(names.get(it.kind, it.kind) for it in kubectls_objects(answers[theirs]))
        return _differences(Counter(our_counts(answers[ours])), listed)

    return check


def objects_are_kubectls(ours: str, theirs: str) -> Check:
    """The same namespaces, kinds and names; of events, which kubectl shows no name of, as many a namespace."""

    def check(answers: Answers) -> Sequence[str]:
        return _differences(Counter(our_objects(answers[ours])), Counter(kubectls_objects(answers[theirs])))

    return check


def namespaces_are_counted(ours: str, theirs: str) -> Check:
    """The count of namespaces is the number of kubectl's lines."""

    def check(answers: Answers) -> Sequence[str]:
        count, lines = our_counts(answers[ours])["namespaces"], len(answers[theirs].splitlines()) - 1
        return [] if count == lines else [f"kubectl lists {lines} namespaces, the program counts {count}"]

    return check


def lines_are_the_same(*names: str) -> Check:
    """The same lines, in whatever order."""

    def check(answers: Answers) -> Sequence[str]:
        first, *others = (Counter(answers[name].splitlines()) for name in names)
        return [line for other in others for line in _differences(first, other)]

    return check


def text_is_the_same(*names: str) -> Check:
    """The same bytes, but for ages, which move while one looks."""

    def check(answers: Answers) -> Sequence[str]:
        texts = {without_ages(answers[name]) for name in names}
        return [] if len(texts) == 1 else [f"{len(texts)} different answers: {', '.join(names)}"]

    return check


def counts_are_the_documents(counts: str, documents: str) -> Check:
    """Each count is the number of that kind's lines of ndjson."""

    def check(answers: Answers) -> Sequence[str]:
        listed: Counter[str] = Counter()
        for line in answers[documents].splitlines():
            item = json.loads(line)
            listed[f"{item['kind'].lower()}.{item['apiVersion'].rpartition('/')[0]}".rstrip(".")] += 1
        # The counts name plurals; as each kind has one, the numbers say enough.
        return _differences(Counter(our_counts(answers[counts]).values()), Counter(listed.values()))

    return check


def judgement_is_of_kubectls(ours: str, theirs: str) -> Check:
    """The pods ready and wanted in each namespace, and which warnings of what, are those of kubectl's tables."""

    def check(answers: Answers) -> Sequence[str]:
        judgement = msgspec.json.decode(answers[ours], type=Judgement)
        return _differences(_our_facts(judgement), _kubectls_facts(answers[theirs]))

    return check


def screen_is_of_the_judgement(screen: str, judgement: str) -> Check:
    """The rows of the screen are what is not well in the document: the cluster, and namespaces with as many pods."""

    def check(answers: Answers) -> Sequence[str]:
        shown = Counter(" ".join(line.split()[:3]) for line in answers[screen].splitlines()[1:])
        document = msgspec.json.decode(answers[judgement], type=Judgement)
        sick = (it for it in document.items if it.health != "ok")
        told = Counter(f"{it.namespace} {it.health} {it.pods.ready}/{it.pods.wanted}" for it in sick)
        if document.cluster.health != "ok":
            told[f"- {document.cluster.health} -"] = 1
        return _differences(shown, told)

    return check


def judgement_is_the_same(*names: str) -> Check:
    """The same namespaces and the same findings, in the same order, but for ages."""

    def check(answers: Answers) -> Sequence[str]:
        documents = [json.loads(answers[name]) for name in names]
        found = {without_ages(json.dumps([it["items"], it["findings"]])) for it in documents}
        return [] if len(found) == 1 else [f"{len(found)} different judgements: {', '.join(names)}"]

    return check


def names_are_among(theirs: str, ours: str) -> Check:
    """Each first word of theirs is a line of ours: all that a program of other columns and kinds can be held to."""

    def check(answers: Answers) -> Sequence[str]:
        known = set(answers[ours].splitlines())
        named = (line.split()[0] for line in answers[theirs].splitlines()[1:] if line.strip())
        return [f"{name} is not in the program's answer" for name in named if name not in known][:MOST_DIFFERENCES]

    return check


def count_is_named(theirs: str, counts: str, kind: str) -> Check:
    """The program's count of a kind is one of the words of theirs."""

    def check(answers: Answers) -> Sequence[str]:
        count = str(our_counts(answers[counts])[kind])
        return [] if count in re.findall(r"\d+", answers[theirs]) else [f"{count} {kind}: not in {theirs}"]

    return check


def without_ages(text: str) -> str:
    """A table without what moves with the second, nor the width that it takes."""
    without = re.sub(r"\(?\b\d+[ydhms](?:\d+[dhms])?\b(?: ago\))?", "", text)
    return re.sub(r" +", " ", without)


def _our_facts(judgement: Judgement) -> Counter[str]:
    """What kubectl's tables can be asked for, too."""
    facts: Counter[str] = Counter()
    for it in judgement.items:
        facts[f"{it.namespace}: ready"] = it.pods.ready
        facts[f"{it.namespace}: wanted"] = it.pods.wanted
    for warned in judgement.events:
        facts[f"{warned.namespace}: {warned.reason} of {warned.object}"] = 1
    return facts


def _kubectls_facts(screen: str) -> Counter[str]:
    """The same, where no workload wants more pods than there are, and no warning is older than the hour."""
    facts: Counter[str] = Counter()
    outside = {it.kind for it in kubectls_objects(screen) if not it.namespace}
    for namespace, *words in (line.split() for line in screen.splitlines() if line):
        if words[0].startswith("pod/") and words[2] not in ENDED:
            ready, _, containers = words[1].partition("/")
            facts[f"{namespace}: ready"] += ready == containers
            facts[f"{namespace}: wanted"] += 1
        elif words[1] == "Warning":
            # Its columns: LAST SEEN, TYPE, REASON, OBJECT.
            place = "" if words[3].partition("/")[0] in outside else namespace
            facts[f"{place}: {words[2]} of {words[3]}"] = 1
    return facts


def _differences(ours: Counter[Item], theirs: Counter[Item]) -> list[str]:
    if ours == theirs:
        return []
    wrong = [it for it in ours.keys() | theirs.keys() if ours[it] != theirs[it]]
    return [f"{it}: {ours[it]} times here, {theirs[it]} times there" for it in wrong[:MOST_DIFFERENCES]]
