{{/*
What values.schema.json cannot say: values that contradict each other. Each failure is one sentence that names the key
and how to go on. Takes root and versions.
*/}}
{{- define "ml-api.check" -}}
{{- $values := .root.Values -}}
{{- if not $values.enabled -}}
  {{- fail (printf "enabled: false leaves nothing to install; a parent chart that is to leave this one out names the value in its dependency, such as condition: %s.enabled." .root.Chart.Name) -}}
{{- end -}}
{{- if and (not $values.versions) (ne $values.defaultVersion "v1") -}}
  {{- fail (printf "defaultVersion: %q is not a version; name it, such as versions.%s: {}." $values.defaultVersion $values.defaultVersion) -}}
{{- end -}}
{{- if not .versions -}}
  {{- fail "versions: none is enabled; set at least one, such as versions.v1: {}." -}}
{{- end -}}
{{- if not (hasKey .versions $values.defaultVersion) -}}
  {{- fail (printf "defaultVersion: %q is not an enabled version; expected one of: %s." $values.defaultVersion (keys .versions | sortAlpha | join ", ")) -}}
{{- end -}}
{{- range $name, $v := .versions -}}
  {{- $context := dict "root" $.root "v" $v "key" (printf "versions.%s" $name) -}}
  {{- include "ml-api.checkRuntime" $context -}}
  {{- include "ml-api.checkMounts" $context -}}
  {{- include "ml-api.checkModel" $context -}}
  {{- include "ml-api.checkSeveral" $context -}}
  {{- include "ml-api.checkLlm" $context -}}
  {{- include "ml-api.checkScaling" $context -}}
  {{- include "ml-api.checkResources" $context -}}
  {{- include "ml-api.checkPod" $context -}}
  {{- include "ml-api.checkService" $context -}}
{{- end -}}
{{- if or $values.tests.enabled $values.promotion.gate.enabled -}}
  {{- include "ml-api.checkSecurity" (dict "of" $values.versionDefaults "key" "versionDefaults") -}}{{/* which their pods have */}}
{{- end -}}
{{- include "ml-api.checkImage" (dict "key" "image" "reference" (include "ml-api.ownImage" .root) "tag" $values.image.tag) -}}
{{- include "ml-api.checkSharedModel" . -}}
{{- include "ml-api.checkFolders" .versions -}}
{{- include "ml-api.checkOpenaiPath" . -}}
{{- include "ml-api.checkTraffic" . -}}
{{- include "ml-api.checkAlb" . -}}
{{- include "ml-api.checkHosts" . -}}
{{- include "ml-api.checkGrpc" . -}}
{{- include "ml-api.checkShared" . -}}
{{- end -}}

