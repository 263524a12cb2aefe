"""Batches of jobs through a pipeline: seeds per picture, padding, what to do when memory runs out or pictures fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Generic, TypeVar

import numpy as np
from jaxtyping import Float, UInt8

from posedreamer.errors import RecipeError, RunError, did_you_mean
from posedreamer.generation.checks import NOT_FINITE
from posedreamer.generation.diffusion.library import quietly
from posedreamer.generation.diffusion.loading import Loaded
from posedreamer.generation.diffusion.texts import without_encoders
from posedreamer.generation.protocol import PaintJob, Unpainted
from posedreamer.records import Picture

__all__ = ["NOT_FINITE", "UNSAFE", "Task", "check_arguments", "generators", "paint", "task_of"]

UNSAFE: Final = "picture_unsafe"
"""Reason of a picture that the safety checker refuses."""

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
IsSafe = Callable[[Sequence[Picture]], Sequence[bool]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[T]):
    """A picture to paint: what it shows, the seed of its noise, its size in pixels."""

    shows: T
    seed: int
    width: int
    height: int


def task_of(shows: T, job: PaintJob) -> Task[T]:
    """A job's task, of its camera's size."""
    camera = job.condition.scene.camera
    return Task(shows=shows, seed=job.seed, width=camera.width, height=camera.height)


def paint(
    loaded: Loaded,
    tasks: Sequence[Task[T]],
    arguments: Callable[[Sequence[T]], dict[str, Any]],
    batch_size: int,
    is_safe: IsSafe = None,
) -> list[Picture | Unpainted]:
    """One picture or refusal per task, in order; ``arguments`` gives a pipeline's for a batch, seeds and sizes apart.

    Batches are filled up with their last task, so that a picture does not depend on how many stand beside it. Where
    the device's memory runs out the batch is halved, once and for all in this process, and the log says so.

    Raises:
        RecipeError: a picture size that the model cannot paint, or an argument that the pipeline does not take.
        RunError: not even one picture fits the device.
    """
    painted: list[Picture | Unpainted] = []
    for (width, height), group in groupby(tasks, key=lambda task: (task.width, task.height)):
        _check_size(loaded, width, height)
        todo = list(group)
        while todo:
            size = min(batch_size, loaded.batch_limit or batch_size)
            few = todo[:size]
            given = _try(loaded, [*few, *[few[-1]] * (size - len(few))], arguments)
            if given is None:
                _halve(loaded, size)
                continue
            painted += _checked(given, len(few), is_safe)
            todo = todo[size:]
    return painted


def check_arguments(loaded: Loaded, names: Sequence[str]) -> None:
    """The pipeline takes these arguments. Raises RecipeError with the nearest that it takes."""
    for name in names:
        if name not in loaded.takes:
            raise RecipeError(
                f"{type(loaded.pipeline).__name__} takes no argument {name!r}; it takes: {', '.join(loaded.takes)}."
                f"{did_you_mean(name, loaded.takes)}"
            )


def generators(seeds: Sequence[int]) -> list[Any]:
    """One random generator per picture, on the CPU: a seed gives the same noise on every device."""
    import torch

    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


def _try(loaded: Loaded, tasks: Sequence[Task[T]], arguments: Callable[[Sequence[T]], dict[str, Any]]) -> Any:
    """What the pipeline gives for a full batch, None where the device's memory ran out."""
    import torch

    try:
        given = {
            **arguments([task.shows for task in tasks]),
            "generator": generators([task.seed for task in tasks]),
            "output_type": "np",
        }
        for name, value in (("width", tasks[0].width), ("height", tasks[0].height)):
            if name in loaded.takes:  # the others take the size of the picture they start from
                given.setdefault(name, value)
        check_arguments(loaded, list(given))
        with ExitStack() as stack:
            for context in _contexts(loaded, given):
                stack.enter_context(context)
            return loaded.pipeline(**given)
    except torch.OutOfMemoryError:
        return None


def _contexts(loaded: Loaded, given: Mapping[str, Any]) -> list[AbstractContextManager[Any]]:
    import torch

    is_cached = getattr(loaded.denoiser, "is_cache_enabled", False)
    return [
        quietly(),
        torch.no_grad(),
        loaded.denoiser.cache_context("cond") if is_cached else nullcontext(),
        without_encoders(loaded.pipeline) if "prompt_embeds" in given else nullcontext(),
    ]


def _halve(loaded: Loaded, size: int) -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if size == 1:
        raise RunError(
            f"{loaded.device} has not enough memory for one picture: set levers.offload_texts: true, "
            "levers.quantize: int8, or a smaller picture"
        )
    loaded.batch_limit = size // 2
    _LOG.warning("%s ran out of memory at %d pictures a batch; going on with %d", loaded.device, size, size // 2)


def _checked(given: Any, count: int, is_safe: IsSafe) -> list[Picture | Unpainted]:
    """The first ``count`` pictures as 8 bit, those that are no pictures as refusals."""
    values: Float[np.ndarray, "b h w 3"] = np.asarray(given.images)[:count]
    pictures = [Picture(pixels=_eight_bit(value)) for value in values]
    flagged: Sequence[bool] = getattr(given, "nsfw_content_detected", None) or [False] * count
    safe = is_safe(pictures) if is_safe else [True] * count
    painted: list[Picture | Unpainted] = []
    for place, picture in enumerate(pictures):
        if not np.isfinite(values[place]).all():
            painted.append(Unpainted(reason=NOT_FINITE))
        elif flagged[place] or not safe[place]:
            painted.append(Unpainted(reason=UNSAFE))
        else:
            painted.append(picture)
    return painted


def _eight_bit(values: Float[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    return np.rint(255.0 * np.clip(np.nan_to_num(values), 0.0, 1.0)).astype(np.uint8)


def _check_size(loaded: Loaded, width: int, height: int) -> None:
    multiple = loaded.edge_multiple
    if width % multiple or height % multiple:
        raise RecipeError(
            f"{type(loaded.pipeline).__name__} paints widths and heights that are multiples of {multiple}, the camera "
            f"is {width} x {height}; set width and height to, for example, "
            f"{max(1, round(width / multiple)) * multiple} x {max(1, round(height / multiple)) * multiple}"
        )
