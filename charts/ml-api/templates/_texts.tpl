{{/*
Templates in values: in annotations, hosts, variables, triggers, and volumes, mounts and init containers of yours. A text is taken for one of Helm's
only if it names something that only Helm has: `.Values`, `.Release`, `.Chart`, `.Capabilities`, `.version` and `.fullname` of a version, or
an `include`. Other tools have braces, too: Vault's agent in annotations, chat templates in variables. Helm cannot catch the failure of a
template, so what cannot be meant is refused before. Takes text and path.
*/}}
{{- define "ml-api.isTemplate" -}}
{{- $names := `(?s)\{\{(?:(?:[^}]|\}[^}])*?[\s($|-])?(?:%s).*\}\}` -}}
{{- $isHelms := regexMatch (printf $names `[.](?:Values|Release|Chart|Capabilities)\b|include\s+"`) .text -}}
{{- if or $isHelms (regexMatch (printf $names `[.](?:version|fullname)\b`) .text) -}}
  {{- $foreign := include "ml-api.foreignAction" .text -}}
  {{- if and $foreign $isHelms -}}
    {{- fail (printf "%s: the text has Helm templates, and %s is not one; write {{ `%s` }} in its place, which renders as it, or remove the others." .path $foreign $foreign) -}}
  {{- end -}}
  {{- range regexFindAll `(?:include|template)\s+"ml-api[.][^"]*"` .text -1 -}}
    {{- $helper := regexFind `ml-api[.][^"]*` . -}}
    {{- if not (has $helper (list "ml-api.name" "ml-api.fullname" "ml-api.serviceAccountName" "ml-api.selector" "ml-api.modelStoreName")) -}}
      {{- fail (printf "%s: a value cannot include %s, which is made from the values; expected ml-api.name, ml-api.fullname, ml-api.serviceAccountName, ml-api.selector or ml-api.modelStoreName." $.path $helper) -}}
    {{- end -}}
  {{- end -}}
  {{- if not $foreign -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The first action of a text that only another tool has; nothing where there is none. Helm knows no `{{ messages }}` without an argument, no
`{{ loop.first }}`, no statements of Jinja, and none of the functions by which Vault's agent and Consul read.
*/}}
{{- define "ml-api.foreignAction" -}}
{{- $forms := list `\{%.*?%\}` `\{\{[-~+]?\s*[A-Za-z_]\w*[.\[].*?\}\}` `\{\{-?\s*(?:(?:with|range|if)\s+)?(?:\$\w+\s*:=\s*)?(?:secrets?|pkiCert|key|keyExists|keyOrDefault|ls|tree|services?|nodes?|nomadVar)\s+".*?\}\}` `\{\{-?\s*[A-Za-z_]\w*\s*-?\}\}` -}}
{{- $found := list -}}
{{- $text := regexReplaceAll "\\{\\{-?\\s*`[^`]*`\\s*-?\\}\\}" . "" -}}{{/* as text of such actions is made */}}
{{- range $form := $forms -}}
  {{- range regexFindAll (printf "(?s)%s" $form) $text -1 -}}
    {{- if not (has (regexReplaceAll `[{}\s-]` . "") (list "end" "else" "break" "continue" "now" "uuidv4" "list" "dict")) -}}
      {{- $found = append $found . -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- with $found }}{{ first . }}{{ end -}}
{{- end -}}

{{/* A value with the templates in its texts rendered, as JSON below `value`. Takes value, its path, and context: what templates see. */}}
{{- define "ml-api.rendered" -}}
{{- $context := .context -}}
{{- $value := .value -}}
{{- if kindIs "map" $value -}}
  {{- $value = dict -}}
  {{- range $key, $inner := .value -}}
    {{- $_ := set $value $key (include "ml-api.rendered" (dict "value" $inner "context" $context "path" (printf "%s.%s" $.path $key)) | fromJson).value -}}
  {{- end -}}
{{- else if kindIs "slice" $value -}}
  {{- $value = list -}}
  {{- range .value -}}
    {{- $value = append $value (include "ml-api.rendered" (dict "value" . "context" $context "path" $.path) | fromJson).value -}}
  {{- end -}}
{{- else if kindIs "string" $value -}}
  {{- if include "ml-api.isTemplate" (dict "text" $value "path" .path) -}}
    {{- /* Helm shows the text of a template that fails: a comment in it says which value it is. */ -}}
    {{- $value = tpl (printf "{{/* %s */}}%s" (replace "*" "" .path) $value) $context -}}
  {{- end -}}
  {{- if contains "{{" .value -}}{{- include "ml-api.checkRendered" (dict "value" $value "path" .path) -}}{{- end -}}
{{- end -}}
{{- dict "value" $value | toJson -}}
{{- end -}}

