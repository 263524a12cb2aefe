"""Makes the golden files of ``tests/estimators``: pictures of people, and what mediapipe itself finds in them.

Two steps, in two environments, because mediapipe pins numpy < 2:

    python scripts/make_blazepose_golden.py pictures            # in the project's environment
    python3.11 -m venv /tmp/mp && /tmp/mp/bin/pip install mediapipe==0.10.21
    /tmp/mp/bin/python scripts/make_blazepose_golden.py landmarks

``pictures`` draws Anny bodies with plain shading (own work, CC0) and takes NASA's photo of Eileen Collins (public
domain) out of the scikit-image wheel. ``landmarks`` runs ``mediapipe.solutions.pose`` (static image, complexity 1,
segmentation) on them, at their own size and, for one, blown up to 2000 pixels.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

DATA = Path(__file__).parent.parent / "tests" / "estimators" / "data"
ENLARGED = {"person_250x250.jpg": 8}
"""Picture -> whole factor by which its pixels are repeated for one more golden entry."""
SIZES = (
    *((64, 64), (128, 128), (250, 250), (256, 256), (256, 256), (256, 256), (256, 256), (256, 256)),
    *((300, 200), (200, 320), (512, 512), (640, 480)),
)
"""Widths and heights of the pictures with one person; one with two people and one with nobody follow."""
JOINT_RANGES_DEG = {
    "upperarm01": (70.0, 90.0, 40.0),
    "lowerarm01": (10.0, 50.0, 50.0),
    "upperleg01": (45.0, 12.0, 12.0),
    "lowerleg01": (30.0, 0.0, 0.0),
    "spine03": (12.0, 12.0, 12.0),
    "neck02": (10.0, 10.0, 20.0),
}


def make_pictures() -> None:
    """JPEG files in DATA, and ``blazepose_labels.npz`` with the true labels of the drawn ones."""
    DATA.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(11)
    labels: dict[str, np.ndarray] = {}
    for number, (width, height) in enumerate(SIZES):
        name = f"person_{width}x{height}" + (f"_{number}" if (width, height) == (256, 256) else "")
        labels |= draw(name, [random_person(rng, 0.0)], width, height, rng)
    labels |= draw("two_people_384x256", [random_person(rng, -0.75), random_person(rng, 0.75)], 384, 256, rng)
    labels |= draw("nobody_256x256", [], 256, 256, rng)
    np.savez_compressed(DATA / "blazepose_labels.npz", **labels)
    photo = astronaut()
    save(np.asarray(photo.resize((256, 256), Image.Resampling.LANCZOS)), "astronaut_256x256")
    save(np.asarray(photo.crop((0, 0, 400, 300))), "astronaut_400x300")


def save(pixels: np.ndarray, name: str) -> None:
    Image.fromarray(pixels).save(DATA / f"{name}.jpg", quality=92)


def astronaut() -> Image.Image:
    """NASA's portrait of Eileen Collins, public domain, 512 x 512."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["download", "--no-deps", "--only-binary=:all:", "--dest", folder, "scikit-image==0.25.2"]
        subprocess.run([sys.executable, "-m", "pip", *command], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel, wheel.open("skimage/data/astronaut.png") as f:
            return Image.open(f).convert("RGB")


def random_person(rng: np.random.Generator, x_m: float) -> Any:
    """Vertices and keypoints of one Anny body, upright, limbs turned at random, facing somewhere near the camera."""
    from posedreamer.bodies.anny import load_anny

    body = load_anny()
    parameters = body.neutral(1)
    parameters["phenotype"][0] = rng.uniform(0.3, 0.7, 6)
    parameters["global_orient"][0, 2] = rng.uniform(-1.0, 1.0)
    entries = body.spec.parameter("body_pose").entries
    for bone, degrees in JOINT_RANGES_DEG.items():
        for side in (".L", ".R") if f"{bone}.L" in entries else ("",):
            turn = np.deg2rad(rng.uniform(-1.0, 1.0, 3) * degrees)
            if bone == "lowerleg01":
                turn[0] = np.deg2rad(rng.uniform(0.0, 60.0))
            parameters["body_pose"][0, entries.index(bone + side)] = turn
    pose = body.pose(parameters)
    vertices, keypoints = pose.vertices_m[0].numpy(), pose.keypoints_m[0].numpy()
    shift = np.array([x_m, 0.0, -vertices[:, 2].min()], dtype=np.float32)
    return vertices + shift, keypoints + shift


def draw(name: str, people: list[Any], width: int, height: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Saves people in plain shading before a wall with a floor; gives their label's arrays."""
    distance = rng.uniform(3.0, 4.5) * max(1.0, width / height * (0.6 if len(people) > 1 else 0.8))
    eye = np.array([rng.uniform(-0.3, 0.3), -distance, 1.3])
    pixels, annotation = picture_of(people, eye, 1.15 * max(width, height), (width, height), rng)
    save(pixels, name)
    label = {f"{name}/person_id": annotation.person_id.astype(np.int8), f"{name}/K": annotation.camera.K}
    label[f"{name}/cam_from_world"] = annotation.camera.cam_from_world
    label[f"{name}/keypoints_2d"] = np.array([person.keypoints_2d for person in annotation.people])
    label[f"{name}/amodal_bbox_xywh_px"] = np.array([person.amodal_bbox_xywh_px for person in annotation.people])
    return label


def picture_of(people: list[Any], eye: Any, focal_px: float, size: tuple[int, int], rng: np.random.Generator) -> Any:
    """Pixels and annotation."""
    from posedreamer.bodies.anny import load_anny
    from posedreamer.geometry.camera import intrinsics_px, look_at, to_camera
    from posedreamer.records import Camera, Label, Person, PosedPerson, Scene
    from posedreamer.rendering.rasterizer import Mesh, rasterize
    from posedreamer.scenes.annotate import annotate

    topology = load_anny().topology
    width, height = size
    cam_from_world = look_at(eye, np.array([0.0, 0.0, 0.9]))
    K = intrinsics_px(focal_px, width, height)
    camera = Camera(width=width, height=height, K=K, cam_from_world=cam_from_world)
    posed = tuple(
        PosedPerson(
            person=Person(body_model="anny", parameters={}, action="unknown"),
            vertices_cam_m=to_camera(camera, vertices).astype(np.float32),
            keypoints_cam_m=to_camera(camera, keypoints).astype(np.float32),
            posture="upright",
        )
        for vertices, keypoints in people
    )
    buffers = rasterize([Mesh(vertices_cam_m=p.vertices_cam_m, faces=topology.faces) for p in posed], camera)
    picture = backdrop(width, height, rng)
    for index, person in enumerate(posed):
        here = buffers.person_id == index
        weights = buffers.barycentrics[here]
        picture[here] = shaded(person.vertices_cam_m, topology, buffers.face_id[here], weights, rng)
    label = Label(
        label_id="golden", index=0, people=tuple(p.person for p in posed), source="", clip="", licence="CC0-1.0", seed=0
    )
    noisy = np.clip(picture + rng.normal(0.0, 2.0, picture.shape), 0, 255).astype(np.uint8)
    return noisy, annotate(Scene(label=label, camera=camera, people=posed), buffers)


def backdrop(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    wall, floor = rng.uniform(120, 220, 3), rng.uniform(60, 120, 3)
    rows = np.linspace(0.0, 1.0, height)[:, None, None]
    return np.broadcast_to(
        np.where(rows < 0.72, wall * (1 - 0.3 * rows), floor * (0.6 + 0.6 * rows)), (height, width, 3)
    ).copy()


def shaded(vertices: Any, topology: Any, faces: Any, weights: Any, rng: np.random.Generator) -> np.ndarray:
    """Colours of body parts times a soft light from the upper left."""
    corners = vertices[topology.faces]
    face_normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(vertices)
    np.add.at(normals, topology.faces.ravel(), np.repeat(face_normals, 3, axis=0))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    normal = np.einsum("nk,nkc->nc", weights, normals[topology.faces[faces]])
    light = np.clip(normal @ np.array([-0.4, -0.6, -0.7]) / 1.005, 0.0, 1.0)[:, None]
    return part_colours(topology.part_names, rng)[topology.face_part[faces]] * (0.45 + 0.6 * light)


def part_colours(names: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    top, bottom = rng.uniform(30, 220, 3), rng.uniform(20, 160, 3)
    skin = np.array([208.0, 158.0, 130.0]) * rng.uniform(0.5, 1.1)
    plain = {
        "scalp": (60, 42, 32),
        "lips": (170, 90, 88),
        "eye": (40, 32, 30),
        "foot": (50, 46, 44),
        "inside": (90, 40, 40),
    }
    plain |= {"chest": top, "abdomen": top, "upper_arm": top, "pelvis": bottom, "thigh": bottom, "shin": bottom}
    return np.array([plain.get(n.removeprefix("left_").removeprefix("right_"), skin) for n in names], dtype=np.float64)


def make_landmarks() -> None:
    """``blazepose_golden.npz``: per picture ``<name>/found`` and, when found, landmarks, visibility, world, mask."""
    import mediapipe

    values: dict[str, Any] = {"mediapipe_version": np.array(mediapipe.__version__)}
    options = {"static_image_mode": True, "model_complexity": 1, "enable_segmentation": True}
    pose = mediapipe.solutions.pose.Pose(**options)
    for path in sorted(DATA.glob("*.jpg")):
        for factor in (1, ENLARGED[path.name]) if path.name in ENLARGED else (1,):
            pixels = np.asarray(Image.open(path).convert("RGB")).repeat(factor, axis=0).repeat(factor, axis=1)
            name = f"{path.stem}@{factor}"
            values |= {f"{name}/{key}": value for key, value in golden_of(pose.process(pixels), pixels.shape).items()}
    np.savez_compressed(DATA / "blazepose_golden.npz", **values)


def golden_of(result: Any, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    if result.pose_landmarks is None:
        return {"found": np.array(False)}
    height, width = shape[:2]
    points = result.pose_landmarks.landmark
    return {
        "found": np.array(True),
        "landmarks_px": np.array([[p.x * width, p.y * height] for p in points], dtype=np.float32),
        "visibility": np.array([p.visibility for p in points], dtype=np.float32),
        "world_m": np.array([[p.x, p.y, p.z] for p in result.pose_world_landmarks.landmark], dtype=np.float32),
        "mask": np.packbits(result.segmentation_mask > 0.5),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("pictures", "landmarks"))
    if parser.parse_args().step == "pictures":
        make_pictures()
    else:
        make_landmarks()


if __name__ == "__main__":
    main()
