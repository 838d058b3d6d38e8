"""What the configuration holds, and what its options are."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError, fields

import pytest

from obskit.config import OPTIONS, SIGNALS, Config, Option, Otlp, Signal

BY_NAME = {option.name: option for option in OPTIONS}


def test_every_field_is_an_option_and_the_other_way_round() -> None:
    """The general options of OTLP have no field: they are the default of each signal's."""
    plain = {field.name for field in fields(Config)} - set(SIGNALS)
    sections = {
        f"{section}.{field.name}" for section in ("otlp", *SIGNALS) for field in fields(Otlp)
    }
    assert set(BY_NAME) == plain | sections
    assert len(BY_NAME) == len(OPTIONS)


def test_no_two_options_read_the_same_variable() -> None:
    """One variable has one meaning."""
    counted = Counter(variable for option in OPTIONS for variable in option.env)
    assert [variable for variable, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: str(option.name))
def test_every_option_allows_its_own_default_and_is_explained(option: Option) -> None:
    """A default that its own rules refuse could not be written into a file."""
    if option.default is not None:
        assert option.value.parse(option.default) == option.default
    assert option.help.endswith(".")
    assert option.value.allowed


def test_own_variables_stand_only_where_no_standard_one_exists() -> None:
    """`OBSKIT_*` is the exception; the runtime folder has both."""
    assert {
        variable for option in OPTIONS for variable in option.env if variable.startswith("OBSKIT_")
    } == {
        "OBSKIT_TRUST_INBOUND",
        "OBSKIT_LOG_LEVEL",
        "OBSKIT_LOG_LEVELS",
        "OBSKIT_LOG_FORMAT",
        "OBSKIT_LOG_STREAM",
        "OBSKIT_LOG_LINE_LIMIT",
        "OBSKIT_LOG_FOLDER",
        "OBSKIT_LOG_STREAMS",
        "OBSKIT_LOG_ROTATION",
        "OBSKIT_LOG_FILE_MAX_BYTES",
        "OBSKIT_LOG_FILE_PERIOD",
        "OBSKIT_LOG_KEEP_DAYS",
        "OBSKIT_LOG_FOLDER_MAX_BYTES",
        "OBSKIT_SHUTDOWN_TIMEOUT",
        "OBSKIT_REDACTION",
        "OBSKIT_REDACT_EMAILS",
        "OBSKIT_REDACT_PATTERNS",
        "OBSKIT_REDACT",
        "OBSKIT_RUN_DIR",
        "OBSKIT_SPOOL_DIR",
        "OBSKIT_SPOOL_MAX_BYTES",
        "OBSKIT_SPOOL_MAX_AGE",
        "OBSKIT_ON_EXPORT_ERROR",
        "OBSKIT_STATE_URL",
        "OBSKIT_LEASE_URL",
        "OBSKIT_HISTORY_DAYS",
        "OBSKIT_HISTORY_MAX_BYTES",
        "OBSKIT_PROMETHEUS",
        "OBSKIT_METRICS_FILE",
        "OBSKIT_SENTRY_CHECKS",
        "OBSKIT_SENTRY_CRONS",
        "OBSKIT_CHECKS_LOG_PASSES",
        "OBSKIT_CHECKS_IN",
        "OBSKIT_HEALTH_TOKEN",
        "OBSKIT_HEALTH_NETWORKS",
        "OBSKIT_HEALTH_DEGRADED_STATUS",
        "OBSKIT_CONSOLE",
        "OBSKIT_SENTRY_URL",
        "OBSKIT_TRACE_URL",
        "OBSKIT_BEACON_PATH",
        "OBSKIT_BEACON_SAMPLE_RATE",
        "OBSKIT_PROFILE_SLOW_REQUESTS",
        "OBSKIT_METRIC_CARDINALITY_LIMIT",
    }
    assert BY_NAME["run_dir"].env == ("OBSKIT_RUN_DIR", "XDG_RUNTIME_DIR")


def test_what_may_hold_secrets_is_secret() -> None:
    """Their values stand in no message."""
    assert {option.name for option in OPTIONS if option.secret} == {
        "otlp.headers",
        "traces.headers",
        "metrics.headers",
        "logs.headers",
        "sentry_dsn",
        "sentry",
        "state_url",
        "lease_url",
        "health_token",
    }


def test_a_signals_variables_carry_its_name() -> None:
    """As in the specification of the OTLP exporter."""
    assert BY_NAME["otlp.endpoint"].env == ("OTEL_EXPORTER_OTLP_ENDPOINT",)
    assert BY_NAME["metrics.client_key"].env == ("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",)


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize(
    ("chosen", "endpoint", "disabled", "expected"),
    [
        (None, None, False, "none"),
        (None, "http://localhost:4318", False, "otlp"),
        ("none", "http://localhost:4318", False, "none"),
        ("console", None, False, "console"),
        ("otlp", "http://localhost:4318", True, "none"),
    ],
)
def test_which_exporter_a_signal_uses(
    chosen: str | None, endpoint: str | None, disabled: bool, expected: str, signal: Signal
) -> None:
    """What was chosen; else OTLP where there is an endpoint; nothing where the SDK is disabled."""
    changes = {f"{signal}_exporter": chosen, signal: Otlp(endpoint=endpoint)}
    config = Config(sdk_disabled=disabled, **changes)  # type: ignore[arg-type]
    assert config.exporter(signal) == expected


@pytest.mark.parametrize(
    ("chosen", "sent", "scraped"),
    [
        ("otlp", "otlp", False),
        ("prometheus", "none", True),
        ("otlp,prometheus", "otlp", True),
        ("prometheus,console", "console", True),
        ("none,prometheus", "none", True),
    ],
)
def test_metrics_may_be_scraped_alone_or_beside_what_is_sent(
    chosen: str, sent: str, scraped: bool
) -> None:
    """As in the specification, prometheus is one of several exporters."""
    otlp = Otlp(endpoint="http://localhost:4318")
    config = Config(metrics_exporter=chosen, metrics=otlp)
    assert (config.exporter("metrics"), config.scraped) == (sent, scraped)
    assert not Config(metrics_exporter=chosen, sdk_disabled=True, prometheus=True).scraped


@pytest.mark.parametrize("wrong", ["prometheus,prometheus", "otlp,console", "zipkin", ","])
def test_a_wrong_list_of_exporters_is_refused(wrong: str) -> None:
    """Nothing of it is guessed."""
    with pytest.raises(ValueError):
        BY_NAME["metrics_exporter"].value.parse(wrong)


def test_a_configuration_cannot_be_changed_nor_share_its_tables() -> None:
    """A test that changed the default table of one would change all."""
    config = Config()
    with pytest.raises(FrozenInstanceError):
        config.service = "other"  # type: ignore[misc]
    assert config.resource_attributes is not Config().resource_attributes
    assert config.traces.headers is not config.logs.headers
