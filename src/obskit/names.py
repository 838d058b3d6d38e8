"""Every name that leaves the process: metrics, attributes, events.

Rules, dashboards, documents and tests read names from here and nowhere else. Names without a source
follow the OpenTelemetry semantic conventions 1.43; our own begin with ``obskit.``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "up_down_counter", "gauge", "histogram"]
Stability = Literal["stable", "development"]


@dataclass(frozen=True)
class Metric:
    """One metric: what it is called and what its number means.

    Attributes:
        name: The OpenTelemetry name.
        kind: The instrument.
        unit: The unit, in UCUM as OpenTelemetry writes it (``s``, ``By``, ``{request}``).
        description: One sentence.
        stability: How firm the name is in the semantic conventions.
        buckets: The explicit bucket boundaries of a histogram, in ``unit``.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    stability: Stability = "development"
    buckets: tuple[float, ...] = ()


# Semantic conventions, "HTTP metrics": the boundaries are part of the convention.
_HTTP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

HTTP_SERVER_REQUEST_DURATION = Metric(
    "http.server.request.duration",
    "histogram",
    "s",
    "Duration of HTTP server requests.",
    "stable",
    _HTTP_BUCKETS,
)
HTTP_SERVER_ACTIVE_REQUESTS = Metric(
    "http.server.active_requests",
    "up_down_counter",
    "{request}",
    "Number of active HTTP server requests.",
)

PROCESS_CPU_TIME = Metric(
    "process.cpu.time", "counter", "s", "Total CPU seconds broken down by different CPU modes."
)
PROCESS_MEMORY_USAGE = Metric(
    "process.memory.usage", "up_down_counter", "By", "The amount of physical memory in use."
)
PROCESS_MEMORY_VIRTUAL = Metric(
    "process.memory.virtual", "up_down_counter", "By", "The amount of committed virtual memory."
)
PROCESS_THREAD_COUNT = Metric(
    "process.thread.count", "up_down_counter", "{thread}", "Process threads count."
)
PROCESS_FILE_DESCRIPTOR_COUNT = Metric(
    "process.unix.file_descriptor.count",
    "up_down_counter",
    "{file_descriptor}",
    "Number of unix file descriptors in use by the process.",
)
PROCESS_UPTIME = Metric("process.uptime", "gauge", "s", "The time the process has been running.")
# From what a callback may take to what a deployment gives up on.
EVENT_LOOP_LAG = Metric(
    "obskit.event_loop.lag",
    "histogram",
    "s",
    "How long the event loop lets wait what is asked of it.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CPYTHON_GC_COLLECTIONS = Metric(
    "cpython.gc.collections",
    "counter",
    "{collection}",
    "The number of times a generation was collected since interpreter start.",
)
CPYTHON_GC_COLLECTED_OBJECTS = Metric(
    "cpython.gc.collected_objects",
    "counter",
    "{object}",
    "The total number of objects collected since interpreter start.",
)
CPYTHON_GC_UNCOLLECTABLE_OBJECTS = Metric(
    "cpython.gc.uncollectable_objects",
    "counter",
    "{object}",
    "The total number of uncollectable objects found since interpreter start.",
)

CHECK_STATUS = Metric(
    "obskit.check.status",
    "up_down_counter",
    "1",
    "1 for the state that a check is in, 0 for every other state.",
)
CHECK_LAST_RUN = Metric(
    "obskit.check.last_run.timestamp", "gauge", "s", "When the check was last decided, Unix time."
)
CHECK_LAST_SUCCESS = Metric(
    "obskit.check.last_success.timestamp", "gauge", "s", "When the check was last ok, Unix time."
)
# No unit, so that its Prometheus name never varies with the unit of what is measured.
CHECK_VALUE = Metric("obskit.check.value", "gauge", "", "The number that the check measured.")
CHECK_DURATION = Metric("obskit.check.duration", "gauge", "s", "How long the last run took.")
# Without a unit: a gauge of unit 1 becomes `…_ratio` in Prometheus.
CHECK_INFO = Metric("obskit.check.info", "gauge", "", "1 for every check that is declared.")

