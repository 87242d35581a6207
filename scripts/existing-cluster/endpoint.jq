# Where clients reach the server from outside the cluster. Pure.
# Input: an array of lists: services and ingresses of the namespace, and nodes. Arguments: $service, its name; $scheme.
# Output: {"endpoint": "scheme://host:port" or null, "of": what gives it, "pending": it will be there once a cloud has made it}
def addressed($host; $port): "\($scheme)://\(if $host | contains(":") then "[\($host)]" else $host end):\($port)";
def is_ready: any(.status.conditions[]?; .type == "Ready" and .status == "True");
def address_of($type): first(.status.addresses[]? | select(.type == $type) | .address);
def leads_to($name): (.backend // {}) | (.service.name // .serviceName) == $name;

[.[] | .items[]] as $objects
| first(($objects[] | select(.kind == "Service" and .metadata.name == $service)), null) as $found
| first($found.spec.ports[]?, null) as $port
| [$objects[] | select(.kind == "Node" and is_ready)] as $nodes
| first(
    (select($found.spec.type == "LoadBalancer") | $found.status.loadBalancer.ingress[0]? // empty | (.ip // .hostname // empty)
     | {endpoint: addressed(.; $port.port), of: "the load balancer of service \($service)", pending: false}),
    (select($found.spec.type == "LoadBalancer")
     | {endpoint: null, of: "the load balancer of service \($service)", pending: true}),
    ($objects[] | select(.kind == "Ingress") | . as $ingress | .spec.rules[]? | select(.host)
     | select(any(.http.paths[]?; leads_to($service))) | .host as $host
     # TLS to the server's own certificate is passed on by a controller only where it is told so.
     | (any($ingress.metadata.annotations // {} | to_entries[]; (.key | endswith("/ssl-passthrough")) and .value == "true")
        or any($ingress.spec.tls[]?; (.hosts // [$host]) | index($host) != null)) as $secured
     | {endpoint: (if $secured then "https://\($host):443" else "http://\($host):80" end), of: "ingress \($ingress.metadata.name)", pending: false}),
    (select($found.spec.type == "NodePort") | ($nodes[] | address_of("ExternalIP")), ($nodes[] | address_of("InternalIP"))
     | {endpoint: addressed(.; $port.nodePort), of: "the node port of service \($service)", pending: false}),
    {endpoint: null, of: null, pending: false})
