//! Interactions: what users do with commands, components and modals.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Visitor};

use crate::{
    Attachment, Channel, CommandOptionType, CommandType, Component, ComponentType, Id,
    InteractionContext, Member, Message, Permissions, Role, Secret, Text, User,
    marker::{
        ApplicationMarker, AttachmentMarker, ChannelMarker, CommandMarker, GenericMarker,
        GuildMarker, InteractionMarker, MessageMarker, RoleMarker, UserMarker,
    },
};

/// A user ran a command, pressed a component or submitted a modal.
///
/// It must be answered within three seconds; its token is good for fifteen minutes.
///
/// Source: Discord, "Interaction Object".
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Interaction {
    /// The interaction's id.
    pub id: Id<InteractionMarker>,
    /// The application it is for.
    pub application_id: Id<ApplicationMarker>,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: InteractionType,
    /// What was run, pressed or submitted; absent in a ping.
    #[serde(default)]
    pub data: Option<InteractionData>,
    /// The guild it happened in.
    #[serde(default)]
    pub guild_id: Option<Id<GuildMarker>>,
    /// The channel it happened in.
    #[serde(default)]
    pub channel_id: Option<Id<ChannelMarker>>,
    /// Who did it, in a guild.
    #[serde(default)]
    pub member: Option<Box<Member>>,
    /// Who did it, in a direct message.
    #[serde(default)]
    pub user: Option<Box<User>>,
    /// With which it is answered.
    pub token: Secret,
    /// The message whose component was pressed.
    #[serde(default)]
    pub message: Option<Box<Message>>,
    /// What the application may do in the channel.
    #[serde(default)]
    pub app_permissions: Permissions,
    /// The language of the user.
    #[serde(default)]
    pub locale: Option<Text>,
    /// The language of the guild.
    #[serde(default)]
    pub guild_locale: Option<Text>,
    /// Where it happened.
    #[serde(default)]
    pub context: Option<InteractionContext>,
}

impl Interaction {
    /// Who caused it, in a guild or not.
    #[must_use]
    pub fn author(&self) -> Option<&User> {
        self.member
            .as_ref()
            .and_then(|member| member.user.as_ref())
            .or(self.user.as_deref())
    }
}

open_int! {
    /// What kind of interaction it is.
    pub enum InteractionType: u32 {
        Ping = 1,
        ApplicationCommand = 2,
        MessageComponent = 3,
        ApplicationCommandAutocomplete = 4,
        ModalSubmit = 5,
        SocialLayerSkuPurchaseEligibility = 6,
    }
}

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
}

/// A command that was run.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandData {
    /// The command's id.
    pub id: Id<CommandMarker>,
    /// Its name.
    pub name: Text,
    /// What kind of command it is.
    pub kind: CommandType,
    /// The options given.
    pub options: Vec<DataOption>,
    /// What the options' ids stand for.
    pub resolved: Resolved,
    /// The guild it is registered in; absent for a global command.
    pub guild_id: Option<Id<GuildMarker>>,
    /// The user or message it was run on.
    pub target_id: Option<Id<GenericMarker>>,
}

/// An option that was given.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct DataOption {
    /// Its name.
    pub name: Text,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: CommandOptionType,
    /// What was given; absent for subcommands.
    #[serde(default)]
    pub value: Option<DataValue>,
    /// The options of a subcommand.
    #[serde(default)]
    pub options: Vec<Self>,
    /// Whether the user types here now.
    #[serde(default)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData {
    /// Which, in the bot's own words.
    pub custom_id: Text,
    /// Of what type.
    pub component_type: ComponentType,
    /// What was chosen in a select.
    pub values: Vec<Text>,
    /// What the chosen ids stand for.
    pub resolved: Resolved,
}

/// A modal that was sent back.
#[derive(Clone, Debug, PartialEq)]
pub struct ModalData {
    /// Which, in the bot's own words.
    pub custom_id: Text,
    /// Its inputs, each in its label or row.
    pub components: Vec<Component>,
    /// What chosen ids stand for.
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

