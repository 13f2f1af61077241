{{/* What values.schema.json cannot say of the peers of NetworkPolicies. */}}

{{/* The first address of a block of IPv4 and its number of addresses, as JSON. Takes the block. */}}
{{- define "ml-api.block" -}}
{{- $first := 0 -}}
{{- range splitList "/" . | first | splitList "." -}}{{- $first = add (mul $first 256) (int64 .) -}}{{- end -}}
{{- $count := 1 -}}
{{- range until (splitList "/" . | last | int | sub 32 | int) -}}{{- $count = mul $count 2 -}}{{- end -}}
{{- dict "first" (toString $first) "count" (toString $count) | toJson -}}
{{- end -}}

{{/*
Blocks of addresses begin where the number of their addresses divides them, and what is excepted is part of the block. Of IPv6 only the
API server looks. Takes key and block: cidr and except.
*/}}
{{- define "ml-api.checkBlock" -}}
{{- $cidr := .block.cidr -}}
{{- $outer := dict -}}
{{- range $i, $block := prepend (.block.except | default list) $cidr -}}
  {{- if contains ":" $block | ne (contains ":" $cidr) -}}
    {{- fail (printf "%s: %s is not part of %s; correct or remove it from except." $.key $block $cidr) -}}
  {{- end -}}
  {{- if not (contains ":" $block) -}}
    {{- $its := include "ml-api.block" $block | fromJson -}}
    {{- if ne (mod (int64 $its.first) (int64 $its.count)) 0 -}}
      {{- fail (printf "%s: %s has bits set beyond its prefix; expected one such as 10.0.0.0/8." $.key $block) -}}
    {{- end -}}
    {{- if eq $i 0 -}}
      {{- $outer = $its -}}
    {{- else if or (ge (int64 $its.count) (int64 $outer.count)) (lt (int64 $its.first) (int64 $outer.first)) (ge (int64 $its.first) (add (int64 $outer.first) (int64 $outer.count))) -}}
      {{- fail (printf "%s: %s is not part of %s; correct or remove it from except." $.key $block $cidr) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The peers of a NetworkPolicy are pods or addresses, and its ports single ones or ranges. Takes peers, ports and key. */}}
{{- define "ml-api.checkPeers" -}}
{{- range .peers -}}
  {{- if and .ipBlock (gt (len .) 1) -}}
    {{- fail (printf "%s: a peer is either an ipBlock or a selector of pods, and one is both; split it into two." $.key) -}}
  {{- end -}}
  {{- with .ipBlock -}}{{- include "ml-api.checkBlock" (dict "key" $.key "block" .) -}}{{- end -}}
  {{- range $selector := list .podSelector .namespaceSelector -}}
    {{- range ($selector | default dict).matchExpressions -}}
      {{- if ne (has .operator (list "In" "NotIn")) (not (empty .values)) -}}
        {{- fail (printf "%s: %s goes with %s; correct matchExpressions of %s." $.key .operator (empty .values | ternary "values" "no values") .key) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range .ports -}}
  {{- if and .endPort (or (empty .port) (kindIs "string" .port) (lt (int .endPort) (int .port))) -}}
    {{- fail (printf "%s: endPort is %d and port is %s; expected a numeric port no greater than endPort." $.key (int .endPort) (include "ml-api.asWritten" (default "none" .port))) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
