{{/* What values of LLMs contradict each other, and what is for them only. Takes root, v, and key. */}}
{{- define "ml-api.checkLlm" -}}
{{- $v := .v -}}
{{- $key := .key -}}
{{- $model := $v.model -}}
{{- $id := $model.huggingFace.id -}}
{{- if and (eq $v.runtime "onnx") $v.extraArgs -}}
  {{- fail (printf "%s.extraArgs: the predictor takes its settings from config; use %s.config." $key $key) -}}
{{- end -}}
{{- if $v.openai -}}
  {{- $ownImage := (get .root.Values.versions $v.version | default dict).image | default .root.Values.versionDefaults.image -}}
  {{- if and (eq $model.source "image") (not $ownImage.repository) -}}
    {{- fail (printf "%s.model.source: the image of runtime %s holds no model; expected huggingFace, uri, pvc or imageVolume, or an image of yours in %s.image." $key $v.runtime $key) -}}
  {{- end -}}
  {{- if and (eq $v.runtime "vllm") (not (or $v.gpu.count $v.resourceClaims $ownImage.repository)) -}}
    {{- fail (printf "%s.gpu.count: vLLM's image runs on GPUs; set it to 1 or more, or %s.image to a build for other processors." $key $key) -}}
  {{- end -}}
  {{- if and (eq $v.runtime "llamacpp") (ne $model.source "huggingFace") (not $model.file) -}}
    {{- fail (printf "%s.model.file: llama.cpp loads one file; name it, such as qwen3-4b-q4_k_m.gguf." $key) -}}
  {{- end -}}
  {{- $most := eq $v.autoscaling.type "none" | ternary $v.replicas $v.autoscaling.maxReplicas | int -}}
  {{- if and $v.cache.existingClaim $v.cache.readWriteOnce (gt $most 1) -}}
    {{- fail (printf "%s.cache.readWriteOnce: such a claim serves one pod and up to %d are asked for; use a ReadWriteMany claim, or set autoscaling.maxReplicas (or replicas) to 1." $key $most) -}}
  {{- end -}}
  {{- if and (eq $v.runtime "vllm") (contains ":" $id) -}}
    {{- fail (printf "%s.model.huggingFace.id: a quantization after a colon is for llama.cpp; for vllm remove it from %q." $key $id) -}}
  {{- end -}}
  {{- range $variable, $reference := include "ml-api.llmSecrets" . | fromYaml -}}
    {{- if hasKey $v.env $variable -}}
      {{- fail (printf "%s.env.%s: the chart sets this variable from the Secret %s; remove it." $key $variable $reference.name) -}}
    {{- end -}}
  {{- end -}}
{{- else -}}
  {{- if eq $model.source "huggingFace" -}}
    {{- fail (printf "%s.model.source: %s does not download from Hugging Face; expected image, pvc, uri or imageVolume, or one of the runtimes vllm and llamacpp." $key $v.runtime) -}}
  {{- end -}}
  {{- if $model.file -}}
    {{- fail (printf "%s.model.file: runtime %s takes the whole directory; remove it." $key $v.runtime) -}}
  {{- end -}}
  {{- if $v.cache.existingClaim -}}
    {{- fail (printf "%s.cache.existingClaim: runtime %s keeps no cache; remove it." $key $v.runtime) -}}
  {{- end -}}
  {{- if gt (int64 $v.autoscaling.waitingRequests) 0 -}}
    {{- fail (printf "%s.autoscaling.waitingRequests: only vllm and llamacpp tell how many wait; use autoscaling.metrics or keda.triggers." $key) -}}
  {{- end -}}
{{- end -}}
{{- if and (eq $model.source "huggingFace") (not $id) -}}
  {{- fail (printf "%s.model.huggingFace.id: source huggingFace needs the model's id, such as Qwen/Qwen3-4B." $key) -}}
{{- end -}}
{{- if eq $model.source "huggingFace" -}}
  {{- range $port := include "ml-api.modelPorts" $v | fromJson | keys | sortAlpha -}}
    {{- if or (lt (int $port) 1) (gt (int $port) 65535) -}}
      {{- fail (printf "%s.env: there is no port %s; expected one from 1 to 65535 in the addresses of a proxy or a mirror." $key $port) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and $id (ne $model.source "huggingFace") -}}
  {{- fail (printf "%s.model.huggingFace.id: source %s downloads nothing from there; set source to huggingFace." $key $model.source) -}}
{{- end -}}
{{- if and (gt (int64 $v.autoscaling.waitingRequests) 0) $v.openai.metricsNeedKey .root.Values.auth.existingSecret (not .root.Values.auth.metricsKey) -}}
  {{- fail (printf "%s.autoscaling.waitingRequests: they are read from metrics, for which %s asks for a key; name it in auth.metricsKey." $key $v.runtime) -}}
{{- end -}}
{{- if and (gt (int64 $v.autoscaling.waitingRequests) 0) (eq $v.autoscaling.type "keda") (not $v.autoscaling.keda.prometheusUrl) -}}
  {{- fail (printf "%s.autoscaling.keda.prometheusUrl: waitingRequests is read from Prometheus; name it, such as http://prometheus.monitoring:9090." $key) -}}
{{- end -}}
{{- end -}}

{{/* OpenAI's routes begin with /v1: where they are served at the root, no version can have that path. Takes root and versions. */}}
{{- define "ml-api.checkOpenaiPath" -}}
{{- $values := .root.Values -}}
{{- $v1 := get .versions "v1" | default dict -}}
{{- if $v1.expose -}}
  {{- range $name := prepend (keys $values.traffic.weights | sortAlpha) $values.defaultVersion -}}
    {{- $v := get $.versions $name | default dict -}}
    {{- if and $v.openai $v.expose -}}
      {{- fail (printf "versions.v1: /v1 would be both this version's path and the beginning of OpenAI's routes, which %s serves at the root; choose another name, such as versions.%s, or set versions.v1.expose to false." $name (eq $name "v1" | ternary "llama" "iris")) -}}
    {{- end -}}
  {{- end -}}
  {{- if $v1.openai -}}
    {{- fail "versions.v1: /v1 is the beginning of OpenAI's routes, so /v1/chat/completions would mean two things; choose another name, such as versions.llama." -}}
  {{- end -}}
{{- end -}}
{{- end -}}
