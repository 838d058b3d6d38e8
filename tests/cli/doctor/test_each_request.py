"""What makes each request slower than it need be."""

from __future__ import annotations

import re

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import CHECKS, Host

SLOW = """
import time

def slow(name, value):
    time.sleep(0.02)
    return value

def fails(name, value):
    raise KeyError(name)
"""
OWN_PROVIDER = """
import time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider, sampling
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

class Asking(sampling.Sampler):
    def should_sample(self, *args, **more):
        time.sleep(0.02)
        return sampling.SamplingResult(sampling.Decision.DROP)

    def get_description(self):
        return "asking"

provider = TracerProvider(sampler=Asking())
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
"""


def test_a_function_that_redacts_slowly_is_found(host: Host, doctor: Doctor) -> None:
    host.write("", before=f"{SLOW}{CHECKS}")
    found = doctor("overhead", OBSKIT_REDACT=f"{host.name}:slow")
    (line,) = [one for one in found.output.splitlines() if "redact" in one]
    assert re.match(r"FAILED  overhead      redact takes [\d,]+ µs,", line)
    assert line.endswith(
        " µs, and is called for each value: have it do less: look up what it needs once, and ask nobody"
        " over the network"
    )
    assert found.exit_code == 1


def test_a_function_that_fails_is_told(host: Host, doctor: Doctor) -> None:
    host.write("", before=f"{SLOW}{CHECKS}")
    found = doctor("overhead", OBSKIT_REDACT=f"{host.name}:fails")
    assert "WARNING overhead      redact fails: KeyError: 'page': mend it" in found.output
    assert found.exit_code == 0


def test_a_pattern_that_searches_long_is_found(app: Host, doctor: Doctor) -> None:
    found = doctor("overhead", OBSKIT_REDACT_PATTERNS=r".*.*.*=secret")
    assert "FAILED  overhead      the pattern '.*.*.*=secret' takes " in found.output
    assert "say it more simply in OBSKIT_REDACT_PATTERNS" in found.output
    assert found.exit_code == 1


def test_a_pattern_that_begins_with_fixed_characters_is_well(app: Host, doctor: Doctor) -> None:
    found = doctor("overhead", OBSKIT_REDACT_PATTERNS="sk_live_[0-9a-z]+")
    assert (found.exit_code, "pattern" in found.output) == (0, False)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "OBSKIT_PROFILE_SLOW_REQUESTS",
            "2",
            "each request is sampled for its profile: one that computes may take several times as long",
        ),
        ("OBSKIT_LOG_LEVEL", "DEBUG", "every line of DEBUG is written, those of all libraries too"),
        (
            "SENTRY_TRACES_SAMPLE_RATE",
            "0.5",
            "Sentry traces 50% of requests, which have spans already: set SENTRY_TRACES_SAMPLE_RATE=0",
        ),
    ],
)
def test_what_costs_and_is_switched_on_is_a_warning(
    app: Host, doctor: Doctor, name: str, value: str, told: str
) -> None:
    usual = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318",
        "SENTRY_DSN": "http://0123abcd@sentry.test/7",
    }
    assert "WARNING" not in doctor("overhead", **usual).output
    found = doctor("overhead", **usual, **{name: value})
    assert f"WARNING overhead      {told}" in found.output
    assert found.exit_code == 0


def test_a_sampler_that_is_dear_and_a_processor_that_waits_are_found(host: Host) -> None:
    host.write("", before=f"{OWN_PROVIDER}{CHECKS}")
    done = host.process("doctor", "overhead")
    lines = done.stdout.splitlines()
    assert lines[1] == (
        "FAILED  overhead      the app adds a SimpleSpanProcessor: each request waits until each of its"
        " spans is sent: take a BatchSpanProcessor there"
    )
    assert re.match(r"FAILED  overhead      Asking takes [\d,]+ µs,", lines[2])
    assert " µs, and is called for each span: " in lines[2]
    assert (done.stderr, done.returncode) == ("", 1)
