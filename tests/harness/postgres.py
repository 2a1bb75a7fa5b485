# SPDX-License-Identifier: MIT
"""A private PostgreSQL with its own data and socket folders and no TCP port."""

import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from .folder import is_root, read_text
from .process import Child
from .wait import wait_for

# With a socket folder of its own, a server may use any port number.
PORT = 5432

CONFIGURATION = """
listen_addresses = ''
max_connections = 60
shared_buffers = 64MB
dynamic_shared_memory_type = mmap
log_min_messages = warning
log_checkpoints = off
log_line_prefix = '%m %u@%d '
# Days are UTC whatever the server thinks: a zone far from it shows who forgot.
timezone = 'Pacific/Auckland'
"""


def programs():
    """The folder with initdb and postgres of the newest installed version."""
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if found:
        newest = max(found, key=lambda path: float(path.split("/")[4]))
        return Path(newest).parent
    on_path = shutil.which("initdb")
    assert on_path, "no initdb: install postgresql-15"
    return Path(on_path).resolve().parent


class Postgres:
    """One cluster. Its superuser is postgres, whoever runs the tests."""

    def __init__(self, folder, fsync=False):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.fsync = fsync
        self.bin = programs()
        self.user = None
        if is_root():
            entry = pwd.getpwnam("postgres")
            self.user = (entry.pw_uid, entry.pw_gid)
        self.child = None
        self.shared_memory = None
        self._count = 0

    def initdb(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            os.chown(self.folder, *self.user)
        self.folder.chmod(0o755)
        who = {}
        if self.user:
            uid, gid = self.user
            who = {"user": uid, "group": gid, "extra_groups": []}
        done = subprocess.run(
            [
                self.bin / "initdb",
                *("-D", self.data, "-U", "postgres", "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8"),
                *("--no-sync", "--no-instructions"),
            ],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **who,
        )
        assert done.returncode == 0, done.stdout.decode()
        with open(self.data / "postgresql.conf", "a", encoding="ascii") as conf:
            conf.write(CONFIGURATION)
            conf.write(f"unix_socket_directories = '{self.folder}'\n")
            conf.write(f"fsync = {'on' if self.fsync else 'off'}\n")

    def start(self):
        if self.running():
            return
        self.child = Child(
            [self.bin / "postgres", "-D", self.data],
            self.log,
            user=self.user,
            cwd=self.folder,
        )
        wait_for(self._answers, f"PostgreSQL answers; see {self.log}")

    def _answers(self):
        assert self.running(), f"postgres ended:\n{read_text(self.log)}"
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def running(self):
        return self.child is not None and self.child.running()

    def stop(self):
        """Fast shutdown: open sessions are ended, nothing is lost."""
        if self.running():
            self.child.stop(signal.SIGINT, timeout=60)
        self.child = None
        self._remove_shared_memory()

    def restart(self):
        self.stop()
        self.start()

    def kill9(self):
        """Kills the server, like a crash. start() recovers."""
        pidfile = read_text(self.data / "postmaster.pid").splitlines()
        if len(pidfile) > 6 and re.fullmatch(r"\s*\d+\s+\d+\s*", pidfile[6]):
            self.shared_memory = pidfile[6].split()[1]
        self.child.send(signal.SIGKILL)
        self.child.wait()
        self.child = None

    def _remove_shared_memory(self):
        # A crash leaves its shared memory segment behind. If a start has taken
        # the segment over, it is gone, and ipcrm fails.
        if self.shared_memory:
            subprocess.run(
                ["ipcrm", "-m", self.shared_memory],
                stderr=subprocess.DEVNULL,
                check=False,
            )
            self.shared_memory = None

    def dsn(self, database, user="postgres"):
        return (
            f"host={self.folder} port={PORT} dbname={database} user={user} "
            "connect_timeout=5"
        )

    def connect(self, database, user="postgres", **options):
        return psycopg.connect(
            self.dsn(database, user), autocommit=True, **options
        )

    def query(self, database, statement, parameters=None, user="postgres"):
        """All rows as tuples; [] when the statement returns none."""
        with self.connect(database, user) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, template=None, prefix="t"):
        """Creates a new database; returns its name."""
        self._count += 1
        name = f"{prefix}{self._count}"
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self.query("postgres", command)
        return name

    def drop_database(self, name):
        self.query(
            "postgres",
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(name)
            ),
        )

    def create_login(self, name, group=None):
        """Creates a login role, a member of a group, once per cluster."""
        if self.query(
            "postgres", "SELECT 1 FROM pg_roles WHERE rolname = %s", [name]
        ):
            return
        command = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name))
        if group:
            command += sql.SQL(" IN ROLE {}").format(sql.Identifier(group))
        self.query("postgres", command)

    def psql(self, database, *arguments, user="postgres", env=None):
        """Runs psql -X with arguments: (exit code, output with errors)."""
        done = subprocess.run(
            [
                self.bin / "psql",
                "-X",
                *("-d", self.dsn(database, user)),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            env=env,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def logs(self):
        return {"PostgreSQL": read_text(self.log)}
