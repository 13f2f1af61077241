{{/* How the model gets into a pod: its volume, its mount, and the init container that fetches it. Each takes root and v. */}}

{{- define "ml-api.modelVolume" -}}
{{- $model := .v.model -}}
{{- if eq $model.source "pvc" }}
- name: model
  persistentVolumeClaim:
    claimName: {{ $model.pvc.claim | quote }}
{{- else if eq $model.source "uri" }}
- name: model
  emptyDir:
    sizeLimit: {{ include "ml-api.asWritten" $model.fetch.sizeLimit | quote }}
{{- else if eq $model.source "imageVolume" }}
- name: model
  image:
    reference: {{ $model.imageVolume.reference | quote }}
    pullPolicy: {{ $model.imageVolume.pullPolicy }}
{{- end }}
{{- with and $model.uri (include "ml-api.fetchFiles" $model.fetch | trim) }}
- name: fetch
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}
{{- with $model.fetch.cache }}
{{- if and $model.uri (or .hostPath .existingClaim) }}
- name: fetch-cache
  {{- if .hostPath }}
  hostPath: { path: {{ .hostPath | quote }}, type: Directory }
  {{- else }}
  persistentVolumeClaim: { claimName: {{ .existingClaim | quote }} }
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "ml-api.modelMount" -}}
{{- $model := .v.model -}}
{{- if not (has $model.source (list "image" "huggingFace")) }}
- name: model
  mountPath: {{ $model.path | quote }}
  readOnly: true
  {{- with eq $model.source "pvc" | ternary $model.pvc.subPath (eq $model.source "imageVolume" | ternary $model.imageVolume.subPath "") }}
  subPath: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The model from its URI, into a fresh directory or onto the claim; there, what is the same already stays. */}}
{{- define "ml-api.fetchContainer" -}}
{{- if .v.model.uri }}
- name: fetch-model
  {{- include "ml-api.fetcher" . | nindent 2 }}
  resources:
    {{- include "ml-api.resources" (dict "v" .v) | nindent 4 }}
{{- end }}
{{- end -}}

{{/* What looks again beside the server, and idles between. */}}
{{- define "ml-api.followContainer" -}}
{{- with int64 .v.model.followSeconds }}
- name: follow-model
  {{- include "ml-api.fetcher" (merge (dict "follow" .) $) | nindent 2 }}
  resources:
    requests: { cpu: 10m, memory: 96Mi }
    limits: { cpu: 500m, memory: 256Mi }
{{- end }}
{{- end -}}

