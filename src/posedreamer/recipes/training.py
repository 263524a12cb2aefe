"""``posedreamer train``: what is trained, on which recipes' conditions, and what is told on the way."""

from __future__ import annotations

import json
import logging
import math
import os
import platform
from dataclasses import asdict, replace
from itertools import count, islice
from pathlib import Path
from typing import Final

import numba
import torch

from posedreamer.errors import InputError
from posedreamer.generation.compact.painting import SamplerSettings
from posedreamer.generation.compact.weights import save_model
from posedreamer.recipes.conditions import RecipeConditions
from posedreamer.scoring.blazepose import BlazePoseScorer
from posedreamer.training.compact.examples import ExampleMaker
from posedreamer.training.compact.judging import Yardstick, write_sheet
from posedreamer.training.compact.loop import Moment, TrainingPlan, train

__all__ = ["train_compact"]

_LOG = logging.getLogger(__name__)
_STUDIO: Final = ("generator.name=studio",)
_PAIRS: Final = 0.1
_ON_THE_FLOOR: Final = (*_STUDIO, "labels.0.options={families: {lying: 0.35, bending: 0.25, crawling: 0.2, yoga: 0.2}}")
_HELD_OUT_SEED: Final = 1_000_003
_HELD_OUT: Final = 64
_LOOK_EVERY_MINUTES: Final = 20.0


def train_compact(
    out: Path,
    *,
    minutes: float = 150.0,
    sitting_minutes: float = math.inf,
    device: str = "cpu",
    workers: int | None = None,
    seed: int = 0,
    start: Path | None = None,
    duel_from: float = 0.6,
    rollout_from: float = 0.68,
    finish_from: float = 0.8,
    floor_share: float = 0.0,
) -> Path:
    """Trains the compact model, or goes on where ``out`` stopped; returns the weight file.

    ``out`` gets ``compact.safetensors`` (the model so far), ``state.json`` with its tensors, ``log.jsonl`` and a sheet
    of pictures now and then. Labels come from the built-in pose prior, framed as in the recipes demo and pairs,
    a further ``floor_share`` of them from its families that lie, crawl and bend (a tenth of the default mixture).

    From the share ``duel_from`` of the time on the denoiser alone learns, against a critic (``training.compact.duel``),
    from ``rollout_from`` on its own drawings (``training.compact.rollout``), from ``finish_from`` on the finisher alone
    (``training.compact.finish``); 1 is never, and a phase that begins no later than one before it takes its place.

    It begins from nothing, or from the weights in the file ``start``; a state in ``out`` goes before.

    Raises InputError for a damaged state, no time, a share outside [0, 1], or a device that is not there,
    MissingWeightsError for ``start``.
    """
    if not minutes > 0 or not sitting_minutes > 0:
        raise InputError(f"minutes is {minutes:g} and of this sitting {sitting_minutes:g}, expected above 0.")
    for name, share in (("duel_from", duel_from), ("rollout_from", rollout_from), ("finish_from", finish_from)):
        if not 0.0 <= share <= 1.0:
            raise InputError(f"{name} is {share:g}, expected a share of the time, 0 to 1 (1: never).")
    if not 0.0 <= floor_share <= 1.0 - _PAIRS:
        raise InputError(f"floor_share is {floor_share:g}, expected a share of the labels, 0 to {1.0 - _PAIRS:g}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device is 'cuda', but PyTorch sees none here. Use --device cpu.")
    cores = os.cpu_count() or 1
    plan = TrainingPlan(minutes=minutes, sitting_minutes=sitting_minutes, device=device, seed=seed, start=start)
    plan = replace(plan, duel_from=duel_from, rollout_from=rollout_from, finish_from=finish_from)
    plan = replace(plan, half_precision=device == "cuda" or has_half_precision_units())
    plan = replace(plan, workers=cores if workers is None else workers)
    if device == "cuda":
        plan = replace(plan, batch_size=128, round_size=4096, overlap=True)
    else:
        torch.set_num_threads(cores)
    _LOG.info("threads: %d torch, %d numba", torch.get_num_threads(), numba.get_num_threads())
    framed = (("demo", _STUDIO), ("demo", _ON_THE_FLOOR), ("pairs", _STUDIO))
    sources = tuple(RecipeConditions(recipe=name, settings=settings, seed=seed) for name, settings in framed)
    shares = (1.0 - floor_share - _PAIRS, floor_share, _PAIRS)
    teller = _Teller(out, minutes)
    train(plan, ExampleMaker(sources=sources, shares=shares, seed=seed), out, teller)
    return teller.weights


def has_half_precision_units() -> bool:
    """Whether this CPU has units for products in bfloat16 (AMX, AVX-512 BF16); on others single precision is faster.

    False, too, under a PyTorch that is too old to say.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict[str, bool])()
    return any(capabilities.get(units, False) for units in ("amx_bf16", "avx512_bf16"))


class _Teller:
    """Writes the log and the model after every round, looks at pictures now and then."""

    def __init__(self, out: Path, minutes: float) -> None:
        self.weights = out / "compact.safetensors"
        self._out, self._minutes, self._looked_at = out, minutes, -math.inf
        self._yardstick: Yardstick | None = None

    def __call__(self, moment: Moment) -> None:
        progress = moment.state.progress
        spent = progress.seconds / 60.0
        line: dict[str, float] = {
            "minutes": round(spent, 2),
            "step": progress.step,
            "seen": progress.seen,
            "made": progress.made,
            **{name: round(loss, 5) for name, loss in moment.losses.items()},
            "ms_a_picture": round(moment.milliseconds, 1),
        }
        if spent - self._looked_at >= _LOOK_EVERY_MINUTES or spent >= self._minutes:
            self._looked_at = spent
            line |= self._look(moment)
        with (self._out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        _LOG.info("%s", ", ".join(f"{name} {value:g}" for name, value in line.items()))
        card = {"training": asdict(progress), "minutes": round(spent, 1), "machine": platform.machine()}
        save_model(replace(moment.model(), card=card), self.weights)

    def _look(self, moment: Moment) -> dict[str, float]:
        if self._yardstick is None:
            held_out = RecipeConditions(recipe="demo", settings=_STUDIO, seed=_HELD_OUT_SEED)
            conditions = (condition for index in count() if (condition := held_out(index)) is not None)
            self._yardstick = Yardstick(
                conditions=tuple(islice(conditions, _HELD_OUT)), judge=BlazePoseScorer(), seed=_HELD_OUT_SEED
            )
        verdict = self._yardstick.measure(moment.model(), SamplerSettings())
        write_sheet(verdict, self._out / f"pictures-{moment.state.progress.step:06d}.png")
        return {
            "share": round(verdict.share, 4),
            "share_studio": round(verdict.share_studio, 4),
            "oks": round(verdict.oks, 4),
            "oks_studio": round(verdict.oks_studio, 4),
        }
