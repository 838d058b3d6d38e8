"""The examination: each diagnosis on a thread of its own, all of them within one time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import TimeoutError as NotInTime
from functools import partial
from typing import NamedTuple

from obskit.cli.doctor.apart import begin
from obskit.cli.doctor.patient import Finding, Patient
from obskit.exceptions import StoreError
from obskit.redaction import describe

Diagnosis = Callable[[Patient], Iterator[Finding]]


class Section(NamedTuple):
    """What one diagnosis came to.

    Attributes:
        name: Its name.
        findings: What it found, at least one.
    """

    name: str
    findings: list[Finding]


def examine(patient: Patient, diagnoses: Mapping[str, Diagnosis]) -> Iterator[Section]:
    """Make all diagnoses at once, and tell of them in their order.

    Args:
        patient: Says when to give up.
        diagnoses: By name.
    """
    found: dict[str, list[Finding]] = {name: [] for name in diagnoses}
    coming = {
        name: begin(partial(_make, diagnose, patient, found[name]))
        for name, diagnose in diagnoses.items()
    }
    for name, one in coming.items():
        try:
            one.result(patient.left())
        except NotInTime:
            late = Finding(
                "it did not end in time, and was given up",
                f"look at it alone, and for longer: obskit doctor {name} --timeout 2m",
            )
            # A copy: it may go on meanwhile.
            yield Section(name, [*found[name], late])
        else:
            yield Section(name, found[name])


def _make(diagnose: Diagnosis, patient: Patient, found: list[Finding]) -> None:
    try:
        for finding in diagnose(patient):
            found.append(finding)  # noqa: PERF402 - what there is counts where the rest fails
    except StoreError as error:
        found.append(Finding(f"the state cannot be read: {error}", "see OBSKIT_STATE_URL"))
    except Exception as error:  # one diagnosis that fails leaves the others
        found.append(
            Finding(f"it failed: {describe(error)}", "this is a mistake of obskit's: tell us")
        )
