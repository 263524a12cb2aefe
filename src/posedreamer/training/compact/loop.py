"""The training loop: rounds of fresh pictures, each shown a few times, until the time is spent."""

# PyTorch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, UInt8
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_multi_avg_fn

from posedreamer.generation.compact.controls import CHANNELS, MODES, channels_shown
from posedreamer.generation.compact.network import SMALL, Context, NetworkShape
from posedreamer.generation.compact.painting import to_controls, to_unit
from posedreamer.generation.compact.sampling import mixed
from posedreamer.generation.compact.tokens import encode_captions, train_tokenizer
from posedreamer.generation.compact.weights import CompactModel, load_model
from posedreamer.training.compact.attributes import SLOTS
from posedreamer.training.compact.examples import ExampleMaker, Examples, ExampleWorkers
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

__all__ = ["Moment", "TrainingPlan", "train"]

_LOG = logging.getLogger(__name__)
_SHAPE: Final = NetworkShape(controls=len(CHANNELS), modes=len(MODES), words=1024, slots=SLOTS)
_DROPPED_CAPTIONS: Final = 0.1
_MODE_SHARES: Final = {"all": 0.78, "depth": 0.07, "skeleton": 0.07, "none": 0.08}
_DROPPED_WITH_CONTROLS: Final = 0.5
_DRAWN_ON_AT: Final = (0.5, 0.78)
_WARM_UP_STEPS: Final = 200
_DECAY_FROM: Final = 0.6
_MEAN_DECAY: Final = 0.999
_CROP_PX: Final = 96
_DENOISER_TIMES: Final = -1.0
_FINISHER_TIMES: Final = 0.0
_NAMING: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """How long and how fast.

    Attributes:
        shape: of the networks; a training that is gone on from keeps its own.
        start: weights to begin from, with their shape and tokenizer; None begins from nothing.
        minutes: of training in all, over all sittings, the making of pictures included.
        sitting_minutes: of this sitting; it ends with the round in hand, and a later call goes on.
        round_size: fresh pictures of a round; pool_rounds: rounds that are held in memory.
        reuse: how often a picture is shown on average.
        overlap: pictures of the next round are made while the networks train (where they train on another device).
        half_precision: products in bfloat16; faster where the device has units for them, slower elsewhere.
    """

    shape: NetworkShape = _SHAPE
    start: Path | None = None
    minutes: float = 150.0
    sitting_minutes: float = math.inf
    batch_size: int = 16
    learning_rate: float = 1e-3
    round_size: int = 768
    pool_rounds: int = 5
    reuse: float = 9.0
    workers: int = 2
    overlap: bool = False
    half_precision: bool = False
    device: str = "cpu"
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """What a round came to: mean losses since the last, and the model as it would be shipped."""

    flow: float
    finish: float
    naming: float
    milliseconds: float
    state: TrainingState

    def model(self) -> CompactModel:
        """The running means as a model."""
        means = self.state.means
        return CompactModel(
            denoiser=means["denoiser"],  # pyright: ignore[reportArgumentType]
            finisher=means["finisher"],  # pyright: ignore[reportArgumentType]
            tokenizer=self.state.tokenizer,
            shape=self.state.shape,
            card={},
        )


