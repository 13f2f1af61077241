{{/*
Objectives of service: how much of the error budget is spent how fast, by the multiwindow, multi-burn-rate alerts of the
SRE Workbook. A rule records the share of bad requests over each window, for each model of a version: the others would hide
one that always fails. An alert fires while a long window and a short one both burn: the long one says that it matters, the
short one that it is still so.
*/}}
{{- define "ml-api.sloRules" -}}
{{- $slo := .Values.monitoring.prometheusRule.slo -}}
{{- $windows := list -}}
{{- range $slo.burnRates }}{{ $windows = concat $windows (list .short .long) }}{{ end -}}
{{- range $window := $windows | uniq }}
{{ include "ml-api.sloRecord" (dict "root" $ "slo" "availability" "window" $window "expr" (include "ml-api.failedShare" (dict "root" $ "window" $window))) }}
{{ include "ml-api.sloRecord" (dict "root" $ "slo" "latency" "window" $window "expr" (include "ml-api.slowShare" (dict "root" $ "window" $window))) }}
{{- end }}
{{- range $slo.burnRates }}
{{ include "ml-api.burnAlert" (dict "root" $ "alert" "MlApiErrorBudgetBurn" "slo" "availability" "rate" . "bad" "fails") }}
{{ include "ml-api.burnAlert" (dict "root" $ "alert" "MlApiLatencyBudgetBurn" "slo" "latency" "rate" . "bad" (printf "takes more than %v s for" $slo.latency.seconds)) }}
{{- end }}
{{- end -}}

{{/* A recording rule. Takes root, slo, window, expr. */}}
{{- define "ml-api.sloRecord" -}}
- record: version_model:ml_api_slo_errors_per_request:ratio_rate{{ .window }}
  labels: { namespace: {{ .root.Release.Namespace | quote }}, release: {{ include "ml-api.fullname" .root | quote }}, slo: {{ .slo }} }
  expr: |-
    {{- .expr | nindent 4 }}
{{- end -}}

{{/* The share of predictions that failed. Takes root and window. */}}
{{- define "ml-api.failedShare" -}}
{{- $series := include "ml-api.predictionSeries" .root -}}
{{- $all := printf `sum by (version, model) (rate(ml_api_http_requests_total{%s}[%s]))` $series .window -}}
(
  sum by (version, model) (rate(ml_api_http_requests_total{ {{- $series }},status=~"5.."}[{{ .window }}]))
  or 0 * {{ $all }}
)
/ {{ $all }}
{{- end -}}

{{/* The share of predictions that took longer than the objective. Takes root and window. */}}
{{- define "ml-api.slowShare" -}}
{{- $series := include "ml-api.predictionSeries" .root -}}
{{- /* Prometheus 3 writes the bucket "1" as "1.0". */ -}}
{{- $seconds := .root.Values.monitoring.prometheusRule.slo.latency.seconds -}}
1 - sum by (version, model) (rate(ml_api_http_request_duration_seconds_bucket{ {{- $series }},le=~"{{ $seconds }}(\\.0)?"}[{{ .window }}]))
/ sum by (version, model) (rate(ml_api_http_request_duration_seconds_count{ {{- $series }}}[{{ .window }}]))
{{- end -}}

{{/* The alert of one burn rate. Takes root, alert, slo, rate, and bad: what the version does to its requests. */}}
{{- define "ml-api.burnAlert" -}}
{{- $objective := (get .root.Values.monitoring.prometheusRule.slo .slo).objective -}}
{{- $series := printf `{namespace="%s",release="%s",slo="%s"}` .root.Release.Namespace (include "ml-api.fullname" .root) .slo -}}
{{- $limit := printf "%v * %v" .rate.factor (divf (subf 100 $objective) 100) -}}
- alert: {{ .alert }}
  expr: |-
    version_model:ml_api_slo_errors_per_request:ratio_rate{{ .rate.long }}{{ $series }} > {{ $limit }}
    and
    version_model:ml_api_slo_errors_per_request:ratio_rate{{ .rate.short }}{{ $series }} > {{ $limit }}
  for: {{ .rate.for }}
  labels: { severity: {{ .rate.severity | quote }}, window: {{ .rate.long }} }
  annotations:
    {{- $summary := printf "Version {{ $labels.version }} %s {{ $value | humanizePercentage }} of its predictions{{ with $labels.model }} by {{ . }}{{ end }} over %s (objective %v %%, burn rate over %v)." .bad .rate.long $objective .rate.factor }}
    {{- include "ml-api.alertAnnotations" (dict "root" .root "alert" .alert "summary" $summary) | nindent 4 }}
{{- end -}}
