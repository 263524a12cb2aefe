"""Pictures for a page: small, encoded, with the control maps and the label drawn anew from the row itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Float, UInt8
from markupsafe import Markup
from PIL import Image

from posedreamer.bodies import load_body
from posedreamer.dataset.sample import Sample
from posedreamer.errors import DatasetError
from posedreamer.geometry.camera import to_camera
from posedreamer.geometry.keypoints import COCO_17, HAND_21, KeypointLayout
from posedreamer.records import Buffers, Camera, PersonAnnotation
from posedreamer.rendering.maps import Surface, depth_inverse, mesh_to_rgb, normals_rgb
from posedreamer.rendering.rasterizer import Mesh, prop_meshes, rasterize
from posedreamer.rendering.skeleton import draw_openpose

__all__ = ["CONTROLS", "Shrunk", "control_maps", "encode_within", "label_svg", "shrink", "webp"]

CONTROLS: Final[Mapping[str, str]] = {
    "mesh": "mesh to RGB",
    "depth": "depth",
    "normals": "normals",
    "skeleton": "skeleton",
}
_CONTROL_PX: Final = 256
_PICTURE_PX: Final = 384
_STEPS: Final = ((384, 82), (320, 80), (256, 78), (192, 72), (128, 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """A picture of at most 384 px a side, and the size it had."""

    pixels: UInt8[np.ndarray, "h w 3"] = field(repr=False)
    width: int
    height: int


def shrink(pixels: UInt8[np.ndarray, "h w 3"], longest: int = _PICTURE_PX) -> UInt8[np.ndarray, "_ _ 3"]:
    """The picture with its longer side at most ``longest`` px, averaged, never enlarged."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def webp(pixels: UInt8[np.ndarray, "h w 3"], quality: int) -> str:
    """The picture as base64 of a WebP file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", quality=quality, method=4)
    return base64.b64encode(stream.getvalue()).decode()


def encode_within(pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]], most_bytes: int) -> list[str]:
    """Base64 WebP of each, all in the largest size of a fixed ladder whose sum stays within ``most_bytes``."""
    encoded: list[str] = []
    for side, quality in _STEPS:
        encoded = [webp(shrink(picture, side), quality) for picture in pictures]
        if sum(map(len, encoded)) <= most_bytes:
            break
    return encoded


def control_maps(sample: Sample) -> dict[str, str]:
    """Base64 WebP of each control map, rendered from the row's people, props and camera at thumbnail size.

    Raises RecipeError when a body model is not installed, DatasetError when it is in another version than the row's.
    """
    camera, _ = _scaled(sample, _CONTROL_PX)
    fine, people = _scaled(sample, 2 * _CONTROL_PX)
    meshes, surfaces = _meshes(sample, camera)
    buffers: Buffers = rasterize(meshes, camera, prop_meshes(sample.props))
    depth = depth_inverse(buffers)
    maps = {
        "mesh": mesh_to_rgb(buffers, surfaces),
        "depth": np.repeat(depth[..., None], 3, axis=2),
        "normals": normals_rgb(buffers, meshes),
        "skeleton": shrink(draw_openpose(people, fine.width, fine.height), max(camera.width, camera.height)),
    }
    return {name: webp(maps[name], 75) for name in CONTROLS}


def label_svg(sample: Sample) -> Markup:
    """The label as an SVG in the picture's pixels: box, skeleton and hands; the person's left orange, right blue.

    Joints with v = 2 have their side's colour, with v = 1 are white, with v = 0 are left out. Line widths stay the same
    on the screen, whatever the picture's size.
    """
    paths: list[str] = []
    for person in sample.people:
        x, y, width, height = person.bbox_xywh_px
        if width > 0 and height > 0:
            paths.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"/>')
        paths += _edges(person)
        paths += _joints(person)
    view = f'<svg class="label" viewBox="0 0 {sample.width} {sample.height}" aria-hidden="true">'
    return Markup(view + "".join(paths) + "</svg>")


def _scaled(sample: Sample, longest_px: int) -> tuple[Camera, list[PersonAnnotation]]:
    """The row's camera and 2D label for a picture whose longer side has ``longest_px``."""
    scale = longest_px / max(sample.width, sample.height)
    width, height = max(1, round(sample.width * scale)), max(1, round(sample.height * scale))
    stretch = np.array([width / sample.width, height / sample.height, 1.0])
    camera = Camera(
        width=width,
        height=height,
        K=sample.camera.K * stretch[:, None],
        cam_from_world=sample.camera.cam_from_world,
    )
    return camera, [_stretched(person, stretch) for person in sample.people]


