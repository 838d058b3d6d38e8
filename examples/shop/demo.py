"""Runs the shop under `obskit dev`, visits it, breaks a check, and proves that nothing is missing.

python demo.py           stays up afterwards, until Ctrl-C
python demo.py --once    ends by itself: 0 when every story is whole, else 1
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from load import Sent, send
from proof import missing

from obskit.dev import Printer, Session

ROUNDS = 2
_TICK_S = 0.2


class Demo:
    """One run of the demo.

    Args:
        directory: For the shop's database.
        once: Whether to stop the shop when everything was proved.
        patience: Seconds to wait for the shop, and again for what it sends. A quick machine needs
            three in all.

    Attributes:
        problems: What is missing; None while nothing was compared.
    """

    def __init__(self, directory: Path, *, once: bool, patience: float = 60.0) -> None:
        self.problems: list[str] | None = None
        self._once = once
        self._patience = patience
        self._printer = Printer()
        self._break_file = directory / "break-the-payment-gateway"
        self._port = _free_port()
        environ = {
            **os.environ,
            "SHOP_DATA": str(directory),
            "SHOP_BREAK_FILE": str(self._break_file),
            "SHOP_CHECK_EVERY": "1s",
        }
        command = [sys.executable, "-m", "gunicorn", "--threads=4", "--log-level=warning"]
        command += [f"--bind=127.0.0.1:{self._port}", "shop:app"]
        self._session = Session(command, environ=environ, printer=self._printer)

    def run(self) -> int:
        """Run to the end and return the exit code."""
        visitor = threading.Thread(target=self._visit, daemon=True)
        visitor.start()
        code = self._session.run()
        visitor.join(_TICK_S * 5)
        if self.problems is None:
            self._printer.say(f"the shop ended with {code} before it was visited", "red")
            return 1
        return 1 if self.problems and self._once else 0

    def _visit(self) -> None:
        url = f"http://127.0.0.1:{self._port}"
        try:
            _wait_until_it_serves(self._port, self._patience)
            sent = send(url, ROUNDS)
            self._break_file.touch()
            self.problems = self._compare(sent)
            self._break_file.unlink()
        except OSError as error:
            self.problems = [f"the shop does not answer: {error}"]
        self._say_verdict()
        if self._once:
            self._session.stop()
        else:
            self._printer.say(
                f"\nThe shop is open: {url}  Try {url}/boom  Ctrl-C closes it.", "bold"
            )
            self._printer.say(f"touch {self._break_file} breaks a check.")

    def _compare(self, sent: list[Sent]) -> list[str]:
        deadline = time.monotonic() + self._patience
        while problems := missing(sent, self._session.stories):
            if time.monotonic() > deadline:
                return problems
            time.sleep(_TICK_S)
        return []

    def _say_verdict(self) -> None:
        if not self.problems:
            self._printer.say("\nEvery request that was sent has one whole story.", "bold green")
            return
        self._printer.say("\nMissing:", "bold red")
        for problem in self.problems:
            self._printer.say(f"  {problem}", "red")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_serves(port: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        try:
            connection.request("GET", "/livez")
            connection.getresponse().read()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_TICK_S)
        finally:
            connection.close()


if __name__ == "__main__":
    os.chdir(Path(__file__).parent)
    with tempfile.TemporaryDirectory(prefix="obskit-shop-") as directory:
        sys.exit(Demo(Path(directory), once="--once" in sys.argv[1:]).run())
