# SPDX-License-Identifier: MIT
"""What the rows share: folders, a cluster with fsync, programs set up for
measuring."""

import grp
import os
import shutil
import signal
import subprocess
import time
from functools import cached_property
from pathlib import Path

from harness import programs
from harness.folder import make_folder, remove_folder
from harness.postgres import Postgres
from harness.process import Child, processes_under
from harness.programs import BUILD, connect
from harness.site import Site, prepare_template
from harness.wait import wait_for
from measure import preload

HERE = Path(__file__).resolve().parent

# The settings of a server with a few gigabytes of memory. A checkpoint in the
# middle of one run and not of the other would spoil the comparison.
POSTGRESQL = """
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 1h
"""


# The image is sparse: it takes only the space that is used.
DISK_BYTES = 32 << 30


class Disk:
    """A folder on an ext4 file system in an image, with the defaults of mkfs: a
    journal and no discard. On some machines /tmp has discard and no journal,
    and removing a file takes a millisecond."""

    def __init__(self):
        self.folder = make_folder("tlsrpt-bench-")
        self.image = self.folder.with_suffix(".img")
        with open(self.image, "wb") as image:
            image.truncate(DISK_BYTES)
        self._run("mkfs.ext4", "-q", "-F", self.image)
        try:
            self._run("mount", "-o", "loop", self.image, self.folder)
            self.mounted = True
        except subprocess.CalledProcessError:
            print("No loop device can be mounted here: /tmp is used as it is")
            self.mounted = False
        self.folder.chmod(0o755)

    @staticmethod
    def _run(*command):
        subprocess.run(command, check=True)

    def close(self):
        wait_for(lambda: not processes_under(self.folder), "all have ended")
        if self.mounted:
            self._run("umount", self.folder)
        self.image.unlink()
        remove_folder(self.folder)


class BenchSite(Site):
    """A site on the benchmarks' disk."""

    def __init__(self, bench, postgres):
        super().__init__(postgres)
        remove_folder(self.folder)
        self.folder = bench.folder / f"site{self.number}"
        self.folder.mkdir()
        self.spool = self.folder / "spool"


class Bench:
    """Everything the rows need. scale reduces their numbers for a trial run."""

    def __init__(self, scale=1.0):
        self.scale = scale
        self.disk = Disk()
        self.folder = self.disk.folder
        self.sites = []
        self.children = []
        self._started = False

    def count(self, number, least=1):
        return max(int(number * self.scale), least)

    def close(self):
        for site in self.sites:
            for daemon in site.daemons:
                if daemon.child is not None:
                    daemon.kill9()
        for child in self.children:
            if child.running():
                child.stop(signal.SIGKILL)
        if self._started:
            self.postgres.stop()
        self.disk.close()

    @cached_property
    def postgres(self):
        cluster = Postgres(self.folder / "pg", fsync=True)
        cluster.initdb()
        with open(cluster.data / "postgresql.conf", "a", encoding="ascii") as out:
            out.write(POSTGRESQL)
        cluster.start()
        self._started = True
        prepare_template(cluster, self.folder)
        return cluster

    def site(self, database=True):
        site = BenchSite(self, self.postgres if database else None)
        self.sites.append(site)
        # smtpd runs as user postfix: the socket inherits the folder's group.
        run = site.folder / "run"
        run.mkdir()
        os.chown(run, 0, grp.getgrnam("postfix").gr_gid)
        run.chmod(0o2755)
        site.socket = str(run / "m.sock")
        return site

    def stop(self, site):
        for daemon in site.daemons:
            if daemon.child is not None:
                daemon.kill9()

    def null_milter(self, *mode):
        """Starts a null milter in a folder like the milter's: (pid, socket)."""
        site = self.site(database=False)
        child = Child(
            [BUILD / "bench" / "null_milter", f"unix:{site.socket}", *mode],
            site.folder / "null.log",
        )
        self.children.append(child)
        wait_for(lambda: can_connect(site.socket), "the null milter answers")
        return child.pid, site.socket

    def fill_spool(self, site, mbox):
        """Imports an mbox into the spool with tlsrpt-import, without fsync."""
        config = site.config("fill.conf", spool={"quota": "8G"})
        subprocess.run(
            [programs.program("tlsrpt-import"), "-c", config, mbox],
            env=programs.environment(site.folder, **preload(0)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )

    def drain(self, *sites, **sections):
        """Runs tlsrpt-loader --drain on all spools at once; the seconds."""
        sections = {
            "spool": {"quota": "8G"},
            "limits": {"details": 50_000},
            **sections,
        }
        configs = [site.config("drain.conf", **sections) for site in sites]
        settle()
        start = time.monotonic()
        children = [
            Child(
                [programs.program("tlsrpt-loader"), "-c", config, "--drain"],
                site.folder / "drain.log",
                env=programs.environment(site.folder),
            )
            for site, config in zip(sites, configs)
        ]
        for site, child in zip(sites, children):
            code = child.wait(600)
            assert code == 0, (site.folder / "drain.log").read_text()[-2000:]
        return time.monotonic() - start


def can_connect(socket):
    try:
        connect(socket).close()
        return True
    except OSError:
        return False


def settle():
    """Writes everything out, so that a run doesn't pay for its preparation."""
    os.sync()
    time.sleep(0.2)


def empty(folder):
    """Removes the records from a spool's new."""
    if Path(folder).is_dir():
        for entry in os.scandir(folder):
            os.unlink(entry.path)


def copy_spool(source, target):
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def new_database(site):
    """Replaces the site's database by an empty one."""
    if site._database is not None:
        site.postgres.drop_database(site._database)
        site.use_database(None)
    return site.database
