"""Iris behind BentoML, as its documentation has a service. Run by: bentoml serve service:Iris"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import bentoml
import numpy as np
from iris_session import labels


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Iris:
    @bentoml.api
    async def predict(self, inputs: list[float]) -> dict[str, list[int]]:
        return {"prediction": labels(np.array([inputs], np.float32)).tolist()}