def _stretched(person: PersonAnnotation, stretch: Float[np.ndarray, "3"]) -> PersonAnnotation:
    def points(values: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        return (values * stretch).astype(np.float32)

    return PersonAnnotation(
        person=person.person,
        keypoints_2d=points(person.keypoints_2d),
        keypoints_3d_cam_m=person.keypoints_3d_cam_m,
        feet_2d=points(person.feet_2d),
        left_hand_2d=points(person.left_hand_2d),
        right_hand_2d=points(person.right_hand_2d),
        bbox_xywh_px=person.bbox_xywh_px,
        amodal_bbox_xywh_px=person.amodal_bbox_xywh_px,
        visible_px=person.visible_px,
        posture=person.posture,
    )


def _meshes(sample: Sample, camera: Camera) -> tuple[list[Mesh], list[Surface]]:
    meshes: list[Mesh] = []
    surfaces: list[Surface] = []
    for person, version in zip(sample.people, sample.body_versions, strict=True):
        body = load_body(person.person.body_model)
        if body.spec.version != version:
            raise DatasetError(
                f"made with body {body.spec.name} {version}, installed is {body.spec.version}; install that version"
            )
        pose = body.pose({name: np.array(value)[None] for name, value in person.person.parameters.items()})
        vertices = to_camera(camera, pose.vertices_m[0].numpy()).astype(np.float32)
        topology = body.topology
        meshes.append(Mesh(vertices_cam_m=vertices, faces=topology.faces))
        surfaces.append(
            Surface(faces=topology.faces, face_part=topology.face_part, canonical_xyz=topology.canonical_xyz)
        )
    return meshes, surfaces


def _edges(person: PersonAnnotation) -> list[str]:
    drawn = [
        ("hand left", _lines(person.left_hand_2d, HAND_21, "")),
        ("hand right", _lines(person.right_hand_2d, HAND_21, "")),
        *((side, _lines(person.keypoints_2d, COCO_17, side)) for side in ("middle", "left", "right")),
    ]
    return [f'<path class="{style}" d="{path}"/>' for style, path in drawn if path]


def _lines(points: Float[np.ndarray, "n 3"], layout: KeypointLayout, side: str) -> str:
    """Path of the edges of one side ("left", "right", "middle"; "" for all) between points in the frame."""
    parts: list[str] = []
    for start, end in layout.edges:
        a, b = points[layout.index(start)], points[layout.index(end)]
        if a[2] > 0 and b[2] > 0 and side in ("", _side_of(start, end)):
            parts.append(f"M{_at(a)}L{_at(b)}")
    return "".join(parts)


def _joints(person: PersonAnnotation) -> list[str]:
    """One path of zero-length strokes per side and visibility: dots of a fixed size on the screen."""
    dots: dict[str, str] = {}
    for name, point in zip(COCO_17.names, person.keypoints_2d, strict=True):
        if point[2] > 0:
            style = f"dot {_side_of(name)} {'seen' if point[2] == 2 else 'hidden'}"
            dots[style] = dots.get(style, "") + f"M{_at(point)}h0"
    under = "".join(dots.values())
    top = [f'<path class="{style}" d="{path}"/>' for style, path in dots.items()]
    return [f'<path class="dot under" d="{under}"/>', *top] if under else []


def _side_of(*names: str) -> str:
    sides = {name.partition("_")[0] for name in names}
    return sides.pop() if len(sides) == 1 and sides <= {"left", "right"} else "middle"


def _at(point: Float[np.ndarray, "3"]) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
