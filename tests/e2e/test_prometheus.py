# SPDX-License-Identifier: MIT
"""The metrics that the daemons write for node_exporter, and the alerts, tested
by Prometheus' own promtool."""

import re
import subprocess

from harness import mails
from harness.programs import FIXTURES, ROOT
from harness.wait import wait_for

ALERTS = ROOT / "packaging" / "prometheus" / "alerts.yml"


def promtool(*arguments, stdin=b""):
    return subprocess.run(
        ["promtool", *[str(word) for word in arguments]],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


def assert_well_formed(text):
    done = promtool("check", "metrics", stdin=text)
    assert (done.returncode, done.stdout) == (0, b""), done.stdout.decode()


def samples(text):
    """The values in a metrics file: {series: value}."""
    lines = text.decode().splitlines()
    assert lines[-1] == "# EOF"
    return dict(
        line.rsplit(" ", 1) for line in lines if not line.startswith("#")
    )


def test_metrics_of_real_programs(site):
    metrics = {"directory": str(site.folder)}
    site.milter(metrics=metrics)
    site.loader(metrics=metrics)
    files = {
        name: site.folder / f"tlsrpt-{name}.prom" for name in ("milter", "loader")
    }
    site.give(mails.carrier())
    site.wait_count("report", 1)
    for name, series in (
        ("milter", 'tlsrpt_reports_total{outcome="spooled"}'),
        ("loader", 'tlsrpt_loaded_total{outcome="stored"}'),
    ):
        wait_for(
            lambda: files[name].exists()
            and samples(files[name].read_bytes()).get(series) == "1",
            f"{series} is 1",
            20,
        )
    seen = {}
    for path in files.values():
        text = path.read_bytes()
        assert_well_formed(text)
        # node_exporter refuses a series that is in two files.
        assert not set(samples(text)) & set(seen)
        seen.update(samples(text))
    # A counter starts at 0 instead of missing, so that a first event is a rise.
    assert seen['tlsrpt_reports_total{outcome="spool-failed"}'] == "0"
    assert seen['tlsrpt_loaded_total{outcome="bad"}'] == "0"
    assert seen["tlsrpt_rejections_dropped_total"] == "0"
    quota = 'tlsrpt_spool_quota_bytes{program="tlsrpt-milter"}'
    assert seen[quota] == str(1 << 30)
    assert seen['tlsrpt_database_up{program="tlsrpt-loader"}'] == "1"


def test_alert_rules_are_valid():
    done = promtool("check", "rules", ALERTS)
    assert done.returncode == 0, done.stdout.decode()


def test_alerts_ask_for_metrics_that_exist():
    known = set(
        re.findall(
            r'"(tlsrpt_\w+)"', (ROOT / "include" / "base" / "metrics.h").read_text()
        )
    )
    asked = set(re.findall(r"\btlsrpt_\w+", ALERTS.read_text()))
    assert asked
    assert {name.removesuffix("_total") for name in asked} <= known


def test_alerts_fire(tmp_path):
    """Each alert fires for its own trouble, and none while all is well."""
    text = (FIXTURES / "prometheus" / "alerts_test.yml").read_text()
    assert text.count("\n  - ALERTS\n") == 1
    names = re.findall(r"(?m)^ +- alert: (\w+)$", ALERTS.read_text())
    assert all(name in text for name in names)
    rules = tmp_path / "test.yml"
    rules.write_text(text.replace("\n  - ALERTS\n", f"\n  - {ALERTS}\n"))
    done = promtool("test", "rules", rules)
    assert done.returncode == 0, done.stdout.decode()
