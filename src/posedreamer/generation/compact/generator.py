"""The compact model as a generator: a stand-in for photographs that any laptop can paint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from posedreamer.errors import InputError, did_you_mean
from posedreamer.generation.compact.controls import MODES, planned_maps
from posedreamer.generation.compact.painting import SamplerSettings, paint_batch
from posedreamer.generation.compact.weights import BUILT_IN, CompactModel, load_model, weights_digest
from posedreamer.generation.protocol import PaintJob
from posedreamer.records import Picture

__all__ = ["CompactGenerator"]

REVISION: Final = "6"
"""Raised whenever any pixel changes for the same weights."""

PICTURE_PX: Final = 256

ABOUT: Final = (
    "A small diffusion model that this project trained on pictures of its own studio, on no photograph. "
    "It is a stand-in for photographs, not a photograph: it knows the studio's people, clothes and places alone, and "
    "where things stand in a place is drawn by the studio's code."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactGenerator:
    """Paints 256 x 256 pictures with a small diffusion model that was trained on the studio's pictures.

    It learnt what the studio paints and nothing else: its people are stand-ins for photographs, not photographs. The
    caption is read through a byte-level tokenizer, so that any text is accepted; words the studio has none for were
    never seen in training and change nothing that can be relied upon. Captions are cut after 112 tokens. Where things
    stand in a place is settled by a plan that the studio's code draws from each job's seed (``studio.plan``), of any
    place where the caption names none that the studio knows.

    Attributes:
        steps, finishing_steps: sampling steps of the small picture and of the picture itself; the package's weights
            learnt to finish in one, and more of them blur.
        fresh: part of the noise that every step draws anew, 0 to 1: 0 follows the flow, 1 shows the label best so
            far (docs/compact.md).
        guidance: how strongly caption and control maps lead; 1 is as trained, and takes half the time.
        controls: "all", or weak control on purpose: "depth", "skeleton", "none".
        batch_size: pictures painted at once; part of the recipe, as it decides the last bits of every pixel.
        weights: a file of ``posedreamer train compact``; empty means the package's own.
        device: "cpu" or "cuda".
    """

    steps: int = 6
    finishing_steps: int = 1
    guidance: float = 1.25
    fresh: float = 1.0
    controls: str = "all"
    batch_size: int = 8
    weights: str = ""
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Refuse settings that paint nothing."""
        for option in ("steps", "finishing_steps", "batch_size"):
            if getattr(self, option) < 1:
                raise InputError(f"compact.{option} is {getattr(self, option)}, expected at least 1.")
        if not 0.0 <= self.guidance <= 20.0:
            raise InputError(f"compact.guidance is {self.guidance}, expected 0 to 20.")
        if not 0.0 <= self.fresh <= 1.0:
            raise InputError(f"compact.fresh is {self.fresh}, expected 0 to 1.")
        if self.controls not in MODES:
            raise InputError(
                f"compact.controls is {self.controls!r}, expected one of {', '.join(MODES)}."
                f"{did_you_mean(self.controls, MODES)}"
            )

    @property
    def name(self) -> str:
        """Catalogue id."""
        return "compact"

    @property
    def revision(self) -> str:
        """The code's revision, the weights' digest, the sampler's settings."""
        return (
            f"{REVISION}, weights {_digest(self._path)}, {self.steps}+{self.finishing_steps} steps, "
            f"guidance {self.guidance:g}, fresh {self.fresh:g}, controls {self.controls}"
        )

    @property
    def licence(self) -> str:
        """Weights and training pictures are the project's own."""
        return "Apache-2.0"

    @property
    def source_type(self) -> str:
        """A trained model paints."""
        return "trainedAlgorithmicMedia"

    @property
    def is_photoreal(self) -> bool:
        """Nobody takes its pictures for photographs: it has seen none."""
        return False

    @property
    def about(self) -> str:
        """What its pictures are."""
        return ABOUT

    @property
    def picture_size(self) -> tuple[int, int]:
        """It learnt pictures of one size."""
        return PICTURE_PX, PICTURE_PX

    def fetch(self) -> None:
        """The weights are whole. Raises MissingWeightsError where they are not."""
        load_model(self._path, "cpu")

    def paint(self, jobs: Sequence[PaintJob]) -> list[Picture]:
        """One picture per job, in order. Raises InputError for a camera of another size than 256 x 256."""
        for job in jobs:
            camera = job.condition.scene.camera
            if (camera.width, camera.height) != (PICTURE_PX, PICTURE_PX):
                raise InputError(
                    f"compact paints {PICTURE_PX} x {PICTURE_PX} pictures, condition {job.condition.condition_id} is "
                    f"{camera.width} x {camera.height}. Set width and height to {PICTURE_PX} or use another generator."
                )
        pictures: list[Picture] = []
        for start in range(0, len(jobs), self.batch_size):
            pictures += self._paint_few(jobs[start : start + self.batch_size])
        return pictures

    def _paint_few(self, jobs: Sequence[PaintJob]) -> list[Picture]:
        """At most a batch of jobs, the batch filled up with its last."""
        full = [*jobs, *[jobs[-1]] * (self.batch_size - len(jobs))]
        pixels = paint_batch(
            _model(self._path, self.device),
            np.stack([planned_maps(job.condition, job.seed) for job in jobs])[
                np.minimum(np.arange(len(full)), len(jobs) - 1)
            ],
            [job.condition.caption.text for job in full],
            [job.seed for job in full],
            SamplerSettings(
                steps=self.steps,
                finishing_steps=self.finishing_steps,
                guidance=self.guidance,
                fresh=self.fresh,
                mode=self.controls,
            ),
        )
        return [Picture(pixels=picture) for picture in pixels[: len(jobs)]]

    @property
    def _path(self) -> Path:
        return Path(self.weights).expanduser() if self.weights else BUILT_IN


@lru_cache(maxsize=2)
def _model(path: Path, device: str) -> CompactModel:
    return load_model(path, device)


@lru_cache(maxsize=8)
def _digest(path: Path) -> str:
    return weights_digest(path)
