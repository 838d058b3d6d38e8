"""How an error travels: whether it was taken, and by which project it was read back."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from tests.cli.doctor.conftest import Doctor, base
from tests.cli.doctor.followed import lines, only
from tests.cli.host import Host
from tests.faults import faulty, hang, status
from tests.faulty import Faulty, Peer


def of_errors(doctor: Doctor, server: Faulty, *options: str) -> tuple[list[str], int]:
    found = doctor("journey", *options, SENTRY_DSN=f"http://0123abcd@127.0.0.1:{server.port}/7")
    assert found.stderr == ""
    return lines(found.stdout), found.exit_code


def test_an_error_is_taken_where_the_envelope_is(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty() as server:
        told, code = of_errors(doctor, server)
        envelope = only(server, "/api/7/envelope/").body
    assert told == [
        "error: its receiver took it after T; it is not read back: --sentry names no Sentry"
    ]
    assert code == 0
    event = json.loads(envelope.splitlines()[2])
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "DoctorError"
    assert exception["value"].startswith("nothing is wrong: obskit doctor sent this (")
    assert len(event["contexts"]["trace"]["trace_id"]) == 32


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (400, "the DSN is none of that server's: take it from the project's settings"),
        (401, "the DSN's key is wrong, or was revoked: take the DSN from the project's settings"),
        (403, "the DSN's key or project is wrong, or an inbound filter is"),
        (404, "there is no such project"),
        (413, "it, or a proxy before it, takes smaller events only"),
        (429, "its quota is used up, or its rate limit reached"),
        (500, "see the log of the server behind the DSN"),
    ],
)
def test_what_the_envelope_is_answered_is_told(
    app: Host, doctor: Doctor, number: int, remedy: str
) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty(status(number)) as server:
        told, code = of_errors(doctor, server)
    assert told[0].startswith(
        f"FAILED  journey       error: its receiver answered {number}: {remedy}"
    )
    assert code == 1


def test_an_error_that_gets_no_answer_is_told(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty(hang) as server:
        told, code = of_errors(doctor, server, "--timeout", "8s")
    assert told[0].startswith(
        "FAILED  journey       error: it was not sent: no answer came in time"
    )
    assert code == 1


def test_an_error_that_an_option_keeps_back_is_told(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    (app.folder / "obskit.toml").write_text("[sentry]\nsample_rate = 0.0\n")
    with faulty() as server:
        told, code = of_errors(doctor, server)
    assert told == [
        (
            "FAILED  journey       error: it was not sent: an option of sentry-sdk keeps it back: see"
            " sample_rate, before_send and ignore_errors"
        )
    ]
    assert code == 1


def test_an_error_is_read_back_from_sentry_by_its_id(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    token = app.folder / "token"
    token.write_text("sntrys_0123\n")
    with faulty() as server:
        asked = ("--sentry", base(server), "--sentry-org", "acme", "--sentry-token", str(token))
        told, code = of_errors(doctor, server, *asked)
        event = json.loads(only(server, "/api/7/envelope/").body.splitlines()[2])
        (request,) = [one for one in server.requests if one.method == "GET"]
    assert request.path == f"/api/0/organizations/acme/eventids/{event['event_id']}/"
    assert request.headers["authorization"] == "Bearer sntrys_0123"
    assert told == ["error: its receiver took it after T, Sentry had it T later"]
    assert code == 0


def test_an_error_is_read_back_from_bugsink_among_the_newest_issues_of_its_project(
    app: Host, doctor: Doctor
) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty() as server:

        def bugsink(peer: Peer) -> bool:
            envelope = only(server, "/api/7/envelope/").body
            ours = str(UUID(json.loads(envelope.splitlines()[2])["event_id"]))
            found = {
                "/api/canonical/0/issues/": [7, {"id": "i-1"}, {"id": "i-2"}],
                "/api/canonical/0/events/?issue=i-1": [{"event_id": str(UUID(int=1))}],
                "/api/canonical/0/events/?issue=i-2": [7, {"event_id": ours}],
            }
            path = peer.take().path
            results = next(each for start, each in found.items() if path.startswith(start))
            peer.answer(200, body=json.dumps({"results": results}).encode())
            return True

        with faulty(bugsink) as sentry:
            told, code = of_errors(doctor, server, "--sentry", base(sentry))
            asked = sentry.requests
    assert [one.path for one in asked] == [
        "/api/canonical/0/issues/?project=7&sort=last_seen&order=desc",
        "/api/canonical/0/events/?issue=i-1",
        "/api/canonical/0/events/?issue=i-2",
    ]
    assert [one.headers.get("authorization") for one in asked] == [None] * 3
    assert told == ["error: its receiver took it after T, Sentry had it T later"]
    assert code == 0


def test_a_token_that_may_not_read_is_told(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty() as server, faulty(status(401)) as sentry:
        told, code = of_errors(doctor, server, "--sentry", base(sentry))
        assert len(sentry.requests) == 1
    assert told == [
        (
            "FAILED  journey       error: its receiver took it after T: Sentry did not have it T later:"
            " answered 401: its token is wrong or missing: write one that may read there into a file,"
            " --sentry-token FILE"
        )
    ]
    assert code == 1


def test_what_is_no_bugsink_is_asked_for_the_organization(app: Host, doctor: Doctor) -> None:
    pytest.importorskip("sentry_sdk")
    with faulty() as server, faulty(status(404)) as sentry:
        told, code = of_errors(doctor, server, "--sentry", base(sentry), "--timeout", "8s")
    assert told == [
        (
            "FAILED  journey       error: its receiver took it after T: Sentry did not have it T later:"
            " answered 404: is it a Bugsink? For Sentry give the organization: --sentry-org SLUG"
        )
    ]
    assert code == 1
