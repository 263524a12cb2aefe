"""The stages of a block: scene, condition, paint, one per scorer. Thin: what is done is done in the rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from posedreamer.captions.protocol import Captioner
from posedreamer.execution.stage import GoesOn, Item, Outcome, Stage
from posedreamer.generation.protocol import Generator, PaintJob, Unpainted
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
from posedreamer.records import Candidate, Condition, Dropped, Judged, Label, Picture, Scene
from posedreamer.scenes.annotate import annotate
from posedreamer.scenes.buffers import rasterize_scene
from posedreamer.scenes.build import Refusal, SceneBuilder
from posedreamer.scoring.protocol import Scorer
from posedreamer.seeds import derive_seed, generator_for

__all__ = ["ConditionStage", "PaintStage", "SceneStage", "ScoreStage", "build_stages"]

RENDERER_VERSION: Final = "1"
"""Changes when buffers or annotations change: control maps are rendered again, never stored."""


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
    """Condition to its K candidates."""

    generator: Generator
    candidates: int
    seed: int

    def setup_node(self) -> None:
        """The generator's weights are on this machine."""
        self.generator.fetch()

    def process(self, batch: Sequence[Item]) -> Sequence[Outcome]:
        """K candidates per condition, painted in the generator's own batches; what it refuses is dropped."""
        jobs = [self._job(cast("Condition", item.value), k) for item in batch for k in range(self.candidates)]
        painted: list[Item | Dropped] = []
        size = self.generator.batch_size
        for start in range(0, len(jobs), size):
            few = jobs[start : start + size]
            painted += [self._ending(*pair) for pair in zip(few, self.generator.paint(few), strict=True)]
        return [_goes_on(painted[i * self.candidates : (i + 1) * self.candidates]) for i in range(len(batch))]

    def _ending(self, job: PaintJob, picture: Picture | Unpainted) -> Item | Dropped:
        """A candidate to judge, or why there is none."""
        if isinstance(picture, Unpainted):
            candidate_id = f"{job.condition.condition_id}-{job.candidate_index}"
            return Dropped(item_id=candidate_id, stage=self.name, reason=picture.reason)
        candidate = Candidate(
            condition=job.condition,
            candidate_index=job.candidate_index,
            seed=job.seed,
            picture=picture,
            generator=self.generator.name,
            generator_revision=self.generator.revision,
            generator_licence=self.generator.licence,
        )
        return Item(item_id=candidate.id, value=Judged(candidate=candidate, scores={}))

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
        return [
            GoesOn(items=(Item(item_id=item.item_id, value=_with_scores(each, new)),))
            for item, each, new in zip(batch, judged, added, strict=True)
        ]


def build_stages(recipe: Recipe, seed: int) -> tuple[Stage, ...]:
    """The recipe's stages in order, nothing heavy loaded yet.

    Raises RecipeError for unknown names or options.
    """
    generator, captioner, scorers = build_generator(recipe), build_captioner(recipe), build_scorers(recipe)
    control = build_control(recipe)
    paint_batch = max(1, generator.batch_size // recipe.generator.candidates)
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
            name="paint",
            version=f"{generator.name} {generator.revision}",
            needs=("buffers", "caption"),
            gives=("picture",),
            batch_size=paint_batch,
            generator=generator,
            candidates=recipe.generator.candidates,
            seed=seed,
        ),
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


def _goes_on(painted: Sequence[Item | Dropped]) -> GoesOn:
    return GoesOn(
        items=tuple(each for each in painted if isinstance(each, Item)),
        dropped=tuple(each for each in painted if isinstance(each, Dropped)),
    )


def _with_scores(judged: Judged, new: Mapping[str, float]) -> Judged:
    return Judged(candidate=judged.candidate, scores=MappingProxyType({**judged.scores, **new}))
