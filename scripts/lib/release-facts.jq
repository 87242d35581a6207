# What the driver must know of a chart's objects: which workload is the gateway server, and what it needs. Input: an array of objects.
def words: [.. | strings];
def is_selected_by($service):
  (.spec.template.metadata.labels // {}) as $labels
  | ($service.spec.selector // {}) | to_entries | length > 0 and all(.[]; $labels[.key] == .value);

[.[] | if .kind == "List" then .items[] else . end] as $objects
| [$objects[] | select(.kind == "StatefulSet" or .kind == "Deployment")] as $workloads
| [$objects[] | select(.kind == "Service")] as $services
# The container publishes this node port.
| first(($services[] | select(any(.spec.ports[]?; .nodePort == 30051))), null) as $entry
| first(
    ($workloads[] | select($entry != null) | select(is_selected_by($entry))),
    ($workloads[] | select(words | index("openshell-server-tls"))),
    ($workloads[] | select(.metadata.name == "openshell")),
    $workloads[],
    null) as $server
| first(($entry | values), ($services[] | select(. as $service | $server | is_selected_by($service))), null) as $service
| ($server | words | index("openshell-ssh-handshake") != null) as $handshake
| ($service.metadata.name // "openshell") as $name
| {
    workload: (if $server then "\($server.kind | ascii_downcase)/\($server.metadata.name)" else null end),
    service: $service.metadata.name,
    node_port: ($entry != null),
    handshake: $handshake,
    sans: ((if $name == "openshell" then [] else [$name, "\($name).\($namespace).svc", "\($name).\($namespace).svc.cluster.local"] end)
      # Servers without a handshake secret answer to these names, too: a sandbox's ports are reached by names below the last one.
      + (if $handshake then [] else ["openshell.localhost", "*.openshell.localhost"] end))
  }
