"""Critics: networks that tell the studio's pictures from the model's, so that the model learns to draw what is missing.

A flow network that is short of arithmetic predicts the mean of all pictures that fit, which is a smear wherever many
do. A critic sees the difference, and its gradient says what a picture lacks (denoising diffusion GANs: Z. Xiao et al.
2022, arXiv 2112.07804; adversarial distillation: A. Sauer et al. 2023, arXiv 2311.17042).
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from posedreamer.generation.compact.blocks import Context, conv, halved, level, waves
from posedreamer.generation.compact.network import SMALL, Denoiser, NetworkShape, enlarged

__all__ = ["CropCritic", "SmallCritic", "critic_loss", "painter_loss"]

_CROP_WIDTHS: Final = (32, 64, 96, 160)
_LEAK: Final = 0.2
_AMPLIFIED: Final = 4.0


def _verdict(width: int, curve: Callable[[], nn.Module] = nn.SiLU) -> nn.Sequential:
    return nn.Sequential(curve(), conv(width, width, 1), curve(), conv(width, 1, 1))


def _leaky() -> nn.Module:
    return nn.LeakyReLU(_LEAK)


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
    """Judges crops of full-size pictures, as they are, under control maps, at three levels.

    It is shown what the small picture can't hold once more, amplified: that is what it is to judge, and it is faint.
    Without it, it took four times as long to tell pictures apart.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        first, *rest = _CROP_WIDTHS
        self.grain = nn.Sequential(conv(6 + shape.controls, first), _leaky(), conv(first, first), _leaky())
        self.down = nn.ModuleList([halved(into, out) for into, out in pairwise(_CROP_WIDTHS)])
        self.blocks = nn.ModuleList([_block(width) for width in rest])
        self.verdicts = nn.ModuleList([_verdict(width, _leaky) for width in rest])

    def forward(
        self, pictures: Float[Tensor, "b 3 h w"], controls: Float[Tensor, "b c h w"]
    ) -> list[Float[Tensor, "b 1 _h _w"]]:
        """Verdicts on crops, at 1/2, 1/4 and 1/8 of their size."""
        detail = _AMPLIFIED * (pictures - enlarged(F.avg_pool2d(pictures, SMALL)))
        x = self.grain(torch.cat([pictures.to(controls.dtype), detail.to(controls.dtype), controls], 1))
        verdicts: list[Tensor] = []
        for down, block, verdict in zip(self.down, self.blocks, self.verdicts, strict=True):
            x = F.leaky_relu(down(x), _LEAK)
            x = x + block(x)
            verdicts.append(verdict(x).float())
        return verdicts


def _block(width: int) -> nn.Sequential:
    return nn.Sequential(conv(width, width), nn.GroupNorm(8, width), _leaky(), conv(width, width))


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
