"""Tokens that live, expire and are renewed."""

from __future__ import annotations

import base64
import json
import pickle
import time
from datetime import datetime, timedelta, timezone
from threading import Event, Thread

import pytest

from obskit.checks.library.token import TimeToLive
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


def jwt(claims: object) -> str:
    """A JWT whose signature nobody could verify."""
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256"}, claims))
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2VjcmV0"])


def expiring(seconds: float) -> str:
    return jwt({"sub": "shop", "exp": int(time.time()) + seconds})


def seconds(returned: object) -> int:
    """What was measured, to ten seconds."""
    assert isinstance(returned, Measurement), returned
    assert isinstance(returned.value, float)
    assert returned.unit == "s"
    return int(round(returned.value, -1))


def judged(returned: object) -> tuple[Status, str]:
    assert isinstance(returned, CheckResult), returned
    return returned.status, returned.message


@pytest.mark.parametrize(
    "source",
    [
        lambda: expiring(3600),
        lambda: f"Bearer {expiring(3600)}\n",
        lambda: datetime.now(timezone.utc) + timedelta(hours=1),
        lambda: datetime.now(timezone(timedelta(hours=9))) + timedelta(hours=1),
        lambda: time.time() + 3600,
    ],
)
def test_it_measures_how_long_a_token_still_lives(source: object) -> None:
    assert seconds(TimeToLive(source)()) == 3600  # type: ignore[arg-type]


def test_a_token_that_expires_turns_it_and_a_new_one_mends_it() -> None:
    token = [expiring(3600)]
    check = TimeToLive(lambda: token[0])
    states = []
    for left in (3600, -120, 7200):
        token[0] = expiring(left)
        states.append((seconds(check()), check.default_judge(left).state))
    assert states == [(3600, "ok"), (-120, "critical"), (7200, "ok")]


def test_it_is_renewed_where_it_lives_no_longer_than_the_limit() -> None:
    token = [expiring(7200)]
    renewed = []

    def refresh() -> None:
        renewed.append(token[0])
        token[0] = expiring(7200)

    check = TimeToLive(lambda: token[0], refresh, "1h")
    assert seconds(check()) == 7200
    assert renewed == []
    token[0] = old = expiring(1800)
    assert seconds(check()) == 7200
    assert renewed == [old]
    assert seconds(check()) == 7200
    assert renewed == [old]


def test_a_renewal_that_fails_is_told_while_the_token_lives_and_grave_after() -> None:
    token = [expiring(600.5)]

    def refresh() -> None:
        raise ConnectionError("auth.example answered 503")

    check = TimeToLive(lambda: token[0], refresh)
    status, message = judged(check())
    assert status is Status.WARNING
    assert message.startswith(("expires in 10m;", "expires in 9m59s;"))
    assert message.endswith("it could not be renewed: ConnectionError: auth.example answered 503")
    token[0] = expiring(-120)
    status, message = judged(check())
    assert status is Status.CRITICAL
    assert message.startswith("expired 2m")
    token[0] = expiring(7200)
    assert seconds(check()) == 7200


def test_a_renewal_that_changes_nothing_is_told() -> None:
    token = expiring(600)
    status, message = judged(TimeToLive(lambda: token, lambda: None)())
    assert status is Status.WARNING
    assert message.endswith("it was renewed, and does not live longer")


def test_two_runs_at_once_renew_once() -> None:
    token, renewals = [expiring(600)], []
    begun, go_on = Event(), Event()

    def refresh() -> None:
        renewals.append(1)
        begun.set()
        go_on.wait(30)
        token[0] = expiring(7200)

    check = TimeToLive(lambda: token[0], refresh)
    first = Thread(target=check)
    first.start()
    assert begun.wait(30)
    assert seconds(check()) == 600
    go_on.set()
    first.join(30)
    assert renewals == [1]
    assert seconds(check()) == 7200


def test_a_token_that_does_not_say_when_it_expires_cannot_be_judged() -> None:
    status, message = judged(TimeToLive(lambda: jwt({"sub": "shop"}))())
    assert status is Status.UNKNOWN
    assert message == "the token has no exp: it does not say when it expires"


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("", "gave a text with 0 dots: a JWT has 2"),
        ("s3cret-opaque", "gave a text with 0 dots: a JWT has 2"),
        ("s3cret.s3cret.s3cret", "the token is no JWT: its second part is no JSON object"),
        (jwt(["s3cret"]), "the token is no JWT: its second part is no JSON object"),
        (jwt({"exp": "s3cret"}), "the token's exp is str: a JWT has seconds there"),
        (None, "the token's source gave NoneType: give a JWT, an instant or seconds"),
        (datetime(2030, 1, 1), "2030-01-01T00:00:00 has no time zone: make it aware"),
    ],
)
def test_what_is_no_token_turns_it_and_is_not_shown(given: object, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as failed:
        TimeToLive(lambda: given)()  # type: ignore[arg-type,return-value]
    assert "s3cret" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_a_source_that_fails_turns_it() -> None:
    def source() -> str:
        raise FileNotFoundError("no token at /run/token")

    with pytest.raises(FileNotFoundError, match="no token at /run/token"):
        TimeToLive(source)()


def test_what_is_no_span_of_time_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        TimeToLive(time.time, refresh_below="soon")


def test_it_can_be_given_to_another_process() -> None:
    copy = pickle.loads(pickle.dumps(TimeToLive(time.time, refresh_below="5m")))
    assert seconds(copy()) == 0
    assert copy.refresh_below == "5m"