{{- define "ml-api.checkRuntime" -}}
{{- $v := .v -}}
{{- $key := .key -}}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" $v.version) -}}
  {{- fail (printf "%s: expected a version's name of lower-case letters, digits and dashes, such as v1." $key) -}}
{{- end -}}
{{- range $at, $env := dict "env" $v.env "model.fetch.env" $v.model.fetch.env -}}
  {{- range $name, $value := $env -}}
    {{- include "ml-api.checkVariable" (dict "name" $name "key" (printf "%s.%s" $key $at)) -}}
    {{- if kindIs "map" $value -}}
      {{- include "ml-api.checkSource" (dict "source" $value.valueFrom "key" (printf "%s.%s.%s" $key $at $name)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $v.fullname) -}}
  {{- fail (printf "%s: the name %q cannot be that of a Service; expected lower-case letters, digits and dashes, a letter first; set fullnameOverride, such as iris." $key $v.fullname) -}}
{{- end -}}
{{- if gt (len $v.fullname) 52 -}}
  {{- fail (printf "%s: the name %q has more than 52 characters; choose a shorter release name, fullnameOverride or version." $key $v.fullname) -}}
{{- end -}}
{{- if has $v.version (list "predict" "model" "models" "docs" "metrics" "livez" "readyz" "startupz") -}}
  {{- fail (printf "%s: a version cannot have the name of a route (/%s); choose another name, such as v1." $key $v.version) -}}
{{- end -}}
{{- if eq $v.runtime "onnx" -}}
  {{- $own := include "ml-api.ownVariables" . | fromYaml -}}
  {{- range $name, $value := $v.env -}}
    {{- if hasKey $own $name -}}
      {{- fail (printf "%s.env.%s: the chart sets this variable from %s; set that instead." $key $name (get $own $name)) -}}
    {{- end -}}
  {{- end -}}
  {{- range $name, $value := $v.config -}}
    {{- $variable := $name | snakecase | upper -}}
    {{- if hasKey $v.env $variable -}}
      {{- fail (printf "%s.env.%s: %s.config.%s sets this variable, too; remove one of them." $key $variable $key $name) -}}
    {{- end -}}
  {{- end -}}
  {{- $config := mergeOverwrite (dict) .root.Values.config $v.config -}}
  {{- if gt (int64 $v.shutdown.drainSeconds) 3600 -}}
    {{- fail (printf "%s.shutdown.drainSeconds: the predictor waits for an hour at most; expected up to 3600, got %d." $key (int64 $v.shutdown.drainSeconds)) -}}
  {{- end -}}
  {{- if lt (mul $v.shutdown.drainSeconds 1000) (int64 $config.requestTimeoutMs) -}}
    {{- fail (printf "%s.shutdown.drainSeconds: %d s is less than config.requestTimeoutMs (%d ms), so a rollout would cut requests off; raise it or lower the deadline." $key (int64 $v.shutdown.drainSeconds) (int64 $config.requestTimeoutMs)) -}}
  {{- end -}}
  {{- with regexFind "(http://[^,]*:80|https://[^,]*:443)(,|$)" (default "" $config.corsOrigins) | trimSuffix "," -}}
    {{- fail (printf "%s.config.corsOrigins: browsers leave out the port of %s, which is the scheme's own; remove it." $key .) -}}
  {{- end -}}
  {{- if and $config.uploadTimeoutMs $config.headersTimeoutMs (gt (int64 $config.headersTimeoutMs) (int64 $config.uploadTimeoutMs)) -}}
    {{- fail (printf "%s.config.uploadTimeoutMs: %d ms are less than headersTimeoutMs (%d ms), which is part of it; raise it, or lower headersTimeoutMs." $key (int64 $config.uploadTimeoutMs) (int64 $config.headersTimeoutMs)) -}}
  {{- end -}}
  {{- if and $config.maxRows $config.queueMaxRows (gt (int64 $config.maxRows) (int64 $config.queueMaxRows)) -}}
    {{- fail (printf "%s.config.queueMaxRows: %d rows may wait, and one request may have %d (config.maxRows), which could never be queued; raise it or lower maxRows." $key (int64 $config.queueMaxRows) (int64 $config.maxRows)) -}}
  {{- end -}}
{{- else -}}
  {{- if $v.config -}}
    {{- fail (printf "%s.config: these are settings of runtime onnx, and the version runs %s; use %s.args, .env or .files." $key $v.runtime $key) -}}
  {{- end -}}
  {{- if and .root.Values.auth.existingSecret $v.expose (not $v.openai) -}}
    {{- fail (printf "%s.runtime: %s checks no API keys, so auth.existingSecret would not protect it; set %s.expose to false or unset auth.existingSecret." $key $v.runtime $key) -}}
  {{- end -}}
  {{- if and .root.Values.auth.existingSecret (ne $v.service.type "ClusterIP") (not $v.openai.readsKeys) -}}
    {{- fail (printf "%s.service.type: runtime %s does not ask for API keys everywhere, and a %s Service is reached from outside the cluster; set it to ClusterIP or unset auth.existingSecret." $key $v.runtime $v.service.type) -}}
  {{- end -}}
{{- end -}}
{{- if and (eq $v.service.type "ClusterIP") (eq (int $v.service.port) 9090) -}}
  {{- fail (printf "%s.service.port: 9090 is the Service's port of the metrics; choose another port, such as 80." $key) -}}
{{- end -}}
{{- if and $v.ports.http (eq (int $v.ports.http) (int ($v.ports.metrics | default 0))) -}}
  {{- fail (printf "%s.ports.metrics: %d is ports.http, too; choose another port, such as 9090." $key (int $v.ports.http)) -}}
{{- end -}}
{{- if and $v.ports.metrics (not $v.hasMetricsPort) -}}
  {{- fail (printf "%s.ports.metrics: the metrics of runtime %s are at ports.http; remove it." $key $v.runtime) -}}
{{- end -}}
{{- with $v.ports.grpc -}}
  {{- $taken := dict "ports.http" $v.ports.http "ports.metrics" $v.ports.metrics "service.port" $v.service.port -}}
  {{- if eq $v.service.type "ClusterIP" -}}{{- $_ := set $taken "the Service's port of the metrics" 9090 -}}{{- end -}}
  {{- range $name, $port := $taken -}}
    {{- if eq (int $port) (int $v.ports.grpc) -}}
      {{- fail (printf "%s.ports.grpc: %d is taken by %s, too; choose another port, such as 8001." $key (int $port) $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if ge (int64 $v.rollout.minReadySeconds) (int64 $v.rollout.progressDeadlineSeconds) -}}
  {{- fail (printf "%s.rollout.progressDeadlineSeconds: %d s are not more than minReadySeconds (%d s), so every rollout would count as failed; raise it." $key (int64 $v.rollout.progressDeadlineSeconds) (int64 $v.rollout.minReadySeconds)) -}}
{{- end -}}
{{- if and (not $v.onePod) (regexMatch "^0+%?$" (toString $v.rollout.maxSurge)) (regexMatch "^(0+%?)?$" (toString $v.rollout.maxUnavailable)) -}}
  {{- fail (printf "%s.rollout.maxSurge: neither a pod more nor a pod less is allowed, so no rollout could begin; set maxSurge or maxUnavailable to 1." $key) -}}
{{- end -}}
{{- if eq $v.runtime "custom" -}}
  {{- if not $v.image.repository -}}
    {{- fail (printf "%s.image.repository: runtime custom has no image of its own; set repository, and tag or digest." $key) -}}
  {{- end -}}
  {{- if not $v.ports.http -}}
    {{- fail (printf "%s.ports.http: runtime custom has no port of its own; set the port that serves HTTP." $key) -}}
  {{- end -}}
{{- end -}}
{{- range $resource, $_ := ($v.resources | default dict).limits | default dict -}}
  {{- if and (hasPrefix "nvidia.com/" $resource) (eq (int $v.gpu.count) 0) (ne $v.runtime "custom") (not $v.ownImage) -}}
    {{- fail (printf "%s.resources.limits: %s is asked for, and the image would not use it; set gpu.count in its place, which brings the image for GPUs, with gpu.resource where it is not nvidia.com/gpu; or name an image of yours." $key $resource) -}}
  {{- end -}}
{{- end -}}
{{- if and (gt (int $v.gpu.count) 0) (not (hasPrefix "nvidia.com/" $v.gpu.resource)) (not $v.ownImage) (not (has $v.runtime (list "ovms" "custom"))) (or (ne $v.runtime "onnx") (eq $v.gpu.imageTagSuffix "-cuda")) -}}
  {{- fail (printf "%s.image: that of runtime %s for GPUs is built for NVIDIA's, and gpu.resource is %s; name a build for these." $key $v.runtime $v.gpu.resource) -}}
{{- end -}}
{{- if and (eq $v.runtime "onnx") (gt (int $v.gpu.count) 0) $v.image.digest (eq $v.image.digest .root.Values.image.digest) -}}
  {{- fail (printf "%s.image.digest: image.digest is that of the image for CPUs, and the version asks for a GPU; set the digest of the one for GPUs, or its tag." $key) -}}
{{- end -}}
{{- include "ml-api.checkImage" (dict "key" (printf "%s.image" $key) "reference" (include "ml-api.imageReference" (dict "root" .root "image" $v.image)) "tag" (default "" $v.image.tag)) -}}
{{- if not (or $v.image.tag $v.image.digest) -}}
  {{- fail (printf "%s.image: neither tag nor digest is set; set one." $key) -}}
{{- end -}}
{{- end -}}

{{/* A model that versionDefaults names is for the versions with its source; without any, nobody would serve it. */}}
{{- define "ml-api.checkSharedModel" -}}
{{- $model := .root.Values.versionDefaults.model -}}
{{- $sources := list -}}
{{- range .versions -}}{{- $sources = append $sources .model.source -}}{{- end -}}
{{- range $source, $named := dict "pvc" $model.pvc.existingClaim "imageVolume" $model.imageVolume.reference -}}
  {{- if and $named (not (has $source $sources)) (has "image" $sources) -}}
    {{- fail (printf "versionDefaults.model.source: versionDefaults.model.%s names a model, and without a source that of the image is served; set source to %s, or remove what names it." $source $source) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.checkModel" -}}
{{- $model := .v.model -}}
{{- $key := printf "%s.model" .key -}}
{{- if and (contains "/" $model.name) (not .v.openai) -}}
  {{- fail (printf "%s.name: only a language model's may have a slash, since bodies name it and paths do not; expected letters, digits, dots, dashes and underscores, such as iris." $key) -}}
{{- end -}}
{{- $ownImage := (get .root.Values.versions .v.version | default dict).image | default .root.Values.versionDefaults.image -}}
{{- if and (eq $model.source "image") (not (has .v.runtime (list "onnx" "custom"))) (not .v.openai) (not $ownImage.repository) -}}
  {{- fail (printf "%s.source: the image of runtime %s holds no model; expected pvc, uri or imageVolume, or an image of yours in %s.image." $key .v.runtime .key) -}}
{{- end -}}
{{- if and (eq $model.source "pvc") (not $model.pvc.existingClaim) (not .root.Values.modelStore.enabled) -}}
  {{- fail (printf "%s.pvc.existingClaim: source pvc needs a claim; name one, or set modelStore.enabled." $key) -}}
{{- end -}}
{{- $own := (get .root.Values.versions .v.version | default dict).model | default dict -}}
{{- range $source, $named := dict "pvc" ($own.pvc | default dict).existingClaim "imageVolume" ($own.imageVolume | default dict).reference -}}
  {{- if and $named (not $own.source) (ne $model.source $source) -}}
    {{- fail (printf "%s.source: %s.%s names a model, and without a source that of %s is served; set source to %s, or remove what names it." $key $key $source $model.source $source) -}}
  {{- end -}}
{{- end -}}
{{- if and (eq $model.source "uri") (not $model.uri) -}}
  {{- fail (printf "%s.uri: source uri needs what to fetch, such as s3://models/iris or https://example.com/iris.tar.gz." $key) -}}
{{- end -}}
{{- if $model.uri -}}
  {{- include "ml-api.checkUri" . -}}
  {{- include "ml-api.checkUriForm" (dict "v" .v "key" (printf "%s.%s" $key $model.uriKey)) -}}
{{- else if $model.sha256 -}}
  {{- fail (printf "%s.sha256: nothing is fetched that this could be the checksum of; set %s.uri, or remove it." $key $key) -}}
{{- end -}}
{{- if gt (int64 $model.followSeconds) 0 -}}{{- include "ml-api.checkFollow" . -}}{{- end -}}
{{- if and (eq $model.source "imageVolume") (not $model.imageVolume.reference) -}}
  {{- fail (printf "%s.imageVolume.reference: source imageVolume needs an image, such as registry.example.com/iris:1." $key) -}}
{{- end -}}
{{- include "ml-api.checkImage" (dict "key" (printf "%s.imageVolume.reference" $key) "reference" $model.imageVolume.reference "tag" "") -}}
{{- end -}}

{{/* What is fetched: from where there is such a port, which bytes, and no secret in a pod's spec. */}}
{{- define "ml-api.checkUri" -}}
{{- $model := .v.model -}}
{{- $uri := $model.uri -}}
{{- $key := printf "%s.model" .key -}}
{{- $at := printf "%s.%s" $key $model.uriKey -}}
{{- if not (has $model.source (list "uri" "pvc")) -}}
  {{- fail (printf "%s: source %s fetches nothing; set source to uri, or to pvc to keep what is fetched." $at $model.source) -}}
{{- end -}}
{{- range $name, $value := include "ml-api.fetchVariables" $model | fromYaml -}}
  {{- if hasKey $model.fetch.env $name -}}
    {{- fail (printf "%s.fetch.env.%s: the chart sets this variable from %s; set that instead." $key $name $value) -}}
  {{- end -}}
{{- end -}}
{{- range $port := include "ml-api.fetchPorts" $model | fromJson | keys | sortAlpha -}}
  {{- if or (lt (int $port) 1) (gt (int $port) 65535) -}}
    {{- fail (printf "%s: there is no port %s; expected one from 1 to 65535, here and in the addresses in %s.fetch.env." $at $port $key) -}}
  {{- end -}}
{{- end -}}
{{- if and $model.fetch.cache.hostPath $model.fetch.cache.existingClaim -}}
  {{- fail (printf "%s.fetch.cache: hostPath and existingClaim are both set; remove one." $key) -}}
{{- end -}}
{{- if and $model.fetch.folder (eq .v.runtime "onnx") -}}
  {{- fail (printf "%s.fetch.folder: the predictor reads the model's directory itself; remove it, or set %s.runtime." $key .key) -}}
{{- end -}}
{{- if eq $model.uriKey "uri" -}}
  {{- if or (regexMatch "^[A-Za-z0-9+.-]+:/+[^/]*:[^/]*@" $uri) (regexMatch "(?i)[?&;#](sig|[^=&;#]*(signature|token|key|secret|passw|credential|%)[^=&;#]*)=" $uri) -}}
    {{- fail (printf "%s: everyone who can read pods could read the password, token or signature in it; remove it, and give the fetcher credentials in %s.fetch, from a Secret." $at $key) -}}
  {{- end -}}
{{- end -}}
{{- if not (or $model.sha256 (eq (include "ml-api.cannotMove" $uri) "true") (eq $model.requirePinned "never")) -}}
  {{- if and (eq (include "ml-api.isWeb" $uri) "true") (eq $model.requirePinned "auto") -}}
    {{- fail (printf "%s: nothing says which bytes are served; set %s.sha256 to the file's SHA-256, 64 hex digits, or %s.requirePinned to never." $at $key $key) -}}
  {{- else if eq $model.requirePinned "always" -}}
    {{- fail (printf "%s: what this names can change, and %s.requirePinned is always; set %s.sha256, or a URI that cannot move: a digest (oci), a commit (hf), a version (mlflow), a generation (gs)." $at $key $key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* A folder of a claim is one model's alone: what came with the model before is removed from it. Takes the versions. */}}
{{- define "ml-api.checkFolders" -}}
{{- $folders := dict -}}
{{- range $name, $v := . -}}
  {{- if and $v.model.uri (eq $v.model.source "pvc") -}}
    {{- $folder := printf "%s/%s" $v.model.pvc.claim (include "ml-api.fetchFolder" $v.model) | trimSuffix "/" -}}
    {{- range $other, $its := $folders -}}
      {{- if and (ne $its.uri $v.model.uri) (or (hasPrefix (printf "%s/" $its.folder) (printf "%s/" $folder)) (hasPrefix (printf "%s/" $folder) (printf "%s/" $its.folder))) -}}
        {{- fail (printf "versions.%s.model.pvc.subPath: %s brings another model to the same folder of the claim, or to one around it; choose a folder for each." $name $other) -}}
      {{- end -}}
    {{- end -}}
    {{- $_ := set $folders $name (dict "folder" $folder "uri" $v.model.uri) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* What is followed: something that can change, for a server that looks. */}}
{{- define "ml-api.checkFollow" -}}
{{- $model := .v.model -}}
{{- $key := printf "%s.model.followSeconds" .key -}}
{{- if not $model.uri -}}
  {{- fail (printf "%s: there is nothing to follow; set %s.model.uri, or remove it." $key .key) -}}
{{- end -}}
{{- if ne .v.runtime "onnx" -}}
  {{- fail (printf "%s: the predictor replaces its model without a restart, and the version runs %s; remove it." $key .v.runtime) -}}
{{- end -}}
{{- if or $model.sha256 (eq (include "ml-api.cannotMove" $model.uri) "true") (eq $model.requirePinned "always") -}}
  {{- fail (printf "%s: %s.model says that the model cannot change, by its sum, its URI or requirePinned; remove that, or followSeconds." $key .key) -}}
{{- end -}}
{{- if eq (include "ml-api.isWeb" $model.uri) "true" -}}
  {{- fail (printf "%s: a web address cannot be followed, since it does not say when its content changes; use a store or a registry, or remove it." $key) -}}
{{- end -}}
{{- $config := mergeOverwrite (dict) .root.Values.config .v.config -}}
{{- if eq (int64 $config.modelReloadSeconds) 0 -}}
  {{- fail (printf "%s: the server would not load what is fetched; remove %s.config.modelReloadSeconds, or set it to 10." $key .key) -}}
{{- end -}}
{{- if gt (int64 $config.servingThreads) 1 -}}
  {{- fail (printf "%s: models that are replaced while they are served are served by one thread; set config.servingThreads to 0, or remove it." $key) -}}
{{- end -}}
{{- end -}}

{{/* Whether an address is read as it is, and not as one of Azure Blob Storage: see server/src/sources/stores/az/location.ts. */}}
{{- define "ml-api.isWeb" -}}
{{- $isBlob := regexMatch "^https://[a-z0-9]{3,24}[.]blob[.]core[.](windows[.]net|usgovcloudapi[.]net|chinacloudapi[.]cn)(/|$)" . -}}
{{- and (regexMatch "^https?:" .) (not $isBlob) -}}
{{- end -}}

{{/* Whether a URI names one model for ever. */}}
{{- define "ml-api.cannotMove" -}}
{{- regexMatch "^(oci://.*@sha256:[0-9a-f]{64}|hf://[^/@]+/[^/@]+@[0-9a-f]{40}(/.*)?|gs://.*#[0-9]+|(mlflow://|models:/)[^@]+/[0-9]+)$" . -}}
{{- end -}}

{{/* Several models of a version: what they need, and what is for one model only. */}}
{{- define "ml-api.checkSeveral" -}}
{{- $model := .v.model -}}
{{- $key := printf "%s.model" .key -}}
{{- if $model.several -}}
  {{- if ne .v.runtime "onnx" -}}
    {{- fail (printf "%s.several: this is of runtime onnx, and the version runs %s, which serves what its own arguments say; set %s.several to false and use %s.args." $key .v.runtime $key .key) -}}
  {{- end -}}
  {{- if not $model.default -}}
    {{- fail (printf "%s.default: of several models, /predict serves one; name its folder, such as iris." $key) -}}
  {{- end -}}
  {{- if $model.name -}}
    {{- fail (printf "%s.name: each of several models has the name of its folder; remove the name, or set %s.several to false." $key $key) -}}
  {{- end -}}
  {{- if and (eq $model.source "image") (not $model.ownPath) -}}
    {{- fail (printf "%s.path: %s of the image holds one model; name the folder of the several in an image of yours, such as /models/all." $key $model.path) -}}
  {{- end -}}
  {{- if regexMatch "^[^?#]*[.]onnx([?#].*)?$" $model.uri -}}
    {{- fail (printf "%s.%s: an .onnx file is one model; expected a .tar, .tar.gz or .tgz or a store's folder with a folder for each of several, or set %s.several to false." $key $model.uriKey $key) -}}
  {{- end -}}
{{- else if $model.default -}}
  {{- fail (printf "%s.default: there is one model only, which /predict serves; set %s.several to true, or remove the default." $key $key) -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.checkScaling" -}}
{{- $v := .v -}}
{{- $scaling := $v.autoscaling -}}
{{- $key := printf "%s.autoscaling" .key -}}
{{- $most := ternary $v.replicas $scaling.maxReplicas (eq $scaling.type "none") | int -}}
{{- if and (ne $scaling.type "none") (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
  {{- fail (printf "%s.minReplicas: %d is more than maxReplicas (%d); lower it or raise maxReplicas." $key (int64 $scaling.minReplicas) (int64 $scaling.maxReplicas)) -}}
{{- end -}}
{{- if and $v.onePod (gt $most 1) -}}
  {{- fail (printf "%s.model.pvc: a ReadWriteOnce claim serves one pod and up to %d are asked for; use ReadOnlyMany or ReadWriteMany, or set autoscaling.maxReplicas (or replicas) to 1." .key $most) -}}
{{- end -}}
{{- if eq $scaling.type "hpa" -}}
  {{- if lt (int $scaling.minReplicas) 1 -}}
    {{- fail (printf "%s.minReplicas: an HPA keeps at least 1 pod; to scale to zero set autoscaling.type to keda." $key) -}}
  {{- end -}}
  {{- if and (gt (int $v.gpu.count) 0) (gt (int $scaling.cpuUtilization) 0) -}}
    {{- fail (printf "%s.cpuUtilization: CPU says little about a version that runs on a GPU; set it to 0 and give autoscaling.metrics, or set autoscaling.type to keda or none." $key) -}}
  {{- end -}}
  {{- if not (or $scaling.waitingRequests $scaling.cpuUtilization $scaling.memoryUtilization $scaling.metrics) -}}
    {{- fail (printf "%s: nothing to scale by; set cpuUtilization, memoryUtilization or metrics, or set autoscaling.type to none." $key) -}}
  {{- end -}}
  {{- range $resource, $target := dict "cpu" $scaling.cpuUtilization "memory" $scaling.memoryUtilization -}}
    {{- $request := get (($v.resources | default dict).requests | default dict) $resource -}}
    {{- if and $target (eq (include "ml-api.amount" ($request | default 0) | float64) 0.0) -}}
      {{- fail (printf "%s.%sUtilization: a percentage of resources.requests.%s, which is not set, or 0; set it." $key $resource $resource) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $metric := $scaling.metrics -}}
  {{- $source := untitle .type -}}
  {{- if not (get . $source) -}}
    {{- fail (printf "%s.metrics: one of type %s does not say which; set its %s, as autoscaling/v2 has it." $key .type $source) -}}
  {{- end -}}
  {{- include "ml-api.checkSelector" (dict "selector" (dig "metric" "selector" dict (get . $source)) "key" (printf "%s.metrics" $key)) -}}
  {{- range $other := keys (omit . "type" $source) | sortAlpha -}}
    {{- fail (printf "%s.metrics: one of type %s has %s, too; give that a metric of its own." $key $metric.type $other) -}}
  {{- end -}}
{{- end -}}
{{- if and (eq $scaling.type "keda") (eq (int $scaling.minReplicas) 0) -}}
  {{- $wake := false -}}
  {{- range $scaling.keda.triggers -}}{{- if not (has .type (list "cpu" "memory")) -}}{{- $wake = true -}}{{- end -}}{{- end -}}
  {{- if and (or $scaling.waitingRequests $scaling.keda.triggers) (not $wake) -}}
    {{- fail (printf "%s.minReplicas: at 0 pods nothing would start one, since what it scales by comes from its pods; add to keda.triggers what is known without them, such as the requests of the Ingress in Prometheus, or set minReplicas to 1." $key) -}}
  {{- end -}}
{{- end -}}
{{- include "ml-api.checkTriggers" (dict "v" $v "key" (printf "%s.keda" $key)) -}}
{{- if and (eq $scaling.type "keda") (not (or $scaling.waitingRequests $scaling.keda.triggers)) -}}
  {{- fail (printf "%s.keda.triggers: KEDA needs at least one trigger, such as {type: prometheus, metadata: {…}}." $key) -}}
{{- end -}}
{{- end -}}

{{/* A trigger by a percentage counts the requests of all containers that go on, and stands still where one has none. Takes v, resource and key. */}}
{{- define "ml-api.checkSidecarRequests" -}}
{{- range $container := .v.initContainers -}}
  {{- $resources := $container.resources | default dict -}}
  {{- if and (eq ($container.restartPolicy | default "") "Always") (not (or (get ($resources.requests | default dict) $.resource) (get ($resources.limits | default dict) $.resource))) -}}
    {{- fail (printf "%s.initContainers: %s goes on beside the predictor, and without a request for %s the autoscaler cannot tell the utilization of the pod; set resources.requests.%s of it, or the trigger's metadata.containerName to predictor." $.key $container.name $.resource $.resource) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/*
What KEDA's webhook takes of triggers and of a fallback: https://github.com/kedacore/keda/blob/main/apis/keda/v1alpha1/scaledobject_webhook.go
Takes v and key.
*/}}
{{- define "ml-api.checkTriggers" -}}
{{- $scaling := .v.autoscaling -}}
{{- $waits := gt (int64 $scaling.waitingRequests) 0 -}}
{{- $names := ternary (list "waiting-requests") list $waits -}}
{{- $hasAverage := $waits -}}
{{- range $scaling.keda.triggers -}}
  {{- if and .name (has .name $names) -}}
    {{- fail (printf "%s.triggers: two are called %s; choose another name." $.key .name) -}}
  {{- end -}}
  {{- $names = append $names .name -}}
  {{- $isOfPods := has .type (list "cpu" "memory") -}}
  {{- if and .useCachedMetrics (or $isOfPods (eq .type "cron")) -}}
    {{- fail (printf "%s.triggers: one of type %s has no metric to cache; remove its useCachedMetrics." $.key .type) -}}
  {{- end -}}
  {{- if $isOfPods -}}
    {{- $resources := $.v.resources | default dict -}}
    {{- if ne (.metricType | default "Utilization") "AverageValue" -}}
      {{- if not (or (get ($resources.requests | default dict) .type) (get ($resources.limits | default dict) .type)) -}}
        {{- fail (printf "%s.triggers: one of type %s is a percentage of resources.requests.%s, which is not set; set it." $.key .type .type) -}}
      {{- end -}}
      {{- if not (get (.metadata | default dict) "containerName") -}}
        {{- include "ml-api.checkSidecarRequests" (dict "v" $.v "resource" .type "key" (trimSuffix ".autoscaling.keda" $.key)) -}}
      {{- end -}}
    {{- end -}}
  {{- else if eq (.metricType | default "AverageValue") "AverageValue" -}}
    {{- $hasAverage = true -}}
  {{- end -}}
{{- end -}}
{{- with $scaling.keda.fallback -}}
  {{- if not (and (hasKey . "failureThreshold") (hasKey . "replicas")) -}}
    {{- fail (printf "%s.fallback: it needs failureThreshold and replicas, such as {failureThreshold: 3, replicas: 2}." $.key) -}}
  {{- end -}}
  {{- if and $scaling.keda.triggers (not $hasAverage) -}}
    {{- fail (printf "%s.fallback: KEDA computes it by a trigger of metricType AverageValue, other than cpu and memory, and there is none; add one, or remove fallback." $.key) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* What a version asks for, with the devices of its GPUs. */}}
{{- define "ml-api.checkResources" -}}
{{- $key := printf "%s.resources" .key -}}
{{- include "ml-api.checkAmounts" (dict "key" $key "resources" (include "ml-api.resources" (dict "v" .v "devices" true) | fromYaml)) -}}
{{- $count := int64 .v.gpu.count -}}
{{- $given := .v.resources.limits | default dict -}}
{{- if and (gt $count 0) (hasKey $given .v.gpu.resource) -}}
  {{- $limit := get $given .v.gpu.resource -}}
  {{- if ne (include "ml-api.amount" $limit | float64) (float64 $count) -}}
    {{- fail (printf "%s.limits.%s: this is %s, and gpu.count is %d; remove one of the two, or set both alike." $key .v.gpu.resource (include "ml-api.asWritten" $limit) $count) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The ports that probes and hooks call by name. */}}
{{- define "ml-api.checkPortNames" -}}
{{- $ports := .v.ports -}}
{{- with .v.service.trafficDistribution -}}
  {{- if and (ne . "PreferClose") (semverCompare "<1.34-0" $.root.Capabilities.KubeVersion.Version) -}}
    {{- fail (printf "%s.service.trafficDistribution: %s needs Kubernetes 1.34, and this is %s; set it to PreferClose." $.key . $.root.Capabilities.KubeVersion.Version) -}}
  {{- end -}}
{{- end -}}
{{- $handlers := dict -}}
{{- range $name, $probe := .v.probes -}}{{- $_ := set $handlers (printf "probes.%s.handler" $name) $probe.handler -}}{{- end -}}
{{- range $name, $hook := .v.lifecycle -}}{{- $_ := set $handlers (printf "lifecycle.%s" $name) $hook -}}{{- end -}}
{{- range $at, $handler := $handlers -}}
  {{- range $action := $handler -}}
    {{- if and (hasKey $action "port") (kindIs "string" $action.port) (not (get $ports $action.port)) -}}
      {{- fail (printf "%s.%s: the container has no port %s; expected a number, or one of: %s." $.key $at $action.port (keys $ports | sortAlpha | join ", ")) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Hooks, names and claims of a pod. */}}
{{- define "ml-api.checkPod" -}}
{{- $v := .v -}}
{{- $key := .key -}}
{{- $seconds := int64 $v.shutdown.preStopSeconds -}}
{{- with $v.lifecycle.preStop -}}
  {{- if lt $seconds 1 -}}
    {{- fail (printf "%s.lifecycle.preStop: the pod's grace period has no time for it; set %s.shutdown.preStopSeconds to the seconds that it may take." $key $key) -}}
  {{- end -}}
  {{- with .sleep -}}
    {{- if gt (int64 .seconds) $seconds -}}
      {{- fail (printf "%s.lifecycle.preStop.sleep: %d s are more than shutdown.preStopSeconds (%d s) leaves to it; a container has one preStop, so raise that in its place." $key (int64 .seconds) $seconds) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $grace := add $seconds $v.shutdown.drainSeconds 5 | int64 -}}
{{- with ($v.lifecycle.postStart | default dict).sleep -}}
  {{- if gt (int64 .seconds) $grace -}}
    {{- fail (printf "%s.lifecycle.postStart.sleep: %d s are more than the pod's grace period (%d s), which Kubernetes refuses; lower it, or raise %s.shutdown.drainSeconds." $key (int64 .seconds) $grace $key) -}}
  {{- end -}}
{{- end -}}
{{- include "ml-api.checkPortNames" . -}}
{{- include "ml-api.checkSecurity" (dict "of" $v "key" $key) -}}
{{- include "ml-api.checkAffinity" (dict "affinity" $v.affinity "key" (printf "%s.affinity" $key)) -}}
{{- include "ml-api.checkNameLookup" . -}}
{{- include "ml-api.checkTolerations" (dict "tolerations" $v.tolerations "key" (printf "%s.tolerations" $key)) -}}
{{- include "ml-api.checkTolerations" (dict "tolerations" $v.gpu.tolerations "key" (printf "%s.gpu.tolerations" $key)) -}}
{{- $spread := list -}}
{{- range $v.topologySpreadConstraints -}}
  {{- $pair := printf "%s with %s" .topologyKey .whenUnsatisfiable -}}
  {{- if has $pair $spread -}}
    {{- fail (printf "%s.topologySpreadConstraints: %s is listed twice; remove one." $key $pair) -}}
  {{- end -}}
  {{- if and .minDomains (ne .whenUnsatisfiable "DoNotSchedule") -}}
    {{- fail (printf "%s.topologySpreadConstraints: minDomains goes with whenUnsatisfiable DoNotSchedule only, and that of %s is %s; set that, or remove minDomains." $key .topologyKey .whenUnsatisfiable) -}}
  {{- end -}}
  {{- include "ml-api.checkSelector" (dict "selector" .labelSelector "key" (printf "%s.topologySpreadConstraints" $key)) -}}
  {{- $spread = append $spread $pair -}}
{{- end -}}
{{- $names := list -}}
{{- range $v.resourceClaims -}}
  {{- if eq (empty .resourceClaimName) (empty .resourceClaimTemplateName) -}}
    {{- fail (printf "%s.resourceClaims: %s needs one of resourceClaimName and resourceClaimTemplateName; set one." $key .name) -}}
  {{- end -}}
  {{- if has .name $names -}}
    {{- fail (printf "%s.resourceClaims: there is a claim %s already; choose another name." $key .name) -}}
  {{- end -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.checkNameLookup" -}}
{{- if and (eq .v.dnsPolicy "None") (not .v.dnsConfig.nameservers) -}}
  {{- fail (printf "%s.dnsConfig.nameservers: with dnsPolicy None, pods know no other; name at least one, such as 10.96.0.10." .key) -}}
{{- end -}}
{{- range .v.dnsConfig.nameservers -}}
  {{- include "ml-api.checkAddress" (dict "address" . "key" (printf "%s.dnsConfig.nameservers" $.key)) -}}
{{- end -}}
{{- range .v.hostAliases -}}
  {{- include "ml-api.checkAddress" (dict "address" .ip "key" (printf "%s.hostAliases" $.key)) -}}
{{- end -}}
{{- range .v.dnsConfig.searches -}}
  {{- if gt (trimSuffix "." . | len) 253 -}}
    {{- fail (printf "%s.dnsConfig.searches: a name has 253 characters at most, and one here has %d; shorten or remove it." $.key (trimSuffix "." . | len)) -}}
  {{- end -}}
{{- end -}}
{{- $characters := .v.dnsConfig.searches | default list | join " " | len -}}
{{- if gt $characters 2048 -}}
  {{- fail (printf "%s.dnsConfig.searches: they have %d characters with the spaces between them, and Kubernetes takes 2048; remove some." .key $characters) -}}
{{- end -}}
{{- end -}}

{{/*
What the schema's pattern cannot count, and what Kubernetes refuses since 1.36 because programs read it in two ways: an IPv4 address in
the form of IPv6. Takes address and key.
*/}}
{{- define "ml-api.checkAddress" -}}
{{- if contains ":" .address -}}
  {{- $groups := regexReplaceAll "[0-9]+([.][0-9]+){3}$" .address "0:0" | splitList ":" | compact | len -}}
  {{- if not (contains "::" .address | ternary (lt $groups 8) (eq $groups 8)) -}}
    {{- fail (printf "%s: %s is not an IP address: IPv6 has 8 groups, of which :: replaces at least one; expected one such as fd00::a." .key .address) -}}
  {{- end -}}
  {{- if regexMatch "^(?i)((0{1,4}:){5}ffff:.*|(:|(0{1,4}:)+):(0{1,4}:)*ffff:([0-9.]+|[0-9a-f]+:[0-9a-f]+))$" .address -}}
    {{- fail (printf "%s: %s is an IPv4 address in the form of IPv6, which Kubernetes refuses; write it as IPv4, such as 10.96.0.10." .key .address) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.checkService" -}}
{{- $service := .v.service -}}
{{- if and $service.loadBalancerSourceRanges (ne $service.type "LoadBalancer") -}}
  {{- fail (printf "%s.service.loadBalancerSourceRanges: a %s Service has no load balancer; remove them, or set type to LoadBalancer." .key $service.type) -}}
{{- end -}}
{{- if and $service.externalTrafficPolicy (eq $service.type "ClusterIP") -}}
  {{- fail (printf "%s.service.externalTrafficPolicy: nothing outside the cluster reaches a ClusterIP Service; remove it, or set type to LoadBalancer or NodePort." .key) -}}
{{- end -}}
{{- if and (has $service.ipFamilyPolicy (list "" "SingleStack")) (gt (len $service.ipFamilies) 1) -}}
  {{- fail (printf "%s.service.ipFamilies: a Service of a single stack has one family; name one, or set ipFamilyPolicy to PreferDualStack or RequireDualStack." .key) -}}
{{- end -}}
{{- if and $service.loadBalancerClass (ne $service.type "LoadBalancer") -}}
  {{- fail (printf "%s.service.loadBalancerClass: a %s Service has none; remove it, or set type to LoadBalancer." .key $service.type) -}}
{{- end -}}
{{- end -}}

{{/*
What AWS' load balancer cannot do: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html, of
weights https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html, and of headers
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HttpHeaderConditionConfig.html. Its health checks are one path
for all pods of an Ingress. The names of its rules are in keys of annotations.
*/}}
{{- define "ml-api.checkAlb" -}}
{{- $ingress := .root.Values.ingress -}}
{{- if and $ingress.enabled (eq $ingress.controller "alb") -}}
  {{- $weights := eq .root.Values.traffic.splitBy "route" | ternary .root.Values.traffic.weights dict -}}
  {{- if gt (len $weights) 5 -}}
    {{- fail (printf "traffic.weights: the AWS load balancer splits between 5 versions at most, and these are %d; remove some, or set traffic.splitBy to predictor." (len $weights)) -}}
  {{- end -}}
  {{- range $name, $weight := $weights -}}
    {{- if gt (int64 $weight) 999 -}}
      {{- fail (printf "traffic.weights.%s: the AWS load balancer takes weights up to 999; divide all of them, or set traffic.splitBy to predictor." $name) -}}
    {{- end -}}
  {{- end -}}
  {{- range $name := include "ml-api.albPinned" (dict "root" .root "versions" .versions "grpc" false) | fromJsonArray -}}
    {{- if or (gt (len $.root.Values.traffic.pinHeader) 40) (eq (lower $.root.Values.traffic.pinHeader) "host") -}}
      {{- fail (printf "traffic.pinHeader: %s is not a header that the AWS load balancer can route by; expected at most 40 characters, and not Host; choose another, or set it to \"\"." $.root.Values.traffic.pinHeader) -}}
    {{- end -}}
    {{- if gt (len $name) 48 -}}
      {{- fail (printf "versions.%s: the AWS load balancer chooses versions by traffic.pinHeader whose names have at most 48 characters; choose a shorter one, or set traffic.pinHeader to \"\"." $name) -}}
    {{- end -}}
  {{- end -}}
  {{- $paths := dict -}}
  {{- $first := include "ml-api.reachedByIngress" . | fromJsonArray | first -}}{{/* whose path the Ingress has */}}
  {{- range $name, $v := .versions -}}
    {{- if and $v.expose (or $v.servesBasePath (eq $name $.root.Values.defaultVersion) (hasKey $weights $name)) -}}
      {{- if not (hasKey $v.service.annotations "alb.ingress.kubernetes.io/healthcheck-path") -}}{{/* which goes before that of the Ingress */}}
        {{- $path := include "ml-api.albTargets" $v | fromYaml | dig "alb.ingress.kubernetes.io/healthcheck-path" "/" -}}
        {{- if or (eq $name $first) (not (hasKey $paths $path)) -}}{{- $_ := set $paths $path $name -}}{{- end -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
  {{- if and (gt (len $paths) 1) (not (hasKey $ingress.annotations "alb.ingress.kubernetes.io/healthcheck-path")) -}}
    {{- range $path, $name := $paths -}}
      {{- if ne $name $first -}}
        {{- fail (printf "versions.%s.service.annotations: the AWS load balancer checks the health of all versions at the path of %s, unless their Services have another, and these answer at several (%s); set alb.ingress.kubernetes.io/healthcheck-path to %s there, or expose to false." $name $first (keys $paths | sortAlpha | join ", ") $path) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/*
Versions that share requests answer the same ones: those to a language model name it, and go to routes that other runtimes do not have.
Takes versions, name, other, and key.
*/}}
{{- define "ml-api.checkAlike" -}}
{{- $v := get .versions .name -}}
{{- $other := get .versions .other -}}
{{- if ne (empty $v.openai) (empty $other.openai) -}}
  {{- fail (printf "%s: %s runs %s and %s runs %s, which answer different requests; choose versions that both serve a language model, or neither." .key .name $v.runtime .other $other.runtime) -}}
{{- end -}}
{{- range $runtime := list "tfserving" "torchserve" -}}
  {{- if and (ne $v.runtime $other.runtime) (has $runtime (list $v.runtime $other.runtime)) (not (has "custom" (list $v.runtime $other.runtime))) -}}
    {{- fail (printf "%s: %s runs %s and %s runs %s, which answer different requests; choose versions of one runtime." $.key $.name $v.runtime $.other $other.runtime) -}}
  {{- end -}}
{{- end -}}
{{- if and $v.openai (ne $v.model.name $other.model.name) -}}
  {{- fail (printf "%s: its model is called %s and that of %s %s, and requests name the model; give both the same model.name." .key $v.model.name .other $other.model.name) -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.checkTraffic" -}}
{{- $values := .root.Values -}}
{{- $versions := .versions -}}
{{- $traffic := $values.traffic -}}
{{- $controller := $values.ingress.controller -}}
{{- if $traffic.weights -}}
  {{- $sum := 0 -}}
  {{- range $name, $weight := $traffic.weights -}}
    {{- $sum = add $sum (int64 $weight) -}}
    {{- if not (hasKey $versions $name) -}}
      {{- fail (printf "traffic.weights.%s: not an enabled version; expected some of: %s." $name (keys $versions | sortAlpha | join ", ")) -}}
    {{- end -}}
    {{- if not (get $versions $values.defaultVersion).expose -}}
      {{- fail (printf "traffic.weights: requests to / are split, and %s, which / leads to, is kept off the routes; set versions.%s.expose to true, or defaultVersion to another version." $values.defaultVersion $values.defaultVersion) -}}
    {{- end -}}
    {{- include "ml-api.checkAlike" (dict "versions" $versions "name" $name "other" $values.defaultVersion "key" (printf "traffic.weights.%s" $name)) -}}
    {{- if not (get $versions $name).expose -}}
      {{- fail (printf "traffic.weights.%s: the version is kept off the routes; set versions.%s.expose to true or remove its weight." $name $name) -}}
    {{- end -}}
  {{- end -}}
  {{- if eq (int64 $sum) 0 -}}
    {{- fail "traffic.weights: all are 0, so no version would answer; give one a weight." -}}
  {{- end -}}
  {{- if eq $traffic.splitBy "predictor" -}}
    {{- range $name := prepend (keys $traffic.weights | sortAlpha) $values.defaultVersion | uniq -}}
      {{- if ne (get $versions $name).runtime "onnx" -}}
        {{- fail (printf "traffic.splitBy: the predictor shares requests with versions of runtime onnx only, and %s runs %s; set it to route." $name (get $versions $name).runtime) -}}
      {{- end -}}
    {{- end -}}
  {{- else -}}
  {{- if not (or $values.httpRoute.enabled $values.grpcRoute.enabled $values.ingress.enabled) -}}
    {{- fail "traffic.weights: no route is enabled that could split; set httpRoute.enabled, or ingress.enabled with ingress.controller." -}}
  {{- end -}}
  {{- if and $values.ingress.enabled (not (has $controller (list "nginx" "alb"))) -}}
    {{- fail "traffic.weights: an Ingress alone has no weights, and Contour's has none; set traffic.splitBy to predictor, or ingress.controller to nginx or alb, or use httpRoute and set ingress.enabled to false." -}}
  {{- end -}}
  {{- if and $values.ingress.enabled (eq $controller "nginx") -}}
    {{- if or (gt (len $traffic.weights) 2) (not (hasKey $traffic.weights $values.defaultVersion)) -}}
      {{- fail (printf "traffic.weights: the nginx controller splits between the default version (%s) and one other; name those two, use httpRoute, or set traffic.splitBy to predictor." $values.defaultVersion) -}}
    {{- end -}}
  {{- end -}}
  {{- end -}}
{{- end -}}
{{- with $traffic.shadow.to -}}
  {{- if not (hasKey $versions .) -}}
    {{- fail (printf "traffic.shadow.to: %q is not an enabled version; expected one of: %s." . (keys $versions | sortAlpha | join ", ")) -}}
  {{- end -}}
  {{- if eq . $values.defaultVersion -}}
    {{- fail (printf "traffic.shadow.to: %q is the default version, which answers already; name another." .) -}}
  {{- end -}}
  {{- include "ml-api.checkAlike" (dict "versions" $versions "name" . "other" $values.defaultVersion "key" "traffic.shadow.to") -}}
  {{- if eq $traffic.shadow.by "gateway" -}}
    {{- if not $values.httpRoute.enabled -}}
      {{- fail "traffic.shadow.by: there is no route of a Gateway that could copy requests; set httpRoute.enabled, or by to predictor." -}}
    {{- end -}}
  {{- else -}}
    {{- range $name := list $values.defaultVersion . -}}
      {{- if ne (get $versions $name).runtime "onnx" -}}
        {{- fail (printf "traffic.shadow.by: the predictor compares versions of runtime onnx only, and %s runs %s; set it to gateway to copy without a comparison." $name (get $versions $name).runtime) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and $traffic.pinHeader (has (lower $traffic.pinHeader) (list "authorization" "cookie" (lower $traffic.user.header))) -}}
  {{- fail (printf "traffic.pinHeader: %s has another meaning, so its value would be taken for a version; choose another header, such as X-Version." $traffic.pinHeader) -}}
{{- end -}}
{{- $gate := $values.promotion.gate -}}
{{- if $gate.enabled -}}
  {{- range $name := keys $traffic.weights | sortAlpha -}}
    {{- $v := get $versions $name -}}
    {{- if and $v (ne $v.runtime "onnx") -}}
      {{- fail (printf "promotion.gate.enabled: the gate reads the metrics of runtime onnx, and %s runs %s; set it to false." $name $v.runtime) -}}
    {{- end -}}
  {{- end -}}
  {{- include "ml-api.checkNameLookup" (dict "v" $values.versionDefaults "key" "versionDefaults") -}}
  {{- include "ml-api.checkTolerations" (dict "tolerations" $values.versionDefaults.tolerations "key" "versionDefaults.tolerations") -}}
  {{- $job := printf "%s-promotion-gate" (include "ml-api.fullname" .root) -}}
  {{- if gt (len $job) 63 -}}
    {{- fail (printf "promotion.gate.enabled: the Job would be called %q, which has more than 63 characters; choose a shorter release name or fullnameOverride." $job) -}}
  {{- end -}}
  {{- if and $gate.existingSecret (not (or $gate.tokenKey $gate.caKey)) -}}
    {{- fail "promotion.gate.existingSecret: nothing of it is used; set tokenKey or caKey, or remove it." -}}
  {{- end -}}
  {{- if and $gate.caKey (hasPrefix "http://" (lower $gate.prometheusUrl)) -}}
    {{- fail "promotion.gate.caKey: a certificate authority is for https, and promotion.gate.prometheusUrl is http; correct the address, or remove the key." -}}
  {{- end -}}
  {{- if and $gate.caKey (not $gate.existingSecret) -}}
    {{- fail "promotion.gate.caKey: it is a key of promotion.gate.existingSecret, which is not set; set it, or remove the key." -}}
  {{- end -}}
  {{- if not $gate.prometheusUrl -}}
    {{- fail "promotion.gate.prometheusUrl: the gate asks a Prometheus; name it, such as http://prometheus.monitoring:9090." -}}
  {{- end -}}
  {{- if and (kindIs "invalid" $gate.maxDisagreement) (kindIs "invalid" $gate.maxErrorRatio) (kindIs "invalid" $gate.maxLatencySeconds) -}}
    {{- fail "promotion.gate: no limit is set, so it would let everything pass; set maxDisagreement, maxErrorRatio or maxLatencySeconds, or enabled to false." -}}
  {{- end -}}
{{- end -}}
{{- if $values.ingress.enabled -}}
  {{- range $name, $v := $versions -}}
    {{- if and $v.expose (not $v.servesBasePath) (ne $name $values.defaultVersion) (ne $controller "nginx") -}}
      {{- fail (printf "versions.%s.runtime: %s serves only at /, and an Ingress alone cannot strip /%s; set ingress.controller to nginx, use httpRoute and set ingress.enabled to false, or set versions.%s.expose to false." $name $v.runtime $name $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $taken := list -}}
{{- if $values.ingress.grpc.enabled -}}{{- $taken = append $taken "grpc" -}}{{- end -}}
{{- if and $traffic.weights (eq $traffic.splitBy "route") -}}{{- $taken = concat $taken (list "canary" "grpc-canary") -}}{{- end -}}
{{- range $name := $taken -}}
  {{- $v := get $versions $name -}}
  {{- if and $v $values.ingress.enabled (eq $controller "nginx") -}}
    {{- if and $v.expose (not $v.servesBasePath) -}}
      {{- fail (printf "versions.%s: its Ingress would have the name of another one of the release; choose another name, such as %s-1." $name $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $exposed := 0 -}}
{{- $exposedGrpc := 0 -}}
{{- range $versions -}}
  {{- if .expose -}}{{- $exposed = add $exposed 1 -}}{{- end -}}
  {{- if and .expose .ports.grpc -}}{{- $exposedGrpc = add $exposedGrpc 1 -}}{{- end -}}
{{- end -}}
{{- $pins := and (ne $traffic.pinHeader "") (gt $exposed 1) -}}
{{- $rules := add (mul $exposed (ternary 2 1 $pins)) 1 -}}
{{- if and $values.httpRoute.enabled (gt $rules 16) -}}
  {{- fail (printf "httpRoute.enabled: %d exposed versions need %d rules, and a route has 16 at most; set expose of some to false%s." $exposed $rules (ternary ", or traffic.pinHeader to \"\", which halves them" "" (and $pins (lt $exposed 16)))) -}}
{{- end -}}
{{- if and $values.grpcRoute.enabled $traffic.pinHeader (gt $exposedGrpc 15) -}}
  {{- fail (printf "grpcRoute.enabled: %d exposed versions need %d rules, and a route has 16 at most; set expose of some to false, or traffic.pinHeader to \"\"." $exposedGrpc (add $exposedGrpc 1)) -}}
{{- end -}}
{{- with $values.httpRoute.timeouts -}}
  {{- if and .request .backendRequest -}}
    {{- $request := include "ml-api.milliseconds" .request | int64 -}}
    {{- if and (gt $request 0) (gt (include "ml-api.milliseconds" .backendRequest | int64) $request) -}}
      {{- fail (printf "httpRoute.timeouts.backendRequest: %s is longer than request (%s); lower it or raise request." .backendRequest .request) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $name := list "httpRoute" "grpcRoute" -}}
  {{- include "ml-api.checkFilters" (dict "filters" (get $values $name).filters "more" (and (not (empty $values.traffic.shadow.to)) (eq $values.traffic.shadow.by "gateway") | ternary 1 0) "key" (printf "%s.filters" $name)) -}}
  {{- $places := include "ml-api.parentPlaces" (dict "root" $.root "refs" (get $values $name).parentRefs) | fromYamlArray -}}
  {{- range $i, $place := $places -}}
    {{- $others := concat (slice $places 0 $i) (slice $places (add1 $i | int)) -}}
    {{- $parent := splitList " " $place | initial | join " " -}}
    {{- if or (has $place $others) (has (printf "%s " $parent) $others) -}}
      {{- fail (printf "%s.parentRefs: %s is listed twice, and no sectionName tells one from the other; remove one, or set sectionName of both." $name $parent) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $values.httpRoute.filters -}}
  {{- range $name, $v := eq .type "URLRewrite" | ternary $versions dict -}}
    {{- if and $values.httpRoute.enabled $v.expose (not $v.servesBasePath) -}}
      {{- fail (printf "httpRoute.filters: the rule of %s has a URLRewrite already, which cuts /%s off, and takes no other; remove yours, or set versions.%s.expose to false." $name $name $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) -}}
  {{- fail "httpRoute.parentRefs: an HTTPRoute needs a Gateway; name one, such as [{name: public, namespace: gateways}]." -}}
{{- end -}}
{{- end -}}

{{/* cert-manager keeps one Certificate for a Secret, of the Ingress that came first. Takes ingress. */}}
{{- define "ml-api.checkCertificates" -}}
{{- $issued := false -}}
{{- range $name, $_ := .annotations -}}
  {{- if regexMatch "^cert-manager[.]io/(cluster-)?issuer$" $name -}}{{- $issued = true -}}{{- end -}}
{{- end -}}
{{- if and $issued .enabled .tls.enabled .grpc.enabled -}}
  {{- $ofHttp := list -}}
  {{- range $host := .hosts -}}{{- $ofHttp = append $ofHttp (include "ml-api.secretOfHost" (dict "tls" $.tls "host" $host)) -}}{{- end -}}
  {{- range $host := .grpc.hosts -}}
    {{- $secret := include "ml-api.secretOfHost" (dict "tls" $.tls "host" $host) -}}
    {{- if and $secret (has $secret $ofHttp) -}}
      {{- fail (printf "ingress.tls.secretNames: cert-manager makes a certificate for one Ingress, and those of HTTP and of gRPC have the Secret %s; name another for %s." $secret $host) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The hosts of routes, which may be made by templates, and their certificates. */}}
{{- define "ml-api.checkHosts" -}}
{{- include "ml-api.checkCertificates" .root.Values.ingress -}}
{{- $values := .root.Values -}}
{{- $ingress := $values.ingress -}}
{{- $hosts := dict "ingress.hosts" $ingress.hosts "ingress.grpc.hosts" $ingress.grpc.hosts "httpRoute.hostnames" $values.httpRoute.hostnames "grpcRoute.hostnames" $values.grpcRoute.hostnames -}}
{{- range $key, $names := $hosts -}}
  {{- $seen := list -}}
  {{- range $names -}}
    {{- if has . $seen -}}
      {{- fail (printf "%s: %s is listed twice; remove one." $key .) -}}
    {{- end -}}
    {{- $seen = append $seen . -}}
    {{- if or (gt (len .) 253) (not (regexMatch "^([*][.])?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$" .)) -}}
      {{- fail (printf "%s: %q is not a host name; expected one such as ml.example.com, or a template that makes one, such as iris.{{ .Values.global.domain }}." $key .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $at, $annotations := dict "ingress.annotations" $ingress.annotations "ingress.grpc.annotations" $ingress.grpc.annotations "commonAnnotations" $values.commonAnnotations -}}
  {{- $class := get $annotations "kubernetes.io/ingress.class" -}}
  {{- if and $class $ingress.className (ne $class $ingress.className) -}}
    {{- fail (printf "ingress.className: it is %s, and kubernetes.io/ingress.class of %s is %s; remove one of the two." $ingress.className $at $class) -}}
  {{- end -}}
{{- end -}}
{{- if and $ingress.enabled $ingress.tls.enabled (not $ingress.hosts) -}}
  {{- fail "ingress.tls.enabled: a certificate is of a host, and ingress.hosts is empty; name the host, such as [ml.example.com], or set ingress.tls.enabled to false." -}}
{{- end -}}
{{- range $host, $secret := $ingress.tls.secretNames -}}
  {{- if not (has $host (concat $ingress.hosts $ingress.grpc.hosts)) -}}
    {{- fail (printf "ingress.tls.secretNames: %s is none of ingress.hosts and ingress.grpc.hosts; correct or remove it." $host) -}}
  {{- end -}}
  {{- if not $ingress.enabled -}}
    {{- fail (printf "ingress.tls.secretNames: %s is not served, as there is no Ingress; set ingress.enabled, or remove it." $host) -}}
  {{- end -}}
  {{- if not (or $ingress.grpc.enabled (has $host $ingress.hosts)) -}}
    {{- fail (printf "ingress.tls.secretNames: %s is of gRPC, for which there is no Ingress; set ingress.grpc.enabled, or remove it." $host) -}}
  {{- end -}}
  {{- if not $ingress.tls.enabled -}}
    {{- fail (printf "ingress.tls.secretNames: %s is not served by TLS; set ingress.tls.enabled, or remove it." $host) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The routes of gRPC: they lead only to what serves it, split or not at all, and have hosts of their own. */}}
{{- define "ml-api.checkGrpc" -}}
{{- $values := .root.Values -}}
{{- $ingress := $values.ingress -}}
{{- $controller := $ingress.controller -}}
{{- $traffic := $values.traffic -}}
{{- $routes := list -}}
{{- if $ingress.grpc.enabled -}}{{- $routes = append $routes "ingress.grpc" -}}{{- end -}}
{{- if $values.grpcRoute.enabled -}}{{- $routes = append $routes "grpcRoute" -}}{{- end -}}
{{- $second := printf "%s-grpc" $values.defaultVersion -}}
{{- if and $ingress.grpc.enabled (eq $controller "traefik") (hasKey $.versions $second) -}}
  {{- fail (printf "versions.%s: Traefik needs a Service of this name for gRPC to %s; choose another name." $second $values.defaultVersion) -}}
{{- end -}}
{{- range $route := $routes -}}
  {{- if and $traffic.weights (eq $traffic.splitBy "predictor") -}}
    {{- fail (printf "%s.enabled: the predictor splits HTTP only, so %s would get all calls over gRPC; set traffic.splitBy to route, or %s.enabled to false." $route $values.defaultVersion $route) -}}
  {{- end -}}
  {{- range $name := prepend (keys $traffic.weights | sortAlpha) $values.defaultVersion | uniq -}}
    {{- $v := get $.versions $name -}}
    {{- if not $v.ports.grpc -}}
      {{- fail (printf "%s.enabled: it leads to version %s, which serves no gRPC; set versions.%s.ports.grpc, such as 8001." $route $name $name) -}}
    {{- end -}}
    {{- if not $v.expose -}}
      {{- fail (printf "%s.enabled: it leads to version %s, which is kept off the routes; set versions.%s.expose to true, or %s.enabled to false." $route $name $name $route) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if $ingress.grpc.enabled -}}
  {{- if not $ingress.enabled -}}
    {{- fail "ingress.grpc.enabled: there is no Ingress without ingress.enabled; set that too, or use grpcRoute." -}}
  {{- end -}}
  {{- if not (or $ingress.controller $ingress.grpc.annotations) -}}
    {{- fail "ingress.grpc.enabled: each controller is told in its own way to speak gRPC; set ingress.controller to nginx, alb, contour or traefik, or ingress.grpc.annotations to what another one needs." -}}
  {{- end -}}
  {{- range $ingress.grpc.hosts -}}
    {{- if has . $ingress.hosts -}}
      {{- fail (printf "ingress.grpc.hosts: %s is one of ingress.hosts, whose / leads to HTTP; choose another name, such as grpc.ml.local." .) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if $values.grpcRoute.enabled -}}
  {{- $parents := $values.grpcRoute.parentRefs | default $values.httpRoute.parentRefs -}}
  {{- if not $parents -}}
    {{- fail "grpcRoute.parentRefs: a GRPCRoute needs a Gateway; name one, such as [{name: public, namespace: gateways}]." -}}
  {{- end -}}
  {{- $shadow := $traffic.shadow -}}
  {{- if and $shadow.to (eq $shadow.by "gateway") (not (get .versions $shadow.to).ports.grpc) -}}
    {{- fail (printf "traffic.shadow.to: the Gateway cannot copy calls over gRPC to %s, which serves none; set versions.%s.ports.grpc, such as 8001." $shadow.to $shadow.to) -}}
  {{- end -}}
  {{- if $values.httpRoute.enabled -}}
    {{- $taken := include "ml-api.parentPlaces" (dict "root" .root "refs" $values.httpRoute.parentRefs) | fromYamlArray -}}
    {{- range $place := include "ml-api.parentPlaces" (dict "root" .root "refs" $parents) | fromYamlArray -}}
      {{- if and (has $place $taken) (include "ml-api.shareHosts" (dict "a" $values.grpcRoute.hostnames "b" $values.httpRoute.hostnames)) -}}
        {{- $shared := $values.httpRoute.hostnames | empty | ternary "is empty, which is every name" "has some of them, too, or a wildcard for them" -}}
        {{- fail (printf "grpcRoute.hostnames: httpRoute.hostnames %s, and a Gateway sends all requests for a name to one of the two routes; choose names that differ, such as grpc.ml.local beside ml.local, or another listener by sectionName in parentRefs." $shared) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether a host name can be meant by both lists, of which an empty one means every host. Takes a and b. */}}
{{- define "ml-api.shareHosts" -}}
{{- if not (and .a .b) -}}true{{- end -}}
{{- range $a := .a -}}
  {{- range $b := $.b -}}
    {{- if or (eq $a $b) (and (hasPrefix "*." $a) (hasSuffix (trimPrefix "*" $a) $b)) (and (hasPrefix "*." $b) (hasSuffix (trimPrefix "*" $b) $a)) -}}true{{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.checkShared" -}}
{{- $values := .root.Values -}}
{{- $released := list -}}
{{- range $values.image.released -}}
  {{- $name := regexReplaceAll "@.*$" . "" -}}
  {{- if has $name $released -}}
    {{- fail (printf "image.released: %s is listed twice, and a tag has one digest; leave the list as the release wrote it." $name) -}}
  {{- end -}}
  {{- $released = append $released $name -}}
{{- end -}}
{{- range $key := list "from" "metricsFrom" -}}
  {{- include "ml-api.checkPeers" (dict "peers" (get $values.networkPolicy $key) "key" (printf "networkPolicy.%s" $key)) -}}
{{- end -}}
{{- if and $values.networkPolicy.enabled $values.networkPolicy.from (or (empty $values.networkPolicy.metricsFrom) (has (dict "namespaceSelector" dict) $values.networkPolicy.metricsFrom)) -}}
  {{- range $name, $v := .versions -}}
    {{- if eq $v.metricsPort "http" -}}
      {{- fail (printf "networkPolicy.metricsFrom: %s has its metrics at the port of its requests, so whoever may read them may send these, and every pod of the cluster may; name the pods of Prometheus, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]." $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- range $values.networkPolicy.ingress -}}{{- include "ml-api.checkPeers" (dict "peers" .from "ports" .ports "key" "networkPolicy.ingress") -}}{{- end -}}
{{- range $values.networkPolicy.egress -}}{{- include "ml-api.checkPeers" (dict "peers" .to "ports" .ports "key" "networkPolicy.egress") -}}{{- end -}}
{{- $monitoring := $values.monitoring -}}
{{- $several := false -}}
{{- range .versions }}{{ if .model.several }}{{ $several = true }}{{ end }}{{ end -}}
{{- if gt (int64 $values.config.servingThreads) 1 -}}
  {{- if gt (int64 $values.config.modelReloadSeconds) 0 -}}
    {{- fail "config.servingThreads: models that are replaced while they are served are served by one thread; set modelReloadSeconds or servingThreads to 0." -}}
  {{- end -}}
  {{- if $values.auth.operators.existingSecret -}}
    {{- fail "config.servingThreads: models that operators load and unload are served by one thread; set it to 0, or remove auth.operators.existingSecret." -}}
  {{- end -}}
{{- end -}}
{{- if and $values.auth.operators.existingSecret (not $several) -}}
  {{- fail "auth.operators.existingSecret: no version has several models that an operator could load or unload; set model.several of one, or remove it." -}}
{{- end -}}
{{- range $name, $v := .versions -}}
  {{- if and $monitoring.serviceMonitor.enabled (ne $v.service.type "ClusterIP") -}}
    {{- fail (printf "versions.%s.service.type: a %s Service shows no metrics, so a ServiceMonitor finds none; use monitoring.podMonitor." $name $v.service.type) -}}
  {{- end -}}
{{- end -}}
{{- if and $monitoring.serviceMonitor.enabled $monitoring.podMonitor.enabled -}}
  {{- fail "monitoring.podMonitor.enabled: with serviceMonitor too every pod would be counted twice; enable one of them." -}}
{{- end -}}
{{- include "ml-api.checkRules" (dict "rules" $monitoring.prometheusRule.extraRules "key" "monitoring.prometheusRule.extraRules") -}}
{{- $slo := $monitoring.prometheusRule.slo -}}
{{- range $name := list "availability" "latency" -}}
  {{- $objective := (get $slo $name).objective -}}
  {{- range $slo.burnRates -}}
    {{- if ge (mulf .factor (subf 100 $objective)) 100.0 -}}
      {{- fail (printf "monitoring.prometheusRule.slo.burnRates: factor %s can never be reached with the objective of %s %% (%s), because more than all requests would have to be bad; lower the factor or raise the objective." (include "ml-api.asWritten" .factor) (include "ml-api.asWritten" $objective) $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and (has "ReadWriteOncePod" $values.modelStore.accessModes) (gt (len ($values.modelStore.accessModes | uniq)) 1) -}}
  {{- fail "modelStore.accessModes: ReadWriteOncePod allows no other mode beside it; remove it or the others." -}}
{{- end -}}
{{- $users := list -}}{{/* of the chart's claim */}}
{{- range $name, $v := .versions -}}
  {{- if and (eq $v.model.source "pvc") (not $v.model.pvc.existingClaim) -}}{{- $users = append $users $name -}}{{- end -}}
{{- end -}}
{{- if has "ReadWriteOncePod" $values.modelStore.accessModes -}}
  {{- if gt (len $users) 1 -}}
    {{- fail (printf "modelStore.accessModes: ReadWriteOncePod lets one pod use the claim, and %s do; use ReadOnlyMany or ReadWriteMany, or a claim for each." (join ", " $users)) -}}
  {{- else if and $users $values.tests.enabled (eq (get .versions (first $users)).runtime "onnx") -}}
    {{- fail "modelStore.accessModes: ReadWriteOncePod lets one pod use the claim, and the one of helm test reads it, too; use ReadWriteOnce, or set tests.enabled to false." -}}
  {{- end -}}
{{- end -}}
{{- if eq (uniq $values.modelStore.accessModes | join "") "ReadOnlyMany" -}}
  {{- range $name := $users -}}
    {{- if (get $.versions $name).model.uri -}}
      {{- fail (printf "modelStore.accessModes: %s writes what it fetches to the claim, which ReadOnlyMany forbids; use ReadWriteOnce or ReadWriteMany." $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if and $values.modelStore.persistentVolume.enabled (not $values.modelStore.persistentVolume.source) -}}
  {{- fail "modelStore.persistentVolume.source: a PersistentVolume needs one, such as {hostPath: {path: /srv/models}}." -}}
{{- end -}}
{{- with $values.modelStore.persistentVolume.source.hostPath -}}
  {{- include "ml-api.checkPath" (dict "key" "modelStore.persistentVolume.source.hostPath" "path" .path "relative" false) -}}
{{- end -}}
{{- if $values.modelStore.persistentVolume.source.local -}}
  {{- fail "modelStore.persistentVolume.source.local: Kubernetes requires the node of such a volume, which the chart does not know; use hostPath, or a claim of yours (model.pvc.existingClaim)." -}}
{{- end -}}
{{- if and $values.modelStore.persistentVolume.enabled (not $values.modelStore.enabled) -}}
  {{- fail "modelStore.persistentVolume.enabled: it is for the chart's claim; set modelStore.enabled too." -}}
{{- end -}}
{{- end -}}
