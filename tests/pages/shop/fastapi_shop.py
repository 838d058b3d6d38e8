"""The shop by FastAPI: `app` has the status page behind a token."""

from __future__ import annotations

import os

from fastapi import FastAPI
from tests.pages.shop import watched  # noqa: F401 - declares what is shown

import obskit
import obskit.fastapi
from obskit.console import Console
from obskit.console.asgi import Application

obskit.init("shop")
app = FastAPI()
obskit.fastapi.init_app(app)
# Without a token of its own, that of the probes looks and does not act.
app.mount("/status", Application(Console(access=os.environ.get("TOKEN"))))
