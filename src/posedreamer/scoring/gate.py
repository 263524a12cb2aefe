"""The gate: one declarative policy turns scores into keep, or drop with a reason. It needs the ledger alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from posedreamer.errors import RecipeError, did_you_mean

__all__ = ["Decision", "Policy", "Rule"]

_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "found": "person_not_found",
        "mirror_margin": "mirrored",
        "visible_joints": "too_few_visible_joints",
        "visible_share": "too_few_visible_joints",
    }
)
"""Scores whose lower bound has a word of its own; all others read "oks_below_0.80"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A score within bounds, both inclusive.

    Attributes:
        score: the name a scorer gives it.
        minimum, maximum: at least one of them.
        when_absent: what a score that does not apply means: "drop" (reason "<score>_not_applicable") or "keep".

    Raises RecipeError for a rule without bounds, or with bounds that exclude everything.
    """

    score: str
    minimum: float | None = None
    maximum: float | None = None
    when_absent: Literal["keep", "drop"] = "drop"

    def __post_init__(self) -> None:
        if self.minimum is None and self.maximum is None:
            raise RecipeError(f"gate rule on {self.score!r} has neither minimum nor maximum; give at least one")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise RecipeError(
                f"gate rule on {self.score!r}: minimum {self.minimum} is above maximum {self.maximum}; "
                "no score passes: swap them"
            )

    def drop_reason(self, scores: Mapping[str, float]) -> str | None:
        """A stable word when the scores break this rule, None when they keep it. NaN keeps no bound."""
        value = scores.get(self.score)
        if value is None:
            return f"{self.score}_not_applicable" if self.when_absent == "drop" else None
        if self.minimum is not None and not value >= self.minimum:
            return _REASONS.get(self.score, f"{self.score}_below_{_plain(self.minimum)}")
        if self.maximum is not None and not value <= self.maximum:
            return f"{self.score}_above_{_plain(self.maximum)}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Keep, or drop; ``reason`` is a stable word, empty when kept."""

    keep: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules in order; the first that is broken gives the reason. No rules keep everything."""

    name: str
    rules: tuple[Rule, ...]

    def decide(self, scores: Mapping[str, float]) -> Decision:
        """The same scores give the same decision, whatever picture they came from."""
        for rule in self.rules:
            reason = rule.drop_reason(scores)
            if reason is not None:
                return Decision(keep=False, reason=reason)
        return Decision(keep=True, reason="")

    def check(self, gives: Iterable[str]) -> None:
        """Raise RecipeError when a rule names a score that no scorer of the recipe gives."""
        known = tuple(dict.fromkeys(gives))
        for rule in self.rules:
            if rule.score not in known:
                raise RecipeError(
                    f"gate {self.name!r} has a rule on {rule.score!r}, which no scorer of this recipe gives; "
                    f"they give: {', '.join(known) or 'nothing'}.{did_you_mean(rule.score, known)}"
                )


def _plain(bound: float) -> str:
    return f"{bound:.2f}" if round(bound, 2) == bound else f"{bound:g}"
