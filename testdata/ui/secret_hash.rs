use std::hash::{DefaultHasher, Hash};

use stanch::base::secret::Secret;

fn main() {
    Secret::new(b"made up").hash(&mut DefaultHasher::new());
}
