# SPDX-License-Identifier: MIT
"""A private Postfix with its own configuration, queue, log and Maildirs."""

import os
import pwd
import re
import subprocess
from pathlib import Path

from .folder import is_root, read_text
from .mta import Mta, mails_in
from .process import Child, processes_under
from .wait import wait_for

DOMAINS = ("example.com", "example.net", "example.org")

# The same as in the shipped snippet, except for the socket.
MILTER_OPTIONS = (
    "default_action=accept, connect_timeout=2s, command_timeout=5s, "
    "content_timeout=60s"
)

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_spool_directory = {folder}/none
myhostname = mx.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
# Nothing is looked up in the network, and no mail leaves the machine.
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = error:no mail leaves this machine
relay_transport = error:no mail leaves this machine
# Headers are delivered as they came.
local_header_rewrite_clients =
message_size_limit = 104857600
virtual_mailbox_limit = 0
mailbox_size_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_authorized_xclient_hosts = 127.0.0.0/8
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {folder}/mail
# One Maildir for all: each copy says in X-Original-To for whom it is.
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_transport = virtual
"""

MILTER_CF = """\
smtpd_milters = {milters}
milter_default_action = accept
"""

MASTER_CF = """
127.0.0.1:{port} inet n - {chroot} - - smtpd
127.0.0.1:{plain_port} inet n - {chroot} - - smtpd -o smtpd_milters=
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
discard unix - - n - - discard
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def split_trace(raw):
    """Splits a delivered mail: (what delivery added on top, what was sent)."""
    rest = raw
    for name in (b"Return-Path:", b"X-Original-To:", b"Delivered-To:"):
        if rest.startswith(name):
            rest = rest[rest.index(b"\n") + 1 :]
    # One Received field from smtpd, with its folded lines.
    if rest.startswith(b"Received:"):
        while True:
            rest = rest[rest.index(b"\n") + 1 :]
            if rest[:1] not in (b" ", b"\t"):
                break
    return raw[: len(raw) - len(rest)], rest


def original_recipient(raw):
    """The local part, without +extension, that a copy was delivered to."""
    found = re.search(rb"^X-Original-To: ([^\s+@]+)", raw, re.MULTILINE)
    return found.group(1).decode() if found else None


class Postfix(Mta):
    """One instance. lines replace the milter's lines in main.cf; with chroot,
    smtpd runs in the queue folder, as on Debian."""

    def __init__(
        self,
        folder,
        milter_socket,
        options=MILTER_OPTIONS,
        lines=None,
        chroot=False,
    ):
        assert is_root(), "a private Postfix must be started as root"
        super().__init__()
        self.folder = Path(folder)
        self.etc = self.folder / "etc"
        self.queue = self.folder / "queue"
        self.log_file = self.folder / "postfix.log"
        self.mail = self.folder / "mail"
        self.milters = f"{{ {milter_socket}, {options} }}"
        self.lines = lines
        self.chroot = "y" if chroot else "n"

    def start(self):
        owner = pwd.getpwnam("postfix")
        nobody = pwd.getpwnam("nobody")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        for name in ("etc", "queue", "data", "mail"):
            (self.folder / name).mkdir(exist_ok=True)
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.mail, nobody.pw_uid, nobody.pw_gid)
        self._nobody = nobody
        (self.etc / "master.cf").write_text(
            MASTER_CF.format(
                port=self.port,
                plain_port=self.plain_port,
                chroot=self.chroot,
            )
        )
        self._write_main()
        self.child = Child(
            ["/usr/sbin/postfix", "-c", self.etc, "start-fg"],
            self.folder / "start.log",
        )
        self.wait_answers()

    def _write_main(self):
        lines = self.lines or MILTER_CF.format(milters=self.milters)
        (self.etc / "main.cf").write_text(
            MAIN_CF.format(
                folder=self.folder,
                domains=" ".join(DOMAINS),
                uid=self._nobody.pw_uid,
                gid=self._nobody.pw_gid,
            )
            + lines
        )

    def reconfigure(self, milters):
        """Changes the milters for connections that come from now on."""
        self.milters = milters
        self._write_main()
        self._command("reload")

    def _command(self, *arguments, check=True):
        subprocess.run(
            ["/usr/sbin/postfix", "-c", self.etc, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=check,
        )

    def stop(self):
        if self.child is None:
            return
        wait_for(self._stopped, f"Postfix in {self.folder} stops", 60)
        self.child = None

    def _stopped(self):
        # "stop" fails while start-fg has not quite begun.
        if self.child.running():
            self._command("stop", check=False)
        return not self.child.running() and not processes_under(self.folder)

    @property
    def sendmail_env(self):
        """An environment in which /usr/sbin/sendmail uses this instance."""
        return {"MAIL_CONFIG": str(self.etc)}

    def queued(self):
        """The names of the mails that are in the queue now."""
        names = []
        # Folders in the order in which a mail moves, so that none is missed.
        for part in ("maildrop", "incoming", "active", "deferred", "hold"):
            for _, _, files in os.walk(self.queue / part):
                names += files
        return names

    def wait_empty(self):
        wait_for(lambda: not self.queued(), "Postfix's queue is empty")

    def mailbox(self, name):
        """The mails of a local part, oldest first, byte for byte."""
        mails = mails_in(self.mail / "all" / "new")
        return [mail for mail in mails if original_recipient(mail) == name]

    def log(self):
        return read_text(self.log_file)

    def logs(self):
        return {
            "Postfix": self.log(),
            "Postfix start": read_text(self.folder / "start.log"),
        }
