"""Everything the end-to-end tests need that is not in the project's own environment.

    python -m tests.e2e.build

builds the collector, Jaeger and Loki from their pinned modules, fetches Kafka, installs Bugsink in an
environment of its own and Debian's Prometheus and Alertmanager. Results are kept outside the work tree, keyed
by what they were made from: a second run only looks.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLLECTOR = ROOT / "collector"
BUGSINK_REQUIREMENTS = Path(__file__).with_name("bugsink-requirements.txt")

# program → Debian package
DEBIAN = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    "pg_ctlcluster": "postgresql",
    "docker-compose": "docker-compose",
    "systemd-analyze": "systemd",
    "java": "default-jre-headless",
    "mvn": "maven",
}

# Packages of the collector that are our own, with their tests.
OWN = ("latecommit", "servicelimit")

LDFLAGS = ("-trimpath", "-ldflags", "-s -w")


class BuildFailed(Exception):
    """A part could not be made; the message says which, why and what to do."""


def cache_dir() -> Path:
    """Where results are kept between runs."""
    own = os.environ.get("OBSKIT_CACHE_DIR")
    if own:
        return Path(own).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).absolute() / "obskit"


@dataclass(frozen=True)
class Part:
    """One result, and how it is made in an empty directory.

    Attributes:
        name: What it is called in progress lines and in the cache.
        inputs: Files that decide what comes out; their hash is the key.
        cold: How long it takes with nothing cached, in words.
        make: Makes it in the directory that it is given.
    """

    name: str
    inputs: tuple[Path, ...]
    cold: str
    make: Callable[[Path], None]

    @property
    def path(self) -> Path:
        """Where the result is, or will be."""
        digest = hashlib.sha256()
        for file in self.inputs:
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return cache_dir() / f"{self.name}-{digest.hexdigest()[:16]}"

    @property
    def built(self) -> bool:
        """Whether the result is there, whole."""
        return (self.path / ".complete").exists()


def run(argv: Sequence[str | Path], cwd: Path, **env: str) -> None:
    """Run one step at low priority; its output is shown only when it fails."""
    nice = ["nice", "-n", "15"] if shutil.which("nice") else []
    command = [*nice, *(str(word) for word in argv)]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise BuildFailed(f"{' '.join(command)} exited with {done.returncode}:\n{tail}")


def go(*args: str | Path, cwd: Path, **env: str) -> None:
    """Run the Go toolchain as installed: it neither fetches another one nor edits go.mod."""
    if not shutil.which("go"):
        raise BuildFailed("Go is not installed: the collector, Jaeger and Loki are built with it")
    defaults = {"GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false -mod=readonly"}
    run(["go", *args], cwd, **{**defaults, **env})


def make_collector(directory: Path) -> None:
    """Generate the collector's main package from its manifest and compile it with pinned modules."""
    manifest = COLLECTOR / "builder.yaml"
    version = re.search(r"^ {2}version: (\S+)$", manifest.read_text(), re.MULTILINE)
    if version is None:
        raise BuildFailed(f"{manifest} names no version")
    package = f"go.opentelemetry.io/collector/cmd/builder@v{version[1]}"
    go("install", package, cwd=directory, GOFLAGS="-buildvcs=false", GOBIN=str(directory))
    shutil.copy(manifest, directory / "builder.yaml")
    # The builder resolves modules of tests too, which need not be available; go.mod does without.
    skip = ("--skip-compilation", "--skip-get-modules", "--skip-strict-versioning")
    run([str(directory / "builder"), "--config", "builder.yaml", *skip], directory)
    source = directory / "build"
    for name in ("go.mod", "go.sum"):
        shutil.copy(COLLECTOR / name, source / name)
    for name in OWN:
        shutil.copytree(COLLECTOR / name, source / name)
    go("build", *LDFLAGS, "-o", directory / "obskit-collector", ".", cwd=source)
    go("vet", *(f"./{name}" for name in OWN), cwd=source)
    go("test", *(f"./{name}" for name in OWN), cwd=source)


def make_go_program(source: Path, package: str) -> Callable[[Path], None]:
    """Compile the main package of a module that ``source`` requires."""

    def make(directory: Path) -> None:
        for name in ("go.mod", "go.sum"):
            shutil.copy(source / name, directory / name)
        go("build", *LDFLAGS, "-o", directory / source.name, package, cwd=directory)

    return make


