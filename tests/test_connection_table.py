"""One kubeconfig, the same flags, the same API server: its audit log says that we ask as the real kubectl does.

A row of the table is typed twice, as `kubectl get` and as `kubectl inventory get`, each in a home of its own with
the same files. Where the two differ, the row names the line of README's table that says so, and that line is read here.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import signal
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from string import Template
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.conftest import Screen, Typist
from tests.controlplane.audit import AuditEvent
from tests.controlplane.cluster import ControlPlane
from tests.identity_provider import IdentityProvider
from tests.proxies import Proxy, Scheme
from tests.reference.readme import section, table

Entry = dict[str, object]

# Of one kind whose objects nobody makes or deletes meanwhile.
COMMAND = ("get", "services", "-n", "shop", "-o", "name")
V1, V1BETA1, V1ALPHA1 = (f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1", "v1alpha1"))
NAMED: Entry = {"server": "https://shop.invalid:6443", "tls-server-name": "localhost"}
"""The same server by a name that only a proxy can lead to: HTTPS_PROXY does not count for a loopback address."""
VIEWER: Entry = {"token": "$VIEWER"}
ADMIN: Entry = {"client-certificate": "keys/admin.crt", "client-key": "keys/admin.key"}
EXPIRED: Entry = {"client-certificate": "keys/expired.crt", "client-key": "keys/expired.key"}
PLUGIN = """\
#!/bin/sh
# Notes what it was told, and prints what it was given to print.
printf '%s\\n' "$KUBERNETES_EXEC_INFO" >>"$HOME/told"
printf %s "$PRINTED"
"""
RENEWING = """\
#!/bin/sh
# A token that the server refuses, and then what it was given to print.
if test -e "$HOME/told"; then
    printf %s "$PRINTED"
else
    printf %s "$PRINTED" | sed 's/"token": "[^"]*"/"token": "wrong"/'
fi
printf '%s\\n' "$KUBERNETES_EXEC_INFO" >>"$HOME/told"
"""
HANGING = """\
#!/bin/sh
# Whoever reads the pipe knows that it has been started.
echo started >"$HOME/started"
exec sleep 1000
"""


LOGIN = f'{{"apiVersion": "{V1}", "kind": "ExecCredential", "status": {{"token": "$VIEWER"}}}}'
IN_YAML = f"apiVersion: {V1}\nstatus:\n  token: $VIEWER\n"
LISTED: Entry = {"command": "$HOME/.kube/bin/plugin"}
NAMED_USER: Entry = {"username": "ann", "password": "pw"}
OVER = {"id-token": "e30.eyJleHAiOjF9.e30", "refresh-token": "r1"}
"""Of a login that ended in 1970."""
RENEWED = "a login (OIDC) that has expired"
PASSWORD = "a password without a user name"
BROKEN_KUBERC = "a kuberc at its usual place that cannot be read, and an exec plugin"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A kubeconfig, or several, and flags."""

    name: str
    user: Entry = msgspec.field(default_factory=VIEWER.copy)
    """The user's entry; in every text `$VIEWER` and the like stand for what `Place` knows."""
    cluster: Entry = {}
    """Put over the cluster's usual entry; None takes a field away."""
    context: Entry = {}
    """Put over the context's usual entry."""
    config: Entry = {}
    """Put over the kubeconfig's own fields."""
    more: dict[str, Entry] = {}
    """Further kubeconfigs, below `.kube`."""
    files: dict[str, str] = {}
    """Any other files, below the home."""
    flags: str = ""
    env: dict[str, str] = {}
    command: tuple[str, ...] = COMMAND
    code: int = 0
    """Our exit code; kubectl's is 0 or 1."""
    differs: str = ""
    """The line of README's table that tells the difference; empty: there is none."""
    in_pod: bool = False
    """Whether a service account's files are where a pod has them."""


def plugin(api_version: str = V1, *, status: Entry | None = None, printed: str = "", **fields: object) -> Entry:
    """A user with an exec plugin; of v1, which requires it, with `interactiveMode: Never`."""
    credential: Entry = {"apiVersion": api_version, "kind": "ExecCredential", "status": status or VIEWER}
    mode = {"interactiveMode": "Never"} if api_version == V1 else {}
    env = [{"name": "PRINTED", "value": printed or json.dumps(credential)}]
    entry = {"apiVersion": api_version, "command": "bin/plugin", "env": env, **mode, **fields}
    return {"exec": {name: value for name, value in entry.items() if value is not None}}


def login(**config: str) -> Entry:
    """A user who has logged in at an identity provider."""
    usual = {"client-id": "kubectl", "idp-issuer-url": "$ISSUER"}
    authority = {"idp-certificate-authority": "$HOME/.kube/keys/ca.crt"}
    return {"auth-provider": {"name": "oidc", "config": {**usual, **authority, **config}}}


def kuberc(policy: str = "", *entries: Entry, version: str = "v1beta1") -> dict[str, str]:
    """kubectl's preferences at their usual place: which plugins may run."""
    fields: Entry = {"apiVersion": f"kubectl.config.k8s.io/{version}", "kind": "Preference"}
    rules = {"credentialPluginPolicy": policy} if policy else {}
    listed = {"credentialPluginAllowlist": list(entries)} if entries else {}
    return {".kube/kuberc": json.dumps({**fields, **rules, **listed})}


def kubeconfig(
    user: Entry = VIEWER, cluster: Entry | None = None, context: Entry | None = None, **fields: object
) -> Entry:
    """One cluster, one user, one context, all of them called `demo`."""
    usual = {"server": "$SERVER", "certificate-authority": "keys/ca.crt", **(cluster or {})}
    entry: Entry = {
        "current-context": "demo",
        "contexts": [{"name": "demo", "context": {"cluster": "demo", "user": "demo", **(context or {})}}],
        "clusters": [{"name": "demo", "cluster": {name: it for name, it in usual.items() if it is not None}}],
        "users": [{"name": "demo", "user": user}],
    }
    return {**entry, **fields}


def clusters(**entries: Entry) -> list[Entry]:
    return [{"name": name, "cluster": entry} for name, entry in entries.items()]


def users(**entries: Entry) -> list[Entry]:
    return [{"name": name, "user": entry} for name, entry in entries.items()]


def contexts(**entries: Entry) -> list[Entry]:
    return [{"name": name, "context": entry} for name, entry in entries.items()]


