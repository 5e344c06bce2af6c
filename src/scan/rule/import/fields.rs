//! The fields of a table of TOML, taken out one by one, so that those nobody asked for can be named.
//!
//! It must not know what a field means. Start with [`Fields`].

use toml::{Table, Value};

use super::Drafts;

/// Fields of a table, taken out one by one: what is left at the end is not known.
pub(super) struct Fields<'a> {
    pub(super) table: Table,
    pub(super) rule: Option<String>,
    pub(super) out: &'a mut Drafts,
}

impl Fields<'_> {
    pub(super) fn of(&mut self, table: Table, rule: Option<&str>) -> Fields<'_> {
        Fields { table, rule: rule.map(str::to_owned), out: &mut *self.out }
    }

    pub(super) fn wrong(&mut self, name: &str) {
        let rule = self.rule.clone();
        self.out.leave(rule.as_deref(), name, "not of the type it must have");
    }

    pub(super) fn text(&mut self, name: &str) -> String {
        match self.table.remove(name) {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(Value::Integer(n)) => n.to_string(),
            Some(_) => {
                self.wrong(name);
                String::new()
            }
        }
    }

    /// One text is a list of one.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        match self.table.remove(name) {
            None => Vec::new(),
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(items)) => {
                let all = items.len();
                let list: Vec<String> = items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
                if list.len() < all {
                    self.wrong(name);
                }
                list
            }
            Some(_) => {
                self.wrong(name);
                Vec::new()
            }
        }
    }

    pub(super) fn truth(&mut self, name: &str) -> bool {
        match self.table.remove(name) {
            None => false,
            Some(Value::Boolean(is_so)) => is_so,
            Some(_) => {
                self.wrong(name);
                false
            }
        }
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        match self.table.remove(name)? {
            Value::Integer(n) if n >= 0 => u64::try_from(n).ok(),
            _ => {
                self.wrong(name);
                None
            }
        }
    }

    pub(super) fn float(&mut self, name: &str) -> f64 {
        match self.table.remove(name) {
            None => 0.0,
            Some(Value::Float(n)) => n,
            Some(Value::Integer(n)) => n as f64,
            Some(_) => {
                self.wrong(name);
                0.0
            }
        }
    }

    /// A list of tables; one table is a list of one.
    pub(super) fn tables(&mut self, name: &str) -> Vec<Table> {
        match self.table.remove(name) {
            None => Vec::new(),
            Some(Value::Table(table)) => vec![table],
            Some(Value::Array(items)) => {
                let all = items.len();
                let tables: Vec<Table> = items
                    .into_iter()
                    .filter_map(|item| if let Value::Table(table) = item { Some(table) } else { None })
                    .collect();
                if tables.len() < all {
                    self.wrong(name);
                }
                tables
            }
            Some(_) => {
                self.wrong(name);
                Vec::new()
            }
        }
    }

    /// The expressions of betterleaks that drop what they hold for.
    pub(super) fn expressions(&mut self) -> Vec<String> {
        ["prefilter", "filter"].map(|name| self.text(name)).into_iter().filter(|text| !text.trim().is_empty()).collect()
    }

    /// The allowlists in both spellings.
    pub(super) fn allowlists(&mut self) -> Vec<Table> {
        let (old, new) = (self.tables("allowlist"), self.tables("allowlists"));
        if !old.is_empty() && !new.is_empty() {
            let rule = self.rule.clone();
            self.out.leave(rule.as_deref(), "allowlist", "gitleaks refuses it beside `allowlists`, which are used");
            return new;
        }
        if new.is_empty() { old } else { new }
    }

    /// Names what nobody asked for.
    pub(super) fn end(&mut self, prefix: &str) {
        let rule = self.rule.clone();
        for (name, _) in std::mem::take(&mut self.table) {
            self.out.leave(rule.as_deref(), &format!("{prefix}{name}"), "a field that is not known");
        }
    }
}

/// With all names of fields in lower case.
pub(super) fn lower(table: Table) -> Table {
    let value = |value: Value| match value {
        Value::Table(table) => Value::Table(lower(table)),
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| if let Value::Table(table) = item { Value::Table(lower(table)) } else { item })
                .collect(),
        ),
        other => other,
    };
    table.into_iter().map(|(name, v)| (name.to_ascii_lowercase(), value(v))).collect()
}
