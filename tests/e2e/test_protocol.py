# SPDX-License-Identifier: MIT
"""The milter protocol, packet by packet: the tests act as the mail server."""

import re
import signal
import socket
import threading
import time

import pytest

from harness import mails, milter
from harness.folder import free_port
from harness.milter import header_of, names
from harness.wait import wait_for

OTHER = "<bob@example.com>"
DISCARD = {"disposition": "discard"}


@pytest.fixture
def place(intake_site):
    return intake_site


def test_other_recipients_are_accepted_at_data(place):
    place.milter()
    with place.connect() as client:
        assert client.envelope("<a@b.example>", OTHER) == "accept"
        client.abort()
        # The connection stays open.
        assert client.envelope("<>", OTHER, "<carol@example.com>") == "accept"
        client.abort()
        assert client.envelope("<>", OTHER, place.recipient) == "continue"


def test_without_recipients_the_end_of_headers_decides(place):
    place.milter(milter={"recipients": []})
    with place.connect() as client:
        assert client.envelope("<a@b.example>", OTHER) == "continue"
        replies = client.message(mails.ordinary_mails()["attachment"])
        assert names(replies) == ["accept"]
        assert client.body_bytes == 0
        client.abort()
        assert client.envelope("<a@b.example>", OTHER) == "continue"
        replies = client.message(mails.carrier())
        assert header_of(replies) == "stored; reports=1"
        assert client.body_bytes > 0


@pytest.mark.parametrize(
    "listed", ["müller.example", "xn--mller-kva.example", "MÜLLER.Example."]
)
@pytest.mark.parametrize(
    "domain",
    ["müller.example", "MÜLLER.EXAMPLE.", "xn--mller-kva.example", "XN--MLLER-kva.example."],
)
def test_domains_in_any_form(place, listed, domain):
    """U-labels by SMTPUTF8 (RFC 6531), a final dot, another case: in the
    recipients, in policy-domains and in the report."""
    place.milter(
        milter={**DISCARD, "recipients": [f"tlsrpt@{listed}"]},
        accept={"policy-domains": [listed]},
    )
    report = mails.unique(policies=[mails.policy(domain)])
    with place.connect() as client:
        client.mail("<a@b.example>", "SMTPUTF8")
        client.rcpt(f"<tlsrpt@{domain}>", "SMTPUTF8")
        assert client.data() == "continue"
        assert names(client.message(mails.carrier(report))) == ["discard"]


@pytest.mark.parametrize("address", ["{}", "<{}>", "<{}> ", "{} "])
def test_addresses_with_and_without_brackets(place, address):
    place.milter(milter=DISCARD)
    with place.connect() as client:
        client.mail("<>")
        client.rcpt(address.strip().format(place.address()))
        assert client.data() == "continue"
        assert names(client.message(mails.carrier())) == ["discard"]


def test_esmtp_arguments_do_not_matter(place):
    place.milter(milter=DISCARD)
    with place.connect() as client:
        client.mail("<a@b.example>", "SIZE=1000", "BODY=8BITMIME")
        client.rcpt(place.recipient, "NOTIFY=NEVER")
        assert client.data() == "continue"
        assert names(client.message(mails.carrier())) == ["discard"]


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_chunks_of_any_size(place, chunk):
    """CR and LF of a line end may come in different chunks."""
    place.milter()
    with place.connect() as client:
        replies = place.give(mails.carrier(), client, chunk=chunk)
        assert header_of(replies) == "stored; reports=1"


def test_body_bytes_with_the_end_of_message(place):
    """The last chunk may come with the end-of-body packet."""
    place.milter()
    with place.connect() as client:
        client.envelope("<>", place.recipient)
        body = client.fields(mails.carrier())
        client.end_of_headers()
        assert header_of(client.end(body)) == "stored; reports=1"


def test_nul_bytes(place):
    """Binary content without a transfer encoding, including NUL bytes."""
    place.milter()
    content = mails.as_gzip(
        mails.unique()
    )
    binary = mails.part(
        "application/tlsrpt+gzip\r\nContent-Transfer-Encoding: binary",
        b"",
        encoding=None,
    )
    raw = mails.multipart("report", [mails.text_part(), binary + content])
    assert b"\0" in raw
    with place.connect() as client:
        replies = place.give(raw, client, chunk=11)
        assert header_of(replies) == "stored; reports=1"


