"""Quantiles and budgets of a policy: what they say of a row, given the rows before it in index order.

Nothing a later row does changes an earlier decision. So a data set that is extended keeps its first samples, and the
same rows give the same data set on any number of workers.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Mapping

from posedreamer.scoring.gate import Policy, Quantile, Row, plain_number

__all__ = ["InOrder"]

_ROUNDING = 1e-9


class InOrder:
    """A policy's memory over one pass through the judged rows; make a new one for another pass."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._seen: dict[tuple[int, str], list[float]] = {}
        self._kept: Counter[str] = Counter()

    def see(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> str:
        """The reason of the first quantile that the row misses, else ""; to be called once for every judged row."""
        row = self._policy.row(scores, facts)
        said = [self._rank(place, quantile, row) for place, quantile in enumerate(self._policy.quantiles)]
        return next((reason for reason in said if reason), "")

    def refusal(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> str:
        """The reason when keeping the row would break a budget, else ""."""
        pose = self._policy.row(scores, facts).pose
        total = self._kept.total() + 1
        for budget in self._policy.budgets:
            kept = self._kept[budget.pose]
            if budget.pose == pose and kept + 1 > math.ceil(budget.at_most * total - _ROUNDING):
                return f"{pose}_over_budget_{plain_number(budget.at_most)}"
            if budget.pose != pose and kept < math.floor(budget.at_least * total + _ROUNDING):
                return f"{budget.pose}_under_budget_{plain_number(budget.at_least)}"
        return ""

    def keep(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> None:
        """The row is kept and counts in the budgets from here on."""
        self._kept[self._policy.row(scores, facts).pose] += 1

    def _rank(self, place: int, quantile: Quantile, row: Row) -> str:
        if not quantile.where.holds(row):
            return ""
        value = row.scores.get(quantile.score)
        if value is None:
            return f"{quantile.score}_not_applicable" if quantile.when_absent == "drop" else ""
        group = {"pose": row.pose, "source": row.source, "all": ""}[quantile.per]
        seen = self._seen.setdefault((place, group), [])
        is_high_good = quantile.better == "higher"
        better = len(seen) - bisect_right(seen, value) if is_high_good else bisect_left(seen, value)
        insort(seen, value)
        if better < quantile.best * len(seen):
            return ""
        return f"{quantile.score}_outside_best_{plain_number(quantile.best)}"
