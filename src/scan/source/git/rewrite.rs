//! What a rewrite of history can reach by replacing text.
//!
//! It must not know how history is rewritten. Start with [`History::is_text_in`].

use std::path::Path;

use gix::ObjectId;

use super::{History, SHORT};
use crate::base::secret::Secret;
use crate::scan::blob::Origin;

/// A blob with a zero byte among its first is binary to git-filter-repo, and left as it is.
const LOOKED_AT: usize = 8192;

impl History {
    /// Can a secret be replaced in a blob by replacing its text? Not in archives, in encoded text and in binary files.
    #[must_use]
    pub fn is_text_in(&self, blob: &str, secret: &Secret) -> bool {
        let Ok(id) = ObjectId::from_hex(blob.as_bytes()) else { return false };
        let Ok(blob) = self.repository.to_thread_local().find_object(id).map(gix::Object::detach) else { return false };
        let bytes = &blob.data;
        if bytes[..bytes.len().min(LOOKED_AT)].contains(&0) {
            return false;
        }
        let value = secret.expose();
        if !value.contains(&b'\n') {
            return memchr::memmem::find(bytes, value).is_some();
        }
        // Lines may end in one way or the other.
        let without = |bytes: &[u8]| bytes.iter().copied().filter(|b| *b != b'\r').collect::<Vec<_>>();
        memchr::memmem::find(&without(bytes), &zeroize::Zeroizing::new(without(value))).is_some()
    }

    /// The short name of the commit or tag at a place, if its message holds a secret in another form only, such as base64: replacing the
    /// text of messages leaves that.
    #[must_use]
    pub fn encoded_in_message(&self, origin: &Origin, secret: &Secret) -> Option<String> {
        let member = self.member(origin).filter(|member| !member.contains([':', '/']) && member.len() == SHORT)?;
        let repository = self.repository.to_thread_local();
        let prefix = gix::hash::Prefix::from_hex(member).ok()?;
        let id = repository.objects.lookup_prefix(prefix, None).ok()??.ok()?;
        let data = repository.find_object(id).ok()?.detach().data;
        memchr::memmem::find(&data, secret.expose()).is_none().then(|| member.to_owned())
    }

    /// Are its ids of SHA-256?
    #[must_use]
    pub fn is_sha256(&self) -> bool {
        self.hash == gix::hash::Kind::Sha256
    }

    /// The root of its work tree, or the folder it is if it has none; as shown to people.
    #[must_use]
    pub fn shown(&self) -> &Path {
        &self.shown
    }
}
