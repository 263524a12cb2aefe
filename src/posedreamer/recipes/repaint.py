"""``posedreamer repaint``: the ids and labels of a finished data set by another generator."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pydantic import ValidationError

from posedreamer.dataset.manifest import hold_dataset
from posedreamer.dataset.reduce import Reduction, reduce_dataset
from posedreamer.dataset.schema import KEPT
from posedreamer.errors import InputError, RecipeError
from posedreamer.execution.blocks import Block, block_at
from posedreamer.execution.local import run_blocks
from posedreamer.execution.progress import progress
from posedreamer.execution.stage import Item, Stage, set_up_worker
from posedreamer.generation.protocol import PaintJob, refuse_lacking
from posedreamer.recipes.components import build_generator
from posedreamer.recipes.digest import identity_values
from posedreamer.recipes.files import apply_setting, load_recipe
from posedreamer.recipes.job import BlockRows
from posedreamer.recipes.origin import Origin, conditions_of, open_origin
from posedreamer.recipes.reading import explain
from posedreamer.recipes.run import RunResult, reduction_of, refuse_regated, worker_count
from posedreamer.recipes.schema import Recipe
from posedreamer.recipes.stages import PAINT, PaintStage, is_for_adults, judging_stages
from posedreamer.records import Condition

__all__ = ["RepaintJob", "repaint"]

_OWN: Final = "generator."


def repaint(
    path: Path,
    out: Path,
    *,
    generator: str,
    settings: Sequence[str] = (),
    every: bool = False,
    workers: int | None = None,
) -> RunResult:
    """``out`` holds the rows of the data set in ``path`` under their own ids and labels, painted by ``generator``.

    Scorers, control and gate are the data set's own; a data set that was gated anew gives its new gate. Run again, a
    repaint that was cut off goes on. The manifest names the origin, so that the report can compare row by row.

    Args:
        path: a finished data set.
        out: new, empty, or begun by the same command.
        generator: a catalogue name, or a path ending in .yaml to a recipe whose generator it is.
        settings: ``generator.options.key=value`` on top.
        every: all painted rows, not only those that were kept.
        workers: processes, by default one per core; 0 works in this process.

    Raises:
        RecipeError: an unknown generator or setting, or ``out`` was begun with another origin or generator.
        DatasetError: no finished data set, or rows that were pruned.
        InputError, RunError: as ``generate``.
    """
    start = time.monotonic()
    path, out = Path(path), Path(out)
    origin = open_origin(path)
    if out.resolve() == path.resolve():
        raise InputError(f"--out is the data set {path} itself; give a new folder")
    recipe = _repainted(origin, generator, settings)
    painter = build_generator(recipe)
    refuse_lacking(painter)
    stages = _stages(recipe, origin.seed)
    reduction = _reduction(origin, recipe, stages, every, out)
    job = RepaintJob(recipe=recipe, path=path.resolve(), every=every)
    wanted = origin.indices if every else origin.indices[origin.is_kept]
    blocks = [block_at(number, recipe.block_size) for number in range(_blocks(wanted, recipe.block_size))]
    with hold_dataset(out, reduction.recipe) as folder:
        refuse_regated(out)
        for stage in stages:
            stage.setup_node()
        with (
            progress("repainting", len(wanted), "pictures") as meter,
            closing(run_blocks(job, blocks, folder, workers=worker_count(workers))) as summaries,
        ):
            for summary in summaries:
                meter.advance(summary.rows)
        manifest = reduce_dataset(out, reduction, max(1, len(wanted)))
    return RunResult(
        path=out,
        counts=manifest.counts,
        seconds=time.monotonic() - start,
        content_digest=manifest.content_digest,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaintStage(PaintStage):
    """One candidate per item: the one whose id the item has."""

    candidates: int = 1

    def _jobs(self, item: Item) -> list[PaintJob]:
        condition: Condition = item.value
        return [self._job(condition, int(item.item_id.rpartition("-")[2]))]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepaintJob:
    """What each worker process builds its components from; rows are read where they are painted."""

    recipe: Recipe
    path: Path
    every: bool

    def open(self) -> _RepaintWorker:
        """Stages and models of one process."""
        return _RepaintWorker(self)


class _RepaintWorker:
    def __init__(self, job: RepaintJob) -> None:
        self._origin = open_origin(job.path)
        self._every = job.every
        stages = _stages(job.recipe, self._origin.seed)
        set_up_worker(stages)
        self._rows = BlockRows(job.recipe, stages)

    def run(self, block: Block) -> pa.Table:
        """Every wanted row of the block's labels; none where there are none."""
        rows = self._origin.rows(block.first, block.last, every=self._every)
        conditions = conditions_of(rows, self._origin.seed)
        named = zip(rows, conditions, strict=True)
        return self._rows.table([Item(item_id=row.sample.id, value=condition) for row, condition in named])


def _stages(recipe: Recipe, seed: int) -> tuple[Stage, ...]:
    generator = build_generator(recipe)
    paint = RepaintStage(
        name=PAINT,
        version=f"{generator.name} {generator.revision}",
        needs=("buffers", "caption"),
        gives=("picture",),
        batch_size=generator.batch_size,
        generator=generator,
        seed=seed,
        is_for_adults=is_for_adults(recipe),
    )
    return (paint, *judging_stages(recipe, seed))


def _repainted(origin: Origin, generator: str, settings: Sequence[str]) -> Recipe:
    """The data set's recipe with another generator in it; an adapter for the old one stays behind."""
    values = origin.recipe.model_dump(mode="json")
    if generator.endswith((".yaml", ".yml")):
        values["generator"] = load_recipe(generator).generator.model_dump(mode="json")
    else:
        values["generator"] = {"name": generator, "options": {}}
    values |= {"alignment": None, "overlap": True}
    values["generator"]["candidates"] = origin.recipe.generator.candidates
    for setting in settings:
        if not setting.startswith(_OWN):
            raise RecipeError(
                f"setting {setting!r}: a repaint changes the generator alone; expected {_OWN}options.key=value"
            )
        apply_setting(values, setting)
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise RecipeError(explain(f"the generator {generator}", error, Recipe)) from None


def _reduction(origin: Origin, recipe: Recipe, stages: Sequence[Stage], every: bool, out: Path) -> Reduction:
    old = origin.manifest
    scenes: Mapping[str, Any] = {name: old.recipe["stages"][name] for name in ("scene", "condition")}
    versions = dict(scenes) | {stage.name: stage.version for stage in stages}
    identity = identity_values(recipe, origin.seed, dict(old.recipe["labels"]), versions)
    digests = {name: getattr(old, name) for name in ("recipe_digest", "identity_digest", "content_digest")}
    rows = "all" if every else KEPT
    return reduction_of(
        recipe,
        identity | {"origin": digests | {"rows": rows}},
        {what: licence for what, licence in old.licences.items() if what.startswith("labels ")},
        origin={"path": os.path.relpath(origin.dataset.path.resolve(), out.resolve()), "rows": rows, **digests},
    )


def _blocks(indices: Any, block_size: int) -> int:
    """How many blocks of labels hold them all."""
    return int(indices.max()) // block_size + 1 if len(indices) else 0
