"""The doctor's own span, point, line and error, read back from the real backends."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .drilling import APP, run
from .stack import Stack
from .waiting import wait_until


def shown(line: str) -> str:
    line = re.sub(r"\d+\.\d\d s\b", "T", line)
    line = re.sub(r"\b\d+ ms\b", "T", line)
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", line)


def test_one_of_each_is_sent_and_read_back_from_every_backend(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(APP)
    token = tmp_path / "token"
    token.write_text(stack.bugsink.token)
    urls = {
        "--prometheus": stack.url("prometheus_http"),
        "--alertmanager": stack.url("alertmanager_http"),
        "--jaeger": stack.url("jaeger_query_http"),
        "--loki": stack.url("loki_http"),
        "--sentry": stack.bugsink.url,
        "--sentry-token": str(token),
    }
    done = run(
        tmp_path, "doctor", "--app", "shop:checks", "journey", "endpoints", "--json",
        *(part for pair in urls.items() for part in pair),
        OTEL_EXPORTER_OTLP_ENDPOINT=stack.url("collector_otlp_http"), SENTRY_DSN=stack.dsn,
    )  # fmt: skip
    assert done.stderr == ""
    assert stack.bugsink.token not in done.stdout
    findings = json.loads(done.stdout)["findings"]
    told = [shown(one["what"]) for one in findings if one["complaint"] == "journey"]
    assert told == [
        "span: its receiver took it after T, Jaeger had it T later",
        "point: its receiver took it after T, Prometheus had it T later",
        "line: its receiver took it after T, Loki had it T later",
        "error: its receiver took it after T, Sentry had it T later",
        "span, point, line, error were taken, and read back from Jaeger, Prometheus, Loki, Sentry, in T",
    ]
    reached = [shown(one["what"]) for one in findings if one["complaint"] == "endpoints"]
    assert reached[:3] == [
        f"{signal}: http://HOST/v1/{signal} answers: name T, tcp T, http T"
        for signal in ("traces", "metrics", "logs")
    ]
    assert [line.partition(":")[0] for line in reached[3:8]] == [
        "errors", "prometheus", "alertmanager", "jaeger", "loki",
    ]  # fmt: skip
    assert {one["level"] for one in findings} == {"ok"}
    assert done.returncode == 0


def test_the_way_of_an_alert_is_seen_in_prometheus_and_alertmanager(
    stack: Stack, tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text(APP)
    urls = [
        *("--prometheus", stack.url("prometheus_http")),
        *("--alertmanager", stack.url("alertmanager_http")),
    ]

    def told() -> list[tuple[str, str]]:
        done = run(
            tmp_path, "doctor", "--app", "shop:checks", "alerts", "--json", *urls,
            OTEL_EXPORTER_OTLP_ENDPOINT=stack.url("collector_otlp_http"),
        )  # fmt: skip
        findings = json.loads(done.stdout)["findings"]
        return [(one["level"], shown(one["what"])) for one in findings]

    comes = ("ok", "Watchdog comes to http://HOST, for webhook")
    # What fired before Alertmanager was there is sent again after a minute.
    wait_until("the watchdog comes", lambda: comes in told(), seconds=120)
    found = told()
    assert any(
        level == "ok" and what.endswith(" rules that alert, and tells http://HOST/api/v2/alerts")
        for level, what in found
    )
    # The rules of this app were never given to this Prometheus; it may have those that every service has.
    assert any(
        level == "failed"
        and re.match(r"[1-9]\d* of the \d+ rules of this app are not in http://HOST", what)
        for level, what in found
    )
