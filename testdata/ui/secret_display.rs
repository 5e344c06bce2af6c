use stanch::base::secret::Secret;

fn main() {
    let shown = format!("{}", Secret::new(b"made up"));
    drop(shown);
}