JOB_STATUS = Metric(
    "obskit.job.status",
    "up_down_counter",
    "1",
    "1 for the state that a job is in, 0 for every other state.",
)
JOB_DEADLINE = Metric(
    "obskit.job.deadline.timestamp",
    "gauge",
    "s",
    "Until when the next run of the job must have begun, Unix time.",
)
JOB_LAST_RUN = Metric(
    "obskit.job.last_run.timestamp", "gauge", "s", "When the last run began, Unix time."
)
JOB_LAST_SUCCESS = Metric(
    "obskit.job.last_success.timestamp", "gauge", "s", "When a run last ended well, Unix time."
)
JOB_LAST_BEAT = Metric(
    "obskit.job.last_beat.timestamp",
    "gauge",
    "s",
    "When a run that goes on was last heard of, Unix time.",
)
JOB_DURATION = Metric(
    "obskit.job.duration", "gauge", "s", "How long the last run took that has ended."
)
JOB_PROGRESS = Metric(
    "obskit.job.progress", "gauge", "1", "The share that the run at hand has done, 0 to 1."
)
JOB_RUNS = Metric("obskit.job.runs", "counter", "{run}", "Runs that have ended, by outcome.")
JOB_COUNTED = Metric(
    "obskit.job.counted", "counter", "1", "What the runs of a job have counted, by name."
)
# From what a page waits for to what a user waits for at the till.
OPERATION_DURATION = Metric(
    "obskit.operation.duration",
    "histogram",
    "s",
    "Duration of what users do.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 20, 30, 60, 120, 300),
)
# From what a task costs that does little to the hours of one that imports.
TASK_DURATION = Metric(
    "obskit.task.duration",
    "histogram",
    "s",
    "Duration of each try of a background task.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600),
)
QUOTA_USED = Metric(
    "obskit.quota.used",
    "up_down_counter",
    "{call}",
    "What this process has used of a quota in its window.",
)
QUOTA_LIMIT = Metric("obskit.quota.limit", "gauge", "{call}", "What may be used in a window.")
# Semantic conventions, "Database client metrics": the boundaries are part of the convention.
DB_CLIENT_OPERATION_DURATION = Metric(
    "db.client.operation.duration",
    "histogram",
    "s",
    "Duration of database client operations.",
    "stable",
    (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
)
SECURITY_FAILED_LOGINS = Metric(
    "obskit.security.failed_logins", "counter", "{login}", "Logins that were refused."
)
SECURITY_CSRF_FAILURES = Metric(
    "obskit.security.csrf_failures",
    "counter",
    "{request}",
    "Requests that were refused for want of a valid CSRF token.",
)
SECURITY_RATE_LIMIT_HITS = Metric(
    "obskit.security.rate_limit_hits",
    "counter",
    "{request}",
    "Requests that were refused because their client asks too often.",
)
HTTP_CLIENT_REJECTIONS = Metric(
    "obskit.http.client.rejections",
    "counter",
    "{response}",
    "Responses 401 and 429 that an HTTP client was given.",
)
# The limits of what Web Vitals call good and poor are among the boundaries.
PAGE_TIMING = Metric(
    "obskit.page.timing",
    "histogram",
    "s",
    "When a page reached a moment, as its browser measured it; of inp, how long it took.",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 1.5, 1.8, 2, 2.5, 3, 4, 6, 10, 20, 60),
)
PAGE_LAYOUT_SHIFT = Metric(
    "obskit.page.layout_shift",
    "histogram",
    "1",
    "How much of a page moved by itself: the cumulative layout shift.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2),
)
DEPLOY_TIMESTAMP = Metric(
    "obskit.deploy.timestamp", "gauge", "s", "When the newest release was deployed, Unix time."
)

