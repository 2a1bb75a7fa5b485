# SPDX-License-Identifier: MIT
"""The units of the timers: the page in a folder, and the weekly mail."""

import email
import email.policy
import re
import subprocess

import pytest

from harness import programs, scenes
from harness.site import READER

UNITS = programs.ROOT / "packaging" / "systemd"
NAMES = ("tlsrpt-report-html", "tlsrpt-report-weekly")


@pytest.fixture(scope="module")
def scene(_cluster):
    with scenes.loaded(_cluster, scenes.weeks(14)) as place:
        yield place


def settings(unit):
    """The settings of a unit as [(name, value)], with continued lines joined by
    a blank (systemd.syntax(7))."""
    text = (UNITS / unit).read_text("utf-8")
    text = re.sub(r"(?m)^[#;].*\n", "", text)
    text = re.sub(r"\\\n", " ", text)
    return re.findall(r"(?m)^(\w+)=(.*)$", text)


def command(unit):
    """The words of ExecStart=, split as systemd does (systemd.service(5),
    "Command lines"): quotes, C escapes, %% and $$."""
    (line,) = [value for name, value in settings(unit) if name == "ExecStart"]
    words = []
    for quoted, bare in re.findall(r"'((?:[^'\\]|\\.)*)'|(\S+)", line):
        word = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        word = word.replace("%%", "%")
        assert not re.search(r"(?<!\$)\$(?!\$)", word.replace("$$", "")), word
        words.append(word.replace("$$", "$"))
    return words


def run(scene, words, **env):
    """Runs the unit's command with this build's program; sendmail is a file."""
    tools = scene.folder / "bin"
    tools.mkdir(exist_ok=True)
    link = tools / "tlsrpt-report"
    link.unlink(missing_ok=True)
    link.symlink_to(programs.program("tlsrpt-report"))
    sendmail = tools / "sendmail"
    sendmail.write_text(
        f'#!/bin/sh\necho "$@" > {tools}/arguments\ncat > {tools}/mail\n'
    )
    sendmail.chmod(0o755)
    environment = programs.environment(scene.folder, **env)
    environment["PATH"] = f"{tools}:/usr/bin:/bin"
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    )
    return done.returncode, done.stdout.decode(), tools


@pytest.mark.parametrize("name", NAMES)
def test_units_are_well_formed(name, tmp_path):
    for kind in ("service", "timer"):
        text = (UNITS / f"{name}.{kind}").read_text("utf-8")
        # The path of the program on this machine does not matter.
        text = text.replace("/usr/bin/tlsrpt-report", "/bin/true")
        (tmp_path / f"{name}.{kind}").write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no"]
        + [tmp_path / f"{name}.{kind}" for kind in ("service", "timer")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    ours = [
        line for line in done.stdout.decode().splitlines() if name in line
    ]
    assert done.returncode == 0 and not ours, done.stdout.decode()


@pytest.mark.parametrize("name", NAMES)
def test_timers(name):
    timer = dict(settings(f"{name}.timer"))
    done = subprocess.run(
        ["systemd-analyze", "calendar", timer["OnCalendar"]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert timer["WantedBy"] == "timers.target"
    assert timer["Persistent"] == "yes"
    service = dict(settings(f"{name}.service"))
    assert service["Type"] == "oneshot"
    users = (UNITS / "tlsrpt-milter.sysusers.conf").read_text("utf-8")
    assert f"u {service['User']} " in users


def test_page(scene):
    """The exact command of the service, with this test's configuration."""
    words = command("tlsrpt-report-html.service")
    page = scene.folder / "index.html"
    config = scene.config("report.conf", user=READER)
    assert words[0] == "/usr/bin/tlsrpt-report"
    words[0] = programs.program("tlsrpt-report")
    words[words.index("-c") + 1] = config
    written = words[words.index("--output") + 1]
    assert written.startswith("/var/lib/tlsrpt-report/")
    words[words.index("--output") + 1] = page
    code, output, _ = run(scene, words)
    assert (code, output) == (0, "")
    assert "certificate-expired at mx2.example.com" in page.read_text("utf-8")


def test_weekly_mail(scene):
    config = scene.config("report.conf", user=READER)
    code, output, tools = run(
        scene,
        command("tlsrpt-report-weekly.service"),
        CONFIG=str(config),
        MAILTO="ops@example.com",
    )
    assert (code, output) == (0, "")
    assert (tools / "arguments").read_text() == "-oi -t\n"
    mail = email.message_from_bytes(
        (tools / "mail").read_bytes(), policy=email.policy.default
    )
    assert mail["To"] == "ops@example.com"
    assert mail["Subject"] == "SMTP TLS reports of the week"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert not mail.defects
    text = mail.get_content()
    assert "New, our side: " in text and "█" in text
    for line in text.splitlines():
        assert len(line) <= 80 and line.isprintable()


def test_no_mail_without_a_summary(scene, site):
    config = site.config("report.conf", user=READER)
    site.postgres.stop()
    _, _, tools = run(scene, ["true"])
    (tools / "mail").unlink(missing_ok=True)
    code, output, _ = run(
        scene,
        command("tlsrpt-report-weekly.service"),
        CONFIG=str(config),
        MAILTO="ops@example.com",
    )
    assert code != 0 and "tlsrpt-report: " in output
    assert not (tools / "mail").exists()
