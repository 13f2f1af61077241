#!/usr/bin/env bash
# Needs mlflow and python (requirements.txt) and ml-api on the PATH; `npm start` sees to the last.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
end() {
  local status=$?
  [ $status = 0 ] || tail -n 5 "$work"/*.log >&2
  kill $(jobs -p) 2>/dev/null
  wait
  rm -rf "$work"
  exit $status
}
trap end EXIT
say() { printf '\n# %s\n' "$*"; }
# Runs a command until it succeeds, a minute at most.
until_it() { for _ in $(seq 120); do "$@" && return; sleep 0.5; done; echo "gave up: $*" >&2; return 1; }

say 'An MLflow server. Yours is there already: set MLFLOW_TRACKING_URI to it.'
mlflow_port=${MLFLOW_PORT:-5050}
export MLFLOW_TRACKING_URI=http://127.0.0.1:$mlflow_port MLFLOW_DISABLE_TELEMETRY=true MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false
mlflow server --port "$mlflow_port" --workers 1 \
  --backend-store-uri "sqlite:///$work/mlflow.db" --artifacts-destination "$work/artifacts" >"$work/mlflow.log" 2>&1 &
until_it curl --silent --fail --output /dev/null "$MLFLOW_TRACKING_URI/health"

say 'Train, log, register, and name the champion.'
python train.py forest 2>>"$work/python.log"
python promote.py 1

say 'Serve the champion, and follow the alias.'
ml-api fetch mlflow://iris@champion --dir "$work/model" >"$work/fetch.log"
ml-api fetch mlflow://iris@champion --dir "$work/model" --follow 1 >>"$work/fetch.log" 2>&1 &
export PORT=${PORT:-5000}
MODEL_DIR=$work/model MODEL_RELOAD_SECONDS=1 ml-api serve >"$work/serve.log" 2>&1 &
url=http://127.0.0.1:$PORT
until_it curl --silent --fail --output /dev/null "$url/readyz"
ask() {
  curl --silent --fail "$url/model" | grep --only-matching '"resolved":"[^"]*"'
  curl --silent --fail "$url/predict" --header 'Content-Type: application/json' --data '{"inputs":[5.1,3.5,1.4,0.2]}'
  echo
}
ask

say 'Another version, promoted. Nothing is restarted.'
python train.py boosting 2>>"$work/python.log"
python promote.py 2
serves_2() { ask | grep 'mlflow://iris/2' >/dev/null; } # not -q, which ends at a match, and ask with it
until_it serves_2
ask
