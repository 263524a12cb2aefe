"""Times the rasteriser and its maps against pyrender (OSMesa) drawing the same body, on one core.

    python benchmarks/rasterizer.py                             our times only
    python benchmarks/rasterizer.py --peer-python PEER/bin/python     both, and their ratios (PEER may be this one)

pyrender pins an old PyOpenGL that has no OSMesa contexts, so it lives in an environment of its own: the system's
libosmesa6, ``pip install pyrender``, then ``pip install --no-deps PyOpenGL==3.1.7``; the body travels there as a file.
Both sides are held to one CPU and draw a new body each time, as a data set does. What a pass is:

    ids    depth, face and where on it             ours: rasterize()         pyrender: a flat render, a colour per face
    all    and parts, normals, mesh-to-RGB, mask   ours: that and the maps   pyrender: two more flat renders

In pyrender's favour: it gets its colours ready made (ours computes the normals inside the time), its fixed 4 samples
per pixel are turned down to the one that labels need, and "same_body" leaves its meshes uploaded between pictures.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIZES = (256, 1024)
TARGETS_MS = {(256, "ids"): 3.0, (1024, "all"): 20.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="interpreter of an environment with pyrender")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--as-peer", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if arguments.as_peer:
        time_pyrender(Path(arguments.as_peer), arguments.repeats)
        return
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), arguments.peer_python, arguments.repeats)


def report(folder: Path, peer_python: str | None, repeats: int) -> None:
    write_body(folder)
    ours = time_ours(folder, repeats)
    found: dict[str, object] = {"hardware": cpu_name(), "cores_used": 1, "repeats": repeats, "ours_ms": ours}
    for (size, what), target in TARGETS_MS.items():
        best = ours[f"{what}_{size}"]["best"]
        print(f"target {what} at {size}: {best:.2f} ms, wanted <= {target} ms: {'met' if best <= target else 'MISSED'}")
    if peer_python:
        environment = dict(os.environ, PYOPENGL_PLATFORM="osmesa", LP_NUM_THREADS="0", OMP_NUM_THREADS="1")
        command = [peer_python, __file__, "--as-peer", str(folder), "--repeats", str(repeats)]
        subprocess.run(command, check=True, env=environment)
        peer = json.loads((folder / "peer.json").read_text())
        ratios = {
            name: {key: peer[name][key] / ours[name.removesuffix("_same_body")][key] for key in ("best", "median")}
            for name in peer
        }
        found |= {"pyrender_ms": peer, "pyrender_over_ours": ratios, "agreement": agreement(folder)}
        for name, times in peer.items():
            mine = ours[name.removesuffix("_same_body")]
            print(
                f"{name:20s} ours {mine['best']:7.2f} ms   pyrender {times['best']:7.2f} ms   "
                f"ratio {ratios[name]['best']:5.1f} (medians {ratios[name]['median']:5.1f})"
            )
    print(json.dumps(found))


def write_body(folder: Path) -> None:
    """A person of 1.6 m with bent arms, three metres away, filling most of the height; OpenCV camera frame."""
    from posedreamer.bodies.anny import load_anny
    from posedreamer.geometry.camera import look_at, to_camera
    from posedreamer.records import Camera

    body = load_anny()
    parameters = body.neutral(1)
    bones = body.spec.parameter("body_pose").entries
    parameters["body_pose"][0, bones.index("upperarm01.L")] = (0, 0.9, 0)
    parameters["body_pose"][0, bones.index("upperleg01.R")] = (-0.7, 0, 0)
    world = body.pose(parameters).vertices_m[0].numpy().astype(np.float64)
    middle = (world.min(axis=0) + world.max(axis=0)) / 2
    camera = Camera(width=1, height=1, K=np.eye(3), cam_from_world=look_at(middle + np.array([0.8, -2.9, 0.3]), middle))
    topology = body.topology
    np.savez(
        folder / "body.npz",
        vertices=to_camera(camera, world).astype(np.float32),
        faces=topology.faces,
        face_part=topology.face_part,
        canonical=topology.canonical_xyz,
    )


def focal_px(size: int) -> float:
    return 1.6 * size


def time_ours(folder: Path, repeats: int) -> dict[str, dict[str, float]]:
    from posedreamer.geometry.camera import intrinsics_px
    from posedreamer.records import Camera
    from posedreamer.rendering.maps import Surface, mesh_to_rgb, normals_rgb, part_map, person_mask, vertex_normals
    from posedreamer.rendering.rasterizer import Mesh, rasterize

    body = np.load(folder / "body.npz")
    surface = Surface(faces=body["faces"], face_part=body["face_part"], canonical_xyz=body["canonical"])
    mesh = Mesh(vertices_cam_m=body["vertices"], faces=body["faces"])
    np.savez(folder / "normals.npz", normals=vertex_normals(mesh))
    times = {}
    for size in SIZES:
        camera = Camera(width=size, height=size, K=intrinsics_px(focal_px(size), size, size), cam_from_world=np.eye(4))

        def ids(camera: Camera = camera) -> object:
            return rasterize([Mesh(vertices_cam_m=mesh.vertices_cam_m, faces=mesh.faces)], camera)

        def everything(camera: Camera = camera) -> object:
            buffers = rasterize([Mesh(vertices_cam_m=mesh.vertices_cam_m, faces=mesh.faces)], camera)
            maps = part_map(buffers, [surface]), normals_rgb(buffers, [mesh]), mesh_to_rgb(buffers, [surface])
            return buffers, maps, person_mask(buffers, 0)

        buffers = rasterize([mesh], camera)
        np.savez(folder / f"ours_{size}.npz", depth=buffers.depth_m, face=buffers.face_id)
        times[f"ids_{size}"] = timed(ids, repeats)
        times[f"all_{size}"] = timed(everything, repeats)
    return times


def timed(draw, repeats: int) -> dict[str, float]:
    """Best and median wall time of a call in ms, after two calls that are not counted."""
    took = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        draw()
        took.append((time.perf_counter() - start) * 1e3)
    return {"best": min(took[2:]), "median": statistics.median(took[2:])}


def time_pyrender(folder: Path, repeats: int) -> None:
    """Runs in the peer's interpreter, which has numpy and pyrender but not this package."""
    import pyrender
    import pyrender.renderer

    storage = pyrender.renderer.glRenderbufferStorageMultisample
    pyrender.renderer.glRenderbufferStorageMultisample = lambda target, _samples, *rest: storage(target, 0, *rest)
    inputs = layers(folder)
    passes = {"ids": [inputs["faces"]], "all": list(inputs.values())}
    times = {}
    for size in SIZES:
        renderer = pyrender.OffscreenRenderer(size, size)
        focal = focal_px(size)
        camera = pyrender.IntrinsicsCamera(focal, focal, size / 2, size / 2, znear=0.05, zfar=100)
        for what, chosen in passes.items():
            kept = scene_of(pyrender, camera, chosen)
            new_body = functools.partial(draw_new, pyrender, renderer, camera, chosen)
            times[f"{what}_{size}"] = timed(new_body, repeats)
            times[f"{what}_{size}_same_body"] = timed(
                functools.partial(flat_renders, pyrender, renderer, kept), repeats
            )
        colour, depth = draw_new(pyrender, renderer, camera, passes["ids"])[0]
        np.savez(folder / f"peer_{size}.npz", colour=colour, depth=depth)
        renderer.delete()
    (folder / "peer.json").write_text(json.dumps(times))


