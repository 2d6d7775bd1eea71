//! Modals: what the bot opens, what a user fills in.

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    json::{Fields, Object, object},
};

use super::{
    World, component,
    interaction::{Deed, MODAL_SUBMIT, Response},
    named::Resolved,
};

impl World {
    /// Begins the submission of a modal that the interaction `opened_by` was answered with.
    pub(crate) fn submit(
        &mut self,
        opened_by: u64,
        entered: &[(String, String)],
    ) -> Result<u64, String> {
        let opener = self
            .interactions
            .get(&opened_by)
            .ok_or("no such interaction")?;
        let Some(Response::Modal(modal)) = &opener.response else {
            return Err("the bot has not opened a modal".to_owned());
        };
        let components = modal.list("components");
        for (custom_id, _) in entered {
            if component::with_custom_id(components, custom_id).is_none() {
                let known = fields(modal);
                let known: Vec<String> = known
                    .into_iter()
                    .filter_map(|f| f.text("custom_id").map(str::to_owned))
                    .collect();
                return Err(format!(
                    "the modal has no field {custom_id}: there is {}",
                    known.join(", ")
                ));
            }
        }
        let mut filling = Filling {
            world: self,
            guild: self.channel_guild(opener.channel),
            entered,
            ids: 0,
            resolved: Resolved::default(),
        };
        let submitted = filling.fill(components)?;
        let resolved = filling.resolved;
        let mut data = object(json!({
            "custom_id": modal.text("custom_id").unwrap_or_default(),
            "components": submitted,
        }));
        resolved.write(&mut data);
        let (user, channel, source) = (opener.user, opener.channel, opener.source);
        Ok(self.begin(Deed {
            kind: MODAL_SUBMIT,
            user,
            channel,
            data,
            name: None,
            source,
            opened_by: Some(opened_by),
        }))
    }
}

/// The fields of a modal that a user fills, in the order of reading, each with the label that stands
/// over it.
pub(crate) fn fields(modal: &Object) -> Vec<Object> {
    let mut fields = Vec::new();
    let mut label: Option<Object> = None;
    component::walk(modal.list("components"), &mut |part| {
        if part.int("type") == Some(18) {
            label = Some(part.clone());
        } else if part.contains_key("custom_id") {
            let mut field = part.clone();
            if let Some(label) = label.take() {
                for key in ["label", "description"] {
                    if let Some(text) = label.text(key) {
                        field.set(key, text);
                    }
                }
            }
            fields.push(field);
        }
    });
    fields
}

/// A modal being filled.
struct Filling<'a> {
    world: &'a World,
    guild: Option<u64>,
    /// Custom ids and what was entered; several entries for one field are several values.
    entered: &'a [(String, String)],
    ids: u64,
    resolved: Resolved,
}

impl Filling<'_> {
    /// The components of a submission: the modal's tree, reduced to ids and what was entered.
    fn fill(&mut self, components: &[Value]) -> Result<Vec<Value>, String> {
        let mut out = Vec::new();
        for part in components.iter().filter_map(Value::as_object) {
            let kind = part.int("type").unwrap_or_default();
            self.ids += 1;
            let id = part.int("id").unwrap_or(self.ids);
            let mut sent = object(json!({ "type": kind, "id": id }));
            if let Some(custom_id) = part.text("custom_id") {
                sent.set("custom_id", custom_id);
                self.enter(part, kind, custom_id, &mut sent)?;
            }
            if part.contains_key("components") {
                sent.set("components", self.fill(part.list("components"))?);
            }
            if let Some(inner) = part.get("component") {
                let inner = self.fill(std::slice::from_ref(inner))?;
                sent.set("component", inner.into_iter().next());
            }
            out.push(Value::Object(sent));
        }
        Ok(out)
    }

    fn enter(
        &mut self,
        part: &Object,
        kind: u64,
        custom_id: &str,
        sent: &mut Object,
    ) -> Result<(), String> {
        let words = self.entered.iter().filter(|(id, _)| id == custom_id);
        let words: Vec<&str> = words.map(|(_, text)| text.as_str()).collect();
        match kind {
            TEXT_INPUT => {
                let word = words.last().copied().or_else(|| part.text("value"));
                let value = word.unwrap_or_default();
                check_field(part, custom_id, value)?;
                sent.set("value", value);
            }
            CHECKBOX => {
                let value = match words.last().copied() {
                    Some("true") => true,
                    Some("false" | "") => false,
                    None => part.flag("default") == Some(true),
                    Some(other) => {
                        return Err(format!("{custom_id} wants true or false, not {other}"));
                    }
                };
                sent.set("value", value);
            }
            _ => {
                // An empty text is nothing, as in a field that is left empty.
                let named: Vec<&str> = words.iter().copied().filter(|w| !w.is_empty()).collect();
                let named = (!words.is_empty()).then_some(named.as_slice());
                let (world, guild) = (self.world, self.guild);
                let chosen = world.choose(guild, part, named, &mut self.resolved)?;
                if kind == RADIO_GROUP {
                    sent.set("value", chosen.into_iter().next());
                } else {
                    sent.set("values", chosen);
                }
            }
        }
        Ok(())
    }
}

fn check_field(field: &Object, custom_id: &str, value: &str) -> Result<(), String> {
    let length = u64::try_from(value.chars().count()).unwrap_or(u64::MAX);
    if value.is_empty() {
        return if field.flag("required") == Some(false) {
            Ok(())
        } else {
            Err(format!("the modal's field {custom_id} must be filled"))
        };
    }
    if let Some(least) = field.int("min_length").filter(|least| length < *least) {
        return Err(format!(
            "the modal's field {custom_id} wants at least {least} characters"
        ));
    }
    if let Some(most) = field.int("max_length").filter(|most| length > *most) {
        return Err(format!(
            "the modal's field {custom_id} takes at most {most} characters"
        ));
    }
    Ok(())
}

/// Refuses a modal that Discord would refuse.
pub(super) fn check(data: Object) -> Result<Object, Failure> {
    let required = |key: &str| {
        Failure::form(
            &["data", key],
            "BASE_TYPE_REQUIRED",
            "This field is required",
        )
    };
    for key in ["custom_id", "title"] {
        if data.text(key).is_none_or(str::is_empty) {
            return Err(required(key));
        }
    }
    let parts = data.list("components").len();
    if parts == 0 || parts > MAX_MODAL_PARTS {
        return Err(Failure::form(
            &["data", "components"],
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        ));
    }
    component::check_parts(data.list("components"))?;
    Ok(data)
}

const TEXT_INPUT: u64 = 4;
const RADIO_GROUP: u64 = 21;
const CHECKBOX: u64 = 23;

/// Top-level components of a modal.
const MAX_MODAL_PARTS: usize = 5;
