"""The ledger as columns: what became of every candidate, and the shares that follow from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from jaxtyping import Float64

from posedreamer.dataset.open import Dataset
from posedreamer.dataset.schema import DECISIONS, DROPPED, FAILED, KEPT, SURPLUS
from posedreamer.errors import DatasetError
from posedreamer.recipes.keep_rate import wilson_interval

__all__ = ["Account", "Entry", "Threshold", "account_of", "keep_rates", "main_score", "thresholds_of"]

_COLUMNS = ("id", "index", "decision", "stage", "reason", "action", "posture", "source", "content_hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One ledger row, in short; ``stage`` and ``reason`` are empty where nothing stopped the row."""

    id: str
    index: int
    decision: str
    stage: str
    reason: str
    action: str
    posture: str
    source: str
    has_picture: bool

    @property
    def passed(self) -> bool:
        """The gate let it through, kept or beyond the number asked for."""
        return self.decision in (KEPT, SURPLUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Every candidate, in ledger order.

    Attributes:
        scores: name -> one number per entry, NaN where the score does not apply.
    """

    entries: tuple[Entry, ...] = field(repr=False)
    scores: Mapping[str, Float64[np.ndarray, " n"]] = field(repr=False)

    def count(self, decision: str) -> int:
        """How many rows have this decision."""
        return sum(entry.decision == decision for entry in self.entries)

    @property
    def passed(self) -> int:
        """Kept and surplus rows."""
        return sum(entry.passed for entry in self.entries)

    def reasons(self, decision: str) -> list[tuple[str, str, int]]:
        """(stage, reason, count) of the dropped or failed rows, most frequent first."""
        found = Counter((entry.stage, entry.reason) for entry in self.entries if entry.decision == decision)
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return [(stage, reason, count) for (stage, reason), count in ordered]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of a group passed the gate, with the 95 % Wilson interval of the share."""

    name: str
    passed: int
    total: int

    @property
    def share(self) -> float:
        """In [0, 1]; 0 for an empty group."""
        return self.passed / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high share."""
        return wilson_interval(self.passed, self.total)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound of the gate on a score; ``side`` is "minimum" or "maximum"."""

    score: str
    side: str
    value: float


def account_of(dataset: Dataset) -> Account:
    """The data set's ledger. Raises DatasetError when its counts are not those of ``dataset.json``."""
    manifest = dataset.manifest
    names = manifest.score_names
    if not manifest.ledger:
        return Account(entries=(), scores={name: np.empty(0) for name in names})
    table = dataset.ledger([*_COLUMNS, *(["scores"] if names else [])])
    entries = tuple(_entry(row) for row in table.select(_COLUMNS).to_pylist())
    rows: list[Mapping[str, float | None] | None] = table.column("scores").to_pylist() if names else []
    account = Account(entries=entries, scores={name: _numbers(rows, name) for name in names})
    _check_balance(dataset, account)
    return account


def keep_rates(account: Account, key: Callable[[Entry], str]) -> list[Rate]:
    """The keep rate of each group of candidates, largest group first. Rows that ``key`` calls "" are left out."""
    total: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for entry in account.entries:
        if name := key(entry):
            total[name] += 1
            passed[name] += entry.passed
    return [Rate(name, passed[name], count) for name, count in sorted(total.items(), key=lambda item: (-item[1], item))]


def thresholds_of(recipe: Mapping[str, Any]) -> tuple[Threshold, ...]:
    """The bounds of the recipe's gate, in the order of its rules; none where the recipe has no gate of rules."""
    gate: Any = recipe.get("gate")
    rules: Any = cast("Mapping[str, Any]", gate).get("rules") if isinstance(gate, Mapping) else None
    found: list[Threshold] = []
    for rule in cast("Sequence[Mapping[str, Any]]", rules or ()):
        bounds = [side for side in ("minimum", "maximum") if rule.get(side) is not None]
        found += [Threshold(str(rule["score"]), side, float(rule[side])) for side in bounds]
    return tuple(found)


def main_score(names: Sequence[str], thresholds: Sequence[Threshold]) -> str:
    """The score pictures are ranked by: OKS if there is one, else the gate's last, else the first; "" for none."""
    if "oks" in names:
        return "oks"
    gated = [bound.score for bound in thresholds if bound.score in names]
    return gated[-1] if gated else next(iter(names), "")


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        index=row["index"],
        decision=row["decision"],
        stage=row["stage"] or "",
        reason=row["reason"] or "",
        action=row["action"] or "",
        posture=row["posture"] or "",
        source=row["source"] or "",
        has_picture=row["content_hash"] is not None,
    )


def _numbers(rows: Sequence[Mapping[str, float | None] | None], name: str) -> Float64[np.ndarray, " n"]:
    found = [None if row is None else row[name] for row in rows]
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _check_balance(dataset: Dataset, account: Account) -> None:
    counts = dataset.manifest.counts
    said = {KEPT: counts.kept, SURPLUS: counts.surplus, DROPPED: counts.dropped, FAILED: counts.failed}
    found = {decision: account.count(decision) for decision in DECISIONS}
    if said != found or counts.candidates != len(account.entries) or counts.kept != len(dataset):
        raise DatasetError(
            f"{dataset.path}: dataset.json says {said} of {counts.candidates}, the ledger holds {found} of "
            f"{len(account.entries)}, samples {len(dataset)}; run `posedreamer verify` on it"
        )
