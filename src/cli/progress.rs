//! A progress bar on standard error, when that is a terminal and the work is long. `indicatif` is at home here.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::base::progress::Progress;

/// Work that is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(700);
const REFRESH: Duration = Duration::from_millis(100);

/// Shows a run's progress until it is dropped.
pub(super) struct Bar {
    /// What the stages count on.
    pub(super) progress: Arc<Progress>,
    watcher: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    pub(super) fn new(is_quiet: bool) -> Self {
        let progress = Arc::new(Progress::default());
        let watch = || {
            let (stop, stopped) = channel::<()>();
            let progress = Arc::clone(&progress);
            let thread = Builder::new().spawn(move || {
                if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = ProgressBar::new(progress.look().2 as u64);
                if let Ok(style) = ProgressStyle::with_template("{msg:>10} [{bar:40}] {pos}/{len}") {
                    bar.set_style(style.progress_chars("=> "));
                }
                loop {
                    let (activity, done, total) = progress.look();
                    bar.set_message(activity.as_str());
                    bar.set_length(total as u64);
                    bar.set_position(done as u64);
                    if stopped.recv_timeout(REFRESH) != Err(RecvTimeoutError::Timeout) {
                        break bar.finish_and_clear();
                    }
                }
            });
            // A run that may start no thread goes on without a bar.
            Some((stop, thread.ok()?))
        };
        let watcher = if !is_quiet && std::io::stderr().is_terminal() { watch() } else { None };
        Self { progress, watcher }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.watcher.take() {
            drop(stop);
            // A bar that failed to draw is no reason to fail.
            let _ = thread.join();
        }
    }
}
