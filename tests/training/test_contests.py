from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.compact.tiny import TINY, tiny_model
from posedreamer.errors import InputError
from posedreamer.generation.compact.controls import MODES
from posedreamer.generation.compact.network import SMALL, Denoiser
from posedreamer.generation.compact.painting import SamplerSettings, to_unit
from posedreamer.generation.compact.tokens import encode_captions
from posedreamer.recipes.training import train_compact
from posedreamer.training.compact.batches import batch_of, seen_on
from posedreamer.training.compact.critics import CropCritic, SmallCritic, critic_loss, painter_loss
from posedreamer.training.compact.drafts import Drafts, drafts_of
from posedreamer.training.compact.duel import duel_step
from posedreamer.training.compact.examples import ExampleMaker, Examples
from posedreamer.training.compact.finish import cleaned, finish_step
from posedreamer.training.compact.loop import Moment, TrainingPlan, train
from posedreamer.training.compact.objective import shrunk
from posedreamer.training.compact.state import TrainingState
from training.still_life import StillLife

SETTINGS = SamplerSettings()
MAKE = ExampleMaker(sources=(StillLife(),), shares=(1.0,), seed=3)
PLAN = TrainingPlan(shape=TINY, minutes=60.0, sitting_minutes=1e-6, batch_size=4, round_size=10, reuse=2.0, workers=1)
PHASES = {"duel": replace(PLAN, duel_from=0.0), "finish": replace(PLAN, duel_from=0.0, finish_from=0.0)}
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


@pytest.fixture(scope="module", params=list(PHASES))
def fought(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Moment]:
    """A phase after one round: its name, its folder, what was told of it."""
    folder, told = tmp_path_factory.mktemp(request.param), list[Moment]()
    train(PHASES[request.param], MAKE, folder, told.append)
    return request.param, folder, told[-1]


def test_both_sides_learn_and_the_others_rest(fought: tuple[str, Path, Moment]) -> None:
    phase, _, moment = fought
    state = moment.state
    assert state.phase == phase
    assert state.contest is not None
    assert state.contest.step == state.progress.step > 0
    expected = {"duel": {"flow_loss", "naming_loss"}, "finish": {"finishing_loss"}}[phase]
    assert set(moment.losses) == {"critic_loss", "painter_loss"} | expected
    assert all(math.isfinite(loss) for loss in moment.losses.values())
    learning = {"duel": ("denoiser", "reader"), "finish": ("finisher",)}[phase]
    for name, network in state.networks.items():
        for parameter, mean in zip(network.parameters(), state.means[name].parameters(), strict=True):
            assert ("exp_avg" in state.optimiser.state[parameter]) == (name in learning)
            assert name in learning or torch.equal(parameter, mean)
    optimisers = [(state.networks[name], state.optimiser) for name in learning]
    for module, optimiser in [*optimisers, (state.contest.critic, state.contest.optimiser)]:
        still = {name for name, each in module.named_parameters() if not optimiser.state[each]["exp_avg"].any()}
        # a shift of all verdicts costs one side at first what it gains the other
        assert still <= {f"verdicts.{level}.3.bias" for level in range(3)}


def test_a_contest_comes_back_whole(fought: tuple[str, Path, Moment]) -> None:
    before, after = fought[2].state, TrainingState.load(fought[1], 1e-3, "cpu")
    assert after is not None
    assert after.phase == before.phase
    assert before.contest is not None
    assert after.contest is not None
    assert after.contest.step == before.contest.step
    for one, other in zip(before.contest.critic.parameters(), after.contest.critic.parameters(), strict=True):
        assert torch.equal(one, other)
        was = before.contest.optimiser.state[one]["exp_avg"]
        assert torch.equal(was, after.contest.optimiser.state[other]["exp_avg"])
    for one, other in zip(before.networks.parameters(), after.networks.parameters(), strict=True):
        assert torch.equal(one, other)
        assert before.optimiser.state[one].keys() == after.optimiser.state[other].keys()


def test_it_goes_on_where_it_stopped(fought: tuple[str, Path, Moment], tmp_path: Path) -> None:
    phase, folder, moment = fought
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before, after = moment.state, train(PHASES[phase], MAKE, tmp_path, lambda _: None)
    assert before.contest is not None
    assert after.contest is not None
    assert after.phase == phase
    assert after.contest.step > before.contest.step


def test_painters_hear_critics_only_once_these_know_something(fought: tuple[str, Path, Moment]) -> None:
    phase, folder, _ = fought

    def after_step(number: int, has_changed_critic: bool) -> torch.Tensor:
        state = TrainingState.load(folder, 1e-3, "cpu")
        assert state is not None
        assert state.contest is not None
        state.contest.step = number
        if has_changed_critic:
            for parameter in state.contest.critic.parameters():
                parameter.data.mul_(1.5)
        examples = MAKE(range(4))
        assert examples is not None
        tokens = encode_captions(state.tokenizer, examples.captions, TINY.text_length)
        batch = batch_of([examples], [tokens], [(0, row) for row in range(len(examples))])
        noise, denoiser = torch.Generator().manual_seed(0), state.networks["denoiser"]
        assert isinstance(denoiser, Denoiser)
        if phase == "duel":
            duel_step(state, seen_on("cpu", batch, np.zeros(len(examples), dtype=np.int64), torch.float32), noise)
        else:
            untold = encode_captions(state.tokenizer, [""], TINY.text_length)
            drafts = drafts_of(denoiser, examples, tokens, untold, SETTINGS, "cpu", torch.float32, 0)
            finish_step(state, seen_on("cpu", batch, drafts.modes, torch.float32), drafts, noise)
        return torch.cat([each.detach().flatten() for each in state.networks.parameters()])

    early, late = ([after_step(step, changed) for changed in (False, True)] for step in (0, 1000))
    assert torch.equal(*early)
    assert not torch.allclose(*late, atol=1e-5)


