# From the documents of all tools to what is wrong with a gateway. Pure: documents in, findings out.
# Used as: jq -L scripts/lib 'include "doctor"; findings'
#
# Input: {"now": seconds since 1970 by the clock of this machine, "kubeconfig": path or null, "gateway", "endpoint", "namespace",
#   "existing": the gateway is on a cluster of the user's own, "reach": flags with which the tools reach the cluster,
#   "typed": how the person types the driver ("gw"), a tool (after "tools") and a command of kubectl on this cluster (after "kubectl"),
#   "asked": {NAME: {"code": exit code, "document": the tool's document or null}}}; who was not asked is missing.
# Output: [{"cause", "object", "message", "next"}], root causes first. A finding that only follows from another one is left out.

# A node without this much room cannot write its datastore, pull an image or start a pod.
def least_free_bytes: 536870912;
# A sandbox refuses a handshake that is 300 s off; certificates and logs mislead much sooner.
def most_skew_seconds: 60;

def finding($cause; $object; $message; $next; $follows_from):
    {$cause, $object, $message, $next, $follows_from};
def known: . // "unknown";
def mib: . / 1048576 | floor;
def last_line: map(select(test("\\S"))) | last // "";

def findings:
    . as $in
    | (.asked.detect.document // {}) as $detect
    | (.asked.container.document.diagnosis // {}) as $node
    | (.asked.pki.document // {}) as $pki
    | (.asked.secret.document // {}) as $secret
    | (.asked.nodes.document // {}) as $nodes
    | (.asked.rollout.document // {}) as $rollout
    | ($detect.container // {}) as $container
    | ($detect.gateway // $in.gateway // "openshell") as $gateway
    | ($detect.state) as $state
    | "openshell-cluster-\($gateway)" as $resource
    | "--gateway \($gateway)" as $named
    | $in.typed.gw as $gw | $in.typed.tools as $tools
    # start does nothing to a gateway that serves.
    | (if $state == "serving" or $in.existing then "restart" else "start" end) as $verb
    | "\($gw) \($verb) \($named)" as $again
    | ($in.reach // "--kubeconfig \($in.kubeconfig // "FILE")") as $reach
    | $in.typed.kubectl as $kubectl
    | (if $in.existing then "\($reach) --namespace \($in.namespace)" else $reach end) as $tools_reach
    | (if $in.existing then "\($kubectl) cluster-info" else "\($gw) logs \($named)" end) as $cluster_logs
    | ["port_taken_by_process", "port_taken_by_container", "out_of_memory", "network_stale", "wrong_architecture",
       "image_unavailable", "start_failed", "interrupted_run", "run_in_progress", "container_dead", "name_conflict"] as $not_started
    | ["kubeconfig_stale", "kubeconfig_missing", "disk_full"] as $api_away
    | ["api_unreachable", "namespace_missing", "node_not_ready", "starting"] as $node_away
    | ["secret_missing", "secret_invalid", "certificate_missing", "image_pull_back_off", "server_crashes", "claim_lost",
       "node_pressure", "server_certificate_expired"] as $server_away

    | [
        # Docker
        ($detect.error // empty
         | finding((if .reason == "docker_unreachable" then "docker_down" else .reason end);
             "docker \($detect.docker.host // "")" | rtrimstr(" "); .message; .hint; [])),
        (select($detect.error == null) | $in.asked.container.document.error // empty
         | select($node == {})
         | finding(.reason; "container \($resource)"; .message; .hint; [])),

        # Runs
        ($node.locked_by // empty
         | finding("run_in_progress"; "gateway \($gateway)"; "\(.) works on the gateway at this moment: what is seen meanwhile may be on its way";
             "\($gw) doctor \($named) # once it has ended"; [])),
        (if $node.journal then "file \($node.journal)" elif $node.set_aside then "container \($node.set_aside)" else empty end
         | finding("interrupted_run"; .; "a replacement of the container was interrupted, and the next start carries it on";
             $again; ["run_in_progress"])),

        # What keeps the container from running
        ($detect.ports.holders // [] | .[]
         | if .kind == "container" then
             finding("port_taken_by_container"; "port \($detect.ports.wanted)";
               "container \(.name) has the gateway's port \($detect.ports.wanted)";
               "docker stop \(.name) # or take another port: \($gw) start \($named) --port PORT"; ["run_in_progress"])
           else
             finding("port_taken_by_process"; "port \($detect.ports.wanted)";
               (if .pid then "process \(.pid) (\(.name | known))" else "a process of another user" end)
               + " has the gateway's port \($detect.ports.wanted)";
               (if .pid then "kill \(.pid)" else "sudo ss --listening --tcp --processes" end)
               + " # or take another port: \($gw) start \($named) --port PORT"; ["run_in_progress"])
           end),
        (select($container.oom_killed == true and $state != "serving")
         | finding("out_of_memory"; "container \($resource)"; "the kernel ended the container for lack of memory";
             "docker stats --no-stream # free memory on Docker's host, or raise the container's limit; then: \($again)"; [])),
        (select($state != null and $state != "serving" and $node.image_architecture != null and $node.host_architecture != null
                and $node.image_architecture != $node.host_architecture)
         | finding("wrong_architecture"; "image \($node.image | known)";
             "the image is built for \($node.image_architecture), and Docker's host is \($node.host_architecture)";
             "\($gw) start \($named) --image IMAGE # one for \($node.host_architecture)"; [])),
        (select($node.image_present == false and $node.image_unavailable != null and ($detect.state == "volume_only")
                and ($node.image | startswith("openshell/cluster:") | not))
         | finding("image_unavailable"; "image \($node.image)";
             "Docker does not have the image, and cannot pull it: \($node.image_unavailable)";
             "\($gw) start \($named) --image IMAGE # or get it: docker pull \($node.image)"; [])),
        (select($detect.network.stale == true)
         | finding("network_stale"; "network \($resource)"; "the container refers to a network of this name that is gone";
             $again; ["run_in_progress", "interrupted_run"])),
        (select($detect.network.duplicates // [] | length > 0)
         | finding("network_duplicate"; "network \($resource)";
             "\($detect.network.duplicates | length + 1) networks have this name, and the gateway needs one";
             "docker network rm \($detect.network.duplicates | map(.[:12]) | join(" "))"; ["run_in_progress"])),
        (select($state == "conflict")
         | finding("name_conflict"; "container \($resource)"; $detect.conflicts | join("; ");
             "docker inspect \($resource) # rename or remove it, or choose another name: \($gw) start --gateway NAME"; [])),
        (select($state == "dead")
         | finding("container_dead"; "container \($resource)"; "Docker could not remove the container"; $again; ["run_in_progress"])),
        (select($state == "stopped" and $container.start_error != null)
         | finding("start_failed"; "container \($resource)"; "Docker could not start the container: \($container.start_error)";
             $again; $not_started - ["start_failed"])),
        (select($state == "stopped" and ($container.exit_code // 0 | IN(0, 130, 137, 143) | not))
         | finding("container_exited"; "container \($resource)";
             "the container ended with exit code \($container.exit_code); its last line: \($node.log // [] | last_line)";
             "\($gw) logs \($named) # then: \($again)"; $not_started)),
        (select($state == "stopped")
         | finding("stopped"; "container \($resource)"; "the container is stopped"; $again; $not_started + ["container_exited"])),
        (select($state == "paused")
         | finding("paused"; "container \($resource)"; "the container is paused"; $again; ["run_in_progress"])),
        (select($state == "restarting")
         | finding("restarting"; "container \($resource)";
             "Docker starts the container again and again; its last line: \($node.log // [] | last_line)";
             "\($gw) logs \($named) # then: \($again)"; $not_started)),
        (select($state == "volume_only")
         | finding("container_missing"; "container \($resource)"; "the volume is there, and its container is gone"; $again; $not_started)),
        (select($state == "absent")
         | finding("no_gateway"; "gateway \($gateway)"; "there is neither a container nor a volume of this gateway"; $again;
             ["run_in_progress"])),

        # What the host has
        (select($node.disk_free_bytes != null and $node.disk_free_bytes < least_free_bytes)
         | finding("disk_full"; "volume \($resource)";
             "\($node.disk_free_bytes | mib) MiB of \($node.disk_bytes | mib) MiB are free where the node keeps its data";
             "docker system df # shows what takes the room"; [])),
        ($node.node_time // empty | fromdateiso8601 - $in.now
         | select(fabs > most_skew_seconds)
         | finding("clock_skew"; "clock of this machine";
             "it is \(fabs | floor) s \(if . > 0 then "behind" else "ahead of" end) the node's; certificates and handshakes fail by that";
             "sudo timedatectl set-ntp true"; [])),
        (select($node.resolves_names == false
                or ($container.health.markers // [] | any(. == "DNS_PROBE_FAILED" or . == "HEALTHCHECK_DNS_FAILURE")))
         | finding("dns_broken"; "container \($resource)";
             "names do not resolve in the container; its name servers: \($node.name_servers // [] | join(", "))";
             "\($gw) restart \($named) # gives it Docker's own again; or name one: \($gw) start \($named) --dns ADDRESS";
             ["network_stale", "run_in_progress"])),
        (select($node.kubeconfig_agrees == false
                or ($detect.client_files.kubeconfig.agrees == false and $node.kubeconfig_agrees == null
                    and $state != null and ($state | IN("running", "starting", "serving"))))
         | finding("kubeconfig_stale"; "file \($in.kubeconfig | known)"; "the kubeconfig is not the one of the cluster that runs";
             "\($tools)gw-container kubeconfig \($named)"; ["run_in_progress"])),
        (select(($state | IN("running", "starting", "serving")) and $detect.client_files.kubeconfig.present == false)
         | finding("kubeconfig_missing"; "file \($detect.client_files.folder)/kubeconfig"; "this host has no kubeconfig of the gateway";
             "\($tools)gw-container kubeconfig \($named)"; $not_started + ["restarting"])),

        # The cluster
        ($in.asked.api.document.error // empty
         | finding((if .reason == "timed_out" then "api_unreachable" else .reason end); "API server \($in.asked.api.document.target // "")" | rtrimstr(" ");
             "it does not answer: \($in.asked.api.document.last_cause.detail // .message)";
             "\($cluster_logs) # then: \($again)"; $api_away + $not_started + ["dns_broken"])),
        ($in.asked.node.document.error // empty
         | if .reason == "node_pressure" then
             finding("node_pressure"; "node \($in.asked.node.document.target | known)"; .message;
               "docker system df; free; ps aux --sort -rss | head # the host must have more of what the node lacks"; ["disk_full"])
           else
             finding((if .reason == "timed_out" then "node_not_ready" else .reason end); "node \($in.asked.node.document.target | known)";
               ($in.asked.node.document.last_cause.detail // .message); "\($gw) logs \($named) # then: \($again)";
               $api_away + ["api_unreachable"])
           end),
        ($in.asked.namespace.document.error // empty
         | finding((if .reason == "timed_out" then "namespace_missing" else .reason end); "namespace \($in.namespace)";
             ($in.asked.namespace.document.last_cause.detail // .message); $again; $api_away + ["api_unreachable"])),
        ($nodes.stale_nodes // [] | .[] | . as $stale
         | finding("node_stale"; "node \(.)";
             "its container is gone"
             + ($nodes.pods_deleted // [] | if . == [] then "" else "; stuck on such a node: \(join(", "))" end);
             "\($tools)gw-nodeclean \($reach) --keep \($nodes.keep // "NODE") --since \($container.started_at // "TIME")"; [])),
        ($nodes.claims_lost // [] | .[]
         | split("/") as [$namespace, $claim]
         | finding("claim_lost"; "persistentvolumeclaim \(.)"; "its volume is gone from the cluster";
             "\($kubectl) --namespace \($namespace) describe persistentvolumeclaim \($claim) # a backup has its data: \($gw) restore FILE \($named)";
             [])),

        # The handshake secret
        (select($secret.exists == false)
         | finding("secret_missing"; "secret \($secret.namespace)/\($secret.secret)"; "the SSH handshake Secret does not exist, and the server needs it to start";
             $again; ["run_in_progress"])),
        (select($secret.exists == true and $secret.fingerprint == null)
         | finding("secret_invalid"; "secret \($secret.namespace)/\($secret.secret)"; "the Secret exists and holds no handshake secret";
             "\($tools)gw-sshsecret reconcile \($tools_reach) --replace-invalid --restart"; [])),
        ($secret.holders // [] | map(select(.kind == "sandbox") | .fingerprint) as $carried | map(select(.agrees == false)) | .[]
         | if .kind == "sandbox" then
             finding("handshake_differs"; "sandbox \(.name)";
               "it carries handshake secret \(.fingerprint | known), and the Secret holds \($secret.fingerprint | known): the gateway cannot reach it";
               # Where all sandboxes carry one secret, it is the right one.
               (if ($carried | unique | length) == 1 then
                  "\($tools)gw-sshsecret reconcile \($tools_reach) --rotate --adopt \(.fingerprint | known) --restart --yes"
                else "\($tools)gw-sshsecret check \($tools_reach) # says who carries what, and reconcile --help how to choose" end);
               ["secret_missing", "secret_invalid"])
           else
             finding("server_outdated"; "pod \(.name)"; "the server has another handshake secret than the Secret: \(.detail)";
               "\($kubectl) --namespace \($secret.namespace) rollout restart statefulset/openshell"; ["secret_missing", "secret_invalid"])
           end),

        # Certificates
        ($pki.certificates // [] | .[]
         | select(.secret | IN("openshell-server-tls", "openshell-server-client-ca", "openshell-client-tls"))
         | (.findings - ["type_wrong", "expiring"]) as $wrong | select($wrong != [])
         | finding((if $wrong | index("does_not_exist") then "certificate_missing"
                    elif $wrong | index("expired") | not then "certificate_invalid"
                    elif .secret == "openshell-server-tls" then "server_certificate_expired"
                    else "certificate_expired" end);
             "secret \($pki.namespace)/\(.secret)";
             (if $wrong | index("does_not_exist") then "the Secret does not exist"
              elif $wrong | index("expired") then "its certificate expired at \(.not_after)"
              else "its certificate is wrong: \($wrong | join(", "))" end);
             $again;
             # Unless the node's clock, too, says that it is expired.
             (if $wrong - ["expired", "not_yet_valid"] == [] and ((.not_after // "") > ($node.node_time // "")) then ["clock_skew"] else [] end)
             + ["run_in_progress"])),
        ($pki.bundle.findings // [] | select(length > 0)
         | if index("does_not_exist") then
             finding("client_bundle_missing"; "folder \($pki.bundle.folder)"; "this host has no client bundle"; $again;
               ["certificate_missing", "run_in_progress"])
           else
             finding("client_bundle_differs"; "folder \($pki.bundle.folder)";
               "the client bundle does not match the cluster's" + (. - ["client_bundle_differs"] | if . == [] then "" else ": \(join(", "))" end);
               $again;
               ["certificate_missing", "certificate_expired", "server_certificate_expired", "run_in_progress"])
           end),

        # The server
        ($rollout.last_pod as $pod | (if $pod then "pod \($pod.name)" else "workload openshell" end) as $object
         | "\($kubectl) --namespace \($in.namespace // "openshell") describe pods" as $describe
         | $rollout.error // empty
         | if .reason == "image_pull_back_off" then
             finding("image_pull_back_off"; $object; .message; (if $pod.image and ($in.existing | not) then "\($tools)gw-container load \($pod.image) \($named)" else $describe end); [])
           elif (.reason | IN("crash_loop_back_off", "container_exited")) then
             finding("server_crashes"; $object;
               .message + ($node.server_log // [] | last_line | if . == "" then "" else "; its last line: \(.)" end);
               "\($gw) logs gateway \($named)"; ["secret_missing", "secret_invalid", "certificate_missing", "claim_lost"])
           else
             finding("server_not_ready"; $object; ($rollout.last_cause.detail // .message); $describe;
               $server_away + $api_away + $node_away)
           end),
        ($in.asked.grpc.document.error // empty
         | finding("not_serving"; "endpoint \($detect.endpoint // $in.endpoint | known)"; "it does not answer gRPC: \($in.asked.grpc.document.last_cause.detail // .message)";
             "\($gw) logs gateway \($named) # then: \($again)";
             $server_away + $api_away + $node_away + ["server_not_ready", "client_bundle_differs", "client_bundle_missing",
               "certificate_expired", "certificate_invalid", "clock_skew", "network_stale"])),

        # Tools that could not tell
        ($in.asked | to_entries[] | select(.key | IN("pki", "secret", "nodes")) | .key as $key | .value.document.error // empty
         | finding(.reason; {pki: "certificates", secret: "handshake secret", nodes: "nodes and volumes"}[$key]; .message; .hint;
             $api_away + $node_away + ["run_in_progress", "node_pressure"])),

        # Client files
        (select($detect.client_files.metadata.agrees == false)
         | finding("metadata_stale"; "file \($detect.client_files.folder)/metadata.json"; "clients read another endpoint there than \($detect.endpoint | known)";
             $again; ["run_in_progress", "interrupted_run"])),
        (select($container.health.markers // [] | index("HEALTHCHECK_MISSING_SUPERVISOR") != null)
         | finding("supervisor_missing"; "container \($resource)"; "the supervisor of sandboxes is missing on the node"; "\($gw) restart \($named)";
             ["run_in_progress"])),
        (select($state == "starting")
         | finding("starting"; "container \($resource)"; "it started a moment ago and does not serve yet"; "\($gw) start \($named) # waits until it does";
             $not_started + $api_away + $server_away))
      ]
    | map(.cause) as $causes
    | map(select(.follows_from - (.follows_from - $causes) == []) | del(.follows_from));