POD = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "$PORT", "KUBECONFIG": "$HOME/gone"}
HERE: Entry = {"server": "$SERVER", "certificate-authority": "keys/ca.crt"}
SEVERAL: Entry = {
    "clusters": clusters(demo=HERE, gone={"server": "https://127.0.0.1:1"}),
    "users": users(demo=VIEWER, admin=ADMIN, wrong={"token": "wrong"}),
    "contexts": contexts(
        demo={"cluster": "demo", "user": "demo"},
        gone={"cluster": "gone", "user": "wrong"},
        admin={"cluster": "demo", "user": "admin", "namespace": "pay"},
    ),
}
SPLIT: dict[str, Entry] = {
    "clusters": {"clusters": clusters(demo=HERE)},
    "rest/users": {"users": users(demo={"tokenFile": "token"}), "clusters": clusters(demo={"server": "https://no"})},
    "contexts": {"current-context": "demo", "contexts": contexts(demo={"cluster": "demo", "user": "demo"})},
}
IMPERSONATED: Entry = {
    **ADMIN,
    "as": "zoe",
    "as-uid": "u-7",
    "as-groups": ["system:masters", "night shift"],
    "as-user-extra": {"scopes.example.com/Region": ["eu", "us"], "reason": ["50%"]},
}
NO_CONTEXT: Entry = {"current-context": ""}
KEYS = "--client-certificate=.kube/keys/admin.crt --client-key=.kube/keys/admin.key"

