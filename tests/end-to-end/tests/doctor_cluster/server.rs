//! Faults of the gateway server, its Secrets and its sandboxes.

use std::process::Command;

use end_to_end::{Ended, until};

use crate::scene::{Fault, Heal, Scene};

pub fn faults() -> Vec<Fault> {
    vec![
        Fault {
            cause: "image_pull_back_off",
            object: "pod openshell-0",
            inject: |scene| {
                scene.inside(
                    "kubectl -n openshell get statefulset openshell -o jsonpath='{.spec.template.spec.containers[0].image}' >/tmp/image
                     kubectl -n openshell set image statefulset/openshell openshell=127.0.0.1:1/none:1",
                );
                new_pod(scene);
                waits_for(scene, "ImagePullBackOff\\|ErrImagePull");
            },
            heal: Heal::ByHand(|scene| {
                scene.inside(
                    "kubectl -n openshell set image statefulset/openshell openshell=$(cat /tmp/image)",
                );
                new_pod(scene);
            }),
            is_slow: false,
        },
        Fault {
            cause: "secret_missing",
            object: "secret openshell/openshell-ssh-handshake",
            inject: |scene| {
                keep(scene, "openshell-ssh-handshake");
                scene.inside("kubectl -n openshell delete secret openshell-ssh-handshake");
                new_pod(scene);
                waits_for(scene, "CreateContainerConfigError");
            },
            heal: Heal::ByHand(|scene| {
                give_back(scene, "openshell-ssh-handshake");
                new_pod(scene);
            }),
            is_slow: false,
        },
        Fault {
            cause: "secret_invalid",
            object: "secret openshell/openshell-ssh-handshake",
            inject: |scene| {
                keep(scene, "openshell-ssh-handshake");
                scene.inside(r#"kubectl -n openshell patch secret openshell-ssh-handshake --type merge -p '{"stringData":{"secret":"short"}}'"#);
                new_pod(scene);
                waits_for(scene, "CrashLoopBackOff");
            },
            heal: Heal::ByHand(|scene| {
                scene.inside("kubectl -n openshell delete secret openshell-ssh-handshake");
                give_back(scene, "openshell-ssh-handshake");
                new_pod(scene);
            }),
            is_slow: true,
        },
        Fault {
            cause: "handshake_differs",
            object: "sandbox odd",
            inject: |scene| {
                let other = "0123456789abcdef".repeat(4);
                let run = "kubectl -n openshell run odd --image openshell/pause:1 --labels openshell.ai/managed-by=openshell";
                scene.inside(&format!("{run} --env OPENSHELL_SSH_HANDSHAKE_SECRET={other}"));
            },
            heal: Heal::ByHand(|scene| {
                scene.inside("kubectl -n openshell delete pod odd --grace-period 0 --force");
            }),
            is_slow: false,
        },
        Fault {
            cause: "server_certificate_expired",
            object: "secret openshell/openshell-server-tls",
            inject: expired_certificate,
            heal: Heal::ByAdvice,
            is_slow: false,
        },
    ]
}

/// Waits until the server's container waits for one of these reasons.
fn waits_for(scene: &Scene, reasons: &str) {
    let reason = "kubectl -n openshell get pod openshell-0 -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'";
    scene.awaits(reasons, &format!("{reason} | grep -q '{reasons}'"));
}

/// A pod that never became ready is not replaced by itself.
fn new_pod(scene: &Scene) {
    scene.inside("kubectl -n openshell delete pod openshell-0 --grace-period 0 --force");
}

fn keep(scene: &Scene, secret: &str) {
    scene.inside(&format!(
        "kubectl -n openshell get secret {secret} -o yaml | sed '/resourceVersion\\|uid:/d' >/tmp/{secret}"
    ));
}

fn give_back(scene: &Scene, secret: &str) {
    scene.inside(&format!("kubectl create -f /tmp/{secret}; rm /tmp/{secret}"));
}

/// The server's own certificate, issued again by its own CA, for a day that is long over. The server serves it soon.
fn expired_certificate(scene: &Scene) {
    let issue = r#"
        cd "$0"
        field() { docker exec "$1" kubectl -n openshell get secret "$2" -o "go-template={{index .data \"$3\"}}" | base64 -d; }
        field "$1" openshell-ca ca.crt >ca.crt
        field "$1" openshell-ca ca.key >ca.key
        field "$1" openshell-server-tls tls.crt >tls.crt
        field "$1" openshell-server-tls tls.key >tls.key
        openssl x509 -x509toreq -in tls.crt -signkey tls.key -copy_extensions copyall -out request
        faketime -f '@2024-01-01 00:00:00' openssl x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial \
            -copy_extensions copyall -days 1 -out expired.crt
        docker exec "$1" kubectl -n openshell patch secret openshell-server-tls --type merge \
            -p "{\"data\":{\"tls.crt\":\"$(base64 -w 0 expired.crt)\"}}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", issue])
        .arg(scene.kept.path())
        .arg(scene.gateway.resource());
    Ended::of(bash).well();
    until("clients refuse the server", || {
        scene.gateway.status()["probe"]["outcome"] == "tls_failed"
    });
}
