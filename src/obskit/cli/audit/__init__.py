"""`obskit audit`: whether the records of an audit are those that were written; checkpoints of them."""

from __future__ import annotations

import time
from pathlib import Path

import click

from obskit.cli.audit.signing import checker, signer
from obskit.cli.group import Group, Refused
from obskit.cli.logs import configured_folder
from obskit.clock import to_rfc3339
from obskit.logfiles import audit as chained
from obskit.logfiles import checkpoints
from obskit.logfiles.checkpoints import Checkpoint
from obskit.logfiles.verify import Examined, Finding
from obskit.logfiles.verify import verify as examine

_WRONG = 1
_REFUSED = 4
_MOST_SHOWN = 20
_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), help="By default the configured one."
)
_CHECKPOINTS = click.option(
    "--checkpoints", "file", type=_FILE, help="By default audit.checkpoints in the folder."
)


@click.group(cls=Group, refused=_REFUSED, interrupted=_REFUSED)
def audit() -> None:
    """Verify the audit, and make checkpoints of it."""


@audit.command()
@_FOLDER
@_CHECKPOINTS
@click.option(
    "--public-key", type=_FILE, help="Ed25519, PEM: every checkpoint must be signed by it."
)
@click.option(
    "--command",
    metavar="COMMAND",
    help="Ends with 0 where the file {signature} is the signature of its standard input.",
)
@click.pass_context
def verify(
    context: click.Context,
    folder: Path | None,
    file: Path | None,
    public_key: Path | None,
    command: str | None,
) -> None:
    """Find records that were changed, removed, inserted or cut off; exit with 1 if there are any."""
    place = configured_folder(folder)
    is_signed = checker(public_key, command)
    path = file or place / checkpoints.FILE
    seen, points, findings = _examined(place, path)
    findings += checkpoints.compare(seen, points, path.name, is_signed)
    if findings:
        _show(findings)
        context.exit(_WRONG)
    said = "signed" if is_signed else "signatures not looked at"
    known = f"{_counted(len(points), 'checkpoint')}, {said}" if points else "no checkpoint"
    click.echo(f"the audit is whole: {_counted(seen.records, 'record')}; {known}")


@audit.command()
@_FOLDER
@_CHECKPOINTS
@click.option("--key", type=_FILE, help="Sign by this private key: Ed25519, PEM.")
@click.option("--command", metavar="COMMAND", help="Sign by what this makes of its standard input.")
@click.pass_context
def checkpoint(
    context: click.Context,
    folder: Path | None,
    file: Path | None,
    key: Path | None,
    command: str | None,
) -> None:
    """Write down what the last record is. An audit that is not whole gets no checkpoint."""
    place = configured_folder(folder)
    sign = signer(key, command)
    path = file or place / checkpoints.FILE
    seen, points, findings = _examined(place, path)
    findings += checkpoints.compare(seen, points, path.name, None)
    if findings:
        _show(findings)
        context.exit(_WRONG)
    one = Checkpoint(to_rfc3339(time.time()), seen.head)
    try:
        checkpoints.write(path, one._replace(signature=sign(one.text) if sign else b""))
    except OSError as error:
        raise Refused(f"the checkpoint cannot be written to {path}: {error}") from None
    click.echo(f"checkpoint at record {seen.head.seq}{' (signed)' if sign else ''} in {path}")


def _examined(folder: Path, path: Path) -> tuple[Examined, list[Checkpoint | None], list[Finding]]:
    try:
        points = checkpoints.read(path)
        if not points and not chained.files(folder) and chained.known_head(folder) is None:
            raise Refused(f"there is no audit in {folder}")
        seen = examine(folder, {point.head.seq for point in points if point})
    except OSError as error:
        raise Refused(f"the audit in {folder} cannot be read: {error}") from None
    return seen, points, list(seen.findings)


def _show(findings: list[Finding]) -> None:
    for where, what in findings[:_MOST_SHOWN]:
        click.echo(f"{where}: {what}")
    if len(findings) > _MOST_SHOWN:
        click.echo(f"and {len(findings) - _MOST_SHOWN} more")
    click.echo("the audit is not whole", err=True)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
