"""Trains the two iris models and writes their model directories: model.onnx, model.json, golden.json.

    python train.py [--out DIR]

v1 is the classic tutorial's model: scikit-learn's RandomForestClassifier on iris. v2 is another algorithm,
so that an A/B test has something to find. The same requirements give the same predictions; `npm run model:check` compares.
"""

import argparse
import json
import os
import pathlib

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime sends telemetry by default on Linux since 1.29

import numpy as np
import onnxruntime as ort
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

SEED = 42
OPSET = {"": 21, "ai.onnx.ml": 3}
# Converted models compute in float32 what scikit-learn computes in float64: probabilities differ by rounding.
TOLERANCE = 1e-5

MODELS = {
    "v1": (
        RandomForestClassifier(n_estimators=100, random_state=SEED),
        "Iris species by a random forest of 100 trees, as in the classic tutorial.",
    ),
    "v2": (
        GradientBoostingClassifier(n_estimators=20, max_depth=1, random_state=SEED),
        "Iris species by gradient boosting of 20 stumps a class: smoother probabilities than v1.",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    out = parser.parse_args().out
    for version, (estimator, description) in MODELS.items():
        write_model(out / version, version, estimator, description)


def write_model(directory: pathlib.Path, version: str, estimator, description: str) -> None:
    iris = load_iris()
    # The server gets float32, so the models are trained and asked with what float32 can hold.
    rows = iris.data.astype(np.float32)
    held_out = cross_val_predict(
        estimator, rows, iris.target, cv=StratifiedKFold(5, shuffle=True, random_state=SEED)
    )
    estimator.fit(rows, iris.target)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "model.onnx").write_bytes(convert(estimator, version))
    write_json(directory / "model.json", manifest(version, description, iris, rows, held_out))
    (directory / "golden.json").write_text(golden(iris, rows, estimator))
    check(directory, rows, estimator)


def convert(estimator, version: str) -> bytes:
    model = to_onnx(
        estimator,
        initial_types=[("inputs", FloatTensorType([None, 4]))],
        options={"zipmap": False},  # probabilities as a tensor, not as a list of dictionaries
        target_opset=OPSET,
        name=f"iris_{version}",
    )
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    return model.SerializeToString(deterministic=True)


def manifest(version: str, description: str, iris, rows: np.ndarray, held_out: np.ndarray) -> dict:
    return {
        "name": "iris",
        "version": version,
        "task": "classification",
        "description": description,
        "features": [
            {
                "name": name.removesuffix(" (cm)"),
                "unit": "cm",
                "min": short(column.min()),
                "max": short(column.max()),
                "example": short(column[0]),
            }
            for name, column in zip(iris.feature_names, rows.T)
        ],
        "labels": iris.target_names.tolist(),
        "prediction": "label",
        "probabilities": "probabilities",
        "metrics": {
            "accuracy": round(float(accuracy_score(iris.target, held_out)), 4),
            "f1Macro": round(float(f1_score(iris.target, held_out, average="macro")), 4),
        },
        "license": "CC-BY-4.0",
    }


def golden(iris, rows: np.ndarray, estimator) -> str:
    """Inputs and what scikit-learn itself says of them, one row a line so that a difference can be read."""
    classes = estimator.predict(rows)
    columns = {
        "inputs": [[short(value) for value in row] for row in rows],
        "prediction": classes.tolist(),
        "labels": iris.target_names[classes].tolist(),
        "probabilities": [[round(float(p), 9) for p in row] for row in estimator.predict_proba(rows)],
    }
    parts = [f'  "tolerance": {TOLERANCE}']
    for name, values in columns.items():
        lines = ",\n".join(f"    {json.dumps(value)}" for value in values)
        parts.append(f'  "{name}": [\n{lines}\n  ]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def check(directory: pathlib.Path, rows: np.ndarray, estimator) -> None:
    """The converted model must say what scikit-learn says before anyone gets it."""
    session = ort.InferenceSession(directory / "model.onnx", providers=["CPUExecutionProvider"])
    label, probabilities = session.run(["label", "probabilities"], {"inputs": rows})
    np.testing.assert_array_equal(label, estimator.predict(rows))
    np.testing.assert_allclose(probabilities, estimator.predict_proba(rows), atol=TOLERANCE, rtol=0)


def short(value: np.float32) -> float:
    """The shortest decimal that is this float32: 5.1, not 5.099999904632568."""
    return float(str(value))


def write_json(path: pathlib.Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
