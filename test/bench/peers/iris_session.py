"""The model of all peers that run a function of one's own around it: iris, on the threads that the process has cores for."""

import os
import pathlib

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort

options = ort.SessionOptions()
# By itself it takes a thread for each core of the machine, whatever core the process was given.
options.intra_op_num_threads = len(os.sched_getaffinity(0))
model = pathlib.Path(__file__).parents[3] / "model/v1/model.onnx"
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def labels(rows: np.ndarray) -> np.ndarray:
    """Predicts rows of four float32; returns as many int64."""
    return session.run(["label"], {"inputs": rows})[0]
