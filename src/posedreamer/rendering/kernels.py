"""The typed door to numba: a function over arrays in, the same function compiled out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numpy as np
from numba import njit  # pyright: ignore[reportUnknownVariableType]

__all__ = ["kernel", "read_only"]

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D", bound=np.generic)


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The function compiled by numba at its first call: serial, cached on disk, division as in C (no exception).

    The cache watches the function's own file alone: keep what a kernel calls, and its constants, in that file.
    Arguments are not checked: an index outside an array is undefined behaviour, so callers validate first.
    """
    # run-time type checkers wrap every function of the package in tests; only what they wrap can be compiled
    compiled = njit(cache=True, error_model="numpy")(inspect.unwrap(function))
    return cast("Callable[P, R]", compiled)


def read_only(array: np.ndarray[tuple[int, ...], np.dtype[D]]) -> np.ndarray[tuple[int, ...], np.dtype[D]]:
    """A contiguous, read-only view of the array (a copy if it is strided).

    Inputs of kernels go through it: numba compiles anew for each layout and each writability it meets.
    """
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
