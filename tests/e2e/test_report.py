# SPDX-License-Identifier: MIT
"""tlsrpt-report on rows that took the whole path into the database."""

import json
import re

import pytest

from harness import mails, programs, scenes
from harness.site import READER


@pytest.fixture
def loaded(site):
    """A site with yesterday's reports: two domains, two senders, a problem."""
    reports = [
        (
            mails.GOOGLE,
            mails.document(
                mails.GOOGLE,
                [
                    mails.policy(
                        successful=970,
                        failed=30,
                        details=[mails.detail("certificate-expired", 30)],
                    )
                ],
            ),
        ),
        (
            mails.MICROSOFT,
            mails.document(
                mails.MICROSOFT,
                [mails.policy("example.org", successful=4321)],
                domain="example.org",
            ),
        ),
    ]
    for number, (sender, report) in enumerate(reports):
        path = site.folder / f"{number}.eml"
        path.write_bytes(mails.carrier(report, sender))
        done = site.run_import(path)
        assert done.returncode == 0, done.stdout + done.stderr
    site.drain()
    assert site.count("report") == 2
    return site


def test_text(loaded):
    done = loaded.run_report("--format", "text")
    assert done.returncode == 0, done.stderr
    for expected in ("example.com", "example.org", "certificate-expired"):
        assert expected in done.stdout, done.stdout
    plain = done.stdout.replace(",", "").replace("\u202f", "")
    for number in ("1000", "30", "4321"):
        assert number in plain, done.stdout
    for line in done.stdout.splitlines():
        assert len(line) <= 80, f"{len(line)} columns: {line}"
        assert line.isprintable(), repr(line)


def test_text_is_the_default(loaded):
    default = loaded.run_report()
    assert default.returncode == 0, default.stderr
    assert "example.com" in default.stdout


def test_one_domain(loaded):
    done = loaded.run_report("--domain", "example.org")
    assert done.returncode == 0, done.stderr
    assert "example.org" in done.stdout
    assert "example.com" not in done.stdout


def test_days(loaded):
    """Reports from before the days requested are left out."""
    old = mails.document(
        policies=[mails.policy("example.net", successful=777)],
        day=mails.yesterday(20),
        domain="example.net",
    )
    loaded.take_in(old)
    assert "777" in loaded.run_report("--days", "30").stdout
    assert "777" not in loaded.run_report("--days", "7").stdout


def test_nothing_loaded(site):
    done = site.run_report()
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_hostile_names_are_harmless(site):
    """Text from a report can't control the terminal."""
    report = mails.document(
        policies=[
            mails.policy(
                failed=1,
                details=[mails.detail("x\x1b]0;owned\x07\u202e", 1, "mx\x9b1m")],
            )
        ],
        **{"organization-name": "Evil\x1b[2J\u202eInc."},
    )
    site.take_in(report)
    assert site.count("report") == 1
    done = site.run_report()
    assert done.returncode == 0, done.stderr
    for character in "\x1b\x07\x9b\u202e":
        assert character not in done.stdout, repr(done.stdout)


def test_the_reader_role_can_not_write(loaded):
    code, output = loaded.postgres.psql(
        loaded.database,
        *("-qc", "DELETE FROM tlsrpt.report"),
        user="site_reader",
    )
    assert code != 0 and "permission denied" in output


def test_database_down(site):
    config = site.config("report.conf")
    site.postgres.stop()
    done = programs.run("tlsrpt-report", "-c", config, folder=site.folder)
    assert done.returncode == programs.EX_UNAVAILABLE, done
    assert done.stdout == "" and done.stderr.strip()


# Weeks of reports, which all tests from here on read


def problem_id(scene, result_type):
    return scene.value(
        "SELECT problem_id FROM tlsrpt.problem WHERE result_type = %s",
        result_type,
    )


def report_as(scene, *arguments, **env):
    config = scene.config("report.conf", user=READER)
    return programs.run(
        "tlsrpt-report", "-c", config, *arguments, folder=scene.folder, **env
    )


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
@pytest.mark.parametrize("days", [1, 7, 21, 400])
def test_fits_the_terminal(scene, locale, days):
    done = report_as(scene, "--days", days, LC_ALL=locale)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        assert len(line) <= 80, f"{len(line)} columns: {line}"
        assert line.isprintable(), repr(line)
    if locale == "C":
        assert done.stdout.isascii()
    elif days > 1:
        assert "█" in done.stdout


