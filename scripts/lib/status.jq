# Words of the table that `gw status` prints. Used as: jq -L scripts/lib 'include "status"; ...'
def word: if . == null then "-" elif . == true then "yes" elif . == false then "no" else tostring end;
def span: if . < 120 then "\(floor) s" elif . < 7200 then "\(. / 60 | floor) min" elif . < 172800 then "\(. / 3600 | floor) h"
    else "\(. / 86400 | floor) days" end;
def since: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601 | now - . | span;
# {NAME: [the document of a look, if there is one]}: those that failed become null.
def looks: map_values(.[0] | if .error? then null else . end) | .sandboxes |= .sandboxes?;
# The document of gw-pki check, or null.
def days: if . then [.certificates[] | select(.days_left != null) | "\(.secret | ltrimstr("openshell-")) \(.days_left) days"] | join(", ")
    else "-" end;
# What gw-wait tells of sandboxes, or null: a row for all, and one for each.
def sandboxes: ["sandboxes", (.summary? | word)],
    ((.list // [] | map(.namespace) | unique | length > 1) as $many | .list[]?
     | ["  \(if $many then "\(.namespace)/" else "" end)\(.name)",
        ([.phase, (.age_seconds | values | "\(span) old"), (.pod | values | "pod \(.)"), (.pvc | values | "PVC \(.)")] | join(", "))
        + (.cause | if . then "; \(.detail)" else "" end)]);
# What to type next, for the state that gw-detect found.
def command($gw): {create: "start", resume: "start", repair_network: "start", replace_container: "start", forward: "forward",
    wait: "doctor", ask: "doctor"}[.recommended.action] as $verb | if $verb then "; \($gw) \($verb) --gateway \(.gateway)" else "" end;
# The table's rows.
def rows($gw):
    ["gateway", .gateway],
    ["state", .state],
    ["endpoint", ((.endpoint | word) + (.cluster.endpoint_of // null | if . then ", by \(.)" else "" end))],
    (if .cluster then
        ["context", (.cluster.context | word)],
        ["namespace", .cluster.namespace],
        ["server", (.cluster.server | if . then "\(.workload), \(.ready) of \(.replicas) ready" else "-" end)],
        ["image", (.cluster.server.image? | word)]
    else
        ["image", (.container.image? // .spec.image? | word)],
        ["container", (.container.name? | word)],
        ["started", (.container.started_at? | if . then "\(.), \(since) ago" else "-" end)],
        ["node", (.container.node_name? // .volume.node_name? | word)],
        ["volume", (if .volume.exists then .volume.name else "-" end)],
        ["network", (if .network.exists then .network.name else "-" end)]
    end),
    ["certificates", (.certificates | days)],
    ["secret", (.secret.fingerprint? | word)],
    (.sandboxes | sandboxes),
    ["client files", (.client_files.folder | word)],
    ["next", "\(.recommended.action): \(.recommended.reason)\(command($gw))"],
    (.conflicts[] | ["conflict", .]);
