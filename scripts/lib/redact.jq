# A document without what may be a secret, for somebody else's eyes. The tools' documents have none by contract; this also takes
# out what was put into the container's environment and arguments on purpose, and whatever has a secret's form in a log.
# Used as: jq -L scripts/lib 'include "redact"; redacted'

def redacted_text:
    gsub("(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)"; "[private key]")
    | gsub("^\\s*[A-Za-z0-9+/]{48,}={0,2}\\s*$"; "[base64]")
    | gsub("eyJ[A-Za-z0-9_-]{8,}(\\.[A-Za-z0-9_-]+)*"; "[token]")
    | gsub("(?<before>(?i)bearer|basic) +[A-Za-z0-9+/_.=-]{8,}"; "\(.before) [token]")
    # Digests say so themselves.
    | gsub("(?<![0-9a-fA-F])(?<!sha256:)[0-9a-fA-F]{64,}"; "[hex digits]")
    | gsub("://[^/@\\s\"]+@"; "://[user]@")
    | gsub("(?<name>(?i)[a-z_-]*(token|password|passwd|secret|api_?key)[a-z_-]*)=[^\\s\"]+"; "\(.name)=[value]");

def redacted:
    if type == "object" then
        with_entries(
            if (.key | IN("environment", "k3s_args")) and (.value | type) == "array" then
                .value |= map(sub("(?s)=.*"; "=[value]"))
            else .value |= redacted end)
    elif type == "array" then map(redacted)
    elif type == "string" then redacted_text
    else . end;
