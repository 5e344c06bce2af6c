//! Values of names in XML: texts of elements, of elements beside them and in them.
//!
//! It must not judge them. Everything here looks at no more than the next few hundred bytes, and turns away by the first of them.

use super::{Form, MAX_BLANKS, MAX_VALUE, Reader};

/// The text of an XML element, blanks around it left out.
pub(super) fn element(mut r: Reader<'_>) -> Option<(usize, usize, Form)> {
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    let start = r.at;
    r.skip(MAX_VALUE, |b| b != b'<' && b != b'\n');
    let end = start + r.bytes[start..r.at].trim_ascii_end().len();
    r.skip(MAX_BLANKS, |b| b.is_ascii_whitespace());
    r.starts(b"</").then_some((start, end, Form::Quoted))
}