def draw_new(pyrender, renderer, camera, chosen: list[dict[str, np.ndarray]]):
    return flat_renders(pyrender, renderer, scene_of(pyrender, camera, chosen))


def layers(folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Arrays of the peer's three meshes in OpenGL axes; face and part colours need corners of their own."""
    body, normals = np.load(folder / "body.npz"), np.load(folder / "normals.npz")["normals"]
    vertices = body["vertices"] * np.array([1, -1, -1], dtype=np.float32)
    faces = body["faces"]
    number = np.repeat(np.arange(1, len(faces) + 1), 3)
    face_colour = np.stack([number >> 8, number & 255, np.repeat(body["face_part"], 3)], axis=1) / 255
    return {
        "faces": {"positions": vertices[faces].reshape(-1, 3), "color_0": opaque(face_colour)},
        "normals": {"positions": vertices, "indices": faces, "color_0": opaque((1 - normals) / 2)},
        "canonical": {"positions": vertices, "indices": faces, "color_0": opaque(body["canonical"])},
    }


def opaque(colour: np.ndarray) -> np.ndarray:
    return np.column_stack([colour, np.ones(len(colour))]).astype(np.float32)


def scene_of(pyrender, camera, chosen: list[dict[str, np.ndarray]]):
    scene = pyrender.Scene(bg_color=(0, 0, 0, 0), ambient_light=(1, 1, 1))
    scene.add(camera)
    for arrays in chosen:
        scene.add(pyrender.Mesh([pyrender.Primitive(**arrays)]))
    return scene


def flat_renders(pyrender, renderer, scene) -> list[tuple[np.ndarray, np.ndarray]]:
    """One unlit render (colour and depth) per mesh of the scene, the others hidden."""
    pictures = []
    for shown in scene.mesh_nodes:
        for node in scene.mesh_nodes:
            node.mesh.is_visible = node is shown
        pictures.append(renderer.render(scene, flags=pyrender.RenderFlags.FLAT))
    return pictures


def agreement(folder: Path) -> dict[str, float]:
    """How far the two pictures agree at 1024 px: shares of the pixels that either covers, and of median depth."""
    ours, peer = np.load(folder / "ours_1024.npz"), np.load(folder / "peer_1024.npz")
    face = (peer["colour"][..., 0].astype(int) << 8) + peer["colour"][..., 1] - 1
    mine, theirs = ours["face"] >= 0, peer["depth"] > 0
    both, either = mine & theirs, mine | theirs
    return {
        "covered_px": int(mine.sum()),
        "covered_by_both_share": float(both.sum() / either.sum()),
        "same_face_share": float((face == ours["face"])[either].mean()),
        "median_depth_difference_m": float(np.median(np.abs(ours["depth"][both] - peer["depth"][both]))),
    }


def cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.exit(main())
