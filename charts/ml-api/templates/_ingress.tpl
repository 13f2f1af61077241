{{/* Parts of the Ingresses. */}}

{{/* Takes root and hosts. */}}
{{- define "ml-api.ingressHead" -}}
{{- with .root.Values.ingress.className }}
ingressClassName: {{ . | quote }}
{{- end }}
{{- if .root.Values.ingress.tls.enabled }}
tls:
  {{- include "ml-api.ingressTls" . | trim | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The names of the versions that the Ingress of all leads to, the default one first, as JSON. Takes root and versions. */}}
{{- define "ml-api.reachedByIngress" -}}
{{- $default := get .versions .root.Values.defaultVersion -}}
{{- $names := $default.expose | ternary (list $default.version) list -}}
{{- range .versions -}}
  {{- if and .expose .servesBasePath -}}{{- $names = append $names .version -}}{{- end -}}
{{- end -}}
{{- toJson ($names | uniq) -}}
{{- end -}}

{{/* The Secret with the certificate of a host; empty: the controller's own. Takes tls and host. */}}
{{- define "ml-api.secretOfHost" -}}
{{- get .tls.secretNames .host | default .tls.secretName -}}
{{- end -}}

{{/* The hosts of each Secret, and those of none, in the order of the hosts. The same arguments. */}}
{{- define "ml-api.ingressTls" -}}
{{- $tls := .root.Values.ingress.tls -}}
{{- $secrets := list -}}
{{- $hosts := dict -}}
{{- range .hosts -}}
  {{- $secret := include "ml-api.secretOfHost" (dict "tls" $tls "host" .) -}}
  {{- $secrets = append $secrets $secret | uniq -}}
  {{- $_ := set $hosts $secret (append (get $hosts $secret | default list) .) -}}
{{- end -}}
{{- range $secret := $secrets }}
- hosts:
    {{- range get $hosts $secret }}
    - {{ . | quote }}
    {{- end }}
  {{- with $secret }}
  secretName: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Takes a version. */}}
{{- define "ml-api.ingressBackend" -}}
service:
  name: {{ .fullname | quote }}
  port:
    name: http
{{- end -}}

{{/* The same for gRPC. Takes root and v. */}}
{{- define "ml-api.ingressGrpcBackend" -}}
service:
  name: {{ eq .root.Values.ingress.controller "traefik" | ternary (printf "%s-grpc" .v.fullname) .v.fullname | quote }}
  port:
    name: grpc
{{- end -}}

{{/*
How a controller is told to speak gRPC to pods: ingress-nginx and AWS' by annotations of the Ingress, Contour by appProtocol of
the Service, Traefik by an annotation of a Service of its own (service-traefik-grpc.yaml).
*/}}
{{- define "ml-api.ingressGrpcPreset" -}}
{{- if eq .Values.ingress.controller "nginx" -}}
nginx.ingress.kubernetes.io/backend-protocol: GRPC
{{- else if eq .Values.ingress.controller "alb" -}}
alb.ingress.kubernetes.io/target-type: ip
alb.ingress.kubernetes.io/backend-protocol-version: GRPC
alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS":443}]' # it speaks gRPC by TLS only
alb.ingress.kubernetes.io/healthcheck-path: /grpc.health.v1.Health/Check
alb.ingress.kubernetes.io/success-codes: "0,12" # and servers that have no such method, as TorchServe
{{- end -}}
{{- end -}}

{{/*
Contour tries another pod where a request could not be sent to the first, which a killed process leaves behind until its
endpoint is gone. It does not where a request was sent: what ended one process would end the next. Of two pods, each try finds the
dead one half of the time: with 8 retries, 1 in 500 requests failed all the same.
*/}}
{{- define "ml-api.contourRetries" -}}
projectcontour.io/retry-on: connect-failure,refused-stream,reset-before-request
projectcontour.io/num-retries: "16"
{{- end -}}

{{/*
AWS' load balancer sends to pods, and asks them whether they are ready. By its own defaults it sends to nodes, which takes Services of
the type NodePort, and asks for /, which config.docs switches off. Takes the version at /.
*/}}
{{- define "ml-api.albTargets" -}}
alb.ingress.kubernetes.io/target-type: ip
{{- with dig "httpGet" "path" "" (.probes.readiness.handler | default .handlers.readiness) }}
alb.ingress.kubernetes.io/healthcheck-path: {{ . | quote }}
{{- end }}
{{- end -}}

