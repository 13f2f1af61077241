"""Runs models with Python onnxruntime: a JSON job on standard input, the outputs as JSON on standard output.

    {"model": FILE, "requests": [{NAME: nested numbers, …}, …]}  →  [{NAME: nested numbers, …}, …]
"""

import json
import os
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

DATATYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}

job = json.load(sys.stdin)
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
kinds = {value.name: DATATYPES[value.type] for value in session.get_inputs()}
names = [value.name for value in session.get_outputs()]
results = []
for request in job["requests"]:
    feeds = {name: np.asarray(value, kinds[name]) for name, value in request.items()}
    results.append({name: value.tolist() for name, value in zip(names, session.run(names, feeds))})
json.dump(results, sys.stdout)
