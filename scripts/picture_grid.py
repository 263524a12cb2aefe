"""A grid of a data set's first pictures, with every third one shown as its control picture: the README's image.

python scripts/picture_grid.py out/demo docs/grid.jpg --columns 8 --rows 3
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from posedreamer import open_dataset
from posedreamer.bodies import load_body
from posedreamer.dataset.sample import Sample
from posedreamer.geometry.camera import to_camera
from posedreamer.rendering.maps import Surface, mesh_to_rgb
from posedreamer.rendering.rasterizer import Mesh, prop_meshes, rasterize


def control_of(sample: Sample) -> np.ndarray:
    meshes, surfaces = [], []
    for person in sample.people:
        body = load_body(person.person.body_model)
        pose = body.pose({name: np.array(values)[None] for name, values in person.person.parameters.items()})
        vertices = to_camera(sample.camera, pose.vertices_m[0].numpy()).astype(np.float32)
        topology = body.topology
        meshes.append(Mesh(vertices_cam_m=vertices, faces=topology.faces))
        surfaces.append(
            Surface(faces=topology.faces, face_part=topology.face_part, canonical_xyz=topology.canonical_xyz)
        )
    return mesh_to_rgb(rasterize(meshes, sample.camera, prop_meshes(sample.props)), surfaces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--rows", type=int, default=2)
    arguments = parser.parse_args()
    dataset = open_dataset(arguments.dataset)
    samples = [dataset[place] for place in range(min(len(dataset), arguments.columns * arguments.rows))]
    lines = []
    for start in range(0, len(samples), arguments.columns):
        few = samples[start : start + arguments.columns]
        lines.append(np.concatenate([control_of(sample) for sample in few], axis=1))
        lines.append(np.concatenate([sample.pixels for sample in few], axis=1))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(lines, axis=0)).save(arguments.out, quality=88)


if __name__ == "__main__":
    main()
