"""Which credential plugins a kuberc lets run: kubectl's own boundary, which its plugins must not be a way around.

Of a kuberc nothing else is read: its aliases and defaults are of kubectl's commands. The
reference is kubectl (`pkg/kuberc`, `pkg/config/v1beta1`) and client-go
(`plugin/pkg/client/auth/exec`), but a file that cannot be understood stops every plugin here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from kubectl_inventory.connection.full_yaml import yaml_documents
from kubectl_inventory.connection.kubeconfig_file import Kuberc, read_file
from kubectl_inventory.errors import KubeconfigError

_VERSIONS = ("kubectl.config.k8s.io/v1beta1", "kubectl.config.k8s.io/v1alpha1")
_HAS_RULES = _VERSIONS[0]
"""v1alpha1 knows of no rules on plugins; what stands there under their names is ignored."""


class _Permitted(msgspec.Struct, frozen=True):
    """An entry of the allowlist; `name` is the older word for `command`."""

    command: str = ""
    name: str = ""


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str = ""
    kind: str = ""


class _Preference(msgspec.Struct, frozen=True, rename="camel"):
    """What of a kuberc is read."""

    credential_plugin_policy: Literal["", "AllowAll", "DenyAll", "Allowlist"] = ""
    credential_plugin_allowlist: tuple[_Permitted, ...] | None = None


class PluginRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which plugins may run."""

    allows_all: bool = True
    commands: tuple[str, ...] = ()
    """As written, and those alone, where not all may."""
    source: str = ""

    def check(self, command: str, program: str, user: str) -> None:
        """Raises `KubeconfigError` for a plugin that may not run. `program`: what its command is found to be."""
        if self.allows_all or {os.path.normpath(command), program} & {*self.commands}:
            return
        import shutil

        # An entry and a command are alike if PATH leads from both to one file.
        named = (it for it in self.commands if os.path.basename(it) == os.path.basename(program))
        if any(shutil.which(it) == program for it in named):
            return
        raise KubeconfigError(
            f'the exec plugin "{command}" of user "{user}" may not run: {self.source}',
            hint="--user NAME or --token uses other credentials",
        )


def read_plugin_rules(kuberc: Kuberc) -> PluginRules:
    """The rules in force. Raises `KubeconfigError` for a file that was named and is not there, and for a wrong one."""
    content = _content(kuberc)
    preference = _preference(content, kuberc) if content is not None else _Preference()
    policy, entries = preference.credential_plugin_policy, preference.credential_plugin_allowlist
    if policy != "Allowlist":
        if entries is not None:
            raise _wrong(kuberc, "there is a credentialPluginAllowlist, but credentialPluginPolicy is not Allowlist")
        source = f"credentialPluginPolicy in {kuberc.shown} is DenyAll"
        return PluginRules(allows_all=policy != "DenyAll", source=source)
    commands = tuple(_command(entry, kuberc) for entry in entries or ())
    if not commands:
        raise _wrong(kuberc, "credentialPluginPolicy is Allowlist, but credentialPluginAllowlist has no entry")
    source = f"credentialPluginAllowlist in {kuberc.shown} does not name it"
    return PluginRules(allows_all=False, commands=commands, source=source)


def _content(kuberc: Kuberc) -> bytes | None:
    if not kuberc.path:
        return None
    content = read_file(Path(kuberc.path), f"kuberc {kuberc.shown}")
    if content is None and kuberc.is_named:
        raise KubeconfigError(f"kuberc {kuberc.shown} does not exist", hint="KUBERC=off, if there is none")
    return content


def _preference(content: bytes, kuberc: Kuberc) -> _Preference:
    """The first document that is a kuberc's; one that holds nothing says nothing."""
    documents = [it for it in yaml_documents(content, f"kuberc {kuberc.shown}") if it is not None]
    for document in documents:
        try:
            version = msgspec.convert(document, _Version)
            if version.kind != "Preference" or version.api_version not in _VERSIONS:
                continue
            return msgspec.convert(document, _Preference) if version.api_version == _HAS_RULES else _Preference()
        except msgspec.ValidationError as error:
            raise _wrong(kuberc, str(error)) from error
    if documents:
        raise _wrong(kuberc, f"no document in it is a Preference of {' or '.join(_VERSIONS)}")
    return _Preference()


def _command(entry: _Permitted, kuberc: Kuberc) -> str:
    if entry.name and entry.command and entry.name != entry.command:
        raise _wrong(kuberc, "an entry of credentialPluginAllowlist has a command and another name")
    command = entry.command or entry.name
    if not command or os.path.normpath(command) != command:
        raise _wrong(kuberc, f"credentialPluginAllowlist: {command!r} is no command in its shortest form")
    return command


def _wrong(kuberc: Kuberc, why: str) -> KubeconfigError:
    return KubeconfigError(f"kuberc {kuberc.shown}: {why}", hint="no credential plugin is run; KUBERC=off ignores it")
