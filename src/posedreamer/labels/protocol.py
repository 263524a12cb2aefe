"""What every label source does: give the label of any index, as a pure function of the index and the seed."""

from __future__ import annotations

import hashlib
from typing import Protocol, runtime_checkable

from posedreamer.records import Label

__all__ = ["LabelSource", "label_id_of"]


@runtime_checkable
class LabelSource(Protocol):
    """An endless stream of labels with random access. It pickles: workers get it opened."""

    @property
    def name(self) -> str:
        """What rows call this source: a catalogue id or a file or folder name, without the machine's path."""
        ...

    @property
    def licence(self) -> str:
        """SPDX id or short name of the licence of the labels."""
        ...

    @property
    def digest(self) -> str:
        """Hash of everything the labels depend on besides seed and index (files' bytes, options)."""
        ...

    def label(self, index: int, seed: int) -> Label:
        """The label of ``index`` under the user's seed; equal in every process and order."""
        ...


def label_id_of(index: int, seed: int, digest: str) -> str:
    """A label's id: sorts by index, differs between seeds and sources."""
    mark = hashlib.blake2b(f"{seed}\x1f{digest}\x1f{index}".encode(), digest_size=4).hexdigest()
    return f"{index:08d}-{mark}"
