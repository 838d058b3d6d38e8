import sys
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Exists, F, OuterRef

from quests.models import Application, Audit, Participant, Quest

SAME = {"quest": OuterRef("quest"), "user": OuterRef("user")}


def issues() -> Iterator[str]:
    """Each fault in the data, in a line."""
    approved = Application.objects.filter(status="approved")
    for one in approved.exclude(Exists(Participant.objects.filter(**SAME))):
        yield f"ISSUE application {one.pk} is approved, and nobody takes part"
    for two in Participant.objects.exclude(Exists(approved.filter(**SAME))):
        yield f"ISSUE participant {two.pk} is an orphan: no application of theirs is approved"
    for three in Quest.objects.annotate(counted=Count("participant")).exclude(taken=F("counted")):
        yield f"ISSUE quest {three.pk} says {three.taken} participants, and has {three.counted}"
    for four in Application.objects.filter(status="pending", decided__isnull=False):
        yield f"ISSUE application {four.pk} was decided, and is pending: half a transaction"


class Command(BaseCommand):
    help = "Compares applications with participants; ends with 1 where something is wrong."

    def handle(self, *_: Any, **__: Any) -> None:
        found, last = list(issues()), Audit.objects.order_by("pk").last()
        resolved = max(0, last.found - len(found)) if last else 0
        rows = Application.objects.count() + Participant.objects.count() + Quest.objects.count()
        score = max(0.0, 1 - len(found) / max(rows, 1))
        Audit.objects.create(found=len(found), resolved=resolved, score=score)
        for line in (*found, f"{len(found)} issues, {resolved} resolved since the last audit"):
            self.stdout.write(line)
        if found:
            sys.exit(1)
