# SPDX-License-Identifier: MIT
"""tlsrpt-report with mistyped names, absurd numbers and missing details."""

import json
import re

import pytest

from harness import mails, programs
from harness.programs import words

MOST = 2**63 - 1
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def fields(line):
    return re.split(r" +", line.strip())


# Names


@pytest.fixture
def named(site):
    site.take_in(
        mails.document(policies=[mails.policy(successful=10)]),
        mails.document(
            policies=[mails.policy("old.example", successful=10)],
            day=mails.yesterday(20),
            domain="old.example",
        ),
        mails.document(
            policies=[
                mails.policy(
                    "bad.example",
                    successful=1,
                    failed=1,
                    details=[mails.detail("tlsa-invalid")],
                )
            ],
            domain="bad.example",
        ),
    )
    return site


def test_check_of_a_mistyped_name(named):
    """A check of a mistyped name must not be OK for ever."""
    done = named.run_report("--check", "--domain", "exmaple.tset")
    assert done.returncode == 3 and done.stderr == ""
    assert done.stdout.startswith(
        "TLSRPT UNKNOWN: no report names exmaple.tset; no sessions reported"
    )
    assert "No report names exmaple.tset." in done.stdout.splitlines()
    # An unknown domain matters more than old reports, but a failure rate that
    # is known to be bad matters most.
    for more, code in (
        (["--max-age", "1"], 3),
        (["--domain", "example.com"], 3),
        (["--domain", "bad.example"], 2),
        (["--domain", "bad.example", "--critical", "60"], 1),
    ):
        done = named.run_report("--check", "--domain", "exmaple.tset", *more)
        assert done.returncode == code, done.stdout
        assert "no report names exmaple.tset" in done.stdout
    done = named.run_report("--check", "--domain", "example.com")
    assert done.returncode == 0 and "names" not in done.stdout


def test_check_in_an_empty_database(site):
    assert site.run_report("--check").returncode == 0
    done = site.run_report("--check", "--domain", "example.com")
    assert done.returncode == 3, done.stdout


@pytest.mark.parametrize("form", ["text", "html"])
def test_a_mistyped_name(named, form):
    def ask(*names):
        options = [f"--domain={name}" for name in names]
        done = named.run_report("--format", form, *options)
        assert done.returncode == 0, done.stderr
        assert "tlsrpt-loader" not in done.stdout
        return words(done.stdout)

    text = ask("exmaple.tset")
    assert "No report names exmaple.tset." in text
    assert "Is the name right?" in text
    text = ask("exmaple.tset", "example.com")
    assert "No report names exmaple.tset." in text
    assert "Is the name right?" not in text and "example.com" in text
    text = ask("old.example")
    assert (
        "No report in this period is about old.example; the last one covers"
        f" {mails.yesterday(20)}." in text
    )
    assert "names" not in text


def test_a_mistyped_name_in_json(named):
    done = named.run_report(
        *("--format", "json", "--domain", "exmaple.tset"),
        *("--domain", "example.com", "--domain", "old.example"),
    )
    summary = json.loads(done.stdout)
    assert summary["unknown_domains"] == ["exmaple.tset"]
    assert json.loads(named.run_report("--format", "json").stdout)[
        "unknown_domains"
    ] == []


def test_nothing_at_all(site):
    """If there are no reports at all, the name is not the problem."""
    for form in ("text", "html"):
        done = site.run_report("--format", form, "--domain", "example.com")
        assert "is tlsrpt-loader running?" in words(done.stdout)


@pytest.mark.parametrize("name", ["EXAMPLE.com", "example.com.", "Example.COM."])
def test_names_are_those_of_the_database(named, name):
    done = named.run_report("--check", "--domain", name)
    assert done.returncode == 0 and "'example.com'=0%" in done.stdout
    assert "1 report about 1 domain" in named.run_report("--domain", name).stdout


@pytest.mark.parametrize("name", ["", ".", " ", "a..b", "mü..example", "a b"])
def test_no_name(site, name):
    for mode in ("--check", "--format=text"):
        done = site.run_report(mode, "--domain", name)
        assert done.returncode == programs.EX_USAGE
        assert done.stdout == "" and "a domain name is needed" in done.stderr


# Problems that are not resolved


def test_problems_that_are_over_are_not_counted(scene):
    done = scene.run_report("--check", "--days", "21")
    rows = dict(
        scene.rows(
            "SELECT state = 'resolved', count(*) FROM tlsrpt.problem"
            " WHERE last_seen > (now() AT TIME ZONE 'UTC')::date - 21"
            " GROUP BY 1"
        )
    )
    assert rows[True] > 0
    assert f"'problems'={rows[False]};" in done.stdout
    # Each of these problems has a line.
    assert len(done.stdout.splitlines()) == 1 + rows[False]
    done = scene.run_report("--format", "json", "--days", "21")
    assert json.loads(done.stdout)["open_problem_count"] == rows[False]


