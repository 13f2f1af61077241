{{/* How fast an autoscaler scales. A tolerance is a quantity, of which KEDA takes no number with a fraction. Takes the rules. */}}
{{- define "ml-api.scalingBehavior" -}}
{{- $behavior := deepCopy . -}}
{{- range $rules := $behavior -}}
  {{- if and (kindIs "map" $rules) (kindIs "float64" $rules.tolerance) -}}
    {{- $_ := set $rules "tolerance" (include "ml-api.number" $rules.tolerance) -}}
  {{- end -}}
{{- end -}}
{{- toYaml $behavior -}}
{{- end -}}
