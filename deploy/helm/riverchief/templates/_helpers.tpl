{{- define "riverchief.name" -}}
{{- if contains "riverchief" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-riverchief" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- /* Labels that a pod of a part is found by: (list $ "part") */ -}}
{{- define "riverchief.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: riverchief
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "riverchief.labels" -}}
{{- $root := index . 0 -}}
{{ include "riverchief.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{- define "riverchief.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* A foreign image: (list $ "broker") */ -}}
{{- define "riverchief.foreign" -}}
{{- $root := index . 0 -}}
{{ $root.Values.images.registry }}/{{ index $root.Values.images (index . 1) }}
{{- end }}

{{- /* What every pod has, whoever it runs as: (list $ "part" user) */ -}}
{{- define "riverchief.pod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ include "riverchief.name" $root }}
automountServiceAccountToken: false
# Otherwise variables of services would come in that look like our own.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ index . 2 }}
  runAsGroup: {{ index . 2 }}
  fsGroup: {{ index . 2 }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "riverchief.container" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- /* Nothing is written but to volumes, and to /tmp, which is in memory. */ -}}
{{- define "riverchief.tmp" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

{{- define "riverchief.site" -}}
- name: site
{{- if .Values.site.claim }}
  persistentVolumeClaim: {claimName: {{ .Values.site.claim }}, readOnly: true}
{{- else }}
  projected:
    sources:
      - configMap: {name: {{ .Values.site.configMap }}}
{{- with .Values.site.profiles }}
{{- if .configMap }}
      - configMap:
          name: {{ .configMap }}
          items:
{{- range .files }}
            - {key: {{ . }}, path: profiles/{{ . }}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "riverchief.filesVolume" -}}
- name: files
  persistentVolumeClaim: {claimName: {{ .Values.files.claim | default (printf "%s-files" (include "riverchief.name" .)) }}}
{{- end }}

{{- /* Token of the store and, for who has books, their password, as files of one folder: (list $ books) */ -}}
{{- define "riverchief.keys" -}}
{{- $root := index . 0 -}}
- name: keys
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ $root.Values.secrets.influxdb }}
          items: [{key: token, path: influx_token}]
{{- if index . 1 }}
      - secret:
          name: {{ $root.Values.secrets.books }}
          items: [{key: password, path: books_password}]
{{- end }}
{{- end }}

{{- define "riverchief.environ" -}}
{{- $root := index . 0 -}}
- {name: RIVERCHIEF_INPUT, value: {{ $root.Values.input | quote }}}
- {name: RIVERCHIEF_LOG, value: json}
- {name: RIVERCHIEF_INFLUX_TOKEN_FILE, value: /run/secrets/riverchief/influx_token}
{{- if index . 1 }}
- {name: RIVERCHIEF_BOOKS_PASSWORD_FILE, value: /run/secrets/riverchief/books_password}
{{- end }}
{{- end }}

{{- define "riverchief.brokerUrl" -}}
{{- if .Values.broker.enabled }}mqtts://{{ include "riverchief.name" . }}-broker:8883{{ else }}{{ .Values.broker.url }}{{ end }}
{{- end }}

{{- define "riverchief.store" -}}
{{- if .Values.influxdb.enabled }}influx://{{ include "riverchief.name" . }}-influxdb:8086/water/readings{{ else }}{{ .Values.influxdb.url }}{{ end }}
{{- end }}

{{- define "riverchief.books" -}}
{{- if .Values.postgres.enabled }}postgresql://riverchief@{{ include "riverchief.name" . }}-postgres/riverchief{{ else }}{{ .Values.postgres.url }}{{ end }}
{{- end }}

{{- /* Volumes that a StatefulSet claims for each pod: (list "name" storage) */ -}}
{{- define "riverchief.claim" -}}
{{- $storage := index . 1 -}}
- metadata:
    name: {{ index . 0 }}
  spec:
    accessModes: [ReadWriteOnce]
{{- with $storage.className }}
    storageClassName: {{ . }}
{{- end }}
    resources:
      requests: {storage: {{ $storage.size }}}
{{- end }}

{{- /* Probes of a service with --metrics on a port: (list port) */ -}}
{{- define "riverchief.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 15
  timeoutSeconds: 5
{{- end }}

{{- define "riverchief.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "riverchief.selector" . | nindent 8 }}
{{- end }}

{{- /* Options by which the two programs of the city find Kafka. */ -}}
{{- define "riverchief.kafka" -}}
- --kafka={{ .Values.city.kafka }}
{{- if .Values.city.kafkaConfig }}
- --kafka-config=/run/secrets/kafka/kafka.properties
{{- end }}
- --topics={{ .Values.city.topics }}
- --partitions={{ .Values.city.partitions }}
- --replication={{ .Values.city.replication }}
- --metrics=0.0.0.0:9104
{{- end }}

{{- define "riverchief.kafkaVolume" -}}
{{- if .Values.city.kafkaConfig -}}
- name: kafka
  secret: {secretName: {{ .Values.city.kafkaConfig }}, defaultMode: 0440}
{{- end }}
{{- end }}
