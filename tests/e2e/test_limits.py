# SPDX-License-Identifier: MIT
"""Every key of limits: the limit itself is accepted, one more is refused."""

import gzip
import os
import threading
import time

import pytest

from harness import mails
from harness.milter import header_of, names
from harness.wait import wait_for


def of_size(size):
    mail = mails.carrier()
    # Some clients of libmilter send the blank after a colon, some don't.
    return mail + b"\r\n" * ((size - len(mail.replace(b"\r\n", b"\n"))) // 2)


def with_fields(count):
    mail = mails.carrier()
    have = mail.partition(b"\r\n\r\n")[0].count(b"\r\n") + 1
    return b"X: y\r\n" * (count - have) + mail


def with_header(size):
    mail = mails.carrier()
    head = mail.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")
    return b"X: " + b"y" * (size - len(head) - 1 - 4) + b"\r\n" + mail


def with_parts(count):
    return mails.multipart(
        "report",
        [mails.report_part(mails.unique())] + [mails.text_part()] * (count - 1),
    )


def with_depth(count):
    inner = mails.report_part(mails.unique())
    for level in range(count - 1):
        inner = (
            f'Content-Type: multipart/mixed; boundary="l{level}"\r\n\r\n'
            f"--l{level}\r\n".encode()
            + inner
            + f"\r\n--l{level}--".encode()
        )
    return mails.multipart("report", [inner])


def with_reports(count):
    return mails.multipart(
        "report", [mails.report_part(mails.unique()) for _ in range(count)]
    )


def with_members(count):
    content = mails.as_json(mails.unique())
    step = len(content) // count
    pieces = [content[n * step : (n + 1) * step] for n in range(count - 1)]
    pieces.append(content[(count - 1) * step :])
    return of_bytes(b"".join(gzip.compress(piece) for piece in pieces))


def of_bytes(content):
    return mails.carrier(
        content, part_options={"compress": content[:2] != b"\x1f\x8b",
                               "media_type": "application/tlsrpt+gzip"}
    )


def with_report_size(size):
    content = mails.as_json(mails.unique())
    return of_bytes(content + b" " * (size - len(content)))


def with_json_depth(depth):
    return mails.carrier(
        mails.unique(**{"more": nested(depth - 1)})
    )


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


def report_of_policies(count):
    return mails.unique(policies=[mails.policy(kind="no-policy-found")] * count)


def with_policies(count):
    return mails.carrier(report_of_policies(count))


def report_of_details(count):
    details = [mails.detail("certificate-expired")] * count
    return mails.unique(policies=[mails.policy(failed=count, details=details)])


def with_details(count):
    return mails.carrier(report_of_details(count))


def with_string(length):
    return mails.carrier(mails.unique(**{"organization-name": "x" * length}))


# The configured value, the same as a number, a function that makes a mail of a
# given number, the sentence for a larger one, and the slack.
CASES = {
    "message-size": (
        "64K",
        65536,
        of_size,
        "message-size: more than 65536 bytes (limits.message-size)",
        2048,
    ),
    "header-count": (
        20,
        20,
        with_fields,
        "limits.header-count: more than 20 header fields",
        1,
    ),
    "header-size": (
        "8K",
        8192,
        with_header,
        "limits.header-size: a header of more than 8192 bytes",
        1,
    ),
    "mime-parts": (
        5,
        5,
        with_parts,
        "limits.mime-parts: more than 5 MIME parts",
        2,
    ),
    "mime-depth": (
        3,
        3,
        with_depth,
        "limits.mime-depth: multiparts nested more than 3 deep",
        1,
    ),
    "reports": (
        2,
        2,
        with_reports,
        "limits.reports: more than 2 reports in a message",
        1,
    ),
    "gzip-members": (
        3,
        3,
        with_members,
        "limits.gzip-members: more than 3 gzip members",
        1,
    ),
    "report-size": (
        "64K",
        65536,
        with_report_size,
        "limits.report-size: more than 65536 bytes when inflated",
        1,
    ),
    "json-depth": (
        8,
        8,
        with_json_depth,
        "limits.json-depth: nested more than 8 levels deep",
        1,
    ),
    "policies": (
        3,
        3,
        with_policies,
        "limits.policies: more than 3 policies",
        1,
    ),
    "details": (
        3,
        3,
        with_details,
        "limits.details: more than 3 failure details",
        1,
    ),
    "string-length": (
        "1K",
        1024,
        with_string,
        "limits.string-length: ",
        1,
    ),
}


@pytest.mark.parametrize("key", CASES)
def test_limit(intake_site, key):
    text, value, make, sentence, more = CASES[key]
    daemon = intake_site.milter(limits={key: text})
    count = value if key == "reports" else 1
    # The lines of a multipart and the size of a mail are counted with some slack.
    at = value - 1024 if key == "message-size" else value
    if key == "mime-parts":
        at -= 1
    assert header_of(intake_site.give(make(at))) == f"stored; reports={count}"
    found = header_of(intake_site.give(make(at + more)))
    assert sentence in found, found
    assert str(value) in found
    wait_for(lambda: daemon.events("invalid"), "it is logged")
    # The log and the record for the loader have the same sentence.
    reason = daemon.events("invalid")[-1]["reason"]
    assert found.endswith(reason), (found, reason)


@pytest.mark.parametrize(
    "key, report, what",
    [
        ("policies", report_of_policies, "policies"),
        ("details", report_of_details, "failure details"),
    ],
)
def test_a_message_has_a_limit_for_all_its_reports(
    intake_site, key, report, what
):
    """What exceeds it makes that report invalid, and the others are taken."""
    intake_site.milter(limits={key: 3})

    def give(*counts):
        reports = [mails.report_part(report(count)) for count in counts]
        mail = mails.multipart("report", [mails.text_part(), *reports])
        return header_of(intake_site.give(mail))

    assert give(2, 2, 1, 1) == (
        f"partial; stored=2 invalid=2 refused=0; limits.{key}: more than 3"
        f" {what} in the reports of the message"
    )
    # The next message begins anew.
    assert give(3) == "stored; reports=1"


def test_parse_memory(intake_site):
    """The memory that parsing would need is known before it is allocated."""
    intake_site.milter(limits={"parse-memory": "16M"})
    document = b'{"policies":[' + b"{}," * 200_000 + b"{}]}"
    assert header_of(intake_site.give(mails.carrier(document))) == (
        "invalid; limits.parse-memory: parsing takes more than 8388608 bytes,"
        " the half of it that one document may have"
    )
    assert header_of(intake_site.give(mails.carrier())) == "stored; reports=1"


def many_details(count, size):
    """A report of this many bytes that takes long to parse."""
    details = [
        mails.detail(
            "certificate-expired",
            2,
            mx=f"mx{number}.example.com",
            **{"receiving-mx-helo": f"mx{number}.example.com"},
        )
        for number in range(count)
    ]
    report = mails.unique(policies=[mails.policy(failed=2 * count, details=details)])
    missing = size - len(mails.as_json(report))
    assert missing >= 0
    for number, entry in enumerate(details):
        entry["failure-reason-code"] = "x" * (
            missing // count - 40 + (number % 7)
        )
    return report


def start_all(*calls):
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    return threads


def test_deadline_includes_waiting(intake_site):
    """Large documents take turns. One that gets no turn in time is answered
    with that reason, and small documents overtake all of them."""
    daemon = intake_site.milter(
        milter={"on-spool-error": "tempfail"},
        limits={"deadline": 1, "details": 30_000},
    )
    large = mails.carrier(many_details(30_000, 12 << 20))
    # On a busy machine they arrive one by one: enough to wait all the same.
    count = 24
    answers = []
    waited = []

    def send():
        with intake_site.connect(timeout=60) as client:
            answers.append(intake_site.give(large, client)[-1])
            waited.append(client.waited)

    threads = start_all(*[send] * count)
    small = []
    while any(thread.is_alive() for thread in threads):
        before = time.monotonic()
        found = header_of(intake_site.give(mails.carrier()))
        assert found == "stored; reports=1"
        small.append(time.monotonic() - before)
        time.sleep(0.05)
    late = [answer for answer in answers if answer == "replycode"]
    assert late, answers
    for answer in late:
        assert answer.arguments[0] == (
            b"451 4.3.0 TLS report can't be stored now, try again later"
        )
    reasons = [line["reason"] for line in daemon.events("failed")]
    assert len(reasons) == len(late)
    for reason in reasons:
        assert reason.startswith("limits.deadline: ")
        assert reason.endswith(" within 1 seconds")
    # The others were stored, however long their own turn took.
    assert {answer.name for answer in answers} <= {"replycode", "accept"}
    assert len(intake_site.spooled()) == count - len(late) + len(small)
    assert max(waited) < 20, waited
    assert max(small) < 5, small


def files_of(pid):
    """The descriptors of a process: {target: size}."""
    found = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{number}"
        try:
            found[os.readlink(path)] = os.stat(path).st_size
        except FileNotFoundError:
            continue
    return found


def test_a_large_body_is_in_an_unlinked_file(intake_site):
    daemon = intake_site.milter()
    mail = of_size(2 << 20)

    def unlinked():
        place = str(intake_site.spool / "tmp")
        return [
            size
            for path, size in files_of(daemon.pid).items()
            if path.startswith(place) and path.endswith("(deleted)")
        ]

    with intake_site.connect(timeout=60) as client:
        client.envelope("<>", intake_site.recipient)
        body = client.fields(mail)
        client.end_of_headers()
        for start in range(0, len(body), 60_000):
            client.body(body[start : start + 60_000])
            if start == 120_000:
                assert unlinked() == []
        (size,) = unlinked()
        assert size > len(body)
        assert intake_site.spooled("tmp") == []
        assert client.end()[-1] == "accept"
        wait_for(lambda: unlinked() == [], "the file is closed")
    assert len(intake_site.spooled()) == 1


def test_fifty_thousand_details(site):
    """An honest report of 16 MiB gets through whole where its number of details
    is allowed."""
    count, size = 50_000, 16 << 20
    report = many_details(count, size)
    content = mails.as_json(report)
    assert size * 0.98 < len(content) <= size
    limits = {"details": count}
    daemon = site.milter(milter={"disposition": "discard"}, limits=limits)
    assert names(site.give(mails.carrier(content))) == ["discard"]
    (stored,) = daemon.events("spooled")
    assert stored["failures"] == str(count)
    site.drain(limits=limits)
    assert site.rows(
        "SELECT count(*), sum(failed_session_count),"
        " count(DISTINCT receiving_mx_hostname) FROM tlsrpt.failure"
    ) == [(count, 2 * count, count)]
    assert site.rows(
        "SELECT jsonb_array_length(document #> '{policies,0,failure-details}'),"
        " total_failure_session_count"
        " FROM tlsrpt.report JOIN tlsrpt.policy USING (report_key, day)"
    ) == [(count, 2 * count)]
    assert site.spooled("bad") == []
