"""Conditions of a recipe by label index, for whoever needs them outside a run: trainers and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from posedreamer.execution.stage import GoesOn, Item, Stage
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.components import build_source
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.stages import build_stages
from posedreamer.records import Condition

__all__ = ["RecipeConditions"]


@dataclass(frozen=True, kw_only=True)
class RecipeConditions:
    """The stream of conditions a recipe gives; plain config that pickles, its parts built where they are used.

    Attributes:
        recipe: a recipe's name or file, as ``generate`` takes it.
        settings: "key=value" on top of it.
        seed: of labels, cameras and captions.
    """

    recipe: str
    settings: tuple[str, ...] = ()
    seed: int = 0

    def __call__(self, index: int) -> Condition | None:
        """The condition of label ``index``, or None where the recipe refuses its scene."""
        source, stages = self._parts
        label = source.label(index, self.seed)
        item = Item(item_id=label.label_id, value=label)
        for stage in stages:
            outcome = stage.process([item])[0]
            if not isinstance(outcome, GoesOn):
                return None
            item = outcome.items[0]
        return cast("Condition", item.value)

    @cached_property
    def _parts(self) -> tuple[LabelSource, tuple[Stage, ...]]:
        recipe = load_recipe(self.recipe, self.settings)
        return build_source(recipe), build_stages(recipe, self.seed)[:2]

    def __getstate__(self) -> dict[str, object]:
        """Config alone: built parts stay where they were built."""
        return {"recipe": self.recipe, "settings": self.settings, "seed": self.seed}
