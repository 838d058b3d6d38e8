"""A dashboard: its panels in their places, its variables, its links to the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from obskit import names
from obskit.alerts.grafana.panel import COLUMNS
from obskit.alerts.grafana.query import PROMETHEUS, Json, series
from obskit.alerts.promql import DRILL, ENVIRONMENT, INSTANCE, SERVICE, by, label, metric

#: What every dashboard of ours is found by.
TAG = "obskit"
#: Of Grafana 9.1; newer ones read it, and write it anew.
_SCHEMA = 37

# Whatever process is heard of tells of it, whether it sends its metrics or is scraped.
_TELLS = metric(names.PROCESS_UPTIME)


def variable(
    name: str, label: str, found: str, *, many: bool = True, repeats: bool = False
) -> Json:
    """Something to choose above the panels.

    Args:
        name: What expressions call it.
        label: What people call it.
        found: The values, as Grafana asks Prometheus for them.
        many: Whether several can be chosen, and all; else one.
        repeats: Whether there is a panel for each value.
    """
    # What has no such label is of "All" too; a panel of its own it has not.
    of_all = {"allValue": ".*"} if many and not repeats else {}
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": PROMETHEUS,
        "definition": found,
        "query": {"query": found, "refId": f"variable-{name}"},
        "refresh": 2,  # as the time that is shown changes
        "regex": "",
        "sort": 1,
        "hide": 0,
        "multi": many,
        "includeAll": many,
        **of_all,
        **({"current": _ALL} if many else {}),
        "options": [],
        "skipUrlSync": False,
    }


_ALL: Json = {"selected": True, "text": ["All"], "value": ["$__all"]}

#: The service, its environment and its processes.
SERVICE_CHOICE: tuple[Json, ...] = (
    variable("service", "Service", f'label_values({_TELLS}{{{DRILL}=""}}, {SERVICE})', many=False),
    variable(
        "environment",
        "Environment",
        f'label_values({_TELLS}{{{SERVICE}="$service", {DRILL}=""}}, {ENVIRONMENT})',
    ),
    variable("instance", "Instance", f"label_values({series(_TELLS)}, {INSTANCE})"),
)
#: A trace to show the lines of; empty for all.
TRACE_CHOICE: Json = {
    "type": "textbox",
    "name": "trace",
    "label": "Trace id",
    "query": "",
    "current": {"selected": False, "text": "", "value": ""},
    "options": [],
    "hide": 0,
    "skipUrlSync": False,
}


def dashboard(
    uid: str,
    title: str,
    description: str,
    variables: Sequence[Json],
    panels: Iterable[Json],
) -> Json:
    """A whole dashboard.

    Args:
        uid: What alerts link to it by.
        title: What it is called.
        description: What it shows.
        variables: What can be chosen.
        panels: The panels in their order: beside each other where there is room, else below.
    """
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": [TAG],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"},
        "timepicker": {},
        "links": _LINKS,
        # Only what has a service to choose has alerts and deploys to mark.
        "annotations": {"list": [_ALERTS, _DEPLOYS] if SERVICE_CHOICE[0] in variables else []},
        "templating": {"list": list(variables)},
        "panels": placed(panels),
    }


_LINKS: list[Json] = [
    {
        "title": "obskit",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "The other sides of the same service",
        "url": "",
    }
]
_ALERTS: Json = {
    "name": "Alerts",
    "datasource": PROMETHEUS,
    "enable": True,
    "hide": False,
    "iconColor": "red",
    "expr": f'ALERTS{{alertstate="firing", service="$service", {DRILL}=""}}',
    "titleFormat": "{{alertname}}",
    "tagKeys": "severity,owner",
    "step": "60s",
}

_RELEASE = label(names.DEPLOY_RELEASE)
_DEPLOYED = series(metric(names.DEPLOY_TIMESTAMP))
_DEPLOYS: Json = {
    "name": "Deploys",
    "datasource": PROMETHEUS,
    "enable": True,
    "hide": False,
    "iconColor": "blue",
    # `obskit deploy` ends its series at once: a window still sees it. The value is the moment.
    "expr": f"max by {by(_RELEASE)} (last_over_time({_DEPLOYED}[5m])) * 1000",
    "useValueForTime": True,
    "titleFormat": f"{{{{{_RELEASE}}}}}",
    "step": "60s",
}


def placed(panels: Iterable[Json]) -> list[Json]:
    """The panels with a number and a place each.

    Args:
        panels: In their order. A row begins a line of its own.
    """
    found: list[Json] = []
    x = y = line = 0
    for number, panel in enumerate(panels, 1):
        size = panel["gridPos"]
        if x + size["w"] > COLUMNS:
            x, y, line = 0, y + line, 0
        found.append({**panel, "id": number, "gridPos": {**size, "x": x, "y": y}})
        x, line = x + size["w"], max(line, size["h"])
    return found
