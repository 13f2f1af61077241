{{/*
The versions to render, as JSON: every enabled one, merged over versionDefaults and completed by its runtime's preset.
Templates go through them with: range $name, $v := include "ml-api.versions" . | fromJson
Beside the values of versionDefaults, each has: version, fullname, handlers, scratch, servesBasePath, onePod,
metricsPort, ownImage, openai (what is of LLMs, see _llm.tpl), keysFile.
*/}}
{{- define "ml-api.versions" -}}
{{- if not (hasKey .Values "mergedVersions") -}}
  {{- $_ := set .Values "mergedVersions" (include "ml-api.mergedVersions" .) -}}{{/* once, not for each template */}}
{{- end -}}
{{- .Values.mergedVersions -}}
{{- end -}}

{{- define "ml-api.mergedVersions" -}}
{{- range omit .Values "versions" "global" -}}
  {{- if kindIs "map" . -}}{{- include "ml-api.takeAway" (dict "from" . "own" . "marked" false) -}}{{- end -}}
{{- end -}}
{{- include "ml-api.takeNulls" (dict "of" .Values "below" "") -}}
{{- include "ml-api.renderValues" . -}}
{{- $versions := dict -}}
{{- $given := .Values.versions -}}
{{- if and (eq .Values.defaultVersion "v1") (not (hasKey $given "v1")) -}}
  {{- $given = set (deepCopy $given) "v1" dict -}}{{/* the image's own model, unless another version is the default one */}}
{{- end -}}
{{- $defaults := deepCopy .Values.versionDefaults -}}
{{- include "ml-api.takeOldNames" (dict "model" $defaults.model "key" "versionDefaults.model") -}}
{{- range $name, $given := $given -}}
  {{- $own := deepCopy ($given | default dict) -}}
  {{- with $own.model -}}
    {{- include "ml-api.takeOldNames" (dict "model" . "key" (printf "versions.%s.model" $name)) -}}
  {{- end -}}
  {{- $v := mergeOverwrite (deepCopy $defaults) (deepCopy $own) -}}
  {{- include "ml-api.replaceAlternatives" (dict "v" $v "own" $own) -}}
  {{- include "ml-api.takeAway" (dict "from" $v "own" $own "marked" false) -}}
  {{- if contains ":null" (toJson $own) -}}
    {{- include "ml-api.takeNulls" (dict "of" $v "below" "versionDefaults.") -}}
  {{- end -}}
  {{- if and $v.enabled (not (kindIs "invalid" $given)) -}}
    {{- $_ := set $v "version" $name -}}
    {{- $_ := set $v "fullname" (printf "%s-%s" (include "ml-api.fullname" $) $name) -}}
    {{- include "ml-api.checkSumOf" (dict "own" $own.model "defaults" $defaults.model "key" (printf "versions.%s.model" $name)) -}}
    {{- include "ml-api.renderVersion" (dict "root" $ "v" $v) -}}
    {{- include "ml-api.takeUri" (dict "root" $ "v" $v) -}}
    {{- include "ml-api.completeByRuntime" (dict "root" $ "v" $v) -}}
    {{- include "ml-api.completeByModel" (dict "root" $ "v" $v) -}}
    {{- $_ := set $versions $name $v -}}
  {{- end -}}
{{- end -}}
{{- include "ml-api.check" (dict "root" . "versions" $versions) -}}
{{- toJson $versions -}}
{{- end -}}

