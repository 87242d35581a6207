# From sources that changed to a gateway that runs them. Sourced by scripts/openshell.
# shellcheck shell=bash

# Parts of a deployment: what each is made from here, and from what it was made that runs.
declare -gA part_is=() part_was=() part_left=()
due=()
# From what the chart was made that came with the container's image.
chart_of_image=

require_running_container() {
    take container_id=.container.id spec=.spec
    case $state in
    absent | volume_only | stopped)
        fail 1 not_running "gateway $gateway does not run" "$gw start --gateway $gateway"
        ;;
    esac
}

# Sets due, part_is and part_was. A container whose deployment is not known runs what its image was made from, apart from a release
# that this driver deployed.
plan_deploy() {
    local part parts=(gateway supervisor chart) labels fingerprint=
    # shellcheck source=images/lib/inputs.sh
    source "$root/images/lib/inputs.sh"
    [[ $1 == all ]] || parts=("$1")
    read_parts "$container_id"
    recall_deployed "$container_id"
    labels=$(docker inspect --format '{{json .Config.Labels}}' "$container_id")
    chart_of_image=$(jq -r '."dev.openshell.inputs.chart" // empty' <<<"$labels")
    name_choice
    ! is_chart_in_registry || choose_helm
    check_choice
    due=()
    for part in "${parts[@]}"; do
        part_left[$part]=$(part_of_others "$part" "$release_source" "$labels")
        if [[ -n ${part_left[$part]} ]]; then
            continue
        fi
        part_was[$part]=$(part_running "$part" "$release_source" "$labels")
        if [[ $part == chart && $release_source != bundled && $release_source != checkout ]]; then
            choose_helm
            understand_release "$container_id"
            take fingerprint=.fingerprint
            part_is[chart]=$fingerprint part_was[chart]=$release_deployed
        else
            part_is[$part]=$(part_hash "$part")
        fi
        # A release that is the driver's, and whose last run did not end well, is made again.
        if [[ $part == chart && -e $folder/release.tar && -z $release_deployed ]]; then
            part_was[chart]=
        fi
        if [[ ${part_is[$part]} != "${part_was[$part]}" ]] || { [[ $part == chart ]] && is_release_given; }; then
            due+=("$part")
        fi
    done
    [[ $1 == all || -z ${part_left[$1]} ]] || fail 1 not_deployable "the $1 is not deployed from here: ${part_left[$1]}" "$gw help deploy"
}

# part_of_others PART SOURCE LABELS: why it is not deployed from this checkout; nothing where it is.
part_of_others() {
    local is_ours
    is_ours=$(jq -r '."dev.openshell.image" == "cluster"' <<<"$3")
    if [[ $installed == true && $1 != chart && $is_ours == true ]]; then
        printf "its sources are in the checkout that this driver was installed from"
        return
    fi
    case $1:$2:$is_ours in
    chart:bundled:false) printf "the image brings its own, and --chart chooses another" ;;
    chart:* | *:bundled:true | *:checkout:true | supervisor:*:true) ;;
    gateway:*:true) printf "the chart names the server's image" ;;
    *) printf "the image brings its own" ;;
    esac
}

# part_running PART SOURCE LABELS
part_running() {
    local known
    known=$(jq -r --arg part "$1" '.[$part] // empty' <<<"$parts_deployed")
    if [[ -z $known ]] && [[ $1 == supervisor || $2 == bundled ]]; then
        known=$(jq -r --arg name "dev.openshell.inputs.$1" '.[$name] // empty' <<<"$3")
    fi
    printf '%s' "$known"
}

tell_deploy_plan() {
    tell_parts "the plan"
    step_documents+=("$(printf '%s\n' "${due[@]}" | jq -R . | jq -cs '{name: "plan", duration_ms: 0, document: {schema: 1, tool: "openshell",
        changed: false, dry_run: true, actions: map({verb: "deploy", object: ., reason: "it differs from what runs"})}}')")
}

