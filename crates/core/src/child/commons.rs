//! What a whole tree shares.

use std::num::NonZeroU64;
use std::sync::Arc;

use crate::dataspace::{Dataspace, Value};
use crate::meter::Metering;
use crate::observe::Hub;
use crate::path::Incarnation;
use crate::stall::Detector;
use crate::sync::OnceLock;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a whole tree shares.
#[derive(Debug)]
pub(crate) struct Commons {
    pub(crate) hub: Arc<Hub>,
    /// What is measured of the children, if anything is.
    pub(crate) metering: Option<Metering>,
    /// Who finds polls that last too long, if anybody does.
    pub(crate) detector: Option<Arc<Detector>>,
    lives: AtomicU64,
    /// How many tasks of children there are, those of killed supervisors included.
    #[cfg(feature = "test-util")]
    pub(crate) tasks: AtomicUsize,
    /// How many lives have an end that is still to be told.
    untold: AtomicUsize,
    /// Made by the first who asks for it; nothing if the tree is over and nobody ever has.
    dataspace: OnceLock<Option<Dataspace>>,
    /// Set before the first child starts.
    #[cfg(feature = "test-util")]
    pub(crate) stand_ins: OnceLock<super::StandIns>,
}

impl Commons {
    pub(crate) fn new(
        hub: Arc<Hub>,
        metering: Option<Metering>,
        detector: Option<Arc<Detector>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            hub,
            metering,
            detector,
            lives: AtomicU64::new(0),
            #[cfg(feature = "test-util")]
            tasks: AtomicUsize::new(0),
            untold: AtomicUsize::new(0),
            dataspace: OnceLock::new(),
            #[cfg(feature = "test-util")]
            stand_ins: OnceLock::new(),
        })
    }

    /// The number of a new life.
    pub(crate) fn next_life(&self) -> Incarnation {
        let number = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        Incarnation(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }

    /// What is published in the tree.
    pub(crate) fn dataspace(&self) -> Dataspace {
        let dataspace = self.dataspace.get_or_init(|| Some(Dataspace::new()));
        dataspace.clone().unwrap_or_else(|| {
            let dataspace = Dataspace::new();
            dataspace.close();
            dataspace
        })
    }

    /// Withdraws what a life has published that may publish no more.
    #[must_use]
    pub(super) fn withdraw_all(&self, of: Incarnation) -> Vec<Value> {
        match self.dataspace.get() {
            Some(Some(dataspace)) => dataspace.retire(of),
            Some(None) | None => Vec::new(),
        }
    }

    /// There is a life whose end is to be told.
    pub(super) fn expect_end(&self) {
        self.untold.fetch_add(1, Ordering::Relaxed);
    }

    /// The end of a life was told. With the last one the tree's streams and subscriptions end: the children of
    /// a killed supervisor may outlast it by a moment, also the root.
    pub(super) fn end_is_told(&self) {
        // The decrements are ordered among each other, so that the last one comes after all that was told.
        if self.untold.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }

    /// The tree is over: nothing is told and nothing is published any more.
    fn close(&self) {
        self.hub.close();
        if let Some(detector) = &self.detector {
            detector.close();
        }
        if let Some(dataspace) = self.dataspace.get_or_init(|| None) {
            dataspace.close();
        }
    }
}
