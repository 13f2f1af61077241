{{/*
Templates in values: in annotations, hosts, variables, and volumes, mounts and init containers of yours. A text is taken for one of Helm's
only if it names something that only Helm has: `.Values`, `.Release`, `.Chart`, `.Capabilities`, `.version` and `.fullname` of a version, or
an `include`. Other tools have braces, too: Vault's agent in annotations, chat templates in variables.
*/}}
{{- define "ml-api.isTemplate" -}}
{{- if regexMatch `(?s)\{\{(?:(?:[^}]|\}[^}])*?[\s($|-])?(?:[.](?:Values|Release|Chart|Capabilities|version|fullname)\b|include\s+").*\}\}` . -}}true{{- end -}}
{{- end -}}

{{/* A value with the templates in its texts rendered, as JSON below `value`. Takes value, and context: what templates see. */}}
{{- define "ml-api.rendered" -}}
{{- $context := .context -}}
{{- $value := .value -}}
{{- if kindIs "map" $value -}}
  {{- $value = dict -}}
  {{- range $key, $inner := .value -}}
    {{- $_ := set $value $key (include "ml-api.rendered" (dict "value" $inner "context" $context) | fromJson).value -}}
  {{- end -}}
{{- else if kindIs "slice" $value -}}
  {{- $value = list -}}
  {{- range .value -}}
    {{- $value = append $value (include "ml-api.rendered" (dict "value" . "context" $context) | fromJson).value -}}
  {{- end -}}
{{- else if kindIs "string" $value -}}
  {{- if include "ml-api.isTemplate" $value -}}{{- $value = tpl $value $context -}}{{- end -}}
{{- end -}}
{{- dict "value" $value | toJson -}}
{{- end -}}

{{/* Renders what has templates below some keys of a map. Takes of: the map, keys, and context. */}}
{{- define "ml-api.renderKeys" -}}
{{- range $key := .keys -}}
  {{- $value := get $.of $key -}}
  {{- if contains "{{" (toJson $value) -}}
    {{- $_ := set $.of $key (include "ml-api.rendered" (dict "value" $value "context" $.context) | fromJson).value -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Renders the templates in the values of the release. */}}
{{- define "ml-api.renderValues" -}}
{{- $values := .Values -}}
{{- include "ml-api.renderKeys" (dict "context" . "of" $values "keys" (list "commonAnnotations")) -}}
{{- range list $values.ingress $values.ingress.grpc $values.httpRoute $values.grpcRoute $values.serviceAccount $values.monitoring.dashboard -}}
  {{- include "ml-api.renderKeys" (dict "context" $ "of" . "keys" (list "annotations" "hosts" "hostnames")) -}}
{{- end -}}
{{- range $host, $secret := $values.ingress.tls.secretNames -}}
  {{- if include "ml-api.isTemplate" $host -}}
    {{- $rendered := tpl $host $ -}}
    {{- if hasKey $values.ingress.tls.secretNames $rendered -}}
      {{- fail (printf "ingress.tls.secretNames: %s is there twice, once by a template; remove one." $rendered) -}}
    {{- end -}}
    {{- $_ := set (unset $values.ingress.tls.secretNames $host) $rendered $secret -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Renders those in the values of a version, which see it. Takes root and v. */}}
{{- define "ml-api.renderVersion" -}}
{{- $v := .v -}}
{{- $context := merge (dict "version" $v.version "fullname" $v.fullname) .root -}}
{{- $keys := list "env" "podAnnotations" "deploymentAnnotations" "extraVolumes" "extraVolumeMounts" "initContainers" -}}
{{- include "ml-api.renderKeys" (dict "context" $context "of" $v "keys" $keys) -}}
{{- include "ml-api.renderKeys" (dict "context" $context "of" $v.service "keys" (list "annotations")) -}}
{{- end -}}
