# SPDX-License-Identifier: MIT
"""tlsrpt-import: takes reports from files as the milter does from mail."""

import bz2
import gzip
import io
import json
import lzma
import os
import re
import signal
import subprocess
import time
import zipfile
import zlib

import pytest

from harness import mails, programs
from harness.programs import stored_lines


def mbox(*messages):
    """An mbox of RFC 4155, with "From " lines in bodies quoted."""
    text = b""
    for raw in messages:
        lines = mails.lines_as_delivered(raw).replace(b"\nFrom ", b"\n>From ")
        text += b"From a@b.example Tue Mar  3 12:00:00 2026\n" + lines + b"\n"
    return text


def test_every_kind_of_file(site):
    folder = site.folder / "in"
    (folder / "maildir" / "cur").mkdir(parents=True)
    (folder / "maildir" / "new").mkdir()
    (folder / "maildir" / "tmp").mkdir()
    (folder / "a.eml").write_bytes(mails.carrier())
    (folder / "b.json").write_bytes(mails.as_json(mails.unique()))
    (folder / "c.json.gz").write_bytes(mails.as_gzip(mails.unique()))
    (folder / "d.mbox").write_bytes(
        mbox(
            mails.carrier(),
            mails.ordinary_mails()["plain"],
            mails.carrier(),
        )
    )
    (folder / "maildir" / "cur" / "1.x:2,S").write_bytes(
        mails.lines_as_delivered(mails.carrier())
    )
    (folder / "maildir" / "new" / "2.x").write_bytes(mails.carrier())
    (folder / "maildir" / "tmp" / "3.x").write_bytes(mails.carrier())
    done = site.run_import(folder)
    assert done.returncode == 0, done.stderr
    assert len(stored_lines(done)) == 7, done.stdout
    site.drain()
    assert site.rows(
        "SELECT source, count(*) FROM tlsrpt.report GROUP BY 1"
    ) == [("import", 7)]


@pytest.mark.parametrize(
    "make", [mails.carrier, lambda: mails.as_json(mails.unique())]
)
def test_standard_input(site, make):
    done = site.run_import("-", stdin=make())
    assert done.returncode == 0, done.stderr
    assert len(site.spooled()) == 1


