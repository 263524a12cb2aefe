"""What compact_bar.py judges: labels of several sources painted by a generator and by the studio, batch by batch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posedreamer.bodies import load_body
from posedreamer.evaluation.colours import GARMENTS, colour_words, garment_lab, garment_masks
from posedreamer.evaluation.features import ImageFeatures
from posedreamer.execution.stage import GoesOn, Item
from posedreamer.generation.protocol import Generator, PaintJob
from posedreamer.generation.studio import StudioGenerator
from posedreamer.geometry.metrics import MIN_OKS_JOINTS
from posedreamer.labels.protocol import LabelSource
from posedreamer.recipes.components import build_captioner
from posedreamer.recipes.schema import Recipe
from posedreamer.recipes.stages import build_stages
from posedreamer.records import Condition, Picture
from posedreamer.rendering.maps import normals_rgb
from posedreamer.rendering.rasterizer import Mesh
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.seeds import derive_seed, generator_for

DAMAGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda pixels: pixels,
    "blurred": lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 2.0)),
    "swapped": lambda pixels: np.ascontiguousarray(pixels[..., [1, 2, 0]]),
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "empty": lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), 24.0)),
    "shifted": lambda pixels: np.roll(pixels, pixels.shape[1] // 16, axis=1),
}
"""Ways to break a generator on purpose: each must fail the lines of the bar that it breaks."""

PLAIN_VIEW_JOINTS = 15

Columns = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """Judgeable conditions of a recipe whose labels come from several sources by turns."""

    recipe: Recipe
    sources: Sequence[LabelSource]
    seed: int

    def __iter__(self) -> Iterator[tuple[str, Condition]]:
        """Source's name and condition, without end; labels with too few visible joints are passed over."""
        stages = build_stages(self.recipe, self.seed)[:2]
        places = [-1] * len(self.sources)
        while True:
            for turn, source in enumerate(self.sources):
                condition = None
                while condition is None:
                    places[turn] += 1
                    condition = _condition(source.label(places[turn], self.seed), stages)
                yield source.name, condition


def _condition(label: Any, stages: Any) -> Condition | None:
    item = Item(item_id=label.label_id, value=label)
    for stage in stages:
        outcome = stage.process([item])[0]
        if not isinstance(outcome, GoesOn):
            return None
        item = outcome.items[0]
    condition: Condition = item.value
    seen = min(int((person.keypoints_2d[:, 2] == 2).sum()) for person in condition.annotation.people)
    return condition if seen >= MIN_OKS_JOINTS else None


@dataclass(frozen=True, kw_only=True)
class Painter:
    """A generator under its own seed, with the damage that a self-test does to its pictures."""

    generator: Generator
    seed: int
    damage: str = "none"

    def paint(self, conditions: Sequence[Condition]) -> tuple[list[Picture], float]:
        """One picture per condition, and seconds for each of them."""
        jobs = [
            PaintJob(condition=each, candidate_index=0, seed=derive_seed(self.seed, each.condition_id, "paint"))
            for each in conditions
        ]
        start = time.perf_counter()
        pictures = self.generator.paint(jobs)
        seconds = (time.perf_counter() - start) / len(jobs)
        return [replace(each, pixels=DAMAGES[self.damage](each.pixels)) for each in pictures], seconds


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Both painters' pictures of the same conditions, as numbers."""

    ours: Painter
    studio: Painter
    scorer: BlazePoseScorer
    features: ImageFeatures

    def judged(self, named: Sequence[tuple[str, Condition]]) -> Columns:
        """One row per condition; entries of two (ours, the studio's) where both are judged."""
        conditions = [condition for _, condition in named]
        studio, _ = self.studio.paint(conditions)
        ours, seconds = self.ours.paint(conditions)
        sides = (ours, studio)
        scores = [self.scorer.score(side, [each.annotation for each in conditions]) for side in sides]
        return {
            "source": np.array([name for name, _ in named]),
            "posture": np.array([each.annotation.people[0].posture for each in conditions]),
            "seconds": np.full(len(named), seconds),
            "found": _numbers(scores, "found") == 1,
            "oks": _numbers(scores, "oks"),
            "oks_mirrored": _numbers(scores, "oks_mirrored"),
            "features": np.stack([self.features.of([each.pixels for each in side]) for side in sides], axis=1),
            "pixels": np.stack([np.stack([each.pixels for each in side]) for side in sides], axis=1),
            "mesh": np.stack([mesh_picture(each) for each in conditions]),
            **colours_of(conditions, sides, studio),
        }


def _numbers(scores: Sequence[Sequence[Any]], name: str) -> np.ndarray:
    return np.array([[each.get(name, 0.0) for each in side] for side in scores], dtype=np.float64).T


