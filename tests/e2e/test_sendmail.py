# SPDX-License-Identifier: MIT
"""Mail through a real Sendmail, with the shipped line for sendmail.mc."""

import re

import pytest

from harness import mails
from harness.process import running
from harness.sendmail import Sendmail, without_trace
from harness.site import HEADER, Site, the_header, without_header

DISCARD = {"disposition": "discard"}


@pytest.fixture(scope="module")
def sendmail():
    with running(Sendmail()) as server:
        yield server


@pytest.fixture
def site(postgres, sendmail):
    place = Site(postgres, sendmail, sendmail.socket)
    yield place
    place.close()


def plainly_delivered(site, mail):
    """A mail as this Sendmail delivers it without any milter."""
    code, text = site.send(mail, site.address("plain"), plain=True)
    assert code == 250, text
    return without_trace(site.postfix.mailbox(f"plain{site.number}")[-1])


def assert_only_header_added(site, delivered, sent):
    assert without_header(delivered, HEADER) == plainly_delivered(site, sent)


def test_discard(site):
    milter = site.milter(milter=DISCARD)
    code, text = site.send(mails.carrier())
    assert code == 250, text
    assert site.delivered() == []
    site.drain()
    assert site.count("report") == 1
    assert site.spooled() == []
    stored = milter.events("spooled")
    assert len(stored) == 1 and stored[0]["disposition"] == "discard"
    # Sendmail knows the queue id from the start.
    assert stored[0]["queue-id"] in text
    assert site.value("SELECT queue_id FROM tlsrpt.report") in text


def test_keep(site):
    site.milter()
    carrier = mails.carrier()
    site.send(carrier)
    mail = site.the_mail()
    assert the_header(mail) == "stored; reports=1"
    assert_only_header_added(site, mail, carrier)
    assert len(site.spooled()) == 1


def test_mixed_recipients_keep(site):
    site.milter()
    site.send(mails.carrier(), site.address(), site.address("bob"))
    for local in ("tlsrpt", "bob"):
        assert the_header(site.the_mail(local)) == "stored; reports=1"


def test_mixed_recipients_discard(site):
    n = site.number
    site.milter(
        milter={
            "disposition": "discard",
            "recipients": [f"tlsrpt{n}@example.com", f"tlsrpt{n}+*@example.com"],
        }
    )
    carrier = mails.carrier()
    site.send(
        carrier,
        f"TLSrpt{n}@Example.COM",
        f"tlsrpt{n}+Google@example.com",
        site.address("bob"),
    )
    mail = site.the_mail("bob")
    assert site.delivered() == []
    assert site.delivered("TLSrpt") == []
    assert the_header(mail) == "stored; reports=1"
    assert_only_header_added(site, mail, carrier)
    assert len(site.spooled()) == 1


@pytest.mark.parametrize("disposition", ["keep", "discard"])
def test_invalid(site, disposition):
    milter = site.milter(milter={"disposition": disposition})
    carrier = mails.carrier(
        mails.unique(policies=[mails.policy(failed=-1)])
    )
    site.send(carrier)
    mail = site.the_mail()
    assert the_header(mail).startswith("invalid; RFC 8460 section 4.4: ")
    assert_only_header_added(site, mail, carrier)
    site.drain()
    assert site.count("report") == 0
    assert site.rows("SELECT reason FROM tlsrpt.rejected_report") == [
        ("invalid",)
    ]
    assert milter.events("invalid")


def test_refused_is_rejected_when_wanted(site):
    site.milter(
        milter={"on-refused": "reject"},
        accept={"policy-domains": ["example.com"]},
    )
    foreign = mails.unique(
        policies=[mails.policy("other.example", mx=["mx.other.example"])]
    )
    code, text = site.send(mails.carrier(foreign, domain="other.example"))
    assert (code, text[:5]) == (550, "5.7.1")
    assert "other.example" in text
    assert site.delivered() == []


def test_spool_trouble_can_be_temporary(site):
    site.milter(milter={"disposition": "discard", "on-spool-error": "tempfail"})
    (site.spool / "tmp").rmdir()
    (site.spool / "tmp").write_text("not a folder")
    code, text = site.send(mails.carrier())
    assert (code, text[:5]) == (451, "4.3.0")
    assert site.delivered() == []


def test_forged_headers_are_removed(site):
    site.milter()
    forged = [("X-TLSRPT", "stored; reports=7"), ("x-tlsrpt", "stored")]
    site.send(mails.carrier(extra=forged))
    assert the_header(site.the_mail()) == "stored; reports=1"


def test_a_large_carrier(site):
    """A body of over 256 KiB, in many chunks."""
    site.milter()
    report = mails.document(
        policies=[
            mails.policy(
                failed=3000,
                details=[
                    mails.detail("validation-failure", mx=f"mx{n}.example.com")
                    for n in range(3000)
                ],
            )
        ],
    )
    carrier = mails.carrier(report, part_options={"compress": False})
    assert len(carrier) > 300_000
    site.send(carrier)
    mail = site.the_mail()
    assert the_header(mail) == "stored; reports=1"
    site.drain()
    assert site.count("failure") == 3000


@pytest.mark.parametrize("name", mails.ordinary_mails())
def test_ordinary_mail(site, name):
    """To a report address or not, mail is byte for byte as without a milter."""
    milter = site.milter(milter=DISCARD, limits={"header-count": 2000})
    mail = mails.ordinary_mails()[name]
    expected = plainly_delivered(site, mail)
    for local in ("bob", "tlsrpt"):
        code, text = site.send(mail, site.address(local))
        assert code == 250, text
        delivered = site.the_mail(local)
        if local == "tlsrpt":
            # Forged fields are removed from a candidate.
            expected = without_header(expected, HEADER)
        assert delivered == expected, local
    assert site.spooled() == []
    assert not milter.events("spooled")


def test_mail_goes_on_without_the_milter(site):
    """The line for sendmail.mc has no F= flag, so mail is accepted."""
    mail = mails.ordinary_mails()["plain"]
    code, text = site.send(mail, site.address("bob"))
    assert code == 250, text
    assert site.the_mail("bob") == mails.lines_as_delivered(mail)


def test_timeouts_of_the_snippet(sendmail):
    """m4 has put the timeouts into the configuration."""
    text = (sendmail.folder / "sendmail.cf").read_text()
    assert re.search(
        rf"(?m)^Xtlsrpt-milter, S=local:{re.escape(str(sendmail.socket))},"
        r" T=C:2s;S:5s;R:5s;E:60s$",
        text,
    )
    assert re.search(r"(?m)^O InputMailFilters=tlsrpt-milter$", text)
