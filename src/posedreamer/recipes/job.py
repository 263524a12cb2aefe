"""The work on one block: labels of its indices, through the stages, to the rows of its file."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from posedreamer.dataset.encode import ImageEncoding
from posedreamer.dataset.rows import RowFormat, block_row, block_table
from posedreamer.execution.blocks import Block
from posedreamer.execution.stage import Item, run_stages, set_up_worker
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.components import build_generator, build_scorers
from posedreamer.recipes.control import paired_names
from posedreamer.recipes.digest import body_versions
from posedreamer.recipes.policies import gate_by
from posedreamer.recipes.schema import Recipe
from posedreamer.recipes.stages import build_stages

__all__ = ["HumanBlockJob", "HumanBlockWorker", "score_names"]


@dataclass(frozen=True, slots=True)
class HumanBlockJob:
    """What each worker process builds its own components from; the label source comes opened, files read once."""

    recipe: Recipe
    seed: int
    source: LabelSource

    def open(self) -> HumanBlockWorker:
        """Stages and models of one process."""
        return HumanBlockWorker(self.recipe, self.seed, self.source)


class HumanBlockWorker:
    """Turns blocks into tables in one process."""

    def __init__(self, recipe: Recipe, seed: int, source: LabelSource) -> None:
        self._seed = seed
        self._source = source
        self._stages = build_stages(recipe, seed)
        self._decide = gate_by(recipe.gate, score_names(recipe)).decide
        self._format = RowFormat(
            score_names=score_names(recipe),
            encoding=ImageEncoding(
                format=recipe.images.format,
                quality=recipe.images.quality,
                synthetic=build_generator(recipe).source_type,
            ),
            body_versions=body_versions(),
        )
        set_up_worker(self._stages)

    def run(self, block: Block) -> pa.Table:
        """Every candidate of the block's labels, and every label that never became one."""
        labels = [self._source.label(index, self._seed) for index in block.label_indices]
        account = run_stages([Item(item_id=label.label_id, value=label) for label in labels], self._stages)
        rows = [block_row(end.item.value, end.outcome, self._format) for end in account.ends]
        return block_table(rows, self._format.score_names, self._decide)


def score_names(recipe: Recipe) -> tuple[str, ...]:
    """Every number a candidate of this recipe may have, in order."""
    gives = tuple(name for scorer in build_scorers(recipe) for name in scorer.gives)
    return (*gives, *paired_names(gives)) if recipe.control else gives
