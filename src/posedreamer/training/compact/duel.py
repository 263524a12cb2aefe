"""The second phase: the denoiser's small pictures must fit their conditions and pass for the studio's.

Half of a batch is drawn on from the studio's picture under noise, half from the denoiser's own guess, as in sampling.
Where the studio's picture went in, the flow's loss asks for it; where the denoiser's own did, only on people, whose
look the condition settles: elsewhere any picture that passes will do.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.generation.compact.blocks import Context
from posedreamer.generation.compact.network import SMALL
from posedreamer.generation.compact.sampling import mixed
from posedreamer.training.compact.batches import Seen
from posedreamer.training.compact.contest import critic_learns, heard, noise_like, way
from posedreamer.training.compact.flow import DENOISER_TIMES, NAMING, Losses, in_precision, naming_loss
from posedreamer.training.compact.objective import draw_times, flow_loss, person_weight, shrunk
from posedreamer.training.compact.state import TrainingState

__all__ = ["duel_step"]

_FROM_NOISE: Final = 0.3
_SAY: Final = 0.7
_NEXT: Final = 0.9

Pictures = Float[Tensor, "b 3 h w"]
Times = Float[Tensor, " b"]


def duel_step(state: TrainingState, seen: Seen, noise: torch.Generator) -> Losses:
    """One step of the critic, then of the denoiser and the reader."""
    denoiser, contest = state.networks["denoiser"], state.contest
    assert contest is not None
    own = len(seen.whole) // 2
    picture = shrunk(seen.whole, SMALL)
    weight = person_weight(shrunk(seen.mask, SMALL), 2)
    with in_precision(seen):
        context = denoiser.read(seen.tokens, seen.modes)  # pyright: ignore[reportCallIssue]
        said = Context(context.slots.detach(), context.words.detach(), context.is_padding, context.summary.detach())
        edges = denoiser.look(seen.controls)  # pyright: ignore[reportCallIssue]
        time = draw_times(len(picture), DENOISER_TIMES, noise, _FROM_NOISE).to(picture.device)
        with torch.no_grad():
            start = noise_like(picture[:own], noise)
            guess = denoiser(start, torch.zeros_like(time[:own]), edges[:own], context.first(own))
        begun = torch.cat([guess.clamp(-1.0, 1.0), picture[own:]])
        drawn = denoiser(mixed(begun, noise_like(picture, noise), time), time, edges, context)
        named = naming_loss(state, seen, context)

        def judge(x: Pictures) -> list[Float[Tensor, "b 1 _h _w"]]:
            level = _levels(time, noise)
            return contest.critic(mixed(x, noise_like(x, noise), level), level, seen.controls, said)

        told = critic_learns(contest, judge, picture, drawn.detach(), weight)
        asked = torch.cat([weight[:own] - 1.0, weight[own:]])
        gradient, painted = way(
            judge, drawn, weight, lambda x: flow_loss(x, picture, time, asked), _SAY * heard(contest.step)
        )
    torch.autograd.backward([drawn, NAMING * named], [gradient, None])
    state.learn()
    return {
        "flow_loss": painted.fit,
        "naming_loss": named.detach(),
        "critic_loss": told,
        "painter_loss": painted.passing,
    }


def _levels(time: Times, noise: torch.Generator) -> Times:
    """How clean the critic sees each row: as the denoiser's next step will, whichever that is."""
    return time + (1.0 - time) * (1.0 - _NEXT * torch.rand(len(time), generator=noise)).to(time.device)
