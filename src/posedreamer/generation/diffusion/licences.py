"""What is known of public models without asking a hub: licence, size, the revision this version was written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from posedreamer.estimators.pretrained import UNKNOWN_LICENCE

__all__ = ["KNOWN", "KnownModel", "joined"]

_FLUX_DEV: Final = "FLUX.1-dev Non-Commercial License"
_RAIL: Final = "CreativeML Open RAIL++-M"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A public model, as its makers publish it.

    Attributes:
        licence: of the weights; what it says of pictures made with them is for the user to read.
        disk_gb: of the files that are fetched, 10^9 bytes, roughly; None where nobody measured it.
        revision: a commit of its repository, "" where none is on record.
        is_gated: its makers want the licence accepted, and a token.
    """

    licence: str
    disk_gb: float | None = None
    revision: str = ""
    is_gated: bool = False


KNOWN: Final[Mapping[str, KnownModel]] = MappingProxyType(
    {
        "black-forest-labs/FLUX.1-dev": KnownModel(
            licence=_FLUX_DEV, disk_gb=34, revision="3de623fc3c33e44ffbe2bad470d0f45bccf2eb21", is_gated=True
        ),
        "black-forest-labs/FLUX.1-schnell": KnownModel(
            licence="Apache-2.0", disk_gb=34, revision="741f7c3ce8b383c54771c7003378a50191e9efe9", is_gated=True
        ),
        "black-forest-labs/FLUX.1-Depth-dev": KnownModel(licence=_FLUX_DEV, disk_gb=34, is_gated=True),
        "black-forest-labs/FLUX.1-Depth-dev-lora": KnownModel(
            licence=_FLUX_DEV, disk_gb=1.2, revision="ee9cc283d790a079d549ac0bf9ef7183082e3d90", is_gated=True
        ),
        "Shakker-Labs/FLUX.1-dev-ControlNet-Union-Pro": KnownModel(licence=_FLUX_DEV, disk_gb=6.6),
        "Shakker-Labs/FLUX.1-dev-ControlNet-Union-Pro-2.0": KnownModel(licence=_FLUX_DEV, disk_gb=4.3),
        "Shakker-Labs/FLUX.1-dev-ControlNet-Depth": KnownModel(licence=_FLUX_DEV),
        "InstantX/FLUX.1-dev-Controlnet-Union": KnownModel(licence=_FLUX_DEV),
        "jasperai/Flux.1-dev-Controlnet-Depth": KnownModel(licence=_FLUX_DEV),
        "stabilityai/stable-diffusion-xl-base-1.0": KnownModel(
            licence=_RAIL, disk_gb=14, revision="462165984030d82259a11f4367a4eed129e94a7b"
        ),
        "diffusers/controlnet-depth-sdxl-1.0": KnownModel(
            licence=_RAIL, disk_gb=5, revision="17bb97973f29801224cd66f192c5ffacf82648b4"
        ),
        "xinsir/controlnet-openpose-sdxl-1.0": KnownModel(
            licence="Apache-2.0", disk_gb=2.5, revision="23f966cd5cfdd3f7729c903e243d87152162d2b7"
        ),
        "xinsir/controlnet-depth-sdxl-1.0": KnownModel(licence="Apache-2.0", disk_gb=2.5),
    }
)
"""Hub id -> what is known. A model that is not here is used all the same; its licence comes from its model card."""


def joined(licences: list[str]) -> str:
    """Every licence once, in order; a picture is made under all of them."""
    return " + ".join(dict.fromkeys(licences)) or UNKNOWN_LICENCE
