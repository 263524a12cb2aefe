"""One optimiser step of both flows."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from posedreamer.generation.compact.blocks import Context
from posedreamer.generation.compact.network import SMALL
from posedreamer.generation.compact.sampling import mixed
from posedreamer.training.compact.batches import Seen, crops_of
from posedreamer.training.compact.objective import (
    draw_times,
    drawn_on,
    flow_loss,
    person_weight,
    seen_small,
    shrunk,
)
from posedreamer.training.compact.state import TrainingState

__all__ = ["DENOISER_TIMES", "FINISHER_TIMES", "NAMING", "Losses", "flow_step", "in_precision", "naming_loss"]

Losses = dict[str, Float[Tensor, ""]]

DENOISER_TIMES: Final = -1.0
"""Where the denoiser's times lean (``objective.draw_times``): towards noise."""
FINISHER_TIMES: Final = 0.0
NAMING: Final = 0.1
"""Weight of the reader's loss."""
_DRAWN_ON_AT: Final = (0.5, 0.78)


def flow_step(state: TrainingState, seen: Seen, noise: torch.Generator) -> Losses:
    """One optimiser step on the flows' losses and the reader's."""
    with in_precision(seen):
        context = state.networks["denoiser"].read(seen.tokens, seen.modes)  # pyright: ignore[reportCallIssue]
        flow, small = _denoised(state, seen, context, noise)
        finish = _finished(state, seen, small, context, noise)
        named = naming_loss(state, seen, context)
    (flow + finish + NAMING * named).backward()
    state.learn()
    return {"flow_loss": flow.detach(), "finishing_loss": finish.detach(), "naming_loss": named.detach()}


def in_precision(seen: Seen) -> torch.autocast:
    """Products in the precision of the control maps."""
    half = seen.controls.dtype == torch.bfloat16
    return torch.autocast(seen.controls.device.type, dtype=torch.bfloat16, enabled=half)


def naming_loss(state: TrainingState, seen: Seen, context: Context) -> Float[Tensor, ""]:
    """Cross-entropy of the words that the reader takes the slots for."""
    names = state.networks["reader"](context.slots)
    return F.cross_entropy(names.float().flatten(0, 1), seen.slots.flatten(), ignore_index=0)


def _denoised(
    state: TrainingState, seen: Seen, context: Context, noise: torch.Generator
) -> tuple[Float[Tensor, ""], Float[Tensor, "b 3 h4 w4"]]:
    """The denoiser's loss, and small pictures for the finisher."""
    denoiser = state.networks["denoiser"]
    picture = shrunk(seen.whole, SMALL)
    edges = denoiser.look(seen.controls)  # pyright: ignore[reportCallIssue]

    def predict(noisy: Float[Tensor, "b 3 h4 w4"], time_: Float[Tensor, " b"]) -> Float[Tensor, "b 3 h4 w4"]:
        return denoiser(noisy, time_, edges, context)

    time_ = draw_times(len(picture), DENOISER_TIMES, noise).to(picture.device)
    predicted = predict(mixed(picture, torch.randn(picture.shape, generator=noise).to(picture), time_), time_)
    loss = flow_loss(predicted, picture, time_, person_weight(shrunk(seen.mask, SMALL), 2))
    with torch.no_grad():
        drawn = drawn_on(predict, predicted, _DRAWN_ON_AT, noise)
        return loss, seen_small(picture, drawn, noise)


def _finished(
    state: TrainingState, seen: Seen, small: Float[Tensor, "b 3 h4 w4"], context: Context, noise: torch.Generator
) -> Float[Tensor, ""]:
    """The finisher's loss on one crop of each picture."""
    finisher, crops = state.networks["finisher"], crops_of(seen, small, noise)
    time = draw_times(len(small), FINISHER_TIMES, noise).to(small.device)
    noisy = mixed(crops.picture, torch.randn(crops.picture.shape, generator=noise).to(small), time)
    look = finisher.look(crops.controls)  # pyright: ignore[reportCallIssue]
    predicted = finisher(noisy, time, crops.small, look, context.summary.detach())
    return flow_loss(predicted, crops.picture, time, person_weight(crops.mask, 6))
