"""A small Django project, configured once for the process that runs the tests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import thread_time
from typing import Any

import django.urls
from asgiref.sync import sync_to_async
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path

import django
import obskit
from obskit import default_runtime
from obskit.registry import default_registry

MIDDLEWARE = [
    "obskit.django.middleware.Middleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
APPS = [
    "obskit.django",
    *("django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes"),
    *("django.contrib.messages", "django.contrib.sessions"),
]

settings.configure(
    SECRET_KEY="only-for-tests",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="tests.django.project",
    INSTALLED_APPS=APPS,
    MIDDLEWARE=MIDDLEWARE,
    TEMPLATES=TEMPLATES,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "file:obskit-tests?mode=memory&cache=shared",
        }
    },
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    LANGUAGES=[("en", "English"), ("de", "German")],
    LOGGING_CONFIG=None,  # what other tests have set stays
    OBSKIT={"service": "shop"},
    USE_TZ=True,
)
with default_runtime.inert():  # each test begins what it needs
    django.setup()
default_registry.entry = None  # for the tests of others

log = obskit.get_logger("shop")


def product(_request: HttpRequest, number: int) -> HttpResponse:
    log.info("product.seen", number=number)
    return HttpResponse("ok")


def archive(_request: HttpRequest, year: str) -> HttpResponse:
    return HttpResponse(year)


def basket(_request: HttpRequest, name: str) -> HttpResponse:
    return HttpResponse(name)


def boom(_request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("an empty basket")


def filled(_request: HttpRequest) -> HttpResponse:
    with obskit.span("fill"):
        logging.getLogger("basket").warning("filled by %d", 7, extra={"token": "hunter2"})
    return HttpResponse("ok")


def gone(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=410)


def oops(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=500)


def stream(_request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for number in range(2):
            log.info("part", number=number)
            yield "part"

    return StreamingHttpResponse(parts())


def torn(_request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        yield "part"
        raise ZeroDivisionError("in the middle")

    return StreamingHttpResponse(parts())


def file(_request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"))


def who(request: HttpRequest) -> HttpResponse:
    log.info("before")
    name = request.user.username
    log.info("after")
    return HttpResponse(name)


def who_fails(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError(request.user.is_authenticated)


def nobody_asks(_request: HttpRequest) -> HttpResponse:
    log.info("not.asked")
    return HttpResponse("ok")


async def waits(_request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    log.info("waited")
    return HttpResponse("ok")


async def waits_and_fails(_request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    raise ZeroDivisionError("while waiting")


async def waits_and_streams(_request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        for number in range(2):
            log.info("part", number=number)
            yield "part"

    return StreamingHttpResponse(parts())


async def who_waits(request: HttpRequest) -> HttpResponse:
    if hasattr(request, "auser"):  # since Django 5.0
        await request.auser()
    else:
        await sync_to_async(lambda: request.user.username)()
    log.info("known")
    return HttpResponse("ok")


def look_for_it() -> None:
    """Long enough to be seen some times."""
    end = thread_time() + 0.2
    while thread_time() < end:
        sum(range(100))


def slow(_request: HttpRequest) -> HttpResponse:
    look_for_it()
    return HttpResponse("ok")


async def waits_long(_request: HttpRequest) -> HttpResponse:
    look_for_it()
    await asyncio.sleep(0.05)
    look_for_it()
    return HttpResponse("ok")


def users(_request: HttpRequest) -> HttpResponse:
    from django.contrib.auth.models import User

    return HttpResponse(str(User.objects.filter(username="ann").count()))


def one_by_one(_request: HttpRequest) -> HttpResponse:
    from django.contrib.auth.models import User

    for number in range(12):
        User.objects.filter(pk=number).exists()
    return HttpResponse("ok")


def form(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken")


def admin() -> Any:
    from django.contrib import admin as found

    return found.site.urls


urlpatterns: list[Any] = [
    path("", product, {"number": 0}),
    path("products/<int:number>/", product, name="product"),
    re_path(r"^archive/(?P<year>[0-9]{4})/$", archive),
    path("shop/", include(([re_path(r"^(?:old-)?boom/$", boom)], "shop"), namespace="shop")),
    path("filled/", filled),
    path("gone/", gone),
    path("oops/", oops),
    path("stream/", stream),
    path("torn/", torn),
    path("file/", file),
    path("who/", who),
    path("who-fails/", who_fails),
    path("nobody-asks/", nobody_asks),
    path("waits/", waits),
    path("waits-and-fails/", waits_and_fails),
    path("waits-and-streams/", waits_and_streams),
    path("who-waits/", who_waits),
    path("slow/", slow),
    path("waits-long/", waits_long),
    path("users/", users),
    path("one-by-one/", one_by_one),
    path("form/", form),
    path("admin/", admin()),
    *i18n_patterns(path("basket/<slug:name>/", basket)),
]
