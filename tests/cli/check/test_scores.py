"""Scores in `obskit check run`."""

from __future__ import annotations

import json

from tests.cli.host import Host, lines

SCORES = """
    from obskit.declaration import Bands
    strict = Bands(excellent=0.999, good=0.99, warning=0.98)
    checks.add("a", lambda: 0.97, every="1m", score=True, group="events", dimension="complete")
    checks.add("b", lambda: 0.8, every="1m", score=True, group="events", dimension="in time")
    checks.add("c", lambda: 0.5, every="1m", score=strict, group="users", dimension="complete")
    checks.add("d", lambda: 0.9, every="1m", score=True)
"""


def test_scores_are_a_table_of_entities_and_dimensions(host: Host) -> None:
    host.write(SCORES)
    assert lines(host.run())[4:] == [
        "",
        "         complete          in time         score        overall",
        "events   97.0 % Excellent  80.0 % Warning  -            88.5 % Good",
        "users    50.0 % Error      -               -            50.0 % Error",
        "d        -                 -               90.0 % Good  90.0 % Good",
        "overall  -                 -               -            76.2 % Warning",
        "",
        "UNHEALTHY",
    ]


def test_scores_are_in_the_json(host: Host) -> None:
    host.write(SCORES)
    assert json.loads(host.run("--json", "--group", "users").stdout)["scores"] == {
        "users": {
            "complete": {"share": 0.5, "grade": "Error"},
            "overall": {"share": 0.5, "grade": "Error"},
        },
        "overall": {"overall": {"share": 0.5, "grade": "Error"}},
    }


def test_without_scores_there_is_no_table(host: Host) -> None:
    host.write('checks.add("a", lambda: 0.5, every="1m")')
    assert lines(host.run()) == ["NOW  OK        a  (TIME)", "HEALTHY"]
    assert "scores" not in json.loads(host.run("--json").stdout)


def test_a_score_that_could_not_be_had_is_left_out(host: Host) -> None:
    host.write('checks.add("a", lambda: 7, every="1m", score=True)')
    assert lines(host.run())[1:] == ["DEGRADED"]
