"""What to do about each alert that has no runbook of its own."""

from __future__ import annotations

from collections.abc import Mapping

from obskit.alerts.platform_runbooks import FLEET, HOSTS, TELEMETRY
from obskit.alerts.runbook import Runbook

_CHECKS: Mapping[str, Runbook] = {
    "CheckCritical": Runbook(
        "A check fails that its author called critical. It was damped before: it is no single slip.",
        "The check's message, value and evidence: `/health` of the service, or `obskit check run NAME`"
        " beside it. The dashboard shows since when.",
        "What the check's description and owner say. Give it a runbook of its own: `runbook=` where it"
        " is declared. If it cries wolf, change its limits or `failures_before_alert`.",
    ),
    "CheckWarning": Runbook(
        "A check is past its first limit. Nobody is harmed yet.",
        "How the value has grown on the dashboard, and when it will reach the critical limit.",
        "Act before it does, or move the limit.",
    ),
    "CheckUnknown": Runbook(
        "A check could not be judged for two periods: it timed out, or raised what its author calls"
        " unknown. What it watches may be well, or not.",
        "The check's message, and whether what it asks can be reached from the service's host.",
        "Mend the check. Until then look by hand at what it watches.",
    ),
    "CheckSilent": Runbook(
        "Nothing was heard of a check for more than two of its periods, or nothing ever.",
        "Other alerts first: `ServiceDown`, `TelemetryPipelineDown`. Then whether the process runs that"
        " holds the check (`obskit status`), and whether its threads hang.",
        "Start it again. A check that was deleted needs the rules generated anew.",
    ),
    "RulesOutOfDate": Runbook(
        "A check or a job reports that was not declared when the rules were generated: its failures"
        " wake nobody.",
        "`obskit generate alerts --check`, which shows what differs.",
        "Generate the rules anew and load them. Let the build fail on `--check`.",
    ),
}

_WORK: Mapping[str, Runbook] = {
    "JobLate": Runbook(
        "A run that should have begun has not, whatever became of the runs before.",
        "Whatever starts it: cron, a timer, a queue. Then its last run: the dashboard, `/health`.",
        "Start it by hand if its work is missed, then mend what should have started it.",
    ),
    "JobFailed": Runbook(
        "The last run of a job raised, or ended with a failure, or its process was killed. The next run"
        " that ends well resolves this.",
        "The log lines of the run, and its evidence in `/health`. Killed: the kernel's log, memory.",
        "Mend the cause and run it again.",
    ),
    "JobTooLong": Runbook(
        "A run goes on for longer than it may.",
        "What it waits for: its log, its progress on the dashboard, locks in its database.",
        "Let it end if it moves, else stop it and start it again. Is there more to do than there was,"
        " raise `max_runtime`.",
    ),
    "JobNeverRan": Runbook(
        "No run of a job is known since it was first expected, or for so long that it is forgotten.",
        "Whether it was ever set up where it should run, and whether that host sends metrics.",
        "Set it up. A job that was deleted needs the rules generated anew.",
    ),
    "OperationErrors": Runbook(
        "Too large a share of what users do fails, and there were enough runs to tell.",
        "The reasons on the dashboard (`error.type`), and since which deployment.",
        "Roll back, or help what it depends on.",
    ),
    "OperationSlow": Runbook(
        "One run in twenty takes longer than users are to wait.",
        "A slow trace of it: which of its spans takes the time.",
        "Roll back, or relieve what is slow.",
    ),
    "QuotaNearLimit": Runbook(
        "Most of what may be used of something in a span of time is used.",
        "Who uses it, and whether that is more than usual.",
        "Put off what can wait, or buy more before it is used up.",
    ),
    "QuotaUsedUp": Runbook(
        "As much was used as may be: the provider refuses what comes now.",
        "Who uses it, and whether that is more than usual.",
        "Stop what can wait. It becomes free again as time goes on.",
    ),
    "ProviderRefuses": Runbook(
        "An HTTP client was answered 401 or 429 again and again.",
        "401: whether its credentials are over, or were changed. 429: who asks so much.",
        "Renew the credentials, or ask less often.",
    ),
}

