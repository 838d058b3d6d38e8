"""What alerts of something there are: when each fires, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from obskit import names
from obskit.alerts import generated
from obskit.alerts.inventory import Inventory
from obskit.alerts.promql import label, span
from obskit.alerts.rule import NOBODY, SEVERITIES, Alert
from obskit.declaration import Check, Job, Operation, Severity
from obskit.receivers.hours import DAYS, Hours
from obskit.receivers.model import Directory, Mute
from obskit.registry import Registry

#: What can be asked about by its name.
Subject = Check | Job | Operation

_LABELS: tuple[tuple[type[Subject], str], ...] = (
    (Check, label(names.CHECK_NAME)),
    (Job, label(names.JOB_NAME)),
    (Operation, label(names.OPERATION_NAME)),
)
_RANGE = re.compile(r"\[([0-9a-z]+)[:\]]")
_LABEL = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}")
_VALUE = re.compile(r"\{\{.*?\}\}")
# Of an alert that is not named here, what it says of itself.
_WHEN: Mapping[str, str] = {
    "CheckCritical": "the process that decided the check last says that it is critical, after damping",
    "CheckWarning": "the process that decided the check last says that it warns, after damping",
    "CheckUnknown": "the process that decided the check last could not judge it",
    "CheckSilent": "nobody has decided the check for longer than two periods, its time-out and the"
    " way here, or nobody ever has",
    "RulesOutOfDate": "something reports that was not declared when the rules were generated",
    "JobLate": "the time has passed by which the next run of the job should have begun",
    "JobFailed": "the last run of the job has failed, or its process was killed",
    "JobTooLong": "a run of the job goes on for longer than it may",
    "JobNeverRan": "no run of the job is known, for longer than it may take until the next one",
}


def find(registry: Registry, name: str) -> Subject:
    """What is declared under a name.

    Args:
        registry: The declarations.
        name: The name; `check:`, `job:` or `operation:` before it says which is meant.

    Raises:
        LookupError: There is no such thing, or more than one.
    """
    kinds: dict[str, Mapping[str, Subject]] = {
        "check": registry.checks,
        "job": registry.jobs.held,
        "operation": registry.operations.held,
    }
    kind, _, own = name.rpartition(":")
    if kind in kinds:
        kinds, name = {kind: kinds[kind]}, own
    found = {kind: held[name] for kind, held in kinds.items() if name in held}
    if len(found) > 1:
        ways = " or ".join(f"{kind}:{name}" for kind in found)
        raise LookupError(f"{name!r} is the name of more than one thing: write {ways}")
    if not found:
        raise LookupError(_unknown(name, kinds))
    return next(iter(found.values()))


def _unknown(name: str, kinds: Mapping[str, Mapping[str, Subject]]) -> str:
    *most, last = kinds
    known = sorted({each for held in kinds.values() for each in held})
    near = get_close_matches(name, known, 1)
    hint = f"declared are {', '.join(known)}" if known else "none is declared"
    return f"no {', '.join(most)}{' or ' if most else ''}{last} is named {name!r}: " + (
        f"did you mean {near[0]!r}?" if near else hint
    )


def all_alerts(inventory: Inventory) -> Iterator[Alert]:
    """Every alert that is generated.

    Args:
        inventory: What is expected.

    Raises:
        DeclarationError: Something is declared that no rule can watch.
    """
    for make in generated.MAKERS.values():
        for group in make(inventory):
            yield from group.alerts


def alerts_of(inventory: Inventory, subject: Subject) -> list[Alert]:
    """The alerts of a check, a job or an operation: those that are about it alone.

    Args:
        inventory: What is expected.
        subject: What it is.

    Raises:
        DeclarationError: Something is declared that no rule can watch.
    """
    key = _label(subject)
    return [one for one in all_alerts(inventory) if one.labels.get(key) == subject.name]


def _label(subject: Subject) -> str:
    return next(key for kind, key in _LABELS if isinstance(subject, kind))


def concerning(inventory: Inventory, name: str) -> list[Alert]:
    """The alerts that a name is about: of an alert, a check, a job or an operation.

    Those that tell of all of a kind that say nothing have the severity and owner of the one that is
    named.

    Args:
        inventory: What is expected.
        name: The name of an alert, or what `find` takes.

    Raises:
        DeclarationError: Something is declared that no rule can watch.
        LookupError: There is no such thing, or more than one.
    """
    generated_ones = list(all_alerts(inventory))
    of_name = [one for one in generated_ones if one.name == name]
    if of_name:
        return of_name
    if not name.islower():  # as the names of all that is declared are
        near = get_close_matches(name, {one.name for one in generated_ones}, 1)
        raise LookupError(
            f"no alert is named {name!r}: "
            + (
                f"did you mean {near[0]}?"
                if near
                else "ask by the name of a check, a job or an operation"
            )
        )
    subject = find(inventory.registry, name)
    key = _label(subject)
    own = inventory.labels(subject.severity, subject.owner, **{key: subject.name})
    found = []
    for one in generated_ones:
        if one.labels.get(key) == subject.name:
            found.append(one)
        elif "severity" not in one.labels and key in one.expr:
            found.append(replace(one, labels={**one.labels, **own}))
    return found


def facts(alert: Alert) -> Iterator[tuple[str, str]]:
    """What there is to say of an alert: pairs of a word and a text.

    Args:
        alert: The alert.
    """
    own = dict(alert.labels)
    yield "when", _WHEN.get(alert.name, _plain(alert.annotations["summary"], own))
    spans = list(dict.fromkeys(_RANGE.findall(alert.expr)))
    yield "reads", f"the last {', '.join(spans)}" if spans else "what is now"
    holds = f"when it has held for {span(alert.holds_for)}" if alert.holds_for else "at once"
    yield "fires", holds
    if alert.keeps_for:
        yield "goes on", f"{span(alert.keeps_for)} after it has ended"
    yield "severity", own.get("severity", "that of what it tells of")
    yield "owner", own.get("owner", "that of what it tells of")
    yield "says", _plain(alert.annotations["summary"], own)
    yield "runbook", alert.annotations["runbook_url"]


def hearers(alert: Alert, inventory: Inventory, directory: Directory) -> Iterator[tuple[str, str]]:
    """Who hears of an alert: pairs of a word and a text.

    Args:
        alert: The alert.
        inventory: Whose it is.
        directory: Who hears of what.
    """
    severity = next(
        (one for one, word in SEVERITIES.items() if word == alert.labels.get("severity")), None
    )
    if severity is None:
        yield "hears", "whoever hears of what it tells of: ask by the name of a check or a job"
        return
    owner = alert.labels.get("owner")
    for number, name in enumerate(directory.hearing(severity, None if owner == NOBODY else owner)):
        channels = directory.receivers[name].channels
        kinds = ", ".join(type(one).__name__ for one in channels)
        yield ("hears" if not number else "then"), f"{name}, by {kinds}"
    yield "again", f"every {span(directory.severities[severity].repeat)} while it fires"
    if severity == "sev2" and directory.working_hours is not None:
        yield "only", f"in working hours: {_hours(directory.working_hours)}"
    for mute in directory.mutes:
        if _is_muted(mute, _traits(alert, inventory, severity)):
            yield "never", f"within the window {mute.name}: {_hours(mute.hours)}"


def _traits(alert: Alert, inventory: Inventory, severity: Severity) -> dict[str, str]:
    named = {
        "check": label(names.CHECK_NAME),
        "job": label(names.JOB_NAME),
        "operation": label(names.OPERATION_NAME),
        "owner": "owner",
        "service": "service",
    }
    return {
        **{trait: alert.labels[key] for trait, key in named.items() if key in alert.labels},
        "environment": inventory.environment,
        "severity": severity,
        "alert": alert.name,
    }


def _is_muted(mute: Mute, traits: Mapping[str, str]) -> bool:
    return all(traits.get(trait) in asked for trait, asked in mute.match.items())


def _hours(hours: Hours) -> str:
    days = ", ".join(DAYS[day][:3] for day in hours.days)
    clock = " to ".join(
        f"{minute // 60:02}:{minute % 60:02}" for minute in (hours.start, hours.end)
    )
    return f"{days} {clock} ({hours.timezone})"


def _plain(template: str, labels: Mapping[str, str]) -> str:
    """A template of Prometheus as a person reads it."""
    known = _LABEL.sub(lambda found: labels.get(found[1], f"<{found[1]}>"), template)
    return _VALUE.sub("<value>", known)
