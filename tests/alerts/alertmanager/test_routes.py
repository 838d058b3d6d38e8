"""The tree of routes."""

from __future__ import annotations

import pytest

from obskit.alerts.alertmanager.routes import root
from obskit.exceptions import ConfigError

from .given import directory, hours, shop


def test_alerts_are_grouped_by_service_alert_and_severity() -> None:
    route = root(shop(), directory())
    del route["routes"]
    assert route == {
        "receiver": "team",
        "group_by": [
            *("service", "alertname", "severity"),
            *("deployment_environment_name", "obskit_drill"),
        ],
        "group_wait": "10s",
        "group_interval": "10s",
        "repeat_interval": "12h",
    }


def test_each_severity_repeats_in_its_own_time_and_sev3_is_told_of_once_a_day() -> None:
    _, *severities = root(shop(), directory())["routes"]
    for one in severities:
        del one["routes"]
    assert severities == [
        {"matchers": ['{severity="critical"}'], "repeat_interval": "1h"},
        {"matchers": ['{severity="warning"}'], "repeat_interval": "12h"},
        {"matchers": ['{severity="info"}'], "group_interval": "1d", "repeat_interval": "1d"},
    ]


def test_the_watchdog_is_told_every_minute_to_its_own_receiver_or_to_nobody() -> None:
    expected = {
        "matchers": ['{alertname="Watchdog"}'],
        "receiver": "_nobody",
        "group_wait": "0s",
        "group_interval": "20s",
        "repeat_interval": "50s",
    }
    assert root(shop(), directory())["routes"][0] == expected
    own = root(shop(), directory(watchdog={"receiver": "on-call"}))
    assert own["routes"][0] == {**expected, "receiver": "on-call"}


def test_a_drill_shrinks_every_time_of_the_routes() -> None:
    route = root(shop(scale=0.01), directory())
    watchdog, sev1, _, sev3 = route["routes"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == (
        *("100ms", "100ms"),
        "7m12s",
    )
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("200ms", "500ms")
    assert (sev1["repeat_interval"], sev3["group_interval"]) == ("36s", "14m24s")


def test_sev1_goes_on_from_who_is_paged_to_the_team() -> None:
    sev1 = root(shop(), directory(severities={"sev1": {"page": "on-call"}}))["routes"][1]
    assert sev1["routes"] == [
        {"matchers": ['{owner="data"}'], "receiver": "on-call", "continue": True},
        {"matchers": ['{owner="data"}'], "receiver": "data-team"},
        {"receiver": "on-call", "continue": True},
        {"receiver": "team"},
    ]


def test_sev2_alone_waits_for_working_hours() -> None:
    _, sev1, sev2, sev3 = root(shop(), directory(working_hours=hours()))["routes"]
    assert sev2["routes"] == [
        {
            "matchers": ['{owner="data"}'],
            "receiver": "data-team",
            "active_time_intervals": ["working-hours"],
        },
        {"receiver": "team", "active_time_intervals": ["working-hours"]},
    ]
    assert (
        sev1["routes"]
        == sev3["routes"]
        == [
            {"matchers": ['{owner="data"}'], "receiver": "data-team"},
            {"receiver": "team"},
        ]
    )


def test_a_mute_window_that_means_everything_is_of_every_route() -> None:
    _, *severities = root(shop(), directory(mute={"night": hours()}))["routes"]
    assert [one["routes"] for one in severities] == [
        [
            {
                "matchers": ['{owner="data"}'],
                "receiver": "data-team",
                "mute_time_intervals": ["mute-night"],
            },
            {"receiver": "team", "mute_time_intervals": ["mute-night"]},
        ]
    ] * 3


def test_windows_that_may_mean_the_same_alert_hold_together() -> None:
    mutes = {
        "backup": {**hours(), "match": {"check": ["backup", "disk"]}},
        "deploy": {**hours(), "match": {"environment": "production", "severity": "sev1"}},
        "disk": {**hours(), "match": {"check": "disk"}},
        "import": {**hours(), "match": {"job": "import", "severity": ["sev2", "sev3"]}},
        "others": {**hours(), "match": {"owner": "data", "severity": "sev3"}},
    }
    sev1 = root(shop(), directory(owners={}, mute=mutes))["routes"][1]
    check, environment = "obskit_check_name", "deployment_environment_name"
    assert sev1["routes"][0]["routes"] == [
        {
            "matchers": [f'{{{check}="disk", {environment}="production"}}'],
            "mute_time_intervals": ["mute-backup", "mute-deploy", "mute-disk"],
        },
        {
            "matchers": [f'{{{check}=~"backup|disk", {environment}="production"}}'],
            "mute_time_intervals": ["mute-backup", "mute-deploy"],
        },
        {
            "matchers": [f'{{{check}="disk"}}'],
            "mute_time_intervals": ["mute-backup", "mute-disk"],
        },
        {
            "matchers": [f'{{{environment}="production", {check}="disk"}}'],
            "mute_time_intervals": ["mute-deploy", "mute-disk"],
        },
        {
            "matchers": [f'{{{check}=~"backup|disk"}}'],
            "mute_time_intervals": ["mute-backup"],
        },
        {
            "matchers": [f'{{{environment}="production"}}'],
            "mute_time_intervals": ["mute-deploy"],
        },
        {"matchers": [f'{{{check}="disk"}}'], "mute_time_intervals": ["mute-disk"]},
    ]


def test_a_window_of_an_owner_is_of_that_owners_route_only() -> None:
    mutes = {"import": {**hours(), "match": {"owner": "data", "service": "shop"}}}
    sev3 = root(shop(), directory(mute=mutes))["routes"][3]
    assert sev3["routes"] == [
        {
            "matchers": ['{owner="data"}'],
            "receiver": "data-team",
            "routes": [
                {"matchers": ['{service="shop"}'], "mute_time_intervals": ["mute-import"]},
            ],
        },
        {"receiver": "team"},
    ]


def test_more_windows_than_can_be_told_apart_are_refused() -> None:
    mutes = {f"m{number}": {**hours(), "match": {"check": "disk"}} for number in range(7)}
    with pytest.raises(ConfigError) as raised:
        root(shop(), directory(mute=mutes))
    assert raised.value.problems == (
        (
            "7 mute windows (m0, m1, m2, m3, m4, m5, m6) may mean the same alert: use 6 at most, or"
            " let each match another severity or owner"
        ),
    )
