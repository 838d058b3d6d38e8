"""What the doctor says of a journey, and what a server was asked."""

from __future__ import annotations

import re

from tests.faulty import Faulty, Request


def lines(output: str) -> list[str]:
    shown = re.sub(r"\d+\.\d\d s\b", "T", output)
    return [line.removeprefix("OK      journey       ") for line in shown.splitlines()]


def only(server: Faulty, path: str) -> Request:
    (request,) = [one for one in server.requests if one.path == path]
    return request
