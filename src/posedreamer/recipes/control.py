"""Paired control: every condition is painted once more by a generator that is exact, and judged the same way.

What the judge gets wrong there is its own error on this pose, camera and body. The excess, score minus control score,
is what is left to say of the picture itself; near zero it is as good as a perfect one to this judge.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from posedreamer.execution.stage import GoesOn, Item, Outcome, concerns_all
from posedreamer.generation.protocol import Generator, PaintJob
from posedreamer.recipes.declared import Declared
from posedreamer.recipes.schema import Recipe
from posedreamer.records import Condition, Judged, Picture
from posedreamer.scoring.protocol import Scorer
from posedreamer.seeds import derive_seed

__all__ = [
    "CONTROL_FAILED",
    "UNPAIRED",
    "ControlStage",
    "control_stage",
    "paired_names",
    "paired_scorers",
    "with_control",
]

CONTROL_FAILED: Final = "control_failed"
"""1 for candidates whose control could not be painted or judged, else 0; then nothing else is known of the control."""

UNPAIRED: Final = ("phash_", "embedding_", "prior_log_density", "hardness")
"""Scores that begin so have no control: codes, whose difference means nothing, and what is of the label alone."""

_LOG = logging.getLogger(__name__)


def paired_names(scores: Sequence[str]) -> tuple[str, ...]:
    """The numbers a control adds to these scores."""
    return (CONTROL_FAILED, *(f"{kind}_{name}" for kind in ("control", "excess") for name in _paired_of(scores)))


def paired_scorers(scorers: Sequence[Scorer]) -> tuple[Scorer, ...]:
    """The scorers that a control is judged by: those that give any number that a control has."""
    return tuple(scorer for scorer in scorers if _paired_of(scorer.gives))


def _paired_of(scores: Sequence[str]) -> list[str]:
    return [name for name in scores if not name.startswith(UNPAIRED)]


def with_control(scores: Mapping[str, float], control: Mapping[str, float] | None) -> dict[str, float]:
    """The scores with ``control_`` and, where both apply, ``excess_`` numbers; None is a control that failed."""
    found = {**scores, CONTROL_FAILED: float(control is None)}
    for name, value in (control or {}).items():
        if name.startswith(UNPAIRED):
            continue
        found[f"control_{name}"] = value
        if name in scores:
            found[f"excess_{name}"] = scores[name] - value
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlStage(Declared):
    """Adds the control's numbers to judged candidates; those of one condition share one control.

    A batch holds whole blocks, so a condition is painted once. The seed is the condition's own: neither order nor
    workers nor the number of candidates change a control.
    """

    generator: Generator
    scorers: tuple[Scorer, ...]
    seed: int

    def setup_node(self) -> None:
        """The control generator's weights are on this machine."""
        self.generator.fetch()

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """The same candidates with more scores; a control that fails is a number, never a failed candidate."""
        judged = [cast("Judged", item.value) for item in batch]
        conditions = {each.candidate.condition.condition_id: each.candidate.condition for each in judged}
        controls: dict[str, Mapping[str, float] | None] = {}
        few = list(conditions.values())
        size = max(1, self.generator.batch_size)
        for start in range(0, len(few), size):
            controls |= self._controls(few[start : start + size])
        return [
            GoesOn(items=(Item(item_id=item.item_id, value=_paired(each, controls)),))
            for item, each in zip(batch, judged, strict=True)
        ]

    def _controls(self, conditions: Sequence[Condition]) -> dict[str, Mapping[str, float] | None]:
        """Scores of the conditions' controls; where several fail together, each is tried alone."""
        try:
            return self._painted(conditions)
        except Exception as error:
            if concerns_all(error):
                raise
            if len(conditions) == 1:
                _LOG.warning("control of %s failed: %s: %s", conditions[0].condition_id, type(error).__name__, error)
                return {conditions[0].condition_id: None}
        found: dict[str, Mapping[str, float] | None] = {}
        for condition in conditions:
            found |= self._controls([condition])
        return found

    def _painted(self, conditions: Sequence[Condition]) -> dict[str, Mapping[str, float] | None]:
        jobs = [
            PaintJob(condition=each, candidate_index=0, seed=derive_seed(self.seed, each.condition_id, "control"))
            for each in conditions
        ]
        found: dict[str, Mapping[str, float] | None] = {each.condition_id: None for each in conditions}
        painted = [
            (condition, picture)
            for condition, picture in zip(conditions, self.generator.paint(jobs), strict=True)
            if isinstance(picture, Picture)
        ]
        numbers: list[dict[str, float]] = [{} for _ in painted]
        for scorer in paired_scorers(self.scorers):
            added = scorer.score([picture for _, picture in painted], [each.annotation for each, _ in painted])
            for scores, new in zip(numbers, added, strict=True):
                if not all(math.isfinite(value) for value in new.values()):
                    raise ValueError(f"scorer {scorer.name} gave scores that are no numbers: {dict(new)}")
                scores.update(new)
        found.update({each.condition_id: scores for (each, _), scores in zip(painted, numbers, strict=True)})
        return found


def control_stage(recipe: Recipe, generator: Generator, scorers: tuple[Scorer, ...], seed: int) -> ControlStage:
    """The recipe's control stage; it shares the scorers of the stages before it."""
    gives = tuple(name for scorer in scorers for name in scorer.gives)
    return ControlStage(
        name="control",
        version=f"{generator.name} {generator.revision}",
        needs=("buffers", "annotation", "caption", *gives),
        gives=paired_names(gives),
        batch_size=recipe.block_size * recipe.generator.candidates,
        generator=generator,
        scorers=scorers,
        seed=seed,
    )


def _paired(judged: Judged, controls: Mapping[str, Mapping[str, float] | None]) -> Judged:
    control = controls[judged.candidate.condition.condition_id]
    return Judged(candidate=judged.candidate, scores=MappingProxyType(with_control(judged.scores, control)))
