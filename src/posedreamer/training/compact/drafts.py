"""Small pictures as the finished denoiser draws them, for the finisher to learn on."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from posedreamer.generation.compact.controls import MODES
from posedreamer.generation.compact.network import SMALL, Denoiser
from posedreamer.generation.compact.painting import SamplerSettings, guided
from posedreamer.generation.compact.sampling import sample, times
from posedreamer.training.compact.batches import batch_of, seen_on
from posedreamer.training.compact.contest import noise_like
from posedreamer.training.compact.examples import Examples
from posedreamer.training.compact.flow import in_precision
from posedreamer.training.compact.objective import shrunk

__all__ = ["Drafts", "drafts_of"]

_GROUP: Final = 16
_TRUE: Final = 0.15
_FROM_NOISE: Final = 0.25
_SETTLED_FROM: Final = 0.25
_SMALL_NOISE: Final = 0.15
_MODE_SHARES: Final[Mapping[str, float]] = MappingProxyType({"all": 0.8, "depth": 0.07, "skeleton": 0.07, "none": 0.06})


@dataclass(frozen=True, slots=True)
class Drafts:
    """One small picture of each example.

    Attributes:
        summary: caption and control mode, as the denoiser sums them up for the finisher.
        modes: the control mode that each was drawn under.
    """

    small: Float[Tensor, "n 3 h4 w4"] = field(repr=False)
    summary: Float[Tensor, "n d"] = field(repr=False)
    modes: Int64[np.ndarray, " n"] = field(repr=False)

    def __getitem__(self, rows: list[int]) -> Drafts:
        """Those of rows."""
        return Drafts(self.small[rows], self.summary[rows], self.modes[rows])

    @staticmethod
    def joined(parts: list[Drafts]) -> Drafts:
        """All of them in one, in order."""
        return Drafts(
            torch.cat([part.small for part in parts]),
            torch.cat([part.summary for part in parts]),
            np.concatenate([part.modes for part in parts]),
        )


@torch.no_grad()
def drafts_of(
    denoiser: Denoiser,
    examples: Examples,
    tokens: Int64[np.ndarray, "n l"],
    untold: Int64[np.ndarray, "1 l"],
    settings: SamplerSettings,
    device: str,
    dtype: torch.dtype,
    seed: int,
) -> Drafts:
    """A draft of each example: sampled as in painting, from noise or on from the example's picture under noise.

    Of seven one is the example's own small picture, with a little noise. ``untold`` are an empty caption's tokens.
    """
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    order, parts = rng.permutation(len(examples)), list[Drafts]()
    path = times(settings.steps, settings.shift).tolist()[:-1]
    for at in range(0, len(order), _GROUP):
        rows = order[at : at + _GROUP]
        mode = str(rng.choice(list(_MODE_SHARES), p=list(_MODE_SHARES.values())))
        modes = np.full(len(rows), list(MODES).index(mode))
        seen = seen_on(device, batch_of([examples], [tokens], [(0, int(row)) for row in rows]), modes, dtype)
        skipped = _begun_at(mode, path, rng)
        with in_precision(seen):
            told = denoiser.read(seen.tokens, seen.modes)
            true = shrunk(seen.whole, SMALL)
            if skipped is None:
                strength = _SMALL_NOISE * torch.rand(len(rows), 1, 1, 1, generator=noise).to(device)
                small = true + strength * noise_like(true, noise)
            else:
                expected = guided(denoiser, seen.controls, told, torch.from_numpy(untold).to(device), settings.guidance)
                draw, begun = partial(noise_like, true, noise), true if skipped else None
                steps = (settings.steps, settings.shift, settings.fresh)
                small = sample(expected, draw, *steps, begun=begun, skipped=skipped)
        parts.append(Drafts(small.clamp(-1.0, 1.0), told.summary.float(), modes))
    return Drafts.joined(parts)[np.argsort(order).tolist()]


def _begun_at(mode: str, path: Sequence[float], rng: np.random.Generator) -> int | None:
    """How many steps of a path of times are skipped; None where the true picture is the draft.

    Shown no control map, a draft must be drawn on from its picture: its people would stand anywhere.
    """
    settled = [step for step, now in enumerate(path) if now >= _SETTLED_FROM]
    if rng.random() < _TRUE or (mode == "none" and not settled):
        return None
    if mode == "none":
        return int(rng.choice(settled))
    return 0 if len(path) == 1 or rng.random() < _FROM_NOISE else int(rng.integers(1, len(path)))
