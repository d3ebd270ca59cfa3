"""What no command tells of itself: its arguments, what it is near to, the environment, files. Tests hold them to it."""

from __future__ import annotations

ARGUMENTS = {
    "[TYPE[,TYPE]]...": (
        "Kinds as kubectl reads them: plural, singular, short name, `kind.group`, `kind.version.group`, or a category "
        "such as `all`. Without one: every kind."
    ),
    "[NS[,NS]]...": "Namespaces, as with `-n`. Without one: all that you can see, and what lies in none.",
    "[COMMAND]...": "A command and, of a group, its own: `policy check`. Without one: the program's own help.",
    "[FILE]": "A policy file.",
    "DIRECTORY": "A directory, made where there is none. `~/.local/bin` is usual.",
}
"""What an argument is, by its name in the help."""

SEE_ALSO = {
    "kubectl inventory": ("get", "kinds", "health", "kubectl get"),
    "kubectl inventory get": ("", "kinds", "bench", "kubectl get"),
    "kubectl inventory health": ("get", "policy show", "kubectl describe", "kubectl events"),
    "kubectl inventory kinds": ("", "get", "kubectl api-resources"),
    "kubectl inventory bench": ("get", "policy show"),
    "kubectl inventory options": ("help", "kubectl options"),
    "kubectl inventory version": ("kubectl version",),
    "kubectl inventory help": ("options", "kubectl help"),
    "kubectl inventory completion": ("completion install-helper", "kubectl completion"),
    "kubectl inventory completion install-helper": ("completion",),
    "kubectl inventory policy": ("policy show", "policy check", "policy init"),
    "kubectl inventory policy show": ("policy check", "policy init"),
    "kubectl inventory policy check": ("policy init", "policy show"),
    "kubectl inventory policy init": ("policy check", "policy show"),
}
"""What is near: commands of ours by what follows the program's name, and kubectl's. A command without has none."""

ENVIRONMENT = {
    "KUBECONFIG": "kubeconfig files, separated by `:` (`;` on Windows), the first that sets a value wins; default: "
    "`~/.kube/config`. `--kubeconfig` goes before it",
    "KUBERC": "kubectl's preferences, of which the rules on credential plugins hold, or `off`; default: "
    "`~/.kube/kuberc`. `--kuberc` goes before it",
    "KUBECACHEDIR": "the cache directory; default: `~/.kube/cache`. `--cache-dir` goes before it",
    "KUBECTL_INVENTORY_POLICY": "your policy file; default: `~/.kube/inventory-policy.yaml`. `--policy` goes before it",
    "HTTPS_PROXY": "the proxy to an `https` server; `https_proxy` too. A kubeconfig's `proxy-url` goes before it",
    "HTTP_PROXY": "the proxy to an `http` server; `http_proxy` too",
    "NO_PROXY": "servers that are reached without a proxy: names, `.domains`, addresses, networks, `*`; `no_proxy` too",
    "KUBERNETES_SERVICE_HOST": "in a pod: the API server, where no kubeconfig names one",
    "KUBERNETES_SERVICE_PORT": "its port; one is of no use without the other",
    "POD_NAMESPACE": "in a pod: one's own namespace, instead of the account's",
    "KUBERNETES_MASTER": "the API server, where neither a kubeconfig nor a flag names one",
    "NO_COLOR": "set, also to nothing: no colours",
    "TERM": "`dumb`: no colours and no progress",
    "WT_SESSION": "on Windows: colours and progress where it is set, as its newer terminal does",
    "COLUMNS": "the width that progress and help are cut to; default: the terminal's. Answers are never cut",
    "PATH": "where credential plugins are looked for",
    "HOME": "where `~` is. On Windows the first of `HOME`, `HOMEDRIVE` with `HOMEPATH`, and `USERPROFILE` that has a "
    "`.kube\\config`; else of `HOME`, `USERPROFILE`, `HOMEDRIVE` with `HOMEPATH` the first that can be written to",
    "USERPROFILE": "on Windows: see `HOME`",
    "HOMEDRIVE": "on Windows: see `HOME`",
    "HOMEPATH": "on Windows: see `HOME`",
    "SSL_CERT_FILE": "certificates of authorities to trust, where the kubeconfig names none",
    "SSL_CERT_DIR": "a directory of such",
    "KUBERNETES_EXEC_INFO": "not read, but set for credential plugins, as kubectl does",
}
"""Every variable that means something, and what."""

FILES = {
    "~/.kube/config": "the kubeconfig, where neither `--kubeconfig` nor `KUBECONFIG` names one. Never written",
    "/var/run/secrets/kubernetes.io/serviceaccount": "in a pod: the account's token, certificate authority and "
    "namespace",
    "/etc/kubectl-inventory/policy.yaml": "the administrator's policy. It always applies",
    "~/.kube/inventory-policy.yaml": "your policy, where neither `--policy` nor `KUBECTL_INVENTORY_POLICY` names one",
    "~/.kube/cache/inventory/discovery-*.json": "the kinds of a server, as one user sees them, remembered for "
    "`discovery.cacheSeconds`; completion reads it however old it is. No credential is in it, and it may be removed at "
    "any time. A file that others may write to is not read",
    "--audit-log FILE": "made where it is not there. A JSON line is appended for each request and for each thing "
    "that the policy withholds: `at`, `context`, `event`, `details`. Never a credential or a body",
    "$TMPDIR/tmp*": "where the system has no files without a name (macOS; on Windows in `%TEMP%`): a client "
    "certificate and its private key, for the moment in which OpenSSL reads them. It is yours alone to read",
    "kubectl_complete-inventory": "the program that kubectl's completion asks, on PATH",
}
"""What is read and written outside of the cluster."""
