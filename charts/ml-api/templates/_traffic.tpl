{{/* How versions share the requests at `/`. */}}

{{/* The weights by version that were asked for. */}}
{{- define "ml-api.weights" -}}
{{- .Values.traffic.weights | default (dict .Values.defaultVersion 1) | toYaml -}}
{{- end -}}

{{/* The weights that routes have: the default version gets everything where its predictor splits. */}}
{{- define "ml-api.routeWeights" -}}
{{- if eq .Values.traffic.splitBy "predictor" -}}
{{ .Values.defaultVersion | quote }}: 1
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
What a version's predictor reads of it, as a JSON object of variables: it is mounted, so that other weights restart no pod. The
default version splits and shadows. The versions stand in the order of their names: a user keeps his version where another
becomes the default. Takes root and version.
*/}}
{{- define "ml-api.trafficSettings" -}}
{{- $root := .root -}}
{{- $traffic := $root.Values.traffic -}}
{{- $versions := include "ml-api.versions" $root | fromJson -}}
{{- $isDefault := eq .version $root.Values.defaultVersion -}}
{{- $settings := dict -}}
{{- with include "ml-api.comparableVersions" $root -}}
  {{- $_ := set $settings "VERSIONS" . -}}
{{- end -}}
{{- if and $isDefault $traffic.weights (eq $traffic.splitBy "predictor") -}}
  {{- $parts := list -}}
  {{- range $name, $weight := mergeOverwrite (dict $root.Values.defaultVersion 0) $traffic.weights -}}
    {{- $at := eq $name $root.Values.defaultVersion | ternary "" (printf "@%s" (include "ml-api.versionUrl" (get $versions $name))) -}}
    {{- $parts = append $parts (printf "%s=%d%s" $name (int64 $weight) $at) -}}
  {{- end -}}
  {{- $_ := set $settings "SPLIT" (join "," $parts) -}}
  {{- $_ := set $settings "SPLIT_SALT" (printf "%s/%s" $root.Release.Namespace $root.Release.Name) -}}
  {{- $_ := set $settings "SPLIT_USER_HEADER" $traffic.user.header -}}
  {{- with $traffic.user.cookie -}}{{- $_ := set $settings "SPLIT_USER_COOKIE" . -}}{{- end -}}
  {{- with $traffic.pinHeader -}}{{- $_ := set $settings "SPLIT_PIN_HEADER" . -}}{{- end -}}
{{- end -}}
{{- with $traffic.shadow -}}
{{- if and $isDefault .to (eq .by "predictor") -}}
  {{- $_ := set $settings "SHADOW" (printf "%s@%s" .to (include "ml-api.versionUrl" (get $versions .to))) -}}
  {{- $_ := set $settings "SHADOW_SHARE" (divf .percent 100 | toString) -}}
  {{- $_ := set $settings "SHADOW_RATE" (int64 .perSecond | toString) -}}
  {{- $_ := set $settings "SHADOW_MAX_IN_FLIGHT" (int64 .maxInFlight | toString) -}}
  {{- $_ := set $settings "SHADOW_TIMEOUT_MS" (int64 .timeoutMs | toString) -}}
  {{- $_ := set $settings "SHADOW_TOLERANCE" (include "ml-api.number" .tolerance) -}}
  {{- $_ := set $settings "SHADOW_KEEP" (int64 .keep | toString) -}}
{{- end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{/* The versions that the playground can show side by side, separated by commas; nothing where there is but one. */}}
{{- define "ml-api.comparableVersions" -}}
{{- $names := list -}}
{{- range $name, $v := include "ml-api.versions" . | fromJson -}}
  {{- if and $v.expose (eq $v.runtime "onnx") -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- if gt (len $names) 1 -}}{{- join "," $names -}}{{- end -}}
{{- end -}}
