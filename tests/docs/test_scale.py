"""The plan of a fleet in docs/scale.md is what its script prints."""

from __future__ import annotations

from pathlib import Path

from scripts.fleet_plan import Load, costs, plan, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "scale.md"


def test_the_document_holds_the_tables_that_the_script_prints() -> None:
    """On drift: python -m scripts.fleet_plan ."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "\n".join(costs()) in text
    assert "\n".join(table([10, 1_000, 100_000], Load(100, 100, 100))) in text


def test_a_small_fleet_has_what_can_lose_a_member() -> None:
    small = dict(plan(1, Load(1, 1, 1)))
    assert (small["gateways of 2 cores"], small["Kafka: brokers"]) == ("2", "3")
    assert small["Kafka: partitions of a topic"] == "6"


def test_ten_times_the_load_is_ten_times_the_gateways() -> None:
    once, tenfold = dict(plan(1_000, Load(100, 0, 0))), dict(plan(1_000, Load(1_000, 0, 0)))
    assert (once["gateways of 2 cores"], tenfold["gateways of 2 cores"]) == ("7", "66")