ROWS = [
    # --- files
    Row(name="one file in the home"),
    Row(
        name="several files, an entry in each",
        env={"KUBECONFIG": "$HOME/.kube/clusters:$HOME/.kube/rest/users:$HOME/.kube/contexts"},
        more=SPLIT,
        files={".kube/rest/token": "$VIEWER"},
    ),
    Row(
        name="several files, relative to where one is",
        env={"KUBECONFIG": ".kube/contexts::.kube/rest/users:.kube/clusters"},
        more=SPLIT,
        files={".kube/rest/token": "$VIEWER"},
        code=1,
    ),
    Row(
        name="one entry in two files: the second's fields are not added",
        more={"other": {"users": users(demo={"as": "zoe"})}},
        env={"KUBECONFIG": "$HOME/.kube/config:$HOME/.kube/other"},
    ),
    Row(name="KUBECONFIG empty", env={"KUBECONFIG": ""}),
    Row(
        name="KUBECONFIG of separators",
        env={"KUBECONFIG": ":"},
        code=1,
        differs="no kubeconfig, or none of its contexts chosen",
    ),
    Row(name="KUBECONFIG with a missing file", env={"KUBECONFIG": "$HOME/gone:$HOME/.kube/config"}),
    Row(
        name="KUBECONFIG with missing files alone",
        env={"KUBECONFIG": "$HOME/gone:$HOME/away"},
        code=1,
        differs="no kubeconfig, or none of its contexts chosen",
    ),
    Row(name="KUBECONFIG with a directory", env={"KUBECONFIG": "$HOME/.kube:$HOME/.kube/config"}, code=1),
    Row(name="--kubeconfig", flags="--kubeconfig=.kube/config", env={"KUBECONFIG": "$HOME/gone"}),
    Row(name="--kubeconfig without a value", flags="--kubeconfig="),
    Row(name="--kubeconfig of a missing file", flags="--kubeconfig=gone", code=1),
    Row(
        name="everything inline",
        user={"client-certificate-data": "$ADMIN_CRT", "client-key-data": "$ADMIN_KEY"},
        cluster={"certificate-authority": None, "certificate-authority-data": "$CA"},
    ),
    Row(name="relative paths upwards", user={"tokenFile": "../.kube/keys/token"}),
    Row(
        name="an authority both inline and in a file",
        cluster={"certificate-authority": "keys/other-ca.crt", "certificate-authority-data": "$CA"},
        code=1,
    ),
    Row(
        name="a certificate both inline and in a file",
        user={**EXPIRED, "client-certificate-data": "$ADMIN_CRT", "client-key-data": "$ADMIN_KEY"},
        code=1,
    ),
    # --- which entries
    Row(name="no current-context", config=NO_CONTEXT, code=1, differs="no kubeconfig, or none of its contexts chosen"),
    Row(name="no current-context, --context", config=NO_CONTEXT, flags="--context=demo"),
    Row(name="no current-context, --cluster and --user", config=NO_CONTEXT, flags="--cluster=demo --user=demo"),
    Row(name="no current-context, --cluster and --token", config=NO_CONTEXT, flags="--cluster=demo --token=$VIEWER"),
    Row(
        name="no current-context, --user alone",
        config=NO_CONTEXT,
        flags="--user=demo",
        code=1,
        differs="no kubeconfig, or none of its contexts chosen",
    ),
    Row(name="a current-context that is not there", config={"current-context": "gone"}, code=1),
    Row(
        name="a context of a user that is not there",
        config={"users": []},
        code=1,
        differs="a context whose user no file has",
    ),
    Row(name="a context of a user that is not there, --token", config={"users": []}, flags="--token=$VIEWER"),
    Row(name="a context of a cluster that is not there", config={"clusters": []}, code=1),
    Row(
        name="a context of a cluster that is not there, --server",
        config={"clusters": []},
        flags="--server=$SERVER --certificate-authority=.kube/keys/ca.crt",
    ),
    Row(name="a context without a user", context={"user": ""}, code=1, differs="a user without any credential"),
    Row(name="--context", config=SEVERAL, flags="--context=admin"),
    Row(name="--context of nothing", config=SEVERAL, flags="--context=nothing", code=2),
    Row(name="--cluster", config=SEVERAL, flags="--context=gone --user=demo --cluster=demo"),
    Row(name="--cluster of nothing", config=SEVERAL, flags="--cluster=nothing", code=2),
    Row(name="--user", config=SEVERAL, flags="--user=admin"),
    Row(name="--user of nothing", config=SEVERAL, flags="--user=nothing", code=2),
    Row(name="--user that is refused", config=SEVERAL, flags="--user=wrong", code=1),
    Row(name="-n, another than the context's", context={"namespace": "pay"}),
    Row(name="-s", config=SEVERAL, flags="--cluster=gone -s $SERVER --certificate-authority .kube/keys/ca.crt"),
    Row(name="a server without a port that listens", cluster={"server": "https://127.0.0.1:1"}, code=1),
    Row(name="a server in capitals with a slash", cluster={"server": "HTTPS://$ADDRESS/"}),
    Row(
        name="a server with a user name in its URL",
        cluster={"server": "https://ann:pw@$ADDRESS"},
        code=1,
        differs="a user name in the server's URL",
    ),
    Row(name="a server without a scheme", cluster={"server": "$ADDRESS"}, code=1),
    Row(
        name="KUBERNETES_MASTER, and no kubeconfig",
        env={"KUBECONFIG": "$HOME/gone", "KUBERNETES_MASTER": "$SERVER"},
        flags="--token=$VIEWER --certificate-authority=.kube/keys/ca.crt",
    ),
    Row(
        name="KUBERNETES_MASTER, and no current-context",
        config=NO_CONTEXT,
        env={"KUBERNETES_MASTER": "$SERVER"},
        flags="--token=$VIEWER --certificate-authority=.kube/keys/ca.crt",
    ),
    Row(name="KUBERNETES_MASTER, and no server", cluster={"server": None}, env={"KUBERNETES_MASTER": "$SERVER"}),
    Row(
        name="KUBERNETES_MASTER, and a context of a cluster that is not there",
        config={"clusters": []},
        env={"KUBERNETES_MASTER": "$SERVER"},
        flags="--certificate-authority=.kube/keys/ca.crt",
    ),
    Row(name="KUBERNETES_MASTER beside a kubeconfig", env={"KUBERNETES_MASTER": "https://127.0.0.1:1"}),
    Row(
        name="KUBERNETES_MASTER beside -s",
        env={"KUBECONFIG": "$HOME/gone", "KUBERNETES_MASTER": "https://127.0.0.1:1"},
        flags="-s $SERVER --token=$VIEWER --certificate-authority=.kube/keys/ca.crt",
    ),
    Row(
        name="KUBERNETES_MASTER that is empty",
        config=NO_CONTEXT,
        env={"KUBERNETES_MASTER": ""},
        code=1,
        differs="no kubeconfig, or none of its contexts chosen",
    ),
    # --- who asks
    Row(name="no credential", user={}, code=1, differs="a user without any credential"),
    Row(name="--token", user=ADMIN | {"token": "wrong"}, flags="--token=$VIEWER"),
    Row(name="a token that is refused", user={"token": "wrong"}, code=1),
    Row(name="a token file", user={"tokenFile": "keys/token"}),
    Row(name="a token file that is gone", user={"tokenFile": "keys/gone"}, code=1),
    Row(name="a token file wins over a token", user={"token": "wrong", "tokenFile": "keys/token"}),
    Row(name="a token stands in for its missing file", user={**VIEWER, "tokenFile": "keys/gone"}),
    Row(name="a client certificate", user=ADMIN),
    Row(name="a client certificate with a token", user={**ADMIN, **VIEWER}),
    Row(
        name="--client-certificate over inline",
        user={"client-certificate-data": "$CA", "client-key-data": "$CA"},
        flags=KEYS,
    ),
    Row(
        name="another user's certificate that is not base64",
        config={"users": users(demo=VIEWER, other={"client-certificate-data": "?"})},
        differs="data that is not base64, in an entry that is not used",
    ),
    Row(name="--client-certificate", user={}, flags=KEYS),
    Row(name="an expired client certificate", user=EXPIRED, code=1),
    Row(name="a client certificate without its key", user={"client-certificate": "keys/admin.crt"}, code=1),
    Row(name="a user name and a password", user={"username": "ann", "password": "pw"}, code=1),
    Row(name="a token and a password", user={**VIEWER, "username": "ann", "password": "pw"}, code=1),
    Row(name="a user name without a password", user={"username": "ann"}, code=1),
    Row(name="a user name and a password, --token", user=NAMED_USER, flags="--token=$VIEWER", code=1),
    Row(name="a user name and a password beside a token file", user={**NAMED_USER, "tokenFile": "keys/token"}, code=1),
    Row(name="a user name and a password beside a client certificate", user={**NAMED_USER, **ADMIN}),
    Row(name="a password beside a token file", user={"password": "pw", "tokenFile": "keys/token"}),
    Row(name="a password beside a client certificate", user={"password": "pw", **ADMIN}),
    Row(name="a password alone", user={"password": "pw"}, code=1, differs=PASSWORD),
    Row(name="--username and --password", user={}, flags="--username=ann --password=pw", code=1),
    Row(name="--username", user={"password": "pw"}, flags="--username=ann", code=1),
    Row(name="--username beside a token", flags="--username=ann", code=1),
    Row(name="--username and --token", user={}, flags="--username=ann --token=$VIEWER", code=1),
    Row(name="--username beside a token file", user={"tokenFile": "keys/token"}, flags="--username=ann", code=1),
    Row(name="--username beside an exec plugin", user=plugin(), flags="--username=ann", code=1),
    Row(name="--username of an entry that is not there", config={"users": []}, flags="--username=ann", code=1),
    Row(name="--password", user={"username": "ann"}, flags="--password=pw", code=1),
    Row(name="--password that is no UTF-8", user={}, flags="--username=ann --password=p\udce9", code=1),
    Row(name="--password alone", user={}, flags="--password=pw", code=1, differs=PASSWORD),
    Row(name="--password beside a token", flags="--password=pw", code=1),
    Row(name="--password beside a token file", user={"tokenFile": "keys/token"}, flags="--password=pw"),
    Row(name="--password beside an exec plugin", user=plugin(), flags="--password=pw"),
    # --- logins
    Row(name="an auth-provider that kubectl no longer has", user={"auth-provider": {"name": "gcp"}}, code=1),
    Row(name="such an auth-provider beside a token", user={"auth-provider": {"name": "gcp"}, **VIEWER}, code=1),
    Row(
        name="such an auth-provider beside a certificate, --token",
        user={"auth-provider": {"name": "azure"}, **ADMIN},
        flags="--token=$VIEWER",
        code=1,
    ),
    Row(name="a login", user=login(**{"id-token": "$VIEWER"})),
    Row(name="a login that has expired", user=login(**OVER), differs=RENEWED),
    Row(name="a login of a refresh-token alone", user=login(**{"refresh-token": "r1"}), differs=RENEWED),
    Row(
        name="a login whose end is not told",
        user=login(**{"refresh-token": "r1", "id-token": "e30.e30.e30"}),
        differs=RENEWED,
    ),
    Row(
        name="a login at a provider whose authority is inline",
        user=login(**OVER, **{"idp-certificate-authority-data": "$CA", "idp-certificate-authority": ""}),
        differs=RENEWED,
    ),
    Row(
        name="a login at a provider whom the system trusts",
        user=login(**OVER, **{"idp-certificate-authority": ""}),
        env={"SSL_CERT_FILE": "$HOME/.kube/keys/ca.crt"},
        differs=RENEWED,
    ),
    Row(
        name="a login at a provider whom nobody trusts",
        user=login(**OVER, **{"idp-certificate-authority": ""}),
        code=1,
    ),
    Row(
        name="a login at a provider of another authority",
        user=login(**OVER, **{"idp-certificate-authority": "$HOME/.kube/keys/other-ca.crt"}),
        code=1,
    ),
    Row(
        name="a login at a provider whose authority is not there",
        user=login(**OVER, **{"idp-certificate-authority": "gone"}),
        code=1,
    ),
    Row(
        name="a login at a provider whose authority is not base64",
        user=login(**OVER, **{"idp-certificate-authority-data": "?"}),
        code=1,
    ),
    Row(name="a login that has expired for good", user=login(**OVER | {"refresh-token": "r0"}), code=1),
    Row(name="a login that has expired and cannot be renewed", user=login(**{"id-token": OVER["id-token"]}), code=1),
    Row(name="a login without anything", user=login(), code=1),
    Row(name="a login whose id-token is none", user=login(**OVER | {"id-token": "a.b"}), code=1),
    Row(name="a login beside a token", user={**login(), **VIEWER}),
    Row(name="a login without an issuer beside a token", user={**login(**{"idp-issuer-url": ""}), **VIEWER}, code=1),
    Row(name="a login without a client, --token", user=login(**{"client-id": ""}), flags="--token=$VIEWER", code=1),
    # --- exec plugins
    Row(name="exec v1", user=plugin()),
    Row(name="exec v1beta1", user=plugin(V1BETA1)),
    Row(name="exec v1 without interactiveMode", user=plugin(interactiveMode=None), code=1),
    Row(name="exec v1beta1 without interactiveMode that needs no terminal", user=plugin(V1BETA1, interactiveMode=None)),
    Row(name="exec IfAvailable", user=plugin(interactiveMode="IfAvailable")),
    Row(name="exec Always without a terminal", user=plugin(interactiveMode="Always"), code=1),
    Row(name="exec of a mode that nobody knows", user=plugin(interactiveMode="Sometimes"), code=1),
    Row(name="exec v1alpha1", user=plugin(V1ALPHA1), code=1),
    Row(
        name="exec that is told of the cluster",
        user=plugin(provideClusterInfo=True),
        cluster={
            "tls-server-name": "localhost",
            "extensions": [
                {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "shop"}},
                {"name": "other", "extension": {"audience": "pay"}},
            ],
        },
    ),
    Row(
        name="exec that is told of the cluster by v1beta1",
        user=plugin(V1BETA1, provideClusterInfo=True),
        cluster={"certificate-authority": None, "insecure-skip-tls-verify": True, "disable-compression": True},
    ),
    Row(
        name="exec of a certificate",
        user=plugin(status={"clientCertificateData": "$ADMIN_CRT_PEM", "clientKeyData": "$ADMIN_KEY_PEM"}),
    ),
    Row(name="exec of half a pair", user=plugin(status={"clientCertificateData": "$ADMIN_CRT_PEM"}), code=1),
    Row(name="exec beside a token", user=plugin(status={"token": "wrong"}) | VIEWER),
    Row(name="exec with --token", user=plugin(status={"token": "wrong"}), flags="--token=$VIEWER"),
    Row(name="exec beside a client certificate", user=plugin() | ADMIN),
    Row(name="exec without interactiveMode beside a token", user=plugin(interactiveMode=None) | VIEWER, code=1),
    Row(
        name="exec without interactiveMode, --token",
        user=plugin(interactiveMode=None),
        flags="--token=$VIEWER",
        code=1,
    ),
    Row(name="exec of a mode that nobody knows beside a token", user=plugin(interactiveMode="no") | VIEWER, code=1),
    Row(name="exec Always without a terminal beside a token", user=plugin(interactiveMode="Always") | VIEWER),
    Row(name="exec v1alpha1 beside a token", user=plugin(V1ALPHA1) | VIEWER, code=1),
    Row(name="exec v1alpha1, --token", user=plugin(V1ALPHA1), flags="--token=$VIEWER", code=1),
    Row(name="exec without a command beside a token", user=plugin(command="") | VIEWER, code=1),
    Row(name="exec that is not there beside a token", user=plugin(command="bin/gone") | VIEWER),
    Row(
        name="exec with a variable that has no name",
        user=plugin(command="bin/login", env=[{"name": "", "value": "x"}]),
        files={".kube/bin/login": f"#!/bin/sh\necho '{LOGIN}'\n"},
        code=1,
    ),
    Row(name="exec from PATH", user=plugin(command="plugin"), env={"PATH": "$HOME/.kube/bin:$PATH"}),
    Row(name="exec that is not there", user=plugin(command="bin/gone"), code=1),
    Row(name="exec that fails", user=plugin(command="false"), code=1),
    Row(name="exec that prints garbage", user=plugin(printed="log in at https://example.com"), code=1),
    Row(name="exec that prints nothing", user=plugin(command="true"), code=1),
    Row(
        name="exec that prints no credential",
        user=plugin(status={"expirationTimestamp": "2020-01-01T00:00:00Z"}),
        code=1,
    ),
    Row(
        name="exec that prints another version",
        user=plugin(printed=json.dumps({"apiVersion": V1BETA1, "kind": "ExecCredential", "status": VIEWER})),
        code=1,
    ),
    Row(name="exec that prints YAML", user=plugin(printed=IN_YAML)),
    Row(name="exec that prints YAML within marks", user=plugin(printed=f"---\n{IN_YAML}\n---\nkind: Other\n")),
    Row(name="exec that prints YAML of another kind", user=plugin(printed=f"kind: Other\n{IN_YAML}"), code=1),
    Row(name="exec that prints a number for a token", user=plugin(printed=IN_YAML.replace("$VIEWER", "1")), code=1),
    Row(name="exec that prints no kind", user=plugin(printed=json.dumps({"apiVersion": V1, "status": VIEWER}))),
    Row(
        name="exec that prints another kind",
        user=plugin(printed=json.dumps({"apiVersion": V1, "kind": "Token", "status": VIEWER})),
        code=1,
    ),
    Row(
        name="exec that prints no version",
        user=plugin(printed=json.dumps({"kind": "ExecCredential", "status": VIEWER})),
        code=1,
    ),
    Row(name="exec that prints a byte order mark", user=plugin(printed=f"\ufeff{LOGIN}")),
    Row(name="exec that prints empty lines first", user=plugin(printed=f"\n \n{LOGIN}")),
    Row(name="exec that prints two credentials", user=plugin(printed=f"{LOGIN}\n{LOGIN}"), code=1),
    Row(
        name="exec with an equals sign in a variable's name",
        user=plugin(command="bin/login", env=[{"name": "A=B", "value": "x"}]),
        files={".kube/bin/login": f"""#!/bin/sh\ntest "$$A" = B=x && echo '{LOGIN}'\n"""},
    ),
    Row(
        name="exec of a token that has expired",
        user=plugin(status=VIEWER | {"expirationTimestamp": "2020-01-01T00:00:00Z"}),
    ),
    Row(
        name="exec of a token whose end is no time",
        user=plugin(status=VIEWER | {"expirationTimestamp": "soon"}),
        code=1,
    ),
    Row(name="exec of a token that is refused", user=plugin(status={"token": "wrong"}), code=1),
    Row(
        name="exec whose second token is the right one",
        user=plugin(command="bin/renewing"),
        code=1,
        differs="an exec plugin whose credential the server refuses",
    ),
    Row(
        name="exec whose variables have another PATH",
        user=plugin(command="sign-in", env=[{"name": "PATH", "value": "$HOME/other"}]),
        files={
            "bin/sign-in": f"#!/bin/sh\necho '{LOGIN}'\n",
            "other/sign-in": f"#!/bin/sh\necho '{LOGIN.replace('VIEWER', 'ADMIN')}'\n",
        },
        env={"PATH": "$HOME/bin"},
    ),
    Row(
        name="exec in the current directory alone",
        user=plugin(command="sign-in"),
        files={"sign-in": f"#!/bin/sh\necho '{LOGIN}'\n"},
        env={"PATH": "."},
        code=1,
    ),
    # --- a kuberc's rules on plugins
    Row(name="kuberc that denies all", user=plugin(), files=kuberc("DenyAll"), code=1),
    Row(name="kuberc that denies all, and a token", files=kuberc("DenyAll")),
    Row(name="kuberc that allows all", user=plugin(), files=kuberc("AllowAll")),
    Row(name="kuberc that says nothing of plugins", user=plugin(), files=kuberc()),
    Row(name="kuberc that names a plugin by its path", user=plugin(), files=kuberc("Allowlist", LISTED)),
    Row(
        name="kuberc that names a plugin by its older field",
        user=plugin(),
        files=kuberc("Allowlist", {"name": "$HOME/.kube/bin/plugin"}),
    ),
    Row(
        name="kuberc that names another plugin",
        user=plugin(),
        files=kuberc("Allowlist", {"command": "$HOME/.kube/bin/renewing"}, {"command": "plugin"}),
        code=1,
    ),
    Row(
        name="kuberc that names a plugin on PATH by its path",
        user=plugin(command="sign-in"),
        files={"bin/sign-in": f"#!/bin/sh\necho '{LOGIN}'\n", **kuberc("Allowlist", {"command": "$HOME/bin/sign-in"})},
        env={"PATH": "$HOME/bin"},
    ),
    Row(
        name="kuberc that names by its word a plugin with a path",
        user=plugin(command="$HOME/bin/sign-in"),
        files={"bin/sign-in": f"#!/bin/sh\necho '{LOGIN}'\n", **kuberc("Allowlist", {"command": "sign-in"})},
        env={"PATH": "$HOME/bin"},
    ),
    Row(name="kuberc of v1alpha1", user=plugin(), files=kuberc("DenyAll", version="v1alpha1")),
    Row(name="kuberc with a list and no rule", user=plugin(), files=kuberc("AllowAll", LISTED), code=1),
    Row(name="kuberc with a rule and no list", user=plugin(), files=kuberc("Allowlist"), code=1),
    Row(name="kuberc with an empty entry", user=plugin(), files=kuberc("Allowlist", LISTED, {}), code=1),
    Row(
        name="kuberc with a path that is not in its shortest form",
        user=plugin(),
        files=kuberc("Allowlist", {"command": "$HOME/.kube/../.kube/bin/plugin"}),
        code=1,
    ),
    Row(name="kuberc with a rule that there is not", user=plugin(), files=kuberc("denyall"), code=1),
    Row(name="kuberc that is empty", user=plugin(), files={".kube/kuberc": "---\n"}),
    Row(
        name="kuberc whose second document counts",
        user=plugin(),
        files={".kube/kuberc": "apiVersion: v1\nkind: Other\n---\n" + kuberc("DenyAll")[".kube/kuberc"]},
        code=1,
    ),
    Row(name="kuberc that is no YAML", user=plugin(), files={".kube/kuberc": "{"}, code=1, differs=BROKEN_KUBERC),
    Row(
        name="kuberc of another kind",
        user=plugin(),
        files={".kube/kuberc": "apiVersion: v1\nkind: Config\n"},
        code=1,
        differs=BROKEN_KUBERC,
    ),
    Row(
        name="KUBERC",
        user=plugin(),
        files={"rc": kuberc("DenyAll")[".kube/kuberc"], **kuberc("AllowAll")},
        env={"KUBERC": "$HOME/rc"},
        code=1,
    ),
    Row(name="KUBERC that is not there", env={"KUBERC": "$HOME/gone"}, code=1),
    Row(name="KUBERC=off", user=plugin(), files=kuberc("DenyAll"), env={"KUBERC": "off"}),
    Row(
        name="--kuberc",
        user=plugin(),
        files={"rc": kuberc("DenyAll")[".kube/kuberc"], "other": kuberc("AllowAll")[".kube/kuberc"]},
        flags="--kuberc=rc",
        env={"KUBERC": "$HOME/other"},
        code=1,
    ),
    Row(name="--kuberc that is not there", flags="--kuberc gone", code=1),
    Row(name="--kuberc and KUBERC=off", files={"rc": ""}, flags="--kuberc=rc", env={"KUBERC": "off"}, code=1),
    # --- for whom
    Row(name="--as", user=ADMIN, flags="--as=viewer"),
    Row(name="--as that is no UTF-8", user=ADMIN, flags="--as=j\udce9 --as-group=system:masters"),
    Row(name="--as without the right to", flags="--as=zoe", code=1),
    Row(
        name="--as with everything",
        user=ADMIN,
        flags="--as=zoe --as-group=system:masters --as-group=a,b --as-uid=u-7"
        " --as-user-extra=reason=a=b --as-user-extra=reason=c --as-user-extra=scopes.example.com/Region=eu",
    ),
    Row(name="impersonation in the kubeconfig", user=IMPERSONATED),
    Row(name="--as over the kubeconfig's", user=IMPERSONATED, flags="--as=viewer"),
    Row(name="--as-group over the kubeconfig's", user=IMPERSONATED, flags="--as-group=system:masters"),
    Row(name="--as-user-extra over the kubeconfig's", user=IMPERSONATED, flags="--as-user-extra=reason=typed"),
    Row(name="--as-group alone", user=ADMIN, flags="--as-group=system:masters", code=1),
    Row(name="--as-uid alone", user=ADMIN, flags="--as-uid=u-7", code=1),
    Row(
        name="--as-user-extra without a value",
        user=ADMIN,
        flags="--as=viewer --as-user-extra=reason",
        code=1,
        differs="--as-user-extra without a value",
    ),
    # --- whom to trust
    Row(name="the system's authorities", cluster={"certificate-authority": None}, code=1),
    Row(
        name="the system's authorities, named by SSL_CERT_FILE",
        cluster={"certificate-authority": None},
        env={"SSL_CERT_FILE": "$HOME/.kube/keys/ca.crt"},
    ),
    Row(name="a wrong authority", cluster={"certificate-authority": "keys/other-ca.crt"}, code=1),
    Row(name="an authority that is gone", cluster={"certificate-authority": "keys/gone.crt"}, code=1),
    Row(name="an authority that is none", cluster={"certificate-authority": "keys/token"}, code=1),
    Row(
        name="--certificate-authority",
        cluster={"certificate-authority": "keys/other-ca.crt"},
        flags="--certificate-authority=.kube/keys/ca.crt",
    ),
    Row(name="tls-server-name", cluster={"tls-server-name": "localhost"}),
    Row(name="tls-server-name that it is not", cluster={"tls-server-name": "elsewhere"}, code=1),
    Row(name="--tls-server-name", cluster={"tls-server-name": "elsewhere"}, flags="--tls-server-name=localhost"),
    Row(
        name="insecure-skip-tls-verify",
        cluster={"certificate-authority": None, "insecure-skip-tls-verify": True},
    ),
    Row(
        name="insecure-skip-tls-verify beside an authority",
        cluster={"insecure-skip-tls-verify": True},
        code=1,
    ),
    Row(
        name="--insecure-skip-tls-verify",
        cluster={"certificate-authority": "keys/other-ca.crt"},
        flags="--insecure-skip-tls-verify",
    ),
    Row(
        name="--insecure-skip-tls-verify=true",
        cluster={"certificate-authority": "keys/other-ca.crt"},
        flags="--insecure-skip-tls-verify=true",
    ),
    Row(
        name="--insecure-skip-tls-verify=false",
        cluster={"certificate-authority": None, "insecure-skip-tls-verify": True},
        flags="--insecure-skip-tls-verify=false",
    ),
    Row(name="--disable-compression=true", flags="--disable-compression=true"),
    # --- by which way
    Row(name="proxy-url of http", cluster={**NAMED, "proxy-url": "$HTTP"}),
    Row(
        name="proxy-url of http with a password",
        cluster={**NAMED, "proxy-url": "http://ann:p%40w@127.0.0.1:$HTTP_PORT"},
    ),
    Row(name="proxy-url of http to a loopback address", cluster={"proxy-url": "$HTTP"}),
    Row(name="proxy-url where nobody listens", cluster={**NAMED, "proxy-url": "http://127.0.0.1:1"}, code=1),
    Row(name="proxy-url of https", cluster={**NAMED, "proxy-url": "$HTTPS"}),
    Row(
        name="proxy-url of https with a password",
        cluster={**NAMED, "proxy-url": "https://ann:p%40w@127.0.0.1:$HTTPS_PORT"},
    ),
    Row(
        name="proxy-url of https whose certificate is for another name",
        cluster={**NAMED, "tls-server-name": "shop.invalid", "proxy-url": "$HTTPS"},
        code=1,
    ),
    Row(
        name="proxy-url of https whose certificate is of another authority",
        cluster={**NAMED, "certificate-authority": "keys/other-ca.crt", "proxy-url": "$HTTPS"},
        code=1,
    ),
    Row(name="proxy-url of socks5", cluster={**NAMED, "proxy-url": "$SOCKS5"}),
    Row(name="proxy-url of socks5 to a loopback address", cluster={"proxy-url": "$SOCKS5"}),
    Row(
        name="proxy-url of socks5 with a password",
        cluster={**NAMED, "proxy-url": "socks5://ann:p%40w@127.0.0.1:$SOCKS5_PORT"},
    ),
    *(
        Row(
            name=f"proxy-url of {scheme.lower()} to a name in other letters",
            cluster={**NAMED, "server": "https://b\u00fccher.invalid:6443", "proxy-url": f"${scheme}"},
        )
        for scheme in ("HTTP", "SOCKS5")
    ),
    Row(name="proxy-url of socks5h", cluster={**NAMED, "proxy-url": "socks5h://127.0.0.1:$SOCKS5_PORT"}, code=1),
    Row(name="proxy-url of ftp", cluster={**NAMED, "proxy-url": "ftp://127.0.0.1"}, code=1),
    Row(name="proxy-url without a scheme", cluster={**NAMED, "proxy-url": "127.0.0.1:$HTTP_PORT"}, code=1),
    Row(name="HTTPS_PROXY", cluster=NAMED, env={"HTTPS_PROXY": "$HTTP"}),
    Row(name="HTTPS_PROXY without a scheme", cluster=NAMED, env={"HTTPS_PROXY": "127.0.0.1:$HTTP_PORT"}),
    Row(name="https_proxy", cluster=NAMED, env={"https_proxy": "$HTTP"}),
    Row(name="HTTPS_PROXY of https", cluster=NAMED, env={"HTTPS_PROXY": "$HTTPS"}),
    Row(name="HTTPS_PROXY of socks5", cluster=NAMED, env={"HTTPS_PROXY": "$SOCKS5"}),
    Row(name="HTTPS_PROXY of socks5h", cluster=NAMED, env={"HTTPS_PROXY": "socks5h://127.0.0.1:$SOCKS5_PORT"}),
    Row(name="HTTPS_PROXY and a loopback address", env={"HTTPS_PROXY": "http://127.0.0.1:1"}),
    Row(name="HTTP_PROXY", cluster=NAMED, env={"HTTP_PROXY": "$HTTP", "ALL_PROXY": "$HTTP"}, code=1),
    Row(name="NO_PROXY", cluster=NAMED, env={"HTTPS_PROXY": "$HTTP", "NO_PROXY": "other, .invalid"}, code=1),
    Row(name="NO_PROXY of another port", cluster=NAMED, env={"HTTPS_PROXY": "$HTTP", "NO_PROXY": "shop.invalid:443"}),
    Row(
        name="NO_PROXY does not count for proxy-url",
        cluster={**NAMED, "proxy-url": "$HTTP"},
        env={"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"},
    ),
    # --- in a pod
    Row(
        name="in a pod",
        env=POD,
        in_pod=True,
    ),
    Row(
        name="in a pod, --token",
        env=POD,
        flags="--token=$ADMIN",
        in_pod=True,
    ),
    Row(
        name="in a pod, --username",
        env=POD,
        flags="--username=ann --password=pw",
        in_pod=True,
    ),
    Row(
        name="in a pod, --client-certificate",
        env=POD,
        flags="--client-certificate=$HOME/.kube/keys/admin.crt --client-key=$HOME/.kube/keys/admin.key",
        in_pod=True,
    ),
    Row(
        name="in a pod, KUBERNETES_MASTER",
        env={**POD, "KUBERNETES_MASTER": "http://127.0.0.1:1"},
        in_pod=True,
    ),
    Row(
        name="in a pod, --as",
        env=POD,
        files={".kube/keys/token": "$ADMIN"},
        flags="--as=viewer",
        differs="in a pod, with --as",
        in_pod=True,
    ),
    Row(
        name="in a pod with a kubeconfig",
        user=ADMIN,
        env={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"},
        in_pod=True,
    ),
    Row(
        name="in a pod with a kubeconfig without current-context",
        user=ADMIN,
        config=NO_CONTEXT,
        env={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "$PORT"},
        in_pod=True,
    ),
]


