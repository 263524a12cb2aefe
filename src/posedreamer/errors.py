"""The errors a user can meet: one root, few leaves, each message says what, found, expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DatasetError",
    "InputError",
    "MissingExtraError",
    "MissingWeightsError",
    "PoseDreamerError",
    "RecipeError",
    "RunError",
    "did_you_mean",
]


class PoseDreamerError(Exception):
    """Root of every error that this package raises on purpose."""


class InputError(PoseDreamerError):
    """A file or value given by the user cannot be used as it is."""


class RecipeError(PoseDreamerError):
    """A recipe names something unknown, or differs from the recipe a data set was begun with."""


class MissingExtraError(PoseDreamerError):
    """An optional dependency is needed; the message names the extra to install."""


class MissingWeightsError(PoseDreamerError):
    """Model weights are neither in the cache nor reachable; the message gives the step to get them."""


class DatasetError(PoseDreamerError):
    """A data set on disk is incomplete, damaged or of another version."""


class RunError(PoseDreamerError):
    """A run cannot go on (hopeless keep rate, no disk, a worker that keeps dying); nothing written is lost."""


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """``' Did you mean "x"?'`` for the nearest known word, or an empty string."""
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""
