{{/*
The arguments of `verify` for one version: golden predictions, or the model's example where there are none, of each model where there are several, through its Service and the routes that tests name;
for LLMs, a short completion; for other runtimes, that their readiness and metrics answer, where a server of yours has some. Takes root and v.
*/}}
{{- define "ml-api.verifyArguments" -}}
{{- $values := .root.Values -}}
{{- $v := .v -}}
{{- $service := printf "%s://%s:%v" (include "ml-api.readyScheme" $v) $v.fullname $v.service.port -}}
{{- $onnx := eq $v.runtime "onnx" -}}
- verify
{{- if $onnx }}
- "--target=service={{ $service }}"
{{- if $v.model.several }}
- "--models-dir={{ $v.model.path }}"
{{- else }}
- "--golden={{ $v.model.path }}/golden.json"
{{- end }}
- --example-without-golden
- "--expect-version={{ $v.version }}"
{{- if $values.auth.existingSecret }}
- "--api-key-file=/etc/ml-api/keys/{{ $values.auth.key }}"
{{- end }}
{{- else if $v.openai }}
- "--completion=service={{ $service }}/v1"
{{- if and $v.expose (eq $v.version $values.defaultVersion) (not $values.traffic.weights) $values.ingress.enabled $values.tests.ingressUrl }}
- "--completion=ingress={{ include "ml-api.literal" $values.tests.ingressUrl }}/v1"
{{- with $values.ingress.hosts }}
- "--host=ingress={{ include "ml-api.exampleHost" . }}"
{{- end }}
{{- end }}
{{- if and $v.expose $values.httpRoute.enabled $values.tests.gatewayUrl }}
- "--completion=gateway={{ include "ml-api.literal" $values.tests.gatewayUrl }}{{ include "ml-api.versionPath" $v }}"
{{- with $values.httpRoute.hostnames }}
- "--host=gateway={{ include "ml-api.exampleHost" . }}"
{{- end }}
{{- end }}
{{- if $values.auth.existingSecret }}
- "--api-key-file=/etc/ml-api/keys/{{ $values.auth.key }}"
{{- end }}
{{- else }}
- {{ printf "--probe=service=%s%s" $service (include "ml-api.readyPath" $v | include "ml-api.literal") | quote }}
{{- end }}
{{- if and $onnx $v.expose $values.ingress.enabled $values.tests.ingressUrl }}
- "--target=ingress={{ include "ml-api.literal" $values.tests.ingressUrl }}/{{ $v.version }}"
{{- with $values.ingress.hosts }}
- "--host=ingress={{ include "ml-api.exampleHost" . }}"
{{- end }}
{{- end }}
{{- if and $onnx $v.expose $values.httpRoute.enabled $values.tests.gatewayUrl }}
- "--target=gateway={{ include "ml-api.literal" $values.tests.gatewayUrl }}/{{ $v.version }}"
{{- with $values.httpRoute.hostnames }}
- "--host=gateway={{ include "ml-api.exampleHost" . }}"
{{- end }}
{{- end }}
{{- if and $onnx $v.ports.grpc }}
{{- include "ml-api.verifyGrpcArguments" . }}
{{- end }}
{{- $ownPath := (get $values.versions $v.version | default dict).metricsPath | default $values.versionDefaults.metricsPath }}
{{- if and (eq $v.service.type "ClusterIP") (or (ne $v.runtime "custom") $v.ports.metrics $ownPath) }}
- "--metrics=http://{{ $v.fullname }}:9090{{ $v.metricsPath }}"
{{- end }}
- "--timeout-ms={{ int64 $values.tests.timeoutMs }}"
{{- end -}}

