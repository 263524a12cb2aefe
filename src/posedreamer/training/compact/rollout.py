"""The third phase: the denoiser learns to go on from where its own sampling leads it, without a critic.

Trained on studio pictures under noise alone, it never meets its own faults, and in sampling takes them for part of the
picture. Half of a batch is drawn on from its own guess, twice over; there the flow's loss asks for people alone, whose
look the condition settles: the guess shows another place than the studio's picture. The other half keeps the flow, in
which places weigh more than they did.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.generation.compact.controls import MODES
from posedreamer.generation.compact.network import SMALL
from posedreamer.generation.compact.sampling import mixed
from posedreamer.training.compact.batches import Seen
from posedreamer.training.compact.contest import noise_like
from posedreamer.training.compact.flow import DENOISER_TIMES, NAMING, Losses, in_precision, naming_loss
from posedreamer.training.compact.objective import draw_times, flow_loss, person_weight, shrunk
from posedreamer.training.compact.state import TrainingState

__all__ = ["rollout_step"]

_FROM_NOISE: Final = 0.12
_BLIND: Final = list(MODES).index("none")


def rollout_step(state: TrainingState, seen: Seen, noise: torch.Generator) -> Losses:
    """One step of the denoiser and the reader."""
    denoiser, own = state.networks["denoiser"], len(seen.whole) // 2
    picture, weight = shrunk(seen.whole, SMALL), person_weight(shrunk(seen.mask, SMALL), 2)
    time = draw_times(len(picture), DENOISER_TIMES, noise, _FROM_NOISE).to(picture.device)
    with in_precision(seen):
        context = denoiser.read(seen.tokens, seen.modes)  # pyright: ignore[reportCallIssue]
        edges = denoiser.look(seen.controls)  # pyright: ignore[reportCallIssue]

        def guess(begun: Float[Tensor, "b 3 h4 w4"], now: Float[Tensor, " b"]) -> Float[Tensor, "b 3 h4 w4"]:
            count = len(begun)
            return denoiser(mixed(begun, noise_like(begun, noise), now), now, edges[:count], context.first(count))

        with torch.no_grad():
            before = time[:own] * torch.rand(own, generator=noise).to(time.device)
            drawn = guess(picture[:own], torch.zeros_like(before)).clamp(-1.0, 1.0)
            drawn = guess(drawn, before).clamp(-1.0, 1.0)
        predicted = guess(torch.cat([drawn, picture[own:]]), time)
        # shown no control map, its people stand elsewhere
        is_bound = (seen.modes[:own] != _BLIND).float()[:, None, None, None]
        asked = torch.cat([(weight[:own] - 1.0) * is_bound, 0.5 * (weight[own:] + 1.0)])
        loss = flow_loss(predicted, picture, time, asked)
        named = naming_loss(state, seen, context)
    (loss + NAMING * named).backward()
    state.learn()
    return {"flow_loss": loss.detach(), "naming_loss": named.detach()}
