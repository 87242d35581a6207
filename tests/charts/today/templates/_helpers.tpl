{{- define "today.fullname" -}}
openshell
{{- end }}

{{- define "today.selector" -}}
app.kubernetes.io/name: openshell
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "today.labels" -}}
{{ include "today.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
