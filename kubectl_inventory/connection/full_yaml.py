"""Whatever YAML it is, as kubectl reads it: null is absent, and a date is text.

What most files are is read without a library (`plain_yaml`). Nothing of what was read gets into a message but words
of the library's own, so who reads a credential tells none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from kubectl_inventory.errors import KubeconfigError

if TYPE_CHECKING:
    import yaml


def yaml_documents(content: bytes, what: str) -> Iterator[object]:
    """The documents of a file, one by one. Raises `KubeconfigError` where it gets to what is no YAML."""
    import yaml

    try:
        yield from yaml.load_all(content, _yaml_loader())
    except yaml.MarkedYAMLError as error:
        # Not str(error): it quotes the line, and the line may hold a token.
        line = f" on line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise KubeconfigError(f"{what} is not YAML: {_problem(error)}{line}") from error
    # The last two are what PyYAML makes of `!!bool x` and `!!timestamp x`.
    except (yaml.YAMLError, RecursionError, ValueError, KeyError, AttributeError) as error:
        raise KubeconfigError(f"{what}: it cannot be read as YAML") from error


def _problem(error: yaml.MarkedYAMLError) -> str:
    """What is wrong, without a word of the file's: a tag's or an alias's name is one, and may be a password."""
    import yaml

    said = error.problem or "syntax error"
    if isinstance(error, yaml.constructor.ConstructorError) or "undefined tag" in said:
        return "a tag or a key that is not used here"
    if isinstance(error, yaml.composer.ComposerError):
        return "an alias without its anchor, or an anchor that is there twice"
    return said


def _yaml_loader() -> type[yaml.SafeLoader] | type[yaml.CSafeLoader]:
    """YAML as kubectl reads it: null is absent, and a date is text."""
    import yaml

    # libyaml is five times as fast, but PyYAML can be built without it.
    base: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class _Loader(base):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers: ClassVar = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
            mapping: dict[object, object] = super().construct_mapping(node, deep)
            return {key: value for key, value in mapping.items() if value is not None}

    return _Loader
