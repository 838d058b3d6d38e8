"""The page of a real `obskit dev`, with real services behind it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

DEV = [sys.executable, "-m", "obskit", "dev"]
FLASK = [sys.executable, "-m", "flask", "--app", "two_services", "run", "--port"]
HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def get(url: str) -> str:
    """Return what is at a URL, whatever its status, as soon as somebody answers there."""
    for _ in range(600):
        try:
            with urlopen(url, timeout=60) as answer:
                body: bytes = answer.read()
                return body.decode()
        except HTTPError as error:
            return error.read().decode()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nobody answers at {url}")


def page_with(url: str, what: str) -> str:
    """Return a page as soon as it shows something: telemetry takes a moment."""
    page = ""
    for _ in range(600):
        page = get(url)
        if what in page:
            return page
        time.sleep(0.1)
    raise AssertionError(f"{what!r} is not shown: {page}")


@contextmanager
def running(command: list[str], **environ: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=HERE,
        env={**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "100", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def said(process: subprocess.Popen[str], lines: int) -> str:
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(lines))


def link(text: str) -> str:
    found = re.search(r"in the browser: (\S+)", text)
    assert found, text
    return found[1]


def story_of(page: str, title: str) -> str:
    """Return the address of a story, within the page."""
    found = re.search(rf'href="[^"]*/(story\?number=\d+)">{re.escape(title)}<', page)
    assert found, page
    return found[1]


def test_a_request_of_a_service_that_obskit_dev_runs_is_shown_and_streamed() -> None:
    pytest.importorskip("flask")
    port = free_port()
    with running([*DEV, "--", *FLASK, str(port)], NAME="shop") as dev:
        url = link(said(dev, 2))
        assert get(f"http://127.0.0.1:{port}/stock/4") == "in stock"
        # The parts of a story come one after the other.
        page = page_with(url, "N+1: ×4</strong>, 1 line")
        story = get(url + story_of(page, "GET /stock/4"))
        assert "N+1: ×4" in story
        assert "stock.low" in story
        with urlopen(f"{url}events?after=0", timeout=60) as stream:
            while "GET /stock/4" not in stream.readline().decode():
                pass
        assert "Internal Server Error" in get(f"http://127.0.0.1:{port}/boom")
        failed = page_with(f"{url}?status=5xx", "GET /boom")
        story = page_with(url + story_of(failed, "GET /boom"), "KeyError")
        assert "return basket[&#34;price&#34;]" in story


def test_a_trace_across_two_services_is_one_story() -> None:
    pytest.importorskip("flask")
    front, back = str(free_port()), str(free_port())
    with running([*DEV, "--port", "0"]) as dev:
        told = said(dev, 6)
        url = link(told)
        environ = dict(re.findall(r"export (\w+)=(\S+)", told))
        environ["BACK"] = f"http://127.0.0.1:{back}"
        with running([*FLASK, back], NAME="depot", **environ):
            with running([*FLASK, front], NAME="shop", **environ):
                assert get(f"{environ['BACK']}/stock/1") == "in stock"
                assert get(f"http://127.0.0.1:{front}/orders/3") == "in stock"
        page = page_with(f"{url}?service=depot&route=%2Forders", "N+1: ×3</strong>, 2 lines")
        story = get(url + story_of(page, "GET /orders/3"))
    rows = unescape(re.sub(r"<dl.*?</dl>|<[^>]*>", " ", story, flags=re.DOTALL))
    order = [
        rows.index(part)
        for part in (
            "across shop, depot",
            "GET /orders/<int:number>",
            "order.wanted",
            "GET /stock/<int:number>",
            "N+1: ×3",
            "stock.low",
        )
    ]
    assert order == sorted(order)


def test_another_sender_that_posts_garbage_is_told_and_shown() -> None:
    with running([*DEV, "--port", "0"]) as dev:
        told = said(dev, 6)
        endpoint = dict(re.findall(r"export (\w+)=(\S+)", told))["OTEL_EXPORTER_OTLP_ENDPOINT"]
        with pytest.raises(HTTPError, match="415"):
            urlopen(f"{endpoint}/v1/traces", b"garbage", timeout=60)
        page = get(f"{link(told)}loose")
        assert "/v1/traces with 415: send application/x-protobuf or application/json" in page
        assert "refused: 1" in get(link(told))