class Seen(msgspec.Struct, frozen=True):
    """What became of a command, as far as it has to be the same."""

    works: bool
    out: str
    asked: tuple[str, ...]
    """Who asked for which kind of path as whom, by the audit log; each once."""
    by_way_of: tuple[str, ...]
    """What the proxies were asked for."""
    told: tuple[str, ...]
    """What the plugin was told."""


class Program(NamedTuple):
    """One of the two that are compared."""

    command: tuple[str, ...]
    user_agent: str


KUBECTL = Program(("kubectl",), "kubectl/")
OURS = Program(("kubectl", "inventory"), "kubectl-inventory/")
DIFFERENCES = table(section("The connection"))


class Place:
    """The API server, the proxies before it, and what stands for them in a row."""

    def __init__(
        self, plane: ControlPlane, proxies: dict[Scheme, Proxy], provider: IdentityProvider, directory: Path
    ) -> None:
        self._plane = plane
        self._proxies = proxies
        self._directory = directory
        address = urlsplit(plane.server)
        tokens = _tokens(plane)
        pairs = {"ADMIN_CRT": _read(plane, "admin.crt"), "ADMIN_KEY": _read(plane, "admin.key")}
        self.known = {
            "SERVER": plane.server,
            "ADDRESS": address.netloc,
            "PORT": str(address.port),
            "VIEWER": tokens["viewer"],
            "ADMIN": tokens["admin"],
            "CA": _inline(_read(plane, "ca.crt")),
            **{name: _inline(content) for name, content in pairs.items()},
            # As it stands within a text of JSON within another.
            **{f"{name}_PEM": content.replace("\n", "\\\\n") for name, content in pairs.items()},
            **{scheme.upper(): proxy.url for scheme, proxy in proxies.items()},
            **{f"{scheme.upper()}_PORT": str(proxy.port) for scheme, proxy in proxies.items()},
            "ISSUER": provider.url,
            "PATH": os.environ["PATH"],
        }

    def typist(self, row: Row, program: Program) -> Typist:
        """Somebody with a home of the row's files."""
        home = self._directory / program.command[-1]
        self._furnish(home, row, {**self.known, "HOME": str(home)})
        return Typist(home, None)

    def seen(self, row: Row, program: Program) -> tuple[Seen, Screen]:
        """What one of the two did."""
        typist = self.typist(row, program)
        known = {**self.known, "HOME": str(typist.home)}
        for proxy in self._proxies.values():
            proxy.asked.clear()
        mark = self._plane.audit.mark()
        env = {name: Template(value).substitute(known) for name, value in row.env.items()}
        if "PATH" in env:
            env["PATH"] = f"{typist.environment()['PATH']}:{env['PATH']}"
        flags = shlex.split(Template(row.flags).substitute(known))
        within = ("unshare", "--map-root-user", "--mount", "sh", "-ec", IN_POD) if row.in_pod else ("sh", "-c", AT_HOME)
        screen = typist.type(*within, *program.command, *row.command, *flags, env=env)
        events = self._plane.audit.since(mark, user_agent_prefix=program.user_agent)
        seen = Seen(
            works=screen.code == 0,
            out=screen.out,
            asked=tuple(sorted({_asked(event) for event in events})),
            by_way_of=tuple(sorted({asked for proxy in self._proxies.values() for asked in proxy.asked})),
            told=_told(typist.home / "told"),
        )
        return seen, screen

    def _furnish(self, home: Path, row: Row, known: dict[str, str]) -> None:
        kube = home / ".kube"
        for name in ("admin.crt", "admin.key", "expired.crt", "expired.key", "ca.crt"):
            _write(kube / "keys" / name, _read(self._plane, name))
        _write(kube / "keys" / "other-ca.crt", _read(self._plane, "front-proxy-ca.crt"))
        _write(kube / "keys" / "token", f"{known['VIEWER']}\n")
        for name, script in (("plugin", PLUGIN), ("renewing", RENEWING), ("hanging", HANGING)):
            _write(kube / "bin" / name, script).chmod(0o700)
        configs = {"config": {**kubeconfig(row.user, row.cluster, row.context), **row.config}, **row.more}
        for name, content in configs.items():
            _write(kube / name, Template(json.dumps(content)).substitute(known))
        for name, text in row.files.items():
            path = _write(home / name, Template(text).substitute(known))
            path.chmod(0o700 if text.startswith("#!") else 0o600)


