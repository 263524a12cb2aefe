"""Critics: networks that tell the studio's pictures from the model's, so that the model learns to draw what is missing.

A flow network that is short of arithmetic predicts the mean of all pictures that fit, which is a smear wherever many
do. A critic sees the difference, and its gradient says what a picture lacks (denoising diffusion GANs: Z. Xiao et al.
2022, arXiv 2112.07804; adversarial distillation: A. Sauer et al. 2023, arXiv 2311.17042).
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from posedreamer.generation.compact.blocks import Context, StateBlock, conv, halved, level, time_network, waves
from posedreamer.generation.compact.network import Denoiser, NetworkShape

__all__ = ["CropCritic", "SmallCritic", "critic_loss", "painter_loss"]

_CROP_WIDTHS = (48, 96, 160)
_GRAIN = 32


def _verdict(width: int) -> nn.Sequential:
    return nn.Sequential(nn.SiLU(), conv(width, width, 1), nn.SiLU(), conv(width, 1, 1))


class SmallCritic(nn.Module):
    """Judges the denoiser's small pictures under control maps and caption: the way down of a denoiser, with verdicts.

    A verdict is a map of logits, above 0 for the studio's, one at each of the denoiser's three levels.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        like = Denoiser(shape)
        self.time, self.edges, self.stem = like.time, like.edges, like.stem
        self.down_fine, self.to_middle, self.down_middle = like.down_fine, like.to_middle, like.down_middle
        self.read_middle, self.to_coarse = like.read_middle, like.to_coarse
        self.coarse, self.read_coarse, self.mix_coarse = like.coarse[:1], like.read_coarse[:1], like.mix_coarse[:1]
        self.verdicts = nn.ModuleList([_verdict(width) for width in (shape.fine, shape.middle, shape.coarse)])

    def begin_as(self, denoiser: nn.Module) -> None:
        """Takes over what a denoiser has learnt of pictures, maps and captions."""
        own = self.state_dict()
        taken = {name: tensor for name, tensor in denoiser.state_dict().items() if name in own}
        self.load_state_dict(own | taken)

    def forward(
        self,
        pictures: Float[Tensor, "b 3 h w"],
        time: Float[Tensor, " b"],
        controls: Float[Tensor, "b c h4 w4"],
        context: Context,
    ) -> list[Float[Tensor, "b 1 _h _w"]]:
        """Verdicts on pictures under noise, ``time`` as the denoiser's."""
        state = F.silu(self.time(waves(time)) + context.summary)
        edges = self.edges(controls)
        fine = level(self.down_fine, self.stem(torch.cat([edges, pictures.to(edges.dtype)], 1)), state)
        middle = self.read_middle(level(self.down_middle, self.to_middle(fine), state), context)
        coarse = level(self.coarse, self.to_coarse(middle), state)
        coarse = self.mix_coarse[0](self.read_coarse[0](coarse, context))
        return [verdict(x).float() for verdict, x in zip(self.verdicts, (fine, middle, coarse), strict=True)]


class CropCritic(nn.Module):
    """Judges crops of the finisher's pictures under control maps and what the caption says, at three levels."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        near, far, wide = _CROP_WIDTHS
        state = shape.coarse
        self.time = time_network(state)
        self.told = nn.Linear(state, state)
        self.grain = nn.Sequential(conv(3, _GRAIN), nn.SiLU(), halved(_GRAIN, near))
        self.edges = halved(shape.controls, near)
        self.near, self.far, self.wide = (nn.ModuleList([StateBlock(w, w, state)]) for w in _CROP_WIDTHS)
        self.to_far, self.to_wide = halved(near, far), halved(far, wide)
        self.verdicts = nn.ModuleList([_verdict(width) for width in _CROP_WIDTHS])

    def forward(
        self,
        pictures: Float[Tensor, "b 3 h w"],
        time: Float[Tensor, " b"],
        controls: Float[Tensor, "b c h w"],
        summary: Float[Tensor, "b d"],
    ) -> list[Float[Tensor, "b 1 _h _w"]]:
        """Verdicts on crops under noise."""
        state = F.silu(self.time(waves(time)) + self.told(summary))
        near = level(self.near, F.silu(self.grain(pictures.to(controls.dtype)) + self.edges(controls)), state)
        far = level(self.far, self.to_far(near), state)
        wide = level(self.wide, self.to_wide(far), state)
        return [verdict(x).float() for verdict, x in zip(self.verdicts, (near, far, wide), strict=True)]


def critic_loss(
    studio: Sequence[Float[Tensor, "b 1 _h _w"]],
    model: Sequence[Float[Tensor, "b 1 _h _w"]],
    weight: Float[Tensor, "b 1 h w"],
) -> Float[Tensor, ""]:
    """Hinge: verdicts above 1 on the studio's pictures, below -1 on the model's; means over levels and weights."""
    losses = [
        _weighted(F.relu(1.0 - real) + F.relu(1.0 + drawn), weight) for real, drawn in zip(studio, model, strict=True)
    ]
    return torch.stack(losses).mean()


def painter_loss(model: Sequence[Float[Tensor, "b 1 _h _w"]], weight: Float[Tensor, "b 1 h w"]) -> Float[Tensor, ""]:
    """What the painter lowers: minus the mean verdict on its pictures."""
    return torch.stack([_weighted(-drawn, weight) for drawn in model]).mean()


def _weighted(values: Float[Tensor, "b 1 h2 w2"], weight: Float[Tensor, "b 1 h w"]) -> Float[Tensor, ""]:
    shares = F.adaptive_avg_pool2d(weight, (values.shape[2], values.shape[3]))
    return (values * shares).mean() / shares.mean()
