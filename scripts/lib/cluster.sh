# The cluster that a gateway is on: which one, how it is reached, and what is kept of it beside the client files. `cluster` is
# {kubeconfig, context, namespace_uid, namespace, endpoint, forward_port, spec: {plaintext, disable_gateway_auth, tls_sans}}.
# shellcheck shell=bash

# For people and for kubectl: the user's own file and context.
kubectl_flags=
# The namespace's uid: a gateway is tied to it.
namespace_uid=
forward_port=8080
# Settings of a container that mean something here, too.
settings_here=(--port --tls-san --plaintext --no-plaintext --disable-gateway-auth --enable-gateway-auth)

# Sets cluster, namespace, of_cluster, and the kubeconfig of this run: one file with one context, so that each program that is
# run means the same cluster, whatever becomes the current context meanwhile.
resolve_cluster() {
    require_fitting_settings
    make_scratch
    require_any_kubectl
    cluster='{}'
    if [[ -e $folder/cluster.json ]]; then
        cluster=$(<"$folder/cluster.json")
    elif [[ -e $folder/spec.json || -e $folder/metadata.json ]]; then
        fail 1 gateway_exists "gateway $gateway is one in a container" "$gw $verb --gateway NAME with another name"
    elif [[ -z ${given[--context]:-}${given[--kubeconfig]:-} ]]; then
        usage_error "--namespace and --endpoint need --context or --kubeconfig beside them, for a cluster of your own"
    fi
    choose_context
    cluster=$(jq -c --arg namespace "${given[--namespace]:-}" --arg endpoint "${given[--endpoint]:-}" --arg port "${given[--port]:-}" \
        --arg flags " ${settings[*]} " '
        def flag($name): $flags | contains(" \($name) ");
        .namespace = (if $namespace != "" then $namespace else .namespace // "openshell" end)
        | .endpoint = (if $endpoint == "found" then null elif $endpoint != "" then $endpoint else .endpoint end)
        | .forward_port = (if $port != "" then $port | tonumber else .forward_port // 8080 end)
        | .spec.plaintext = (if flag("--plaintext") then true elif flag("--no-plaintext") then false else .spec.plaintext // false end)
        | .spec.disable_gateway_auth = (if flag("--disable-gateway-auth") then true elif flag("--enable-gateway-auth") then false
            else .spec.disable_gateway_auth // false end)' <<<"$cluster")
    [[ ${#sans[@]} -eq 0 ]] || cluster=$(jq -c '.spec.tls_sans = $ARGS.positional' --args "${sans[@]}" <<<"$cluster")
    local document=$cluster
    take namespace=.namespace endpoint=.endpoint forward_port=.forward_port plaintext=.spec.plaintext spec=.spec
    [[ $namespace =~ ^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$ ]] || usage_error "'$namespace' is no name for a namespace"
    [[ -z $endpoint || $endpoint =~ ^https?://[^/:[:space:]]+:[0-9]+$ || $endpoint =~ ^https?://\[[0-9a-f:]+\]:[0-9]+$ ]] ||
        usage_error "--endpoint is https://HOST:PORT, http://HOST:PORT for a server without TLS, or found, not '$endpoint'"
    of_cluster=(--kubeconfig "$kubeconfig" --namespace "$namespace" "${limits[@]}")
    tls=() hopeless=()
    [[ $plaintext == false ]] || tls=(--plaintext)
    take_sans
}

# Others are settings of a container. Sets sans to the names that were given, and checks the port.
require_fitting_settings() {
    local index word
    sans=()
    for ((index = 0; index < ${#settings[@]}; index++)); do
        word=${settings[index]}
        [[ " ${settings_here[*]} " == *" $word "* ]] || usage_error "${word/password/token} is for a gateway in a container, and $gateway is on a cluster"
        if [[ -n ${takes_value[$word]:-} ]]; then
            index=$((index + 1))
            [[ $word != --tls-san ]] || sans+=("${settings[index]}")
        fi
    done
    word=${given[--port]:-1}
    if [[ ! $word =~ ^[0-9]{1,5}$ ]] || ((10#$word < 1 || 10#$word > 65535)); then
        usage_error "--port is a number from 1 to 65535, not '$word'"
    fi
}

# Sets kubeconfig, kubectl_flags and kubectl_called, and names file and context in `cluster`.
choose_context() {
    local files=() file context found
    context=${given[--context]:-$(jq -r '.context // ""' <<<"$cluster")}
    if [[ -n ${given[--kubeconfig]:-} ]]; then
        files=("${given[--kubeconfig]}")
        [[ -n ${given[--context]:-} ]] || context=
    elif [[ $cluster != '{}' ]]; then
        files=("$(jq -r .kubeconfig <<<"$cluster")")
    else
        IFS=: read -ra files <<<"${KUBECONFIG:-$HOME/.kube/config}"
    fi
    for file in "${files[@]}"; do
        [[ -r $file ]] || continue
        found=$(contexts_of "$file") || continue
        # Without a context the file's current one is meant, by name from then on.
        context=${context:-${found%%$'\n'*}}
        [[ -n $context && $'\n'"${found#*$'\n'}"$'\n' == *$'\n'"$context"$'\n'* ]] || continue
        file=$(realpath -- "$file")
        use_kubeconfig "$file"
        kubeconfig_says view --raw --flatten --minify --context "$context" >"$scratch/cluster.yaml" ||
            fail 78 kubeconfig_invalid "context $context of $file is not whole" "$(program_called "$any_kubectl") config view --kubeconfig $file"
        use_kubeconfig "$scratch/cluster.yaml"
        printf -v kubectl_flags -- '--kubeconfig %q --context %q' "$file" "$context"
        kubectl_called="$(program_called "$any_kubectl") $kubectl_flags"
        cluster=$(jq -c --arg file "$file" --arg context "$context" '.kubeconfig = $file | .context = $context' <<<"$cluster")
        return
    done
    fail 78 context_missing "no kubeconfig that can be read has ${context:+context }${context:-a current context}: ${files[*]}" \
        "$(program_called "$any_kubectl") config get-contexts, then $gw $verb --kubeconfig FILE --context NAME"
}

# contexts_of FILE: the current context, then all of them, one a line.
contexts_of() {
    use_kubeconfig "$(realpath -- "$1")"
    kubeconfig_says view --output json | jq -r '."current-context" // "", .contexts[]?.name'
}

# Absence is only what the API server says; an error ends the run.
is_namespace_there() {
    local found
    found=$(kubectl_says get namespace "$namespace" --ignore-not-found --output name) || fail_namespace
    [[ -n $found ]]
}

# namespace_has PATH: what is there.
namespace_has() {
    kubectl_says get namespace "$namespace" --output "jsonpath={$1}"
}

fail_namespace() {
    fail 69 api_unreachable "namespace $namespace could not be read" "$kubectl_called get namespace $namespace"
}

# Kept for runs to come.
keep_cluster() {
    cluster=$(jq -c --arg uid "$namespace_uid" '.namespace_uid = $uid' <<<"$cluster")
    keep_file "$folder/cluster.json" "$cluster"$'\n'
}

# What clients read of the gateway, and that it is the active one.
write_client_files() {
    local file=$folder/metadata.json old new host
    address_of "$endpoint"
    old=$(cat -- "$file" 2>/dev/null) || old='{}'
    new=$(jq --arg name "$gateway" --arg endpoint "$endpoint" --arg host "$host" --argjson port "$port" '
        . + {name: $name, gateway_endpoint: $endpoint, is_remote: ($host | IN("127.0.0.1", "localhost") | not), gateway_port: $port}' <<<"$old")
    [[ $new == "$old" ]] || keep_file "$file" "$new"$'\n'
    [[ $(active_gateway) == "$gateway" ]] || activate "$gateway"
}
