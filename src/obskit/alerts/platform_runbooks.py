"""What to do about each alert of what all services stand on."""

from __future__ import annotations

from collections.abc import Mapping

from obskit.alerts.runbook import Runbook

#: Of the collector, and of the watchdog.
TELEMETRY: Mapping[str, Runbook] = {
    "Watchdog": Runbook(
        "It always fires, and goes to a receiver of its own, which must raise the alarm when it stops.",
        "Where it has stopped: Prometheus, Alertmanager, or the way to the receiver.",
        "Mend that. Until then no alert reaches anybody.",
    ),
    "TelemetryPipelineDown": Runbook(
        "Prometheus reaches no collector. Services keep what they can on disk; alerts see nothing new.",
        "Whether the collector runs (`/` at its health endpoint), and its log. Whether Prometheus has"
        " it as a target of the job `otel-collector`.",
        "Start it. Its queue on disk survives.",
    ),
    "CollectorDown": Runbook(
        "One of several collectors does not answer.",
        "Its process, its host, its log.",
        "Start it, before the others have too much to do.",
    ),
    "CollectorRestarts": Runbook(
        "A collector ends and is started again and again.",
        "The end of its log; whether the kernel kills it for memory.",
        "Mend its configuration, or give it more memory and set GOMEMLIMIT to 80 % of it.",
    ),
    "CollectorQueueFilling": Runbook(
        "A backend takes less than comes, or nothing. When the queue is full, senders are refused.",
        "Whether the backend is up, has disk left, and how long it takes to answer.",
        "Mend the backend. If it can take no more for good, send less or give it more.",
    ),
    "CollectorQueueFull": Runbook(
        "A queue of the collector is full, and it refuses what comes. Services that use obskit keep it"
        " on disk; others lose it.",
        "As for `CollectorQueueFilling`.",
        "Mend the backend, at once. A larger queue only bridges the time.",
    ),
    "CollectorMemoryShort": Runbook(
        "The collector refuses what comes, because it is near its limit of memory.",
        "Its memory on the dashboard, and which service sends much.",
        "Raise the limit, add a collector, or send less.",
    ),
    "CollectorRefused": Runbook(
        "The collector refuses what comes, neither for a full queue nor for memory.",
        "Its log: a processor or an extension says why.",
        "Mend its configuration.",
    ),
    "CollectorSendFailed": Runbook(
        "A backend said no for good: what it refused is lost.",
        "The collector's log has the answer of the backend: authentication, a limit of size, data that"
        " it does not take.",
        "Mend what it complains of. What can be sent again is: only permanent refusals are counted.",
    ),
}

