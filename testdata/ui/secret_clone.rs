use stanch::base::secret::Secret;

fn main() {
    let copy: Secret = Secret::new(b"made up").clone();
    drop(copy);
}
