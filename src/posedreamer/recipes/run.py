"""A run: blocks until N samples are kept, then the reduction. Start, continue and extend are one function."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import posedreamer
from posedreamer.bodies import load_body
from posedreamer.dataset.manifest import Counts, hold_dataset, read_manifest
from posedreamer.dataset.reduce import Reduction, reduce_dataset
from posedreamer.errors import RecipeError, RunError
from posedreamer.estimators.pretrained import UNKNOWN_LICENCE, named
from posedreamer.estimators.weights import weight_statuses
from posedreamer.execution.blocks import BlockFolder, blocks_of
from posedreamer.execution.local import run_blocks
from posedreamer.execution.plan import plan_rows
from posedreamer.execution.progress import Meter, progress
from posedreamer.generation.protocol import refuse_lacking
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.components import build_control, build_generator, build_source
from posedreamer.recipes.digest import DEFAULT_BODY, identity_of
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.job import HumanBlockJob, score_names
from posedreamer.recipes.keep_rate import wilson_interval
from posedreamer.recipes.policies import gate_by
from posedreamer.recipes.schema import Recipe
from posedreamer.recipes.stages import build_stages

__all__ = ["RunResult", "generate", "prepare", "reduction_of", "refuse_regated", "worker_count"]

HOPELESS_RATE: Final = 0.02
"""A run stops when the 95 % interval of the keep rate (kept of all rows of the ledger) lies wholly below this."""

_JUDGED_BY_WEIGHTS: Final = frozenset(
    {"agreement", "blazepose", "head_pose", "keypoints", "people", "silhouette", "symmetry"}
)
"""Scorers whose numbers come from the pinned weights."""

_MODELS: Final = ("model", "detector", "aesthetic")
"""Options of scorers that name a model of the user's."""

_PACKAGES: Final = ("numpy", "torch", "numba", "opencv-python-headless", "pillow", "ai-edge-litert", "pyarrow")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run left on disk."""

    path: Path
    counts: Counts
    seconds: float
    content_digest: str

    def text(self) -> str:
        """The result as plain lines; kept + surplus + dropped + failed = candidates."""
        c = self.counts
        lines = [
            f"{self.path}: {c.kept} samples kept of {c.candidates} candidates from {c.labels} labels"
            f" ({c.surplus} surplus, {c.dropped} dropped, {c.failed} failed) in {self.seconds:.0f} s"
        ]
        lines += [f"  {count:6} dropped: {reason}" for reason, count in c.by_reason.items()]
        return "\n".join([*lines, f"content digest {self.content_digest}"])


def generate(
    recipe_name: str,
    out: Path,
    *,
    num: int,
    seed: int = 0,
    labels: Sequence[Path] = (),
    workers: int | None = None,
    settings: Sequence[str] = (),
) -> RunResult:
    """``out`` holds a data set of ``num`` kept samples; what an earlier run left there is used.

    Args:
        recipe_name: a built-in recipe or a path ending in .yaml.
        out: new, empty, or a data set of the same recipe and seed.
        num: kept samples; a larger number extends the data set.
        seed: of every random draw.
        labels: motion files or folders in place of the recipe's label sources.
        workers: processes, by default one per core; 0 works in this process.
        settings: ``key=value`` on top of the recipe.

    Raises:
        RecipeError: a wrong recipe, or ``out`` was begun with another one.
        InputError: labels that cannot be read, a folder that cannot be written.
        RunError: the keep rate makes ``num`` hopeless, the disk is full, workers keep dying. Finished blocks stay.
    """
    start = time.monotonic()
    recipe, source = prepare(recipe_name, labels, settings)
    refuse_lacking(build_generator(recipe))
    stages = build_stages(recipe, seed)
    plan_rows(stages, given=("label",))
    reduction = reduction_of(
        recipe, identity_of(recipe, seed, source, stages), {f"labels {source.name}": source.licence}
    )
    out = Path(out)
    with hold_dataset(out, reduction.recipe) as folder:
        refuse_regated(out)
        for stage in stages:
            stage.setup_node()
        wanted = num
        while True:
            is_hopeless = not _fill(HumanBlockJob(recipe, seed, source), folder, wanted, worker_count(workers))
            manifest = reduce_dataset(out, reduction, num)
            if is_hopeless:
                raise RunError(_hopeless(manifest.counts, num))
            if manifest.counts.kept >= num:
                break
            if _is_hopeless(manifest.counts.kept, manifest.counts.candidates):
                raise RunError(_hopeless(manifest.counts, num))
            wanted += num - manifest.counts.kept  # duplicates, quantiles and budgets dropped some in the reduction
    return RunResult(
        path=out,
        counts=manifest.counts,
        seconds=time.monotonic() - start,
        content_digest=manifest.content_digest,
    )


def prepare(recipe_name: str, labels: Sequence[Path], settings: Sequence[str]) -> tuple[Recipe, LabelSource]:
    """The recipe with the user's labels and settings in it, and its label source, opened.

    Raises RecipeError for a wrong recipe, InputError for labels that cannot be read.
    """
    recipe = load_recipe(recipe_name, settings)
    if labels:
        paths = [str(Path(path).resolve()) for path in labels]
        parts = tuple(recipe.motion.model_copy(update={"name": "path", "path": path, "weight": 1.0}) for path in paths)
        recipe = recipe.model_copy(update={"labels": parts})
    return recipe, build_source(recipe)


def worker_count(workers: int | None) -> int:
    """The number asked for, or the cores this process may use."""
    return len(os.sched_getaffinity(0)) if workers is None else workers


def _fill(job: HumanBlockJob, folder: BlockFolder, wanted: int, workers: int) -> bool:
    """Blocks hold ``wanted`` kept rows; False when that is hopeless."""
    totals: Counter[str] = Counter()
    with (
        progress("generating", wanted, "kept") as meter,
        closing(run_blocks(job, blocks_of(job.recipe.block_size), folder, workers=workers)) as summaries,
    ):
        for summary in summaries:
            totals += Counter(summary.counts)
            totals["labels"] += job.recipe.block_size
            totals["rows"] += summary.rows
            _tell(meter, totals, wanted)
            if totals["kept"] >= wanted:
                return True
            if _is_hopeless(totals["kept"], totals["rows"]):
                return False
    raise RunError("the stream of blocks ended; it has no end: report this with the recipe")


def _is_hopeless(kept: int, rows: int) -> bool:
    return wilson_interval(kept, rows)[1] < HOPELESS_RATE


def refuse_regated(out: Path) -> None:
    """Raises RecipeError for a data set that another gate than its recipe's decided on."""
    policy = read_manifest(out).policy
    if policy:
        raise RecipeError(
            f"{out} was gated anew with policy {policy.get('name')!r}; a run goes on under the recipe's own gate. "
            f"Take that back first with `posedreamer gate {out} --policy recipe`, or use another --out"
        )


