"""Seeds are a function of the user's seed, an identity and a stage, never of order."""

from __future__ import annotations

import hashlib

import numpy as np

__all__ = ["derive_seed", "generator_for"]


def derive_seed(user_seed: int, identity: str, stage: str) -> int:
    """The 63-bit seed of one stage of one item; equal on every machine and in every order."""
    text = f"{user_seed}\x1f{identity}\x1f{stage}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def generator_for(user_seed: int, identity: str, stage: str) -> np.random.Generator:
    """A NumPy generator of its own for one stage of one item."""
    return np.random.default_rng(derive_seed(user_seed, identity, stage))
