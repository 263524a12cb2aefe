"""The networks: a text encoder, a denoiser of small pictures, and a finisher that draws them at full size.

Pictures are RGB in [-1, 1]. Both painting networks are U-Nets under the same control maps, so that edges stay where
they are: the denoiser settles at a quarter of the size what is where and in which colours, after the caption; the
finisher, given that small picture, draws the picture itself. Both predict the clean picture from a noisy one.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from posedreamer.generation.compact.blocks import (
    Context,
    Mixing,
    Reading,
    StateBlock,
    conv,
    halved,
    level,
    time_network,
    waves,
    zero,
)

__all__ = ["SMALL", "Denoiser", "Finisher", "Look", "NetworkShape", "TextEncoder", "enlarged"]

SMALL = 4
"""How much smaller the denoiser's pictures are than the finisher's."""

_BRIEF = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """Sizes of the networks; written beside the weights.

    Attributes:
        controls, modes, words: how many control maps, control modes, and entries of the vocabulary.
        text_length: tokens of a caption at most.
        text, slots: width of the text encoder, and how many things it reads from a caption.
        edge, fine, middle, coarse: the denoiser's channels at 1/4, 1/8, 1/16 and 1/32 of the picture.
        look: what the finisher keeps of the control maps at 1/2 of the picture.
        near, far: the finisher's channels at 1/2 and 1/4 of the picture.
        spread, detail: its channels at full size, out of the features and of its last layer.
    """

    controls: int
    modes: int
    words: int
    text_length: int = 112
    text: int = 128
    slots: int = 28
    edge: int = 48
    fine: int = 96
    middle: int = 160
    coarse: int = 256
    look: int = 64
    near: int = 64
    far: int = 128
    spread: int = 24
    detail: int = 32


class TextEncoder(nn.Module):
    """Two transformer layers over a caption's tokens (0 pads), then one question per slot asked of them.

    A slot stands for the same thing in every caption (the colour of the first person's top, the place), so that pixels
    need only learn which slot is theirs.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.word = nn.Embedding(shape.words, shape.text)
        self.place = nn.Parameter(torch.randn(shape.text_length, shape.text) * 0.02)
        layer = nn.TransformerEncoderLayer(
            shape.text, 4, 2 * shape.text, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(shape.text)
        self.questions = nn.Parameter(torch.randn(shape.slots, shape.text))
        self.asking = nn.MultiheadAttention(shape.text, 4, batch_first=True)
        self.answer = nn.LayerNorm(shape.text)

    def forward(
        self, tokens: Int[Tensor, "b n"]
    ) -> tuple[Float[Tensor, "b s d"], Float[Tensor, "b n d"], Bool[Tensor, "b n"]]:
        """The slots' answers, the words in context, and which words are padding."""
        is_padding = tokens == 0
        x = self.word(tokens) + self.place[: tokens.shape[1]]
        words = self.norm(self.layers(x, src_key_padding_mask=is_padding))
        questions = self.questions.expand(len(tokens), -1, -1)
        found, _ = self.asking(questions, words, words, key_padding_mask=is_padding, need_weights=False)
        return self.answer(found), words, is_padding


class Denoiser(nn.Module):
    """Predicts the clean small picture from a noisy one, its time, the control maps and the caption."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        fine, middle, coarse, edge, text = shape.fine, shape.middle, shape.coarse, shape.edge, shape.text
        state = coarse
        self.text = TextEncoder(shape)
        self.slot = nn.Parameter(torch.randn(shape.slots, text))
        self.mode = nn.Embedding(shape.modes, state)
        self.brief = nn.Linear(text, _BRIEF)
        self.summary = nn.Linear(_BRIEF * shape.slots, state)
        self.time = time_network(state)
        self.edges = nn.Sequential(halved(shape.controls, edge, SMALL), nn.SiLU(), conv(edge, edge))
        self.stem = halved(edge + 3, fine)
        self.down_fine = nn.ModuleList([StateBlock(fine, fine, state)])
        self.to_middle = halved(fine, middle)
        self.down_middle = nn.ModuleList([StateBlock(middle, middle, state)])
        self.read_middle = Reading(middle, text, 4)
        self.to_coarse = halved(middle, coarse)
        self.coarse = nn.ModuleList([StateBlock(coarse, coarse, state) for _ in range(3)])
        self.read_coarse = nn.ModuleList([Reading(coarse, text, 4) for _ in range(3)])
        self.mix_coarse = nn.ModuleList([Mixing(coarse, 4) for _ in range(3)])
        self.from_coarse = conv(coarse, 4 * middle, 1)
        self.up_middle = nn.ModuleList([StateBlock(2 * middle, middle, state), StateBlock(middle, middle, state)])
        self.reread_middle = Reading(middle, text, 4)
        self.mix_middle = Mixing(middle, 4)
        self.from_middle = conv(middle, 4 * fine, 1)
        self.up_fine = nn.ModuleList([StateBlock(2 * fine, fine, state), StateBlock(fine, fine, state)])
        self.read_fine = Reading(fine, text, 4, slots_alone=True)
        self.to_edges = conv(fine, 4 * edge, 1)
        self.head = nn.Sequential(conv(2 * edge + 3, edge), nn.SiLU(), zero(conv(edge, 3)))

    def read(self, tokens: Int[Tensor, "b n"], mode: Int[Tensor, " b"]) -> Context:
        """The context of a caption's tokens and a control mode."""
        slots, words, is_padding = self.text(tokens)
        of_slots = torch.zeros(slots.shape[:2], dtype=torch.bool, device=slots.device)
        return Context(
            slots,
            torch.cat([slots + self.slot, words], 1),
            torch.cat([of_slots, is_padding], 1),
            self.summary(self.brief(slots).flatten(1)) + self.mode(mode),
        )

    def look(self, controls: Float[Tensor, "b c h w"]) -> Float[Tensor, "b e h4 w4"]:
        """What of full-size control maps in [0, 1] the small picture can hold."""
        return self.edges(controls)

    def forward(
        self,
        noisy: Float[Tensor, "b 3 h w"],
        time: Float[Tensor, " b"],
        edges: Float[Tensor, "b e h w"],
        context: Context,
    ) -> Float[Tensor, "b 3 h w"]:
        """The clean picture that is expected; ``time`` runs from 0 (noise) to 1 (picture), ``edges`` from ``look``."""
        state = F.silu(self.time(waves(time)) + context.summary)
        noisy = noisy.to(edges.dtype)
        fine = level(self.down_fine, self.stem(torch.cat([edges, noisy], 1)), state)
        x = level(self.down_middle, self.to_middle(fine), state)
        middle = self.read_middle(x, context)
        x = self.to_coarse(middle)
        for block, reading, mixing in zip(self.coarse, self.read_coarse, self.mix_coarse, strict=True):
            x = mixing(reading(block(x, state), context))
        x = level(self.up_middle, torch.cat([F.pixel_shuffle(self.from_coarse(x), 2), middle], 1), state)
        x = self.mix_middle(self.reread_middle(x, context))
        x = level(self.up_fine, torch.cat([F.pixel_shuffle(self.from_middle(x), 2), fine], 1), state)
        x = F.pixel_shuffle(self.to_edges(F.silu(self.read_fine(x, context))), 2)
        return self.head(torch.cat([x, edges, noisy], 1)).float()


@dataclass(frozen=True, slots=True)
class Look:
    """What the finisher sees of the control maps: features at half the size, and the maps for its last layer."""

    features: Float[Tensor, "b e h2 w2"]
    controls: Float[Tensor, "b c h w"]


class Finisher(nn.Module):
    """Predicts the clean full-size picture from a noisy one, the small picture and the control maps.

    It is convolutional and sees little around a pixel, so that it learns from crops. Its last layer meets the control
    maps once more at full size: half the size blurs where one thing ends and the next begins.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        look, near, far, state = shape.look, shape.near, shape.far, shape.coarse
        self.time = time_network(state)
        self.told = nn.Linear(state, state)
        self.edges = halved(shape.controls, look)
        self.canvas = halved(3, 16)
        self.stem = conv(look + 16 + 3, near)
        self.down_near = nn.ModuleList([StateBlock(near, near, state)])
        self.to_far = halved(near, far)
        self.far = nn.ModuleList([StateBlock(far, far, state) for _ in range(3)])
        self.from_far = conv(far, 4 * near, 1)
        self.up_near = nn.ModuleList([StateBlock(2 * near, near, state), StateBlock(near, near, state)])
        self.head = zero(conv(near, 12))
        self.spread = conv(near, 4 * shape.spread, 1)
        meets = shape.spread + shape.controls + 6
        self.detail = nn.Sequential(conv(meets, shape.detail), nn.SiLU(), zero(conv(shape.detail, 3)))

    def look(self, controls: Float[Tensor, "b c h w"]) -> Look:
        """What it sees of full-size control maps in [0, 1]."""
        return Look(F.silu(self.edges(controls)), controls)

    def forward(
        self,
        noisy: Float[Tensor, "b 3 h w"],
        time: Float[Tensor, " b"],
        small: Float[Tensor, "b 3 h4 w4"],
        look: Look,
        summary: Float[Tensor, "b d"],
    ) -> Float[Tensor, "b 3 h w"]:
        """The clean picture that is expected; ``summary`` comes from the denoiser's context."""
        state = F.silu(self.time(waves(time)) + self.told(summary))
        whole = enlarged(small)
        half = F.interpolate(small, scale_factor=SMALL // 2, mode="bilinear", align_corners=False)
        noisy, half = noisy.to(look.features.dtype), half.to(look.features.dtype)
        near = level(self.down_near, self.stem(torch.cat([look.features, self.canvas(noisy), half], 1)), state)
        x = level(self.far, self.to_far(near), state)
        x = F.silu(level(self.up_near, torch.cat([F.pixel_shuffle(self.from_far(x), 2), near], 1), state))
        spread = F.silu(F.pixel_shuffle(self.spread(x), 2))
        detail = self.detail(torch.cat([spread, look.controls, noisy, whole.to(noisy.dtype)], 1))
        return whole + F.pixel_shuffle(self.head(x), 2).float() + detail.float()


def enlarged(small: Float[Tensor, "b 3 h w"], times: int = SMALL) -> Float[Tensor, "b 3 h2 w2"]:
    """A small picture at ``times`` its size, without detail."""
    return F.interpolate(small, scale_factor=times, mode="bicubic", align_corners=False)
