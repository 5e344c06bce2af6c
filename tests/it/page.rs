//! The HTML report in a real browser: search, filters, sorting, keys, what it exports, and that nothing foreign runs in it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::browser::Browser;
use crate::canary::{github, password, stripe};
use crate::run::Folder;

/// A project with a few secrets, one of them in several places.
fn project() -> Folder {
    let folder = Folder::new();
    folder.write("deploy/prod.env", format!("GITHUB_TOKEN={}\nSTRIPE={}\n", github(1), stripe(1)));
    for n in 0..7 {
        folder.write(format!("deploy/stage-{n}.yml"), format!("token: \"{}\"\n", github(1)));
    }
    folder.write("src/config.py", format!("password = \"{}\"\n", password(2)));
    folder.write("src/client.ts", format!("const key = \"{}\";\n", stripe(2)));
    folder.write("tests/keys.py", format!("t = \"{0}\"  # stanch:allow[github-pat] -- revoked, was {0}\n", github(9)));
    folder.write("broken.zip", b"PK\x03\x04nonsense");
    folder.run(&["init"]).says(0, &[]);
    folder
}

fn report(folder: &Folder) -> PathBuf {
    folder.run(&["scan", ".", "-f", "html", "-o", "report.html"]).says(1, &[]);
    folder.path("report.html")
}

/// The ids of rules of the rows that are to be seen, from above.
fn rules(browser: &mut Browser) -> Vec<String> {
    let rows = "Array.from(document.querySelectorAll('tbody.finding')).filter(f => f.checkVisibility()).map(f => f.dataset.rule)";
    browser.value(rows).as_array().unwrap().iter().map(|rule| rule.as_str().unwrap().to_owned()).collect()
}

#[test]
fn it_is_searched_filtered_and_sorted() {
    let folder = project();
    let mut browser = Browser::new();
    browser.open(&report(&folder));
    assert_eq!(rules(&mut browser), ["github-pat", "stripe-secret-key", "stripe-secret-key", "generic-password"]);
    assert_eq!(browser.text("#count"), "4 secrets");
    browser.key("/");
    browser.type_text("stripe client.ts");
    assert_eq!((rules(&mut browser), browser.text("#count")), (vec!["stripe-secret-key".into()], "1 of 4 secrets".into()));
    browser.key("Escape");
    assert_eq!(rules(&mut browser).len(), 4);
    browser.click("#path");
    browser.type_text("SRC/");
    assert_eq!(rules(&mut browser), ["stripe-secret-key", "generic-password"]);
    browser.click("input[value=critical]");
    assert_eq!(rules(&mut browser), ["generic-password"]);
    browser.click("#clear");
    for (id, value, n) in [("rule", "github-pat", 1), ("confidence", "high", 3)] {
        let set = format!(
            "{{ const s = document.getElementById('{id}'); s.value = '{value}'; s.dispatchEvent(new Event('change')); }}"
        );
        browser.value(&set);
        assert_eq!(rules(&mut browser).len(), n, "{id}");
        browser.click("#clear");
    }
    let sorted = |browser: &mut Browser, key: &str| {
        browser.click(&format!("th.{key} button"));
        let state = browser.value(&format!("document.querySelector('th.{key}').getAttribute('aria-sort')"));
        (state.as_str().unwrap().to_owned(), rules(browser)[0].clone())
    };
    assert_eq!(sorted(&mut browser, "what"), ("ascending".into(), "github-pat".into()));
    assert_eq!(sorted(&mut browser, "what"), ("descending".into(), "stripe-secret-key".into()));
    assert_eq!(sorted(&mut browser, "places"), ("descending".into(), "github-pat".into()));
    assert_eq!(sorted(&mut browser, "confidence"), ("descending".into(), "github-pat".into()));
    assert_eq!(sorted(&mut browser, "confidence"), ("ascending".into(), "generic-password".into()));
    assert_eq!(browser.value("document.querySelectorAll('[aria-sort]').length"), 1);
    assert!(browser.text("#silenced").contains("revoked, was ********") && browser.text("#gaps").contains("broken.zip"));
}

