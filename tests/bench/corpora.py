# SPDX-License-Identifier: MIT
"""The mails, mboxes and documents to measure with, of fixed sizes and numbers.

The reports are a hosting provider's month: a hundred policy domains and ten
reporters, day after day; all reporters see the same failures at a domain."""

import base64
import gzip
import json
import random
from pathlib import Path

from harness.mails import RESULT_TYPES, yesterday

DOMAINS = 100
REPORTERS = 10
DAYS = 28

HEADER = (
    "From: {organization} <noreply@{domain}>\r\n"
    "To: <{to}>\r\n"
    "Subject: Report Domain: {policy} Submitter: {domain}"
    " Report-ID: <{number}@{domain}>\r\n"
    "Date: Tue, 24 Nov 2026 06:00:00 +0000\r\n"
    "Message-ID: <{number}.tlsrpt@{domain}>\r\n"
    "MIME-Version: 1.0\r\n"
    "TLS-Report-Domain: {policy}\r\n"
    "TLS-Report-Submitter: {domain}\r\n"
    "Content-Type: {content_type}\r\n"
    "\r\n"
)


def failure(domain, number, more=0):
    return {
        "result-type": RESULT_TYPES[(domain + number) % len(RESULT_TYPES)],
        "sending-mta-ip": f"192.0.2.{(number + more) % 250}",
        "receiving-mx-hostname": f"mx{number % 2}.d{domain}.example",
        "receiving-ip": f"198.51.100.{domain}",
        "failed-session-count": 1 + (number + more) % 20,
    }


def document(number, total, failures, series=""):
    """The report with this number out of total, as JSON without blanks. Another
    series has the same reports with other identities."""
    domain = number % DOMAINS
    reporter = number // DOMAINS % REPORTERS
    day = yesterday(DAYS - number * (DAYS - 1) // total)
    policy = f"d{domain}.example"
    report = {
        "organization-name": f"Reporter {reporter} Inc.",
        "date-range": {
            "start-datetime": f"{day}T00:00:00Z",
            "end-datetime": f"{day}T23:59:59Z",
        },
        "contact-info": f"tls-reports@r{reporter}.example",
        "report-id": f"{day}T00:00:00Z_{policy}_{series}{number}",
        "policies": [
            {
                "policy": {
                    "policy-type": "sts",
                    "policy-string": [
                        "version: STSv1",
                        "mode: enforce",
                        f"mx: mx0.{policy}",
                        f"mx: mx1.{policy}",
                        "max_age: 604800",
                    ],
                    "policy-domain": policy,
                    "mx-host": [f"mx0.{policy}", f"mx1.{policy}"],
                },
                "summary": {
                    "total-successful-session-count": 100 + number % 900,
                    "total-failure-session-count": 20 * failures,
                },
                "failure-details": [
                    failure(domain, n, number) for n in range(failures)
                ],
            }
        ],
    }
    return json.dumps(report, separators=(",", ":")).encode()


def carrier(content, number, to, policy="d0.example", reporter=0):
    """A mail with one report, as senders make it."""
    boundary = f"=_boundary_{number}"
    domain = f"r{reporter}.example"
    encoded = base64.encodebytes(gzip.compress(content, 6, mtime=0))
    head = HEADER.format(
        organization=f"Reporter {reporter} Inc.",
        domain=domain,
        to=to,
        policy=policy,
        number=number,
        content_type='multipart/report; report-type="tlsrpt";'
        f' boundary="{boundary}"',
    )
    body = (
        f"--{boundary}\r\nContent-Type: text/plain\r\n\r\n"
        "This is an aggregate TLS report.\r\n\r\n"
        f"--{boundary}\r\nContent-Type: application/tlsrpt+gzip\r\n"
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment;"
        f' filename="{domain}!{policy}!1!2!{number}.json.gz"\r\n\r\n'
    )
    return (
        (head + body).encode()
        + encoded.replace(b"\n", b"\r\n")
        + f"\r\n--{boundary}--\r\n".encode()
    )


def report_mails(count, failures, to, series="", whole=None):
    """The mails of count reports, ordered by day."""
    for number in range(count):
        content = document(number, whole or count, failures, series)
        yield carrier(
            content,
            number,
            to,
            f"d{number % DOMAINS}.example",
            number // DOMAINS % REPORTERS,
        )


def ordinary_mail(size, number=0):
    """A mail of words whose body has this many bytes."""
    words = random.Random(number)
    lines = []
    length = 0
    while length < size:
        line = " ".join(
            "".join(words.choices("etaoinshrdlu", k=words.randint(2, 9)))
            for _ in range(11)
        )
        lines.append(line[: max(size - length - 2, 0)])
        length += len(lines[-1]) + 2
    head = (
        "Received: from client.example (client.example [192.0.2.1])\r\n"
        "\tby mx.example.com (Postfix) with ESMTP id 4XyZ12\r\n"
        "\tfor <bob@example.com>; Tue, 24 Nov 2026 06:00:00 +0000 (UTC)\r\n"
        "From: Alice <alice@example.net>\r\nTo: Bob <bob@example.com>\r\n"
        f"Subject: Lunch {number}\r\nMessage-ID: <{number}@example.net>\r\n"
        "Date: Tue, 24 Nov 2026 06:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    return (head + "\r\n".join(lines) + "\r\n").encode()


def write_mails(path, mails):
    """Writes mails in the form that load reads."""
    with open(path, "wb") as out:
        for mail in mails:
            out.write(b"%d\n" % len(mail) + mail)
    return Path(path)


def as_mbox(mail):
    return (
        b"From sender@example.net Tue Nov 24 06:00:00 2026\n"
        + mail.replace(b"\r\n", b"\n")
        + b"\n"
    )


def write_mbox(path, mails):
    with open(path, "wb") as out:
        for mail in mails:
            out.write(as_mbox(mail))
    return Path(path)


def large_document(details, size, series=""):
    """One report with this many details, padded to just under size bytes."""
    report = json.loads(document(0, 1, 0, series))
    rows = [failure(0, number) for number in range(details)]
    report["policies"][0]["failure-details"] = rows
    length = len(json.dumps(report, separators=(",", ":")))
    member = len(',"failure-reason-code":""')
    room = (size - length) // details - member
    dice = random.Random(1)
    for row in rows:
        if room > 0:
            text = "".join(dice.choices("abcdefghij ", k=room // 2))
            row["failure-reason-code"] = text + "." * (room - len(text))
    return json.dumps(report, separators=(",", ":")).encode()


def wide_document(domains, series=""):
    """One report with a policy for each of this many domains, each of which has
    a failure at a host of its own. The domains are those of the series."""
    report = json.loads(document(0, 1, 1, series))
    (only,) = report["policies"]
    policies = []
    for number in range(domains):
        domain = f"d{number}.{series}.example"
        detail = only["failure-details"][0]
        policies.append(
            {
                **only,
                "policy": {**only["policy"], "policy-domain": domain},
                "failure-details": [
                    {**detail, "receiving-mx-hostname": f"mx.{domain}"}
                ],
            }
        )
    report["policies"] = policies
    return json.dumps(report, separators=(",", ":")).encode()
