from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.compact.tiny import TINY, tiny_weights
from posedreamer.errors import InputError, MissingWeightsError
from posedreamer.generation.compact.weights import load_model, save_model
from posedreamer.training.compact.attributes import SLOTS, WORDS, slot_rows
from posedreamer.training.compact.examples import ExampleMaker, Examples, ExampleWorkers
from posedreamer.training.compact.loop import Moment, TrainingPlan, train
from posedreamer.training.compact.objective import (
    crop,
    crop_corners,
    draw_times,
    drawn_on,
    flow_loss,
    person_weight,
    seen_small,
    shrunk,
)
from posedreamer.training.compact.state import TrainingState
from training.still_life import StillLife

MAKE = ExampleMaker(sources=(StillLife(),), shares=(1.0,), seed=3)
PLAN = TrainingPlan(shape=TINY, minutes=60.0, batch_size=4, round_size=10, reuse=1.0, workers=1)


def test_examples_are_the_same_for_the_same_indices_however_they_are_split() -> None:
    together = MAKE(range(8))
    apart = Examples.joined([part for k in range(4) if (part := MAKE(range(2 * k, 2 * k + 2))) is not None])
    assert together is not None
    assert together.captions == apart.captions
    assert np.array_equal(together.pictures, apart.pictures)
    assert np.array_equal(together.maps, apart.maps)
    assert len(together) == 7


def test_refused_scenes_alone_make_nothing() -> None:
    assert MAKE([4, 9]) is None


def test_workers_die_with_a_training_that_is_killed() -> None:
    tests = Path(__file__).parents[1]
    script = tests / "training" / "die_alone.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), *sys.path])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert len(workers) == 2
    until = time.monotonic() + 20.0
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < until, f"workers {workers} outlive their training"
        time.sleep(0.1)


def test_workers_never_make_an_index_twice() -> None:
    workers = ExampleWorkers(MAKE, 1, next_index=2)
    try:
        made = [Examples.joined(list(workers.finish(workers.start(3)))) for _ in range(2)]
    finally:
        workers.close()
    expected = MAKE(range(2, 8))
    assert expected is not None
    assert made[0].captions + made[1].captions == expected.captions
    assert workers.next_index == 8


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one round's state in it."""
    folder = tmp_path_factory.mktemp("training")
    train(replace(PLAN, sitting_minutes=1e-6), MAKE, folder, lambda _: None)
    return folder


def test_a_state_comes_back_whole(trained: Path) -> None:
    state = TrainingState.load(trained, 1e-3, "cpu")
    again = TrainingState.load(trained, 1e-3, "cpu")
    assert state is not None
    assert again is not None
    assert state.progress.step > 0
    assert state.progress.next_index > 0
    assert state.progress.made < state.progress.next_index
    for one, other in zip(state.networks.parameters(), again.networks.parameters(), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(state.optimiser.state[one]["exp_avg"], again.optimiser.state[other]["exp_avg"])
    facts = json.loads((trained / "state.json").read_text())
    assert facts["progress"]["step"] == state.progress.step


def test_training_goes_on_where_it_stopped(trained: Path, tmp_path: Path) -> None:
    before = TrainingState.load(trained, 1e-3, "cpu")
    assert before is not None
    for file in trained.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    after = train(replace(PLAN, sitting_minutes=1e-6), MAKE, tmp_path, lambda _: None)
    assert after.progress.step > before.progress.step
    assert after.progress.next_index > before.progress.next_index
    assert after.progress.seconds > before.progress.seconds
    assert len(list(tmp_path.glob("state-*.safetensors"))) == 1


def test_training_begins_from_weights(tmp_path: Path) -> None:
    start, told = tiny_weights(tmp_path / "tiny.safetensors", seed=4), list[Moment]()
    train(replace(PLAN, start=start, sitting_minutes=1e-6, learning_rate=0.0), MAKE, tmp_path / "out", told.append)
    before, after = load_model(start, "cpu"), told[-1].model()
    assert after.tokenizer.to_str() == before.tokenizer.to_str()
    for one, other in ((before.denoiser, after.denoiser), (before.finisher, after.finisher)):
        pairs = zip(one.parameters(), other.parameters(), strict=True)
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in pairs)
    with pytest.raises(MissingWeightsError, match="not at"):
        train(replace(PLAN, start=tmp_path / "none"), MAKE, tmp_path / "no", lambda _: None)


