# SPDX-License-Identifier: MIT
"""A private OpenDKIM that verifies."""

from pathlib import Path

from .folder import free_port
from .process import Child
from .wait import wait_for

# No resolver is needed: public keys come from a file (man opendkim.conf).
CONFIG = """
Mode v
Syslog no
Socket inet:{port}@127.0.0.1
TestDNSData file:{dns}
"""


class OpenDkim:
    """An OpenDKIM; settings are lines of opendkim.conf."""

    def __init__(self, folder, keys, **settings):
        self.folder = Path(folder)
        self.port = free_port()
        self.log_file = self.folder / "opendkim.log"
        zone = self.folder / "opendkim.dns"
        zone.write_text(
            "".join(f"{key.name} {key.record}\n" for key in keys)
        )
        text = CONFIG.format(port=self.port, dns=zone)
        text += "".join(f"{name} {settings[name]}\n" for name in settings)
        self.config = self.folder / "opendkim.conf"
        self.config.write_text(text)
        self.child = None

    @property
    def milter(self):
        """Its entry in smtpd_milters."""
        return f"inet:127.0.0.1:{self.port}"

    def start(self):
        self.child = Child(
            ["opendkim", "-f", "-x", self.config],
            self.log_file,
            cwd=self.folder,
        )
        wait_for(lambda: self.child.answers(self.port), "OpenDKIM answers")
        return self

    def stop(self):
        """Kills it: libmilter would take up to five seconds to stop, and
        OpenDKIM has nothing to lose."""
        if self.child is not None:
            self.child.popen.kill()
            self.child.wait()
        self.child = None
