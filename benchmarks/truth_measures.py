"""What label_truth.py measures: detection at 5 % false rejects, for single scores and for whole policies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.scoring.gate import Group, Policy, Rule

CLEAN = "clean"
FALSE_REJECTS = 0.05
STYLES_IN_TURN = 4
"""Labels take their styles by turns of four, so that halves of whole turns hold all of them."""
LABEL_ONLY = ("visible_share", "visible_joints")
"""Numbers of the label alone: they say nothing of a picture and are left out."""

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of trials with its 95 % Wilson interval."""

    hits: int
    trials: int

    def as_list(self) -> list[float | int]:
        low, high = wilson_interval(self.hits, self.trials)
        share = self.hits / self.trials if self.trials else math.nan
        return [round(share, 4), round(low, 4), round(high, 4), self.trials]


def goodness(columns: Columns, name: str) -> np.ndarray:
    """A score with high for good; -inf where the judge found nobody, +inf where the number says nothing.

    The direction is the one in which clean pictures and all planted errors of upright and wild people differ.
    """
    values = columns[name].astype(np.float64)
    says_nothing = np.isnan(values)
    plain = name.removeprefix("excess_")
    has_control = ~np.isnan(columns[f"control_{plain}"]) if name != plain else np.ones(len(values), dtype=bool)
    is_clean = columns["error"] == CLEAN
    usual = np.isin(columns["pose"], ("upright", "wild")) & ~says_nothing
    sign = 1.0
    if (usual & is_clean).any() and (usual & ~is_clean).any():
        sign = 1.0 if area(values[usual & is_clean], values[usual & ~is_clean]) >= 0.5 else -1.0
    lost = says_nothing & (columns["found"] == 0) & has_control
    return np.where(lost, -np.inf, np.where(says_nothing, np.inf, sign * values))


def area(good: np.ndarray, bad: np.ndarray) -> float:
    """Area under the ROC: the probability that a good one is above a bad one, ties half."""
    below = np.searchsorted(np.sort(bad), good, side="left")
    upto = np.searchsorted(np.sort(bad), good, side="right")
    return float((below + upto).sum() / 2.0 / (len(good) * len(bad)))


def margins(columns: Columns, policy: Policy) -> np.ndarray:
    """How far each row is inside the policy's bounds, in spreads of each score over clean pictures; kept from 0 on.

    ``class`` of a row is its pose class for a gate: that of its first person, where the pose class told is "pair".
    """
    spreads = {name: _spread(columns, name) for name in policy.scores()}
    count = len(columns["error"])
    found = np.full(count, np.inf)
    for place in range(count):
        scores = {name: float(columns[name][place]) for name in policy.scores() if not math.isnan(columns[name][place])}
        rules = [rule for rule in policy.rules if not rule.where.pose or columns["class"][place] in rule.where.pose]
        said = [margin for rule in rules if (margin := _margin(rule, scores, spreads)) is not None]
        found[place] = min(said, default=math.inf)
    return found


def _spread(columns: Columns, name: str) -> float:
    values = columns[name][columns["error"] == CLEAN]
    values = values[~np.isnan(values)]
    if len(np.unique(values)) <= 2:
        return 0.0
    low, high = np.quantile(values, (0.1, 0.9))
    return float(max(high - low, 1e-3))


def _margin(rule: Rule | Group, scores: Mapping[str, float], spreads: Mapping[str, float]) -> float | None:
    if isinstance(rule, Group):
        said = [margin for each in rule.rules if (margin := _margin(each, scores, spreads)) is not None]
        return None if not said else (max if rule.kind == "any" else min)(said)
    if rule.score in LABEL_ONLY:
        return None
    value = scores.get(rule.score)
    if value is None:
        return {"keep": math.inf, "drop": -math.inf, "skip": None}[rule.when_absent]
    slack = min(
        math.inf if rule.minimum is None else value - rule.minimum,
        math.inf if rule.maximum is None else rule.maximum - value,
    )
    if rule.score.startswith("control_") or spreads[rule.score] == 0.0:
        return math.inf if slack >= 0 else -math.inf
    return slack / spreads[rule.score]


