#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make demo: shows the main job on real mail, with servers of its own.

Starts a private PostgreSQL, Postfix, tlsrpt-milter and tlsrpt-loader in a
temporary folder, sends report mails and an ordinary mail with swaks, and shows
the tables. KEEP=1 leaves everything running; demo.py --stop FOLDER stops it.
"""

import contextlib
import grp
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

sys.dont_write_bytecode = True

from harness import mails, programs
from harness.folder import is_root, make_folder, remove_folder
from harness.postfix import Postfix
from harness.postgres import PORT, Postgres
from harness.process import processes_under
from harness.wait import wait_for

WIDTH = 78
DATABASE = "tlsrpt"
LOADER = "demo_loader"
READER = "demo_reader"
REPORT_ADDRESS = "tlsrpt@example.com"

FAILURES = """
SELECT result_type, policy_domain, organization_name AS reported_by,
       sum(failed_session_count) AS failed
FROM tlsrpt.failure
GROUP BY 1, 2, 3
ORDER BY failed DESC, 1, 2, 3
"""
SESSIONS = """
SELECT day, policy_domain, sum(successful_sessions) AS successful,
       sum(failed_sessions) AS failed
FROM tlsrpt.daily
GROUP BY 1, 2
ORDER BY 1 DESC, 2
"""


def say(text="", indent=0):
    """Prints a paragraph, wrapped; long paths are not broken."""
    prefix = " " * indent
    print(
        textwrap.fill(
            text,
            WIDTH,
            initial_indent=prefix,
            subsequent_indent=prefix,
            break_long_words=False,
            break_on_hyphens=False,
        ),
        flush=True,
    )


def heading(text):
    line = "-" * WIDTH
    if sys.stdout.isatty():
        text = f"\033[1m{text}\033[0m"
    print(f"\n{text}\n{line}", flush=True)


def show(text):
    """Shows what another program printed."""
    print(textwrap.indent(text.rstrip("\n"), "  "), flush=True)


def show_command(*words):
    """Shows a command that can be copied, wrapped to a terminal's width."""
    line = "  $"
    for word in words:
        word = shlex.quote(str(word))
        if len(line) + len(word) > WIDTH - 2 and line.strip():
            print(line + " \\")
            line = "     "
        line += " " + word
    print(line, flush=True)


def the_reports():
    """(description, sender, document, compressed): all kinds of failure."""
    google, microsoft, small = mails.GOOGLE, mails.MICROSOFT, mails.SMALL
    day = mails.yesterday
    expired = [
        mails.detail("certificate-expired", 40, "mx2.example.com"),
        mails.detail("starttls-not-supported", 3, "mx1.example.com"),
    ]
    certificates = [
        mails.detail("certificate-expired", 61, "mx2.example.com"),
        mails.detail("certificate-host-mismatch", 12, "mx2.example.com"),
        mails.detail("certificate-not-trusted", 7, "mx3.example.com"),
        mails.detail("validation-failure", 2, "mx1.example.com"),
    ]
    sts = [
        mails.detail("sts-policy-fetch-error", 9, None),
        mails.detail("sts-policy-invalid", 4, None),
        mails.detail("sts-webpki-invalid", 3, None),
    ]
    dane = [
        mails.detail("tlsa-invalid", 21, "mx.example.org"),
        mails.detail("dnssec-invalid", 5, "mx.example.org"),
        mails.detail("dane-required", 2, "mx.example.org"),
    ]
    first = mails.document(google, [mails.policy(successful=5213)], day(1))
    return [
        ("success only", google, first, True),
        (
            "certificate failures",
            google,
            mails.document(
                google,
                [mails.policy(successful=4901, failed=82, details=certificates)],
                day(2),
            ),
            True,
        ),
        (
            "two policies, MTA-STS failures",
            microsoft,
            mails.document(
                microsoft,
                [
                    mails.policy(successful=880, failed=16, details=sts),
                    mails.policy(
                        "example.org", successful=310, mx=["mx.example.org"]
                    ),
                ],
                day(1),
            ),
            True,
        ),
        (
            "DANE failures",
            microsoft,
            mails.document(
                microsoft,
                [
                    mails.policy(
                        "example.org", "tlsa", 250, failed=28, details=dane
                    )
                ],
                day(2),
                "example.org",
            ),
            True,
        ),
        (
            "expired certificate, not compressed",
            small,
            mails.document(
                small, [mails.policy(successful=57, failed=43, details=expired)]
            ),
            False,
        ),
        (
            "no policy found",
            small,
            mails.document(
                small,
                [mails.policy("example.org", "no-policy-found", 33)],
                day(3),
                "example.org",
            ),
            True,
        ),
        (
            "success, ten days ago",
            google,
            mails.document(google, [mails.policy(successful=5090)], day(10)),
            True,
        ),
        ("the first one once more", google, first, True),
    ]


