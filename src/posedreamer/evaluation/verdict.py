"""The bar of a generator that learned from the studio: what it must reach, on labels that the studio painted too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float64

from posedreamer.errors import InputError
from posedreamer.evaluation.intervals import Measured, gap, median_gap, ratio

__all__ = ["Line", "Side", "label_lines", "mirrored", "set_lines", "within_body_spread"]

PASS_OKS: Final = 0.8
MIRROR_MARGIN: Final = 0.1
MAX_POINT_GAP: Final = 0.01
MIN_SHARE_RATIO: Final = 0.95
MIN_OKS_GAP: Final = -0.03
MIN_OBEYED_RATIO: Final = 0.9
MIN_OBEYED: Final = 0.8
MAX_FRECHET_RATIO: Final = 3.0
MAX_SECONDS: Final = 0.6
MAX_SPREAD_GAP: Final = 0.01
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One painter's pictures of n labels, judged.

    Attributes:
        found: whether the person is found.
        oks, oks_mirrored: 0 where nobody is found: a miss.
        obeyed: garment -> 1 where its colour is the caption's, 0 where not, nan where it cannot be told.
    """

    found: Bool[np.ndarray, "n"]
    oks: Float64[np.ndarray, "n"]
    oks_mirrored: Float64[np.ndarray, "n"]
    obeyed: Mapping[str, Float64[np.ndarray, "n"]]

    def take(self, rows: Bool[np.ndarray, "n"]) -> Side:
        """The same of some labels."""
        return Side(
            found=self.found[rows],
            oks=self.oks[rows],
            oks_mirrored=self.oks_mirrored[rows],
            obeyed={garment: values[rows] for garment, values in self.obeyed.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bar: our number, the studio's, what is compared with its 95 % interval, and whether it passes.

    ``studio`` is None where the studio has no such number; ``n`` are the labels that could be judged.
    """

    name: str
    n: int
    ours: float
    studio: float | None
    compared: Measured
    bar: str
    passed: bool


def mirrored(side: Side) -> Bool[np.ndarray, "n"]:
    """Pictures that show the label with left and right swapped, clearly better than the label."""
    return side.oks_mirrored > side.oks + MIRROR_MARGIN


def label_lines(ours: Side, studio: Side) -> tuple[Line, ...]:
    """The lines that compare label by label; both sides in one order.

    Raises InputError for sides of different length or of nothing.
    """
    if len(ours.oks) != len(studio.oks) or len(ours.oks) == 0:
        raise InputError(f"bar: found {len(ours.oks)} and {len(studio.oks)} judged pictures, expected as many, not 0")
    return (
        _gap_line("person found", ours.found, studio.found, f">= {-MAX_POINT_GAP:+.2f}"),
        _gap_line("mirrored", mirrored(ours), mirrored(studio), f"<= {MAX_POINT_GAP:+.2f}"),
        _share_line(ours.oks > PASS_OKS, studio.oks > PASS_OKS),
        _oks_line(ours.oks, studio.oks),
        *(_obeyed_line(garment, ours.obeyed[garment], studio.obeyed[garment]) for garment in studio.obeyed),
    )


def set_lines(
    *, frechet: tuple[float, float], seconds: float, spread: tuple[Sequence[float], Sequence[float]]
) -> tuple[Line, ...]:
    """The lines over all pictures.

    Args:
        frechet: distance to the studio's pictures, and between two halves of those.
        seconds: for each picture.
        spread: ``within_body_spread`` of the same bodies, ours and the studio's. The medians over bodies are compared:
            one lost picture of eight gives its body a spread of tenths, and two such bodies of two dozen make a mean
            that says nothing else (the studio against itself, twice: means apart by 0.018 and 0.019 +- 0.020).
    """
    across, within = frechet
    times = across / within
    ours, theirs = (np.asarray(values, dtype=np.float64) for values in spread)
    more = median_gap(ours, theirs)
    return (
        _line("Frechet / halves", 0, (across, within), _plain(times), f"<= {MAX_FRECHET_RATIO}", times <= 3.0),
        _line("seconds a picture", 0, (seconds, None), _plain(seconds), f"<= {MAX_SECONDS}", seconds <= MAX_SECONDS),
        _line(
            "within-body spread",
            len(ours),
            (float(np.median(ours)), float(np.median(theirs))),
            more,
            f"<= {MAX_SPREAD_GAP:+.2f}",
            more.value <= MAX_SPREAD_GAP + _ROUNDING,
        ),
    )


def within_body_spread(oks: Float64[np.ndarray, "bodies captions"]) -> Float64[np.ndarray, "bodies"]:
    """Standard deviation of OKS over the captions of one body and camera."""
    return np.std(oks, axis=1, ddof=1)


def _gap_line(name: str, ours: Bool[np.ndarray, "n"], studio: Bool[np.ndarray, "n"], bar: str) -> Line:
    measured = gap(ours.astype(np.float64), studio.astype(np.float64))
    worse = -measured.value if bar.startswith(">=") else measured.value
    rates = (float(ours.mean()), float(studio.mean()))
    return _line(name, len(ours), rates, measured, bar, worse <= MAX_POINT_GAP + _ROUNDING)


def _share_line(ours: Bool[np.ndarray, "n"], studio: Bool[np.ndarray, "n"]) -> Line:
    measured = ratio(ours.astype(np.float64), studio.astype(np.float64))
    rates = (float(ours.mean()), float(studio.mean()))
    passed = measured.value >= MIN_SHARE_RATIO - _ROUNDING
    return _line(f"OKS > {PASS_OKS}", len(ours), rates, measured, f"ratio >= {MIN_SHARE_RATIO}", passed)


def _oks_line(ours: Float64[np.ndarray, "n"], studio: Float64[np.ndarray, "n"]) -> Line:
    measured = gap(ours, studio)
    rates = (float(ours.mean()), float(studio.mean()))
    return _line("mean OKS", len(ours), rates, measured, f"low > {MIN_OKS_GAP}", measured.low > MIN_OKS_GAP)


def _obeyed_line(garment: str, ours: Float64[np.ndarray, "n"], studio: Float64[np.ndarray, "n"]) -> Line:
    told = ~(np.isnan(ours) | np.isnan(studio))
    bar = f"ratio >= {MIN_OBEYED_RATIO}, ours >= {MIN_OBEYED}"
    if not told.any():
        nothing = float("nan")
        return _line(f"colour of {garment}", 0, (nothing, nothing), _plain(nothing), bar, False)
    measured = ratio(ours[told], studio[told])
    rates = (float(ours[told].mean()), float(studio[told].mean()))
    passed = measured.value >= MIN_OBEYED_RATIO - _ROUNDING and rates[0] >= MIN_OBEYED - _ROUNDING
    return _line(f"colour of {garment}", int(told.sum()), rates, measured, bar, passed)


def _plain(value: float) -> Measured:
    return Measured(value, float("nan"), float("nan"))


def _line(name: str, n: int, rates: tuple[float, float | None], compared: Measured, bar: str, passed: bool) -> Line:
    ours, studio = rates
    return Line(name=name, n=n, ours=ours, studio=studio, compared=compared, bar=bar, passed=bool(passed))