{{/*
What is to be fetched, by its names of 0.1, under those of now: before versions are merged, so that a version's own value counts. Takes
model and key.
*/}}
{{- define "ml-api.takeOldNames" -}}
{{- $model := .model -}}
{{- $old := $model.url | default dict -}}
{{- with $model.uri -}}{{- $_ := set $model "uriKey" "uri" -}}{{- end -}}
{{- if $old -}}
  {{- $fetch := $model.fetch | default dict -}}
  {{- range $name, $value := $old -}}
    {{- if kindIs "invalid" $value -}}
    {{- else if eq $name "url" -}}
      {{- if and $value $model.uri -}}
        {{- fail (printf "%s.url.url: this is model.uri by its name of 0.1, and both are set; remove it." $.key) -}}
      {{- end -}}
      {{- if $value -}}
        {{- $_ := set $model "uri" $value -}}
        {{- $_ := set $model "uriKey" "url.url" -}}
      {{- end -}}
    {{- else if eq $name "sha256" -}}
      {{- if and $value $model.sha256 (ne $value $model.sha256) -}}
        {{- fail (printf "%s.url.sha256: this is model.sha256 by its name of 0.1, and both are set; remove it." $.key) -}}
      {{- end -}}
      {{- if $value -}}{{- $_ := set $model "sha256" $value -}}{{- end -}}
    {{- else -}}
      {{- $_ := set $fetch $name $value -}}
    {{- end -}}
  {{- end -}}
  {{- $_ := set $model "fetch" $fetch -}}
{{- end -}}
{{- end -}}

{{/*
That a model is to be fetched, by a scheme in lower case as the fetcher reads it, and that the server looks for another where it is followed.
Takes root and v.
*/}}
{{- define "ml-api.takeUri" -}}
{{- $model := .v.model -}}
{{- with regexFind "^[A-Za-z0-9]+:" $model.uri -}}
  {{- $_ := set $model "uri" (printf "%s%s" (lower .) (trimPrefix . $model.uri)) -}}
{{- end -}}
{{- if not $model.uriKey -}}{{- $_ := set $model "uriKey" "uri" -}}{{- end -}}
{{- if and (gt (int64 $model.followSeconds) 0) (eq .v.runtime "onnx") (not (hasKey .v.config "modelReloadSeconds")) (eq (int64 .root.Values.config.modelReloadSeconds) 0) -}}
  {{- $_ := set .v.config "modelReloadSeconds" 10 -}}
{{- end -}}
{{- if or (eq $model.source "url") (and (eq $model.source "image") $model.uri) -}}
  {{- $_ := set $model "source" "uri" -}}
{{- end -}}
{{- end -}}

{{/*
Of some maps only one key may be set, or one counts more than the other: a version's own then takes the default's place, whichever that is.
Takes v and own.
*/}}
{{- define "ml-api.replaceAlternatives" -}}
{{- include "ml-api.replaceOther" (dict "from" .v.image "own" .own.image "keys" (list "tag" "digest")) -}}
{{- include "ml-api.replaceOther" (dict "from" .v.pdb "own" .own.pdb "keys" (list "maxUnavailable" "minAvailable")) -}}
{{- $fetch := (.own.model | default dict).fetch | default dict -}}
{{- include "ml-api.replaceOther" (dict "from" .v.model.fetch.cache "own" $fetch.cache "keys" (list "hostPath" "existingClaim")) -}}
{{- range $variable, $value := .own.env -}}
  {{- $_ := set $.v.env $variable $value -}}
{{- end -}}
{{- range $kind, $probe := .own.probes -}}
  {{- with $probe.handler -}}{{- $_ := set (get $.v.probes $kind) "handler" . -}}{{- end -}}
{{- end -}}
{{- range $hook, $handler := .own.lifecycle -}}
  {{- $_ := set $.v.lifecycle $hook $handler -}}
{{- end -}}
{{- end -}}

