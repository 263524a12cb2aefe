"""Small charts as inline SVG; colours come from the page's style, so they follow its light or dark theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64
from markupsafe import Markup, escape

__all__ = ["Bins", "Mark", "Series", "bins_of", "histogram", "plain", "rose"]

_WIDTH, _HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 16, 16, 20
_MOST_WHOLE = 24


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers of one colour: ``style`` is the CSS class of its bars."""

    name: str
    style: str
    values: Float64[np.ndarray, " n"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line with a word, such as a threshold of the gate."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Bins:
    """Edges of the bars; for whole numbers each bar stands on its own number."""

    edges: Float64[np.ndarray, " n"] = field(repr=False)
    is_whole: bool


def plain(value: float, step: float = 0.0) -> str:
    """A number for reading: as many decimals as the step between neighbours needs (3 digits without a step)."""
    if not math.isfinite(value):
        return "-"
    if step <= 0:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    decimals = next((count for count in range(6) if math.isclose(round(step, count), step, rel_tol=1e-6)), 6)
    return f"{value + 0.0:,.{decimals}f}"


def bins_of(values: Float64[np.ndarray, " n"], marks: Sequence[float] = (), count: int = 32) -> Bins:
    """Bins that hold all values and marks, with round edges; one bin per number for a few whole numbers."""
    found = np.concatenate([values, np.asarray(marks, dtype=np.float64)])
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
    if values.size and np.all(values == np.round(values)) and high - low <= _MOST_WHOLE:
        return Bins(np.arange(math.floor(low), math.ceil(high) + 2) - 0.5, True)
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        reach = 0.05 * max(abs(low), abs(high), 1.0)
        low, high = low - reach, high + reach
    step = _round_step((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Bins(np.arange(first, max(last, first + 1) + 1) * step, False)


def histogram(series: Sequence[Series], *, title: str, marks: Sequence[Mark] = (), bins: Bins | None = None) -> Markup:
    """Stacked bars of counts over a number; empty series give an empty frame with its axis."""
    whole = np.concatenate([each.values for each in series]) if series else np.empty(0)
    bins = bins or bins_of(whole, [mark.value for mark in marks])
    ends = bins.edges[0], bins.edges[-1]
    counts = [np.histogram(np.clip(each.values, *ends), bins.edges)[0] for each in series]
    most = int(np.sum(counts, axis=0).max(initial=0)) if counts else 0
    parts = [*_count_axis(most), *_bars(series, counts, bins, most), *_marks(marks, bins), *_value_axis(bins)]
    told = ", ".join(f"{each.name}: {each.values.size}" for each in series)
    return _svg(_WIDTH, _HEIGHT, f"Histogram of {title}; {told}", parts)


def rose(angles_deg: Float64[np.ndarray, " n"], labels: Sequence[str], title: str, sectors: int = 16) -> Markup:
    """Counts over the full circle seen from above: 0 degrees points down, angles grow to the right (seen: front down).

    The area of a sector, not its radius, is proportional to its count. ``labels`` stand at 0, 90, 180, 270 degrees.
    """
    width = 360.0 / sectors
    place = np.floor(((angles_deg + width / 2) % 360.0) / width).astype(int)
    counts = np.bincount(place, minlength=sectors)[:sectors]
    most = max(int(counts.max(initial=0)), 1)
    radius, centre = 62.0, (_WIDTH / 2, _HEIGHT / 2)
    parts = [f'<circle class="grid" cx="{centre[0]:g}" cy="{centre[1]:g}" r="{radius:g}"/>']
    for sector, count in enumerate(counts):
        if count:
            path = _sector(centre, radius * math.sqrt(count / most), sector * width, width)
            text = f"{plain(sector * width)} deg: {count}"
            parts.append(f'<path class="kept" d="{path}"><title>{text}</title></path>')
    spots = ((0.0, 70.0, "middle"), (70.0, 3.0, "start"), (0.0, -65.0, "middle"), (-70.0, 3.0, "end"))
    for label, (x, y, anchor) in zip(labels, spots, strict=True):
        shift = f'x="{centre[0] + x:g}" y="{centre[1] + y:g}" text-anchor="{anchor}"'
        parts.append(f"<text {shift}>{escape(label)}</text>")
    return _svg(_WIDTH, _HEIGHT, f"{title}; {angles_deg.size} people", parts)


def _svg(width: int, height: int, told: str, parts: Sequence[str]) -> Markup:
    head = f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(told)}">'
    return Markup(head + "".join(parts) + "</svg>")


def _x(value: float, bins: Bins) -> float:
    low, high = float(bins.edges[0]), float(bins.edges[-1])
    return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)


def _y(count: float, most: int) -> float:
    return _HEIGHT - _BOTTOM - count / max(most, 1) * (_HEIGHT - _TOP - _BOTTOM)


def _bars(series: Sequence[Series], counts: Sequence[Int64[np.ndarray, " n"]], bins: Bins, most: int) -> list[str]:
    parts: list[str] = []
    step = float(bins.edges[1] - bins.edges[0])
    below = np.zeros(len(bins.edges) - 1)
    for each, heights in zip(series, counts, strict=True):
        for place in np.flatnonzero(heights):
            low, high = float(bins.edges[place]), float(bins.edges[place + 1])
            top, foot = _y(below[place] + heights[place], most), _y(below[place], most)
            text = plain(low + 0.5) if bins.is_whole else f"{plain(low, step)} to {plain(high, step)}"
            left, right = _x(low, bins), _x(high, bins)
            gap = min(1.0, (right - left) * 0.15)
            parts.append(
                f'<rect class="{each.style}" x="{left + gap / 2:.1f}" y="{top:.1f}" width="{right - left - gap:.1f}" '
                f'height="{foot - top:.1f}"><title>{text}: {int(heights[place])} {escape(each.name)}</title></rect>'
            )
        below = below + heights
    return parts


def _marks(marks: Sequence[Mark], bins: Bins) -> list[str]:
    parts: list[str] = []
    for mark in marks:
        x = _x(mark.value, bins)
        anchor = "end" if x > _WIDTH / 2 else "start"
        shift = -3 if anchor == "end" else 3
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text class="mark" x="{x + shift:.1f}" y="11" text-anchor="{anchor}">{escape(mark.text)}</text>')
    return parts


def _count_axis(most: int) -> list[str]:
    step = max(1, round(_round_step(max(most, 1) / 3)))
    parts: list[str] = []
    for count in range(0, most + 1, step):
        y = _y(count, most)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 4}" y="{y + 3.5:.1f}" text-anchor="end">{count:,}</text>')
    return parts


def _value_axis(bins: Bins) -> list[str]:
    inset = 0.5 if bins.is_whole else 0.0
    low, high = float(bins.edges[0]) + inset, float(bins.edges[-1]) - inset
    step = _round_step((high - low) / 4) if high > low else 1.0
    if bins.is_whole:
        step = max(1.0, float(round(step)))
    parts: list[str] = []
    for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        value = place * step
        x, y = _x(value, bins), _HEIGHT - _BOTTOM + 14
        parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{plain(value, step)}</text>')
    return parts


def _sector(centre: tuple[float, float], radius: float, middle_deg: float, width_deg: float) -> str:
    ends: list[str] = []
    for side in (-0.46, 0.46):
        angle = math.radians(middle_deg + side * width_deg)
        ends.append(f"{centre[0] + radius * math.sin(angle):.1f} {centre[1] + radius * math.cos(angle):.1f}")
    return f"M{centre[0]:g} {centre[1]:g}L{ends[0]}A{radius:.1f} {radius:.1f} 0 0 0 {ends[1]}Z"


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))
