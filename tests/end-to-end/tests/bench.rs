//! bench/run measures a gateway of its own, and leaves nothing.

use std::process::Command;

use end_to_end::{Ended, docker, repository, skipped_without_docker};

#[test]
fn starts_resumes_and_steps_are_measured_beside_the_least_that_they_could_take() {
    if skipped_without_docker() {
        return;
    }
    let mut bench = Command::new(repository().join("bench/run"));
    bench.args(["--runs", "2", "--resumes", "1", "--json"]);
    let ended = Ended::of(bench).well();
    let document = ended.document();
    assert_eq!(document["tool"], "bench");
    for (name, runs) in [("start", 2), ("resume", 1)] {
        let pair = &document[name];
        assert_eq!(pair["measured"]["runs"], runs, "{document:#}");
        assert_eq!(pair["oracle"]["runs"], runs, "{document:#}");
        assert!(pair["ratio"].as_f64().expect("a ratio") > 0.0, "{document:#}");
    }
    for name in ["first", "resume"] {
        let steps = document["steps"][name].as_array().expect("steps");
        for wanted in ["container", "api", "grpc"] {
            let step = steps.iter().find(|step| step["name"] == wanted);
            let share = step.and_then(|step| step["share"].as_f64()).expect(wanted);
            assert!(share > 0.0 && share < 1.0, "{name}: {wanted}: {share}");
        }
    }

    let made = ended
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("making gateway "));
    let filter = format!("name={}", made.expect("the gateway is named"));
    for kind in ["container", "volume", "network"] {
        let mut list = vec![kind, "ls", "--quiet", "--filter", &filter];
        if kind == "container" {
            list.push("--all");
        }
        assert_eq!(docker(&list), "", "a {kind} is left");
    }
}
