{{/* Parts of the serving container. Each takes root and v. */}}

{{/* The data of the ConfigMap that versions of our predictor share. */}}
{{- define "ml-api.configData" -}}
{{- range $name, $value := .Values.config }}
{{- include "ml-api.setting" (dict "name" $name "value" $value "form" "%s: %s\n") }}
{{- end }}
{{- end -}}

{{/*
One value of `config` as an environment variable: logLevel: info → LOG_LEVEL: "info". Empty values are left to the predictor.
Takes name, value, and the form to print both in.
*/}}
{{- define "ml-api.setting" -}}
{{- $value := .value -}}
{{- if kindIs "bool" $value -}}
  {{- $value = $value | ternary "on" "off" -}}
{{- else if not (kindIs "string" $value) -}}
  {{- $value = include "ml-api.number" $value -}}
{{- end -}}
{{- if ne $value "" -}}
{{- printf .form (.name | snakecase | upper) (quote $value) -}}
{{- end -}}
{{- end -}}

{{/* Variables that the chart sets itself, from values of their own: nobody else may. */}}
{{- define "ml-api.ownVariables" -}}
PORT: ports.http
METRICS_PORT: ports.metrics
GRPC_PORT: ports.grpc
MODEL_DIR: model.path
MODELS_DIR: model.several and model.path
DEFAULT_MODEL: model.default
MODEL_NAME: model.name
MODEL_VERSION: the key in versions
BASE_PATH: the key in versions
DRAIN_DELAY_MS: shutdown.preStopSeconds
SHUTDOWN_TIMEOUT_MS: shutdown.drainSeconds
API_KEYS_FILE: auth.existingSecret
OPERATOR_KEYS_FILE: auth.operators.existingSecret
TRAFFIC_FILE: traffic
SHADOW: traffic.shadow.to
SHADOW_SHARE: traffic.shadow.percent
SHADOW_RATE: traffic.shadow.perSecond
SHADOW_MAX_IN_FLIGHT: traffic.shadow.maxInFlight
SHADOW_TIMEOUT_MS: traffic.shadow.timeoutMs
SHADOW_TOLERANCE: traffic.shadow.tolerance
SHADOW_KEEP: traffic.shadow.keep
SPLIT: traffic.weights
VERSIONS: the keys in versions
SPLIT_SALT: the release's name
SPLIT_USER_HEADER: traffic.user.header
SPLIT_USER_COOKIE: traffic.user.cookie
SPLIT_PIN_HEADER: traffic.pinHeader
{{- end -}}

{{- define "ml-api.environment" -}}
{{- $v := .v -}}
{{- if eq $v.runtime "onnx" -}}
- name: PORT
  value: {{ $v.ports.http | quote }}
- name: METRICS_PORT
  value: {{ $v.ports.metrics | quote }}
{{- with $v.ports.grpc }}
- name: GRPC_PORT
  value: {{ . | quote }}
{{- end }}
{{- if $v.model.several }}
- name: MODELS_DIR
  value: {{ $v.model.path | quote }}
- name: DEFAULT_MODEL
  value: {{ include "ml-api.literal" $v.model.default | quote }}
{{- else }}
- name: MODEL_DIR
  value: {{ $v.model.path | quote }}
{{- end }}
{{- with $v.model.name }}
- name: MODEL_NAME
  value: {{ . | quote }}
{{- end }}
- name: MODEL_VERSION
  value: {{ $v.version | quote }}
- name: BASE_PATH
  value: {{ printf "/%s" $v.version | quote }}
- name: TRAFFIC_FILE
  value: {{ printf "/etc/ml-api/traffic/%s.json" $v.version | quote }}
{{- /* After preStop no new connection comes; those that are kept get two seconds to be told to close with an answer. */}}
- name: DRAIN_DELAY_MS
  value: "2000"
