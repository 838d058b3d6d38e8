"""One stack of real backends for all end-to-end tests, and the table of how long each hop took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .build import missing
from .shop import Shop
from .stack import Stack

HOPS: list[tuple[str, float]] = []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Programs that tests run are no modules to look for doctests in."""
    if collection_path.suffix == ".py" and not collection_path.name.startswith("test_"):
        return True
    return None


@pytest.fixture(scope="session", autouse=True)
def backends_are_built() -> None:
    """Say what to do instead of failing in every test."""
    if absent := missing():
        pytest.exit(f"run `python -m tests.e2e.build` first; missing: {', '.join(absent)}", 1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Every backend, up for as long as the tests run."""
    began = time.monotonic()
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        running.start_all()
        HOPS.append(("all backends started and ready", time.monotonic() - began))
        yield running


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack that a test may break; nothing of it is started yet."""
    with Stack(tmp_path) as own:
        yield own


@pytest.fixture
def shop(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """The example shop in two workers, in an environment of this test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60]
    with Shop(stack, name, tmp_path) as running:
        yield running


@pytest.fixture
def hop() -> Callable[[str, float], None]:
    """Note how long a hop took since a moment of the monotonic clock."""

    def note(name: str, since: float) -> None:
        HOPS.append((name, time.monotonic() - since))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the hops in the order in which they were seen."""
    if not HOPS:
        return
    terminalreporter.section("how long each hop took")
    width = max(len(name) for name, _ in HOPS)
    for name, seconds in HOPS:
        terminalreporter.write_line(f"{name:<{width}}  {seconds:6.2f} s")
