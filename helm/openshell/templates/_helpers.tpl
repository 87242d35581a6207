{{- define "openshell.selector" -}}
app.kubernetes.io/name: openshell
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "openshell.controllerSelector" -}}
app.kubernetes.io/name: openshell-controller
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "openshell.labels" -}}
{{ include "openshell.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "openshell.grpcEndpoint" -}}
{{- $scheme := ternary "http" "https" .Values.server.disableTls -}}
{{- default (printf "%s://openshell.%s.svc.cluster.local:%v" $scheme .Release.Namespace .Values.service.port) .Values.server.grpcEndpoint -}}
{{- end }}
