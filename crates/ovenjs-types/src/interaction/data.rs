//! What was run, pressed or submitted.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::Resolved;
use crate::{
    Attachment, CommandOptionType, CommandType, Component, ComponentType, Id, JsonValue, Text,
    marker::{CommandMarker, GenericMarker, GuildMarker},
};

/// What was run, pressed or submitted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InteractionData {
    /// A command, or a command being typed.
    Command(Box<CommandData>),
    /// A component of a message.
    Component(Box<ComponentData>),
    /// A modal that was sent back.
    Modal(Box<ModalData>),
    /// Data of a shape which this version does not know.
    Other(JsonValue),
}

/// A command that was run.
///
/// Source: Discord, "Application Command Data Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandData {
    /// The command's id.
    pub id: Id<CommandMarker>,
    /// Its name.
    pub name: Text,
    /// What kind of command it is.
    #[serde(default, rename = "type")]
    pub kind: CommandType,
    /// The options given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<DataOption>,
    /// What the options' ids stand for.
    #[serde(default, skip_serializing_if = "Resolved::is_empty")]
    pub resolved: Resolved,
    /// The guild it is registered in; absent for a global command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The user or message it was run on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<Id<GenericMarker>>,
}

/// An option that was given.
///
/// Source: Discord, "Application Command Interaction Data Option Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataOption {
    /// Its name.
    pub name: Text,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: CommandOptionType,
    /// What was given; absent for subcommands. While a user types, it is always a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<DataValue>,
    /// The options of a subcommand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Self>,
    /// Whether the user types here now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub focused: bool,
}

/// The value of an option. Ids of users, channels, roles and attachments come as text.
#[derive(Clone, Debug, PartialEq)]
pub enum DataValue {
    /// A text or an id.
    String(Text),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
}

/// A component that was pressed.
///
/// Source: Discord, "Message Component Data Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComponentData {
    /// Which, in the bot's own words.
    pub custom_id: Text,
    /// Of what type.
    pub component_type: ComponentType,
    /// Its number in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// What was chosen in a select.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Text>,
    /// What the chosen ids stand for.
    #[serde(default, skip_serializing_if = "Resolved::is_empty")]
    pub resolved: Resolved,
}

/// A modal that was sent back.
///
/// Source: Discord, "Modal Submit Data Structure".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModalData {
    /// Which, in the bot's own words.
    pub custom_id: Text,
    /// Its inputs, each in its label or row.
    #[serde(default)]
    pub components: Vec<Component>,
    /// What chosen ids stand for.
    #[serde(default, skip_serializing_if = "Resolved::is_empty")]
    pub resolved: Resolved,
}

impl ModalData {
    /// The text in the field `custom_id`; none where there is no such field.
    #[must_use]
    pub fn text(&self, custom_id: &str) -> Option<&str> {
        self.inputs().find_map(|input| match input {
            Component::TextInput(field) if field.custom_id == custom_id => {
                Some(field.value.as_deref().unwrap_or_default())
            }
            _ => None,
        })
    }

    /// What was chosen in the select or checkbox group `custom_id`; none where there is no such.
    #[must_use]
    pub fn values(&self, custom_id: &str) -> Option<&[Text]> {
        self.inputs().find_map(|input| match input {
            Component::Select(select) if select.custom_id == custom_id => Some(&*select.values),
            Component::CheckboxGroup(group) if group.custom_id == custom_id => Some(&*group.values),
            _ => None,
        })
    }

    /// What was chosen in the radio group `custom_id`; none where nothing was.
    #[must_use]
    pub fn choice(&self, custom_id: &str) -> Option<&str> {
        self.inputs().find_map(|input| match input {
            Component::RadioGroup(group) if group.custom_id == custom_id => group.value.as_deref(),
            _ => None,
        })
    }

    /// Whether the checkbox `custom_id` was ticked; none where there is no such checkbox.
    #[must_use]
    pub fn checked(&self, custom_id: &str) -> Option<bool> {
        self.inputs().find_map(|input| match input {
            Component::Checkbox(checkbox) if checkbox.custom_id == custom_id => checkbox.value,
            _ => None,
        })
    }

