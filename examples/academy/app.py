"""The academy. FlaskInstrumentor was here first; obskit is in the lines that name it, and in watch.py."""

from __future__ import annotations

import os
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import watch
from flask import Flask, abort, jsonify, render_template, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_wtf.csrf import CSRFProtect, generate_csrf
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from store import REGISTER, ask, verify
from werkzeug.security import generate_password_hash

import obskit
import obskit.flask
from obskit import beacon, metrics, security

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY", "only for this example")
app.config["RATELIMIT_STORAGE_URI"] = "memory://"
FlaskInstrumentor().instrument_app(app)
obskit.flask.init_app(app, aliases={"/api/health": "health"})
limiter = Limiter(get_remote_address, app=app)
login_manager = LoginManager(app)
CSRFProtect(app)

engine = watch.engine
log = obskit.get_logger("academy")


class Invalid(Exception):
    """What was sent is not what is wanted."""


class WrongPassword(Exception):
    """Nobody has this address and this password."""


class Declined(Exception):
    """The provider does not take the card."""


class ProviderDown(Exception):
    """The provider does not answer."""


refused = {Invalid: (422, "invalid"), WrongPassword: (401, "wrong_password")}
unpaid = {Declined: (402, "card_declined"), ProviderDown: (502, "payment_provider")}
obskit.flask.json_errors(app, {**refused, **unpaid})


@login_manager.user_loader
def person(number: int | str) -> Any:
    """Whoever has a session is somebody."""
    found: Any = UserMixin()
    found.id = int(number)
    return found


def sent(*names: str) -> list[str]:
    """What a request sends: texts, of which none is empty."""
    given: Any = request.get_json(silent=True) or {}
    for name in names:
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise Invalid(f"{name} is missing")
    return [given[name].strip() for name in names]


def done(kind: str) -> None:
    """Somebody has done something."""
    ask(engine, "INSERT INTO activity VALUES (:user, :kind)", user=current_user.id, kind=kind)


def courses() -> list[Any]:
    """All courses."""
    return ask(engine, "SELECT id, title FROM courses ORDER BY id")


@app.get("/")
def home() -> str:
    """The page that people see."""
    return render_template("home.html", courses=courses(), script=beacon.script())


@app.get("/api/session")
def session() -> Any:
    """The token that every POST wants in `X-CSRFToken`."""
    return jsonify(csrf_token=generate_csrf())


@app.get("/api/courses/<int:number>")
@watch.lesson
def course(number: int) -> Any:
    """One course, and how long a lesson of it takes when it is to be done in ten hours."""
    found = ask(engine, "SELECT title, lessons FROM courses WHERE id = :id", id=number)
    if not found:
        abort(404)
    if current_user.is_authenticated:
        done("lesson")
    return jsonify(title=found[0].title, minutes_a_lesson=600 // found[0].lessons)


@app.get("/api/search")
@limiter.limit(os.environ.get("ACADEMY_SEARCH_LIMIT", "30 per minute"))
def search() -> Any:
    """Courses with a word in their title."""
    word = request.args.get("word", "").lower()
    return jsonify([one.title for one in courses() if word in one.title.lower()])


@app.post("/api/register")
def register() -> Any:
    """Somebody new."""
    email, password = sent("email", "password")
    made = ask(engine, REGISTER, email=email, password=generate_password_hash(password))
    if not made:
        raise Invalid("this address is taken")
    metrics.count("registrations", unit="{user}")
    log.info("user.registered", user_id=made[0].id)
    return jsonify(id=made[0].id), 201


@app.post("/api/login")
def log_in() -> Any:
    """Somebody who was here before."""
    email, password = sent("email", "password")
    with watch.login.run() as run:
        user = verify(engine, email, password)
        if user is None:
            run.fail("wrong_password")
            security.login_failed()
            raise WrongPassword("no such address and password")
    login_user(person(user))
    done("login")
    return jsonify(id=user)


@app.post("/api/courses/<int:number>/complete")
@login_required
def complete(number: int) -> Any:
    """A course is done."""
    finished = "INSERT INTO completions VALUES (:user, :course) ON CONFLICT DO NOTHING"
    ask(engine, finished, user=current_user.id, course=number)
    done("completion")
    metrics.count("completions", unit="{course}")
    return jsonify(done=number)


SUBSCRIBE = """INSERT INTO subscriptions VALUES (:user, :plan, :price, :months) ON CONFLICT (user_id)
DO UPDATE SET plan = :plan, price = :price, months = :months, ended_at = NULL"""


@app.post("/api/subscription")
@login_required
def subscribe() -> Any:
    """A plan is taken or changed, and paid."""
    (plan,) = sent("plan")
    if plan not in watch.PLANS:
        raise Invalid(f"plan is {plan}: use {' or '.join(watch.PLANS)}")
    price, months = watch.PLANS[plan]
    with watch.payment.run():
        charge(price)
    ask(engine, SUBSCRIBE, user=current_user.id, plan=plan, price=price, months=months)
    metrics.count("subscription.changes", unit="{subscription}", plan=plan)
    log.info("subscription.changed", plan=plan)
    return jsonify(plan=plan)


def charge(price: float) -> None:
    """Have the provider take the money, and keep what came of it."""
    failed = True
    try:
        with urlopen(Request(f"{watch.PROVIDER}/charges", b"{}"), timeout=5):
            failed = False
    except URLError as error:
        declined = getattr(error, "code", None) == 402
        raise Declined("ask your bank") if declined else ProviderDown(str(error)) from error
    finally:
        paid = "INSERT INTO payments (user_id, amount, failed) VALUES (:user, :amount, :failed)"
        ask(engine, paid, user=current_user.id, amount=price, failed=failed)
