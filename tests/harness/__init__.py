# SPDX-License-Identifier: MIT
"""The base of the end-to-end tests and the demo: starts real servers."""
