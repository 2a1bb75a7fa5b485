# SPDX-License-Identifier: MIT
"""A private OpenDKIM that verifies, and keys and signatures to be verified."""

import re
import socket
import subprocess
from pathlib import Path

import dkim

from .folder import free_port, read_text
from .process import Child
from .wait import wait_for

SELECTOR = "tls"

# No resolver is asked: public keys come from a file (man opendkim.conf).
CONFIG = """
Mode v
Syslog no
Socket inet:{port}@127.0.0.1
TestDNSData file:{dns}
"""


class Key:
    """A key pair as opendkim-genkey makes it."""

    def __init__(self, folder, domain):
        folder = Path(folder) / f"key-{domain}"
        folder.mkdir()
        subprocess.run(
            ["opendkim-genkey", "-b", "2048", "-h", "rsa-sha256"]
            + ["-d", domain, "-s", SELECTOR, "-D", folder],
            check=True,
        )
        self.domain = domain
        self.private = (folder / f"{SELECTOR}.private").read_bytes()
        zone = (folder / f"{SELECTOR}.txt").read_text()
        self.record = "".join(re.findall(r'"([^"]*)"', zone)).replace(
            "h=rsa-sha256", "h=sha256"
        )

    def sign(self, mail, **more):
        """The mail with a signature of the domain on top."""
        signature = dkim.sign(
            mail,
            SELECTOR.encode(),
            self.domain.encode(),
            self.private,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[b"from", b"to", b"subject", b"date"],
            **more,
        )
        return signature + mail


class OpenDkim:
    """The verifier; settings are lines of opendkim.conf."""

    def __init__(self, folder, keys, **settings):
        self.folder = Path(folder)
        self.port = free_port()
        self.log_file = self.folder / "opendkim.log"
        zone = self.folder / "opendkim.dns"
        zone.write_text(
            "".join(
                f"{SELECTOR}._domainkey.{key.domain} {key.record}\n"
                for key in keys
            )
        )
        text = CONFIG.format(port=self.port, dns=zone)
        text += "".join(f"{name} {settings[name]}\n" for name in settings)
        self.config = self.folder / "opendkim.conf"
        self.config.write_text(text)
        self.child = None

    @property
    def milter(self):
        """As it stands in smtpd_milters."""
        return f"inet:127.0.0.1:{self.port}"

    def start(self):
        self.child = Child(
            ["opendkim", "-f", "-x", self.config],
            self.log_file,
            cwd=self.folder,
        )
        wait_for(self._answers, "OpenDKIM answers")
        return self

    def _answers(self):
        assert self.child.running(), read_text(self.log_file)
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True

    def stop(self):
        """Killed: libmilter would take up to five seconds, and nothing that
        it holds is wanted."""
        if self.child is not None:
            self.child.popen.kill()
            self.child.wait()
        self.child = None
