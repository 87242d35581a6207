# From sources that changed to a gateway that runs them. Sourced by scripts/openshell.
# shellcheck shell=bash

# What each part of a gateway is made from here, and the parts that are to be deployed.
declare -gA part_is=()
due=()
# Are there parts that are not deployed from here?
are_left=false
# From what the chart was made that came with the container's image, where that one runs.
chart_of_image=

require_running_container() {
    take container_id=.container.id spec=.spec
    [[ ! $state =~ ^(absent|volume_only|stopped)$ ]] ||
        fail 1 not_running "gateway $gateway does not run" "$gw start --gateway $gateway"
}

# plan_deploy PART|all: sets due, part_is, and `document` to what gw-node tells of the parts.
plan_deploy() {
    local wanted=$1 part words=() left names
    source "$root/images/lib/inputs.sh"
    recall_deployed "$container_id"
    name_choice
    ! is_chart_in_registry || choose_helm
    check_choice
    for part in gateway supervisor chart; do
        # The sources of an installed driver's programs are elsewhere.
        [[ $installed == true && $part != chart ]] || part_is[$part]=$(part_hash "$part")
    done
    case $release_source in
    bundled | checkout) words=(--release "$release_source") ;;
    *)
        if [[ $wanted == all || $wanted == chart ]]; then
            choose_helm
            understand_release "$container_id"
            take 'part_is[chart]=.fingerprint'
        fi
        words=(--release chosen ${release_deployed:+--released "$release_deployed"})
        ;;
    esac
    # A release whose last run did not end well is made again.
    ! is_release_given && [[ -n $release_deployed || ! -e $folder/release.tar ]] || words+=(--again chart)
    [[ $installed == false ]] || words+=(--installed)
    for part in "${!part_is[@]}"; do
        words+=(--source "$part=${part_is[$part]}")
    done
    quiet_step parts gw-node parts "${words[@]}" "${of_gateway[@]}"
    take chart_of_image='.parts[] | select(.part == "chart") | .runs'
    document=$(jq -c --arg wanted "$wanted" '.parts |= map(select($wanted == "all" or .part == $wanted))' <<<"$document")
    take are_left='[.parts[].left] | any' names='[.parts[] | select(.is_due) | .part] | join(" ")' left='.parts | if length == 1 then .[0].left else null end'
    read -ra due <<<"$names"
    [[ -z $left ]] || fail 1 not_deployable "the $wanted is not deployed from here: $left" "$gw help deploy"
}

# tell_parts HEADING: a line for each part.
tell_parts() {
    local name summary
    say "gateway $gateway: $1"
    while IFS=$'\t' read -r name summary; do
        say "$(printf '  %-13s %s' "$name" "$summary")"
    done < <(jq -r '.parts[] | [.part, .summary] | @tsv' <<<"$document")
}

tell_deploy_plan() {
    tell_parts "the plan"
    document=$(jq -c '{schema: 1, tool: "openshell", changed: false, dry_run: true,
        actions: [.parts[] | select(.is_due) | {verb: "deploy", object: .part, reason: "it differs from what runs"}]}' <<<"$document")
    keep_step plan 0
}

is_due() {
    [[ " ${due[*]} " == *" $1 "* ]]
}

deploy_parts() {
    local part words=()
    ! is_due gateway && ! is_due chart || choose_helm
    if is_due gateway || is_due supervisor; then
        compile_parts
    fi
    step container gw-container ensure "${of_gateway[@]}" "${locked[@]}"
    read_container
    step api gw-wait api "${of_cluster[@]}" "${hopeless[@]}"
    if is_due supervisor; then
        step supervisor gw-node copy "$programs/openshell-sandbox" /opt/openshell/bin/openshell-sandbox --mode 755 "${of_gateway[@]}" "${locked[@]}"
    fi
    if is_due gateway || is_due chart; then
        name_choice
        change_release
        understand_release "$container_id"
        ensure_secrets --restart
        deploy_release
    fi
    step grpc gw-wait grpc --address "$address" "${published[@]}" "${tls[@]}" "${of_cluster[@]}" "${hopeless[@]}"
    tell_sandboxes "${since[@]}"
    for part in "${due[@]}"; do
        words+=(--keep "$part=${part_is[$part]}")
    done
    # A checkout whose images and chart are those of the cluster image leaves the release as it is.
    name_choice
    check_choice
    [[ $release_source == bundled || $release_source == checkout ]] || release_source=chosen
    quiet_step parts gw-node parts "${words[@]}" --release "$release_source" "${of_gateway[@]}" "${locked[@]}"
}

compile_parts() {
    local part
    require_needs compile
    compile_programs reference-server reference-controller openshell-sandbox
    for part in gateway supervisor; do
        [[ $(part_hash "$part") == "${part_is[$part]}" ]] ||
            fail 1 sources_changed "sources changed while they were built" "$gw deploy --gateway $gateway"
    done
}

# Sets aside what is here, for gw-release to keep it in place of what came with the image.
change_release() {
    [[ $release_source == bundled || $release_source == checkout ]] || return 0
    mkdir -p -- "$scratch/checkout"
    [[ $release_source == checkout || -z $chart_of_image ]] || quiet_step parts gw-node parts --keep "chart=$chart_of_image" --release checkout "${of_gateway[@]}" "${locked[@]}"
    ! is_due gateway || deploy_images
    ! is_due chart || ln -sfn -- "$root/helm/openshell" "$scratch/checkout/openshell"
    choice+=(--checkout "$scratch/checkout")
}

# Builds the images of server, controller and sandboxes, and gives the node those that it does not have. Their tags are their content's.
deploy_images() {
    local now images loaded folder=$scratch/checkout
    spawn images "$root/images/build" --quiet --server-images "$folder"
    await images || fail 1 image_build_failed "the server's images could not be built" "see the lines above, then $gw deploy again"
    clock
    mapfile -t images <"$folder/images"
    mapfile -t loaded <"$folder/loaded"
    tell_step images "${images[0]}" "$((now - begun_at[images]))"
    step load gw-node load "${images[@]}" "${of_gateway[@]}" "${locked[@]}"
    [[ ${#loaded[@]} -eq 0 ]] || docker rmi "${loaded[@]}" >/dev/null
}
