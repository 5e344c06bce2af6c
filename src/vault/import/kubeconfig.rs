//! kubeconfig files: who may talk to which cluster.
//!
//! It must not know a cluster. Start with [`read`]. A user is one secret, called as in the file, with the fields `token`, `password`,
//! `client-key`, `client-certificate`, those of an `auth-provider`, and `env.NAME` of a program that is run for its credentials. Keys and
//! certificates in base64 are decoded: a field holds the PEM text, as `kubectl config view --raw` shows it in files of its own.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::base::date::Date;
use super::draft::{Collector, Draft};
use super::tree::{Node, Tree};
use super::{Error, Import, Why, yaml};

/// Of an `auth-provider`, what opens something.
const PROVIDER_SECRETS: [&str; 4] = ["id-token", "access-token", "refresh-token", "client-secret"];

/// Reads a file.
pub(super) fn read(text: &str) -> Result<Import, Error> {
    let documents = yaml::documents(text)?;
    let mut collector = Collector::default();
    if !documents.iter().any(|tree| matches!(tree.get("users"), Some(Tree { node: Node::List(_) | Node::Null, .. }))) {
        return Err(Error::File("it is no kubeconfig: it has no list `users`"));
    }
    for document in &documents {
        let servers = servers(document);
        for entry in document.list("users") {
            let (name, Some(user)) = (entry.text("name"), entry.get("user")) else { continue };
            let mut draft = Draft::new(name, entry.line);
            take(user, &mut draft)?;
            if let Some((context, server)) = servers.get(name) {
                draft.tag("context", context);
                draft.opens(server);
            }
            let elsewhere = ["exec", "tokenFile", "client-key", "client-certificate"].iter().any(|key| user.get(key).is_some());
            if draft.is_empty() && elsewhere {
                collector.leave(name, entry.line, Why::Elsewhere);
            } else {
                collector.add(draft);
            }
        }
    }
    Ok(collector.finish())
}

fn take(user: &Tree, draft: &mut Draft) -> Result<(), Error> {
    for key in ["token", "password"] {
        draft.field(key, user.text(key).as_bytes());
    }
    for key in ["client-key", "client-certificate"] {
        let name = format!("{key}-data");
        let Some(value) = user.get(&name) else { continue };
        let text: Zeroizing<String> = Zeroizing::new(value.as_text().unwrap_or_default().split_ascii_whitespace().collect());
        let what = "what should be base64 is none";
        let bytes = STANDARD.decode(text.as_bytes()).map(Zeroizing::new);
        draft.field(key, &bytes.map_err(|_| value.line.map_or(Error::File(what), |line| Error::Line { line, what }))?);
    }
    draft.tag("user", user.text("username"));
    if let Some(provider) = user.get("auth-provider") {
        draft.tag("auth-provider", provider.text("name"));
        for (name, value) in provider.get("config").map(Tree::entries).unwrap_or_default() {
            let value = value.as_text().unwrap_or_default();
            match name.as_str() {
                name if PROVIDER_SECRETS.contains(&name) => draft.field(name, value.as_bytes()),
                "expiry" | "expires-on" => {
                    draft.expires(value.get(..10).and_then(Date::parse));
                    draft.tag(name, value);
                }
                "client-id" | "idp-issuer-url" | "cmd-path" | "cmd-args" | "tenant-id" | "apiserver-id" => draft.tag(name, value),
                name => draft.judge(name, value),
            }
        }
    }
    if let Some(exec) = user.get("exec") {
        draft.tag("exec", exec.text("command"));
        for variable in exec.list("env") {
            let (name, value) = (variable.text("name"), variable.text("value"));
            if super::is_plain(name, value).is_none() {
                draft.field(&format!("env.{name}"), value.as_bytes());
            }
        }
    }
    Ok(())
}

/// By user, the first context that names it and the server of that.
fn servers(document: &Tree) -> HashMap<&str, (&str, &str)> {
    let clusters: HashMap<&str, &str> = document
        .list("clusters")
        .iter()
        .map(|entry| (entry.text("name"), entry.get("cluster").map_or("", |cluster| cluster.text("server"))))
        .collect();
    let mut out = HashMap::new();
    for entry in document.list("contexts") {
        let Some(context) = entry.get("context") else { continue };
        let server = clusters.get(context.text("cluster")).copied().unwrap_or_default();
        out.entry(context.text("user")).or_insert((entry.text("name"), server));
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::super::tests::{about, left, shown, wrong_line};
    use super::super::{Error, Format, Options, read};

    #[test]
    fn users() {
        let pem = base64::engine::general_purpose::STANDARD.encode("made up PEM\n");
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n    server: https://k8s.example:6443\n    certificate-authority-data: eA==\n\
             contexts:\n- context: {{cluster: prod, user: admin@prod}}\n  name: c1\ncurrent-context: c1\nusers:\n- name: admin@prod\n  user:\n    client-certificate-data: {pem}\n\
             \x20   client-key-data: {pem}\n- name: bot/ci\n  user: {{token: monkey}}\n- name: basic\n  user: {{username: me, password: monkey business}}\n\
             - name: oidc\n  user:\n    auth-provider:\n      name: oidc\n      config:\n        client-id: kube\n        client-secret: monkey1\n        id-token: monkey2\n\
             \x20       expiry: \"2027-01-02T03:04:05Z\"\n- name: eks\n  user:\n    exec:\n      command: aws\n      env: [{{name: AWS_PROFILE, value: default}}]\n\
             - name: tool\n  user:\n    exec: {{command: x, env: [{{name: T, value: monkey3}}]}}\n- name: file\n  user: {{tokenFile: /x}}\n- name: empty\n  user: {{}}\n"
        );
        assert_eq!(
            shown(Format::Kubeconfig, &text),
            [
                "admin@prod client-key=made up PEM\n client-certificate=made up PEM\n",
                "bot-ci token=monkey",
                "basic password=monkey business",
                "oidc client-secret=monkey1 id-token=monkey2",
                "tool env.T=monkey3",
            ]
        );
        assert_eq!(
            left(Format::Kubeconfig, &text),
            ["30 eks its secret is not in this file", "38 file its secret is not in this file", "40 empty holds no secret"]
        );
        let about = about(Format::Kubeconfig, &text);
        assert_eq!(about[0].opens.as_deref(), Some("https://k8s.example:6443"));
        assert_eq!(about[3].expires.unwrap().to_string(), "2027-01-02");
    }

    #[test]
    fn what_is_none() {
        wrong_line(Format::Kubeconfig, "users:\n- name: a\n  user:\n    client-key-data: '?'\n", 4);
        for text in ["a: b", "users: x", ""] {
            assert!(matches!(read(Format::Kubeconfig, text.as_bytes(), Options::default()), Err(Error::File(_))), "{text}");
        }
    }
}
