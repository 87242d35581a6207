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