def test_only_what_is_over(scene):
    """ "None" followed by a list of problems would be a contradiction."""
    done = scene.run_report("--domain", "example.net", "--days", "21")
    assert "No open problem.\n\nResolved\n" in done.stdout


def test_open_problems_beyond_the_page(site):
    """Problems that don't fit on the page are still counted."""
    policies = [
        mails.policy(
            f"d{number}.example",
            successful=9,
            failed=1,
            details=[mails.detail("tlsa-invalid")],
        )
        for number in range(120)
    ]
    site.take_in(mails.document(policies=policies))
    page = words(site.run_report("--format", "html").stdout)
    assert "<span>Open problems</span><b>120</b>" in page
    assert "20 less urgent ones are not shown" in page
    assert "'problems'=120;" in site.run_report("--check").stdout


# Absurd numbers


@pytest.fixture
def absurd(site):
    site.take_in(
        mails.document(
            policies=[
                mails.policy(
                    "n" * 50 + ".example.com",
                    successful=MOST,
                    failed=MOST,
                    details=[mails.detail("tlsa-invalid", MOST)],
                )
            ]
        ),
    )
    return site


def test_absurd_json(absurd):
    summary = json.loads(absurd.run_report("--format", "json").stdout)
    (daily,) = absurd.rows("SELECT failure_rate FROM tlsrpt.daily")
    assert daily[0] == 0.5
    (day,) = [each for each in summary["days"] if each["failed_sessions"]]
    for each in (
        summary,
        day,
        summary["domains"][0],
        summary["domains"][0]["days"][-2],
        summary["reporters"][0],
    ):
        assert each["failure_rate"] == 0.5
        assert each["successful_sessions"] == MOST
        assert each["failed_sessions"] == MOST


def test_absurd_columns(absurd):
    done = absurd.run_report()
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    (domain,) = [line for line in lines if line.startswith("nnn")]
    assert fields(domain)[1:4] == ["9.22E", "9.22E", "50.0%"]
    (reporter,) = [line for line in lines if line.startswith("Google")]
    assert fields(reporter)[2:6] == ["9.22E", "9.22E", "50.0%", "1"]
    assert f"{MOST:,} sessions, {MOST:,} failed (50.0%)." in words(done.stdout)


def test_large_columns(site):
    """The large numbers of a large provider are written out."""
    site.take_in(
        mails.document(
            policies=[mails.policy(successful=987654321, failed=9876543)]
        ),
    )
    lines = site.run_report().stdout.splitlines()
    (domain,) = [line for line in lines if line.startswith("example.com")]
    assert fields(domain)[1:4] == ["997,530,864", "9,876,543", "1.0%"]


def test_absurd_charts(absurd):
    page = absurd.run_report("--format", "html").stdout
    heights = re.findall(
        r'<rect class="(good|bad)" x="51" y="[\d.]+" width="8"'
        r' height="([\d.]+)"',
        page,
    )
    assert heights[:2] == [("good", "50.00"), ("bad", "50.00")]
    assert "failed (50.0%)" in page


def test_absurd_check(absurd):
    done = absurd.run_report("--check", "--warning", "40", "--critical", "51")
    assert done.returncode == 1, done.stdout
    assert "'failure_rate'=50%;40;51;0;100" in done.stdout


# Failures without details


@pytest.fixture
def terse(site):
    """Reports about q.test give no details of 10 failures, those about r.test
    give some, and the only problem of s.test is over."""
    details = [mails.detail("tlsa-invalid", 4)]
    site.take_in(
        mails.document(
            mails.SMALL, [mails.policy("q.test", successful=0, failed=10)]
        ),
        mails.document(
            mails.SMALL, [mails.policy("r.test", successful=5, failed=7)]
        ),
        mails.document(
            mails.GOOGLE,
            [mails.policy("r.test", successful=5, failed=4, details=details)],
        ),
        mails.document(
            mails.GOOGLE,
            [mails.policy("s.test", successful=5, failed=4, details=details)],
            mails.yesterday(6),
        ),
        *[
            mails.document(
                mails.GOOGLE,
                [mails.policy("s.test", successful=8, failed=2)],
                mails.yesterday(days),
            )
            for days in (4, 3, 2)
        ],
    )
    return site


SAYS = (
    "10 sessions failed at q.test, but the reports give no details of them: ask"
    " whoever reported them (Mail Example GmbH; see contact_info in"
    " tlsrpt.report), or look at the documents."
)
SAYS_TOO = "6 sessions failed at s.test, but the reports give no details"


@pytest.mark.parametrize("form", ["text", "html", "check"])
def test_failures_without_details(terse, form):
    options = ["--check"] if form == "check" else ["--format", form]
    done = terse.run_report(*options)
    text = words(done.stdout)
    assert SAYS in text and SAYS_TOO in text
    # A problem covers this domain, though not all of its failures.
    assert "failed at r.test, but" not in text
    done = terse.run_report(*options, "--domain", "q.test")
    text = words(done.stdout)
    assert SAYS in text and "s.test" not in text
    for none in ("No problem in this period", "No open problem", "no open problem"):
        assert none not in text
    if form == "check":
        assert done.returncode == 2
        assert "10 of 10 sessions failed in 7 days, worst q.test 100.0%" in text
    done = terse.run_report(*options, "--domain", "r.test")
    assert "give no details" not in words(done.stdout)