# The export path's own account. OpenTelemetry semantic conventions 1.36, in development.
SDK_SPAN_PROCESSED = Metric(
    "otel.sdk.processor.span.processed",
    "counter",
    "{span}",
    "Spans that were handed on to the exporter, or dropped before.",
)
SDK_LOG_PROCESSED = Metric(
    "otel.sdk.processor.log.processed",
    "counter",
    "{log_record}",
    "Log records that were handed on to the exporter, or dropped before.",
)
SDK_SPAN_QUEUE_SIZE = Metric(
    "otel.sdk.processor.span.queue.size", "up_down_counter", "{span}", "Spans that wait in memory."
)
SDK_LOG_QUEUE_SIZE = Metric(
    "otel.sdk.processor.log.queue.size",
    "up_down_counter",
    "{log_record}",
    "Log records that wait in memory.",
)
SDK_SPAN_EXPORTED = Metric(
    "otel.sdk.exporter.span.exported",
    "counter",
    "{span}",
    "Spans whose export has finished, by what failed.",
)
SDK_LOG_EXPORTED = Metric(
    "otel.sdk.exporter.log.exported",
    "counter",
    "{log_record}",
    "Log records whose export has finished, by what failed.",
)
SDK_POINT_EXPORTED = Metric(
    "otel.sdk.exporter.metric_data_point.exported",
    "counter",
    "{data_point}",
    "Metric points whose export has finished, by what failed.",
)
SPOOLED = Metric(
    "obskit.export.spooled",
    "up_down_counter",
    "{record}",
    "Records of this process that wait on disk.",
)

METRICS: tuple[Metric, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)

# Attributes: HTTP, URL, network (stable since semantic conventions 1.23)
HTTP_REQUEST_METHOD = "http.request.method"
HTTP_REQUEST_METHOD_ORIGINAL = "http.request.method_original"
HTTP_RESPONSE_STATUS_CODE = "http.response.status_code"
HTTP_RESPONSE_BODY_SIZE = "http.response.body.size"
HTTP_ROUTE = "http.route"
URL_SCHEME = "url.scheme"
URL_PATH = "url.path"
URL_QUERY = "url.query"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
CLIENT_ADDRESS = "client.address"
NETWORK_PROTOCOL_VERSION = "network.protocol.version"
USER_AGENT_ORIGINAL = "user_agent.original"

# Attributes: databases (stable since semantic conventions 1.33)
DB_SYSTEM_NAME = "db.system.name"
DB_NAMESPACE = "db.namespace"
DB_OPERATION_NAME = "db.operation.name"
DB_OPERATION_BATCH_SIZE = "db.operation.batch.size"
DB_COLLECTION_NAME = "db.collection.name"
DB_QUERY_TEXT = "db.query.text"
DB_QUERY_SUMMARY = "db.query.summary"

# Attributes: errors, exceptions, code, users
ERROR_TYPE = "error.type"
SIGNAL = "obskit.signal"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
CODE_FUNCTION_NAME = "code.function.name"
CODE_FILE_PATH = "code.file.path"
CODE_LINE_NUMBER = "code.line.number"
USER_ID = "user.id"

# Attributes of the resource
SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"
SERVICE_INSTANCE_ID = "service.instance.id"
DEPLOYMENT_ENVIRONMENT_NAME = "deployment.environment.name"
HOST_NAME = "host.name"
HOST_ARCH = "host.arch"
OS_TYPE = "os.type"
PROCESS_PID = "process.pid"
PROCESS_RUNTIME_NAME = "process.runtime.name"
PROCESS_RUNTIME_VERSION = "process.runtime.version"
PROCESS_EXECUTABLE_NAME = "process.executable.name"
CONTAINER_ID = "container.id"
# In development.
LOG_IOSTREAM = "log.iostream"

# Metrics SDK specification, "Overflow attribute": on the one series of all that are beyond the limit.
METRIC_OVERFLOW = "otel.metric.overflow"

