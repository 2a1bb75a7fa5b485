# SPDX-License-Identifier: MIT
"""Reports of several senders over weeks, with problems to find in them."""

import contextlib

from . import mails
from .site import Site

YAHOO = mails.Sender(
    "Yahoo Inc.",
    "yahoo.com",
    "tlsrpt@yahoo.com",
    lambda day, domain: f"{day}-{domain}@yahoo.com",
    "tlsrpt@yahoo.com",
)

# Text that a report could use to break out of wherever it is shown: tags,
# attributes, the end of a style or a text area, references, bidi and other
# controls, the end of a JSON string, the end of a line.
NASTY = (
    "</script><script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\">"
    "' onmouseover='x \" style=\"x</style></pre></details><!-- &lt;b&gt; "
    "\u202egnp.exe\u2066 \u200b\x1b]0;owned\x07 \x9b31m | \\ \r\n\t end"
)


def weeks(days=21):
    """An expired certificate that several reporters see, trouble on a sender's
    side, an outage that is over, and a reporter that has stopped reporting."""
    found = []
    for ago in range(1, days + 1):
        day = mails.yesterday(ago)
        expired = [
            mails.detail(
                "certificate-expired",
                40 + ago,
                "mx2.example.com",
                **{"failure-reason-code": "certificate has expired"},
            )
        ]
        dane = [mails.detail("tlsa-invalid", 21, "mx.example.org")]
        over = [mails.detail("starttls-not-supported", 90, "mx1.example.net")]
        for sender, size in (
            (mails.GOOGLE, 5000),
            (mails.MICROSOFT, 1700),
            (mails.SMALL, 420),
        ):
            details = expired if ago <= 4 else []
            found.append((sender, "example.com", size - 13 * ago, details, day))
        details = dane if ago in (2, 3) else []
        found.append((mails.GOOGLE, "example.org", 600 + ago, details, day))
        found.append((mails.MICROSOFT, "example.org", 250, [], day))
        details = over if 9 <= ago <= 12 else []
        found.append((mails.SMALL, "example.net", 800, details, day))
        if ago > 10:
            found.append((YAHOO, "example.com", 300, [], day))
    return [
        mails.document(
            sender,
            [
                mails.policy(
                    domain,
                    successful=successful,
                    failed=sum(d["failed-session-count"] for d in details),
                    details=details,
                    mx=(f"mx1.{domain}", f"mx2.{domain}"),
                )
            ],
            day,
            domain,
        )
        for sender, domain, successful, details, day in found
    ]


def hostile():
    """A report in which every text is NASTY."""
    detail = mails.detail(
        NASTY,
        7,
        NASTY,
        **{
            "receiving-mx-helo": NASTY,
            "failure-reason-code": NASTY,
            "additional-information": NASTY,
        },
    )
    return mails.document(
        mails.SMALL,
        [mails.policy("evil.example", successful=3, failed=7, details=[detail])],
        domain="evil.example",
        **{
            "organization-name": NASTY,
            "report-id": NASTY,
            "contact-info": NASTY,
        },
    )


@contextlib.contextmanager
def loaded(cluster, documents):
    """A site whose database has these reports."""
    cluster.start()
    place = Site(cluster)
    try:
        load(place, documents)
        yield place
    finally:
        cluster.start()
        place.close()


def load(site, documents):
    """Loads documents with tlsrpt-import and the loader."""
    folder = site.folder / "scene"
    folder.mkdir(exist_ok=True)
    for number, document in enumerate(documents):
        path = folder / f"{number}.json"
        path.write_bytes(mails.as_json(document))
    done = site.run_import(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    site.drain()
    assert site.count("report") == len(documents), done.stdout
