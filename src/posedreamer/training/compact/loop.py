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
from jaxtyping import Int64

from posedreamer.generation.compact.controls import CHANNELS, MODES
from posedreamer.generation.compact.network import Denoiser, NetworkShape
from posedreamer.generation.compact.painting import SamplerSettings
from posedreamer.generation.compact.tokens import encode_captions, train_tokenizer
from posedreamer.generation.compact.weights import CompactModel, load_model
from posedreamer.training.compact.attributes import SLOTS
from posedreamer.training.compact.batches import batch_of, draw_rows, seen_on
from posedreamer.training.compact.drafts import Drafts, drafts_of
from posedreamer.training.compact.duel import duel_step
from posedreamer.training.compact.examples import ExampleMaker, Examples, ExampleWorkers
from posedreamer.training.compact.finish import finish_step
from posedreamer.training.compact.flow import Losses, flow_step
from posedreamer.training.compact.rollout import rollout_step
from posedreamer.training.compact.state import PHASES, TrainingState

__all__ = ["Moment", "TrainingPlan", "train"]

_LOG = logging.getLogger(__name__)
_SHAPE: Final = NetworkShape(controls=len(CHANNELS), modes=len(MODES), words=1024, slots=SLOTS)
_DROPPED_CAPTIONS: Final = 0.1
_MODE_SHARES: Final = {"all": 0.78, "depth": 0.07, "skeleton": 0.07, "none": 0.08}
_DROPPED_WITH_CONTROLS: Final = 0.5
_WARM_UP_STEPS: Final = 200
_CRITICS_AHEAD: Final = 6
_DECAY_FROM: Final = 0.6
_LEAST_RATE: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """How long and how fast.

    Attributes:
        shape: of the networks; a training that is gone on from keeps its own.
        start: weights to begin from, with their shape and tokenizer; None begins from nothing.
        minutes: of training in all, over all sittings, the making of pictures included.
        sitting_minutes: of this sitting; it ends with the round in hand, and a later call goes on.
        duel_from, rollout_from, finish_from: shares of the time at which the later phases begin (``state.PHASES``);
            1 is never, and a phase that begins no later than one before it takes its place.
        learning_rate: of the networks in the first phase.
        duel_learning_rate, rollout_learning_rate, finish_learning_rate, critic_learning_rate: of the networks in the
            later ones, and of critics.
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
    duel_from: float = 1.0
    rollout_from: float = 1.0
    finish_from: float = 1.0
    duel_learning_rate: float = 2e-4
    rollout_learning_rate: float = 4e-4
    finish_learning_rate: float = 1.5e-4
    critic_learning_rate: float = 1e-3
    round_size: int = 768
    pool_rounds: int = 5
    reuse: float = 9.0
    workers: int = 2
    overlap: bool = False
    half_precision: bool = False
    device: str = "cpu"
    seed: int = 0

    def phase(self, share: float) -> str:
        """Which phase a share of the time is in."""
        return next(phase for phase, begins in reversed(self._begins().items()) if share >= begins)

    def span(self, phase: str) -> tuple[float, float]:
        """The shares of the time between which a phase lies."""
        begins = self._begins()
        later = list(begins)[list(begins).index(phase) + 1 :]
        return begins[phase], min((begins[each] for each in later), default=1.0)

    def rate(self, phase: str) -> float:
        """The highest learning rate of a phase's networks."""
        rates = {
            "flow": self.learning_rate,
            "duel": self.duel_learning_rate,
            "rollout": self.rollout_learning_rate,
            "finish": self.finish_learning_rate,
        }
        return rates[phase]

    def _begins(self) -> dict[str, float]:
        return {"flow": 0.0, "duel": self.duel_from, "rollout": self.rollout_from, "finish": self.finish_from}


@dataclass(frozen=True, slots=True)
class Moment:
    """What a round came to: mean losses since the last, and the model as it would be shipped."""

    losses: dict[str, float]
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
    pool: deque[_Held] = deque(maxlen=plan.pool_rounds)
    pending = workers.start(plan.round_size)
    try:
        while True:
            examples = Examples.joined(list(workers.finish(pending)))
            pending = workers.start(plan.round_size) if plan.overlap else []
            if state is None:
                state = _first_state(plan, examples.captions)
            tokens = encode_captions(state.tokenizer, examples.captions, state.shape.text_length)
            pool.append(_Held(examples, tokens))
            state.progress.made += len(examples)
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


