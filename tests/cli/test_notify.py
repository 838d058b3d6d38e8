"""`obskit notify`: whether people can be told."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from tests.cli.host import Host
from tests.notify.hook import Hook

from obskit.cli import main

pytest.importorskip("apprise")


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


@pytest.fixture
def other() -> Iterator[Hook]:
    with Hook() as hook:
        yield hook


def run_test(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["notify", "test", *arguments])


def write(host: Host, *urls: str) -> None:
    """`alerts.toml` with a receiver for each URL: one, two."""
    names = ["one", "two"][: len(urls)]
    sections = [
        f'[receivers.{name}]\nwebhook = {{url = "{url}"}}\n'
        for name, url in zip(names, urls, strict=True)
    ]
    text = "".join(sections) + '[default]\nreceiver = "one"\n'
    (host.folder / "alerts.toml").write_text(text)


def test_each_channel_gets_one_message(host: Host, hook: Hook, other: Hook) -> None:
    write(host, hook.url, other.url)
    result = run_test("--service", "shop")
    assert (result.exit_code, result.stdout) == (0, "one/webhook: taken\ntwo/webhook: taken\n")
    assert hook.titles == ["[TEST] shop: one/webhook works"]
    assert other.titles == ["[TEST] shop: two/webhook works"]


def test_a_channel_that_does_not_take_it_is_told_with_the_reason(
    host: Host, hook: Hook, other: Hook
) -> None:
    write(host, hook.url, other.url)
    hook.status = 404
    result = run_test("--service", "shop")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith("one/webhook: not taken: ")
    assert "error=404" in first
    assert second == "two/webhook: taken"


def test_a_secret_that_is_missing_is_told_and_the_others_are_tried(host: Host, hook: Hook) -> None:
    write(host, hook.url)
    with (host.folder / "alerts.toml").open("a") as file:
        file.write(f'[receivers.three]\ndiscord = {{url_file = "{host.folder}/none"}}\n')
    result = run_test("--service", "shop")
    assert result.exit_code == 1
    assert "one/webhook: taken\n" in result.stdout
    assert "three/discord: not taken: " in result.stdout
    assert f"{host.folder}/none cannot be read" in result.stdout


def test_without_alerts_toml_nothing_is_sent(host: Host) -> None:
    result = run_test()
    assert result.exit_code == 4
    assert "alerts.toml cannot be read" in result.stderr


def test_without_apprise_it_is_said_what_to_install(
    host: Host, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(host, hook.url)
    monkeypatch.delitem(sys.modules, "obskit.notify.sending", raising=False)
    monkeypatch.setitem(sys.modules, "apprise", None)  # as Python marks what it may not import
    result = run_test()
    assert result.exit_code == 4
    assert "pip install 'obskit-otel[notify]'" in result.stderr


def test_it_is_listed_among_the_commands() -> None:
    assert "Tell people of problems without a collector." in CliRunner().invoke(main, []).output