def colours_of(
    conditions: Sequence[Condition], sides: Sequence[Sequence[Picture]], masked: Sequence[Picture]
) -> Columns:
    """Measured Lab colour of every garment of both sides inside the masks of ``masked``, with word and light."""
    lab = np.full((len(conditions), len(sides), len(GARMENTS), 3), np.nan)
    words = np.full((len(conditions), len(GARMENTS)), "", dtype="<U24")
    for row, condition in enumerate(conditions):
        regions, people = masked[row].regions, condition.caption.appearances
        if regions is None or len(people) != 1:
            continue
        named, masks = colour_words(people[0]), garment_masks(regions)
        for column, garment in enumerate(GARMENTS):
            words[row, column] = named.get(garment, "")
            for side, pictures in enumerate(sides):
                found = garment_lab(pictures[row].pixels, masks[garment])
                if found is not None:
                    lab[row, side, column] = found
    return {"lab": lab, "words": words, "light": np.array([each.caption.light for each in conditions])}


def mesh_picture(condition: Condition) -> np.ndarray:
    """The label's mesh: its normals as colours."""
    meshes = [
        Mesh(vertices_cam_m=posed.vertices_cam_m, faces=load_body(posed.person.body_model).topology.faces)
        for posed in condition.scene.people
    ]
    return normals_rgb(condition.buffers, meshes)


def judge_all(judge: Judge, conditions: Conditions, count: int, stored: Path | None) -> Columns:
    """``count`` judged rows; batches already in the folder ``stored`` are read, not painted again."""
    size = judge.ours.generator.batch_size
    stream, done = iter(conditions), 0
    batches: list[Columns] = []
    while done < count:
        few = min(size, count - done)
        path = stored / f"rows_{done:05d}_{few}.npz" if stored else None
        named = [next(stream) for _ in range(few)]
        batches.append(kept(path, lambda named=named: judge.judged(named)))
        done += few
        print(f"\r{done} of {count} labels painted and judged", end="", flush=True)
    print()
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def checked_cache(cache: Path | None, identity: str) -> Path | None:
    """The cache's folder for this identity. A folder of another run is an error."""
    if cache is None:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    note = cache / "identity.json"
    if note.exists() and json.loads(note.read_text()) != identity:
        raise SystemExit(f"{cache} holds another run: found {note.read_text()}, expected {identity}; name an empty one")
    note.write_text(json.dumps(identity))
    return cache


def kept(path: Path | None, make: Callable[[], Columns]) -> Columns:
    """What lies in the file, or what is made and then kept there; nothing is kept without a path."""
    if path is None:
        return make()
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **make())
        part.replace(path)
    with np.load(path) as held:
        return {name: held[name] for name in held.files}


def calibration(conditions: Conditions, count: int, features: ImageFeatures) -> Columns:
    """Features and colours of studio pictures that are in no comparison."""
    painter = Painter(generator=StudioGenerator(), seed=conditions.seed)
    stream = iter(conditions)
    rows: list[Columns] = []
    for done in range(count):
        _, condition = next(stream)
        pictures, _ = painter.paint([condition])
        rows.append({"features": features.of([pictures[0].pixels]), **colours_of([condition], [pictures], pictures)})
        if done % 32 == 31:
            print(f"\r{done + 1} of {count} studio pictures for calibration", end="", flush=True)
    print()
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def redressed(judge: Judge, conditions: Conditions, bodies: int, captions: int) -> Columns:
    """OKS (bodies, captions, 2) and pictures of bodies in plain view under several captions each; ours first.

    Bodies stand upright with nearly all joints visible: where the judge itself wavers, one caption more or less tells
    nothing of the generator.
    """
    captioner = build_captioner(conditions.recipe)
    stream = (condition for _, condition in conditions if _is_in_plain_view(condition))
    oks: list[np.ndarray] = []
    shown: list[np.ndarray] = []
    for done in range(bodies):
        one = next(stream)
        variants = [
            replace(
                one,
                condition_id=f"{one.condition_id}-{k}",
                caption=captioner.caption(one.scene, generator_for(conditions.seed, f"{one.condition_id}-{k}", "look")),
            )
            for k in range(captions)
        ]
        size = judge.ours.generator.batch_size
        parts = [judge.ours.paint(variants[at : at + size])[0] for at in range(0, captions, size)]
        sides = ([picture for part in parts for picture in part], judge.studio.paint(variants)[0])
        scores = [judge.scorer.score(side, [one.annotation] * captions) for side in sides]
        oks.append(_numbers(scores, "oks"))
        shown.append(np.stack([np.stack([picture.pixels for picture in side]) for side in sides]))
        print(f"\r{done + 1} of {bodies} bodies under {captions} captions", end="", flush=True)
    print()
    return {"oks": np.stack(oks), "pixels": np.stack(shown)}


def _is_in_plain_view(condition: Condition) -> bool:
    return all(
        person.posture == "upright" and int((person.keypoints_2d[:, 2] == 2).sum()) >= PLAIN_VIEW_JOINTS
        for person in condition.annotation.people
    )
