"""Conditions of a recipe by label index, for whoever needs them outside a run: trainers and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
    """The stream of conditions a recipe gives; plain config that pickles, its parts built once where they are used.

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
        source, stages = _parts(self)
        label = source.label(index, self.seed)
        item = Item(item_id=label.label_id, value=label)
        for stage in stages:
            outcome = stage.process([item])[0]
            if not isinstance(outcome, GoesOn):
                return None
            item = outcome.items[0]
        return cast("Condition", item.value)


@lru_cache(maxsize=8)
def _parts(conditions: RecipeConditions) -> tuple[LabelSource, tuple[Stage, ...]]:
    """Built once in a process, however often the config comes to it."""
    recipe = load_recipe(conditions.recipe, conditions.settings)
    return build_source(recipe), build_stages(recipe, conditions.seed)[:2]
