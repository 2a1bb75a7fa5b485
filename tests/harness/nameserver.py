# SPDX-License-Identifier: MIT
"""A private DNS server with a few TXT records, which asks no other server."""

from pathlib import Path

from .folder import free_port
from .process import Child
from .wait import wait_for

# Other names do not exist: with local=/#/ no server is asked for any domain.
CONFIG = """\
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
local=/#/
user=root
pid-file=
log-facility=-
log-queries
"""
STRING_LENGTH = 255  # the longest character-string, RFC 1035 section 3.3


class NameServer:
    """A dnsmasq; texts has the TXT records by name."""

    def __init__(self, folder, texts):
        self.folder = Path(folder)
        self.port = free_port()
        self.log_file = self.folder / "dnsmasq.log"
        self.config = self.folder / "dnsmasq.conf"
        self.config.write_text(
            CONFIG.format(port=self.port)
            + "".join(txt_record(name, texts[name]) for name in texts)
        )
        self.child = None

    def start(self):
        self.child = Child(
            ["dnsmasq", "--keep-in-foreground", f"--conf-file={self.config}"],
            self.log_file,
            cwd=self.folder,
        )
        wait_for(lambda: self.child.answers(self.port), "dnsmasq answers")

    def stop(self):
        if self.child is not None:
            self.child.stop()
        self.child = None


def txt_record(name, text):
    strings = [
        text[start : start + STRING_LENGTH]
        for start in range(0, len(text), STRING_LENGTH)
    ]
    return f"txt-record={name},{','.join(strings)}\n"
