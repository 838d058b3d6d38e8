"""Quests, applications for them, who takes part (one for each approved application), and audits."""

# ruff: noqa: DJ008 - nobody reads them as text
from django.contrib.auth.models import User
from django.db import models


class Quest(models.Model):
    title = models.CharField(max_length=100)
    places = models.PositiveIntegerField(default=5)
    taken = models.PositiveIntegerField(default=0)


class Application(models.Model):
    quest = models.ForeignKey(Quest, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)
    status = models.CharField(max_length=10, default="pending")
    decided = models.DateTimeField(null=True)


class Participant(models.Model):
    quest = models.ForeignKey(Quest, models.CASCADE)
    user = models.ForeignKey(User, models.CASCADE)


class Audit(models.Model):
    at = models.DateTimeField(auto_now_add=True)
    found = models.PositiveIntegerField()
    resolved = models.PositiveIntegerField()
    score = models.FloatField()
