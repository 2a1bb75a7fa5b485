# SPDX-License-Identifier: MIT
"""packaging/notify: tlsrpt-notify prints, mails or posts problems when they
appear, and nothing else."""

import email
import email.policy
import http.server
import json
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import mails, programs
from harness.folder import read_text
from harness.programs import words
from harness.site import READER
from harness.wait import holds_for, wait_for

FOLDER = programs.ROOT / "packaging" / "notify"
PROGRAM = FOLDER / "tlsrpt-notify"
UNIT = FOLDER / "tlsrpt-notify.service"
STRANGER = "site_stranger"
# Line ends of all kinds, escape sequences, bidi controls, and a mail header.
EVIL = (
    "\x1b[31mred\x1b]0;title\x07\r\nBcc: all@example.com\r\n\r\nbody"
    "\x85\u2028\u2029\u202egnp.exe\u2066\u200b\x7f\x9b31m ä \\"
)


def report(*hosts, ago=1, result_type="tlsa-invalid", domain="example.com"):
    """A report of failures at each of these hosts."""
    policy = mails.policy(
        domain or "example.com",
        failed=len(hosts),
        successful=9,
        details=[mails.detail(result_type, mx=host) for host in hosts],
    )
    if domain is None:
        del policy["policy"]["policy-domain"]
    return mails.unique(
        policies=[policy],
        day=mails.yesterday(ago),
        **{"organization-name": "Bäckerei Post"},
    )


def announce(site, payload, user="postgres"):
    site.postgres.query(
        site.database, "SELECT pg_notify('tlsrpt_problem', %s)", [payload], user
    )