- name: SHUTDOWN_TIMEOUT_MS
  value: {{ mul $v.shutdown.drainSeconds 1000 | quote }}
{{- if .root.Values.auth.existingSecret }}
- name: API_KEYS_FILE
  value: /etc/ml-api/keys/{{ .root.Values.auth.key }}
{{- end }}
{{- if and $v.model.several .root.Values.auth.operators.existingSecret }}
- name: OPERATOR_KEYS_FILE
  value: /etc/ml-api/operator-keys/{{ .root.Values.auth.operators.key }}
{{- end }}
{{- if and (gt (int $v.gpu.count) 0) (not (or .root.Values.config.executionProviders $v.config.executionProviders)) }}
- name: EXECUTION_PROVIDERS
  value: cuda,cpu
{{- end }}
{{- range $name, $value := $v.config }}
{{ include "ml-api.setting" (dict "name" $name "value" $value "form" "- name: %s\n  value: %s") }}
{{- end }}
{{- end }}
{{- include "ml-api.llmEnvironment" . }}
{{- include "ml-api.variables" $v.env }}
{{- end -}}

{{/* A text as the value of a variable or an argument, where Kubernetes puts another variable in place of $(NAME), and $ in place of $$. */}}
{{- define "ml-api.literal" -}}
{{- replace "$" "$$" . -}}
{{- end -}}

{{/* Environment variables by name, each a string or an object with valueFrom. */}}
{{- define "ml-api.variables" -}}
{{- range $name, $value := . }}
- name: {{ $name | quote }}
  {{- if kindIs "map" $value }}
  {{- toYaml $value | nindent 2 }}
  {{- else }}
  value: {{ $value | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "ml-api.environmentFrom" -}}
{{- if eq .v.runtime "onnx" }}
- configMapRef:
    name: {{ include "ml-api.fullname" .root | quote }}
{{- end }}
{{- with .v.envFrom }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ml-api.probes" -}}
{{- $v := .v -}}
{{- range $kind := list "startup" "readiness" "liveness" }}
{{- $probe := get $v.probes $kind }}
{{- if $probe.enabled }}
{{ $kind }}Probe:
  {{- toYaml ($probe.handler | default (get $v.handlers $kind)) | nindent 2 }}
  periodSeconds: {{ int64 $probe.periodSeconds }}
  timeoutSeconds: {{ int64 $probe.timeoutSeconds }}
  failureThreshold: {{ int64 $probe.failureThreshold }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The hooks of the serving container. The kubelet sleeps itself: the image needs no shell. */}}
{{- define "ml-api.lifecycle" -}}
{{- $own := dict -}}
{{- if .v.openai -}}
  {{- $own = dict "preStop" (include "ml-api.awaitStreams" . | fromYaml) -}}
{{- else if gt (int64 .v.shutdown.preStopSeconds) 0 -}}
  {{- $own = dict "preStop" (dict "sleep" (dict "seconds" (int64 .v.shutdown.preStopSeconds))) -}}
{{- end -}}
{{- range $hook, $handler := .v.lifecycle -}}
  {{- with $handler -}}{{- $_ := set $own $hook . -}}{{- end -}}
{{- end -}}
{{- toYaml $own -}}
{{- end -}}

{{/* Requests and limits, with the GPUs and other devices; for helpers of the pod (devices: false) without. Takes v and devices. */}}
{{- define "ml-api.resources" -}}
{{- $resources := dict -}}
{{- range $kind, $amounts := .v.resources -}}
  {{- with $amounts -}}{{- $_ := set $resources $kind (deepCopy .) -}}{{- end -}}
{{- end -}}
{{- if .devices -}}
  {{- range .v.resourceClaims -}}
    {{- $_ := set $resources "claims" (append ($resources.claims | default list) (pick . "name" "request")) -}}
  {{- end -}}
  {{- if gt (int .v.gpu.count) 0 -}}
    {{- $_ := set $resources "limits" (mergeOverwrite ($resources.limits | default dict) (dict .v.gpu.resource (toString (int .v.gpu.count)))) -}}
  {{- end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
