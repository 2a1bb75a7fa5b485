# SPDX-License-Identifier: MIT
"""Who may report: a real OpenDKIM or rspamd runs before the milter and verifies
real signatures."""

import re

import pytest

from harness import mails
from harness.milter import names
from harness.nameserver import NameServer
from harness.opendkim import OpenDkim
from harness.process import running
from harness.programs import ROOT
from harness.rspamd import Rspamd
from harness.signing import Key
from harness.site import header_values
from harness.wait import wait_for

OURS = "mx.example.com"  # the name of the private Postfix
FIELD = "Authentication-Results"
FORGED = f"{OURS}; dkim=pass header.d=google.com header.b=AAAAAAAA"
TRUST = {"authserv-ids": [OURS]}
REQUIRE = {"authserv-ids": [OURS], "authentication": "require"}
DISCARD = {"disposition": "discard"}
REJECT = {"disposition": "discard", "on-refused": "reject"}
# Clients on other hosts than our own, as Postfix believes because of XCLIENT.
STRANGER = "ADDR=192.0.2.7 NAME=mail.example"
USER = f"{STRANGER} LOGIN=alice"


@pytest.fixture(scope="module")
def keys(folder):
    return {name: Key(folder, name) for name in ("google.com", "evil.example")}


def ask_first(site, verifier, before, keys):
    """Makes Postfix ask a verifier first, then the milters it had before."""

    def verifies():
        # A reload is finished some time after the command.
        site.send(
            keys["google.com"].sign(mails.ordinary_mails()["plain"]),
            site.address("probe"),
            client=STRANGER,
        )
        return header_values(site.delivered("probe")[-1], FIELD)

    site.postfix.reconfigure(f"{verifier.milter}, {before}")
    wait_for(verifies, "Postfix asks the verifier")


@pytest.fixture
def verified_site(mail_site, keys):
    """Postfix asks OpenDKIM first and then the milter."""
    running = []

    def start(**settings):
        verifier = OpenDkim(mail_site.folder, keys.values(), **settings)
        running.append(verifier.start())
        ask_first(mail_site, verifier, before, keys)
        return verifier

    before = mail_site.postfix.milters
    mail_site.verify_by = start
    yield mail_site
    mail_site.postfix.reconfigure(before)
    for verifier in running:
        verifier.stop()


@pytest.fixture(scope="module")
def rspamd(folder, keys):
    """An rspamd with the settings from the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = re.search(
        r"`local\.d/milter_headers\.conf`:\n\n((?: {4}.*\n)+)", readme
    ).group(1)
    nameserver = NameServer(
        folder, {key.name: key.record for key in keys.values()}
    )
    server = Rspamd(folder, nameserver, settings)
    with running(nameserver), running(server):
        yield server


@pytest.fixture
def rspamd_site(mail_site, rspamd, keys):
    """Postfix asks rspamd first and then the milter."""
    before = mail_site.postfix.milters
    ask_first(mail_site, rspamd, before, keys)
    yield mail_site
    mail_site.postfix.reconfigure(before)


def google(more=None, **policy):
    return mails.carrier(
        mails.document(policies=[mails.policy(**policy)], **(more or {})),
        mails.GOOGLE,
    )


def stored(site):
    site.postfix.wait_empty()
    site.drain()
    return site.rows(
        "SELECT dkim_result, dkim_domain, authenticated, submitter,"
        " total_successful_session_count FROM tlsrpt.report"
        " JOIN tlsrpt.policy USING (report_key, day) ORDER BY received_at"
    )


def with_field(mail, *values):
    """A mail with extra fields on top of the sender's."""
    return "".join(f"{FIELD}: {value}\r\n" for value in values).encode() + mail


def forgeries(keys):
    """Reports in Google's name, none of them signed by Google."""
    another = keys["evil.example"]
    return {
        "unsigned": with_field(google(), FORGED),
        "unsigned, twice": with_field(google(), FORGED, FORGED),
        "below": google().replace(
            b"MIME-Version", f"{FIELD}: {FORGED}\r\nMIME-Version".encode(), 1
        ),
        "signed by another": another.sign(with_field(google(), FORGED)),
        "above a signature of another": with_field(
            another.sign(google()), FORGED
        ),
    }


