//! Puts secrets in.
//!
//! It must not know how rows are stored. Start with [`Vault::put`].

use std::collections::BTreeMap;

use super::Error;
use super::audit::{Receipt, Verb};
use super::base::crypto::random;
use super::base::secret::Secret;
use super::base::text::hex;
use super::contexts::{Contexts, Opened};
use super::name::{Context, Name};
use super::record::{About, Record, Stage, Version};
use super::rows::{self, Fields, Place};
use super::store::Writer;
use super::vault::{Vault, id_of, matches, object, secret_of, written};

/// Versions of a secret that are kept, the current one among them.
const KEPT: usize = 10;
/// Bytes of the name of a field, at most.
const LONGEST_FIELD: usize = 128;

/// A secret that goes in.
#[derive(Debug)]
pub struct Put<'a> {
    /// Where.
    pub context: &'a Context,
    /// Under which name.
    pub name: &'a Name,
    /// Its fields. Those of the version before that are not named here stay as they are.
    pub fields: &'a [(String, Secret)],
    /// What is said of it; `None` leaves it as it is.
    pub about: Option<&'a About>,
    /// As what.
    pub stage: Stage,
    /// What if there is one already.
    pub existing: Existing,
    /// Seconds since 1970.
    pub now: u64,
}

/// What becomes of a secret that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It gets another version.
    Version,
    /// It is an error.
    Refuse,
}

/// What became of a secret that went in.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its version.
    pub version: u64,
    /// Other places that have one of its values: contexts and names.
    pub elsewhere: Vec<Elsewhere>,
    /// Of the vault.
    pub generation: u64,
}

/// Another place of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elsewhere {
    /// Its context.
    pub context: Context,
    /// Its name there.
    pub name: String,
}

impl Vault {
    /// Adds a version of a secret, and the secret and its context if they are new.
    ///
    /// # Errors
    /// [`Error::Unwritten`] without a receipt for it; [`Error::Taken`], [`Error::NoFields`], [`Error::TooLarge`].
    pub fn put(&self, put: &Put<'_>, receipt: Receipt) -> Result<Stored, Error> {
        let stored = self.put_all(Verb::Put, std::slice::from_ref(put), vec![receipt])?;
        stored.into_iter().next().ok_or(Error::NoFields)
    }

