"""Triton's client over gRPC, unmodified, against a running predictor of the model iris v1. A program of its own: kserve brings the
same messages, and Python takes them once a process.

    python triton_grpc.py GRPC_ADDRESS GOLDEN
"""

import json
import queue
import sys

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

address, golden_file = sys.argv[1:]
with open(golden_file) as file:
    golden = json.load(file)
rows = np.array(golden["inputs"], dtype=np.float32)
expected = np.array(golden["prediction"])
probabilities = np.array(golden["probabilities"], dtype=np.float32)


def passed(what):
    print(f"ok  tritonclient over gRPC: {what}", flush=True)


def check(what, answered):
    assert np.array_equal(answered, expected), (what, answered)
    passed(what)


client = triton.InferenceServerClient(url=address)
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("iris") and client.is_model_ready("iris", "v1")
assert not client.is_model_ready("rose")
passed("health")
assert "binary_tensor_data" in client.get_server_metadata().extensions
assert list(client.get_model_metadata("iris").inputs[0].shape) == [-1, 4]
config = client.get_model_config("iris").config
assert config.max_batch_size > 0 and config.input[0].data_type == 11, config  # TYPE_FP32
assert client.get_model_repository_index().models[0].state == "READY"
passed("metadata, configuration, repository index")
tensor = triton.InferInput("inputs", list(rows.shape), "FP32")
tensor.set_data_from_numpy(rows)
outputs = [triton.InferRequestedOutput(name) for name in ("label", "probabilities")]
for coding in (None, "gzip", "deflate"):
    answer = client.infer(
        "iris", [tensor], outputs=outputs, request_id="one", compression_algorithm=coding, client_timeout=30
    )
    assert answer.get_response().id == "one"
    assert np.allclose(answer.as_numpy("probabilities"), probabilities, atol=1e-5)
    check(f"compressed {coding}", answer.as_numpy("label"))
check("no outputs named", client.infer("iris", [tensor], "v1").as_numpy("label"))
answers = queue.Queue()
told = lambda result, error: answers.put((result, error))
for _ in range(20):
    client.async_infer("iris", [tensor], told)
for _ in range(20):
    result, error = answers.get(timeout=30)
    assert error is None and np.array_equal(result.as_numpy("label"), expected), error
passed("twenty at once")
wrong = triton.InferInput("inputs", [1, 3], "FP32")
wrong.set_data_from_numpy(rows[:1, :3])
client.start_stream(callback=told)
for i in range(20):
    client.async_stream_infer("iris", [wrong if i == 7 else tensor], request_id=str(i))
for i in range(20):
    result, error = answers.get(timeout=30)
    if i == 7:
        assert "expected the shape [-1,4], got [1,3]" in error.message(), error
        continue
    assert error is None, error
    assert result.get_response().id == str(i)
    assert np.array_equal(result.as_numpy("label"), expected)
client.stop_stream()
passed("a stream of twenty, one of which is wrong")
statistics = client.get_inference_statistics("iris").model_stats[0]
assert statistics.inference_count > len(rows), statistics
passed("statistics")
try:
    client.infer("iris", [wrong])
except InferenceServerException as error:
    assert "INVALID_ARGUMENT" in error.status(), error
    assert "expected the shape [-1,4], got [1,3]" in error.message(), error
    passed("the error's sentence")
else:
    raise AssertionError("a wrong shape was taken")
try:
    client.load_model("iris")
except InferenceServerException as error:
    assert "UNIMPLEMENTED" in error.status(), error
    passed("loading is refused")
else:
    raise AssertionError("a model was loaded")
client.close()
