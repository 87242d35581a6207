//! From what is observed to what is done, one situation a line.
//!
//! Columns: the situation in words; the container, the one that was set aside (a state at the id of its network, then what is
//! peculiar to it); the volume; networks of the gateway's name (`*`: another container is on it); what is wanted; what the
//! host has of it; the plan, or the reason for which there is none. The container was made with port 8080, image `i`.

use super::*;

const TABLE: &str = "
nothing at all                                      | -                     | -           | no  | -     | same      | free     | CreateVolume CreateNetwork CreateContainer Start
a network alone                                     | -                     | -           | no  | a     | same      | free     | CreateVolume CreateContainer Start
a volume alone                                      | -                     | -           | yes | -     | same      | free     | CreateNetwork CreateContainer Start
volume and network                                  | -                     | -           | yes | a     | same      | free     | CreateContainer Start
volume and unused networks of concurrent starts     | -                     | -           | yes | a b c | same      | free     | RemoveNetwork RemoveNetwork CreateContainer Start
volume and networks, another container on one       | -                     | -           | yes | a b*  | same      | free     | CreateContainer Start
nothing, a dry run before the image is there        | -                     | -           | no  | -     | same      | to come  | CreateVolume CreateNetwork CreateContainer Start
a volume, its API port taken meanwhile              | -                     | -           | yes | a     | same      | api      | CreateContainer Start
no image was ever named                             | -                     | -           | no  | -     | no image  | no image | image_not_given
a volume, no image was ever named                   | -                     | -           | yes | -     | no image  | no image | image_not_given
Docker does not have the image                      | -                     | -           | no  | -     | same      | no image | image_missing
a volume, Docker does not have its image            | -                     | -           | yes | a     | same      | no image | image_missing
the port is taken at the first start                | -                     | -           | no  | -     | same      | port     | port_taken
the port is taken at a resume from the volume       | -                     | -           | yes | a     | same      | port     | port_taken
the host has no such address                        | -                     | -           | no  | -     | same      | address  | bind_unavailable
every port for the API is taken                     | -                     | -           | no  | -     | same      | apis     | no_api_port
every subnet is in use                              | -                     | -           | no  | -     | same      | subnets  | no_subnet
every subnet is in use, and the network exists      | -                     | -           | yes | a     | same      | subnets  | CreateContainer Start

never started                                       | created@              | -           | yes | a     | same      | free     | Start
never started, its network gone                     | created@              | -           | yes | -     | same      | free     | CreateNetwork Reattach Start
never started, several networks of the name         | created@              | -           | yes | a b   | same      | free     | RemoveNetwork Start
never started, another container on the further one | created@              | -           | yes | a b*  | same      | free     | Reattach Start
never started, attached to nothing                  | created@ unattached   | -           | yes | a     | same      | free     | Reattach Start
never started, another port wanted                  | created@              | -           | yes | a     | port      | free     | SetAside CreateContainer Start RemoveAside
never started, its port taken                       | created@              | -           | yes | a     | same      | port     | port_taken
never started, its API port taken                   | created@              | -           | yes | a     | same      | api      | SetAside CreateContainer Start RemoveAside

