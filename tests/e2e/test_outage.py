# SPDX-License-Identifier: MIT
"""PostgreSQL in every kind of trouble: the mail side never notices, the log has
one line per change of state, and everything is loaded once it is back."""

import contextlib
import os
import signal
import subprocess

import psycopg
import pytest

from harness.folder import make_folder, remove_folder
from harness.ledger import Ledger
from harness.postgres import PORT, Postgres
from harness.proxy import Proxy
from harness.site import LOADER, Site, prepare_template
from harness.wait import holds_for, wait_for

DISCARD = {"disposition": "discard"}
STATES = ("database-down", "database-up", "record-stuck", "set-aside")


@pytest.fixture
def ledger(site):
    """A milter that accepts reports, whatever is wrong with the database."""
    site.milter(milter=DISCARD)
    return Ledger(site)


def states(daemon):
    """What the loader logged about the database, in order."""
    return [
        line["event"] for line in daemon.events() if line["event"] in STATES
    ]


def send(ledger, count=3):
    for _ in range(count):
        assert ledger.send() == "stored"


def start_loader(site, ledger, **sections):
    """Starts a loader and waits until it has loaded something."""
    daemon = site.loader(**sections)
    send(ledger, 1)
    wait_for(lambda: not site.spooled(), "the first report is loaded")
    assert states(daemon) == ["database-up"]
    return daemon


def wait_down(daemon, count=1):
    lines = daemon.wait_event("database-down", count)
    return lines[-1]["reason"]


def expect_recovery(site, ledger, daemon, downs=1):
    """Each report is loaded once, and the log has one down and one up."""
    wait_for(lambda: not site.spooled(), f"loaded:\n{daemon.text()}", 60)
    wait_for(lambda: states(daemon)[-1] == "database-up", daemon.text())
    expected = ["database-up"] + ["database-down"] * downs + ["database-up"]
    assert states(daemon) == expected, daemon.text()
    assert ledger.check() == ledger.counts()["stored"]


def times_received(site):
    return site.value("SELECT max(times_received) FROM tlsrpt.report")


def end_sessions(site):
    """Ends the loader's sessions and waits until they are gone."""
    site.postgres.query(
        "postgres",
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = %s AND usename = %s",
        [site.database, LOADER],
    )


def set_for_loader(site, setting):
    """Changes a setting for new sessions of the loader in this database."""
    site.rows(f"ALTER ROLE {LOADER} IN DATABASE {site.database} {setting}")


def test_restart(site, ledger):
    daemon = start_loader(site, ledger)
    site.postgres.stop()
    send(ledger)
    wait_down(daemon)
    holds_for(lambda: states(daemon)[2:] == [], "one line", 1.5)
    site.postgres.start()
    expect_recovery(site, ledger, daemon)


def test_frozen(site, ledger):
    """The server keeps the connection open and doesn't answer."""
    daemon = start_loader(site, ledger)
    pids = site.postgres.query(
        "postgres",
        "SELECT pid FROM pg_stat_activity WHERE usename = %s",
        [LOADER],
    )
    for (pid,) in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        send(ledger, 10)
        assert len(site.spooled()) == 10
    finally:
        for (pid,) in pids:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not site.spooled(), "loaded")
    assert states(daemon) == ["database-up"]
    assert ledger.check() == 11


def test_read_only(site, ledger):
    """The server is read-only, like a standby or one made so on a full disk."""
    daemon = start_loader(site, ledger)
    set_for_loader(site, "SET default_transaction_read_only = on")
    end_sessions(site)
    send(ledger, 4)
    # SQLSTATE 25006
    assert "25006" in wait_down(daemon)
    # Long enough for more tries than a record gets before it is suspected.
    holds_for(lambda: len(states(daemon)) == 2, daemon.text(), 3.0)
    set_for_loader(site, "RESET default_transaction_read_only")
    end_sessions(site)
    expect_recovery(site, ledger, daemon)
    assert times_received(site) == 1


def test_lock_timeout(site, ledger):
    daemon = start_loader(site, ledger)
    set_for_loader(site, "SET lock_timeout = '50ms'")
    end_sessions(site)
    with psycopg.connect(site.postgres.dsn(site.database)) as other:
        other.execute("LOCK TABLE tlsrpt.report IN ACCESS EXCLUSIVE MODE")
        send(ledger, 4)
        assert "55P03" in wait_down(daemon)
        holds_for(lambda: len(states(daemon)) == 2, daemon.text(), 3.0)
        other.rollback()
    expect_recovery(site, ledger, daemon)
    assert times_received(site) == 1


def test_serialization_failures(site, ledger):
    """The first five transactions fail and have to be repeated."""
    site.rows("CREATE SEQUENCE public.tries")
    site.rows(
        "CREATE FUNCTION public.fail() RETURNS trigger SECURITY DEFINER"
        " LANGUAGE plpgsql AS $$ BEGIN"
        " IF nextval('public.tries') <= 5 THEN"
        " RAISE EXCEPTION USING ERRCODE = 'serialization_failure';"
        " END IF; RETURN NULL; END $$"
    )
    daemon = start_loader(site, ledger)
    site.rows(
        "CREATE TRIGGER fail BEFORE INSERT ON tlsrpt.report"
        " FOR EACH STATEMENT EXECUTE FUNCTION public.fail()"
    )
    send(ledger, 1)
    assert "40001" in wait_down(daemon)
    expect_recovery(site, ledger, daemon)
    assert times_received(site) == 1


