//! Protobuf in the one form that ADR-027 allows: fields in ascending order, shortest numbers, no default values.

use super::{CosmosRefusal, WHAT};
use crate::error::ChainError;
use crate::reader::Reader;

const VARINT: u64 = 0;
const LENGTH: u64 = 2;

/// A value as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn number(self) -> Result<u64, ChainError> {
        match self {
            Self::Number(number) => Ok(number),
            Self::Bytes(_) => Err(ChainError::Malformed { what: WHAT }),
        }
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], ChainError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Number(_) => Err(ChainError::Malformed { what: WHAT }),
        }
    }

    pub(super) fn text(self) -> Result<String, ChainError> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| ChainError::Malformed { what: WHAT })
    }
}

/// Reads a message; `take` gets every field and says whether it knows it. Fields that it does not know are refused by
/// the name that `names` has for them.
pub(super) fn each_field<'a>(
    of: &'static str,
    names: &[(u64, &str)],
    bytes: &'a [u8],
    mut take: impl FnMut(u64, Value<'a>) -> Result<bool, ChainError>,
) -> Result<(), ChainError> {
    let mut reader = Reader::new(WHAT, bytes);
    let mut last = 0;
    while !reader.rest().is_empty() {
        let tag = varint(&mut reader)?;
        let (field, wire) = (tag >> 3, tag & 7);
        if field == 0 || field < last {
            return Err(reader.malformed());
        }
        last = field;
        let value = match wire {
            VARINT => Value::Number(varint(&mut reader)?),
            LENGTH => {
                let len = usize::try_from(varint(&mut reader)?).map_err(|_| reader.malformed())?;
                Value::Bytes(reader.take(len)?)
            }
            _ => return Err(reader.malformed()),
        };
        if !take(field, value)? {
            let name = names.iter().find(|(known, _)| *known == field).map(|(_, name)| (*name).to_owned());
            let field = name.unwrap_or_else(|| format!("field {field}"));
            return Err(CosmosRefusal::Field { of, field }.into());
        }
    }
    Ok(())
}

/// Stores a field that may occur once.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<bool, ChainError> {
    match slot.replace(value) {
        None => Ok(true),
        Some(_) => Err(ChainError::Malformed { what: WHAT }),
    }
}

/// Reads a number in its shortest spelling.
fn varint(reader: &mut Reader<'_>) -> Result<u64, ChainError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = reader.byte()?;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 || shift > 0 && byte == 0 {
            return Err(reader.malformed());
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(reader.malformed())
}

/// A message that is being written.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds a number, unless it is the default.
    pub(super) fn number(self, field: u64, number: u64) -> Self {
        if number == 0 { self } else { self.varint(field << 3 | VARINT).varint(number) }
    }

    /// Adds bytes or text, unless there are none.
    pub(super) fn bytes(self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        if bytes.as_ref().is_empty() { self } else { self.message(field, bytes) }
    }

    /// Adds a message, which stands there even when it is empty.
    pub(super) fn message(self, field: u64, message: impl AsRef<[u8]>) -> Self {
        let message = message.as_ref();
        let len = u64::try_from(message.len()).unwrap_or(u64::MAX);
        let mut out = self.varint(field << 3 | LENGTH).varint(len);
        out.0.extend(message);
        out
    }

    /// Adds as many messages as there are.
    pub(super) fn repeated(self, field: u64, messages: impl IntoIterator<Item = Self>) -> Self {
        messages.into_iter().fold(self, |out, message| out.message(field, message))
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn varint(mut self, mut number: u64) -> Self {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap_or(0));
        self
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// ADR-027's own example.
    #[test]
    fn g15_the_article_of_adr_027_is_written_and_read() {
        let bytes = "0a1b54686520776f726c64206e65656473206368616e676520f09f8cb318e8bebec8bc2e280138024a084e696365206f6e654a\
                     095468616e6b20796f75";
        let article = Message::default()
            .bytes(1, "The world needs change 🌳")
            .bytes(2, "")
            .number(3, 1_596_806_111_080)
            .number(4, 0)
            .number(5, 1)
            .number(7, 2)
            .bytes(9, "Nice one")
            .bytes(9, "Thank you")
            .finish();
        assert_eq!(hex::encode(&article), bytes);
        let mut fields = Vec::new();
        each_field("Article", &[], &article, |field, _| {
            fields.push(field);
            Ok(true)
        })
        .unwrap();
        assert_eq!(fields, [1, 3, 5, 7, 9, 9]);
    }

    #[test]
    fn g15_other_spellings_are_refused() {
        let read = |bytes: &[u8]| each_field("it", &[], bytes, |_, _| Ok(true));
        assert_eq!(read(&[0x08, 0x01, 0x10, 0x01]), Ok(()));
        assert_eq!(read(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), Ok(()));
        for bad in [
            &[0x10, 0x01, 0x08, 0x01][..], // another order
            &[0x08, 0x81, 0x00],           // a longer number
            &[0x88, 0x00, 0x01],           // a longer tag
            &[0x12, 0x81, 0x00, 0x07],     // a longer length
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00],
            &[0x0b, 0x0c],       // a group
            &[0x0d, 0, 0, 0, 0], // a fixed number
            &[0x00, 0x01],       // field 0
            &[0x12, 0x02, 0x07],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x08],
        ] {
            assert_eq!(read(bad), Err(ChainError::Malformed { what: WHAT }), "{bad:?}");
        }
        let mut slot = Some(1);
        assert!(once(&mut slot, 2).is_err());
        let unknown = each_field("it", &[(2, "that")], &[0x10, 1], |_, _| Ok(false));
        assert_eq!(unknown, Err(CosmosRefusal::Field { of: "it", field: "that".into() }.into()));
    }

    proptest! {
        #[test]
        fn numbers_read_back(number in 1_u64.., field in 1_u64..1 << 29) {
            let bytes = Message::default().number(field, number).finish();
            let mut read = None;
            each_field("it", &[], &bytes, |field, value| once(&mut read, (field, value.number()?))).unwrap();
            prop_assert_eq!(read, Some((field, number)));
        }
    }
}
