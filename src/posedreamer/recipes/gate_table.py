"""What another gate changes: counts, reasons, and how groups of rows fare, before and after, in plain lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from posedreamer.bodies import load_body
from posedreamer.dataset.decisions import GATE
from posedreamer.dataset.schema import DROPPED, FAILED, KEPT, SURPLUS
from posedreamer.recipes.digest import DEFAULT_BODY
from posedreamer.scoring.gate import Policy

__all__ = ["ALPHA", "FAIR", "Fate", "fates_of", "p_value", "table_lines"]

ALPHA: Final = 0.01
FAIR: Final = (0.8, 1.25)
"""A group whose keep rate is outside these multiples of the mean rate is far from it (the four-fifths rule) ..."""
LEAST_EXPECTED: Final = 5.0
"""... and is warned of where the test holds: at least so many kept and so many dropped rows are expected of it."""

_SHAPES: Final = ("gender", "age", "weight", "height")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of the judged rows of one group.

    Attributes:
        kind, name: what rows are grouped by, and which group.
        judged: rows that reached the gate.
        before, after: how many of them it let through, surplus included.
        p: of the two-proportion z-test of this group's keep rate against that of all other rows, two-sided; NaN where
            it does not hold.
        is_far: the rate is far from the mean, and not by chance after Bonferroni's correction.
    """

    kind: str
    name: str
    judged: int
    before: int
    after: int
    p: float
    is_far: bool


