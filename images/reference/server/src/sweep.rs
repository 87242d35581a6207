//! Removes records whose object is gone. A list that fails removes nothing.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use kube_session::explain;
use reference_base::log::{self, Level};

use crate::objects;
use crate::store::Record;
use crate::world::World;

/// Sweeps at once, and then at each interval, until it is dropped.
pub async fn run(world: &World) {
    let mut ticks = tokio::time::interval(world.sweep.interval);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep(world).await {
            log::write(
                Level::Warn,
                format_args!("sweep: {error:#}; no record is removed"),
            );
        }
    }
}

async fn sweep(world: &World) -> anyhow::Result<()> {
    let records = world.store.list()?;
    let present = world.cluster.ids(&objects::selector(&world.settings)).await;
    let present = present.map_err(|error| anyhow::anyhow!("Kubernetes: {}", explain(&error)))?;
    let age = SignedDuration::try_from(world.sweep.age)?;
    for record in outdated(&records, &present, Timestamp::now(), age) {
        log::write(
            Level::Warn,
            format_args!(
                "sweep: sandbox {} has no object any more; its record is removed",
                record.name
            ),
        );
        world.store.remove(&record.id)?;
    }
    Ok(())
}

fn outdated<'a>(
    records: &'a [Record],
    present: &'a HashSet<String>,
    now: Timestamp,
    age: SignedDuration,
) -> impl Iterator<Item = &'a Record> {
    records.iter().filter(move |record| {
        // A time that cannot be read is not the record's fault alone: it is kept.
        let created = record.created_at.parse::<Timestamp>().unwrap_or(now);
        !present.contains(&record.id) && now.duration_since(created) > age
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::SignedDuration;

    use super::outdated;
    use crate::store::tests::record;

    #[test]
    fn only_old_records_without_an_object_go() {
        let records = [record("1", "a"), record("2", "b")];
        let present = HashSet::from(["2".to_owned()]);
        let age = SignedDuration::from_secs(300);
        let names = |now: &str| {
            let names =
                outdated(&records, &present, now.parse().unwrap(), age).map(|record| record.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("2024-01-01T00:04:59Z"), Vec::<String>::new());
        assert_eq!(names("2024-01-01T00:05:01Z"), ["a"]);
    }
}
