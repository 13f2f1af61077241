"""Makes a registered version the one that is served: python promote.py VERSION"""

import sys

from mlflow import MlflowClient

MlflowClient().set_registered_model_alias("iris", "champion", sys.argv[1])
print(f"iris {sys.argv[1]} is the champion")
