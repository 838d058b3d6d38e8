"""Queues of mail: real folders, and what a real Postfix 3.7 wrote, read from a real command."""

from __future__ import annotations

import mailbox
import os
import time
from email.message import EmailMessage
from pathlib import Path

import psutil
import pytest

from obskit.checks.library.email_queue import Folder, Postqueue
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status

LINE = (
    '{"queue_name": "%s", "queue_id": "560A49B89BB", "arrival_time": %d, "message_size": 261,'
    ' "forced_expire": false, "sender": "shop@shop.example", "recipients":'
    ' [{"address": "ann@other.example", "delay_reason": "%s"}]}\n'
)
REFUSED = "connect to 127.0.0.1[127.0.0.1]:1: Connection refused"
MAILQ = """\
-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
560A49B89BB     261 Sat Nov 21 11:15:19  shop@shop.example
                       (connect to 127.0.0.1[127.0.0.1]:1: Connection refused)
                                         ann1@other.example

-- 0 Kbytes in 1 Request.
"""


def measured(returned: object) -> Measurement:
    assert isinstance(returned, Measurement), returned
    return returned


def test_messages_of_a_folder_and_of_its_folders_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("1-H", "1-D", "a/2-H", "a/b/3-H", ".hidden-H"):
        (tmp_path / name).touch()
    assert measured(Folder(tmp_path)()).value == 4
    headers = measured(Folder(tmp_path, pattern="*-H")())
    assert headers.value == 3
    assert headers.unit == "{message}"


def test_a_queue_that_grows_is_told_and_one_that_is_sent_too(tmp_path: Path) -> None:
    check = Folder(tmp_path)
    assert measured(check()).value == 0
    for number in range(3):
        (tmp_path / str(number)).touch()
    assert measured(check()).value == 3
    for waiting in tmp_path.iterdir():
        waiting.unlink()
    assert measured(check()).value == 0


def test_of_a_maildir_what_nobody_has_taken_up_is_counted(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for _ in range(3):
        box.add(EmailMessage())
    taken = mailbox.MaildirMessage()
    taken.set_subdir("cur")
    box.add(taken)
    assert measured(Folder(tmp_path / "box")()).value == 3


def test_the_age_of_the_oldest_message_is_told(tmp_path: Path) -> None:
    for name, age in ("old", 7200), ("new", 60):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    oldest = measured(Folder(tmp_path)()).details["oldest_seconds"]
    assert isinstance(oldest, float)
    assert 7200 <= oldest < 7300


def test_a_folder_that_is_gone_turns_it_and_it_recovers_with_the_folder(tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    with pytest.raises(NotADirectoryError) as failed:
        Folder(queue)()
    assert str(failed.value) == f"{queue} is no folder: see that the path is right"
    queue.mkdir()
    assert measured(Folder(queue)()).value == 0


def test_each_queue_of_postfix_is_counted(tmp_path: Path) -> None:
    listing = tmp_path / "listing"
    now = int(time.time())
    listing.write_text(
        LINE % ("deferred", now - 3600, REFUSED)
        + LINE % ("deferred", now - 60, REFUSED)
        + LINE % ("active", now, "")
        + LINE % ("hold", now, "host mx said: 550 <ann@other.example>: unknown")
    )
    found = measured(Postqueue(["cat", str(listing)])())
    assert found.value == 4
    assert found.unit == "{message}"
    details = dict(found.details)
    oldest = details.pop("oldest_seconds")
    assert details == {"deferred": 2, "active": 1, "hold": 1}
    assert isinstance(oldest, float)
    assert 3600 <= oldest < 3700
    assert found.evidence == [
        "2 × connect to 127.0.0.1[127.0.0.1]:1: Connection refused",
        "1 × host mx said: 550 <…>: unknown",
    ]


def test_a_queue_of_postfix_that_grows_is_told_and_one_that_is_sent_too(tmp_path: Path) -> None:
    listing = tmp_path / "listing"
    listing.touch()
    check = Postqueue(["cat", str(listing)])
    assert measured(check()).value == 0
    listing.write_text((LINE % ("deferred", 1, REFUSED)) * 500)
    assert measured(check()).value == 500
    listing.write_text("")
    assert measured(check()).value == 0


def test_a_message_of_more_recipients_than_a_line_may_hold_is_counted(tmp_path: Path) -> None:
    listing = tmp_path / "listing"
    listing.write_text(LINE % ("deferred", 1, "x" * 100_000))
    assert measured(Postqueue(["cat", str(listing)])()).value == 1


@pytest.mark.parametrize(
    ("listing", "count"),
    [
        (MAILQ, 1),
        ("Mail queue is empty\n", 0),
        ("\t\tTotal requests: 4\n", 4),
        ("/var/spool/mqueue is empty\n\t\tTotal requests: 0\n", 0),
        ("17\n", 17),
    ],
)
def test_the_total_of_other_listings_is_read(tmp_path: Path, listing: str, count: int) -> None:
    (tmp_path / "listing").write_text(listing)
    assert measured(Postqueue(["cat", str(tmp_path / "listing")])()).value == count


def test_what_is_no_listing_cannot_be_judged() -> None:
    found = Postqueue(["echo", "usage: mailq"])()
    assert isinstance(found, CheckResult)
    assert found.status is Status.UNKNOWN
    assert found.message == (
        "what echo writes is no list of mail: 'usage: mailq'; use postqueue -j"
    )


def test_a_command_that_is_not_there_cannot_be_judged() -> None:
    found = Postqueue(["no-such-postqueue", "-j"])()
    assert isinstance(found, CheckResult)
    assert found.status is Status.UNKNOWN


def test_a_mail_server_that_is_down_turns_it() -> None:
    down = "postqueue: fatal: Queue report unavailable - mail system is down"
    with pytest.raises(ConnectionError) as failed:
        Postqueue(["sh", "-c", f"echo '{down}' >&2; exit 69"])()
    assert str(failed.value) == f"sh ended with 69: {down}"


def test_a_mail_server_that_is_down_turns_it_also_where_the_queue_can_be_read() -> None:
    down = "postqueue: warning: Mail system is down -- accessing queue directly (Connect to …)"
    found = Postqueue(["sh", "-c", f"echo '{down}' >&2; echo 7"])()
    assert isinstance(found, CheckResult)
    assert found.status is Status.CRITICAL
    assert found.message == down
    assert found.value == 7


def test_a_command_in_one_text_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="argv is no list"):
        Postqueue("postqueue -j")


def test_a_time_out_that_is_none_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="'soon' is no span of time"):
        Postqueue(timeout="soon")


def test_many_runs_leave_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "1").touch()
    folder, command = Folder(tmp_path), Postqueue(["echo", "7"])
    command()
    before = psutil.Process().num_fds()
    for _ in range(20):
        folder()
        command()
    assert psutil.Process().num_fds() == before
