//! All tables, read whole and checked: for those who write them, and for the tests. The box itself
//! reads an entry when it needs it.

use std::collections::BTreeMap;

use super::table::{
    ErrorCode, Gateway, Limit, Operation, Schema, Shape, TableError, Texts, entries, error_code,
    limit, operation, schema,
};

/// All facts of `specs/`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tables {
    /// The REST operations, ordered by path and method.
    pub(crate) operations: Vec<Operation>,
    /// Objects, enums and aliases by name: those of the OpenAPI file under its
    /// names, those of the documentation
    /// under `docs/page/section/heading`.
    pub(crate) schemas: BTreeMap<String, Schema>,
    /// The gateway and voice facts.
    pub(crate) gateway: Gateway,
    /// Documented limits.
    pub(crate) limits: Vec<Limit>,
    /// JSON error codes.
    pub(crate) errors: BTreeMap<u32, ErrorCode>,
}

impl Tables {
    /// Reads the tables and checks that every reference leads somewhere.
    ///
    /// # Errors
    ///
    /// The first line that is not of the format, or the first name that no
    /// table has.
    pub(crate) fn parse(texts: Texts<'_>) -> Result<Self, TableError> {
        let mut tables = Self::default();
        for entry in entries("operations.txt", texts.operations)? {
            tables.operations.push(operation(&entry.read())?);
        }
        for entry in entries("schemas.txt", texts.schemas)?
            .into_iter()
            .chain(entries("objects.txt", texts.objects)?)
        {
            let (name, schema) = schema(&entry.read())?;
            if tables.schemas.insert(name, schema).is_some() {
                return Err(entry.read().fault("this name occurs twice"));
            }
        }
        for entry in entries("gateway.txt", texts.gateway)? {
            tables.gateway.read(&entry.read())?;
        }
        for entry in entries("limits.txt", texts.limits)? {
            tables.limits.push(limit(&entry.read())?);
        }
        for entry in entries("errors.txt", texts.errors)? {
            let (code, error) = error_code(&entry.read())?;
            tables.errors.insert(code, error);
        }
        tables.check_references()?;
        Ok(tables)
    }

    /// Every shape of the tables, with a name for the place it stands in.
    pub(crate) fn shapes(&self) -> Vec<(&'static str, String, &Shape)> {
        let mut all = Vec::new();
        for operation in &self.operations {
            let parts = operation
                .path_params
                .iter()
                .chain(&operation.query_params)
                .map(|field| &field.shape)
                .chain(operation.bodies.iter().map(|body| &body.shape))
                .chain(
                    operation
                        .answers
                        .iter()
                        .filter_map(|answer| answer.content.as_ref())
                        .map(|content| &content.shape),
                );
            all.extend(parts.map(|shape| ("operations.txt", operation.id.clone(), shape)));
        }
        for (name, schema) in &self.schemas {
            match schema {
                Schema::Object { fields, .. } => all.extend(fields.iter().map(|field| {
                    (
                        "schemas.txt",
                        format!("{name}.{}", field.name),
                        &field.shape,
                    )
                })),
                Schema::Alias(shape) => all.push(("schemas.txt", name.clone(), shape)),
                Schema::Enum(_) => {}
            }
        }
        for event in &self.gateway.events {
            let own = event.fields.iter().map(|field| &field.shape);
            all.extend(
                own.chain(&event.payload)
                    .map(|shape| ("gateway.txt", event.name.clone(), shape)),
            );
        }
        for command in &self.gateway.commands {
            let own = command.fields.iter().map(|field| &field.shape);
            all.extend(
                own.chain(&command.payload)
                    .map(|shape| ("gateway.txt", command.name.clone(), shape)),
            );
        }
        all
    }

    fn check_references(&self) -> Result<(), TableError> {
        for (table, place, shape) in self.shapes() {
            let mut missing = None;
            shape.walk(&mut |part| {
                if let Shape::Ref(name) | Shape::Partial(name) = part
                    && !self.schemas.contains_key(name)
                {
                    missing = Some(name.clone());
                }
            });
            if let Some(name) = missing {
                return Err(TableError {
                    table,
                    line: 0,
                    fault: format!("{place} refers to {name}, which no table has"),
                });
            }
        }
        for event in &self.gateway.events {
            for intent in &event.intents {
                if !self
                    .gateway
                    .intents
                    .iter()
                    .any(|known| &known.name == intent)
                {
                    return Err(TableError {
                        table: "gateway.txt",
                        line: 0,
                        fault: format!("{} names the unknown intent {intent}", event.name),
                    });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(change: impl FnOnce(&mut Texts<'static>)) -> String {
        let mut texts = Texts {
            operations: "# none\nGET /a/{b} a\n  path b @Id\n  answer 200 application/json @O\n",
            schemas: "alias Id str:snowflake\nobject O\n  id @Id\nenum E int\n  ONE 1\n",
            objects: "",
            gateway: "intent 0 GUILDS\nevent 0 READY GUILDS\n  payload @O\n",
            limits: "limit a.b a 1,2 things\n",
            errors: "error 0 General\nerror 30001 TooManyGuilds 100\n",
        };
        change(&mut texts);
        Tables::parse(texts).map_or_else(|fault| fault.to_string(), |_| "none".to_owned())
    }

    #[test]
    fn a_table_that_cannot_be_read_names_the_line() {
        assert_eq!(fault(|_| ()), "none");
        for (change, said) in [
            (
                Texts {
                    operations: "GET /a",
                    ..EMPTY
                },
                "operations.txt:1",
            ),
            (
                Texts {
                    operations: "GET /a a\n  colour red",
                    ..EMPTY
                },
                "operations.txt:2",
            ),
            (
                Texts {
                    schemas: "  id int",
                    ..EMPTY
                },
                "schemas.txt:1",
            ),
            (
                Texts {
                    schemas: "object O\n  id integer",
                    ..EMPTY
                },
                "integer is no shape",
            ),
            (
                Texts {
                    schemas: "alias A int\nalias A int",
                    ..EMPTY
                },
                "occurs twice",
            ),
            (
                Texts {
                    objects: "alias A @B",
                    ..EMPTY
                },
                "A refers to B",
            ),
            (
                Texts {
                    gateway: "close 70000 stop",
                    ..EMPTY
                },
                "gateway.txt:1",
            ),
            (
                Texts {
                    gateway: "event 0 E GUILDS",
                    ..EMPTY
                },
                "unknown intent GUILDS",
            ),
            (
                Texts {
                    limits: "limit a b many things",
                    ..EMPTY
                },
                "many is no number",
            ),
            (
                Texts {
                    errors: "error x",
                    ..EMPTY
                },
                "errors.txt:1",
            ),
        ] {
            let fault = fault(|texts| *texts = change);
            assert!(fault.contains(said), "{fault} does not say {said}");
        }
    }

    const EMPTY: Texts<'static> = Texts {
        operations: "",
        schemas: "",
        objects: "",
        gateway: "",
        limits: "",
        errors: "",
    };
}
