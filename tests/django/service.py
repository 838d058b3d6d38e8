"""A Django project in a folder of its own, as `startproject` makes one, for tests that run it."""

from __future__ import annotations

from pathlib import Path

_MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
_SETTINGS = """
SECRET_KEY = "only-for-tests"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["obskit.django", "django.contrib.auth", "django.contrib.contenttypes", "stock"]
MIDDLEWARE = ["obskit.django.middleware.Middleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
OBSKIT = {"service": "shop", "environment": "live"}
"""
_URLS = """
import os
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.urls import path
import obskit
from obskit import check, metrics

log = obskit.get_logger("shop")

@check("users", every="1h", readiness=True)
def users() -> int:
    return User.objects.count()

def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

def served(request, number):
    log.info("served")
    metrics.count("served")
    query()
    return HttpResponse(str(os.getpid()))

async def awaited(request):
    log.info("served")
    metrics.count("served")
    await sync_to_async(query)()
    return HttpResponse(str(os.getpid()))

def boom(request):
    raise ZeroDivisionError("an empty basket")

urlpatterns = [path("<int:number>/", served), path("awaited/", awaited), path("boom/", boom)]
"""
_COMMAND = """
from django.core.management.base import BaseCommand
import obskit

class Command(BaseCommand):
    def handle(self, *args, **options):
        obskit.get_logger("stock").info("imported")
"""
_FILES = {
    "manage.py": _MANAGE,
    "shop/__init__.py": "",
    "shop/settings.py": _SETTINGS,
    "shop/urls.py": _URLS,
    "shop/wsgi.py": "from django.core.wsgi import get_wsgi_application\n"
    "application = get_wsgi_application()\n",
    "shop/asgi.py": "from django.core.asgi import get_asgi_application\n"
    "application = get_asgi_application()\n",
    "stock/__init__.py": "",
    "stock/management/__init__.py": "",
    "stock/management/commands/__init__.py": "",
    "stock/management/commands/import_stock.py": _COMMAND,
}


def write(folder: Path) -> None:
    """Write the project's files."""
    for name, text in _FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