def test_abort_forgets_the_message(place):
    place.milter()
    raw = mails.carrier()
    with place.connect() as client:
        client.mail("<>")
        client.abort()
        client.envelope("<>", place.recipient)
        client.abort()
        client.envelope("<>", place.recipient)
        client.fields(raw)
        client.abort()
        client.envelope("<>", place.recipient)
        body = client.fields(raw)
        client.end_of_headers()
        client.body(body[:100])
        client.abort()
        # Nothing of this carries over to the next message.
        assert client.envelope("<>", OTHER) == "accept"
        client.abort()
        replies = place.give(raw, client)
        assert header_of(replies) == "stored; reports=1"
    assert len(place.spooled()) == 1
    assert place.spooled("tmp") == []


def test_messages_on_one_connection(place):
    """No verdict leaves anything behind for the next message."""
    place.milter(milter=DISCARD)
    bad = mails.carrier(mails.document(policies=[mails.policy(failed=-1)]))
    with place.connect() as client:
        for _ in range(20):
            assert names(place.give(mails.carrier(), client)) == ["discard"]
            assert client.envelope("<>", OTHER) == "accept"
            replies = place.give(bad, client)
            assert header_of(replies).startswith("invalid; ")
            replies = place.give(mails.dmarc_mail(), client)
            assert names(replies) in (["accept"], ["continue"])
    assert len(place.spooled()) == 40


