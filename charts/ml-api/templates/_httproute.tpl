{{/*
Parts of the HTTPRoute and the GRPCRoute. What the API server would add to elements of lists is in them: Argo CD compares lists of custom
resources as a whole.
*/}}

{{/* The Gateways of a route, as a list. Takes those of the values. */}}
{{- define "ml-api.parentRefs" -}}
{{- range . }}
- {{ toYaml (mergeOverwrite (dict "group" "gateway.networking.k8s.io" "kind" "Gateway") .) | nindent 2 | trim }}
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

{{/* Filters and timeouts of a rule. Takes root, v: the version it leads to, and filters of this rule. */}}
{{- define "ml-api.routeOptions" -}}
{{- with concat .root.Values.httpRoute.filters (.filters | default list) }}
filters:
  {{- toYaml . | nindent 2 }}
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
      group: ""
      kind: Service
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
