//! The example in FORMAT.md, made anew from its keys and read again.

use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use stanch_audit::header::{self, Header};
use stanch_audit::line::{self, parse};
use stanch_audit::verify::{self, Anchor};
use stanch_base::date::Date;
use stanch_base::text::hex;

const FORMAT: &str = include_str!("../../src/audit/FORMAT.md");

/// What stands in the document between the fence `name` and its end.
fn block(name: &str) -> &'static str {
    let (_, rest) = FORMAT.split_once(&format!("```{name}\n")).unwrap_or_else(|| panic!("FORMAT.md has no block {name}"));
    rest.split_once("```").unwrap().0
}

#[test]
fn the_example_in_the_format_is_right() {
    let (head, lines, values) = (block("json log.json"), block("json 2026-11-28.jsonl"), block("text values"));
    let value = |name: &str| values.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().to_owned();
    let key = SigningKey::from_bytes(&Sha256::digest(b"an example").into());
    assert_eq!(value("public key"), hex(key.verifying_key().as_bytes()));
    // By the document's words alone.
    let genesis: [u8; 32] = Sha256::digest([b"audit/v1 log", head.as_bytes()].concat()).into();
    assert_eq!(value("genesis"), hex(&genesis));
    let mut previous = genesis;
    for text in lines.lines() {
        let (body, rest) = text.split_once(",\"previous\":\"").unwrap();
        let (said, own) = rest.trim_end_matches("\"}").split_once("\",\"hash\":\"").unwrap();
        assert_eq!(said, hex(&previous));
        if let Some((signed, signature)) = body.split_once(",\"signature\":\"") {
            let message = [b"audit/v1 sign", &genesis[..], &previous, signed.as_bytes()].concat();
            assert_eq!(signature.trim_end_matches('"'), hex(&key.sign(&message).to_bytes()));
        }
        previous = Sha256::digest([b"audit/v1", &previous[..], body.as_bytes()].concat()).into();
        assert_eq!(own, hex(&previous));
    }
    assert_eq!(value("anchor"), format!("{}:{}", lines.lines().count(), hex(&previous)));
    // And by the code.
    let header = Header::read(head.as_bytes(), "log.json".as_ref()).unwrap();
    let mut again = Vec::new();
    for text in lines.lines() {
        let line = parse(text.as_bytes()).unwrap();
        let sign = |signed: &[u8]| key.sign(&header::message(&header.genesis(), &line.previous, signed)).to_bytes();
        line::write(&line.record, &line.previous, sign, &mut again);
    }
    assert_eq!(String::from_utf8(again).unwrap(), lines);
    let segments = [(Date::parse("2026-11-28").unwrap(), lines.as_bytes())];
    let anchor = Anchor::parse(&value("anchor")).unwrap();
    let report = verify::verify(head.as_bytes(), &segments, &[], Some(key.verifying_key().as_bytes()), &[anchor]).unwrap();
    assert_eq!((report.wrong, report.last), (None, Some(anchor)));
}