# What can't be read, and what tlsrpt-import says that one can do.
UNREADABLE = {
    "a.bz2": (bz2.compress, "bzip2 -dc"),
    "1.M2P3.host,S=4:2,S": (lzma.compress, "xz -dc"),
    "b,Z": (
        lambda raw: subprocess.run(
            ["zstd", "-c"], input=raw, stdout=subprocess.PIPE, check=True
        ).stdout,
        "zstd -dc",
    ),
    "c": (zlib.compress, "pigz -dc"),
    "d.eml": (lambda raw: raw.decode().encode("utf-16"), "iconv -f UTF-16"),
    "e.mbox": (
        lambda raw: mbox(raw).decode().encode("utf-16-le"),
        "iconv -f UTF-16LE",
    ),
    "f.eml": (lambda raw: raw.replace(b"\r\n", b"\r"), "tr '\\\\r' '\\\\n'"),
    "g.mbox": (lambda raw: mbox(raw).replace(b"\n", b"\r"), "tr '\\\\r'"),
    "h.pdf": (lambda raw: b"%PDF-1.7\n1 0 obj\n" + raw, "is not a message"),
    "i": (lambda raw: b'{"name": "x"}', "is not a report"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_not_read_is_named(site, name):
    change, hint = UNREADABLE[name]
    raw = mails.lines_as_delivered(mails.carrier()).replace(b"\n", b"\r\n")
    folder = site.folder / "in"
    folder.mkdir()
    (folder / name).write_bytes(change(raw))
    (folder / "z.eml").write_bytes(raw)
    done = site.run_import(folder)
    assert done.returncode == programs.EX_NOINPUT, done
    assert len(stored_lines(done)) == 1, done.stdout
    (told,) = [line for line in done.stderr.splitlines() if hint in line]
    assert f"/in/{name}: " in told


def test_odd_messages(site):
    """Apple Mail's .emlx; mail that was put into an mbox as text."""
    folder = site.folder / "in"
    folder.mkdir()
    raw = mails.lines_as_delivered(mails.carrier())
    (folder / "1.emlx").write_bytes(
        b"%-10d\n%b<?xml version='1.0'?>\n<plist/>\n" % (len(raw), raw)
    )
    two = mbox(mails.carrier(), mails.carrier())
    (folder / "quoted").write_bytes(re.sub(rb"(?m)^(>*From )", rb">\1", two))
    (folder / "blank-lines").write_bytes(b"\n\n" + mbox(mails.carrier()))
    done = site.run_import(folder)
    assert done.returncode == 0, done
    assert len(stored_lines(done)) == 4, done


def test_maildir_of_dovecot(site):
    """The server's own files are not mail, and no problem."""
    for name in ("cur", "new", "tmp", ".Archive/cur"):
        (site.folder / "Maildir" / name).mkdir(parents=True)
    (site.folder / "Maildir" / "cur" / "1.a").write_bytes(mails.carrier())
    (site.folder / "Maildir" / "dovecot-uidlist").write_bytes(b"3 V1 N2\n")
    (site.folder / "Maildir" / "dovecot.index").write_bytes(b"\7\3\0")
    done = site.run_import(site.folder / "Maildir")
    assert done.returncode == 0, done
    assert "messages=1 reports=1" in done.stderr


def test_enclosed_message(site):
    inner = mails.part("message/rfc822", mails.carrier(), encoding=None)
    forward = mails.multipart("mixed", [inner], tls_report_headers=False)
    path = site.folder / "a.mbox"
    path.write_bytes(mbox(mails.ordinary_mails()["plain"], forward))
    done = site.run_import(path)
    assert done.returncode == 0, done
    assert "messages=2 reports=0" in done.stderr
    assert "a.mbox#2: a message enclosed in this one" in done.stderr


@pytest.mark.parametrize("change", [-0.5, 0.1])
def test_mailbox_that_changes(site, change):
    """Mail programs shorten a mailbox, and servers append to it."""
    path = site.folder / "a.mbox"
    big_mailbox(path, 6000, 6000)
    child = subprocess.Popen(
        [programs.program("tlsrpt-import"), "-c", site.config(), path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=site.folder,
        env=programs.environment(site.folder),
    )
    while len(site.spooled()) < 20:
        assert child.poll() is None, "it was faster than that"
        time.sleep(0.002)
    size = path.stat().st_size
    os.truncate(path, size + int(size * change))
    stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == programs.EX_NOINPUT, (child.returncode, stderr)
    assert b"/a.mbox: changed while it was read" in stderr
    told = stdout.count(b"stored  ")
    assert told == len(site.spooled()) >= 20
    assert told == 6000 or change < 0


def test_too_large_a_message_does_not_hide_the_next(site):
    path = site.folder / "a.mbox"
    large = mails.multipart(
        "report", [mails.part("text/plain", b"x" * 3_000_000, encoding=None)]
    )
    raw = mbox(mails.carrier(), large, mails.carrier())
    path.write_bytes(raw)
    limits = {"message-size": "1M"}
    for arguments, stdin in ((path,), None), (("-",), raw):
        done = site.run_import(*arguments, stdin=stdin, limits=limits)
        assert done.returncode == programs.EX_DATAERR, done
        assert len(stored_lines(done)) == 2, done.stdout
        assert "message-size: more than 1048576 bytes" in done.stdout
        assert "messages=3 reports=3 stored=2 invalid=1" in done.stderr


def zip_of(*contents):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for number, content in enumerate(contents):
            opened.writestr(f"{number}.json", content)
    return archive.getvalue()


def test_compressed_mail_is_a_problem(site):
    """Nobody should conclude that a compressed archive held no report."""
    folder = site.folder / "in"
    folder.mkdir()
    old = mbox(mails.carrier(), mails.ordinary_mails()["plain"])
    for name, content in {
        "a.eml.gz": gzip.compress(mails.carrier()),
        "b.mbox.gz": gzip.compress(old),
        "1.M2P3.host,S=4:2,S": gzip.compress(mails.carrier()),
        "c.json.gz": mails.as_gzip(mails.unique()),
        "d.gz": mails.as_gzip(mails.unique()),
        "e.eml": mails.carrier(),
        "f.eml": mails.dmarc_mail(),
    }.items():
        (folder / name).write_bytes(content)
    done = site.run_import(folder)
    assert done.returncode == programs.EX_NOINPUT, done
    assert len(stored_lines(done)) == 3, done.stdout
    told = [line for line in done.stderr.splitlines() if "gzip -dc" in line]
    assert len(told) == 3, done.stderr
    for name, line in zip(("1.M2P3", "a.eml.gz", "b.mbox.gz"), told):
        assert f"/{name}" in line and "is compressed" in line
    done = site.run_import("-", stdin=gzip.compress(old))
    assert done.returncode == programs.EX_NOINPUT, done
    done = site.run_import("-", stdin=old)
    assert done.returncode == 0 and len(stored_lines(done)) == 1


def test_zip_files(site):
    folder = site.folder / "in"
    folder.mkdir()
    (folder / "a.zip").write_bytes(zip_of(mails.as_json(mails.unique())))
    done = site.run_import(folder)
    assert done.returncode == 0, done
    assert "anomalies=zip-archive" in stored_lines(done)[0]
    (folder / "b.zip").write_bytes(
        zip_of(mails.as_json(mails.unique()), mails.as_json(mails.unique()))
    )
    done = site.run_import(folder)
    assert done.returncode == programs.EX_DATAERR, done
    assert "a zip archive with several files" in done.stdout
    (folder / "b.zip").write_bytes(zip_of(mails.carrier()))
    done = site.run_import(folder)
    assert done.returncode == programs.EX_NOINPUT, done
    assert "b.zip: is a zip archive without a report" in done.stderr
    site.drain()
    assert site.count("report") == 1


def test_dry_run_writes_nothing(site):
    path = site.folder / "a.eml"
    path.write_bytes(mails.carrier())
    done = site.run_import("--dry-run", path)
    assert done.returncode == 0, done.stderr
    assert len(stored_lines(done)) == 1, done.stdout
    assert site.spooled() == []


def test_invalid_file(site):
    path = site.folder / "bad.json"
    path.write_bytes(
        mails.as_json(mails.unique(policies=[mails.policy(failed=-1)]))
    )
    done = site.run_import(path)
    assert done.returncode == programs.EX_DATAERR, done
    assert "is negative" in done.stdout + done.stderr


def test_missing_file(site):
    done = site.run_import(site.folder / "none.eml")
    assert done.returncode == programs.EX_NOINPUT, done
    assert "none.eml" in done.stderr


def test_imported_again(site):
    """Importing a folder a second time changes nothing."""
    path = site.folder / "a.mbox"
    path.write_bytes(mbox(mails.carrier(), mails.carrier()))
    for _ in range(2):
        assert site.run_import(path).returncode == 0
        site.drain()
    assert site.count("report") == 2
    assert site.count("rejected_report") == 0


# The four kinds of mbox differ in how they quote a line "From " in a body, and
# in whether Content-Length says where the body ends.


def as_mboxo(lines):
    return lines.replace(b"\nFrom ", b"\n>From ")


def as_mboxrd(lines):
    return re.sub(rb"\n(>*From )", rb"\n>\1", lines)


def with_length(lines):
    head, blank, body = lines.partition(b"\n\n")
    return b"%s\nContent-Length: %d%s%s" % (head, len(body), blank, body)


MBOXES = {
    "mboxo": as_mboxo,
    "mboxrd": as_mboxrd,
    "mboxcl": lambda lines: with_length(as_mboxo(lines)),
    "mboxcl2": with_length,
}


@pytest.mark.parametrize("kind", MBOXES)
def test_kinds_of_mbox(site, kind):
    """From_ lines in a body, before a report and after one."""
    quoted = mails.part(
        "text/plain",
        b"It says:\r\n\r\nFrom a@b.example Tue Mar  3 12:00:00 2026\r\n"
        b">From here on\r\n",
        encoding=None,
    )
    messages = [
        mails.multipart(
            "report", [quoted, mails.report_part(mails.unique()), quoted]
        )
        for _ in range(3)
    ]
    path = site.folder / f"a.{kind}"
    path.write_bytes(
        b"".join(
            b"From a@b.example Tue Mar  3 12:00:00 2026\n"
            + MBOXES[kind](mails.lines_as_delivered(message))
            + b"\n"
            for message in messages
        )
    )
    done = site.run_import(path)
    assert done.returncode == 0, done.stderr
    assert len(stored_lines(done)) == 3, done.stdout
    assert "messages=3 reports=3" in done.stderr
    site.drain()
    assert site.count("report") == 3


def test_json(site):
    good = site.folder / "good.json"
    good.write_bytes(mails.as_json(mails.unique()))
    bad = site.folder / "bad.mbox"
    bad.write_bytes(
        mbox(
            mails.ordinary_mails()["plain"],
            mails.carrier(mails.unique(policies=[mails.policy(failed=-1)])),
        )
    )
    done = site.run_import("--json", good, bad)
    assert done.returncode == programs.EX_DATAERR
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["path"] == str(good) and first["status"] == "stored"
    assert first["sessions"] == 10 and first["reason"] is None
    assert second["message"] == 2 and second["status"] == "invalid"
    assert "-1 is negative" in second["reason"]
    assert "messages=3 reports=2 stored=1 invalid=1" in done.stderr


def on_a_terminal(site, *arguments, pause=0):
    """Returns what tlsrpt-import writes to a terminal on stderr, and to stdout."""
    return programs.run_on_terminal(
        "stderr",
        "tlsrpt-import",
        *("-c", site.config(), *arguments),
        folder=site.folder,
        pause=pause,
    )


def test_progress_is_for_terminals_and_long_work(site):
    short = site.folder / "short.mbox"
    short.write_bytes(mbox(mails.carrier()))
    shown, _ = on_a_terminal(site, short)
    assert shown.startswith("messages=1 ")
    reports = 2000
    long = site.folder / "long.mbox"
    big_mailbox(long, 4 * reports, reports)
    shown, stdout = on_a_terminal(site, "--dry-run", long, pause=1.5)
    assert re.search(r"\r\x1b\[K[0-9]+ messages, [0-9]+ reports", shown), shown
    # The summary takes the place of the progress line.
    summary = f"\r\x1b[Kmessages={4 * reports} reports={reports} "
    assert summary in shown
    assert "\x1b" not in stdout


def big_mailbox(path, messages, reports):
    """A large mailbox, written piece by piece; all reports are different."""
    mark = b"f1f2f3f4f5f6"
    report = mails.as_json(mails.unique(**{"report-id": mark.decode()}))
    head, _, tail = mbox(
        mails.multipart(
            "report",
            [mails.part("application/tlsrpt+json", b"HERE", encoding=None)],
        )
    ).partition(b"HERE")
    other = mbox(mails.ordinary_mails()["plain"])
    assert messages % reports == 0
    with path.open("wb") as out:
        for number in range(reports):
            out.write(head + report.replace(mark, b"%012d" % number) + tail)
            out.write(other * (messages // reports - 1))


def peak_of(site, path):
    """Runs tlsrpt-import: its exit code, peak RSS (from wait4) and seconds."""
    started = time.monotonic()
    child = subprocess.Popen(
        [programs.program("tlsrpt-import"), "-c", site.config(), path],
        stdout=subprocess.DEVNULL,
        cwd=site.folder,
        env=programs.environment(site.folder),
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss >> 10, time.monotonic() - started


def test_memory_does_not_grow_with_the_mailbox(site, record_property):
    peaks = []
    most = int(os.environ.get("MESSAGES", "20000"))
    for messages in (100, most):
        path = site.folder / f"{messages}.mbox"
        big_mailbox(path, messages, messages // 100)
        code, peak, seconds = peak_of(site, path)
        assert code == 0
        peaks.append(peak)
        figures = f"{messages} messages: {peak} MiB, {seconds:.1f} s"
        record_property("figures", figures)
        print(figures)
    assert len(site.spooled()) == most // 100 + 1
    # AddressSanitizer keeps freed memory.
    assert peaks[1] < peaks[0] + 4 or programs.is_sanitized(), peaks


def test_interrupted_and_run_again(site):
    """Whatever was spooled and loaded by then, each report is there once."""
    path = site.folder / "a.mbox"
    big_mailbox(path, 1200, 1200)
    config = site.config()
    child = subprocess.Popen(
        [programs.program("tlsrpt-import"), "-c", config, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=site.folder,
        env=programs.environment(site.folder),
    )
    while len(site.spooled()) < 20:
        assert child.poll() is None, "it was faster than that"
        time.sleep(0.002)
    child.send_signal(signal.SIGINT)
    stdout, stderr = child.communicate(timeout=60)
    assert child.returncode == os.EX_TEMPFAIL
    assert stderr.endswith(b" (interrupted: there may be more)\n")
    told = stdout.count(b"stored  ")
    assert 20 <= told < 1200
    site.drain()
    assert site.count("report") == told
    done = site.run_import(path)
    assert done.returncode == 0
    site.drain()
    assert site.count("report") == 1200
    assert site.value("SELECT sum(times_received) FROM tlsrpt.report") == (
        1200 + told
    )
    assert site.count("rejected_report") == 0