AT_HOME = 'cd "$HOME"; exec "$0" "$@"'
IN_POD = """\
mount -t tmpfs none /run
account=/run/secrets/kubernetes.io/serviceaccount
mkdir -p $account
cp "$HOME/.kube/keys/token" "$HOME/.kube/keys/ca.crt" $account
printf default >$account/namespace
exec "$0" "$@"
"""
"""Neither program can be told where a pod's files are, so /run is another one for them: /var/run leads there."""


def _read(plane: ControlPlane, name: str) -> str:
    return (plane.directory / name).read_text()


def _tokens(plane: ControlPlane) -> dict[str, str]:
    """The token of each user."""
    rows = [line.split(",") for line in _read(plane, "tokens.csv").splitlines()]
    return {user: token for token, user, *_ in rows}


def _serving(plane: ControlPlane) -> ssl.SSLContext:
    """What another server shows that is trusted as the API server is."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(plane.directory / "serving.crt", plane.directory / "serving.key")
    return tls


def _write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def _inline(content: str) -> str:
    return b64encode(content.encode()).decode()


def _told(file: Path) -> tuple[str, ...]:
    lines = file.read_text().split("\n") if file.is_file() else []
    return tuple(sorted({json.dumps(json.loads(line), sort_keys=True) for line in lines if line}))


def _asked(event: AuditEvent) -> str:
    ref = event.object_ref
    # Discovery is of kinds and, which kubectl does without, whether the namespace is there.
    what = f"{event.verb} {ref.resource} in {ref.namespace}" if ref and ref.resource != "namespaces" else "discovery"
    return msgspec.json.encode([what, event.user, event.impersonated_user], order="deterministic").decode()


@pytest.fixture(scope="module")
def proxies(demo: ControlPlane) -> Iterator[dict[Scheme, Proxy]]:
    """A proxy of every scheme that leads to the API server."""
    address = urlsplit(demo.server)
    upstream = (address.hostname or "", address.port or 0)
    # Go checks an https proxy's certificate as it does the server's.
    tls = _serving(demo)
    with ExitStack() as running:
        yield {
            "http": running.enter_context(Proxy("http", upstream)),
            "https": running.enter_context(Proxy("https", upstream, tls=tls)),
            "socks5": running.enter_context(Proxy("socks5", upstream)),
        }


@pytest.fixture(scope="module")
def provider(demo: ControlPlane) -> Iterator[IdentityProvider]:
    """Whoever logs in there is the viewer, by a token that the API server knows."""
    with IdentityProvider(_serving(demo), _tokens(demo)["viewer"]) as provider:
        yield provider


@pytest.fixture
def place(
    demo: ControlPlane, proxies: dict[Scheme, Proxy], provider: IdentityProvider, tmp_path: Path
) -> Place:
    return Place(demo, proxies, provider, tmp_path)


@pytest.fixture(scope="module")
def has_own_mounts() -> bool:
    """Whether a process here may have a /run of its own."""
    tried = ("unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /run")
    return shutil.which("unshare") is not None and subprocess.run(tried, check=False).returncode == 0


ALIKE = [row for row in ROWS if not row.differs]
DIFFERENT = [row for row in ROWS if row.differs]


@pytest.mark.parametrize("row", ALIKE, ids=lambda row: row.name)
def test_we_ask_as_kubectl_asks(place: Place, row: Row, has_own_mounts: bool) -> None:
    skip_without_mounts(row, has_own_mounts)
    theirs, _ = place.seen(row, KUBECTL)
    ours, screen = place.seen(row, OURS)
    assert ours == theirs
    assert screen.code == row.code


@pytest.mark.parametrize("row", DIFFERENT, ids=lambda row: row.name)
def test_where_we_differ_from_kubectl_the_readme_says_how(place: Place, row: Row, has_own_mounts: bool) -> None:
    skip_without_mounts(row, has_own_mounts)
    for program, cell in zip((KUBECTL, OURS), DIFFERENCES[row.differs], strict=True):
        seen, screen = place.seen(row, program)
        assert cell.startswith(outcome(seen, screen))
        assert screen.code == (row.code if program == OURS else 1 - seen.works)


def skip_without_mounts(row: Row, has_own_mounts: bool) -> None:
    if row.in_pod and not has_own_mounts:
        pytest.skip("kubectl looks for a pod's files in one place alone, and here it cannot be given another")


def outcome(seen: Seen, screen: Screen) -> str:
    """What became of a command, in the word that begins a cell of README's table."""
    if "Please enter Username:" in screen.out:
        return "prompts"
    if "localhost:8080" in screen.err:
        return "asks `localhost:8080`"
    if any("system:anonymous" in asked for asked in seen.asked):
        return "asks as nobody"
    return "works" if seen.works else "refuses"


