"""What a captioner does: write the text of a picture from what is known of its scene."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from posedreamer.records import Caption, Scene

__all__ = ["Captioner"]


@runtime_checkable
class Captioner(Protocol):
    """Writes captions that never contradict the label."""

    @property
    def name(self) -> str:
        """Catalogue id."""
        ...

    def caption(self, scene: Scene, rng: np.random.Generator) -> Caption:
        """A caption of the scene; all randomness comes from ``rng``."""
        ...
