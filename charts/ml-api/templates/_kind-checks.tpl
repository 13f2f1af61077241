{{/* Values of one kind, wherever they stand: what values.schema.json cannot say of them, and what they amount to. */}}

{{/* The name of an environment variable, as every Kubernetes takes it. Takes name and key. */}}
{{- define "ml-api.checkVariable" -}}
{{- if or (not (regexMatch "^[A-Za-z_.-][A-Za-z0-9_.-]*$" .name)) (eq .name ".") (hasPrefix ".." .name) -}}
  {{- fail (printf "%s.%s: expected a variable's name of letters, digits, underscores, dots and dashes, such as LOG_LEVEL." .key .name) -}}
{{- end -}}
{{- end -}}

{{/* The name of a volume or a container, which a template may have made. Takes name and key. */}}
{{- define "ml-api.checkLabel" -}}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" .name) -}}
  {{- fail (printf "%s: %q is not a valid name; expected at most 63 lower-case letters, digits and dashes, such as cache-1." .key .name) -}}
{{- end -}}
{{- end -}}

{{/* The name of a resource, which a template may have made. Takes name and key. */}}
{{- define "ml-api.checkName" -}}
{{- if or (gt (len .name) 253) (not (regexMatch "^[a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*$" .name)) -}}
  {{- fail (printf "%s: %q is not a valid name; expected lower-case letters, digits, dashes and dots, such as iris-1." .key .name) -}}
{{- end -}}
{{- end -}}

{{/* The whole name of an image, which a template may have made. Takes reference and key. */}}
{{- define "ml-api.checkReference" -}}
{{- $host := `([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/` -}}
{{- $part := `[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*` -}}
{{- if not (regexMatch (printf `^(%s)?%s(/%s)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$` $host $part $part) .reference) -}}
  {{- fail (printf "%s: %q is not the name of an image; expected one such as docker.io/library/busybox:1.37." .key .reference) -}}
{{- end -}}
{{- include "ml-api.checkImage" (dict "key" .key "reference" .reference "tag" "") -}}
{{- end -}}

{{/* What an image's reference may be as a whole: registry, path and tag have values of their own. Takes key, reference, and tag. */}}
{{- define "ml-api.checkImage" -}}
{{- $path := regexReplaceAll "(:[^:/@]*)?(@.*)?$" (include "ml-api.withoutRegistry" .reference) "" -}}
{{- $path = contains "/" $path | ternary $path (printf "library/%s" $path) -}}{{/* as Docker Hub has it */}}
{{- if gt (len $path) 255 -}}
  {{- fail (printf "%s: %s has a path of %d characters, and 255 is the limit; shorten the repository or global.imageRegistry." .key .reference (len $path)) -}}
{{- end -}}
{{- if gt (len .tag) 128 -}}
  {{- fail (printf "%s.tag: %s has %d characters, and 128 is the limit; shorten it, or gpu.imageTagSuffix." .key .tag (len .tag)) -}}
{{- end -}}
{{- if regexMatch "^[a-f0-9]{64}$" .reference -}}
  {{- fail (printf "%s: %s would be read as an image ID; name its registry or its tag." .key .reference) -}}
{{- end -}}
{{- end -}}

{{/* A path in a container or on a node leads to no folder above. Takes key, path, and relative: whether it begins in a volume. */}}
{{- define "ml-api.checkPath" -}}
{{- $path := .path | default "" | toString -}}
{{- if or (regexMatch "(^|/)[.][.](/|$)" $path) (ne .relative (not (hasPrefix "/" $path))) -}}
  {{- fail (printf "%s: %q is not %s; expected one without .., such as %s." .key $path (ternary "a path in a volume" "an absolute path" .relative) (ternary "models/iris" "/models/iris" .relative)) -}}
{{- end -}}
{{- end -}}

