"""The work on one block: labels of its indices, through the stages, to the rows of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from posedreamer.dataset.encode import ImageEncoding
from posedreamer.dataset.rows import Row, RowFormat, block_row, block_table
from posedreamer.execution.blocks import Block
from posedreamer.execution.overlap import overlapped
from posedreamer.execution.stage import Account, Item, Stage, go_on, run_stages, set_up_worker
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.components import build_generator, build_scorers
from posedreamer.recipes.control import paired_names
from posedreamer.recipes.digest import body_versions
from posedreamer.recipes.policies import gate_by
from posedreamer.recipes.schema import Recipe
from posedreamer.recipes.stages import PAINT, build_stages

__all__ = ["BlockRows", "HumanBlockJob", "HumanBlockWorker", "score_names"]


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
        stages = build_stages(recipe, seed)
        set_up_worker(stages)
        self._rows = BlockRows(recipe, stages)

    def run(self, block: Block) -> pa.Table:
        """Every candidate of the block's labels, and every label that never became one."""
        labels = [self._source.label(index, self._seed) for index in block.label_indices]
        return self._rows.table([Item(item_id=label.label_id, value=label) for label in labels])


class BlockRows:
    """Items through a recipe's stages to the table of their block."""

    def __init__(self, recipe: Recipe, stages: Sequence[Stage]) -> None:
        """``stages``: what the items pass, ready to process."""
        place = [stage.name for stage in stages].index(PAINT)
        self._before, self._paint, self._after = stages[:place], stages[place], stages[place + 1 :]
        self._overlaps = recipe.overlap
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

    def table(self, items: Sequence[Item]) -> pa.Table:
        """The rows of the items' ends, with pictures encoded.

        With the recipe's ``overlap`` what comes before and after the painting goes on beside it. Pictures do not depend
        on what is painted with them, so that the table is the same.
        """
        if self._overlaps:
            pieces = overlapped(items, self._before, self._paint, self._judged)
        else:
            pieces = [self._judged(run_stages(items, (*self._before, self._paint)))]
        return block_table([row for piece in pieces for row in piece], self._format.score_names, self._decide)

    def _judged(self, account: Account) -> list[Row]:
        ends = go_on(account, self._after).ends
        return [block_row(end.item.value, end.outcome, self._format) for end in ends]


def score_names(recipe: Recipe) -> tuple[str, ...]:
    """Every number a candidate of this recipe may have, in order."""
    gives = tuple(name for scorer in build_scorers(recipe) for name in scorer.gives)
    return (*gives, *paired_names(gives)) if recipe.control else gives
