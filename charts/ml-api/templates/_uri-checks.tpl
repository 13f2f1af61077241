{{/*
What a URI of a model must name, by the fetcher's own rules (server/src/sources/stores): it is refused here rather than by pods. Its host and
characters are the schema's to say. The URI is not shown, as it may hold a secret. Takes v, and key: the value's place.
*/}}
{{- define "ml-api.checkUriForm" -}}
{{- $uri := .v.model.uri -}}
{{- $scheme := regexFind "^[a-z0-9]+" $uri -}}
{{- $isWeb := eq (include "ml-api.isWeb" $uri) "true" -}}
{{- if and (hasPrefix "https:" $uri) (not $isWeb) -}}{{- $scheme = "blob" -}}{{- end -}}
{{- if regexMatch "^(mlflow://|models:/{1,3})[^/@?#]+/[A-Za-z][A-Za-z_-]*$" $uri -}}
  {{- fail (printf "%s: stages and `latest` move unseen, and are not fetched; give the version an alias, as in mlflow://iris@champion, or name its number, as in mlflow://iris/3." .key) -}}
{{- end -}}
{{- if and (has $scheme (list "hf" "mlflow" "models")) (regexMatch "%([^0-9A-Fa-f]|.?$|.[^0-9A-Fa-f])" $uri) -}}
  {{- fail (printf "%s: a percent sign in it escapes nothing; write a literal one as %%25." .key) -}}
{{- end -}}
{{- with get (include "ml-api.uriForms" . | fromYaml) $scheme -}}
  {{- if or (not (regexMatch .fits $uri)) (and .unfit (regexMatch .unfit $uri)) -}}
    {{- fail (printf "%s: it names no %s; expected %s." $.key .what .form) -}}
  {{- end -}}
{{- end -}}
{{- if $isWeb -}}
  {{- $ends := .v.model.several | ternary ".tar, .tar.gz or .tgz" ".onnx, .tar, .tar.gz or .tgz" -}}
  {{- $form := "[.](onnx|tar|tar[.]gz|tgz)$" -}}
  {{- if ne .v.runtime "onnx" -}}
    {{- $ends = "the name of a file" -}}
    {{- $form = "[^/]$" -}}
  {{- end -}}
  {{- if not (regexMatch $form (regexReplaceAll "^https?://[^/?#]*([^?#]*).*$" $uri "${1}")) -}}
    {{- fail (printf "%s: its path does not say what kind of file it is; expected a path that ends in %s." .key $ends) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* A sum is of one URI: that of the defaults is not of a version's own. Takes own, defaults, and key. */}}
{{- define "ml-api.checkSumOf" -}}
{{- $own := .own | default dict -}}
{{- if and $own.uri .defaults.uri .defaults.sha256 (ne $own.uri .defaults.uri) (not (hasKey $own "sha256")) -}}
  {{- fail (printf "%s.sha256: versionDefaults has the checksum of what its own URI names, and this version fetches something else; set its own, or \"\" for none." .key) -}}
{{- end -}}
{{- end -}}

{{/* What fits, by scheme; what does not though it would; and how it is said. Names of models may have their @, : and / escaped. */}}
{{- define "ml-api.uriForms" -}}
s3: { fits: '^s3://[A-Za-z0-9][A-Za-z0-9._-]{1,254}(/.*)?$', what: bucket, form: s3://BUCKET/FOLDER or s3://BUCKET/FILE.onnx }
gs: { fits: '^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/.*)?$', what: bucket, form: gs://BUCKET/FOLDER or gs://BUCKET/FILE.onnx }
az:
  fits: '^az://[a-z0-9]{3,24}/[a-z0-9$][a-z0-9-]{2,62}(/.*)?$'
  what: container of Azure Blob Storage
  form: az://ACCOUNT/CONTAINER/FOLDER
blob:
  fits: '^https://[^/]+/[^/?#]'
  what: container of Azure Blob Storage
  form: https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER
hf:
  {{- $name := "[0-9A-Za-z_-][0-9A-Za-z_.-]{0,95}" }}
  fits: '^hf://{{ $name }}/{{ $name }}(@(refs/(pr|convert)/[0-9A-Za-z_.-]{1,100}|[0-9A-Za-z_.%-]{1,255}))?(/[^?#]*)?$'
  unfit: '^hf://(datasets|spaces|models)/'
  what: model of the Hugging Face Hub
  form: 'hf://OWNER/REPO[@REVISION][/FOLDER], also with an .onnx file at its end'
oci:
  {{- $folder := "[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*" }}
  fits: '^oci://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?/{{ $folder }}(/{{ $folder }})*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?$'
  unfit: '^oci://[^/]+/[^:@]{256}'
  what: artifact of a registry
  form: oci://REGISTRY/REPOSITORY:TAG or oci://REGISTRY/REPOSITORY@sha256:…
{{- range $scheme := list "mlflow" "models" }}
{{ $scheme }}:
  fits: '^(mlflow://|models:/{1,3})([^/:?#]+@[^/@:?#]+|[^/:?#]+/[1-9][0-9]{0,17})$'
  unfit: '%(2[Ff]|3[Aa]).*[@/]|@.*%(2[Ff]|3[Aa])'
  what: alias or version of a registered model
  form: mlflow://NAME@ALIAS or mlflow://NAME/VERSION
{{- end }}
{{- end -}}
