"""Times the judge per picture, on one core, against mediapipe's own ``solutions.pose`` on the same pictures.

    python benchmarks/judge.py                                  our times only
    python benchmarks/judge.py --peer-python PEER/bin/python    both, and their ratio

The peer needs an environment of its own: ``pip install mediapipe==0.10.21`` (it pins numpy < 2). Pictures are the
golden set of ``tests/estimators`` with one person at 256x256; "nobody" is a picture without people, where only the
detector runs. Both sides find landmarks, visibility and mask of one person. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

DATA = Path(__file__).parent.parent / "tests" / "estimators" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer-python", help="interpreter of an environment with mediapipe==0.10.21")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--as-peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if arguments.as_peer:
        print(json.dumps(time_mediapipe(arguments.repeats)))
        return
    ours = time_ours(arguments.repeats)
    found: dict[str, Any] = {"hardware": cpu_name(), "cores_used": 1, "repeats": arguments.repeats, "ours_ms": ours}
    for what, times in ours.items():
        print(f"{what:28s} best {times['best']:7.2f} ms   median {times['median']:7.2f} ms")
    if arguments.peer_python:
        command = [arguments.peer_python, __file__, "--as-peer", "--repeats", str(arguments.repeats)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peer = json.loads(done.stdout.strip().splitlines()[-1])
        ratio = ours["detect"]["best"] / peer["best"]
        print(f"{'mediapipe solutions.pose':28s} best {peer['best']:7.2f} ms   median {peer['median']:7.2f} ms")
        print(f"ours / mediapipe             {ratio:.2f}")
        found |= {"mediapipe_ms": peer, "ours_over_mediapipe": ratio}
    print(json.dumps(found))


def pictures(pattern: str) -> list[np.ndarray]:
    return [np.asarray(Image.open(path).convert("RGB")) for path in sorted(DATA.glob(pattern))]


def milliseconds(work: Callable[[Any], object], things: list[Any], repeats: int) -> dict[str, float]:
    """Best and median over ``repeats`` of the mean time for each thing; the first pass warms up and is not counted."""
    passes: list[float] = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        for thing in things:
            work(thing)
        passes.append((time.perf_counter() - start) * 1e3 / len(things))
    return {"best": min(passes[1:]), "median": float(np.median(passes[1:]))}


def time_ours(repeats: int) -> dict[str, dict[str, float]]:
    from posedreamer.estimators.blazepose import BlazePose
    from posedreamer.records import Picture

    start = time.perf_counter()
    estimator = BlazePose()
    loaded = (time.perf_counter() - start) * 1e3
    one = [Picture(pixels=pixels) for pixels in pictures("person_256x256_*.jpg")]
    nobody = [Picture(pixels=pixels) for pixels in pictures("nobody*.jpg")]
    large = [Picture(pixels=picture.pixels.repeat(4, axis=0).repeat(4, axis=1)) for picture in one[:2]]
    return {
        "load": {"best": loaded, "median": loaded},
        "detect": milliseconds(estimator.detect, one, repeats),
        "detect_up_to_4": milliseconds(lambda picture: estimator.detect(picture, 4), one, repeats),
        "detect_1024": milliseconds(estimator.detect, large, repeats),
        "nobody": milliseconds(estimator.detect, nobody, repeats),
    }


def time_mediapipe(repeats: int) -> dict[str, float]:
    import mediapipe

    options = {"static_image_mode": True, "model_complexity": 1, "enable_segmentation": True}
    pose = mediapipe.solutions.pose.Pose(**options)
    return milliseconds(pose.process, pictures("person_256x256_*.jpg"), repeats)


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