    /// What was chosen in the select `custom_id`; none where there is no such select.
    #[must_use]
    pub fn values(&self, custom_id: &str) -> Option<&[Text]> {
        self.inputs().find_map(|input| match input {
            Component::Select(select) if select.custom_id == custom_id => Some(&*select.values),
            _ => None,
        })
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

/// What the ids in an interaction stand for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Resolved {
    /// Users.
    #[serde(default)]
    pub users: BTreeMap<Id<UserMarker>, User>,
    /// The same users as members, without the user inside.
    #[serde(default)]
    pub members: BTreeMap<Id<UserMarker>, Member>,
    /// Roles.
    #[serde(default)]
    pub roles: BTreeMap<Id<RoleMarker>, Role>,
    /// Channels, with few fields.
    #[serde(default)]
    pub channels: BTreeMap<Id<ChannelMarker>, Channel>,
    /// Messages.
    #[serde(default)]
    pub messages: BTreeMap<Id<MessageMarker>, Message>,
    /// Attachments.
    #[serde(default)]
    pub attachments: BTreeMap<Id<AttachmentMarker>, Attachment>,
}

impl<'de> Deserialize<'de> for InteractionData {
    /// The interaction's type may come after its data, so the data says itself what it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            id: Option<Id<CommandMarker>>,
            name: Option<Text>,
            #[serde(rename = "type", default)]
            kind: CommandType,
            #[serde(default)]
            options: Vec<DataOption>,
            #[serde(default)]
            resolved: Resolved,
            guild_id: Option<Id<GuildMarker>>,
            target_id: Option<Id<GenericMarker>>,
            custom_id: Option<Text>,
            component_type: Option<ComponentType>,
            #[serde(default)]
            values: Vec<Text>,
            #[serde(default)]
            components: Vec<Component>,
        }
        let wire = Wire::deserialize(deserializer)?;
        let resolved = wire.resolved;
        match (wire.custom_id, wire.component_type, wire.id, wire.name) {
            (Some(custom_id), Some(component_type), _, _) => {
                Ok(Self::Component(Box::new(ComponentData {
                    custom_id,
                    component_type,
                    values: wire.values,
                    resolved,
                })))
            }
            (Some(custom_id), None, _, _) => Ok(Self::Modal(Box::new(ModalData {
                custom_id,
                components: wire.components,
                resolved,
            }))),
            (None, _, Some(id), Some(name)) => Ok(Self::Command(Box::new(CommandData {
                id,
                name,
                kind: wire.kind,
                options: wire.options,
                resolved,
                guild_id: wire.guild_id,
                target_id: wire.target_id,
            }))),
            _ => Err(serde::de::Error::custom(
                "interaction data with neither custom_id nor command",
            )),
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
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<DataValue, E> {
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
        let command = decode(
            r#"{"data":{"id":"7","name":"feedback","type":1,"options":[
                {"name":"topic","type":3,"value":"docs"},{"name":"score","type":4,"value":5}]},"type":2"#,
        );
        let Some(InteractionData::Command(data)) = command.data else {
            panic!()
        };
        assert_eq!(data.options[1].value, Some(DataValue::Integer(5)));

        let press = decode(r#"{"data":{"custom_id":"go","component_type":2},"type":3"#);
        let Some(InteractionData::Component(data)) = press.data else {
            panic!()
        };
        assert_eq!(data.component_type, ComponentType::Button);

        let submit = decode(
            r#"{"data":{"custom_id":"f","components":[
                {"type":18,"id":1,"component":{"type":4,"id":2,"custom_id":"text","value":"more"}},
                {"type":1,"components":[{"type":4,"custom_id":"old","value":"way"}]}]},"type":5"#,
        );
        let Some(InteractionData::Modal(data)) = submit.data else {
            panic!()
        };
        assert_eq!(data.text("text"), Some("more"));
        assert_eq!(data.text("old"), Some("way"));
        assert_eq!(data.text("none"), None);
    }

    #[test]
    fn resolved_objects_are_found_by_id() {
        let interaction = decode(
            r#"{"data":{"id":"7","name":"who","type":1,
                "resolved":{"users":{"80":{"id":"80","username":"ann"}}}},"type":2"#,
        );
        let Some(InteractionData::Command(data)) = interaction.data else {
            panic!()
        };
        assert_eq!(data.resolved.users[&Id::new(80)].username, "ann");
    }

    #[test]
    fn the_token_does_not_print() {
        let interaction = decode(r#"{"type":1"#);
        assert!(!format!("{interaction:?}").contains("canary"));
    }

    fn decode(start: &str) -> Interaction {
        let text =
            format!(r#"{start},"id":"1","application_id":"2","token":"canary","version":1}}"#);
        json::decode(text.as_bytes(), &mut Scratch::new()).unwrap()
    }
}
