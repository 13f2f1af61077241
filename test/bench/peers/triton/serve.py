"""Iris behind Triton, which PyTriton brings, as its documentation binds a function. Run by: python serve.py PORT GRPC_PORT"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import numpy as np
from iris_session import labels
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


@batch
def predict(inputs):
    return {"label": labels(inputs).reshape(-1, 1)}


if __name__ == "__main__":
    config = TritonConfig(http_address="127.0.0.1", http_port=int(sys.argv[1]), grpc_address="127.0.0.1", grpc_port=int(sys.argv[2]), allow_metrics=False)
    with Triton(config=config) as triton:
        triton.bind(
            model_name="iris",
            infer_func=predict,
            inputs=[Tensor(name="inputs", dtype=np.float32, shape=(4,))],
            outputs=[Tensor(name="label", dtype=np.int64, shape=(1,))],
            config=ModelConfig(max_batch_size=64),
        )
        triton.serve()
