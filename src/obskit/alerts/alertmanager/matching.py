"""How Alertmanager is told which alerts are meant."""

from __future__ import annotations

from collections.abc import Mapping

from obskit.alerts.promql import select

#: What each label of an alert may be.
Labels = Mapping[str, tuple[str, ...]]


def matchers(labels: Labels) -> list[str]:
    r"""The alerts whose labels are as they are asked to be.

    Args:
        labels: What each label must be one of. No value is that of a label that is missing.

    >>> print(*matchers({"severity": ("critical",), "owner": ("data", "web")}))
    {severity="critical", owner=~"data|web"}
    """
    return [
        select("", {name: one[0] if len(one) == 1 else one for name, one in labels.items()}),
    ]
