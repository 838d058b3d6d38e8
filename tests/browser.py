"""A real browser without a window, as a driver of the WebDriver protocol moves it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

_PATIENCE = 60.0


class Browser:
    """One window.

    Args:
        port: Where the driver answers.
        session: The path of the window's session.
    """

    def __init__(self, port: int, session: str) -> None:
        self._port = port
        self._session = session

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is loaded."""
        _ask(self._port, "POST", f"{self._session}/url", {"url": url})

    def run(self, script: str) -> Any:
        """What a function with this body gives."""
        return _ask(
            self._port, "POST", f"{self._session}/execute/sync", {"script": script, "args": []}
        )

    def click(self, selector: str) -> None:
        """Click on an element, as a hand does."""
        wanted = {"using": "css selector", "value": selector}
        found = _ask(self._port, "POST", f"{self._session}/element", wanted)
        (number,) = found.values()
        _ask(self._port, "POST", f"{self._session}/element/{number}/click", {})


def is_there() -> bool:
    """Whether the browser and its driver are installed."""
    return all(shutil.which(program) for program in ("chromium", "chromedriver"))


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """A browser while the block lasts.

    Args:
        folder: Where it keeps what it wants to keep.
    """
    log = folder / "chromedriver.log"
    driver = subprocess.Popen(
        ["chromedriver", "--port=0", f"--log-path={log}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        port = _port(driver)
        options = {"args": ["--headless=new", "--no-sandbox", f"--user-data-dir={folder}/profile"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        made = _ask(port, "POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        session = f"/session/{made['sessionId']}"
        try:
            yield Browser(port, session)
        finally:
            _ask(port, "DELETE", session, None)
    finally:
        driver.terminate()
        driver.wait(_PATIENCE)
        assert driver.stdout is not None
        driver.stdout.close()


def _port(driver: subprocess.Popen[str]) -> int:
    """Where it says that it answers."""
    assert driver.stdout is not None
    deadline = time.monotonic() + _PATIENCE
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.rstrip(".\n").rpartition(" ")[2])
        assert time.monotonic() < deadline
    raise AssertionError(f"chromedriver ended with {driver.wait()}")


def _ask(port: int, method: str, path: str, given: Any) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        body = None if given is None else json.dumps(given)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
    finally:
        connection.close()
    assert not (isinstance(value, dict) and "error" in value), value
    return value
