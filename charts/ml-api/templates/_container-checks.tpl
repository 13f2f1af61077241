{{/* What an API server takes of a container, be it the one that serves or an init container of yours. Each takes key: where it stands. */}}

{{/* Requests and limits. Takes resources. */}}
{{- define "ml-api.checkAmounts" -}}
{{- $requests := .resources.requests | default dict -}}
{{- $limits := .resources.limits | default dict -}}
{{- range $part, $amounts := dict "requests" $requests "limits" $limits -}}
  {{- $memory := include "ml-api.amount" ($amounts.memory | default 0) | float64 -}}
  {{- if and (gt $memory 0.0) (lt $memory 1.0) -}}
    {{- fail (printf "%s.%s.memory: %s is less than a byte; expected a quantity such as 512Mi." $.key $part (include "ml-api.asWritten" $amounts.memory)) -}}
  {{- end -}}
{{- end -}}
{{- range $name, $limit := $limits -}}
  {{- $amount := include "ml-api.amount" ($limit | default 0) | float64 -}}
  {{- if hasPrefix "requests." $name -}}
    {{- fail (printf "%s.limits.%s: names that begin with requests. are of quotas; expected that of a device, such as nvidia.com/gpu." $.key $name) -}}
  {{- end -}}
  {{- if hasPrefix "hugepages-" $name -}}
    {{- $size := include "ml-api.amount" (trimPrefix "hugepages-" $name) | float64 -}}
    {{- $pages := divf $amount $size -}}
    {{- if or (ne $pages (floor $pages)) (eq $pages 0.0) -}}
      {{- fail (printf "%s.limits.%s: expected a multiple of the page's size, got %s." $.key $name (include "ml-api.asWritten" $limit)) -}}
    {{- end -}}
    {{- if not (or (hasKey $limits "cpu") (hasKey $limits "memory") (get $requests "cpu") (get $requests "memory")) -}}
      {{- fail (printf "%s.limits.%s: huge pages need cpu or memory beside them; set limits.memory." $.key $name) -}}
    {{- end -}}
  {{- end -}}
  {{- if and (contains "/" $name) (or (ne $amount (floor $amount)) (gt $amount 1e15)) -}}
    {{- fail (printf "%s.limits.%s: expected a whole number of devices, such as 1, got %s." $.key $name (include "ml-api.asWritten" $limit)) -}}
  {{- end -}}
{{- end -}}
{{- range $name, $request := $requests -}}
  {{- $limit := get $limits $name -}}
  {{- $isLimit := eq (include "ml-api.amount" ($request | default 0) | float64) (include "ml-api.amount" ($limit | default -1) | float64) -}}
  {{- if and (or (contains "/" $name) (hasPrefix "hugepages-" $name)) (not $isLimit) -}}
    {{- fail (printf "%s.requests.%s: devices and huge pages are not shared, so the request is the limit; set limits.%s to the same, or remove the request." $.key $name $name) -}}
  {{- end -}}
  {{- if and (hasKey $limits $name) (gt (include "ml-api.amount" ($request | default 0) | float64) (include "ml-api.amount" ($limit | default 0) | float64)) -}}
    {{- fail (printf "%s.requests.%s: %s is more than limits.%s (%s); lower it or raise the limit." $.key $name (include "ml-api.asWritten" $request) $name (include "ml-api.asWritten" $limit)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The security contexts of a pod and its container. Takes of: what has them. */}}
{{- define "ml-api.checkSecurity" -}}
{{- $names := list -}}
{{- range .of.podSecurityContext.sysctls -}}
  {{- if has .name $names -}}
    {{- fail (printf "%s.podSecurityContext.sysctls: %s is listed twice; remove one." $.key .name) -}}
  {{- end -}}
  {{- $names = append $names .name -}}
{{- end -}}
{{- include "ml-api.checkProfiles" (dict "context" .of.podSecurityContext "key" (printf "%s.podSecurityContext" .key)) -}}
{{- include "ml-api.checkPrivileges" (dict "context" .of.securityContext "pod" .of.podSecurityContext "key" (printf "%s.securityContext" .key)) -}}
{{- end -}}

{{/* What a container may do. Takes context, its security context, and pod: that of its pod. */}}
{{- define "ml-api.checkPrivileges" -}}
{{- $user := kindIs "invalid" .context.runAsUser | ternary .pod.runAsUser .context.runAsUser -}}
{{- $isNonRoot := kindIs "invalid" .context.runAsNonRoot | ternary .pod.runAsNonRoot .context.runAsNonRoot -}}
{{- if and $isNonRoot (eq (toString $user) "0") -}}
  {{- fail (printf "%s.runAsUser: 0 is root, which runAsNonRoot does not let start; set runAsNonRoot to false, or choose another user." .key) -}}
{{- end -}}
{{- if eq (toString .context.allowPrivilegeEscalation) "false" -}}
  {{- if .context.privileged -}}
    {{- fail (printf "%s.privileged: a privileged container may gain privileges, and allowPrivilegeEscalation is false; set that to true, or remove privileged." .key) -}}
  {{- end -}}
  {{- if has "CAP_SYS_ADMIN" ((.context.capabilities | default dict).add | default list) -}}
    {{- fail (printf "%s.capabilities.add: a container with CAP_SYS_ADMIN may gain privileges, and allowPrivilegeEscalation is false; set that to true, or remove the capability." .key) -}}
  {{- end -}}
{{- end -}}
{{- include "ml-api.checkProfiles" . -}}
{{- end -}}

{{/* The profiles of a security context of a pod or a container. Takes context. */}}
{{- define "ml-api.checkProfiles" -}}
{{- range $name := list "seccompProfile" "appArmorProfile" -}}
  {{- $profile := get $.context $name | default dict -}}
  {{- if and (kindIs "map" (get $.context $name)) (not $profile.type) -}}
    {{- fail (printf "%s.%s.type: a profile has one; set it, such as to RuntimeDefault, or the whole profile to null." $.key $name) -}}
  {{- end -}}
  {{- if and (eq ($profile.type | default "") "Localhost") (empty ($profile.localhostProfile | default "" | trim)) -}}
    {{- fail (printf "%s.%s.localhostProfile: type Localhost needs a profile of the node; name it, or set type to RuntimeDefault." $.key $name) -}}
  {{- end -}}
  {{- if and (eq $name "seccompProfile") (regexMatch "^/|(^|/)[.][.](/|$)" ($profile.localhostProfile | default "")) -}}
    {{- fail (printf "%s.%s.localhostProfile: %q is not below the profiles of the node; expected a path without .., such as profiles/iris.json." $.key $name $profile.localhostProfile) -}}
  {{- end -}}
  {{- if and (kindIs "string" $profile.localhostProfile) (ne $profile.type "Localhost") -}}
    {{- fail (printf "%s.%s.localhostProfile: it is of type Localhost, and the type is %s; remove it, or set type to Localhost." $.key $name $profile.type) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* A mount, of a volume that there is. Takes mount, volumes: their names, and privileged: whether the container is. */}}
{{- define "ml-api.checkMount" -}}
{{- $mount := .mount -}}
{{- if not (has $mount.name .volumes) -}}
  {{- fail (printf "%s: there is no volume %s to mount; add it to extraVolumes." .key $mount.name) -}}
{{- end -}}
{{- include "ml-api.checkPath" (dict "key" .key "path" $mount.mountPath "relative" false) -}}
{{- if and $mount.subPath $mount.subPathExpr -}}
  {{- fail (printf "%s: at %s, subPath and subPathExpr are both set; remove one." .key $mount.mountPath) -}}
{{- end -}}
{{- with $mount.subPath | default $mount.subPathExpr -}}
  {{- include "ml-api.checkPath" (dict "key" $.key "path" . "relative" true) -}}
{{- end -}}
{{- if and (eq ($mount.mountPropagation | default "") "Bidirectional") (not .privileged) -}}
  {{- fail (printf "%s: at %s, mountPropagation Bidirectional is for privileged containers alone; set it to HostToContainer, or securityContext.privileged." .key $mount.mountPath) -}}
{{- end -}}
{{- if and (has ($mount.recursiveReadOnly | default "") (list "IfPossible" "Enabled")) (or (not $mount.readOnly) (has ($mount.mountPropagation | default "") (list "HostToContainer" "Bidirectional"))) -}}
  {{- fail (printf "%s: at %s, recursiveReadOnly goes with readOnly and without mountPropagation; set readOnly to true, or remove recursiveReadOnly." .key $mount.mountPath) -}}
{{- end -}}
{{- end -}}

{{- define "ml-api.failBeside" -}}
{{- fail (printf "%s.%s: only a container that goes on beside the server has one; set restartPolicy to Always, or remove it." .key .part) -}}
{{- end -}}

{{/* An init container of yours. Takes container, v, and volumes: the names of those that it may mount. */}}
{{- define "ml-api.checkInitContainer" -}}
{{- $container := .container -}}
{{- $key := .key -}}
{{- $isSidecar := eq ($container.restartPolicy | default "") "Always" -}}
{{- if and $container.lifecycle (not $isSidecar) -}}
  {{- include "ml-api.failBeside" (dict "key" $key "part" "lifecycle") -}}
{{- end -}}
{{- $own := list -}}
{{- range $container.ports -}}{{- with .name -}}{{- $own = append $own . -}}{{- end -}}{{- end -}}
{{- range $part := list "startupProbe" "readinessProbe" "livenessProbe" -}}
  {{- with get $container $part -}}
    {{- if not $isSidecar -}}
      {{- include "ml-api.failBeside" (dict "key" $key "part" $part) -}}
    {{- end -}}
    {{- if ne (pick . "exec" "httpGet" "tcpSocket" "grpc" | len) 1 -}}
      {{- fail (printf "%s.%s: expected one of exec, httpGet, tcpSocket and grpc." $key $part) -}}
    {{- end -}}
    {{- if and .successThreshold (gt (int64 .successThreshold) 1) (ne $part "readinessProbe") -}}
      {{- fail (printf "%s.%s.successThreshold: only a readinessProbe needs several successes; remove it." $key $part) -}}
    {{- end -}}
    {{- if and .terminationGracePeriodSeconds (eq $part "readinessProbe") -}}
      {{- fail (printf "%s.%s.terminationGracePeriodSeconds: a readinessProbe ends no container; remove it." $key $part) -}}
    {{- end -}}
    {{- range pick . "httpGet" "tcpSocket" -}}
      {{- if and (kindIs "string" .port) (not (has .port $own)) -}}
        {{- fail (printf "%s.%s: the container has no port %s; expected a number, or the name of one of its ports." $key $part .port) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $grace := add .v.shutdown.preStopSeconds .v.shutdown.drainSeconds 5 | int64 -}}
{{- range $hook, $action := $container.lifecycle -}}
  {{- if not $action -}}
    {{- fail (printf "%s.lifecycle.%s: expected one of exec, httpGet and sleep." $key $hook) -}}
  {{- end -}}
  {{- if gt (int64 ($action.sleep | default dict).seconds) $grace -}}
    {{- fail (printf "%s.lifecycle.%s.sleep: %d s are more than the pod's grace period (%d s), which Kubernetes refuses; lower it, or raise shutdown.drainSeconds." $key $hook (int64 $action.sleep.seconds) $grace) -}}
  {{- end -}}
{{- end -}}
{{- range $container.resizePolicy -}}
  {{- if and (eq .restartPolicy "RestartContainer") (not $isSidecar) -}}
    {{- fail (printf "%s.resizePolicy: only a container that goes on beside the server is started again; set restartPolicy to Always, or this one to NotRequired." $key) -}}
  {{- end -}}
{{- end -}}
{{- include "ml-api.checkReference" (dict "reference" $container.image "key" (printf "%s.image" $key)) -}}
{{- $security := $container.securityContext | default dict -}}
{{- include "ml-api.checkPrivileges" (dict "context" $security "pod" .v.podSecurityContext "key" (printf "%s.securityContext" $key)) -}}
{{- range ($container.resources | default dict).claims -}}
  {{- $name := .name -}}
  {{- $known := list -}}
  {{- range $.v.resourceClaims -}}{{- $known = append $known .name -}}{{- end -}}
  {{- if not (has $name $known) -}}
    {{- fail (printf "%s.resources.claims: there is no claim %s; add it to resourceClaims." $key $name) -}}
  {{- end -}}
{{- end -}}
{{- range $container.volumeDevices -}}
  {{- if not (has .name $.volumes) -}}
    {{- fail (printf "%s.volumeDevices: there is no volume %s; add it to extraVolumes." $key .name) -}}
  {{- end -}}
{{- end -}}
{{- include "ml-api.checkAmounts" (dict "resources" ($container.resources | default dict) "key" (printf "%s.resources" $key)) -}}
{{- range $variable := $container.env -}}
  {{- include "ml-api.checkVariable" (dict "name" .name "key" (printf "%s.env" $key)) -}}
  {{- with .valueFrom -}}
    {{- if $variable.value -}}
      {{- fail (printf "%s.env.%s: value and valueFrom are both set; remove one." $key $variable.name) -}}
    {{- end -}}
    {{- include "ml-api.checkSource" (dict "source" . "key" (printf "%s.env.%s" $key $variable.name)) -}}
  {{- end -}}
{{- end -}}
{{- range $container.volumeMounts -}}
  {{- include "ml-api.checkMount" (dict "mount" . "volumes" $.volumes "privileged" $security.privileged "key" (printf "%s.volumeMounts" $key)) -}}
{{- end -}}
{{- range $listed := $container.ports -}}
  {{- $port := int .containerPort -}}
  {{- range $name, $own := $.v.ports -}}
    {{- if and $isSidecar (eq (int $own) $port) (eq ($listed.protocol | default "TCP") "TCP") -}}
      {{- fail (printf "%s.ports: the server listens at %d (%s), and containers of a pod share its ports; choose another one." $key $port $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $names := dict "ports" list "hostPorts" list "env" list "volumeMounts" list "volumeDevices" list "resizePolicy" list "resources.claims" list -}}
{{- range $container.ports -}}
  {{- $port := printf "%d/%s" (int .containerPort) (.protocol | default "TCP") -}}
  {{- $_ := set $names "ports" (concat $names.ports (list $port .name | compact)) -}}
  {{- with .hostPort -}}{{- $_ := set $names "hostPorts" (printf "%d/%s" (int .) (split "/" $port)._1 | append $names.hostPorts) -}}{{- end -}}
{{- end -}}
{{- range $container.resizePolicy -}}{{- $_ := set $names "resizePolicy" (append $names.resizePolicy .resourceName) -}}{{- end -}}
{{- range ($container.resources | default dict).claims -}}{{- $_ := set $names "resources.claims" (append (get $names "resources.claims") .name) -}}{{- end -}}
{{- range $container.env -}}{{- $_ := set $names "env" (append $names.env .name) -}}{{- end -}}
{{- range $container.volumeMounts -}}{{- $_ := set $names "volumeMounts" (clean .mountPath | append $names.volumeMounts) -}}{{- end -}}
{{- range $container.volumeDevices -}}{{- $_ := set $names "volumeDevices" (append $names.volumeDevices .devicePath) -}}{{- end -}}
{{- range $list, $all := $names -}}
  {{- range $i, $name := $all -}}
    {{- if has $name (slice $all 0 $i) -}}
      {{- fail (printf "%s.%s: %s is listed twice; remove one." $key $list $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}