def train(plan: TrainingPlan, make: ExampleMaker, folder: Path, tell: Callable[[Moment], None]) -> TrainingState:
    """Trains until the plan's minutes or this sitting's are spent; ``folder`` holds the state and is gone on from.

    ``tell`` is called after every round, when the state has been saved.

    Raises InputError for a damaged state, MissingWeightsError for a damaged file to begin from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    state = TrainingState.load(folder, plan.learning_rate, plan.device)
    if state is None and plan.start is not None:
        state = TrainingState.of_model(load_model(plan.start, plan.device), plan.learning_rate, plan.device)
    workers = ExampleWorkers(make, plan.workers, state.progress.next_index if state else 0)
    began = time.monotonic()
    before = state.progress.seconds if state else 0.0
    pool: deque[Examples] = deque(maxlen=plan.pool_rounds)
    pending = workers.start(plan.round_size)
    try:
        while True:
            pool.append(Examples.joined(list(workers.finish(pending))))
            pending = workers.start(plan.round_size) if plan.overlap else []
            if state is None:
                state = _first_state(plan, pool[-1].captions)
            state.progress.made += len(pool[-1])
            clock = _Clock(began, before, plan)
            moment = _round(plan, state, pool, clock)
            state.progress.next_index = workers.next_index
            state.progress.seconds = clock.seconds()
            state.save(folder)
            tell(moment)
            if clock.is_over():
                return state
            pending = pending or workers.start(plan.round_size)
    finally:
        workers.close()


@dataclass(frozen=True, slots=True)
class _Clock:
    """Time spent on training."""

    began: float
    before: float
    plan: TrainingPlan

    def seconds(self) -> float:
        return self.before + time.monotonic() - self.began

    def share(self) -> float:
        return self.seconds() / (60.0 * self.plan.minutes)

    def is_over(self) -> bool:
        """Looked at between rounds."""
        return self.share() >= 1.0 or self.seconds() - self.before >= 60.0 * self.plan.sitting_minutes


def _first_state(plan: TrainingPlan, captions: Sequence[str]) -> TrainingState:
    tokenizer = train_tokenizer(captions, plan.shape.words)
    return TrainingState.fresh(plan.shape, tokenizer, plan.learning_rate, plan.device)


def _round(plan: TrainingPlan, state: TrainingState, pool: deque[Examples], clock: _Clock) -> Moment:
    """One round's steps over the pool."""
    rng = np.random.default_rng((plan.seed, state.progress.step))
    noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
    untold = encode_captions(state.tokenizer, [""], state.shape.text_length)
    tokens = [encode_captions(state.tokenizer, examples.captions, state.shape.text_length) for examples in pool]
    sizes = np.array([len(examples) for examples in pool])
    steps = math.ceil(len(pool[-1]) * plan.reuse / plan.batch_size)
    losses: list[Float[Tensor, "3"]] = []
    began = time.monotonic()
    for _ in range(steps):
        if clock.share() >= 1.0:
            break
        rows = _rows(sizes, plan.batch_size, rng)
        batch = _batch(pool, tokens, rows)
        modes = rng.choice(len(MODES), plan.batch_size, p=[_MODE_SHARES[mode] for mode in MODES])
        is_blind = modes == list(MODES).index("none")
        dropped = rng.random(plan.batch_size) < np.where(is_blind, _DROPPED_WITH_CONTROLS, _DROPPED_CAPTIONS)
        batch.tokens[dropped], batch.slots[dropped] = untold, 0
        _set_rate(state, plan, clock)
        losses.append(_step(state, plan, batch, modes, noise))
        state.progress.step += 1
        state.progress.seen += plan.batch_size
    flow, finish, naming = torch.stack(losses).mean(dim=0).tolist() if losses else (math.nan,) * 3
    spent = 1e3 * (time.monotonic() - began) / max(len(losses) * plan.batch_size, 1)
    return Moment(flow, finish, naming, spent, state)


@dataclass(frozen=True, slots=True)
class _Batch:
    pictures: UInt8[np.ndarray, "b h w 3"]
    maps: UInt8[np.ndarray, "b h w c"]
    joints: Int64[np.ndarray, "b j 2"]
    tokens: Int64[np.ndarray, "b n"]
    slots: Int64[np.ndarray, "b s"]


