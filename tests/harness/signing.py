# SPDX-License-Identifier: MIT
"""DKIM keys, the DNS records that publish them, and signatures."""

import re
import subprocess
from pathlib import Path

import dkim

SELECTOR = "tls"


class Key:
    """A key pair from opendkim-genkey."""

    def __init__(self, folder, domain):
        folder = Path(folder) / f"key-{domain}"
        folder.mkdir()
        subprocess.run(
            ["opendkim-genkey", "-b", "2048", "-h", "rsa-sha256"]
            + ["-d", domain, "-s", SELECTOR, "-D", folder],
            check=True,
        )
        self.domain = domain
        self.name = f"{SELECTOR}._domainkey.{domain}"
        self.private = (folder / f"{SELECTOR}.private").read_bytes()
        zone = (folder / f"{SELECTOR}.txt").read_text()
        self.record = "".join(re.findall(r'"([^"]*)"', zone)).replace(
            "h=rsa-sha256", "h=sha256"
        )

    def sign(self, mail, **more):
        """A mail with a signature of the key's domain on top."""
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