#[test]
fn all_of_it_is_reached_by_keys() {
    let folder = project();
    let mut browser = Browser::new();
    browser.open(&report(&folder));
    browser.key("Tab");
    assert_eq!(browser.value("document.activeElement.className"), "skip");
    browser.key("Enter");
    assert_eq!(browser.value("document.activeElement.id"), "main");
    let focus = "document.activeElement.closest('tbody').dataset.place";
    browser.key("j");
    assert_eq!(browser.value(focus), "deploy/prod.env:1:14");
    browser.key("Enter");
    assert_eq!(browser.value("document.activeElement.getAttribute('aria-expanded')"), "true");
    assert_eq!(browser.value("document.querySelector('#d0').checkVisibility()"), true);
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    assert_eq!(browser.value(outline), "solid", "focus is to be seen");
    browser.key("ArrowDown");
    assert_eq!(browser.value(focus), "deploy/prod.env:2:8");
    browser.key("k");
    browser.key("x");
    assert_eq!(browser.text("#picked"), "1 selected");
    browser.key("a");
    assert_eq!(browser.value("document.activeElement.id"), "reason");
    browser.key("Escape");
    assert_eq!(browser.value("document.querySelector('dialog').open"), false);
    // From the first control to the last with Tab alone.
    let all = "Array.from(document.querySelectorAll('a, button, input, select, summary')).filter(e => e.checkVisibility() && !e.disabled)";
    browser.value("document.body.focus(), document.activeElement.blur()");
    let n = browser.value(&format!("{all}.length")).as_u64().unwrap();
    browser.value("window.been = new Set(); document.addEventListener('focusin', e => been.add(e.target)), 1");
    (0..n + 4).for_each(|_| browser.key("Tab"));
    let missed = format!("{all}.filter(e => !been.has(e)).map(e => e.outerHTML.slice(0, 80)).join()");
    assert_eq!(browser.value(&missed), "");
}

#[test]
fn what_it_exports_silences() {
    let folder = project();
    let mut browser = Browser::new();
    browser.open(&report(&folder));
    browser.click("#every");
    assert_eq!(browser.text("#picked"), "4 selected");
    browser.click("#allow");
    assert_eq!(browser.value("document.querySelector('#copy').disabled"), true);
    assert_eq!(browser.text("#wrong"), "Say why this is no leak.");
    browser.type_text("  \"made up\" \\ for tests: \u{e9}\t");
    browser.click("#owner");
    browser.type_text("platform team");
    browser.value("document.querySelector('#until').value = '2099-12-31', document.querySelector('#until').dispatchEvent(new Event('input'))");
    let toml = browser.value("document.querySelector('#toml').value").as_str().unwrap().to_owned();
    assert!(toml.contains("owner = \"platform team\"\nuntil = 2099-12-31\n"), "{toml}");
    assert!(toml.starts_with("# github-pat at deploy/prod.env:1:14\n[[allow]]\nfingerprint = \""), "{toml}");
    let saved = browser.value("document.querySelector('#save').href");
    assert!(saved.as_str().unwrap().starts_with("blob:"), "{saved}");
    assert_eq!(browser.complaints().len(), 0, "{:?}", browser.complaints());
    let config = std::fs::read_to_string(folder.path("stanch.toml")).unwrap();
    folder.write("stanch.toml", format!("{config}\n{toml}"));
    std::fs::remove_file(folder.path("report.html")).unwrap();
    std::fs::remove_file(folder.path("broken.zip")).unwrap();
    folder.run(&["scan", "."]).says(0, &["11 in stanch.toml", "No secrets found."]);
}

#[test]
fn without_a_project_key_there_is_nothing_to_export() {
    let folder = Folder::new();
    folder.write("a", github(1));
    let mut browser = Browser::new();
    browser.open(&report(&folder));
    browser.click("#every");
    browser.click("#allow");
    assert!(browser.text("#entries").contains("these ids hold for this run only"));
    assert_eq!(browser.value("document.querySelector('#toml')"), serde_json::Value::Null);
}