def test_signatures(verified_site, keys):
    """A signature of the submitter authenticates; somebody else's does not, and
    neither does a broken one."""
    site = verified_site
    site.milter(milter=DISCARD, accept=TRUST)
    site.verify_by()
    signed = keys["google.com"].sign(google(successful=1))
    assert site.send(signed)[0] == 250
    site.postfix.wait_empty()
    assert stored(site) == [("pass", "google.com", True, "google.com", 1)]

    broken = keys["google.com"].sign(google(successful=2)).replace(
        b"Subject: ", b"Subject: Re: "
    )
    foreign = keys["evil.example"].sign(google(successful=3))
    both = keys["evil.example"].sign(
        keys["google.com"].sign(google(successful=1))
    )
    for mail in (broken, foreign, both):
        assert site.send(mail)[0] == 250
        stored(site)
    # The first two have other content in Google's name, and nothing else.
    assert site.rows(
        "SELECT reason, submitter FROM tlsrpt.rejected_report"
    ) == [("conflict", "google.com")] * 2
    assert stored(site) == [("pass", "google.com", True, "google.com", 1)]
    assert site.value("SELECT times_received FROM tlsrpt.report") == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"AuthservID": OURS},  # strips forged fields
        {"AuthservID": OURS, "RemoveARAll": "yes"},
        # This verifier strips nothing: its own field is above the forged one.
        {
            "AuthservID": OURS,
            "RemoveARFrom": "nobody.example",
            "AlwaysAddARHeader": "yes",
        },
    ],
    ids=["default", "all", "nothing"],
)
def test_forged_field_does_not_count(verified_site, keys, settings):
    site = verified_site
    site.milter(milter=REJECT, accept=REQUIRE)
    site.verify_by(**settings)
    attacks = forgeries(keys)
    for name, mail in attacks.items():
        code, text = site.send(mail)
        assert code == 550, (name, settings, text)
        assert "5.7.1 TLS report refused: RFC 8460 section 3" in text
    assert site.send(keys["google.com"].sign(with_field(google(), FORGED)))[0] == 250
    assert [row[:4] for row in stored(site)] == [
        ("pass", "google.com", True, "google.com")
    ]
    assert site.value(
        "SELECT count(*) FROM tlsrpt.rejected_report WHERE reason = 'refused'"
    ) == len(attacks)


def test_conflicts_all_ways(verified_site, keys):
    """The first forgery is replaced, the second is never accepted."""
    site = verified_site
    site.milter(milter=DISCARD, accept=TRUST)
    site.verify_by()
    report = mails.document(policies=[mails.policy(successful=1)])

    def forgery(successful, **more):
        return dict(
            report, policies=[mails.policy(successful=successful)], **more
        )

    for mail in (
        mails.carrier(forgery(66)),
        keys["google.com"].sign(mails.carrier(report)),
        mails.carrier(forgery(77)),
        # Google's words, signed by somebody else, are that sender's report.
        keys["evil.example"].sign(
            mails.carrier(
                forgery(88, **{"contact-info": "a@evil.example"})
            )
        ),
        # The same bytes, the members in another order, and compressed anew.
        keys["google.com"].sign(
            mails.carrier(dict(reversed(list(report.items()))))
        ),
    ):
        assert site.send(mail)[0] == 250
        stored(site)
    assert stored(site) == [
        ("pass", "google.com", True, "google.com", 1),
        ("pass", "evil.example", True, "evil.example", 88),
    ]
    assert site.rows(
        "SELECT l.reason, l.document #>> '{policies,0,summary,"
        "total-successful-session-count}', l.submitter, r.submitter"
        " FROM tlsrpt.rejected_report l JOIN tlsrpt.report r"
        " ON l.conflicts_with = r.report_key ORDER BY 2"
    ) == [
        ("conflict", "66", "google.com", "google.com"),
        ("conflict", "77", "google.com", "google.com"),
    ]
    assert site.rows(
        "SELECT times_received FROM tlsrpt.report ORDER BY submitter"
    ) == [(1,), (2,)]


def test_rspamd_signatures(rspamd_site, keys):
    """Each report is stored with what a real rspamd says of its signature."""
    site = rspamd_site
    site.milter(milter=DISCARD, accept=TRUST)
    signed, broken, foreign, unsigned, both = (
        google({"report-id": mails.unique_id()}, successful=number)
        for number in range(5)
    )
    for mail in (
        keys["google.com"].sign(signed),
        keys["google.com"].sign(broken).replace(b"Subject: ", b"Subject: Re: "),
        keys["evil.example"].sign(foreign),
        unsigned,
        keys["evil.example"].sign(keys["google.com"].sign(both)),
    ):
        assert site.send(mail, client=STRANGER)[0] == 250
    assert stored(site) == [
        ("pass", "google.com", True, "google.com", 0),
        ("fail", "google.com", False, "google.com", 1),
        ("pass", "evil.example", False, "google.com", 2),
        ("none", None, False, "google.com", 3),
        ("pass", "google.com", True, "google.com", 4),
    ]


