"""Times ``posedreamer gate --dry-run`` over a made-up ledger: deciding, and the table of what it changes.

    python benchmarks/regate.py --rows 100000

The ledger has every score of the recipe ``paired`` and an embedding; a tenth of the rows are near another one. Policies
are the shipped ones, ``paper`` with duplicates by hash, and with duplicates by hash and embedding, each a process of
its own, as a user runs it. Times are of the whole command, its imports included: wall clock, and seconds of CPU, which
other work on the machine does not change. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from posedreamer.dataset.manifest import COMPLETE, Counts, Manifest, Part, write_manifest
from posedreamer.dataset.schema import ledger_schema
from posedreamer.execution.parquet import write_table
from posedreamer.geometry.packed import COMPONENTS, packed
from posedreamer.recipes.control import paired_names
from posedreamer.recipes.files import load_recipe
from posedreamer.recipes.job import score_names
from posedreamer.recipes.policies import built_in_policies, policy_values
from posedreamer.scoring.embedding import EMBEDDING

BOUND_S = 10.0
HASHES = {"scores": ["phash_high", "phash_low"], "within_bits": 4}
COSINE = 0.97


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_ledger(root / "data", arguments.rows, arguments.seed)
        policies = {name: name for name in built_in_policies()}
        for name, rule in (("hash", HASHES), ("hash_and_embedding", {**HASHES, "min_cosine": COSINE})):
            file = root / f"{name}.yaml"
            file.write_text(yaml.safe_dump({**policy_values("paper"), "name": name, "duplicates": rule}))
            policies[f"paper_{name}"] = str(file)
        found = {name: timed(root / "data", policy) for name, policy in policies.items()}
    for name, each in found.items():
        print(
            f"{name:28} {each['wall_s']:6.1f} s wall, {each['cpu_s']:6.1f} s of CPU, {each['peak_mb']:.0f} MB, "
            f"{each['kept']} kept, {each['near_duplicates']} near duplicates"
        )
    slowest = max(found[name]["cpu_s"] for name in built_in_policies())
    print(f"shipped policies: at most {slowest:.1f} s of CPU, wanted <= {BOUND_S:.0f} s")
    print(json.dumps({"rows": arguments.rows, "hardware": cpu_name(), "cores": os.cpu_count(), "gate": found}))


def timed(path: Path, policy: str) -> dict[str, Any]:
    """One run of the command."""
    words = [sys.executable, "-c", _CHILD, "gate", str(path), "--policy", policy, "--dry-run"]
    start = time.perf_counter()
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    wall_s = time.perf_counter() - start
    used = json.loads(done.stderr.strip().splitlines()[-1])
    rows = [line.split() for line in done.stdout.splitlines()]
    after = {row[0]: int(row[-1].replace(",", "")) for row in rows if len(row) == 3 and row[0] in _TOLD}
    return {
        "wall_s": round(wall_s, 2),
        "cpu_s": round(used["cpu_s"], 2),
        "peak_mb": round(used["peak_kb"] / 1024),
        "kept": after.get("kept", 0),
        "near_duplicates": after.get("near_duplicate", 0),
    }


_TOLD = ("kept", "near_duplicate")
_CHILD = """
import json, resource, sys
from posedreamer.cli import main
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_kb": used.ru_maxrss}), file=sys.stderr)
"""


def write_ledger(path: Path, n: int, seed: int) -> None:
    """A finished data set of ``n`` judged candidates and no samples."""
    rng = np.random.default_rng(seed)
    recipe = load_recipe("paired").model_dump(mode="json")
    gives = score_names(load_recipe("paired", ["control="]))
    names = (*gives, *EMBEDDING, *paired_names(gives))
    schema = ledger_schema(names)
    ids = pa.array([f"{row:08d}-0-0" for row in range(n)])
    columns: dict[str, Any] = dict.fromkeys(("id", "label_id", "condition_id", "content_hash", "identity_hash"), ids)
    columns |= {
        "index": pa.array(range(n)),
        "decision": pa.array(["surplus"] * n),
        "posture": pa.array(rng.choice(["upright", "floor", "inverted"], n, p=[0.7, 0.2, 0.1])),
        "source": pa.array(rng.choice(["prior", "walk.bvh", "run.bvh"], n)),
        "clip": ids,
        "split": pa.array(["train"] * n),
        "licence": pa.array(["CC0-1.0"] * n),
        "scores": _struct(schema, "scores", _scores(rng, names, n)),
        "traits": _struct(schema, "traits", _traits(rng, n)),
    }
    table = pa.table({each.name: columns.get(each.name, pa.nulls(n, each.type)) for each in schema}, schema=schema)
    (path / "ledger").mkdir(parents=True)
    file = path / "ledger" / "part-00000.parquet"
    write_table(file, table, {}, 16_384)
    part = Part(path="ledger/part-00000.parquet", rows=n, bytes=file.stat().st_size, sha256="")
    counts = Counts(candidates=n, surplus=n)
    manifest = Manifest(
        state=COMPLETE, recipe=recipe, recipe_digest="0", score_names=names, counts=counts, ledger=(part,)
    )
    write_manifest(path, manifest)


def _scores(rng: np.random.Generator, names: tuple[str, ...], n: int) -> dict[str, np.ndarray]:
    """Scores about where they lie on good pictures: most rows pass most rules."""
    control = np.clip(rng.normal(0.93, 0.05, n), 0, 1)
    oks = np.clip(control - np.abs(rng.normal(0, 0.06, n)), 0, 1)
    scores = {name: rng.normal(1.0, 0.02, n) for name in names}
    scores |= {name: rng.normal(0.0, 0.02, n) for name in names if name.startswith("excess_")}
    near_zero = ("error_", "worst_", "face_", "people_m", "people_e", "control_error_", "control_worst_")
    scores |= {name: np.abs(rng.normal(0.0, 0.02, n)) for name in names if name.startswith(near_zero)}
    scores |= {"oks": oks, "control_oks": control, "excess_oks": oks - control, "control_failed": np.zeros(n)}
    scores |= {"hardness": rng.uniform(0, 1, n), "found": np.ones(n), "people_found": np.ones(n)}
    vectors = rng.normal(size=(n, COMPONENTS))
    doubles = rng.choice(n, n // 10, replace=False)
    vectors[doubles] = vectors[(doubles * 7) % n] + 0.05 * rng.normal(size=(len(doubles), COMPONENTS))
    scores |= dict(zip(EMBEDDING, np.stack([packed(each) for each in vectors]).T, strict=True))
    hashes = rng.integers(0, 2**32, (2, n)).astype(np.float64)
    return scores | {"phash_high": hashes[0], "phash_low": hashes[1]}


def _traits(rng: np.random.Generator, n: int) -> dict[str, pa.Array]:
    words = {
        "skin": ["fair", "light", "brown", "dark"],
        "top": ["shirt", "coat", "jumper", "t-shirt", "dress"],
        "bottom": ["jeans", "skirt", "shorts", "trousers"],
        "place": ["a park", "a street", "a kitchen", "a beach", "an office", "a gym"],
    }
    return {
        "fov_deg": pa.array(rng.uniform(25, 65, n), pa.float32()),
        "pitch_deg": pa.array(rng.normal(0, 15, n), pa.float32()),
        "shape": pa.array(list(rng.uniform(0, 1, (n, 6))), pa.list_(pa.float32())),
        **{name: pa.array(rng.choice(some, n)) for name, some in words.items()},
    }


def _struct(schema: pa.Schema, name: str, columns: dict[str, Any]) -> pa.Array:
    kind = schema.field(name).type
    arrays = [pa.array(columns[each.name], each.type) for each in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind))


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
