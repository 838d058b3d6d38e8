"""What was found, as lines and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click

from obskit.cli.doctor.examining import Section
from obskit.cli.doctor.patient import Finding, Level
from obskit.telemetry.console import visible

_WORDS: dict[Level, tuple[str, str]] = {
    "ok": ("OK", "green"),
    "warning": ("WARNING", "yellow"),
    "failed": ("FAILED", "red"),
}
_WIDTH = max(len(word) for word, _ in _WORDS.values())
_MOST_SHOWN = 160


def lines(section: Section, mask: Callable[[str], str], *, in_full: bool) -> Iterator[str]:
    """A section: what is wrong in it, a line each, or one line that says that nothing is.

    Args:
        section: The section.
        mask: Masks secrets.
        in_full: Whether what is well is told line by line, too.
    """
    shown = section.findings
    if not in_full:
        sums = [each for each in shown if each.sums_up]
        shown = [each for each in shown if each.remedy] or sums or shown[:1]
    else:
        shown = [each for each in shown if not each.sums_up]
    for finding in shown:
        word, colour = _WORDS[finding.level]
        told = visible(mask(_told(finding)))
        if not in_full and not finding.remedy and len(told) > _MOST_SHOWN:
            told = f"{told[: _MOST_SHOWN - 1]}…"
        yield f"{click.style(f'{word:<{_WIDTH}}', fg=colour)} {section.name:<13} {told}"


def as_json(section: Section, mask: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    """All of a section.

    Args:
        section: The section.
        mask: Masks secrets.
    """
    for finding in section.findings:
        yield {
            "complaint": section.name,
            "level": finding.level,
            "wrong": finding.is_wrong,
            "what": mask(finding.what),
            "remedy": mask(finding.remedy),
        }


def _told(finding: Finding) -> str:
    return f"{finding.what}: {finding.remedy}" if finding.remedy else finding.what
