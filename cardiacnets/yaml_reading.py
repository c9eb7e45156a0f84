"""YAML as people write it: safe, and a key that stands twice is a mistake, not the last word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class _Reader(yaml.SafeLoader):
    """Safe YAML whose mappings hold each key once."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, Any], int] = {}
        for key, _ in node.value:
            name, line = (key.tag, key.value), key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                continue
            if name in lines:
                raise ValueError(
                    f"key {key.value!r} stands twice, in lines {lines[name]} and {line}; keep one"
                )
            lines[name] = line
        return node


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises ``ValueError`` naming the file for what is no YAML, and both lines for a key that stands twice;
    ``FileNotFoundError`` where there is no file.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Reader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
