"""Installs what is missing from the distribution's packages: `python -m tests.servers.install PACKAGE…`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def postgresql_bin() -> Path | None:
    """The folder of PostgreSQL's server programs, the newest version, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


#: Package → whether it is there.
PACKAGES = {
    "chromium": lambda: shutil.which("chromium") is not None,
    "chromium-driver": lambda: shutil.which("chromedriver") is not None,
    "logrotate": lambda: shutil.which("logrotate") is not None,
    "nginx-light": lambda: shutil.which("nginx", path="/usr/sbin:/usr/bin") is not None,
    "postgresql": lambda: postgresql_bin() is not None,
    "prometheus": lambda: shutil.which("promtool") is not None,
    "prometheus-alertmanager": lambda: shutil.which("amtool") is not None,
    "redis-server": lambda: shutil.which("redis-server") is not None,
    "tmux": lambda: shutil.which("tmux") is not None,
    "valgrind": lambda: shutil.which("valgrind") is not None,
}


def main() -> int:
    """Install what is missing; needs root for that alone."""
    missing = [package for package in sys.argv[1:] if not PACKAGES[package]()]
    if not missing:
        return 0
    if os.geteuid() != 0:
        print(f"missing: {' '.join(missing)}; install them, or run this as root", file=sys.stderr)
        return 1
    print(f"installing {' '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        check=True,
        env=quiet,
        stdout=subprocess.DEVNULL,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
