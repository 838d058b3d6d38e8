"""Where values come from, which one wins, and what is said of wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from obskit.config import Config, load
from obskit.exceptions import ConfigError

BOTH = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://general:4318",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "700",
}


def problems(
    arguments: dict[str, Any] | None = None,
    environ: dict[str, str] | None = None,
    folder: Path | None = None,
) -> tuple[str, ...]:
    """What is wrong."""
    with pytest.raises(ConfigError) as raised:
        load(arguments, environ or {}, folder or Path("/nonexistent"))
    return raised.value.problems


def test_nothing_given_means_the_defaults(tmp_path: Path) -> None:
    """Counts of attributes are those of the general limit."""
    assert load({}, {}, tmp_path) == Config(
        span_attribute_count_limit=128,
        event_attribute_count_limit=128,
        link_attribute_count_limit=128,
        log_attribute_count_limit=128,
    )


def test_an_argument_beats_the_environment_which_beats_a_file(tmp_path: Path) -> None:
    """`None` and an empty variable count as not given."""
    (tmp_path / "obskit.toml").write_text('log_level = "ERROR"\nlog_stream = "stdout"\n')
    environ = {"OBSKIT_LOG_LEVEL": "WARNING", "OBSKIT_LOG_STREAM": " ", "OTEL_SERVICE_NAME": "env"}
    config = load({"service": "argument", "log_level": None}, environ, tmp_path)
    assert (config.service, config.log_level, config.log_stream) == (
        "argument",
        "WARNING",
        "stdout",
    )


def test_the_environment_of_the_process_and_its_folder_are_the_default(tmp_path: Path) -> None:
    """`load()` alone reads both."""
    (tmp_path / "obskit.toml").write_text('log_stream = "stdout"\n')
    script = "from obskit.config import load\nc = load()\nprint(c.service, c.log_stream)"
    environ = {"OTEL_SERVICE_NAME": "shop", "PATH": os.defpath}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, **{k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")}},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "shop stdout\n"


def test_the_first_variable_of_an_option_wins() -> None:
    """The one of ours stands before the standard one that others use too."""
    environ = {"OBSKIT_RUN_DIR": "/ours", "XDG_RUNTIME_DIR": "/theirs"}
    assert load({}, environ).run_dir == "/ours"
    del environ["OBSKIT_RUN_DIR"]
    assert load({}, environ).run_dir == "/theirs"


@pytest.mark.parametrize("name", ["obskit.toml", "pyproject.toml", "elsewhere.toml"])
def test_a_file_holds_options_and_tables(name: str, tmp_path: Path) -> None:
    """In `pyproject.toml` they stand under `[tool.obskit]`; elsewhere at the top."""
    prefix = "tool.obskit." if name == "pyproject.toml" else ""
    head = "[tool.obskit]\n" if prefix else ""
    (tmp_path / name).write_text(
        f'{head}service = "shop"\nlog_line_limit = 4096\n'
        f'[{prefix}resource_attributes]\n"team.size" = 3\n'
        f'[{prefix}otlp]\nendpoint = "http://collector:4318"\n'
        f"[{prefix}sentry]\nsend_default_pii = false\n"
    )
    environ = {"OBSKIT_CONFIG_FILE": str(tmp_path / name)} if name == "elsewhere.toml" else {}
    config = load({}, environ, tmp_path)
    assert (config.service, config.log_line_limit) == ("shop", 4096)
    assert config.resource_attributes == {"team.size": "3"}
    assert config.logs.endpoint == "http://collector:4318/v1/logs"
    assert config.sentry == {"send_default_pii": False}


def test_one_file_is_read_and_not_merged_with_others(tmp_path: Path) -> None:
    """`obskit.toml` comes before `pyproject.toml`, a named file before both."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.obskit]\nservice = "p"\nlog_stream = "stdout"\n'
    )
    assert load({}, {}, tmp_path).service == "p"
    (tmp_path / "obskit.toml").write_text('service = "o"\n')
    config = load({}, {}, tmp_path)
    assert (config.service, config.log_stream) == ("o", "stderr")
    (tmp_path / "named.toml").write_text('service = "n"\n')
    assert load({}, {"OBSKIT_CONFIG_FILE": str(tmp_path / "named.toml")}, tmp_path).service == "n"


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "tool = 7\n", "[tool]\nobskit = 7\n"])
def test_a_pyproject_without_a_table_of_ours_says_nothing(text: str, tmp_path: Path) -> None:
    """Most have none."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert load({}, {}, tmp_path).service == "unknown_service:python"


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    """A name that is wrong would silently mean the defaults."""
    missing = str(tmp_path / "missing.toml")
    (problem,) = problems({}, {"OBSKIT_CONFIG_FILE": missing})
    assert problem.startswith(f"{missing} cannot be read: [Errno 2]")


@pytest.mark.parametrize("content", [b"service = ", b"\xff\xfe", b"= 7"])
def test_a_file_that_is_no_toml_is_told_of(content: bytes, tmp_path: Path) -> None:
    """With its name."""
    file = tmp_path / "obskit.toml"
    file.write_bytes(content)
    (problem,) = problems({}, {}, tmp_path)
    assert problem.startswith(f"{file} cannot be read: ")


@pytest.mark.skipif(os.getuid() != 0, reason="another user can be had by root only")
def test_a_working_directory_that_cannot_be_read_holds_no_file(tmp_path: Path) -> None:
    """A service that root started in its own home and that became another user."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "obskit.toml").write_text('service = "shop"\n')
    script = (
        "import os; from obskit.config import load; os.setuid(65534); print(load({}, {}).service)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        # Not measured: as nobody it could not write its measurement.
        env={"PATH": os.defpath},
        cwd=closed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("unknown_service:python\n", "")


def test_everything_that_is_wrong_is_told_at_once_with_its_origin(tmp_path: Path) -> None:
    """Option, value, who gave it, what is allowed."""
    file = tmp_path / "obskit.toml"
    file.write_text('log_format = "xml"\nlog_colour = true\n')
    environ = {"OBSKIT_LOG_STREAM": "printer", "OTEL_BSP_MAX_QUEUE_SIZE": "many"}
    assert sorted(problems({"service": "", "log_level": 7, "servce": "a"}, environ, tmp_path)) == [
        f"log_colour (from {file}) is not an option: did you mean log_folder?",
        f"log_format is 'xml' (from {file}): use auto, json, pretty or none",
        "log_level is 7 (from an argument of init): use DEBUG, INFO, WARNING, ERROR, CRITICAL",
        "log_stream is 'printer' (from OBSKIT_LOG_STREAM): use stderr or stdout",
        "servce (from an argument of init) is not an option: did you mean service?",
        "service is '' (from an argument of init): use text that is not empty",
        "span_queue_size is 'many' (from OTEL_BSP_MAX_QUEUE_SIZE): use a whole number from 1 to 1000000",
    ]


def test_an_option_that_resembles_nothing_is_to_be_removed() -> None:
    """No guess is better than a wild one."""
    assert problems({"zzz": 1}) == ("zzz (from an argument of init) is not an option: remove it",)


@pytest.mark.parametrize("seconds", ["5", "10", "99"])
@pytest.mark.parametrize("kind", ["EXPORTER_OTLP_TIMEOUT", "BSP_EXPORT_TIMEOUT"])
def test_a_timeout_that_is_meant_as_seconds_is_refused(kind: str, seconds: str) -> None:
    """Some SDKs read seconds; the specification says milliseconds."""
    (problem,) = problems({}, {f"OTEL_{kind}": seconds})
    assert problem.endswith("use milliseconds from 100 to 600000 (10000 is ten seconds)")
    assert load({}, {f"OTEL_{kind}": "100"}) != load({}, {})


SECRET = "hunter2"


@pytest.mark.parametrize(
    "environ",
    [
        {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization {SECRET}"},
        {"SENTRY_DSN": f"  {SECRET}", "OTEL_LOG_LEVEL": "LOUD"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"ftp://ann:{SECRET}@collector:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"ann:{SECRET}@collector:4318"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://ann:{SECRET}@[::1"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://ann:a/{SECRET}@collector:port"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": f"ftp://collector/?key={SECRET}"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": f"https://ann:{SECRET}@collector"},
    ],
)
def test_no_message_holds_a_secret(environ: dict[str, str]) -> None:
    """Headers and DSN are masked whole, URLs where a password or a key may stand."""
    told = problems({}, environ)
    assert told
    assert SECRET not in str(told)


def test_a_masked_url_still_tells_what_is_wrong() -> None:
    """Scheme and host stay readable, and so does a pattern with a question mark."""
    (problem,) = problems({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "ftp://ann:b@collector:4318/?a=b"})
    assert problem.startswith("otlp.endpoint is 'ftp://[masked]@collector:4318/?[masked]' (from ")
    (problem,) = problems({}, {"OTEL_PYTHON_EXCLUDED_URLS": "(?i)static("})
    assert problem.startswith("excluded_urls is '(?i)static(' (from ")


def test_a_value_without_end_does_not_fill_the_message() -> None:
    """Two hundred characters of it are shown."""
    (problem,) = problems({}, {"OBSKIT_LOG_FORMAT": "x" * 5_000})
    assert len(problem) < 400


def test_a_batch_that_no_queue_can_hold_is_a_contradiction() -> None:
    """The SDK would raise without a word about where the numbers come from."""
    environ = {"OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "4000"}
    assert problems({}, environ) == (
        "span_batch_size is 512, more than span_queue_size, which is 10: use a batch of at most 10",
        "log_batch_size is 4000, more than log_queue_size, which is 2048: use a batch of at most 2048",
    )
    assert load({}, {"OTEL_BSP_MAX_QUEUE_SIZE": "512"}).span_queue_size == 512


def test_certificates_must_be_there_and_keys_have_one(tmp_path: Path) -> None:
    """Told at start, not at each export."""
    there = tmp_path / "there.pem"
    there.touch()
    environ = {
        "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE": str(tmp_path / "missing.pem"),
        "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": str(there),
        "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE": str(tmp_path),
    }
    assert problems({}, environ) == (
        "traces.client_key is set without traces.client_certificate: set both",
        f"metrics.client_certificate is {str(tmp_path)!r}: use a file that exists and can be read",
        f"logs.certificate is '{tmp_path}/missing.pem': use a file that exists and can be read",
    )


def test_contradictions_are_sought_only_among_right_values() -> None:
    """A default that stands for a wrong value would contradict by accident."""
    environ = {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4000", "OTEL_BSP_MAX_QUEUE_SIZE": "many"}
    assert len(problems({}, environ)) == 1


def test_names_in_the_resource_stand_for_options_that_nothing_else_gives() -> None:
    """An option of its own beats them."""
    text = "service.name=shop,service.version=2,deployment.environment.name=staging"
    config = load({"version": "3"}, {"OTEL_RESOURCE_ATTRIBUTES": text})
    assert (config.service, config.version, config.environment) == ("shop", "3", "staging")