running as wanted                                   | running@a             | -           | yes | a     | same      | free     |
running, a further network unused                   | running@a             | -           | yes | a b   | same      | free     | RemoveNetwork
running on the younger of two networks              | running@b             | -           | yes | a b   | same      | free     | RemoveNetwork
running, another container on a further network     | running@a             | -           | yes | a b*  | same      | free     |
running, attached to nothing                        | running@ unattached   | -           | yes | a     | same      | free     | Reattach
running, its network made again                     | running@gone          | -           | yes | a     | same      | free     | Reattach
running, its API port counted as taken              | running@a             | -           | yes | a     | same      | api      |
running, its image gone from Docker                 | running@a             | -           | yes | a     | same      | no image |
running, its label unreadable                       | running@a unreadable  | -           | yes | a     | same      | free     |
another port                                        | running@a             | -           | yes | a     | port      | free     | StopOld SetAside CreateContainer Start RemoveAside
another port, which is taken                        | running@a             | -           | yes | a     | port      | port     | port_taken
another port, the network made again                | running@gone          | -           | yes | a     | port      | free     | StopOld SetAside CreateContainer Start RemoveAside
another port, attached to nothing and no network    | running@ unattached   | -           | yes | -     | port      | free     | StopOld SetAside CreateNetwork CreateContainer Start RemoveAside
another port, no network and every subnet in use    | running@ unattached   | -           | yes | -     | port      | subnets  | no_subnet
another address of the host                         | running@a             | -           | yes | a     | bind      | free     | StopOld SetAside CreateContainer Start RemoveAside
another address, which the host does not have       | running@a             | -           | yes | a     | bind      | address  | bind_unavailable
another gateway host                                | running@a             | -           | yes | a     | host      | free     | StopOld SetAside CreateContainer Start RemoveAside
another name for the certificates                   | running@a             | -           | yes | a     | san       | free     | StopOld SetAside CreateContainer Start RemoveAside
without TLS                                         | running@a             | -           | yes | a     | plaintext | free     | StopOld SetAside CreateContainer Start RemoveAside
without authentication                              | running@a             | -           | yes | a     | no auth   | free     | StopOld SetAside CreateContainer Start RemoveAside
another confinement                                 | running@a             | -           | yes | a     | confine   | free     | StopOld SetAside CreateContainer Start RemoveAside
another registry                                    | running@a             | -           | yes | a     | registry  | free     | StopOld SetAside CreateContainer Start RemoveAside
other credentials of the registry                   | running@a             | -           | yes | a     | token     | free     | StopOld SetAside CreateContainer Start RemoveAside
GPUs                                                | running@a             | -           | yes | a     | gpu       | free     | StopOld SetAside CreateContainer Start RemoveAside
another entry of the hosts file                     | running@a             | -           | yes | a     | hosts     | free     | StopOld SetAside CreateContainer Start RemoveAside
another mount                                       | running@a             | -           | yes | a     | mount     | free     | StopOld SetAside CreateContainer Start RemoveAside
another variable                                    | running@a             | -           | yes | a     | env       | free     | StopOld SetAside CreateContainer Start RemoveAside
another name server                                 | running@a             | -           | yes | a     | dns       | free     | StopOld SetAside CreateContainer Start RemoveAside
another proxy                                       | running@a             | -           | yes | a     | proxy     | free     | StopOld SetAside CreateContainer Start RemoveAside
another argument for k3s                            | running@a             | -           | yes | a     | k3s       | free     | StopOld SetAside CreateContainer Start RemoveAside
the same image is named                             | running@a             | -           | yes | a     | image i   | free     |
another image is named                              | running@a             | -           | yes | a     | image o   | free     | StopOld SetAside CreateContainer Start RemoveAside
its name means another image by now, and is named   | running@a old         | -           | yes | a     | image i   | free     | StopOld SetAside CreateContainer Start RemoveAside
its name means another image by now, nobody says it | running@a old         | -           | yes | a     | same      | free     |
another image is named that Docker does not have    | running@a             | -           | yes | a     | image o   | no image | image_missing
another image is named, a dry run before it is there| running@a             | -           | yes | a     | image o   | to come  | StopOld SetAside CreateContainer Start RemoveAside

paused                                              | paused@a              | -           | yes | a     | same      | free     | Unpause
paused, attached to nothing                         | paused@ unattached    | -           | yes | a     | same      | free     | Reattach Unpause
paused, a further network unused                    | paused@a              | -           | yes | a b   | same      | free     | RemoveNetwork Unpause
paused, another port wanted                         | paused@a              | -           | yes | a     | port      | free     | StopOld SetAside CreateContainer Start RemoveAside
Docker starts it again and again                    | restarting@a          | -           | yes | a     | same      | free     |
the same, and its network is gone                   | restarting@gone       | -           | yes | -     | same      | free     | CreateNetwork Reattach
the same, another image is named                    | restarting@a          | -           | yes | a     | image o   | free     | StopOld SetAside CreateContainer Start RemoveAside

stopped                                             | exited@a              | -           | yes | a     | same      | free     | Start
stopped, its network gone                           | exited@gone           | -           | yes | -     | same      | free     | CreateNetwork Reattach Start
stopped, its network made again                     | exited@gone           | -           | yes | a     | same      | free     | Reattach Start
stopped, its network made again several times       | exited@gone           | -           | yes | a b   | same      | free     | RemoveNetwork Reattach Start
stopped, its network one of several                 | exited@b              | -           | yes | a b   | same      | free     | RemoveNetwork Start
stopped, attached to nothing                        | exited@ unattached    | -           | yes | a     | same      | free     | Reattach Start
stopped, its network gone and every subnet in use   | exited@gone           | -           | yes | -     | same      | subnets  | no_subnet
stopped, its port taken meanwhile                   | exited@a              | -           | yes | a     | same      | port     | port_taken
stopped, its address gone from the host             | exited@a              | -           | yes | a     | same      | address  | bind_unavailable
stopped, its API port taken meanwhile               | exited@a              | -           | yes | a     | same      | api      | SetAside CreateContainer Start RemoveAside
stopped, its API port taken and no other free       | exited@a              | -           | yes | a     | same      | apis     | no_api_port
stopped, its image gone from Docker                 | exited@a              | -           | yes | a     | same      | no image | Start
stopped, its image gone, and the same is named      | exited@a              | -           | yes | a     | image i   | no image | Start
stopped, its image gone and another port wanted     | exited@a              | -           | yes | a     | port      | no image | image_missing
stopped, another port wanted                        | exited@a              | -           | yes | a     | port      | free     | SetAside CreateContainer Start RemoveAside
stopped, another image is named                     | exited@a              | -           | yes | a     | image o   | free     | SetAside CreateContainer Start RemoveAside
dead                                                | dead@a                | -           | yes | a     | same      | free     | RemoveDead CreateContainer Start
dead, its network gone                              | dead@gone             | -           | yes | -     | same      | free     | RemoveDead CreateNetwork CreateContainer Start
dead, its image gone from Docker                    | dead@a                | -           | yes | a     | same      | no image | image_missing
dead, its port taken                                | dead@a                | -           | yes | a     | same      | port     | port_taken
Docker is removing it                               | removing@a            | -           | yes | a     | same      | free     | docker_conflict