def test_problems_are_sentences(scene):
    """The most urgent first, a few lines each, and those that are over last."""
    text = scene.run_report("--days", "21").stdout
    expired, dane, over = (
        text.index(problem_id(scene, kind))
        for kind in (
            "certificate-expired",
            "tlsa-invalid",
            "starttls-not-supported",
        )
    )
    assert expired < dane < text.index("\nResolved\n") < over
    start = text[:expired].rindex("\n") + 1
    block = text[start : text.index("\n3. ")].splitlines()
    assert len(block) <= 5
    sentence = " ".join(" ".join(block).split())
    first, last = mails.yesterday(4), mails.yesterday(1)
    assert "New, our side: 510 sessions failed" in sentence
    assert f"from {first} to {last}" in sentence
    assert "Renew the certificate" in sentence
    line = next(line for line in text.splitlines() if "starttls-not" in line)
    assert str(mails.yesterday(9)) in line


def test_one_day_is_on_that_day(loaded):
    day = mails.yesterday()
    text = " ".join(loaded.run_report().stdout.split())
    assert f"failed on {day}" in text
    assert f"{day} to {day}" not in text


def test_who_has_stopped_to_report(scene):
    text = scene.run_report("--days", "7").stdout
    line = next(line for line in text.splitlines() if "Yahoo" in line)
    assert line.endswith("!") and str(mails.yesterday(11)) in line
    google = next(
        line for line in text.splitlines() if line.startswith("Google")
    )
    assert "!" not in google


def on_a_terminal(scene, **more):
    """Returns what the program writes to a terminal."""
    shown, _ = programs.run_on_terminal(
        "stdout",
        "tlsrpt-report",
        *("-c", scene.config("report.conf", user=READER)),
        folder=scene.folder,
        **more,
    )
    return shown


def test_colours(scene):
    assert "\x1b[31m" in on_a_terminal(scene)
    assert "\x1b" not in on_a_terminal(scene, NO_COLOR="1")
    assert "\x1b[31m" in on_a_terminal(scene, NO_COLOR="")
    assert "\x1b" not in scene.run_report().stdout


def test_many_domains(site):
    """The text shows only the worst domains; JSON has all."""
    policies = [
        mails.policy(
            f"d{number}.example",
            failed=number,
            details=[mails.detail("tlsa-invalid", number)],
        )
        for number in range(1, 61)
    ]
    site.take_in(mails.document(policies=policies))
    text = site.run_report().stdout
    assert "35 more with fewer failures" in text
    assert "40 more, less urgent" in text
    assert len(text.splitlines()) < 180
    assert "d60.example" in text and "d1.example" not in text
    summary = json.loads(site.run_report("--format", "json").stdout)
    assert len(summary["domains"]) == len(summary["problems"]) == 60
    assert "d1.example" in site.run_report("--domain", "d1.example").stdout


# One problem


def test_detail(scene):
    name = problem_id(scene, "certificate-expired")
    done = scene.run_report("--problem", name)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for row in scene.rows(
        "SELECT explanation, evidence, action FROM tlsrpt.problem"
        " WHERE problem_id = %s",
        name,
    ):
        for sentence in row:
            assert " ".join(sentence.split()) in text
    assert done.stdout.count("reason: certificate has expired") == 12
    # The documents are those that were stored.
    documents = re.findall(r"(?ms)^\{$.*?^\}$", done.stdout)
    assert len(documents) == 3
    for document in documents:
        parsed = json.loads(document)
        assert scene.value(
            "SELECT count(*) FROM tlsrpt.report WHERE document = %s::jsonb",
            json.dumps(parsed),
        ) == 1
        assert "certificate-expired" in document


