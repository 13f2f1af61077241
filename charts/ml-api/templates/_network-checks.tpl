{{/* What values.schema.json cannot say of the peers of NetworkPolicies. */}}

{{/* An address as its bits, such as 00001010… of 10.0.0.0: 32 of IPv4, 128 of IPv6. Takes the address. */}}
{{- define "ml-api.bits" -}}
{{- if contains ":" . -}}
  {{- $halves := splitList "::" . -}}
  {{- $groups := first $halves | splitList ":" | compact -}}
  {{- $last := rest $halves | join "" | splitList ":" | compact -}}
  {{- range until (sub 8 (add (len $groups) (len $last)) | int) -}}{{- $groups = append $groups "0" -}}{{- end -}}
  {{- range concat $groups $last -}}{{- printf "0x%s" . | int64 | printf "%016b" -}}{{- end -}}
{{- else -}}
  {{- range splitList "." . -}}{{- int64 . | printf "%08b" -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* A block of addresses has no bits set beyond its prefix, and what is excepted is part of the block. Takes key and block: cidr and except. */}}
{{- define "ml-api.checkBlock" -}}
{{- $outer := "" -}}
{{- range $i, $block := prepend (.block.except | default list) .block.cidr -}}
  {{- $prefix := splitList "/" $block | last | int -}}
  {{- $bits := splitList "/" $block | first | include "ml-api.bits" -}}
  {{- $common := trunc $prefix $bits -}}
  {{- if contains "1" (trimPrefix $common $bits) -}}
    {{- fail (printf "%s: %s has bits set beyond its prefix; expected one such as %s." $.key $block (contains ":" $block | ternary "fd00::/8" "10.0.0.0/8")) -}}
  {{- end -}}
  {{- if eq $i 0 -}}
    {{- $outer = $common -}}
  {{- else if or (ne (contains ":" $block) (contains ":" $.block.cidr)) (not (hasPrefix $outer $common)) (eq $outer $common) -}}
    {{- fail (printf "%s: %s is not part of %s; correct or remove it from except." $.key $block $.block.cidr) -}}
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
    {{- include "ml-api.checkSelector" (dict "selector" $selector "key" $.key) -}}
  {{- end -}}
{{- end -}}
{{- range .ports -}}
  {{- if and .endPort (or (empty .port) (kindIs "string" .port) (lt (int .endPort) (int .port))) -}}
    {{- fail (printf "%s: endPort is %d and port is %s; expected a numeric port no greater than endPort." $.key (int .endPort) (include "ml-api.asWritten" (default "none" .port))) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