def test_phases_begin_when_their_time_comes(tmp_path: Path) -> None:
    told: list[Moment] = []
    began: list[int] = []
    for plan in (PLAN, PHASES["duel"], replace(PLAN, rollout_from=0.0), PHASES["finish"], PHASES["duel"]):
        train(plan, MAKE, tmp_path, told.append)
        began.append(told[-1].state.progress.begun)
    assert [moment.state.phase for moment in told] == ["flow", "duel", "rollout", "finish", "finish"]
    assert [moment.state.contest is None for moment in told] == [True, False, True, False, False]
    assert 0 == began[0] < began[1] < began[2] < began[3] == began[4]
    for moment in (told[1], told[3]):
        assert moment.state.contest is not None
        assert moment.state.contest.step == moment.state.progress.step - moment.state.progress.begun


def test_phases_lie_side_by_side() -> None:
    plan = replace(PLAN, duel_from=0.5, finish_from=0.75)
    assert [plan.phase(share) for share in (0.0, 0.49)] == ["flow", "flow"]
    assert [plan.phase(share) for share in (0.5, 0.74, 0.75, 1.0)] == ["duel", "duel", "finish", "finish"]
    assert [plan.span(phase) for phase in ("flow", "duel", "finish")] == [(0.0, 0.5), (0.5, 0.75), (0.75, 1.0)]
    long = replace(plan, duel_from=0.5, rollout_from=0.6)
    assert [long.phase(share) for share in (0.55, 0.6, 0.74, 0.75)] == ["duel", "rollout", "rollout", "finish"]
    assert (long.span("duel"), long.span("rollout")) == ((0.5, 0.6), (0.6, 0.75))
    without = replace(PLAN, duel_from=0.5, finish_from=0.25)
    assert [without.phase(share) for share in (0.2, 0.3, 0.6)] == ["flow", "finish", "finish"]
    assert without.span("flow") == (0.0, 0.25)


def test_the_crop_critic_learns_to_tell_faint_detail_from_none() -> None:
    torch.manual_seed(0)
    critic = CropCritic(TINY)
    optimiser = torch.optim.AdamW(critic.parameters(), lr=5e-4, betas=(0.5, 0.99))
    controls, weight = torch.rand(8, TINY.controls, 32, 32), torch.ones(8, 1, 32, 32)
    losses: list[float] = []
    for _ in range(200):
        smooth = torch.nn.functional.interpolate(torch.rand(8, 3, 4, 4), scale_factor=8, mode="bicubic")
        rough = smooth + 0.05 * torch.randn(8, 3, 32, 32)
        loss = critic_loss(critic(rough, controls), critic(smooth, controls), weight)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(critic.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-20:]) / 20.0 < 0.6 * losses[0]


def test_the_finisher_is_asked_to_clean_smudges_and_to_keep_colours() -> None:
    picture = torch.rand(2, 3, 32, 32)
    small = shrunk(picture, SMALL)
    assert torch.allclose(cleaned(picture, small), picture, atol=1e-6)
    smudge = 0.2 * torch.tensor([1.0, -1.0]).repeat(4).expand(8, 8)
    assert torch.allclose(cleaned(picture, small + smudge), picture, atol=1e-6)
    assert torch.allclose(cleaned(picture, small + 0.2), picture + 0.2, atol=1e-6)


@pytest.fixture(scope="module")
def drafted() -> tuple[Examples, list[Drafts]]:
    """Examples, and their drafts from four seeds."""
    examples = Examples.joined([part for k in range(6) if (part := MAKE(range(40 * k, 40 * k + 40))) is not None])
    model = tiny_model(seed=3)
    tokens, untold = (encode_captions(model.tokenizer, told, TINY.text_length) for told in (examples.captions, [""]))
    given, settings = (model.denoiser, examples, tokens, untold), replace(SETTINGS, steps=3)
    return examples, [drafts_of(*given, settings, "cpu", torch.float32, seed) for seed in range(4)]


def test_every_example_has_its_own_draft(drafted: tuple[Examples, list[Drafts]]) -> None:
    examples, runs = drafted
    true = shrunk(to_unit(examples.pictures, "cpu"), SMALL)
    drafts = Drafts.joined(runs)
    assert all(len(each) == 4 * len(examples) for each in (drafts.small, drafts.modes, drafts.summary))
    is_true = (drafts.small - true.repeat(4, 1, 1, 1)).square().mean(dim=(1, 2, 3)).sqrt() < 0.16
    assert 0.02 < float(is_true.float().mean()) < 0.3
    assert {list(MODES).index("all"), list(MODES).index("none")} <= set(drafts.modes.tolist())


def test_drafts_come_back_with_their_rows(drafted: tuple[Examples, list[Drafts]]) -> None:
    drafts = drafted[1][0]
    few = Drafts.joined([drafts[[5]], drafts[[2]]])
    assert torch.equal(few.small, drafts.small[[5, 2]])
    assert torch.equal(few.summary, drafts.summary[[5, 2]])
    assert few.modes.tolist() == drafts.modes[[5, 2]].tolist()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused_before_anything_is_made(tmp_path: Path, share: float) -> None:
    with pytest.raises(InputError, match="duel_from is"):
        train_compact(tmp_path / "out", duel_from=share)
    with pytest.raises(InputError, match="finish_from is"):
        train_compact(tmp_path / "out", finish_from=share)
    with pytest.raises(InputError, match="floor_share is"):
        train_compact(tmp_path / "out", floor_share=share)
    assert not (tmp_path / "out").exists()
