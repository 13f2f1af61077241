{{/*
What `null` means, by which Helm takes a default away: nothing of a list or an open map. Other values are needed. The kinds of all
values are in _kinds.tpl. Takes of: the values, and below: what their paths begin with.
*/}}
{{- define "ml-api.takeNulls" -}}
{{- range $line := include "ml-api.valueKinds" . | trim | splitList "\n" -}}
  {{- $path := splitList " " $line | first -}}
  {{- if hasPrefix $.below $path -}}
  {{- $keys := trimPrefix $.below $path | splitList "." -}}
  {{- $parent := $.of -}}
  {{- range initial $keys }}{{ $parent = get $parent . }}{{ end -}}
  {{- if not (hasKey $parent (last $keys)) -}}
    {{- if hasSuffix " list" $line -}}
      {{- $_ := set $parent (last $keys) list -}}
    {{- else if hasSuffix " map" $line -}}
      {{- $_ := set $parent (last $keys) dict -}}
    {{- else -}}
      {{- fail (printf "%s: null removes a value that the chart needs; remove the null for the default, or set a value." $path) -}}
    {{- end -}}
  {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}
