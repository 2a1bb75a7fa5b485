# SPDX-License-Identifier: MIT
"""tlsrpt-import with a failing disk says so, and a second run imports all."""

import pytest

from harness import mails, programs
from harness.faults import KILL_AFTER, KILL_BEFORE, Faults, error
from harness.programs import stored_lines
from harness.wait import wait_for

IMPORT = "tlsrpt-import"
KINDS = ("open", "write", "fsync", "rename")
# This many records are synced all at once instead of one by one.
FEW, MANY = 3, 20


@pytest.fixture
def faults(site):
    site.spool.mkdir()
    return Faults(site, IMPORT)


def make_reports(folder, count):
    folder.mkdir()
    for number in range(count):
        document = mails.document(mails.GOOGLE, [mails.policy(successful=1)])
        document["report-id"] = f"import-{number}"
        (folder / f"{number:02}.json").write_bytes(mails.as_json(document))
    return folder


def run_import(site, faults, folder):
    return programs.run(
        IMPORT, "-c", site.config(), folder, folder=site.folder, **faults.env
    )


@pytest.mark.parametrize("count", [FEW, MANY])
def test_every_kind_of_call_fails(site, faults, count):
    folder = make_reports(site.folder / "reports", count)
    for kind in KINDS:
        for at in (1, 2):
            before = faults.calls()[kind]
            faults.arm(error("EIO"), (kind,), at)
            done = run_import(site, faults, folder)
            fired = faults.disarm()
            if fired == 0:
                # MANY has one syncfs and one fsync of new: both are reached.
                assert faults.calls()[kind] - before < at
                assert done.returncode == 0, done.stderr
                continue
            assert done.returncode == 73, (kind, at, done.stdout, done.stderr)
            assert "spool" in done.stderr, done.stderr
            assert site.spooled("tmp") == [], (kind, at)
    check_once(site, faults, folder, count)


@pytest.mark.parametrize("count", [FEW, MANY])
def test_killed_at_every_kind_of_call(site, faults, count):
    folder = make_reports(site.folder / "reports", count)
    for kind in KINDS:
        for action in (KILL_BEFORE, KILL_AFTER):
            faults.arm(action, (kind,), 1)
            done = run_import(site, faults, folder)
            assert faults.disarm() == 1, (kind, action)
            assert done.returncode == -9, done.stderr
            # Nothing was promised that was not durable.
            assert len(stored_lines(done)) <= len(site.spooled("new"))
    check_once(site, faults, folder, count)


def check_once(site, faults, folder, count):
    """An undisturbed run imports everything, and each report once."""
    done = run_import(site, faults, folder)
    assert done.returncode == 0, done.stderr
    assert len(stored_lines(done)) == count
    site.loader()
    wait_for(lambda: not site.spooled(), "the spool is empty")
    assert site.count("report") == count
