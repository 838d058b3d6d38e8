from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand

import obskit.audit
from quests.models import Application, Participant, Quest

TITLES = ("Count the birds", "Clean the river", "Plant a hedge", "Mend the bridge", "Map the wood")


class Command(BaseCommand):
    help = "Makes the tables, five quests, thirty people and their applications, once."

    def handle(self, *_: Any, **__: Any) -> None:
        for own in (False, True):  # whose tables refer to those of the others
            call_command("migrate", run_syncdb=own, verbosity=0)
        if Quest.objects.exists():
            return
        User.objects.create_superuser("ada", password="quests")
        people = User.objects.bulk_create(User(username=f"person-{n}") for n in range(30))
        for taken, title in enumerate(TITLES):
            quest = Quest.objects.create(title=title, taken=taken)
            for number, user in enumerate(people[: taken + 20]):
                if number < taken:
                    Participant.objects.create(quest=quest, user=user)
                status = "approved" if number < taken else "pending"
                Application.objects.create(quest=quest, user=user, status=status)
        obskit.audit.record("data.seeded", actor="seed")
        call_command("audit_participants")