def _rows(sizes: Int64[np.ndarray, " r"], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """(round, row) of examples drawn from the pool, evenly."""
    drawn = rng.choice(int(sizes.sum()), count, replace=int(sizes.sum()) < count)
    ends = np.cumsum(sizes)
    parts = np.searchsorted(ends, drawn, side="right")
    return [(int(part), int(row - (ends[part] - sizes[part]))) for part, row in zip(parts, drawn, strict=True)]


def _batch(pool: deque[Examples], tokens: list[Int64[np.ndarray, "_n l"]], rows: list[tuple[int, int]]) -> _Batch:
    return _Batch(
        np.stack([pool[part].pictures[row] for part, row in rows]),
        np.stack([pool[part].maps[row] for part, row in rows]),
        np.stack([pool[part].joints[row] for part, row in rows]),
        np.stack([tokens[part][row] for part, row in rows]),
        np.stack([pool[part].slots[row] for part, row in rows]),
    )


def _set_rate(state: TrainingState, plan: TrainingPlan, clock: _Clock) -> None:
    """Warm-up, a level, and a cosine down to a hundredth over the last part of the time."""
    falling = min(max((clock.share() - _DECAY_FROM) / (1.0 - _DECAY_FROM), 0.0), 1.0)
    rate = min(1.0, (state.progress.step + 1) / _WARM_UP_STEPS) * (0.505 + 0.495 * math.cos(math.pi * falling))
    for group in state.optimiser.param_groups:
        group["lr"] = plan.learning_rate * rate


def _step(
    state: TrainingState, plan: TrainingPlan, batch: _Batch, modes: Int64[np.ndarray, " b"], noise: torch.Generator
) -> Float[Tensor, "3"]:
    """One optimiser step of all networks; the three losses."""
    half = plan.half_precision
    seen = _seen(plan.device, batch, modes, torch.bfloat16 if half else torch.float32)
    with torch.autocast(plan.device, dtype=torch.bfloat16, enabled=half):
        context = state.networks["denoiser"].read(seen.tokens, seen.modes)  # pyright: ignore[reportCallIssue]
        flow, small = _denoised(state, seen, context, noise)
        finish = _finished(state, seen, small, context, noise)
        names = state.networks["reader"](context.slots)
    named = F.cross_entropy(names.float().flatten(0, 1), seen.slots.flatten(), ignore_index=0)
    (flow + finish + _NAMING * named).backward()
    torch.nn.utils.clip_grad_norm_(state.networks.parameters(), 1.0)
    state.optimiser.step()
    state.optimiser.zero_grad()
    keep = min(_MEAN_DECAY, (1 + state.progress.step) / (10 + state.progress.step))
    get_ema_multi_avg_fn(keep)(list(state.means.parameters()), list(state.networks.parameters()), 0)
    return torch.stack([flow.detach(), finish.detach(), named.detach()]).cpu()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A batch on its device; ``controls`` are the maps that the modes show, ``mask`` the people, shown or not.

    ``joints`` stay behind, as they only say where crops are.
    """

    whole: Float[Tensor, "b 3 h w"]
    mask: Float[Tensor, "b 1 h w"]
    controls: Float[Tensor, "b c h w"]
    joints: Int[np.ndarray, "b j 2"]
    tokens: Int[Tensor, "b n"]
    slots: Int[Tensor, "b s"]
    modes: Int[Tensor, " b"]


def _seen(device: str, batch: _Batch, modes: Int64[np.ndarray, " b"], dtype: torch.dtype) -> _Seen:
    shown = torch.from_numpy(np.stack([channels_shown(mode) for mode in MODES])[modes]).to(device)
    maps = torch.from_numpy(batch.maps).to(device).permute(0, 3, 1, 2)
    tokens = batch.tokens[:, : int((batch.tokens > 0).sum(axis=1).max())]
    return _Seen(
        to_unit(batch.pictures, device),
        maps[:, :1].float().div(255.0),
        to_controls(maps, shown, dtype),
        batch.joints,
        torch.from_numpy(tokens).to(device),
        torch.from_numpy(batch.slots).to(device),
        torch.from_numpy(modes).to(device),
    )


def _denoised(
    state: TrainingState, seen: _Seen, context: Context, noise: torch.Generator
) -> tuple[Float[Tensor, ""], Float[Tensor, "b 3 h4 w4"]]:
    """The denoiser's loss, and small pictures for the finisher."""
    denoiser = state.networks["denoiser"]
    picture = shrunk(seen.whole, SMALL)
    edges = denoiser.look(seen.controls)  # pyright: ignore[reportCallIssue]

    def predict(noisy: Float[Tensor, "b 3 h4 w4"], time_: Float[Tensor, " b"]) -> Float[Tensor, "b 3 h4 w4"]:
        return denoiser(noisy, time_, edges, context)

    time_ = draw_times(len(picture), _DENOISER_TIMES, noise).to(picture.device)
    predicted = predict(mixed(picture, torch.randn(picture.shape, generator=noise).to(picture), time_), time_)
    loss = flow_loss(predicted, picture, time_, person_weight(shrunk(seen.mask, SMALL), 2))
    with torch.no_grad():
        drawn = drawn_on(predict, predicted, _DRAWN_ON_AT, noise)
        return loss, seen_small(picture, drawn, noise)


def _finished(
    state: TrainingState, seen: _Seen, small: Float[Tensor, "b 3 h4 w4"], context: Context, noise: torch.Generator
) -> Float[Tensor, ""]:
    """The finisher's loss on one crop of each picture."""
    finisher, size = state.networks["finisher"], min(_CROP_PX, seen.whole.shape[2])
    corners = crop_corners(seen.joints, seen.whole.shape[2:], size, 2 * SMALL, noise)
    picture = crop(seen.whole, corners, size)
    time_ = draw_times(len(picture), _FINISHER_TIMES, noise).to(picture.device)
    noisy = mixed(picture, torch.randn(picture.shape, generator=noise).to(picture), time_)
    predicted = finisher(
        noisy.contiguous(memory_format=torch.channels_last),
        time_,
        crop(small, corners, size, SMALL),
        finisher.look(crop(seen.controls, corners, size)),  # pyright: ignore[reportCallIssue]
        context.summary.detach(),
    )
    return flow_loss(predicted, picture, time_, person_weight(crop(seen.mask, corners, size), 6))
