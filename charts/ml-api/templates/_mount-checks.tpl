{{/* What lies where in the containers of a version. Each takes root, v, and key. */}}

{{- define "ml-api.checkMounts" -}}
{{- $v := .v -}}
{{- $key := .key -}}
{{- $volumes := list -}}
{{- range fromYamlArray (include "ml-api.volumes" .) -}}
  {{- if has .name $volumes -}}
    {{- fail (printf "%s.extraVolumes: there is a volume %s already; choose another name." $key .name) -}}
  {{- end -}}
  {{- $volumes = append $volumes .name -}}
{{- end -}}
{{- range $v.extraVolumes -}}
  {{- include "ml-api.checkVolume" (dict "volume" . "key" (printf "%s.extraVolumes" $key)) -}}
{{- end -}}
{{- $containers := list "predictor" "fetch-model" "follow-model" -}}
{{- range $v.initContainers -}}
  {{- include "ml-api.checkLabel" (dict "name" .name "key" (printf "%s.initContainers" $key)) -}}
  {{- include "ml-api.checkInitContainer" (dict "container" . "v" $v "volumes" $volumes "key" (printf "%s.initContainers.%s" $key .name)) -}}
  {{- if has .name $containers -}}
    {{- fail (printf "%s.initContainers: there is a container %s already; choose another name." $key .name) -}}
  {{- end -}}
  {{- $containers = append $containers .name -}}
{{- end -}}
{{- $own := list -}}
{{- $model := "" -}}
{{- range fromYamlArray (include "ml-api.ownMounts" .) -}}
  {{- if eq .name "model" -}}{{- $model = clean .mountPath -}}{{- else -}}{{- $own = append $own .mountPath -}}{{- end -}}
{{- end -}}
{{- $taken := append $own $model -}}
{{- range $v.extraVolumeMounts -}}
  {{- include "ml-api.checkMount" (dict "mount" . "volumes" $volumes "privileged" $v.securityContext.privileged "key" (printf "%s.extraVolumeMounts" $key)) -}}
  {{- if has (clean .mountPath) $taken -}}
    {{- fail (printf "%s.extraVolumeMounts: something is mounted at %s already; choose another mountPath." $key .mountPath) -}}
  {{- end -}}
  {{- include "ml-api.checkHidden" (dict "mount" . "v" $v "key" $key) -}}
  {{- $taken = append $taken (clean .mountPath) -}}
{{- end -}}
{{- if $model -}}
  {{- include "ml-api.checkModelPath" (dict "path" $model "own" $own "v" $v "key" $key) -}}
{{- end -}}
{{- end -}}

