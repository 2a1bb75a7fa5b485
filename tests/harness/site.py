# SPDX-License-Identifier: MIT
"""One installation for one test: spool, database, daemons, mail addresses."""

import itertools
import os
import re
from pathlib import Path

from . import mails, milter, programs
from .folder import make_folder, read_text, remove_folder
from .postfix import split_trace
from .wait import wait_for

_numbers = itertools.count(1)

# The header field in which the milter reports to readers of a mail.
HEADER = "X-TLSRPT"

LOADER = "site_loader"
READER = "site_reader"
TEMPLATE = "tlsrpt_template"


def header_values(mail, name):
    """The values of a header field in a mail, unfolded, in order."""
    head = mail.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    head = re.sub(rb"\n[ \t]", b" ", head)
    found = re.findall(
        rb"^" + re.escape(name.encode()) + rb":[ \t]*(.*)$",
        head,
        re.MULTILINE | re.IGNORECASE,
    )
    return [value.decode("utf-8", "replace").strip() for value in found]


def the_header(mail):
    """The X-TLSRPT of a delivered mail, which has one."""
    (value,) = header_values(mail, HEADER)
    return value


def without_header(mail, name):
    """A delivered mail without the lines of one header field."""
    head, blank, body = mail.partition(b"\n\n")
    head = re.sub(
        rb"(?mi)^" + re.escape(name.encode()) + rb":.*\n(?:[ \t].*\n)*",
        b"",
        head + b"\n",
    )
    return head + blank[1:] + body


