"""What the tests of the doctor are given: an app, and what the doctor says of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result
from tests.cli.host import Host
from tests.faulty import Behaviour, Faulty, Peer

from obskit.cli import main

Doctor = Callable[..., Result]


@contextmanager
def only_of_the_app() -> Iterator[None]:
    """What pytest and other tests did to `logging` is set aside: it would be taken for the app's."""
    known = list(logging.root.manager.loggerDict.values())
    with ExitStack() as stack:
        stack.enter_context(patch.object(logging.root, "handlers", []))
        # It would print what threads of other tests still say.
        stack.enter_context(patch.object(logging, "lastResort", None))
        stack.enter_context(patch.object(logging, "raiseExceptions", False))
        for logger in known:
            if isinstance(logger, logging.Logger):
                stack.enter_context(patch.multiple(logger, filters=[], disabled=False))
        yield


@pytest.fixture
def doctor(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs `obskit doctor`, about a service whose logs go to the folder `log`, without proxies."""
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name.upper()}_PROXY", raising=False)
    folder = tmp_path / "log"
    folder.mkdir()

    def run(*words: str, **environ: str | None) -> Result:
        given = {"OBSKIT_LOG_FOLDER": str(folder), **environ}
        arguments = ["doctor", "--app", f"{host.name}:checks", *words]
        with only_of_the_app():
            return CliRunner(env=given).invoke(main, arguments)

    return run


@pytest.fixture
def app(host: Host) -> Host:
    """An app with a check that runs each minute."""
    host.write('checks.add("rows", lambda: None, every="1m", timeout="10s")')
    return host


def by_path(answers: Mapping[str, object]) -> Behaviour:
    """A server that answers JSON or text by how a path begins, and else takes what comes."""

    def behave(peer: Peer) -> bool:
        path = peer.take().path
        found = next((body for start, body in answers.items() if path.startswith(start)), None)
        peer.answer(200, body=_written(found))
        return True

    return behave


def _written(body: object) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def base(server: Faulty) -> str:
    return f"http://127.0.0.1:{server.port}"
