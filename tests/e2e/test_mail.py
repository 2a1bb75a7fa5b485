# SPDX-License-Identifier: MIT
"""Mail through a real Postfix: every verdict, and what is delivered for it."""

import base64
import random
import re
import signal

import pytest

from harness import mails
from harness.site import HEADER, header_values, the_header, without_header
from harness.wait import wait_for

DISCARD = {"disposition": "discard"}


def invalid_report():
    """A report that is right except for one count."""
    return mails.unique(policies=[mails.policy(failed=-1)])


INVALID_SENTENCE = (
    "RFC 8460 section 4.4: "
    "policies[0].summary.total-failure-session-count: -1 is negative"
)


def foreign_report():
    """A valid report about somebody else's domain."""
    return mails.unique(
        policies=[mails.policy("other.example", mx=["mx.other.example"])]
    )


def foreign_carrier():
    """The carrier of it, which names that domain, too."""
    return mails.carrier(foreign_report(), domain="other.example")


def message_of(*reports, **more):
    """One message with several reports, each named by the domain that it is
    about."""
    parts = [
        mails.report_part(
            one, domain=one["policies"][0]["policy"]["policy-domain"]
        )
        for one in reports
    ]
    return mails.multipart("report", [mails.text_part(), *parts], **more)


def assert_only_header_added(delivered, sent):
    assert without_header(delivered, HEADER) == mails.lines_as_delivered(sent)


def test_discards_wake_the_queue_manager(mail_site):
    """Postfix's cleanup spends a token on each message, and only the queue
    manager supplies new ones, which a discarded message does not wake: after a
    hundred each further message waits in_flow_delay. So each tenth loses its
    recipients instead, and is removed by the queue manager."""
    mail_site.milter(milter=DISCARD)
    before = mail_site.postfix.log().count(": removed")
    for _ in range(30):
        code, text = mail_site.send(mails.carrier(mails.unique()))
        assert code == 250, text
    assert mail_site.delivered() == []
    assert len(mail_site.spooled()) == 30
    # The queue is empty a moment before the line is written.
    wait_for(
        lambda: mail_site.postfix.log().count(": removed") - before >= 3,
        "the queue manager has removed three",
    )
    assert mail_site.postfix.log().count(": removed") - before == 3


def test_discard(mail_site):
    milter = mail_site.milter(milter=DISCARD)
    code, text = mail_site.send(mails.carrier())
    assert code == 250, text
    assert mail_site.delivered() == []
    mail_site.drain()
    assert mail_site.count("report") == 1
    assert mail_site.spooled() == []
    stored = milter.events("spooled")
    assert len(stored) == 1
    assert stored[0]["organization"] == "Google Inc."
    assert stored[0]["policies"] == "1"
    assert stored[0]["disposition"] == "discard"
    assert re.fullmatch(r"[0-9A-Za-z]+", stored[0]["queue-id"])


def test_what_is_stored_about_the_mail(mail_site):
    mail_site.milter(milter=DISCARD)
    carrier = mails.carrier(mails.document(mails.MICROSOFT), mails.MICROSOFT)
    mail_site.send(carrier, sender="bounce@microsoft.com")
    mail_site.postfix.wait_empty()
    mail_site.drain()
    row = mail_site.rows(
        "SELECT source, queue_id, envelope_from, message_id, filename,"
        " media_type, submitter, dkim_result, authenticated,"
        " organization_name, contact_info, policy_domains, times_received,"
        " day = (start_datetime AT TIME ZONE 'UTC')::date,"
        " received_at BETWEEN now() - interval '2 minutes' AND now(),"
        " octet_length(identity), octet_length(content_sha256)"
        " FROM tlsrpt.report"
    )[0]
    assert row[0] == "milter"
    assert row[1] and row[1] in mail_site.postfix.log()
    assert row[2].strip("<>") == "bounce@microsoft.com"
    assert row[3].strip("<>") == header_values(carrier, "Message-ID")[0].strip(
        "<>"
    )
    assert row[4] == mails.report_filename(mails.MICROSOFT)
    assert row[5:10] == (
        "application/tlsrpt+gzip",
        "microsoft.com",
        "none",
        False,
        "Microsoft Corporation",
    )
    assert row[10:] == (
        "tlsrpt-noreply@microsoft.com",
        ["example.com"],
        1,
        True,
        True,
        32,
        32,
    )


