"""Unmodified clients of the Open Inference Protocol against a running predictor of the model iris v1.

    python clients.py URL GRPC_ADDRESS GOLDEN

Prints a line for each thing that works, and fails at the first that does not.
"""

import asyncio
import json
import sys

import kserve
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

url, grpc_address, golden_file = sys.argv[1:]
with open(golden_file) as file:
    golden = json.load(file)
rows = np.array(golden["inputs"], dtype=np.float32)
expected = np.array(golden["prediction"])
probabilities = np.array(golden["probabilities"], dtype=np.float32)


def passed(what):
    print(f"ok  {what}", flush=True)


def check(what, answered):
    assert np.array_equal(answered, expected), (what, answered)
    passed(what)


def with_triton():
    client = triton.InferenceServerClient(url=url.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("iris") and client.is_model_ready("iris", "v1")
    assert not client.is_model_ready("rose")
    passed("tritonclient: health")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert client.get_model_metadata("iris")["inputs"][0]["shape"] == [-1, 4]
    assert client.get_model_config("iris")["max_batch_size"] > 0
    assert client.get_model_repository_index()[0]["state"] == "READY"
    passed("tritonclient: metadata, configuration, repository index")
    for binary in (True, False):
        tensor = triton.InferInput("inputs", list(rows.shape), "FP32")
        tensor.set_data_from_numpy(rows, binary_data=binary)
        for binary_output in (True, False):
            outputs = [
                triton.InferRequestedOutput(name, binary_data=binary_output)
                for name in ("label", "probabilities")
            ]
            for coding in (None, "gzip", "deflate"):
                answer = client.infer(
                    "iris",
                    [tensor],
                    outputs=outputs,
                    request_id="one",
                    request_compression_algorithm=coding,
                    response_compression_algorithm=coding,
                )
                assert answer.get_response()["id"] == "one"
                assert np.allclose(answer.as_numpy("probabilities"), probabilities, atol=1e-5)
                check(
                    f"tritonclient: binary input {binary}, binary output {binary_output}, compressed {coding}",
                    answer.as_numpy("label"),
                )
    check("tritonclient: no outputs named", client.infer("iris", [tensor], "v1").as_numpy("label"))
    futures = [client.async_infer("iris", [tensor]) for _ in range(20)]
    for future in futures:
        assert np.array_equal(future.get_result().as_numpy("label"), expected)
    passed("tritonclient: twenty at once")
    statistics = client.get_inference_statistics("iris")["model_stats"][0]
    assert statistics["inference_count"] > len(rows), statistics
    passed("tritonclient: statistics")
    wrong = triton.InferInput("inputs", [1, 3], "FP32")
    wrong.set_data_from_numpy(rows[:1, :3])
    try:
        client.infer("iris", [wrong])
    except InferenceServerException as error:
        assert "expected the shape [-1,4], got [1,3]" in error.message(), error
        passed("tritonclient: the error's sentence")
    else:
        raise AssertionError("a wrong shape was taken")


async def with_kserve_grpc():
    client = kserve.InferenceGRPCClient(grpc_address)
    assert await client.is_server_live() and await client.is_server_ready()
    assert await client.is_model_ready("iris")
    passed("kserve over gRPC: health")
    for binary in (True, False):
        tensor = kserve.InferInput("inputs", list(rows.shape), "FP32")
        tensor.set_data_from_numpy(rows, binary_data=binary)
        answer = await client.infer(kserve.InferRequest("iris", [tensor]))
        label = next(output for output in answer.outputs if output.name == "label")
        check(f"kserve over gRPC: raw input {binary}", label.as_numpy())
    await client.close()


async def with_kserve():
    client = kserve.InferenceRESTClient(kserve.RESTConfig(protocol="v2", timeout=10))
    assert await client.is_server_live(url) and await client.is_server_ready(url)
    assert await client.is_model_ready(url, "iris")
    passed("kserve: health")
    for binary in (True, False):
        tensor = kserve.InferInput("inputs", list(rows.shape), "FP32")
        tensor.set_data_from_numpy(rows, binary_data=binary)
        outputs = [kserve.RequestedOutput("label")] if hasattr(kserve, "RequestedOutput") else None
        request = kserve.InferRequest("iris", [tensor], request_outputs=outputs)
        answer = await client.infer(url, request, model_name="iris")
        label = next(output for output in answer.outputs if output.name == "label")
        check(f"kserve: binary input {binary}", label.as_numpy())
    await client.close()


async def with_kserves():
    await with_kserve()
    await with_kserve_grpc()


with_triton()
asyncio.run(with_kserves())