def test_a_record_that_fails_alone_holds_up_nobody(site, ledger):
    """A record that keeps failing with temporary errors while others are loaded
    is tried last, and is logged once."""
    site.rows(
        "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.report_id ~ '-2@ledger.example$' THEN"
        " RAISE EXCEPTION USING ERRCODE = 'serialization_failure';"
        " END IF; RETURN NEW; END $$"
    )
    daemon = start_loader(site, ledger)
    site.rows(
        "CREATE TRIGGER fail BEFORE INSERT ON tlsrpt.report"
        " FOR EACH ROW EXECUTE FUNCTION public.fail()"
    )
    daemon.signal(signal.SIGSTOP)
    send(ledger, 6)
    daemon.signal(signal.SIGCONT)
    wait_for(lambda: len(site.spooled()) == 1, daemon.text())
    daemon.wait_event("record-stuck")
    send(ledger)
    wait_for(lambda: len(site.spooled()) == 1, daemon.text())
    assert len(daemon.events("record-stuck")) == 1
    site.rows("DROP TRIGGER fail ON tlsrpt.report")
    wait_for(lambda: not site.spooled(), daemon.text(), 60)
    assert ledger.check() == 10


@contextlib.contextmanager
def proxied(site):
    proxy = Proxy(site.folder / "proxy", site.postgres)
    try:
        yield proxy
    finally:
        proxy.close()


def test_cut_before_commit(site, ledger):
    """The connection breaks after everything but the COMMIT is done."""
    with proxied(site) as proxy:
        conninfo = proxy.dsn(site.database, LOADER)
        daemon = start_loader(site, ledger, database={"conninfo": conninfo})
        proxy.hold_sync = True
        send(ledger)
        assert proxy.held.wait(30)
        proxy.cut()
        expect_recovery(site, ledger, daemon)
        assert times_received(site) == 1
        daemon.stop()
        site.daemons.remove(daemon)


def test_cut_after_commit(site, ledger):
    """The COMMIT succeeds but its answer is lost: the report counts as received
    twice and is stored once."""
    with proxied(site) as proxy:
        conninfo = proxy.dsn(site.database, LOADER)
        daemon = start_loader(site, ledger, database={"conninfo": conninfo})
        proxy.hold_answer = True
        send(ledger, 1)
        wait_for(lambda: site.count("report") == 2, "it is committed")
        assert proxy.held.wait(30)
        assert len(site.spooled()) == 1, "removed without an answer"
        proxy.cut()
        expect_recovery(site, ledger, daemon)
        assert times_received(site) == 2
        outcomes = [line["outcome"] for line in daemon.events("loaded")]
        assert outcomes == ["stored", "duplicate"]
        daemon.stop()
        site.daemons.remove(daemon)


def test_a_connection_without_answers(site, ledger):
    """A proxy takes everything and answers nothing: the loader gives up soon
    after the statement timeout, says so, and turns to the next host; metrics
    are written meanwhile."""
    metrics = site.folder / "metrics"
    metrics.mkdir()

    def database_up():
        text = (metrics / "tlsrpt-loader.prom").read_text()
        return 'tlsrpt_database_up{program="tlsrpt-loader"} 1\n' in text

    with proxied(site) as proxy:
        conninfo = (
            f"host={proxy.folder},{site.postgres.folder} port={PORT}"
            f" dbname={site.database} user={LOADER} connect_timeout=2"
            " options='-c statement_timeout=1s'"
        )
        daemon = start_loader(
            site,
            ledger,
            database={"conninfo": conninfo},
            metrics={"directory": str(metrics)},
        )
        proxy.hold_answer = True
        send(ledger)
        assert proxy.held.wait(30)
        before = (metrics / "tlsrpt-loader.prom").stat().st_mtime_ns
        assert "has not answered within 6 s" in wait_down(daemon)
        expect_recovery(site, ledger, daemon)
        assert (metrics / "tlsrpt-loader.prom").stat().st_mtime_ns > before
        wait_for(database_up, "the metrics say that it is up")
        daemon.stop()
        site.daemons.remove(daemon)


def test_a_host_that_lets_in_and_says_nothing(site, ledger):
    """The first host goes silent behind the login; the second one is used."""
    with proxied(site) as proxy:
        proxy.hold_query = True
        conninfo = (
            f"host={proxy.folder},{site.postgres.folder} port={PORT},{PORT}"
            f" dbname={site.database} user={LOADER}"
        )
        start_loader(site, ledger, database={"conninfo": conninfo})
        assert proxy.held.is_set()
        site.daemons.pop().stop()


