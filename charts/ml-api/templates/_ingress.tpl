{{/* Parts of the Ingresses. */}}

{{- define "ml-api.ingressHead" -}}
{{- with .Values.ingress.className }}
ingressClassName: {{ . }}
{{- end }}
{{- if .Values.ingress.tls.enabled }}
tls:
  - hosts:
      {{- range .Values.ingress.hosts }}
      - {{ . | quote }}
      {{- end }}
    {{- with .Values.ingress.tls.secretName }}
    secretName: {{ . }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* Takes a version. */}}
{{- define "ml-api.ingressBackend" -}}
service:
  name: {{ .fullname }}
  port:
    name: http
{{- end -}}

{{/*
Contour tries another pod where a request could not be sent to the first, which a killed process leaves behind until its
endpoint is gone. It does not where a request was sent: what ended one process would end the next.
*/}}
{{- define "ml-api.contourRetries" -}}
projectcontour.io/retry-on: connect-failure,refused-stream,reset-before-request
projectcontour.io/num-retries: "8"
{{- end -}}

{{/* The canary annotations of ingress-nginx: a second Ingress takes a share of the first's requests. Takes root and name. */}}
{{- define "ml-api.nginxCanary" -}}
{{- $total := 0 -}}
{{- range .root.Values.traffic.weights }}{{ $total = add $total (int64 .) }}{{ end -}}
nginx.ingress.kubernetes.io/canary: "true"
nginx.ingress.kubernetes.io/canary-weight: {{ get .root.Values.traffic.weights .name | int64 | quote }}
nginx.ingress.kubernetes.io/canary-weight-total: {{ $total | quote }}
{{- with .root.Values.traffic.pinHeader }}
nginx.ingress.kubernetes.io/canary-by-header: {{ . }}
nginx.ingress.kubernetes.io/canary-by-header-value: {{ $.name }}
{{- end }}
{{- end -}}

{{/* The weighted action of the AWS Load Balancer Controller. Takes root and versions. */}}
{{- define "ml-api.albSplit" -}}
{{- $groups := list -}}
{{- range $name, $weight := .root.Values.traffic.weights -}}
  {{- $v := get $.versions $name -}}
  {{- $groups = append $groups (dict "serviceName" $v.fullname "servicePort" (int $v.service.port) "weight" (int64 $weight)) -}}
{{- end -}}
{{- dict "type" "forward" "forwardConfig" (dict "targetGroups" $groups) | toJson -}}
{{- end -}}
