"""Writes all-MiniLM-L6-v2, a BERT of six layers with mean pooling, as ONNX from its weights: what PyTorch's exporter and
Hugging Face's Optimum do, without their gigabyte of packages.

    python minilm.py model.safetensors model.onnx
"""

import json
import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

LAYERS, HEADS, HIDDEN, EPSILON = 6, 12, 384, 1e-12

nodes, constants = [], {}


def weights(file):
    """The tensors of a safetensors file: the length of a JSON header, the header, the bytes."""
    content = open(file, "rb").read()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(content[start + begin : start + end], {"F32": np.float32, "I64": np.int64}[kind]).reshape(shape)
        for name, kind, shape, (begin, end) in (
            (name, spec["dtype"], spec["shape"], spec["data_offsets"]) for name, spec in header.items()
        )
    }


def constant(name, value):
    constants[name] = np.asarray(value)
    return name


def op(kind, *inputs, **attributes):
    output = f"{kind}_{len(nodes)}"
    nodes.append(helper.make_node(kind, inputs, [output], **attributes))
    return output


def weight(name):
    return constant(name, tensors[name])


def dense(x, name):
    return op("Add", op("MatMul", x, constant(f"{name}.weight", tensors[f"{name}.weight"].T)), weight(f"{name}.bias"))


def normalised(x, name):
    scale, bias = weight(f"{name}.weight"), weight(f"{name}.bias")
    return op("LayerNormalization", x, scale, bias, axis=-1, epsilon=EPSILON)


def heads(x):
    shape = constant("heads", np.array([0, 0, HEADS, HIDDEN // HEADS]))
    return op("Reshape", x, shape)


def attention(x, bias, name):
    query, key, value = (heads(dense(x, f"{name}.self.{part}")) for part in ("query", "key", "value"))
    query = op("Transpose", query, perm=[0, 2, 1, 3])
    key = op("Transpose", key, perm=[0, 2, 3, 1])
    value = op("Transpose", value, perm=[0, 2, 1, 3])
    scores = op("Mul", op("MatMul", query, key), constant("scale", np.float32((HIDDEN / HEADS) ** -0.5)))
    shares = op("Softmax", op("Add", scores, bias), axis=-1)
    together = op("Transpose", op("MatMul", shares, value), perm=[0, 2, 1, 3])
    flat = op("Reshape", together, constant("flat", np.array([0, 0, HIDDEN])))
    return normalised(op("Add", dense(flat, f"{name}.output.dense"), x), f"{name}.output.LayerNorm")


def embedded(ids):
    length = op("Shape", ids, start=1, end=2)
    positions = op("Slice", weight("embeddings.position_embeddings.weight"), constant("zero", np.array([0])), length)
    words = op("Gather", weight("embeddings.word_embeddings.weight"), ids)
    kinds = constant("kind", tensors["embeddings.token_type_embeddings.weight"][0])
    return normalised(op("Add", op("Add", words, kinds), positions), "embeddings.LayerNorm")


tensors = weights(sys.argv[1])
mask = op("Cast", "attention_mask", to=TensorProto.FLOAT)
absent = op("Sub", constant("one", np.float32(1)), op("Unsqueeze", mask, constant("axes", np.array([1, 2]))))
bias = op("Mul", absent, constant("least", np.float32(-1e9)))
x = embedded("input_ids")
for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
    x = attention(x, bias, f"{layer}.attention")
    inner = op("Gelu", dense(x, f"{layer}.intermediate.dense"))
    x = normalised(op("Add", dense(inner, f"{layer}.output.dense"), x), f"{layer}.output.LayerNorm")

column = op("Unsqueeze", mask, constant("last", np.array([2])))
rows = constant("rows", np.array([1]))
mean = op("Div", op("ReduceSum", op("Mul", x, column), rows, keepdims=0), op("ReduceSum", column, rows, keepdims=0))
nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], axis=1, p=2))

graph = helper.make_graph(
    nodes,
    "all-MiniLM-L6-v2",
    [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"]) for name in ("input_ids", "attention_mask")],
    [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])],
    [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
checker.check_model(model)
open(sys.argv[2], "wb").write(model.SerializeToString(deterministic=True))
