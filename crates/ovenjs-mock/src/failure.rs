//! The answers by which Discord refuses a request.

use std::fmt;

use serde_json::{Value, json};

use crate::{
    json::{Object, object},
    oracle::form,
};

/// A refusal: HTTP status, Discord's JSON code, its words, and for form errors the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: u64,
    pub(crate) message: String,
    pub(crate) errors: Option<Value>,
}

impl Failure {
    pub(crate) fn new(status: u16, code: u64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn no_such_route() -> Self {
        Self::new(404, 0, "404: Not Found")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, 0, "405: Method Not Allowed")
    }

    pub(crate) fn bad_json() -> Self {
        Self::new(400, 50109, "The request body contains invalid JSON.")
    }

    pub(crate) fn too_large() -> Self {
        Self::new(413, 40005, "Request entity too large")
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(403, 50013, "Missing Permissions")
    }

    /// Something that does not exist: `code` is one of Discord's 10xxx.
    pub(crate) fn unknown(code: u64) -> Self {
        let what = match code {
            10002 => "Application",
            10003 => "Channel",
            10004 => "Guild",
            10005 => "Integration",
            10006 => "Invite",
            10007 => "Member",
            10008 => "Message",
            10009 => "Overwrite",
            10011 => "Role",
            10013 => "User",
            10014 => "Emoji",
            10015 => "Webhook",
            10026 => "Ban",
            10027 => "SKU",
            10029 => "Entitlement",
            10031 => "Lobby",
            10057 => "Guild Template",
            10062 => "interaction",
            10063 => "application command",
            10065 => "Voice State",
            10069 => "Guild Welcome Screen",
            _ => "resource",
        };
        Self::new(
            if code == 10014 { 400 } else { 404 },
            code,
            format!("Unknown {what}"),
        )
    }

    pub(crate) fn empty_message() -> Self {
        Self::new(400, 50006, "Cannot send an empty message")
    }

    pub(crate) fn already_acknowledged() -> Self {
        Self::new(400, 40060, "Interaction has already been acknowledged.")
    }

    /// A form error at one place; `path` is the way there (`["options", "1", "name"]`).
    pub(crate) fn form(path: &[&str], code: &str, message: &str) -> Self {
        let leaf = json!({ "_errors": [{ "code": code, "message": message }] });
        let errors = path
            .iter()
            .rev()
            .fold(leaf, |inner, key| json!({ *key: inner }));
        Self::form_tree(errors)
    }

    /// Form errors at several places; there is at least one.
    pub(crate) fn forms(faults: &[(Vec<String>, &str, String)]) -> Self {
        let mut tree = Object::new();
        for (path, code, message) in faults {
            form::plant(&mut tree, path, json!({ "code": code, "message": message }));
        }
        Self::form_tree(Value::Object(tree))
    }

    /// Form errors as a ready tree.
    pub(crate) fn form_tree(errors: Value) -> Self {
        Self {
            errors: Some(errors),
            ..Self::new(400, 50035, "Invalid Form Body")
        }
    }

    /// The same about a form that stands in the field `key` of another.
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.errors = self.errors.map(|errors| json!({ key: errors }));
        self
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = object(json!({ "message": self.message, "code": self.code }));
        if let Some(errors) = &self.errors {
            body.insert("errors".to_owned(), errors.clone());
        }
        Value::Object(body)
    }
}

/// In words, for the person at the page or in a test; Discord's form is [`body`](Failure::body).
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.code)?;
        match &self.errors {
            Some(errors) => write!(f, ": {errors}"),
            None => Ok(()),
        }
    }
}