def make_kafka(directory: Path) -> None:
    """Kafka's jars, with what they need."""
    shutil.copy(COLLECTOR / "kafka" / "pom.xml", directory)
    copy = ("dependency:copy-dependencies", "-DoutputDirectory=libs")
    run(["mvn", "-q", "-B", *copy], directory)


def make_bugsink(directory: Path) -> None:
    """An environment with Bugsink, and databases that are migrated already."""
    run([sys.executable, "-m", "venv", directory / "venv"], directory)
    python = directory / "venv" / "bin" / "python"
    run([python, "-m", "pip", "install", "-q", "-r", BUGSINK_REQUIREMENTS], directory)
    template = directory / "template"
    template.mkdir()
    create = directory / "venv" / "bin" / "bugsink-create-conf"
    run([create, "--template=local", "--host=127.0.0.1", "-o", "bugsink_conf.py"], template)
    for database in ("default", "snappea"):
        migrate = ("-m", "django", "migrate", "--database", database, "-v", "0")
        run(
            [python, *migrate],
            template,
            DJANGO_SETTINGS_MODULE="bugsink_conf",
            PYTHONPATH=str(template),
        )


def pinned(directory: Path, *more: Path) -> tuple[Path, ...]:
    """The files that decide what a Go build makes."""
    return (directory / "go.mod", directory / "go.sum", *more)


COLLECTOR_PART = Part(
    "collector",
    pinned(
        COLLECTOR,
        COLLECTOR / "builder.yaml",
        *(file for name in OWN for file in sorted((COLLECTOR / name).glob("*.go"))),
    ),
    "5 min",
    make_collector,
)
JAEGER_PART = Part(
    "jaeger",
    pinned(COLLECTOR / "jaeger"),
    "5 min",
    make_go_program(COLLECTOR / "jaeger", "github.com/jaegertracing/jaeger/cmd/jaeger"),
)
LOKI_PART = Part(
    "loki",
    pinned(COLLECTOR / "loki"),
    "8 min",
    make_go_program(COLLECTOR / "loki", "github.com/grafana/loki/v3/cmd/loki"),
)
KAFKA_PART = Part("kafka", (COLLECTOR / "kafka" / "pom.xml",), "1 min", make_kafka)
BUGSINK_PART = Part("bugsink", (BUGSINK_REQUIREMENTS,), "1 min", make_bugsink)
PARTS = (COLLECTOR_PART, JAEGER_PART, LOKI_PART, KAFKA_PART, BUGSINK_PART)


def missing() -> list[str]:
    """What the tests need and this machine does not have yet."""
    parts = [part.name for part in PARTS if not part.built]
    return parts + [program for program in DEBIAN if not shutil.which(program)]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that two builds at once are one build and one wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(part: Part) -> None:
    """Make a part unless it is there. A half-made one is thrown away."""
    with locked(cache_dir() / f"{part.name}.lock"):
        if part.built:
            print(f"  {part.name:<12} kept", flush=True)
            return
        print(f"  {part.name:<12} building; cold this takes about {part.cold}", flush=True)
        began = time.monotonic()
        # Built in place: the environment of a Python program cannot be moved.
        shutil.rmtree(part.path, ignore_errors=True)
        part.path.mkdir(parents=True)
        part.make(part.path)
        (part.path / ".complete").touch()
        print(f"  {part.name:<12} built in {time.monotonic() - began:.0f} s", flush=True)


def install_debian() -> None:
    """Install what is missing of Debian's packages. No service is started by it."""
    packages = sorted({DEBIAN[program] for program in DEBIAN if not shutil.which(program)})
    if not packages:
        print("  packages     kept", flush=True)
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise BuildFailed(f"root on Debian is needed, once, for: {' '.join(install)}")
    print(f"  packages     installing {' '.join(packages)}", flush=True)
    run(["apt-get", "update"], ROOT)
    run(install, ROOT, DEBIAN_FRONTEND="noninteractive")


def main() -> int:
    """Make everything; 1 when a part failed."""
    print(f"end-to-end backends in {cache_dir()}", flush=True)
    began = time.monotonic()
    try:
        install_debian()
        for part in PARTS:
            build(part)
    except BuildFailed as failure:
        print(f"failed: {failure}", file=sys.stderr)
        return 1
    print(f"ready after {time.monotonic() - began:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
