"""`obskit audit`: what was done to an audit is found, by its files, its head and its checkpoints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

click_testing = pytest.importorskip("click.testing")

from obskit.cli import main  # noqa: E402
from obskit.logfiles.audit import append  # noqa: E402


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("OTEL_", "OBSKIT_", "SENTRY_")):
            monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An audit of five records."""
    folder = tmp_path / "logs"
    folder.mkdir()
    record(folder, 5)
    return folder


def record(folder: Path, count: int) -> None:
    for number in range(count):
        append(folder, b'{"event":"e%d"}' % number, 1 << 30)


def run(*arguments: object) -> Any:
    return click_testing.CliRunner().invoke(main, ["audit", *map(str, arguments)])


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private key and its public one, as `openssl genpkey` writes them."""
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    key = ed25519.Ed25519PrivateKey.generate()
    encoding, forms = serialization.Encoding.PEM, serialization
    private, public = tmp_path / "audit.key", tmp_path / "audit.pub"
    private.write_bytes(
        key.private_bytes(encoding, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(encoding, forms.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_an_audit_that_nobody_touched_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSKIT_LOG_FOLDER", str(folder))
    result = run("verify")
    assert (result.exit_code, result.output) == (
        0,
        "the audit is whole: 5 records; no checkpoint\n",
    )
    assert run("checkpoint").output == (f"checkpoint at record 5 in {folder}/audit.checkpoints\n")
    record(folder, 2)
    result = run("verify")
    assert (result.exit_code, result.output) == (
        0,
        "the audit is whole: 7 records; 1 checkpoint, signatures not looked at\n",
    )


def test_what_was_changed_or_cut_off_is_named_and_ends_with_1(folder: Path) -> None:
    edit(folder / "audit.log", '"e2"', '"eX"')
    result = run("verify", "--folder", folder)
    assert (result.exit_code, result.stdout) == (1, "audit.log:3: record 3 was changed\n")
    assert result.stderr == "the audit is not whole\n"
    (folder / "audit.log").unlink()
    result = run("verify", "--folder", folder)
    assert (result.exit_code, result.stdout) == (
        1,
        "audit.head: records 1 to 5 are missing at the end\n",
    )


def test_an_audit_that_is_not_whole_gets_no_checkpoint(folder: Path) -> None:
    edit(folder / "audit.log", '"e2"', '"eX"')
    result = run("checkpoint", "--folder", folder)
    assert (result.exit_code, result.stdout) == (1, "audit.log:3: record 3 was changed\n")
    assert not (folder / "audit.checkpoints").exists()


def test_many_findings_are_shown_in_part(folder: Path) -> None:
    with (folder / "audit.log").open("a") as file:
        file.write("nonsense\n" * 25)
    result = run("verify", "--folder", folder)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 21
    assert result.stdout.endswith("audit.log:25: is no record, behind record 5\nand 5 more\n")


def test_a_checkpoint_kept_elsewhere_finds_a_chain_that_was_written_anew(
    folder: Path, tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    private, public = keys
    file = tmp_path / "far" / "checkpoints"
    file.parent.mkdir()
    result = run("checkpoint", "--folder", folder, "--checkpoints", file, "--key", private)
    assert result.output == f"checkpoint at record 5 (signed) in {file}\n"
    verify = ("verify", "--folder", folder, "--checkpoints", file, "--public-key", public)
    result = run(*verify)
    assert (result.exit_code, result.output) == (
        0,
        "the audit is whole: 5 records; 1 checkpoint, signed\n",
    )
    # Whoever may write to the folder can make another chain that is whole by itself.
    shutil.rmtree(folder)
    folder.mkdir()
    append(folder, b'{"event":"harmless"}', 1 << 30)
    result = run(*verify)
    assert (result.exit_code, result.stdout) == (
        1,
        "checkpoints:1: knows record 5: the audit ends at 1\n",
    )
    record(folder, 5)
    result = run(*verify)
    assert (result.exit_code, result.stdout) == (
        1,
        "checkpoints:1: knows another record 5: the chain was written anew\n",
    )


def test_a_checkpoint_that_the_key_did_not_sign_is_found(
    folder: Path, keys: tuple[Path, Path]
) -> None:
    private, public = keys
    run("checkpoint", "--folder", folder)
    run("checkpoint", "--folder", folder, "--key", private)
    file = folder / "audit.checkpoints"
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    moved = {**second, "timestamp": "2020-01-01T00:00:00Z"}
    file.write_text("".join(json.dumps(one) + "\n" for one in (first, second, moved)) + "x\n")
    result = run("verify", "--folder", folder, "--public-key", public)
    assert (result.exit_code, result.stdout) == (
        1,
        (
            "audit.checkpoints:1: is not signed\n"
            "audit.checkpoints:3: is not signed by this key\n"
            "audit.checkpoints:4: is no checkpoint\n"
        ),
    )


def test_a_command_signs_and_checks_as_well(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "sign.py"
    script.write_text(
        "import hashlib, pathlib, sys\n"
        "made = hashlib.sha256(b'key' + sys.stdin.buffer.read()).hexdigest()\n"
        "if len(sys.argv) == 1: print(made, end='')\n"
        "else: sys.exit(pathlib.Path(sys.argv[1]).read_text() != made)\n"
    )
    command = f"{sys.executable} {script}"
    result = run("checkpoint", "--folder", folder, "--command", command)
    assert (result.exit_code, " (signed) " in result.output) == (0, True)
    verify = ("verify", "--folder", folder, "--command", f"{command} {{signature}}")
    assert run(*verify).output == "the audit is whole: 5 records; 1 checkpoint, signed\n"
    edit(script, "b'key'", "b'other'")
    result = run(*verify)
    assert (result.exit_code, result.stdout) == (
        1,
        "audit.checkpoints:1: is not signed by this key\n",
    )


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl")
def test_openssl_makes_the_keys_and_checks_a_signature_too(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    for words in (
        ["genpkey", "-algorithm", "ed25519", "-out", "audit.key"],
        ["pkey", "-in", "audit.key", "-pubout", "-out", "audit.pub"],
    ):
        subprocess.run(["openssl", *words], check=True, cwd=tmp_path, capture_output=True)
    result = run("checkpoint", "--folder", folder, "--key", tmp_path / "audit.key")
    assert result.exit_code == 0, result.output
    result = run("verify", "--folder", folder, "--public-key", tmp_path / "audit.pub")
    assert result.output == "the audit is whole: 5 records; 1 checkpoint, signed\n"


def test_what_cannot_be_done_says_why_and_ends_with_4(
    folder: Path, tmp_path: Path, keys: tuple[Path, Path]
) -> None:
    private, public = keys
    (tmp_path / "empty").mkdir()
    here = ("--folder", folder)
    for arguments, message in (
        (["verify"], "which folder? Give --folder, or set OBSKIT_LOG_FOLDER"),
        (["verify", "--folder", tmp_path / "empty"], f"there is no audit in {tmp_path}/empty"),
        (["verify", "--folder", tmp_path / "no"], "cannot be read: [Errno 2] No such file"),
        (["verify", *here, "--public-key", private], "audit.key cannot be read as a key: "),
        (["checkpoint", *here, "--key", public], "audit.pub cannot be read as a key: "),
        (["verify", *here, "--command", "true"], "--command has no {signature}: where is"),
        (["checkpoint", *here, "--command", "'"], '"\'" is no command: No closing quotation'),
        (["checkpoint", *here, "--command", ""], "--command is empty"),
        (["checkpoint", *here, "--command", "/no/such"], "/no/such cannot be run: "),
        (["checkpoint", *here, "--command", "false"], "false made no signature (exit code 1)"),
        (
            ["checkpoint", *here, "--command", "true", "--key", private],
            "give --key or --command, not both",
        ),
        (
            ["checkpoint", *here, "--checkpoints", "/no/such/file"],
            "the checkpoint cannot be written to /no/such/file: ",
        ),
    ):
        result = run(*arguments)
        assert (result.exit_code, message in result.output) == (4, True), result.output


def test_without_cryptography_a_key_says_which_extra_brings_it(
    folder: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.cli.audit.signing.load_pem_private_key", None)
    result = run("verify", "--folder", folder, "--public-key", keys[1])
    assert result.exit_code == 4
    assert "pip install 'obskit-otel[audit]'" in result.output
