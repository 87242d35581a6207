# Words of the table that `gw status` prints. Used as: jq -L scripts/lib 'include "status"; ...'
def word: if . == null then "-" elif . == true then "yes" elif . == false then "no" else tostring end;
def since: sub("\\.[0-9]+Z$"; "Z") | fromdateiso8601 | now - . |
    if . < 120 then "\(floor) s" elif . < 7200 then "\(. / 60 | floor) min" elif . < 172800 then "\(. / 3600 | floor) h"
    else "\(. / 86400 | floor) days" end;
# The document of gw-pki check, or null.
def days: if . then [.certificates[] | select(.days_left != null) | "\(.secret | ltrimstr("openshell-")) \(.days_left) days"] | join(", ")
    else "-" end;
# The document of gw-sshsecret check, or null.
def sandboxes: if . then [.holders[] | select(.kind == "sandbox") | .name] |
    if length == 0 then "none" else "\(length): \(join(", "))" end else "-" end;
