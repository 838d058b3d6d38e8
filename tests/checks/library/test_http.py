"""HTTP endpoints, asked over real sockets."""

from __future__ import annotations

import pickle
import ssl
from pathlib import Path

import pytest
import trustme
from tests.checks.library.site import Answer, Site, send, site

from obskit.checks.library.http import Endpoint
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status


def redirect(target: str, status: int = 302) -> Answer:
    return lambda request: send(request, status, Location=target)


def critical(returned: object) -> str:
    """The message of a critical result."""
    assert isinstance(returned, CheckResult)
    assert returned.status is Status.CRITICAL
    return returned.message


def well(returned: object) -> Measurement:
    assert isinstance(returned, Measurement), returned
    return returned


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def server_tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def test_it_measures_how_long_an_answer_takes() -> None:
    with site(health=b"fine") as made:
        found = well(Endpoint(f"{made.url}/health")())
    assert found.unit == "s"
    assert isinstance(found.value, float)
    assert found.value > 0
    assert found.message == "answered 200"
    assert found.details == {"url": f"{made.url}/health", "status": 200, "bytes": 4}


def test_it_turns_when_the_server_stops_and_recovers_when_it_is_back() -> None:
    with site(health=b"fine") as made:
        check = Endpoint(f"{made.url}/health")
        well(check())
    with pytest.raises(ConnectionError) as failed:
        check()
    assert str(failed.value) == (
        f"{made.url}/health did not answer: localhost:{made.port} cannot be reached:"
        " Connection refused; see that the server is up, and that name, port and firewall are right"
    )
    with site(made.port, health=b"fine"):
        well(check())


def test_it_turns_with_the_status_and_recovers_with_it() -> None:
    with site(health=b"fine") as made:
        check = Endpoint(f"{made.url}/health")
        fine = made.answers["/health"]
        made.answers["/health"] = lambda request: send(request, 503, b"the database is down")
        found = check()
        assert critical(found) == f"{made.url}/health answered 503: expected 200 to 299"
        assert isinstance(found, CheckResult)
        assert found.evidence == ("the database is down",)
        assert found.details["status"] == 503
        assert found.value is not None
        made.answers["/health"] = fine
        well(check())


@pytest.mark.parametrize(
    ("expected", "status", "is_well"),
    [(200, 200, True), (200, 204, False), (404, 404, True), ({200, 404}, 404, True)],
)
def test_the_status_is_one_of_those_expected(expected: object, status: int, is_well: bool) -> None:
    with site() as made:
        made.answers["/"] = lambda request: send(request, status)
        found = Endpoint(made.url, expect_status=expected)()  # type: ignore[arg-type]
    assert isinstance(found, Measurement) is is_well


def test_a_text_that_is_missing_turns_it() -> None:
    with site(page=b"<h1>Shop</h1>", broken=b"<h1>Error</h1>") as made:
        well(Endpoint(f"{made.url}/page", expect_text="Shop")())
        found = Endpoint(f"{made.url}/broken", expect_text="Shop")()
    assert critical(found) == f"{made.url}/broken sent a body without 'Shop'"


def test_a_text_is_read_in_the_charset_of_the_answer() -> None:
    with site() as made:
        for path, charset in ("/latin", "latin-1"), ("/unheard", "no-such-charset"):
            made.answers[path] = lambda request, charset=charset: send(  # type: ignore[misc]
                request,
                200,
                "Grüße".encode("latin-1" if charset == "latin-1" else "utf-8"),
                Content_Type=f"text/html; charset={charset}",
            )
            well(Endpoint(made.url + path, expect_text="Grüße")())


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("status", "ok"), ("checks.0.name", "database"), ("checks.0.up", True), ("free", 3)],
)
def test_a_value_of_json_is_found_by_its_path(path: str, wanted: object) -> None:
    body = b'{"status": "ok", "checks": [{"name": "database", "up": true}], "free": 3}'
    with site(health=body) as made:
        well(Endpoint(f"{made.url}/health", expect_json={path: wanted})())


@pytest.mark.parametrize(
    ("body", "path", "wanted", "fault"),
    [
        (b'{"status": "down"}', "status", "ok", "sent 'down' as status: expected 'ok'"),
        (b'{"up": 1}', "up", True, "sent 1 as up: expected True"),
        (b"{}", "status", "ok", "sent JSON without status"),
        (b"[]", "0.status", "ok", "sent JSON without 0.status"),
        (b"[1]", "first", 1, "sent JSON without first"),
        (b"null", "status", "ok", "sent JSON without status"),
    ],
)
def test_another_value_of_json_turns_it(body: bytes, path: str, wanted: object, fault: str) -> None:
    with site(health=body) as made:
        found = Endpoint(f"{made.url}/health", expect_json={path: wanted})()
    assert critical(found) == f"{made.url}/health {fault}"


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000])
def test_a_body_that_is_no_json_turns_it(body: bytes) -> None:
    with site(health=body) as made:
        found = Endpoint(f"{made.url}/health", expect_json={"status": "ok"})()
    assert "sent a body that is no JSON" in critical(found)


