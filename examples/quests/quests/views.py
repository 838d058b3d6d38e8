"""What people do. Who they are, the proxy in front says by X-User."""

import logging

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_POST

import obskit.audit
from obskit import metrics
from quests import watch
from quests.models import Application, Participant, Quest

log, applications, audit = map(logging.getLogger, ("quests", "applications", "audit"))


class NoPlace(Exception):
    """A quest has no place left."""


def audited(event: str, request: HttpRequest, target: str) -> None:
    """Tell of what matters in the audit file, and in the chain that shows changes."""
    actor = request.headers.get("X-User", "nobody")
    audit.info("%s by %s: %s", event, actor, target)
    obskit.audit.record(event, actor=actor, target=target)


def quests(request: HttpRequest) -> JsonResponse:
    if request.method == "POST":
        made = Quest.objects.create(title=request.POST["title"])
        metrics.count("quests.created", unit="{quest}")
        audited("quest.created", request, f"quest {made.pk}")
        return JsonResponse({"quest": made.pk}, status=201)
    return JsonResponse({"quests": list(Quest.objects.values())})


def quest(_request: HttpRequest, number: int) -> JsonResponse:
    found = get_object_or_404(Quest, pk=number)
    counted = Participant.objects.filter(quest=found).count()
    metrics.count("quests.viewed", unit="{view}")
    if counted != found.taken:
        log.critical("quest %s says that %s take part: %s do", number, found.taken, counted)
    return JsonResponse({"quest": found.title, "places": found.places, "taken": counted})


@require_POST
def apply(request: HttpRequest, number: int) -> JsonResponse:
    name = request.headers.get("X-User", "nobody")
    user, _ = User.objects.get_or_create(username=name)
    made = Application.objects.create(quest=get_object_or_404(Quest, pk=number), user=user)
    metrics.count("applications.made", unit="{application}")
    return JsonResponse({"application": made.pk}, status=201)


@require_POST
def approve(request: HttpRequest, number: int) -> JsonResponse:
    """Let somebody in, wholly or not at all."""
    try:
        with watch.approval.run(), transaction.atomic():
            wanted = Application.objects.filter(pk=number)
            wanted.update(status="approved", decided=timezone.now())
            assign(wanted.get())
    except (NoPlace, DatabaseError, Application.DoesNotExist) as error:
        applications.exception("Application approval failed: application %s", number)
        log.warning("Transaction rolled back: application %s", number)
        applications.warning("Reverted application status: application %s", number)
        down = isinstance(error, DatabaseError)
        return JsonResponse({"error": "not approved"}, status=503 if down else 409)
    applications.info("Application approved: application %s", number)
    audited("application.approved", request, f"application {number}")
    return JsonResponse({"application": number, "status": "approved"})


@watch.assignment
def assign(application: Application) -> None:
    """Give a place to who was approved."""
    wanted = Quest.objects.filter(pk=application.quest_id, taken__lt=F("places"))
    if not wanted.update(taken=F("taken") + 1):
        log.error("Quest assignment failed: quest %s is full", application.quest_id)
        raise NoPlace(application.quest_id)
    Participant.objects.create(quest_id=application.quest_id, user_id=application.user_id)
    log.info("Quest assigned: quest %s", application.quest_id)


def search(request: HttpRequest) -> JsonResponse:
    metrics.count("features.used", unit="{use}", feature="search")
    found = Quest.objects.filter(title__icontains=request.GET.get("q", ""))
    return JsonResponse({"quests": list(found.values_list("title", flat=True)[:20])})
