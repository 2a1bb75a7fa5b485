# SPDX-License-Identifier: MIT
"""A private Sendmail with its own configuration, queue and log, unpacked from
Debian's packages, so that Postfix stays installed."""

import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from .folder import is_root, read_text
from .mta import Mta, mails_in
from .process import Child, processes_under
from .programs import ROOT
from .wait import wait_for

PACKAGE = ROOT / "build" / "sendmail" / "usr"
SNIPPET = ROOT / "packaging" / "sendmail" / "tlsrpt-milter.mc"
SOCKET_OF_SNIPPET = "/run/tlsrpt-milter/milter.sock"

# One mailer for all domains of the tests, which passes mail on unchanged: it
# has no flag that adds header fields, escapes lines or strips bits.
MAIN_MC = """\
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.example.com')dnl
define(`confPID_FILE', `{folder}/sendmail.pid')dnl
define(`QUEUE_DIR', `{folder}/queue')dnl
define(`STATUS_FILE', `{folder}/statistics')dnl
define(`HELP_FILE', `{folder}/help')dnl
define(`ALIAS_FILE', `')dnl
define(`confCR_FILE', `-o {folder}/relay-domains')dnl
define(`confCT_FILE', `-o {folder}/trusted-users')dnl
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')dnl
define(`confHOSTS_FILE', `/etc/hosts')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confDELIVERY_MODE', `interactive')dnl
define(`confDEF_USER_ID', `{user}')dnl
define(`confTO_IDENT', `0')dnl
define(`confMAX_HEADERS_LENGTH', `10000000')dnl
define(`confLOG_LEVEL', `10')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port={port}')dnl
DAEMON_OPTIONS(`Name=Plain, Addr=127.0.0.1, Port={plain_port}, InputMailFilters=')dnl
LOCAL_DOMAIN(`example.com example.net example.org')dnl
{snippet}
MAILER(`local')dnl
MAILER_DEFINITIONS
Mtest, P={folder}/deliver, F=lsn5, S=0, R=0, T=DNS/RFC822/X-Unix, A=deliver $u
LOCAL_RULE_0
R$+ < @ $+ . >		$#test $@ $2 $: $1 @ $2
"""

# Each mail becomes a file in a folder named after the local part, without
# +extension.
DELIVER = """\
#!/bin/sh
set -eu
name=${{1%%@*}}
name=${{name%%+*}}
umask 022
mkdir -p "{folder}/mail/$name"
file=$(mktemp "{folder}/mail/.new.XXXXXX")
cat >"$file"
mv "$file" "{folder}/mail/$name/${{file##*.}}"
"""


def without_trace(raw):
    """A delivered mail without the Received field of this Sendmail."""
    if not raw.startswith(b"Received:"):
        return raw
    lines = raw.split(b"\n")
    end = 1
    while lines[end][:1] in (b" ", b"\t"):
        end += 1
    return b"\n".join(lines[end:])


class Sendmail(Mta):
    def __init__(self):
        assert is_root(), "a private Sendmail must be started as root"
        super().__init__()
        program = PACKAGE / "libexec" / "sendmail" / "sendmail"
        assert program.is_file(), f"{program} is not there: run make sendmail"
        self.program = program
        # Sendmail refuses a socket below a world-writable folder such as /tmp.
        self.folder = Path(tempfile.mkdtemp(prefix="tlsrpt-", dir="/run"))
        self.folder.chmod(0o755)
        self.socket = self.folder / "milter.sock"
        self.log_file = self.folder / "sendmail.log"
        self.mail = self.folder / "mail"

    def _write_config(self):
        snippet = SNIPPET.read_text(encoding="utf-8")
        assert snippet.count(SOCKET_OF_SNIPPET) == 1
        text = MAIN_MC.format(
            folder=self.folder,
            user="nobody:nogroup",
            port=self.port,
            plain_port=self.plain_port,
            snippet=snippet.replace(SOCKET_OF_SNIPPET, str(self.socket)),
        )
        (self.folder / "sendmail.mc").write_text(text)
        cf = PACKAGE / "share" / "sendmail" / "cf"
        done = subprocess.run(
            [
                *("m4", f"-D_CF_DIR_={cf}/", cf / "m4" / "cf.m4"),
                self.folder / "sendmail.mc",
            ],
            stdout=subprocess.PIPE,
            check=True,
        )
        (self.folder / "sendmail.cf").write_bytes(done.stdout)
        (self.folder / "service.switch").write_text("hosts files\n")

    def start(self):
        nobody = pwd.getpwnam("nobody")
        (self.folder / "queue").mkdir(mode=0o700)
        self.mail.mkdir()
        shutil.chown(self.mail, nobody.pw_uid, nobody.pw_gid)
        deliver = self.folder / "deliver"
        deliver.write_text(DELIVER.format(folder=self.folder))
        deliver.chmod(0o755)
        self._write_config()
        # Sendmail sleeps for a minute if the host name is not fully qualified.
        self.child = Child(
            [
                *("unshare", "--uts", "sh", "-c"),
                'hostname mx.example.com && exec "$@"',
                *("sh", self.program, "-bD", f"-X{self.log_file}"),
                f"-C{self.folder}/sendmail.cf",
            ],
            self.folder / "start.log",
            cwd=self.folder,
        )
        self.wait_answers()

    def stop(self):
        if self.child is not None:
            self.child.stop()
            wait_for(
                lambda: not processes_under(self.folder),
                "Sendmail's children end",
            )
        shutil.rmtree(self.folder)

    def wait_empty(self):
        queue = self.folder / "queue"
        wait_for(
            lambda: not any(stat.S_ISREG(p.stat().st_mode) for p in queue.iterdir()),
            "Sendmail's queue is empty",
        )

    def mailbox(self, name):
        """The mails of a local part, oldest first, byte for byte."""
        self.wait_empty()
        return mails_in(self.mail / name)

    def logs(self):
        return {
            "Sendmail start": read_text(self.folder / "start.log"),
            "Sendmail traffic": re.sub(
                r"(?m)^(\d+ >>> .{200}).*", r"\1…", read_text(self.log_file)
            ),
        }
