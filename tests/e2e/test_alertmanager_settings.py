"""What obskit configures Alertmanager with is valid, and reaches those who are to hear."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from obskit import Registry
from obskit.alerts.alertmanager.rendering import generated
from obskit.alerts.inventory import Inventory
from obskit.receivers.hours import DAYS
from obskit.receivers.reading import directory_of

WEBHOOK = {"webhook": {"url": "http://127.0.0.1:9095/"}}
OFFICE = {"days": "monday-friday", "from": "09:00", "until": "17:00", "timezone": "Europe/Berlin"}
SHOP = Inventory("shop", "production", Registry())


def written(folder: Path, inventory: Inventory, said: Mapping[str, Any]) -> Path:
    """The configuration's file."""
    for path, text in generated(inventory, directory_of(said, "alerts.toml")).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    return folder / "alertmanager" / "alertmanager.yml"


def amtool(*words: str | Path) -> str:
    done = subprocess.run(["amtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


TREE = {
    "receivers": dict.fromkeys(("on-call", "data-team", "web-team", "team", "beats"), WEBHOOK),
    "owners": {"data": "data-team", "web": "web-team", "search": "web-team", "sre": "on-call"},
    "default": {"receiver": "team"},
    "severities": {"sev1": {"page": "on-call"}},
    "working_hours": OFFICE,
    "mute": {
        "backup": {**OFFICE, "match": {"check": "backup"}},
        "data": {**OFFICE, "match": {"owner": "data", "severity": ["sev1", "sev3"]}},
    },
    "watchdog": {"receiver": "beats"},
}


@pytest.mark.parametrize(
    ("severity", "owner", "receivers"),
    [
        ("critical", "data", "on-call,data-team"),
        ("critical", "web", "on-call,web-team"),
        ("critical", "search", "on-call,web-team"),
        ("critical", "sre", "on-call"),
        ("critical", "unowned", "on-call,team"),
        ("critical", "stranger", "on-call,team"),
        ("warning", "data", "data-team"),
        ("warning", "web", "web-team"),
        ("warning", "search", "web-team"),
        ("warning", "sre", "on-call"),
        ("warning", "unowned", "team"),
        ("warning", "stranger", "team"),
        ("info", "data", "data-team"),
        ("info", "web", "web-team"),
        ("info", "search", "web-team"),
        ("info", "sre", "on-call"),
        ("info", "unowned", "team"),
        ("info", "stranger", "team"),
    ],
)
@pytest.mark.parametrize("check", ["backup", "disk"])
@pytest.mark.parametrize("drill", [(), ("obskit_drill=d1",)])
def test_every_severity_of_every_owner_reaches_its_receivers(
    severity: str,
    owner: str,
    receivers: str,
    check: str,
    drill: tuple[str, ...],
    tmp_path: Path,
) -> None:
    file = written(tmp_path, SHOP, TREE)
    labels = ("alertname=CheckCritical", "service=shop", f"obskit_check_name={check}", *drill)
    found = amtool(
        *("config", "routes", "test", "--config.file", file),
        *(*labels, f"severity={severity}", f"owner={owner}"),
    )
    assert found.strip() == receivers


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (("alertname=Watchdog", "severity=info", "owner=data"), "beats"),
        (("alertname=SomebodyElses",), "team"),
    ],
)
def test_what_is_no_alert_of_a_check_reaches_its_receiver(
    labels: tuple[str, ...], receivers: str, tmp_path: Path
) -> None:
    file = written(tmp_path, SHOP, TREE)
    found = amtool("config", "routes", "test", "--config.file", file, *labels)
    assert found.strip() == receivers


NAMES = st.sampled_from(["a", "on-call", "data.team", "x_1", "0"])
SECRET = st.sampled_from(["/run/secrets/one", "/tmp/ä ö/%41?#", '/"quoted"'])
URLS = st.sampled_from(["http://127.0.0.1:9095/", "https://example.org:8443/a/b"])
CHANNELS: dict[str, st.SearchStrategy[Any]] = {
    "email": st.fixed_dictionaries({"to": st.just(["a@example.org", "b+c@example.org"])}),
    "slack": st.fixed_dictionaries({"url_file": SECRET}, optional={"channel": st.just("#ops")}),
    "discord": st.fixed_dictionaries({"url_file": SECRET}),
    "pagerduty": st.fixed_dictionaries({"routing_key_file": SECRET}, optional={"url": URLS}),
    "opsgenie": st.fixed_dictionaries({"api_key_file": SECRET}, optional={"url": URLS}),
    "webhook": st.fixed_dictionaries({"url": URLS}) | st.fixed_dictionaries({"url_file": SECRET}),
    "telegram": st.fixed_dictionaries(
        {"token_file": SECRET, "chat": st.integers(-(10**12), 10**12).filter(bool)},
        optional={"url": URLS},
    ),
    "sms": st.fixed_dictionaries({"url_file": SECRET}),
}
RECEIVERS = st.dictionaries(
    NAMES, st.fixed_dictionaries({}, optional=CHANNELS).filter(bool), min_size=1
)
OWNERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
    str.strip
)
CLOCK = st.builds(
    lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59)
)
HOURS = st.fixed_dictionaries(
    {
        "days": st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
        "from": CLOCK,
        "until": CLOCK | st.just("24:00"),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
    }
).filter(lambda hours: hours["from"] != hours["until"])
MATCH = st.fixed_dictionaries(
    {},
    optional={
        "check": st.lists(st.sampled_from(["disk", "backup"]), min_size=1, unique=True),
        "owner": st.lists(OWNERS, min_size=1, max_size=2),
        "severity": st.lists(st.sampled_from(["sev1", "sev2", "sev3"]), min_size=1, unique=True),
        "environment": OWNERS,
    },
)


@st.composite
def directories(draw: st.DrawFn) -> dict[str, Any]:
    """Any content of the file that is right."""
    receivers = draw(RECEIVERS)
    some = st.sampled_from(sorted(receivers))
    said = {
        "receivers": {**receivers, "beats": WEBHOOK},
        "owners": draw(st.dictionaries(OWNERS, some, max_size=4)),
        "default": {"receiver": draw(some)},
        "email": {"smarthost": "mail.example.org:587", "from": "obskit@example.org"},
        "severities": {
            "sev1": {"page": draw(some), "repeat": draw(st.sampled_from(["90s", "5d"]))}
        },
        "mute": draw(
            st.dictionaries(
                NAMES,
                st.builds(lambda hours, match: {**hours, "match": match}, HOURS, MATCH),
                max_size=3,
            )
        ),
    }
    if draw(st.booleans()):
        said["working_hours"] = draw(HOURS)
    if draw(st.booleans()):
        said["watchdog"] = {"receiver": "beats"}
    return said


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """Any service whose checks depend on some of those before."""
    registry = Registry()
    names: list[str] = []
    for number in range(draw(st.integers(0, 4))):
        before = draw(st.sets(st.sampled_from(names))) if names else set()
        name = f"check-{number}"
        registry.add(name, lambda: True, every="1m", depends_on=sorted(before))
        names.append(name)
    environment = draw(OWNERS | st.just(""))
    scale = draw(st.sampled_from([1.0, 0.01]))
    return Inventory(draw(OWNERS), environment, registry, scale=scale)


@given(inventory=inventories(), said=directories())
@settings(max_examples=60, phases=(Phase.explicit, Phase.generate))
def test_whatever_the_file_says_alertmanager_takes_it(
    inventory: Inventory, said: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = written(tmp_path_factory.mktemp("said"), inventory, said)
    assert "SUCCESS" in amtool("check-config", file)
