# The release of a gateway's server: which chart, with which values. What somebody chose is kept with the gateway, in one file, and
# the driver deploys it by helm; where nobody chose, the cluster image deploys its own chart. Sourced by scripts/openshell.
# shellcheck shell=bash

# What is kept, as files of this run: source (bundled, checkout, or what --chart named), chart/, values/, set.json, images.json.
kept=
# The chart and the files of values that are deployed, and a hash of them.
chart=
values_words=()
fingerprint=
# What the tools must know of it.
handshake=true
of_workload=()
server_kind=statefulset/openshell
service_name=openshell

# Does the driver deploy it?
is_release_ours() {
    is_release_given || [[ -e $folder/release.tar ]]
}

open_release() {
    make_scratch
    kept=$scratch/kept
    mkdir -p -- "$kept/values"
    [[ ! -e $folder/release.tar ]] || tar --extract --file "$folder/release.tar" --directory "$kept"
    [[ -e $kept/source ]] || printf 'bundled\n' >"$kept/source"
    # Images that were loaded into the node are on its volume: neither a new one nor one from a backup has them.
    if [[ $(<"$kept/source") == checkout ]] && [[ $state == absent || $verb == restore ]]; then
        return_to_bundled
    fi
}

return_to_bundled() {
    rm -rf -- "$kept/chart" "$kept/images.json"
    printf 'bundled\n' >"$kept/source"
}

# Kept for runs to come: in one file, so that it is the old one or the new one whenever this run ends.
save_release() {
    local new
    new=$(mktemp "$folder/.release.XXXXXX")
    tar --create --file "$new" --directory "$kept" .
    mv -f -- "$new" "$folder/release.tar"
}

