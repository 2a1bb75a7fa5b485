# SPDX-License-Identifier: MIT
"""What a private Postfix and a private Sendmail have in common: two ports, one
with the milter and one without, and folders of mail to read."""

import smtplib

from .folder import free_port
from .wait import wait_for


def mails_in(folder):
    """The mails in a folder, one file each, oldest first, byte for byte."""
    if not folder.is_dir():
        return []
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    return [file.read_bytes() for file in files]


def expect_ok(answer):
    code, text = answer
    assert code in (220, 250), (code, text)


class Mta:
    """Derived classes have start, stop, mailbox, wait_empty and logs."""

    def __init__(self):
        self.port = free_port()
        self.plain_port = free_port()
        self.child = None

    def wait_answers(self):
        name = type(self).__name__
        wait_for(self._answers, f"{name} answers on both ports")

    def _answers(self):
        assert self.child.running(), "\n".join(self.logs().values())
        return all(
            self.child.answers(port, greets=True)
            for port in (self.port, self.plain_port)
        )

    def send(
        self,
        mail,
        recipients,
        sender="sender@example.net",
        plain=False,
        client=None,
    ):
        """Sends a mail (CRLF lines) by SMTP; client gives words for XCLIENT,
        such as ADDR=192.0.2.7. Returns (code, text) of the answer to DATA."""
        if isinstance(recipients, str):
            recipients = [recipients]
        port = self.plain_port if plain else self.port
        with smtplib.SMTP("127.0.0.1", port, "client.example", 60) as smtp:
            smtp.ehlo()
            if client:
                expect_ok(smtp.docmd("XCLIENT", client))
                smtp.ehlo()
            expect_ok(smtp.mail(sender, ["BODY=8BITMIME"]))
            for recipient in recipients:
                expect_ok(smtp.rcpt(recipient))
            code, text = smtp.data(mail)
            return code, text.decode("utf-8", "replace")
