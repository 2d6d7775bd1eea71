//! The tables that the crate was built with, each operation and schema read when it is first asked for.
//!
//! A test of a bot asks for few of them and would otherwise wait for all.

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use super::table::{
    Entry, ErrorCode, Gateway, Limit, Operation, Schema, TableError, Texts, entries, error_code,
    limit, operation, schema,
};

#[derive(Debug)]
pub(super) struct Facts {
    operations: Vec<Late<Operation>>,
    /// The places of the operations by id.
    ids: HashMap<&'static str, usize>,
    schemas: BTreeMap<&'static str, Late<Schema>>,
    pub(super) gateway: Gateway,
    pub(super) limits: Vec<Limit>,
    pub(super) errors: BTreeMap<u32, ErrorCode>,
}

/// An entry that is read once.
#[derive(Debug)]
struct Late<T> {
    entry: Entry<'static>,
    read: OnceLock<T>,
}

impl Facts {
    /// # Errors
    ///
    /// The first line that is not of the format, among those that are read at once.
    pub(super) fn new(texts: Texts<'static>) -> Result<Self, TableError> {
        let mut facts = Self {
            operations: Vec::new(),
            ids: HashMap::new(),
            schemas: BTreeMap::new(),
            gateway: Gateway::default(),
            limits: Vec::new(),
            errors: BTreeMap::new(),
        };
        for entry in entries("operations.txt", texts.operations)? {
            facts.ids.insert(entry.word(2), facts.operations.len());
            facts.operations.push(Late::new(entry));
        }
        for entry in entries("schemas.txt", texts.schemas)?
            .into_iter()
            .chain(entries("objects.txt", texts.objects)?)
        {
            facts.schemas.insert(entry.word(1), Late::new(entry));
        }
        for entry in entries("gateway.txt", texts.gateway)? {
            facts.gateway.read(&entry.read())?;
        }
        for entry in entries("limits.txt", texts.limits)? {
            facts.limits.push(limit(&entry.read())?);
        }
        for entry in entries("errors.txt", texts.errors)? {
            let (code, error) = error_code(&entry.read())?;
            facts.errors.insert(code, error);
        }
        Ok(facts)
    }

    /// Method and path template of each operation, in their order.
    pub(super) fn routes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let entries = self.operations.iter().map(|late| &late.entry);
        entries.map(|entry| (entry.word(0), entry.word(1)))
    }

    pub(super) fn operation_at(&self, place: usize) -> Option<&Operation> {
        let late = self.operations.get(place)?;
        Some(late.get(|entry| operation(&entry.read())))
    }

    pub(super) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operation_at(*self.ids.get(id)?)
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation> + Clone {
        (0..self.operations.len()).filter_map(|place| self.operation_at(place))
    }

    pub(super) fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.get(name).map(read_schema)
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = (&str, &Schema)> {
        let schemas = self.schemas.iter();
        schemas.map(|(name, late)| (*name, read_schema(late)))
    }
}

impl<T> Late<T> {
    const fn new(entry: Entry<'static>) -> Self {
        Self {
            entry,
            read: OnceLock::new(),
        }
    }

    /// # Panics
    ///
    /// When the entry cannot be read. The tests of this crate read all of them.
    fn get(&self, read: impl FnOnce(&Entry<'static>) -> Result<T, TableError>) -> &T {
        self.read.get_or_init(|| match read(&self.entry) {
            Ok(read) => read,
            Err(fault) => panic!("the embedded tables can be read: {fault}"),
        })
    }
}

fn read_schema(late: &Late<Schema>) -> &Schema {
    late.get(|entry| schema(&entry.read()).map(|(_, schema)| schema))
}

#[cfg(test)]
mod tests {
    use super::super::{TEXTS, tables::Tables};
    use super::*;

    #[test]
    fn what_is_read_late_is_what_is_read_whole() {
        let (facts, tables) = (Facts::new(TEXTS).unwrap(), Tables::parse(TEXTS).unwrap());
        assert!(facts.operations().eq(&tables.operations));
        let schemas = tables.schemas.iter();
        assert!(
            facts
                .schemas()
                .eq(schemas.map(|(name, schema)| (name.as_str(), schema)))
        );
        assert_eq!(facts.gateway, tables.gateway);
        assert_eq!(facts.limits, tables.limits);
        assert_eq!(facts.errors, tables.errors);
    }
}
