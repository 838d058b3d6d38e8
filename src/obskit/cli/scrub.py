"""`obskit scrub`: a log file that was written before, without the secrets in it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from obskit.config import load
from obskit.exceptions import ObskitError
from obskit.redaction import rules as redaction_rules
from obskit.redaction.masked import masked
from obskit.redaction.sensitive import MASK

# A longer line is no line of a log; nobody could tell where its secrets end.
_LONGEST = 16 * 1_024 * 1_024
_TOO_LONG = f"{MASK} (a line of more than 16 MiB)"
_KEY_BEGINS, _KEY_ENDS = "-----BEGIN ", "-----END "
# Lines of one private key, at most.
_MOST_OF_A_KEY = 500


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, allow_dash=True), help="Write here."
)
@click.option("--in-place", is_flag=True, help="Replace the file.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if there are secrets.")
def scrub(file: str, output: str | None, in_place: bool, check: bool) -> None:
    """Mask the secrets in a log FILE; - is the standard input.

    Lines of JSON stay JSON. Files whose name ends with .gz are compressed. The rules are those of
    the configuration here: redact_patterns, redact_emails, redact.
    """
    if ((in_place or check) and output) or (in_place and check) or (in_place and file == "-"):
        raise click.UsageError("give one of -o, --in-place and --check, and a file for --in-place")
    _install_rules()
    if check:
        sys.exit(_report(file))
    target = _replaced(file) if in_place else _opened(output or "-", "wb")
    with _opened(file, "rb") as source, target as sink:
        for _, line in _scrubbed(source):
            sink.write(line)


def _install_rules() -> None:
    try:
        config = load()
    except ObskitError as error:
        raise click.ClickException(str(error)) from error
    redaction_rules.install(
        emails=config.redact_emails, patterns=config.redact_patterns, function=config.redact
    )


def _report(file: str) -> int:
    """Say how much would be masked in each line, without showing it."""
    found = 0
    with _opened(file, "rb") as source:
        for number, (count, _) in enumerate(_scrubbed(source), 1):
            if count:
                found += count
                click.echo(f"line {number}: {count}")
    click.echo(f"{found} to mask" if found else "nothing to mask")
    return 1 if found else 0


def _scrubbed(source: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each line without its secrets, and how many there were; unchanged where there were none."""
    in_key = 0
    for raw in _lines(source):
        if raw is None:
            yield 1, (_TOO_LONG + "\n").encode()
            continue
        line = raw.decode("utf-8", "surrogateescape")
        body = line.rstrip("\r\n")
        if in_key:
            in_key = 0 if _KEY_ENDS in body else in_key - 1
            new = MASK
        else:
            new = _without_secrets(body)
            if new != body and _KEY_BEGINS in body and _KEY_ENDS not in body and body[:1] != "{":
                in_key = _MOST_OF_A_KEY
        if new == body:
            yield 0, raw
        else:
            count = max(1, new.count(MASK) - body.count(MASK))
            yield count, (new + line[len(body) :]).encode("utf-8", "surrogateescape")


def _lines(source: BinaryIO) -> Iterator[bytes | None]:
    """The lines, and None for each that is too long to be held."""
    while line := source.readline(_LONGEST + 1):
        if len(line) <= _LONGEST:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = source.readline(_LONGEST)
        yield None


def _without_secrets(body: str) -> str:
    if body.lstrip()[:1] in {"{", "["}:
        try:
            parsed = json.loads(body)
            left = masked(parsed)
            return body if left == parsed else _written(left, body)
        except (ValueError, RecursionError):  # no JSON, or too deep: then text
            pass
    return str(masked(body))


def _written(value: Any, like: str) -> str:
    """JSON in the manner of the line that it was: with or without spaces, ASCII or not."""
    compact = '":' in like and '": ' not in like
    separators = (",", ":") if compact else (", ", ": ")
    return json.dumps(value, ensure_ascii=like.isascii(), separators=separators)


def _opened(path: str, mode: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer if mode == "rb" else sys.stdout.buffer)
    if path.endswith(".gz"):
        return cast("AbstractContextManager[BinaryIO]", gzip.open(path, mode))
    return cast("AbstractContextManager[BinaryIO]", Path(path).open(mode))


@contextmanager
def _replaced(path: str) -> Iterator[BinaryIO]:
    """A file beside the one that it takes the place of when all of it is written."""
    descriptor, name = tempfile.mkstemp(dir=Path(path).resolve().parent, suffix=Path(path).suffix)
    os.close(descriptor)
    try:
        with _opened(name, "wb") as sink:
            yield sink
        shutil.copymode(path, name)
        Path(name).replace(Path(path).resolve())
    finally:
        Path(name).unlink(missing_ok=True)
