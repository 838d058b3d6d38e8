"""Django's ORM on PostgreSQL: each query is told once, whoever else instruments the driver."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.config.child import run

pytest.importorskip("django", reason="Django is not installed")

SCRIPT = """
import json, os, django
from urllib.parse import urlsplit
from django.conf import settings

address = urlsplit(os.environ["ADDRESS"])
settings.configure(
    INSTALLED_APPS=["obskit.django", "django.contrib.contenttypes"],
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": address.path[1:],
        "USER": address.username, "HOST": address.hostname, "PORT": address.port,
    }},
    OBSKIT={"service": "shop", "log_format": "none"},
)
django.setup()
import obskit
from django.core.management import call_command
from django.db import connection, transaction
from django.contrib.contenttypes.models import ContentType
from obskit.capture import capturing
call_command("migrate", verbosity=0)
connection.close()
with capturing() as capture:
    ContentType.objects.count()  # connects, which asks for the server's version
    with obskit.span("report"), transaction.atomic():
        ContentType.objects.filter(model="hunter2").count()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 'hunter2', 1")
    spans = [
        {**span.attributes, "name": span.name, "scope": span.instrumentation_scope.name}
        for span in capture.spans if span.kind.name == "CLIENT" and span.parent is not None
    ]
print(json.dumps([spans, "hunter2" in str(capture.lines)]))
"""


def test_each_query_of_a_trace_is_one_span_without_its_values(
    postgresql: str, tmp_path: Path
) -> None:
    ended = run(
        SCRIPT, {"ADDRESS": postgresql, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ""}, tmp_path
    )
    assert ended.status == 0, ended.errors
    spans, leaked = ended.answer
    assert not leaked
    assert [(span["name"], span["scope"]) for span in spans] == [
        ("SELECT django_content_type", "obskit"),
        ("SAVEPOINT", "obskit"),
        ("SELECT", "obskit"),
        ("RELEASE", "obskit"),
    ]
    port = spans[0]["server.port"]
    assert postgresql == f"postgresql://obskit@127.0.0.1:{port}/postgres"
    for span in spans:
        assert span["db.system.name"] == "postgresql"
        assert span["db.namespace"] == "postgres"
        assert span["server.address"] == "127.0.0.1"
    assert [span["db.query.text"] for span in spans[1:]] == [
        "SAVEPOINT ?",
        "SELECT ?, ?",
        "RELEASE SAVEPOINT ?",
    ]