def test_keep(mail_site):
    mail_site.milter()
    carrier = mails.carrier()
    mail_site.send(carrier)
    mail = mail_site.the_mail()
    assert the_header(mail) == "stored; reports=1"
    assert_only_header_added(mail, carrier)
    assert len(mail_site.spooled()) == 1


def test_keep_for_all_when_recipients_are_mixed(mail_site):
    mail_site.milter()
    mail_site.send(
        mails.carrier(), mail_site.address(), mail_site.address("bob")
    )
    for local in ("tlsrpt", "bob"):
        assert the_header(mail_site.the_mail(local)) == "stored; reports=1"


def test_discard_deletes_only_the_report_recipient(mail_site):
    mail_site.milter(milter=DISCARD)
    carrier = mails.carrier()
    mail_site.send(carrier, mail_site.address(), mail_site.address("bob"))
    mail = mail_site.the_mail("bob")
    assert mail_site.delivered() == []
    assert_only_header_added(mail, carrier)
    assert len(mail_site.spooled()) == 1


def test_deleted_recipients_are_named_as_they_came(mail_site):
    """With upper case or extensions, deletions must match the MTA's address."""
    n = mail_site.number
    mail_site.milter(
        milter={
            "disposition": "discard",
            "recipients": [f"tlsrpt{n}+*@example.com", f"tlsrpt{n}@example.com"],
        }
    )
    mail_site.send(
        mails.carrier(),
        f"TLSrpt{n}@Example.COM",
        f"tlsrpt{n}+Google@example.com",
        mail_site.address("bob"),
    )
    assert len(mail_site.delivered("bob")) == 1
    assert mail_site.delivered() == []
    assert mail_site.delivered("TLSrpt") == []


@pytest.mark.parametrize("disposition", ["keep", "discard"])
def test_invalid_is_delivered_and_recorded(mail_site, disposition):
    milter = mail_site.milter(milter={"disposition": disposition})
    carrier = mails.carrier(invalid_report())
    mail_site.send(carrier)
    mail = mail_site.the_mail()
    assert the_header(mail) == f"invalid; {INVALID_SENTENCE}"
    assert_only_header_added(mail, carrier)
    mail_site.drain()
    assert mail_site.rows(
        "SELECT reason, detail, submitter, filename"
        " FROM tlsrpt.rejected_report"
    ) == [
        (
            "invalid",
            INVALID_SENTENCE,
            "google.com",
            mails.report_filename(mails.GOOGLE),
        )
    ]
    assert mail_site.count("report") == 0
    assert milter.events("invalid")


def test_corrupt_gzip_is_invalid(mail_site):
    mail_site.milter(milter=DISCARD)
    broken = mails.as_gzip(mails.unique())[:-12]
    part = mails.part(
        "application/tlsrpt+gzip", broken, mails.report_filename(mails.GOOGLE)
    )
    carrier = mails.multipart("report", [mails.text_part(), part])
    mail_site.send(carrier)
    mail = mail_site.the_mail()
    assert the_header(mail).startswith("invalid; ")
    assert_only_header_added(mail, carrier)


def test_foreign_text_in_the_reason_is_harmless(mail_site):
    """Control characters in a report reach headers and logs only escaped."""
    milter = mail_site.milter()
    report = mails.unique()
    report["policies"][0]["summary"]["total-failure-session-count"] = (
        "1\r\nX-Injected: yes\x1b[31m"
    )
    mail_site.send(mails.carrier(report))
    mail = mail_site.the_mail()
    assert the_header(mail).startswith("invalid; ")
    assert header_values(mail, "X-Injected") == []
    assert b"\x1b" not in mail
    assert "\x1b" not in milter.text()


def test_refused_is_kept(mail_site):
    mail_site.milter(
        milter=DISCARD, accept={"policy-domains": ["example.com"]}
    )
    carrier = foreign_carrier()
    mail_site.send(carrier)
    mail = mail_site.the_mail()
    value = the_header(mail)
    assert value.startswith("refused; ")
    assert "other.example" in value
    assert_only_header_added(mail, carrier)
    mail_site.drain()
    rows = mail_site.rows("SELECT reason, detail FROM tlsrpt.rejected_report")
    assert rows == [("refused", value.removeprefix("refused; "))]


