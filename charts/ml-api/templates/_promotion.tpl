{{/*
The versions whose share of the requests an upgrade raises, as a YAML list. The shares deployed are read off the cluster; where it cannot
be asked, as by `helm template` and Argo CD, all versions that get requests are here, the default one too, and the gate drops those that
deployed.json shows to get no more. The default version that is deployed is none of them: going back to it must always be possible.
*/}}
{{- define "ml-api.raisedVersions" -}}
{{- $weights := include "ml-api.weights" . | fromYaml -}}
{{- $deployed := include "ml-api.deployedTraffic" . | fromJson -}}
{{- $raised := list -}}
{{- range $name, $weight := $weights -}}
  {{- $before := include "ml-api.shareOf" (dict "weights" $deployed.weights "name" $name) | float64 -}}
  {{- $after := include "ml-api.shareOf" (dict "weights" $weights "name" $name) | float64 -}}
  {{- if and (gt $after $before) (ne $name $deployed.default) -}}
    {{- $raised = append $raised $name -}}
  {{- end -}}
{{- end -}}
{{- toYaml $raised -}}
{{- end -}}

{{/*
The weights and the default version that are deployed, as JSON: without weights, and "" as the default, where nothing is deployed or
nobody can be asked.
*/}}
{{- define "ml-api.deployedTraffic" -}}
{{- $weights := dict -}}
{{- $default := "" -}}
{{- with lookup "v1" "ConfigMap" .Release.Namespace (include "ml-api.fullname" .) -}}
  {{- with .metadata.annotations -}}
    {{- $weights = get . "ml-api/weights" | default "{}" | fromJson -}}
    {{- $default = get . "ml-api/default-version" -}}
  {{- end -}}
{{- end -}}
{{- dict "weights" $weights "default" $default | toJson -}}
{{- end -}}

{{/*
What selects the series that the gate looks at: the release's own pods, those of versions that this upgrade removes, too, since they
may have made the comparisons. Other releases may begin with the same name.
*/}}
{{- define "ml-api.gateSeries" -}}
{{- $before := include "ml-api.deployedTraffic" . | fromJson -}}
{{- $versions := include "ml-api.versions" . | fromJson | keys -}}
{{- include "ml-api.seriesOf" (dict "root" . "versions" (concat $versions (keys $before.weights) (list $before.default) | compact | uniq)) -}}
{{- end -}}

{{/* The share of a version, from 0 to 1. Takes weights and name. */}}
{{- define "ml-api.shareOf" -}}
{{- $total := 0 -}}
{{- range .weights }}{{ $total = add $total (int64 .) }}{{ end -}}
{{- if eq (int64 $total) 0 -}}0{{- else -}}{{ divf (get .weights .name | default 0) $total }}{{- end -}}
{{- end -}}
