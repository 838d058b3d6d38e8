"""What the doctor says of an endpoint."""

from __future__ import annotations

import re

from tests.cli.doctor.conftest import Doctor


def line(found: object) -> str:
    """The line of the traces, without addresses and times."""
    shown = next(each for each in str(found).splitlines() if " traces: " in each)
    shown = re.sub(r"(127\.0\.0\.1|localhost):\d+", "HOST", shown)
    return re.sub(r"\b\d+ ms\b", "T", shown)


def of(doctor: Doctor, url: str, **environ: str) -> tuple[str, int]:
    found = doctor("endpoints", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=url, **environ)
    return line(found.output), found.exit_code
