"""Who gave each option."""

from __future__ import annotations

from pathlib import Path

from obskit.config import load
from obskit.config.origins import Origin, origins, secrets


def test_code_the_environment_and_a_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "obskit.toml").write_text('log_level = "debug"\nlog_format = "json"\n')
    environ = {"OTEL_SERVICE_NAME": "other", "OBSKIT_LOG_LEVEL": "error"}
    config = load({"service": "shop"}, environ, tmp_path)
    assert origins(config, environ, tmp_path) == [
        Origin("service", "shop", "an argument of init"),
        Origin("log_level", "ERROR", "OBSKIT_LOG_LEVEL"),
        Origin("log_format", "json", f"{tmp_path}/obskit.toml"),
    ]


def test_what_nobody_gave_is_not_told(tmp_path: Path) -> None:
    assert origins(load({}, {}, tmp_path), {}, tmp_path) == []


def test_an_empty_variable_gives_nothing(tmp_path: Path) -> None:
    environ = {"OBSKIT_LOG_LEVEL": " "}
    assert origins(load({}, environ, tmp_path), environ, tmp_path) == []


def test_a_general_option_of_otlp_is_told_once(tmp_path: Path) -> None:
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "500",
    }
    assert origins(load({}, environ, tmp_path), environ, tmp_path) == [
        Origin("otlp.endpoint", "http://otel:4318", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        Origin("logs.timeout_ms", "500", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"),
    ]


def test_what_code_gives_for_all_signals_is_told_once(tmp_path: Path) -> None:
    config = load({"otlp.endpoint": "http://otel:4318"}, {}, tmp_path)
    assert origins(config, {}, tmp_path) == [
        Origin("traces.endpoint", "http://otel:4318/v1/traces", "an argument of init"),
    ]


def test_no_secret_is_shown(tmp_path: Path) -> None:
    environ = {
        "SENTRY_DSN": "https://0123canary@sentry.test/7",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://ada:canary@otel:4318",
        "OTEL_RESOURCE_ATTRIBUTES": "team=data,api_key=canary",
        "OBSKIT_STATE_URL": "postgresql://ada:canary@db/shop",
        "OBSKIT_HEALTH_TOKEN": "canary",
    }
    told = [" = ".join(each[:2]) for each in origins(load({}, environ, tmp_path), environ)]
    assert told == [
        "resource_attributes = team=data api_key=[redacted]",
        "sentry_dsn = [redacted]",
        "health_token = [redacted]",
        "state_url = [redacted]",
        "otlp.endpoint = http://ada:[redacted]@otel:4318",
        "otlp.headers = [redacted]",
    ]


def test_a_configuration_that_only_code_makes_right_is_told(tmp_path: Path) -> None:
    environ = {"OTEL_BSP_MAX_QUEUE_SIZE": "10"}  # less than a batch
    config = load({"span_batch_size": 5}, environ, tmp_path)
    assert origins(config, environ, tmp_path) == [
        Origin("span_queue_size", "10", "OTEL_BSP_MAX_QUEUE_SIZE"),
        Origin("span_batch_size", "5", "an argument of init"),
    ]


def test_variables_named_like_secrets_hold_some_unless_they_name_files(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.touch()
    environ = {"DB_PASSWORD": "hunter2", "TOKEN_FILE_SECRET": str(file), "LANG": "C"}
    assert secrets(environ) == ["hunter2"]
    assert secrets({"DB_PASSWORD": "/no/such/file"}) == ["/no/such/file"]
