"""What teachers and the office see."""

from __future__ import annotations

import os
from typing import Any

import imports  # calls obskit.init, and declares the jobs
import watch  # declares the checks
from flask import Flask, abort, jsonify, request, session
from flask.typing import ResponseReturnValue
from store import ask, cache, insert

import obskit
import obskit.audit
import obskit.flask
from obskit import metrics, operation

app = Flask(__name__)
app.secret_key = os.environ.get("VOLUNTEERS_SECRET_KEY", os.urandom(16))
obskit.flask.init_app(app)

serving = operation("dashboard", max_error_ratio=0.05, min_runs=5, window=watch.WINDOW, owner="web")
watch.watch_app(app, serving)


def me(*, office: bool = False) -> dict[str, Any]:
    """The teacher who asks, who must be of the office where that is asked for."""
    found = ask("SELECT * FROM teachers WHERE id = :id", id=session.get("teacher"))
    if not found:
        abort(401)
    obskit.bind(teacher=found[0]["id"])
    if office and not found[0]["is_staff"]:
        refuse(found[0], request.path)
    return found[0]


def refuse(teacher: dict[str, Any], target: str) -> None:
    """Somebody asks for what is not theirs: counted, on record, and not shown."""
    metrics.count("access.denied", unit="{request}")
    obskit.audit.record("access.denied", actor=f"teacher {teacher['id']}", target=target)
    abort(403)


@app.post("/login")
def login() -> ResponseReturnValue:
    """Let a teacher in, by e-mail address and PIN."""
    given = request.get_json()
    query = "SELECT id FROM teachers WHERE email = :email AND pin = :pin"
    found = ask(query, email=given.get("email"), pin=given.get("pin"))
    if not found:
        abort(401)
    session["teacher"] = found[0]["id"]
    return jsonify(teacher=found[0]["id"])


@app.get("/students")
def students() -> ResponseReturnValue:
    """The students of the teacher who asks."""
    query = "SELECT id, name, grade, teacher_id FROM visible_students WHERE viewer_id = :id"
    return jsonify(ask(query, id=me()["id"]))


@app.get("/students/<int:number>")
def student(number: int) -> ResponseReturnValue:
    """One of them."""
    teacher = me()
    found = ask("SELECT id, name, grade, teacher_id FROM students WHERE id = :id", id=number)
    if not found:
        abort(404)
    if found[0]["teacher_id"] != teacher["id"]:
        refuse(teacher, f"student {number}")
    return jsonify(found[0])


@app.get("/dashboard")
def dashboard() -> ResponseReturnValue:
    """The numbers of the office, from the cache; computed where they are not there."""
    with serving.run():
        return jsonify(cache.get("dashboard") or imports.dashboard())


@app.get("/volunteers")
def volunteers() -> ResponseReturnValue:
    """Who has given how many hours."""
    hours = "(SELECT sum(hours) FROM participations WHERE volunteer_id = volunteers.id)"
    return jsonify(ask(f"SELECT name, {hours} AS hours FROM volunteers ORDER BY 2 DESC LIMIT 20"))


@app.post("/emails")
def send() -> ResponseReturnValue:
    """The office writes to somebody: on record before it is queued."""
    actor, given = f"teacher {me(office=True)['id']}", request.get_json()
    obskit.audit.record("email.queued", actor=actor, target=given["recipient"], required=True)
    insert("emails", {**given, "state": "queued"})
    return "", 201


@app.get("/admin/email/<page>")
def email(page: str) -> ResponseReturnValue:
    """What checks of mail link to: what is queued, what failed, what is switched on."""
    me(office=True)
    if page == "settings":
        return jsonify({name: os.environ.get(name, "on") for name in watch.SWITCHES})
    return jsonify(ask("SELECT * FROM emails WHERE state = :state", state=page))
