"""What a camera sampler does: frame the people of a label."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from posedreamer.records import Camera

__all__ = ["CameraSampler"]


@runtime_checkable
class CameraSampler(Protocol):
    """Draws a camera for people whose keypoints are known in the world frame."""

    @property
    def name(self) -> str:
        """Catalogue id."""
        ...

    def camera(
        self, keypoints_world_m: Float[np.ndarray, "p 65 3"], width: int, height: int, rng: np.random.Generator
    ) -> Camera:
        """A camera for these people; all randomness comes from ``rng``."""
        ...
