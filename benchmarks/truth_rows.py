"""The rows that label_truth.py measures: labels chosen by pose class, painted true and with errors, and judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from truth_errors import ERRORS, Planted, in_frame, plant, with_second
from truth_measures import CLEAN

from posedreamer.generation.protocol import PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.priors.prior import PosePrior
from posedreamer.recipes.components import build_scorers
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.recipes.control import with_control
from posedreamer.recipes.files import load_recipe
from posedreamer.records import Annotation, Condition, Picture
from posedreamer.seeds import derive_seed, generator_for

RECIPE = "paired"
STYLES = ("photo", "snapshot", "photo", "drawn")
WILD_FROM = 0.75
SHARES = {"upright": 0.375, "wild": 0.375, "floor": 0.2, "inverted": 0.05}


def choose(pool: Any, n: int, context: tuple[int, int]) -> list[tuple[int, str]]:
    """Label indices in order, until every pose class has its share of ``n``."""
    wanted = {pose: max(2, round(n * share)) for pose, share in SHARES.items()}
    chosen: list[tuple[int, str]] = []
    batch, first = 256, 0
    while any(wanted.values()):
        tasks = [(*context, index) for index in range(first, first + batch)]
        for index, pose in enumerate(pool.map(pose_class, tasks, chunksize=16), start=first):
            if pose and wanted[pose]:
                wanted[pose] -= 1
                chosen.append((index, pose))
        first += batch
    return chosen


def pose_class(task: tuple[int, int, int]) -> str:
    """The pose class of a label's condition; "" for one that cannot be judged."""
    condition = conditions(*task[:2])(task[2])
    if condition is None or not in_frame(condition):
        return ""
    posture = condition.annotation.people[0].posture
    return "wild" if posture == "upright" and rarity(condition) >= WILD_FROM else posture


def judged_label(task: tuple[int, int, int, str, int, Path | None]) -> list[dict[str, Any]]:
    """Clean picture, control and every error that this label can carry, judged."""
    seed, size, index, pose, place, out = task
    true = conditions(seed, size)(index)
    assert true is not None
    style = STYLES[place % len(STYLES)]
    donor = _donor(seed, size, index)
    pictures = dict(_pictures(true, donor, style, seed))
    scored = judge(list(pictures.values()), [true.annotation] * len(pictures))
    control = scored[0]
    base = {"label": place, "pose": pose, "class": pose, "style": style, "rarity": rarity(true)}
    rows = [
        {**base, "error": error, **with_control(scores, control)}
        for error, scores in zip(list(pictures)[1:], scored[1:], strict=True)
    ]
    rows += _pair_rows(true, donor, pictures[CLEAN], base, seed)
    if out is not None and place < 12:
        _save_tiles(out, place, pictures)
    return rows


def _pictures(true: Condition, donor: Condition, style: str, seed: int) -> Iterator[tuple[str, Picture]]:
    """The control first, then the clean picture, then the errors."""
    yield "control", paint(Planted(condition=true), "photo", seed, "control")
    yield CLEAN, paint(Planted(condition=true), style, seed, "paint")
    for error in ERRORS:
        planted = plant(error, true, donor, generator_for(seed, true.condition_id, error))
        if planted is not None:
            yield error, paint(planted, style, seed, "paint")


def _pair_rows(
    true: Condition, donor: Condition, alone: Picture, base: Mapping[str, Any], seed: int
) -> list[dict[str, Any]]:
    """A label of two people, painted whole and with one of them missing."""
    both = with_second(true, donor, generator_for(seed, true.condition_id, "pair"))
    if both is None:
        return []
    whole = paint(Planted(condition=both), str(base["style"]), seed, "paint")
    control = paint(Planted(condition=both), "photo", seed, "control")
    scored = judge([control, whole, alone], [both.annotation] * 3)
    return [
        {**base, "pose": "pair", "error": error, **with_control(scores, scored[0])}
        for error, scores in zip((CLEAN, "person_missing"), scored[1:], strict=True)
    ]


def paint(planted: Planted, style: str, seed: int, stage: str) -> Picture:
    condition = planted.condition
    job = PaintJob(condition=condition, candidate_index=0, seed=derive_seed(seed, condition.condition_id, stage))
    picture = StudioGenerator(style=style).paint([job])[0]
    if planted.mirror_px is None:
        return picture
    matrix = np.array([[-1.0, 0.0, 2.0 * planted.mirror_px - 1.0], [0.0, 1.0, 0.0]])
    size = picture.pixels.shape[1::-1]
    return Picture(pixels=np.asarray(cv2.warpAffine(picture.pixels, matrix, size, borderMode=cv2.BORDER_REPLICATE)))


def judge(pictures: Sequence[Picture], labels: Sequence[Annotation]) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in pictures]
    for scorer in scorers():
        for scores, new in zip(found, scorer.score(pictures, labels), strict=True):
            scores |= new
    return found


def _donor(seed: int, size: int, index: int) -> Condition:
    """The next label that can be judged: another body in another pose."""
    while True:
        index += 1
        found = conditions(seed, size)(index)
        if found is not None and in_frame(found):
            return found


def _save_tiles(out: Path, place: int, pictures: Mapping[str, Picture]) -> None:
    folder = out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        Image.fromarray(picture.pixels).save(folder / f"{place:04d}-{name}.png")


@lru_cache(maxsize=1)
def conditions(seed: int, size: int) -> RecipeConditions:
    settings = (f"width={size}", f"height={size}", "occluder_share=0", "seats=false")
    return RecipeConditions(recipe=RECIPE, settings=settings, seed=seed)


@lru_cache(maxsize=1)
def scorers() -> tuple[Any, ...]:
    return build_scorers(load_recipe(RECIPE))


@lru_cache(maxsize=1)
def _prior() -> PosePrior:
    return PosePrior()


def rarity(condition: Condition) -> float:
    return float(_prior().hardness(condition.scene.people[0].person.parameters))