def prepare_template(postgres, folder):
    """Creates a migrated database to copy, and the two roles that log in."""
    postgres.query("postgres", f"CREATE DATABASE {TEMPLATE}")
    config = Path(folder) / "template.conf"
    config.write_text(
        programs.config_text(
            {"database": {"conninfo": postgres.dsn(TEMPLATE)}}
        )
    )
    done = programs.run(
        "tlsrpt-loader", "-c", config, "--migrate", folder=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    postgres.create_login(LOADER, "tlsrpt_loader")
    postgres.create_login(READER, "tlsrpt_reader")


class Site:
    def __init__(self, postgres=None, postfix=None, socket=None):
        self.number = next(_numbers)
        self.folder = make_folder(f"tlsrpt-{self.number}-")
        self.postgres = postgres
        self.postfix = postfix
        self.socket = str(socket or self.folder / "m.sock")
        self.spool = self.folder / "spool"
        self.daemons = []
        # Additional environment variables of a daemon, by its name.
        self.env = {}
        self._database = None

    # Names used by this site only

    def address(self, local="tlsrpt", domain="example.com"):
        """A mail address that only this test uses."""
        return f"{local}{self.number}@{domain}"

    @property
    def recipient(self):
        """The report address as an argument of RCPT."""
        return f"<{self.address()}>"

    @property
    def database(self):
        if self._database is None:
            self._database = self.postgres.create_database(TEMPLATE)
        return self._database

    def use_database(self, name):
        self._database = name

    # Configuration

    def config(self, name="tlsrpt.conf", user=LOADER, **sections):
        """Writes a configuration; sections override the settings for tests."""
        merged = {
            "milter": {
                "socket": f"unix:{self.socket}",
                "recipients": [self.address()],
            },
            "spool": {"directory": self.spool},
            "log": {"target": "stderr", "level": "info"},
        }
        if self.postgres:
            merged["database"] = {
                "conninfo": self.postgres.dsn(self.database, user)
            }
        for section, keys in sections.items():
            merged.setdefault(section, {}).update(
                {key.replace("_", "-"): keys[key] for key in keys}
            )
        path = self.folder / name
        # Replaced atomically, since a daemon may read the file at any time.
        new = path.with_suffix(".new")
        new.write_text(programs.config_text(merged))
        new.replace(path)
        self.spool.mkdir(exist_ok=True)
        return path

    # Programs

    def start(self, name, config, ready=True, **options):
        options = {**self.env.get(name, {}), **options}
        daemon = programs.Daemon(name, self.folder, config, **options)
        self.daemons.append(daemon)
        return daemon.wait_ready() if ready else daemon

    def milter(self, **sections):
        daemon = self.start(
            "tlsrpt-milter", self.config("milter.conf", **sections)
        )
        daemon.listens = self.socket
        return daemon

    def loader(self, ready=True, **sections):
        return self.start(
            "tlsrpt-loader",
            self.config("loader.conf", **sections),
            ready=ready,
        )

    def run_loader(self, *arguments, user=LOADER, timeout=120.0, **sections):
        config = self.config("run-loader.conf", user=user, **sections)
        return programs.run(
            "tlsrpt-loader",
            *("-c", config, *arguments),
            folder=self.folder,
            timeout=timeout,
        )

    def drain(self, timeout=120.0, **sections):
        done = self.run_loader("--drain", timeout=timeout, **sections)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def run_import(self, *arguments, stdin=None, **sections):
        config = self.config("import.conf", **sections)
        return programs.run(
            "tlsrpt-import",
            *("-c", config, *arguments),
            folder=self.folder,
            stdin=stdin,
        )

    def take_in(self, *documents):
        """Takes these reports all the way into the database."""
        for number, document in enumerate(documents):
            path = self.folder / f"document{number}.json"
            path.write_bytes(mails.as_json(document))
            done = self.run_import(path)
            assert done.returncode == 0, done.stdout + done.stderr
        self.drain()

    def run_report(self, *arguments, **sections):
        config = self.config("report.conf", user=READER, **sections)
        return programs.run(
            "tlsrpt-report", "-c", config, *arguments, folder=self.folder
        )

    # Mail by the milter protocol

    def connect(self, **options):
        """A milter.Client with these options, past HELO."""
        client = milter.Client(self.socket, **options)
        assert client.connect() == "continue"
        assert client.helo() == "continue"
        return client

    def give(self, mail, client=None, **options):
        """Sends a mail for the report address to the milter, on a connection of
        its own unless client is one; returns the replies at its end. options
        are those of Client.message()."""
        if client is None:
            with self.connect(timeout=120) as client:
                return self.give(mail, client, **options)
        reply = client.envelope("<a@b.example>", self.recipient)
        assert reply == "continue", reply
        return client.message(mail, **options)

    def give_reports(self, count=1, **more):
        """Sends mails with a new report each to the milter, on one connection;
        more replaces members of the reports."""
        with self.connect() as client:
            for _ in range(count):
                self.give(mails.carrier(mails.unique(**more)), client)

    # Mail through Postfix or Sendmail

    def send(self, mail, *recipients, **options):
        return self.postfix.send(
            mail, list(recipients) or [self.address()], **options
        )

    def delivered(self, local="tlsrpt"):
        """The mails to an address of this site, without the lines that delivery
        added."""
        self.postfix.wait_empty()
        return [
            split_trace(mail)[1]
            for mail in self.postfix.mailbox(f"{local}{self.number}")
        ]

    def the_mail(self, local="tlsrpt"):
        mails = self.delivered(local)
        assert len(mails) == 1, f"{len(mails)} mails for {local}"
        return mails[0]

    # Spool and tables

    def spooled(self, part="new"):
        try:
            return sorted(os.listdir(self.spool / part))
        except FileNotFoundError:
            return []

    def rows(self, statement, *parameters):
        return self.postgres.query(self.database, statement, parameters)

    def value(self, statement, *parameters):
        return self.rows(statement, *parameters)[0][0]

    def count(self, table):
        return self.value(f"SELECT count(*) FROM tlsrpt.{table}")

    def wait_count(self, table, count):
        wait_for(
            lambda: self.count(table) >= count,
            f"tlsrpt.{table} has {count} rows",
        )
        assert self.count(table) == count

    # The end

    def close(self):
        """Stops everything; fails on bad exit codes and sanitizer findings."""
        problems = []
        for daemon in reversed(self.daemons):
            try:
                daemon.stop()
            except AssertionError as problem:
                problems.append(str(problem))
        self.daemons = []
        found = programs.sanitizer_findings(self.folder)
        problems += [f"{name}:\n{text}" for name, text in found.items()]
        if self._database and self.postgres.running():
            self.postgres.drop_database(self._database)
        remove_folder(self.folder)
        assert not problems, "\n".join(problems)

    def logs(self):
        logs = {}
        for path in sorted(self.folder.glob("*.log")):
            logs[path.name] = read_text(path)
        logs.update(programs.sanitizer_findings(self.folder))
        return logs
