"""What can become of an item at a stage: it goes on, is dropped with a reason, or failed with an error."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Dropped", "Failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The item was refused on purpose: ``reason`` is a short stable word ("too_few_visible_joints")."""

    item_id: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The item met an error it could not survive: ``error`` is the exception's type and message."""

    item_id: str
    stage: str
    error: str
