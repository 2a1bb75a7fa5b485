# SPDX-License-Identifier: MIT
"""A listener on tlsrpt_problem hears when a problem appears or comes back."""

import psycopg

from harness import mails
from harness.site import READER


def failing(ago, **more):
    """A report about a day this many days ago, with one problem."""
    details = [mails.detail("tlsa-invalid", 1)]
    return mails.document(
        policies=[mails.policy(successful=9, failed=1, details=details)],
        day=mails.yesterday(ago),
        **more,
    )


def test_notify_once_for_each_problem(site):
    heard = []
    dsn = site.postgres.dsn(site.database, READER)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.add_notify_handler(lambda note: heard.append(note.payload))
        connection.execute("LISTEN tlsrpt_problem")

        def hear(document):
            """Loads a report; returns its notifications, which precede the answer
            to a query."""
            heard.clear()
            site.take_in(document)
            connection.execute("SELECT 1")
            return list(heard)

        first = hear(failing(30))
        (the_id,) = site.rows("SELECT problem_id FROM tlsrpt.problem")[0]
        assert first == [the_id]
        assert hear(failing(30)) == []
        assert hear(failing(29)) == []
        # The problem comes back eight days later; from then on it is known again.
        assert hear(failing(21)) == [the_id]
        assert hear(failing(14)) == []
        assert hear(failing(40)) == []
        assert hear(mails.document(day=mails.yesterday(1))) == []
    # The id has 16 digits; a listener that may see the problem looks it up by that.
    assert len(the_id) == 16 and "example" not in the_id
    assert site.rows(
        "SELECT policy_domain, result_type FROM tlsrpt.problem"
        " WHERE problem_id = %s",
        the_id,
    ) == [("example.com", "tlsa-invalid")]
