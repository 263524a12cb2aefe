"""What a recipe holds. A run is one complete recipe; every key is known, every wrong key is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator

__all__ = [
    "AdapterPart",
    "BudgetPart",
    "CameraPart",
    "CandidateImages",
    "Component",
    "DuplicatesPart",
    "GatePart",
    "GeneratorPart",
    "LabelPart",
    "QuantilePart",
    "Recipe",
    "RulePart",
    "Splits",
    "WherePart",
    "WildPart",
]

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Bound = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    later: ClassVar[frozenset[str]] = frozenset()
    """Keys that came after data sets had been begun: left out while they have their default, as in those."""

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        values = handler(self)
        unused = {name for name in self.later if getattr(self, name) == type(self).model_fields[name].default}
        return {name: value for name, value in values.items() if name not in unused}


class Component(_Part):
    """A catalogue name with its options."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)


class LabelPart(Component):
    """One label source of the mixture: a catalogue name with options, or a path to a file or folder of motion.

    Attributes:
        reshape: redraw every body's shape among adults (pose x shape recombination).
        copies: poses per guide pose: the guide itself and ``copies - 1`` variations of it (pose augmentation).
        spread_deg: how far variations go; 5 is a variation, 20 another pose.
    """

    name: str = "prior"
    path: str | None = None
    weight: Weight = 1.0
    reshape: bool = False
    copies: Annotated[int, Field(ge=1, le=1000)] = 1
    spread_deg: Annotated[float, Field(ge=0, le=60)] = 8.0


class CameraPart(Component):
    """One camera sampler of the mixture."""

    weight: Weight = 1.0


class GeneratorPart(Component):
    """The generator and how many candidates it paints of each condition (the papers' K)."""

    candidates: Annotated[int, Field(ge=1, le=64)] = 1


class AdapterPart(_Part):
    """A LoRA on the generator's model: hub id with revision, folder or file; the file in it; its strength."""

    model: str
    file: str = ""
    strength: Annotated[float, Field(ge=0, le=10)] = 1.0


class WherePart(_Part):
    """Rows that a rule is for, by label source and pose class; empty stands for all."""

    source: tuple[str, ...] = ()
    pose: tuple[str, ...] = ()


class RulePart(_Part):
    """One rule of the gate: a score between bounds, or a group of rules (``any``, ``all``).

    Attributes:
        when_absent: what a score that does not apply means; "skip" lets the rule say nothing.
        where: rows that it is for.
        reason: the word for rows that break it; empty takes one from score and bound.
    """

    later = frozenset({"any", "all", "where", "reason"})
    score: str = ""
    minimum: Bound | None = None
    maximum: Bound | None = None
    when_absent: Literal["keep", "drop", "skip"] = "drop"
    any: tuple[RulePart, ...] = ()
    all: tuple[RulePart, ...] = ()
    where: WherePart = WherePart()
    reason: str = ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> RulePart:
        if sum(bool(each) for each in (self.score, self.any, self.all)) != 1:
            raise ValueError("a rule is either about a score, or a group: give exactly one of score, any, all")
        has_bound = self.minimum is not None or self.maximum is not None
        if self.score and not has_bound:
            raise ValueError(f"rule on {self.score!r} has neither minimum nor maximum; give at least one")
        if not self.score and has_bound:
            raise ValueError("a group has no bounds of its own; give them to its rules")
        return self


class WildPart(_Part):
    """Upright people whose ``score`` (rarity under the pose prior) is at least ``minimum`` are "wild"."""

    score: str
    minimum: Bound


class QuantilePart(_Part):
    """The best share of rows by a score, within pose classes, within sources or over all."""

    score: str
    best: Share
    better: Literal["higher", "lower"] = "higher"
    per: Literal["pose", "source", "all"] = "pose"
    where: WherePart = WherePart()
    when_absent: Literal["keep", "drop", "skip"] = "drop"


class BudgetPart(_Part):
    """Bounds on a pose class's share of the kept rows."""

    pose: str
    at_least: Share = 0.0
    at_most: Share = 1.0


