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
  {{- include "ml-api.checkLabel" (dict "name" .name "key" (printf "%s.extraVolumes" $key)) -}}
{{- end -}}
{{- $containers := list "predictor" "fetch-model" "follow-model" -}}
{{- range $v.initContainers -}}
  {{- include "ml-api.checkLabel" (dict "name" .name "key" (printf "%s.initContainers" $key)) -}}
  {{- range .volumeMounts -}}
    {{- if not (has .name $volumes) -}}
      {{- fail (printf "%s.initContainers: there is no volume %s to mount; add it to extraVolumes." $key (default "" .name | toString)) -}}
    {{- end -}}
  {{- end -}}
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
  {{- if not (has .name $volumes) -}}
    {{- fail (printf "%s.extraVolumeMounts: there is no volume %s to mount; add it to extraVolumes." $key .name) -}}
  {{- end -}}
  {{- include "ml-api.checkPath" (dict "key" (printf "%s.extraVolumeMounts" $key) "path" .mountPath "relative" false) -}}
  {{- if and .subPath .subPathExpr -}}
    {{- fail (printf "%s.extraVolumeMounts: at %s, subPath and subPathExpr are both set; remove one." $key .mountPath) -}}
  {{- end -}}
  {{- with .subPath | default .subPathExpr -}}
    {{- include "ml-api.checkPath" (dict "key" (printf "%s.extraVolumeMounts" $key) "path" . "relative" true) -}}
  {{- end -}}
  {{- if has (clean .mountPath) $taken -}}
    {{- fail (printf "%s.extraVolumeMounts: something is mounted at %s already; choose another mountPath." $key .mountPath) -}}
  {{- end -}}
  {{- include "ml-api.checkHidden" (dict "mount" . "v" $v "key" $key) -}}
  {{- $taken = append $taken (clean .mountPath) -}}
{{- end -}}
{{- range $v.extraVolumes -}}
  {{- if kindIs "map" .hostPath -}}
    {{- include "ml-api.checkPath" (dict "key" (printf "%s.extraVolumes" $key) "path" (default "" .hostPath.path) "relative" false) -}}
  {{- end -}}
{{- end -}}
{{- if $model -}}
  {{- include "ml-api.checkModelPath" (dict "path" $model "own" $own "v" $v "key" $key) -}}
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
