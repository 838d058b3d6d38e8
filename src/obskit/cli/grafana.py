"""What Grafana is told."""

from __future__ import annotations

from pathlib import Path

from obskit.cli.alerts.ask import post
from obskit.cli.group import Refused
from obskit.cli.token_file import read_token
from obskit.state.deploys import Deploy


def token(file: Path | None) -> str:
    """The token that a file holds.

    Args:
        file: It; None where none was given.

    Raises:
        Refused: There is no file, or no token in it.
    """
    if file is None:
        raise Refused("--grafana needs a token: give its file as --grafana-token FILE")
    return read_token(file, "--grafana-token")


def annotate(url: str, secret: str, deploy: Deploy, service: str) -> None:
    """Mark a deploy for the whole organization: a dashboard shows those with the tag `deploy`.

    Args:
        url: Grafana's.
        secret: The token.
        deploy: What is marked.
        service: Whose it is.

    Raises:
        NoAnswer: Grafana does not take it.
    """
    tags = ["deploy", service, *([deploy.environment] if deploy.environment else [])]
    text = f"{service} {deploy.release} is deployed"
    given = {"time": round(deploy.began * 1_000), "tags": tags, "text": text}
    post(url, "/api/annotations", given, secret)
