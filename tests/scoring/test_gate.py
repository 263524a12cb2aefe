"""The gate: rules, reasons, and what a policy does with a ledger's rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posedreamer.errors import RecipeError
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.scoring.gate import POSE_CLASSES, Budget, Decision, Group, Policy, Quantile, Rule, Where, Wild

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


SEEN = {"posture": "upright", "source": "prior"}


def _any(*rules: Rule, **more: object) -> Policy:
    return Policy(name="p", rules=(Group(kind="any", rules=rules, **more),))  # pyright: ignore[reportArgumentType]


def test_a_group_of_any_needs_one_and_a_group_of_all_every_one() -> None:
    rules = (Rule(score="a", minimum=1), Rule(score="b", minimum=1))
    either, both = _any(*rules), Policy(name="p", rules=(Group(kind="all", rules=rules),))
    for a, b in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)):
        assert either.decide({"a": a, "b": b}).keep == bool(a or b)
        assert both.decide({"a": a, "b": b}).keep == bool(a and b)
    assert either.decide({"a": 0.0, "b": 0.0}).reason == "a_below_1.00"
    assert _any(*rules, reason="neither").decide({"a": 0.0, "b": 0.0}).reason == "neither"


def test_absent_scores_in_a_group_fail_pass_or_say_nothing() -> None:
    good = Rule(score="b", minimum=1)
    for word, a_alone in (("drop", False), ("keep", True), ("skip", True)):
        absent = Rule(score="a", minimum=1, when_absent=word)
        assert Policy(name="p", rules=(absent,)).decide({}).keep is a_alone
        assert _any(absent, good).decide({"b": 0.0}).keep is (word == "keep"), "in a group, skip leaves it to the rest"
        assert Policy(name="p", rules=(Group(kind="all", rules=(absent, good)),)).decide({"b": 1.0}).keep is a_alone


def test_a_rule_is_for_the_rows_it_names() -> None:
    rule = Rule(score="oks", minimum=0.8, where=Where(source=("prior",), pose=("upright",)))
    policy = Policy(name="p", rules=(rule,))
    assert not policy.decide({"oks": 0.5}, SEEN).keep
    assert policy.decide({"oks": 0.5}, {**SEEN, "posture": "floor"}).keep
    assert policy.decide({"oks": 0.5}, {**SEEN, "source": "amass"}).keep
    assert not _any(rule, Rule(score="b", minimum=1)).decide({"oks": 0.9, "b": 0.0}, {"posture": "floor"}).keep


def test_upright_people_in_rare_poses_are_wild_where_the_policy_says_how_rare() -> None:
    rules = (Rule(score="oks", minimum=0.8, where=Where(pose=("upright",))),)
    policy = Policy(name="p", rules=rules, wild=Wild(score="rarity", minimum=0.75))
    assert policy.row({"rarity": 0.8}, SEEN).pose == "wild"
    assert policy.row({"rarity": 0.7}, SEEN).pose == policy.row({}, SEEN).pose == "upright"
    assert policy.row({"rarity": 0.8}, {"posture": "floor"}).pose == "floor"
    assert policy.decide({"rarity": 0.8, "oks": 0.1}, SEEN).keep
    assert policy.scores() == ("oks", "rarity")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Where(pose=("flor",)), 'Did you mean "floor"'),
        (lambda: Group(kind="any", rules=()), "holds no rules"),
        (lambda: Quantile(score="oks", best=1.0), "between 0 and 1"),
        (lambda: Budget(pose="floor", at_least=0.5, at_most=0.4), "at_least 0.5, at_most 0.4"),
        (lambda: Policy(name="p", rules=(), budgets=(Budget(pose="floor"),) * 2), "two budgets of one pose class"),
        (
            lambda: Policy(
                name="p",
                rules=(),
                budgets=(Budget(pose="floor", at_least=0.6), Budget(pose="wild", at_least=0.6)),
            ),
            "no data set has such",
        ),
        (
            lambda: Policy(name="p", rules=(), budgets=tuple(Budget(pose=p, at_most=0.2) for p in POSE_CLASSES)),
            "no data set has such",
        ),
    ],
)
def test_what_no_row_can_fulfil_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        make()


def test_a_paired_score_without_a_control_says_how_to_get_one() -> None:
    policy = _any(Rule(score="excess_oks", minimum=-0.1))
    with pytest.raises(RecipeError, match=r"add `control: \{name: studio\}`"):
        policy.check(("oks",))
    policy.check(("oks", "control_oks", "excess_oks"))