# Attributes: process metrics
CPU_MODE = "cpu.mode"
GC_GENERATION = "cpython.gc.generation"

# Attributes: messaging (in development); Celery, as its contrib instrumentation names them
MESSAGING_SYSTEM = "messaging.system"
MESSAGING_OPERATION_NAME = "messaging.operation.name"
MESSAGING_OPERATION_TYPE = "messaging.operation.type"
MESSAGING_DESTINATION_NAME = "messaging.destination.name"
MESSAGING_MESSAGE_ID = "messaging.message.id"
MESSAGING_CONVERSATION_ID = "messaging.message.conversation_id"
TASK_NAME = "celery.task_name"
TASK_STATE = "celery.state"
TASK_RETRIES = "celery.retries"
TASK_RETRY_REASON = "celery.retry.reason"
TASK_ETA = "celery.eta"
TASK_WORKER = "celery.hostname"

# Attributes: our own
REQUEST_ID = "obskit.request.id"
# What the client was told of an error.
ERROR_CODE = "obskit.error.code"
ERROR_DETAIL = "obskit.error.detail"
WEBSOCKET_CLOSE_CODE = "obskit.websocket.close_code"
CHECK_NAME = "obskit.check.name"
CHECK_STATE = "obskit.check.state"
CHECK_RESULT_MESSAGE = "obskit.check.message"
CHECK_RESULT_VALUE = "obskit.check.value"
CHECK_RESULT_UNIT = "obskit.check.unit"
CHECK_RESULT_DURATION = "obskit.check.duration"
CHECK_RESULT_DETAILS = "obskit.check.details"
CHECK_RESULT_EVIDENCE = "obskit.check.evidence"
CHECK_SEVERITY = "obskit.check.severity"
CHECK_OWNER = "obskit.check.owner"
CHECK_RUNBOOK = "obskit.check.runbook"
JOB_NAME = "obskit.job.name"
JOB_STATE = "obskit.job.state"
JOB_OUTCOME = "obskit.job.outcome"
JOB_RUN_ID = "obskit.job.run.id"
JOB_RUN_DURATION = "obskit.job.run.duration"
JOB_RUN_COUNTS = "obskit.job.run.counts"
JOB_RUN_MESSAGE = "obskit.job.run.message"
JOB_RUN_EVIDENCE = "obskit.job.run.evidence"
JOB_SEVERITY = "obskit.job.severity"
JOB_OWNER = "obskit.job.owner"
JOB_RUNBOOK = "obskit.job.runbook"
COUNT_NAME = "obskit.count.name"
OPERATION_NAME = "obskit.operation.name"
OPERATION_OUTCOME = "obskit.operation.outcome"
QUOTA_NAME = "obskit.quota.name"
DEPLOY_RELEASE = "obskit.deploy.release"
# Before the name of what was measured. OpenTelemetry has an event for each single Web Vital, in
# development; a page view is one record here.
PAGE = "obskit.page"
PAGE_MOMENT = "obskit.page.moment"
PROFILE_NAME = "obskit.profile.name"
PROFILE_DURATION = "obskit.profile.duration"
PROFILE_SAMPLES = "obskit.profile.samples"
PROFILE_LEFT_OUT = "obskit.profile.left_out"
PROFILE_TREE = "obskit.profile.tree"
# The mark of what a drill made up, so that nothing takes it for real.
DRILL = "obskit.drill"

# What the `event_name` of a log record may be
EVENT_EXCEPTION = "exception"
EVENT_ACCESS = "http.server.request"
EVENT_CHECK = "obskit.check.result"
EVENT_JOB_STARTED = "obskit.job.started"
EVENT_JOB_FINISHED = "obskit.job.finished"
EVENT_DEPLOY = "obskit.deploy"
EVENT_PAGE = "obskit.page.view"
EVENT_PROFILE = "obskit.profile"

# Semantic conventions, "HTTP spans": a method that the server does not know.
UNKNOWN_METHOD = "_OTHER"
