{{/*
How fast an autoscaler scales, without what is null. A tolerance is a quantity, of which KEDA takes no number with a fraction. Takes the
rules.
*/}}
{{- define "ml-api.scalingBehavior" -}}
{{- $behavior := dict -}}
{{- range $direction, $rules := . -}}
  {{- $set := dict -}}
  {{- range $name, $rule := $rules -}}
    {{- if and (eq $name "tolerance") (kindIs "float64" $rule) -}}
      {{- $_ := set $set $name (include "ml-api.number" $rule) -}}
    {{- else if not (kindIs "invalid" $rule) -}}
      {{- $_ := set $set $name $rule -}}
    {{- end -}}
  {{- end -}}
  {{- if $set -}}{{- $_ := set $behavior $direction $set -}}{{- end -}}
{{- end -}}
{{- toYaml $behavior -}}
{{- end -}}

{{/* KEDA's triggers, whose metadata are texts. Takes them. */}}
{{- define "ml-api.triggers" -}}
{{- $triggers := list -}}
{{- range $trigger := . -}}
  {{- $metadata := dict -}}
  {{- range $key, $value := .metadata -}}
    {{- if or (kindIs "string" $value) (kindIs "bool" $value) -}}
      {{- $_ := set $metadata $key (toString $value) -}}
    {{- else if not (kindIs "invalid" $value) -}}
      {{- $_ := set $metadata $key (include "ml-api.number" $value) -}}
    {{- end -}}
  {{- end -}}
  {{- $triggers = append $triggers (set (deepCopy $trigger) "metadata" $metadata) -}}
{{- end -}}
{{- toYaml $triggers -}}
{{- end -}}
