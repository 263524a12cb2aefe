"""Pictures from a model: control maps and captions in, 8-bit pictures out, a fixed number at a time."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from posedreamer.generation.compact.blocks import Context
from posedreamer.generation.compact.controls import MODES, channels_shown
from posedreamer.generation.compact.network import SMALL, Denoiser
from posedreamer.generation.compact.sampling import sample
from posedreamer.generation.compact.tokens import encode_captions
from posedreamer.generation.compact.weights import CompactModel

__all__ = ["SamplerSettings", "guided", "mode_row", "paint_batch", "to_controls", "to_unit"]

_MARGIN: Final = 16
"""How far beyond the edges the finisher paints: it learns from crops, and draws a faint line where they end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerSettings:
    """How pictures are drawn from the model.

    Attributes:
        steps, finishing_steps: Euler steps of the denoiser and of the finisher, at least 1.
        guidance: strength of classifier-free guidance by caption and control maps together (Ho and Salimans 2022,
            arXiv 2207.12598); 1 is none, and halves the denoiser's arithmetic.
        shift: above 1 takes more of the denoiser's steps near the noise.
        fresh: part of the noise that every step draws anew, 0 to 1 (``sampling.sample``).
        mode: a control mode, a key of MODES.
    """

    steps: int = 6
    finishing_steps: int = 1
    guidance: float = 1.25
    shift: float = 1.5
    fresh: float = 1.0
    mode: str = "all"


def to_unit(pictures: UInt8[np.ndarray, "b h w 3"], device: str) -> Float[Tensor, "b 3 h w"]:
    """8-bit pictures as RGB in [-1, 1]."""
    tensor = torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2).float()
    return tensor.div(127.5).sub(1.0).contiguous(memory_format=torch.channels_last)


def to_controls(
    maps: UInt8[Tensor, "b c h w"], shown: Float[Tensor, "#b c"], dtype: torch.dtype
) -> Float[Tensor, "b c h w"]:
    """8-bit control maps as the networks see them, in [0, 1), those not ``shown`` zero.

    A step is 1/256, so that half precision holds every one exactly.
    """
    # in bytes until they lie as the networks want them: a quarter of the memory to move
    return maps.contiguous(memory_format=torch.channels_last).to(dtype).mul_((shown / 256.0).to(dtype)[..., None, None])


@torch.inference_mode()
def paint_batch(
    model: CompactModel,
    maps: UInt8[np.ndarray, "b c h w"],
    captions: Sequence[str],
    seeds: Sequence[int],
    settings: SamplerSettings,
) -> UInt8[np.ndarray, "b h w 3"]:
    """One picture per row; noise comes from each row's seed alone, drawn on the CPU whatever the device."""
    device = next(model.denoiser.parameters()).device
    shown = torch.from_numpy(channels_shown(settings.mode)).to(device)[None]
    controls = to_controls(torch.from_numpy(maps).to(device), shown, torch.float32)
    height, width = maps.shape[2:]
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    tokens, untold = (_tokens(model, texts, device) for texts in (captions, [""]))
    told = model.denoiser.read(tokens, mode_row(settings.mode, len(maps), device))
    denoised = guided(model.denoiser, controls, told, untold, settings.guidance)
    coarse = partial(_noise, generators, (height // SMALL, width // SMALL), device)
    small = sample(denoised, coarse, settings.steps, settings.shift, settings.fresh).clamp(-1.0, 1.0)
    small, look = _edged(small, _MARGIN // SMALL), model.finisher.look(_edged(controls, _MARGIN))

    def finished(x: Float[Tensor, "b 3 h w"], time: float) -> Float[Tensor, "b 3 h w"]:
        return model.finisher(x, torch.full((len(x),), time, device=device), small, look, told.summary)

    fine = partial(_noise, generators, (height + 2 * _MARGIN, width + 2 * _MARGIN), device)
    pictures = sample(finished, fine, settings.finishing_steps, 1.0, settings.fresh).clamp(-1.0, 1.0)
    pictures = pictures[..., _MARGIN:-_MARGIN, _MARGIN:-_MARGIN].permute(0, 2, 3, 1)
    return ((pictures + 1.0) * 127.5 + 0.5).to(torch.uint8).cpu().numpy()


def guided(
    denoiser: Denoiser,
    controls: Float[Tensor, "b c h w"],
    told: Context,
    untold: Int[Tensor, "1 n"],
    guidance: float,
) -> Callable[[Float[Tensor, "b 3 h4 w4"], float], Float[Tensor, "b 3 h4 w4"]]:
    """What the denoiser expects of a noisy small picture at a time, led away from what it would untold and unshown.

    ``untold`` are the tokens of a caption that says nothing; a ``guidance`` of 1 leaves them unread.
    """
    count, device = len(controls), controls.device
    edges = denoiser.look(controls)
    if guidance == 1.0:
        return lambda x, time: denoiser(x, torch.full((count,), time, device=device), edges, told)
    nothing = denoiser.read(untold.expand(count, -1), mode_row("none", count, device))
    unseen = denoiser.look(torch.zeros_like(controls[:1])).expand_as(edges)

    def expected(x: Float[Tensor, "b 3 h4 w4"], time: float) -> Float[Tensor, "b 3 h4 w4"]:
        now = torch.full((count,), time, device=device)
        clean = denoiser(x, now, edges, told)
        return clean + (guidance - 1.0) * (clean - denoiser(x, now, unseen, nothing))

    return expected


def mode_row(mode: str, count: int, device: torch.device) -> Int[Tensor, " b"]:
    """The control mode's number, once a row."""
    return torch.full((count,), list(MODES).index(mode), device=device)


def _edged(x: Float[Tensor, "b c h w"], px: int) -> Float[Tensor, "b c h2 w2"]:
    """Mirrored ``px`` beyond every edge."""
    return F.pad(x, (px, px, px, px), mode="reflect").contiguous(memory_format=torch.channels_last)


def _noise(
    generators: Sequence[torch.Generator], size: tuple[int, int], device: torch.device
) -> Float[Tensor, "b 3 h w"]:
    """Noise of each row's generator alone."""
    drawn = torch.stack([torch.randn(3, *size, generator=each) for each in generators])
    return drawn.to(device).contiguous(memory_format=torch.channels_last)


def _tokens(model: CompactModel, captions: Sequence[str], device: torch.device) -> Int[Tensor, "b n"]:
    return torch.from_numpy(encode_captions(model.tokenizer, captions, model.shape.text_length)).to(device)
