"""Body parameters are complete, of the right shape, and finite, or one clear error says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from posedreamer.bodies.protocol import BodySpec
from posedreamer.errors import InputError, did_you_mean

__all__ = ["check_parameters"]


def check_parameters(spec: BodySpec, parameters: Mapping[str, Tensor]) -> None:
    """Nothing, when every parameter of the body is there, batched alike, float and finite.

    Raises InputError otherwise.
    """
    known = [p.name for p in spec.parameters]
    for name in parameters:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"body {spec.name} has no parameter {name!r}; expected {', '.join(known)}.{hint}")
    missing = [name for name in known if name not in parameters]
    if missing:
        raise InputError(
            f"body {spec.name} misses {', '.join(missing)}; expected all of {', '.join(known)}: start from neutral()"
        )
    first = parameters[known[0]]
    batch = len(first) if first.ndim else 0
    for p in spec.parameters:
        value = parameters[p.name]
        wanted = (batch, *p.shape)
        if value.shape != wanted or not value.is_floating_point():
            found = f"{value.dtype} of shape {tuple(value.shape)}"
            raise InputError(f"{p.name} is {found}; expected floats of shape {wanted}: one row for each body")
        if not bool(torch.isfinite(value).all()):
            raise InputError(
                f"{p.name} holds a value that is not finite; expected numbers: look for NaN or infinity in its source"
            )
