{{/*
How many pods a version's Deployment asks for. With an autoscaler that is the autoscaler's to say, and this is empty. But until it has
said so for the first time, the field may be Helm's, from a time without one: it then stays as it is, since of a field that Helm leaves
out, the API server makes its default, which is one pod. Takes root and v.
*/}}
{{- define "ml-api.replicas" -}}
{{- if eq .v.autoscaling.type "none" -}}
{{- int64 .v.replicas -}}
{{- else -}}
{{- $deployment := lookup "apps/v1" "Deployment" .root.Release.Namespace .v.fullname -}}
{{- range dig "metadata" "managedFields" list $deployment -}}
  {{- if and (eq .manager "helm") (eq .operation "Apply") (hasKey (dig "fieldsV1" "f:spec" dict .) "f:replicas") -}}
    {{- int64 $deployment.spec.replicas -}}
    {{- break -}}
  {{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The pod of a version. Takes root and v. */}}
{{- define "ml-api.podSpec" -}}
{{- $root := .root -}}
{{- $v := .v -}}
{{- $gpu := gt (int $v.gpu.count) 0 -}}
serviceAccountName: {{ include "ml-api.serviceAccountName" $root | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ add $v.shutdown.preStopSeconds $v.shutdown.drainSeconds 5 }}
{{- include "ml-api.imagePullSecrets" $root }}
{{- include "ml-api.podSecurityContext" (dict "root" $root "context" $v.podSecurityContext) }}
{{- with $gpu | ternary (include "ml-api.gpuRuntimeClass" $v.gpu) $v.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with $v.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- include "ml-api.nameLookup" $v }}
{{- with $v.resourceClaims }}
resourceClaims:
  {{- range . }}
  - {{ omit . "request" | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- with $v.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "ml-api.tolerations" $v | fromYamlArray }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $selector := dict "matchLabels" (include "ml-api.versionSelector" $ | fromYaml) }}
  - {{ toYaml (mergeOverwrite (dict "labelSelector" $selector "matchLabelKeys" (list "pod-template-hash")) .) | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- $fetch := include "ml-api.fetchContainer" . | trim }}
{{- if or $fetch $v.initContainers }}
initContainers:
  {{- with $fetch }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $v.initContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
containers:
  - name: predictor
    image: {{ include "ml-api.imageReference" (dict "root" $root "image" $v.image) | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    terminationMessagePolicy: FallbackToLogsOnError # why it ended, in `kubectl describe pod`
    {{- with $v.command }}
    command:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $v.args }}
    args:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    ports:
      {{- range $name, $port := $v.ports }}
      - name: {{ $name }}
        containerPort: {{ $port }}
      {{- end }}
    {{- with include "ml-api.environmentFrom" . | trim }}
    envFrom:
      {{- . | nindent 6 }}
    {{- end }}
    {{- with include "ml-api.environment" . | trim }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
    {{- with include "ml-api.probes" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with include "ml-api.lifecycle" . | fromYaml }}
    lifecycle:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      {{- include "ml-api.resources" (dict "v" $v "devices" true) | nindent 6 }}
    securityContext:
      {{- include "ml-api.containerSecurityContext" (dict "root" $root "context" $v.securityContext) | nindent 6 }}
    {{- with include "ml-api.mounts" . | trim }}
    volumeMounts:
      {{- . | nindent 6 }}
    {{- end }}
  {{- with include "ml-api.followContainer" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- with include "ml-api.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* How a pod looks names up; those of `helm test` and of the gate do it alike. Takes a version, or versionDefaults. */}}
{{- define "ml-api.nameLookup" -}}
{{- with .dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The parent chart's and the chart's own, each once: they are names or objects. */}}
{{- define "ml-api.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat (.Values.global.imagePullSecrets | default list) .Values.imagePullSecrets -}}
  {{- if kindIs "map" . -}}{{- $names = append $names .name -}}{{- else -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
{{- with uniq $names }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
The security context of a pod: on OpenShift without a user and groups, which its admission assigns, and refuses others. Takes root and
context.
*/}}
{{- define "ml-api.podSecurityContext" -}}
{{- $context := .context -}}
{{- if eq (include "ml-api.isOpenShift" .root) "true" -}}
  {{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" -}}
{{- end -}}
{{- with $context }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
That of a container, which OpenShift's admission lets choose no user either. Supplemental groups are free there, such as those of a
share. Takes root and context.
*/}}
{{- define "ml-api.containerSecurityContext" -}}
{{- eq (include "ml-api.isOpenShift" .root) "true" | ternary (omit .context "runAsUser" "runAsGroup") .context | toYaml -}}
{{- end -}}

{{/* Whether to render for OpenShift. */}}
{{- define "ml-api.isOpenShift" -}}
{{- or (eq .Values.openshift "force") (and (eq .Values.openshift "auto") (.Capabilities.APIVersions.Has "security.openshift.io/v1")) -}}
{{- end -}}

{{- define "ml-api.mounts" -}}
{{- include "ml-api.ownMounts" . }}
{{- with .v.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Those of the chart itself. */}}
{{- define "ml-api.ownMounts" -}}
{{- include "ml-api.modelMount" . }}
{{- include "ml-api.cacheMount" . }}
{{- if .v.files }}
- name: runtime-files
  mountPath: /etc/ml-api/runtime
  readOnly: true
{{- end }}
{{- include "ml-api.keysMount" . }}
{{- include "ml-api.operatorKeysMount" . }}
{{- if eq .v.runtime "onnx" }}
- name: traffic
  mountPath: /etc/ml-api/traffic
  readOnly: true
{{- end }}
{{- if .v.scratch.tmp }}
- name: scratch-tmp
  mountPath: /tmp
{{- end }}
{{- if .v.scratch.shm }}
- name: scratch-shm
  mountPath: /dev/shm
{{- end }}
{{- end -}}

{{- define "ml-api.volumes" -}}
{{- include "ml-api.modelVolume" . }}
{{- include "ml-api.cacheVolume" . }}
{{- if .v.files }}
- name: runtime-files
  configMap:
    name: {{ printf "%s-runtime" .v.fullname | quote }}
{{- end }}
{{- include "ml-api.keysVolume" . }}
{{- include "ml-api.operatorKeysVolume" . }}
{{- if eq .v.runtime "onnx" }}
- name: traffic
  configMap:
    name: {{ printf "%s-traffic" (include "ml-api.fullname" .root) | quote }}
{{- end }}
{{- with .v.scratch.tmp }}
- name: scratch-tmp
  emptyDir:
    sizeLimit: {{ include "ml-api.asWritten" . | quote }}
{{- end }}
{{- with .v.scratch.shm }}
- name: scratch-shm
  emptyDir:
    medium: Memory
    sizeLimit: {{ include "ml-api.asWritten" . | quote }}
{{- end }}
{{- with .v.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The API keys, for servers that read them from a file. */}}
{{- define "ml-api.keysMount" -}}
{{- if and .root.Values.auth.existingSecret (or (eq .v.runtime "onnx") .v.keysFile) }}
- name: api-keys
  mountPath: /etc/ml-api/keys
  readOnly: true
{{- end }}
{{- end -}}

{{- define "ml-api.keysVolume" -}}
{{- if or (eq .v.runtime "onnx") .v.keysFile -}}
{{- include "ml-api.secretVolume" (dict "name" "api-keys" "secret" .root.Values.auth) -}}
{{- end -}}
{{- end -}}

{{/* The keys of those who may load and unload models, where there are several. */}}
{{- define "ml-api.operatorKeysMount" -}}
{{- if and .root.Values.auth.operators.existingSecret .v.model.several }}
- name: operator-keys
  mountPath: /etc/ml-api/operator-keys
  readOnly: true
{{- end }}
{{- end -}}

{{- define "ml-api.operatorKeysVolume" -}}
{{- if .v.model.several -}}
{{- include "ml-api.secretVolume" (dict "name" "operator-keys" "secret" .root.Values.auth.operators) -}}
{{- end -}}
{{- end -}}

{{/* One key of a Secret as a file; nothing where no Secret is named. Takes name, and secret: existingSecret and key. */}}
{{- define "ml-api.secretVolume" -}}
{{- $name := .name -}}
{{- with .secret -}}
{{- if .existingSecret }}
- name: {{ $name }}
  secret:
    secretName: {{ .existingSecret | quote }}
    defaultMode: 0440
    items: [{ key: {{ .key | quote }}, path: {{ .key | quote }} }]
{{- end }}
{{- end -}}
{{- end -}}

{{/* The RuntimeClass of a GPU's pods: NVIDIA's, unless the values name another or the GPU is another vendor's. Takes gpu. */}}
{{- define "ml-api.gpuRuntimeClass" -}}
{{- if kindIs "invalid" .runtimeClassName -}}
{{- hasPrefix "nvidia.com/" .resource | ternary "nvidia" "" -}}
{{- else -}}
{{- .runtimeClassName -}}
{{- end -}}
{{- end -}}

{{/* Those of a version, with those of its GPU. Takes a version. */}}
{{- define "ml-api.tolerations" -}}
{{- $gpu := .gpu.tolerations -}}
{{- if and (kindIs "invalid" $gpu) (hasPrefix "nvidia.com/" .gpu.resource) -}}
  {{- $gpu = list (dict "key" "nvidia.com/gpu" "operator" "Exists" "effect" "NoSchedule") -}}
{{- end -}}
{{- gt (int .gpu.count) 0 | ternary (concat .tolerations ($gpu | default list)) .tolerations | toYaml -}}
{{- end -}}
