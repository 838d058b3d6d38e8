"""The resource: which service, on which host, in which process."""

from __future__ import annotations

import os
import platform
import re
import socket
import sys
from pathlib import Path
from typing import Any

from opentelemetry.sdk.resources import Resource

from obskit import names
from obskit.config import Config
from obskit.redaction import plain
from obskit.telemetry.instance import Slot, instance_id

# cgroup v1: the container's id ends the path of its group.
_GROUP = re.compile(r"\b([0-9a-f]{64})(?:\.scope)?$", re.MULTILINE)
# cgroup v2 tells nothing, but the file of the host name is mounted from the container's folder.
# Other mounts hold the ids of image layers, or, outside of containers, those of all containers.
_MOUNT = re.compile(r"containers/([0-9a-f]{64})/\S+ /etc/hostname ")
_CONTAINER_FILES = ((Path("/proc/self/cgroup"), _GROUP), (Path("/proc/self/mountinfo"), _MOUNT))


def build(config: Config, slot: Slot) -> Resource:
    """The resource of this process.

    What the host says in its configuration beats what is found out.

    Args:
        config: The configuration.
        slot: The worker's place.
    """
    found: dict[str, Any] = {
        names.HOST_NAME: socket.gethostname(),
        names.HOST_ARCH: {"x86_64": "amd64", "aarch64": "arm64"}.get(
            platform.machine(), platform.machine()
        ),
        names.OS_TYPE: {"win32": "windows"}.get(sys.platform, sys.platform),
        names.PROCESS_RUNTIME_NAME: sys.implementation.name,
        names.PROCESS_RUNTIME_VERSION: platform.python_version(),
        names.PROCESS_EXECUTABLE_NAME: Path(sys.executable).name,
    }
    container = _container_id()
    if container:
        found[names.CONTAINER_ID] = container
    found |= {name: plain(value, name) for name, value in config.resource_attributes.items()}
    found[names.SERVICE_NAME] = config.service
    if config.version:
        found[names.SERVICE_VERSION] = config.version
    if config.environment:
        found[names.DEPLOYMENT_ENVIRONMENT_NAME] = config.environment
    # `Resource.create` would read the environment again; the SDK's own attributes are its default.
    sdk = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": _sdk_version(),
    }
    return Resource({**sdk, **found, **of_process(config, slot)})


def of_process(config: Config, slot: Slot) -> dict[str, Any]:
    """The attributes that differ between a process and its forked child."""
    host = str(config.resource_attributes.get(names.HOST_NAME) or socket.gethostname())
    own = config.resource_attributes.get(names.SERVICE_INSTANCE_ID)
    return {
        names.PROCESS_PID: os.getpid(),
        names.SERVICE_INSTANCE_ID: own or instance_id(host, config.service, slot.number),
    }


def _sdk_version() -> str:
    from opentelemetry.sdk.version import __version__

    return __version__


def _container_id() -> str | None:
    for file, pattern in _CONTAINER_FILES:
        try:
            found = pattern.search(file.read_text(errors="replace"))
        except OSError:
            continue
        if found:
            return found[1]
    return None
