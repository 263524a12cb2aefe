"""A scene rasterised: its people with its props before, under and behind them."""

from __future__ import annotations

from posedreamer.bodies import load_body
from posedreamer.records import Buffers, Scene
from posedreamer.rendering.rasterizer import Mesh, prop_meshes, rasterize

__all__ = ["rasterize_scene"]


def rasterize_scene(scene: Scene) -> Buffers:
    """The buffers of a scene; person ids are positions in ``scene.people``."""
    people = [
        Mesh(vertices_cam_m=posed.vertices_cam_m, faces=load_body(posed.person.body_model).topology.faces)
        for posed in scene.people
    ]
    return rasterize(people, scene.camera, prop_meshes(scene.props))
