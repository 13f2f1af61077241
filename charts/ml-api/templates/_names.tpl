{{/* Names, labels and images. */}}

{{/* The chart's name is its alias where a parent chart gives it one, such as irisModel. */}}
{{- define "ml-api.name" -}}
{{- .Values.nameOverride | default (.Chart.Name | lower | replace "_" "-") -}}
{{- end -}}

{{- define "ml-api.fullname" -}}
{{- $name := include "ml-api.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if ternary (contains $name .Release.Name) (eq $name .Release.Name) (eq .Chart.Name "ml-api") -}}{{/* of two aliases, a release may contain both */}}
{{- .Release.Name -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "ml-api.fullname" .) "default") -}}
{{- end -}}

{{/* What selects all pods of the release. No value changes these, nor the version's: Deployments cannot change their selectors. */}}
{{- define "ml-api.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: predictor
{{- end -}}

{{/* What selects the pods of one version. Takes root and v. */}}
{{- define "ml-api.versionSelector" -}}
{{ include "ml-api.selector" .root }}
ml-api/model-version: {{ .v.version | quote }}
{{- end -}}

{{/*
The head of a resource: name, namespace, labels, annotations.
Takes root; v for a resource of one version; name, component, labels and annotations where they differ; pod: whether it is a pod.
*/}}
{{- define "ml-api.metadata" -}}
{{- $root := .root -}}
{{- $v := .v | default dict -}}
name: {{ .name | default $v.fullname | default (include "ml-api.fullname" $root) | quote }}
namespace: {{ $root.Release.Namespace | quote }}
labels:
  {{- include "ml-api.labels" . | nindent 2 }}
{{- with mergeOverwrite (dict) $root.Values.commonAnnotations (.annotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Labels of a resource; the same arguments. */}}
{{- define "ml-api.labels" -}}
{{- $common := or (not .pod) .root.Values.commonLabelsOnPods | ternary .root.Values.commonLabels dict -}}
{{- $labels := mergeOverwrite (dict) $common (.labels | default dict) -}}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- $_ := set $labels "app.kubernetes.io/name" .root.Chart.Name -}}
{{- $_ := set $labels "app.kubernetes.io/instance" .root.Release.Name -}}
{{- $_ := set $labels "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $labels "app.kubernetes.io/component" (.component | default "predictor") -}}
{{- with .v }}{{ $_ := set $labels "ml-api/model-version" .version }}{{ end -}}
{{- toYaml $labels -}}
{{- end -}}

{{/*
An image by digest or tag, from the parent chart's registry where there is one. Takes root, and image: repository, tag, digest.
*/}}
{{- define "ml-api.imageReference" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
  {{- $repository = printf "%s/%s" (trimSuffix "/" .) (include "ml-api.withoutRegistry" $repository) -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository .image.tag -}}
{{- end -}}
{{- end -}}

{{/*
The path of a repository. Its first part is a registry's name if it has a dot, a port or a capital, as for every container runtime.
*/}}
{{- define "ml-api.withoutRegistry" -}}
{{- regexReplaceAll "^([^/]*[A-Z.:][^/]*|localhost)/" . "" -}}
{{- end -}}

{{/* The product's own image, which also fetches models and tests. */}}
{{- define "ml-api.ownImage" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- $image := dict "repository" .Values.image.repository "tag" $tag "digest" (include "ml-api.ownDigest" (dict "root" . "tag" $tag)) -}}
{{- include "ml-api.imageReference" (dict "root" . "image" $image) -}}
{{- end -}}

{{/*
The digest of the product's own image with a tag: the one that is set, or that of the image that was released with this chart by this
repository and tag. Takes root and tag.
*/}}
{{- define "ml-api.ownDigest" -}}
{{- $image := .root.Values.image -}}
{{- $name := printf "%s:%s@" $image.repository .tag -}}
{{- $digest := $image.digest -}}
{{- range $image.released -}}
  {{- if and (not $digest) (hasPrefix $name .) -}}{{- $digest = trimPrefix $name . -}}{{- end -}}
{{- end -}}
{{- $digest -}}
{{- end -}}

{{/* A number, of which 1000000 is not to become 1e+06, or a percentage. */}}
{{- define "ml-api.intOrPercent" -}}
{{- kindIs "string" . | ternary . (int64 .) -}}
{{- end -}}

{{/* The IP families of a Service. Takes a version. */}}
{{- define "ml-api.ipFamilies" -}}
{{- with .service.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .service.ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- end -}}
