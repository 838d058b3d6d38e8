"""Variables of what is masked, by what leaves for a receiver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .child import serve
from .receiver import Receiver, attributes
from .variables import shows

_LINE = """
obskit.get_logger("shop").info(
    "placed", password="hunter2", mail="ann@example.org", plate="KA-AB-1234", colour="red"
)
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Where everything is sent."""
    with Receiver() as receiver:
        yield receiver


def left(receiver: Receiver, tmp_path: Path, **environ: str) -> dict[str, Any]:
    """The fields of the line that left."""
    endpoint = {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": f"{receiver.url}/v1/logs"}
    serve(_LINE, {**endpoint, **environ}, tmp_path)
    return attributes(receiver.records()["placed"].attributes)


@shows("OBSKIT_REDACTION")
def test_redaction_can_be_switched_off(receiver: Receiver, tmp_path: Path) -> None:
    assert left(receiver, tmp_path, OBSKIT_REDACTION="false")["password"] == "hunter2"


@shows("OBSKIT_REDACT_EMAILS")
@pytest.mark.parametrize(
    ("given", "mail"),
    [("true", "[redacted]"), ("false", "ann@example.org"), ("", "ann@example.org")],
)
def test_addresses_of_mail_are_masked_where_that_is_asked_for(
    given: str, mail: str, receiver: Receiver, tmp_path: Path
) -> None:
    found = left(receiver, tmp_path, OBSKIT_REDACT_EMAILS=given)
    assert (found["mail"], found["password"], found["colour"]) == (mail, "[redacted]", "red")


@shows("OBSKIT_REDACT_PATTERNS")
def test_patterns_of_the_host_are_masked(receiver: Receiver, tmp_path: Path) -> None:
    found = left(receiver, tmp_path, OBSKIT_REDACT_PATTERNS="[A-Z]{2}-[A-Z]{2}-[0-9]+, gr[ae]y")
    assert (found["plate"], found["colour"]) == ("[redacted]", "red")


@shows("OBSKIT_REDACT")
def test_a_function_of_the_host_has_the_last_word(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "def masked(key, value):\n    return 'some colour' if key == 'colour' else value\n"
    )
    found = left(receiver, tmp_path, OBSKIT_REDACT="shop:masked", PYTHONPATH=str(tmp_path))
    assert (found["colour"], found["mail"]) == ("some colour", "ann@example.org")