    /// The same for secrets that come from a file of another tool: all of them go in, or none. There is a receipt for each, in their order.
    ///
    /// # Errors
    /// As for [`Vault::put`].
    pub fn import(&self, puts: &[Put<'_>], receipts: Vec<Receipt>) -> Result<Vec<Stored>, Error> {
        self.put_all(Verb::Import, puts, receipts)
    }

    fn put_all(&self, verb: Verb, puts: &[Put<'_>], receipts: Vec<Receipt>) -> Result<Vec<Stored>, Error> {
        if puts.len() != receipts.len() {
            return Err(Error::Unwritten);
        }
        for (put, receipt) in puts.iter().zip(receipts) {
            written(receipt, verb, &object(put.context, put.name))?;
            if put.fields.is_empty() {
                return Err(Error::NoFields);
            }
            if put.fields.iter().any(|(name, _)| name.is_empty() || name.len() > LONGEST_FIELD) {
                return Err(Error::TooLarge { what: "a field's name", most: LONGEST_FIELD });
            }
        }
        let (mut stored, generation) = self.store.change(&self.keys, |writer| {
            let mut contexts = self.contexts()?;
            matches(&contexts, writer.state.contexts)?;
            let mut opened = BTreeMap::new();
            for put in puts {
                if !opened.contains_key(put.context) {
                    let context = contexts.find(put.context).unwrap_or_else(|| contexts.add(put.context, put.now))?;
                    opened.insert(put.context, context);
                }
            }
            // Their keys are on disk before anything is sealed with them.
            if contexts.grew {
                contexts.write(&self.folder, &self.id, &self.keys.contexts)?;
            }
            writer.state.contexts = contexts.number;
            puts.iter().map(|put| self.put_in(writer, &contexts, &opened[put.context], put)).collect::<Result<Vec<_>, _>>()
        })?;
        stored.iter_mut().for_each(|one| one.generation = generation);
        Ok(stored)
    }

    fn put_in(&self, writer: &mut Writer<'_>, contexts: &Contexts, context: &Opened, put: &Put<'_>) -> Result<Stored, Error> {
        let key = rows::record_key(&self.keys, context, put.name.as_str());
        let before = writer.record(&key)?.map(|row| rows::open_record(&self.id, context, &key, &row)).transpose()?;
        if before.is_some() && put.existing == Existing::Refuse {
            return Err(Error::Taken(object(put.context, put.name)));
        }
        let mut record = match before {
            Some(record) => record,
            None => Record {
                name: put.name.as_str().to_owned(),
                id: hex(&random::<16>()?),
                created: put.now,
                changed: put.now,
                about: About::default(),
                versions: Vec::new(),
                next: 1,
            },
        };
        let secret = secret_of(writer.last_value(&id_of(&record)?)?, &record)?;
        let kept = match record.at(Stage::Current).cloned() {
            Some(version) => self.fields_of(context, &secret, &version, |key| writer.value(key))?,
            None => Fields::new(),
        };
        let kept: Vec<_> = kept.into_iter().filter(|(name, _)| !put.fields.iter().any(|(new, _)| new == name)).collect();
        let added = put.fields.iter().map(|(name, value)| self.copy(value).map(|value| (name.clone(), value)));
        let fields: Fields = added.chain(kept.into_iter().map(Ok)).collect::<Result<_, _>>()?;
        let number = record.next;
        let value_key = rows::value_key(&secret, number);
        let place = Place { vault: &self.id, context, key: value_key, created: put.now };
        writer.set_value(&value_key, Some(&rows::seal_fields(&self.arena, &place, &fields)?))?;
        let elsewhere = self.print(writer, contexts, &place, (put.name.as_str(), &fields))?;
        record.versions.push(Version {
            number,
            created: put.now,
            stage: None,
            fields: fields.iter().map(|(name, _)| name.clone()).collect(),
        });
        record.next = number + 1;
        record.changed = put.now;
        record.stage(number, put.stage);
        if let Some(about) = put.about {
            record.about = about.clone();
        }
        self.forget_old(writer, context, &secret, &mut record)?;
        writer.set_record(&key, Some(&rows::seal_record(&self.id, context, &key, &record)?))?;
        Ok(Stored { version: number, elsewhere, generation: 0 })
    }

    /// Writes the fingerprints of the values of a version; gives the other places that have one of them.
    fn print(
        &self,
        writer: &mut Writer<'_>,
        contexts: &Contexts,
        place: &Place<'_>,
        named: (&str, &Fields),
    ) -> Result<Vec<Elsewhere>, Error> {
        let (name, fields) = named;
        let mut elsewhere = Vec::new();
        for (_, value) in fields {
            let print = self.keys.print(value.expose());
            writer.prints(&print, |key, row| {
                let (owner, name) = rows::open_owner(&self.keys, key, row)?;
                if key[32..48] != place.key[..16] {
                    let context = contexts.all().find(|one| one.as_ref().is_ok_and(|one| one.id == owner)).transpose()?;
                    elsewhere.extend(context.map(|context| Elsewhere { context: context.context, name }));
                }
                Ok(())
            })?;
            let key = rows::print_key(&print, &place.key);
            writer.set_print(&key, Some(&rows::seal_owner(&self.keys, &key, &place.context.id, name)?))?;
        }
        elsewhere.sort();
        elsewhere.dedup();
        Ok(elsewhere)
    }

    /// Removes versions that are older than those that are kept, with their fingerprints.
    fn forget_old(&self, writer: &mut Writer<'_>, context: &Opened, secret: &[u8; 16], record: &mut Record) -> Result<(), Error> {
        while record.versions.len() > KEPT {
            let Some(oldest) = record.versions.iter().position(|version| version.stage.is_none()) else { break };
            let version = record.versions.remove(oldest);
            self.forget(writer, context, secret, &version)?;
        }
        Ok(())
    }

    pub(crate) fn forget(
        &self,
        writer: &mut Writer<'_>,
        context: &Opened,
        secret: &[u8; 16],
        version: &Version,
    ) -> Result<(), Error> {
        let fields = self.fields_of(context, secret, version, |key| writer.value(key))?;
        let value_key = rows::value_key(secret, version.number);
        for (_, value) in &fields {
            writer.set_print(&rows::print_key(&self.keys.print(value.expose()), &value_key), None)?;
        }
        writer.set_value(&value_key, None)?;
        Ok(())
    }
}
