"""The last phase: the finisher alone learns to draw in one step what the small picture can't hold.

What it is given are small pictures as the finished denoiser draws them (``drafts``). What it is asked for is the
studio's picture, but for colours over more than 16 px, which it leaves as the small picture has them: edges lie where
the control maps say, whatever the colours, and what the denoiser smudged is to be cleaned. It is asked for at half the
size in the main, as the finest detail can't be foretold and its mean is a blur: that is left to a critic of full-size
crops. It is heard softly, by a finisher that learns slowly: a faster one outruns it.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.generation.compact.network import SMALL, enlarged
from posedreamer.training.compact.batches import Seen, crops_of
from posedreamer.training.compact.contest import critic_learns, heard, noise_like, way
from posedreamer.training.compact.drafts import Drafts
from posedreamer.training.compact.flow import Losses, in_precision
from posedreamer.training.compact.objective import flow_loss, person_weight, shrunk
from posedreamer.training.compact.state import TrainingState

__all__ = ["cleaned", "finish_step"]

_SAY: Final = 0.5
_FINEST: Final = 0.15
_KEEPING: Final = 0.5
_KEPT: Final = 4


def finish_step(state: TrainingState, seen: Seen, drafts: Drafts, noise: torch.Generator) -> Losses:
    """One step of the critic, then of the finisher, on one crop of each picture."""
    finisher, contest = state.networks["finisher"], state.contest
    assert contest is not None
    crops = crops_of(seen, drafts.small, noise)
    target = cleaned(crops.picture, crops.small)
    weight = person_weight(crops.mask, 6)
    start = torch.zeros(len(target), device=target.device)
    with in_precision(seen):
        look = finisher.look(crops.controls)  # pyright: ignore[reportCallIssue]
        drawn = finisher(noise_like(target, noise), start, crops.small, look, drafts.summary)

        def judge(x: Float[Tensor, "b 3 s s"]) -> list[Float[Tensor, "b 1 _h _w"]]:
            return contest.critic(x, crops.controls)

        def fit(x: Float[Tensor, "b 3 s s"]) -> Float[Tensor, ""]:
            halves = flow_loss(shrunk(x, 2), shrunk(target, 2), start, shrunk(weight, 2))
            kept = shrunk(shrunk(x, SMALL) - crops.small, _KEPT).square().mean()
            return halves + _FINEST * flow_loss(x, target, start, weight) + _KEEPING * kept

        told = critic_learns(contest, judge, crops.picture, drawn.detach().clamp(-1.0, 1.0), weight)
        gradient, painted = way(judge, drawn, weight, fit, _SAY * heard(contest.step))
    drawn.backward(gradient)
    state.learn()
    return {"finishing_loss": painted.fit, "critic_loss": told, "painter_loss": painted.passing}


def cleaned(picture: Float[Tensor, "b 3 s s"], small: Float[Tensor, "b 3 s4 s4"]) -> Float[Tensor, "b 3 s s"]:
    """What is asked for over a small picture: the studio's, but with the means of squares of 16 px that one has."""
    return picture + enlarged(shrunk(small - shrunk(picture, SMALL), _KEPT), _KEPT * SMALL)
