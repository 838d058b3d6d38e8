"""What every signal says of where it comes from."""

from __future__ import annotations

import os
import platform
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.version import __version__ as sdk_version

from obskit.config import Config
from obskit.telemetry import resource
from obskit.telemetry.instance import Slot, instance_id

DOCKER = "b0d5f4b3f5f0c7a6bb3d1f6c1f9d0d9ad5a1f6c2e8f7a9b4c3d2e1f0a9b8c7d6"
LAYER = "1" * 64


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[Slot]:
    """The first worker of a host."""
    slot = Slot(tmp_path / "s")
    yield slot
    slot.release()


def built(config: Config, slot: Slot) -> dict[str, Any]:
    """The attributes of the resource."""
    return dict(resource.build(config, slot).attributes)


def test_a_resource_tells_service_host_process_and_sdk(slot: Slot) -> None:
    """Found out here, without an option."""
    found = built(Config(service="shop"), slot)
    host = socket.gethostname()
    architectures = {"x86_64": "amd64", "aarch64": "arm64"}
    expected = {
        "service.name": "shop",
        "service.instance.id": instance_id(host, "shop", 0),
        "host.name": host,
        "host.arch": architectures.get(platform.machine(), platform.machine()),
        "os.type": sys.platform,
        "process.pid": os.getpid(),
        "process.runtime.name": "cpython",
        "process.runtime.version": platform.python_version(),
        "process.executable.name": Path(sys.executable).name,
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": sdk_version,
    }
    found.pop("container.id", None)
    assert found == expected


def test_version_and_environment_are_told_where_they_are_known(slot: Slot) -> None:
    """They are the service's and the deployment's."""
    found = built(Config(service="shop", version="2", environment="staging"), slot)
    assert (found["service.version"], found["deployment.environment.name"]) == ("2", "staging")


def test_what_the_host_says_beats_what_is_found_out(slot: Slot) -> None:
    """But options of their own beat the attributes, and nobody else's process id is told."""
    own = {
        "host.name": "web1",
        "service.name": "other",
        "service.version": "1",
        "process.pid": "1",
        "team": "web",
    }
    found = built(Config(service="shop", version="2", resource_attributes=own), slot)
    assert (found["host.name"], found["team"]) == ("web1", "web")
    assert (found["service.name"], found["service.version"]) == ("shop", "2")
    assert found["process.pid"] == os.getpid()
    assert found["service.instance.id"] == instance_id("web1", "shop", 0)


def test_an_instance_id_of_the_hosts_own_is_kept(slot: Slot) -> None:
    """In a forked child too, where a pod's name, say, is still the right one."""
    config = Config(service="shop", resource_attributes={"service.instance.id": "pod-7"})
    assert built(config, slot)["service.instance.id"] == "pod-7"
    assert resource.of_process(config, slot) == {
        "process.pid": os.getpid(),
        "service.instance.id": "pod-7",
    }


_DOCKER_MOUNTS = f"""\
612 590 0:50 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/{LAYER}/diff
620 612 8:1 /var/lib/docker/containers/{DOCKER}/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1
621 612 8:1 /var/lib/docker/containers/{DOCKER}/hostname /etc/hostname rw - ext4 /dev/sda1
"""
_PODMAN_MOUNTS = f"""\
9 1 0:2 /c/containers/overlay-containers/{DOCKER}/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw
"""
# A process of the host, on which containers run: all their mounts are seen.
_HOSTS_MOUNTS = f"""\
70 1 0:50 / /var/lib/docker/overlay2/{LAYER}/merged rw - overlay overlay rw
71 1 0:51 / /var/lib/docker/containers/{DOCKER}/mounts/shm rw - tmpfs shm rw
"""


@pytest.mark.parametrize(
    ("groups", "mounts", "expected"),
    [
        (f"0::/\n12:cpu:/docker/{DOCKER}\n", "", DOCKER),
        (f"1:name=systemd:/kubepods.slice/cri-containerd-{DOCKER}.scope\n", "", DOCKER),
        ("0::/\n", _DOCKER_MOUNTS, DOCKER),
        ("0::/\n", _PODMAN_MOUNTS, DOCKER),
        ("0::/system.slice/shop.service\n", _HOSTS_MOUNTS, None),
        (None, None, None),
    ],
    ids=["docker v1", "containerd v1", "docker v2", "podman v2", "host of containers", "elsewhere"],
)
def test_a_container_is_known_by_its_own_id_and_by_no_layers(
    groups: str | None,
    mounts: str | None,
    expected: str | None,
    slot: Slot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From lines as such processes see them; no container runs in this test."""
    files: list[tuple[Path, re.Pattern[str]]] = []
    for (_, pattern), text in zip(resource._CONTAINER_FILES, (groups, mounts), strict=True):
        file = tmp_path / str(len(files))
        if text is not None:
            file.write_text(text)
        files.append((file, pattern))
    monkeypatch.setattr(resource, "_CONTAINER_FILES", tuple(files))
    assert built(Config(), slot).get("container.id") == expected


def test_windows_has_the_name_of_the_conventions(
    slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python calls it win32."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert built(Config(), slot)["os.type"] == "windows"
