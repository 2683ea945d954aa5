//! What is on a connection: frames of a length (4 bytes, big-endian), a key's tag and an envelope. An empty frame says
//! that its sender is alive.

use std::io;
use std::time::Duration;

use quorate_primitives::encoding::Versioned;
use quorate_session::envelope::Envelope;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The length of a tag: the hash of the key's roster.
pub const TAG_LEN: usize = 32;

/// The longest frame: what claims more is no node.
pub const MAX_FRAME: usize = TAG_LEN + Envelope::MAX_LEN + 1;

/// How often a node says that it is alive.
pub const ALIVE_EVERY: Duration = Duration::from_secs(3);

/// How long a connection may be silent, or a frame under way.
pub const SILENCE: Duration = Duration::from_secs(12);

/// Memory is taken in pieces as bytes come, so that a claim alone takes none.
const PIECE: usize = 64 * 1024;

/// Why no frame was read.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The connection ended or failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The length is more than any frame has.
    #[error("a frame of {0} bytes, where at most {MAX_FRAME} are possible")]
    TooLong(usize),
    /// Too short for a tag.
    #[error("a frame of {0} bytes, shorter than its tag")]
    TooShort(usize),
    /// Nothing came for too long.
    #[error("nothing came for {} s", SILENCE.as_secs())]
    Silence,
}

/// Reads the next frame that is not empty.
///
/// # Errors
/// [`FrameError`]; the connection is of no more use then.
pub async fn read(connection: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, FrameError> {
    loop {
        let frame = timeout(SILENCE, read_any(connection)).await.map_err(|_| FrameError::Silence)??;
        if !frame.is_empty() {
            return Ok(frame);
        }
    }
}

async fn read_any(connection: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, FrameError> {
    let length = usize::try_from(connection.read_u32().await?).unwrap_or(usize::MAX);
    match length {
        0 => return Ok(Vec::new()),
        short if short < TAG_LEN => return Err(FrameError::TooShort(length)),
        long if long > MAX_FRAME => return Err(FrameError::TooLong(length)),
        _ => {}
    }
    let mut frame = Vec::new();
    while frame.len() < length {
        let at = frame.len();
        frame.resize(length.min(at + PIECE), 0);
        let piece = frame.get_mut(at..).unwrap_or_default();
        connection.read_exact(piece).await?;
    }
    Ok(frame)
}

/// Writes a frame; an empty one says that this node is alive.
///
/// # Errors
/// When the connection fails, or takes nothing for too long.
pub async fn write(connection: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> Result<(), FrameError> {
    let length = u32::try_from(frame.len()).map_err(|_| FrameError::TooLong(frame.len()))?;
    let all = async {
        connection.write_u32(length).await?;
        connection.write_all(frame).await?;
        connection.flush().await
    };
    timeout(SILENCE, all).await.map_err(|_| FrameError::Silence)??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(mut bytes: &[u8]) -> Result<Vec<u8>, FrameError> {
        read(&mut bytes).await
    }

    #[tokio::test]
    async fn what_was_written_is_read_and_empty_frames_are_passed_over() {
        let mut wire = Vec::new();
        let frame = vec![7; 3 * PIECE];
        write(&mut wire, &[]).await.unwrap();
        write(&mut wire, &frame).await.unwrap();
        assert_eq!(read_all(&wire).await.unwrap(), frame);
    }

    /// C10: a claim of 100 MB takes no memory and ends the connection.
    #[tokio::test]
    async fn c10_claims_of_lengths_that_no_frame_has_are_refused() {
        let claim = 100_000_000_u32.to_be_bytes();
        assert!(matches!(read_all(&claim).await, Err(FrameError::TooLong(100_000_000))));
        assert!(matches!(read_all(&[0xff; 8]).await, Err(FrameError::TooLong(_))));
        let short = [&31_u32.to_be_bytes()[..], &[0; 31]].concat();
        assert!(matches!(read_all(&short).await, Err(FrameError::TooShort(31))));
    }

    #[tokio::test]
    async fn a_torn_frame_is_none() {
        let mut wire = Vec::new();
        write(&mut wire, &[7; 100]).await.unwrap();
        for length in 0..wire.len() {
            assert!(matches!(read_all(&wire[..length]).await, Err(FrameError::Io(_))));
        }
    }
}
