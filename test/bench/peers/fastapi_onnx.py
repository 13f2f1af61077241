"""FastAPI, pydantic and onnxruntime, as its documentation would have it. Run under uvicorn with one worker."""

import os
import pathlib

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort
from fastapi import FastAPI
from pydantic import BaseModel, Field

options = ort.SessionOptions()
options.intra_op_num_threads = 1
model = pathlib.Path(__file__).parents[3] / "model/v1/model.onnx"
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
app = FastAPI()


class Body(BaseModel):
    inputs: list[float] = Field(min_length=4, max_length=4)


@app.post("/predict")
async def predict(body: Body):
    (label,) = session.run(["label"], {"inputs": np.array([body.inputs], np.float32)})
    return {"prediction": label.tolist()}


@app.get("/readyz")
async def ready():
    return "ok"