def test_rspamd_and_forged_fields(rspamd_site, keys):
    """From a stranger, an authenticated user, and the local network."""
    site = rspamd_site
    site.milter(milter=REJECT, accept=REQUIRE)
    plain = mails.ordinary_mails()["plain"]
    mail = with_field(plain, FORGED, FORGED, "evil.example; dkim=pass")
    mail = mail.replace(FIELD.encode(), FIELD.lower().encode(), 1)
    for client in (STRANGER, USER, None):
        for name, attack in forgeries(keys).items():
            code, text = site.send(attack, client=client)
            assert code == 550, (client, name, text)
            assert "5.7.1 TLS report refused: RFC 8460 section 3" in text
        # The forged fields don't count, because rspamd removed them.
        code, text = site.send(mail, site.address("bob"), client=client)
        assert code == 250, text
        (field,) = header_values(site.delivered("bob")[-1], FIELD)
        assert field.startswith(f"{OURS};") and "dkim=pass" not in field


# The field that rspamd's module milter_headers writes on top of the header.
RSPAMD = (
    "{host};\r\n\tdkim={result} header.d={domain} header.s=20230601"
    ' header.b="Cs/zp0d+";\r\n\tspf=pass ({host}: domain of'
    ' "bounce+x=y@google.com" designates 192.0.2.7 as permitted sender)'
    ' smtp.mailfrom="bounce+x=y@google.com";\r\n\tdmarc=pass'
    " (policy=reject) header.from=google.com"
)


@pytest.mark.parametrize(
    "host, result, domain, expected",
    [
        (OURS, "pass", "google.com", ("pass", "google.com", True)),
        (OURS.upper(), "pass", "google.com", ("pass", "google.com", True)),
        (OURS, "reject", "google.com", ("fail", "google.com", False)),
        (OURS, "pass", "evil.example", ("pass", "evil.example", False)),
        ("evil.example", "pass", "google.com", ("none", None, False)),
    ],
)
def test_form_of_rspamd(site, host, result, domain, expected):
    site.milter(milter=DISCARD, accept=TRUST)
    field = RSPAMD.format(host=host, result=result, domain=domain)
    site.give(with_field(google(), field))
    site.drain()
    assert site.rows(
        "SELECT dkim_result, dkim_domain, authenticated FROM tlsrpt.report"
    ) == [expected]


def test_what_rspamd_leaves_below_its_own(site):
    """If a sender's fields stay in the message, they are below rspamd's."""
    site.milter(milter=REJECT, accept=REQUIRE)
    genuine = RSPAMD.format(host=OURS, result="none", domain="x.example")
    replies = site.give(with_field(google(), genuine, FORGED, FORGED))
    assert names(replies) == ["replycode"]
    assert b"550 5.7.1 TLS report refused" in replies[0].arguments[0]


@pytest.mark.parametrize(
    "kind, domain, taken",
    [
        ("sts", "example.com", True),
        ("sts", "EXAMPLE.com.", True),
        ("sts", "mx1.example.com", False),
        ("tlsa", "mx1.example.com", True),
        ("tlsa", "a.mx1.example.com", True),
        ("tlsa", "badexample.com", False),
        ("no-policy-found", "mx1.example.com", False),
        ("sts", "wild.example", False),
        ("sts", "a.wild.example", True),
        ("sts", "a.b.wild.example", True),
        ("tlsa", "notwild.example", False),
    ],
)
def test_policy_domains(intake_site, kind, domain, taken):
    intake_site.milter(
        milter=REJECT,
        accept={"policy-domains": ["example.com", "*.wild.example"]},
    )
    mail = mails.carrier(
        mails.document(policies=[mails.policy(domain, kind)]), domain=domain
    )
    found = names(intake_site.give(mail))
    assert found == ["discard" if taken else "replycode"]


@pytest.mark.parametrize("domains", [[], ["example.com"]])
def test_a_line_warns_when_any_domain_is_accepted(intake_site, domains):
    daemon = intake_site.milter(accept={"policy-domains": domains})
    intake_site.give(mails.carrier())
    warnings = daemon.events("any-domain-accepted")
    assert len(warnings) == (0 if domains else 1)
    for line in warnings:
        assert line["reason"].startswith("accept.policy-domains is empty: ")


def test_refusal_names_the_domain(mail_site):
    mail_site.milter(
        milter=REJECT, accept={"policy-domains": ["example.com"]}
    )
    report = mails.document(policies=[mails.policy("other.example")])
    code, text = mail_site.send(
        mails.carrier(report, domain="other.example")
    )
    assert (code, text) == (
        550,
        "5.7.1 TLS report refused: accept.policy-domains: policies[0]."
        "policy.policy-domain: other.example is not listed",
    )
    assert mail_site.delivered() == []
    mail_site.drain()
    assert mail_site.rows(
        "SELECT reason, submitter, detail FROM tlsrpt.rejected_report"
    ) == [("refused", "google.com", text.partition("refused: ")[2])]
