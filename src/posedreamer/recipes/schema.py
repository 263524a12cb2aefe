"""What a recipe holds. A run is one complete recipe; every key is known, every wrong key is an error."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "CameraPart",
    "CandidateImages",
    "Component",
    "GatePart",
    "GeneratorPart",
    "LabelPart",
    "Recipe",
    "RulePart",
    "Splits",
]

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


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


class RulePart(_Part):
    """One rule of the gate: a score between bounds; ``when_absent`` says what a score that does not apply means."""

    score: str
    minimum: Bound | None = None
    maximum: Bound | None = None
    when_absent: Literal["keep", "drop"] = "drop"

    @model_validator(mode="after")
    def _has_a_bound(self) -> RulePart:
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"rule on {self.score!r} has neither minimum nor maximum; give at least one")
        return self


class GatePart(_Part):
    """The policy that turns scores into keep, or drop with a reason."""

    name: str
    rules: tuple[RulePart, ...]


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
        block_size: labels per block, the unit of work and of loss in a crash.
    """

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
    gate: GatePart
    images: CandidateImages = CandidateImages()
    splits: Splits = Splits()
    block_size: Annotated[int, Field(ge=1, le=4096)] = 32
