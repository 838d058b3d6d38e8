"""Why people may not be told."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.cli.doctor.conftest import Doctor
from tests.cli.host import Host, kept

from obskit.state.notices import Notice
from obskit.state.store import Silence


@pytest.fixture
def secret(app: Host, tmp_path: Path) -> Path:
    """The secret of the channel that `alerts.toml` names."""
    secret = tmp_path / "hook"
    secret.write_text("https://hooks.host.com/x")
    (tmp_path / "alerts.toml").write_text(
        f'[receivers.team]\nwebhook = {{ url_file = "{secret}" }}\n[default]\nreceiver = "team"\n'
    )
    app.store.keep(kept("rows", time.time() - 30))
    return secret


def of(doctor: Doctor, tmp_path: Path) -> tuple[int, str]:
    found = doctor("alerts", "--alerts", str(tmp_path / "alerts.toml"))
    return found.exit_code, found.output


def test_a_channel_with_its_secret_and_checks_that_run_are_well(
    secret: Path, doctor: Doctor, tmp_path: Path
) -> None:
    code, told = of(doctor, tmp_path)
    assert code == 0
    assert "team/webhook has what it needs" in told
    assert "the last check, rows, ran 3" in told


def test_a_watchdog_that_nobody_hears_is_a_warning_where_metrics_leave(
    secret: Path, doctor: Doctor, tmp_path: Path
) -> None:
    file = str(tmp_path / "alerts.toml")
    found = doctor("alerts", "--alerts", file, OTEL_EXPORTER_OTLP_ENDPOINT="http://otel:4318")
    assert (
        f"WARNING alerts        {file} names nobody who hears the Watchdog: where alerts cease to come,"
        " nobody notices: name a receiver of its own there, under [watchdog] (docs/alerts.md)"
    ) in found.output
    assert found.exit_code == 0
    assert "Watchdog" not in of(doctor, tmp_path)[1]  # without metrics it has nobody to tell of it


def test_a_file_that_is_here_counts_where_none_is_named(secret: Path, doctor: Doctor) -> None:
    found = doctor("alerts")
    assert (found.exit_code, "team/webhook has what it needs" in found.output) == (0, True)


def test_a_secret_that_is_missing_is_found(secret: Path, doctor: Doctor, tmp_path: Path) -> None:
    secret.unlink()
    code, told = of(doctor, tmp_path)
    assert code == 1
    assert f"team/webhook cannot be used: {secret} cannot be read" in told


def test_a_file_that_is_missing_is_found(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    _, told = of(doctor, tmp_path)
    assert f"{tmp_path}/alerts.toml is wrong: " in told
    assert "correct it, or name it by --alerts" in told


def test_messages_that_wait_are_found_with_why(
    secret: Path, app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    at = 1_767_225_600.0
    wait = Notice("1", "team/webhook", at, "x", due=at, tries=4, why="nobody listens")
    assert app.store.notices.note("{}", 0, [wait])
    code, told = of(doctor, tmp_path)
    assert code == 1
    assert (
        "1 messages wait for team/webhook since 2026-01-01T00:00:00Z, the last try failed:"
        " nobody listens: mend that, and see: obskit notify test"
    ) in told


def test_messages_are_counted_by_their_channel(
    secret: Path, app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    at = 1_767_225_600.0
    wait = [
        Notice(str(number), channel, at, "x", due=at)
        for number, channel in enumerate(("team/webhook", "team/webhook", "data/email"))
    ]
    assert app.store.notices.note("{}", 0, wait)
    told = of(doctor, tmp_path)[1]
    assert "2 messages wait for team/webhook since 2026-01-01T00:00:00Z: mend that" in told
    assert "1 messages wait for data/email since 2026-01-01T00:00:00Z: mend that" in told


def test_a_silence_is_found_with_how_to_end_it(
    secret: Path, app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    app.store.silence(Silence("rows", time.time() + 60, "we mend it", "ada", time.time()))
    code, told = of(doctor, tmp_path)
    assert code == 1
    assert "nobody is told of rows: it is silenced until" in told
    assert "by ada: we mend it: obskit check silence --end rows" in told


def test_checks_that_run_no_more_are_found(
    secret: Path, app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    app.write('checks.add("rows", lambda: None, every="1s", timeout="1s")')
    code, told = of(doctor, tmp_path)
    assert code == 1
    assert "nothing runs them: start the service, or see to its cron" in told


@pytest.mark.parametrize(("minutes", "code"), [(125, 0), (140, 1)])
def test_checks_run_no_more_when_two_runs_and_the_time_of_one_are_missing(
    secret: Path, app: Host, doctor: Doctor, tmp_path: Path, minutes: int, code: int
) -> None:
    app.write('checks.add("hourly", lambda: None, every="1h", timeout="10m")')
    app.store.keep(kept("hourly", time.time() - minutes * 60))
    assert of(doctor, tmp_path)[0] == code


def test_the_check_that_ran_last_tells_whether_any_runs(
    secret: Path, app: Host, doctor: Doctor, tmp_path: Path
) -> None:
    app.write(
        """
        for name in ("old", "rows", "older"):
            checks.add(name, lambda: None, every="1m", timeout="10s")
        """
    )
    for name in ("old", "older"):
        app.store.keep(kept(name, time.time() - 7_200))
    code, told = of(doctor, tmp_path)
    assert (code, "the last check, rows, ran 3" in told) == (0, True)


def test_checks_that_never_ran_are_found(app: Host, doctor: Doctor, tmp_path: Path) -> None:
    assert "no check has run: start the service" in of(doctor, tmp_path)[1]


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"},
        {"OTEL_METRICS_EXPORTER": "prometheus"},
    ],
    ids=["sent", "scraped"],
)
def test_without_a_file_people_may_hear_by_alertmanager(
    app: Host, doctor: Doctor, environ: dict[str, str]
) -> None:
    told = doctor("alerts", **environ).output
    assert (
        "OK      alerts        alerts.toml is not here: who hears is Alertmanager's to say" in told
    )


def test_without_a_file_and_without_metrics_nobody_is_told(app: Host, doctor: Doctor) -> None:
    told = doctor("alerts").output
    assert (
        "WARNING alerts        nobody is told: alerts.toml is not here, and no metrics leave"
        in told
    )


def test_without_checks_none_has_to_run(app: Host, doctor: Doctor) -> None:
    app.write("")
    found = doctor("alerts")
    assert (found.exit_code, "no check is declared" in found.output) == (0, True)
