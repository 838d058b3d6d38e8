"""`obskit deploy`: who gets to know that a release is deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from tests.cli.host import Host
from tests.config.receiver import Receiver, attributes
from tests.notify.hook import Hook

from obskit.cli import main
from obskit.state.deploys import Deploy
from obskit.state.opening import open_store

pytest.importorskip("apprise")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


def run(*arguments: str, **environ: str) -> Result:
    given = ["deploy", "--service", "shop", *arguments]
    return CliRunner(env=environ).invoke(main, given)


def kept(host: Host, environment: str = "") -> Deploy | None:
    store = open_store(f"sqlite:///{host.folder}/state/state.sqlite3", "shop")
    try:
        return store.deploys.latest(environment)
    finally:
        store.close()


def hearing(host: Host, url: str) -> None:
    text = f'[receivers.team]\nwebhook = {{url = "{url}"}}\n[default]\nreceiver = "team"\n'
    (host.folder / "alerts.toml").write_text(text)


def test_the_processes_of_the_service_know_of_it(host: Host) -> None:
    result = run("--release", "1.4.3", "--environment", "production")
    made = kept(host, "production")
    assert made is not None
    assert made.release == "1.4.3"
    assert result.exit_code == 0
    assert result.output.startswith("release 1.4.3 of shop is deployed, 20")
    assert result.output.endswith("Z\n")


def test_a_log_record_and_a_metric_leave(host: Host, receiver: Receiver) -> None:
    result = run("--release", "1.4.3", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url)
    assert (result.exit_code, result.stderr) == (0, "")
    made = kept(host)
    assert made is not None
    record = receiver.records()["release 1.4.3 is deployed"]
    assert record.event_name == "obskit.deploy"
    assert attributes(record.attributes)["obskit.deploy.release"] == "1.4.3"
    assert record.time_unix_nano // 1_000_000 == int(made.began * 1_000)
    (point,) = receiver.metrics()["obskit.deploy.timestamp"].gauge.data_points
    assert point.as_double == made.began
    assert attributes(point.attributes) == {"obskit.deploy.release": "1.4.3"}


def test_grafana_has_an_annotation_that_its_token_allows(host: Host, receiver: Receiver) -> None:
    (host.folder / "token").write_text("glsa_made-up\n")
    grafana = ["--grafana", f"{receiver.url}/grafana", "--grafana-token", "token"]
    result = run("--release", "1.4.3", "--environment", "production", *grafana)
    assert (result.exit_code, result.stderr) == (0, "")
    made = kept(host, "production")
    assert made is not None
    (request,) = receiver.requests
    assert request.path == "/grafana/api/annotations"
    assert request.headers["authorization"] == "Bearer glsa_made-up"
    assert json.loads(request.body) == {
        "time": round(made.began * 1_000),
        "tags": ["deploy", "shop", "production"],
        "text": "shop 1.4.3 is deployed",
    }


def test_a_grafana_that_refuses_is_told_and_the_rest_is_done(host: Host, hook: Hook) -> None:
    (host.folder / "token").write_text("glsa_made-up\n")
    hook.status = 401
    base = hook.url.removesuffix("/hook")
    result = run("--release", "1.4.3", "--grafana", base, "--grafana-token", "token")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Grafana has no annotation: {base}/api/annotations answered 401:"
        " has the token expired, or may it not write?\n"
    )
    assert kept(host) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "--grafana-token token cannot be read: No such file or directory"),
        ("", "--grafana-token token holds no token: write it in one line, and only it"),
        ("one\ntwo", "--grafana-token token holds no token: write it in one line, and only it"),
    ],
    ids=["no file", "an empty file", "two lines"],
)
def test_without_a_token_nothing_is_marked(
    host: Host, receiver: Receiver, text: str | None, told: str
) -> None:
    if text is not None:
        (host.folder / "token").write_text(text)
    result = run("--release", "1.4.3", "--grafana", receiver.url, "--grafana-token", "token")
    assert (result.exit_code, result.stderr) == (4, f"Error: {told}\n")
    assert (kept(host), receiver.requests) == (None, [])


def test_people_are_told_when_that_is_asked_for(host: Host, hook: Hook) -> None:
    hearing(host, hook.url)
    result = run("--release", "1.4.3", "--environment", "production", "--notify")
    assert (result.exit_code, hook.titles) == (0, ["[DEPLOY] shop (production): 1.4.3"])
    assert hook.messages[0]["message"].startswith("Release 1.4.3 is deployed.\n\nshop (production)")
    assert "'[DEPLOY] shop (production): 1.4.3' was taken" in result.stderr


def test_people_are_not_told_unless_that_is_asked_for(host: Host, hook: Hook) -> None:
    hearing(host, hook.url)
    assert run("--release", "1.4.3").exit_code == 0
    assert hook.tried == 0


def test_a_message_that_is_not_taken_waits_for_the_next_try(host: Host, hook: Hook) -> None:
    hearing(host, hook.url)
    hook.status = 503
    result = run("--release", "1.4.3", "--notify")
    assert result.exit_code == 1
    assert "team/webhook has not taken the message" in result.stderr
    store = open_store(f"sqlite:///{host.folder}/state/state.sqlite3", "shop")
    (waiting,) = store.notices.waiting()
    store.close()
    assert (waiting.channel, waiting.tries) == ("team/webhook", 1)
    assert "[DEPLOY] shop: 1.4.3" in waiting.body


def test_what_keeps_incidents_opens_none_for_a_deploy(host: Host, hook: Hook) -> None:
    (host.folder / "key").write_text("a" * 32)
    (host.folder / "alerts.toml").write_text(
        f'[receivers.team]\nwebhook = {{url = "{hook.url}"}}\n'
        f'pagerduty = {{routing_key_file = "{host.folder}/key"}}\n[default]\nreceiver = "team"\n'
    )
    result = run("--release", "1.4.3", "--notify")
    assert (result.exit_code, hook.titles) == (0, ["[DEPLOY] shop: 1.4.3"]), result.stderr
    assert "pagerduty" not in result.stderr


def test_what_was_noted_of_problems_is_kept(host: Host, hook: Hook) -> None:
    hearing(host, hook.url)
    store = open_store(f"sqlite:///{host.folder}/state/state.sqlite3", "shop")
    store.notices.note('{"of": "problems"}', 0)
    assert run("--release", "1.4.3", "--notify").exit_code == 0
    assert store.notices.noted().text == '{"of": "problems"}'
    store.close()


@pytest.mark.parametrize("release", ["", " ", "1\n2", "x" * 201])
def test_what_is_no_release_is_refused(host: Host, release: str) -> None:
    result = run("--release", release)
    assert result.exit_code == 4
    assert "is no release: write what the service calls its version" in result.stderr
    assert kept(host) is None


def test_a_deploy_is_of_a_service(host: Host) -> None:
    result = CliRunner().invoke(main, ["deploy", "--release", "1.4.3"])
    assert (result.exit_code, result.stderr) == (
        4,
        "Error: which service is deployed? Give --service, or set OTEL_SERVICE_NAME\n",
    )


def test_where_state_cannot_be_kept_the_record_leaves_all_the_same(
    host: Host, receiver: Receiver
) -> None:
    (host.folder / "file").write_text("")
    result = run(
        "--release",
        "1.4.3",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OBSKIT_STATE_URL=f"sqlite:///{host.folder}/file/state.sqlite3",
    )
    assert result.exit_code == 1
    assert "the processes of the service do not know of it: " in result.stderr
    assert receiver.records()["release 1.4.3 is deployed"].event_name == "obskit.deploy"