ORDINARY = (
    b"From: Alice <alice@example.net>\r\n"
    b"To: Bob <bob@example.com>\r\n"
    b"Subject: Lunch at noon?\r\n"
    b"Message-ID: <lunch@example.net>\r\n"
    b"\r\n"
    b"At the usual place.\r\n"
    b".\r\n"
    b"Alice\r\n"
)


class Demo:
    def __init__(self):
        self.folder = make_folder("tlsrpt-demo-")
        self.postgres = Postgres(self.folder / "pg")
        run = self.folder / "run"
        run.mkdir()
        # smtpd runs as user postfix: the socket inherits the folder's group.
        os.chown(run, 0, grp.getgrnam("postfix").gr_gid)
        run.chmod(0o2755)
        self.socket = run / "milter.sock"
        self.postfix = Postfix(self.folder / "postfix", f"unix:{self.socket}")
        self.config = self.folder / "tlsrpt-milter.conf"
        self.daemons = []

    # Start and stop

    def start_postgres(self):
        self.postgres.initdb()
        self.postgres.start()
        self.postgres.query("postgres", f"CREATE DATABASE {DATABASE}")
        self.write_config(self.config, LOADER)
        self.write_config(self.folder / "report.conf", READER)
        owner = self.folder / "owner.conf"
        self.write_config(owner, "postgres")
        done = programs.run(
            "tlsrpt-loader", "-c", owner, "--migrate", folder=self.folder
        )
        if done.returncode != 0:
            raise SystemExit(f"tlsrpt-loader --migrate: {done.stderr}")
        self.postgres.create_login(LOADER, "tlsrpt_loader")
        self.postgres.create_login(READER, "tlsrpt_reader")

    def write_config(self, path, user):
        path.write_text(
            programs.config_text(
                {
                    "milter": {
                        "socket": f"unix:{self.socket}",
                        "recipients": [REPORT_ADDRESS],
                        "disposition": "discard",
                    },
                    "spool": {"directory": self.folder / "spool"},
                    "database": {"conninfo": self.postgres.dsn(DATABASE, user)},
                    "log": {"target": "stderr"},
                }
            )
        )

    def start_daemon(self, name):
        daemon = programs.Daemon(name, self.folder, self.config)
        self.daemons.append(daemon)
        return daemon.wait_ready()

    def start(self):
        self.start_postgres()
        version = self.postgres.query("postgres", "SHOW server_version")[0][0]
        self.line("PostgreSQL", version.split()[0], f"socket {self.postgres.folder}")
        (self.folder / "spool").mkdir()
        milter = self.start_daemon("tlsrpt-milter")
        self.line("tlsrpt-milter", f"pid {milter.pid}", f"socket {self.socket}")
        loader = self.start_daemon("tlsrpt-loader")
        self.line(
            "tlsrpt-loader", f"pid {loader.pid}", f"spool {self.folder}/spool"
        )
        self.postfix.start()
        self.line("Postfix", "", f"SMTP at 127.0.0.1:{self.postfix.port}")

    @staticmethod
    def line(name, about, where):
        print(f"  {name:<14} {about:<10} {where}", flush=True)

    def stop(self):
        """Stops everything, even if a step fails, then removes the folder."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        with contextlib.ExitStack() as last_to_first:
            last_to_first.callback(remove_folder, self.folder)
            last_to_first.callback(self.postgres.stop)
            for daemon in self.daemons:
                last_to_first.callback(daemon.stop)
            last_to_first.callback(self.postfix.stop)

    # Mail

    def swaks(self, path, sender, recipient):
        command = [
            "swaks",
            *("--server", f"127.0.0.1:{self.postfix.port}"),
            *("--helo", "client.example"),
            *("--from", sender, "--to", recipient),
            *("--data", f"@{path}"),
        ]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        output = done.stdout.decode("utf-8", "replace")
        answer = re.search(r"^<-\s+(250 .*queued.*)$", output, re.MULTILINE)
        if done.returncode != 0 or not answer:
            raise SystemExit(f"swaks failed:\n{output}\n{self.postfix.log()}")
        return command, answer.group(1)

    def send_all(self):
        (self.folder / "mails").mkdir()
        for number, (what, sender, report, compress) in enumerate(
            the_reports(), 1
        ):
            domain = report["policies"][0]["policy"]["policy-domain"]
            path = self.folder / "mails" / f"{number}.eml"
            path.write_bytes(
                mails.carrier(
                    report,
                    sender,
                    part_options={"compress": compress},
                    domain=domain,
                    to=REPORT_ADDRESS,
                    report_id=f"{number}@{sender.domain}",
                )
            )
            self.send(number, path, sender.from_, REPORT_ADDRESS,
                      sender.organization, what)
        path = self.folder / "mails" / "ordinary.eml"
        # swaks ends the last line itself.
        path.write_bytes(ORDINARY.removesuffix(b"\r\n"))
        self.send("", path, "alice@example.net", "bob@example.com",
                  "Alice to Bob", "an ordinary mail")
        return number

    def send(self, number, path, sender, recipient, who, what):
        command, answer = self.swaks(path, sender, recipient)
        if number == 1:
            print("  Each by swaks, such as:")
            show_command(*command)
            print()
        queued = answer.rpartition(" ")[2]
        print(f"  {number:<2} {who:<21} {what:<36} {queued:>12}", flush=True)

    # The results

    def wait_loaded(self, expected):
        wait_for(
            lambda: self.postgres.query(
                DATABASE, "SELECT sum(times_received) FROM tlsrpt.report"
            )[0][0]
            == expected
            and not os.listdir(self.folder / "spool" / "new"),
            "all reports are in the tables",
        )

    def show_delivery(self, sent):
        self.postfix.wait_empty()
        carriers = self.postfix.mailbox("tlsrpt")
        ordinary = self.postfix.mailbox("bob")
        discarded = self.postfix.log().count("milter-discard")
        print(f"  Sent to {REPORT_ADDRESS}:        {sent}")
        print(f"  Discarded, once safe in the spool: {discarded}")
        print(f"  Delivered to its mailbox:          {len(carriers)}")
        same = len(ordinary) == 1 and ordinary[0].endswith(
            mails.lines_as_delivered(ORDINARY)
        )
        print(
            f"  Delivered to bob@example.com:      {len(ordinary)}, "
            + ("byte for byte as sent:" if same else "CHANGED:")
        )
        print()
        for mail in ordinary:
            show(textwrap.indent(mail.decode(), "| "))
        if carriers or not same or discarded != sent:
            raise SystemExit("demo: the mail was not treated as promised")

    def show_tables(self, sent):
        rows = self.postgres.query(
            DATABASE,
            "SELECT (SELECT count(*) FROM tlsrpt.report),"
            " (SELECT count(*) FROM tlsrpt.policy),"
            " (SELECT count(*) FROM tlsrpt.failure)",
        )[0]
        say(
            f"{sent} report mails: {rows[0]} reports (one came twice and is "
            f"counted once), {rows[1]} policies, {rows[2]} failures.",
            2,
        )
        self.show_sql(FAILURES)
        self.show_sql(SESSIONS)

    def show_sql(self, statement):
        print()
        show(statement.strip() + ";")
        print()
        code, output = self.postgres.psql(
            DATABASE, "-c", statement, user=READER
        )
        if code != 0:
            raise SystemExit(f"psql: {output}")
        show(output.strip("\n"))

    def show_report(self):
        config = self.folder / "report.conf"
        command = ["tlsrpt-report", "-c", config, "--format", "text"]
        show_command(*command)
        print()
        done = programs.run(*command, folder=self.folder)
        if done.returncode != 0:
            raise SystemExit(f"tlsrpt-report: {done.stderr}")
        print(done.stdout.rstrip("\n"), flush=True)

    # KEEP=1

    def keep(self):
        """Leaves everything running, and saves what stop_kept() needs."""
        children = [daemon.child for daemon in self.daemons]
        children += [self.postfix.child, self.postgres.child]
        state = [
            {
                "name": child.name,
                "pid": child.pid,
                "since": started_at(child.pid),
                "signal": int(
                    signal.SIGINT
                    if child is self.postgres.child
                    else signal.SIGTERM
                ),
            }
            for child in children
        ]
        (self.folder / "running.json").write_text(json.dumps(state, indent=1))
        heading("It keeps running")
        for what, command in [
            (
                "SQL",
                f"psql -h {self.postgres.folder} -p {PORT} "
                f"-U {READER} {DATABASE}",
            ),
            (
                "Summary",
                f"{programs.program('tlsrpt-report')} "
                f"-c {self.folder}/report.conf",
            ),
            (
                "Mail",
                f"swaks --server 127.0.0.1:{self.postfix.port} "
                f"--to {REPORT_ADDRESS} --data @{self.folder}/mails/1.eml",
            ),
            ("Logs", f"tail {self.folder}/*.log {self.postfix.log_file}"),
            (
                "Stop",
                f"{sys.executable} {Path(__file__).resolve()} "
                f"--stop {self.folder}",
            ),
        ]:
            print(f"  {what}:\n    {command}")
        print(flush=True)


def started_at(pid):
    """When a process started, in clock ticks: a pid may be reused."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[19])


