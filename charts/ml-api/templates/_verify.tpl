{{/*
The arguments of `verify` for one version: golden predictions through its Service and the routes that tests name;
for runtimes without golden predictions, that their readiness and metrics answer. Takes root and v.
*/}}
{{- define "ml-api.verifyArguments" -}}
{{- $values := .root.Values -}}
{{- $v := .v -}}
{{- $service := printf "http://%s:%v" $v.fullname $v.service.port -}}
{{- $onnx := eq $v.runtime "onnx" -}}
- verify
{{- if $onnx }}
- --target=service={{ $service }}
- --golden={{ $v.model.path }}/golden.json
- --expect-version={{ $v.version }}
{{- if $values.auth.existingSecret }}
- --api-key-file=/etc/ml-api/keys/{{ $values.auth.key }}
{{- end }}
{{- else if dig "readiness" "httpGet" "path" "" $v.handlers }}
- --probe=service={{ $service }}{{ $v.handlers.readiness.httpGet.path }}
{{- else }}
- --probe=service={{ $service }}/
{{- end }}
{{- if and $onnx $v.expose $values.ingress.enabled $values.tests.ingressUrl }}
- --target=ingress={{ $values.tests.ingressUrl }}/{{ $v.version }}
- --host=ingress={{ first $values.ingress.hosts }}
{{- end }}
{{- if and $onnx $v.expose $values.httpRoute.enabled $values.tests.gatewayUrl }}
- --target=gateway={{ $values.tests.gatewayUrl }}/{{ $v.version }}
{{- with $values.httpRoute.hostnames }}
- --host=gateway={{ first . }}
{{- end }}
{{- end }}
{{- if eq $v.service.type "ClusterIP" }}
- --metrics={{ printf "http://%s:9090%s" $v.fullname $v.metricsPath }}
{{- end }}
- --timeout-ms={{ int64 $values.tests.timeoutMs }}
{{- end -}}
