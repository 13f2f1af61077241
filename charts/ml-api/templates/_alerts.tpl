{{/*
Alerts on causes that the error budget shows late or not at all. Series named kube_* come from kube-state-metrics,
container_* from the kubelet: where nobody scrapes these, their alerts never fire.
*/}}
{{- define "ml-api.alerts" -}}
{{- $alerts := .Values.monitoring.prometheusRule.alerts -}}
{{- $series := include "ml-api.podSeries" . -}}
{{- with $alerts.queueFull -}}
- alert: MlApiQueueFull
  expr: |-
    max by (version, model) (
      ml_api_queue_rows{ {{- $series }}}
      / ml_api_queue_limit_rows{ {{- $series }}}
    ) > {{ .ratio }}
  for: {{ .for }}
  labels: { severity: warning }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" $ "alert" "MlApiQueueFull" "summary" "A pod of version {{ $labels.version }} has {{ $value | humanizePercentage }} of the rows waiting that may wait for {{ $labels.model }}, and refuses requests beyond.") | nindent 4 }}
{{- end }}
{{- with $alerts.cpuThrottled }}
{{- $throttled := `sum by (pod) (increase(container_cpu_cfs_%s_total{%s,container="predictor"}[%s]))` }}
- alert: MlApiCpuThrottled
  expr: |-
    {{ printf $throttled "throttled_periods" $series .window }}
    / {{ printf $throttled "periods" $series .window }}
    > {{ .ratio }}
  for: {{ .for }}
  labels: { severity: warning }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" $ "alert" "MlApiCpuThrottled" "summary" "Pod {{ $labels.pod }} stands still in {{ $value | humanizePercentage }} of its time slices, because its CPU limit is used up.") | nindent 4 }}
{{- end }}
{{- with $alerts.modelLoadFailure }}
- alert: MlApiModelLoadFailure
  expr: |-
    max by (pod) (
      max_over_time(kube_pod_container_status_waiting_reason{ {{- $series }},reason="CrashLoopBackOff"}[{{ .window }}])
      or max_over_time(kube_pod_init_container_status_waiting_reason{ {{- $series }},reason="CrashLoopBackOff"}[{{ .window }}])
    ) > 0
    or max by (pod) (
      min_over_time(kube_pod_status_ready{ {{- $series }},condition="false"}[{{ int64 .startSeconds }}s])
      and on (pod) (time() - kube_pod_start_time{ {{- $series }}} > {{ int64 .startSeconds }})
    ) > 0
  for: {{ .for }}
  labels: { severity: critical }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" $ "alert" "MlApiModelLoadFailure" "summary" "Pod {{ $labels.pod }} ends as it starts, or never becomes ready: its model does not load.") | nindent 4 }}
{{- end }}
{{- with $alerts.modelReloadRefused }}
- alert: MlApiModelReloadRefused
  expr: max by (version, model, model_version) (ml_api_model_reload_refused{ {{- $series }}}) > 0
  for: {{ .for }}
  labels: { severity: warning }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" $ "alert" "MlApiModelReloadRefused" "summary" "A pod of version {{ $labels.version }} refuses what was put into the directory of {{ $labels.model }} ({{ $labels.model_version }}), and goes on with the one before, where there is one.") | nindent 4 }}
{{- end }}
{{- with $alerts.shadowDisagreement }}
{{- $rows := `sum by (version, challenger) (increase(ml_api_shadow_rows_total{%s}[%s]))` }}
{{- $all := printf $rows $series .window }}
- alert: MlApiShadowDisagreement
  expr: |-
    {{ printf $rows (printf `%s,outcome="disagreed"` $series) .window }}
    / {{ $all }} > {{ .ratio }}
    and {{ $all }} >= {{ int64 .minRows }}
  for: {{ .for }}
  labels: { severity: warning }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" $ "alert" "MlApiShadowDisagreement" "summary" "Version {{ $labels.challenger }}, a shadow, predicts {{ $value | humanizePercentage }} of the rows differently than version {{ $labels.version }}.") | nindent 4 }}
{{- end }}
{{- range $name, $v := include "ml-api.versions" . | fromJson }}
{{- include "ml-api.podAlerts" (dict "root" $ "v" $v) }}
{{- end }}
{{- end -}}

{{/* Alerts on the number of pods of one version: what may be depends on its autoscaler. Takes root and v. */}}
{{- define "ml-api.podAlerts" -}}
{{- $alerts := .root.Values.monitoring.prometheusRule.alerts -}}
{{- $v := .v -}}
{{- $scaling := $v.autoscaling -}}
{{- $namespace := .root.Release.Namespace -}}
{{- if gt (int (eq $scaling.type "none" | ternary $v.replicas $scaling.minReplicas)) 0 }}
- alert: MlApiNoReadyPod
  expr: kube_deployment_status_replicas_available{namespace="{{ $namespace }}",deployment="{{ $v.fullname }}"} == 0
  for: {{ $alerts.noReadyPod.for }}
  labels: { severity: critical, version: {{ $v.version | quote }} }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" .root "alert" "MlApiNoReadyPod" "summary" (printf "Version %s has no ready pod: kubectl describe deployment %s says why." $v.version $v.fullname)) | nindent 4 }}
{{- end }}
{{- if and (ne $scaling.type "none") (gt (int $scaling.maxReplicas) (int $scaling.minReplicas)) }}
{{- $hpa := eq $scaling.type "keda" | ternary (printf "keda-hpa-%s" $v.fullname) $v.fullname }}
- alert: MlApiAtMaxReplicas
  expr: |-
    kube_horizontalpodautoscaler_status_desired_replicas{namespace="{{ $namespace }}",horizontalpodautoscaler="{{ $hpa }}"}
    >= kube_horizontalpodautoscaler_spec_max_replicas{namespace="{{ $namespace }}",horizontalpodautoscaler="{{ $hpa }}"}
  for: {{ $alerts.atMaxReplicas.for }}
  labels: { severity: warning, version: {{ $v.version | quote }} }
  annotations:
    {{- include "ml-api.alertAnnotations" (dict "root" .root "alert" "MlApiAtMaxReplicas" "summary" (printf "Version %s wants all the {{ $value }} pods that it may have, or more." $v.version)) | nindent 4 }}
{{- end }}
{{- end -}}

{{/* What every alert tells people. Takes root, alert, summary. */}}
{{- define "ml-api.alertAnnotations" -}}
summary: {{ .summary | quote }}
{{- with .root.Values.monitoring.prometheusRule.runbookUrl }}
runbook_url: {{ printf "%s#%s" . (lower $.alert) | quote }}
{{- end }}
{{- end -}}
