"""Errors as JSON, in the one format that RFC 9457 gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from obskit import context, names
from obskit.redaction import kind_of, message_of
from obskit.redaction.texts import bounded
from obskit.telemetry import failure
from obskit.telemetry.loggers import get_logger
from obskit.wsgi import EXCHANGE

#: What an error of a class is answered with: a status, and a word that clients know it by.
Answer = int | tuple[int, str]
_CONTENT_TYPE = "application/problem+json"
_CLIENT, _SERVER, _BEYOND = 400, 500, 600
_log = get_logger("obskit.flask")


def answer(app: Flask, classes: Mapping[type[Exception], Answer]) -> None:
    """Answer errors where the app has no handler of its own.

    Args:
        app: The app.
        classes: The app's own, each with what it is answered with.

    Raises:
        ValueError: A class has a status already, or is given that of no error.
    """
    for kind, given in classes.items():
        status, code = _checked(kind, given)
        _register(app, kind, partial(_answer_own, app, status, code))
    _register(app, HTTPException, partial(_answer_http, app))


def _checked(kind: Any, given: Any) -> tuple[int, str]:
    has_one = kind is Exception or issubclass(kind, HTTPException)
    if has_one:
        raise ValueError(
            f"json_errors: {kind.__name__} has a status without being named: leave it out"
        )
    status, code = given if isinstance(given, tuple) else (given, None)
    if type(status) is not int or not _CLIENT <= status < _BEYOND:
        raise ValueError(
            f"json_errors: {kind.__name__} is answered with {status!r}: give a status from 400 to 599"
        )
    return status, code or _code(_title(status))


def _register(app: Flask, kind: type[Exception], handler: Any) -> None:
    if kind not in app.error_handler_spec[None][None]:
        app.register_error_handler(kind, handler)


def _answer_own(app: Flask, status: int, code: str, error: Exception) -> Any:
    """For a class that the app has named."""
    told = {"title": _title(status), "status": status, "code": code}
    if status < _SERVER:
        told["detail"] = message_of(error)
        _note(told)
    else:
        _fail(error, told)
    return Response(_body(app, told, error), status, content_type=_CONTENT_TYPE)


def _answer_http(app: Flask, error: HTTPException) -> Any:
    """For what Werkzeug and `abort` raise, and for what nobody handles."""
    # Without us a handler of the app's for all exceptions would be asked.
    of_all = app.error_handler_spec[None][None].get(Exception)
    if of_all is not None:
        return app.ensure_sync(of_all)(error)
    if error.response is not None:  # the app has made it
        return error
    status = error.code or _SERVER
    told: dict[str, Any] = {"title": error.name, "status": status, "code": _code(error.name)}
    if error.description:
        told["detail"] = bounded(str, error.description)
    _note(told)
    # With the headers that belong to it: Allow, Retry-After, WWW-Authenticate.
    response = error.get_response()
    response.data = _body(app, told, getattr(error, "original_exception", None))
    response.content_type = _CONTENT_TYPE
    return response


def _title(status: int) -> str:
    return HTTP_STATUS_CODES.get(status, "Unknown Error")


def _code(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def _body(app: Flask, told: Mapping[str, Any], error: BaseException | None) -> str:
    body = dict(told)
    request_id = context.request_id()
    if request_id is not None:
        body["request_id"] = request_id
    if app.debug and error is not None:
        body["exception"] = failure.of(error)._asdict()
    return json.dumps(body)


def _note(told: Mapping[str, Any]) -> None:
    """The access line says it, a warning below 500 and an error from there on."""
    if request.routing_exception is None and request.environ.get(EXCHANGE) is not None:
        noted = {names.ERROR_CODE: told["code"], names.ERROR_DETAIL: told.get("detail")}
        context.bind(**{name: value for name, value in noted.items() if value is not None})


def _fail(error: Exception, told: Mapping[str, Any]) -> None:
    """The app has foreseen it, and it is one of the server's all the same: told with its stack."""
    what = f"{kind_of(error)} on {request.path} [{request.method}]"
    _log.error(what, exc_info=error, **{names.ERROR_CODE: told["code"]})
    _note(told)
    exchange = request.environ.get(EXCHANGE)
    if exchange is not None:
        with suppress(Exception):  # a span of the host's own making
            exchange.failed(error, handled=True)
