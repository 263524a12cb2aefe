from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from posedreamer.errors import InputError
from posedreamer.evaluation.intervals import bootstrap, gap, ratio
from posedreamer.evaluation.verdict import Line, Side, label_lines, set_lines, within_body_spread

COUNT = 400


def side(seed: int = 0) -> Side:
    """Four hundred judged pictures, nearly all of them right."""
    rng = np.random.default_rng(seed)
    oks = np.clip(rng.normal(0.93, 0.04, COUNT), 0.0, 1.0)
    obeyed = {garment: (rng.random(COUNT) < 0.96).astype(float) for garment in ("top", "hair")}
    obeyed["hair"][:100] = np.nan
    return Side(found=np.ones(COUNT, dtype=bool), oks=oks, oks_mirrored=oks - 0.5, obeyed=obeyed)


def failed(ours: Side, studio: Side | None = None) -> set[str]:
    return {line.name for line in label_lines(ours, studio or side(1)) if not line.passed}


def some(share: float) -> np.ndarray:
    return np.arange(COUNT) < share * COUNT


def test_an_equal_painter_passes_every_line() -> None:
    assert failed(side()) == set()


@pytest.mark.parametrize(
    ("share", "lines"),
    [(0.005, set()), (0.015, {"person found"}), (0.2, {"person found", "OKS > 0.8", "mean OKS"})],
)
def test_people_who_are_not_found_are_misses(share: float, lines: set[str]) -> None:
    good = side()
    found = good.found & ~some(share)
    ours = replace(
        good,
        found=found,
        oks=np.where(found, good.oks, 0.0),
        oks_mirrored=np.where(found, good.oks_mirrored, 0.0),
    )
    assert failed(ours) == lines


def test_mirrored_people_fail_their_line() -> None:
    good = side()
    turned = some(0.02)
    ours = replace(
        good,
        oks=np.where(turned, good.oks_mirrored, good.oks),
        oks_mirrored=np.where(turned, good.oks, good.oks_mirrored),
    )
    assert "mirrored" in failed(ours)


def test_a_little_less_everywhere_fails_the_mean_alone() -> None:
    good = side()
    assert failed(replace(good, oks=np.clip(good.oks - 0.035, 0.81, 1.0))) == {"mean OKS"}


def test_wrong_colours_fail_their_garment_alone() -> None:
    good = side()
    worse = {**good.obeyed, "top": np.where(some(0.12), 0.0, good.obeyed["top"])}
    assert failed(replace(good, obeyed=worse)) == {"colour of top"}


def test_colours_are_counted_where_they_can_be_told() -> None:
    lines = {line.name: line for line in label_lines(side(), side(1))}
    assert lines["colour of hair"].n == COUNT - 100
    untold = {garment: np.full(COUNT, np.nan) for garment in ("top", "hair")}
    assert "colour of top" in failed(replace(side(), obeyed=untold))


def test_sides_of_different_labels_are_refused() -> None:
    with pytest.raises(InputError, match="as many"):
        label_lines(side(), side().take(some(0.5)))


def verdicts(**changes: Any) -> dict[str, Line]:
    given: dict[str, Any] = {"frechet": (1.2, 1.0), "seconds": 0.5, "spread": ([0.05] * 8, [0.05] * 8)}
    return {line.name: line for line in set_lines(**(given | changes))}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"frechet": (3.2, 1.0)}, "Frechet / halves"),
        ({"seconds": 0.7}, "seconds a picture"),
        ({"spread": ([0.08] * 8, [0.05] * 8)}, "within-body spread"),
    ],
)
def test_each_line_over_the_set_can_fail(changes: dict[str, Any], name: str) -> None:
    assert all(line.passed for line in verdicts().values())
    assert {line.name for line in verdicts(**changes).values() if not line.passed} == {name}


def test_the_spread_is_that_within_bodies_not_between_them() -> None:
    bodies = np.array([[0.9, 0.9, 0.9], [0.5, 0.5, 0.5], [0.8, 0.9, 1.0]])
    assert within_body_spread(bodies) == pytest.approx([0.0, 0.0, 0.1])


def test_pairing_narrows_the_interval() -> None:
    rng = np.random.default_rng(0)
    label = rng.normal(0.8, 0.2, COUNT)
    ours, theirs = label - 0.02 + rng.normal(0, 0.01, COUNT), label + rng.normal(0, 0.01, COUNT)
    paired, shuffled = gap(ours, theirs), gap(ours, rng.permutation(theirs))
    assert paired.low < -0.02 + 0.003 < 0 < shuffled.high
    assert paired.high - paired.low < 0.2 * (shuffled.high - shuffled.low)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = [
        bootstrap(rng.normal(0.3, 1.0, (80, 1)), lambda rows: float(rows.mean()), draws=300, seed=k) for k in range(200)
    ]
    assert 0.88 < np.mean([each.low <= 0.3 <= each.high for each in held]) < 0.99


def test_nothing_to_compare_is_nan() -> None:
    assert np.isnan(gap(np.zeros(0), np.zeros(0)).value)
    assert np.isnan(ratio(np.ones(3), np.zeros(3)).value)


def test_one_lost_picture_does_not_decide_the_spread_and_a_general_one_does() -> None:
    steady, lost, loose = [0.03] * 23, [*[0.03] * 22, 0.35], [0.05] * 23
    alone, wide = (verdicts(spread=(ours, steady))["within-body spread"] for ours in (lost, loose))
    assert alone.passed
    assert not wide.passed
