"""What a run would do before it does it: every stage with its needs, and with a pilot the rate, time and disk."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posedreamer.dataset.rows import Decide, facts_in, scores_in
from posedreamer.dataset.schema import DONE, DROPPED, KEPT
from posedreamer.estimators.weights import weight_statuses
from posedreamer.execution.blocks import block_at
from posedreamer.execution.plan import PlanRow, plan_rows
from posedreamer.execution.progress import progress
from posedreamer.generation.protocol import lacks_of
from posedreamer.recipes.components import build_generator
from posedreamer.recipes.inputs import optional_inputs
from posedreamer.recipes.job import HumanBlockJob, score_names
from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.recipes.policies import gate_by
from posedreamer.recipes.run import prepare, worker_count
from posedreamer.recipes.stages import build_stages

__all__ = ["Pilot", "Plan", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """What painting and judging a few labels showed.

    Attributes:
        candidates, kept: counts over ``labels`` labels.
        keep_low, keep_high: 95 % interval of the keep rate per candidate.
        seconds: of one process's work, models loaded.
        bytes_kept: encoded size of the kept pictures.
        endings: how often each label or candidate ended in which way ("kept", or stage and reason).
    """

    labels: int
    candidates: int
    kept: int
    keep_low: float
    keep_high: float
    seconds: float
    bytes_kept: int
    bytes_all: int
    endings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A recipe's stages, what they need, and what a pilot predicts."""

    recipe: str
    description: str
    source: str
    source_licence: str
    generator: str
    generator_licence: str
    lacks: str
    inputs: tuple[tuple[str, str], ...]
    rows: tuple[PlanRow, ...]
    weights: tuple[str, ...]
    num: int
    workers: int
    pilot: Pilot | None

    def text(self) -> str:
        """The plan as plain lines."""
        lines = [
            f"recipe {self.recipe}: {self.description}",
            f"labels from {self.source} ({self.source_licence})",
            f"painted by {self.generator} ({self.generator_licence})",
        ]
        if self.lacks:
            lines.append(f"  cannot paint yet: {self.lacks}")
        lines += ["", "optional inputs", *(f"  {name:16} {words}" for name, words in self.inputs), ""]
        for row in self.rows:
            lines.append(f"  {row.stage:16} needs {', '.join(row.needs):28} gives {', '.join(row.gives)}")
            lines.append(f"  {'':16} version {row.version}")
        lines += ["", *self.weights]
        lines += [
            "",
            *(self._pilot_lines(self.pilot) if self.pilot else ("--pilot 64 predicts keep rate, time, disk",)),
        ]
        return "\n".join(lines)

    def _pilot_lines(self, pilot: Pilot) -> list[str]:
        rate = pilot.kept / pilot.candidates if pilot.candidates else 0.0
        lines = [
            f"pilot over {pilot.labels} labels, {pilot.candidates} candidates: keep rate {rate:.0%} "
            f"(95 %: {pilot.keep_low:.0%} to {pilot.keep_high:.0%})"
        ]
        lines += [f"  {count:5} {ending}" for ending, count in pilot.endings]
        if pilot.kept == 0:
            return [*lines, f"{self.num} samples cannot be predicted: nothing was kept"]
        labels = self.num * pilot.labels / pilot.kept
        minutes = labels * pilot.seconds / pilot.labels / max(1, self.workers) / 60.0
        disk_mb = self.num * (pilot.bytes_all + pilot.bytes_kept) / pilot.kept / 1e6
        lines.append(
            f"{self.num} samples: about {labels:.0f} labels, {minutes:.1f} min on {max(1, self.workers)} worker(s) "
            f"({pilot.seconds / pilot.labels * 1000:.0f} ms a label), {disk_mb:.0f} MB of pictures on disk"
        )
        return lines


def plan(
    recipe_name: str,
    *,
    num: int,
    pilot: int = 0,
    seed: int = 0,
    labels: Sequence[Path] = (),
    workers: int | None = None,
    settings: Sequence[str] = (),
) -> Plan:
    """The plan of a run; nothing is written. With ``pilot`` that many labels are painted and judged.

    Raises RecipeError for a wrong recipe, InputError for labels that cannot be read.
    """
    recipe, source = prepare(recipe_name, labels, settings)
    stages, generator = build_stages(recipe, seed), build_generator(recipe)
    return Plan(
        recipe=recipe.name,
        description=recipe.description,
        source=source.name,
        source_licence=source.licence,
        generator=generator.name,
        generator_licence=generator.licence,
        lacks=lacks_of(generator),
        inputs=optional_inputs(recipe),
        rows=plan_rows(stages, given=("label",)),
        weights=tuple(
            f"weights {status.name}: " + ("present" if status.is_present else f"missing. {status.how_to_get}")
            for status in weight_statuses()
        ),
        num=num,
        workers=worker_count(workers),
        pilot=_pilot(HumanBlockJob(recipe, seed, source), pilot) if pilot else None,
    )


def _pilot(job: HumanBlockJob, labels: int) -> Pilot:
    worker, decide = job.open(), gate_by(job.recipe.gate, score_names(job.recipe)).decide
    worker.run(block_at(0, 1))  # compiles and loads everything, so that the clock sees work alone
    endings: Counter[str] = Counter()
    bytes_kept = bytes_all = 0
    start = time.perf_counter()
    with progress("pilot", labels, "labels") as meter:
        for index in range(labels):
            for row in worker.run(block_at(index, 1)).to_pylist():
                ending = _ending(row, decide)
                size = row["image_bytes"] or 0
                endings[ending] += 1
                bytes_all += size
                bytes_kept += size if ending == KEPT else 0
            meter.advance()
    kept, candidates = endings[KEPT], sum(endings.values())
    low, high = wilson_interval(kept, candidates)
    return Pilot(
        labels=labels,
        candidates=candidates,
        kept=kept,
        keep_low=low,
        keep_high=high,
        seconds=time.perf_counter() - start,
        bytes_kept=bytes_kept,
        bytes_all=bytes_all,
        endings=tuple(endings.most_common()),
    )


def _ending(row: Mapping[str, Any], decide: Decide) -> str:
    """How a label or candidate ended: kept, or the stage and the reason."""
    if row["outcome"] != DONE:
        return f"{row['outcome']} at {row['stage']}: {row['reason']}"
    keep, reason = decide(scores_in(row), facts_in(row))
    return KEPT if keep else f"{DROPPED} at gate: {reason}"