@dataclass(slots=True)
class _Held:
    """A round's examples with their captions' tokens and, in the last phase, drafts."""

    examples: Examples
    tokens: Int64[np.ndarray, "n l"]
    drafts: Drafts | None = None


def _round(plan: TrainingPlan, state: TrainingState, pool: deque[_Held], clock: _Clock) -> Moment:
    """One round's steps over the pool."""
    rng = np.random.default_rng((plan.seed, state.progress.step))
    noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
    sizes = np.array([len(held.examples) for held in pool])
    steps = math.ceil(len(pool[-1].examples) * plan.reuse / plan.batch_size)
    losses: list[Losses] = []
    began = time.monotonic()
    for _ in range(steps):
        if clock.share() >= 1.0:
            break
        phase = plan.phase(clock.share())
        if list(PHASES).index(phase) > list(PHASES).index(state.phase):
            state.begin(phase, plan.learning_rate, plan.device)
            losses.clear()
        _set_rate(state, plan, clock)
        rows = draw_rows(sizes, plan.batch_size, rng)
        losses.append(_step(plan, state, pool, rows, rng, noise))
        state.progress.step += 1
        state.progress.seen += plan.batch_size
    last = losses[-1] if losses else {}
    means = {name: float(torch.stack([step[name] for step in losses]).mean()) for name in last}
    spent = 1e3 * (time.monotonic() - began) / max(len(losses) * plan.batch_size, 1)
    return Moment(means, spent, state)


def _step(
    plan: TrainingPlan,
    state: TrainingState,
    pool: deque[_Held],
    rows: list[tuple[int, int]],
    rng: np.random.Generator,
    noise: torch.Generator,
) -> Losses:
    """What the phase does with a batch of examples."""
    batch = batch_of([held.examples for held in pool], [held.tokens for held in pool], rows)
    untold = encode_captions(state.tokenizer, [""], state.shape.text_length)
    dtype = torch.bfloat16 if plan.half_precision else torch.float32
    if state.phase == "finish":
        parts: list[Drafts] = []
        for part, row in rows:
            held = pool[part]
            if held.drafts is None:
                denoiser, seed = state.networks["denoiser"], int(rng.integers(1 << 62))
                assert isinstance(denoiser, Denoiser)
                told = (held.examples, held.tokens, untold)
                held.drafts = drafts_of(denoiser, *told, SamplerSettings(), plan.device, dtype, seed)
            parts.append(held.drafts[[row]])
        drafts = Drafts.joined(parts)
        return finish_step(state, seen_on(plan.device, batch, drafts.modes, dtype), drafts, noise)
    modes = rng.choice(len(MODES), plan.batch_size, p=[_MODE_SHARES[mode] for mode in MODES])
    is_blind = modes == list(MODES).index("none")
    dropped = rng.random(plan.batch_size) < np.where(is_blind, _DROPPED_WITH_CONTROLS, _DROPPED_CAPTIONS)
    batch.tokens[dropped], batch.slots[dropped] = untold, 0
    step = {"flow": flow_step, "duel": duel_step, "rollout": rollout_step}[state.phase]
    return step(state, seen_on(plan.device, batch, modes, dtype), noise)


def _set_rate(state: TrainingState, plan: TrainingPlan, clock: _Clock) -> None:
    """In each phase warm-up, a level, and a cosine down to a hundredth over the last part of its time."""
    begins, ends = plan.span(state.phase)
    share = (clock.share() - begins) / max(ends - begins, 1e-9)
    step = state.progress.step - state.progress.begun
    _set(state.optimiser, plan.rate(state.phase) * _rate(share, step))
    if state.contest is not None:
        _set(state.contest.optimiser, plan.critic_learning_rate * _rate(share, _CRITICS_AHEAD * step))


def _rate(share: float, step: int) -> float:
    falling = min(max((share - _DECAY_FROM) / (1.0 - _DECAY_FROM), 0.0), 1.0)
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * (0.505 + 0.495 * math.cos(math.pi * falling))


def _set(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate
