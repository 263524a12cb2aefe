from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.compact.tiny import TINY
from posedreamer.errors import InputError
from posedreamer.generation.compact.network import Denoiser
from posedreamer.generation.compact.tokens import encode_captions
from posedreamer.recipes.training import train_compact
from posedreamer.training.compact.batches import batch_of, seen_on
from posedreamer.training.compact.critics import CropCritic, SmallCritic, critic_loss, painter_loss
from posedreamer.training.compact.duel import duel_step
from posedreamer.training.compact.examples import ExampleMaker
from posedreamer.training.compact.loop import Moment, TrainingPlan, train
from posedreamer.training.compact.state import TrainingState
from training.still_life import StillLife

MAKE = ExampleMaker(sources=(StillLife(),), shares=(1.0,), seed=3)
PLAN = TrainingPlan(
    shape=TINY, minutes=60.0, sitting_minutes=1e-6, batch_size=4, round_size=10, reuse=2.0, workers=1, duel_from=0.0
)
EVEN = torch.ones(2, 1, 32, 32)


def verdicts(value: float) -> list[torch.Tensor]:
    return [torch.full((2, 1, size, size), value) for size in (16, 8, 4)]


def test_the_critic_loses_nothing_on_verdicts_that_are_clear_and_right() -> None:
    assert critic_loss(verdicts(1.5), verdicts(-1.5), EVEN).item() == 0.0
    assert critic_loss(verdicts(0.0), verdicts(0.0), EVEN).item() == pytest.approx(2.0)
    assert critic_loss(verdicts(-1.5), verdicts(1.5), EVEN).item() == pytest.approx(5.0)


def test_the_painter_gains_by_passing() -> None:
    assert painter_loss(verdicts(2.0), EVEN).item() == pytest.approx(-2.0)


def test_verdicts_on_people_weigh_more() -> None:
    weight, told = EVEN.clone(), [torch.zeros(2, 1, 16, 16)]
    weight[..., :16, :16] = 7.0
    told[0][..., :8, :8] = 1.0
    assert painter_loss(told, weight).item() == pytest.approx(-7.0 / 10.0)


def test_the_small_critic_begins_with_what_the_denoiser_knows() -> None:
    denoiser, critic = Denoiser(TINY), SmallCritic(TINY)
    critic.begin_as(denoiser)
    known = dict(denoiser.named_parameters())
    shared = [name for name, _ in critic.named_parameters() if name in known]
    assert {name.split(".")[0] for name in shared} >= {"time", "edges", "stem", "down_fine", "read_middle", "coarse"}
    own = dict(critic.named_parameters())
    assert all(torch.equal(own[name], known[name]) for name in shared)
    assert {name.split(".")[0] for name in own if name not in known} == {"verdicts"}


@pytest.fixture(scope="module")
def duelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Moment]:
    folder, told = tmp_path_factory.mktemp("duel"), list[Moment]()
    train(PLAN, MAKE, folder, told.append)
    return folder, told[-1]


def test_both_sides_learn(duelled: tuple[Path, Moment]) -> None:
    state, losses = duelled[1].state, duelled[1].losses
    assert state.duel is not None
    assert state.duel.step == state.progress.step > 0
    assert {"small_critic_loss", "crop_critic_loss", "flow_loss", "finishing_loss", "naming_loss"} <= set(losses)
    assert all(math.isfinite(loss) for loss in losses.values())
    for module, optimiser in ((state.networks, state.optimiser), (state.duel.critics, state.duel.optimiser)):
        still = {name for name, each in module.named_parameters() if not optimiser.state[each]["exp_avg"].any()}
        # a shift of all verdicts costs one side at first what it gains the other
        assert {name.split(".", 2)[-1] for name in still} <= {"0.3.bias", "1.3.bias", "2.3.bias"}


def test_a_duel_comes_back_whole(duelled: tuple[Path, Moment]) -> None:
    before, after = duelled[1].state, TrainingState.load(duelled[0], 1e-3, "cpu")
    assert before.duel is not None
    assert after is not None
    assert after.duel is not None
    assert after.duel.step == before.duel.step
    for one, other in zip(before.duel.critics.parameters(), after.duel.critics.parameters(), strict=True):
        assert torch.equal(one, other)
        moments = (duel.optimiser.state[each]["exp_avg"] for duel, each in ((before.duel, one), (after.duel, other)))
        assert torch.equal(*moments)


def test_painters_hear_critics_only_once_these_know_something(duelled: tuple[Path, Moment]) -> None:
    def after_step(number: int, has_changed_critics: bool) -> torch.Tensor:
        state = TrainingState.load(duelled[0], 1e-3, "cpu")
        assert state is not None
        assert state.duel is not None
        state.duel.step = number
        if has_changed_critics:
            for parameter in state.duel.critics.parameters():
                parameter.data.mul_(1.5)
        examples = MAKE(range(4))
        assert examples is not None
        tokens = encode_captions(state.tokenizer, examples.captions, TINY.text_length)
        batch = batch_of([examples], [tokens], [(0, row) for row in range(len(examples))])
        seen = seen_on("cpu", batch, np.zeros(len(examples), dtype=np.int64), torch.float32)
        duel_step(state, seen, torch.Generator().manual_seed(0))
        return torch.cat([each.detach().flatten() for each in state.networks.parameters()])

    early, late = ([after_step(step, changed) for changed in (False, True)] for step in (0, 1000))
    assert torch.equal(*early)
    assert not torch.allclose(*late, atol=1e-5)


def test_critics_join_when_their_time_comes(tmp_path: Path) -> None:
    told: list[Moment] = []
    for duel_from in (1.0, 0.0):
        train(replace(PLAN, duel_from=duel_from), MAKE, tmp_path, told.append)
    assert told[0].state.duel is None
    assert told[1].state.duel is not None
    assert told[1].state.duel.step < told[1].state.progress.step


def test_the_crop_critic_learns_to_tell_pictures_apart() -> None:
    torch.manual_seed(0)
    critic = CropCritic(TINY)
    optimiser = torch.optim.AdamW(critic.parameters(), lr=1e-3)
    controls, summary, weight = (
        torch.rand(4, TINY.controls, 32, 32),
        torch.zeros(4, TINY.coarse),
        torch.ones(4, 1, 32, 32),
    )
    time = torch.ones(4)
    losses: list[float] = []
    for _ in range(80):
        smooth, rough = torch.zeros(4, 3, 32, 32), 0.3 * torch.randn(4, 3, 32, 32)
        loss = critic_loss(critic(rough, time, controls, summary), critic(smooth, time, controls, summary), weight)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused_before_anything_is_made(tmp_path: Path, share: float) -> None:
    with pytest.raises(InputError, match="duel_from is"):
        train_compact(tmp_path / "out", duel_from=share)
    assert not (tmp_path / "out").exists()
