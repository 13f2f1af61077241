"""Logs and registers the models of the tests: python log_models.py TRACKING_URI MODEL_FOLDER."""

import sys
from pathlib import Path

import mlflow
import numpy as np
import onnx
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

tracking, folder = sys.argv[1:]
mlflow.set_tracking_uri(tracking)
client = mlflow.MlflowClient()

row = pd.DataFrame(
    [[5.1, 3.5, 1.4, 0.2]],
    columns=["sepal length", "sepal width", "petal length", "petal width"],
)
signature = infer_signature(row, np.array([0]))
for version in ("v1", "v2"):
    with mlflow.start_run():
        mlflow.onnx.log_model(
            onnx.load(Path(folder) / version / "model.onnx"),
            name="iris",
            registered_model_name="iris",
            signature=signature,
            input_example=row,
            pip_requirements=[],
        )
client.set_registered_model_alias("iris", "champion", "1")

sizes = pd.DataFrame([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]], columns=["width", "depth"])
with mlflow.start_run():
    mlflow.sklearn.log_model(
        LinearRegression().fit(sizes, [5.0, 4.0, 13.0]),  # width + 2 * depth
        name="straight",
        registered_model_name="not onnx",
        signature=infer_signature(sizes, np.array([5.0])),
        pip_requirements=[],
    )