def test_fifty_connections_at_once(place):
    place.milter(milter=DISCARD)
    outcomes = []
    gate = threading.Barrier(50)

    def one_connection():
        raw = mails.carrier()
        with place.connect(timeout=120.0) as client:
            gate.wait(60)
            outcomes.append(names(place.give(raw, client, chunk=1000)))
            outcomes.append([client.envelope("<>", OTHER).name])

    threads = [threading.Thread(target=one_connection) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    assert outcomes.count(["discard"]) == 50
    assert outcomes.count(["accept"]) == 50
    assert len(place.spooled()) == 50


def large_carrier(size):
    report = mails.unique()
    report["padding"] = ["x" * 1000] * (size // 1000)
    return mails.carrier(report, part_options={"compress": False})


def test_oversize_is_skipped(place):
    place.milter(limits={"message-size": "100K"})
    with place.connect() as client:
        assert client.steps & milter.SKIP
        replies = place.give(large_carrier(1_000_000), client, chunk=65535)
        assert header_of(replies).startswith("invalid; message-size")
        assert client.body_bytes < 200_000
    assert len(place.spooled()) == 1


def test_oversize_without_skip(place):
    place.milter(limits={"message-size": "100K"})
    with place.connect(steps=milter.ALL_STEPS & ~milter.SKIP) as client:
        replies = place.give(large_carrier(1_000_000), client, chunk=65535)
        assert header_of(replies).startswith("invalid; message-size")
    assert len(place.spooled()) == 1


def test_bodies_beyond_memory_go_through_a_file(place):
    place.milter(milter=DISCARD)
    with place.connect() as client:
        replies = place.give(large_carrier(3_000_000), client)
        assert names(replies) == ["discard"]
    assert len(place.spooled()) == 1
    assert place.spooled("tmp") == []


@pytest.mark.parametrize("recipients", [True, False])
def test_server_that_offers_nothing_optional(place, recipients):
    """A server without useful protocol bits sends and waits for every step."""
    # libmilter takes no bits at all for those of version 1.
    useless = milter.NOBODY
    place.milter(milter={} if recipients else {"recipients": []})
    with place.connect(steps=useless) as client:
        assert client.steps == 0
        replies = place.give(mails.carrier(), client)
        assert header_of(replies) == "stored; reports=1"
        client.mail("<>")
        client.rcpt(OTHER)
        replies = client.message(mails.ordinary_mails()["plain"])
        assert names(replies) == ["accept"]


def test_old_server_without_recipient_deletion(place):
    """If recipients can't be deleted the mail is kept: nobody loses it."""
    place.milter(milter=DISCARD)
    actions = milter.ALL_ACTIONS & ~milter.DELRCPT
    with place.connect(actions=actions) as client:
        assert not client.actions & milter.DELRCPT
        client.envelope("<>", place.recipient, OTHER)
        replies = client.message(mails.carrier())
        assert replies[-1].name in ("accept", "continue")
        assert "delrcpt" not in names(replies)
    assert len(place.spooled()) == 1


def test_old_server_without_header_actions(place):
    place.milter()
    actions = milter.DELRCPT
    with place.connect(actions=actions) as client:
        assert client.actions & ~actions == 0
        replies = place.give(mails.carrier(), client)
        assert names(replies) in (["accept"], ["continue"])
    assert len(place.spooled()) == 1


def test_few_round_trips_for_ordinary_mail(place):
    """The milter declines the steps that don't matter."""
    place.milter()
    with place.connect() as client:
        for bit in (milter.NR_HDR, milter.SKIP):
            assert client.steps & bit, hex(client.steps)
        for left_out, no_reply in [
            (milter.NOCONNECT, milter.NR_CONN),
            (milter.NOHELO, milter.NR_HELO),
            (milter.NOMAIL, milter.NR_MAIL),
            (milter.NORCPT, milter.NR_RCPT),
        ]:
            assert client.steps & (left_out | no_reply), hex(client.steps)
        assert not client.steps & milter.NR_BODY


def test_actions_are_asked_for_as_configured(place):
    place.milter(milter={"add-header": False})
    with place.connect() as client:
        assert client.actions & (milter.ADDHDRS | milter.CHGHDRS) == 0
        assert client.actions & milter.DELRCPT == 0


def test_deleted_recipients_are_verbatim(place):
    n = place.number
    place.milter(
        milter={
            "disposition": "discard",
            "recipients": [f"tlsrpt{n}@example.com", f"tlsrpt{n}+*@example.com"],
        }
    )
    ours = [f"<TLSrpt{n}@Example.COM>", f"<tlsrpt{n}+x@example.com>"]
    with place.connect() as client:
        client.mail("<>")
        client.rcpt(ours[0], "NOTIFY=NEVER")
        client.rcpt(OTHER)
        client.rcpt(ours[1])
        assert client.data() == "continue"
        replies = client.message(mails.carrier())
        deleted = [
            reply.arguments[0].decode()
            for reply in replies
            if reply == "delrcpt"
        ]
        assert deleted == ours
        assert replies[-1].name in ("accept", "continue")


def test_forged_headers_are_deleted_from_the_last(place):
    """An index counts fields of one name: deleting from the last moves none."""
    place.milter()
    extra = [("X-TLSRPT", "stored"), ("x-tlsrpt", "b"), ("X-Other", "c")]
    with place.connect() as client:
        replies = place.give(mails.carrier(extra=extra), client)
        changed = [
            reply.arguments for reply in replies if reply == "chgheader"
        ]
        indexes = [change[0] for change in changed]
        assert sorted(indexes) == [1, 2], replies
        for change in changed:
            assert change[1].lower() == b"x-tlsrpt"
            assert b"".join(change[2:]) == b""
        assert header_of(replies) == "stored; reports=1"


def test_queue_id_that_comes_late(place):
    """Postfix may not know the queue id before a recipient, or the end."""
    daemon = place.milter()
    with place.connect() as client:
        client.mail("<>")
        client.rcpt(place.recipient)
        assert client.data() == "continue"
        body = client.fields(mails.carrier())
        client.end_of_headers()
        client.body(body)
        client.macros(b"E", i="4LateQueueId1")
        client.end()
    stored = daemon.wait_event("spooled")
    assert stored[0]["queue-id"] == "4LateQueueId1"
    assert daemon.text().count("queue-id=4LateQueueId1") >= 1


def test_no_queue_id_at_all(place):
    daemon = place.milter()
    with place.connect() as client:
        client.envelope("<>", place.recipient, queue_id=None)
        replies = client.message(mails.carrier())
        assert header_of(replies) == "stored; reports=1"
    daemon.wait_event("spooled")


def test_header_value_with_folds(place):
    """A Content-Type folded with a bare LF, as MTAs pass it on."""
    place.milter(milter={"recipients": []})
    raw = mails.carrier(tls_report_headers=False).replace(
        b"multipart/report; ", b"multipart/report;\r\n\t"
    )
    with place.connect() as client:
        client.envelope("<>", OTHER)
        assert header_of(client.message(raw)) == "stored; reports=1"


def test_sigterm_waits_for_the_message_in_flight(place):
    """The reply still comes, and all reports are in the spool."""
    daemon = place.milter(
        limits={"message-size": "100M", "policies": 100_000, "details": 1_000_000}
    )
    reports = []
    for _ in range(12):
        report = mails.unique()
        report["policies"] *= 3000
        reports.append(mails.report_part(report))
    raw = mails.multipart("report", [mails.text_part(), *reports])
    with place.connect(timeout=60.0) as client:
        client.envelope("<>", place.recipient)
        body = client.fields(raw)
        client.end_of_headers()
        for start in range(0, len(body), 65535):
            client.body(body[start : start + 65535])
        client.send(b"E")
        wait_for(
            lambda: place.spooled() or place.spooled("tmp"),
            "the end of the message is being worked on",
        )
        daemon.signal(signal.SIGTERM)
        assert header_of(client.replies()) == "stored; reports=12"
    assert daemon.wait_exit() == 0
    place.daemons.remove(daemon)
    assert len(place.spooled()) == 12


def test_sigterm_with_an_idle_connection(place):
    """A silent connection does not delay the end."""
    daemon = place.milter()
    with place.connect():
        daemon.signal(signal.SIGTERM)
        assert daemon.wait_exit() == 0
    place.daemons.remove(daemon)


def test_sigquit_lets_a_message_end(place):
    """New connections are not accepted, and open ones are served to the end."""
    daemon = place.milter()
    with place.connect() as client:
        client.envelope("<>", place.recipient)
        daemon.signal(signal.SIGQUIT)
        wait_for(lambda: refuses(place), "the socket is closed")
        # Longer than the wait for a connection that is not in a message.
        time.sleep(1.5)
        assert header_of(client.message(mails.carrier())) == "stored; reports=1"
    assert daemon.wait_exit() == 0
    place.daemons.remove(daemon)


def test_sigquit_with_an_idle_connection(place):
    daemon = place.milter()
    with place.connect():
        daemon.signal(signal.SIGQUIT)
        assert daemon.wait_exit() == 0
    place.daemons.remove(daemon)


def refuses(place):
    with socket.socket(socket.AF_UNIX) as end:
        return end.connect_ex(place.socket) != 0


def test_garbage_is_survived(place):
    daemon = place.milter()
    for garbage in (b"\xff" * 64, b"\0\0\0\0", b"GET / HTTP/1.1\r\n\r\n"):
        with place.connect() as client:
            client.socket.sendall(garbage)
    with place.connect() as client:
        # Steps out of order: an end of message without a message.
        client.send(b"E")
        client.socket.settimeout(1)
        try:
            client.replies()
        except (OSError, ConnectionError):
            pass
    with place.connect() as client:
        replies = place.give(mails.carrier(), client)
        assert header_of(replies) == "stored; reports=1"
    assert daemon.running()


def test_inet_socket(place):
    port = free_port()
    daemon = place.milter(milter={"socket": f"inet:{port}@127.0.0.1"})
    daemon.listens = place.socket = ("127.0.0.1", port)
    with place.connect() as client:
        replies = place.give(mails.carrier(), client)
        assert header_of(replies) == "stored; reports=1"


def test_reload_refuses_another_socket(place):
    daemon = place.milter()
    place.config(
        "milter.conf",
        milter={"socket": f"unix:{place.folder}/other.sock", **DISCARD},
    )
    lines = len(daemon.text().splitlines())
    daemon.signal(signal.SIGUSR1)
    wait_for(
        lambda: re.search(
            r"socket", "\n".join(daemon.text().splitlines()[lines:])
        ),
        "a line says that the socket can't change",
    )
    with place.connect() as client:
        replies = place.give(mails.carrier(), client)
        assert replies[-1].name in ("accept", "continue", "discard")


def test_reload_of_a_bad_file_changes_nothing(place):
    daemon = place.milter(milter=DISCARD)
    (place.folder / "milter.conf").write_text("[milter]\nnonsense = 1\n")
    daemon.signal(signal.SIGUSR1)
    wait_for(lambda: "nonsense" in daemon.text(), "a line names the bad key")
    with place.connect() as client:
        assert names(place.give(mails.carrier(), client)) == ["discard"]
    assert daemon.running()
