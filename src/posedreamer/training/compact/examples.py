"""Training examples made on the spot: a condition's control maps and caption, and the studio's picture of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import torch
from jaxtyping import Int64, UInt8

from posedreamer.execution.guard import die_with
from posedreamer.generation.compact.controls import control_maps
from posedreamer.records import Annotation, Condition
from posedreamer.seeds import derive_seed
from posedreamer.studio.painter import paint_planned
from posedreamer.training.compact.attributes import slot_rows

__all__ = ["ExampleMaker", "ExampleWorkers", "Examples"]

ConditionSource = Callable[[int], Condition | None]
"""Conditions by label index; None where there is no scene. It must pickle."""

_CHUNK: Final = 24
_BODY_AND_FEET: Final = 23
_JOINTS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Pictures that the studio painted, 8-bit sRGB, with what they were painted from; ``slots`` of ``slot_rows``.

    ``joints`` are places of the people's joints in the picture (column, row), each drawn at random; -1 without people.
    """

    pictures: UInt8[np.ndarray, "n h w 3"] = field(repr=False)
    maps: UInt8[np.ndarray, "n h w c"] = field(repr=False)
    joints: Int64[np.ndarray, "n j 2"] = field(repr=False)
    captions: tuple[str, ...] = field(repr=False)
    slots: Int64[np.ndarray, "n s"] = field(repr=False)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.captions)

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """All of them in one, in order."""
        return cls(
            pictures=np.concatenate([part.pictures for part in parts]),
            maps=np.concatenate([part.maps for part in parts]),
            joints=np.concatenate([part.joints for part in parts]),
            captions=tuple(caption for part in parts for caption in part.captions),
            slots=np.concatenate([part.slots for part in parts]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleMaker:
    """Makes the examples of label indices; the same for the same index. Plain config that pickles."""

    sources: tuple[ConditionSource, ...]
    shares: tuple[float, ...]
    seed: int

    def __call__(self, indices: Sequence[int]) -> Examples | None:
        """Examples of those indices whose scenes are not refused; None where all are."""
        cv2.setNumThreads(1)
        made = [example for index in indices if (example := self._one(index)) is not None]
        return Examples.joined(made) if made else None

    def _one(self, index: int) -> Examples | None:
        source = np.random.default_rng((self.seed, index)).choice(len(self.sources), p=self.shares)
        condition = self.sources[int(source)](index)
        if condition is None:
            return None
        seed = derive_seed(self.seed, condition.condition_id, "paint")
        picture, plan = paint_planned(condition, seed)
        return Examples(
            pictures=picture.pixels[None],
            maps=np.ascontiguousarray(np.moveaxis(control_maps(condition, plan), 0, -1))[None],
            joints=_joints(condition.annotation, np.random.default_rng((seed, 1)))[None],
            captions=(condition.caption.text,),
            slots=slot_rows(condition.caption)[None],
        )


def _joints(annotation: Annotation, rng: np.random.Generator) -> Int64[np.ndarray, "j 2"]:
    """Joints of body and feet that are in the frame, hidden or not."""
    rows = np.concatenate([person.keypoints_2d[:_BODY_AND_FEET] for person in annotation.people])
    places = rows[rows[:, 2] > 0, :2].astype(np.int64)
    return places[rng.integers(len(places), size=_JOINTS)] if len(places) else np.full((_JOINTS, 2), -1)


class ExampleWorkers:
    """Processes of this machine that make examples; indices only grow, so that none is ever made twice."""

    def __init__(self, make: ExampleMaker, workers: int, next_index: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),))
        self._make, self.next_index = make, next_index

    def start(self, count: int) -> list[Future[Examples | None]]:
        """Begins about ``count`` examples (fewer come back: some scenes are refused)."""
        first, self.next_index = self.next_index, self.next_index + count
        chunks = [range(at, min(at + _CHUNK, self.next_index)) for at in range(first, self.next_index, _CHUNK)]
        return [self._pool.submit(self._make, chunk) for chunk in chunks]

    @staticmethod
    def finish(futures: Sequence[Future[Examples | None]]) -> Iterator[Examples]:
        """What was begun, in order of index."""
        for future in futures:
            made = future.result()
            if made is not None:
                yield made

    def process_ids(self) -> list[int]:
        """Of the workers that were started so far."""
        return [child.pid for child in multiprocessing.active_children() if child.pid is not None]

    def close(self) -> None:
        """Stops the processes; what was begun and not finished is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _begin(parent_pid: int) -> None:
    """A worker ends with the training, whatever ends it; Ctrl-C is the training's to handle."""
    die_with(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
