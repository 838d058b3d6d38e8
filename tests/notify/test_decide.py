"""Who is told what, and when: by problems, the past and a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.notify.given import DAY, HOUR, MINUTE, NOON, OFFICE, Telling, directory, problem

from obskit.notify.past import Past, read, write
from obskit.receivers.hours import Hours
from obskit.receivers.model import Delivery, Mute, Receiver


class TestChanges:
    def test_what_is_well_is_not_told(self) -> None:
        told = Telling()
        assert told.at(NOON, problem(status="ok")) == []
        assert told.past == Past(digest=NOON)

    def test_what_fails_is_told_once(self) -> None:
        told = Telling()
        assert told.at(NOON, problem()) == ["team: new db"]
        assert told.at(NOON + MINUTE, problem()) == []

    def test_a_recovery_is_told(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        well = NOON + 10 * MINUTE
        assert told.at(well, problem(status="ok", since=well)) == ["team: recovered db"]
        assert told.at(well + MINUTE, problem(status="ok", since=well)) == []

    def test_it_is_told_since_when_it_failed_whatever_it_was_between(self) -> None:
        told = Telling()
        told.at(NOON, problem(status="warning"))
        told.at(NOON + MINUTE, problem(since=NOON + MINUTE))
        well = NOON + 30 * MINUTE
        (news,) = told.decided(well, problem(status="ok", since=well)).news
        assert (news.items[0].began, news.items[0].was) == (NOON, "critical")

    def test_what_gets_worse_is_told_at_once(self) -> None:
        told = Telling()
        assert told.at(NOON, problem(status="warning")) == ["team: new db"]
        assert told.at(NOON + 1, problem(since=NOON + 1)) == ["team: worse db"]

    def test_what_gets_better_is_told_when_some_time_has_passed(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        better = problem(status="warning", since=NOON + MINUTE)
        assert told.at(NOON + 2 * MINUTE, better) == []
        assert told.at(NOON + 5 * MINUTE, better) == ["team: better db"]

    def test_what_is_not_looked_at_stays_as_it_was(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        assert told.at(NOON + 10 * MINUTE, problem("other", "ok")) == []
        assert told.at(NOON + 11 * MINUTE, problem()) == []

    def test_what_was_found_before_something_newer_says_nothing(self) -> None:
        told = Telling()
        told.at(NOON, problem(since=NOON))
        stale = problem(status="ok", since=NOON - HOUR, judged=NOON - 1)
        assert told.at(NOON + 10 * MINUTE, stale) == []

    def test_a_skipped_check_is_neither_well_nor_failing(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        skipped = problem(status="skipped", since=NOON + MINUTE)
        assert told.at(NOON + 10 * MINUTE, skipped) == []
        well = problem(status="ok", since=NOON + 20 * MINUTE)
        assert told.at(NOON + 20 * MINUTE, well) == ["team: recovered db"]

    def test_unknown_is_told_after_two_periods(self) -> None:
        told = Telling()
        unknown = problem(status="unknown", period=300.0)
        assert told.at(NOON + 599, unknown) == []
        assert told.at(NOON + 600, unknown) == ["team: new db"]

    def test_unknown_for_a_moment_is_never_told(self) -> None:
        told = Telling()
        told.at(NOON, problem(status="unknown", period=300.0))
        assert told.at(NOON + MINUTE, problem(status="ok", since=NOON + MINUTE)) == []
        assert told.at(NOON + DAY + HOUR, problem(status="ok", since=NOON + MINUTE)) == []


class TestSeverities:
    def test_sev1_is_repeated_each_hour(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        assert told.at(NOON + HOUR - 1, problem()) == []
        assert told.at(NOON + HOUR, problem()) == ["team: still db"]
        assert told.at(NOON + 2 * HOUR - 1, problem()) == []
        assert told.at(NOON + 2 * HOUR, problem()) == ["team: still db"]

    def test_sev2_is_repeated_twice_a_day(self) -> None:
        told = Telling()
        told.at(NOON, problem(severity="sev2"))
        assert told.at(NOON + 12 * HOUR - 1, problem(severity="sev2")) == []
        assert told.at(NOON + 12 * HOUR, problem(severity="sev2")) == ["team: still db"]

    def test_nothing_is_repeated_to_whom_messages_wait_for(self) -> None:
        told = Telling(busy=frozenset({"team"}))
        assert told.at(NOON, problem()) == ["team: new db"]
        assert told.at(NOON + 5 * HOUR, problem()) == []
        told.terms = replace(told.terms, busy=frozenset())
        assert told.at(NOON + 6 * HOUR, problem()) == ["team: still db"]

    def test_sev1_is_told_to_whom_is_paged_and_to_the_owner(self) -> None:
        paged = {"sev1": Delivery(HOUR, "pager"), "sev2": Delivery(HOUR), "sev3": Delivery(DAY)}
        told = Telling()
        told.terms = replace(told.terms, directory=directory(severities=paged))
        by_data = problem(owner="data")
        assert told.at(NOON, by_data) == ["data: new db", "pager: new db"]
        well = problem(status="ok", since=NOON + HOUR, owner="data")
        assert told.at(NOON + HOUR, well) == ["data: recovered db", "pager: recovered db"]

    def test_whoever_was_paged_hears_of_the_recovery_from_a_warning_too(self) -> None:
        paged = {"sev1": Delivery(HOUR, "pager"), "sev2": Delivery(HOUR), "sev3": Delivery(DAY)}
        told = Telling()
        told.terms = replace(told.terms, directory=directory(severities=paged))
        told.at(NOON, problem(status="warning"))
        assert told.at(NOON + 1, problem(since=NOON + 1)) == ["pager: worse db", "team: worse db"]
        later = NOON + HOUR
        assert told.at(later, problem(status="warning", since=later)) == [
            "pager: better db",
            "team: better db",
        ]
        well = later + HOUR
        assert told.at(well, problem(status="ok", since=well)) == [
            "pager: recovered db",
            "team: recovered db",
        ]

    def test_whoever_was_paged_hears_of_the_end_also_where_it_is_sev2_by_then(self) -> None:
        paged = {"sev1": Delivery(HOUR, "pager"), "sev2": Delivery(HOUR), "sev3": Delivery(DAY)}
        told = Telling()
        told.terms = replace(told.terms, directory=directory(severities=paged))
        unknown = problem(status="unknown", since=NOON - HOUR)
        assert told.at(NOON, unknown) == ["pager: new db", "team: new db"]
        lowered = problem(severity="sev2", since=NOON + MINUTE)
        assert told.at(NOON + MINUTE, lowered) == ["team: worse db"]
        well = problem(status="ok", severity="sev2", since=NOON + HOUR)
        assert told.at(NOON + HOUR, well) == ["pager: recovered db", "team: recovered db"]

    def test_of_what_begins_anew_as_a_warning_nobody_is_paged_at_the_end(self) -> None:
        paged = {"sev1": Delivery(HOUR, "pager"), "sev2": Delivery(HOUR), "sev3": Delivery(DAY)}
        told = Telling()
        told.terms = replace(told.terms, directory=directory(severities=paged))
        assert told.at(NOON, problem()) == ["pager: new db", "team: new db"]
        well = NOON + 10 * MINUTE
        assert told.at(well, problem(status="ok", since=well)) == [
            "pager: recovered db",
            "team: recovered db",
        ]
        again = NOON + 40 * MINUTE
        warns = problem(status="warning", since=again)
        assert told.at(again, warns) == ["team: new db"]
        well = NOON + 3 * HOUR
        assert told.at(well, problem(status="ok", since=well)) == ["team: recovered db"]

    def test_a_warning_of_sev1_is_told_as_sev2(self) -> None:
        (news,) = Telling().decided(NOON, problem(status="warning")).news
        assert [item.severity for item in news.items] == ["sev2"]


class TestQuietHours:
    NIGHT = NOON + 10 * HOUR  # 22:00
    MORNING = NOON + 21 * HOUR  # 09:00

    @pytest.fixture
    def told(self) -> Telling:
        told = Telling()
        told.terms = replace(told.terms, directory=directory(working_hours=OFFICE))
        return told

    def test_sev1_is_told_at_night(self, told: Telling) -> None:
        assert told.at(self.NIGHT, problem()) == ["team: new db"]

    def test_sev2_waits_for_the_morning(self, told: Telling) -> None:
        failing = problem(severity="sev2", since=self.NIGHT)
        assert told.at(self.NIGHT, failing) == []
        assert told.at(self.MORNING - 1, failing) == []
        assert told.at(self.MORNING, failing) == ["team: new db"]

    def test_what_failed_and_mended_itself_at_night_is_told_in_the_morning(
        self, told: Telling
    ) -> None:
        told.at(self.NIGHT, problem(severity="sev2", since=self.NIGHT))
        mended = self.NIGHT + HOUR
        well = problem(status="ok", severity="sev2", since=mended)
        assert told.at(mended, well) == []
        again = problem(severity="sev2", since=mended + HOUR)
        assert told.at(mended + HOUR, again) == []
        well = problem(status="ok", severity="sev2", since=mended + 2 * HOUR)
        assert told.at(mended + 2 * HOUR, well) == []
        (news,) = told.decided(self.MORNING, well).news
        (item,) = news.items
        assert (item.change, item.was, item.times) == ("passed", "critical", 2)
        assert told.at(self.MORNING + HOUR, well) == []

    def test_of_what_mended_itself_at_night_the_worst_is_told(self, told: Telling) -> None:
        told.at(self.NIGHT, problem(severity="sev2", since=self.NIGHT))
        milder = problem(status="warning", severity="sev2", since=self.NIGHT + HOUR)
        assert told.at(self.NIGHT + HOUR, milder) == []
        well = problem(status="ok", severity="sev2", since=self.NIGHT + 2 * HOUR)
        assert told.at(self.NIGHT + 2 * HOUR, well) == []
        (news,) = told.decided(self.MORNING, well).news
        assert [(item.change, item.was) for item in news.items] == [("passed", "critical")]

    def test_what_failed_in_a_silence_at_night_is_not_counted(self, told: Telling) -> None:
        told.terms = replace(told.terms, silenced=frozenset({"db"}))
        assert told.at(self.NIGHT, problem(severity="sev2", since=self.NIGHT)) == []
        told.terms = replace(told.terms, silenced=frozenset())
        later = self.NIGHT + HOUR
        assert told.at(later, problem(severity="sev2", since=self.NIGHT)) == []
        well = problem(status="ok", severity="sev2", since=later + MINUTE)
        assert told.at(later + MINUTE, well) == []
        (news,) = told.decided(self.MORNING, well).news
        assert [(item.change, item.times) for item in news.items] == [("passed", 1)]

    def test_on_a_weekend_nobody_hears_of_sev2(self, told: Telling) -> None:
        saturday, monday = NOON + 4 * DAY, NOON + 6 * DAY
        failing = problem(severity="sev2", since=saturday)
        assert told.at(saturday, failing) == []
        assert told.at(monday, failing) == ["team: new db"]


class TestDigest:
    def test_sev3_is_told_once_a_day_in_one_message(self) -> None:
        told = Telling()
        one, other = problem("one", severity="sev3"), problem("other", severity="sev3")
        assert told.at(NOON, one) == []
        assert told.at(NOON + HOUR, one, other) == []
        morning = NOON + 20 * HOUR
        assert told.at(morning - 1, one, other) == []
        (news,) = told.decided(morning, one, other).news
        assert (news.receiver, news.is_digest) == ("team", True)
        assert [(item.change, item.problem.name) for item in news.items] == [
            ("new", "one"),
            ("new", "other"),
        ]
        assert told.at(morning + HOUR, one, other) == []

    def test_the_next_one_tells_what_lasts_and_what_is_over(self) -> None:
        told = Telling()
        one, other = problem("one", severity="sev3"), problem("other", severity="sev3")
        morning = NOON + 20 * HOUR
        told.at(morning + 5 * MINUTE, one, other)
        well = problem("other", "ok", morning + HOUR, severity="sev3")
        assert told.at(morning + HOUR, one, well) == []
        assert told.at(morning + DAY, one, well) == ["team: still one", "team: recovered other"]

    def test_without_anything_to_tell_there_is_none(self) -> None:
        assert Telling().at(NOON + DAY, problem(status="ok")) == []

    def test_what_is_urgent_is_not_put_into_it(self) -> None:
        told = Telling()
        news = told.decided(NOON + DAY, problem("a"), problem("b", severity="sev3")).news
        assert [(one.is_digest, [i.problem.name for i in one.items]) for one in news] == [
            (False, ["a"]),
            (True, ["b"]),
        ]

    def test_it_is_made_in_working_hours(self) -> None:
        told = Telling()
        berlin = Hours((0, 1, 2, 3, 4), 9 * 60, 17 * 60, "Europe/Berlin")
        told.terms = replace(told.terms, directory=directory(working_hours=berlin))
        minor = problem(severity="sev3")
        assert told.at(NOON + 20 * HOUR - 1, minor) == []  # 08:59:59 in Berlin
        assert told.at(NOON + 20 * HOUR, minor) == ["team: new db"]


class TestGrouping:
    def test_twelve_dependents_are_one_message_about_what_they_depend_on(self) -> None:
        names = [f"d{number:02}" for number in range(12)]
        below = [problem(name, depends_on=("db",)) for name in names]
        (news,) = Telling().decided(NOON, problem(), *below).news
        assert [item.problem.name for item in news.items] == ["db"]
        assert news.items[0].dependents == tuple(names)

    def test_dependents_that_were_skipped_are_named_too(self) -> None:
        below = problem("rows", "skipped", depends_on=("db",))
        (news,) = Telling().decided(NOON, problem(), below).news
        assert news.items[0].dependents == ("rows",)

    def test_dependents_of_dependents_are_folded(self) -> None:
        middle, last = problem("a", depends_on=("db",)), problem("b", depends_on=("a",))
        assert Telling().at(NOON, problem(), middle, last) == ["team: new db"]

    def test_a_circle_of_dependencies_ends(self) -> None:
        one, other = problem("a", depends_on=("b",)), problem("b", depends_on=("a",))
        assert Telling().at(NOON, one, other) == []

    def test_a_dependent_that_still_fails_afterwards_is_told(self) -> None:
        told = Telling()
        below = problem("rows", depends_on=("db",))
        assert told.at(NOON, problem(), below) == ["team: new db"]
        later = NOON + HOUR
        well, again = problem(status="ok", since=later), replace(below, judged=later)
        assert told.at(later, well, again) == ["team: new rows", "team: recovered db"]

    def test_what_depends_on_a_warning_is_told(self) -> None:
        below = problem("rows", depends_on=("db",))
        assert Telling().at(NOON, problem(status="warning"), below) == [
            "team: new rows",
            "team: new db",
        ]

    def test_it_waits_until_what_it_depends_on_was_judged(self) -> None:
        told = Telling(patience=60.0)
        below = problem("rows", depends_on=("db",))
        before = problem(status="ok", since=NOON - DAY, judged=NOON - 40)
        assert told.at(NOON + 10, before, below) == []
        assert told.at(NOON + 20, problem(since=NOON + 20), below) == ["team: new db"]

    def test_it_waits_no_longer_than_patience(self) -> None:
        told = Telling(patience=60.0)
        below = problem("rows", depends_on=("db",))
        before = problem(status="ok", since=NOON - DAY, judged=NOON - 40)
        assert told.at(NOON + 59, before, below) == []
        assert told.at(NOON + 60, before, below) == ["team: new rows"]

    def test_it_waits_to_be_judged_after_what_it_depends_on_is_well(self) -> None:
        told = Telling(patience=60.0)
        below = problem("rows", depends_on=("db",))
        assert told.at(NOON, problem(), below) == ["team: new db"]
        mended = NOON + 10 * MINUTE
        well = problem(status="ok", since=mended)
        assert told.at(mended, well, below) == ["team: recovered db"]
        fresh = problem("rows", "ok", mended + 30, depends_on=("db",))
        assert told.at(mended + 30, well, fresh) == []

    def test_what_was_told_of_waits_for_nothing(self) -> None:
        told = Telling(patience=60.0)
        before = problem(status="ok", since=NOON - DAY, judged=NOON)
        warns = problem("rows", "warning", depends_on=("db",))
        assert told.at(NOON, before, warns) == ["team: new rows"]
        later = NOON + 10 * MINUTE
        worse = problem("rows", since=later, depends_on=("db",))
        assert told.at(later, before, worse) == ["team: worse rows"]

    def test_a_recovery_waits_for_nothing(self) -> None:
        told = Telling(patience=60.0)
        below = problem("rows", depends_on=("db",))
        before = problem(status="ok", since=NOON - DAY, judged=NOON)
        assert told.at(NOON, before, below) == ["team: new rows"]
        later = NOON + 10 * MINUTE
        well = problem("rows", "ok", later, depends_on=("db",))
        assert told.at(later, before, well) == ["team: recovered rows"]

    def test_what_mended_itself_unheard_waits_for_nothing(self) -> None:
        told = Telling(patience=60.0)
        told.terms = replace(told.terms, directory=directory(working_hours=OFFICE))
        before = problem(status="ok", since=NOON - DAY, judged=NOON + 10 * HOUR)
        night = problem("rows", since=NOON + 10 * HOUR, severity="sev2", depends_on=("db",))
        assert told.at(NOON + 10 * HOUR, before, night) == []
        morning = NOON + 21 * HOUR
        well = problem("rows", "ok", morning, severity="sev2", depends_on=("db",))
        assert told.at(morning, before, well) == ["team: passed rows"]

    def test_all_that_is_new_goes_to_a_receiver_in_one_message_the_most_urgent_first(self) -> None:
        minor, major = problem("a", severity="sev2"), problem("z")
        (news,) = Telling().decided(NOON, minor, major).news
        assert [item.problem.name for item in news.items] == ["z", "a"]


class TestThrottle:
    def test_what_flaps_is_told_once_until_it_is_quiet(self) -> None:
        told = Telling()
        assert told.at(NOON, problem()) == ["team: new db"]
        for second in range(30, 300, 60):
            well = problem(status="ok", since=NOON + second)
            assert told.at(NOON + second, well) == []
            again = problem(since=NOON + second + 30)
            assert told.at(NOON + second + 30, again) == [], second
        assert told.at(NOON + 300, problem(since=NOON + 300)) == []

    def test_the_longer_it_flaps_the_rarer_it_is_told(self) -> None:
        told = Telling()
        moments = []
        for second in range(0, 7_200, 10):
            status = "ok" if second // 10 % 2 else "critical"
            now = NOON + second
            if told.at(now, problem(status=status, since=now)):
                moments.append(second)
        assert moments == [0, 310, 910, 1810, 2710, 3610, 4510, 5410, 6310]

    def test_one_that_flaps_hinders_no_other_on_its_channel(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        assert told.at(NOON + 1, problem(), problem("disk", since=NOON + 1)) == ["team: new disk"]

    def test_what_is_true_at_the_end_of_the_quiet_is_told_then(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        well = problem(status="ok", since=NOON + MINUTE)
        assert told.at(NOON + MINUTE, well) == []
        assert told.at(NOON + 299, well) == []
        assert told.at(NOON + 300, well) == ["team: recovered db"]

    def test_what_passes_in_the_quiet_is_told_at_its_end_with_its_own_times_only(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        told.at(NOON + 5 * MINUTE, problem(status="ok", since=NOON + 5 * MINUTE))
        passed = []
        for minute, end in ((6, 15), (16, 30)):
            begun, over = NOON + minute * MINUTE, NOON + (minute + 1) * MINUTE
            assert told.at(begun, problem(since=begun)) == []
            well = problem(status="ok", since=over)
            assert told.at(over, well) == []
            (news,) = told.decided(NOON + end * MINUTE, well).news
            passed += [(item.change, item.was, item.times) for item in news.items]
        assert passed == [("passed", "critical", 1), ("passed", "critical", 1)]


class TestSilences:
    def test_a_silenced_check_is_not_told(self) -> None:
        told = Telling(silenced=frozenset({"db"}))
        assert told.at(NOON, problem(), problem("disk")) == ["team: new disk"]

    def test_what_still_fails_when_the_silence_ends_is_told(self) -> None:
        told = Telling(silenced=frozenset({"db"}))
        told.at(NOON, problem())
        told.terms = replace(told.terms, silenced=frozenset())
        assert told.at(NOON + HOUR, problem()) == ["team: new db"]

    def test_what_has_passed_in_a_silence_is_never_told(self) -> None:
        told = Telling(silenced=frozenset({"db"}))
        told.at(NOON, problem())
        well = problem(status="ok", since=NOON + MINUTE)
        told.at(NOON + MINUTE, well)
        told.terms = replace(told.terms, silenced=frozenset())
        assert told.at(NOON + HOUR, well) == []

    def test_a_recovery_in_a_silence_is_told_when_it_ends(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        told.terms = replace(told.terms, silenced=frozenset({"db"}))
        well = problem(status="ok", since=NOON + HOUR)
        assert told.at(NOON + HOUR, well) == []
        told.terms = replace(told.terms, silenced=frozenset())
        assert told.at(NOON + 2 * HOUR, well) == ["team: recovered db"]

    def test_dependents_of_a_silenced_check_are_muted_with_it(self) -> None:
        told = Telling(silenced=frozenset({"db"}))
        assert told.at(NOON, problem(), problem("rows", depends_on=("db",))) == []

    def test_a_job_of_the_same_name_is_told(self) -> None:
        told = Telling(silenced=frozenset({"db"}))
        assert told.at(NOON, problem(kind="job")) == ["team: new db"]

    @pytest.mark.parametrize(
        ("match", "expected"),
        [
            ({}, []),
            ({"check": ("db",)}, []),
            ({"check": ("disk",)}, ["team: new db"]),
            ({"job": ("db",)}, ["team: new db"]),
            ({"severity": ("sev1",)}, []),
            ({"severity": ("sev2", "sev3")}, ["team: new db"]),
            ({"owner": ("data",)}, ["team: new db"]),
            ({"service": ("shop",), "check": ("db",)}, []),
            ({"alert": ("ObskitCheckFailing",)}, ["team: new db"]),
        ],
    )
    def test_an_open_mute_window_hides_what_it_is_meant_for(
        self, match: dict[str, tuple[str, ...]], expected: list[str]
    ) -> None:
        every = Hours((0, 1, 2, 3, 4, 5, 6), 11 * 60, 13 * 60, "UTC")
        told = Telling()
        muted = directory(mutes=(Mute("move", every, match),))  # type: ignore[arg-type]
        told.terms = replace(told.terms, directory=muted)
        assert told.at(NOON, problem()) == expected
        if not expected:
            assert told.at(NOON + HOUR, problem()) == ["team: new db"]


class TestChannels:
    def test_a_channel_that_fails_is_told_to_the_others(self) -> None:
        told = Telling()
        assert told.at(NOON, problem("team/email", kind="channel")) == [
            "data: new team/email",
            "pager: new team/email",
        ]

    def test_the_owner_hears_of_another_ones_channel(self) -> None:
        assert Telling().at(NOON, problem("pager/sms", kind="channel")) == ["team: new pager/sms"]

    def test_the_only_receiver_is_not_told_through_what_fails(self) -> None:
        told = Telling()
        only = directory(receivers={"team": Receiver("team", ())}, owners={})
        told.terms = replace(told.terms, directory=only)
        assert told.at(NOON, problem("team/email", kind="channel")) == []


class TestPast:
    def test_a_restart_repeats_nothing_and_loses_nothing(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        again = Telling()
        again.past = read(write(told.past))
        assert again.past == told.past
        assert again.at(NOON + MINUTE, problem()) == []
        well = problem(status="ok", since=NOON + 10 * MINUTE)
        assert again.at(NOON + 10 * MINUTE, well) == ["team: recovered db"]

    def test_what_is_well_for_an_hour_is_forgotten(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        well = problem(status="ok", since=NOON + 10 * MINUTE)
        told.at(NOON + 10 * MINUTE, well)
        assert "check:db" in told.past.known
        told.at(NOON + 70 * MINUTE, well)
        assert told.past.known == {}

    def test_what_nobody_looks_at_any_more_is_forgotten_after_a_month(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        told.at(NOON + 32 * DAY)
        assert "check:db" in told.past.known
        told.at(NOON + 32 * DAY + 1)
        assert told.past.known == {}

    def test_looking_again_at_the_same_changes_nothing(self) -> None:
        told = Telling()
        told.at(NOON, problem())
        before = told.past
        told.at(NOON + MINUTE, problem(judged=NOON + MINUTE))
        assert told.past == before
