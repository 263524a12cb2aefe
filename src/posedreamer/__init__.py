"""Generated human data with true labels: 3D body first, picture second, and only pictures that agree are kept."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posedreamer.dataset.open import open_dataset

__all__ = ["__version__", "open_dataset"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads what is heavy on first use, so that ``import posedreamer`` stays light."""
    if name == "open_dataset":
        from posedreamer.dataset.open import open_dataset

        return open_dataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
