use stanch::base::secret::Secret;

fn main() {
    let same = Secret::new(b"made up") == Secret::new(b"guess");
    assert!(!same);
}
