//! The names of a table's columns, from the statement that made it.
//!
//! It must not understand SQL: names stand first between commas. Start with [`names`].

/// Words that begin a condition on the table and no column.
const CONDITIONS: [&str; 5] = ["constraint", "primary", "unique", "check", "foreign"];

/// The names in order; none for a table without row ids, whose columns stand in another order.
pub(super) fn names(sql: &str) -> Vec<String> {
    let Some(open) = sql.find('(') else { return Vec::new() };
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0, None);
    let mut rest = "";
    for (at, c) in sql[open + 1..].char_indices() {
        match (quote, c) {
            (Some(end), _) => quote = Some(end).filter(|end| *end != c),
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '[') => quote = Some(']'),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => {
                rest = &sql[open + 1 + at + 1..];
                break;
            }
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    if rest.to_ascii_lowercase().contains("without") {
        return Vec::new();
    }
    parts.iter().filter_map(|part| name(part.trim())).collect()
}

fn name(part: &str) -> Option<String> {
    let close = match part.chars().next()? {
        '[' => ']',
        quote @ ('"' | '\'' | '`') => quote,
        _ => {
            let word = part.split(|c: char| c.is_whitespace() || c == '(').next()?;
            return (!CONDITIONS.contains(&word.to_ascii_lowercase().as_str())).then(|| word.to_owned());
        }
    };
    part[1..].split(close).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn columns() {
        let check = |sql: &str, expected: &[&str]| assert_eq!(names(sql), expected, "{sql}");
        check("CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'a,b', \"api key\" TEXT)", &["id", "name", "api key"]);
        check("create table a(x numeric(3, 2), [y z] text, `w`, primary key (x), CHECK(x > 0))", &["x", "y z", "w"]);
        check("CREATE TABLE a (k TEXT PRIMARY KEY, v) WITHOUT ROWID", &[]);
        check("CREATE TABLE a", &[]);
        check("CREATE TABLE a (b", &["b"]);
        check("CREATE TABLE a (é TEXT, '", &["é", ""]);
    }
}
