{{/* Keeps the pods of one version for an endpoint, and labels their series by it. Takes root, v, and source: service or pod. */}}
{{- define "ml-api.scrapeOptions" -}}
honorLabels: {{ eq .v.runtime "onnx" }} # our predictor says its version itself; others' label of that name is another thing
relabelings:
  - sourceLabels: [__meta_kubernetes_{{ .source }}_label_ml_api_model_version]
    regex: {{ .v.version | quote }}
    action: keep
  - targetLabel: version
    replacement: {{ .v.version | quote }}
    action: replace
{{- include "ml-api.scrapeKey" . }}
{{- end -}}

{{/*
Label matchers of the release's pods. The end keeps out what merely begins alike: another release's pods, `helm test`'s.
It names what the hashes consist of: Prometheus takes tens of milliseconds to read a class such as [^-].
*/}}
{{- define "ml-api.podSeries" -}}
{{- include "ml-api.seriesOf" (dict "root" . "versions" (include "ml-api.versions" . | fromJson | keys)) -}}
{{- end -}}

{{/* The same for some versions, whether they are enabled or not. Takes root and versions. */}}
{{- define "ml-api.seriesOf" -}}
{{- $fullname := include "ml-api.fullname" .root -}}
{{- $hashes := "-[a-z0-9]+-[a-z0-9]+" -}}
{{- range .versions -}}
  {{- if gt (len (printf "%s-%s" $fullname .)) 46 -}}
    {{- $hashes = "-[a-z0-9]{5,}-?[a-z0-9]{5}" -}}{{/* Kubernetes cuts long names before the last five characters */}}
  {{- end -}}
{{- end -}}
namespace="{{ .root.Release.Namespace }}",pod=~"{{ $fullname }}-({{ .versions | sortAlpha | join "|" }}){{ $hashes }}"
{{- end -}}

{{/* The same for their predictions only: probes and pages are no service to promise. */}}
{{- define "ml-api.predictionSeries" -}}
{{ include "ml-api.podSeries" . }},route=~"/predict|/v2/models/.+/infer|/inference.GRPCInferenceService/Model(Stream)?Infer"
{{- end -}}
