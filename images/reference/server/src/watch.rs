//! Watches the objects of sandboxes.

use std::collections::HashSet;

use futures_util::StreamExt;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use reference_base::log::{self, Level};

use crate::cluster::id_of;
use crate::objects;
use crate::world::World;

/// Runs until it is dropped.
pub async fn run(world: &World) {
    let (sandboxes, _) = world.cluster.sandboxes();
    let selection = watcher::Config::default().labels(&objects::selector(&world.settings));
    let mut events = std::pin::pin!(watch(sandboxes, selection).default_backoff());
    let mut listed = HashSet::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                if let Some(id) = id_of(&object) {
                    world.phases.object_is(&id, &object);
                    listed.insert(id);
                }
            }
            Ok(Event::InitDone) => tell_absent(world, &listed),
            Ok(Event::Apply(object)) => {
                if let Some(id) = id_of(&object) {
                    world.phases.object_is(&id, &object);
                }
            }
            Ok(Event::Delete(object)) => {
                if let Some(id) = id_of(&object) {
                    world.phases.object_is_gone(&id);
                }
            }
            Err(error) => log::write(Level::Warn, format_args!("watching sandboxes: {error}")),
        }
    }
}

/// A watch that begins anew does not tell what went meanwhile.
fn tell_absent(world: &World, listed: &HashSet<String>) {
    match world.store.list() {
        Ok(records) => {
            for record in records.iter().filter(|record| !listed.contains(&record.id)) {
                world.phases.object_is_gone(&record.id);
            }
        }
        Err(error) => log::write(Level::Error, format_args!("watching sandboxes: {error:#}")),
    }
}