without the gateway's volume                        | running@a no-volume   | -           | yes | a     | same      | free     | foreign_container
of another gateway, by its label                    | exited@a of-another   | -           | yes | a     | same      | free     | foreign_container
of another tool, running                            | running@a adopted     | -           | yes | a     | same      | free     |
of another tool, running on a network of its own    | running@own adopted   | -           | yes | -     | same      | free     |
of another tool, running, the API not published     | running@a adopted no-api | -        | yes | a     | same      | api      |
of another tool, stopped                            | exited@a adopted      | -           | yes | a     | same      | free     | Start
of another tool, stopped, on a network of its own   | exited@own adopted    | -           | yes | -     | same      | free     | Start
of another tool, stopped, the API not published     | exited@a adopted no-api | -         | yes | a     | same      | api      | Start
of another tool, stopped, its network made again    | exited@gone adopted   | -           | yes | a     | same      | free     | Reattach Start
of another tool, another port wanted                | running@a adopted     | -           | yes | a     | port      | free     | StopOld SetAside CreateContainer Start RemoveAside
of another tool, another port, no API published     | exited@a adopted no-api | -         | yes | a     | port      | free     | SetAside CreateContainer Start RemoveAside

killed after it was set aside                       | -                     | exited@a    | yes | a     | same      | free     | RestoreAside Start
set aside while it runs                             | -                     | running@a   | yes | a     | same      | free     | RestoreAside
set aside, its network gone                         | -                     | exited@gone | yes | -     | same      | free     | RestoreAside CreateNetwork Reattach Start
set aside, another port wanted                      | -                     | exited@a    | yes | a     | port      | free     | RestoreAside SetAside CreateContainer Start RemoveAside
set aside and dead                                  | -                     | dead@a      | yes | a     | same      | free     | RestoreAside RemoveDead CreateContainer Start
set aside, and a stranger                           | -                     | exited@a no-volume | yes | a | same   | free     | foreign_container
killed after its successor was made                 | created@              | exited@a    | yes | a     | same      | free     | Start RemoveAside
killed after its successor was started              | running@a             | exited@a    | yes | a     | same      | free     | RemoveAside
the same, the former one alone on a further network | running@a             | exited@b    | yes | a b   | same      | free     | RemoveAside RemoveNetwork
the successor differs, too                          | exited@a              | exited@a    | yes | a     | port      | free     | RemoveAside SetAside CreateContainer Start RemoveAside
the successor is dead                               | dead@a                | exited@a    | yes | a     | same      | free     | RemoveDead CreateContainer Start RemoveAside
";

#[test]
fn each_situation_has_its_plan() {
    let mut seen = std::collections::HashMap::new();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [case, container, aside, volume, networks, wanted, host, expected] = cells[..] else {
            panic!("a line has eight columns: {line}");
        };
        if let Some(former) = seen.insert(cells[1..7].to_vec(), case) {
            panic!("'{former}' and '{case}' are one situation");
        }
        let facts = facts_of(container, aside, volume, networks);
        let (ports, image, to_come, subnet) = host_of(host, wanted);
        let planned = plan(&Situation {
            gateway: &gateway(),
            facts: &facts,
            wanted: &wanted_of(wanted, &facts),
            node_name: "n",
            image: image.as_ref(),
            image_to_come: to_come,
            ports: &ports,
            subnet,
        });
        match planned {
            Ok(plan) => {
                assert_eq!(words(&plan).join(" "), expected, "{case}");
                assert_eq!(plan.spec.node_name, "n", "{case}");
                if makes_container(&plan) && !ports.api_kept {
                    assert_eq!(plan.spec.api_port, Some(16500), "{case}");
                }
            }
            Err(failure) => {
                assert_eq!(failure.reason, expected, "{case}");
                let code = match expected {
                    "image_not_given" => 78,
                    "docker_conflict" => 75,
                    _ => 1,
                };
                assert_eq!(failure.exit.code(), code, "{case}");
            }
        }
    }
    assert!(seen.len() >= 100, "{}", seen.len());
}

