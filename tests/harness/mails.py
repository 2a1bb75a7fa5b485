# SPDX-License-Identifier: MIT
"""Reports (RFC 8460 section 4.4) and the mails that carry them (section 5.3)."""

import base64
import datetime
import gzip
import itertools
import json
from email.utils import format_datetime

RESULT_TYPES = (
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
)

_numbers = itertools.count(1)


class Sender:
    """A reporter, and what its mails and documents look like."""

    def __init__(self, organization, domain, contact, report_id, from_):
        self.organization = organization
        self.domain = domain
        self.contact = contact
        self.report_id = report_id
        self.from_ = from_


GOOGLE = Sender(
    "Google Inc.",
    "google.com",
    "smtp-tls-reporting@google.com",
    lambda day, domain: f"{day}T00:00:00Z_{domain}",
    "noreply-smtp-tls-reporting@google.com",
)
MICROSOFT = Sender(
    "Microsoft Corporation",
    "microsoft.com",
    "tlsrpt-noreply@microsoft.com",
    lambda day, domain: f"{133000000000000000 + next(_numbers)}+{domain}",
    "tlsrpt-noreply@microsoft.com",
)
SMALL = Sender(
    "Mail Example GmbH",
    "mail.example",
    "postmaster@mail.example",
    lambda day, domain: f"{day}-{next(_numbers)}@mail.example",
    "tls-reports@mail.example",
)