{{/* What a variable or a file is read from. CPUs are counted in whole numbers or thousandths, all else in whole bytes. Takes source and key. */}}
{{- define "ml-api.checkSource" -}}
{{- range $kind := list "configMapKeyRef" "secretKeyRef" -}}
  {{- with get $.source $kind -}}
    {{- include "ml-api.checkName" (dict "name" .name "key" (printf "%s.%s.name" $.key $kind)) -}}
    {{- if not (regexMatch "^[.]?[A-Za-z0-9_-][A-Za-z0-9._-]{0,251}$" .key) -}}
      {{- fail (printf "%s.%s.key: %q is not a valid key; expected letters, digits, dots, dashes and underscores, such as api-keys." $.key $kind .key) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- with .source.resourceFieldRef -}}
  {{- if not (empty .divisor | or (has (toString .divisor) (hasSuffix ".cpu" .resource | ternary (list "0" "1" "1m") (list "0" "1" "1k" "1M" "1G" "1T" "1P" "1E" "1Ki" "1Mi" "1Gi" "1Ti" "1Pi" "1Ei")))) -}}
    {{- fail (printf "%s: %s is not divided by %s; expected %s." $.key .resource (toString .divisor) (hasSuffix ".cpu" .resource | ternary "1 or 1m" "a unit of memory, such as 1Mi")) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* What an API server takes of a selector of labels. Takes selector, which may be nil, and key. */}}
{{- define "ml-api.checkSelector" -}}
{{- range (.selector | default dict).matchExpressions -}}
  {{- if ne (has .operator (list "In" "NotIn")) (not (empty .values)) -}}
    {{- fail (printf "%s: %s goes with %s; correct matchExpressions of %s." $.key .operator (empty .values | ternary "values" "no values") .key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* A label counts once: by its pod's own value, or by the selector. Takes named: the labels of matchLabelKeys and the like, selector, and key. */}}
{{- define "ml-api.checkLabelKeys" -}}
{{- $taken := keys (.selector.matchLabels | default dict) -}}
{{- range .selector.matchExpressions -}}{{- $taken = append $taken .key -}}{{- end -}}
{{- range .named -}}
  {{- if has . $taken -}}
    {{- fail (printf "%s: the label %s is named twice, by matchLabelKeys, mismatchLabelKeys or labelSelector; remove one." $.key .) -}}
  {{- end -}}
  {{- $taken = append $taken . -}}
{{- end -}}
{{- end -}}

{{/* What an API server takes of affinities. Takes affinity and key. */}}
{{- define "ml-api.checkAffinity" -}}
{{- $node := .affinity.nodeAffinity | default dict -}}
{{- $terms := ($node.requiredDuringSchedulingIgnoredDuringExecution | default dict).nodeSelectorTerms | default list -}}
{{- range $node.preferredDuringSchedulingIgnoredDuringExecution -}}{{- $terms = append $terms .preference -}}{{- end -}}
{{- range $terms -}}
  {{- range .matchExpressions -}}
    {{- $count := len (.values | default list) -}}
    {{- $isRight := get (dict "In" (gt $count 0) "NotIn" (gt $count 0) "Exists" (eq $count 0) "DoesNotExist" (eq $count 0) "Gt" (eq $count 1) "Lt" (eq $count 1)) .operator -}}
    {{- if not $isRight -}}
      {{- fail (printf "%s.nodeAffinity: %s has %d values; In and NotIn take some, Exists and DoesNotExist none, Gt and Lt one; correct matchExpressions of %s." $.key .operator $count .key) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $kind := list "podAffinity" "podAntiAffinity" -}}
  {{- $pods := get $.affinity $kind | default dict -}}
  {{- $terms := $pods.requiredDuringSchedulingIgnoredDuringExecution | default list -}}
  {{- range $pods.preferredDuringSchedulingIgnoredDuringExecution -}}{{- $terms = append $terms .podAffinityTerm -}}{{- end -}}
  {{- range $terms -}}
    {{- include "ml-api.checkSelector" (dict "selector" .labelSelector "key" (printf "%s.%s" $.key $kind)) -}}
    {{- include "ml-api.checkSelector" (dict "selector" .namespaceSelector "key" (printf "%s.%s" $.key $kind)) -}}
    {{- $named := concat (.matchLabelKeys | default list) (.mismatchLabelKeys | default list) -}}
    {{- if and $named (not (hasKey . "labelSelector")) -}}
      {{- fail (printf "%s.%s: matchLabelKeys and mismatchLabelKeys go with a labelSelector; add one, or remove them." $.key $kind) -}}
    {{- end -}}
    {{- include "ml-api.checkLabelKeys" (dict "named" $named "selector" (.labelSelector | default dict) "key" (printf "%s.%s" $.key $kind)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* What an API server takes of tolerations. Takes tolerations and key. */}}
{{- define "ml-api.checkTolerations" -}}
{{- range .tolerations -}}
  {{- $isExists := eq (.operator | default "") "Exists" -}}
  {{- if not (or .key $isExists) -}}
    {{- fail (printf "%s: one has no key, which only operator Exists may leave out; set its key, or operator to Exists." $.key) -}}
  {{- end -}}
  {{- if and $isExists .value -}}
    {{- fail (printf "%s: operator Exists matches any value, and one also has the value %s; remove it, or set operator to Equal." $.key .value) -}}
  {{- end -}}
  {{- if and (hasKey . "tolerationSeconds") (ne (.effect | default "") "NoExecute") -}}
    {{- fail (printf "%s: tolerationSeconds goes with effect NoExecute only; set that, or remove tolerationSeconds." $.key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* What Gateway API takes of the filters of a rule that leads to a Service. Takes filters and key. */}}
{{- define "ml-api.checkFilters" -}}
{{- if gt (add (len .filters) (.more | default 0)) 16 -}}
  {{- fail (printf "%s: %d filters and the mirror of traffic.shadow are more than the 16 of a rule; remove some." .key (len .filters)) -}}
{{- end -}}
{{- $types := list -}}
{{- range $filter := .filters -}}
{{- with $filter -}}
  {{- $field := get (dict "URLRewrite" "urlRewrite" "CORS" "cors") .type | default (untitle .type) -}}
  {{- if not (get . $field) -}}
    {{- fail (printf "%s: one of type %s does not say how; set its %s, as Gateway API has it." $.key .type $field) -}}
  {{- end -}}
  {{- range $other := keys (omit . "type" $field) | sortAlpha -}}
    {{- fail (printf "%s: one of type %s has %s, too; give that a filter of its own." $.key $filter.type $other) -}}
  {{- end -}}
  {{- range $way, $headers := pick (get . $field) "set" "add" -}}
    {{- $names := list -}}
    {{- range $headers -}}
      {{- if has (lower .name) $names -}}
        {{- fail (printf "%s: %s of a %s has the header %s twice; remove one." $.key $way $filter.type .name) -}}
      {{- end -}}
      {{- $names = append $names (lower .name) -}}
    {{- end -}}
  {{- end -}}
  {{- range $list, $options := pick (.cors | default dict) "allowOrigins" "allowMethods" "allowHeaders" -}}
    {{- if and (has "*" $options) (gt (len $options) 1) -}}
      {{- fail (printf "%s: %s of cors has * beside others; remove it, or the others." $.key $list) -}}
    {{- end -}}
  {{- end -}}
  {{- with (.urlRewrite | default dict).path -}}
    {{- $replacement := untitle .type -}}
    {{- if or (not (hasKey . $replacement)) (gt (len .) 2) -}}
      {{- fail (printf "%s: urlRewrite.path of type %s goes with %s; set that, and nothing else." $.key .type $replacement) -}}
    {{- end -}}
  {{- end -}}
  {{- with .requestMirror -}}
    {{- if and (not .backendRef.port) (not .backendRef.group) (eq (.backendRef.kind | default "Service") "Service") -}}
      {{- fail (printf "%s: requestMirror to the Service %s has no port; set it, such as to 80." $.key .backendRef.name) -}}
    {{- end -}}
    {{- if and (hasKey . "percent") (hasKey . "fraction") -}}
      {{- fail (printf "%s: requestMirror to %s has percent and fraction; remove one." $.key .backendRef.name) -}}
    {{- end -}}
    {{- with .fraction -}}
      {{- if gt (int64 .numerator) (int64 (.denominator | default 100)) -}}
        {{- fail (printf "%s: a fraction of requestMirror is more than 1; lower its numerator." $.key) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- if eq .type "RequestRedirect" -}}
    {{- fail (printf "%s: a rule that redirects leads to no version, and all rules here lead to one; remove RequestRedirect, and add a route of yours to extraObjects." $.key) -}}
  {{- end -}}
  {{- if and (has .type $types) (not (has .type (list "RequestMirror" "ExtensionRef"))) -}}
    {{- fail (printf "%s: a rule takes one filter of type %s, and there are several; merge them into one." $.key .type) -}}
  {{- end -}}
  {{- $types = append $types .type -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What Prometheus takes of rules. Takes rules and key. */}}
{{- define "ml-api.checkRules" -}}
{{- range .rules -}}
  {{- if eq (hasKey . "alert") (hasKey . "record") -}}
    {{- fail (printf "%s: each rule has either alert or record; the one with expr %v has %s." $.key .expr (hasKey . "alert" | ternary "both" "neither")) -}}
  {{- end -}}
  {{- if hasKey . "record" -}}
    {{- range $field := keys (pick . "for" "keep_firing_for" "annotations") | sortAlpha -}}
      {{- fail (printf "%s: %s is of alerts only; remove it from the one with record." $.key $field) -}}
    {{- end -}}
  {{- end -}}
  {{- if hasKey (.labels | default dict) "__name__" -}}
    {{- fail (printf "%s: __name__ is no label that a rule may set; name the series by record." $.key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* A number or a text in a sentence, such as 2500000000 rather than 2.5e+09. */}}
{{- define "ml-api.asWritten" -}}
{{- kindIs "string" . | ternary . (toJson .) -}}
{{- end -}}

{{/* A quantity as a number; an exponent, as in 1e3 and 1E-3, is part of the number. */}}
{{- define "ml-api.amount" -}}
{{- $factors := dict "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0 -}}
{{- if kindIs "string" . -}}
  {{- $unit := regexFind "[A-Za-z]+$" . -}}
  {{- mulf (trimSuffix $unit . | float64) (empty $unit | ternary 1.0 (get $factors $unit)) -}}
{{- else -}}
  {{- . -}}
{{- end -}}
{{- end -}}

{{/* A duration such as 1m30s as a number of milliseconds. */}}
{{- define "ml-api.milliseconds" -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(h|ms|m|s)" . -1 -}}
  {{- $unit := regexFind "[a-z]+$" . -}}
  {{- $sum = add $sum (mul (trimSuffix $unit . | int64) (get (dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1) $unit)) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/* Manifests of yours are objects, after the templates in them. Takes key and text. */}}
{{- define "ml-api.checkObjects" -}}
{{- range regexSplit "(?m)^---.*$" .text -1 -}}
  {{- $object := fromYaml . -}}
  {{- $named := list (get $object "apiVersion") (get $object "kind") -}}
  {{- if not (hasSuffix "List" (get $object "kind" | toString)) -}}
    {{- $metadata := get $object "metadata" -}}
    {{- $metadata = kindIs "map" $metadata | ternary $metadata dict -}}
    {{- $named = append $named (get $metadata "name" | default (get $metadata "generateName")) -}}
  {{- end -}}
  {{- range $text := $named -}}
    {{- if and $object (or (empty $text) (not (kindIs "string" $text))) -}}
      {{- fail (printf "%s: expected a manifest with apiVersion, kind and metadata.name, all strings, as an object or as YAML text." $.key) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}
