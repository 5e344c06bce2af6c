//! Turns `rules/*.toml` into a JSON text that loads fast, and lists the TOML texts for `rules show`.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/scan/rule/required.rs"]
#[expect(unreachable_pub, reason = "the library has the same file, where it is public")]
mod required;
#[path = "src/scan/rule/version.rs"]
mod version;

/// The day of rules that do not say since when they are there; a test of `rule::pack` says that it is the library's.
const FIRST: &str = "2026-11-27";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let root = package.ancestors().nth(2).expect("the package is src/scan").to_owned();
    let watch = |path| println!("cargo::rerun-if-changed={}", root.join(path).display());
    ["rules", "src/base", "src/scan", "Cargo.lock"].into_iter().for_each(watch);
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("rules"))
        .expect("rules/ is part of the package")
        .map(|entry| entry.expect("rules/ can be listed").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    let mut texts = Vec::new();
    let mut list = String::from("[\n");
    for path in &files {
        let text = fs::read_to_string(path).expect("rule files are text");
        let table: toml::Table = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut file = serde_json::to_value(table).expect("TOML values are JSON values");
        for rule in file["rule"].as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
            rule.remove("examples");
            rule.remove("counterexamples");
            let facts = rule.get("regex").and_then(serde_json::Value::as_str).map(required::facts);
            if let Some(facts) = facts {
                rule.insert("facts".to_owned(), serde_json::to_value(facts).expect("facts are JSON values"));
            }
        }
        all.push(file);
        let name = path.file_name().expect("listed files have names").to_string_lossy().into_owned();
        writeln!(list, "    ({name:?}, {text:?}),").expect("writing to a string");
        texts.push((name, text));
    }
    list.push(']');
    fs::write(out.join("rules.json"), serde_json::to_string(&all).expect("values are text")).expect("OUT_DIR is writable");
    fs::write(out.join("rule_files.rs"), list).expect("OUT_DIR is writable");
    let files = texts.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
    println!("cargo::rustc-env=STANCH_RULES={}", version::of(&newest(&all), files));
    println!("cargo::rustc-env=STANCH_BUILD={:016x}", build(&root));
}

/// The day of the newest rule.
fn newest(files: &[serde_json::Value]) -> String {
    let day = |value: &serde_json::Value| value["since"].as_str().map(str::to_owned);
    let days = files.iter().flat_map(|file| {
        let rules = file["rule"].as_array().into_iter().flatten();
        rules.map(move |rule| day(rule).or_else(|| day(file)).unwrap_or_else(|| FIRST.to_owned()))
    });
    days.max().unwrap_or_default()
}

/// A digest of all that decides what a scan finds: verdicts of another build mean nothing.
fn build(root: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut waiting: Vec<PathBuf> = ["rules", "src/base", "src/scan", "Cargo.lock"].iter().map(|path| root.join(path)).collect();
    let mut files = Vec::new();
    while let Some(path) = waiting.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => waiting.extend(entries.map(|entry| entry.expect("sources can be listed").path())),
            Err(_) => files.push(path),
        }
    }
    files.sort();
    for path in files {
        let name = path.strip_prefix(root).expect("it was made from this");
        (name, fs::read(&path).unwrap_or_default()).hash(&mut hasher);
    }
    hasher.finish()
}
