"""The networks: a text encoder, a U-Net that denoises small pictures under control maps, and one that adds the detail.

Pictures are RGB in [-1, 1]. The denoiser works at half the picture's size, on a grid where most of its arithmetic is
done at an eighth and a sixteenth of it; the control maps reach it at every size, so that edges stay where they are.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Context", "Denoiser", "DetailNet", "NetworkShape", "TextEncoder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """Sizes of the networks; written beside the weights.

    Attributes:
        fine, middle, coarse: channels at 1/4, 1/8 and 1/16 of the picture.
        edge: channels of the control maps at 1/2 of the picture.
        text: width of the text encoder.
        detail: channels of the detail network.
        words: size of the vocabulary; text_length: tokens of a caption at most.
    """

    controls: int
    modes: int
    words: int
    text_length: int = 112
    edge: int = 24
    fine: int = 48
    middle: int = 128
    coarse: int = 256
    text: int = 160
    detail: int = 48


@dataclass(frozen=True, slots=True)
class Context:
    """What of a condition does not change from step to step."""

    edges: Float[Tensor, "b e h w"]
    words: Float[Tensor, "b n d"]
    is_padding: Bool[Tensor, "b n"]
    summary: Float[Tensor, "b d"]


class TextEncoder(nn.Module):
    """Two transformer layers over a caption's tokens (0 pads)."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.word = nn.Embedding(shape.words, shape.text)
        self.place = nn.Parameter(torch.randn(shape.text_length, shape.text) * 0.02)
        layer = nn.TransformerEncoderLayer(
            shape.text, 4, 2 * shape.text, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(shape.text)

    def forward(self, tokens: Int[Tensor, "b n"]) -> tuple[Float[Tensor, "b n d"], Bool[Tensor, "b n"]]:
        """The words in context, and which are padding."""
        is_padding = tokens == 0
        x = self.word(tokens) + self.place[: tokens.shape[1]]
        return self.norm(self.layers(x, src_key_padding_mask=is_padding)), is_padding


def _conv(into: int, out: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(into, out, kernel, padding=kernel // 2)


def _zero(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class _Block(nn.Module):
    """Two convolutions round a residual, scaled and shifted by time and text."""

    def __init__(self, into: int, out: int, state: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, into), _conv(into, out)
        self.norm2, self.conv2 = nn.GroupNorm(8, out), _zero(_conv(out, out))
        self.state = nn.Linear(state, 2 * out)
        self.skip = nn.Identity() if into == out else _conv(into, out, 1)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        scale, shift = self.state(state)[..., None, None].chunk(2, dim=1)
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.norm2(y) * (1 + scale) + shift
        return self.skip(x) + self.conv2(F.silu(y))


class _Reading(nn.Module):
    """Pixels attend to the caption's words."""

    def __init__(self, width: int, text: int, heads: int) -> None:
        super().__init__()
        self.heads, self.norm = heads, nn.GroupNorm(8, width)
        self.query, self.both = _conv(width, width, 1), nn.Linear(text, 2 * width)
        self.out = _zero(_conv(width, width, 1))

    def forward(self, x: Tensor, context: Context) -> Tensor:
        b, c, h, w = x.shape
        query = self.query(self.norm(x)).reshape(b, self.heads, c // self.heads, h * w).transpose(2, 3)
        keys, values = (
            part.reshape(b, -1, self.heads, c // self.heads).transpose(1, 2)
            for part in self.both(context.words).chunk(2, dim=-1)
        )
        mask = ~context.is_padding[:, None, None, :]
        seen = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return x + self.out(seen.transpose(2, 3).reshape(b, c, h, w))


class _Mixing(nn.Module):
    """Pixels attend to one another."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.norm = heads, nn.GroupNorm(8, width)
        self.all, self.out = _conv(width, 3 * width, 1), _zero(_conv(width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        query, keys, values = (
            self.all(self.norm(x)).reshape(b, 3, self.heads, c // self.heads, h * w).transpose(3, 4).unbind(1)
        )
        mixed = F.scaled_dot_product_attention(query, keys, values)
        return x + self.out(mixed.transpose(2, 3).reshape(b, c, h, w))


class Denoiser(nn.Module):
    """Predicts the clean picture at half size from a noisy one, its time, the control maps and the caption."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        fine, middle, coarse, edge = shape.fine, shape.middle, shape.coarse, shape.edge
        state = coarse
        self.text = TextEncoder(shape)
        self.mode = nn.Embedding(shape.modes, state)
        self.summary = nn.Linear(shape.text, state)
        self.time = nn.Sequential(nn.Linear(128, state), nn.SiLU(), nn.Linear(state, state))
        self.edges = nn.Sequential(_conv(4 * shape.controls, edge, 1), nn.SiLU(), _conv(edge, edge))
        self.stem = _conv(4 * edge + 12, fine, 1)
        self.down_fine = _Block(fine, fine, state)
        self.to_middle = _conv(4 * fine, middle, 1)
        self.down_middle = nn.ModuleList([_Block(middle, middle, state)])
        self.read_middle = _Reading(middle, shape.text, 4)
        self.to_coarse = _conv(4 * middle, coarse, 1)
        self.coarse = nn.ModuleList([_Block(coarse, coarse, state) for _ in range(3)])
        self.read_coarse = nn.ModuleList([_Reading(coarse, shape.text, 4) for _ in range(3)])
        self.mix_coarse = nn.ModuleList([_Mixing(coarse, 4) for _ in range(3)])
        self.from_coarse = _conv(coarse, 4 * middle, 1)
        self.up_middle = nn.ModuleList([_Block(2 * middle, middle, state)])
        self.reread_middle = _Reading(middle, shape.text, 4)
        self.from_middle = _conv(middle, 4 * fine, 1)
        self.up_fine = _Block(2 * fine, fine, state)
        self.to_edges = _conv(fine, 4 * edge, 1)
        self.head = nn.Sequential(_conv(2 * edge + 3, edge), nn.SiLU(), _zero(_conv(edge, 3)))

    def read(self, controls: Float[Tensor, "b c h w"], tokens: Int[Tensor, "b n"], mode: Int[Tensor, " b"]) -> Context:
        """The context of full-size control maps in [0, 1], tokens and control modes."""
        words, is_padding = self.text(tokens)
        kept = (~is_padding)[..., None].to(words.dtype)
        mean = (words * kept).sum(1) / kept.sum(1).clamp_min(1.0)
        return Context(
            self.edges(F.pixel_unshuffle(controls, 2)), words, is_padding, self.summary(mean) + self.mode(mode)
        )

    def forward(
        self, noisy: Float[Tensor, "b 3 h w"], time: Float[Tensor, " b"], context: Context
    ) -> Float[Tensor, "b 3 h w"]:
        """The clean picture that is expected; ``time`` runs from 0 (noise) to 1 (picture)."""
        state = F.silu(self.time(_waves(time)) + context.summary)
        x = self.stem(F.pixel_unshuffle(torch.cat([context.edges, noisy], 1), 2))
        fine = self.down_fine(x, state)
        x = self.to_middle(F.pixel_unshuffle(fine, 2))
        for block in self.down_middle:
            x = block(x, state)
        middle = self.read_middle(x, context)
        x = self.to_coarse(F.pixel_unshuffle(middle, 2))
        for block, reading, mixing in zip(self.coarse, self.read_coarse, self.mix_coarse, strict=True):
            x = mixing(reading(block(x, state), context))
        x = torch.cat([F.pixel_shuffle(self.from_coarse(x), 2), middle], 1)
        for block in self.up_middle:
            x = block(x, state)
        x = self.reread_middle(x, context)
        x = self.up_fine(torch.cat([F.pixel_shuffle(self.from_middle(x), 2), fine], 1), state)
        x = F.pixel_shuffle(self.to_edges(F.silu(x)), 2)
        return self.head(torch.cat([x, context.edges, noisy], 1))


def _waves(time: Float[Tensor, " b"]) -> Float[Tensor, "b 128"]:
    rates = torch.exp(torch.arange(64, device=time.device) * (-log(1000.0) / 63.0)) * 1000.0
    angle = time[:, None] * rates
    return torch.cat([angle.sin(), angle.cos()], 1)


class DetailNet(nn.Module):
    """Doubles a picture's size, drawing what the control maps know and the small picture could not hold."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        edge, width = shape.edge, shape.detail
        self.edges = _conv(4 * shape.controls, edge, 1)
        self.stem = _conv(edge + 3, width)
        self.blocks = nn.ModuleList([_conv(width, width) for _ in range(4)])
        self.out = _zero(_conv(width, 12))

    def forward(
        self, small: Float[Tensor, "b 3 h w"], controls: Float[Tensor, "b c h2 w2"]
    ) -> Float[Tensor, "b 3 h2 w2"]:
        """The picture at the control maps' size, twice that of ``small``."""
        x = self.stem(torch.cat([F.silu(self.edges(F.pixel_unshuffle(controls, 2))), small], 1))
        for first, second in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            x = x + second(F.silu(first(F.silu(x))))
        whole = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
        return whole + F.pixel_shuffle(self.out(F.silu(x)), 2)