    /// The files given in the upload `custom_id`; none where there is no such upload.
    pub fn files(&self, custom_id: &str) -> Option<impl Iterator<Item = &Attachment>> {
        let upload = self.inputs().find_map(|input| match input {
            Component::FileUpload(upload) if upload.custom_id == custom_id => Some(upload),
            _ => None,
        })?;
        let files = &self.resolved.attachments;
        Some(upload.values.iter().filter_map(|id| files.get(id)))
    }

    /// The inputs without their labels and rows.
    pub fn inputs(&self) -> impl Iterator<Item = &Component> {
        self.components
            .iter()
            .flat_map(|component| match component {
                Component::Label(label) => std::slice::from_ref(&label.component),
                Component::ActionRow(row) => &row.components,
                other => std::slice::from_ref(other),
            })
    }
}

impl Serialize for InteractionData {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Command(data) => data.serialize(serializer),
            Self::Component(data) => data.serialize(serializer),
            Self::Modal(data) => data.serialize(serializer),
            Self::Other(data) => data.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for InteractionData {
    /// The interaction's type may come after its data, so the data says itself what it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

/// Reads the fields of all kinds of data side by side. They go straight into their types: data is
/// large, and looking at it twice would cost more than the rest of an interaction.
struct Fields;

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Id,
    Name,
    Type,
    Options,
    Resolved,
    GuildId,
    TargetId,
    CustomId,
    ComponentType,
    Values,
    Components,
    Other(Text),
}

#[derive(Default, Serialize)]
struct Wire {
    /// A command's id is a text, a component's is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    kind: Option<CommandType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<DataOption>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<Resolved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guild_id: Option<Id<GuildMarker>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<Id<GenericMarker>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_id: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component_type: Option<ComponentType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Text>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Vec<Component>>,
}

impl<'de> Visitor<'de> for Fields {
    type Value = InteractionData;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("what was run, pressed or submitted")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InteractionData, A::Error> {
        let mut wire = Wire::default();
        let mut rest = Map::new();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Id => wire.id = map.next_value()?,
                Field::Name => wire.name = map.next_value()?,
                Field::Type => wire.kind = map.next_value()?,
                Field::Options => wire.options = map.next_value()?,
                Field::Resolved => wire.resolved = map.next_value()?,
                Field::GuildId => wire.guild_id = map.next_value()?,
                Field::TargetId => wire.target_id = map.next_value()?,
                Field::CustomId => wire.custom_id = map.next_value()?,
                Field::ComponentType => wire.component_type = map.next_value()?,
                Field::Values => wire.values = map.next_value()?,
                Field::Components => wire.components = map.next_value()?,
                Field::Other(name) => {
                    rest.insert(name.into(), map.next_value()?);
                }
            }
        }
        wire.data(rest)
    }
}

impl Wire {
    fn data<E: Error>(self, mut rest: Map<String, Value>) -> Result<InteractionData, E> {
        fn read<T: serde::de::DeserializeOwned, E: Error>(id: Value) -> Result<T, E> {
            T::deserialize(id).map_err(|error| E::custom(format!("id: {error}")))
        }
        Ok(match self {
            Self {
                custom_id: Some(custom_id),
                component_type: Some(component_type),
                ..
            } => InteractionData::Component(Box::new(ComponentData {
                custom_id,
                component_type,
                id: self.id.map(read).transpose()?,
                values: self.values.unwrap_or_default(),
                resolved: self.resolved.unwrap_or_default(),
            })),
            Self {
                custom_id: Some(custom_id),
                ..
            } => InteractionData::Modal(Box::new(ModalData {
                custom_id,
                components: self.components.unwrap_or_default(),
                resolved: self.resolved.unwrap_or_default(),
            })),
            Self {
                id: Some(id),
                name: Some(name),
                ..
            } => InteractionData::Command(Box::new(CommandData {
                id: read(id)?,
                name,
                kind: self.kind.unwrap_or_default(),
                options: self.options.unwrap_or_default(),
                resolved: self.resolved.unwrap_or_default(),
                guild_id: self.guild_id,
                target_id: self.target_id,
            })),
            other => {
                if let Ok(Value::Object(known)) = serde_json::to_value(&other) {
                    rest.extend(known);
                }
                InteractionData::Other(Value::Object(rest).into())
            }
        })
    }
}

