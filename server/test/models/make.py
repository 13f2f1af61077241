"""Writes the small ONNX models that the server's tests use. Needs the packages of model/requirements.txt.

    python make.py

Every model is a directory with model.onnx and, where a test needs it, model.json. The files are committed.
"""

import json
import pathlib

import numpy as np
from onnx import TensorProto as T, checker, helper, numpy_helper

HERE = pathlib.Path(__file__).parent


def save(name, inputs, outputs, nodes, initializers=(), manifest=None):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*spec) for spec in inputs],
        [spec if not isinstance(spec, tuple) else helper.make_tensor_value_info(*spec) for spec in outputs],
        [numpy_helper.from_array(value, key) for key, value in initializers],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    checker.check_model(model)
    directory = HERE / name
    directory.mkdir(exist_ok=True)
    (directory / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    if manifest is not None:
        (directory / "model.json").write_text(json.dumps(manifest, indent=2) + "\n")


# Every datatype comes back as it went in.
kinds = ["FLOAT16", "FLOAT", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64", "BOOL", "STRING"]
save(
    "every-datatype",
    [(k.lower(), getattr(T, k), ["batch", 2]) for k in kinds],
    [(f"{k.lower()}_out", getattr(T, k), ["batch", 2]) for k in kinds],
    [helper.make_node("Identity", [k.lower()], [f"{k.lower()}_out"]) for k in kinds],
)
# y = x - mean of the batch: a row's answer depends on the other rows.
save(
    "rows-influence-each-other",
    [("x", T.FLOAT, ["batch", 2])],
    [("y", T.FLOAT, ["batch", 2])],
    [
        helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["y"]),
    ],
    [("axes", np.array([0], np.int64))],
)
# y = the square of a place in a table of ten: a place outside makes the run fail.
save(
    "fails-on-some-rows",
    [("place", T.INT64, ["batch", 1])],
    [("square", T.FLOAT, ["batch", 1])],
    [helper.make_node("Gather", ["table", "place"], ["square"])],
    [("table", np.arange(10, dtype=np.float32) ** 2)],
    {"name": "squares", "task": "regression", "features": [{"name": "place", "example": 3}]},
)
# A long chain of matrix products: more than 50 ms a run, in a small file.
save(
    "heavy",
    [("x", T.FLOAT, ["batch", 1024])],
    [("y", T.FLOAT, ["batch", 1024])],
    [helper.make_node("ConstantOfShape", ["shape"], ["weights"], value=numpy_helper.from_array(np.array([1 / 1024], np.float32)))]
    + [helper.make_node("MatMul", [f"x{i}" if i else "x", "weights"], [f"x{i + 1}" if i < 1499 else "y"]) for i in range(1500)],
    [("shape", np.array([1024, 1024], np.int64))],
)
# An image at a time: dimension 0 is 1.
save(
    "one-image",
    [("image", T.UINT8, [1, 3, 2, 2])],
    [("brightness", T.FLOAT, [1, 3])],
    [
        helper.make_node("Cast", ["image"], ["pixels"], to=T.FLOAT),
        helper.make_node("ReduceMean", ["pixels", "axes"], ["brightness"], keepdims=0),
    ],
    [("axes", np.array([2, 3], np.int64))],
)
# State along dimension 1 and a scalar, as speech models have: no dimension of rows.
save(
    "state-and-scalar",
    [("state", T.FLOAT, [2, "batch", 3]), ("rate", T.INT64, [])],
    [("next", T.FLOAT, [2, "batch", 3])],
    [helper.make_node("Cast", ["rate"], ["factor"], to=T.FLOAT), helper.make_node("Mul", ["state", "factor"], ["next"])],
)
# Two points, no more and no fewer: a tensor as a whole.
save(
    "two-points",
    [("points", T.FLOAT, [2, 3])],
    [("mirrored", T.FLOAT, [2, 3])],
    [helper.make_node("Neg", ["points"], ["mirrored"])],
)
# Token ids and their mask: two inputs that share a free dimension.
save(
    "two-inputs",
    [("ids", T.INT64, ["batch", "sequence"]), ("mask", T.INT64, ["batch", "sequence"])],
    [("sum", T.INT64, ["batch"])],
    [
        helper.make_node("Mul", ["ids", "mask"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axes"], ["sum"], keepdims=0),
    ],
    [("axes", np.array([1], np.int64))],
)
# The logarithm of a negative number is NaN.
save("not-a-number", [("x", T.FLOAT, ["batch", 1])], [("log", T.FLOAT, ["batch", 1])], [helper.make_node("Log", ["x"], ["log"])])
# Scores alone: the class is the place of the largest.
save(
    "scores",
    [("x", T.FLOAT, ["batch", 3])],
    [("scores", T.FLOAT, ["batch", 3])],
    [helper.make_node("Softmax", ["x"], ["scores"])],
    manifest={"name": "scores", "task": "classification", "labels": ["red", "green", "blue"]},
)
# A sequence beside a tensor, as classifiers have that were converted with ZipMap.
save(
    "sequence-and-tensor",
    [("inputs", T.FLOAT, ["batch", 2])],
    [("label", T.FLOAT, ["batch", 2]), helper.make_tensor_sequence_value_info("list", T.FLOAT, None)],
    [helper.make_node("Identity", ["inputs"], ["label"]), helper.make_node("SequenceConstruct", ["inputs"], ["list"])],
)
# Nothing but a sequence: cannot be served.
save(
    "sequence",
    [("x", T.FLOAT, ["batch", 1])],
    [helper.make_tensor_sequence_value_info("list", T.FLOAT, None)],
    [helper.make_node("SequenceConstruct", ["x"], ["list"])],
)
# Scores divided by their sum, which is zero for a row of zeros: NaN.
save(
    "normalised-scores",
    [("x", T.FLOAT, ["batch", 2])],
    [("scores", T.FLOAT, ["batch", 2])],
    [helper.make_node("ReduceSum", ["x", "axes"], ["total"], keepdims=1), helper.make_node("Div", ["x", "total"], ["scores"])],
    [("axes", np.array([1], np.int64))],
    {"name": "normalised-scores", "task": "classification", "labels": ["a", "b"]},
)
# Free sizes whose names say nothing, as PaddleOCR's exporter writes them: the mean of an image's pixels, per channel.
save(
    "unnamed-sizes",
    [("x", T.FLOAT, ["?", 3, "?", "?"])],
    [("mean", T.FLOAT, ["?", 3])],
    [helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0)],
    [("axes", np.array([2, 3], np.int64))],
)
# Three numbers per row, which model.json calls a regression.
save(
    "three-per-row",
    [("x", T.FLOAT, ["batch", 3])],
    [("y", T.FLOAT, ["batch", 3])],
    [helper.make_node("Identity", ["x"], ["y"])],
    manifest={"task": "regression"},
)
# The same, of a size that the file does not tell.
save(
    "some-per-row",
    [("x", T.FLOAT, ["batch", "width"])],
    [("y", T.FLOAT, ["batch", "width"])],
    [helper.make_node("Identity", ["x"], ["y"])],
    manifest={"task": "regression"},
)
# Classes beyond 2^53.
save(
    "large-classes",
    [("x", T.INT64, ["batch", 1])],
    [("class", T.INT64, ["batch"]), ("probabilities", T.FLOAT, ["batch", 1])],
    [
        helper.make_node("Add", ["x", "offset"], ["sum"]),
        helper.make_node("Squeeze", ["sum", "axes"], ["class"]),
        helper.make_node("Cast", ["x"], ["probabilities"], to=T.FLOAT),
    ],
    [("offset", np.array([2**53], np.int64)), ("axes", np.array([1], np.int64))],
)
# Names that every JavaScript object has; and the one that none can have.
save(
    "inherited-names",
    [("constructor", T.FLOAT, ["batch", 1]), ("toString", T.FLOAT, ["batch", 1])],
    [("hasOwnProperty", T.FLOAT, ["batch", 1])],
    [helper.make_node("Sub", ["constructor", "toString"], ["hasOwnProperty"])],
)
save(
    "proto-name",
    [("x", T.FLOAT, ["batch", 1])],
    [("__proto__", T.FLOAT, ["batch", 1])],
    [helper.make_node("Identity", ["x"], ["__proto__"])],
)
# Two named sizes that must be equal for it to run.
save(
    "equal-sizes",
    [("a", T.FLOAT, ["batch", "width"]), ("b", T.FLOAT, ["batch", "width"])],
    [("c", T.FLOAT, ["batch", "width"])],
    [helper.make_node("Add", ["a", "b"], ["c"])],
)
# Two inputs of free sizes come back as they went in.
save(
    "two-shapes",
    [("x", T.FLOAT, ["batch", "p", "q"]), ("y", T.FLOAT, ["batch", "r", "s"])],
    [("x_out", T.FLOAT, ["batch", "p", "q"]), ("y_out", T.FLOAT, ["batch", "r", "s"])],
    [helper.make_node("Identity", ["x"], ["x_out"]), helper.make_node("Identity", ["y"], ["y_out"])],
)
# A constant of four terabytes, which no run can have the memory for.
save(
    "too-large",
    [("x", T.FLOAT, ["batch", 1])],
    [("y", T.FLOAT, ["batch", 1])],
    [
        helper.make_node("ConstantOfShape", ["shape"], ["constant"]),
        helper.make_node("ReduceSum", ["constant"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ],
    [("shape", np.array([1 << 20, 1 << 20], np.int64))],
)
# y = x, but for batches of 3 rows, to which it adds 1: as where another kernel is taken.
save(
    "differs-at-3",
    [("x", T.FLOAT, ["batch", 2])],
    [("y", T.FLOAT, ["batch", 2])],
    [
        helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
        helper.make_node("Equal", ["rows", "3"], ["is3"]),
        helper.make_node("Cast", ["is3"], ["one"], to=T.FLOAT),
        helper.make_node("Add", ["x", "one"], ["y"]),
    ],
    [("3", np.array([3], np.int64))],
)
# Two inputs, one of which has a name with a backslash.
save(
    "backslash-name",
    [("a", T.FLOAT, ["batch", 1]), ("a\\b", T.FLOAT, ["batch", 1])],
    [("c", T.FLOAT, ["batch", 1])],
    [helper.make_node("Add", ["a", "a\\b"], ["c"])],
)
# A text, and the same with an exclamation mark.
save(
    "text",
    [("text", T.STRING, ["batch", 1])],
    [("louder", T.STRING, ["batch", 1])],
    [helper.make_node("StringConcat", ["text", "mark"], ["louder"])],
    [("mark", np.array(["!"], dtype=object))],
)
# A straight line through three numbers.
save(
    "line",
    [("x", T.FLOAT, ["batch", 3])],
    [("y", T.FLOAT, ["batch", 1])],
    [helper.make_node("Gemm", ["x", "weights", "intercept"], ["y"])],
    [("weights", np.array([[0.5], [-2], [1]], np.float32)), ("intercept", np.array([3], np.float32))],
    {"name": "line", "task": "regression", "features": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
)
# The next version of it, which weighs the first number otherwise.
save(
    "line-v2",
    [("x", T.FLOAT, ["batch", 3])],
    [("y", T.FLOAT, ["batch", 1])],
    [helper.make_node("Gemm", ["x", "weights", "intercept"], ["y"])],
    [("weights", np.array([[0.75], [-2], [1]], np.float32)), ("intercept", np.array([3], np.float32))],
    {"name": "line", "version": "v2", "task": "regression", "features": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
)
# Each row as often as the largest number of all rows says: how wide an output is depends on what is run together.
save(
    "wide-as-its-largest",
    [("x", T.INT64, ["batch", 1])],
    [("y", T.INT64, ["batch", "width"])],
    [
        helper.make_node("ReduceMax", ["x", "axes"], ["width"], keepdims=0),
        helper.make_node("Concat", ["one", "width"], ["shape"], axis=0),
        helper.make_node("Expand", ["x", "shape"], ["y"]),
    ],
    [("axes", np.array([0], np.int64)), ("one", np.array([1], np.int64))],
)
# The sum of one row at a time: dimension 0 is 1. Its features have names that look like numbers.
save(
    "one-row",
    [("x", T.FLOAT, [1, 2])],
    [("sum", T.FLOAT, [1, 1])],
    [helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=1)],
    [("axes", np.array([1], np.int64))],
    {"name": "one-row", "task": "regression", "features": [{"name": "2020"}, {"name": "2021"}]},
)
# A thousand classes: waves of as many lengths, of which the inputs choose.
save(
    "thousand-classes",
    [("x", T.FLOAT, ["batch", 4])],
    [("scores", T.FLOAT, ["batch", 1000])],
    [
        helper.make_node("ReduceSum", ["x", "axes"], ["sum"], keepdims=1),
        helper.make_node("Range", ["0", "1000", "1"], ["lengths"]),
        helper.make_node("Mul", ["sum", "lengths"], ["angles"]),
        helper.make_node("Sin", ["angles"], ["waves"]),
        helper.make_node("Mul", ["waves", "8"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"]),
    ],
    [("axes", np.array([1], np.int64)), *((str(n), np.array(n, np.float32)) for n in (0, 1, 8, 1000))],
    {"name": "thousand-classes", "task": "classification"},
)
# The negative of a picture.
save(
    "negative",
    [("picture", T.FLOAT, ["batch", 1, 16, 16])],
    [("negative", T.FLOAT, ["batch", 1, 16, 16]), ("brightness", T.FLOAT, ["batch", 1])],
    [
        helper.make_node("Sub", ["1", "picture"], ["negative"]),
        helper.make_node("ReduceMean", ["picture", "axes"], ["means"], keepdims=0),
        helper.make_node("Unsqueeze", ["means", "last"], ["brightness"]),
    ],
    [("1", np.array(1, np.float32)), ("axes", np.array([1, 2, 3], np.int64)), ("last", np.array([1], np.int64))],
    {"name": "negative", "task": "tensor"},
)
# Names that would be markup, formulas and broken CSV where a page took them for such.
hostile = '<img src=x onerror="document.title=1">'
save(
    "hostile-names",
    [("x", T.FLOAT, ["batch", 2])],
    [("scores", T.FLOAT, ["batch", 2])],
    [helper.make_node("Softmax", ["x"], ["scores"])],
    manifest={
        "name": "hostile-names",
        "task": "classification",
        "description": hostile,
        "features": [{"name": hostile, "unit": "</label>"}, {"name": 'a, "b"'}],
        "labels": ["=1+1", hostile],
    },
)