#: Of a fleet of collectors.
FLEET: Mapping[str, Runbook] = {
    "CollectorBehind": Runbook(
        "A gateway reads a partition more slowly than agents write it. Dashboards and alerts see what"
        " happens ever later; nothing is lost until Kafka deletes it.",
        "Its CPU and memory, its queues (`CollectorQueueFilling`: then the backend is what is slow), and"
        " whether one partition alone is behind: one service or host writes most of it.",
        "Add a gateway, where there are more partitions than gateways; else add partitions first. A"
        " service that sends too much is held by `OTELCOL_SERVICE_SPANS` and `…_LOG_RECORDS`.",
    ),
    "CollectorReadsNothing": Runbook(
        "Messages wait in a partition that a gateway holds, and it reads none of the topic. One whose"
        " partitions all went to others while it was behind shows the same.",
        "Its log: refused by a processor, no way to Kafka, another version of TLS. Who holds the"
        " partitions: `kafka-consumer-groups.sh --describe`.",
        "Start it again: others take its partitions meanwhile, and nothing is lost.",
    ),
    "CollectorUnread": Runbook(
        "Agents write more to a topic than gateways read, for long. All gateways are away, hang, or are"
        " too few; or Prometheus reads agents and not gateways.",
        "`CollectorDown`, `CollectorReadsNothing`, `CollectorBehind`; then `kafka-consumer-groups.sh"
        " --describe`, and how long the topic keeps what is not read (`retention.ms`).",
        "Have the gateways run. If that takes long, keep more: raise `retention.ms` of the topic.",
    ),
    "CollectorUndecided": Runbook(
        "More traces are undecided at once than may wait. The oldest are given up: errors and slow ones"
        " among them are lost as well.",
        "How many traces begin a second, against `OTELCOL_WAITING_TRACES` divided by"
        " `OTELCOL_DECISION_WAIT`; the collector's memory.",
        "Raise `OTELCOL_WAITING_TRACES`, and the memory with it, or add a gateway.",
    ),
    "CollectorDecidesTooSoon": Runbook(
        "Many spans come when their trace is decided. They share the decision, so that traces stay"
        " whole; but what they would have told, an error or that it was slow, was not asked.",
        "Which service's spans end late: long work in one span, a batch delay that is long, an agent"
        " that sends from its disk after an outage.",
        "Raise `OTELCOL_DECISION_WAIT`, `OTELCOL_COMMIT_AFTER` with it, and `OTELCOL_WAITING_TRACES`.",
    ),
    "CollectorServiceLimited": Runbook(
        "A service sends more than its rate. What is beyond is dropped on its host and counted; other"
        " services are not held up.",
        "What it sends so much of: a new line in a loop, debug logging, a span for each row.",
        "Have it send less: a level, a sampler. If it needs more, raise `OTELCOL_SERVICE_SPANS` or"
        " `OTELCOL_SERVICE_LOG_RECORDS`.",
    ),
    "CollectorScaleOut": Runbook(
        "A queue has been more than half full for half an hour. It bridges no long outage any more.",
        "Whether the backend behind it is slow: then more collectors do not help. Else the collector's"
        " CPU, and whether the load grows.",
        "Add one more gateway (there must be a partition for it), or one more collector beside it.",
    ),
}

#: Of hosts and databases.
HOSTS: Mapping[str, Runbook] = {
    "HostCpuBusy": Runbook(
        "The processors of a host have had next to no time left for half an hour.",
        "Which process takes it (`top`), and whether users notice: `RouteSlow`.",
        "If they do not, find out what it was and go on. If they do, move work away.",
    ),
    "HostMemoryShort": Runbook(
        "Little memory is left that could be given to anybody. The kernel will kill a process.",
        "Which process has grown, and since when.",
        "Start that one again, and look for its leak.",
    ),
    "DiskAlmostFull": Runbook(
        "Less than a tenth of a disk is free. Databases stop when there is nothing.",
        "What is large and new: `du -x`, logs, backups, temporary files.",
        "Delete or rotate what is not needed, or enlarge the disk.",
    ),
    "DiskFullSoon": Runbook(
        "If a disk goes on to fill as in the last hours, it is full within a day.",
        "What grows: `du -x` twice, some minutes apart.",
        "Stop what fills it, or make room.",
    ),
    "DatabaseDown": Runbook(
        "An exporter cannot ask its database.",
        "Whether the database runs and takes connections, and its log.",
        "Start it. If it runs, mend the exporter's access.",
    ),
    "DatabaseConnections": Runbook(
        "Most connections that a database allows are open; who comes when none is left is refused.",
        "Who holds them: `pg_stat_activity`, `CLIENT LIST`. Idle ones are a pool that is too large.",
        "Make the pools smaller, close what leaks, or put a pooler in between.",
    ),
    "DatabaseQueryLong": Runbook(
        "A transaction has lasted for more than ten minutes. Its locks hold up others, and nothing that"
        " it might still see is cleared away.",
        "`pg_stat_activity`, by `xact_start`. Idle in a transaction: somebody forgot to end it.",
        "End it with `pg_terminate_backend` if nobody needs it; set"
        " `idle_in_transaction_session_timeout`.",
    ),
}
