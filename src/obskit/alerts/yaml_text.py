"""YAML as people read it: an expression of several lines stays one."""

from __future__ import annotations

from typing import Any

import yaml

_WIDTH = 1_000  # an expression is never folded: a diff shows what has changed in it


class _Dumper(yaml.SafeDumper):
    """Neither anchors nor folded lines."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(content: object) -> str:
    """Plain values as YAML, their keys in their order."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True)
