"""Pasts that are made up, and what alerts must say of them."""

from __future__ import annotations

from obskit.alerts.past import Phases, course, gauge


def made(phases: Phases) -> dict[str, str]:
    return {"down": gauge(*((float(bad), many) for bad, many in phases))}


def test_each_kind_of_past_is_there() -> None:
    found = course(made, step=60.0, seen=120.0, keeps=120.0)
    assert {trial.kind: dict(trial.series) for trial in found} == {
        "healthy": {"down": "0x9 0x3"},
        "broken": {"down": "0x9 1x4"},
        "flapping": {"down": "0x9 1x4 0x0 1x4"},
        "absent": {},
        "recovers": {"down": "0x9 1x4 0x6"},
    }


def test_what_is_bad_fires_in_time_and_not_before() -> None:
    broken = course(made, step=60.0, seen=120.0, keeps=120.0)[1]
    assert dict(broken.firing) == {540.0: 0, 840.0: 1}


def test_samples_may_be_denser_than_evaluations() -> None:
    broken = course(made, step=60.0, seen=120.0, keeps=0.0, samples=4)[1]
    assert (broken.step, broken.evaluation) == (15.0, 60.0)
    assert dict(broken.series) == {"down": "0x39 1x19"}
    assert dict(broken.firing) == {540.0: 0, 840.0: 1}
