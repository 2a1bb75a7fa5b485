# SPDX-License-Identifier: MIT
"""Real reports, if a folder of them is available (TLSRPT_CORPUS)."""

import email
import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

from harness import mails
from harness.programs import ROOT
from harness.site import the_header
from harness.wait import wait_for

CORPUS = Path(os.environ.get("TLSRPT_CORPUS", ROOT.parent / "shared" / "corpus"))
NUMBERS = (
    "policies",
    "failures",
    "successful_sessions",
    "failed_sessions",
    "failed_in_details",
)


def read_expected():
    """Returns {(organization, report-id): numbers} and the number of files."""
    lines = (CORPUS / "expected.jsonl").read_text().splitlines()
    expected = [json.loads(line) for line in lines if line.strip()]
    reports = defaultdict(set)
    for one in expected:
        name = (one["organization_name"], one["report_id"])
        reports[name].add(tuple(one[number] for number in NUMBERS))
    for name, numbers in reports.items():
        assert len(numbers) == 1, f"{name} is said to be {numbers}"
    files = [CORPUS / one["file"] for one in expected]
    return {name: numbers.pop() for name, numbers in reports.items()}, files


def found_in_tables(site):
    rows = site.rows(
        """
        SELECT r.organization_name, r.report_id, count(p.policy_key),
               coalesce(sum(f.rows), 0)::bigint,
               coalesce(sum(p.total_successful_session_count), 0)::bigint,
               coalesce(sum(p.total_failure_session_count), 0)::bigint,
               coalesce(sum(f.sessions), 0)::bigint
        FROM tlsrpt.report r
        LEFT JOIN tlsrpt.policy p USING (report_key, day)
        LEFT JOIN (SELECT policy_key, day, count(*) AS rows,
                          sum(failed_session_count) AS sessions
                   FROM tlsrpt.failure GROUP BY 1, 2) f
             USING (policy_key, day)
        GROUP BY r.report_key, r.day, 1, 2
        """
    )
    found = {(row[0], row[1]): row[2:] for row in rows}
    assert len(found) == len(rows), "a report stands twice"
    return found


def all_of_the_corpus(mail_site):
    expected, files = read_expected()
    mail_site.milter(milter={"disposition": "discard"})
    mail_site.loader()
    for file in files:
        if file.suffix == ".eml":
            mail = mails.lines_as_sent(file.read_bytes())
            code, text = mail_site.send(mail, sender="reporter@example.net")
            assert code == 250, (file, text)
        else:
            done = mail_site.run_import(file)
            assert done.returncode == 0, (file, done.stdout, done.stderr)
            assert done.stdout.startswith("stored"), done.stdout
    assert mail_site.delivered() == [], "a carrier was not recognised"
    mail_site.wait_count("report", len(expected))

    def accounted():
        return mail_site.value(
            "SELECT (SELECT sum(times_received) FROM tlsrpt.report)"
            " + (SELECT count(*) FROM tlsrpt.rejected_report"
            "    WHERE reason = 'conflict')"
        )

    wait_for(lambda: not mail_site.spooled(), "the spool is empty")
    assert mail_site.spooled("bad") == []
    assert accounted() == len(files)
    assert found_in_tables(mail_site) == expected


# Without the folder there is nothing to test here: other tests cover the same
# deviations with fixtures.
if CORPUS.is_dir():

    def test_corpus(mail_site):
        all_of_the_corpus(mail_site)


# Deviations seen in the field: their names, and a document with each.
def _deviations():
    def with_policy(**about):
        report = mails.unique()
        report["policies"][0]["policy"].update(about)
        return report

    def with_detail(**more):
        entry = mails.detail("validation-failure", 1, **more)
        policy = mails.policy(failed=1, details=[entry])
        return mails.unique(policies=[policy])

    no_domain = with_policy()
    no_domain["policies"] = [mails.policy(kind="no-policy-found")]
    del no_domain["policies"][0]["policy"]["policy-domain"]
    no_counts = mails.unique()
    no_counts["policies"][0]["summary"] = {}
    exceed = with_detail()
    exceed["policies"][0]["failure-details"][0]["failed-session-count"] = 5
    null_details = with_policy()
    null_details["policies"][0]["failure-details"] = None
    nulls = with_detail(
        **{
            "receiving-mx-helo": None,
            "additional-information": None,
            "failure-reason-code": None,
        }
    )
    return {
        "contact null": mails.unique(**{"contact-info": None}),
        "organization null": mails.unique(**{"organization-name": None}),
        "policy-domain missing": no_domain,
        "ip empty": with_detail(**{"sending-mta-ip": ""}),
        "ip no address": with_detail(**{"receiving-ip": "x.x.x.x"}),
        "type unknown": with_detail(**{"result-type": "quantum-failure"}),
        "dates without zone": mails.unique(
            **{
                "date-range": {
                    "start-datetime": "2026-01-05T00:00:00",
                    "end-datetime": "2026-01-05T23:59:59",
                }
            }
        ),
        "policy-string one string of json": with_policy(
            **{"policy-string": ['["3 1 1 AB", "3 1 1 CD"]']}
        ),
        "policy-string a string": with_policy(
            **{"policy-string": "version: STSv1"}
        ),
        "mx-host a string": with_policy(**{"mx-host": "*.mail.example.com"}),
        "mx-host empty": with_policy(**{"mx-host": ""}),
        "counts missing": no_counts,
        "details exceed the total": exceed,
        "details null": null_details,
        "nulls in details": nulls,
        "policies empty": mails.unique(policies=[]),
        "utf-8 bom": b"\xef\xbb\xbf" + mails.as_json(mails.unique()),
    }


def test_deviations_seen_in_the_field(mail_site):
    """Each of these documents is understood and stored; none is refused."""
    mail_site.milter(milter={"disposition": "discard"})
    deviations = _deviations()
    for name, report in deviations.items():
        code, text = mail_site.send(mails.carrier(report))
        assert code == 250, (name, text)
    # A report that says nothing is stored, but its mail is not discarded.
    mail = mail_site.the_mail()
    assert the_header(mail) == "stored; reports=1"
    (content,) = [
        part.get_payload(decode=True)
        for part in email.message_from_bytes(mail).walk()
        if part.get_content_type().startswith("application/tlsrpt")
    ]
    assert json.loads(gzip.decompress(content))["policies"] == []
    mail_site.drain()
    assert mail_site.count("rejected_report") == 0
    assert mail_site.count("report") == len(deviations)
    without = mail_site.rows(
        "SELECT report_id FROM tlsrpt.report WHERE anomalies = '{}'"
    )
    # This is the only one that the RFC allows.
    assert len(without) <= 2, without