{{/* Empties the one of two keys that a version's own map does not have, where it has the other. Takes from, own, and keys. */}}
{{- define "ml-api.replaceOther" -}}
{{- $own := .own | default dict -}}
{{- range $key := .keys -}}
  {{- if and (not (hasKey $own $key)) (ne (without $.keys $key | first | get $own | toString) "") -}}
    {{- $_ := set $.from $key "" -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/*
Takes away what is null in a version, which merging leaves as versionDefaults has it. Of resources it stays marked by null, since the
runtime's are filled in later. Takes from, own, and marked.
*/}}
{{- define "ml-api.takeAway" -}}
{{- range $key, $value := .own -}}
  {{- if kindIs "map" $value -}}
    {{- $from := get $.from $key -}}
    {{- if kindIs "map" $from -}}
      {{- include "ml-api.takeAway" (dict "from" $from "own" $value "marked" (or $.marked (eq $key "resources"))) -}}
    {{- end -}}
  {{- else if kindIs "invalid" $value -}}
    {{- if $.marked -}}{{- $_ := set $.from $key nil -}}{{- else -}}{{- $_ := unset $.from $key -}}{{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Fills what a version leaves open from runtimes/<runtime>.yaml, where templates see the version. */}}
{{- define "ml-api.completeByRuntime" -}}
{{- $v := .v -}}
{{- $file := .root.Files.Get (printf "runtimes/%s.yaml" $v.runtime) -}}
{{- if and (not $v.model.name) (ne $v.runtime "onnx") -}}
  {{- $_ := set $v.model "name" "model" -}}
{{- end -}}
{{- $_ := set $v.model "ownPath" $v.model.path -}}
{{- $_ := set $v "ownImage" (not (empty $v.image)) -}}
{{- $preset := tpl $file $v | fromYaml -}}
{{- include "ml-api.takeDefaults" (dict "v" $v "preset" $preset) -}}
{{- $_ := set $v "keysFile" "" -}}
{{- if and .root.Values.auth.existingSecret (dig "openai" "readsKeys" false $preset) -}}
  {{- $_ := set $v "keysFile" (printf "/etc/ml-api/keys/%s" .root.Values.auth.key) -}}
{{- end -}}
{{- $preset = tpl $file $v | fromYaml -}}{{/* with the defaults that it has given */}}
{{- if eq $v.runtime "onnx" -}}
  {{- $image := .root.Values.image -}}
  {{- $suffix := ternary $v.gpu.imageTagSuffix "" (gt (int $v.gpu.count) 0) -}}
  {{- $tag := printf "%s%s" ($image.tag | default .root.Chart.AppVersion | trimSuffix $suffix) $suffix -}}
  {{- if and $suffix $v.image.tag (not $v.image.repository) -}}{{/* one of the predictor's */}}
    {{- $_ := set $v.image "tag" (printf "%s%s" (trimSuffix $suffix $v.image.tag) $suffix) -}}
  {{- end -}}
  {{- $digest := include "ml-api.ownDigest" (dict "root" .root "tag" $tag) -}}
  {{- $_ := set $preset "image" (dict "repository" $image.repository "tag" $tag "digest" (or $v.image.repository $v.image.tag | empty | ternary $digest "")) -}}
{{- end -}}
{{- $_ := set $v "hasMetricsPort" (or (eq $v.runtime "custom") (hasKey $preset.ports "metrics")) -}}
{{- range $key := list "image" "ports" "files" "env" "podSecurityContext" -}}
  {{- $own := dict -}}
  {{- range $name, $value := get $v $key -}}
    {{- if or $value (ne $key "image") -}}{{- $_ := set $own $name $value -}}{{- end -}}{{/* an empty tag is none */}}
  {{- end -}}
  {{- $_ := set $v $key (mergeOverwrite (get $preset $key | default dict) $own) -}}
{{- end -}}
{{- range $key := list "command" "args" "metricsPath" -}}
  {{- $_ := set $v $key (get $v $key | default (get $preset $key)) -}}
{{- end -}}
{{- $_ := set $v "args" (concat ($v.args | default list) $v.extraArgs) -}}
{{- $_ := set $v "openai" ($preset.openai | default dict) -}}
{{- $_ := set $v "handlers" $preset.handlers -}}
{{- $_ := set $v "needs" ($preset.needs | default list) -}}
{{- $_ := set $v "resources" (include "ml-api.resourcesOver" (dict "preset" $preset.resources "own" $v.resources) | fromJson) -}}
{{- range $folder, $size := $preset.scratch -}}
  {{- if not (get $v.scratch $folder) -}}{{- $_ := set $v.scratch $folder $size -}}{{- end -}}
{{- end -}}
{{- if not $v.model.fetch.sizeLimit -}}
  {{- $_ := set $v.model.fetch "sizeLimit" (empty $v.openai | ternary "2Gi" $v.cache.sizeLimit) -}}
{{- end -}}
{{- $_ := set $v "servesBasePath" ($preset.servesBasePath | default false) -}}
{{- $_ := set $v "metricsPort" (hasKey $v.ports "metrics" | ternary "metrics" "http") -}}
{{- end -}}

