"""What is said of a file that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obskit.exceptions import ConfigError
from obskit.receivers.reading import directory_of, read_directory

from .given import small


def problems(**given: Any) -> tuple[str, ...]:
    """What is wrong with a file that is right but for this."""
    with pytest.raises(ConfigError) as raised:
        directory_of(small(**given), "alerts.toml")
    return raised.value.problems


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("slack", "url"),
        ("discord", "url"),
        ("teams", "url"),
        ("sms", "url"),
        ("apprise", "url"),
        ("pagerduty", "routing_key"),
        ("opsgenie", "api_key"),
        ("telegram", "token"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_shown(kind: str, key: str) -> None:
    channel = {key: "https://example.org/hunter2", **({"chat": 1} if kind == "telegram" else {})}
    assert problems(receivers={"team": {kind: channel}}) == (
        (
            f"[receivers.team] {kind} {key} is a secret and must not stand here: write it into a file"
            f" that only its reader may open, and give the path of that as {key}_file"
            " (from alerts.toml)"
        ),
    )


def test_the_password_of_the_mail_server_in_the_file_is_refused_and_not_shown() -> None:
    mail = {"smarthost": "localhost:25", "from": "a@b.org", "username": "a", "password": "hunter2"}
    assert problems(email=mail) == (
        (
            "[email] password is a secret and must not stand here: write it into a file that only its"
            " reader may open, and give the path of that as password_file (from alerts.toml)"
        ),
    )


def test_a_secret_in_place_of_the_path_of_its_file_is_not_shown() -> None:
    assert problems(receivers={"team": {"slack": {"url_file": "T0/B0/hunter2"}}}) == (
        (
            "[receivers.team] slack url_file is [masked]: use the absolute path of a file that holds it"
            " (from alerts.toml)"
        ),
    )


@pytest.mark.parametrize(
    "url", ["https://a:hunter2@example.org/", "https://example.org/?k=hunter2"]
)
def test_a_url_with_a_secret_in_it_is_refused_and_not_shown(url: str) -> None:
    assert problems(receivers={"team": {"webhook": {"url": url}}}) == (
        (
            "[receivers.team] webhook url is [masked]: it may hold a secret: write it into a file and"
            " give url_file (from alerts.toml)"
        ),
    )


def test_an_address_that_lacks_its_scheme_is_not_shown() -> None:
    url = "hooks.example.org/services/hunter2"
    assert problems(receivers={"team": {"webhook": {"url": url}}}) == (
        "[receivers.team] webhook url is [masked]: use a URL of http or https (from alerts.toml)",
    )


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert problems(
        receivers={
            "team": {"slack": {"url_file": "/run/secrets/slack", "chanel": "#data"}},
            "Data": {"emial": {}},
            "nobody": {},
        },
        owners={"data": "taem"},
        severities={"sev1": {"repeat": 5}, "sev3": {"repeat": "1h", "page": "team"}, "sev4": {}},
        working_hours={"days": "mon", "from": "9:00", "until": "24:30", "timezone": "Berlin"},
        mute={"a": {"match": {"severity": "high", "sevrity": "sev1"}}},
        issues={"critical": -1},
        colour="red",
    ) == tuple(
        f"{problem} (from alerts.toml)"
        for problem in (
            "[receivers.team] slack chanel is not known: did you mean channel?",
            (
                "[receivers] Data is no name: use 1 to 63 of a-z, 0-9, '.', '_' and '-', a letter or"
                " digit first"
            ),
            "[receivers.Data] emial is not known: did you mean email?",
            (
                "[receivers.nobody] is empty: give one of email, slack, discord, teams, pagerduty,"
                " opsgenie, webhook, telegram, sms, apprise"
            ),
            "[severities.sev1] repeat is 5: use 1m to 5d",
            "[severities.sev3] repeat is '1h': use 1d to 5d",
            "[severities.sev3] page is 'team': only sev1 pages: remove it",
            "[severities] sev4 is not known: did you mean sev3?",
            (
                "[working_hours] days is 'mon': use days such as monday, or monday-friday, or a list"
                " of them"
            ),
            '[working_hours] from is \'9:00\': use a time of the day from "00:00" to "24:00"',
            '[working_hours] until is \'24:30\': use a time of the day from "00:00" to "24:00"',
            "[working_hours] timezone is 'Berlin': use the name of a zone, such as Europe/Berlin",
            "[mute.a] days is missing: give it",
            "[mute.a] from is missing: give it",
            "[mute.a] until is missing: give it",
            "[mute.a] timezone is missing: give it",
            "[mute.a] match severity is 'high': use sev1, sev2, sev3",
            "[mute.a] match sevrity is not known: did you mean severity?",
            "[issues] critical is -1: use a whole number from 0",
            (
                "colour is not known: use receivers, owners, default, email, severities,"
                " working_hours, mute, watchdog, issues"
            ),
            "[owners] data is 'taem', which is no receiver: did you mean team?",
        )
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"default": {}}, "[default] receiver is missing: give it"),
        ({"default": 3}, "[default] is 3: use a table"),
        (
            {"default": {"receiver": "x"}},
            "[default] receiver is 'x', which is no receiver: use team",
        ),
        (
            {"severities": {"sev1": {"page": "x"}}},
            "[severities.sev1] page is 'x', which is no receiver: use team",
        ),
        (
            {"watchdog": {"receiver": "team"}},
            (
                "[watchdog] receiver is 'team', which hears of other things too: use one of its own,"
                " since what comes every minute hides the rest"
            ),
        ),
        (
            {"receivers": {"team": {"email": {"to": "a@b.org"}}}},
            "[receivers.team] email needs a mail server: write it under [email]",
        ),
        (
            {"receivers": {"team": {"email": {"to": "nobody"}}}},
            "[receivers.team] email to is 'nobody': use an address such as team@example.org",
        ),
        (
            {"receivers": {"team": {"telegram": {"token_file": "/x", "chat": "me"}}}},
            "[receivers.team] telegram chat is 'me': use a whole number",
        ),
        (
            {"receivers": {"team": {"webhook": {}}}},
            "[receivers.team] webhook url and url_file: give one of both",
        ),
        (
            {"receivers": {"team": {"slack": {"url_env": "https://hooks/hunter2"}}}},
            (
                "[receivers.team] slack url_env is [masked]: use the name of an environment variable"
                " that holds it"
            ),
        ),
        (
            {"receivers": {"team": {"slack": {"url_env": "SLACK", "url_file": "/run/slack"}}}},
            "[receivers.team] slack url_file and url_env: give one of both",
        ),
        (
            {
                "receivers": {"team": {"email": {"to": "a@b.org", "to_env": "PEOPLE"}}},
                "email": {"smarthost": "a:25", "from": "a@b.org"},
            },
            "[receivers.team] email to and to_env: give one of both",
        ),
        (
            {"receivers": {"team": {"slack": {}}}},
            "[receivers.team] slack url_file is missing: give it",
        ),
        (
            {"email": {"smarthost": "a:0", "from": "a@b.org"}},
            "[email] smarthost is 'a:0': use a host and a port, such as mail.example.org:587",
        ),
        (
            {"email": {"smarthost": "a:65536", "from": "a@b.org"}},
            "[email] smarthost is 'a:65536': use a host and a port, such as mail.example.org:587",
        ),
        (
            {"email": {"smarthost": "a:25", "from": "a@b.org", "user": "a"}},
            "[email] user is not known: did you mean username?",
        ),
        (
            {"receivers": {"team": {"webhook": {"url": "http://"}}}},
            "[receivers.team] webhook url is [masked]: use a URL of http or https",
        ),
        ({"default": {"receiver": " "}}, "[default] receiver is ' ': use text"),
        (
            {"default": {"receiver": "team", "recipient": "team"}},
            "[default] recipient is not known: use receiver",
        ),
        (
            {"severities": {"sev1": {"repeat": "5d1s"}}},
            "[severities.sev1] repeat is '5d1s': use 1m to 5d",
        ),
        (
            {
                "working_hours": {
                    "days": "monday",
                    "from": "09:00",
                    "until": "17:00",
                    "timezone": "UTC",
                    "day": "friday",
                }
            },
            "[working_hours] day is not known: did you mean days?",
        ),
        (
            {"watchdog": {"receiver": "x", "page": "x"}},
            "[watchdog] page is not known: use receiver",
        ),
        (
            {"email": {"smarthost": "a:25", "from": "a@b.org", "require_tls": "no"}},
            "[email] require_tls is 'no': use true or false",
        ),
        (
            {"email": {"smarthost": "a:25", "from": "a@b.org", "username": "a"}},
            "[email] username and password_file belong together: give both or neither",
        ),
        ({"severities": {"sev1": {"repeat": "soon"}}}, None),
        (
            {
                "working_hours": {
                    "days": ["monday"],
                    "from": "09:00",
                    "until": "09:00",
                    "timezone": "UTC",
                }
            },
            "[working_hours] from leaves no hours: use another time than until, and less than 24:00",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(given: Any, problem: str | None) -> None:
    said = problems(**given)
    if problem is None:
        problem = (
            "[severities.sev1] repeat is 'soon': 'soon' is no span of time: write numbers with"
            " units, such as 90s, 5m, 1h30m or 7d"
        )
    assert said[0] == f"{problem} (from alerts.toml)"


def test_a_file_without_receivers_says_so() -> None:
    with pytest.raises(ConfigError) as raised:
        directory_of({}, "alerts.toml")
    assert raised.value.problems == (
        "[receivers] is missing: name who hears (from alerts.toml)",
        "[default] receiver is missing: give it (from alerts.toml)",
    )


def test_a_receiver_that_is_named_where_none_is_written_says_where_to_write_it() -> None:
    with pytest.raises(ConfigError) as raised:
        directory_of({"receivers": {}, "default": {"receiver": "team"}}, "alerts.toml")
    assert raised.value.problems == (
        (
            "[default] receiver is 'team', which is no receiver: use one that you write under"
            " [receivers] (from alerts.toml)"
        ),
    )


def test_a_file_that_is_no_toml_or_not_there_says_so(tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    with pytest.raises(ConfigError, match=r"alerts\.toml cannot be read: .*No such file"):
        read_directory(file)
    file.write_text("[receivers")
    with pytest.raises(ConfigError, match=r"alerts\.toml cannot be read: "):
        read_directory(file)
