# SPDX-License-Identifier: MIT
"""Records what the milter promised, and checks that the tables have it."""

import os
import threading
import time

from . import mails
from .milter import header_of
from .folder import read_text

# A file in tmp that is older than this was left by a dead writer.
TMP_LIFETIME = 3600


def report(report_id):
    """A report with a number in each place where double counting would show."""
    return mails.document(
        policies=[
            mails.policy(
                successful=5,
                failed=2,
                details=[mails.detail("certificate-expired", 2)],
            )
        ],
        **{"report-id": report_id},
    )


class Ledger:
    """Every report sent, by its id, with the best answer that it ever got."""

    def __init__(self, site):
        self.site = site
        self.lock = threading.Lock()
        self.answers = {}
        self._count = 0

    def new_ids(self, count=1):
        with self.lock:
            first = self._count
            self._count += count
        return [
            f"{self.site.number}-{number}@ledger.example"
            for number in range(first, first + count)
        ]

    def _note(self, ids, answer):
        with self.lock:
            for one in ids:
                if self.answers.get(one) != "stored":
                    self.answers[one] = answer

    def give(self, client, ids):
        """Sends a mail with these reports. Returns "stored", "delivered", or,
        if the milter went away, "unknown": then the mail server delivers the
        mail or tries again."""
        raw = mails.multipart(
            "report",
            [
                mails.text_part(),
                *[mails.report_part(report(one)) for one in ids],
            ],
        )
        answer = "unknown"
        try:
            client.envelope("<a@b.example>", self.site.recipient)
            answer = judge(client.message(raw))
        finally:
            self._note(ids, answer)
        return answer

    def send(self, count=1):
        """Sends one mail on a connection of its own."""
        try:
            with self.site.connect() as client:
                return self.give(client, self.new_ids(count))
        except OSError:
            return "unknown"

    def counts(self):
        found = list(self.answers.values())
        return {one: found.count(one) for one in sorted(set(found))}

    # The proof

    def check(self):
        """Checks that everything promised is in the tables once, and nothing
        twice. The spool has to be drained first."""
        site = self.site
        rows = site.rows(
            "SELECT report_id, count(*) FROM tlsrpt.report GROUP BY 1"
        )
        found = dict(rows)
        promised = {
            one for one, answer in self.answers.items() if answer == "stored"
        }
        lost = sorted(promised - set(found))
        assert not lost, f"{len(lost)} reports are lost: {lost[:10]}"
        twice = [one for one, count in rows if count != 1]
        assert not twice, f"counted twice: {twice[:10]}"
        unsent = sorted(set(found) - set(self.answers))
        assert not unsent, f"never sent: {unsent[:10]}"
        self._check_rows(len(found))
        self._check_spool()
        return len(found)

    def _check_rows(self, reports):
        site = self.site
        assert site.count("policy") == reports
        assert site.count("failure") == reports
        assert site.count("rejected_report") == 0
        assert site.value(
            "SELECT coalesce(sum(failed_sessions), 0)"
            " FROM tlsrpt.problem_history"
        ) == 2 * reports, "problem_history counted something twice"

    def _check_spool(self):
        site = self.site
        assert site.spooled() == []
        assert site.spooled("bad") == []
        for log in site.folder.glob("*.log"):
            text = read_text(log)
            for event in ("set-aside", "reason=invalid"):
                assert event not in text, f"{log.name}: {event}:\n{text[-4000:]}"

    def check_tmp(self):
        """Checks that files which dead writers left in tmp are purged."""
        site = self.site
        old = time.time() - TMP_LIFETIME - 60
        left = site.spooled("tmp")
        for name in left:
            os.utime(site.spool / "tmp" / name, (old, old))
        site.drain()
        assert site.spooled("tmp") == []
        return len(left)


def judge(replies):
    """What the replies tell the mail server to do with the mail."""
    last = replies[-1]
    if last == "discard":
        return "stored"
    if (header_of(replies) or "").startswith("stored"):
        return "stored"
    assert last.name in ("accept", "continue", "tempfail", "replycode"), replies
    return "delivered"