def test_failures_without_details_in_json(terse):
    summary = json.loads(terse.run_report("--format", "json").stdout)
    assert summary["undetailed"] == [
        {"policy_domain": "q.test", "failed_sessions": 10, "reporters": 1},
        {"policy_domain": "s.test", "failed_sessions": 6, "reporters": 1},
    ]


def test_a_tenant_is_told_of_its_own(terse):
    terse.postgres.create_login("terse_tenant")
    terse.postgres.query(
        terse.database,
        "SELECT tlsrpt.grant_domain('terse_tenant', 's.test')",
    )
    config = terse.config("tenant.conf", user="terse_tenant")
    done = programs.run("tlsrpt-report", "-c", config, folder=terse.folder)
    assert done.returncode == 0, done.stderr
    assert SAYS_TOO in words(done.stdout) and "q.test" not in done.stdout


def test_failures_without_a_count(site):
    site.take_in(
        mails.document(
            policies=[
                mails.policy(
                    failed=5, details=[mails.detail("tlsa-invalid", 0)]
                )
            ]
        ),
    )
    text = words(site.run_report().stdout)
    assert "an unknown number of sessions failed on" in text
    assert " 0 sessions" not in text and "0.0% of all" not in text
    (problem,) = json.loads(site.run_report("--format=json").stdout)["problems"]
    one = site.run_report("--problem", problem["problem_id"]).stdout
    assert "\nAn unknown number of sessions failed on" in one
    page = site.run_report("--format=html").stdout
    assert "<b>unknown number</b> failed" in page


# JSON, as the manual page describes it


def manual():
    path = programs.ROOT / "packaging" / "man" / "tlsrpt-report.1"
    text = path.read_text("utf-8")
    text = text[text.index(".Sh JSON") : text.index(".Sh ENVIRONMENT")]
    names = re.findall(r"(?m)^\.(?:Va|It Va) (.*)$", text)
    return {name for line in names for name in re.findall(r"\w+", line)}


def leaves(value, name=""):
    """(member, value) of everything in a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "document":
                yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value


def columns(scene, view):
    return {
        name
        for (name,) in scene.rows(
            "SELECT attname FROM pg_attribute WHERE attnum > 0"
            " AND attrelid = %s::regclass",
            f"tlsrpt.{view}",
        )
    }


def test_members_are_in_the_manual(scene):
    known = manual() | columns(scene, "problem")
    problem = scene.value(
        "SELECT problem_id FROM tlsrpt.problem"
        " WHERE result_type = 'certificate-expired'"
    )
    whole = json.loads(scene.run_report("--format", "json").stdout)
    one = json.loads(
        scene.run_report("--format", "json", "--problem", problem).stdout
    )
    for summary in (whole, one):
        for name, value in leaves(summary):
            assert name in known, f"{name} is not in the manual"
            # A time has a zone, a day has none.
            if name.endswith("_at"):
                assert TIME.fullmatch(value), (name, value)
            elif isinstance(value, str) and re.match(r"\d{4}-", value):
                assert re.fullmatch(r"\d{4}-\d\d-\d\d", value) or (
                    name == "report_id"
                ), (name, value)
    for each in (*whole["problems"], one):
        assert columns(scene, "problem") <= set(each)
    assert set(one["failures"][0]) <= columns(scene, "failure_detail")
    assert {name for name, _ in leaves(one["failures"])} <= manual()
    (received,) = {
        value.strftime("%Y-%m-%dT%H:%M:%SZ")
        for (value,) in scene.rows(
            "SELECT received_at AT TIME ZONE 'UTC' FROM tlsrpt.report"
            " WHERE report_key = %s",
            one["documents"][0]["report_key"],
        )
    }
    assert one["documents"][0]["received_at"] == received


# Sentences of any length


def test_long_sentences(site):
    """Words longer than a line are not cut: a long link can be opened."""
    link = "https://example.com/" + "x" * 300
    host = ".".join(["h" * 60] * 4)
    site.take_in(
        mails.document(
            policies=[
                mails.policy(
                    failed=3,
                    details=[
                        mails.detail(
                            "tlsa-invalid",
                            3,
                            host,
                            **{"additional-information": link},
                        )
                    ],
                )
            ],
            **{"organization-name": "O" * 90},
        ),
    )
    (problem,) = json.loads(site.run_report("--format", "json").stdout)[
        "problems"
    ]
    for form in ([], ["--problem", problem["problem_id"]]):
        text = site.run_report(*form).stdout
        before, *_ = text.split("\nOriginal reports, newest first")
        for line in before.splitlines():
            assert len(line) <= 80, line
    joined = re.sub(r"\s+", "", text)
    assert link in joined and host in joined
    for sentence in ("explanation", "evidence", "action"):
        assert re.sub(r"\s+", "", problem[sentence]) in joined