def test_refused_is_rejected_when_wanted(mail_site):
    mail_site.milter(
        milter={"on-refused": "reject"},
        accept={"policy-domains": ["example.com"]},
    )
    code, text = mail_site.send(foreign_carrier())
    assert (code, text[:5]) == (550, "5.7.1")
    assert "other.example" in text
    assert mail_site.delivered() == []


def test_refused_is_not_rejected_for_another_recipient(mail_site):
    mail_site.milter(
        milter={"on-refused": "reject"},
        accept={"policy-domains": ["example.com"]},
    )
    code, text = mail_site.send(
        foreign_carrier(),
        mail_site.address(),
        mail_site.address("bob"),
    )
    assert code == 250, text
    for local in ("tlsrpt", "bob"):
        assert the_header(mail_site.the_mail(local)).startswith("refused; ")


def test_refused_is_not_rejected_beside_a_stored_one(mail_site):
    mail_site.milter(
        milter={"on-refused": "reject"},
        accept={"policy-domains": ["example.com"]},
    )
    code, text = mail_site.send(
        message_of(mails.unique(), foreign_report(), tls_report_headers=False)
    )
    assert code == 250, text
    assert the_header(mail_site.the_mail()).startswith(
        "partial; stored=1 invalid=0 refused=1; "
    )


def test_policy_domains_take_a_host_under_the_domain(mail_site):
    """A tlsa policy's domain is the TLSA base domain: an MX host's name."""
    mail_site.milter(accept={"policy-domains": ["example.com"]})
    mail_site.send(
        mails.carrier(
            mails.document(policies=[mails.policy("mx1.example.com", "tlsa")])
        )
    )
    assert the_header(mail_site.the_mail()) == "stored; reports=1"


@pytest.mark.parametrize("header", [True, False])
def test_policy_domains_take_a_report_on_mail_to_the_domain(mail_site, header):
    """Where the mail of the domain goes to somebody else's host, a tlsa policy
    names only that; TLS-Report-Domain or the filename names the domain."""
    mail_site.milter(
        milter={"on-refused": "reject"},
        accept={"policy-domains": ["example.com"]},
    )
    report = mails.unique(policies=[mails.policy("mx.hoster.example", "tlsa")])
    code, text = mail_site.send(
        mails.carrier(report, tls_report_headers=header)
    )
    assert code == 250, text
    assert the_header(mail_site.the_mail()) == "stored; reports=1"
    code, text = mail_site.send(mails.carrier(report, domain="other.example"))
    assert code == 550, text


def test_submitters(mail_site):
    """Who may report."""
    mail_site.milter(
        milter={"on-refused": "reject"},
        accept={"submitters": ["google.com", "*.mail.example"]},
    )
    code, text = mail_site.send(mails.carrier())
    assert code == 250, text
    assert the_header(mail_site.the_mail()) == "stored; reports=1"
    code, text = mail_site.send(
        mails.carrier(mails.unique(mails.SMALL), mails.SMALL)
    )
    assert (code, text) == (
        550,
        "5.7.1 TLS report refused: accept.submitters: mail.example is not "
        "listed",
    )
    mail_site.drain()
    assert mail_site.rows(
        "SELECT reason, submitter, detail FROM tlsrpt.rejected_report"
    ) == [("refused", "mail.example", text.partition("refused: ")[2])]


def test_authentication_required(mail_site):
    mail_site.milter(
        milter={"on-refused": "reject"},
        accept={
            "authentication": "require",
            "authserv-ids": ["mx.example.com"],
        },
    )
    verified = "mx.example.com; dkim=pass header.d=google.com"
    for claim, expected in [
        (("Authentication-Results", verified), 250),
        (("Authentication-Results", verified.replace("pass", "fail")), 550),
        # Anyone can write this field.
        (
            (
                "Authentication-Results",
                verified.replace("mx.example.com", "evil.example"),
            ),
            550,
        ),
        # A good signature of another domain.
        (
            (
                "Authentication-Results",
                verified.replace("google.com", "evil.example"),
            ),
            550,
        ),
        (("X-Nothing", "here"), 550),
    ]:
        code, text = mail_site.send(mails.carrier(extra=[claim]))
        assert code == expected, (claim, text)
    mail_site.drain()
    assert mail_site.rows(
        "SELECT authenticated, dkim_result, dkim_domain FROM tlsrpt.report"
    ) == [(True, "pass", "google.com")]


