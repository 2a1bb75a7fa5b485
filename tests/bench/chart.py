# SPDX-License-Identifier: MIT
"""Draws a chart of cost against amount as SVG, without a library to install."""

import math
import statistics
from dataclasses import dataclass

WIDTH = 420
HEIGHT = 260
LEFT, RIGHT, TOP, BOTTOM = 60, 24, 44, 48
STYLE = """
text { font: 12px sans-serif; fill: #222 }
.title { font-size: 15px; font-weight: bold }
.grid { stroke: #ddd }
.axis { stroke: #666 }
.range { stroke: #2a6f97; stroke-opacity: .4; stroke-width: 6 }
.line { stroke: #2a6f97; stroke-width: 2; fill: none }
.point { fill: #2a6f97 }
"""


@dataclass
class Point:
    amount: int
    costs: list


@dataclass
class Panel:
    title: str
    unit: str
    axis: str
    points: list


def nice_step(most):
    """A round step that divides 0 to most into four to ten parts."""
    power = 10 ** math.floor(math.log10(most / 4))
    for factor in (1, 2, 5, 10):
        if most / (factor * power) <= 8:
            return factor * power
    return 10 * power


def draw_panel(panel, offset):
    amounts = [point.amount for point in panel.points]
    low, high = math.log10(min(amounts)), math.log10(max(amounts))
    most = max(max(point.costs) for point in panel.points) * 1.1
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(amount):
        share = (math.log10(amount) - low) / (high - low or 1)
        return offset + LEFT + share * width

    def y(cost):
        return TOP + (1 - cost / most) * height

    bottom, left, right = y(0), offset + LEFT, offset + LEFT + width
    out = [
        f'<text class="title" x="{left}" y="20">{panel.title}</text>',
        f'<text x="{left}" y="37">{panel.unit}, median and range</text>',
    ]
    step = nice_step(most)
    for n in range(int(most / step) + 1):
        at = y(n * step)
        out.append(
            f'<line class="grid" x1="{left}" y1="{at:.1f}" x2="{right}"'
            f' y2="{at:.1f}"/><text x="{left - 8}" y="{at + 4:.1f}"'
            f' text-anchor="end">{n * step:g}</text>'
        )
    out.append(
        f'<line class="axis" x1="{left}" y1="{bottom}" x2="{right}"'
        f' y2="{bottom}"/>'
    )
    path = []
    for point in panel.points:
        at, middle = x(point.amount), y(statistics.median(point.costs))
        path.append(f"{at:.1f},{middle:.1f}")
        out.append(
            f'<line class="range" x1="{at:.1f}" y1="{y(min(point.costs)):.1f}"'
            f' x2="{at:.1f}" y2="{y(max(point.costs)):.1f}"/>'
            f'<circle class="point" cx="{at:.1f}" cy="{middle:.1f}" r="4"/>'
            f'<text x="{at:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">'
            f"{point.amount:,}</text>"
        )
    out.append(f'<polyline class="line" points="{" ".join(path)}"/>')
    out.append(
        f'<text x="{left + width / 2}" y="{HEIGHT - 10}"'
        f' text-anchor="middle">{panel.axis}</text>'
    )
    return "\n".join(out)


def write_svg(path, panels):
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(panels)}"'
        f' height="{HEIGHT}" role="img">\n<title>Growth: '
        + ", ".join(panel.title for panel in panels)
        + f"</title>\n<style>{STYLE}</style>\n"
        '<rect width="100%" height="100%" fill="#fff"/>\n'
        + "\n".join(
            draw_panel(panel, n * WIDTH) for n, panel in enumerate(panels)
        )
        + "\n</svg>\n",
        encoding="utf-8",
    )