{{/*
The same over gRPC, through the routes that lead to just this version: where requests are split, none does but a GRPCRoute by
metadata. ingress-nginx and AWS' controller speak gRPC by TLS only.
*/}}
{{- define "ml-api.verifyGrpcArguments" -}}
{{- $values := .root.Values -}}
{{- $v := .v -}}
{{- $alone := and $v.expose (eq $v.version $values.defaultVersion) (not $values.traffic.weights) -}}
{{- $pin := $values.traffic.pinHeader -}}
{{- $url := $values.tests.ingressUrl -}}
{{- $spoken := or (hasPrefix "https:" $url) (not (has $values.ingress.controller (list "nginx" "alb"))) }}
- "--grpc=service-grpc=http://{{ $v.fullname }}:{{ $v.ports.grpc }}"
{{- if and $alone $values.ingress.grpc.enabled $url $spoken }}
- "--grpc=ingress-grpc={{ $url }}"
- "--host=ingress-grpc={{ include "ml-api.exampleHost" $values.ingress.grpc.hosts }}"
{{- end }}
{{- if and $v.expose $values.grpcRoute.enabled $values.tests.gatewayUrl (or $alone $pin) }}
- "--grpc=gateway-grpc={{ include "ml-api.literal" $values.tests.gatewayUrl }}"
{{- with $values.grpcRoute.hostnames }}
- "--host=gateway-grpc={{ include "ml-api.exampleHost" . }}"
{{- end }}
{{- with $pin }}
- "--grpc-metadata={{ . }}={{ $v.version }}"
{{- end }}
{{- end }}
{{- end -}}

{{/*
Where a version says that it is ready, as a path at its Service's port: what its probe calls at that port, the runtime's path, or /.
Takes a version.
*/}}
{{- define "ml-api.readyPath" -}}
{{- $path := dig "readiness" "httpGet" "path" "" .handlers -}}
{{- with (.probes.readiness.handler | default dict).httpGet -}}
  {{- if has (toString .port) (list "http" (toString $.ports.http)) -}}{{- $path = .path | default "" -}}{{- end -}}
{{- end -}}
{{- printf "/%s" (trimPrefix "/" $path) -}}
{{- end -}}

{{/* How it is called there: https where its probe does so. Takes a version. */}}
{{- define "ml-api.readyScheme" -}}
{{- (.probes.readiness.handler | default dict).httpGet | default dict | dig "scheme" "HTTP" | lower -}}
{{- end -}}

{{/* A host that the first of some names means: one below it, where it is a wildcard. Takes the names. */}}
{{- define "ml-api.exampleHost" -}}
{{- first . | replace "*" "ml" -}}
{{- end -}}

{{/*
Mounts and volumes of yours that hold the model's directory: without them, the golden predictions would be those of the model that the
image has there. Each takes v.
*/}}
{{- define "ml-api.ownModelMounts" -}}
{{- range .v.extraVolumeMounts }}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) (printf "%s/" $.v.model.path) }}
{{ list . | toYaml }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "ml-api.ownModelVolumes" -}}
{{- $names := list -}}
{{- range include "ml-api.ownModelMounts" . | fromYamlArray }}{{ $names = append $names .name }}{{ end -}}
{{- range .v.extraVolumes }}
{{- if has .name $names }}
{{ list . | toYaml }}
{{- end }}
{{- end }}
{{- end -}}

{{/* What the pod of a test mounts: of our predictor the model with its golden predictions; API keys. Each takes root and v. */}}
{{- define "ml-api.verifyMounts" -}}
{{- if eq .v.runtime "onnx" -}}
{{- include "ml-api.modelMount" . }}
{{- include "ml-api.ownModelMounts" . }}
{{- end }}
{{- include "ml-api.keysMount" (include "ml-api.withKeysFile" . | fromJson | dict "root" .root "v") }}
{{- end -}}

{{- define "ml-api.verifyVolumes" -}}
{{- if eq .v.runtime "onnx" -}}
{{- include "ml-api.modelVolume" . }}
{{- include "ml-api.ownModelVolumes" . }}
{{- end }}
{{- include "ml-api.keysVolume" (include "ml-api.withKeysFile" . | fromJson | dict "root" .root "v") }}
{{- end -}}

{{/* A version as JSON whose API keys are a file, also where its server has them in a variable. */}}
{{- define "ml-api.withKeysFile" -}}
{{- .v.openai | empty | ternary .v (mergeOverwrite (deepCopy .v) (dict "keysFile" "/etc/ml-api/keys")) | toJson -}}
{{- end -}}
