{{/*
What servers of LLMs need beyond other runtimes, by `openai` of their presets: keys, a cache, long streams. `openai` is empty for other
runtimes.
*/}}

{{/* Where a version's routes begin at the root: of an LLM only OpenAI's API, not its metrics and administration. Takes a version. */}}
{{- define "ml-api.rootPath" -}}
{{- .openai | empty | ternary "/" "/v1" -}}
{{- end -}}

{{/* Where they begin below its name. Takes a version. */}}
{{- define "ml-api.versionPath" -}}
{{- printf "/%s%s" .version (.openai | empty | ternary "" "/v1") -}}
{{- end -}}

{{/* Variables from Secrets: the API key of a server that reads none from a file, and the token of Hugging Face. Takes root and v. */}}
{{- define "ml-api.llmSecrets" -}}
{{- $variables := dict -}}
{{- $auth := .root.Values.auth -}}
{{- if and $auth.existingSecret .v.openai.keyVariable -}}
  {{- $_ := set $variables .v.openai.keyVariable (dict "name" $auth.existingSecret "key" $auth.key) -}}
{{- end -}}
{{- with .v.model.huggingFace -}}
  {{- if and .tokenSecret $.v.openai -}}{{- $_ := set $variables "HF_TOKEN" (dict "name" .tokenSecret "key" .tokenKey) -}}{{- end -}}
{{- end -}}
{{- toYaml $variables -}}
{{- end -}}

{{- define "ml-api.llmEnvironment" -}}
{{- range $variable, $reference := include "ml-api.llmSecrets" . | fromYaml }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $reference.name | quote }}
      key: {{ $reference.key | quote }}
{{- end }}
{{- end -}}

{{/* Takes v. */}}
{{- define "ml-api.cacheMount" -}}
{{- if .v.openai }}
- name: cache
  mountPath: /cache
  {{- if .v.cache.existingClaim }}
  subPath: {{ .v.cache.subPath | default .v.version | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "ml-api.cacheVolume" -}}
{{- if .v.openai }}
- name: cache
  {{- if .v.cache.existingClaim }}
  persistentVolumeClaim:
    claimName: {{ .v.cache.existingClaim | quote }}
  {{- else }}
  emptyDir:
    sizeLimit: {{ include "ml-api.asWritten" .v.cache.sizeLimit | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
What a pod of an LLM does before it is told to end, as these servers break their streams then: it serves on while proxies forget it, then
waits until its own figures tell of no request; the grace period is the limit. The images have a shell, curl and grep. Takes root and v.
*/}}
{{- define "ml-api.awaitStreams" -}}
{{- $key := "" -}}
{{- if and .v.keysFile .v.openai.metricsNeedKey -}}
  {{- $key = printf "-H \"Authorization: Bearer $(grep -m1 '^[^#]' %s)\" " .v.keysFile -}}
{{- end -}}
{{- $metrics := printf "http://127.0.0.1:%v%s" (get .v.ports .v.metricsPort) .v.metricsPath -}}
exec:
  command:
    - sh
    - -c
    - |
      sleep {{ int64 .v.shutdown.preStopSeconds }}
      while curl -sL -m 10 {{ $key }}{{ $metrics | replace "'" "%27" | squote }} | grep -qE '{{ .v.openai.inFlight }}'; do
        sleep 1
      done
{{- end -}}

{{/* Annotations by which an Ingress controller neither buffers streams nor ends them early. Takes root and versions: those it leads to. */}}
{{- define "ml-api.streamAnnotations" -}}
{{- $drain := 0 -}}
{{- range .versions -}}
  {{- if .openai -}}{{- $drain = max $drain (int64 .shutdown.drainSeconds) -}}{{- end -}}
{{- end -}}
{{- if gt $drain 0 -}}
{{- $controller := .root.Values.ingress.controller -}}
{{- if eq $controller "nginx" -}}
nginx.ingress.kubernetes.io/proxy-buffering: "off"
nginx.ingress.kubernetes.io/proxy-read-timeout: "3600" # between two parts of an answer, of which the first may take long
nginx.ingress.kubernetes.io/proxy-send-timeout: "3600"
nginx.ingress.kubernetes.io/proxy-body-size: 32m # prompts with images
{{- else if eq $controller "contour" -}}
projectcontour.io/response-timeout: infinity # of the whole answer; Envoy's own is 15 seconds
{{- else if eq $controller "alb" -}}
alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=3600
alb.ingress.kubernetes.io/target-group-attributes: deregistration_delay.timeout_seconds={{ min $drain 3600 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Those of `httpRoute`, or none for a stream. Takes root and v. */}}
{{- define "ml-api.routeTimeouts" -}}
{{- if .root.Values.httpRoute.timeouts -}}
{{- toYaml .root.Values.httpRoute.timeouts -}}
{{- else if .v.openai -}}
request: 0s
{{- end -}}
{{- end -}}

{{/* The metric of requests that wait, for the HPA, as a list. Takes a version. */}}
{{- define "ml-api.waitingMetric" -}}
{{- if gt (int64 .autoscaling.waitingRequests) 0 }}
- type: Pods
  pods:
    metric:
      name: {{ .openai.waiting }}
    target:
      type: AverageValue
      averageValue: {{ int64 .autoscaling.waitingRequests | quote }}
{{- end }}
{{- end -}}

{{/* The same as a trigger of KEDA's. Takes root and v. */}}
{{- define "ml-api.waitingTrigger" -}}
{{- $scaling := .v.autoscaling -}}
{{- if gt (int64 $scaling.waitingRequests) 0 }}
- type: prometheus
  name: waiting-requests
  metadata:
    serverAddress: {{ $scaling.keda.prometheusUrl | quote }}
    query: {{ printf "sum(%s{%s})" .v.openai.waiting (include "ml-api.seriesOf" (dict "root" .root "versions" (list .v.version))) | quote }}
    threshold: {{ int64 $scaling.waitingRequests | quote }}
{{- end }}
{{- end -}}

{{/* The API key by which Prometheus reads metrics that need one. Takes root and v. */}}
{{- define "ml-api.scrapeKey" -}}
{{- with .root.Values.auth -}}
{{- if and .existingSecret .metricsKey $.v.openai.metricsNeedKey }}
authorization:
  type: Bearer
  credentials:
    name: {{ .existingSecret | quote }}
    key: {{ .metricsKey | quote }}
{{- end }}
{{- end -}}
{{- end -}}