#[test]
fn exposure_in_history_is_shown_and_filtered() {
    let folder = Folder::new();
    folder.git(&["init", "-q"]);
    folder.write("old.txt", format!("old = {}\n", github(1)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "begin"]);
    std::fs::remove_file(folder.path("old.txt")).unwrap();
    folder.write("new.txt", format!("new = {}\n", github(2)));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "go on"]);
    folder.run(&["scan", "--history", ".", "-f", "html", "-o", "report.html"]).says(1, &[]);
    let mut browser = Browser::new();
    browser.open(&folder.path("report.html"));
    let places = "Array.from(document.querySelectorAll('tbody.finding')).filter(f => f.checkVisibility()).map(f => f.querySelector('.reach').textContent + ' ' + f.dataset.place.split(':')[1])";
    assert_eq!(browser.value(places), serde_json::json!(["in HEAD new.txt", "on no remote old.txt"]));
    browser.click("th.danger button");
    browser.click("th.danger button");
    assert_eq!(browser.value(places), serde_json::json!(["on no remote old.txt", "in HEAD new.txt"]));
    browser
        .value("{ const s = document.querySelector('#exposure'); s.value = 'reachable'; s.dispatchEvent(new Event('change')); }");
    assert_eq!(browser.value(places), serde_json::json!(["on no remote old.txt"]));
    browser.key("j");
    browser.key("Enter");
    let detail = browser.value("document.activeElement.closest('tbody').querySelector('.detail').innerText");
    for words in ["removed it on", "It is on no remote: amend or rebase before you push.", "main", "commit "] {
        assert!(detail.as_str().unwrap().contains(words), "{words}: {detail}");
    }
}

/// Names and lines that try to be markup, script or something else than they are.
fn hostile() -> Folder {
    let folder = Folder::new();
    let run = "window.pwned=1;document.title='pwned'";
    let names: Vec<Vec<u8>> = vec![
        format!("<img src=x onerror={run}>.env").into_bytes(),
        format!("\"><svg onload={run}>").into_bytes(),
        format!("a</script><script>{run}<").into_bytes(),
        format!("' onfocus={run} autofocus '").into_bytes(),
        "gnp.\u{202e}vne.exe".into(),
        format!("two\nlines\r<script>{run}").into_bytes(),
        "javascript:window.pwned=1".into(),
        b"not \xff\xfe text <!--".to_vec(),
        "--><style>*{display:none}".into(),
    ];
    for (n, name) in names.iter().enumerate() {
        let line = format!("k = \"{}\" <img src=x onerror={run}></code></td><script>{run};</script>\n", github(n as u64));
        folder.write(Path::new(OsStr::from_bytes(name)), line);
    }
    let reason = format!("</q><script>{run}</script><img src=x onerror={run}>");
    folder.write("silenced", format!("k = {} # stanch:allow[github-pat] -- {reason}\n", github(99)));
    folder
}

#[test]
fn nothing_foreign_runs() {
    let folder = hostile();
    let mut browser = Browser::new();
    let page = report(&folder);
    browser.open(&page);
    assert_eq!(rules(&mut browser).len(), 9);
    (0..9).for_each(|_| {
        browser.key("j");
        browser.key("Enter");
        browser.key("x");
    });
    browser.key("/");
    browser.type_text("<script>");
    assert_eq!(rules(&mut browser).len(), 9, "it stands in every line, as text");
    browser.value("document.querySelectorAll('details').forEach(one => one.open = true)");
    assert_eq!(browser.value("typeof window.pwned"), "undefined");
    assert_eq!(browser.value("document.title"), "stanch report");
    let strange =
        "document.querySelectorAll('img, svg, iframe, object, embed, link, base, form, [style], [onerror], [onload]').length";
    assert_eq!(browser.value(strange), 0);
    assert_eq!(browser.value("document.scripts.length"), 2);
    assert_eq!(browser.value("document.styleSheets.length"), 1);
    assert_eq!(browser.value("Array.from(document.links).every(a => /^(https:|file:.*#)/.test(a.href))"), true);
    assert!(browser.text("#findings").contains("gnp.\\u{202e}vne.exe") && browser.text("#findings").contains("two\\nlines\\r"));
    assert_eq!(browser.requests(), [format!("file://{}", page.display())]);
    assert_eq!(browser.complaints().len(), 0, "{:?}", browser.complaints());
}

/// Even what would get into the page does not run, and asks the network for nothing.
#[test]
fn its_policy_lets_nothing_else_run() {
    let folder = project();
    let page = std::fs::read_to_string(report(&folder)).unwrap();
    let more = "<script>window.pwned=1</script><img src=x onerror=\"window.pwned=1\"><img src=\"http://127.0.0.1:9/x.png\">\
        <a id=bad href=\"javascript:window.pwned=1\">x</a><link rel=stylesheet href=\"http://127.0.0.1:9/x.css\"><iframe src=\"http://127.0.0.1:9/\"></iframe>";
    let page = folder.write("changed.html", page.replace("<header", &format!("{more}<header")));
    let mut browser = Browser::new();
    browser.open(&page);
    browser.click("#bad");
    browser.key("j");
    assert_eq!(browser.value("typeof window.pwned"), "undefined");
    let log = format!("{:?}", browser.complaints());
    assert!(log.contains("Content Security Policy"), "{log}");
    assert_eq!(rules(&mut browser).len(), 4, "its own script runs");
}

