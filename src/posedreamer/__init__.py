"""Generated human data with true labels: 3D body first, picture second, and only pictures that agree are kept."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posedreamer.bodies import load_body
    from posedreamer.dataset.open import open_dataset
    from posedreamer.dataset.verify import verify
    from posedreamer.labels.open import open_labels
    from posedreamer.recipes.plan import plan
    from posedreamer.recipes.run import generate
    from posedreamer.web.report import write_report

__all__ = [
    "__version__",
    "generate",
    "load_body",
    "open_dataset",
    "open_labels",
    "plan",
    "verify",
    "write_report",
]

__version__ = "0.1.0"

_ROOM_OF = {
    "generate": "recipes.run",
    "load_body": "bodies",
    "open_dataset": "dataset.open",
    "open_labels": "labels.open",
    "plan": "recipes.plan",
    "verify": "dataset.verify",
    "write_report": "web.report",
}


def __getattr__(name: str) -> Any:
    """Loads what is heavy on first use, so that ``import posedreamer`` stays light."""
    if name in _ROOM_OF:
        return getattr(import_module(f"posedreamer.{_ROOM_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