def test_detail_of_a_hostile_report(scene):
    name = scene.value(
        "SELECT problem_id FROM tlsrpt.problem"
        " WHERE policy_domain = 'evil.example'"
    )
    for form in ("text", "json"):
        done = scene.run_report("--problem", name, "--format", form)
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            assert line.isprintable(), repr(line)
    assert json.loads(done.stdout)["result_type"] == scenes.NASTY
    (document,) = json.loads(done.stdout)["documents"]
    assert document["document"]["organization-name"] == scenes.NASTY


@pytest.mark.parametrize("name", ["0", "x", "' OR true --", "{,}"])
def test_no_such_problem(scene, name):
    done = scene.run_report("--problem", name)
    assert done.returncode == programs.EX_USAGE
    assert done.stdout == "" and "there is none" in done.stderr


# JSON


def as_dicts(scene, statement):
    with scene.postgres.connect(scene.database) as connection:
        cursor = connection.execute(statement)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def plain(value):
    """A value of the database as JSON represents it."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, (str, type(None), float)) else int(value)


def test_json_equals_the_views(scene):
    done = scene.run_report("--format", "json", "--days", "21")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["version"] == 1
    last = "day > (now() AT TIME ZONE 'UTC')::date - 21"

    problems = as_dicts(
        scene,
        "SELECT * FROM tlsrpt.problem"
        " ORDER BY urgency DESC, failed_sessions DESC, problem_id",
    )
    assert len(problems) == 4 == summary["problem_count"]
    for found, expected in zip(summary["problems"], problems, strict=True):
        assert found == {name: plain(expected[name]) for name in expected}

    sums = "sum(successful_sessions) AS successful_sessions," \
        " sum(failed_sessions) AS failed_sessions"
    (total,) = as_dicts(scene, f"SELECT {sums} FROM tlsrpt.daily WHERE {last}")
    assert {name: summary[name] for name in total} == {
        name: int(total[name]) for name in total
    }
    for member, column in (
        ("domains", "policy_domain"),
        ("reporters", "organization_name"),
    ):
        for row in as_dicts(
            scene,
            f"SELECT {column}, {sums} FROM tlsrpt.by_reporter WHERE {last}"
            f" GROUP BY {column}",
        ):
            (found,) = [
                each
                for each in summary[member]
                if each[column] == row[column]
            ]
            for name in ("successful_sessions", "failed_sessions"):
                assert found[name] == int(row[name])
        assert sum(
            each["failed_sessions"] for each in summary[member]
        ) == int(total["failed_sessions"])
    for member, column in (
        ("result_types", "result_type"),
        ("mx_hosts", "receiving_mx_hostname"),
    ):
        rows = scene.rows(
            f"SELECT {column}, sum(failed_sessions)::bigint"
            f" FROM tlsrpt.problem_daily WHERE {last} GROUP BY 1"
        )
        assert {
            each[column]: each["failed_sessions"] for each in summary[member]
        } == dict(rows)
    days = scene.rows(
        f"SELECT day::text, sum(failed_sessions)::bigint FROM tlsrpt.daily"
        f" WHERE {last} GROUP BY 1"
    )
    assert len(summary["days"]) == 21
    found = {each["day"]: each["failed_sessions"] for each in summary["days"]}
    for day, failed in days:
        assert found[day] == failed
    assert summary["last_day"] == summary["days"][-1]["day"]
    silent = {
        each["organization_name"]: each["silent_domains"]
        for each in summary["reporters"]
        if each["silent_domains"]
    }
    assert silent == {"Yahoo Inc.": 1}


def test_json_of_nothing(site):
    summary = json.loads(site.run_report("--format", "json").stdout)
    assert summary["domains"] == summary["problems"] == []
    assert summary["failure_rate"] is None


def test_huge_counts(site):
    """Absurdly large claims stay numbers."""
    most = 2**63 - 1
    policies = [
        mails.policy(
            successful=most,
            failed=most,
            details=[mails.detail("tlsa-invalid", most)],
        )
    ]
    site.take_in(
        mails.document(mails.GOOGLE, policies),
        mails.document(mails.MICROSOFT, policies),
    )
    assert site.count("report") == 2
    for form in ("text", "html", "json"):
        done = site.run_report("--format", form)
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed_sessions"] == most
    assert site.run_report("--check").returncode == 2


# A file


def test_output(scene):
    path = scene.folder / "out.json"
    path.write_text("old")
    done = scene.run_report("--format", "json", "--output", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(path.read_text())["version"] == 1
    assert path.stat().st_mode & 0o777 == 0o644
    done = scene.run_report("--output", scene.folder / "none" / "x")
    assert done.returncode == 73 and "none" in done.stderr


def test_output_is_kept_when_the_database_is_down(site):
    path = site.folder / "page.html"
    path.write_text("old")
    config = site.config("report.conf", user=READER)
    site.postgres.stop()
    done = programs.run(
        *("tlsrpt-report", "-c", config, "--format", "html"),
        *("--output", path),
        folder=site.folder,
    )
    assert done.returncode == programs.EX_UNAVAILABLE
    assert path.read_text() == "old"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--days", "0"],
        ["--days", "3651"],
        ["--format", "pdf"],
        ["--warning", "101"],
        ["--warning", "nan"],
        ["--critical", "1e1"],
        ["--critical", ""],
        ["--max-age", "91"],
        ["--problem"],
        ["operand"],
    ],
)
def test_wrong_usage(site, arguments):
    done = site.run_report(*arguments)
    assert done.returncode == programs.EX_USAGE
    assert done.stdout == "" and "tlsrpt-report: " in done.stderr


# A monitoring plugin

PLUGIN = re.compile(
    r"TLSRPT (OK|WARNING|CRITICAL): [^|\n]+ \|"
    r"((?: '[^'=|]+'=[0-9.]+%?(?:;[0-9.]*){0,4})+)\n(?:[^|\n]+\n)*"
)


def check(scene, *arguments):
    done = scene.run_report("--check", *arguments)
    match = PLUGIN.fullmatch(done.stdout)
    assert match, done.stdout
    assert done.stderr == ""
    states = ["OK", "WARNING", "CRITICAL"]
    assert match[1] == states[done.returncode]
    numbers = dict(re.findall(r"'([^']+)'=([0-9.]+)", match[2]))
    return match[1], done.stdout, numbers


def test_check_numbers(scene):
    state, text, numbers = check(
        scene, "--days", "21", "--domain", "example.com"
    )
    assert state == "OK"
    rate = scene.value(
        "SELECT 100 * sum(failed_sessions) / sum(successful_sessions"
        " + failed_sessions) FROM tlsrpt.daily"
        " WHERE policy_domain = 'example.com'"
        " AND day > (now() AT TIME ZONE 'UTC')::date - 21"
    )
    assert float(numbers["example.com"]) == pytest.approx(float(rate), rel=1e-3)
    assert float(numbers["failure_rate"]) == float(numbers["example.com"])
    assert numbers["failed_sessions"] == "510"
    assert numbers["age_days"] == "0"
    assert "certificate-expired at mx2.example.com: 510 sessions" in text


def test_check_thresholds(scene):
    """Domains are judged separately: evil.example has 70 %, all have 0.5 %."""
    assert check(scene)[0] == "CRITICAL"
    assert check(scene, "--critical", "70.1")[0] == "WARNING"
    assert check(scene, "--critical", "70")[0] == "CRITICAL"
    assert check(scene, "--warning", "71", "--critical", "72")[0] == "OK"
    assert check(scene, "--domain", "example.net")[0] == "OK"
    assert (
        check(scene, "--domain", "example.net", "--warning", "0")[0]
        == "WARNING"
    )


def test_check_of_one_failed_session(site):
    policies = [mails.policy("one.example", successful=3, failed=1)]
    site.take_in(mails.document(policies=policies))
    state, text, _ = check(site)
    assert state == "CRITICAL"
    assert "1 of 4 sessions failed in 7 days, worst one.example 25.0%" in text


def test_check_age(site):
    state, text, _ = check(site, "--max-age", "2")
    assert state == "WARNING" and "no report came in the last 90" in text
    assert check(site)[0] == "OK"
    site.take_in(mails.document())
    assert check(site, "--max-age", "2")[0] == "OK"
    site.postgres.query(
        site.database,
        "UPDATE tlsrpt.report SET received_at = now() - interval '50 hours'",
    )
    state, text, numbers = check(site, "--max-age", "2")
    assert state == "WARNING" and "no report came for 2 days" in text
    assert numbers["age_days"] == "2"
    assert check(site, "--max-age", "3")[0] == "OK"


def test_check_unknown(site):
    config = site.config("report.conf", user=READER)
    site.postgres.stop()
    for path in (config, site.folder / "none.conf"):
        done = programs.run(
            "tlsrpt-report", "-c", path, "--check", folder=site.folder
        )
        assert done.returncode == 3, done
        assert done.stdout.startswith("TLSRPT UNKNOWN: ")
        assert done.stdout.count("\n") == 1 and "|" not in done.stdout


def test_a_tenant(site):
    """A tenant sees its domain, its part of a document, and no rejections."""
    failing = [mails.detail("tlsa-invalid", 3)]
    path = site.folder / "one.json"
    path.write_bytes(
        mails.as_json(
            mails.document(
                policies=[
                    mails.policy("example.com", failed=3, details=failing),
                    mails.policy("other.example", failed=3, details=failing),
                ]
            )
        )
    )
    assert site.run_import(path).returncode == 0
    site.drain()
    site.postgres.create_login("site_tenant")
    site.postgres.query(
        site.database,
        "SELECT tlsrpt.grant_domain('site_tenant', 'example.com')",
    )
    config = site.config("tenant.conf", user="site_tenant")

    def ask(*arguments):
        done = programs.run(
            "tlsrpt-report", "-c", config, *arguments, folder=site.folder
        )
        assert done.returncode == 0, done.stderr
        assert "tlsa-invalid" in done.stdout
        assert "other.example" not in done.stdout
        return done.stdout

    ask("--format", "text")
    ask("--format", "html")
    ask("--domain", "example.com")
    summary = json.loads(ask("--format", "json"))
    assert summary["rejections"] is None and summary["reports"] == 1
    (problem,) = summary["problems"]
    assert '"organization-name"' in ask("--problem", problem["problem_id"])


@pytest.mark.parametrize("style", ["German", "SQL, DMY", "Postgres"])
def test_the_way_a_database_writes_values(loaded, style):
    """The program parses dates, whose style is a setting of the session."""
    wanted = loaded.run_report("--format", "json")
    assert wanted.returncode == 0, wanted.stderr
    for setting in (
        f"datestyle = '{style}'",
        "intervalstyle = sql_standard",
        "bytea_output = escape",
        "extra_float_digits = -10",
    ):
        loaded.rows(f"ALTER DATABASE {loaded.database} SET {setting}")
    # The queries and functions of the loader don't depend on it either.
    again = loaded.run_import(loaded.folder / "0.eml")
    assert again.returncode == 0, again.stderr
    loaded.drain()
    assert loaded.count("rejected_report") == 0
    done = loaded.run_report("--format", "json")
    assert done.returncode == 0, done.stderr
    found, before = json.loads(done.stdout), json.loads(wanted.stdout)
    for answer in (found, before):
        answer.pop("generated_at", None)
    assert found == before


# The files of SQL

VALUES = {
    "text": "'none'",
    "text[]": "'{example.com}'",
    "int": "7",
    "jsonb": "'[]'",
}


@pytest.mark.parametrize(
    "path",
    sorted(programs.ROOT.glob("milter/*/sql/*.sql")),
    ids=lambda path: f"{path.parents[1].name}-{path.stem}",
)
def test_sql_runs_in_psql(scene, path):
    """Each file runs by itself, with the parameters that its comment names."""
    text = path.read_text("utf-8")
    types = re.findall(r"^--   \$[0-9] (\S+) ", text, re.M)
    assert len(types) == len(set(re.findall(r"\$[0-9]", text)))
    if types:
        values = ", ".join(VALUES[one] for one in types)
        text = f"PREPARE question({', '.join(types)}) AS {text};"
        text += f"EXECUTE question({values});"
    code, output = scene.postgres.psql(
        scene.database, *("-v", "ON_ERROR_STOP=1", "-c", text)
    )
    assert code == 0, output