def test_a_plugin_that_hangs_holds_kubectl_and_not_us(place: Place) -> None:
    held, bounded = DIFFERENCES["an exec plugin that hangs"]
    row = Row(name="hanging", user=plugin(command="bin/hanging"), code=1)
    typist = place.typist(row, KUBECTL)
    started = typist.home / "started"
    os.mkfifo(started)
    command = (*KUBECTL.command, *row.command)
    kubectl = subprocess.Popen(command, env=typist.environment(), stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        # Opened without waiting: if kubectl did not start it, nobody would come.
        with open(os.open(started, os.O_RDONLY | os.O_NONBLOCK), "rb") as pipe:
            assert select.select([pipe], [], [], 30.0)[0]
            seen, screen = place.seen(msgspec.structs.replace(row, flags="--deadline=1s"), OURS)
            assert kubectl.poll() is None
    finally:
        os.killpg(kubectl.pid, signal.SIGKILL)
        kubectl.wait()
    assert (outcome(seen, screen), screen.code) == ("refuses", row.code)
    assert screen.err.startswith("error: the exec plugin ")
    assert "did not end in 1s" in screen.err
    assert held.startswith("waits")
    assert bounded.startswith("refuses")


def test_a_login_is_renewed_by_both_and_kept_by_kubectl_alone(
    demo: ControlPlane, proxies: dict[Scheme, Proxy], tmp_path: Path
) -> None:
    inline = {"idp-certificate-authority-data": "$CA", "idp-certificate-authority": ""}
    row = Row(name="login", user=login(**OVER, **inline), env={"TMPDIR": "$HOME/.kube"})
    with IdentityProvider(_serving(demo), _tokens(demo)["viewer"], rotates=True) as provider:
        place = Place(demo, proxies, provider, tmp_path)
        kubeconfigs = {program: tmp_path / program.command[-1] / ".kube" for program in (KUBECTL, OURS)}
        theirs, _ = place.seen(row, KUBECTL)
        assert provider.valid == "r2"
        assert "refresh-token: r2" in (kubeconfigs[KUBECTL] / "config").read_text()

        provider.valid = "r1"
        ours, screen = place.seen(row, OURS)
        assert provider.valid == "r2"
        left = {path.relative_to(kubeconfigs[OURS]).parts[0] for path in kubeconfigs[OURS].rglob("*")}
        refused, again = place.seen(row, OURS)

    assert ours == theirs
    assert left == {"config", "keys", "bin", "cache"}
    assert '"refresh-token": "r1"' in (kubeconfigs[OURS] / "config").read_text()
    assert screen.err.startswith('warning: the provider replaced the refresh-token of user "demo"')
    assert (refused.works, again.code) == (False, 1)
    assert again.err.startswith('error: the login of user "demo" has expired, and could not be renewed')


def test_the_readme_tells_no_difference_that_is_none() -> None:
    # `-` is the line below the head.
    assert set(DIFFERENCES) - {"behaviour", "---"} == {row.differs for row in DIFFERENT} | {"an exec plugin that hangs"}
