"""The typed door to numba: a function over arrays in, the same function compiled out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit  # pyright: ignore[reportUnknownVariableType]

__all__ = ["kernel"]

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The function compiled by numba at its first call: serial, cached on disk, division as in C (no exception).

    Arguments are not checked: an index outside an array is undefined behaviour, so callers validate first.
    """
    # run-time type checkers wrap every function of the package in tests; only what they wrap can be compiled
    compiled = njit(cache=True, error_model="numpy")(inspect.unwrap(function))
    return cast("Callable[P, R]", compiled)
