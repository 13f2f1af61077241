"""An ONNX model behind KServe's Python server: what its documentation calls a custom model.

python onnx_model.py --model_name NAME --model_file FILE --http_port PORT --grpc_port PORT
"""

import argparse
import os

import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer, model_server
from kserve.utils.numpy_codec import from_np_dtype
from kserve.utils.utils import generate_uuid


class OnnxModel(Model):
    def __init__(self, name: str, file: str):
        super().__init__(name)
        self._file = file
        self.load()

    def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        # By itself it takes a thread for each core of the machine, and puts it there whatever core the process was given.
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        self._session = onnxruntime.InferenceSession(
            self._file, options, providers=["CPUExecutionProvider"]
        )
        self._names = [output.name for output in self._session.get_outputs()]
        self.ready = True
        return self.ready

    def predict(self, payload: InferRequest, headers=None) -> InferResponse:
        feeds = {tensor.name: tensor.as_numpy() for tensor in payload.inputs}
        outputs = []
        for name, value in zip(self._names, self._session.run(self._names, feeds)):
            output = InferOutput(name, list(value.shape), from_np_dtype(value.dtype))
            output.set_data_from_numpy(value)
            outputs.append(output)
        return InferResponse(payload.id or generate_uuid(), self.name, outputs)


parser = argparse.ArgumentParser(parents=[model_server.parser])
parser.add_argument("--model_file", required=True)

if __name__ == "__main__":
    arguments, _ = parser.parse_known_args()
    ModelServer().start([OnnxModel(arguments.model_name, arguments.model_file)])
