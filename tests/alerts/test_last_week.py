"""The rules that compare a service with itself a week before."""

from __future__ import annotations

from obskit.alerts.service import groups

from .written import chosen, inventory

_OF = '{service_name="shop", deployment_environment_name="production"}'


def test_half_as_many_errors_more_warn_and_three_times_as_many_are_critical() -> None:
    found = groups(inventory())
    ratio = f"obskit:http_error_ratio:hour{_OF}"
    assert chosen(found, "ErrorsAboveLastWeek", "warning").expr == (
        f"{ratio} > 1.5 * ({ratio} offset 1w)\nand {ratio} >= 0.005"
    )
    assert chosen(found, "ErrorsAboveLastWeek", "critical").expr == (
        f"{ratio} > 3 * ({ratio} offset 1w)\nand {ratio} >= 0.02"
    )


def test_an_answer_within_a_quarter_of_a_second_is_never_too_slow() -> None:
    warns = chosen(groups(inventory()), "LatencyAboveLastWeek", "warning")
    assert warns.expr.endswith(f"and obskit:http_duration_p95:hour{_OF} >= 0.25")


def test_traffic_is_expected_only_where_it_came_all_through_that_hour() -> None:
    lost = chosen(groups(inventory()), "TrafficLost", "warning")
    assert lost.expr == (
        f"min_over_time(obskit:http_requests:rate{_OF}[1h] offset 6d23h30m)"
        f" >= 0.03333333333333333\nunless\nmax_over_time(obskit:http_requests:rate{_OF}[5m]) > 0"
    )


def test_a_drill_has_a_week_of_its_own() -> None:
    short = groups(inventory(scale=0.001, export_interval=0.05))
    assert "offset 10m4s800ms" in chosen(short, "ErrorsAboveLastWeek", "warning").expr
