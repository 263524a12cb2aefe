"""Quantiles and budgets: shares come out as asked for, and no row changes what was decided before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.scoring.gate import Budget, Policy, Quantile, Where
from posedreamer.scoring.in_order import InOrder

UPRIGHT, FLOOR = {"posture": "upright"}, {"posture": "floor"}


def _quantile(**options):
    return Policy(name="q", rules=(), quantiles=(Quantile(score="oks", **options),))


def _kept(policy, rows):
    """Whether each row is kept, quantiles and budgets together."""
    order = InOrder(policy)
    found = []
    for scores, facts in rows:
        reason = order.see(scores, facts) or order.refusal(scores, facts)
        if not reason:
            order.keep(scores, facts)
        found.append(reason)
    return found


def _rows(n, seed=0):
    rng = np.random.default_rng(seed)
    postures = rng.choice(["upright", "floor"], n, p=[0.8, 0.2])
    return [({"oks": float(rng.uniform(0, 0.5 if each == "floor" else 1))}, {"posture": each}) for each in postures]


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_the_best_share_of_every_class_passes_whatever_the_classes_levels_are(better):
    rows = _rows(3000)
    reasons = _kept(_quantile(best=0.7, better=better), rows)
    for posture in ("upright", "floor"):
        mine = [
            (row[0]["oks"], reason) for row, reason in zip(rows, reasons, strict=True) if row[1]["posture"] == posture
        ]
        assert np.mean([not reason for _, reason in mine]) == pytest.approx(0.7, abs=0.03)
        late = mine[len(mine) // 2 :]
        kept, lost = (np.mean([oks for oks, reason in late if bool(reason) is gone]) for gone in (False, True))
        assert (kept > lost) == (better == "higher")
    assert {reason for reason in reasons if reason} == {"oks_outside_best_0.70"}


def test_over_all_rows_a_quantile_drops_the_low_class():
    rows = _rows(3000)
    reasons = _kept(_quantile(best=0.5, per="all"), rows)
    rate = {p: np.mean([not r for row, r in zip(rows, reasons, strict=True) if row[1]["posture"] == p])
            for p in ("upright", "floor")}  # fmt: skip
    assert rate["floor"] < 0.2 < 0.5 < rate["upright"]


def test_a_quantile_is_for_the_rows_it_names_and_absent_scores_count_nowhere():
    policy = _quantile(best=0.5, where=Where(pose=("floor",)))
    assert not any(_kept(policy, [({"oks": 0.1 * -k}, UPRIGHT) for k in range(9)]))
    assert _kept(policy, [({}, FLOOR)]) == ["oks_not_applicable"]
    assert _kept(_quantile(best=0.5, when_absent="keep"), [({}, FLOOR)] * 3) == [""] * 3
    assert _kept(_quantile(best=0.5), [({"oks": 1.0}, FLOOR), ({"oks": 0.0}, UPRIGHT), ({"oks": 0.5}, FLOOR)]) == [
        "", "", "oks_outside_best_0.50"
    ]  # fmt: skip


@given(st.integers(1, 60))
def test_later_rows_change_no_earlier_decision(cut):
    policy = Policy(
        name="p",
        rules=(),
        quantiles=(Quantile(score="oks", best=0.6),),
        budgets=(Budget(pose="floor", at_least=0.3),),
    )
    rows = _rows(60, seed=3)
    assert _kept(policy, rows)[:cut] == _kept(policy, rows[:cut])


@pytest.mark.parametrize("budget", [Budget(pose="floor", at_least=0.4), Budget(pose="upright", at_most=0.6)])
def test_a_budget_holds_at_every_point_and_spends_all_it_may(budget):
    rows = _rows(2000)
    reasons = _kept(Policy(name="b", rules=(), budgets=(budget,)), rows)
    floor = np.array([row[1]["posture"] == "floor" for row in rows])
    kept = np.array([not reason for reason in reasons])
    assert kept[floor].all()
    shares = np.cumsum(floor & kept) / np.cumsum(kept)
    assert (shares[20:] >= 0.4 - 1.0 / np.cumsum(kept)[20:]).all()
    assert shares[-1] == pytest.approx(0.4, abs=0.02)
    word = "floor_under_budget_0.40" if budget.at_least else "upright_over_budget_0.60"
    assert {reason for reason in reasons if reason} == {word}


def test_no_budget_and_no_quantile_say_nothing():
    assert not any(_kept(Policy(name="none", rules=()), _rows(50)))
