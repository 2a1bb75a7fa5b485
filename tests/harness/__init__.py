# SPDX-License-Identifier: MIT
"""What the end-to-end tests and the demo stand on: real servers, started here."""