class Notifier:
    """A running tlsrpt-notify that listens."""

    def __init__(self, site, *arguments, **env):
        self.paths = [site.folder / f"notify.{name}" for name in ("out", "err")]
        out, err = (open(path, "wb") for path in self.paths)
        with out, err:
            self.process = subprocess.Popen(
                [
                    PROGRAM,
                    *("--dsn", site.postgres.dsn(site.database, READER)),
                    *map(str, arguments),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=site.folder,
                env=programs.environment(site.folder, **env),
            )
        self.wait_stderr("Listening.")

    @property
    def stdout(self):
        return read_text(self.paths[0])

    @property
    def stderr(self):
        return read_text(self.paths[1])

    def told(self):
        """The hosts that were printed, in order."""
        return re.findall(
            r"(?m)^TLS problem: tlsa-invalid at (\S+)$", self.stdout
        )

    def wait_told(self, *hosts):
        wait_for(
            lambda: self._runs() and hosts[-1] in self.told(),
            f"{hosts[-1]} is told",
        )
        assert self.told() == list(hosts)

    def wait_stderr(self, text, count=1):
        wait_for(
            lambda: self._runs() and self.stderr.count(text) >= count,
            f"{text!r} on stderr, {count} time(s)",
        )

    def _runs(self):
        assert self.process.poll() is None, self.stderr
        return True

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            code = self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()
        assert code == 0, self.stderr
        for line in self.stderr.splitlines():
            assert line.startswith("tlsrpt-notify: ") and line.endswith(".")


@pytest.fixture
def notify(request):
    """Starts a notifier for a site."""
    started = []

    def start(*arguments, **env):
        started.append(Notifier(*arguments, **env))
        return started[-1]

    yield start
    for notifier in started:
        notifier.stop()


class WebServer(http.server.ThreadingHTTPServer):
    """Keeps what is posted, and answers with the statuses one after another."""

    def __init__(self, *statuses):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.requests = []
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.thread.join()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = self.headers["Content-Type"]
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if statuses else 204)
        self.send_header("Location", self.server.address + "/elsewhere")
        self.end_headers()
        self.server.requests.append((self.command, self.path, kind, body))

    # If the redirect were followed, a GET would arrive.
    def do_GET(self):
        self.server.requests.append((self.command, self.path, None, b""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_prints_what_appears(site, notify):
    notifier = notify(site)
    site.take_in(report("mx1.example.com"))
    notifier.wait_told("mx1.example.com")
    ((problem_id, *sentences),) = site.rows(
        "SELECT problem_id, explanation, evidence, action FROM tlsrpt.problem"
    )
    printed = words(notifier.stdout)
    for sentence in sentences:
        assert sentence in printed
    assert f"tlsrpt-report --problem {problem_id}" in printed
    assert "Bäckerei Post" in printed
    # Repeats, and problems that are over, are not reported; the order is kept.
    announce(site, problem_id)
    site.take_in(report("old.example.com", ago=40))
    site.take_in(report("mx2.example.com"))
    notifier.wait_told("mx1.example.com", "mx2.example.com")
    # This report does not name its domain.
    site.take_in(report("mx3.example.com", domain=None))
    notifier.wait_told("mx1.example.com", "mx2.example.com", "mx3.example.com")
    assert "an unnamed domain" in words(notifier.stdout)


def test_known_at_the_start(site, notify):
    """A problem from before the start is reported only if announced again."""
    site.take_in(report("mx1.example.com"))
    notifier = notify(site, PYTHONIOENCODING="ascii")
    site.take_in(report("mx2.example.com"))
    notifier.wait_told("mx2.example.com")
    assert "B\\xe4ckerei Post" in words(notifier.stdout)
    ((problem_id,),) = site.rows(
        "SELECT problem_id FROM tlsrpt.problem"
        " WHERE receiving_mx_hostname = 'mx1.example.com'"
    )
    announce(site, problem_id)
    notifier.wait_told("mx2.example.com", "mx1.example.com")


def test_flood(site, notify):
    """A stranger's report with many problems does not become a mail bomb."""
    notifier = notify(site)
    site.take_in(report(*(f"mx{n}.example.com" for n in range(45))))
    wait_for(lambda: len(notifier.told()) >= 30, "30 problems are told")
    site.take_in(report("more.example.com"))
    holds_for(lambda: len(notifier.told()) == 30, "no more are told", 0.5)
    last = "No other problem will be reported for up to an hour.\n\n"
    assert notifier.stdout.count(last) == 1
    assert notifier.stdout.endswith(last)


def wait_letters(site, count=1):
    wait_for(
        lambda: len(site.postfix.mailbox(f"ops{site.number}")) >= count,
        "the mail is there",
    )
    raw = site.delivered("ops")
    assert len(raw) == count
    return raw, [
        email.message_from_bytes(mail, policy=email.policy.default)
        for mail in raw
    ]


def test_mails(mail_site, notify):
    address = mail_site.address("ops")
    other = mail_site.address("chief")
    notify(
        mail_site,
        *("--mail", address, "--mail", other),
        **mail_site.postfix.sendmail_env,
    )
    document = report("mx1.example.com", result_type="certificate-expired")
    mail_site.take_in(document)
    _, (letter,) = wait_letters(mail_site)
    assert letter["Subject"] == (
        "TLS problem: certificate-expired at mx1.example.com"
    )
    assert letter["To"] == address
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["From"] and letter["Date"] and letter["Message-ID"]
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8"
    assert not letter.defects
    text = words(letter.get_content())
    ((problem_id, *sentences),) = mail_site.rows(
        "SELECT problem_id, explanation, evidence, action FROM tlsrpt.problem"
    )
    for part in (problem_id, "Bäckerei Post", *sentences):
        assert part in text
    wait_for(
        lambda: mail_site.postfix.mailbox(f"chief{mail_site.number}"),
        "the other has it too",
    )


def test_hostile_names(mail_site, notify):
    document = report(EVIL, result_type=EVIL)
    document["organization-name"] = EVIL
    arguments = ("--mail", mail_site.address("ops"))
    notify(mail_site, *arguments, **mail_site.postfix.sendmail_env)
    mail_site.take_in(document)
    (raw,), (letter,) = wait_letters(mail_site)
    head, _, body = raw.partition(b"\n\n")
    assert re.fullmatch(rb"[ -~\n]+", head)
    assert letter["Bcc"] is None and not letter.defects
    assert not mail_site.postfix.mailbox("all")
    subject = letter["Subject"]
    assert subject.startswith("TLS problem: \\u{001B}[31mred")
    for line in [subject, *body.decode("utf-8").splitlines()]:
        assert line.isprintable(), repr(line)
        assert not line.startswith(("Bcc:", "body"))
    assert "\ufffdgnp.exe" in words(letter.get_content())


def test_posts(site, notify):
    with WebServer(503, 302) as server:
        url = server.address + "/hook/secret"
        notifier = notify(site, "--post", url, "--retry", "0.1")
        site.take_in(report("mx1.example.com"))
        wait_for(lambda: len(server.requests) >= 3, "it is posted")
        row = site.value("SELECT to_jsonb(p) FROM tlsrpt.problem AS p")
        site.take_in(report("mx2.example.com"))
        wait_for(lambda: len(server.requests) >= 4, "the next is posted")
    bodies = []
    for method, path, kind, body in server.requests:
        assert (method, path) == ("POST", "/hook/secret")
        assert kind == "application/json"
        bodies.append(json.loads(body))
    # The first was refused, the second redirected in vain, the third accepted.
    assert bodies[:3] == [row] * 3
    (second,) = bodies[3:]
    assert second["receiving_mx_hostname"] == "mx2.example.com"
    for text in ("HTTP Error 503", "HTTP Error 302", "Next try in 0.3 s."):
        assert text in notifier.stderr
    assert "secret" not in notifier.stderr
    assert notifier.stdout == ""


def test_what_never_works_keeps_nobody_from_the_rest(site, notify):
    with WebServer() as server:
        notifier = notify(
            site,
            *("--mail", "root", "--sendmail", "/bin/false"),
            *("--post", "http://127.0.0.1:1/", "--post", server.address),
            *("--retry", "0.01"),
        )
        for number in (1, 2):
            site.take_in(report(f"mx{number}.example.com"))
            notifier.wait_stderr("Given up.", 2 * number)
            assert len(server.requests) == number
    for start in ("Mail to root failed", "POST to 127.0.0.1:1 failed"):
        assert notifier.stderr.count(start) == 10


def test_forged_notes(site, notify):
    """NOTIFY needs no permission, so a notification alone proves nothing."""
    site.postgres.create_login(STRANGER)
    notifier = notify(site)
    for payload in (
        *("", "nonsense", "' OR true --", "%s", EVIL, "x" * 7999),
        *("0123456789abcdef", "0", "NULL"),
    ):
        announce(site, payload, STRANGER)
    site.take_in(report("mx1.example.com"))
    notifier.wait_told("mx1.example.com")
    assert notifier.stdout.count("TLS problem") == 1
    assert notifier.stderr == "tlsrpt-notify: Listening.\n"


def test_database_restarts(site, notify):
    notifier = notify(site)
    site.take_in(report("mx1.example.com"))
    notifier.wait_told("mx1.example.com")
    site.postgres.stop()
    notifier.wait_stderr("Not listening: ")
    # Long enough for another failed try, which is not logged again.
    time.sleep(1.5)
    site.postgres.start()
    notifier.wait_stderr("Listening.", 2)
    assert notifier.stderr.count("Not listening: ") == 1
    site.take_in(report("mx2.example.com"))
    notifier.wait_told("mx1.example.com", "mx2.example.com")
    # The notifier is stopped while the database restarts and gets a report.
    notifier.process.send_signal(signal.SIGSTOP)
    site.postgres.restart()
    site.take_in(report("mx3.example.com"))
    notifier.process.send_signal(signal.SIGCONT)
    notifier.wait_told("mx1.example.com", "mx2.example.com", "mx3.example.com")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--post", "ftp://a.example/"], "not an http or https URL"),
        (["--post", "file:///etc/passwd"], "not an http or https URL"),
        (["--post", "http://a.example/\nX: 1"], "not an http or https URL"),
        (["--mail", "a@example.com\nBcc: b@example.com"], "not a plain mail"),
        (["--mail", "a@example.com, b@example.com"], "not a plain mail"),
        (["--mail", ""], "not a plain mail"),
    ],
)
def test_refused_arguments(arguments, sentence):
    done = subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert sentence in done.stderr


def test_unit(tmp_path):
    text = UNIT.read_text("utf-8")
    (command,) = re.findall(r"(?m)^ExecStart=(.*)$", text)
    path, *arguments = command.split()
    assert path.endswith("/tlsrpt-notify")
    # Arguments are parsed in order: the unit's, then --help, which exits.
    done = subprocess.run([PROGRAM, *arguments, "--help"], check=False)
    assert done.returncode == 0
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace(path, "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == 0 and UNIT.name not in output, output
