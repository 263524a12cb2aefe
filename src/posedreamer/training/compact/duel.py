"""One optimiser step of the model against its critic: small pictures must fit their conditions and pass for real ones.

Half of a batch is drawn on from the studio's picture under noise, half from the model's own, as in sampling. Where the
studio's picture went in, the flow's loss asks for it; where the model's own did, only on people, whose look the
condition settles: elsewhere any picture that passes will do. The finisher keeps to the small picture that it is given.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.generation.compact.blocks import Context
from posedreamer.generation.compact.network import SMALL
from posedreamer.generation.compact.sampling import mixed
from posedreamer.training.compact.batches import Crops, Seen, crops_of
from posedreamer.training.compact.critic import critic_loss, painter_loss
from posedreamer.training.compact.flow import DENOISER_TIMES, FINISHER_TIMES, NAMING, Losses, in_precision, naming_loss
from posedreamer.training.compact.objective import draw_times, flow_loss, person_weight, shrunk
from posedreamer.training.compact.state import TrainingState

__all__ = ["duel_step"]

_FROM_NOISE: Final = 0.3
_SAY: Final = 0.7
_HEARD_FROM, _HEARD_WHOLLY_FROM = 150, 350
_NEXT: Final = 0.9
_GIVEN_NOISE: Final = 0.1

Pictures = Float[Tensor, "b 3 h w"]
Times = Float[Tensor, " b"]
Predict = Callable[[Pictures, Times, slice], Pictures]
Judge = Callable[[Pictures, Times], list[Float[Tensor, "b 1 _h _w"]]]


def duel_step(state: TrainingState, seen: Seen, noise: torch.Generator) -> Losses:
    """One step of the critic, then of the painting networks and the reader."""
    duel, denoiser, finisher = state.duel, state.networks["denoiser"], state.networks["finisher"]
    assert duel is not None
    own = len(seen.whole) // 2
    picture, weight = shrunk(seen.whole, SMALL), person_weight(shrunk(seen.mask, SMALL), 2)
    with in_precision(seen):
        context = denoiser.read(seen.tokens, seen.modes)  # pyright: ignore[reportCallIssue]
        heard = Context(context.slots.detach(), context.words.detach(), context.is_padding, context.summary.detach())
        edges = denoiser.look(seen.controls)  # pyright: ignore[reportCallIssue]
        time, drawn = _drawn(
            lambda x, t, rows: denoiser(x, t, edges[rows], _rows(context, rows)), picture, own, DENOISER_TIMES, noise
        )
        true = picture[own:] + _GIVEN_NOISE * _random(picture[own:], noise)
        crops = crops_of(seen, torch.cat([drawn[:own].detach().clamp(-1.0, 1.0), true]), noise)
        look = finisher.look(crops.controls)  # pyright: ignore[reportCallIssue]
        finishing = _finishing_loss(
            *_drawn(
                lambda x, t, rows: finisher(x, t, crops.small[rows], look[rows], heard.summary[rows]),
                crops.picture,
                own,
                FINISHER_TIMES,
                noise,
            ),
            crops,
            own,
        )
        named = naming_loss(state, seen, context)

        def judge(pictures: Pictures, level: Times) -> list[Float[Tensor, "b 1 _h _w"]]:
            return duel.critic(mixed(pictures, _random(pictures, noise), level), level, seen.controls, heard)

        duel.critic.requires_grad_(True)
        level = _levels(time, noise)
        told = critic_loss(judge(picture, level), judge(drawn.detach(), level), weight)
        told.backward()
        duel.learn()

        duel.critic.requires_grad_(False)
        leaf = drawn.detach().requires_grad_()
        fitting = flow_loss(leaf, picture, time, torch.cat([weight[:own] - 1.0, weight[own:]]))
        passing = painter_loss(judge(leaf, _levels(time, noise)), weight)
        way, ratio = _way(leaf, fitting, passing, duel.step)
    torch.autograd.backward([drawn, finishing + NAMING * named], [way, None])
    state.learn()
    losses = {"flow_loss": fitting, "finishing_loss": finishing, "naming_loss": named, "critic_loss": told}
    return {name: loss.detach() for name, loss in (losses | {"passing_loss": passing, "critic_say": ratio}).items()}


def _rows(context: Context, rows: slice) -> Context:
    return Context(context.slots[rows], context.words[rows], context.is_padding[rows], context.summary[rows])


def _random(like: Pictures, noise: torch.Generator) -> Pictures:
    return torch.randn(like.shape, generator=noise).to(like).contiguous(memory_format=torch.channels_last)


def _drawn(
    predict: Predict, picture: Pictures, own: int, towards_picture: float, noise: torch.Generator
) -> tuple[Times, Pictures]:
    """Times, and what is painted: the first ``own`` rows on from the painter's guess, others from the true picture."""
    time = draw_times(len(picture), towards_picture, noise, _FROM_NOISE).to(picture.device)
    with torch.no_grad():
        guess = predict(_random(picture[:own], noise), torch.zeros_like(time[:own]), slice(0, own))
    noisy = mixed(torch.cat([guess.clamp(-1.0, 1.0), picture[own:]]), _random(picture, noise), time)
    return time, predict(noisy, time, slice(None))


def _levels(time: Times, noise: torch.Generator) -> Times:
    """How clean the critic sees each row: as the painter's next step will, whichever that is."""
    return time + (1.0 - time) * (1.0 - _NEXT * torch.rand(len(time), generator=noise)).to(time.device)


def _way(
    leaf: Pictures, fitting: Float[Tensor, ""], passing: Float[Tensor, ""], step: int
) -> tuple[Pictures, Float[Tensor, ""]]:
    """The gradient on the drawn pictures, and how strong the critic's is beside the flow's.

    The critic is heard little by little once it knows something, and never louder than a share of the flow.
    """
    (to_fit,), (to_pass,) = torch.autograd.grad(fitting, leaf), torch.autograd.grad(passing, leaf)
    ratio = to_pass.norm() / to_fit.norm().clamp_min(1e-12)
    loudness = min(max((step - _HEARD_FROM) / (_HEARD_WHOLLY_FROM - _HEARD_FROM), 0.0), 1.0)
    return to_fit + loudness * _SAY / ratio.clamp_min(1.0) * to_pass, ratio


def _finishing_loss(time: Times, drawn: Pictures, crops: Crops, own: int) -> Float[Tensor, ""]:
    """Keeps to the small picture where that is the model's own, to the studio's picture where it is the studio's."""
    kept, weight = shrunk(drawn[:own], SMALL), person_weight(crops.mask[own:], 6)
    keeping = flow_loss(kept, crops.small[:own], time[:own], torch.ones_like(kept[:, :1]))
    return 0.5 * (keeping + flow_loss(drawn[own:], crops.picture[own:], time[own:], weight))
