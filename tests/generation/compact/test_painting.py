from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from generation.compact.tiny import TINY, tiny_model
from posedreamer.generation.compact.controls import CHANNELS
from posedreamer.generation.compact.network import Finisher, Look
from posedreamer.generation.compact.painting import SamplerSettings, paint_batch

FRAME = 8


class Framing(Finisher):
    """Draws grey in a black frame: what a finisher draws badly where its canvas ends."""

    def forward(self, noisy: Tensor, time: Tensor, small: Tensor, look: Look, summary: Tensor) -> Tensor:
        drawn = -torch.ones_like(noisy)
        drawn[..., FRAME:-FRAME, FRAME:-FRAME] = 0.0
        return drawn


def test_the_ends_of_the_finishers_canvas_are_beyond_the_picture() -> None:
    model = replace(tiny_model(), finisher=Framing(TINY))
    maps = np.zeros((2, len(CHANNELS), 64, 64), dtype=np.uint8)
    pictures = paint_batch(model, maps, ["a man", "a woman"], [1, 2], SamplerSettings(steps=1))
    assert pictures.shape == (2, 64, 64, 3)
    assert np.unique(pictures).tolist() == [128]