def test_a_lock_is_told_of(site, ledger):
    """A batch that waits behind a lock is a line that names the holder."""
    daemon = start_loader(site, ledger)
    conninfo = site.postgres.dsn(site.database)
    with psycopg.connect(conninfo, application_name="vacuum-night") as other:
        other.execute("LOCK TABLE tlsrpt.report IN ACCESS EXCLUSIVE MODE")
        send(ledger)
        line = daemon.wait_event("lock-wait", timeout=30)[0]
        assert f"process {other.info.backend_pid}," in line["reason"], line
        assert "application vacuum-night" in line["reason"], line
        holds_for(lambda: len(daemon.events("lock-wait")) == 1, "once", 2)
        other.rollback()
    wait_for(lambda: not site.spooled(), daemon.text())
    assert states(daemon) == ["database-up"]
    assert ledger.check() == 4


# Tests with a server of their own, with passwords and a standby


@pytest.fixture(scope="module")
def pair():
    """A cluster with a standby that must confirm each commit."""
    folder = make_folder()
    primary = Postgres(folder / "a")
    standby = Postgres(folder / "b")
    primary.initdb()
    try:
        primary.start()
        prepare_template(primary, folder)
        yield primary, standby
    finally:
        standby.stop()
        primary.stop()
        remove_folder(folder)


@pytest.fixture
def pair_site(pair):
    place = Site(pair[0])
    yield place
    place.close()


def require_password(primary):
    hba = primary.data / "pg_hba.conf"
    rule = f"local all {LOADER} scram-sha-256\n"
    hba.write_text(rule + hba.read_text())
    primary.query("postgres", "SELECT pg_reload_conf()")


def test_password_refused(pair_site):
    site = pair_site
    site.milter(milter=DISCARD)
    ledger = Ledger(site)
    set_password = f"ALTER ROLE {LOADER} PASSWORD "
    site.rows(set_password + "'first'")
    require_password(site.postgres)
    passwords = site.folder / "pgpass"
    passwords.write_text("*:*:*:*:first\n")
    passwords.chmod(0o600)
    site.env["tlsrpt-loader"] = {"PGPASSFILE": str(passwords)}
    daemon = start_loader(site, ledger)
    site.rows(set_password + "'second'")
    end_sessions(site)
    send(ledger)
    wait_for(
        lambda: "password authentication failed" in wait_down(daemon),
        "the loader is refused",
    )
    assert "first" not in daemon.text()
    # There is one more if the session ended in the middle of a batch.
    downs = states(daemon).count("database-down")
    assert downs <= 2
    holds_for(lambda: len(states(daemon)) == 1 + downs, daemon.text(), 2.0)
    # The file is read for each connection, so no restart is needed.
    passwords.write_text("*:*:*:*:second\n")
    expect_recovery(site, ledger, daemon, downs)


def run_as(postgres, *arguments):
    identity = {}
    if postgres.user:
        uid, gid = postgres.user
        identity = {"user": uid, "group": gid, "extra_groups": []}
    subprocess.run(
        [str(argument) for argument in arguments],
        cwd=postgres.folder,
        check=True,
        **identity,
    )


def start_standby(primary, standby):
    standby.folder.mkdir()
    if standby.user:
        os.chown(standby.folder, *standby.user)
    source = f"host={primary.folder} port={PORT} user=postgres"
    run_as(
        standby,
        *(primary.bin / "pg_basebackup", "-D", standby.data, "-d", source),
        *("-R", "-X", "stream", "-c", "fast", "--no-sync"),
    )
    with open(standby.data / "postgresql.conf", "a", encoding="ascii") as conf:
        conf.write(f"unix_socket_directories = '{standby.folder}'\n")
        conf.write("synchronous_standby_names = ''\n")
    standby.start()
    # Without this, a commit that the loader has seen could be lost with the
    # primary.
    primary.query(
        "postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'"
    )
    primary.query("postgres", "SELECT pg_reload_conf()")
    wait_for(
        lambda: primary.query(
            "postgres",
            "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'",
        ),
        "the standby confirms commits",
    )


def test_failover(pair, pair_site):
    """If the primary dies and its standby is promoted, no help is needed."""
    site, (primary, standby) = pair_site, pair
    site.milter(milter=DISCARD)
    ledger = Ledger(site)
    hba = primary.data / "pg_hba.conf"
    hba.write_text(hba.read_text().replace("scram-sha-256", "trust"))
    primary.query("postgres", "SELECT pg_reload_conf()")
    start_standby(primary, standby)
    conninfo = (
        f"host={standby.folder},{primary.folder} port={PORT},{PORT}"
        f" dbname={site.database} user={LOADER}"
        " target_session_attrs=read-write"
    )
    daemon = start_loader(site, ledger, database={"conninfo": conninfo})
    send(ledger, 5)
    wait_for(lambda: not site.spooled(), "loaded by the primary")
    primary.kill9()
    send(ledger, 5)
    wait_down(daemon)
    site.postgres = standby
    standby.query("postgres", "SELECT pg_promote()")
    wait_for(lambda: not site.spooled(), daemon.text(), 60)
    assert ledger.check() == 11
    assert states(daemon)[0] == "database-up"
    assert states(daemon)[-1] == "database-up"
    # There is at most one line for each reason: first the connection broke, and
    # then only a standby was left.
    assert states(daemon).count("database-down") <= 2, daemon.text()


