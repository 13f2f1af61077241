"""Trains a model, logs it to MLflow as ONNX, and registers it: python train.py forest|boosting"""

import sys

import mlflow
import numpy as np
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import cross_val_score

estimator = {
    "forest": RandomForestClassifier(random_state=0),
    "boosting": GradientBoostingClassifier(random_state=0),
}[sys.argv[1]]
rows, species = load_iris(return_X_y=True, as_frame=True)
rows = rows.rename(columns=lambda name: name.removesuffix(" (cm)")).astype(np.float32)

with mlflow.start_run():
    mlflow.log_param("estimator", sys.argv[1])
    mlflow.log_metric("accuracy", cross_val_score(estimator, rows, species).mean())
    estimator.fit(rows.to_numpy(), species)
    logged = mlflow.onnx.log_model(
        to_onnx(
            estimator,
            initial_types=[("inputs", FloatTensorType([None, rows.shape[1]]))],
            options={"zipmap": False},  # probabilities as a tensor; a ZipMap output cannot be served
        ),
        name="iris",
        registered_model_name="iris",
        signature=infer_signature(rows, estimator.predict(rows.to_numpy())),
        input_example=rows.head(1),
    )
print(f"iris {logged.registered_model_version}: {sys.argv[1]}")
