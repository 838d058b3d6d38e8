"""What the status page costs a host while many watch it: `python -m benchmarks.viewers`.

One Uvicorn serves nothing but the page of a service with many checks; each viewer keeps its stream open,
and loads the page again when it is told to, as a browser does. The CPU time of the server is told with
nobody and with all of them, as a share of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
from tests.processes.server import free_port

#: The share of a core that those who watch may cost.
LIMIT = 0.05
_SERVICE = """
import obskit
from obskit import check
from obskit.console import Console, Viewer
from obskit.console.asgi import Application
from obskit.asgi import ObskitMiddleware
from obskit.probes import Probes
from obskit.registry import default_registry

obskit.init("shop", log_format="none")
for number in range(int({checks})):
    default_registry.add(f"check-{{number:03}}", lambda: 3, every="1m", group=f"g{{number % 8}}")
page = Application(Console(access=lambda scope: Viewer("ann")))
app = ObskitMiddleware(page, probes=Probes(default_registry))
"""


async def _ask(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    return reader, writer


async def _watch(port: int, loads: list[int]) -> None:
    """As the page's own script."""
    while True:
        reader, writer = await _ask(port, "/events")
        seen = b""
        with suppress(ConnectionError):
            while line := await reader.readline():
                if line.startswith(b"data: ") and line != seen:
                    seen = line
                    await asyncio.sleep(random.random())
                    page, closing = await _ask(port, "/")
                    loads.append(len(await page.read()))
                    closing.close()
        writer.close()


async def _load(port: int, viewers: int, seconds: float) -> list[int]:
    loads: list[int] = []
    tasks = [asyncio.ensure_future(_watch(port, loads)) for _ in range(viewers)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return loads


def _share(server: psutil.Process, port: int, viewers: int, seconds: float) -> tuple[float, int]:
    asyncio.run(_load(port, viewers, 3.0))  # what is made once
    before, began = server.cpu_times(), time.monotonic()
    loads = asyncio.run(_load(port, viewers, seconds))
    after, took = server.cpu_times(), time.monotonic() - began
    return (after.user + after.system - before.user - before.system) / took, len(loads)


def main() -> int:
    """Measure, and say whether it is little enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--checks", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "service.py").write_text(_SERVICE.format(checks=given.checks))
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "--no-access-log", "--port", str(port)]
        environ = {"OBSKIT_STATE_URL": f"sqlite:///{folder}/state", "OBSKIT_RUN_DIR": folder}
        with subprocess.Popen([*command, "service:app"], cwd=folder, env=environ) as server:
            process = psutil.Process(server.pid)
            time.sleep(5)
            nobody, _ = _share(process, port, 0, given.seconds)
            all_of_them, loads = _share(process, port, given.viewers, given.seconds)
            server.terminate()
    cost = all_of_them - nobody
    print(f"nobody {nobody:.1%} of a core, {given.viewers} viewers {all_of_them:.1%}")
    print(f"they cost {cost:.1%}, at most {LIMIT:.0%}; {loads} pages loaded")
    return 0 if cost <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
