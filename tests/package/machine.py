# SPDX-License-Identifier: MIT
"""A new Debian that boots systemd, and that is removed without a trace."""

import ctypes
import hashlib
import os
import shutil
import signal
import smtplib
import subprocess
import threading
from pathlib import Path

from harness.wait import wait_for

HERE = Path(__file__).resolve().parent
CLONE_NEWNET = 0x40000000
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class Failed(Exception):
    pass


def call(command, check=True, text=None):
    """Returns what a command prints on both streams; fails if it does."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        input=text,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if check and done.returncode != 0:
        raise Failed(f"{done.returncode} from {command}:\n{done.stdout[-6000:]}")
    return done.stdout


class Machine:
    """A system below a folder, made by debootstrap, to be booted repeatedly."""

    def __init__(self, root):
        self.root = Path(root)
        # The name is always the same, so a run finds what a killed one left.
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()
        self.cgroup = f"tlsrpt-check-{name[:12]}"
        self.child = None
        self.init = None

    # While the system is not running: its files

    def make(self):
        call(["sh", HERE / "new-debian.sh", self.root])
        self.chroot("apt-get", "-q", "update")

    def chroot(self, *command):
        """Runs a command as at installation: the host's network, no init."""
        call(["mount", "-t", "proc", "proc", self.root / "proc"])
        try:
            return call(["chroot", self.root, *self.env(), *command])
        finally:
            call(["umount", self.root / "proc"])

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def write(self, inside, text, mode=0o644):
        self.path(inside).write_text(text, encoding="utf-8")
        self.path(inside).chmod(mode)

    @staticmethod
    def env():
        return ["env", "-i", *[f"{key}={ENVIRONMENT[key]}" for key in ENVIRONMENT]]

    # While the system is running

    def boot(self):
        self.child = subprocess.Popen(
            ["sh", HERE / "boot.sh", "boot", self.root, self.cgroup],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.init = wait_for(self.find_init, "systemd is process 1")
        wait_for(
            lambda: self.systemctl("is-system-running", check=False).strip()
            in ("running", "degraded"),
            "the new system has booted",
            120,
        )

    def find_init(self):
        if self.child.poll() is not None:
            raise Failed(f"no boot:\n{self.child.stdout.read().decode()}")
        path = f"/proc/{self.child.pid}/task/{self.child.pid}/children"
        for pid in Path(path).read_text().split():
            # A process on the way to systemd may be gone already.
            comm = call(["cat", f"/proc/{pid}/comm"], check=False)
            if comm.strip() == "systemd":
                return int(pid)
        return None

    def run(self, *command, user=None, check=True, text=None):
        """Runs a command in the running system, as root or as a user."""
        become = ["runuser", "-u", user, "--"] if user else []
        enter = ["nsenter", "-t", self.init, "-a", *self.env()]
        return call([*enter, *become, *command], check, text)

    def systemctl(self, *words, check=True):
        return self.run("systemctl", "--no-pager", *words, check=check)

    def show(self, unit, name):
        return self.systemctl("show", "-P", name, unit).strip()

    def journal(self, *words):
        return self.run("journalctl", "--no-pager", "-q", "-o", "cat", *words)

    def in_network(self, action):
        """Calls action() in a thread in the system's network; its result."""
        answer = []

        def work():
            libc = ctypes.CDLL(None, use_errno=True)
            handle = os.open(f"/proc/{self.init}/ns/net", os.O_RDONLY)
            try:
                if libc.setns(handle, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                answer.append((action(), None))
            except Exception as error:  # pylint: disable=broad-except
                answer.append((None, error))
            finally:
                os.close(handle)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        result, error = answer[0]
        if error:
            raise error
        return result

    def mail(self, message, sender, *recipients):
        """Sends a mail by SMTP; returns the answer to its end."""

        def talk():
            with smtplib.SMTP(
                "127.0.0.1", local_hostname="client.example", timeout=60
            ) as smtp:
                return smtp.sendmail(sender, recipients, message)

        return self.in_network(talk)

    # Shutting down

    def shut_down(self):
        """Acts like a power button: systemd stops all services and itself."""
        os.kill(self.init, signal.SIGRTMIN + 4)
        self.child.wait(90)
        self.clean()

    def clean(self):
        if self.child and self.child.poll() is None:
            self.child.kill()
            self.child.wait(30)
        self.child = self.init = None
        call(["sh", HERE / "boot.sh", "clean", self.root, self.cgroup], False)

    def remove(self):
        self.clean()
        if os.path.ismount(self.root / "proc"):
            call(["umount", self.root / "proc"], False)
        shutil.rmtree(self.root, ignore_errors=True)
