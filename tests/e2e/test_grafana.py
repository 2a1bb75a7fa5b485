# SPDX-License-Identifier: MIT
"""The Grafana dashboard: runs each query as Grafana would send it; the results
match the views."""

import datetime
import json
import re

import pytest

from harness import scenes
from harness.programs import ROOT
from harness.site import READER

FOLDER = ROOT / "packaging" / "grafana"
UNSET = "(not named)"


@pytest.fixture(scope="module")
def dashboard():
    return json.loads((FOLDER / "tlsrpt-dashboard.json").read_text("utf-8"))


class Grafana:
    """Inserts the variables, as Grafana's PostgreSQL data source does."""

    def __init__(self, scene, days=30):
        self.scene = scene
        now = datetime.datetime.now(datetime.timezone.utc)
        self.to = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.from_ = (now - datetime.timedelta(days=days)).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        self.values = {}

    def expand(self, sql):
        sql = sql.replace("$__timeFrom()", f"'{self.from_}'")
        sql = sql.replace("$__timeTo()", f"'{self.to}'")
        for name, values in self.values.items():
            quoted = ",".join(
                "'" + value.replace("'", "''") + "'" for value in values
            )
            sql = sql.replace(f"${{{name}:sqlstring}}", quoted)
        assert "$" not in sql, f"not known to this test: {sql}"
        return sql

    def ask(self, sql):
        with self.scene.postgres.connect(
            self.scene.database, READER
        ) as connection:
            cursor = connection.execute(self.expand(sql))
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]


def variables(dashboard):
    return {each["name"]: each for each in dashboard["templating"]["list"]}


@pytest.fixture
def grafana(scene, dashboard):
    """Grafana with all domains and all reporters selected."""
    source = Grafana(scene)
    for name, variable in variables(dashboard).items():
        source.values[name] = [
            row[name] for row in source.ask(variable["query"])
        ]
    return source


def panel(dashboard, title):
    (found,) = [
        each for each in dashboard["panels"] if each["title"] == title
    ]
    return found["targets"][0]["rawSql"]


def titles():
    text = (FOLDER / "tlsrpt-dashboard.json").read_text("utf-8")
    return [each["title"] for each in json.loads(text)["panels"]]


def test_variables(grafana, dashboard, scene):
    assert set(variables(dashboard)) == {"domain", "reporter"}
    for name, column in (
        ("domain", "policy_domain"),
        ("reporter", "organization_name"),
    ):
        expected = scene.rows(f"SELECT DISTINCT {column} FROM tlsrpt.daily")
        assert {value for (value,) in expected} == set(grafana.values[name])


@pytest.mark.parametrize("title", titles())
def test_query(grafana, dashboard, title):
    """Each panel's query runs and has something to show for this scene."""
    rows = grafana.ask(panel(dashboard, title))
    assert rows or title == "Rejected reports"


def totals(scene, where="true"):
    return scene.rows(
        "SELECT sum(successful_sessions)::bigint, sum(failed_sessions)::bigint"
        f" FROM tlsrpt.daily WHERE {where}"
    )[0]


def values(rows):
    return [value for row in rows for value in row.values()]


def test_totals_are_the_views(grafana, dashboard, scene):
    successful, failed = totals(scene)
    assert values(grafana.ask(panel(dashboard, "Sessions"))) == [
        successful + failed
    ]
    assert values(grafana.ask(panel(dashboard, "Failed sessions"))) == [failed]
    (rate,) = values(grafana.ask(panel(dashboard, "Failure rate")))
    assert rate == pytest.approx(failed / (successful + failed))
    days = grafana.ask(panel(dashboard, "Sessions by day"))
    assert sum(row["succeeded"] for row in days) == successful
    assert sum(row["failed"] for row in days) == failed
    assert len(days) == 21
    assert all(row["time"].tzinfo for row in days)
    reporters = grafana.ask(panel(dashboard, "Reporters"))
    assert sum(row["sessions"] for row in reporters) == successful + failed
    for title in ("Failed sessions by type", "Failed sessions by MX host"):
        rows = grafana.ask(panel(dashboard, title))
        assert sum(row["failed_sessions"] for row in rows) == scene.value(
            "SELECT sum(failed_sessions) FROM tlsrpt.failure_detail"
        )


def test_chosen_domain_and_reporter(grafana, dashboard, scene):
    grafana.values = {"domain": ["example.com"], "reporter": ["Google Inc."]}
    successful, failed = totals(
        scene,
        "policy_domain = 'example.com' AND organization_name = 'Google Inc.'",
    )
    assert values(grafana.ask(panel(dashboard, "Sessions"))) == [
        successful + failed
    ]
    (problem,) = grafana.ask(panel(dashboard, "Problems, most urgent first"))
    assert problem["result_type"] == "certificate-expired"
    for row in grafana.ask(panel(dashboard, "Failures, newest first")):
        assert row["policy_domain"] == "example.com"
        assert row["organization_name"] == "Google Inc."


def test_problems_are_the_view_s(grafana, dashboard, scene):
    rows = grafana.ask(panel(dashboard, "Problems, most urgent first"))
    expected = scene.rows(
        "SELECT problem_id, explanation, action FROM tlsrpt.problem"
        " ORDER BY urgency DESC, failed_sessions DESC, problem_id"
    )
    assert [
        (row["problem_id"], row["explanation"], row["action"]) for row in rows
    ] == expected
    assert values(grafana.ask(panel(dashboard, "Open problems"))) == [
        scene.value(
            "SELECT count(*) FROM tlsrpt.problem WHERE state <> 'resolved'"
        )
    ]
    (silent,) = grafana.ask(panel(dashboard, "Stopped reporting"))
    assert silent["organization_name"] == "Yahoo Inc."


def test_hostile_names_as_variables(grafana, dashboard):
    """A reporter's name that contains quotes is a value, not SQL."""
    grafana.values["reporter"] = [scenes.NASTY]
    assert values(grafana.ask(panel(dashboard, "Sessions"))) == [10]
    grafana.values["domain"] = ["') OR (true"]
    assert values(grafana.ask(panel(dashboard, "Sessions"))) == [0]


def test_unnamed_is_a_choice(dashboard):
    for variable in variables(dashboard).values():
        assert UNSET in variable["query"]
        assert variable["multi"] and variable["includeAll"]


def test_well_formed(dashboard):
    """The files have what provisioning needs, and panels don't overlap."""
    source = (FOLDER / "datasource.yaml").read_text("utf-8")
    (uid,) = re.findall(r"(?m)^\s+uid: (\S+)$", source)
    (kind,) = re.findall(r"(?m)^\s+type: (\S+)$", source)
    taken = set()
    ids = [each["id"] for each in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert "id" not in dashboard and dashboard["uid"]
    for each in dashboard["panels"]:
        assert each["datasource"] == {"type": kind, "uid": uid}
        (target,) = each["targets"]
        assert target["datasource"] == each["datasource"]
        assert target["rawQuery"] is True
        place = each["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (place["x"] + x, place["y"] + y)
            for x in range(place["w"])
            for y in range(place["h"])
        }
        assert not cells & taken, each["title"]
        taken |= cells
    for name, variable in variables(dashboard).items():
        assert variable["datasource"] == {"type": kind, "uid": uid}
        assert variable["definition"] == variable["query"], name
    # A password belongs in the environment, not in a file of the package.
    assert "password: $" in source
