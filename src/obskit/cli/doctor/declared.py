"""What is declared: what `obskit check lint` finds unwise in it."""

from __future__ import annotations

from collections.abc import Iterator

from obskit.checks.lint import lint
from obskit.cli.doctor.patient import Finding, Patient


def diagnose(patient: Patient) -> Iterator[Finding]:
    """What is unwise in what is declared.

    Args:
        patient: The service.
    """
    checks = patient.registry.checks
    if not patient.app:
        yield Finding("no app is named, so that its checks are not known (--app shop:app)")
        return
    found = lint(checks, patient.config.state_url)
    yield Finding(f"{len(checks)} checks are declared, {len(found)} findings of obskit check lint")
    for each in found:
        yield Finding(f"{each.check} ({each.place})", each.message, mild=each.level == "warning")
