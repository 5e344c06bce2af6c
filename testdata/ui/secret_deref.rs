use stanch::base::secret::Secret;

fn main() {
    let secret = Secret::new(b"made up");
    let bytes: &[u8] = &*secret;
    drop(bytes.to_vec());
}
