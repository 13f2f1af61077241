"""Iris behind LitServe, as its documentation has a server. Run by: python serve.py PORT"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import litserve as ls
import numpy as np
from iris_session import labels


class Iris(ls.LitAPI):
    def setup(self, device):
        pass

    def decode_request(self, request):
        return np.array([request["inputs"]], np.float32)

    def predict(self, rows):
        return labels(rows)

    def encode_response(self, output):
        return {"prediction": output.tolist()}


if __name__ == "__main__":
    server = ls.LitServer(Iris(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, generate_client_file=False)
