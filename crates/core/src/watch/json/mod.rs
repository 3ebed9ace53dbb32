//! Snapshots and events as documents of the schema `perennial.tree/v1`, and as lines of JSON.
//!
//! `model` and `happening` are what stands in a document, and nothing else: a field that is added, renamed or dropped
//! there is to be so in `schema/perennial.tree.v1.json` too.

mod happening;
mod lines;
mod model;

use serde::{Serialize, Serializer};

use self::happening::EventDocument;
pub use self::lines::JsonLines;
use self::model::SnapshotDocument;
use super::TreeNews;
use crate::observe::Event;
use crate::tree::Snapshot;

/// The JSON schema `perennial.tree/v1`: what a [`Snapshot`], an [`Event`] and a line of [`JsonLines`] look like.
///
/// As long as it is v1, fields may be added and words of an `event`; none is renamed or dropped. A reader passes over what
/// it does not know. The schema itself knows exactly what is written today.
pub const TREE_SCHEMA: &str = include_str!("../../../schema/perennial.tree.v1.json");

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SnapshotDocument::from(self).serialize(serializer)
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EventDocument::from(self).serialize(serializer)
    }
}

impl Serialize for TreeNews {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Snapshot(snapshot) => snapshot.serialize(serializer),
            Self::Event(event) => event.serialize(serializer),
        }
    }
}
