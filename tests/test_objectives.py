"""Objectives: how they are declared, and what a wrong one is told."""

from __future__ import annotations

from typing import Any

import pytest

from obskit import Registry
from obskit.exceptions import DeclarationError, DuplicateName
from obskit.objectives import slo


def test_a_registry_holds_what_is_promised_of_the_service_and_of_routes() -> None:
    registry = Registry()
    slo(availability=0.999, registry=registry)
    slo(latency="99.5% < 250ms", route="/pay", severity="sev2", owner="pay", registry=registry)
    assert list(registry.objectives) == ["service", "/pay"]
    pay = registry.objectives["/pay"]
    assert (pay.availability, pay.fast, pay.limit) == (None, 0.995, 0.25)
    assert (pay.severity, pay.owner, pay.runbook) == ("sev2", "pay", None)
    assert pay.place.file.endswith("test_objectives.py")


def test_another_line_may_not_promise_for_the_same() -> None:
    registry = Registry()
    slo(availability=0.999, registry=registry)
    with pytest.raises(DuplicateName, match=r"the objective 'service' .*name is taken by"):
        slo(availability=0.99, registry=registry)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "it promises nothing: give availability, latency or both"),
        (
            {"availability": 1.0},
            "availability is 1.0: use a share of 1, such as 0.999, at most 0.99999",
        ),
        ({"availability": 99.9}, "availability is 99.9: use a share of 1"),
        ({"availability": "99%"}, "availability is '99%': use a share of 1"),
        ({"latency": "2s"}, "latency is '2s': use a share and a span of time"),
        ({"latency": "100% < 2s"}, "latency is '100% < 2s': use a share and a span of time"),
        ({"latency": "95% < soon"}, "latency: 'soon' is no span of time"),
        ({"latency": "95% < 11s"}, "latency is '95% < 11s': its span of time must be 5ms to 10s"),
        ({"latency": "95% < 1ms"}, "latency is '95% < 1ms': its span of time must be 5ms to 10s"),
        ({"availability": 0.9, "route": ""}, "route is '': use a route"),
        ({"availability": 0.9, "severity": "high"}, "severity is 'high': use sev1, sev2 or sev3"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        slo(**options, registry=Registry())
    assert message in str(raised.value)
    assert "test_objectives.py:" in str(raised.value)


@pytest.mark.parametrize(
    ("options", "beginning"),
    [({}, "the objective of the service ("), ({"route": "/pay"}, "the objective of '/pay' (")],
)
def test_what_is_wrong_is_told_of_the_objective_that_is_meant(
    options: dict[str, Any], beginning: str
) -> None:
    with pytest.raises(DeclarationError) as raised:
        slo(**options, registry=Registry())
    assert str(raised.value).startswith(beginning)


@pytest.mark.parametrize("latency", ["95% < 5ms", "95% < 10s", " 99.999 %<10s "])
def test_the_bounds_of_the_histogram_may_be_promised(latency: str) -> None:
    assert slo(latency=latency, availability=0.99999, registry=Registry()).limit in {0.005, 10.0}
