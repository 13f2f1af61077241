{{/* How the model gets into a pod: its volume, its mount, and the init container that fetches it. Each takes root and v. */}}

{{- define "ml-api.modelVolume" -}}
{{- $model := .v.model -}}
{{- if eq $model.source "pvc" }}
- name: model
  persistentVolumeClaim:
    claimName: {{ $model.pvc.claim | quote }}
{{- else if eq $model.source "url" }}
- name: model
  emptyDir:
    sizeLimit: {{ $model.url.sizeLimit | quote }}
{{- else if eq $model.source "imageVolume" }}
- name: model
  image:
    reference: {{ $model.imageVolume.reference | quote }}
    pullPolicy: {{ $model.imageVolume.pullPolicy }}
{{- end }}
{{- if $model.url.headersSecret }}
- name: fetch-headers
  secret:
    secretName: {{ $model.url.headersSecret | quote }}
    defaultMode: 0440
    items: [{ key: {{ $model.url.headersKey | quote }}, path: headers }]
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

{{/* The model from its URL, into a fresh directory or onto the claim; there, what has the right checksum stays. */}}
{{- define "ml-api.fetchContainer" -}}
{{- $model := .v.model -}}
{{- if $model.url.url }}
- name: fetch-model
  image: {{ include "ml-api.ownImage" .root | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  terminationMessagePolicy: FallbackToLogsOnError
  args: [fetch-model]
  env:
    - name: MODEL_URL
      value: {{ $model.url.url | quote }}
    - name: MODEL_SHA256
      value: {{ $model.url.sha256 | quote }}
    - name: {{ $model.several | ternary "MODELS_DIR" "MODEL_DIR" }}
      value: {{ printf "/store/%s" (eq $model.source "pvc" | ternary $model.pvc.subPath "") | trimSuffix "/" | quote }}
    - name: FETCH_TIMEOUT_MS
      value: {{ int64 $model.url.timeoutMs | quote }}
    - name: FETCH_STALL_MS
      value: {{ int64 $model.url.stallMs | quote }}
    - name: FETCH_MAX_BYTES
      value: {{ int64 $model.url.maxBytes | quote }}
    {{- if $model.url.headersSecret }}
    - name: MODEL_URL_HEADERS_FILE
      value: /etc/ml-api/fetch/headers
    {{- end }}
  resources:
    {{- include "ml-api.resources" (dict "v" .v) | nindent 4 }}
  securityContext:
    {{- include "ml-api.containerSecurityContext" (dict "root" .root "context" .v.securityContext) | nindent 4 }}
  volumeMounts:
    - name: model
      mountPath: /store
    {{- if $model.url.headersSecret }}
    - name: fetch-headers
      mountPath: /etc/ml-api/fetch
      readOnly: true
    {{- end }}
{{- end }}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "ml-api.portOf" -}}
{{- $standard := hasPrefix "https:" . | ternary "443" "80" -}}
{{- regexReplaceAll "^https?://[^/?#]*?(:([0-9]+))?([/?#].*)?$" . "${2}" | default $standard -}}
{{- end -}}
