"""The units by which systemd runs agents and gateways: systemd accepts them, and they are what is tested."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from .build import COLLECTOR, COLLECTOR_PART, ROOT
from .roles import ROLES

UNITS = COLLECTOR / "systemd"
#: Where the units look for the program.
PROGRAM = "/usr/local/bin/obskit-collector"


def unit(role: str) -> str:
    return (UNITS / f"obskit-{role}.service").read_text()


def settings(role: str) -> dict[str, str]:
    """What a unit sets, the variables of its environment among it."""
    text = unit(role).replace("\\\n", "")
    pairs = re.findall(r"^(?:Environment=)?(\w+)=(.*)$", text, re.MULTILINE)
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names))
    return dict(pairs)


def verified(text: str, folder: Path) -> str:
    """What systemd says of a unit; nothing where it is right. The program is the one that was built."""
    file = folder / "tried.service"
    file.write_text(text.replace(PROGRAM, str(COLLECTOR_PART.path / "obskit-collector")))
    verify = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(file)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_systemd_accepts_a_unit(role: str, tmp_path: Path) -> None:
    assert verified(unit(role), tmp_path) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("Restart=always", "Restart=allways", "Failed to parse service restart specifier"),
        ("MemoryMax=768M", "MemoryMaximum=768M", "Unknown key"),
        ("MemoryMax=768M", "MemoryMax=much", "Invalid memory limit"),
        (PROGRAM, "/usr/local/bin/there-is-none", "is not executable"),
        ("SystemCallFilter=@system-service", "SystemCallFilter=@none", "Unknown system call group"),
    ],
)
def test_systemd_would_say_what_is_wrong_with_a_unit(
    right: str, wrong: str, said: str, tmp_path: Path
) -> None:
    """So its silence means something."""
    text = unit("agent")
    assert text.count(right) == 1
    assert said in verified(text.replace(right, wrong), tmp_path)


@pytest.mark.parametrize("role", ROLES)
def test_a_unit_runs_the_files_of_its_role_in_their_order(role: str) -> None:
    """And then those that the environment adds."""
    program, *arguments = settings(role)["ExecStart"].split()
    assert (program, arguments) == (
        PROGRAM,
        [
            "--config=/etc/obskit/otel-collector.yaml",
            *(f"--config=/etc/obskit/profiles/{name}.yaml" for name in ROLES[role]),
            "$OTELCOL_PROFILES",
        ],
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_unit_keeps_its_queue_where_it_may_write(role: str) -> None:
    """All else is read-only for it."""
    own = settings(role)
    assert own["ProtectSystem"] == "strict"
    assert own["OTELCOL_QUEUE_DIR"] == f"%S/{own['StateDirectory']}/queue"


@pytest.mark.parametrize("role", ROLES)
def test_a_unit_lets_a_collector_refuse_before_it_is_killed(role: str) -> None:
    own = settings(role)
    limits = [own["GOMEMLIMIT"], own["OTELCOL_MEMORY_LIMIT_MIB"], own["MemoryMax"]]
    assert limits == ["410MiB", "512", "768M"]


def test_the_example_of_an_environment_names_what_is_read() -> None:
    """By the routing file, by a profile, by a unit or by Go."""
    example = (UNITS / "collector.env").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    files = [ROOT / "otel-collector.yaml", *(COLLECTOR / "profiles").iterdir()]
    read = {name for file in files for name in re.findall(r"\$\{env:(\w+)", file.read_text())}
    assert named - read == {"GOMEMLIMIT", "OTELCOL_PROFILES"}
