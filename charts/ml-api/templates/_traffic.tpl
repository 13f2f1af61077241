{{/* How versions share the requests at `/`. */}}

{{/* The weights by version that were asked for. */}}
{{- define "ml-api.weights" -}}
{{- .Values.traffic.weights | default (dict .Values.defaultVersion 1) | toYaml -}}
{{- end -}}

{{/* The weights that routes have: the default version gets everything where its predictor splits. */}}
{{- define "ml-api.routeWeights" -}}
{{- if eq .Values.traffic.splitBy "predictor" -}}
{{ .Values.defaultVersion }}: 1
{{- else -}}
{{- include "ml-api.weights" . -}}
{{- end -}}
{{- end -}}

{{/* Where one version reaches another. Takes a version. */}}
{{- define "ml-api.versionUrl" -}}
http://{{ .fullname }}:{{ .service.port }}/{{ .version }}
{{- end -}}

{{/* Whether pods of the release ask each other. */}}
{{- define "ml-api.asksOtherVersions" -}}
{{- $traffic := .Values.traffic -}}
{{- if or (and $traffic.weights (eq $traffic.splitBy "predictor")) (and $traffic.shadow.to (eq $traffic.shadow.by "predictor")) -}}
true
{{- end -}}
{{- end -}}

{{/*
Variables of the default version's predictor, which splits and shadows. The versions stand in the order of their names: a
user keeps his version where another becomes the default. Takes root.
*/}}
{{- define "ml-api.trafficEnvironment" -}}
{{- $root := .root -}}
{{- $traffic := $root.Values.traffic -}}
{{- $versions := include "ml-api.versions" $root | fromYaml -}}
{{- if and $traffic.weights (eq $traffic.splitBy "predictor") -}}
{{- $parts := list -}}
{{- range $name, $weight := mergeOverwrite (dict $root.Values.defaultVersion 0) $traffic.weights -}}
  {{- $at := eq $name $root.Values.defaultVersion | ternary "" (printf "@%s" (include "ml-api.versionUrl" (get $versions $name))) -}}
  {{- $parts = append $parts (printf "%s=%d%s" $name (int64 $weight) $at) -}}
{{- end }}
- name: SPLIT
  value: {{ join "," $parts | quote }}
- name: SPLIT_SALT
  value: {{ $root.Release.Namespace }}/{{ $root.Release.Name }}
- name: SPLIT_USER_HEADER
  value: {{ $traffic.user.header }}
{{- with $traffic.user.cookie }}
- name: SPLIT_USER_COOKIE
  value: {{ . | quote }}
{{- end }}
{{- with $traffic.pinHeader }}
- name: SPLIT_PIN_HEADER
  value: {{ . }}
{{- end }}
{{- end }}
{{- with $traffic.shadow }}
{{- if and .to (eq .by "predictor") }}
- name: SHADOW
  value: {{ .to }}@{{ include "ml-api.versionUrl" (get $versions .to) }}
- name: SHADOW_SHARE
  value: {{ divf .percent 100 | quote }}
- name: SHADOW_RATE
  value: {{ int64 .perSecond | quote }}
- name: SHADOW_MAX_IN_FLIGHT
  value: {{ int64 .maxInFlight | quote }}
- name: SHADOW_TIMEOUT_MS
  value: {{ int64 .timeoutMs | quote }}
- name: SHADOW_TOLERANCE
  value: {{ .tolerance | quote }}
- name: SHADOW_KEEP
  value: {{ int64 .keep | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The versions that the playground can show side by side, separated by commas; nothing where there is but one. */}}
{{- define "ml-api.comparableVersions" -}}
{{- $names := list -}}
{{- range $name, $v := include "ml-api.versions" . | fromYaml -}}
  {{- if and $v.expose (eq $v.runtime "onnx") -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- if gt (len $names) 1 -}}{{- join "," $names -}}{{- end -}}
{{- end -}}
