"""How soon the status page of 500 checks is seen: `python -m benchmarks.painting`.

A Uvicorn serves the page of a service with many checks, each with a past. Chromium loads it again and again: the
first page of a process, which also compiles the templates; the page made anew from the store, as for the first who
looks; as it is kept for those who look beside them; and, for what the machine itself takes, a page of one word.
Each in a new window with an empty cache, and in one that has shown it before, as an operator's has. Medians are told,
and beside them the CPU time of the server and of the browser's main thread: what else runs on the machine changes it
less than the time that passes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from playwright.sync_api import Browser, sync_playwright
from tests.pages.chromium import launched
from tests.processes.server import free_port

from obskit.state.opening import open_store
from obskit.state.store import Run

#: What the first paint may take in a window that has shown the page before, milliseconds.
LIMIT = 100.0
_RUNS = 30
_SERVICE = """
from fastapi import FastAPI
import obskit
import obskit.fastapi
from obskit import above
from obskit.console import Console, Viewer
from obskit.console.asgi import Application
from obskit.registry import default_registry

obskit.init("shop", log_format="none")
for number in range({checks}):
    name, group = f"check-{{number:03}}", f"group-{{number % 8}}"
    judge = above(warning=40, critical=50)
    default_registry.add(name, lambda: 3, every="1h", group=group, owner="data", judge=judge)


def made():
    return Application(Console(access=lambda scope: Viewer("ann", may_act=True)))


kept = made()


async def anew(scope, receive, send):
    page = made() if scope["path"] == "/anew/" else kept
    await page(scope, receive, send)


app = FastAPI()
obskit.fastapi.init_app(app)
app.mount("/kept", kept)
app.mount("/anew", anew)
app.get("/word")(lambda: "word")
"""
_PAGES = {"made anew": "/anew/", "kept": "/kept/", "one word": "/word"}
_PAINTED = """() => new Promise(done => new PerformanceObserver(list => {
  const [paint] = list.getEntriesByName('first-contentful-paint')
  const [load] = performance.getEntriesByType('navigation')
  if (paint) done([load.responseStart - load.requestStart, paint.startTime])
}).observe({type: 'paint', buffered: true}))"""


def _remember(url: str, checks: int) -> None:
    store, now = open_store(url, "shop"), time.time()
    for number in range(checks * _RUNS):
        name, started = f"check-{number % checks:03}", now - 60.0 * (_RUNS - number // checks)
        state, value = "ok", float(number * 7 % 31)
        run = Run(name, state, state, now - 3_600, started, 1, value, "", "", {}, (), started, 0.01)
        store.keep(run)
    store.close()


@contextmanager
def _served(folder: str, state: str) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "error"]
    environ = {"OBSKIT_STATE_URL": state, "OBSKIT_RUN_DIR": folder, "OBSKIT_CONSOLE": "true"}
    bound = [*command, "--port", str(port), "service:app"]
    with subprocess.Popen(bound, cwd=folder, env=environ) as server:
        try:
            _await(f"http://127.0.0.1:{port}/word")
            yield f"http://127.0.0.1:{port}", psutil.Process(server.pid)
        finally:
            server.kill()


def _await(url: str) -> None:
    for _ in range(600):
        try:
            urlopen(url, timeout=60).close()
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def _loaded(
    browser: Browser, url: str, server: psutil.Process, *, again: bool = False
) -> tuple[float, ...]:
    """To the first byte, to the first paint, and the CPU time of server and browser: milliseconds."""
    with browser.new_context() as context:
        page = context.new_page()
        if again:
            page.goto(url)
            page.evaluate(_PAINTED)
        before = server.cpu_times()
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(url)
        byte, paint = page.evaluate(_PAINTED)
        told = session.send("Performance.getMetrics")["metrics"]
        page.goto("about:blank")
    after = server.cpu_times()
    served = 1_000 * (after.user + after.system - before.user - before.system)
    drawn = 1_000 * next(each["value"] for each in told if each["name"] == "TaskDuration")
    return byte, paint, served, drawn


def _measured(starts: int, loads: int, checks: int) -> dict[str, list[tuple[float, ...]]]:
    took: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        (Path(folder) / "service.py").write_text(_SERVICE.format(checks=checks))
        state = f"sqlite:///{folder}/state.db"
        _remember(state, checks)
        browser = launched(playwright)
        for _ in range(starts):
            with _served(folder, state) as (url, server):
                _loaded(browser, f"{url}/word", server)
                took["the first of a process"].append(_loaded(browser, f"{url}/kept/", server))
                for _ in range(loads):
                    for name, path in _PAGES.items():
                        for window, again in (("", False), (", shown before", True)):
                            if name == "kept":
                                urlopen(url + path).close()  # who looks beside others
                            seen = _loaded(browser, url + path, server, again=again)
                            took[name + window].append(seen)
    return took


def main() -> int:
    """Measure, and say whether it is soon enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checks", type=int, default=500)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--loads", type=int, default=10)
    given = parser.parse_args()
    took = _measured(given.starts, given.loads, given.checks)
    print("| ms | first byte | first paint | CPU, server | CPU, browser | loads |")
    print("|---|---|---|---|---|---|")
    for name, loads in took.items():
        told = [f"{median(each):.0f}" for each in zip(*loads, strict=True)]
        print(f"| {name} | {' | '.join(told)} | {len(loads)} |")
    found = max(
        median(paint for _, paint, *_ in took[f"{name}, shown before"])
        for name in ("made anew", "kept")
    )
    busy = psutil.getloadavg()[0] / (psutil.cpu_count() or 1)
    print(
        f"shown before {found:.0f} ms, at most {LIMIT:.0f} ms; {busy:.1f} processes wanted each core"
    )
    return 0 if found <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
