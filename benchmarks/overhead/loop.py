"""The request path without a server: a WSGI app called in a tight loop, each case in its own process.

The processes take turns. Each one's CPU counts with all its threads, from the end of its last turn:
what it sends in between is its own.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.overhead import environments, server
from benchmarks.overhead.collection import collection
from benchmarks.overhead.contenders import CONTENDERS

#: Requests of a turn: fewer spans and lines than a queue holds, so that nothing is dropped.
BLOCK = 400
OURS = next(each for each in CONTENDERS if each.name == "obskit-no-sentry")

Application = Callable[[dict[str, Any], Any], Any]


def environ(number: int) -> dict[str, Any]:
    """A request as a server would hand it over."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/orders/{number}",
        "QUERY_STRING": f"page={number % 7}",
        "SERVER_NAME": "shop.example",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": "shop.example:8080",
        "HTTP_USER_AGENT": "load/1",
        "HTTP_ACCEPT": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def ask(app: Application, count: int) -> None:
    """Call the app as a server does."""

    def start(_status: str, _headers: Any, _failure: Any = None) -> Callable[[bytes], object]:
        return sys.stdout.buffer.write

    for number in range(count):
        response = app(environ(number), start)
        for _ in response:
            pass
        close = getattr(response, "close", None)
        if close is not None:
            close()


def _bare() -> Application:
    from flask import Flask, jsonify

    app = Flask("shop")
    app.add_url_rule(
        "/orders/<int:number>", view_func=lambda number: jsonify(id=number), endpoint="order"
    )
    return app


def _contrib() -> Application:
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    app: Any = _bare()
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app,
        tracer_provider=TracerProvider(),
        meter_provider=MeterProvider(metric_readers=[InMemoryMetricReader()]),
    )
    return app  # type: ignore[no-any-return]


def _obskit() -> Application:
    import obskit
    import obskit.flask

    obskit.init("shop")
    return obskit.flask.init_app(_bare())  # type: ignore[arg-type]


def _obskit_lines() -> Application:
    import obskit

    app: Any = _obskit()
    log = obskit.get_logger("shop")

    def order(number: int) -> dict[str, int]:
        log.info("order.reading", order=number)
        log.info("order.read", order=number, total=number / 4)
        return {"id": number}

    app.view_functions["order"] = order
    return app  # type: ignore[no-any-return]


CASES: dict[str, Callable[[], Application]] = {
    "bare": _bare,
    "contrib Flask alone": _contrib,
    "obskit, all signals": _obskit,
    "obskit, with two lines of the app": _obskit_lines,
}


def serve(case: str) -> None:
    """The process of one case: a turn for each line of standard input."""
    app = CASES[case]()
    ask(app, BLOCK)
    before = time.process_time()
    for line in sys.stdin:
        ask(app, int(line))
        if case.startswith("obskit"):
            import obskit

            if not obskit.flush(10):
                raise SystemExit("not everything was sent")
        now = time.process_time()
        print(json.dumps(now - before), flush=True)
        before = now


@contextmanager
def process(case: str, sink: str, folder: Path) -> Iterator[Callable[[], float]]:
    """Start a case; what is given takes a turn and tells its seconds of CPU."""
    command = [environments.python("obskit"), "-m", "benchmarks.overhead.loop", case]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=server.variables(OURS, sink, folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:

        def turn() -> float:
            assert child.stdin is not None
            assert child.stdout is not None
            print(BLOCK, file=child.stdin, flush=True)
            return float(json.loads(child.stdout.readline()))

        yield turn


def measure(rounds: int) -> dict[str, list[float]]:
    """Microseconds a request of each case above the bare app, for each round."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sink = stack.enter_context(collection(["loop"])).address("loop")
        turns = {case: stack.enter_context(process(case, sink, folder)) for case in CASES}
        taken: dict[str, list[float]] = {case: [] for case in CASES}
        for number in range(rounds + 2):
            for case, turn in turns.items():
                seconds = turn()
                if number > 1:  # the first turns warm up
                    taken[case].append(seconds / BLOCK * 1e6)
    return {
        case: [own - bare for own, bare in zip(each, taken["bare"], strict=True)]
        for case, each in taken.items()
        if case != "bare"
    }


def ratio(rounds: int = 24) -> float:
    """What obskit takes with all signals, of what the contrib Flask instrumentation takes alone."""
    medians = {case: statistics.median(each) for case, each in measure(rounds).items()}
    for case, above in medians.items():
        print(f"{case:<40} {above:6.1f} µs above bare", file=sys.stderr)
    return medians["obskit, all signals"] / medians["contrib Flask alone"]


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1])
    else:
        print(f"ratio {ratio():.3f}")
