# SPDX-License-Identifier: MIT
"""`make bench`: measures all rows of the table, or the rows named, and also
writes them to build/bench/bench.json.

Nothing here is a test: the numbers, and whether a target is met, depend on the
machine. SCALE=0.05 makes everything smaller, to see whether it works."""

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# pylint: disable=wrong-import-position
import rows_growth
import rows_load
import rows_mail
from bench import Bench
from harness.programs import BUILD
from measure import table

ROWS = {**rows_mail.ROWS, **rows_load.ROWS, **rows_growth.ROWS}


def measure(names, scale):
    """Returns (the rows measured, the names of those that failed)."""
    rows, failed = [], []
    for name in names:
        bench = Bench(scale)
        start = time.monotonic()
        try:
            found = ROWS[name](bench)
        except Exception:  # the other rows are still worth measuring
            traceback.print_exc()
            failed.append(name)
            continue
        finally:
            bench.close()
        print(f"{name} ({time.monotonic() - start:.0f} s)", flush=True)
        print(table(found), flush=True)
        rows += found
    return rows, failed


def write_json(rows, scale):
    path = BUILD / "bench" / "bench.json"
    path.write_text(
        json.dumps(
            {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "cores": os.cpu_count(),
                "load_before": LOAD_BEFORE,
                "scale": scale,
                "rows": [row.as_dict() for row in rows],
            },
            indent=1,
            ensure_ascii=False,
        )
        + "\n",
        encoding="utf-8",
    )
    return path


LOAD_BEFORE = os.getloadavg()[0]


def main():
    names = sys.argv[1:] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        sys.exit(f"no such row: {' '.join(unknown)}; there are {' '.join(ROWS)}")
    # SIGTERM acts like Ctrl-C: everything that was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    scale = float(os.environ.get("SCALE", "1"))
    rows, failed = measure(names, scale)
    print(table(rows))
    print(f"Written to {write_json(rows, scale)}")
    if failed:
        sys.exit(f"failed: {' '.join(failed)}")


if __name__ == "__main__":
    main()