def _tell(meter: Meter, totals: Counter[str], wanted: int) -> None:
    rate = totals["kept"] / totals["rows"]
    meter.advance(min(totals["kept"], wanted) - meter.done, f"{totals['labels']} labels, keep rate {rate:.0%}")


def _hopeless(counts: Counts, num: int) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in list(counts.by_reason.items())[:4])
    return (
        f"{counts.kept} samples kept of {counts.candidates} candidates: {num} are hopeless at this rate "
        f"(below {HOPELESS_RATE:.0%}). Dropped: {reasons or 'none'}; failed: {counts.failed}. What was made is kept in "
        "the ledger: look at it with `posedreamer report`, then loosen the gate, or change labels or camera"
    )


def reduction_of(
    recipe: Recipe, identity: Mapping[str, Any], labels: Mapping[str, str], origin: Mapping[str, Any] | None = None
) -> Reduction:
    """How a recipe's blocks become a data set; ``labels`` are the licences of the label sources, by what they are."""
    return Reduction(
        recipe=identity,
        score_names=score_names(recipe),
        gate=gate_by(recipe.gate, score_names(recipe)),
        splits=recipe.splits.model_dump(),
        block_size=recipe.block_size,
        versions=_versions(),
        licences={**labels, **_licences(recipe)},
        about=_about(recipe),
        origin=origin or {},
    )


def _versions() -> dict[str, str]:
    packages = {name: importlib.metadata.version(name) for name in _PACKAGES}
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    return {"posedreamer": posedreamer.__version__, **machine, **packages}


def _about(recipe: Recipe) -> dict[str, str]:
    generator = build_generator(recipe)
    return {f"generator {generator.name}": generator.about}


def _licences(recipe: Recipe) -> dict[str, str]:
    generator, body = build_generator(recipe), load_body(DEFAULT_BODY).spec
    found = {
        f"body {body.name}": body.licence,
        f"generator {generator.name}": generator.licence,
    }
    control = build_control(recipe)
    if control:
        found[f"control {control.name}"] = control.licence
    if any(part.name in _JUDGED_BY_WEIGHTS for part in recipe.scorers):
        found |= {f"judge {status.name}": status.licence for status in weight_statuses()}
    return found | _scorer_licences(recipe)


def _scorer_licences(recipe: Recipe) -> dict[str, str]:
    """Of the models that scorers' options name; a single file says none."""
    models = [(part.name, str(part.options.get(option) or "")) for part in recipe.scorers for option in _MODELS]
    return {
        f"scorer {scorer}, {model}": UNKNOWN_LICENCE
        if model.endswith((".onnx", ".safetensors"))
        else named(model, f"scorer {scorer}").licence
        for scorer, model in models
        if model
    }