class DuplicatesPart(_Part):
    """Which pictures count as one; the lowest id stays.

    Attributes:
        scores, within_bits: those whose perceptual hashes, in these columns, differ in at most so many bits.
        min_cosine: and those whose embeddings (scorer ``embedding``) have at least this cosine.
    """

    later = frozenset({"min_cosine"})
    scores: tuple[str, ...] = ()
    within_bits: Annotated[int, Field(ge=0, le=64)] = 4
    min_cosine: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _compares_something(self) -> DuplicatesPart:
        if not self.scores and self.min_cosine is None:
            raise ValueError(
                "found neither scores nor min_cosine; say what is compared: scores: [phash_high, phash_low]"
            )
        return self


class GatePart(_Part):
    """The policy that turns scores into keep, or drop with a reason.

    Attributes:
        rules: row by row; the first that is broken gives the reason.
        quantiles, budgets, duplicates: over rows in index order.
    """

    later = frozenset({"description", "wild", "quantiles", "budgets", "duplicates"})
    name: str
    description: str = ""
    rules: tuple[RulePart, ...]
    wild: WildPart | None = None
    quantiles: tuple[QuantilePart, ...] = ()
    budgets: tuple[BudgetPart, ...] = ()
    duplicates: DuplicatesPart | None = None


class CandidateImages(_Part):
    """How pictures are stored until they are pruned."""

    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: Annotated[int, Field(ge=95, le=100)] = 95


class Splits(_Part):
    """Shares of the splits; a clip never lies in two of them."""

    train: Weight = 0.9
    val: Weight = 0.05
    test: Weight = 0.05

    @model_validator(mode="after")
    def _sums_to_one(self) -> Splits:
        if abs(self.train + self.val + self.test - 1.0) > 1e-6:
            raise ValueError(f"splits sum to {self.train + self.val + self.test}, expected 1")
        return self


class Recipe(_Part):
    """Everything that decides what a data set holds, except the seed and how many samples.

    Attributes:
        width, height: picture size in pixels.
        min_joints_in_frame: people with fewer COCO joints in the frame refuse the scene.
        head_in_frame: people whose head is wholly outside the frame refuse it: no judge can tell left from right there.
        seats: people who sit above the ground sit on something.
        occluder_share: share of scenes in which something is put between the camera and the people.
        control: a generator that also paints every condition once, for the judge's own error (``recipes.control``).
        motion: how motion given with ``--labels`` becomes labels: options of the reader, reshape, copies; weight, name
            and path are not looked at.
        alignment: optional input: a LoRA trained on preferences, on top of the generator's own.
        mined_weights: optional input: a table of how often each label is to be drawn. Nothing reads one yet.
        refinement: optional input: what corrects the labels of kept candidates. There is nothing yet.
        overlap: scenes of the next pictures and judging and encoding of the last ones go on while the generator paints.
        allow_minors: labels of people below adult age reach a photoreal generator, too; otherwise they are dropped.
        block_size: labels per block, the unit of work and of loss in a crash.
    """

    later = frozenset({"control", "motion", "alignment", "mined_weights", "refinement", "overlap", "allow_minors"})
    name: str
    description: str = ""
    width: Annotated[int, Field(ge=64, le=4096)] = 256
    height: Annotated[int, Field(ge=64, le=4096)] = 256
    labels: tuple[LabelPart, ...] = (LabelPart(),)
    cameras: tuple[CameraPart, ...]
    min_joints_in_frame: Annotated[int, Field(ge=1, le=17)] = 8
    head_in_frame: bool = True
    seats: bool = False
    occluder_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    captions: Component
    generator: GeneratorPart
    scorers: tuple[Component, ...]
    control: Component | None = None
    motion: LabelPart = LabelPart()
    alignment: AdapterPart | None = None
    mined_weights: str = ""
    refinement: Component | None = None
    gate: GatePart
    images: CandidateImages = CandidateImages()
    splits: Splits = Splits()
    allow_minors: bool = False
    overlap: bool = False
    block_size: Annotated[int, Field(ge=1, le=4096)] = 32

    @field_validator("mined_weights", "refinement")
    @classmethod
    def _is_empty_as_yet(cls, value: Any) -> Any:
        if value:
            raise ValueError("no part of this version reads it; leave it empty")
        return value
