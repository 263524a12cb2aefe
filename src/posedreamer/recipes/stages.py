"""The stages of a block: scene, condition, paint, one per scorer. Thin: what is done is done in the rooms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from posedreamer.bodies.age import is_minor
from posedreamer.captions.protocol import Captioner
from posedreamer.execution.stage import GoesOn, Item, Outcome, Stage, concerns_all
from posedreamer.generation.checks import flaw_of
from posedreamer.generation.protocol import Generator, PaintJob, Unpainted, is_photoreal
from posedreamer.recipes.components import (
    build_captioner,
    build_control,
    build_generator,
    build_scene_builder,
    build_scorers,
)
from posedreamer.recipes.control import control_stage
from posedreamer.recipes.declared import Declared
from posedreamer.recipes.schema import Recipe
from posedreamer.records import Candidate, Condition, Dropped, Failed, Judged, Label, Picture, Scene
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.build import Refusal, SceneBuilder
from posedreamer.scoring.protocol import Scorer
from posedreamer.seeds import derive_seed, generator_for

__all__ = [
    "BELOW_ADULT_AGE",
    "PAINT",
    "ConditionStage",
    "PaintStage",
    "SceneStage",
    "ScoreStage",
    "build_stages",
    "is_for_adults",
    "judging_stages",
]

PAINT: Final = "paint"
"""The name of the stage in which the generator works."""

RENDERER_VERSION: Final = "1"
"""Changes when buffers or annotations change: control maps are rendered again, never stored."""

BELOW_ADULT_AGE: Final = "below_adult_age"
"""Reason of a condition that shows a minor, where a photoreal generator would paint it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneStage(Declared):
    """Label to scene; refuses people too near or out of the frame."""

    builder: SceneBuilder
    seed: int

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """One scene per label, or its refusal."""
        return [self._scene(item.item_id, cast("Label", item.value)) for item in batch]

    def _scene(self, item_id: str, label: Label) -> Outcome:
        scene = self.builder.build(label, generator_for(self.seed, label.label_id, "scene"))
        if isinstance(scene, Refusal):
            return Dropped(item_id=item_id, stage=self.name, reason=scene.reason)
        return GoesOn(items=(Item(item_id=item_id, value=scene),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionStage(Declared):
    """Scene to condition: buffers, annotation, caption."""

    captioner: Captioner
    seed: int

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """One condition per scene; its id is the label's with "-0", the first of the label's conditions."""
        return [GoesOn(items=(self._condition(cast("Scene", item.value)),)) for item in batch]

    def _condition(self, scene: Scene) -> Item:
        label_id = scene.label.label_id
        buffers = rasterize_scene(scene)
        condition = Condition(
            condition_id=f"{label_id}-0",
            scene=scene,
            buffers=buffers,
            annotation=annotate(scene, buffers),
            caption=self.captioner.caption(scene, generator_for(self.seed, label_id, "caption")),
        )
        return Item(item_id=condition.condition_id, value=condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintStage(Declared):
    """Condition to its K candidates.

    Attributes:
        is_for_adults: conditions with a minor are dropped, nothing is painted of them.
    """

    generator: Generator
    candidates: int
    seed: int
    is_for_adults: bool = False

    def setup_node(self) -> None:
        """The generator's weights are on this machine."""
        self.generator.fetch()

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """K candidates per condition, painted in the generator's own batches; what it refuses or spoils is dropped."""
        refused = {item.item_id: self._refusal(item) for item in batch}
        jobs = [job for item in batch if refused[item.item_id] is None for job in self._jobs(item)]
        size = self.generator.batch_size
        painted = [each for start in range(0, len(jobs), size) for each in self._painted(jobs[start : start + size])]
        few = (_goes_on(painted[i : i + self.candidates]) for i in range(0, len(painted), self.candidates))
        return [refused[item.item_id] or next(few) for item in batch]

    def _refusal(self, item: Item) -> Dropped | None:
        """The one place where a label's age decides what is painted."""
        people = cast("Condition", item.value).scene.label.people
        if not self.is_for_adults or not any(is_minor(person) for person in people):
            return None
        return Dropped(item_id=item.item_id, stage=self.name, reason=BELOW_ADULT_AGE)

    def _painted(self, jobs: Sequence[PaintJob]) -> list[Item | Dropped | Failed]:
        """How each job ended; where several raise together, each is tried alone."""
        try:
            pictures = self.generator.paint(jobs)
            return [self._ending(*pair) for pair in zip(jobs, pictures, strict=True)]
        except Exception as error:
            if concerns_all(error):
                raise
            if len(jobs) == 1:
                told = f"{type(error).__name__}: {error}"
                return [Failed(item_id=_candidate_id(jobs[0]), stage=self.name, error=told)]
        return [ending for job in jobs for ending in self._painted([job])]

    def _ending(self, job: PaintJob, given: object) -> Item | Dropped:
        """A candidate to judge, or why there is none; plug-ins give what they like."""
        camera = job.condition.scene.camera
        reason = given.reason if isinstance(given, Unpainted) else flaw_of(given, camera.width, camera.height)
        if reason or not isinstance(given, Picture):
            return Dropped(item_id=_candidate_id(job), stage=self.name, reason=reason)
        candidate = Candidate(
            condition=job.condition,
            candidate_index=job.candidate_index,
            seed=job.seed,
            picture=given,
            generator=self.generator.name,
            generator_revision=self.generator.revision,
            generator_licence=self.generator.licence,
        )
        return Item(item_id=candidate.id, value=Judged(candidate=candidate, scores={}))

    def _jobs(self, item: Item) -> list[PaintJob]:
        return [self._job(cast("Condition", item.value), index) for index in range(self.candidates)]

    def _job(self, condition: Condition, candidate_index: int) -> PaintJob:
        identity = f"{condition.condition_id}-{candidate_index}"
        return PaintJob(
            condition=condition, candidate_index=candidate_index, seed=derive_seed(self.seed, identity, "paint")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreStage(Declared):
    """Adds one scorer's numbers."""

    scorer: Scorer

    def setup_node(self) -> None:
        """The scorer's weights are on this machine."""
        self.scorer.fetch()

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """The same candidates with more scores."""
        judged = [cast("Judged", item.value) for item in batch]
        added = self.scorer.score(
            [each.candidate.picture for each in judged],
            [each.candidate.condition.annotation for each in judged],
        )
        return [self._scored(*each) for each in zip(batch, judged, added, strict=True)]

    def _scored(self, item: Item, judged: Judged, new: Mapping[str, float]) -> Outcome:
        odd = {name: value for name, value in new.items() if not math.isfinite(value)}
        if odd:
            return Failed(item_id=item.item_id, stage=self.name, error=f"scores that are no numbers: {odd}")
        return GoesOn(items=(Item(item_id=item.item_id, value=_with_scores(judged, new)),))


def build_stages(recipe: Recipe, seed: int) -> tuple[Stage, ...]:
    """The recipe's stages in order, nothing heavy loaded yet.

    Raises RecipeError for unknown names or options.
    """
    captioner, generator = build_captioner(recipe), build_generator(recipe)
    cameras = "+".join(part.name for part in recipe.cameras)
    return (
        SceneStage(
            name="scene",
            version=cameras,
            needs=("label",),
            gives=("scene",),
            batch_size=recipe.block_size,
            builder=build_scene_builder(recipe),
            seed=seed,
        ),
        ConditionStage(
            name="condition",
            version=f"renderer {RENDERER_VERSION}, {captioner.name}",
            needs=("scene",),
            gives=("buffers", "annotation", "caption"),
            batch_size=recipe.block_size,
            captioner=captioner,
            seed=seed,
        ),
        PaintStage(
            name=PAINT,
            version=f"{generator.name} {generator.revision}",
            needs=("buffers", "caption"),
            gives=("picture",),
            batch_size=max(1, generator.batch_size // recipe.generator.candidates),
            generator=generator,
            candidates=recipe.generator.candidates,
            seed=seed,
            is_for_adults=is_for_adults(recipe),
        ),
        *judging_stages(recipe, seed),
    )


def is_for_adults(recipe: Recipe) -> bool:
    """Whether minors are kept from what the recipe paints: a generator or a control of it is photoreal."""
    painters = (build_generator(recipe), build_control(recipe))
    return not recipe.allow_minors and any(is_photoreal(painter) for painter in painters if painter)


def judging_stages(recipe: Recipe, seed: int) -> tuple[Stage, ...]:
    """What comes after the painting: one stage per scorer, and the control's."""
    scorers, control = build_scorers(recipe), build_control(recipe)
    return (
        *(
            ScoreStage(
                name=f"score_{scorer.name}",
                version=scorer.version,
                needs=("picture", "annotation"),
                gives=scorer.gives,
                batch_size=recipe.block_size,
                scorer=scorer,
            )
            for scorer in scorers
        ),
        *((control_stage(recipe, control, scorers, seed),) if control else ()),
    )


def _goes_on(painted: Sequence[Item | Dropped | Failed]) -> GoesOn:
    return GoesOn(
        items=tuple(each for each in painted if isinstance(each, Item)),
        dropped=tuple(each for each in painted if not isinstance(each, Item)),
    )


def _candidate_id(job: PaintJob) -> str:
    return f"{job.condition.condition_id}-{job.candidate_index}"


def _with_scores(judged: Judged, new: Mapping[str, float]) -> Judged:
    return Judged(candidate=judged.candidate, scores=MappingProxyType({**judged.scores, **new}))