_SERVICE: Mapping[str, Runbook] = {
    "ServiceErrors": Runbook(
        "The share of requests that the server answers with 5xx is too high; there were enough of them"
        " to tell.",
        "Which route, and since which deployment: the service's dashboard. Then the newest issue in"
        " Sentry, and a trace of a request that failed.",
        "Roll back what was deployed. Where a dependency fails, its own alert says what to do.",
    ),
    "RouteSlow": Runbook(
        "One in twenty requests to a route takes longer than users wait gladly.",
        "A slow trace of the route: which span takes the time. Saturation of host and database.",
        "Take out what is slow: a missing index, a call in a loop, a time-out that is too long. A route"
        " that must take long belongs into a job.",
    ),
    "RouteSlowest": Runbook(
        "One in a hundred requests to a route takes so long that users leave.",
        "Slow traces of the route, and what they have in common: one customer, one shard, a lock.",
        "As for `RouteSlow`; a time-out bounds the worst.",
    ),
    "ErrorsAboveLastWeek": Runbook(
        "There are more errors than at this time a week before, though perhaps below every limit.",
        "What was deployed or changed since. Which route, which error.",
        "Roll it back, or mend it before it grows.",
    ),
    "LatencyAboveLastWeek": Runbook(
        "Answers take longer than at this time a week before, though perhaps within every limit.",
        "What was deployed or changed since. How data and traffic have grown.",
        "Roll it back, or mend it before it grows.",
    ),
    "QueriesSlow": Runbook(
        "One in twenty queries takes longer than a second, as the service sees it.",
        "The lines `db.query.slow` with their statements, and the spans of a slow trace. What waits for"
        " what in the database: locks, a full disk, too few connections.",
        "End what blocks the others. Give a slow statement an index, or ask for less.",
    ),
    "QueriesAboveLastWeek": Runbook(
        "Queries take longer than at this time a week before, though perhaps within every limit.",
        "What was deployed or changed since. Which table has grown, and whether its statistics are new.",
        "Roll it back, or mend it before it grows.",
    ),
    "TrafficLost": Runbook(
        "No requests come, and a week before they came all through this hour.",
        "Whether users can reach the service from outside: DNS, certificate, load balancer. Whether"
        " today is a holiday.",
        "Mend the way to the service. On a holiday, silence the alert.",
    ),
    "ServiceDown": Runbook(
        "Nothing at all is heard of a service that should always run.",
        "Whether its processes run, and the end of their logs. Whether other services are heard of: if"
        " none is, it is the way here (`TelemetryPipelineDown`).",
        "Start it. A service that is gone for good needs its rules deleted.",
    ),
    "ServiceRestarts": Runbook(
        "A process ends and is started again and again; users see it as errors in between.",
        "How the process ends: exit code, the kernel's killing for memory, the last lines of its log.",
        "Mend why it ends. Where workers are recycled on purpose, do it less often.",
    ),
    "TelemetryLost": Runbook(
        "Records of the service were lost, by the reason that the label `error_type` says. What"
        " dashboards show of that time is too little.",
        "`obskit status`: the ledger. `queue_full`: more was made than could be sent; a refusal: what"
        " the collector says.",
        "Mend the way to the collector, or make fewer records: a lower log level, sampling.",
    ),
    "TelemetryDelayed": Runbook(
        "Records wait on the service's disk, because their receiver does not take them. Nothing is lost"
        " yet.",
        "Whether the collector answers from the service's host, and `obskit spool`.",
        "Mend the way to the collector; what waits is then sent by itself.",
    ),
    "SeriesLimit": Runbook(
        "A metric has as many series as it may have. What is beyond is counted in one of them, whose"
        " labels are lost.",
        "The service's warning names the attribute with most values and the line of code.",
        "Take the attribute off the metric: ids of users, requests and orders belong into traces and"
        " logs. The alert ends with the next start of the process.",
    ),
    "ErrorBudgetBurnsFast": Runbook(
        "Errors come so fast that the budget of thirty days is used up in days: 2 % of it in an hour, or"
        " 5 % in six.",
        "As for `ServiceErrors` and `RouteSlow`; how much budget is left is on the dashboard.",
        "Stop the errors at once; look for the cause later. Roll back first.",
    ),
    "ErrorBudgetBurns": Runbook(
        "Errors come a little too often for long: a tenth of the budget in one day, or in three.",
        "Which route and which error makes most of it, over days.",
        "Mend it in the next days. If nobody misses it, promise less.",
    ),
}

#: What to do, by the name of the alert.
RUNBOOKS: Mapping[str, Runbook] = {
    **_CHECKS,
    **_WORK,
    **_SERVICE,
    **TELEMETRY,
    **FLEET,
    **HOSTS,
}


def text() -> str:
    """The page of all runbooks: a section for each alert, whose anchor is its name in small letters."""
    sections = (
        f"## {name}\n\n{book.means}\n\n**Look at:** {book.look}\n\n**Do:** {book.do}\n"
        for name, book in sorted(RUNBOOKS.items())
    )
    return "# What to do about each alert\n\n" + "\n".join(sections)