{{/* A volume of yours: paths of nodes and servers begin at a root, those of files in it do not. Takes volume and key. */}}
{{- define "ml-api.checkVolume" -}}
{{- $volume := .volume -}}
{{- include "ml-api.checkLabel" (dict "name" $volume.name "key" .key) -}}
{{- range $kind := list "hostPath" "nfs" -}}
  {{- if hasKey $volume $kind -}}
    {{- include "ml-api.checkPath" (dict "key" $.key "path" (get $volume $kind).path "relative" false) -}}
  {{- end -}}
{{- end -}}
{{- with $volume.image -}}
  {{- include "ml-api.checkReference" (dict "reference" .reference "key" (printf "%s.%s.image.reference" $.key $volume.name)) -}}
{{- end -}}
{{- with $volume.csi -}}
  {{- include "ml-api.checkName" (dict "name" .driver "key" (printf "%s.%s.csi.driver" $.key $volume.name)) -}}
  {{- with .nodePublishSecretRef -}}
    {{- include "ml-api.checkName" (dict "name" .name "key" (printf "%s.%s.csi.nodePublishSecretRef.name" $.key $volume.name)) -}}
  {{- end -}}
{{- end -}}
{{- $modes := dig "volumeClaimTemplate" "spec" "accessModes" list ($volume.ephemeral | default dict) -}}
{{- if and (has "ReadWriteOncePod" $modes) (gt (len (uniq $modes)) 1) -}}
  {{- fail (printf "%s: ReadWriteOncePod of %s goes with no other access mode; remove it, or the others." .key $volume.name) -}}
{{- end -}}
{{- include "ml-api.checkSelector" (dict "selector" (dig "volumeClaimTemplate" "spec" "selector" dict ($volume.ephemeral | default dict)) "key" (printf "%s.%s.ephemeral" .key $volume.name)) -}}
{{- range $at := list "dataSource" "dataSourceRef" -}}
  {{- $source := dig "volumeClaimTemplate" "spec" $at dict ($volume.ephemeral | default dict) -}}
  {{- if and $source (ne $source.kind "PersistentVolumeClaim") (not $source.apiGroup) -}}
    {{- fail (printf "%s: %s of %s is a %s, whose apiGroup is not set; set it, such as to snapshot.storage.k8s.io." $.key $at $volume.name $source.kind) -}}
  {{- end -}}
{{- end -}}
{{- $sources := list $volume.configMap $volume.secret $volume.downwardAPI -}}
{{- range ($volume.projected | default dict).sources -}}{{- $sources = concat $sources (values .) -}}{{- end -}}
{{- $paths := list -}}
{{- range $source := $sources -}}
  {{- $source = $source | default dict -}}
  {{- include "ml-api.checkSelector" (dict "selector" $source.labelSelector "key" (printf "%s.%s" $.key $volume.name)) -}}{{/* of clusterTrustBundle */}}
  {{- $files := concat ($source.items | default list) (hasKey $source "path" | ternary (list $source) list) -}}
  {{- range $name := list "credentialBundlePath" "keyPath" "certificateChainPath" -}}{{/* of podCertificate */}}
    {{- with get $source $name -}}{{- $files = append $files (dict "path" .) -}}{{- end -}}
  {{- end -}}
  {{- range $files -}}
    {{- include "ml-api.checkPath" (dict "key" $.key "path" .path "relative" true) -}}
    {{- if has .path $paths -}}
      {{- fail (printf "%s: two files of %s have the path %s; choose another one." $.key $volume.name .path) -}}
    {{- end -}}
    {{- $paths = append $paths .path -}}
    {{- include "ml-api.checkSource" (dict "source" . "key" (printf "%s.%s" $.key $volume.name)) -}}
    {{- if and .resourceFieldRef (not .resourceFieldRef.containerName) -}}
      {{- fail (printf "%s: %s of %s needs containerName in a volume; set it to predictor, or to another container." $.key .resourceFieldRef.resource $volume.name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The model has a folder of its own: nothing else is mounted in it, and it hides nothing. Takes path, own: the chart's other mounts, v, and key. */}}
{{- define "ml-api.checkModelPath" -}}
{{- $path := .path -}}
{{- range $own := .own -}}
  {{- if eq $path $own -}}
    {{- fail (printf "%s.model.path: the chart mounts something else at %s; choose another folder, such as /models." $.key $path) -}}
  {{- end -}}
  {{- if hasPrefix (printf "%s/" $path) $own -}}
    {{- fail (printf "%s.model.path: something is mounted at %s, in the directory of the model, which is read-only; choose another one, such as /models." $.key $own) -}}
  {{- end -}}
{{- end -}}
{{- range $folder := concat (include "ml-api.systemFolders" . | splitList " ") .v.needs -}}
  {{- if or (hasPrefix (printf "%s/" $path) (printf "%s/" $folder)) (hasPrefix (printf "%s/" $folder) $path) -}}
    {{- fail (printf "%s.model.path: %s is the image's own (%s), where no model can be mounted; expected a folder that the image has no files in, such as /models." $.key $path $folder) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/*
A volume of yours may lie in a folder of the image's, as certificates do, but hide none that the program is started from. The files of the
kernel are only a node's. Takes mount, v, and key.
*/}}
{{- define "ml-api.checkHidden" -}}
{{- $path := clean .mount.mountPath -}}
{{- $isOfNode := false -}}
{{- range .v.extraVolumes -}}
  {{- if and (eq .name $.mount.name) .hostPath -}}{{- $isOfNode = true -}}{{- end -}}
{{- end -}}
{{- $hidden := prepend .v.needs "/etc/hosts" -}}
{{- if ne .v.runtime "custom" -}}{{- $hidden = concat $hidden (list "/lib" "/lib64" "/usr/bin" "/usr/lib") -}}{{- end -}}
{{- if not $isOfNode -}}{{- $hidden = concat $hidden (list "/dev" "/proc" "/sys") -}}{{- end -}}
{{- range $folder := $hidden -}}
  {{- if or (eq $path "/") (hasPrefix (printf "%s/" $path) (printf "%s/" $folder)) -}}
    {{- fail (printf "%s.extraVolumeMounts: a volume at %s would hide %s, without which the container cannot start; choose another mountPath, such as /mnt/%s." $.key $.mount.mountPath $folder $.mount.name) -}}
  {{- end -}}
{{- end -}}
{{- if and (hasPrefix "/proc/" $path) (not $isOfNode) -}}
  {{- fail (printf "%s.extraVolumeMounts: %s lies in /proc, where container runtimes mount nothing but a node's own files; choose another mountPath, such as /mnt/%s." .key .mount.mountPath .mount.name) -}}
{{- end -}}
{{- end -}}

{{/* Where every image has what programs are started from, and the kernel and the kubelet put their files. */}}
{{- define "ml-api.systemFolders" -}}
/bin /dev /etc/hostname /etc/hosts /etc/resolv.conf /lib /lib32 /lib64 /libx32 /proc /sbin /sys /usr/bin /usr/lib /usr/lib32 /usr/lib64 /usr/local/bin /usr/local/lib /usr/sbin
{{- end -}}