{{/* A container that fetches, without its name and resources. Takes root, v, and follow: seconds, or nothing. */}}
{{- define "ml-api.fetcher" -}}
{{- $model := .v.model -}}
image: {{ include "ml-api.ownImage" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError
args: [fetch-model]
{{- with $model.fetch.envFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  {{- include "ml-api.fetchEnvironment" . | nindent 2 }}
securityContext:
  {{- include "ml-api.containerSecurityContext" (dict "root" .root "context" .v.securityContext) | nindent 2 }}
volumeMounts:
  - name: model
    mountPath: /store
  {{- if include "ml-api.fetchFiles" $model.fetch | trim }}
  - name: fetch
    mountPath: /etc/ml-api/fetch
    readOnly: true
  {{- end }}
  {{- if or $model.fetch.cache.hostPath $model.fetch.cache.existingClaim }}
  - name: fetch-cache
    mountPath: /cache
  {{- end }}
{{- end -}}

{{/* The files that the fetcher reads. */}}
{{- define "ml-api.fetchFiles" -}}
{{- with .headersSecret }}
- secret:
    name: {{ . | quote }}
    items: [{ key: {{ $.headersKey | quote }}, path: headers }]
{{- end }}
{{- with .dockerConfigSecret }}
- secret:
    name: {{ . | quote }}
    items: [{ key: .dockerconfigjson, path: config.json }]
{{- end }}
{{- with .caConfigMap }}
- configMap:
    name: {{ . | quote }}
    items: [{ key: {{ $.caKey | quote }}, path: ca.crt }]
{{- end }}
{{- end -}}

{{/* Variables that the chart sets itself for the fetcher, by the values that they are of: nobody else may. Takes model. */}}
{{- define "ml-api.fetchVariables" -}}
MODEL_URI: model.uri
MODEL_URL: model.uri
MODEL_SHA256: model.sha256
MODEL_DIR: model.several
MODELS_DIR: model.several
MODEL_FILES: runtime
FETCH_TIMEOUT_MS: model.fetch.timeoutMs
FETCH_STALL_MS: model.fetch.stallMs
FETCH_MAX_BYTES: model.fetch.maxBytes
FETCH_IF_UNAVAILABLE: model.fetch.ifUnavailable
FETCH_FOLLOW_SECONDS: model.followSeconds
MODEL_URL_HEADERS_FILE: model.fetch.headersSecret
FETCH_CACHE_DIR: model.fetch.cache
FETCH_CACHE_MAX_BYTES: model.fetch.cache.maxBytes
{{- if .fetch.dockerConfigSecret }}
DOCKER_CONFIG: model.fetch.dockerConfigSecret
{{- end }}
{{- if .fetch.caConfigMap }}
NODE_EXTRA_CA_CERTS: model.fetch.caConfigMap
{{- end }}
{{- end -}}

{{/* Where in its volume a model is put; empty: at the root. Takes model. */}}
{{- define "ml-api.fetchFolder" -}}
{{- $subPath := eq .source "pvc" | ternary .pvc.subPath "" -}}
{{- list (trimSuffix "/" $subPath) (trimSuffix "/" .fetch.folder) | compact | join "/" -}}
{{- end -}}

{{- define "ml-api.fetchEnvironment" -}}
{{- $model := .v.model -}}
- name: MODEL_URI
  value: {{ include "ml-api.literal" $model.uri | quote }}
{{- with $model.sha256 }}
- name: MODEL_SHA256
  value: {{ . | quote }}
{{- end }}
- name: {{ $model.several | ternary "MODELS_DIR" "MODEL_DIR" }}
  value: {{ list "/store" (include "ml-api.fetchFolder" $model) | compact | join "/" | include "ml-api.literal" | quote }}
{{- if ne .v.runtime "onnx" }}
- name: MODEL_FILES
  value: all
{{- end }}
- name: FETCH_TIMEOUT_MS
  value: {{ int64 $model.fetch.timeoutMs | quote }}
- name: FETCH_STALL_MS
  value: {{ int64 $model.fetch.stallMs | quote }}
- name: FETCH_MAX_BYTES
  value: {{ int64 $model.fetch.maxBytes | quote }}
- name: FETCH_IF_UNAVAILABLE
  value: {{ $model.fetch.ifUnavailable | quote }}
{{- with .follow }}
- name: FETCH_FOLLOW_SECONDS
  value: {{ . | quote }}
{{- end }}
{{- if or $model.fetch.cache.hostPath $model.fetch.cache.existingClaim }}
- name: FETCH_CACHE_DIR
  value: /cache
- name: FETCH_CACHE_MAX_BYTES
  value: {{ int64 $model.fetch.cache.maxBytes | quote }}
{{- end }}
{{- if $model.fetch.headersSecret }}
- name: MODEL_URL_HEADERS_FILE
  value: /etc/ml-api/fetch/headers
{{- end }}
{{- if $model.fetch.dockerConfigSecret }}
- name: DOCKER_CONFIG
  value: /etc/ml-api/fetch
{{- end }}
{{- if $model.fetch.caConfigMap }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/ml-api/fetch/ca.crt
{{- end }}
{{- include "ml-api.variables" $model.fetch.env }}
{{- end -}}

{{/*
The ports that the pods of a version reach for its model, as JSON: the fetcher's, or those of a server that downloads from the Hugging Face
Hub, which may be by a proxy or from a mirror. Takes a version.
*/}}
{{- define "ml-api.modelPorts" -}}
{{- if eq .model.source "huggingFace" -}}
{{- include "ml-api.addressPorts" .env | fromJson | merge (dict "443" true) | toJson -}}
{{- else -}}
{{- include "ml-api.fetchPorts" .model -}}
{{- end -}}
{{- end -}}

{{/*
The ports that a model is fetched from, as JSON: those of its store, of the addresses among the fetcher's variables, and 443, where stores
send for tokens and bytes. Takes model.
*/}}
{{- define "ml-api.fetchPorts" -}}
{{- $ports := dict -}}
{{- with .uri -}}
  {{- $_ := set $ports "443" true -}}
  {{- if regexMatch "^https?:" . -}}
    {{- $_ := set $ports (include "ml-api.portOf" .) true -}}
  {{- else if hasPrefix "oci:" . -}}
    {{- $_ := set $ports (regexReplaceAll "^oci://[^/]*?(:([0-9]{1,5}))?(/.*)?$" . "${2}" | default "443") true -}}
  {{- end -}}
  {{- $_ := merge $ports (include "ml-api.addressPorts" $.fetch.env | fromJson) -}}
{{- end -}}
{{- toJson $ports -}}
{{- end -}}

{{/* The ports of the addresses among variables, as JSON. Takes the variables. */}}
{{- define "ml-api.addressPorts" -}}
{{- $ports := dict -}}
{{- range $value := . -}}
  {{- if kindIs "string" $value -}}
    {{- range regexFindAll "https?://[^/\\s;,]+" $value -1 -}}
      {{- $_ := set $ports (include "ml-api.portOf" .) true -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- toJson $ports -}}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "ml-api.portOf" -}}
{{- $standard := hasPrefix "https:" . | ternary "443" "80" -}}
{{- regexReplaceAll "^https?://[^/?#]*?(:([0-9]+))?([/?#].*)?$" . "${2}" | default $standard -}}
{{- end -}}