{{/* Refuses what a template makes where the schema would refuse it as a value. Takes value and path. */}}
{{- define "ml-api.checkRendered" -}}
{{- $at := regexReplaceAll `^versions[.][^.]+[.]` .path "" -}}
{{- range $place := include "ml-api.templatePlaces" . | fromJsonArray -}}
  {{- if regexMatch .at $at -}}
    {{- $fits := le (len $.value) (int (.most | default 4096)) -}}
    {{- range .is -}}{{- $fits = and $fits (regexMatch . $.value) -}}{{- end -}}
    {{- if not $fits -}}
      {{- fail (printf "%s: the template makes %q; expected %s." $.path $.value .expected) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Renders what has templates below some keys of a map. Takes of: the map, its path, keys, and context. */}}
{{- define "ml-api.renderKeys" -}}
{{- range $key := .keys -}}
  {{- $value := get $.of $key -}}
  {{- if contains "{{" (toJson $value) -}}
    {{- $_ := set $.of $key (include "ml-api.rendered" (dict "value" $value "context" $.context "path" (printf "%s%s" $.path $key)) | fromJson).value -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Renders the templates in the values of the release. */}}
{{- define "ml-api.renderValues" -}}
{{- $values := .Values -}}
{{- include "ml-api.renderKeys" (dict "context" . "of" $values "path" "" "keys" (list "commonAnnotations")) -}}
{{- range $path, $of := dict "tests." $values.tests "promotion.gate." $values.promotion.gate -}}
  {{- include "ml-api.renderKeys" (dict "context" $ "of" $of "path" $path "keys" (list "podAnnotations")) -}}
{{- end -}}
{{- $maps := dict "ingress." $values.ingress "ingress.grpc." $values.ingress.grpc "httpRoute." $values.httpRoute "grpcRoute." $values.grpcRoute "serviceAccount." $values.serviceAccount "monitoring.dashboard." $values.monitoring.dashboard -}}
{{- range $path, $of := $maps -}}
  {{- include "ml-api.renderKeys" (dict "context" $ "of" $of "path" $path "keys" (list "annotations" "hosts" "hostnames")) -}}
{{- end -}}
{{- range $host, $secret := $values.ingress.tls.secretNames -}}
  {{- if include "ml-api.isTemplate" (dict "text" $host "path" "ingress.tls.secretNames") -}}
    {{- $rendered := tpl $host $ -}}
    {{- if hasKey $values.ingress.tls.secretNames $rendered -}}
      {{- fail (printf "ingress.tls.secretNames: %s is listed twice, once by a template; remove one." $rendered) -}}
    {{- end -}}
    {{- $_ := set (unset $values.ingress.tls.secretNames $host) $rendered $secret -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Renders those in the values of a version, which see it. Takes root and v. */}}
{{- define "ml-api.renderVersion" -}}
{{- $v := .v -}}
{{- $context := merge (dict "version" $v.version "fullname" $v.fullname) .root -}}
{{- $keys := list "env" "envFrom" "podAnnotations" "deploymentAnnotations" "extraVolumes" "extraVolumeMounts" "initContainers" -}}
{{- include "ml-api.renderKeys" (dict "context" $context "of" $v "path" (printf "versions.%s." $v.version) "keys" $keys) -}}
{{- include "ml-api.renderKeys" (dict "context" $context "of" $v.autoscaling.keda "path" (printf "versions.%s.autoscaling.keda." $v.version) "keys" (list "triggers")) -}}
{{- include "ml-api.renderKeys" (dict "context" $context "of" $v.model.fetch "path" (printf "versions.%s.model.fetch." $v.version) "keys" (list "env" "envFrom")) -}}
{{- include "ml-api.renderKeys" (dict "context" $context "of" $v.service "path" (printf "versions.%s.service." $v.version) "keys" (list "annotations")) -}}
{{- end -}}

{{/* A number as text: 1048576, where Go's own text of one from a million on is 1.048576e+06. */}}
{{- define "ml-api.number" -}}
{{- if ge (float64 .) 1000000.0 -}}{{- printf "%.0f" (float64 .) -}}{{- else -}}{{- toString . -}}{{- end -}}
{{- end -}}
