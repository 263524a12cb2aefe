"""Time of one batch of bodies. Prints one line of JSON; milliseconds are the best of several runs.

    python benchmarks/body.py [--batch 32] [--threads 2] [--repeats 20] [--peer]

--peer times the package `anny` on the same poses and shapes (extra `anny`), and gives the ratio.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from posedreamer.bodies.anny import load_anny

TARGET_MS = 40.0


def best_ms(function: Callable[[], object], repeats: int) -> float:
    function()
    times: list[float] = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return round(min(times) * 1e3, 2)


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def peer_ms(parameters: dict[str, np.ndarray], repeats: int) -> float:
    import anny

    model = anny.Anny(skinning_method="lbs").to(torch.float32)
    batch = len(parameters["transl"])
    deltas = torch.eye(4).expand(batch, len(model.bone_labels), 4, 4).contiguous()
    phenotype = torch.from_numpy(parameters["phenotype"])
    with torch.no_grad():
        return best_ms(lambda: model(deltas, phenotype), repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--peer", action="store_true", help="time the package anny too")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    start = time.perf_counter()
    body = load_anny()
    load_ms = round((time.perf_counter() - start) * 1e3, 1)
    rng = np.random.default_rng(0)
    parameters = body.neutral(arguments.batch)
    for name, value in parameters.items():
        drawn = rng.uniform(0, 1, value.shape) if name == "phenotype" else rng.normal(0, 0.4, value.shape)
        parameters[name] = drawn.astype(np.float32)
    tensors = {name: torch.from_numpy(value).requires_grad_(True) for name, value in parameters.items()}
    plain = {name: torch.from_numpy(value) for name, value in parameters.items()}
    result: dict[str, object] = {
        "benchmark": "body",
        "body": f"anny {body.spec.version}",
        "hardware": processor(),
        "threads": arguments.threads,
        "torch": torch.__version__,
        "batch": arguments.batch,
        "load_ms": load_ms,
        "pose_ms": best_ms(lambda: body.pose(parameters), arguments.repeats),
        "keypoints_ms": best_ms(lambda: body.keypoints(plain), arguments.repeats),
        "bones_ms": best_ms(lambda: body.bones(plain), arguments.repeats),
        "forward_and_backward_ms": best_ms(
            lambda: body.forward(tensors).vertices_m.square().sum().backward(), arguments.repeats
        ),
        "target_pose_ms": TARGET_MS,
    }
    if arguments.peer:
        result["peer"] = "anny, float32, lbs"
        result["peer_ms"] = peer_ms(parameters, arguments.repeats)
        result["times_faster_than_peer"] = round(float(str(result["peer_ms"])) / float(str(result["pose_ms"])), 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
