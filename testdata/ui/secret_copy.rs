use stanch::base::secret::Secret;

fn main() {
    let secret = Secret::new(b"made up");
    drop(secret);
    drop(secret);
}
