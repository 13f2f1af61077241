{{/*
Parts of the HTTPRoute and the GRPCRoute. What the API server would add to elements of lists is in them: Argo CD compares lists of custom
resources as a whole.
*/}}

{{/* The Gateways of a route, as a list. Takes those of the values. The group of a Service is "", which merging would take for none. */}}
{{- define "ml-api.parentRefs" -}}
{{- range $ref := . }}
  {{- $whole := deepCopy $ref }}
  {{- range $key, $standard := dict "group" "gateway.networking.k8s.io" "kind" "Gateway" }}
    {{- if not (hasKey $ref $key) }}{{ $_ := set $whole $key $standard }}{{ end }}
  {{- end }}
- {{ toYaml $whole | nindent 2 | trim }}
{{- end }}
{{- end -}}

{{/* Which parents and sections they are, as a YAML list of texts: the same text is the same place. Takes root and refs. */}}
{{- define "ml-api.parentPlaces" -}}
{{- range include "ml-api.parentRefs" .refs | fromYamlArray }}
- {{ printf "%s %s/%s %s" .kind (.namespace | default $.root.Release.Namespace) .name (.sectionName | default "") | quote }}
{{- end }}
{{- end -}}

{{/* The Services of versions, as a list. Takes versions, weights by name, and grpc: whether to their ports of gRPC. */}}
{{- define "ml-api.backendRefs" -}}
{{- range $name, $weight := .weights }}
{{- $v := get $.versions $name }}
- group: ""
  kind: Service
  name: {{ $v.fullname | quote }}
  port: {{ $.grpc | ternary $v.ports.grpc $v.service.port }}
  weight: {{ int64 $weight }}
{{- end }}
{{- end -}}

{{/* Filters of a rule, as a list, with what the API server would add to them. Takes the filters. */}}
{{- define "ml-api.filters" -}}
{{- range . }}
{{- $whole := deepCopy . }}
{{- with ($whole.requestMirror | default dict).backendRef }}
{{- $_ := set $whole.requestMirror "backendRef" (mergeOverwrite (dict "group" "" "kind" "Service") .) }}
{{- end }}
{{- with ($whole.requestMirror | default dict).fraction }}
{{- $_ := set . "denominator" (.denominator | default 100) }}
{{- end }}
{{- with $whole.cors }}
{{- $_ := set . "maxAge" (.maxAge | default 5) }}
{{- end }}
- {{ toYaml $whole | nindent 2 | trim }}
{{- end }}
{{- end -}}

{{/* Filters and timeouts of a rule. Takes root, v: the version it leads to, and filters of this rule. */}}
{{- define "ml-api.routeOptions" -}}
{{- with concat .root.Values.httpRoute.filters (.filters | default list) }}
filters:
  {{- include "ml-api.filters" . | trim | nindent 2 }}
{{- end }}
{{- with include "ml-api.routeTimeouts" . }}
timeouts:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The filter that copies requests to the shadow version, as a list. Takes root, versions, and grpc: whether to its port of gRPC. */}}
{{- define "ml-api.mirror" -}}
{{- with .root.Values.traffic.shadow -}}
{{- if and .to (eq .by "gateway") -}}
{{- $v := get $.versions .to -}}
- type: RequestMirror
  requestMirror:
    backendRef:
      name: {{ $v.fullname | quote }}
      port: {{ $.grpc | ternary $v.ports.grpc $v.service.port }}
    {{- if lt (int .percent) 100 }}
    percent: {{ .percent }}
    {{- end }}
{{- else -}}
[]
{{- end -}}
{{- end -}}
{{- end -}}