def test_partial_is_kept_whole(mail_site):
    mail_site.milter(milter=DISCARD)
    carrier = message_of(mails.unique(), invalid_report())
    mail_site.send(carrier, mail_site.address(), mail_site.address("bob"))
    for local in ("tlsrpt", "bob"):
        mail = mail_site.the_mail(local)
        assert the_header(mail) == (
            f"partial; stored=1 invalid=1 refused=0; {INVALID_SENTENCE}"
        )
        assert_only_header_added(mail, carrier)
    mail_site.drain()
    assert mail_site.count("report") == 1
    assert mail_site.count("rejected_report") == 1


def test_several_reports_in_one_message(mail_site):
    mail_site.milter()
    mail_site.send(message_of(*[mails.unique() for _ in range(3)]))
    assert the_header(mail_site.the_mail()) == "stored; reports=3"
    mail_site.drain()
    assert mail_site.count("report") == 3


def test_too_many_reports_in_one_message(mail_site):
    mail_site.milter(milter=DISCARD, limits={"reports": 2})
    carrier = message_of(*[mails.unique() for _ in range(3)])
    mail_site.send(carrier)
    mail = mail_site.the_mail()
    assert re.match(r"(partial|invalid); .*reports", the_header(mail))
    assert_only_header_added(mail, carrier)


def test_oversize(mail_site):
    milter = mail_site.milter(milter=DISCARD, limits={"message-size": "64K"})
    report = mails.unique()
    # Not compressed, since the mail has to be large in transfer.
    report["padding"] = "x" * 300_000
    carrier = mails.carrier(report, part_options={"compress": False})
    mail_site.send(carrier)
    mail = mail_site.the_mail()
    assert the_header(mail).startswith("invalid; message-size")
    assert_only_header_added(mail, carrier)
    mail_site.drain()
    rows = mail_site.rows("SELECT reason, detail FROM tlsrpt.rejected_report")
    assert len(rows) == 1
    assert rows[0][0] == "invalid" and "message-size" in rows[0][1]
    assert mail_site.count("report") == 0
    assert not milter.events("spooled")


def break_spool(site):
    """Makes it impossible to create a file in tmp, even for root."""
    (site.spool / "tmp").rmdir()
    (site.spool / "tmp").write_text("not a folder")


def fill_spool(site, size=1_200_000):
    """Puts an old record, by default one larger than the quota, into bad."""
    (site.spool / "bad").mkdir(parents=True)
    (site.spool / "bad" / "1700000000.000000.1.x").write_bytes(b"x" * size)


@pytest.mark.parametrize("trouble", ["unwritable", "full"])
@pytest.mark.parametrize("disposition", ["keep", "discard"])
def test_spool_trouble_delivers(mail_site, trouble, disposition):
    if trouble == "full":
        fill_spool(mail_site)
    milter = mail_site.milter(
        milter={"disposition": disposition}, spool={"quota": "1M"}
    )
    if trouble == "unwritable":
        break_spool(mail_site)
    carrier = mails.carrier()
    code, text = mail_site.send(carrier)
    assert code == 250, text
    mail = mail_site.the_mail()
    key = "quota" if trouble == "full" else "directory"
    assert the_header(mail).startswith(f"failed; spool.{key}: ")
    (failed,) = milter.events("failed")
    assert the_header(mail) == f"failed; {failed['reason']}"
    assert_only_header_added(mail, carrier)
    assert mail_site.spooled() == []
    assert milter.running()


def test_spool_full_after_the_first_of_two(mail_site):
    """A report that was not stored can be told from the one that was."""
    # Random, so that each record has about this size.
    padding = base64.b85encode(random.Random(1).randbytes(64_000)).decode()
    fill_spool(mail_site, 940_000)
    mail_site.milter(milter=DISCARD, spool={"quota": "1M"})
    carrier = message_of(
        *[mails.unique(**{"x-padding": [padding[::2], padding[1::2]]}) for _ in range(2)]
    )
    code, text = mail_site.send(carrier)
    assert code == 250, text
    mail = mail_site.the_mail()
    assert the_header(mail).startswith(
        "partial; stored=1 invalid=0 refused=0 failed=1; spool.quota: "
    )
    assert_only_header_added(mail, carrier)
    assert len(mail_site.spooled()) == 1