# tell_parts HEADING: a line for each part.
tell_parts() {
    local part line
    declare -A doing=([gateway]="build the images of server and controller, load them into the node, roll them out" [supervisor]="build it, copy it onto the node"
        [chart]="upgrade the release by helm")
    say "gateway $gateway: $1"
    for part in gateway supervisor chart; do
        if [[ " ${due[*]} " == *" $part "* ]]; then
            line="changed: ${doing[$part]}"
            [[ -n ${part_was[$part]} ]] || line="not known of this container: ${doing[$part]}"
        elif [[ -n ${part_left[$part]:-} ]]; then
            line=${part_left[$part]}
        elif [[ -n ${part_is[$part]:-} ]]; then
            line="as it runs"
        else
            continue
        fi
        say "$(printf '  %-13s %s' "$part" "$line")"
    done
}

is_due() {
    [[ " ${due[*]} " == *" $1 "* ]]
}

deploy_parts() {
    local part
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
        choose_helm
        name_choice
        change_release
        understand_release "$container_id"
        ensure_secrets --restart
        deploy_release
    fi
    step grpc gw-wait grpc --address "$address" "${published[@]}" "${tls[@]}" "${of_cluster[@]}" "${hopeless[@]}"
    tell_sandboxes --since "$started_at"
    for part in "${due[@]}"; do
        set_part "$part" "${part_is[$part]}"
    done
}

# read_parts CONTAINER: sets parts_deployed, the hashes of what was deployed from here to this very container. Another one may have anything.
read_parts() {
    local file
    for file in parts.json deployment.json; do
        parts_deployed=$(jq -c --arg container "$1" 'select(.container == $container) | .parts // {}' "$folder/$file" 2>/dev/null) || continue
        [[ -z $parts_deployed ]] || return 0
    done
    parts_deployed='{}'
}

# set_part PART HASH: changes it, and keeps it.
set_part() {
    parts_deployed=$(jq -c --arg part "$1" --arg hash "$2" '.[$part] = $hash' <<<"$parts_deployed")
    keep_file "$folder/parts.json" "$(jq -cn --arg container "$container_id" --argjson parts "$parts_deployed" '{container: $container, parts: $parts}')"$'\n'
}

compile_parts() {
    local part
    require_needs compile
    compile_programs --force
    for part in gateway supervisor; do
        [[ -z ${part_is[$part]:-} || $(part_hash "$part") == "${part_is[$part]}" ]] ||
            fail 1 sources_changed "sources changed while they were built" "$gw deploy --gateway $gateway"
    done
}

# Sets aside what is here, for gw-release to keep it in place of what came with the image.
change_release() {
    [[ $release_source == bundled || $release_source == checkout ]] || return 0
    mkdir -p -- "$scratch/checkout"
    [[ $release_source == checkout ]] || set_part chart "$chart_of_image"
    ! is_due gateway || deploy_images
    ! is_due chart || ln -sfn -- "$root/helm/openshell" "$scratch/checkout/openshell"
    choice+=(--checkout "$scratch/checkout")
}

# Builds the images of server, controller and sandboxes, and gives the node those that it does not have. Their tags are their content's.
deploy_images() {
    local begun now work=$scratch/images name tag archive loaded=() images=()
    clock
    begun=$now
    mkdir -p -- "$work/archives"
    # shellcheck source=images/lib/pod-images.sh
    source "$root/images/lib/pod-images.sh"
    (
        umask 022
        server_images "$programs" "$work/archives"
    )
    for name in reference-server reference-controller sandbox; do
        tag=$(<"$work/$name.tag")
        images+=("openshell/$name:$tag")
        docker image inspect "openshell/$name:$tag" >/dev/null 2>&1 || {
            archive=$work/archives/$name@$tag.tar
            docker load --quiet --input "$archive" >/dev/null || fail 1 image_load_failed "Docker does not take $archive" "docker info"
            loaded+=("openshell/$name:$tag")
        }
    done
    clock
    tell_step images "${images[0]}" "$((now - begun))"
    step load gw-node load "${images[@]}" "${of_gateway[@]}" "${locked[@]}"
    [[ ${#loaded[@]} -eq 0 ]] || docker rmi "${loaded[@]}" >/dev/null
    image_values >"$scratch/checkout/values.json"
}
