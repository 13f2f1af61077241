"""Iris behind Ray Serve, as its documentation has a deployment. Run by: python serve.py PORT FOLDER"""

import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import numpy as np
import ray
from ray import serve
from starlette.requests import Request


@serve.deployment(max_ongoing_requests=100)
class Iris:
    def __init__(self):
        from iris_session import labels

        self._labels = labels

    async def __call__(self, request: Request):
        body = await request.json()
        return {"prediction": self._labels(np.array([body["inputs"]], np.float32)).tolist()}


if __name__ == "__main__":
    ray.init(
        num_cpus=2,  # of which its proxy and its controller take none, and the deployment one
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": str(pathlib.Path(__file__).parents[1])}},
        _temp_dir=sys.argv[2],
    )
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Iris.bind(), route_prefix="/")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