def p_value(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Two-sided p of two equal proportions, pooled normal approximation; NaN where it does not hold."""
    total = trials + other_trials
    share = (hits + other_hits) / total if total else 0.0
    if min(trials, other_trials) * min(share, 1.0 - share) < LEAST_EXPECTED:
        return math.nan
    spread = math.sqrt(share * (1.0 - share) * (1.0 / trials + 1.0 / other_trials))
    return math.erfc(abs(hits / trials - other_hits / other_trials) / spread / math.sqrt(2.0))


def fates_of(before: pa.Table, after: pa.Table, policy: Policy) -> tuple[Fate, ...]:
    """The fate of every group; ``before`` and ``after`` are the same ledger under two gates."""
    old, new = _passed(before), _passed(after)
    judged = old | new | _dropped_by_gate(after) | _dropped_by_gate(before)
    tallies: list[tuple[str, str, int, int, int]] = []
    for kind, names in _groups(after, policy):
        for name in sorted({each for each in names if each}, key=_natural):
            here = judged & (names == name)
            tallies.append((kind, name, int(here.sum()), int((here & old).sum()), int((here & new).sum())))
    tallies = [each for each in tallies if each[2]]
    total, kept = int(judged.sum()), int(new.sum())
    ps = [p_value(n_after, n, kept - n_after, total - n) for _, _, n, _, n_after in tallies]
    tests = max(1, sum(not math.isnan(p) for p in ps))
    mean = kept / total if total else 0.0
    return tuple(
        Fate(
            kind=kind,
            name=name,
            judged=n,
            before=n_before,
            after=n_after,
            p=p,
            is_far=p * tests < ALPHA and not FAIR[0] * mean <= n_after / n <= FAIR[1] * mean,
        )
        for (kind, name, n, n_before, n_after), p in zip(tallies, ps, strict=True)
    )


def table_lines(before: pa.Table, after: pa.Table, fates: Sequence[Fate]) -> Iterator[str]:
    """Counts, reasons, groups and warnings."""
    yield f"  {'':42}{'before':>10}{'after':>10}"
    counts = [_counts(table) for table in (before, after)]
    for name in ("kept", "surplus", "dropped by the gate", "dropped before it", "failed"):
        yield f"  {name:42}{counts[0][name]:>10,}{counts[1][name]:>10,}"
    yield from ["", "  reasons of the gate"]
    reasons = [_reasons(table) for table in (before, after)]
    for reason, _ in (reasons[0] + reasons[1]).most_common():
        yield f"  {reason:42}{reasons[0][reason]:>10,}{reasons[1][reason]:>10,}"
    yield from ["", f"  {'group':42}{'judged':>10}{'before':>10}{'share':>8}{'after':>10}{'share':>8}{'keep rate':>11}"]
    totals = {side: max(1, int(_passed(table).sum())) for side, table in (("before", before), ("after", after))}
    for fate in fates:
        yield (
            f"{'!' if fate.is_far else ' '} {f'{fate.kind}: {fate.name}':42}{fate.judged:>10,}{fate.before:>10,}"
            f"{fate.before / totals['before']:>8.1%}{fate.after:>10,}{fate.after / totals['after']:>8.1%}"
            f"{fate.after / fate.judged:>11.1%}"
        )
    yield from _warnings(fates)


def _warnings(fates: Sequence[Fate]) -> Iterator[str]:
    far = [fate for fate in fates if fate.is_far]
    if not far:
        return
    tests = sum(not math.isnan(fate.p) for fate in fates)
    yield from [
        "",
        f"warning: groups marked ! are kept at less than {FAIR[0]:g} or more than {FAIR[1]:g} times the mean rate, and "
        f"not by chance: two-proportion z-test against all other rows, two-sided, p < {ALPHA:g} / {tests} groups",
    ]
    for fate in far:
        yield f"  {fate.kind}: {fate.name} is kept at {fate.after / fate.judged:.1%} (p = {fate.p:.1e})"


def _counts(table: pa.Table) -> Counter[str]:
    found: Counter[str] = Counter()
    for decision, stage in zip(table.column("decision").to_pylist(), table.column("stage").to_pylist(), strict=True):
        by_gate = "dropped by the gate" if stage == GATE else "dropped before it"
        found[{KEPT: "kept", SURPLUS: "surplus", FAILED: "failed"}.get(decision, by_gate)] += 1
    return found


def _reasons(table: pa.Table) -> Counter[str]:
    columns = [table.column(name).to_pylist() for name in ("decision", "stage", "reason")]
    return Counter(
        reason for decision, stage, reason in zip(*columns, strict=True) if decision == DROPPED and stage == GATE
    )


def _passed(table: pa.Table) -> Bool[np.ndarray, " n"]:
    return np.array([each in (KEPT, SURPLUS) for each in table.column("decision").to_pylist()], dtype=np.bool_)


def _dropped_by_gate(table: pa.Table) -> Bool[np.ndarray, " n"]:
    return np.array([stage == GATE for stage in table.column("stage").to_pylist()], dtype=np.bool_)


def _groups(ledger: pa.Table, policy: Policy) -> Iterator[tuple[str, Any]]:
    """What rows are grouped by, and the name of each row's group, "" for rows without one."""
    yield "pose", _words(_poses(ledger, policy))
    yield "source", _words(ledger.column("source").to_pylist())
    traits = ledger.select(["traits"]).flatten()
    yield "camera", _binned(traits.column("traits.fov_deg").to_pylist(), (30.0, 45.0, 60.0), "deg wide")
    yield "view", _binned(traits.column("traits.pitch_deg").to_pylist(), (-10.0, 10.0, 30.0), "deg down")
    shapes: list[list[float] | None] = traits.column("traits.shape").to_pylist()
    for name, place in _shape_columns(shapes):
        yield name, _thirds([None if shape is None else shape[place] for shape in shapes])
    for name in ("skin", "top", "bottom", "place"):
        yield name, _words(traits.column(f"traits.{name}").to_pylist())


def _poses(ledger: pa.Table, policy: Policy) -> list[str]:
    postures: list[str | None] = ledger.column("posture").to_pylist()
    rarities: list[float | None] = [None] * len(postures)
    if policy.wild:
        rarities = ledger.select(["scores"]).flatten().column(f"scores.{policy.wild.score}").to_pylist()
    found: list[str] = []
    for posture, rarity in zip(postures, rarities, strict=True):
        scores: Mapping[str, float] = {policy.wild.score: rarity} if policy.wild and rarity is not None else {}
        found.append(policy.row(scores, {"posture": posture or ""}).pose)
    return found


def _shape_columns(shapes: Sequence[list[float] | None]) -> list[tuple[str, int]]:
    """The shape parameters worth a table: named ones of the free body, the first two of any other."""
    length = next((len(shape) for shape in shapes if shape), 0)
    names = load_body(DEFAULT_BODY).spec.parameter("phenotype").entries
    if length == len(names):
        return [(name, names.index(name)) for name in _SHAPES if name in names]
    return [(f"shape {place}", place) for place in range(min(2, length))]


def _words(values: Sequence[str | None]) -> Any:
    return np.array([value or "" for value in values])


def _binned(values: Sequence[float | None], edges: tuple[float, ...], unit: str) -> Any:
    names = [f"below {edges[0]:g} {unit}", *(f"{a:g} to {b:g} {unit}" for a, b in pairwise(edges))]
    names = ["", *names, f"from {edges[-1]:g} {unit}"]
    numbers = np.array([math.nan if value is None else value for value in values])
    return np.array(names)[np.where(np.isnan(numbers), 0, 1 + np.digitize(numbers, edges))]


def _thirds(values: Sequence[float | None]) -> Any:
    numbers = np.array([math.nan if value is None else value for value in values])
    known = numbers[~np.isnan(numbers)]
    edges = np.quantile(known, (1 / 3, 2 / 3)) if known.size else np.zeros(2)
    place = np.where(np.isnan(numbers), 0, 1 + np.digitize(numbers, edges))
    return np.array(["", "1 lowest third", "2 middle third", "3 highest third"])[place]


def _natural(name: str) -> tuple[int, float, str]:
    """Bins in the order of their numbers, words by the alphabet."""
    for word in name.split():
        try:
            return (0 if name.startswith("below") else 1, float(word), name)
        except ValueError:
            continue
    return 2, 0.0, name
