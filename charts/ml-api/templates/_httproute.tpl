{{/* Parts of the HTTPRoute. */}}

{{/* Filters and timeouts of a rule. Takes root, and filters of this rule. */}}
{{- define "ml-api.routeOptions" -}}
{{- with concat .root.Values.httpRoute.filters (.filters | default list) }}
filters:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.httpRoute.timeouts }}
timeouts:
  {{- toYaml . | nindent 2 }}
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
