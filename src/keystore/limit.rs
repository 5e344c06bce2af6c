//! Work that may never come back, with a limit.
//!
//! It must not know what the work is. Start with [`within`].

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What `work` gives, or `None` if it is not done after `limit`. Then its thread is left behind: what it still gives is dropped, and wiped
/// if it is of a type that is wiped when dropped.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<Option<T>> {
    let (give, take) = mpsc::sync_channel(0);
    // Nobody takes it any more once `take` is gone; the value comes back in the error and is dropped there.
    thread::Builder::new().name("limit".to_owned()).spawn(move || drop(give.send(work())))?;
    match take.recv_timeout(limit) {
        Ok(value) => Ok(Some(value)),
        Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(std::io::Error::other("a part of stanch failed")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::within;

    /// Tells when it is dropped.
    struct Told(mpsc::Sender<()>);

    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn what_comes_too_late_is_dropped() {
        assert_eq!(within(Duration::from_mins(1), || 7).unwrap(), Some(7));
        let (tell, told) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let began = Instant::now();
        let late = within(Duration::from_millis(20), move || {
            let _ = wait.recv();
            Told(tell)
        });
        assert!(late.unwrap().is_none() && began.elapsed() < Duration::from_secs(30));
        go.send(()).unwrap();
        told.recv_timeout(Duration::from_secs(30)).expect("it is dropped by the thread that made it");
    }

    #[test]
    fn a_panic_is_an_error() {
        assert!(within(Duration::from_mins(1), || panic!("made up")).is_err());
    }
}
