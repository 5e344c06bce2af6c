use serde::Serialize;
use stanch::base::secret::Secret;

fn main() {
    let json = Secret::new(b"made up").serialize(serde_json::value::Serializer);
    drop(json);
}
