"""When alerts fire and who hears, in words."""

from __future__ import annotations

import pytest

import obskit
from obskit.alerts import explain
from obskit.alerts.inventory import Inventory
from obskit.alerts.rule import Alert
from obskit.declaration import Check
from obskit.receivers.reading import directory_of

DIRECTORY = directory_of(
    {
        "receivers": {
            "team": {"webhook": {"url": "http://127.0.0.1:9/"}},
            "data": {"webhook": {"url": "http://127.0.0.1:9/"}},
            "pager": {"webhook": {"url": "http://127.0.0.1:9/"}},
        },
        "owners": {"data": "data"},
        "default": {"receiver": "team"},
        "severities": {"sev1": {"page": "pager", "repeat": "30m"}},
        "working_hours": {
            "days": ["monday", "friday"],
            "from": "09:00",
            "until": "17:00",
            "timezone": "Europe/Berlin",
        },
        "mute": {
            "backup": {
                "days": ["sunday"],
                "from": "22:00",
                "until": "02:00",
                "timezone": "UTC",
                "match": {"check": ["database"], "severity": ["sev2"]},
            }
        },
    },
    "alerts.toml",
)


@pytest.fixture
def shop() -> Inventory:
    registry = obskit.Registry()
    registry.add(
        "database",
        lambda: True,
        every="1m",
        timeout="2s",
        severity="sev1",
        owner="data",
        runbook="https://wiki.example.org/database",
    )
    registry.add("import", lambda: True, every="1h")

    @obskit.job("import", expect_every="1h", registry=registry)
    def work() -> None: ...

    return Inventory("shop", "production", registry)


def alert(shop: Inventory, about: str, name: str) -> Alert:
    (found,) = [one for one in explain.concerning(shop, about) if one.name == name]
    return found


def test_the_alerts_of_a_check_are_those_of_its_states_and_that_of_its_silence(
    shop: Inventory,
) -> None:
    found = explain.concerning(shop, "database")
    assert [one.name for one in found] == [
        "CheckCritical",
        "CheckWarning",
        "CheckUnknown",
        "CheckSilent",
    ]


def test_the_alerts_of_a_job_are_found(shop: Inventory) -> None:
    found = explain.concerning(shop, "job:import")
    assert [one.name for one in found] == ["JobLate", "JobFailed", "JobNeverRan"]


def test_an_alert_is_found_by_its_own_name(shop: Inventory) -> None:
    found = explain.concerning(shop, "CheckCritical")
    assert [one.labels["obskit_check_name"] for one in found] == ["database", "import"]


def test_it_is_told_when_an_alert_fires(shop: Inventory) -> None:
    assert list(explain.facts(alert(shop, "database", "CheckUnknown"))) == [
        ("when", "the process that decided the check last could not judge it"),
        ("reads", "the last 10m"),
        ("fires", "when it has held for 2m"),
        ("severity", "critical"),
        ("owner", "data"),
        ("says", "database of shop cannot be judged"),
        ("runbook", "https://wiki.example.org/database"),
    ]


def test_an_alert_that_holds_at_once_says_so(shop: Inventory) -> None:
    assert dict(explain.facts(alert(shop, "database", "CheckCritical")))["fires"] == "at once"


def test_an_alert_of_all_checks_says_what_it_says_of_the_one_that_is_asked_about(
    shop: Inventory,
) -> None:
    told = dict(explain.facts(alert(shop, "database", "CheckSilent")))
    assert (told["severity"], told["owner"]) == ("critical", "data")
    assert told["says"] == "database of shop says nothing"


def test_asked_by_its_own_name_it_says_that_severity_and_owner_differ(shop: Inventory) -> None:
    told = dict(explain.facts(alert(shop, "CheckSilent", "CheckSilent")))
    assert (told["severity"], told["owner"]) == ("that of what it tells of",) * 2
    assert told["says"] == "<obskit_check_name> of shop says nothing"


def test_who_is_paged_hears_before_the_owner(shop: Inventory) -> None:
    critical = alert(shop, "database", "CheckCritical")
    assert list(explain.hearers(critical, shop, DIRECTORY)) == [
        ("hears", "pager, by Webhook"),
        ("then", "data, by Webhook"),
        ("again", "every 30m while it fires"),
    ]


def test_working_hours_and_mute_windows_are_told_of_what_they_mean(shop: Inventory) -> None:
    warning = alert(shop, "database", "CheckWarning")
    assert list(explain.hearers(warning, shop, DIRECTORY)) == [
        ("hears", "data, by Webhook"),
        ("again", "every 12h while it fires"),
        ("only", "in working hours: mon, fri 09:00 to 17:00 (Europe/Berlin)"),
        ("never", "within the window backup: sun 22:00 to 02:00 (UTC)"),
    ]


def test_what_nobody_owns_is_heard_of_by_the_default(shop: Inventory) -> None:
    warning = alert(shop, "check:import", "CheckCritical")
    assert next(explain.hearers(warning, shop, DIRECTORY)) == ("hears", "team, by Webhook")


def test_every_alert_of_checks_and_jobs_is_put_into_words(shop: Inventory) -> None:
    about = ("database", "check:import", "job:import")
    found = {one.name for each in about for one in explain.concerning(shop, each)}
    assert found <= explain._WHEN.keys()


def test_what_has_the_name_of_two_things_is_not_guessed(shop: Inventory) -> None:
    with pytest.raises(LookupError) as raised:
        explain.find(shop.registry, "import")
    assert str(raised.value) == (
        "'import' is the name of more than one thing: write check:import or job:import"
    )
    assert isinstance(explain.find(shop.registry, "check:import"), Check)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("databse", "no check, job or operation is named 'databse': did you mean 'database'?"),
        ("job:nightly", "no job is named 'nightly': declared are import"),
        ("operation:x", "no operation is named 'x': none is declared"),
    ],
)
def test_an_unknown_name_is_refused_with_what_there_is(
    shop: Inventory, name: str, message: str
) -> None:
    with pytest.raises(LookupError) as raised:
        explain.find(shop.registry, name)
    assert str(raised.value) == message


def test_a_name_near_that_of_an_alert_is_told(shop: Inventory) -> None:
    with pytest.raises(LookupError, match="did you mean CheckCritical"):
        explain.concerning(shop, "CheckCritica")
