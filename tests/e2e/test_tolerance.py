# SPDX-License-Identifier: MIT
"""Mails that deviate from the RFC.

Each tests/fixtures/mail/NAME.eml has a NAME.expect: for each report in it the
members that tlsrpt-import --json must print."""

import json
import re
import shutil
from collections import defaultdict
from pathlib import Path

from harness import fixture, mails
from harness.milter import header_of, names
from harness.programs import EX_DATAERR, FIXTURES

MAILS = FIXTURES / "mail"
DISCARD = {"disposition": "discard"}


def expectations():
    """{NAME: the facts of each report}."""
    found = {}
    for name in fixture.cases("mail"):
        facts = fixture.facts("mail", name)
        facts.pop("disposition", None)
        found[name] = fixture.members(facts, "report")
    return found


def as_fact(value):
    return " ".join(value) if isinstance(value, list) else str(value)


def as_far_as(expected, found):
    """The members of a report that an expectation has, as facts."""
    return [
        {name: as_fact(report.get(name.replace("-", "_"))) for name in expected}
        for report in found
    ]


def test_mails(site):
    folder = site.folder / "in"
    folder.mkdir()
    for path in fixture.cases("mail").values():
        shutil.copy(path, folder)
    done = site.run_import("--dry-run", "--json", folder)
    assert done.returncode == EX_DATAERR, done.stderr
    found = defaultdict(list)
    for line in done.stdout.splitlines():
        report = json.loads(line)
        found[Path(report["path"]).stem].append(report)
    problems = []
    for name, expected in expectations().items():
        seen = as_far_as(expected[0], found[name]) if expected else found[name]
        if seen != expected:
            problems.append(f"{name}: {found[name]} is not {expected}")
    assert not problems, "\n".join(problems)


def header_for(site, raw):
    """The X-TLSRPT that the milter gives a mail, or None."""
    replies = site.give(mails.lines_as_sent(raw))
    assert replies[-1].name in ("accept", "discard"), replies
    return header_of(replies)


def test_mails_by_the_milter(intake_site):
    """The milter gives the same verdicts, and is silent about other mails."""
    daemon = intake_site.milter()
    for name, expected in expectations().items():
        header = header_for(intake_site, (MAILS / f"{name}.eml").read_bytes())
        if not expected:
            assert header is None, (name, header)
        elif expected[0]["status"] == "stored":
            assert header == f"stored; reports={len(expected)}", name
        else:
            assert header == f"invalid; {expected[0]['reason']}", name
    lines = daemon.events()
    events = {line["event"] for line in lines}
    assert events <= {
        "started",
        "any-domain-accepted",
        "clock-doubted",
        "spooled",
        "invalid",
        "enclosed-message",
    }
    (enclosed,) = [
        line for line in lines if line["event"] == "enclosed-message"
    ]
    assert enclosed["message-id"] == "1.2@reports.example.com"


def test_only_carriers_are_discarded(intake_site):
    """What a person wrote, or attached beside a report, is delivered."""
    intake_site.milter(milter=DISCARD)
    for name in fixture.cases("mail"):
        facts = fixture.facts("mail", name)
        raw = (MAILS / f"{name}.eml").read_bytes()
        replies = intake_site.give(mails.lines_as_sent(raw))
        if facts.get("report[0].status") != "stored":
            assert names(replies)[-1] == "accept", (name, replies)
        elif facts["disposition"] == "discard":
            assert names(replies) == ["discard"], (name, replies)
        else:
            assert facts["disposition"] == "keep"
            assert names(replies) == ["addheader", "accept"], (name, replies)
            assert header_of(replies) == "stored; reports=1", name


def test_discard_loses_no_second_report(site):
    """A mail with two reports in one file is not discarded for the first."""
    site.milter(milter=DISCARD)
    cases = ("two-reports-in-one-file", "zip-of-two")
    for name in cases:
        header = header_for(site, (MAILS / f"{name}.eml").read_bytes())
        assert header == f"invalid; {expectations()[name][0]['reason']}"
    # One report in a file of its own is discarded, so there is no header.
    assert header_for(site, (MAILS / "zip-with-readme.eml").read_bytes()) is None
    site.drain()
    assert site.count("report") == 1
    assert site.count("rejected_report") == len(cases)


