//! From a method and a path to an operation.

use std::collections::BTreeMap;

use super::{facts::Facts, table::Operation};

/// What a method and a path lead to.
#[derive(Clone, Debug, PartialEq)]
pub enum Route<'a> {
    /// An operation, with the values in its path.
    Found(OperationMatch<'a>),
    /// The path exists, but only for these methods.
    MethodNotAllowed(Vec<&'a str>),
    /// No operation has such a path.
    NotFound,
}

type Params<'a> = Vec<(&'a str, String)>;

/// An operation and the values in its path.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationMatch<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Name and percent-decoded value of each parameter, in the order of the path.
    pub params: Params<'a>,
}

impl OperationMatch<'_> {
    /// The value of a path parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The places of the operations by the number of segments and the first of them, which is literal in
/// every template, so that a path is compared with a dozen of templates and not with all.
#[derive(Debug, Default)]
pub(super) struct Index(BTreeMap<(usize, String), Vec<Place>>);

/// One operation: its place, method and path.
type Place = (usize, &'static str, &'static str);

impl Index {
    /// Of the methods and paths of all operations, in their order.
    pub(super) fn new(all: impl Iterator<Item = (&'static str, &'static str)>) -> Self {
        let mut index: BTreeMap<_, Vec<Place>> = BTreeMap::new();
        for (place, (method, path)) in all.enumerate() {
            let alike = index.entry(key(path)).or_default();
            alike.push((place, method, path));
        }
        Self(index)
    }

    fn alike(&self, path: &str) -> &[Place] {
        self.0.get(&key(path)).map_or(&[], Vec::as_slice)
    }
}

fn key(path: &str) -> (usize, String) {
    let first = path.split('/').nth(1).unwrap_or_default();
    let first = percent_encoding::percent_decode_str(first).decode_utf8_lossy();
    (path.split('/').count(), first.into_owned())
}

pub(super) fn find<'a>(facts: &'a Facts, index: &Index, method: &str, path: &str) -> Route<'a> {
    let mut best: Option<(Vec<bool>, usize, Params<'a>)> = None;
    let mut methods = Vec::new();
    for (place, allowed, template) in index.alike(path) {
        let Some((literal, params)) = fit(template, path) else {
            continue;
        };
        if *allowed != method {
            methods.push((literal, *allowed));
        } else if best.as_ref().is_none_or(|(there, ..)| literal > *there) {
            best = Some((literal, *place, params));
        }
    }
    let best = best.and_then(|(_, place, params)| {
        let operation = facts.operation_at(place)?;
        Some(OperationMatch { operation, params })
    });
    match best {
        Some(found) => Route::Found(found),
        None if methods.is_empty() => Route::NotFound,
        None => {
            let closest = methods.iter().map(|(literal, _)| literal.clone()).max();
            methods.retain(|(literal, _)| Some(literal) == closest.as_ref());
            Route::MethodNotAllowed(methods.into_iter().map(|(_, method)| method).collect())
        }
    }
}

/// Which segments fit literally, and the parameters' values; the first literal
/// difference from the left decides between two templates, as `true > false`.
fn fit<'a>(template: &'a str, path: &str) -> Option<(Vec<bool>, Params<'a>)> {
    let mut literal = Vec::new();
    let mut params = Vec::new();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        let given = given.next()?;
        if let Some((before, rest)) = wanted.split_once('{') {
            let (name, after) = rest.split_once('}')?;
            let value = given.strip_prefix(before)?.strip_suffix(after)?;
            if value.is_empty() {
                return None;
            }
            let value = percent_encoding::percent_decode_str(value)
                .decode_utf8()
                .ok()?;
            params.push((name, value.into_owned()));
            literal.push(false);
        } else {
            let same = wanted == given
                || percent_encoding::percent_decode_str(given)
                    .decode_utf8()
                    .is_ok_and(|given| given == wanted);
            if !same {
                return None;
            }
            literal.push(true);
        }
    }
    given.next().is_none().then_some((literal, params))
}

#[cfg(test)]
mod tests {
    use super::{super::Oracle, *};

    fn found(method: &str, path: &str) -> (String, Vec<String>) {
        match Oracle::embedded().route(method, path) {
            Route::Found(found) => (
                found.operation.id.clone(),
                found.params.into_iter().map(|(_, value)| value).collect(),
            ),
            other => panic!("{method} {path} leads to {other:?}"),
        }
    }

    #[test]
    fn every_operation_routes_to_itself() {
        let oracle = Oracle::embedded();
        assert_eq!(oracle.operations().count(), 247);
        for operation in oracle.operations() {
            let path: Vec<_> = operation
                .path
                .split('/')
                .map(|part| if part.contains('{') { "1234" } else { part })
                .collect();
            let Route::Found(found) = oracle.route(&operation.method, &path.join("/")) else {
                panic!("{} {} leads nowhere", operation.method, operation.path);
            };
            assert_eq!(found.operation, operation);
            assert_eq!(
                found.params.len(),
                operation.path_params.len(),
                "{}",
                operation.path
            );
        }
    }

    #[test]
    fn a_literal_segment_beats_a_parameter() {
        assert_eq!(found("GET", "/users/@me").0, "get_my_user");
        assert_eq!(
            found("GET", "/users/1"),
            ("get_user".to_owned(), vec!["1".to_owned()])
        );
        assert_eq!(
            found("PATCH", "/webhooks/1/token/messages/@original")
                .1
                .len(),
            2
        );
        assert_eq!(found("PATCH", "/webhooks/1/token/messages/5").1.len(), 3);
    }

    #[test]
    fn a_parameter_is_percent_decoded() {
        let (id, params) = found("PUT", "/channels/1/messages/2/reactions/%F0%9F%91%8D/%40me");
        assert_eq!(id, "add_my_message_reaction");
        assert_eq!(params, ["1", "2", "👍"]);
    }

    #[test]
    fn another_method_is_told_apart_from_another_path() {
        let oracle = Oracle::embedded();
        assert_eq!(
            oracle.route("POST", "/users/@me"),
            Route::MethodNotAllowed(vec!["GET", "PATCH"])
        );
        assert_eq!(oracle.route("GET", "/user/@me"), Route::NotFound);
        assert_eq!(oracle.route("GET", "/users/@me/"), Route::NotFound);
        assert_eq!(oracle.route("GET", "/users//guilds"), Route::NotFound);
    }
}
