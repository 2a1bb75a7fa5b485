# SPDX-License-Identifier: MIT
"""Every query of schema/README.md runs and returns something.

The reports are those of the demo, with more days of one sender, and a sender
that fell silent. Queries above "For administrators" run as a reader, those
below as the owner, each in a transaction that is rolled back.
"""

import re

import psycopg
import pytest

import demo
from harness import mails
from harness.programs import ROOT
from harness.site import READER

README = (ROOT / "schema" / "README.md").read_text(encoding="utf-8")
ADMINISTRATORS = README.index("## For administrators")
QUERIES = [
    (match.start() > ADMINISTRATORS, match.group(1).strip())
    for match in re.finditer(r"^```sql\n(.*?)^```$", README, re.M | re.S)
]
SILENT = mails.Sender(
    "Silent Mail",
    "silent.example",
    "postmaster@silent.example",
    lambda day, domain: f"{day}@silent.example",
    "postmaster@silent.example",
)


def more_reports():
    for days in range(3, 9):
        yield mails.unique(day=mails.yesterday(days))
    for days in range(20, 30):
        yield mails.document(SILENT, day=mails.yesterday(days))


@pytest.fixture(scope="module")
def loaded(_cluster):
    """A site whose database has these reports."""
    from harness.site import Site

    site = Site(_cluster)
    folder = site.folder / "in"
    folder.mkdir()
    documents = [report for _, _, report, _ in demo.the_reports()]
    documents += more_reports()
    for number, document in enumerate(documents):
        path = folder / f"{number:03}.json"
        path.write_bytes(mails.as_json(document))
    (folder / "broken.json").write_bytes(b'{"report-id": "x", "policies": 1')
    done = site.run_import(folder)
    assert "stored" in done.stdout, done.stdout + done.stderr
    site.drain()
    yield site
    site.close()


def test_page_has_queries():
    assert sum(1 for owner, _ in QUERIES if not owner) >= 12
    assert any(owner for owner, _ in QUERIES)


@pytest.mark.parametrize(("owner", "query"), QUERIES)
def test_query(owner, query, loaded):
    user = "postgres" if owner else READER
    dsn = loaded.postgres.dsn(loaded.database, user)
    with psycopg.connect(dsn) as connection:
        if owner:
            connection.execute("CREATE ROLE customer")
        cursor = connection.execute(query)
        rows = []
        while True:
            if cursor.description:
                rows += cursor.fetchall()
            if not cursor.nextset():
                break
        connection.rollback()
    assert rows, f"no rows:\n{query}"


def test_today_is_utc_s():
    """The column day is in UTC, but current_date depends on the session."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for text in (page, *[query for _, query in QUERIES]):
        assert "current_date" not in text


def test_what_a_reader_may_not_read(loaded):
    (line,) = [
        line
        for line in README.splitlines()
        if line.startswith("| `tlsrpt_reader` |")
    ]
    hidden = loaded.rows(
        "SELECT relname FROM pg_class WHERE relkind IN ('v', 'r', 'p')"
        " AND relnamespace = 'tlsrpt'::regnamespace AND NOT relispartition"
        " AND NOT has_table_privilege('tlsrpt_reader', oid, 'SELECT')"
    )
    named = set(re.findall(r"`(\w+)`", line)) - {"tlsrpt_reader"}
    assert named == {name for (name,) in hidden}


def test_every_view_is_on_the_page(loaded):
    views = loaded.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'v'"
        " AND relnamespace = 'tlsrpt'::regnamespace"
    )
    for (view,) in views:
        assert f"`{view}`" in README, f"{view} is not in schema/README.md"
