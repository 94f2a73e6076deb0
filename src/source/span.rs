//! Compact source positions.
//!
//! A [`Span`] names a byte range of one physical file. A token that came out of a macro carries
//! the range of the *outermost macro invocation* (the place a person edits), plus an
//! [`ExpansionId`] that leads to the chain of macro definitions it went through.

use serde::{Deserialize, Serialize};

/// Index of a file in the source map.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct FileId(pub u32);

/// Index into the table of macro expansions; `ExpansionId::NONE` for text written directly.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ExpansionId(pub u32);

impl ExpansionId {
    /// The token was written where it stands.
    pub const NONE: ExpansionId = ExpansionId(0);
}

/// A half-open byte range `start..end` of one file.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The macro expansion this came from, if any.
    pub expansion: ExpansionId,
}

impl Span {
    /// The smallest span that covers both (of `self`'s file; when the files differ, `self`).
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
            expansion: if self.expansion == other.expansion {
                self.expansion
            } else {
                ExpansionId::NONE
            },
        }
    }
}
