"""Decides who is told what: of problems, of what was told before, and of the time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from obskit.declaration import Severity
from obskit.notify import folding
from obskit.notify.news import Change, Item, News, ordered
from obskit.notify.past import Known, Past
from obskit.notify.problem import Problem, is_worse, more_urgent, urgency
from obskit.notify.times import digest_is_due, is_muted, may_hear
from obskit.receivers.model import Directory

# After something was told nothing but worse is told of the same for so long, seconds: doubled each
# time within an hour, up to the second. What is true then is told then.
_QUIET: Mapping[Severity, tuple[float, float]] = {
    "sev1": (300.0, 900.0),
    "sev2": (900.0, 3_600.0),
    "sev3": (0.0, 0.0),
}
_HOUR = 3_600.0
# Days have not all the same length, and looks their own times.
_DIGEST_SLACK = 3 * _HOUR
# What was not heard of for so long is forgotten, seconds.
_FORGOTTEN = 32 * 86_400.0
# A check may be judged so long before another that depends on it, in the same round, seconds.
_ROUND = 15.0


@dataclass(frozen=True)
class Terms:
    """Under what terms people are told.

    Attributes:
        directory: Who hears of what.
        service: Whose problems they are.
        environment: Where it runs.
        silenced: The names of the checks that are silenced now.
        busy: The receivers for whom messages wait: nothing is repeated to them.
        patience: Seconds that a failure may wait until what it depends on is judged.
    """

    directory: Directory
    service: str
    environment: str = ""
    silenced: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    patience: float = 0.0


@dataclass(frozen=True)
class Decision:
    """What was decided.

    Attributes:
        past: What is known from now on.
        news: What is told, by receiver.
    """

    past: Past
    news: tuple[News, ...]


def decide(problems: Iterable[Problem], past: Past, terms: Terms, now: float) -> Decision:
    """Decide who is told what now.

    What is not among the problems stays as it was: it was not looked at. What was found before
    something newer was known says nothing.

    Args:
        problems: How things stand, those that are well too.
        past: What is known from before.
        terms: Under what terms people are told.
        now: Seconds since the Unix epoch.
    """
    found = {problem.key: problem for problem in problems}
    is_digest = digest_is_due(terms.directory, past.digest, now)
    known = dict(past.known)
    items: list[Item] = []
    for key, problem in found.items():
        before = known.get(key, Known())
        if problem.status == "skipped" or problem.judged < before.judged:
            continue
        after = _observed(before, problem, now)
        if _is_hushed(problem, after, found, terms, now):
            known[key] = replace(after, worst="ok", missed=0)
            continue
        if not _waits(problem, after, found, terms, now):
            after = _counted(after, problem, now)
            item = _item(after, problem, terms, now, is_digest=is_digest)
        else:
            item = None
        if item is not None:
            items.append(replace(item, dependents=_dependents(item, found)))
            after = _told(after, item, now)
        known[key] = after
    known = {key: one for key, one in known.items() if _is_kept(one, now, seen=key in found)}
    digest = now if is_digest else past.digest
    return Decision(replace(past, known=known, digest=digest), _news(items, terms))


def _observed(before: Known, problem: Problem, now: float) -> Known:
    """What is known of it after it was found so."""
    if problem.status == before.status:
        return before
    since = min(problem.since or now, now)
    was_failing = before.status != "ok"
    return replace(
        before,
        status=problem.status,
        since=since,
        began=since if problem.fails and not was_failing else before.began,
        judged=problem.judged,
        missed=before.missed + (not problem.fails and before.worst != "ok"),
    )


def _counted(known: Known, problem: Problem, now: float) -> Known:
    """The same, where nobody was told with how grave it was meanwhile."""
    unheard = known.told == "ok" and problem.fails and not _is_young(known, problem, now)
    if unheard and is_worse(problem.status, known.worst):
        return replace(known, worst=problem.status)
    return known


def _is_young(known: Known, problem: Problem, now: float) -> bool:
    """Whether it could not be judged, and not for two periods yet."""
    return problem.status == "unknown" and now - known.since < 2 * problem.period


def _is_hushed(
    problem: Problem, known: Known, found: Mapping[str, Problem], terms: Terms, now: float
) -> bool:
    """Whether nobody hears of it now, nor later that it was so."""
    if problem.kind == "check" and problem.name in terms.silenced:
        return True
    if problem.fails and folding.is_folded(problem, found):
        return True
    severity = urgency(problem.severity, problem.status) if problem.fails else known.told_as
    return any(
        is_muted(mute, problem, severity, terms.service, terms.environment, now)
        for mute in terms.directory.mutes
    )


def _item(
    known: Known, problem: Problem, terms: Terms, now: float, *, is_digest: bool
) -> Item | None:
    """What people are told of it now, or None."""
    if _is_young(known, problem, now):
        return None
    change, severity = _change(known, problem)
    if change is None or (now < known.quiet_until and change != "worse"):
        return None
    if not may_hear(terms.directory, severity, now, is_digest=is_digest):
        return None
    if change == "still" and not _is_again(known, problem, severity, terms, now):
        return None
    was = known.worst if change == "passed" else known.told
    return Item(change, problem, severity, known.began, was, known.missed)


def _change(known: Known, problem: Problem) -> tuple[Change | None, Severity]:
    now = urgency(problem.severity, problem.status)
    if not problem.fails:
        if known.told != "ok":
            return "recovered", known.told_as
        passed = known.worst != "ok"
        return ("passed" if passed else None), urgency(problem.severity, known.worst)
    if known.told == "ok":
        return "new", now
    if problem.status == known.told:
        return "still", now
    if is_worse(problem.status, known.told):
        return "worse", now
    return "better", known.told_as


def _is_again(known: Known, problem: Problem, severity: Severity, terms: Terms, now: float) -> bool:
    """Whether it is time to tell the same again, and somebody is there to hear it."""
    repeat = terms.directory.severities[severity].repeat
    slack = _DIGEST_SLACK if severity == "sev3" else 0.0
    hearers = hearing(terms.directory, problem, severity)
    return now - known.told_at >= repeat - slack and not terms.busy.issuperset(hearers)


def _waits(
    problem: Problem, known: Known, found: Mapping[str, Problem], terms: Terms, now: float
) -> bool:
    """Whether what it depends on may be what is wrong, and is about to be judged."""
    if not problem.fails or known.told != "ok":
        return False
    since = folding.awaits(problem, found, _ROUND)
    return since is not None and now - since < terms.patience


def _dependents(item: Item, found: Mapping[str, Problem]) -> tuple[str, ...]:
    is_down = item.problem.status in {"critical", "unknown"}
    return folding.dependents(item.problem, found) if is_down else ()


def _told(known: Known, item: Item, now: float) -> Known:
    """What is known of it after people were told."""
    if item.change == "still":
        return replace(known, told_at=now)
    is_storm = known.told_at > 0 and now - known.told_at < _HOUR
    storm = known.storm + 1 if is_storm else 0
    base, most = _QUIET[item.severity]
    told_as = item.severity
    if item.change in {"worse", "better"}:
        told_as = more_urgent(known.told_as, item.severity)
    return replace(
        known,
        told=item.problem.status,
        told_at=now,
        told_as=told_as,
        storm=storm,
        quiet_until=now + min(most, base * 2.0**storm),
        worst="ok",
        missed=0,
    )


def _is_kept(known: Known, now: float, *, seen: bool) -> bool:
    """Whether something is known of it that may matter later."""
    if not seen and max(known.since, known.told_at) < now - _FORGOTTEN:
        return False
    is_well = known.status == known.told == known.worst == "ok"
    return not is_well or now - known.told_at < _HOUR


def hearing(directory: Directory, problem: Problem, severity: Severity) -> tuple[str, ...]:
    """Who hears of a problem. Of a channel that fails, others than its own receiver.

    Args:
        directory: Who hears of what.
        problem: The problem.
        severity: How soon somebody must act.
    """
    heard = directory.hearing(severity, problem.owner)
    if problem.kind != "channel":
        return heard
    own = problem.name.partition("/")[0]
    spared = {own, directory.watchdog}
    others = tuple(name for name in heard if name not in spared)
    return others or tuple(name for name in directory.receivers if name not in spared)


def _news(items: Iterable[Item], terms: Terms) -> tuple[News, ...]:
    """One message for each receiver, and one more where a digest is due."""
    told: dict[tuple[str, bool], list[Item]] = defaultdict(list)
    for item in items:
        for receiver in hearing(terms.directory, item.problem, item.severity):
            told[receiver, item.severity == "sev3"].append(item)
    return tuple(
        News(receiver, ordered(each), is_digest)
        for (receiver, is_digest), each in sorted(told.items(), key=lambda pair: pair[0])
    )
