//! What can be wrong with typed data.

use thiserror::Error;

/// Why typed data are refused. Names that came from outside are escaped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TypedDataFault {
    /// A field that has to be there is not.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: String,
    },
    /// A field that no type mentions.
    #[error("`{field}` is in no type")]
    Unknown {
        /// The field.
        field: String,
    },
    /// A value that is not of its type.
    #[error("`{field}` is not {expected}")]
    Value {
        /// The field.
        field: String,
        /// What it should be.
        expected: String,
    },
    /// A type that is none.
    #[error("`{name}` is not a type")]
    UnknownType {
        /// The name.
        name: String,
    },
    /// A name of a type or field that could be taken for something else.
    #[error("`{name}` cannot be a name")]
    Name {
        /// The name.
        name: String,
    },
    /// A struct that has one field twice.
    #[error("`{name}` is there twice")]
    Twice {
        /// The field.
        name: String,
    },
    /// A type that the message does not use.
    #[error("type `{name}` is not used")]
    UnusedType {
        /// The type.
        name: String,
    },
    /// A type that contains itself.
    #[error("type `{name}` contains itself")]
    Cycle {
        /// The type.
        name: String,
    },
    /// The type of the domain is not what the domain holds, in the order of the standard.
    #[error("the type of the domain is not that of its fields")]
    DomainType,
    /// The domain does not say which network it is for.
    #[error("the domain has no chain id")]
    NoChainId,
    /// More levels than a person can follow.
    #[error("more than {max} levels")]
    TooDeep {
        /// The most that are read.
        max: usize,
    },
    /// More fields or types than a person can read.
    #[error("more than {max} {what}")]
    TooMany {
        /// What is too many.
        what: &'static str,
        /// The most that are read.
        max: usize,
    },
}
