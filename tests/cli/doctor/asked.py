"""What the doctor says of an endpoint, and of a server that alerts go through."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.cli.doctor.conftest import Doctor, base, by_path
from tests.faults import faulty


def line(found: object) -> str:
    """The line of the traces, without addresses and times."""
    shown = next(each for each in str(found).splitlines() if " traces: " in each)
    shown = re.sub(r"(127\.0\.0\.1|localhost):\d+", "HOST", shown)
    return re.sub(r"\b\d+ ms\b", "T", shown)


def of(doctor: Doctor, url: str, **environ: str) -> tuple[str, int]:
    found = doctor("endpoints", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=url, **environ)
    return line(found.output), found.exit_code


def of_server(
    doctor: Doctor, option: str, answers: Mapping[str, object], *left_out: str
) -> tuple[list[str], int]:
    """What the alerts are said to be where this server answers; without what is of the host itself."""
    with faulty(by_path(answers)) as server:
        found = doctor(
            "alerts", option, base(server), OTEL_EXPORTER_OTLP_ENDPOINT="http://otel:4318"
        )
        output = found.output.replace(base(server), option.removeprefix("--").upper())
    lines = output.splitlines()
    return [one for one in lines if not any(each in one for each in left_out)], found.exit_code
