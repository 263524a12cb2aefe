from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from generation.compact.tiny import TINY
from posedreamer.generation.compact.controls import MODES
from posedreamer.generation.compact.tokens import encode_captions
from posedreamer.training.compact.batches import batch_of, seen_on
from posedreamer.training.compact.examples import ExampleMaker
from posedreamer.training.compact.loop import Moment, TrainingPlan, train
from posedreamer.training.compact.rollout import rollout_step
from posedreamer.training.compact.state import TrainingState
from training.still_life import StillLife

MAKE = ExampleMaker(sources=(StillLife(),), shares=(1.0,), seed=3)
PLAN = TrainingPlan(shape=TINY, minutes=60.0, sitting_minutes=1e-6, batch_size=4, round_size=10, reuse=2.0, workers=1)
PLAN = replace(PLAN, rollout_from=0.0)


@pytest.fixture(scope="module")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Moment]:
    """The phase after one round: its folder, what was told of it."""
    folder, told = tmp_path_factory.mktemp("rollout"), list[Moment]()
    train(PLAN, MAKE, folder, told.append)
    return folder, told[-1]


def test_the_denoiser_learns_and_its_text_encoder_and_the_finisher_rest(rolled: tuple[Path, Moment]) -> None:
    state, losses = rolled[1].state, rolled[1].losses
    assert state.phase == "rollout"
    assert state.contest is None
    assert set(losses) == {"flow_loss"}
    assert math.isfinite(losses["flow_loss"])
    for name, parameter in state.networks.named_parameters():
        learns = name.startswith("denoiser.") and not name.startswith("denoiser.text.")
        assert (parameter in state.optimiser.state) == learns, name
        assert learns or torch.equal(parameter, state.means.get_parameter(name))


def test_it_goes_on_where_it_stopped(rolled: tuple[Path, Moment], tmp_path: Path) -> None:
    folder, moment = rolled
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    after = train(PLAN, MAKE, tmp_path, lambda _: None)
    assert after.phase == "rollout"
    assert after.progress.begun == moment.state.progress.begun == 0
    assert after.progress.step > moment.state.progress.step


@pytest.mark.parametrize("mode", MODES)
def test_its_own_drawings_are_asked_for_people_and_for_the_detail_of_places(
    rolled: tuple[Path, Moment], mode: str
) -> None:
    examples = MAKE(range(4))
    assert examples is not None
    people = examples.maps[:, ..., 0] > 0
    dot, patch = np.zeros_like(people), np.zeros_like(people)
    dot[:, :4, :4], patch[:, :32, :32] = True, True

    def loss(changed: np.ndarray, rows: slice) -> float:
        state = TrainingState.load(rolled[0], 1e-3, "cpu")
        assert state is not None
        tokens = encode_captions(state.tokenizer, examples.captions, TINY.text_length)
        batch = batch_of([examples], [tokens], [(0, row) for row in range(4)])
        batch.pictures[rows][changed[rows]] ^= 64
        seen = seen_on("cpu", batch, np.full(4, list(MODES).index(mode)), torch.float32)
        return float(rollout_step(state, seen, torch.Generator().manual_seed(0))["flow_loss"])

    own, true = slice(0, 2), slice(2, 4)
    plain = loss(np.zeros_like(people), own)
    assert (loss(people, own) == plain) == (mode == "none")
    assert (loss(dot, own) == plain) == (mode == "none")
    assert loss(patch & ~people, true) != plain
