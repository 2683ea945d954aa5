//! Padding to size classes, so that a length says little about what a message is.
//!
//! Content, the byte `0x80`, then zeros up to the smallest class that holds them: 256, 1024, 4096 or 16384
//! bytes, beyond that a multiple of 16384 up to 4 MiB. Each content has exactly one padded form.

use thiserror::Error;
use zeroize::Zeroizing;

/// The largest class.
pub const MAX_PADDED: usize = 4 * 1024 * 1024;

/// The longest content that can be padded.
pub const MAX_CONTENT: usize = MAX_PADDED - 1;

const SMALL_CLASSES: [usize; 3] = [256, 1024, 4096];
const STEP: usize = 16_384;
const MARK: u8 = 0x80;

/// Why bytes were not padded or not unpadded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PaddingError {
    /// More content than the largest class holds.
    #[error("{0} bytes where at most {MAX_CONTENT} can be padded")]
    TooLong(usize),
    /// The length is no size class.
    #[error("{0} bytes is no size class")]
    NotAClass(usize),
    /// No end mark, something behind it, or a larger class than needed.
    #[error("padding is not canonical")]
    NotCanonical,
}

/// Returns the class that holds `content` bytes and the end mark.
///
/// # Errors
/// [`PaddingError::TooLong`] beyond [`MAX_CONTENT`].
pub fn class(content: usize) -> Result<usize, PaddingError> {
    if content > MAX_CONTENT {
        return Err(PaddingError::TooLong(content));
    }
    let small = SMALL_CLASSES.into_iter().find(|class| content < *class);
    Ok(small.unwrap_or_else(|| (content + 1).next_multiple_of(STEP)))
}

/// Pads `content` to its class.
///
/// # Errors
/// [`PaddingError::TooLong`] beyond [`MAX_CONTENT`].
pub fn pad(content: &[u8]) -> Result<Zeroizing<Vec<u8>>, PaddingError> {
    let class = class(content.len())?;
    let mut padded = Zeroizing::new(Vec::with_capacity(class));
    padded.extend_from_slice(content);
    padded.push(MARK);
    padded.resize(class, 0);
    Ok(padded)
}

/// Returns the content of padded bytes.
///
/// # Errors
/// Refuses everything that [`pad`] does not produce.
pub fn unpad(padded: &[u8]) -> Result<&[u8], PaddingError> {
    let end = padded.iter().rposition(|byte| *byte != 0).ok_or(PaddingError::NotCanonical)?;
    let (content, rest) = padded.split_at(end);
    match class(content.len()) {
        Ok(class) if class == padded.len() && rest.first() == Some(&MARK) => Ok(content),
        Ok(_) if !is_class(padded.len()) => Err(PaddingError::NotAClass(padded.len())),
        Ok(_) => Err(PaddingError::NotCanonical),
        Err(error) => Err(error),
    }
}

fn is_class(len: usize) -> bool {
    len > 0 && class(len - 1) == Ok(len)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn classes_are_the_documented_ones() {
        for (content, expected) in [
            (0, 256),
            (255, 256),
            (256, 1024),
            (1023, 1024),
            (1024, 4096),
            (4096, 16_384),
            (16_383, 16_384),
            (16_384, 32_768),
            (MAX_CONTENT, MAX_PADDED),
        ] {
            assert_eq!(class(content), Ok(expected), "{content}");
        }
        assert_eq!(class(MAX_PADDED), Err(PaddingError::TooLong(MAX_PADDED)));
    }

    #[test]
    fn a10_messages_of_one_class_have_one_length() {
        let lengths: Vec<usize> = (0..256).map(|len| pad(&vec![7; len]).unwrap().len()).collect();
        assert!(lengths.iter().all(|len| *len == 256));
    }

    #[test]
    fn refuses_every_other_spelling() {
        let padded = pad(b"content").unwrap();
        assert_eq!(unpad(&padded), Ok(&b"content"[..]));

        let mut larger = padded.to_vec();
        larger.resize(1024, 0);
        assert_eq!(unpad(&larger), Err(PaddingError::NotCanonical), "larger class than needed");

        let mut no_mark = padded.to_vec();
        no_mark[7] = 1;
        assert_eq!(unpad(&no_mark), Err(PaddingError::NotCanonical), "no end mark");

        assert_eq!(unpad(&padded[..255]), Err(PaddingError::NotAClass(255)), "one byte short");
        assert_eq!(unpad(&[0; 256]), Err(PaddingError::NotCanonical), "only zeros");
        assert_eq!(unpad(&[]), Err(PaddingError::NotCanonical), "nothing");
        assert_eq!(unpad(&vec![MARK; MAX_PADDED + STEP]), Err(PaddingError::TooLong(MAX_PADDED + STEP - 1)));
    }

    proptest! {
        #[test]
        fn pads_and_unpads(content in proptest::collection::vec(any::<u8>(), 0..20_000)) {
            let padded = pad(&content).unwrap();
            prop_assert!(is_class(padded.len()));
            prop_assert_eq!(unpad(&padded), Ok(&content[..]));
        }

        #[test]
        fn what_unpads_pads_to_the_same_bytes(
            mut bytes in proptest::collection::vec(any::<u8>(), 256),
            zeros in 0_usize..256,
        ) {
            bytes[256 - zeros..].fill(0);
            if let Ok(content) = unpad(&bytes) {
                prop_assert_eq!(&*pad(content).unwrap(), &bytes);
            }
        }
    }
}