# Each of the three flags replaces what was kept of its kind.
choose_release() {
    local file count=0
    case ${given[--chart]:-} in
    '') ;;
    bundled)
        rm -rf -- "$kept"
        mkdir -p -- "$kept/values"
        return_to_bundled
        ;;
    *) take_chart "${given[--chart]}" ;;
    esac
    if [[ ${#values_given[@]} -gt 0 ]]; then
        rm -rf -- "$kept/values"
        mkdir -p -- "$kept/values"
        for file in "${values_given[@]}"; do
            count=$((count + 1))
            cat -- "$file" >"$kept/values/$(printf '%03d' "$count").yaml" 2>/dev/null ||
                fail 2 usage "--values: $file cannot be read" "ls -l $file"
        done
    fi
    [[ ${#sets_given[@]} -eq 0 ]] || take_sets
    [[ ! -e $kept/set.json ]] || require_whole_lists
}

# The words go to jq by a pipe: values may be secrets, and everybody sees a process's words.
take_sets() {
    local said
    if ! said=$(printf '%s\0' "${sets_given[@]}" | jq -Rs -f "$root/scripts/lib/set-values.jq" 2>&1 >"$kept/set.json"); then
        rm -f -- "$kept/set.json"
        fail 2 usage "--set: ${said#jq: error (at <stdin>:0): }" "$gw help $verb"
    fi
}

# helm puts a member of a list into the list of a file; a file over a file replaces the list.
require_whole_lists() {
    local file
    for file in "$kept"/values/*; do
        [[ -e $file && " ${sets_given[*]} " == *'['*']'*=* ]] || continue
        fail 2 usage "--set of a member of a list, with --values beside it, would replace the file's whole list" "write the list into the file"
    done
}

# take_chart CHART: a copy of it becomes the chart that is kept.
take_chart() {
    local named=$1 archive=
    rm -rf -- "$kept/chart" "$kept/images.json"
    mkdir -p -- "$kept/chart"
    case $named in
    oci://*)
        pull_chart "$named"
        for archive in "$scratch"/pulled/*.tgz; do :; done
        ;;
    *) [[ ! -f $named ]] || archive=$named ;;
    esac
    if [[ -n $archive ]]; then
        tar --extract --gzip --file "$archive" --directory "$kept/chart" --strip-components 1 2>/dev/null ||
            fail 2 usage "--chart: $named is no archive of a chart" "name a folder, or what helm package made"
    elif [[ -d $named ]]; then
        cp -RL -- "$named/." "$kept/chart"
    else
        fail 2 usage "--chart: there is no folder or archive $named" "name a folder, an archive, oci://REFERENCE or bundled"
    fi
    [[ -f $kept/chart/Chart.yaml ]] || fail 2 usage "--chart: $named holds no chart: there is no Chart.yaml in it" "name the folder that has it"
    printf '%s\n' "$named" >"$kept/source"
}

# As Docker does it: a registry of this machine may speak plain HTTP.
pull_chart() {
    local plain=() code=0 command
    [[ ! $1 =~ ^oci://(localhost|127\.[0-9.]+)[:/] ]] || plain=(--plain-http)
    mkdir -p -- "$scratch/pulled"
    helm_alone pull "$1" --destination "$scratch/pulled" "${plain[@]}"
    spawn pull "${command[@]}"
    await pull || code=$?
    [[ $code -eq 0 ]] || fail 1 chart_pull_failed "the chart $1 could not be pulled" "$(program_called "$helm") pull $1, once what helm says above is solved"
}

# Sets chart, values_words and fingerprint. The container must be known, for the chart that comes with its image.
resolve_release() {
    local images=$kept/images.json file
    chart=$kept/chart
    case $(<"$kept/source") in
    bundled)
        copy_bundled
        chart=$scratch/bundled/openshell
        images=$scratch/bundled/values.json
        ;;
    checkout) ;;
    *) images= ;;
    esac
    if [[ -n $images ]]; then
        # What the image itself reads of its environment.
        jq -s --argjson spec "$spec" '.[0] * {server: ({disableTls: $spec.plaintext, disableGatewayAuth: $spec.disable_gateway_auth,
            sshGateway: ([{port: $spec.port}, {host: $spec.gateway_host} | select(.[] != null)] | add // {})})}
            * if $spec.registry.pull_policy then {image: {pullPolicy: $spec.registry.pull_policy}} else {} end' "$images" >"$scratch/base.json"
    else
        printf '{}\n' >"$scratch/base.json"
    fi
    values_words=(--values "$scratch/base.json")
    for file in "$kept"/values/* "$kept/set.json"; do
        [[ ! -e $file ]] || values_words+=(--values "$file")
    done
    fingerprint=$(release_hash)
}

# The chart of the cluster image, and the values that name the images beside it. An existing cluster gets the chart that came with
# this driver, and decides itself how it is reached.
copy_bundled() {
    [[ ! -e $scratch/bundled ]] || return 0
    if [[ -n $cluster ]]; then
        mkdir -- "$scratch/bundled"
        cp -R -- "$root/helm/openshell" "$scratch/bundled/openshell"
        printf '{"service": {"type": "ClusterIP", "nodePort": null}}\n' >"$scratch/bundled/values.json"
        return
    fi
    require_needs docker
    ssh_key_for_docker
    docker cp "openshell-cluster-$gateway:/opt/openshell/chart" "$scratch/bundled" >/dev/null 2>&1 ||
        fail 1 no_chart "the image of gateway $gateway brings no chart" "$gw $verb --chart CHART"
}

release_hash() {
    {
        (cd -- "$chart" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
        (cd -- "$scratch" && sha256sum base.json && find kept -type f \( -path 'kept/values/*' -o -path kept/set.json \) -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum)
    } | sha256sum | cut -c 1-16
}

# Sets handshake, of_workload, server_kind and sans: by the chart's objects as they would be deployed, unless that is known already.
understand_release() {
    local facts command code=0
    resolve_release
    case $(<"$kept/source") in
    bundled | checkout) return ;;
    esac
    facts=$(jq -c --arg release "$fingerprint" 'select(.facts_of == $release) | .facts' <<<"$deployment")
    if [[ -z $facts ]]; then
        helm_words template openshell "$chart" --namespace "$namespace" "${values_words[@]}"
        spawn objects "${command[@]}"
        await objects || code=$?
        [[ $code -eq 0 ]] || fail 1 chart_invalid "the chart $(<"$kept/source") cannot be rendered with these values" "$gw $verb with others, once what helm says above is solved"
        # What kubectl does not know is no workload.
        facts=$({ kubectl_says create --dry-run=client --validate=false --output json --filename "$scratch/objects" 2>/dev/null || true; } |
            jq -cs --arg namespace "$namespace" -f "$root/scripts/lib/release-facts.jq")
        set_deployment '.facts = $facts | .facts_of = $release' --argjson facts "$facts" --arg release "$fingerprint"
    fi
    jq -e .workload <<<"$facts" >/dev/null ||
        fail 1 no_workload "the chart $(<"$kept/source") has neither a StatefulSet nor a Deployment" "$gw start --chart, with the chart of a gateway server"
    [[ -n $cluster ]] || jq -e .node_port <<<"$facts" >/dev/null ||
        fail 78 no_node_port "no Service of the chart $(<"$kept/source") has node port 30051, which the container publishes" \
            "set the Service's type to NodePort and its port to 30051, as that chart has it: with --set or --values"
    take_facts "$facts"
}
