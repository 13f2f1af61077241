{{/* What selects the series of the release's own pods, in PromQL. */}}
{{- define "ml-api.seriesSelector" -}}
namespace="{{ .Release.Namespace }}",pod=~"{{ include "ml-api.fullname" . }}-.+"
{{- end -}}

{{/* Keeps the pods of one version for an endpoint, and labels their series by it. Takes v, and source: service or pod. */}}
{{- define "ml-api.scrapeOptions" -}}
honorLabels: {{ eq .v.runtime "onnx" }} # our predictor says its version itself; others' label of that name is another thing
relabelings:
  - sourceLabels: [__meta_kubernetes_{{ .source }}_label_ml_api_model_version]
    regex: {{ .v.version }}
    action: keep
  - targetLabel: version
    replacement: {{ .v.version }}
{{- end -}}
