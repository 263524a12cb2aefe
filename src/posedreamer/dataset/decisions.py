"""The first pass of the reduction: what becomes of every candidate, from light columns alone, in index order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from posedreamer.dataset.duplicates import Near
from posedreamer.dataset.rows import Decide, facts_in, scores_in
from posedreamer.dataset.schema import DONE, DROPPED, FAILED, KEPT, SURPLUS, ledger_schema
from posedreamer.errors import RecipeError
from posedreamer.execution.parquet import read_table

__all__ = [
    "DUPLICATE",
    "GATE",
    "NEAR_DUPLICATE",
    "DecidedBlock",
    "Decider",
    "Gate",
    "InOrder",
    "Pick",
    "decide_blocks",
    "pick_of",
    "split_chooser",
]

GATE = "gate"
DUPLICATE = "duplicate"
NEAR_DUPLICATE = "near_duplicate"


class InOrder(Protocol):
    """What looks at the judged rows one after the other, in index order: quantiles and budgets."""

    def see(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> str:
        """Called once for every judged row; the reason to drop it, "" for none."""
        ...

    def refusal(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> str:
        """Asked of a row that passed everything else; the reason not to keep it now, "" for none."""
        ...

    def keep(self, scores: Mapping[str, float], facts: Mapping[str, str]) -> None:
        """The row is kept."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Everything that decides on judged rows.

    Attributes:
        decide: the rules, row by row.
        in_order: makes what looks at rows in index order, new for every pass; None where nothing does.
        near: which pictures count as the same though they differ; None for none but equal ones.
    """

    decide: Decide
    in_order: Callable[[], InOrder] | None = None
    near: Near | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """A kept row: where it lies, how heavy it is, which split, and a mark that changes when its content does."""

    block: Path
    row: int
    weight: int
    split: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedBlock:
    """One block's part of the ledger, and its kept rows."""

    ledger: pa.Table = field(repr=False)
    picks: tuple[Pick, ...] = field(repr=False)


def split_chooser(fractions: Mapping[str, float]) -> Callable[[str], str]:
    """The split of a clip: a function of its name alone, so that no clip is torn apart, on any machine.

    Raises RecipeError unless the fractions are positive or zero and sum to 1.
    """
    total = sum(fractions.values())
    if abs(total - 1.0) > 1e-9 or min(fractions.values()) < 0:
        raise RecipeError(f"split fractions are {dict(fractions)}, sum {total:g}; they must be >= 0 and sum to 1")

    def split_of(clip: str) -> str:
        digest = hashlib.blake2b(clip.encode(), digest_size=8, person=b"split").digest()
        place = int.from_bytes(digest, "big") / 2**64
        for name, fraction in fractions.items():
            place -= fraction
            if place < 0:
                return name
        return list(fractions)[-1]

    return split_of


class Decider:
    """One pass over the judged rows, in index order: rules, quantiles, duplicates, budgets, then the cut at ``num``."""

    def __init__(self, gate: Gate, num: int) -> None:
        self._gate = gate
        self._num = num
        self._in_order = gate.in_order() if gate.in_order else None
        self._kept: set[str] = set()
        self._near = gate.near.index() if gate.near else None

    @property
    def is_full(self) -> bool:
        """``num`` rows are kept."""
        return len(self._kept) >= self._num

    def look_ahead(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """These judged rows come next; changes no decision, only how long they take."""
        if self._near:
            self._near.look_ahead([scores_in(row) for row in rows])

    def decide(self, row: Mapping[str, Any]) -> tuple[str, str]:
        """Decision and, for a row that the gate drops, the reason. Every judged row is to be given once.

        A row whose pixels and scores were kept before is a duplicate, so the lowest id stays; so is one whose picture
        is too near to a kept one, where the gate says how near.
        """
        scores, facts = scores_in(row), facts_in(row)
        said = self._in_order.see(scores, facts) if self._in_order else ""
        is_kept, reason = self._gate.decide(scores, facts)
        if not is_kept or said:
            return DROPPED, reason or said
        content = row["content_hash"]
        if content in self._kept:
            return DROPPED, DUPLICATE
        if self._near and self._near.has_near(scores):
            return DROPPED, NEAR_DUPLICATE
        if self._in_order and (refusal := self._in_order.refusal(scores, facts)):
            return DROPPED, refusal
        if self.is_full:
            return SURPLUS, ""
        self._kept.add(content)
        if self._in_order:
            self._in_order.keep(scores, facts)
        if self._near:
            self._near.add(scores)
        return KEPT, ""


def decide_blocks(
    paths: Iterable[Path], gate: Gate, split_of: Callable[[str], str], num: int, score_names: Sequence[str]
) -> Iterator[DecidedBlock]:
    """Blocks in index order until ``num`` rows are kept; later blocks are left alone.

    Raises DatasetError when a block file is damaged.
    """
    schema = ledger_schema(score_names)
    light = [name for name in schema.names if name not in ("decision", "split")]
    decider = Decider(gate, num)
    for path in paths:
        if decider.is_full:
            return
        table = read_table(path, [*light, "outcome"])
        rows = table.to_pylist()
        decider.look_ahead([row for row in rows if row["outcome"] == DONE])
        for row in rows:
            _decide_row(row, decider)
            row["split"] = split_of(row["clip"])
        yield DecidedBlock(
            ledger=_with_decisions(table, rows, schema),
            picks=tuple(pick_of(path, place, row) for place, row in enumerate(rows) if row["decision"] == KEPT),
        )


def _decide_row(row: dict[str, Any], decider: Decider) -> None:
    """Sets decision, and stage and reason where the gate decides."""
    row["decision"] = FAILED if row["outcome"] == FAILED else DROPPED
    if row["outcome"] == DONE:
        row["decision"], reason = decider.decide(row)
        if reason:
            row.update(stage=GATE, reason=reason)


def _with_decisions(table: pa.Table, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    columns: dict[str, Any] = {}
    for name in schema.names:
        if name in ("decision", "stage", "reason", "split"):
            columns[name] = pa.array([row[name] for row in rows], pa.string())
        elif name in table.column_names:
            columns[name] = table.column(name)
        else:  # a block written before the column was
            columns[name] = pa.nulls(len(rows), schema.field(name).type)
    return pa.table(columns, schema=schema)


def pick_of(path: Path, place: int, row: Mapping[str, Any]) -> Pick:
    """The pick of a kept ledger row that lies at ``place`` of the file ``path``."""
    mark = "\x1f".join((row["id"], row["identity_hash"], row["content_hash"], row["split"]))
    return Pick(path, place, row["image_bytes"], row["split"], mark)
