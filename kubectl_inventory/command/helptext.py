"""The page of `kubectl inventory --help`, as one reads it, and what the program is called in it and elsewhere.

click lists options in the order of the code; a user looks for examples first.
A test holds every option and command named here against those that exist.
"""

from __future__ import annotations

import re

from kubectl_inventory.words import PROGRAM

_HELPER = "kubectl_complete-inventory"


def as_called(text: str, program: str) -> str:
    """A text of ours with the name that the program was called by, and that of the helper that kubectl then asks."""
    plugin = program.removeprefix("kubectl ").replace("-", "_")
    text = text.replace(_HELPER, f"kubectl_complete-{plugin}")
    return re.sub(rf"{PROGRAM}(?![\w-])", lambda _: program, text)


HELP = """\
Say what is in a cluster, and whether it is well. Reads only.

Examples:
  kubectl inventory                                # how many objects of each kind
  kubectl inventory --by namespace                 # ... in each namespace
  kubectl inventory get deploy,pods -n shop,pay    # these kinds in these namespaces
  kubectl inventory get -o json > inventory.json   # every object
  kubectl inventory health                         # what is not well, worst first
  kubectl inventory health shop --explain          # why, and what to type next
  kubectl inventory health --fail-on error -q      # for CI: exit 4 if anything is in error

Commands:
  (none)       Count objects by kind, namespace or label
  get          List objects with their status, kinds mixed
  health       Say which namespaces are not well, and why
  kinds        List every kind and whether it could be read
  policy       Show, check or write the policy: what may be read, and how hard
  bench        Time the ways to read this cluster
  completion, help, options, version

Options:
  -n, --namespace NS[,NS]     only these namespaces (default: all you can see, as -A)
  -l, --selector QUERY        only objects with these labels
      --field-selector QUERY  only objects with these fields
  -o, --output FORMAT         table, wide, json, yaml, ndjson, csv, markdown, jsonpath=,
                              custom-columns=; get: name
      --by KEY[,KEY]          count by kind, namespace, label=KEY
      --exclude TYPE[,TYPE]   leave these kinds out
      --scope SCOPE           all, namespaced, cluster
      --show-empty            show kinds without objects too
      --plan                  say how each kind would be asked, and stop
      --allow-incomplete      exit 0 when something could not be read
  -q, --quiet                 no summary when the answer is complete

Exit: 0 complete, 1 could not run, 2 wrong usage or policy, 3 incomplete, 4 --fail-on, 130 Ctrl-C
More: "kubectl inventory COMMAND --help"; "kubectl inventory options" for connection flags
"""