def is_ours(entry):
    try:
        return started_at(entry["pid"]) == entry["since"]
    except (FileNotFoundError, ProcessLookupError):
        return False


def stop_kept(folder):
    """Stops what KEEP=1 left running, and removes its folder."""
    folder = Path(folder).resolve()
    running = folder / "running.json"
    if not running.is_file():
        raise SystemExit(f"demo.py: {folder} is no demo that keeps running")
    entries = [one for one in json.loads(running.read_text()) if is_ours(one)]
    if any(entry["name"] == "postfix" for entry in entries):
        subprocess.run(
            ["/usr/sbin/postfix", "-c", folder / "postfix" / "etc", "stop"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    for entry in entries:
        with contextlib.suppress(ProcessLookupError):
            os.kill(entry["pid"], entry["signal"])
    wait_for(lambda: not processes_under(folder), f"all in {folder} ends", 60)
    remove_folder(folder)
    print(f"Stopped, and {folder} is removed.")


def run_demo(keep):
    started = time.monotonic()
    demo = Demo()
    kept = False
    try:
        heading("1. Private servers, in a folder of their own")
        demo.start()
        heading("2. Mail comes in over SMTP")
        sent = demo.send_all()
        demo.wait_loaded(sent)
        heading("3. Report mails are gone, ordinary mail is untouched")
        demo.show_delivery(sent)
        heading("4. What they say, in a summary")
        demo.show_report()
        heading("5. The same as rows in PostgreSQL, for any question")
        demo.show_tables(sent)
        if keep:
            demo.keep()
            kept = True
            return
        heading("6. The end")
        say(f"Everything was in {demo.folder}: postfix/ (queue, mail, log), "
            "pg/ (the cluster), spool/, mails/ (what was sent), *.conf and "
            "*.log.", 2)
    finally:
        if not kept:
            demo.stop()
    seconds = time.monotonic() - started
    say(f"Stopped and removed; it took {seconds:.0f} s. With KEEP=1 it stays: "
        "make demo KEEP=1", 2)
    print()


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--stop":
        stop_kept(sys.argv[2])
        return
    if len(sys.argv) > 1:
        print("usage: demo.py [--stop FOLDER]", file=sys.stderr)
        raise SystemExit(64)
    keep = os.environ.get("KEEP", "")
    if not is_root():
        # Only root can start a private Postfix.
        if not shutil.which("sudo"):
            raise SystemExit("demo.py: run as root, or install sudo")
        build = os.environ.get("BUILD", "build")
        os.execvp(
            "sudo",
            ["sudo", f"BUILD={build}", f"KEEP={keep}", sys.executable, __file__],
        )

    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    run_demo(keep not in ("", "0", "no"))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("demo.py: interrupted; all is stopped") from None
