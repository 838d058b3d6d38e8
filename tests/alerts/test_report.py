"""How alerts have behaved, from what Prometheus and Alertmanager say of them."""

from __future__ import annotations

import pytest

from obskit.alerts.report import (
    Firing,
    Matcher,
    Record,
    Silence,
    drill_id,
    drilled,
    firing,
    firings_of,
    records,
)

LABELS = {"alertname": "CheckCritical", "obskit_check_name": "database", "severity": "critical"}
SERIES = {"__name__": "ALERTS", "alertstate": "firing", **LABELS}


def points(*times: float) -> list[tuple[float, float]]:
    return [(time, 1.0) for time in times]


def test_what_is_asked_has_neither_drills_nor_other_services() -> None:
    assert firing("shop", 60.0) == (
        'ALERTS{alertstate="firing", service="shop", obskit_drill=""} or max_over_time('
        'ALERTS{alertstate="firing", service="shop", obskit_drill=""}[59s999ms])'
    )
    assert drilled(None, 86_400.0) == 'ALERTS{alertstate="firing", obskit_drill=~".+"}[86400s]'


def test_points_without_a_gap_are_one_firing() -> None:
    assert firings_of([180, 60, 120, 600], ended=10_000, step=60) == (
        Firing(60, 120),
        Firing(600, 60),
    )


def test_a_firing_that_is_seen_at_the_end_goes_on() -> None:
    assert [one.lasts for one in firings_of([60, 300], ended=350, step=60)] == [False, True]


def test_a_series_that_comes_in_pieces_is_one_alert() -> None:
    without_name = {name: value for name, value in SERIES.items() if name != "__name__"}
    (one,) = records(
        [(SERIES, points(60, 120)), (SERIES, points(180)), (without_name, points(240))],
        [],
        [],
        ended=10_000,
        step=60,
    )
    assert one == Record(LABELS, (Firing(60, 180),))


def test_it_is_told_how_often_it_mended_itself_and_how_often_it_came_back() -> None:
    firings = (Firing(0, 300), Firing(1_200, 301), Firing(2_402, 60), Firing(9_000, 60, lasts=True))
    one = Record(LABELS, firings)
    assert (one.mended, one.flapped) == (2, 1)
    assert (one.seconds, one.longest) == (721, 301)


@pytest.mark.parametrize(
    ("lasted", "restless"),
    [
        ((60, 60), False),
        ((60, 60, 900), True),
        ((60, 900, 900), False),
        ((60, 60, 900, 900), True),
    ],
)
def test_what_mends_itself_half_of_the_time_is_a_candidate_from_three_firings_on(
    lasted: tuple[float, ...], restless: bool
) -> None:
    firings = tuple(Firing(number * 86_400, each) for number, each in enumerate(lasted))
    assert Record(LABELS, firings).is_restless is restless


@pytest.mark.parametrize(
    ("matchers", "silenced"),
    [
        ((Matcher("obskit_check_name", "database"),), 1),
        ((Matcher("obskit_check_name", "data"),), 0),
        ((Matcher("obskit_check_name", "data.*", regex=True),), 1),
        ((Matcher("obskit_check_name", "data", regex=True),), 0),
        ((Matcher("severity", "info", equal=False),), 1),
        ((Matcher("severity", "critical", equal=False),), 0),
        ((Matcher("team", ""),), 1),
        ((Matcher("severity", "critical"), Matcher("team", "data")), 0),
    ],
)
def test_a_silence_means_the_alerts_that_all_its_matchers_take(
    matchers: tuple[Matcher, ...], silenced: int
) -> None:
    silences = [Silence(matchers, 0, 10_000)]
    (one,) = records([(SERIES, points(60, 120))], [], silences, ended=10_000, step=60)
    assert one.silenced == silenced


@pytest.mark.parametrize(("began", "ended", "silenced"), [(0, 60, 0), (0, 61, 1), (120, 200, 0)])
def test_a_silence_counts_where_it_held_while_the_alert_fired(
    began: float, ended: float, silenced: int
) -> None:
    silences = [Silence((), began, ended)]
    (one,) = records([(SERIES, points(60, 120))], [], silences, ended=10_000, step=60)
    assert one.silenced == silenced


def test_a_drill_says_how_long_its_detection_took() -> None:
    drill = {**SERIES, "obskit_drill": drill_id(1_000.25, "3fa9")}
    other = {**SERIES, "obskit_drill": drill_id(2_000.0, "3fa9")}
    strange = {**SERIES, "obskit_drill": "by-hand"}
    (one,) = records(
        [],
        [(drill, points(1_012.75, 1_027.75)), (other, points(2_040)), (strange, points(9))],
        [],
        ended=10_000,
        step=60,
    )
    assert one == Record(LABELS, (), 0, (12.5, 40.0))
    assert one.detection == 26.25


def test_the_alert_that_fired_most_often_comes_first() -> None:
    seldom = {**SERIES, "obskit_check_name": "rows"}
    found = records(
        [(seldom, points(60, 120, 180)), (SERIES, points(60, 300))], [], [], ended=9_000, step=60
    )
    assert [one.labels["obskit_check_name"] for one in found] == ["database", "rows"]