{{/* What the runtime says where neither the version nor versionDefaults do. Takes v and preset. */}}
{{- define "ml-api.takeDefaults" -}}
{{- $v := .v -}}
{{- if not $v.model.path -}}
  {{- $baked := and (eq $v.runtime "onnx") (eq $v.model.source "image") -}}
  {{- $_ := set $v.model "path" ($baked | ternary (printf "/models/%s" $v.version) .preset.modelPath) -}}
{{- end -}}
{{- if kindIs "invalid" $v.shutdown.drainSeconds -}}
  {{- $_ := set $v.shutdown "drainSeconds" (.preset.drainSeconds | default 25) -}}
{{- end -}}
{{- if kindIs "invalid" $v.rollout.progressDeadlineSeconds -}}
  {{- $_ := set $v.rollout "progressDeadlineSeconds" (.preset.progressDeadlineSeconds | default 600) -}}
{{- end -}}
{{- if kindIs "invalid" $v.probes.startup.failureThreshold -}}
  {{- $_ := set $v.probes.startup "failureThreshold" (.preset.startFailures | default 150) -}}
{{- end -}}
{{- end -}}

{{/* The runtime's requests and limits with a version's own over them, of which null takes one away. Takes preset and own. */}}
{{- define "ml-api.resourcesOver" -}}
{{- $resources := dict -}}
{{- range $kind, $preset := .preset -}}
  {{- $own := get $.own $kind -}}
  {{- if kindIs "map" $own -}}
    {{- $amounts := deepCopy $preset -}}
    {{- range $name, $amount := $own -}}{{/* one by one, since merging takes a 0 for none */}}
      {{- if kindIs "invalid" $amount -}}{{- $_ := unset $amounts $name -}}{{- else -}}{{- $_ := set $amounts $name $amount -}}{{- end -}}
    {{- end -}}
    {{- $_ := set $resources $kind $amounts -}}
  {{- end -}}
{{- end -}}
{{- toJson $resources -}}
{{- end -}}

{{/* Fills in the claim of a version whose model lies on one, and whether that claim allows one pod only. */}}
{{- define "ml-api.completeByModel" -}}
{{- $v := .v -}}
{{- $pvc := $v.model.pvc -}}
{{- $onePod := false -}}
{{- if eq $v.model.source "pvc" -}}
  {{- if $pvc.existingClaim -}}
    {{- $onePod = $pvc.readWriteOnce -}}
    {{- $_ := set $pvc "claim" $pvc.existingClaim -}}
  {{- else -}}
    {{- $shared := or (has "ReadOnlyMany" .root.Values.modelStore.accessModes) (has "ReadWriteMany" .root.Values.modelStore.accessModes) -}}
    {{- $onePod = not $shared -}}
    {{- $_ := set $pvc "claim" (include "ml-api.modelStoreName" .root) -}}
    {{- $_ := set $pvc "subPath" ($pvc.subPath | default $v.version) -}}
  {{- end -}}
{{- end -}}
{{- if and $v.cache.existingClaim $v.cache.readWriteOnce -}}{{- $onePod = true -}}{{- end -}}
{{- $_ := set $v "onePod" $onePod -}}
{{- end -}}

{{- define "ml-api.modelStoreName" -}}
{{ include "ml-api.fullname" . }}-models
{{- end -}}