def test_one_sentence_everywhere(site):
    """Log, header, table and tlsrpt-import have the same sentence."""
    daemon = site.milter()
    cases = [
        name
        for name, expected in expectations().items()
        if expected and expected[0]["status"] == "invalid"
    ]
    assert len(cases) >= 4
    headers = []
    for name in cases:
        path = MAILS / f"{name}.eml"
        headers.append(header_for(site, path.read_bytes()))
        done = site.run_import("--dry-run", path)
        assert done.returncode == EX_DATAERR
        sentence = headers[-1].removeprefix("invalid; ")
        assert done.stdout.startswith(f"invalid  {sentence}  "), done.stdout
        done = site.run_import("--dry-run", "--json", path)
        assert json.loads(done.stdout)["reason"] == sentence
    reasons = [line["reason"] for line in daemon.events("invalid")]
    assert [f"invalid; {reason}" for reason in reasons] == headers
    site.drain()
    assert sorted(
        detail
        for (detail,) in site.rows(
            "SELECT detail FROM tlsrpt.rejected_report WHERE reason = 'invalid'"
        )
    ) == sorted(reasons)


# Escape sequences of ECMA-48 with seven and with eight bits, line ends of all
# kinds, a terminal title, bidi controls, the character after NUL, and a BOM.
EVIL = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07\x9b31m\r\nX-Injected: 1\r\n\r\nbody"
    "\x85\u2028\u2029\u202egnp.exe\u2066\u2069\u200f\x01\x7f\t\b\ufeff"
)
# Control characters other than the line end of our own lines.
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def evil_report(**more):
    detail = mails.detail(
        EVIL,
        3,
        mx=EVIL,
        **{
            "receiving-mx-helo": EVIL,
            "additional-information": EVIL,
            "failure-reason-code": EVIL,
            "sending-mta-ip": EVIL,
        },
    )
    policy = mails.policy(failed=3, successful=1, details=[detail])
    policy["policy"].update(
        {"policy-domain": "example.com", "policy-string": [EVIL], "mx-host": [EVIL]}
    )
    return mails.document(
        policies=[policy],
        **{
            "organization-name": EVIL,
            "report-id": EVIL + mails.unique_id(),
            "contact-info": EVIL,
            **more,
        },
    )


def assert_harmless(text, *own_lines):
    assert not UNSAFE.search(text), repr(UNSAFE.search(text))
    for line in text.splitlines():
        assert not line.startswith(("X-Injected", "body")), text
    assert "red" in text or own_lines, text


def test_hostile_text_comes_out_escaped_everywhere(site):
    daemon = site.milter()
    loader = site.loader()
    good = mails.carrier(evil_report())
    # The reason quotes the text that is refused.
    bad = mails.carrier(
        evil_report(**{"date-range": {"start-datetime": EVIL}})
    )
    assert header_for(site, good) == "stored; reports=1"
    header = header_for(site, bad)
    assert header.startswith("invalid; ") and header.isascii()
    assert_harmless(header, "a reason need not quote")
    site.wait_count("report", 1)
    site.wait_count("rejected_report", 1)
    assert_harmless(daemon.text())
    assert_harmless(loader.text(), "names records only")
    for mail in (good, bad):
        path = site.folder / "evil\x1b[31mred.eml"
        path.write_bytes(mail)
        for arguments in ([], ["--json"]):
            done = site.run_import("--dry-run", *arguments, path)
            assert_harmless(done.stdout)
            assert_harmless(done.stderr, "only a summary")
    done = site.run_import(site.folder / "none\x1b[31mred\n.eml")
    assert_harmless(done.stderr)
    for domain in ((), ("--domain", "example.com")):
        done = site.run_report(*domain, "--days", "30")
        assert done.returncode == 0, done.stderr
        assert_harmless(done.stdout)
    # The table has the text as it came.
    assert site.value("SELECT organization_name FROM tlsrpt.report") == EVIL
