"""One optimiser step of the model against its critics: pictures must fit their conditions and pass for the studio's.

Half of a batch is drawn on from the studio's picture under noise, half from the model's own, as in sampling. Where the
studio's picture went in, the flow's loss asks for it; where the model's own did, only on people, whose look the
condition settles: elsewhere any picture that passes will do.
"""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from posedreamer.generation.compact.blocks import Context
from posedreamer.generation.compact.network import SMALL
from posedreamer.generation.compact.sampling import mixed
from posedreamer.training.compact.batches import Crops, Seen, crops_of
from posedreamer.training.compact.critics import critic_loss, painter_loss
from posedreamer.training.compact.flow import DENOISER_TIMES, FINISHER_TIMES, NAMING, Losses, in_precision, naming_loss
from posedreamer.training.compact.objective import draw_times, flow_loss, person_weight, shrunk
from posedreamer.training.compact.state import TrainingState

__all__ = ["duel_step"]

_FROM_NOISE: Final = 0.3
_SAY: Final = {"small": 0.7, "crop": 0.25}
_HEARD_FROM, _HEARD_WHOLLY_FROM = 150, 350
_NEXT: Final = 0.9
_GIVEN_NOISE: Final = 0.1

Pictures = Float[Tensor, "b 3 h w"]
Times = Float[Tensor, " b"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contest:
    """A painter, its critic, and what both are shown.

    Attributes:
        predict: clean pictures of some of the rows from noisy ones and their times.
        judge: verdicts on all rows under noise.
    """

    name: str
    predict: Callable[[Pictures, Times, slice], Pictures]
    judge: Callable[[Pictures, Times], list[Float[Tensor, "b 1 _h _w"]]]
    picture: Pictures
    weight: Float[Tensor, "b 1 h w"]


def duel_step(state: TrainingState, seen: Seen, noise: torch.Generator) -> Losses:
    """One step of the critics, then of the painting networks and the reader."""
    duel, denoiser, finisher = state.duel, state.networks["denoiser"], state.networks["finisher"]
    assert duel is not None
    own = len(seen.whole) // 2
    with in_precision(seen):
        context = denoiser.read(seen.tokens, seen.modes)  # pyright: ignore[reportCallIssue]
        heard = Context(context.slots.detach(), context.words.detach(), context.is_padding, context.summary.detach())
        edges = denoiser.look(seen.controls)  # pyright: ignore[reportCallIssue]
        small = _Contest(
            name="small",
            predict=lambda x, t, rows: denoiser(x, t, edges[rows], _rows(context, rows)),
            judge=lambda x, t: duel.critics["small"](x, t, seen.controls, heard),
            picture=shrunk(seen.whole, SMALL),
            weight=person_weight(shrunk(seen.mask, SMALL), 2),
        )
        small_time, small_drawn = _drawn(small, own, DENOISER_TIMES, noise)
        true = small.picture[own:] + _GIVEN_NOISE * _random(small.picture[own:], noise)
        crops = crops_of(seen, torch.cat([small_drawn[:own].detach().clamp(-1.0, 1.0), true]), noise)
        look = finisher.look(crops.controls)  # pyright: ignore[reportCallIssue]
        crop = _Contest(
            name="crop",
            predict=lambda x, t, rows: finisher(x, t, crops.small[rows], look[rows], heard.summary[rows]),
            judge=lambda x, t: duel.critics["crop"](x, t, crops.controls, heard.summary),
            picture=crops.picture,
            weight=person_weight(crops.mask, 6),
        )
        crop_time, crop_drawn = _drawn(crop, own, FINISHER_TIMES, noise)
        named = naming_loss(state, seen, context)

        duel.critics.requires_grad_(True)
        told = {
            f"{each.name}_critic_loss": _critics_loss(each, drawn.detach(), time, noise)
            for each, drawn, time in ((small, small_drawn, small_time), (crop, crop_drawn, crop_time))
        }
        torch.stack(list(told.values())).sum().backward()
        duel.learn()

        duel.critics.requires_grad_(False)
        loudness = min(max((duel.step - _HEARD_FROM) / (_HEARD_WHOLLY_FROM - _HEARD_FROM), 0.0), 1.0)
        weight = torch.cat([small.weight[:own] - 1.0, small.weight[own:]])
        small_way = _way(
            small, small_drawn, small_time, lambda x: flow_loss(x, small.picture, small_time, weight), loudness, noise
        )
        crop_way = _way(
            crop,
            crop_drawn,
            crop_time,
            lambda x: _finishing_loss(x, crops, crop.weight, crop_time, own),
            loudness,
            noise,
        )
    torch.autograd.backward([small_drawn, crop_drawn, NAMING * named], [small_way[0], crop_way[0], None])
    state.learn()
    told |= {"flow_loss": small_way[1], "finishing_loss": crop_way[1], "naming_loss": named}
    told |= {"small_painter_loss": small_way[2], "crop_painter_loss": crop_way[2]}
    told |= {"small_say": small_way[3], "crop_say": crop_way[3]}
    return {name: loss.detach() for name, loss in told.items()}


def _rows(context: Context, rows: slice) -> Context:
    return Context(context.slots[rows], context.words[rows], context.is_padding[rows], context.summary[rows])


def _random(like: Pictures, noise: torch.Generator) -> Pictures:
    return torch.randn(like.shape, generator=noise).to(like).contiguous(memory_format=torch.channels_last)


def _drawn(contest: _Contest, own: int, towards_picture: float, noise: torch.Generator) -> tuple[Times, Pictures]:
    """Times, and what is painted: the first ``own`` rows on from the painter's guess, others from the true picture."""
    picture = contest.picture
    time = draw_times(len(picture), towards_picture, noise, _FROM_NOISE).to(picture.device)
    with torch.no_grad():
        guess = contest.predict(_random(picture[:own], noise), torch.zeros_like(time[:own]), slice(0, own))
    noisy = mixed(torch.cat([guess.clamp(-1.0, 1.0), picture[own:]]), _random(picture, noise), time)
    return time, contest.predict(noisy, time, slice(None))


def _levels(time: Times, noise: torch.Generator) -> Times:
    """How clean the critic sees each row: as the painter's next step will, whichever that is."""
    return time + (1.0 - time) * (1.0 - _NEXT * torch.rand(len(time), generator=noise)).to(time.device)


def _critics_loss(contest: _Contest, drawn: Pictures, time: Times, noise: torch.Generator) -> Float[Tensor, ""]:
    level = _levels(time, noise)
    studio, model = (contest.judge(mixed(x, _random(x, noise), level), level) for x in (contest.picture, drawn))
    return critic_loss(studio, model, contest.weight)


def _way(
    contest: _Contest,
    drawn: Pictures,
    time: Times,
    fit: Callable[[Pictures], Float[Tensor, ""]],
    loudness: float,
    noise: torch.Generator,
) -> tuple[Pictures, Float[Tensor, ""], Float[Tensor, ""], Float[Tensor, ""]]:
    """The gradient on the drawn pictures; the losses; and how strong the critic's part is beside the flow's."""
    leaf, level = drawn.detach().requires_grad_(), _levels(time, noise)
    fitting, passing = (
        fit(leaf),
        painter_loss(contest.judge(mixed(leaf, _random(leaf, noise), level), level), contest.weight),
    )
    (to_fit,), (to_pass,) = torch.autograd.grad(fitting, leaf), torch.autograd.grad(passing, leaf)
    say, ratio = loudness * _SAY[contest.name], to_pass.norm() / to_fit.norm()
    return to_fit + min(say, say / max(float(ratio), 1e-9)) * to_pass, fitting, passing, ratio


def _finishing_loss(
    drawn: Pictures, crops: Crops, weight: Float[Tensor, "b 1 h w"], time: Times, own: int
) -> Float[Tensor, ""]:
    """Keeps to the small picture where that is the model's own, to the studio's picture where it is the studio's."""
    kept = shrunk(drawn[:own], SMALL)
    keeping = flow_loss(kept, crops.small[:own], time[:own], torch.ones_like(kept[:, :1]))
    return 0.5 * (keeping + flow_loss(drawn[own:], crops.picture[own:], time[own:], weight[own:]))
