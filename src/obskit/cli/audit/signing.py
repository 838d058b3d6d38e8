"""Signatures of checkpoints: Ed25519 by a key in a file, or whatever a command makes."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from obskit.cli.group import Refused
from obskit.exceptions import MissingExtra

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )
except ModuleNotFoundError:  # said when a key is given
    load_pem_private_key = None  # type: ignore[assignment]

_SIGNATURE = "{signature}"


def signer(key: Path | None, command: str | None) -> Callable[[bytes], bytes] | None:
    """What makes a signature of a text; None where nothing was given.

    Args:
        key: A private key.
        command: A command that writes the signature of what it reads.

    Raises:
        Refused: It cannot be used.
    """
    _one_of(key, command, "--key")
    if key is not None:
        return _loaded(key, private=True).sign  # type: ignore[no-any-return]
    return None if command is None else lambda text: _signed(_words(command), text)


def checker(key: Path | None, command: str | None) -> Callable[[bytes, bytes], bool] | None:
    """What says whether a signature is that of a text; None where nothing was given.

    Args:
        key: A public key.
        command: A command, with `{signature}` where the name of a file is to stand.

    Raises:
        Refused: It cannot be used.
    """
    _one_of(key, command, "--public-key")
    if key is not None:
        public = _loaded(key, private=False)
        return lambda text, signature: _is_signed(public, text, signature)
    if command is None:
        return None
    if _SIGNATURE not in command:
        raise Refused(
            f"--command has no {_SIGNATURE}: where is the file with the signature to stand?"
        )
    return lambda text, signature: _is_accepted(command, text, signature)


def _one_of(key: Path | None, command: str | None, option: str) -> None:
    if key is not None and command is not None:
        raise Refused(f"give {option} or --command, not both")


def _loaded(path: Path, *, private: bool) -> Any:
    if load_pem_private_key is None:
        raise Refused(str(MissingExtra("audit", "A signature by a key")))
    kind = Ed25519PrivateKey if private else Ed25519PublicKey
    try:
        data = path.read_bytes()
        key = load_pem_private_key(data, None) if private else load_pem_public_key(data)
    except (OSError, ValueError, TypeError) as error:
        raise Refused(f"{path} cannot be read as a key: {error}") from None
    if not isinstance(key, kind):
        word = "private" if private else "public"
        raise Refused(f"{path} is no {word} key of Ed25519: openssl genpkey -algorithm ed25519")
    return key


def _is_signed(key: Any, text: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _signed(words: list[str], text: bytes) -> bytes:
    done = _run(words, text)
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Refused(f"{words[0]} made no signature (exit code {done.returncode}): {said}")
    return done.stdout


def _is_accepted(command: str, text: bytes, signature: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signature"
        path.write_bytes(signature)
        words = [word.replace(_SIGNATURE, str(path)) for word in _words(command)]
        return bool(signature) and not _run(words, text).returncode


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Refused(f"{command!r} is no command: {error}") from None
    if not words:
        raise Refused("--command is empty")
    return words


def _run(words: list[str], text: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 -- no shell, and the words are the caller's
            words, input=text, capture_output=True, check=False
        )
    except OSError as error:
        raise Refused(f"{words[0]} cannot be run: {error}") from None