fn facts_of(container: &str, aside: &str, volume: &str, networks: &str) -> Facts {
    let ids: Vec<&str> = networks.split_whitespace().filter(|id| *id != "-").collect();
    let plain: Vec<&str> = ids.iter().map(|id| id.trim_end_matches('*')).collect();
    let mut found = facts(container_of(container), volume == "yes", &plain);
    found.aside = container_of(aside);
    let others = ids.iter().filter_map(|id| id.strip_suffix('*'));
    found.neighbours = others
        .map(|id| Neighbour {
            name: "other".into(),
            networks: vec![id.into()],
            published: Vec::new(),
            reserved: Vec::new(),
        })
        .collect();
    found
}

/// `STATE@NETWORK PECULIARITY...`
fn container_of(text: &str) -> Option<Container> {
    let mut words = text.split_whitespace();
    let (state, network) = words.next()?.split_once('@')?;
    let status = match state {
        "created" => Status::Created,
        "running" => Status::Running,
        "paused" => Status::Paused,
        "restarting" => Status::Restarting,
        "removing" => Status::Removing,
        "exited" => Status::Exited,
        "dead" => Status::Dead,
        _ => panic!("there is no state {state}"),
    };
    let mut made = container(status, network);
    if network == "own" {
        made.attachments[0].name = "own".into();
    }
    for word in words {
        match word {
            "unattached" => made.attachments.clear(),
            "old" => made.image_id = "sha256:old".into(),
            "unreadable" => made.spec = Some(Err("no JSON".into())),
            "adopted" => (made.label, made.spec) = (None, None),
            "no-api" => made.api_port = None,
            "no-volume" => made.volume = None,
            "of-another" => made.label = Some("another".into()),
            _ => panic!("there is nothing peculiar like {word}"),
        }
    }
    Some(made)
}

/// What is wanted, beginning with what the container was made from.
fn wanted_of(text: &str, facts: &Facts) -> Wanted {
    let mut spec = facts
        .present()
        .map_or_else(|| spec(8080), Container::effective_spec);
    let mut image_named = false;
    let one = |text: &str| vec![text.to_owned()];
    match text {
        "same" => {}
        "no image" => spec.image.clear(),
        "port" => spec.port = 9000,
        "bind" => spec.bind = "192.0.2.7".parse().unwrap(),
        "host" => spec.gateway_host = Some("far".into()),
        "san" => spec.tls_sans = one("far"),
        "plaintext" => spec.plaintext = true,
        "no auth" => spec.disable_gateway_auth = true,
        "confine" => spec.confinement = Confinement::Privileged,
        "registry" => spec.registry.host = Some("r.example".into()),
        "token" => spec.registry.credentials = Some("hmac-sha256:1".into()),
        "gpu" => spec.gpu = true,
        "hosts" => spec.extra_hosts = one("db:192.0.2.1"),
        "mount" => spec.mounts = one("/a:/b"),
        "env" => spec.environment = one("A=b"),
        "dns" => spec.dns = vec!["192.0.2.53".parse().unwrap()],
        "proxy" => spec.proxies.http = Some("http://proxy.example".into()),
        "k3s" => spec.k3s_args = one("--flannel-backend=host-gw"),
        image => {
            spec.image = image.strip_prefix("image ").expect("a wish").into();
            image_named = true;
        }
    }
    Wanted { spec, image_named }
}

/// What the host has of it: ports, image (is it to come?), subnet.
fn host_of(text: &str, wanted: &str) -> (Ports, Option<Image>, bool, Option<Subnet>) {
    let mut ports = free();
    let mut found = Some(image(wanted.strip_prefix("image ").unwrap_or("i")));
    let mut subnet = Some((Ipv4Addr::new(10, 87, 9, 0), 24));
    match text {
        "free" => {}
        "port" => ports.gateway = Use::Taken("process 1 (x)".into()),
        "address" => ports.gateway = Use::NoSuchAddress,
        "api" => ports.api_kept = false,
        "apis" => (ports.api_kept, ports.api_fresh) = (false, None),
        "subnets" => subnet = None,
        "no image" | "to come" => found = None,
        _ => panic!("no host is like {text}"),
    }
    (ports, found, text == "to come", subnet)
}