impl Serialize for DataValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Boolean(yes) => serializer.serialize_bool(*yes),
        }
    }
}

impl<'de> Deserialize<'de> for DataValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = DataValue;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a number or a boolean")
            }
            fn visit_str<E>(self, text: &str) -> Result<DataValue, E> {
                Ok(DataValue::String(text.into()))
            }
            fn visit_bool<E>(self, yes: bool) -> Result<DataValue, E> {
                Ok(DataValue::Boolean(yes))
            }
            fn visit_i64<E>(self, number: i64) -> Result<DataValue, E> {
                Ok(DataValue::Integer(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<DataValue, E> {
                i64::try_from(number)
                    .map(DataValue::Integer)
                    .map_err(|_| E::custom("beyond 2⁶³"))
            }
            fn visit_f64<E>(self, number: f64) -> Result<DataValue, E> {
                Ok(DataValue::Number(number))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Scratch};

    #[test]
    fn data_says_itself_what_it_is() {
        let InteractionData::Command(data) = decode(
            r#"{"id":"7","name":"feedback","type":1,"guild_id":"9","options":[
                {"name":"topic","type":3,"value":"docs"},{"name":"score","type":4,"value":5},
                {"name":"part","type":10,"value":0.5,"focused":true}]}"#,
        ) else {
            panic!()
        };
        assert_eq!(data.options[1].value, Some(DataValue::Integer(5)));

        let InteractionData::Component(data) =
            decode(r#"{"custom_id":"go","component_type":3,"id":4,"type":3,"values":["a"]}"#)
        else {
            panic!()
        };
        assert_eq!(data.component_type, ComponentType::StringSelect);
        assert_eq!(data.id, Some(4));

        let InteractionData::Modal(data) = decode(
            r#"{"custom_id":"f","components":[
                {"type":18,"id":1,"component":{"type":4,"id":2,"custom_id":"text","value":"more"}},
                {"type":1,"components":[{"type":4,"custom_id":"old","value":"way"}]}]}"#,
        ) else {
            panic!()
        };
        assert_eq!(data.text("text"), Some("more"));
        assert_eq!(data.text("old"), Some("way"));
        assert_eq!(data.text("none"), None);
    }

    #[test]
    fn resolved_objects_are_found_by_id() {
        let InteractionData::Command(data) = decode(
            r#"{"id":"7","name":"who","type":2,"target_id":"80",
                "resolved":{"users":{"80":{"id":"80","username":"ann"}}}}"#,
        ) else {
            panic!()
        };
        assert_eq!(data.resolved.users[&Id::new(80)].username, "ann");
        assert_eq!(data.target_id, Some(Id::new(80)));
    }

    #[test]
    fn data_is_written_as_it_was_read() {
        for text in [
            r#"{"id":"7","name":"a","type":1,"options":[{"name":"b","type":1,"options":[{"name":"c","type":10,"value":0.5,"focused":true}]}]}"#,
            r#"{"custom_id":"go","component_type":3,"id":4,"values":["a","b"]}"#,
            r#"{"custom_id":"f","components":[{"type":99,"glow":true}]}"#,
            r#"{"type":5,"moon":{"full":true}}"#,
        ] {
            let back: Value = serde_json::from_slice(&json::encode(&decode(text))).unwrap();
            assert_eq!(back, serde_json::from_str::<Value>(text).unwrap());
        }
    }

    #[test]
    fn a_command_whose_id_is_no_id_is_refused() {
        let text = br#"{"id":{"a":1},"name":"who","type":1}"#;
        assert!(json::decode::<InteractionData>(text, &mut Scratch::new()).is_err());
    }

    fn decode(text: &str) -> InteractionData {
        json::decode(text.as_bytes(), &mut Scratch::new()).unwrap()
    }
}
