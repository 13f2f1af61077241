"""The tutorial's server: Flask and scikit-learn. Run under gunicorn with one worker."""

import pathlib
import tempfile

import joblib
from flask import Flask, jsonify, request
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

iris = load_iris()
path = pathlib.Path(tempfile.mkdtemp()) / "model.joblib"
joblib.dump(RandomForestClassifier(n_estimators=100, random_state=42).fit(iris.data, iris.target), path)

app = Flask(__name__)
model = joblib.load(path)


@app.route("/predict", methods=["POST"])
def predict():
    prediction = model.predict([request.get_json()["inputs"]])
    return jsonify({"prediction": prediction.tolist()})


@app.route("/readyz")
def ready():
    return "ok"
