"""The gate: rules, reasons, and what a policy does with a ledger's rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.errors import RecipeError
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.scoring.gate import Decision, Policy, Rule

OKS = Policy(
    name="oks",
    rules=(
        Rule(score="found", minimum=1),
        Rule(score="visible_share", minimum=0.45),
        Rule(score="mirror_margin", minimum=-0.1),
        Rule(score="oks", minimum=0.8),
    ),
)
GOOD = {"found": 1.0, "visible_share": 0.8, "mirror_margin": 0.3, "oks": 0.9}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"found": 0.0}, "person_not_found"),
        ({"visible_share": 0.4}, "too_few_visible_joints"),
        ({"mirror_margin": -0.2}, "mirrored"),
        ({"oks": 0.79}, "oks_below_0.80"),
        ({"oks": float("nan")}, "oks_below_0.80"),
        ({"found": 0.0, "oks": 0.1}, "person_not_found"),
    ],
)
def test_first_broken_rule_gives_the_reason(change: dict[str, float], reason: str) -> None:
    assert OKS.decide(GOOD | change) == Decision(keep=not reason, reason=reason)


def test_bounds_are_inclusive() -> None:
    assert OKS.decide(GOOD | {"oks": 0.8, "mirror_margin": -0.1}).keep


def test_an_absent_score_drops_unless_the_rule_keeps_it() -> None:
    scores = {"found": 1.0}
    assert Policy(name="p", rules=(Rule(score="oks", minimum=0.8),)).decide(scores).reason == "oks_not_applicable"
    assert Policy(name="p", rules=(Rule(score="oks", minimum=0.8, when_absent="keep"),)).decide(scores).keep


def test_an_upper_bound_has_its_own_reason() -> None:
    crowd = Policy(name="crowd", rules=(Rule(score="people_found", maximum=2),))
    assert crowd.decide({"people_found": 2.0}).keep
    assert crowd.decide({"people_found": 3.0}).reason == "people_found_above_2.00"


def test_a_fine_threshold_is_written_in_full() -> None:
    policy = Policy(name="p", rules=(Rule(score="oks", minimum=0.8125),))
    assert policy.decide({"oks": 0.8}).reason == "oks_below_0.8125"


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_looser_threshold_keeps_all_that_a_tighter_kept(oks: float, one: float, other: float) -> None:
    loose, tight = (Policy(name="p", rules=(Rule(score="oks", minimum=m),)) for m in sorted((one, other)))
    assert loose.decide({"oks": oks}).keep >= tight.decide({"oks": oks}).keep


def test_no_rules_keep_everything() -> None:
    assert Policy(name="all", rules=()).decide({}).keep


def test_scores_are_not_changed() -> None:
    scores = dict(GOOD)
    OKS.decide(scores)
    assert scores == GOOD


def test_a_rule_on_an_unknown_score_is_an_error_with_a_hint() -> None:
    OKS.check(BlazePoseScorer().gives)
    wrong = Policy(name="oks", rules=(Rule(score="ok_s", minimum=0.8),))
    with pytest.raises(RecipeError, match=r"'ok_s'.*they give: found.*Did you mean \"oks\"\?"):
        wrong.check(BlazePoseScorer().gives)


def test_rules_without_or_with_impossible_bounds_are_refused() -> None:
    with pytest.raises(RecipeError, match="neither minimum nor maximum"):
        Rule(score="oks")
    with pytest.raises(RecipeError, match=r"minimum 0\.9 is above maximum 0\.1"):
        Rule(score="oks", minimum=0.9, maximum=0.1)
