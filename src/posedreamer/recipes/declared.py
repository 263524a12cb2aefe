"""What every stage of a recipe says of itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Declared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Name, version, what it needs and gives, and how many items it wants at once."""

    name: str
    version: str
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    batch_size: int

    def setup_node(self) -> None:
        """Nothing to fetch, unless a stage says otherwise."""

    def setup_worker(self) -> None:
        """Nothing to load, unless a stage says otherwise."""