#[test]
fn it_is_readable_without_its_script() {
    let folder = project();
    let mut browser = Browser::new();
    let page = report(&folder);
    browser.call("Emulation.setScriptExecutionDisabled", &serde_json::json!({"value": true}));
    browser.open(&page);
    browser.call("Emulation.setScriptExecutionDisabled", &serde_json::json!({"value": false}));
    let seen = "Array.from(document.querySelectorAll('.detail')).every(one => one.checkVisibility())";
    assert_eq!((browser.value(seen), rules(&mut browser).len()), (true.into(), 4));
    assert_eq!(browser.value("Array.from(document.querySelectorAll('.needs-script')).some(one => one.checkVisibility())"), false);
}

#[test]
fn it_follows_the_system_to_dark_and_can_be_told() {
    let folder = project();
    let mut browser = Browser::new();
    browser.prefers("dark");
    browser.open(&report(&folder));
    let mut light = || {
        let colour = browser.value("getComputedStyle(document.body).backgroundColor").as_str().unwrap().to_owned();
        let parts = colour.trim_start_matches("rgb(").trim_end_matches(')').split(", ").map(|part| part.parse::<u32>().unwrap());
        let is_light = parts.sum::<u32>() > 380;
        browser.click("#theme");
        is_light
    };
    assert_eq!([light(), light(), light(), light()], [false, true, false, false], "system, light, dark, system");
}

/// The checks of axe-core for WCAG 2.1 AA and good practice, in both colour schemes, on a wide and on a narrow screen.
#[test]
fn it_is_accessible() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tests/axe/package/axe.min.js");
    let axe = std::fs::read_to_string(path).expect("axe-core is missing; tests/run installs it");
    let folder = project();
    let page = report(&folder);
    folder.write("clean/a", "nothing");
    folder.run(&["scan", "clean", "-f", "html", "-o", "clean.html"]).says(0, &[]);
    let mut browser = Browser::new();
    let check = |browser: &mut Browser, what: &str| {
        browser.value(&format!("{axe};0"));
        let run = "axe.run(document).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', ')).join('; '))";
        assert_eq!(browser.value(run), "", "{what}");
    };
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)] {
        browser.prefers(scheme);
        browser.size(width, 900);
        browser.open(&folder.path("clean.html"));
        check(&mut browser, &format!("clean, {scheme}, {width}"));
        browser.open(&page);
        browser.value("document.querySelectorAll('.toggle').forEach(one => one.click())");
        check(&mut browser, &format!("open, {scheme}, {width}"));
        let wide = browser.value("document.documentElement.scrollWidth").as_u64().unwrap();
        assert!(wide <= u64::from(width), "it is {wide} wide on {width}");
        browser.key("j");
        browser.key("x");
        browser.key("a");
        check(&mut browser, &format!("dialog, {scheme}, {width}"));
    }
}

#[test]
fn five_thousand_secrets_are_handled() {
    let folder = Folder::new();
    for n in 0..50 {
        let lines: String = (0..100).map(|line| format!("k = {}\n", github(n * 100 + line))).collect();
        folder.write(format!("d{n}/f"), lines);
    }
    folder.run(&["init"]).says(0, &[]);
    let mut browser = Browser::new();
    browser.open(&report(&folder));
    assert_eq!(browser.text("#count"), "5,000 secrets, the first 200 listed");
    assert_eq!(rules(&mut browser).len(), 200);
    browser.key("/");
    browser.type_text("d49/f");
    assert_eq!(browser.text("#count"), "100 of 5,000 secrets");
    // A fraction of a second on a machine that has nothing else to do.
    let took = browser.value("(() => { const s = document.querySelector('#search'); const from = performance.now(); s.value = 'd7/'; s.dispatchEvent(new Event('input')); return performance.now() - from; })()");
    assert!(took.as_f64().unwrap() < 4_000.0, "a search takes {took} ms");
    browser.click("#clear");
    browser.click("#next");
    assert_eq!((rules(&mut browser).len(), browser.text("#count")), (400, "5,000 secrets, the first 400 listed".into()));
}
