# SPDX-License-Identifier: MIT
"""A private rspamd as a milter, with Debian's modules that write and read
Authentication-Results, and without anything that uses the network."""

import os
import pwd
from pathlib import Path

from .folder import free_port, read_text
from .process import Child
from .wait import wait_for

# The modules' own files are Debian's; they include the files in this local.d.
# Compiling the full list of public suffixes would take many seconds.
CONFIG = """
options {{
  filters = "dkim";
  url_tld = "{folder}/suffixes";
  disable_hyperscan = true;
  tempdir = "{folder}";
  hs_cache_dir = "{folder}/";
  control_socket = "{folder}/control.sock mode=0600";
  dns {{ nameserver = ["127.0.0.1:{dns}"]; }}
}}
logging {{ type = "console"; level = "info"; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{port}";
  milter = yes;
  timeout = 60s;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
{modules}
.include "$CONFDIR/actions.conf"
"""


class Rspamd:
    """An rspamd; milter_headers is the text of local.d/milter_headers.conf."""

    def __init__(self, folder, nameserver, milter_headers):
        self.folder = Path(folder) / "rspamd"
        self.port = free_port()
        self.log_file = Path(folder) / "rspamd.log"
        (self.folder / "local.d").mkdir(parents=True)
        self._write("local.d/milter_headers.conf", milter_headers)
        self._write("suffixes", "com\nexample\n")
        self._write(
            "rspamd.conf",
            CONFIG.format(
                folder=self.folder,
                port=self.port,
                dns=nameserver.port,
                modules="\n".join(
                    f'.include "$CONFDIR/modules.d/{name}.conf"\n'
                    f'modules {{ path = "/usr/share/rspamd/plugins/{name}.lua"; }}'
                    for name in ("milter_headers", "spf", "dmarc")
                ),
            ),
        )
        self.child = None

    def _write(self, name, text):
        (self.folder / name).write_text(text)

    @property
    def milter(self):
        """Its entry in smtpd_milters."""
        return f"inet:127.0.0.1:{self.port}"

    def start(self):
        owner = pwd.getpwnam("_rspamd")
        os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.child = Child(
            [
                *("rspamd", "--no-fork", "-c", self.folder / "rspamd.conf"),
                *(
                    f"--var={name}={self.folder}"
                    for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")
                ),
            ],
            self.log_file,
            user=(owner.pw_uid, owner.pw_gid),
            cwd=self.folder,
        )
        wait_for(lambda: self.child.answers(self.port), "rspamd answers")

    def stop(self):
        if self.child is not None:
            self.child.stop()
        self.child = None

    def logs(self):
        return {"rspamd": read_text(self.log_file)}
