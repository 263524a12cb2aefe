"""The gate: one declarative policy turns scores into keep, or drop with a reason. It needs the ledger alone.

Rules look at one row and are decided where the row is made. Quantiles and budgets look at the rows before it, in index
order (``scoring.in_order``); so a decision never depends on what comes later, on order of work or on workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from posedreamer.errors import RecipeError, did_you_mean

__all__ = [
    "POSE_CLASSES",
    "Budget",
    "Decision",
    "Group",
    "Policy",
    "Quantile",
    "Row",
    "Rule",
    "Where",
    "Wild",
    "plain_number",
]

POSE_CLASSES: Final = ("upright", "wild", "floor", "inverted")
"""A row's posture, except that upright people in rare poses are "wild" (see ``Wild``)."""

_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "found": "person_not_found",
        "mirror_margin": "mirrored",
        "visible_joints": "too_few_visible_joints",
        "visible_share": "too_few_visible_joints",
    }
)
"""Scores whose lower bound has a word of its own; all others read "oks_below_0.80"."""

WhenAbsent = Literal["keep", "drop", "skip"]
"""What a score that does not apply means: kept, dropped ("<score>_not_applicable"), or the rule says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a rule sees of a candidate: its scores, its label's source and its pose class ("" where unknown)."""

    scores: Mapping[str, float]
    source: str = ""
    pose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Rows that a rule is for: of one of these sources and of one of these pose classes; empty stands for all."""

    source: tuple[str, ...] = ()
    pose: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse pose classes that there are not."""
        for pose in self.pose:
            check_pose(pose)

    def holds(self, row: Row) -> bool:
        """Whether the row is one of them."""
        return (not self.source or row.source in self.source) and (not self.pose or row.pose in self.pose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A score within bounds, both inclusive.

    Attributes:
        score: the name a scorer gives it, or that with "control_" or "excess_" before it.
        minimum, maximum: at least one of them.
        when_absent: what a score that does not apply means (see ``WhenAbsent``).
        where: rows that the rule is for; about others it says nothing.
        reason: the word for rows that break it; "" takes one from the score and the bound.

    Raises RecipeError for a rule without bounds, or with bounds that exclude everything.
    """

    score: str
    minimum: float | None = None
    maximum: float | None = None
    when_absent: WhenAbsent = "drop"
    where: Where = field(default_factory=Where)
    reason: str = ""

    def __post_init__(self) -> None:
        if self.minimum is None and self.maximum is None:
            raise RecipeError(f"gate rule on {self.score!r} has neither minimum nor maximum; give at least one")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise RecipeError(
                f"gate rule on {self.score!r}: minimum {self.minimum} is above maximum {self.maximum}; "
                "no score passes: swap them"
            )

    def verdict(self, row: Row) -> str | None:
        """Empty for a row within bounds, a stable word for one outside, None when the rule says nothing of it.

        NaN is outside every bound.
        """
        if not self.where.holds(row):
            return None
        value = row.scores.get(self.score)
        if value is None:
            absent = {"keep": "", "drop": self.reason or f"{self.score}_not_applicable", "skip": None}
            return absent[self.when_absent]
        if self.minimum is not None and not value >= self.minimum:
            return self.reason or _REASONS.get(self.score, f"{self.score}_below_{plain_number(self.minimum)}")
        if self.maximum is not None and not value <= self.maximum:
            return self.reason or f"{self.score}_above_{plain_number(self.maximum)}"
        return ""

    def scores(self) -> Iterator[str]:
        """The score it is about."""
        yield self.score


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Several rules as one: "any" keeps what at least one of them keeps, "all" what every one keeps.

    Members that say nothing of a row are left out; a group whose members all do says nothing. The reason is the
    group's, or that of the first member broken.
    """

    kind: Literal["any", "all"]
    rules: tuple[Rule | Group, ...]
    where: Where = field(default_factory=Where)
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.rules:
            raise RecipeError(f"gate group {self.kind!r} holds no rules; give at least one")

    def verdict(self, row: Row) -> str | None:
        """As ``Rule.verdict``."""
        if not self.where.holds(row):
            return None
        said = [word for rule in self.rules if (word := rule.verdict(row)) is not None]
        if not said:
            return None
        broken = [word for word in said if word]
        if not broken or (self.kind == "any" and len(broken) < len(said)):
            return ""
        return self.reason or broken[0]

    def scores(self) -> Iterator[str]:
        """The scores its members are about."""
        for rule in self.rules:
            yield from rule.scores()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wild:
    """Upright rows whose ``score`` (how rare the pose is under the pose prior) is at least ``minimum`` are "wild"."""

    score: str
    minimum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """The best share of a group of rows by one score.

    A row passes when fewer than ``best`` x (rows of its group so far, itself included) of those before it are better:
    over a long run that is the share ``best`` of every group.

    Attributes:
        best: share that passes, above 0 and below 1.
        better: which end of the score is good.
        per: rows are compared within their pose class, within their source, or all together.
        when_absent: as in a rule; absent scores count in no group.
    """

    score: str
    best: float
    better: Literal["higher", "lower"] = "higher"
    per: Literal["pose", "source", "all"] = "pose"
    where: Where = field(default_factory=Where)
    when_absent: WhenAbsent = "drop"

    def __post_init__(self) -> None:
        if not 0.0 < self.best < 1.0:
            raise RecipeError(f"gate quantile on {self.score!r}: best is {self.best}, expected a share between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Bounds on the share of one pose class among the kept rows, at every point of the run."""

    pose: str
    at_least: float = 0.0
    at_most: float = 1.0

    def __post_init__(self) -> None:
        check_pose(self.pose)
        if not 0.0 <= self.at_least <= self.at_most <= 1.0 or self.at_most == 0.0:
            raise RecipeError(
                f"gate budget of {self.pose!r}: found at_least {self.at_least}, at_most {self.at_most}; "
                "expected 0 <= at_least <= at_most <= 1 and at_most above 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Keep, or drop; ``reason`` is a stable word, empty when kept."""

    keep: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules in order; the first that is broken gives the reason. No rules keep everything.

    Quantiles come after the rules and budgets last, both over rows in index order (``scoring.in_order``).
    """

    name: str
    rules: tuple[Rule | Group, ...]
    wild: Wild | None = None
    quantiles: tuple[Quantile, ...] = ()
    budgets: tuple[Budget, ...] = ()

    def __post_init__(self) -> None:
        poses = [budget.pose for budget in self.budgets]
        if len(set(poses)) < len(poses):
            raise RecipeError(f"gate {self.name!r} has two budgets of one pose class; found {poses}: give each one")
        least, most = (sum(getattr(each, side) for each in self.budgets) for side in ("at_least", "at_most"))
        if least > 1.0 + 1e-9 or (set(poses) == set(POSE_CLASSES) and most < 1.0 - 1e-9):
            raise RecipeError(
                f"gate {self.name!r}: budgets sum to at_least {least:g} and at_most {most:g}; no data set has such "
                "shares: let at_least sum to at most 1 and at_most to at least 1"
            )

    def row(self, scores: Mapping[str, float], facts: Mapping[str, str] = MappingProxyType({})) -> Row:
        """A candidate as the rules see it; ``facts`` may hold "source" and "posture"."""
        pose = facts.get("posture", "")
        if pose == "upright" and self.wild and scores.get(self.wild.score, float("-inf")) >= self.wild.minimum:
            pose = "wild"
        return Row(scores=scores, source=facts.get("source", ""), pose=pose)

    def decide(self, scores: Mapping[str, float], facts: Mapping[str, str] = MappingProxyType({})) -> Decision:
        """What the rules say; the same scores and facts give the same decision, whatever picture they came from."""
        row = self.row(scores, facts)
        for rule in self.rules:
            reason = rule.verdict(row)
            if reason:
                return Decision(keep=False, reason=reason)
        return Decision(keep=True, reason="")

    def scores(self) -> tuple[str, ...]:
        """Every score the policy looks at, each once."""
        named = [name for rule in self.rules for name in rule.scores()]
        named += [quantile.score for quantile in self.quantiles]
        return tuple(dict.fromkeys([*named, *([self.wild.score] if self.wild else [])]))

    def check(self, gives: Iterable[str]) -> None:
        """Raise RecipeError when a rule names a score that no scorer of the recipe gives."""
        known = tuple(dict.fromkeys(gives))
        for score in self.scores():
            if score not in known:
                is_paired = score.startswith(("control_", "excess_")) and not any("control_" in name for name in known)
                hint = " It needs a paired control: add `control: {name: studio}` to the recipe." if is_paired else ""
                raise RecipeError(
                    f"gate {self.name!r} has a rule on {score!r}, which no scorer of this recipe gives; "
                    f"they give: {', '.join(known) or 'nothing'}.{hint or did_you_mean(score, known)}"
                )


def plain_number(bound: float) -> str:
    """A bound as reasons write it: two digits, more only where it has more."""
    return f"{bound:.2f}" if round(bound, 2) == bound else f"{bound:g}"


def check_pose(pose: str) -> None:
    """Raise RecipeError for a pose class that there is not."""
    if pose not in POSE_CLASSES:
        raise RecipeError(
            f"gate: unknown pose class {pose!r}; known: {', '.join(POSE_CLASSES)}.{did_you_mean(pose, POSE_CLASSES)}"
        )
