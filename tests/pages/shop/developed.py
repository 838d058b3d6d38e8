"""The shop and its depot as `obskit dev` sees them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.config.child import environment
from tests.processes.server import Server, free_port

_DEV = (sys.executable, "-m", "obskit", "dev", "--port")
_FLASK = (sys.executable, "-m", "flask", "--app", "tests.pages.shop.flask_shop", "run", "--port")
_ROOT = Path(__file__).parents[3]


class Developed:
    """Two services that `obskit dev` receives from.

    Args:
        url: The link that it printed.
        shop: Where the shop answers.
    """

    def __init__(self, url: str, shop: int) -> None:
        self.url = url
        self._shop = shop

    def ask(self, path: str, status: int = 200) -> str:
        """Ask the shop, which answers with a status, and give the id of the request."""
        try:
            answer = urlopen(f"http://127.0.0.1:{self._shop}{path}", timeout=60)
        except HTTPError as error:
            answer = error
        with answer:
            assert answer.status == status, answer.read()
            return str(answer.headers["X-Request-ID"])


@contextmanager
def developed(folder: Path) -> Iterator[Developed]:
    """Run `obskit dev -- flask run` with the shop; the depot sends to it as well.

    Args:
        folder: Where they run.
    """
    dev, shop, depot = free_port(), free_port(), free_port()
    variables = {
        "PYTHONPATH": str(_ROOT),
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
        "OTEL_METRIC_EXPORT_INTERVAL": "2000",
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "",
        "DEPOT": f"http://127.0.0.1:{depot}",
    }
    commanded = [*_DEV, str(dev), "--", *_FLASK, str(shop)]
    with _running(commanded, shop, variables, folder / "shop") as server:
        link = re.search(r"in the browser: (\S+)", server.output)
        assert link, server.output
        variables |= {
            "NAME": "depot",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{dev}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        }
        with _running([*_FLASK, str(depot)], depot, variables, folder / "depot"):
            yield Developed(link[1], shop)


@contextmanager
def _running(
    command: Sequence[str], port: int, variables: Mapping[str, str], folder: Path
) -> Iterator[Server]:
    folder.mkdir()
    (folder / "orphans").write_text("order 17\norder 23\n")
    stored = {"OBSKIT_STATE_URL": f"sqlite:///{folder}/state.db", **variables}
    server = Server(command, port, environment(stored, folder), folder)
    try:
        server.wait()
        yield server
        server.end()
    finally:
        server.kill()
