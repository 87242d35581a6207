//! How sandboxes come to their phases, and which they never leave.

use reference_base::api::SandboxPhase;
use reference_controller::settings::Version;
use serde_json::json;

use crate::authority::Authority;
use crate::process::{eventually, write_server};
use crate::whole::{World, of_today, of_today_with_tls};

const OLD: Version = Version(0, 5, 0);
const NEW: Version = Version(0, 5, 4);

impl World {
    async fn stop(&self, name: &str) -> Result<(), tonic::Status> {
        self.client().set_running(name, false).await
    }

    async fn start(&self, name: &str) -> Result<(), tonic::Status> {
        self.client().set_running(name, true).await
    }

    async fn phase(&self, name: &str) -> SandboxPhase {
        self.client().phase(name).await.unwrap()
    }
}

#[tokio::test]
async fn a_sandbox_that_dialled_in_is_ready_and_runs_commands() {
    let world = World::of_today(NEW).await;
    let _pod = world.ready("box").await;
    let shell = ["sh", "-c", "cat; echo out; echo err >&2; exit 3"];
    let (code, stdout, stderr) = world.client().exec("box", &shell).await.unwrap();
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (3, "out\n", "err\n"));
    let (code, _, stderr) = world.client().exec("box", &["no-such-program"]).await.unwrap();
    assert_eq!(code, 127);
    assert!(stderr.contains("no-such-program"), "{stderr}");
}

#[tokio::test]
async fn a_lost_session_is_provisioning_until_the_sandbox_is_back() {
    let mut world = World::of_today(NEW).await;
    let _pod = world.ready("box").await;
    world.server.kill();
    world.server.start_again(of_today).await;
    world.phase_becomes("box", SandboxPhase::Ready).await;
    assert!(world.client().exec("box", &["true"]).await.is_ok());
}

#[tokio::test]
async fn an_exit_report_is_an_error_that_a_new_server_knows() {
    let mut world = World::of_today(NEW).await;
    let pod = world.ready("box").await;
    assert_eq!(pod.terminate().await, 0);
    assert_eq!(world.phase("box").await, SandboxPhase::Error);
    // Another pod would be as good as the first one, for the controller.
    world.server.kubernetes.remove_pod("default--box");
    let _pod = world.run("default--box").await;
    world.server.kill();
    world.server.start_again(of_today).await;
    assert_eq!(world.phase("box").await, SandboxPhase::Error);
    for refused in [world.start("box").await, world.stop("box").await] {
        assert_eq!(refused.unwrap_err().code(), tonic::Code::FailedPrecondition);
    }
    world.client().delete_sandbox("box").await.unwrap();
    assert!(
        world.server.kubernetes.pod("default--box").is_none(),
        "deleting takes all of it"
    );
}

#[tokio::test]
async fn a_report_waits_for_the_server() {
    let mut world = World::of_today(NEW).await;
    let pod = world.ready("box").await;
    world.server.kill();
    let reported = tokio::spawn(pod.terminate());
    world.server.start_again(of_today).await;
    assert_eq!(reported.await.unwrap(), 0);
    assert_eq!(world.phase("box").await, SandboxPhase::Error);
}

#[tokio::test]
async fn a_failed_pod_is_an_error_only_with_a_newer_controller() {
    let failed = json!({ "phase": "Failed", "conditions": [] });
    let world = World::of_today(OLD).await;
    let pod = world.ready("box").await;
    pod.kill();
    world.server.kubernetes.set_pod_status("default--box", &failed);
    world.phase_becomes("box", SandboxPhase::Provisioning).await;
    world.server.kubernetes.remove_pod("default--box");
    let _pod = world.run("default--box").await;
    world.phase_becomes("box", SandboxPhase::Ready).await;

    let world = World::of_today(NEW).await;
    let pod = world.ready("box").await;
    pod.kill();
    world.server.kubernetes.set_pod_status("default--box", &failed);
    world.phase_becomes("box", SandboxPhase::Error).await;
}

#[tokio::test]
async fn a_pod_that_is_gone_unseen_comes_back() {
    let world = World::of_today(NEW).await;
    let pod = world.ready("box").await;
    pod.kill();
    world.server.kubernetes.remove_pod("default--box");
    let _pod = world.run("default--box").await;
    world.phase_becomes("box", SandboxPhase::Ready).await;
}

