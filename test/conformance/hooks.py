"""What requests must keep to that JSON Schema cannot say, and so a generator that knows only the schema does not.

Only requests that are meant to be valid are touched, and only these six rules are kept, which the contract has in
words (the descriptions of `predict` and `infer`):

- arrays at the same depth are equally long; sizes of one name are equal; all inputs have as many rows;
- an input has as many elements, or bytes, as its shape says;
- no output is requested twice;
- no name in the JSON of an inference has a backslash;
- `Inference-Header-Content-Length` is the length of the JSON;
- a body of the type `application/octet-stream` is such JSON and its tensors.
"""

import itertools
import json
import math
import re
import struct

import schemathesis
from schemathesis.core import NOT_SET
from schemathesis.core.failures import ServerError
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.generation import GenerationMode

HEADER = "Inference-Header-Content-Length"
ROWS = object()  # the name of the size that all batches share
WIDTHS = {"BOOL": 1, "UINT8": 1, "INT8": 1, "UINT16": 2, "INT16": 2, "FP16": 2, "UINT32": 4, "INT32": 4, "FP32": 4}
LARGEST = 4  # of a free size of an inference: a shape may claim any


@schemathesis.hook
def before_add_examples(context, examples):
    for case in examples:
        complete(case)


@schemathesis.hook
def map_case(context, case):
    complete(case)
    return case


def complete(case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or case.body is NOT_SET:
        return
    if case.path == "/predict":
        schema = case.operation.schema.raw_schema["paths"]["/predict"]["post"]["requestBody"]["content"]
        inputs = schema["application/json"]["schema"]["properties"]["inputs"]
        case.body = {**case.body, "inputs": equal_sizes(case.body["inputs"], inputs)}
    elif case.path.endswith("/infer"):
        complete_inference(case)


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Some models make NaN or infinity of numbers that fit: the contract has 500 for it, and exactly this is let pass."""
    if response.status_code != 500 or not isinstance(failure, (ServerError, RejectedPositiveData)):
        return True
    body = response.json()
    said = body.get("detail", body.get("error", ""))
    return re.fullmatch(r'The model\'s output ".*" has the value (NaN|-?Infinity), which JSON cannot carry\.', said) is None


def equal_sizes(inputs, schema):
    """The inputs of a prediction with the elements that they have, in arrays of equal sizes."""
    if schema.get("type") != "object":
        return tensor(inputs, form(inputs, schema), {})
    properties = {name: (value, form(value, schema["properties"][name])) for name, value in inputs.items()}
    is_row = [one is not schema["properties"][name].get("anyOf", [None])[-1] for name, (_, one) in properties.items()]
    sizes = {ROWS: 1} if any(is_row) else {}
    return {name: tensor(value, one, sizes) for name, (value, one) in properties.items()}


def form(value, schema):
    """The schema of a row or of a batch, whichever the value is."""
    forms = schema.get("anyOf", [schema])
    return next(one for one in forms if depth_of_schema(one) == depth(value))


def tensor(value, schema, sizes):
    dims = []
    at = value
    while schema.get("type") == "array":
        fixed = schema["minItems"] == schema.get("maxItems")
        name = ROWS if schema["description"].startswith("a batch") else schema.get("title")
        if fixed:
            dims.append(schema["minItems"])
        else:
            dims.append(len(at) if name is None else sizes.setdefault(name, len(at)))
        at, schema = at[0], schema["items"]
    elements = itertools.cycle(leaves(value))
    return nest(elements, dims)


def nest(elements, dims):
    return [nest(elements, dims[1:]) for _ in range(dims[0])] if dims else next(elements)


def complete_inference(case):
    schemas = case.operation.schema.raw_schema["components"]["schemas"]
    one = schemas["InferenceInput"]
    each = [one] if "properties" in one else one["oneOf"]
    inputs = {schema["properties"]["name"]["enum"][0]: schema["properties"] for schema in each}
    sent = case.headers.pop(HEADER, None)
    if case.media_type == "application/octet-stream":
        raw = case.body.encode() if isinstance(case.body, str) else bytes(case.body)
        request = {"inputs": [binary_input(name, properties) for name, properties in inputs.items()]}
    else:
        raw = json.dumps(case.body).encode()
        request = without_backslashes(case.body)
    sizes = {}
    tensors = []
    completed = [complete_input(one, inputs[one["name"]], sizes, raw, tensors) for one in request["inputs"]]
    request = {**request, "inputs": completed}
    if request.get("outputs"):
        request["outputs"] = list({one["name"]: one for one in request["outputs"]}.values())
    whole = sent is not None and str(sent) == "0" and len(tensors) == len(inputs) == 1
    if whole and free(inputs[completed[0]["name"]]) <= 1 and completed[0]["datatype"] != "BYTES":
        case.body, case.media_type, case.headers = tensors[0], "application/octet-stream", {**case.headers, HEADER: "0"}
    elif tensors:
        text = json.dumps(request).encode()
        case.body, case.media_type = text + b"".join(tensors), "application/octet-stream"
        case.headers = {**case.headers, HEADER: str(len(text))}
    elif sent is not None and case.media_type == "application/octet-stream":
        case.body = json.dumps(request).encode()
        case.headers = {**case.headers, HEADER: str(len(case.body))}
    else:
        case.body = request


def without_backslashes(value):
    if isinstance(value, list):
        return [without_backslashes(one) for one in value]
    if isinstance(value, dict):
        return {name.replace("\\", "/"): without_backslashes(one) for name, one in value.items()}
    return value


def binary_input(name, properties):
    shape = [size.get("enum", [1])[0] for size in properties["shape"].get("prefixItems", [])]
    datatype = properties["datatype"]["enum"][0]
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": 0}}


def free(properties):
    return sum("enum" not in size for size in properties["shape"].get("prefixItems", []))


def complete_input(one, properties, sizes, raw, tensors):
    """An input with sizes that agree with those of the others, and as many elements."""
    shape = []
    for size, schema in zip(one["shape"], properties["shape"].get("prefixItems", [])):
        small = size if "enum" in schema else (int(size) - 1) % LARGEST + 1
        shape.append(sizes.setdefault(schema["title"], small) if "title" in schema else small)
    count = math.prod(shape)
    if "data" in one:
        found = leaves(one["data"]) or [sample(properties["data"]["items"])]
        return {**one, "shape": shape, "data": list(itertools.islice(itertools.cycle(found), count))}
    content = binary(one["datatype"], count, raw or b"\0")
    tensors.append(content)
    parameters = {**one["parameters"], "binary_data_size": len(content)}
    return {**one, "shape": shape, "parameters": parameters}


def binary(datatype, count, raw):
    if datatype == "BYTES":
        text = raw.decode("utf-8", "ignore").replace("\0", "0").encode()[:100].decode("utf-8", "ignore").encode()
        return b"".join(struct.pack("<I", len(text)) + text for _ in range(count))
    width = WIDTHS.get(datatype, 8)
    if datatype == "BOOL":
        raw = bytes(byte & 1 for byte in raw)
    return bytes(itertools.islice(itertools.cycle(raw), count * width))


def sample(schema):
    """Any element: `data` may be valid without one, when no shape is looked at."""
    schema = (schema.get("anyOf") or schema.get("oneOf") or [schema])[0]
    return {"string": "", "boolean": True}.get(schema["type"], 0)


def leaves(value):
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]


def depth(value):
    return 1 + depth(value[0]) if isinstance(value, list) else 0


def depth_of_schema(schema):
    return 1 + depth_of_schema(schema["items"]) if schema.get("type") == "array" else 0