@pytest.mark.parametrize("trouble", ["unwritable", "full"])
def test_spool_trouble_can_be_temporary(mail_site, trouble):
    if trouble == "full":
        fill_spool(mail_site)
    mail_site.milter(
        milter={"disposition": "discard", "on-spool-error": "tempfail"},
        spool={"quota": "1M"},
    )
    if trouble == "unwritable":
        break_spool(mail_site)
    code, text = mail_site.send(mails.carrier())
    # Neither the spool's path nor what is wrong with it is the sender's business.
    assert (code, text) == (
        451,
        "4.3.0 TLS report can't be stored now, try again later",
    )
    assert mail_site.delivered() == []
    # Ordinary mail is not affected.
    code, text = mail_site.send(
        mails.ordinary_mails()["plain"], mail_site.address("bob")
    )
    assert code == 250, text
    assert len(mail_site.delivered("bob")) == 1


def test_forged_header_is_replaced(mail_site):
    mail_site.milter()
    forged = [("X-TLSRPT", "stored; reports=7"), ("x-tlsrpt", "stored")]
    mail_site.send(mails.carrier(extra=forged))
    assert the_header(mail_site.the_mail()) == "stored; reports=1"


def test_forged_header_is_removed_without_a_report(mail_site):
    mail_site.milter()
    mail_site.send(
        mails.multipart(
            "mixed",
            [mails.text_part()],
            extra=[("X-TLSRPT", "stored; reports=7")],
        )
    )
    assert header_values(mail_site.the_mail(), HEADER) == []


@pytest.mark.parametrize("report", [mails.unique, invalid_report])
def test_add_header_false_changes_nothing(mail_site, report):
    mail_site.milter(milter={"add-header": False})
    carrier = mails.carrier(report(), extra=[("X-TLSRPT", "forged")])
    mail_site.send(carrier)
    assert mail_site.the_mail() == mails.lines_as_delivered(carrier)
    assert len(mail_site.spooled()) == 1


def test_patterns_of_recipients(mail_site):
    n = mail_site.number
    mail_site.milter(
        milter={
            "disposition": "discard",
            "recipients": [f"Tlsrpt{n}+*@example.com", "*@example.org"],
        }
    )
    for taken in (
        f"tlsrpt{n}+google@example.com",
        f"TLSRPT{n}+@EXAMPLE.com",
        f"anyone{n}@example.org",
    ):
        mail_site.send(mails.carrier(), taken)
    assert len(mail_site.spooled()) == 3
    for local in ("tlsrpt", "TLSRPT", "anyone"):
        assert mail_site.delivered(local) == []
    for passed in (f"other{n}@example.com", f"xtlsrpt{n}+a@example.com"):
        carrier = mails.carrier()
        mail_site.send(carrier, passed)
        local = passed.partition(str(n))[0]
        assert mail_site.delivered(local) == [
            mails.lines_as_delivered(carrier)
        ]
    assert len(mail_site.spooled()) == 3


def test_by_header_without_recipients(mail_site):
    mail_site.milter(milter={"recipients": []})
    mail_site.send(mails.carrier(), mail_site.address("anyone"))
    assert the_header(mail_site.the_mail("anyone")) == "stored; reports=1"
    # A TLS-Report-* field is enough, whatever the MIME type.
    mail_site.send(mails.carrier(kind="mixed"), mail_site.address("some"))
    assert the_header(mail_site.the_mail("some")) == "stored; reports=1"
    # A message without any of these signs is not examined.
    carrier = mails.carrier(kind="mixed", tls_report_headers=False)
    mail_site.send(carrier, mail_site.address("bob"))
    assert mail_site.the_mail("bob") == mails.lines_as_delivered(carrier)
    assert len(mail_site.spooled()) == 2


