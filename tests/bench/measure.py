# SPDX-License-Identifier: MIT
"""Measuring, and the results: rows of the table."""

import json
import os
import statistics
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.programs import BUILD

RUNS = 5


@contextmanager
def on_one_core(*pids):
    """Binds these processes, this one and those it starts to one core: where
    the scheduler places two processes that talk to each other can add half
    again to their CPU time."""
    mine = os.sched_getaffinity(0)
    tasks = [int(task) for pid in pids for task in os.listdir(f"/proc/{pid}/task")]
    for task in [0, *tasks]:
        os.sched_setaffinity(task, {min(mine)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


def cpu_seconds(pid):
    """CPU time of a whole process to the nanosecond, from CPUCLOCK_SCHED of its
    pid, which is what clock_getcpuclockid(3) returns."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} has ended")


def bench_program(name, *arguments, env=None):
    """Runs a program of build/bench to its end; returns the JSON it prints."""
    done = subprocess.run(
        [BUILD / "bench" / name, *[str(argument) for argument in arguments]],
        stdout=subprocess.PIPE,
        env=env,
        check=True,
    )
    return json.loads(done.stdout)


def preload(milliseconds):
    """An environment in which fsync takes this long and touches no disk."""
    return {
        "LD_PRELOAD": str(BUILD / "bench" / "slow_fsync.so"),
        "FSYNC_MS": str(milliseconds),
    }


def children_cpu(arguments, **options):
    """Runs a command; returns its (wall-clock, CPU) seconds."""
    before = os.times()
    start = time.monotonic()
    subprocess.run(arguments, check=True, **options)
    wall = time.monotonic() - start
    after = os.times()
    return wall, (
        after.children_user
        - before.children_user
        + after.children_system
        - before.children_system
    )


@dataclass
class Row:
    """One line of the table. ours and base are the measurements of the runs, in
    pairs; the target is a limit on ratios."""

    key: str
    what: str
    against: str
    unit: str
    target: float
    at_least: bool
    ratios: list = field(default_factory=list)
    ours: list = field(default_factory=list)
    base: list = field(default_factory=list)
    more: dict = field(default_factory=dict)

    def add(self, ours, base, ratio=None):
        self.ours.append(ours)
        self.base.append(base)
        self.ratios.append(ours / base if ratio is None else ratio)

    def add_value(self, value):
        """Adds a measurement that is its own ratio."""
        self.ours.append(value)
        self.ratios.append(value)

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def met(self):
        if self.at_least:
            return self.ratio >= self.target
        return self.ratio <= self.target

    def as_dict(self):
        def spread(values):
            if not values:
                return None
            return {
                "median": statistics.median(values),
                "min": min(values),
                "max": max(values),
                "runs": values,
            }

        return {
            "row": self.key,
            "what": self.what,
            "against": self.against,
            "unit": self.unit,
            "ours": spread(self.ours),
            "base": spread(self.base),
            "ratio": spread(self.ratios),
            "target": ("≥ " if self.at_least else "≤ ") + f"{self.target:g}",
            "met": self.met,
            **self.more,
        }


def number(value):
    """A number with three digits and no exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread_text(values):
    if not values:
        return "", ""
    return (
        number(statistics.median(values)),
        f"{number(min(values))}–{number(max(values))}",
    )


def table(rows):
    """The table as text."""
    lines = [
        (
            "row", "what", "unit", "ours", "min–max", "against", "min–max",
            "ratio", "min–max", "target", "met",
        )
    ]
    for row in rows:
        sign = "≥ " if row.at_least else "≤ "
        lines.append(
            (
                row.key,
                row.what,
                row.unit,
                *spread_text(row.ours),
                *spread_text(row.base),
                *spread_text(row.ratios),
                sign + number(row.target),
                "yes" if row.met else "NO",
            )
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ""
    for line in lines:
        cells = [
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ]
        text += "  ".join(cells).rstrip() + "\n"
    return text
