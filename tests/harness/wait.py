# SPDX-License-Identifier: MIT
"""Waiting for something to become true, with a deadline."""

import time

# A generous deadline: a loaded machine and a sanitizer build are slow, and a
# test that passes never waits that long.
DEADLINE = 30.0


def wait_for(condition, what, timeout=DEADLINE):
    """Returns the first true value of condition(), or fails, naming what."""
    end = time.monotonic() + timeout
    pause = 0.005
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:g} s in vain: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def holds_for(condition, what, seconds):
    """Fails if condition() becomes false within this many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"did not last for {seconds:g} s: {what}"
        time.sleep(0.05)
