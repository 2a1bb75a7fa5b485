# SPDX-License-Identifier: MIT
"""Fixtures: a cluster and a Postfix per session, and a site per test."""

import grp
import os
import signal

import pytest

from harness import scenes
from harness.folder import is_root, make_folder, remove_folder
from harness.postfix import Postfix
from harness.postgres import Postgres
from harness.process import running
from harness.site import Site, prepare_template

LOG_TAIL = 12_000


def pytest_configure():
    # SIGTERM acts like Ctrl-C: fixtures stop what they started.
    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the logs of what a failed test used."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for fixture in item.funcargs.values():
        for name, text in getattr(fixture, "logs", dict)().items():
            if text.strip():
                report.sections.append((name, text[-LOG_TAIL:]))


@pytest.fixture(scope="session")
def folder():
    path = make_folder()
    yield path
    remove_folder(path)


@pytest.fixture
def place():
    """A folder for this test alone."""
    path = make_folder()
    yield path
    remove_folder(path)


@pytest.fixture(scope="session")
def _cluster(folder):
    cluster = Postgres(folder / "pg")
    cluster.initdb()
    try:
        cluster.start()
        prepare_template(cluster, folder)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def postgres(_cluster):
    """The session's cluster, running whatever an earlier test did to it."""
    _cluster.start()
    return _cluster


@pytest.fixture(scope="session")
def milter_socket(folder):
    """Where the session's Postfix looks for a milter."""
    run = folder / "run"
    run.mkdir()
    if is_root():
        # smtpd runs as user postfix: the socket inherits the folder's group.
        os.chown(run, 0, grp.getgrnam("postfix").gr_gid)
    run.chmod(0o2755)
    return run / "milter.sock"


@pytest.fixture(scope="session")
def postfix(folder, milter_socket):
    server = Postfix(folder / "postfix", f"unix:{milter_socket}")
    with running(server):
        yield server


@pytest.fixture
def site(postgres):
    """A site whose milter is driven by raw protocol: no Postfix."""
    place = Site(postgres)
    yield place
    postgres.start()
    place.close()


@pytest.fixture
def mail_site(postgres, postfix, milter_socket):
    """A site behind the session's Postfix."""
    place = Site(postgres, postfix, milter_socket)
    yield place
    postgres.start()
    place.close()


@pytest.fixture(scope="module")
def scene(_cluster):
    """A site with weeks of reports, which the tests of a module only read."""
    documents = scenes.weeks() + [scenes.hostile()]
    with scenes.loaded(_cluster, documents) as place:
        yield place


@pytest.fixture
def intake_site():
    """A site with milter and spool only: neither Postfix nor database."""
    place = Site()
    yield place
    place.close()