#[tokio::test]
async fn a_sandbox_stops_and_starts() {
    let world = World::of_today(NEW).await;
    let pod = world.ready("box").await;
    world.stop("box").await.unwrap();
    let kubernetes = &world.server.kubernetes;
    eventually("the pod is deleted", async || {
        kubernetes.pod("default--box").is_none()
    })
    .await;
    assert_eq!(pod.terminate().await, 0);
    world.phase_becomes("box", SandboxPhase::Stopped).await;
    assert_eq!(
        kubernetes.sandbox("default--box").unwrap()["spec"]["operatingMode"],
        "Suspended"
    );
    assert!(kubernetes.has_claim("workspace-default--box"));
    world.start("box").await.unwrap();
    assert_eq!(world.phase("box").await, SandboxPhase::Starting);
    let _pod = world.run("default--box").await;
    world.phase_becomes("box", SandboxPhase::Ready).await;
}

#[tokio::test]
async fn a_suspension_from_outside_is_an_error_with_a_newer_controller() {
    let suspended = json!({ "spec": { "operatingMode": "Suspended" } });
    // A pod that its node does not end is there for longer than the condition is.
    let world = World::of_today(NEW).await;
    let _pod = world.ready("box").await;
    let not_yet = json!([
        { "type": "Ready", "status": "False", "reason": "SandboxSuspended" },
        { "type": "Suspended", "status": "False", "reason": "PodNotTerminated" },
    ]);
    let told = json!({ "status": { "conditions": not_yet } });
    world.server.kubernetes.change_sandbox("default--box", &told);
    world.phase_becomes("box", SandboxPhase::Error).await;

    let world = World::of_today(OLD).await;
    let _pod = world.ready("box").await;
    world.server.kubernetes.change_sandbox("default--box", &suspended);
    world.phase_becomes("box", SandboxPhase::Stopped).await;
}

#[tokio::test]
async fn a_sweep_takes_records_without_an_object_and_a_failing_list_takes_none() {
    let world = World::of_today(NEW).await;
    let _pod = world.ready("box").await;
    let _kept = world.ready("kept").await;
    world.server.kubernetes.remove_sandbox("default--box");
    let client = world.client();
    eventually("the record is removed", async || {
        client.phase("box").await.is_err()
    })
    .await;
    assert_eq!(world.phase("kept").await, SandboxPhase::Ready);

    let mut world = world;
    world.server.kubernetes.stop();
    world.server.wait_for_log("no record is removed").await;
    assert!(world.client().phase("kept").await.is_ok());
}

#[tokio::test]
async fn a_supervisor_gives_up_without_a_server_only_before_its_first_session() {
    let mut world = World::of_today(NEW).await;
    let connected = world.ready("connected").await;
    world.client().make_sandbox("late").await.unwrap();
    let kubernetes = world.server.kubernetes.clone();
    eventually("the pod is there", async || {
        kubernetes.pod("default--late").is_some()
    })
    .await;
    world.server.kill();
    let late = world.run("default--late").await;
    let given_up = late.ended().await.unwrap_err();
    assert!(
        format!("{given_up:#}").contains("no server in 1 s"),
        "{given_up:#}"
    );
    world.server.start_again(of_today).await;
    world.phase_becomes("connected", SandboxPhase::Ready).await;
    connected.kill();
}

#[tokio::test]
async fn a_sandbox_shows_new_certificates_when_it_connects_again() {
    let (old, new) = (Authority::new(), Authority::new());
    let bundle = tempfile::tempdir().unwrap();
    old.write_client(bundle.path());
    let mut world = World::with_tls(&old, bundle.path()).await;
    let _pod = world.ready("box").await;
    world.server.kill();
    let folder = world.server.folder.path();
    write_server(folder, &new.server());
    std::fs::write(folder.join("ca.crt"), &new.pem).unwrap();
    new.write_client(bundle.path());
    world.server.start_again(of_today_with_tls).await;
    world.phase_becomes("box", SandboxPhase::Ready).await;
}
