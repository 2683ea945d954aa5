//! A node without a committee: it follows the chain, attests its keys and serves its pages, and signs nothing.
//!
//! For a candidate that is to join later, and for looking at a network.

use core::convert::Infallible;

use crate::events::{CommitteeStatus, Progress};
use crate::node::CommitteeSeat;

/// Takes events until the node stops.
///
/// # Errors
/// Never; a committee may.
pub async fn observe(mut seat: CommitteeSeat) -> Result<(), Infallible> {
    seat.side
        .status
        .send_replace(CommitteeStatus { progress: Progress::Observing, ..CommitteeStatus::default() });
    loop {
        tokio::select! {
            _ = seat.stop.wait_for(|stop| *stop) => return Ok(()),
            event = seat.side.events.recv() => if event.is_none() { return Ok(()) },
        }
    }
}