SHAPES = {
    "multipart/mixed": lambda: mails.carrier(kind="mixed"),
    "json": lambda: mails.carrier(part_options={"compress": False}),
    "single part": lambda: mails.single_part(mails.unique()),
    "single part json": lambda: mails.single_part(
        mails.unique(), compress=False
    ),
    "no suffix": lambda: mails.carrier(
        part_options={"media_type": "application/tlsrpt"}
    ),
    "octet-stream": lambda: mails.carrier(
        part_options={"media_type": "application/octet-stream"}
    ),
    "gzip label, json content": lambda: mails.carrier(
        part_options={
            "compress": False,
            "media_type": "application/tlsrpt+gzip",
        }
    ),
    "no filename": lambda: mails.carrier(part_options={"filename": None}),
    "html": lambda: mails.multipart(
        "report",
        [
            mails.part("text/html", b"<p>Report</p>", encoding=None),
            mails.report_part(mails.unique()),
        ],
    ),
    "report-type unquoted": lambda: mails.carrier().replace(
        b'report-type="tlsrpt"', b"report-type=tlsrpt"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_carriers(mail_site, shape):
    mail_site.milter(milter=DISCARD)
    mail_site.send(SHAPES[shape]())
    assert mail_site.delivered() == []
    mail_site.drain()
    assert mail_site.count("report") == 1


def forwarded():
    inner = mails.carrier()
    return mails.multipart(
        "mixed",
        [mails.text_part(), mails.part("message/rfc822", inner, encoding=None)],
        tls_report_headers=False,
    )


@pytest.mark.parametrize("make", [mails.dmarc_mail, forwarded])
def test_other_mail_to_the_report_address_is_untouched(mail_site, make):
    mail_site.milter(milter=DISCARD)
    mail = make()
    mail_site.send(mail)
    assert mail_site.the_mail() == mails.lines_as_delivered(mail)
    assert mail_site.spooled() == []


ORDINARY = mails.ordinary_mails()


def assert_passes(site, mail, local, **options):
    code, text = site.send(mail, site.address(local), **options)
    assert code == 250, text
    assert site.the_mail(local) == mails.lines_as_delivered(mail)


def test_ordinary_mail_with_the_milter(mail_site):
    mail_site.milter()
    for number, mail in enumerate(ORDINARY.values()):
        assert_passes(mail_site, mail, f"bob-{number}-")
    assert mail_site.spooled() == []


def test_ordinary_mail_by_header(mail_site):
    """Without recipients, the milter looks at the header of every mail."""
    mail_site.milter(milter={"recipients": []})
    for number, mail in enumerate(ORDINARY.values()):
        assert_passes(mail_site, mail, f"bob-{number}-")
    assert mail_site.spooled() == []


def test_ordinary_mail_without_a_milter(mail_site):
    for number, mail in enumerate(ORDINARY.values()):
        assert_passes(mail_site, mail, f"bob-{number}-", plain=True)


def test_ordinary_mail_after_a_crash(mail_site):
    milter = mail_site.milter()
    assert_passes(mail_site, ORDINARY["plain"], "alice")
    milter.kill9()
    mail_site.daemons.remove(milter)
    for number, mail in enumerate(ORDINARY.values()):
        assert_passes(mail_site, mail, f"bob-{number}-")
    # It starts again despite the socket that the crash left behind.
    mail_site.milter()
    mail_site.send(mails.carrier())
    assert the_header(mail_site.the_mail()) == "stored; reports=1"


def test_ordinary_mail_while_the_milter_hangs(mail_site):
    """The snippet has short timeouts and a default action for this."""
    milter = mail_site.milter()
    milter.signal(signal.SIGSTOP)
    try:
        assert_passes(mail_site, ORDINARY["plain"], "bob")
    finally:
        milter.signal(signal.SIGCONT)


def test_ordinary_mail_at_the_report_address(mail_site):
    """People write to the report address, too."""
    mail_site.milter(milter=DISCARD)
    carried = dict(ORDINARY)
    # The header is over limits.header-count, and has a field of ours.
    del carried["many headers"], carried["foreign X-TLSRPT"]
    expected = [mails.lines_as_delivered(mail) for mail in carried.values()]
    for mail in carried.values():
        mail_site.send(mail)
    assert sorted(mail_site.delivered()) == sorted(expected)
    assert mail_site.spooled() == []


def test_reload_by_signal(mail_site):
    milter = mail_site.milter()
    mail_site.send(mails.carrier())
    assert len(mail_site.delivered()) == 1
    mail_site.config("milter.conf", milter=DISCARD)
    milter.signal(signal.SIGUSR1)
    wait_for(
        lambda: "READY=1" in milter.notify.collect()[1:]
        or milter.events("reloaded"),
        "the milter has read its configuration again",
    )
    mail_site.send(mails.carrier())
    assert len(mail_site.delivered()) == 1
    assert len(mail_site.spooled()) == 2
