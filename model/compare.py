"""Compares the committed iris models with freshly trained ones: what they predict, and what stands beside them.

    python compare.py COMMITTED FRESH
"""

import json
import os
import pathlib
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

ROWS = 5000


def main() -> int:
    committed, fresh = map(pathlib.Path, sys.argv[1:3])
    problems = [p for version in ("v1", "v2") for p in compare(committed / version, fresh / version)]
    for problem in problems:
        print(f"FAILED  {problem}")
    print(f"{2 - len({p.split(':')[0] for p in problems})} passed, {len({p.split(':')[0] for p in problems})} failed")
    return 1 if problems else 0


def compare(committed: pathlib.Path, fresh: pathlib.Path) -> list[str]:
    name = committed.name
    problems = []
    if json.loads((committed / "model.json").read_text()) != json.loads((fresh / "model.json").read_text()):
        problems.append(f"{name}: model.json is not what the training writes")
    old, new = (json.loads((directory / "golden.json").read_text()) for directory in (committed, fresh))
    for field in ("inputs", "prediction", "labels", "tolerance"):
        if old[field] != new[field]:
            problems.append(f"{name}: golden.json: {field} is not what the training writes")
    if not np.allclose(old["probabilities"], new["probabilities"], atol=old["tolerance"], rtol=0):
        problems.append(f"{name}: golden.json: probabilities differ by more than {old['tolerance']}")
    rows = np.asarray(old["inputs"], np.float32)
    random = np.random.default_rng(0).uniform(rows.min(0), rows.max(0), (ROWS, rows.shape[1])).astype(np.float32)
    for what, inputs in (("golden", rows), ("random", random)):
        (label, probabilities), (new_label, new_probabilities) = (predict(d, inputs) for d in (committed, fresh))
        different = int((label != new_label).sum())
        largest = float(np.abs(probabilities - new_probabilities).max())
        if different or largest > old["tolerance"]:
            problems.append(f"{name}: model.onnx: {different} of {len(inputs)} {what} rows differ, probabilities by up to {largest:.2g}")
    same = (committed / "model.onnx").read_bytes() == (fresh / "model.onnx").read_bytes()
    if not problems:
        print(f"ok      {name}: {len(rows)} golden and {ROWS} random rows agree; model.onnx is {'byte for byte the same' if same else 'written otherwise'}")
    return problems


def predict(directory: pathlib.Path, rows: np.ndarray):
    session = ort.InferenceSession(directory / "model.onnx", providers=["CPUExecutionProvider"])
    return session.run(["label", "probabilities"], {"inputs": rows})


if __name__ == "__main__":
    sys.exit(main())