def test_every_fault_of_an_answer_is_told() -> None:
    with site() as made:
        made.answers["/"] = lambda request: send(request, 500, b"{}")
        found = Endpoint(made.url, expect_text="ok", expect_json={"up": True})()
    assert critical(found) == (
        f"{made.url} answered 500: expected 200 to 299; it sent a body without 'ok';"
        " it sent JSON without up"
    )


def test_a_header_of_the_answer_must_contain_what_is_expected() -> None:
    with site() as made:
        made.answers["/"] = lambda request: send(request, 200, Cache_Control="max-age=60")
        well(Endpoint(made.url, expect_headers={"cache-control": "max-age"})())
        other = Endpoint(made.url, expect_headers={"Cache-Control": "no-store"})()
        none = Endpoint(made.url, expect_headers={"Strict-Transport-Security": ""})()
    assert critical(other) == (
        f"{made.url} sent the header Cache-Control as 'max-age=60': expected 'no-store' in it"
    )
    assert critical(none) == f"{made.url} sent no header Strict-Transport-Security"


def test_headers_and_the_login_of_the_url_are_sent_and_told_to_nobody() -> None:
    with site() as made:
        url = f"http://ann:hunter%202@localhost:{made.port}/?access_token=s3cret"
        check = Endpoint(url, headers={"X-Key": "s3cret"})
        found = check()
    ((path, headers),) = made.seen
    assert path == "/?access_token=s3cret"
    assert headers["authorization"] == "Basic YW5uOmh1bnRlciAy"
    assert headers["x-key"] == "s3cret"
    assert "404" in critical(found)
    with pytest.raises(ConnectionError) as failed:
        check()
    for told in (repr(check), repr(found), str(failed.value)):
        assert "s3cret" not in told
        assert "hunter" not in told


def test_a_redirect_is_judged_itself_unless_it_is_followed() -> None:
    with site(new=b"here") as made:
        made.answers["/old"] = redirect("/new", 308)
        found = Endpoint(f"{made.url}/old")()
        followed = well(Endpoint(f"{made.url}/old", follow_redirects=True)())
    assert critical(found) == f"{made.url}/old answered 308: expected 200 to 299"
    assert followed.details["url"] == f"{made.url}/new"


def test_redirects_without_end_turn_it() -> None:
    with site() as made:
        made.answers["/a"] = redirect("/a")
        with pytest.raises(ConnectionError, match="from redirect to redirect: 10 were followed"):
            Endpoint(f"{made.url}/a", follow_redirects=True)()
    assert len(made.seen) == 10


def test_a_redirect_to_another_origin_gets_no_headers() -> None:
    with site(page=b"") as other, site(page=b"") as made:
        made.answers["/away"] = redirect(f"{other.url}/page")
        made.answers["/near"] = redirect("/page")
        for path in "/away", "/near":
            check = Endpoint(
                made.url + path, headers={"Authorization": "Bearer x"}, follow_redirects=True
            )
            well(check())
    assert "authorization" not in other.seen[0][1]
    assert made.seen[-1][0] == "/page"
    assert made.seen[-1][1]["authorization"] == "Bearer x"


def test_a_redirect_out_of_http_is_refused() -> None:
    with site() as made:
        made.answers["/file"] = redirect("file:///etc/passwd")
        with pytest.raises(ValueError, match="the URL is 'file:///etc/passwd'"):
            Endpoint(f"{made.url}/file", follow_redirects=True)()


def test_a_certificate_of_an_own_authority_is_trusted_where_it_is_named_also_in_a_copy(
    authority: trustme.CA, ca_file: Path
) -> None:
    with Site(tls=server_tls(authority, "localhost")) as made:
        made.answers["/"] = lambda request: send(request, 200)
        check = Endpoint(made.url, ca_file=ca_file)
        well(check())
        well(pickle.loads(pickle.dumps(check))())
        well(Endpoint(made.url, verify=False)())
        with pytest.raises(ConnectionError, match="certificate verify failed"):
            Endpoint(made.url)()


def test_a_certificate_for_another_name_turns_it(authority: trustme.CA, ca_file: Path) -> None:
    with Site(tls=server_tls(authority, "other.example")) as made:
        with pytest.raises(ConnectionError, match="certificate is not valid for 'localhost'"):
            Endpoint(made.url, ca_file=ca_file)()


@pytest.mark.parametrize(
    "url", ["shop.example", "ftp://shop.example", "file:///etc/passwd", "http://"]
)
def test_what_is_no_address_of_http_is_refused_where_it_is_declared(url: str) -> None:
    with pytest.raises(ValueError, match=r"use an address such as https://shop\.example/health"):
        Endpoint(url)
