"""`OBSKIT = {…}`, in projects of their own: Django reads its settings once a process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.config.child import Ended, run

PROJECT = """
import json, sys, django
from django.conf import settings
import obskit
from obskit import default_runtime
from obskit.exceptions import ConfigError

BEFORE
settings.configure(INSTALLED_APPS=["obskit.django"], **json.loads('GIVEN'))
try:
    django.setup()
except ConfigError as error:
    print(json.dumps(error.problems))
else:
    found = default_runtime.current().config
    print(json.dumps([found.service, found.environment, found.logs.endpoint]))
"""


def start(
    folder: Path, *, before: str = "", environ: dict[str, str] | None = None, **given: object
) -> Ended:
    """What becomes of a project with these settings."""
    script = PROJECT.replace("BEFORE", before).replace("GIVEN", json.dumps(given))
    return run(script, environ or {}, folder)


def test_the_options_of_init_are_taken_by_their_names(tmp_path: Path) -> None:
    own = {"service": "shop", "environment": "live", "endpoint": "http://127.0.0.1:9"}
    brief = {"OBSKIT_SHUTDOWN_TIMEOUT": "1"}  # nobody listens there
    ended = start(tmp_path, environ=brief, OBSKIT={**own, "prefix": "/-", "slow_query": "200ms"})
    assert ended.answer == ["shop", "live", "http://127.0.0.1:9/v1/logs"]


def test_without_settings_the_environment_says_it_all(tmp_path: Path) -> None:
    ended = start(tmp_path, environ={"OTEL_SERVICE_NAME": "basket"})
    assert ended.answer[0] == "basket"


def test_a_host_that_has_called_init_by_itself_keeps_it(tmp_path: Path) -> None:
    ended = start(tmp_path, before='obskit.init("own", environment="live")')
    assert ended.answer[:2] == ["own", "live"]


def test_every_wrong_value_is_told_at_once_by_its_place(tmp_path: Path) -> None:
    given = {
        "servce": "shop",
        "sampling": "often",
        "log_level": "LOUD",
        "endpoint": "nowhere",
        "prefix": "ops",
        "aliases": {"/up": "alive"},
        "health_access": "shop.access.may_see",
        "slow_query": "soon",
    }
    told = start(tmp_path, OBSKIT=given).answer
    assert [problem.split(" ")[0] for problem in told] == [
        'OBSKIT["servce"]',
        'OBSKIT["sampling"]',
        'OBSKIT["prefix"]',
        'OBSKIT["aliases"]',
        'OBSKIT["health_access"]',
        'OBSKIT["slow_query"]',
        'OBSKIT["log_level"]',
        'OBSKIT["endpoint"]',
    ]
    assert told[0] == 'OBSKIT["servce"] is not an option: did you mean OBSKIT["service"]?'
    assert told[1] == 'OBSKIT["sampling"] is not an option: remove it'
    assert told[2] == (
        "OBSKIT[\"prefix\"] is 'ops': the prefix is 'ops': begin it with a slash, or leave it out"
    )


@pytest.mark.parametrize("given", [["service"], "shop", 7])
def test_what_is_no_dictionary_is_refused(given: object, tmp_path: Path) -> None:
    (told,) = start(tmp_path, OBSKIT=given).answer
    assert told == f"OBSKIT is a {type(given).__name__}: use a dictionary of options"


def test_what_is_wrong_in_the_environment_is_told_by_its_own_name(tmp_path: Path) -> None:
    (told,) = start(
        tmp_path, environ={"OBSKIT_SHUTDOWN_TIMEOUT": "never"}, OBSKIT={"service": "shop"}
    ).answer
    assert "OBSKIT_SHUTDOWN_TIMEOUT" in told
    assert 'OBSKIT["' not in told
