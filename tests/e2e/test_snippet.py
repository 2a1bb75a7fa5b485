# SPDX-License-Identifier: MIT
"""The shipped lines for main.cf, unchanged, with a chrooted smtpd."""

import grp
import os
import signal
import time
from pathlib import Path

import pytest

from harness import mails
from harness.postfix import Postfix
from harness.process import running
from harness.programs import ROOT
from harness.site import Site, header_values

SNIPPET = ROOT / "packaging" / "postfix" / "main.cf"


@pytest.fixture(scope="module")
def chrooted(folder):
    server = Postfix(
        folder / "chrooted",
        None,
        lines=SNIPPET.read_text(encoding="utf-8"),
        chroot=True,
    )
    # As the snippet says, except that the owner is root here.
    place = server.queue / "tlsrpt-milter"
    place.mkdir(parents=True)
    os.chown(place, 0, grp.getgrnam("postfix").gr_gid)
    place.chmod(0o2750)
    with running(server):
        yield server


@pytest.fixture
def site(chrooted):
    place = Site(
        None, chrooted, chrooted.queue / "tlsrpt-milter" / "milter.sock"
    )
    yield place
    place.close()


def roots_of(name, folder):
    """The root folders of processes with this name that are in a folder."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() != name:
                continue
            root = Path(os.readlink(process / "root"))
        except OSError:
            continue
        if root == folder or folder in root.parents:
            found.add(root)
    return found


def test_through_the_chroot(site, chrooted):
    site.milter(milter={"disposition": "discard"})
    code, text = site.send(mails.carrier())
    assert code == 250, text
    assert roots_of("smtpd", chrooted.queue.resolve()) == {
        chrooted.queue.resolve()
    }
    assert site.delivered() == []
    assert len(site.spooled()) == 1
    site.send(mails.carrier(), site.address(), site.address("bob"))
    assert header_values(site.the_mail("bob"), "X-TLSRPT") == [
        "stored; reports=1"
    ]


def test_without_the_milter(site):
    mail = mails.ordinary_mails()["plain"]
    for _ in range(2):
        begin = time.monotonic()
        code, text = site.send(mail, site.address("bob"))
        assert code == 250, text
        assert time.monotonic() - begin < 5
    assert site.delivered("bob") == [mails.lines_as_delivered(mail)] * 2


def test_with_a_milter_that_hangs(site):
    """A mail waits no longer than the timeouts of the snippet."""
    milter = site.milter()
    mail = mails.ordinary_mails()["plain"]
    os.kill(milter.pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        code, text = site.send(mail, site.address("bob"))
        waited = time.monotonic() - begin
    finally:
        os.kill(milter.pid, signal.SIGCONT)
    assert code == 250, text
    assert 1 < waited < 8
    assert site.the_mail("bob") == mails.lines_as_delivered(mail)
