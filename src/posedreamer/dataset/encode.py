"""Pictures to bytes and back; every file says in its metadata that it is synthetic."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from posedreamer.errors import DatasetError, RecipeError

__all__ = [
    "EncodedImage",
    "ImageEncoding",
    "content_hash_of",
    "decode_image",
    "decode_regions",
    "encode_image",
    "encode_regions",
]

_SUFFIX: Mapping[str, str] = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_LEAST_QUALITY = 95

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{kind}"/></rdf:RDF></x:xmpmeta>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEncoding:
    """How pictures are stored.

    Attributes:
        format: "jpeg" (4:4:4), or lossless "png" or "webp".
        quality: of JPEG, 95 to 100: preference training must not learn compression marks. Lossless formats ignore it.
        synthetic: the IPTC digital source type written into every file: "algorithmicMedia" for pictures made without
            learned models, "trainedAlgorithmicMedia" for those of a diffusion model; "" writes none.
    """

    format: str = "jpeg"
    quality: int = 95
    synthetic: str = "algorithmicMedia"

    def __post_init__(self) -> None:
        if self.format not in _SUFFIX:
            raise RecipeError(f"image format {self.format!r} is unknown; use one of {', '.join(_SUFFIX)}")
        if not _LEAST_QUALITY <= self.quality <= 100:
            raise RecipeError(f"image quality is {self.quality}; expected {_LEAST_QUALITY} to 100")

    @property
    def suffix(self) -> str:
        """File name ending, with the dot."""
        return _SUFFIX[self.format]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedImage:
    """A picture as it is stored; ``path`` is its file name in exports."""

    data: bytes
    path: str

    def decode(self) -> UInt8[np.ndarray, "h w 3"]:
        """RGB pixels, 8 bit sRGB. Raises DatasetError for bytes that are no picture."""
        return decode_image(self.data)


def encode_image(pixels: UInt8[np.ndarray, "h w 3"], encoding: ImageEncoding) -> bytes:
    """The bytes of an RGB picture; the same pixels give the same bytes under the same library version."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    stream = io.BytesIO()
    xmp = _XMP.format(kind=encoding.synthetic) if encoding.synthetic else ""
    options: dict[str, Any] = {"xmp": xmp.encode()} if xmp else {}
    match encoding.format:
        case "jpeg":
            image.save(stream, "JPEG", quality=encoding.quality, subsampling=0, **options)
        case "webp":
            image.save(stream, "WEBP", lossless=True, quality=60, **options)
        case _:
            info = PngImagePlugin.PngInfo()
            if xmp:
                info.add_itxt("XML:com.adobe.xmp", xmp)
            image.save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def encode_regions(regions: UInt8[np.ndarray, "h w"]) -> bytes:
    """A region map (indices into REGIONS) as a lossless grey PNG."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(regions)).save(stream, "PNG")
    return stream.getvalue()


def decode_regions(data: bytes) -> UInt8[np.ndarray, "h w"]:
    """The region map of ``encode_regions``. Raises DatasetError for bytes that are none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("L"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(
            f"a stored region map of {len(data)} bytes does not decode ({error}); restore the file or generate it again"
        ) from error


def decode_image(data: bytes) -> UInt8[np.ndarray, "h w 3"]:
    """RGB pixels of an encoded picture. Raises DatasetError for bytes that are no picture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DatasetError(
            f"a stored picture of {len(data)} bytes does not decode ({error}); restore the file or generate it again"
        ) from error


def content_hash_of(pixels: UInt8[np.ndarray, "h w 3"], scores: Mapping[str, float]) -> str:
    """Hash of decoded pixels and scores: equal for equal content, whatever its id."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    for name in sorted(scores):
        digest.update(f"\x1f{name}={float(scores[name]).hex()}".encode())
    return digest.hexdigest()
