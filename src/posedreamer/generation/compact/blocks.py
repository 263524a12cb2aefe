"""What the networks are built of: convolutions that time and text steer, attention to captions and between pixels."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Context", "Mixing", "Reading", "StateBlock", "conv", "halved", "level", "time_network", "waves", "zero"]

_WAVES = 128


@dataclass(frozen=True, slots=True)
class Context:
    """What of a condition does not change from step to step.

    Attributes:
        slots: what each of the encoder's questions found in the caption.
        words: slots and tokens, which pixels attend to; ``is_padding`` of each.
        summary: caption and control mode in one vector.
    """

    slots: Float[Tensor, "b s d"]
    words: Float[Tensor, "b n d"]
    is_padding: Bool[Tensor, "b n"]
    summary: Float[Tensor, "b d2"]

    def first(self, count: int) -> Context:
        """Of the first conditions."""
        return Context(self.slots[:count], self.words[:count], self.is_padding[:count], self.summary[:count])


def conv(into: int, out: int, kernel: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size."""
    return nn.Conv2d(into, out, kernel, padding=kernel // 2)


def halved(into: int, out: int, times: int = 2) -> nn.Conv2d:
    """Squares of ``times`` pixels, each to one."""
    return nn.Conv2d(into, out, times, stride=times)


def zero(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    """The layer, silent at first."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class StateBlock(nn.Module):
    """Two convolutions round a residual, after one norm that time and text scale and shift."""

    def __init__(self, into: int, out: int, state: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, into)
        self.conv1, self.conv2 = conv(into, out), zero(conv(out, out))
        self.state = nn.Linear(state, 2 * into)
        self.skip = nn.Identity() if into == out else conv(into, out, 1)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """Features under a state of time and text."""
        scale, shift = self.state(state)[..., None, None].chunk(2, dim=1)
        y = self.conv1(torch.addcmul(shift, self.norm(x), 1 + scale))
        return self.skip(x) + self.conv2(F.silu(y))


def _attend(query: Tensor, keys: Tensor, values: Tensor, hidden: Tensor | None = None) -> Tensor:
    """Softmax attention in plain products, as the fused kernel is slow backwards on CPUs; ``hidden`` keys get none."""
    weights = (query * query.shape[-1] ** -0.5) @ keys.transpose(-1, -2)
    if hidden is not None:
        weights = weights + hidden[:, None, None, :].to(weights.dtype) * -1e4
    return weights.softmax(-1).to(values.dtype) @ values


class Reading(nn.Module):
    """Pixels attend to what was read: to the slots alone, or to the caption's words, too."""

    def __init__(self, width: int, text: int, heads: int, *, slots_alone: bool = False) -> None:
        super().__init__()
        self.heads, self.norm, self.slots_alone = heads, nn.GroupNorm(8, width), slots_alone
        self.query, self.both = conv(width, width, 1), nn.Linear(text, 2 * width)
        self.out = zero(conv(width, width, 1))

    def forward(self, x: Tensor, context: Context) -> Tensor:
        """Features with what the pixels read."""
        b, c, h, w = x.shape
        read = context.words[:, : context.slots.shape[1]] if self.slots_alone else context.words
        query = self.query(self.norm(x)).flatten(2).reshape(b, self.heads, c // self.heads, h * w).transpose(2, 3)
        keys, values = (
            part.reshape(b, -1, self.heads, c // self.heads).transpose(1, 2)
            for part in self.both(read).chunk(2, dim=-1)
        )
        seen = _attend(query, keys, values, None if self.slots_alone else context.is_padding)
        return x + self.out(seen.transpose(2, 3).reshape(b, c, h, w))


class Mixing(nn.Module):
    """Pixels attend to one another."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.norm = heads, nn.GroupNorm(8, width)
        self.all, self.out = conv(width, 3 * width, 1), zero(conv(width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Features with what the pixels saw in one another."""
        b, c, h, w = x.shape
        query, keys, values = (
            self.all(self.norm(x))
            .flatten(2)
            .reshape(b, 3, self.heads, c // self.heads, h * w)
            .transpose(3, 4)
            .unbind(1)
        )
        return x + self.out(_attend(query, keys, values).transpose(2, 3).reshape(b, c, h, w))


def level(blocks: nn.ModuleList, x: Tensor, state: Tensor) -> Tensor:
    """One block after the other."""
    for block in blocks:
        x = block(x, state)
    return x


def time_network(state: int) -> nn.Sequential:
    """From a time's ``waves`` to a block's state."""
    return nn.Sequential(nn.Linear(_WAVES, state), nn.SiLU(), nn.Linear(state, state))


def waves(time: Float[Tensor, " b"]) -> Float[Tensor, "b 128"]:
    """Sines and cosines of a time in [0, 1], from a thousand radians down to one."""
    rates = torch.exp(torch.arange(64, device=time.device) * (-log(1000.0) / 63.0)) * 1000.0
    angle = time[:, None] * rates
    return torch.cat([angle.sin(), angle.cos()], 1)