def test_time_that_is_spent_trains_no_further(trained: Path, tmp_path: Path) -> None:
    for file in trained.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = TrainingState.load(tmp_path, 1e-3, "cpu")
    assert before is not None
    after = train(replace(PLAN, minutes=before.progress.seconds / 60.0), MAKE, tmp_path, lambda _: None)
    assert after.progress.step == before.progress.step


@pytest.mark.parametrize("damage", ["facts", "tensors", "missing"])
def test_a_damaged_state_is_said_to_be_so(trained: Path, tmp_path: Path, damage: str) -> None:
    for file in trained.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tensors = next(tmp_path.glob("state-*.safetensors"))
    if damage == "facts":
        (tmp_path / "state.json").write_text("{")
    elif damage == "tensors":
        tensors.write_bytes(tensors.read_bytes()[:-100])
    else:
        tensors.unlink()
    with pytest.raises(InputError, match="damaged"):
        TrainingState.load(tmp_path, 1e-3, "cpu")


def test_what_is_told_is_a_model_that_can_be_shipped(tmp_path: Path) -> None:
    told: list[Moment] = []
    train(replace(PLAN, sitting_minutes=1e-6), MAKE, tmp_path / "training", told.append)
    save_model(told[-1].model(), tmp_path / "tiny.safetensors")
    assert load_model(tmp_path / "tiny.safetensors", "cpu").shape == TINY
    assert {"flow_loss", "finishing_loss", "naming_loss"} == set(told[-1].losses)
    assert all(math.isfinite(loss) for loss in told[-1].losses.values())


def test_the_loss_falls_when_the_network_learns(tmp_path: Path) -> None:
    told: list[Moment] = []
    plan = replace(PLAN, round_size=8, reuse=30.0, learning_rate=3e-3, sitting_minutes=1e-6)
    for _ in range(5):
        train(plan, MAKE, tmp_path, told.append)
    assert told[-1].losses["flow_loss"] < 0.6 * told[0].losses["flow_loss"]


def test_the_flow_loss_is_the_velocitys() -> None:
    picture, noise = torch.rand(3, 3, 4, 4), torch.randn(3, 3, 4, 4)
    time = torch.tensor([0.2, 0.5, 0.8])  # further on the loss is held
    guess = picture + 0.1 * torch.randn_like(picture)
    t = time[:, None, None, None]
    x = t * picture + (1 - t) * noise
    velocity, guessed = picture - noise, (guess - x) / (1 - t)
    expected = (velocity - guessed).square().mean()
    assert torch.allclose(flow_loss(guess, picture, time, torch.ones(3, 1, 4, 4)), expected, rtol=1e-4)


def test_people_weigh_more() -> None:
    picture, mask = torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1.0
    weight = person_weight(mask, 2)
    on, near, off = picture.clone(), picture.clone(), picture.clone()
    on[..., 5, 5], near[..., 9, 9], off[..., 14, 14] = 1.0, 1.0, 1.0
    time = torch.tensor([0.5])
    light = flow_loss(off, picture, time, weight)
    for heavy in (on, near):
        assert torch.isclose(flow_loss(heavy, picture, time, weight), 7.0 * light)


def test_times_lie_between_noise_and_picture_and_lean_where_they_are_told() -> None:
    early, late = (draw_times(4000, lean, torch.Generator().manual_seed(0)) for lean in (-1.0, 0.5))
    assert 0.08 < float((early == 0.0).float().mean()) < 0.12
    assert 0.0 <= float(early.min()) < float(late.max()) < 0.86
    assert 0.25 < float(early[early > 0].mean()) < 0.35
    assert 0.55 < float(late[late > 0].mean()) < 0.65


