#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make check-systemd: tests the packages in a new Debian that has booted.

Follows the instructions of README.md and README.Debian word for word, with
Debian's PostgreSQL and Postfix, and then does to the services what happens to
services: mail, reload, restart, crash, a hung process, a database outage,
upgrade, reboot, removal. Needs root.
  check_systemd.py FOLDER     the folder with the .deb files
"""

import re
import signal
import sys
import textwrap
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from harness import mails
from harness.wait import wait_for
from machine import Failed, Machine

README = (SOURCE / "README.md").read_text(encoding="utf-8")
README_DEBIAN = (
    SOURCE / "packaging/debian/tlsrpt-common.README.Debian"
).read_text(encoding="utf-8")
CONF = "/etc/tlsrpt-milter/tlsrpt-milter.conf"
SOCKET = "/var/spool/postfix/tlsrpt-milter/milter.sock"
SPOOL = "/var/spool/tlsrpt-milter"
MILTER, LOADER = "tlsrpt-milter.service", "tlsrpt-loader.service"
HTML, WEEKLY = "tlsrpt-report-html.service", "tlsrpt-report-weekly.service"
ADDRESS = "tlsrpt@example.com"
CLIENTS = 3
# The commands of the README that the user postgres runs.
DATABASE_COMMANDS = {"createdb", "createuser", "psql", "tlsrpt-loader"}
# The highest exposure, of 10, that systemd-analyze security may report.
EXPOSURE = {MILTER: 0.5, LOADER: 1.5, HTML: 1.5}
COMPLAINTS = (
    r"(?i)seccomp|operation not permitted|permission denied|read-only file"
    r"|status=31/SYS|status=2\d\d/|core-dump|unknown (key|lvalue|section)"
)


def say(text):
    print(f"  BOOT {text}", flush=True)


def expect(what, found, wanted):
    if found != wanted:
        raise Failed(f'{what} is "{found}" and should be "{wanted}"')


def block(text, after, indent):
    """The first block of lines after a phrase that are indented that far."""
    lines = text[text.index(after) :].splitlines()[1:]
    taken = []
    for line in lines:
        if line.startswith(" " * indent):
            taken.append(line)
        elif taken and line.strip():
            break
    return textwrap.dedent("\n".join(taken)) + "\n"


def report_mail(to=ADDRESS):
    """(report-id, message) of a report with an id of its own."""
    name = mails.unique_id()
    report = mails.document(**{"report-id": name})
    return name, mails.carrier(report, to=to, report_id=name)


class Site:
    """A mail server with tlsrpt-milter on it."""

    def __init__(self, folder):
        self.debs = [
            path
            for path in sorted(Path(folder).glob("*.deb"))
            if "-dbgsym_" not in path.name
        ]
        self.m = Machine(Path(folder).resolve() / "booted")
        self.sent = []

    # The machine before the packages are installed

    def apt(self, *words):
        return (
            *("apt-get", "-q", "-y", "--no-install-recommends"),
            # A folder that no hook of apt's configuration cleans up.
            *("-o", "Dir::Cache::archives=/srv/archives/"),
            *("-o", "Dpkg::Options::=--force-confold"),
            *("-o", "Dpkg::Options::=--force-unsafe-io"),
            *words,
        )

    def make_machine(self):
        m = self.m
        m.make()
        m.path("/srv/archives/partial").mkdir(parents=True)
        for deb in self.debs:
            m.path(f"/srv/{deb.name}").write_bytes(deb.read_bytes())
        m.chroot(*self.apt("install", "systemd-sysv", "dbus", "procps"))
        m.chroot(
            *self.apt("install", "--download-only", "postgresql", "postfix"),
            *self.package_files(),
        )
        m.path("/usr/sbin/policy-rc.d").unlink()
        m.write("/etc/hostname", "mx\n")
        m.write(
            "/etc/hosts",
            "127.0.0.1 localhost\n127.0.1.1 mx.example.com mx\n",
        )

    def package_files(self):
        return [f"/srv/{deb.name}" for deb in self.debs]

    def boot(self):
        self.m.boot()
        failed = self.m.systemctl("--failed", "--plain", "--no-legend").strip()
        expect("what failed at boot", failed, "")

    def install_servers(self):
        self.m.run(
            "debconf-set-selections",
            text="postfix postfix/main_mailer_type select Internet Site\n"
            "postfix postfix/mailname string example.com\n",
        )
        self.m.run(*self.apt("install", "postgresql", "postfix"))
        self.m.run("useradd", "bob")
        for unit in ("postgresql@15-main.service", "postfix@-.service"):
            expect(unit, self.m.show(unit, "ActiveState"), "active")

    # The steps of README.md and README.Debian

    def install(self):
        self.m.run(*self.apt("install"), *self.package_files())
        for unit in (MILTER, LOADER, "tlsrpt-milter.socket"):
            expect(unit, self.m.show(unit, "ActiveState"), "inactive")
            expect(unit, self.m.show(unit, "UnitFileState"), "disabled")
        spool = self.m.run("stat", "-c", "%U:%G %a", SPOOL).strip()
        expect("the spool", spool, "tlsrpt-milter:tlsrpt 2770")

    def follow(self, commands):
        """Runs the commands of a README, one per line."""
        for line in commands.replace("\\\n", " ").splitlines():
            if line.strip():
                ours = not set(line.split()) & DATABASE_COMMANDS
                self.m.run("sh", "-euc", line, user=None if ours else "postgres")

    def configure(self):
        self.m.write(CONF, block(README, "**Configuration**", 7))
        self.m.run("tlsrpt-milter", "--check-config")
        self.follow(block(README, "**Database.**", 7))
        self.follow(block(README, "**Attach it.**", 7))
        lines = (SOURCE / "packaging/postfix/main.cf").read_text("utf-8")
        with self.m.path("/etc/postfix/main.cf").open("a") as main_cf:
            main_cf.write(lines)
        self.m.systemctl("reload", "postfix")

    def enable(self):
        commands = block(README, "**Start both.**", 7)
        expect(
            "README.Debian",
            block(README_DEBIAN, "whether it is right", 2),
            commands,
        )
        self.follow(commands)
        for unit in (LOADER, "tlsrpt-milter.socket"):
            wait_for(
                lambda unit=unit: self.m.show(unit, "ActiveState") == "active",
                f"{unit} is active",
            )
        state = self.m.run("stat", "-c", "%F %U:%G %a", SOCKET).strip()
        expect(SOCKET, state, "socket postfix:postfix 660")
        expect("the milter", self.m.show(MILTER, "ActiveState"), "inactive")

    # Mail

    def send_report(self, to=ADDRESS):
        name, message = report_mail(to)
        self.m.mail(message, mails.GOOGLE.from_, to)
        self.sent.append(name)
        return name

    def query(self, statement):
        return self.m.run(
            *("psql", "-XAt", "-d", "tlsrpt", "-c", statement), user="postgres"
        ).strip()

    def in_tables(self):
        return set(self.query("select report_id from tlsrpt.report").split())

    def mailbox(self, user):
        path = self.m.path(f"/var/mail/{user}")
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def wait_stored(self, *names):
        wait_for(
            lambda: set(names) <= self.in_tables(),
            f"{len(names)} reports are in the tables",
        )

    def empty_queue(self):
        """Waits until every mail has been delivered."""
        wait_for(
            lambda: "is empty" in self.m.run("mailq", check=False),
            "Postfix has delivered all",
        )

    def check_mail(self):
        self.wait_stored(self.send_report())
        expect("the milter", self.m.show(MILTER, "ActiveState"), "active")
        self.m.mail(
            mails.ordinary_mails()["plain"], "alice@example.net", "bob@example.com"
        )
        self.empty_queue()
        if "Noon?" not in self.mailbox("bob"):
            raise Failed("an ordinary mail did not arrive")
        if self.mailbox("root"):
            raise Failed("a report was not discarded")
        expect("the spool", self.m.run("ls", f"{SPOOL}/new"), "")

    def check_import(self):
        """README's last step, with a mailbox that only root may read."""
        name, message = report_mail()
        folder = self.m.path("/root/Maildir/.tlsrpt/cur")
        folder.mkdir(parents=True)
        (folder / "1.mx:2,S").write_bytes(message)
        (folder / "1.mx:2,S").chmod(0o600)
        said = self.m.run("tlsrpt-import", "/root/Maildir", check=False)
        if "who must be able to read them" not in said:
            raise Failed(f"the user who reads is not mentioned:\n{said}")
        self.follow(block(README, "**Old reports**", 7))
        self.wait_stored(name)

    # What systemd shows, and how it treats the services

    def check_sandbox(self):
        for unit, user in ((MILTER, "tlsrpt-milter"), (LOADER, "tlsrpt-loader")):
            pid = self.m.show(unit, "MainPID")
            status = self.m.run("cat", f"/proc/{pid}/status")
            for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapBnd:\t" + "0" * 16):
                if line not in status:
                    raise Failed(f"{unit} lacks {line!r}:\n{status}")
            owner = self.m.run("stat", "-c", "%U:%G", f"/proc/{pid}").strip()
            expect(f"who runs {unit}", owner, f"{user}:tlsrpt")
            expect(unit, self.m.show(unit, "WatchdogUSec"), "1min")
            if not self.m.show(unit, "StatusText"):
                raise Failed(f"{unit} has no status text")
            if self.m.show(unit, "StatusText") not in self.m.systemctl(
                "status", unit
            ):
                raise Failed(f"systemctl status {unit} has no status text")
        networks = {
            self.m.run("readlink", f"/proc/{pid}/ns/net")
            for pid in ("1", self.m.show(MILTER, "MainPID"))
        }
        expect("networks", len(networks), 2)

    def check_exposure(self):
        for unit, most in EXPOSURE.items():
            text = self.m.run("systemd-analyze", "--no-pager", "security", unit)
            level = float(re.search(r"level for \S+: ([\d.]+)", text).group(1))
            say(f"  exposure of {unit}: {level}")
            if level > most:
                raise Failed(f"{unit}: {level} is more than {most}\n{text}")

    def edit(self, old, new):
        text = self.m.path(CONF).read_text("utf-8")
        if old not in text:
            raise Failed(f"{CONF} has no {old!r}")
        self.m.write(CONF, text.replace(old, new))

    def check_reload(self):
        """A reload accepts a new address and refuses a mistake."""
        other = "tls-reports@example.com"
        with self.m.path("/etc/aliases").open("a") as aliases:
            aliases.write("tls-reports: postmaster\n")
        self.m.run("newaliases")
        before = self.m.show(MILTER, "MainPID")
        self.edit(ADDRESS, f"{ADDRESS}, {other}")
        self.m.systemctl("reload", MILTER, LOADER)
        self.wait_said(MILTER, "reload")
        self.wait_stored(self.send_report(other))
        self.empty_queue()
        expect("mail of a new address", self.mailbox("root"), "")
        self.edit("disposition = discard", "disposition = disgard")
        self.m.systemctl("reload", MILTER)
        wait_for(
            lambda: "disgard" in self.m.show(MILTER, "StatusText"),
            "the status names the mistake",
        )
        self.wait_stored(self.send_report())
        self.edit("disposition = disgard", "disposition = discard")
        self.m.systemctl("reload", MILTER)
        wait_for(
            lambda: "disgard" not in self.m.show(MILTER, "StatusText"),
            "the status no longer names the mistake",
        )
        expect("the milter's pid", self.m.show(MILTER, "MainPID"), before)

    def wait_said(self, unit, words):
        wait_for(
            lambda: words in self.m.journal("-u", unit),
            f'the journal of {unit} says "{words}"',
        )

    def check_service_file(self):
        """The loader uses a service file, as README.Debian describes."""
        self.m.write(
            "/etc/tlsrpt-milter/pg_service.conf",
            block(README_DEBIAN, "The loader looks up", 2),
        )
        self.edit("host=/run/postgresql dbname=tlsrpt", "service=tlsrpt")
        self.follow(block(README_DEBIAN, "creates the schema with", 2))
        self.m.systemctl("restart", LOADER)
        self.wait_stored(self.send_report())

    def under_mail(self, action):
        """Sends reports while action() runs. Returns how many were stored, and
        how many were delivered, as happens without a milter."""
        names, errors, slowest, stop = [], [], [0.0], threading.Event()

        def work():
            try:
                while not stop.is_set():
                    started = time.monotonic()
                    names.append(self.send_report())
                    slowest.append(time.monotonic() - started)
            except Exception as error:  # pylint: disable=broad-except
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            action()
            time.sleep(1)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        if errors:
            raise Failed(f"mail suffered: {errors[0]!r}")
        self.empty_queue()
        mailbox = self.mailbox("root")
        delivered = {name for name in names if f"<{name}>" in mailbox}
        wait_for(
            lambda: set(names) <= self.in_tables() | delivered,
            f"{len(names)} reports are in the tables or delivered",
        )
        stored = len(set(names) & self.in_tables())
        say(
            f"  {stored} reports stored, {len(delivered)} delivered,"
            f" the slowest mail took {max(slowest):.1f} s"
        )
        return stored, len(delivered)

    def restart_often(self):
        for _ in range(12):
            time.sleep(0.4)
            self.m.systemctl("restart", MILTER)

    def check_restart(self):
        _, delivered = self.under_mail(self.restart_often)
        expect("reports missed during a restart", delivered, 0)

    def kill_often(self):
        for _ in range(6):
            pid = self.m.show(MILTER, "MainPID")
            self.m.systemctl("kill", "-s", "KILL", MILTER)
            wait_for(
                lambda pid=pid: self.m.show(MILTER, "ActiveState") == "active"
                and self.m.show(MILTER, "MainPID") not in ("0", pid),
                "systemd has started the milter again",
            )

    def check_death(self):
        self.under_mail(self.kill_often)
        self.wait_stored(self.send_report())

    def check_wrong_configuration(self):
        """If the milter can't start, mail is not delayed, and a restart of the
        socket works once the configuration is fixed."""
        socket = "tlsrpt-milter.socket"
        self.edit("disposition = discard", "disposition = disgard")
        self.m.systemctl("restart", MILTER, check=False)
        started = time.monotonic()
        name = self.send_report()
        seconds = time.monotonic() - started
        self.empty_queue()
        if name not in self.mailbox("root"):
            raise Failed("a report is gone")
        say(f"  mail took {seconds:.1f} s")
        wait_for(
            lambda: self.m.show(socket, "ActiveState") == "failed",
            "the socket is closed",
        )
        self.edit("disposition = disgard", "disposition = discard")
        time.sleep(6)  # more than TriggerLimitIntervalSec=
        self.m.systemctl("restart", socket)
        self.wait_stored(self.send_report())

    def drop_in(self, unit, text):
        folder = self.m.path(f"/etc/systemd/system/{unit}.d")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "check.conf").write_text(f"[Service]\n{text}\n")

    def undo_drop_ins(self):
        for unit in (MILTER, LOADER, HTML):
            self.m.run("rm", "-rf", f"/etc/systemd/system/{unit}.d")
        self.m.systemctl("daemon-reload")
        self.m.systemctl("restart", MILTER, LOADER)

    def check_watchdog(self):
        """A healthy process is left alone, a hung one is replaced."""
        for unit in (MILTER, LOADER):
            self.drop_in(unit, "WatchdogSec=2\nTimeoutAbortSec=2")
        self.m.systemctl("daemon-reload")
        self.m.systemctl("restart", MILTER, LOADER)
        first = {u: self.m.show(u, "MainPID") for u in (MILTER, LOADER)}
        time.sleep(6)
        for unit, pid in first.items():
            expect(f"the pid of {unit}", self.m.show(unit, "MainPID"), pid)
            self.m.run("kill", "-STOP", pid)
        for unit, pid in first.items():
            self.wait_said(unit, "Watchdog timeout")
            wait_for(
                lambda unit=unit, pid=pid: self.m.show(unit, "ActiveState")
                == "active"
                and self.m.show(unit, "MainPID") not in ("0", pid),
                f"{unit} is running again",
            )
        self.wait_stored(self.send_report())
        self.undo_drop_ins()

    def check_database(self):
        """PostgreSQL stops and starts; the loader keeps running."""
        before = self.m.show(LOADER, "MainPID")
        self.under_mail(lambda: self.m.systemctl("restart", "postgresql"))
        self.m.systemctl("stop", "postgresql")
        names = [self.send_report() for _ in range(3)]
        self.m.systemctl("start", "postgresql")
        self.wait_stored(*names)
        expect("the loader's pid", self.m.show(LOADER, "MainPID"), before)

    def check_summaries(self):
        lines = block(README, "`/etc/tlsrpt-milter/report.conf`", 4)
        self.m.write("/etc/tlsrpt-milter/report.conf", lines)
        self.follow(block(README, "`/etc/tlsrpt-milter/report.pgpass`", 4))
        for timer in ("tlsrpt-report-html.timer", "tlsrpt-report-weekly.timer"):
            expect(timer, self.m.show(timer, "ActiveState"), "active")
            if not self.m.show(timer, "NextElapseUSecRealtime"):
                raise Failed(f"{timer} has no next time")
        self.m.systemctl("start", HTML)
        page = self.m.run("cat", "/var/lib/tlsrpt-report/index.html", user="bob")
        if "example.com" not in page or "</html>" not in page:
            raise Failed(f"the page is incomplete:\n{page[:2000]}")
        self.m.systemctl("start", WEEKLY)
        self.empty_queue()
        mail = self.mailbox("root")
        if "SMTP TLS reports of the week" not in mail or "example.com" not in mail:
            raise Failed(f"the weekly mail did not arrive:\n{mail[-2000:]}")
        self.m.systemctl("stop", "postgresql")
        if "failed" not in self.m.systemctl("start", WEEKLY, check=False):
            raise Failed("the weekly mail is sent without a database")
        self.m.systemctl("start", "postgresql")
        self.m.systemctl("reset-failed", WEEKLY)

    def check_system_calls(self):
        """No forbidden system call is even tried: each would now kill."""
        for unit in (MILTER, LOADER, HTML):
            self.drop_in(unit, "SystemCallErrorNumber=kill")
        self.m.systemctl("daemon-reload")
        self.m.systemctl("restart", MILTER, LOADER)
        self.wait_stored(*[self.send_report() for _ in range(5)])
        self.m.systemctl("reload", MILTER, LOADER)
        self.m.systemctl("restart", "postgresql")
        self.wait_stored(self.send_report())
        self.m.systemctl("start", HTML)
        self.m.systemctl("stop", MILTER, LOADER)
        for unit in (MILTER, LOADER, HTML):
            expect(f"result of {unit}", self.m.show(unit, "Result"), "success")
        self.undo_drop_ins()

    def check_journal(self):
        text = self.m.run("journalctl", "--no-pager", "-q", "-u", "tlsrpt-*")
        text += self.m.run("journalctl", "--no-pager", "-q", "-g", "tlsrpt")
        found = {
            line for line in text.splitlines() if re.search(COMPLAINTS, line)
        }
        if found:
            raise Failed("the journal complains:\n" + "\n".join(sorted(found)))

    # Upgrade, reboot and removal while everything runs

    def check_upgrade(self):
        pids = {u: self.m.show(u, "MainPID") for u in (MILTER, LOADER)}

        def upgrade():
            self.m.run(*self.apt("install", "--reinstall"), *self.package_files())

        _, delivered = self.under_mail(upgrade)
        expect("reports missed during an upgrade", delivered, 0)
        for unit, pid in pids.items():
            expect(unit, self.m.show(unit, "ActiveState"), "active")
            expect(f"{unit} unchanged", self.m.show(unit, "MainPID") == pid, False)
            expect(unit, self.m.show(unit, "NeedDaemonReload"), "no")

    def check_reboot(self):
        self.m.systemctl("stop", "postgresql")
        waiting = self.send_report()
        started = time.monotonic()
        self.m.shut_down()
        say(f"  down in {time.monotonic() - started:.1f} s")
        self.boot()
        self.wait_stored(waiting, self.send_report())

    def check_removal(self):
        names = [path.name.split("_")[0] for path in self.debs]
        self.m.run(*self.apt("remove", *names))
        for unit in (MILTER, LOADER, "tlsrpt-milter.socket"):
            expect(unit, self.m.show(unit, "ActiveState"), "inactive")
        left = self.m.run("pgrep", "-a", "tlsrpt", check=False)
        expect("processes that are left", left, "")
        self.m.mail(
            mails.ordinary_mails()["8 bit"], "alice@example.net", "bob@example.com"
        )
        self.m.run(*self.apt("purge", *names))
        self.m.run("test", "!", "-e", SPOOL)
        self.m.run("test", "!", "-e", Path(SOCKET).parent)

    def check_all(self):
        """Runs the steps in order: each continues where the last stopped."""
        for what, step in (
            ("a new system", self.make_machine),
            ("boot", self.boot),
            ("PostgreSQL and Postfix", self.install_servers),
            ("install", self.install),
            ("configure as README says", self.configure),
            ("enable", self.enable),
            ("mail starts the milter", self.check_mail),
            ("import", self.check_import),
            ("sandbox, watchdog, status", self.check_sandbox),
            ("exposure", self.check_exposure),
            ("reload", self.check_reload),
            ("a service file", self.check_service_file),
            ("restart under mail", self.check_restart),
            ("crash under mail", self.check_death),
            ("a wrong configuration", self.check_wrong_configuration),
            ("watchdog", self.check_watchdog),
            ("PostgreSQL restarts", self.check_database),
            ("page and weekly mail", self.check_summaries),
            ("no forbidden system call", self.check_system_calls),
            ("upgrade under mail", self.check_upgrade),
            ("reboot", self.check_reboot),
            ("journal", self.check_journal),
            ("remove and purge", self.check_removal),
        ):
            say(what)
            step()


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    if len(sys.argv) != 2:
        print("usage: check_systemd.py FOLDER", file=sys.stderr)
        raise SystemExit(64)
    signal.signal(signal.SIGTERM, interrupt)
    site = Site(sys.argv[1])
    site.m.remove()
    try:
        site.check_all()
        say("done")
    except (Failed, AssertionError) as error:
        if site.m.init:
            print(site.m.journal("-n", "60"), file=sys.stderr)
        raise SystemExit(f"check-systemd: {error}") from None
    finally:
        site.m.remove()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("check-systemd: interrupted; all is stopped") from None
