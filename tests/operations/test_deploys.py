"""Deploys: a release is marked once, by whoever serves it first, and told in metric and line."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.checks.given import eventually
from werkzeug.test import Client

import obskit
from obskit import Registry, default_runtime
from obskit.capture import Capture
from obskit.exceptions import StoreError
from obskit.operations.deploys import Deploys
from obskit.probes import Probes
from obskit.state.deploys import Deploy
from obskit.state.memory import MemoryStore
from obskit.state.opening import open_store
from obskit.state.store import Store
from obskit.wsgi import ObskitMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BEGAN = 1_767_225_600.0  # when the captured clock begins


def deploys(
    capture: Capture, store: Store, release: str | None = "1.4.3", *, keeps_house: bool = False
) -> Deploys:
    runtime = default_runtime.current()
    assert runtime is not None
    return Deploys(
        release=release,
        environment="production",
        store=store,
        clock=capture.clock,
        # Of its own, so that what the runtime tells of itself is not in the way.
        meter=runtime.providers.meter.get_meter("deploys"),
        keeps_house=lambda: keeps_house,
    )


def told(capture: Capture) -> list[dict[str, Any]]:
    return [line for line in capture.lines if line["logger"] == "obskit.deploy"]


def points(capture: Capture) -> list[tuple[float, dict[str, Any]]]:
    found = capture.metrics().get("obskit.deploy.timestamp", [])
    return [(point["value"], point["attributes"]) for point in found]


def test_a_release_that_serves_first_is_marked_and_told(
    obskit_capture: Capture, store: MemoryStore
) -> None:
    deploys(obskit_capture, store).serve()
    eventually(lambda: told(obskit_capture))
    (line,) = told(obskit_capture)
    assert (line["event"], line["level"]) == ("release 1.4.3 is deployed", "info")
    assert line["obskit.deploy.release"] == "1.4.3"
    assert store.deploys.latest("production") == Deploy("1.4.3", "production", BEGAN)
    assert points(obskit_capture) == [(BEGAN, {"obskit.deploy.release": "1.4.3"})]


def test_a_process_that_begins_later_marks_nothing_and_tells_when_the_first_began(
    obskit_capture: Capture, store: MemoryStore
) -> None:
    store.deploys.mark(Deploy("1.4.3", "production", 7.0), again=False)
    later = deploys(obskit_capture, store)
    later.serve()
    eventually(lambda: points(obskit_capture) == [(7.0, {"obskit.deploy.release": "1.4.3"})])
    later._see()  # its thread may not have come to it yet
    assert told(obskit_capture) == []
    assert store.deploys.latest("production") == Deploy("1.4.3", "production", 7.0)


def test_a_process_that_serves_nothing_tells_of_no_deploy(
    obskit_capture: Capture, store: MemoryStore
) -> None:
    store.deploys.mark(Deploy("1.4.3", "production", 7.0), again=False)
    deploys(obskit_capture, store)
    assert points(obskit_capture) == []


@pytest.mark.parametrize("keeps_house", [True, False])
def test_without_a_version_a_process_tells_of_deploys_where_it_keeps_house(
    obskit_capture: Capture, store: MemoryStore, keeps_house: bool
) -> None:
    store.deploys.mark(Deploy("1.4.3", "production", 7.0), again=True)
    deploys(obskit_capture, store, release=None, keeps_house=keeps_house).serve()
    assert points(obskit_capture) == [(7.0, {"obskit.deploy.release": "1.4.3"})] * keeps_house
    assert told(obskit_capture) == []


def test_what_somebody_says_is_deployed_is_marked_though_it_is_known(
    obskit_capture: Capture, store: MemoryStore
) -> None:
    store.deploys.mark(Deploy("1.4.2", "production", 7.0), again=False)
    marked = deploys(obskit_capture, store, release=None)
    assert marked.mark("1.4.2") == Deploy("1.4.2", "production", BEGAN)
    assert [line["event"] for line in told(obskit_capture)] == ["release 1.4.2 is deployed"]
    assert points(obskit_capture) == [(BEGAN, {"obskit.deploy.release": "1.4.2"})]


class Away(MemoryStore):
    """A store that cannot be used."""

    def _held(self) -> Any:
        raise StoreError("the disk is full")


def test_where_the_store_is_away_a_process_serves_all_the_same(obskit_capture: Capture) -> None:
    away = deploys(obskit_capture, Away(obskit_capture.clock))
    away._see()
    away.serve()
    assert (told(obskit_capture), points(obskit_capture)) == ([], [])


def test_where_the_store_is_away_what_somebody_says_is_told_before_it_fails(
    obskit_capture: Capture,
) -> None:
    away = deploys(obskit_capture, Away(obskit_capture.clock))
    with pytest.raises(StoreError, match="the disk is full"):
        away.mark("1.4.3")
    assert [line["event"] for line in told(obskit_capture)] == ["release 1.4.3 is deployed"]
    assert points(obskit_capture) == [(BEGAN, {"obskit.deploy.release": "1.4.3"})]


def test_the_version_that_init_was_given_is_marked_when_the_app_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/state.sqlite3"
    monkeypatch.setenv("OBSKIT_STATE_URL", url)
    obskit.init("shop", version="1.4.3", environment="production", log_format="none")

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [])
        return [b"ok"]

    client = Client(ObskitMiddleware(app, probes=Probes(Registry())))
    with closing(open_store(url, "shop")) as known:
        assert known.deploys.latest("production") is None
        client.get("/")
        eventually(lambda: known.deploys.latest("production"))
        found = known.deploys.latest("production")
        assert found is not None
        assert found.release == "1.4.3"
