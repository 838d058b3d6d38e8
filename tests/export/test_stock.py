"""The stock exporters: what they do is what the configuration says, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.config.child import ONE_OF_EACH, serve
from tests.config.receiver import Receiver

from obskit.version import version

_FILE = """
[traces]
endpoint = "{url}"
headers = {{ X-Own = "1" }}
compression = "none"
"""


def test_headers_of_the_environment_do_not_reach_a_receiver_that_a_file_has_others_for(
    tmp_path: Path,
) -> None:
    """They may be another receiver's secret."""
    with Receiver() as own, Receiver() as general:
        (tmp_path / "obskit.toml").write_text(_FILE.format(url=own.url))
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": general.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret",
        }
        serve(ONE_OF_EACH, environ, tmp_path)
        (request,) = own.requests
        assert general.paths() == ["/v1/logs", "/v1/metrics"]
        assert {sent.headers["authorization"] for sent in general.requests} == {"secret"}
    assert request.headers["x-own"] == "1"
    assert "authorization" not in request.headers
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["user-agent"] == f"obskit/{version()}"
    assert "content-encoding" not in request.headers