def yesterday(days=1):
    """The UTC date this many days ago."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.date() - datetime.timedelta(days=days)


def policy(
    domain="example.com",
    kind="sts",
    successful=10,
    failed=0,
    details=(),
    mx=("mx1.example.com",),
    mode="enforce",
):
    """One entry of policies."""
    about = {"policy-type": kind, "policy-domain": domain}
    if kind == "sts":
        about["policy-string"] = [
            "version: STSv1",
            f"mode: {mode}",
            *[f"mx: {host}" for host in mx],
            "max_age: 604800",
        ]
        about["mx-host"] = list(mx)
    elif kind == "tlsa":
        about["policy-string"] = ["3 1 1 " + "0123456789ABCDEF" * 4]
    entry = {
        "policy": about,
        "summary": {
            "total-successful-session-count": successful,
            "total-failure-session-count": failed,
        },
    }
    if details:
        entry["failure-details"] = list(details)
    return entry


def detail(result_type, count=1, mx="mx1.example.com", **more):
    """One entry of failure-details."""
    entry = {
        "result-type": result_type,
        "sending-mta-ip": "192.0.2.10",
        "receiving-mx-hostname": mx,
        "receiving-ip": "198.51.100.5",
        "failed-session-count": count,
    }
    entry.update(more)
    return entry


def document(sender=GOOGLE, policies=None, day=None, domain="example.com", **more):
    """A report as a dictionary. more replaces top-level members."""
    day = day or yesterday()
    report = {
        "organization-name": sender.organization,
        "date-range": {
            "start-datetime": f"{day}T00:00:00Z",
            "end-datetime": f"{day}T23:59:59Z",
        },
        "contact-info": sender.contact,
        "report-id": sender.report_id(day, domain),
        "policies": policies if policies is not None else [policy(domain)],
    }
    report.update(more)
    return report


def unique_id():
    """A report-id that no other report of this run has."""
    return f"{next(_numbers)}@unique.example"


def unique(sender=GOOGLE, **more):
    """A report that no other test sends, more replacing members of it."""
    return document(sender, **{"report-id": unique_id(), **more})


def as_json(report):
    return json.dumps(report, indent=1, ensure_ascii=False).encode()


def as_gzip(report):
    content = report if isinstance(report, bytes) else as_json(report)
    return gzip.compress(content, mtime=0)


def part(media_type, content, filename=None, encoding="base64"):
    """A MIME part with CRLF lines."""
    head = f"Content-Type: {media_type}\r\n"
    if filename:
        head += f'Content-Disposition: attachment; filename="{filename}"\r\n'
    if encoding == "base64":
        head += "Content-Transfer-Encoding: base64\r\n"
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return head.encode() + b"\r\n" + content.rstrip(b"\r\n")


def text_part():
    return part(
        'text/plain; charset="us-ascii"',
        b"This is an aggregate TLS report.\r\n",
        encoding=None,
    )


def report_filename(sender, domain="example.com", suffix=".json.gz"):
    return f"{sender.domain}!{domain}!1700000000!1700086399!001{suffix}"


def report_part(
    report,
    sender=GOOGLE,
    compress=True,
    media_type=None,
    filename="",
    domain="example.com",
):
    """The part with the report; bytes are used as they are. domain is the one
    that the filename is made of."""
    content = report if isinstance(report, bytes) else as_json(report)
    if compress:
        content = as_gzip(content)
    if media_type is None:
        media_type = "application/tlsrpt+" + ("gzip" if compress else "json")
    if filename == "":
        filename = report_filename(
            sender, domain, ".json.gz" if compress else ".json"
        )
    return part(media_type, content, filename)


def headers(
    content_type,
    sender=GOOGLE,
    to="tlsrpt@example.com",
    domain="example.com",
    report_id="1@unique.example",
    tls_report_headers=True,
    extra=(),
):
    """The header of a carrier, including the blank line."""
    lines = [f"{name}: {value}" for name, value in extra]
    lines += [
        f"From: {sender.organization} <{sender.from_}>",
        f"To: <{to}>",
        f"Subject: Report Domain: {domain} Submitter: {sender.domain}"
        f" Report-ID: <{report_id}>",
        f"Date: {format_datetime(datetime.datetime.now(datetime.timezone.utc))}",
        f"Message-ID: <{next(_numbers)}.carrier@{sender.domain}>",
        "MIME-Version: 1.0",
    ]
    if tls_report_headers:
        lines += [
            f"TLS-Report-Domain: {domain}",
            f"TLS-Report-Submitter: {sender.domain}",
        ]
    lines.append(f"Content-Type: {content_type}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def multipart(kind, parts, **more):
    """A mail made of parts; kind is "report" or "mixed"."""
    boundary = f"=_boundary_{next(_numbers)}"
    content_type = f'multipart/{kind}; boundary="{boundary}"'
    if kind == "report":
        content_type += '; report-type="tlsrpt"'
    body = b"".join(
        b"--" + boundary.encode() + b"\r\n" + each + b"\r\n" for each in parts
    )
    return (
        headers(content_type, **more)
        + body
        + b"--"
        + boundary.encode()
        + b"--\r\n"
    )


def carrier(
    report=None,
    sender=GOOGLE,
    kind="report",
    part_options=None,
    domain="example.com",
    **more,
):
    """The usual carrier of one report (a document, or bytes), as CRLF lines.
    domain is the one that its header and the filename name."""
    if report is None:
        report = document(sender, **{"report-id": unique_id()})
    options = {"domain": domain, **(part_options or {})}
    return multipart(
        kind,
        [text_part(), report_part(report, sender, **options)],
        sender=sender,
        domain=domain,
        **more,
    )


def single_part(report, sender=GOOGLE, compress=True, **more):
    """A message whose top level is the report."""
    whole = report_part(report, sender, compress)
    head, _, body = whole.partition(b"\r\n\r\n")
    head = head.decode().split("\r\n")
    content_type = head[0].removeprefix("Content-Type: ")
    content_type += "\r\n" + "\r\n".join(head[1:])
    return headers(content_type, sender=sender, **more) + body + b"\r\n"


def dmarc_mail(to="tlsrpt@example.com"):
    """A DMARC aggregate report, as may arrive in the same mailbox."""
    xml = b"<?xml version='1.0'?><feedback><version>1.0</version></feedback>"
    return multipart(
        "mixed",
        [
            text_part(),
            part(
                "application/gzip",
                gzip.compress(xml, mtime=0),
                "google.com!example.com!1700000000!1700086399.xml.gz",
            ),
        ],
        to=to,
        tls_report_headers=False,
    )


def ordinary_mails():
    """Mails that the milter must leave alone: {name: CRLF bytes}."""
    head = (
        b"From: Alice <alice@example.net>\r\n"
        b"To: Bob <bob@example.com>\r\n"
        b"Subject: Lunch\r\n"
        b"Date: Tue, 03 Mar 2026 12:00:00 +0100\r\n"
        b"Message-ID: <lunch.1@example.net>\r\n"
    )
    latin = (
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n"
    )
    every_byte = bytes(
        byte for byte in range(1, 256) if byte not in (0x0A, 0x0D)
    )
    many = b"".join(
        b"X-Field-%d: value %d\r\n\tfolded %d\r\n" % (n, n, n)
        for n in range(1500)
    )
    attachment = multipart(
        "mixed",
        [
            text_part(),
            part("application/gzip", gzip.compress(b"x" * 100_000), "a.gz"),
        ],
        to="bob@example.com",
        tls_report_headers=False,
    )
    return {
        "plain": head + b"\r\nNoon?\r\n",
        "empty body": head + b"\r\n",
        "8 bit": head + latin + b"\r\nB\xe4r " + every_byte + b"\r\n",
        "8 bit header": head + b"X-Raw: \xe4\xf6\xfc\r\n\r\nx\r\n",
        "long lines": head + b"\r\n" + b"x" * 70_000 + b"\r\nend\r\n",
        "dots": head + b"\r\n.\r\n..\r\n...\r\n.x\r\nend.\r\n.\r\n",
        "blanks": head + b"X-Blank:\t value \t \r\n\r\n \t \r\n\r\n\r\n",
        "many headers": head + many + b"\r\nx\r\n",
        "folded": head + b"X-Fold: a\r\n\tb\r\n  c\r\n\r\nx\r\n",
        "long header": head + b"X-Long: " + b"y" * 50_000 + b"\r\n\r\nx\r\n",
        "no headers of note": b"Subject: x\r\n\r\nx\r\n",
        "attachment": attachment,
        "foreign X-TLSRPT": head + b"X-TLSRPT: stored; reports=9\r\n\r\nx\r\n",
    }


def lines_as_sent(mail):
    """A mail as SMTP carries it: CRLF, whatever a file has."""
    return mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def lines_as_delivered(mail):
    """A mail as it is in a Maildir, with LF instead of CRLF."""
    return mail.replace(b"\r\n", b"\n")
