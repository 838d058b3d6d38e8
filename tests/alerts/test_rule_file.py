"""Groups of rules as Prometheus reads them, and their trials as promtool does."""

from __future__ import annotations

from obskit.alerts import rule_file
from obskit.alerts.rule import Alert, Group, Recording, Trial, TrialKind
from obskit.alerts.rule_file import rules

PLAIN = Alert("Plain", "up == 0", {"severity": "info"}, {"summary": "It is down"})


def trial(kind: TrialKind, series: dict[str, str], step: float = 15.0, **more: object) -> Trial:
    return Trial(kind, series, step, {30.0: 0, 15.0: 2}, **more)  # type: ignore[arg-type]


def alert(name: str, *trials: Trial, **labels: str) -> Alert:
    return Alert(name, "up == 0", {"severity": "info", **labels}, {}, trials=trials)


def tried(*alerts: Alert) -> list[list[list[str]]]:
    """By test file, by test: the expressions that are asked."""
    return [
        [[asked["expr"] for asked in one["promql_expr_test"]] for one in file["tests"]]
        for file in rule_file.tests([Group("shop", alerts)], "../rules/shop.yml")
    ]


def test_a_rule_that_alerts_is_written_with_the_times_that_it_has() -> None:
    slow = Alert("Slow", "up == 1", {}, {}, holds_for=90.0, keeps_for=0.5)
    assert rules([Group("shop", (PLAIN, slow))]) == {
        "groups": [
            {
                "name": "shop",
                "rules": [
                    {
                        "alert": "Plain",
                        "expr": "up == 0",
                        "labels": {"severity": "info"},
                        "annotations": {"summary": "It is down"},
                    },
                    {
                        "alert": "Slow",
                        "expr": "up == 1",
                        "for": "1m30s",
                        "keep_firing_for": "500ms",
                        "labels": {},
                        "annotations": {},
                    },
                ],
            }
        ]
    }


def test_a_rule_that_records_is_written_without_labels_where_it_has_none() -> None:
    group = Group("shop", (Recording("a:b", "vector(1)"), Recording("a:c", "up", {"x": "y"})))
    assert rules([group])["groups"][0]["rules"] == [
        {"record": "a:b", "expr": "vector(1)"},
        {"record": "a:c", "expr": "up", "labels": {"x": "y"}},
    ]


def test_a_trial_becomes_a_test_that_counts_what_fires_at_each_moment() -> None:
    tested = alert("Down", trial("broken", {"up": "1 0x9"}), service="shop")
    assert rule_file.tests([Group("shop", (tested,))], "../rules/shop.yml") == [
        {
            "step": 15.0,
            "rule_files": ["../rules/shop.yml"],
            "evaluation_interval": "15s",
            "group_eval_order": ["shop"],
            "tests": [
                {
                    "name": "shop: broken",
                    "interval": "15s",
                    "input_series": [{"series": "up", "values": "1 0x9"}],
                    "promql_expr_test": [
                        {
                            "expr": 'count(ALERTS{alertname="Down", alertstate="firing",'
                            ' severity="info", service="shop"}) or vector(0)',
                            "eval_time": "15s",
                            "exp_samples": [{"labels": "{}", "value": 2}],
                        },
                        {
                            "expr": 'count(ALERTS{alertname="Down", alertstate="firing",'
                            ' severity="info", service="shop"}) or vector(0)',
                            "eval_time": "30s",
                            "exp_samples": [{"labels": "{}", "value": 0}],
                        },
                    ],
                }
            ],
        }
    ]


def test_a_label_that_a_series_brings_is_not_asked_for_but_what_tells_it_from_others_is() -> None:
    among = {"check": ("a", "b")}
    tested = alert("Down", trial("broken", {}, among=among), owner="{{ $labels.owner }}")
    assert tried(tested)[0][0][0] == (
        'count(ALERTS{alertname="Down", alertstate="firing", severity="info", check=~"a|b"})'
        " or vector(0)"
    )


def test_groups_are_evaluated_in_their_order_also_where_their_rules_are_tried() -> None:
    """Else what one reads of another is now what it has just recorded, now what is long stale."""
    groups = [Group(name, (alert(name, trial("broken", {})),)) for name in ("b", "a")]
    (found,) = rule_file.tests(groups, "f")
    assert found["group_eval_order"] == ["b", "a"]


def test_samples_far_apart_are_evaluated_before_what_was_recorded_is_stale() -> None:
    alerts = (
        alert("Daily", trial("broken", {}, step=900.0)),
        alert("Dense", trial("broken", {}, step=15.0, evaluation=60.0)),
    )
    found = rule_file.tests([Group("shop", alerts)], "f")
    assert [(file["step"], file["evaluation_interval"]) for file in found] == [
        (15.0, "1m"),
        (900.0, "4m"),
    ]


def test_trials_of_different_alerts_are_tried_together() -> None:
    found = tried(alert("A", trial("broken", {"a": "1"})), alert("B", trial("broken", {"b": "1"})))
    assert [len(asked) for (asked,) in found] == [4]


def test_trials_of_one_alert_of_one_kind_are_tried_one_by_one() -> None:
    found = tried(alert("A", trial("broken", {"a": "1"}), trial("broken", {"b": "1"})))
    assert [[len(asked) for asked in file] for file in found] == [[2, 2]]


def test_trials_that_tell_a_series_differently_are_tried_one_by_one() -> None:
    found = tried(alert("A", trial("broken", {"a": "1"})), alert("B", trial("broken", {"a": "2"})))
    assert [[len(asked) for asked in file] for file in found] == [[2, 2]]


def test_trials_of_different_kinds_or_groups_are_tried_one_by_one() -> None:
    found = tried(alert("A", trial("broken", {})), alert("B", trial("healthy", {})))
    assert [[len(asked) for asked in file] for file in found] == [[2, 2]]
    groups = [Group(name, (alert(name, trial("broken", {})),)) for name in ("a", "b")]
    assert [one["name"] for one in rule_file.tests(groups, "f")[0]["tests"]] == [
        "a: broken",
        "b: broken",
    ]
