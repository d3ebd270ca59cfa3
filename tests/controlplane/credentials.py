"""Who may enter the test control plane: authorities, certificates, tokens, kubeconfigs.

Knows the files that a control plane needs before its first start; what each
user may do is decided by the roles that `cluster` binds.
"""

import base64
import datetime
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import trustme

# A certificate without any host has an empty list of them, which Go refuses.
NO_HOST = "client.invalid"
ADMINISTRATORS = "system:masters"
CONTROLLER_MANAGER = "system:kube-controller-manager"
SCHEDULER = "system:kube-scheduler"
FRONT_PROXY = "front-proxy-client"
HARNESS = "controlplane-harness"
ADMIN = "admin"
VIEWER = "viewer"
ONE_NAMESPACE = "one-namespace"
NOBODY = "nobody"
EXPIRED = "expired"


def _id_token() -> str:
    """A token in the form of an OpenID provider's, which ends in the year 2100; the server looks at its text alone."""
    return f"e30.eyJleHAiOjQxMDI0NDQ4MDB9.{secrets.token_hex()}"


@dataclass(frozen=True)
class Tokens:
    """The bearer token of each user in the static token file."""

    admin: str = field(default_factory=secrets.token_hex)
    # Also what somebody has who has logged in.
    viewer: str = field(default_factory=_id_token)
    one_namespace: str = field(default_factory=secrets.token_hex)
    nobody: str = field(default_factory=secrets.token_hex)
    # The harness has a name of its own, so that the audit log can leave it out.
    harness: str = field(default_factory=secrets.token_hex)

    def csv(self) -> str:
        """The static token file: token, user, uid and, where there is one, a group."""
        return f"""\
{self.admin},{ADMIN},{ADMIN},{ADMINISTRATORS}
{self.harness},{HARNESS},{HARNESS},{ADMINISTRATORS}
{self.viewer},{VIEWER},{VIEWER}
{self.one_namespace},{ONE_NAMESPACE},{ONE_NAMESPACE}
{self.nobody},{NOBODY},{NOBODY}
"""


@dataclass(frozen=True)
class CertificateFiles:
    """A certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Credentials:
    """The files of one control plane, all in its directory."""

    ca: Path
    serving: CertificateFiles
    front_proxy_ca: Path
    front_proxy: CertificateFiles
    service_accounts: CertificateFiles
    admin: CertificateFiles
    # An administrator's that has ended; of the right authority.
    expired: CertificateFiles
    controller_manager: CertificateFiles
    scheduler: CertificateFiles
    token_file: Path
    tokens: Tokens


def issue_credentials(directory: Path) -> Credentials:
    """New authorities, and everything they sign, written below `directory`."""
    authority = trustme.CA(organization_name="kubectl-inventory test")
    # Told apart from the clients' authority: else any client could speak for any other.
    front_proxy_authority = trustme.CA(organization_name="kubectl-inventory test front proxy")
    ca = directory / "ca.crt"
    authority.cert_pem.write_to_path(ca)
    front_proxy_ca = directory / "front-proxy-ca.crt"
    front_proxy_authority.cert_pem.write_to_path(front_proxy_ca)
    tokens = Tokens()
    token_file = directory / "tokens.csv"
    token_file.write_text(tokens.csv())

    def client(
        name: str, common_name: str, group: str, not_after: datetime.datetime | None = None
    ) -> CertificateFiles:
        issued = authority.issue_cert(
            NO_HOST, common_name=common_name, organization_name=group, not_after=not_after
        )
        return _written(issued, directory, name)

    return Credentials(
        ca=ca,
        serving=_written(authority.issue_cert("127.0.0.1", "localhost"), directory, "serving"),
        front_proxy_ca=front_proxy_ca,
        front_proxy=_written(
            front_proxy_authority.issue_cert(NO_HOST, common_name=FRONT_PROXY),
            directory,
            "front-proxy",
        ),
        service_accounts=_written(authority.issue_cert(NO_HOST), directory, "service-accounts"),
        admin=client("admin", ADMIN, ADMINISTRATORS),
        expired=client(EXPIRED, ADMIN, ADMINISTRATORS, datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
        controller_manager=client("controller-manager", CONTROLLER_MANAGER, CONTROLLER_MANAGER),
        scheduler=client("scheduler", SCHEDULER, SCHEDULER),
        token_file=token_file,
        tokens=tokens,
    )


def write_kubeconfigs(
    directory: Path, credentials: Credentials, server: str, context_name: str
) -> Mapping[str, Path]:
    """A kubeconfig for each user, usable from anywhere: all that it needs is inside."""
    users = {
        ADMIN: _certificate_user(credentials.admin),
        VIEWER: f"token: {credentials.tokens.viewer}",
        ONE_NAMESPACE: f"token: {credentials.tokens.one_namespace}",
        NOBODY: f"token: {credentials.tokens.nobody}",
    }
    return {
        name: _write_kubeconfig(
            directory, ca=credentials.ca, server=server, context=context_name, name=name, user=user
        )
        for name, user in users.items()
    }


def write_component_kubeconfig(
    directory: Path, credentials: Credentials, server: str, name: str, client: CertificateFiles
) -> Path:
    """The kubeconfig by which a program of the control plane reaches the API server."""
    user = _certificate_user(client)
    return _write_kubeconfig(
        directory, ca=credentials.ca, server=server, context=name, name=name, user=user
    )


def _write_kubeconfig(
    directory: Path, *, ca: Path, server: str, context: str, name: str, user: str
) -> Path:
    """One cluster, one user, one context; `user` is the lines that prove who it is."""
    path = directory / f"{name}.kubeconfig"
    path.write_text(
        f"""\
apiVersion: v1
kind: Config
current-context: {context}
contexts:
- name: {context}
  context:
    cluster: {context}
    user: {name}
clusters:
- name: {context}
  cluster:
    server: {server}
    certificate-authority-data: {_inline(ca)}
users:
- name: {name}
  user:
    {user}
"""
    )
    path.chmod(0o600)
    return path


def _certificate_user(files: CertificateFiles) -> str:
    return (
        f"client-certificate-data: {_inline(files.certificate)}\n"
        f"    client-key-data: {_inline(files.key)}"
    )


def _inline(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _written(issued: trustme.LeafCert, directory: Path, name: str) -> CertificateFiles:
    files = CertificateFiles(directory / f"{name}.crt", directory / f"{name}.key")
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(files.key)
    files.key.chmod(0o600)
    return files