def test_the_finisher_sees_the_denoisers_own_pictures_and_true_ones() -> None:
    picture, drawn = torch.zeros(200, 3, 8, 8), torch.full((200, 3, 8, 8), 3.0)
    small = seen_small(picture, drawn, torch.Generator().manual_seed(0))
    is_own = (small == 1.0).all(dim=3).all(dim=2).all(dim=1)
    assert 0.65 < float(is_own.float().mean()) < 0.85
    assert float(small[~is_own].abs().mean()) < 0.2


def test_drawing_on_goes_from_guess_to_guess_through_fresh_noise() -> None:
    met: list[tuple[float, float]] = []

    def predict(noisy: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        met.append((float(time[0]), float(noisy.std())))
        return torch.full_like(noisy, 2.0)

    drawn = drawn_on(predict, torch.zeros(2, 3, 32, 32), (0.5, 0.75), torch.Generator().manual_seed(0))
    assert [time for time, _ in met] == [0.5, 0.75]
    assert [spread for _, spread in met] == pytest.approx([0.5, 0.25], rel=0.05)
    assert torch.equal(drawn, torch.full_like(drawn, 2.0))


def test_shrinking_takes_means() -> None:
    assert shrunk(torch.arange(4.0).reshape(1, 1, 2, 2), 2).item() == 1.5


def test_crops_lie_inside_on_the_grid_and_mostly_about_joints() -> None:
    seen = torch.zeros(200, 1, 64, 64)
    seen[..., 54, 4] = 1.0
    joints = np.broadcast_to(np.array([4, 54]), (200, 5, 2))
    corners = crop_corners(joints, (64, 64), 24, 8, torch.Generator().manual_seed(0))
    assert all(0 <= top <= 40 and 0 <= left <= 40 and top % 8 == 0 and left % 8 == 0 for top, left in corners)
    assert float((crop(seen, corners, 24).amax(dim=(1, 2, 3)) > 0).float().mean()) > 0.8
    nobody = crop_corners(np.full((200, 5, 2), -1), (64, 64), 24, 8, torch.Generator().manual_seed(0))
    assert len(set(nobody)) > 20


def test_joints_of_examples_lie_on_their_people() -> None:
    examples = MAKE([1])
    assert examples is not None
    columns, rows = examples.joints[0].T
    assert len(set(columns.tolist())) > 3
    mask = examples.maps[0, ..., 0] > 0
    assert mask[rows, columns].mean() > 0.8


def test_half_precision_learns_the_same(tmp_path: Path) -> None:
    told: list[Moment] = []
    for half in (False, True):
        plan = replace(PLAN, half_precision=half, sitting_minutes=1e-6)
        train(plan, MAKE, tmp_path / str(half), told.append)
    assert told[0].losses["naming_loss"] != told[1].losses["naming_loss"]
    assert told[0].losses == pytest.approx(told[1].losses, rel=0.02)
    assert all(parameter.dtype == torch.float32 for parameter in told[1].state.networks.parameters())


def test_a_crop_of_a_smaller_picture_shows_the_same_place() -> None:
    whole = torch.rand(2, 3, 64, 64)
    corners = [(8, 16), (40, 0)]
    expected = shrunk(crop(whole, corners, 24), 4)
    assert torch.allclose(crop(shrunk(whole, 4), corners, 24, 4), expected)


def test_slots_hold_what_captions_name() -> None:
    shown = StillLife()(1)
    assert shown is not None
    rows = slot_rows(shown.caption)
    words = [WORDS[row - 1] if row else "" for row in rows]
    look = shown.caption.appearances[0]
    assert words[:2] == [shown.caption.place, shown.caption.light]
    assert {look.top.colour, look.top.kind, look.bottom.colour, look.skin, look.hair_cut} <= set(words[2:15])
    assert not any(words[15:])
    assert len(rows) == SLOTS
