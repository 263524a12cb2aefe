"""The third phase: the denoiser learns to go on from where its own sampling leads it, without a critic.

Trained on studio pictures under noise alone, it never meets its own faults, and in sampling takes them for part of the
picture. Half of a batch is drawn on from its own guess, twice over. There the flow's loss asks for people as they are,
and of places for the studio's detail over what is drawn: the condition settles where their edges are, not their
colours. The other half keeps the flow, in which places weigh more than they did.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.generation.compact.controls import MODES
from posedreamer.generation.compact.network import SMALL, Denoiser, enlarged
from posedreamer.generation.compact.sampling import mixed
from posedreamer.training.compact.batches import Seen
from posedreamer.training.compact.contest import noise_like
from posedreamer.training.compact.flow import DENOISER_TIMES, Losses, in_precision
from posedreamer.training.compact.objective import draw_times, flow_loss, person_weight, shrunk
from posedreamer.training.compact.state import TrainingState

__all__ = ["rollout_step"]

_FROM_NOISE: Final = 0.12
_BLIND: Final = list(MODES).index("none")


def rollout_step(state: TrainingState, seen: Seen, noise: torch.Generator) -> Losses:
    """One step of the denoiser, its text encoder aside."""
    denoiser, own = state.networks["denoiser"], len(seen.whole) // 2
    assert isinstance(denoiser, Denoiser)
    picture, weight = shrunk(seen.whole, SMALL), person_weight(shrunk(seen.mask, SMALL), 2)
    time = draw_times(len(picture), DENOISER_TIMES, noise, _FROM_NOISE).to(picture.device)
    with in_precision(seen):
        context = denoiser.read(seen.tokens, seen.modes)
        edges = denoiser.look(seen.controls)

        def guess(begun: Float[Tensor, "b 3 h4 w4"], now: Float[Tensor, " b"]) -> Float[Tensor, "b 3 h4 w4"]:
            count = len(begun)
            return denoiser(mixed(begun, noise_like(begun, noise), now), now, edges[:count], context.first(count))

        with torch.no_grad():
            before = time[:own] * torch.rand(own, generator=noise).to(time.device)
            drawn = guess(picture[:own], torch.zeros_like(before)).clamp(-1.0, 1.0)
            drawn = guess(drawn, before).clamp(-1.0, 1.0)
        predicted = guess(torch.cat([drawn, picture[own:]]), time)
        off = (predicted[:own] - picture[:own]).detach()
        is_place = (weight[:own] == 1.0).to(off.dtype)
        target = torch.cat([picture[:own] + is_place * enlarged(shrunk(off, SMALL)), picture[own:]])
        # late in time a place that was guessed wrong is as far off as before: it must not drown the people
        alone = (weight[:own] - 1.0) + (1.0 - time[:own, None, None, None]) ** 2
        # shown no control map, its people and things stand elsewhere
        is_bound = (seen.modes[:own] != _BLIND).to(off.dtype)[:, None, None, None]
        asked = torch.cat([alone * is_bound, 0.5 * (weight[own:] + 1.0)])
        loss = flow_loss(predicted, target, time, asked)
    loss.backward()
    # the text encoder rests: it knows its words by now, and pictures are few
    denoiser.text.zero_grad()
    state.learn()
    return {"flow_loss": loss.detach()}