{{/*
What a controller limits by itself below what config allows: ingress-nginx bodies of 1 MiB and 60 s between two reads, Contour 15 s for a response,
AWS' load balancer 60 s without a byte. Takes root and versions: those it leads to.
*/}}
{{- define "ml-api.limitAnnotations" -}}
{{- $bytes := 0 -}}
{{- $milliseconds := 0 -}}
{{- range .versions -}}
  {{- if eq .runtime "onnx" -}}
    {{- $config := mergeOverwrite (dict) $.root.Values.config .config -}}
    {{- $bytes = max $bytes (int64 $config.maxBodyBytes) -}}
    {{- $milliseconds = max $milliseconds (int64 $config.requestTimeoutMs) -}}
  {{- end -}}
{{- end -}}
{{- $seconds := div (add $milliseconds 1999) 1000 -}}{{/* the server itself answers that it took too long */}}
{{- $controller := .root.Values.ingress.controller -}}
{{- if eq $controller "nginx" -}}
{{- if gt $bytes 1048576 }}
nginx.ingress.kubernetes.io/proxy-body-size: {{ $bytes | quote }}
{{- end }}
{{- if gt $seconds 60 }}
nginx.ingress.kubernetes.io/proxy-read-timeout: {{ $seconds | quote }}
{{- end }}
{{- else if and (eq $controller "contour") (gt $seconds 15) -}}
projectcontour.io/response-timeout: {{ $seconds }}s
{{- else if and (eq $controller "alb") (gt $seconds 60) -}}
alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds={{ min $seconds 4000 }}
{{- end -}}
{{- end -}}

{{/* The canary annotations of ingress-nginx: a second Ingress takes a share of the first's requests. Takes root and name. */}}
{{- define "ml-api.nginxCanary" -}}
{{- $total := 0 -}}
{{- range .root.Values.traffic.weights }}{{ $total = add $total (int64 .) }}{{ end -}}
nginx.ingress.kubernetes.io/canary: "true"
nginx.ingress.kubernetes.io/canary-weight: {{ get .root.Values.traffic.weights .name | int64 | quote }}
nginx.ingress.kubernetes.io/canary-weight-total: {{ $total | quote }}
{{- with .root.Values.traffic.pinHeader }}
nginx.ingress.kubernetes.io/canary-by-header: {{ . | quote }}
nginx.ingress.kubernetes.io/canary-by-header-value: {{ $.name | quote }}
{{- end }}
{{- end -}}

{{/*
Rules of the AWS Load Balancer Controller, by what its annotations call them: a backend of such a name has the port `use-annotation`. The
split by weights, and for testers one for each version, of which the load balancer takes the first whose header fits:
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#conditions
*/}}

{{/* The annotations of the split. Takes root, versions, and grpc: whether the ports are those of gRPC. */}}
{{- define "ml-api.albSplit" -}}
alb.ingress.kubernetes.io/actions.split: {{ include "ml-api.albForward" (merge (dict "weights" .root.Values.traffic.weights) .) | quote }}
{{- end -}}

{{/* The annotations by which requests with the header reach the versions that are pinned. Takes root, versions, grpc, and pinned: their names. */}}
{{- define "ml-api.albPins" -}}
{{- range $name := .pinned }}
alb.ingress.kubernetes.io/actions.pin-{{ $name }}: {{ include "ml-api.albForward" (merge (dict "weights" (dict $name 1)) $) | quote }}
alb.ingress.kubernetes.io/conditions.pin-{{ $name }}: {{ list (dict "field" "http-header" "httpHeaderConfig" (dict "httpHeaderName" $.root.Values.traffic.pinHeader "values" (list $name))) | toJson | quote }}
{{- end }}
{{- end -}}

{{/* The names of the versions that are pinned, as a list: those on the routes, where there are several. Takes root, versions and grpc. */}}
{{- define "ml-api.albPinned" -}}
{{- $names := list -}}
{{- range $name, $v := .versions -}}
  {{- if and $v.expose (or $v.ports.grpc (not $.grpc)) -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- $pins := and (eq .root.Values.ingress.controller "alb") (ne .root.Values.traffic.pinHeader "") (gt (len $names) 1) -}}
{{- $pins | ternary $names list | toJson -}}
{{- end -}}

{{/* An action that forwards to versions. Takes weights by name, versions and grpc. */}}
{{- define "ml-api.albForward" -}}
{{- $groups := list -}}
{{- range $name, $weight := .weights -}}
  {{- $v := get $.versions $name -}}
  {{- $groups = append $groups (dict "serviceName" $v.fullname "servicePort" (int ($.grpc | ternary $v.ports.grpc $v.service.port)) "weight" (int64 $weight)) -}}
{{- end -}}
{{- dict "type" "forward" "forwardConfig" (dict "targetGroups" $groups) | toJson -}}
{{- end -}}

{{/* The backend of such a rule. Takes its name. */}}
{{- define "ml-api.albBackend" -}}
service: { name: {{ . | quote }}, port: { name: use-annotation } }
{{- end -}}

{{/* The spec of an Ingress for gRPC. Takes root, backend, and pinned: names of versions, as albPinned gives them. */}}
{{- define "ml-api.ingressGrpcSpec" -}}
{{- $hosts := .root.Values.ingress.grpc.hosts -}}
{{- include "ml-api.ingressHead" (dict "root" .root "hosts" $hosts) }}
rules:
  {{- range $hosts }}
  - host: {{ . | quote }}
    http:
      paths:
        {{- range $.pinned }}
        - path: /
          pathType: Prefix
          backend:
            {{- include "ml-api.albBackend" (printf "pin-%s" .) | nindent 12 }}
        {{- end }}
        - path: /
          pathType: Prefix
          backend:
            {{- $.backend | nindent 12 }}
  {{- end }}
{{- end -}}