def at_false_rejects(columns: Columns, good: np.ndarray, pose: Sequence[str], error: str) -> tuple[Share, Share]:
    """Detected errors and false rejects of pose classes: each half at the other half's 5 % threshold, per class."""
    hits = trials = false = clean = 0
    for each in pose:
        mine = columns["pose"] == each
        half = columns["label"] // STYLES_IN_TURN % 2
        for side in (0, 1):
            threshold = threshold_of(good[mine & (columns["error"] == CLEAN) & (half != side)])
            here = mine & (half == side)
            bad, fine = good[here & (columns["error"] == error)], good[here & (columns["error"] == CLEAN)]
            hits, trials = hits + int((bad < threshold).sum()), trials + len(bad)
            false, clean = false + int((fine < threshold).sum()), clean + len(fine)
    return Share(hits=hits, trials=trials), Share(hits=false, trials=clean)


def threshold_of(clean: np.ndarray) -> float:
    """The highest bound that drops at most 5 % of clean rows; -inf (which drops nobody) without rows."""
    return float(np.sort(clean)[int(FALSE_REJECTS * len(clean))]) if len(clean) else -math.inf


def own_point(columns: Columns, good: np.ndarray, pose: Sequence[str], error: str) -> Share:
    """The share that a policy drops at its own bounds."""
    here = np.isin(columns["pose"], pose) & (columns["error"] == error)
    return Share(hits=int((good[here] < 0).sum()), trials=int(here.sum()))


def hard_survival(
    columns: Columns, paper: np.ndarray, balanced: np.ndarray, gross: Sequence[str], seed: int
) -> dict[str, Any]:
    """At the detection of gross errors that ``paper`` has at its own bounds: how many hard clean rows live on.

    Hard rows are the top quartile of pose rarity. The interval is a bootstrap over labels.
    """
    labels = np.unique(columns["label"])
    hard_from = float(np.quantile(columns["rarity"][columns["error"] == CLEAN], 0.75))
    is_bad = np.isin(columns["error"], gross)
    is_hard = (columns["error"] == CLEAN) & (columns["rarity"] >= hard_from)

    def ratio(weight: np.ndarray) -> tuple[float, float, float, float]:
        bad, hard = weight * is_bad, weight * is_hard
        detected = float((bad * (paper < 0)).sum() / max(1, bad.sum()))
        order = np.argsort(balanced[is_bad], kind="stable")
        reached = np.cumsum(bad[is_bad][order]) / max(1, bad.sum())
        place = int(np.searchsorted(reached, detected - 1e-12))
        bound = np.nextafter(balanced[is_bad][order][min(place, len(order) - 1)], np.inf) if len(order) else 0.0
        alive = [
            float((hard * (good >= at)).sum() / max(1, hard.sum())) for good, at in ((paper, 0), (balanced, bound))
        ]
        return alive[1] / alive[0] if alive[0] else math.nan, detected, alive[0], alive[1]

    found = ratio(np.ones(len(is_bad)))
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(200):
        counts = np.bincount(rng.integers(0, len(labels), len(labels)), minlength=len(labels))
        drawn.append(ratio(counts[np.searchsorted(labels, columns["label"])].astype(np.float64))[0])
    low, high = np.nanquantile(drawn, (0.025, 0.975)) if np.isfinite(drawn).any() else (math.nan, math.nan)
    names = ("ratio", "detected_gross", "survive_paper", "survive_balanced")
    return {**dict(zip(names, found, strict=True)), "low": float(low), "high": float(high), "hard": int(is_hard.sum())}


def roc(columns: Columns, good: np.ndarray, pose: Sequence[str], errors: Sequence[str]) -> np.ndarray:
    """Points (false rejects, detected), n x 2, from dropping nothing to dropping everything."""
    here = np.isin(columns["pose"], pose)
    clean = np.sort(good[here & (columns["error"] == CLEAN)])
    bad = np.sort(good[here & np.isin(columns["error"], errors)])
    if not len(clean) or not len(bad):
        return np.zeros((0, 2))
    bounds = np.unique(np.concatenate([clean, bad]))
    points = [[np.searchsorted(each, bounds, side="left") / len(each)] for each in (clean, bad)]
    return np.concatenate([np.zeros((1, 2)), np.concatenate(points).T, np.ones((1, 2))])
