//! How far a run has come: counted by the stages, watched by the command line.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// What a run is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Activity {
    /// Reading files.
    Reading,
    /// Parsing and checking documents.
    Parsing,
    /// Spelling manifests.
    Rendering,
    /// Comparing with the output folder.
    Comparing,
    /// Waiting for another run that writes the same folder.
    Waiting,
    /// Writing files.
    Writing,
}

impl Activity {
    const ALL: [Self; 6] =
        [Self::Reading, Self::Parsing, Self::Rendering, Self::Comparing, Self::Waiting, Self::Writing];

    /// The word for a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Parsing => "parsing",
            Self::Rendering => "rendering",
            Self::Comparing => "comparing",
            Self::Waiting => "waiting",
            Self::Writing => "writing",
        }
    }
}

/// A counter that stages move and anyone may look at.
#[derive(Debug, Default)]
pub struct Progress {
    activity: AtomicU8,
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Progress {
    /// A new activity of this many steps.
    pub fn begin(&self, activity: Activity, total: usize) {
        self.activity.store(activity as u8, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// One step is done.
    pub fn step(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The activity, the steps done, and all its steps.
    pub fn look(&self) -> (Activity, usize, usize) {
        let activity = usize::from(self.activity.load(Ordering::Relaxed));
        (
            Activity::ALL.get(activity).copied().unwrap_or(Activity::Reading),
            self.done.load(Ordering::Relaxed),
            self.total.load(Ordering::Relaxed),
        )
    }
}
