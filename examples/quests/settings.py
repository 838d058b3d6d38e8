"""Django's settings of the quests. Of obskit: the first app, the first middleware, and OBSKIT."""

import os
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
DATA = Path(os.environ.get("QUESTS_DATA") or HERE / "data")
LOGS = DATA / "log"  # of people's own format; obskit's files are in the folder below it
LOGS.mkdir(parents=True, exist_ok=True)
os.umask(0o027)  # nobody else reads them

# fmt: off
SECRET_KEY = os.environ.get("QUESTS_SECRET_KEY", "only-for-the-example")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF, STATIC_URL, USE_TZ, TIME_ZONE = "urls", "static/", True, "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_CONTRIB = [f"django.contrib.{app}" for app in ("admin", "auth", "contenttypes", "messages", "sessions")]
INSTALLED_APPS = ["obskit.django", *_CONTRIB, "quests.apps.Quests"]
MIDDLEWARE = [
    "obskit.django.middleware.Middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
_CONTEXT = ("template.context_processors.request", "contrib.auth.context_processors.auth",
            "contrib.messages.context_processors.messages")
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {"context_processors": [f"django.{one}" for one in _CONTEXT]}}]

_URL = urlsplit(os.environ.get("DATABASE_URL") or f"sqlite:///{DATA / 'quests.sqlite3'}")
_KIND, _TIMEOUT = ("sqlite3", "timeout") if _URL.scheme == "sqlite" else ("postgresql", "connect_timeout")
DATABASES = {"default": {
    "ENGINE": f"django.db.backends.{_KIND}", "NAME": _URL.path[1:],
    "USER": _URL.username, "PASSWORD": _URL.password, "HOST": _URL.hostname, "PORT": _URL.port,
    "OPTIONS": {_TIMEOUT: int(os.environ.get("QUESTS_DATABASE_WAIT", "5"))},
}}

OBSKIT = {
    "service": "quests", "environment": "production", "prometheus": True,
    "aliases": {"/health/": "health", "/health/quick/": "readyz"}, "health_degraded_status": 503,
    "log_folder": str(LOGS / "obskit"), "log_streams": {"quests": "quests applications"},
    "checks_log_passes": True,
}

# It sees that its file was moved: logrotate needs no signal.
_FILE = {"class": "logging.handlers.WatchedFileHandler", "formatter": "verbose", "filters": ["ids"]}
_VERBOSE = "{levelname}: {asctime} {name} {process:d} [{request_id}] {message}"
_HEARD = {"handlers": ["console", "file", "errors"], "level": "INFO", "propagate": False}
# Kept as it was, but for the filter; QUESTS_LOGGING=obskit leaves it all to obskit.
LOGGING = {"version": 1} if os.environ.get("QUESTS_LOGGING") == "obskit" else {
    "version": 1, "disable_existing_loggers": False,
    "filters": {"ids": {"()": "obskit.django.log.Ids"}},
    "formatters": {
        "verbose": {"format": _VERBOSE, "style": "{"},
        "standard": {"format": "{asctime} [{levelname}] {name}: {message}", "style": "{"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "standard"},
        "file": {**_FILE, "filename": LOGS / "quests.log"},
        "errors": {**_FILE, "filename": LOGS / "errors.log", "level": "ERROR"},
        "audit": {**_FILE, "filename": LOGS / "audit.log"},
    },
    "loggers": {
        **dict.fromkeys(("django", "applications", "quests"), _HEARD),
        "audit": {"handlers": ["audit"], "level": "INFO", "propagate": False},
    },
}
