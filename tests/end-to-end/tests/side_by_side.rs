//! Two gateways on one Docker do each other no harm.

use end_to_end::{TestGateway, skipped_without_docker};

#[test]
fn one_is_stopped_and_started_while_the_other_serves_on() {
    if skipped_without_docker() {
        return;
    }
    let (stays, pauses) = (TestGateway::started(), TestGateway::started());
    let before = stays.container();

    pauses.run("stop", &[]).well();
    assert_eq!(pauses.status()["state"], "stopped");
    assert_eq!(stays.status()["state"], "serving");

    pauses.start(&[]).well();
    assert_eq!(pauses.status()["state"], "serving");
    assert_eq!(stays.status()["state"], "serving");
    assert_eq!(
        stays.container(),
        before,
        "the other gateway's container was touched"
    );

    pauses.run("destroy", &["--yes"]).well();
    assert_eq!(pauses.status()["state"], "absent");
    assert_eq!(stays.status()["state"], "serving");
}
