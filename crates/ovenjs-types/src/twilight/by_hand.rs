//! Pairs that no line of the table can say.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeSeed};
use serde_json::{Value, json};
use twilight_model::{
    application::interaction::callback,
    channel::message::component::{self, Component},
    gateway::{
        event::{DispatchEvent, DispatchEventWithTypeDeserializer},
        payload::outgoing,
        presence::MinimalActivity,
    },
    http::interaction::{InteractionResponse as TheirResponse, InteractionResponseData},
};

use super::{
    Converted, Counterpart, TwilightError, loss, mend, pairs::strict, parse, read, written,
};
use crate::{
    Activity, Event, EventKind, InteractionCallback, InteractionCallbackResource,
    InteractionCallbackResponse, InteractionResponse, MessageEdit, MessageFlags, Patch, Upload,
    json::Scratch,
};

/// Single components. twilight reads and writes them as one of [`Component`] alone.
macro_rules! components {
    ($( $ours:ident <=> $theirs:ident, )+) => {
        $(
            impl Counterpart<component::$theirs> for crate::$ours {
                fn counterpart(&self) -> Result<Converted<component::$theirs>, TwilightError> {
                    let came = written::<component::$theirs>(self)?;
                    let Converted { value, lost } = read::<Component>(came, |_| ())?;
                    let other = |_| TwilightError::new::<component::$theirs>("type", "another one");
                    let value = value.try_into().map_err(other)?;
                    Ok(Converted { value, lost })
                }
            }

            impl Counterpart<crate::$ours> for component::$theirs {
                fn counterpart(&self) -> Result<Converted<crate::$ours>, TwilightError> {
                    read(written::<crate::$ours>(&Component::from(self.clone()))?, |_| ())
                }
            }

            strict!(crate::$ours, component::$theirs);
        )+
    };
}

components! {
    ActionRow <=> ActionRow,
    Button <=> Button,
    Checkbox <=> Checkbox,
    CheckboxGroup <=> CheckboxGroup,
    Container <=> Container,
    File <=> FileDisplay,
    FileUpload <=> FileUpload,
    Label <=> Label,
    MediaGallery <=> MediaGallery,
    Section <=> Section,
    Select <=> SelectMenu,
    Separator <=> Separator,
    TextDisplay <=> TextDisplay,
    TextInput <=> TextInput,
    Thumbnail <=> Thumbnail,
}

/// Gateway commands. Ours are what stands in the frame, twilight's the frame.
macro_rules! frames {
    ($( $name:ident = $op:literal $([$mend:ident])?, )+) => {
        $(
            impl Counterpart<outgoing::$name> for crate::$name {
                fn counterpart(&self) -> Result<Converted<outgoing::$name>, TwilightError> {
                    let mut _d = written::<outgoing::$name>(self)?;
                    $( mend::$mend::there(&mut _d); )?
                    read(json!({ "op": $op, "d": _d }), |_| ())
                }
            }

            impl Counterpart<crate::$name> for outgoing::$name {
                fn counterpart(&self) -> Result<Converted<crate::$name>, TwilightError> {
                    let mut frame = written::<crate::$name>(self)?;
                    if frame.get("op") != Some(&$op.into()) {
                        let reason = concat!("the opcode of this command is ", $op);
                        return Err(TwilightError::new::<crate::$name>("op", reason));
                    }
                    read(frame.get_mut("d").map(Value::take).unwrap_or_default(), |_| ())
                }
            }

            strict!(crate::$name, outgoing::$name);
        )+
    };
}

frames! {
    Heartbeat = 1,
    Identify = 2 [identify],
    UpdatePresence = 3,
    UpdateVoiceState = 4,
    Resume = 6,
    RequestGuildMembers = 8,
}

impl Counterpart<DispatchEvent> for Event {
    fn counterpart(&self) -> Result<Converted<DispatchEvent>, TwilightError> {
        let name = self.kind().name();
        let mut came = written::<DispatchEvent>(self)?;
        if self.kind() == EventKind::RateLimited {
            mend::limited::there(&mut came);
        }
        let value = match self.kind() {
            // twilight has these two, and its reader does not know their names.
            EventKind::EntitlementUpdate => DispatchEvent::EntitlementUpdate(parse(came.clone())?),
            EventKind::EntitlementDelete => DispatchEvent::EntitlementDelete(parse(came.clone())?),
            _ => {
                let mut track = serde_path_to_error::Track::new();
                let payload = serde_path_to_error::Deserializer::new(came.clone(), &mut track);
                DispatchEventWithTypeDeserializer::new(name)
                    .deserialize(payload)
                    .map_err(|error| TwilightError::new::<DispatchEvent>(track.path(), error))?
            }
        };
        let lost = loss::of(&came, &written::<DispatchEvent>(&value)?);
        Ok(Converted { value, lost })
    }
}

impl Counterpart<Event> for DispatchEvent {
    fn counterpart(&self) -> Result<Converted<Event>, TwilightError> {
        let mut came = written::<Event>(self)?;
        let name = self.kind().name().unwrap_or_default();
        let kind = EventKind::from_name(name);
        match kind {
            EventKind::Unknown => {
                return Err(TwilightError::new::<Event>(
                    ".",
                    "Discord sends no such event",
                ));
            }
            EventKind::InteractionCreate => mend::no_null::back(&mut came),
            EventKind::RateLimited => mend::limited::back(&mut came),
            _ => {}
        }
        let raw = Bytes::from(came.to_string());
        let value = Event::decode(kind, name, &raw, &mut Scratch::new());
        if let Event::Malformed(malformed) = &value {
            let error = &malformed.error;
            return Err(TwilightError::new::<Event>(error.path(), error));
        }
        let lost = loss::of(&came, &written::<Event>(&value)?);
        Ok(Converted { value, lost })
    }
}

strict!(Event, DispatchEvent);

/// What a bot shows of itself; twilight neither reads nor writes this part of an activity.
impl Counterpart<MinimalActivity> for Activity {
    fn counterpart(&self) -> Result<Converted<MinimalActivity>, TwilightError> {
        let came = written::<MinimalActivity>(self)?;
        let kind = came.get("type").cloned().unwrap_or_default();
        let value = MinimalActivity {
            kind: parse(kind)?,
            name: self.name.clone().into(),
            url: self.url.clone().map(Into::into),
        };
        let lost = loss::of(&came, &minimal_in_json(&value)?);
        Ok(Converted { value, lost })
    }
}

impl Counterpart<Activity> for MinimalActivity {
    fn counterpart(&self) -> Result<Converted<Activity>, TwilightError> {
        read(minimal_in_json(self)?, |_| ())
    }
}

strict!(Activity, MinimalActivity);

fn minimal_in_json(activity: &MinimalActivity) -> Result<Value, TwilightError> {
    let MinimalActivity { kind, name, url } = activity;
    written::<Activity>(&json!({ "type": kind, "name": name, "url": url }))
}

/// What twilight reads and does not write: the answers to answers.
macro_rules! answers {
    ($( $name:ident by $write:ident, )+) => {
        $(
            impl Counterpart<callback::$name> for $name {
                fn counterpart(&self) -> Result<Converted<callback::$name>, TwilightError> {
                    let came = written::<callback::$name>(self)?;
                    let value = parse(came.clone())?;
                    let lost = loss::of(&came, &$write(&value)?);
                    Ok(Converted { value, lost })
                }
            }

            impl Counterpart<$name> for callback::$name {
                fn counterpart(&self) -> Result<Converted<$name>, TwilightError> {
                    read($write(self)?, |_| ())
                }
            }

            strict!($name, callback::$name);
        )+
    };
}

answers! {
    InteractionCallback by callback_in_json,
    InteractionCallbackResource by resource_in_json,
    InteractionCallbackResponse by response_in_json,
}

fn response_in_json(
    response: &callback::InteractionCallbackResponse,
) -> Result<Value, TwilightError> {
    let resource = response
        .resource
        .as_ref()
        .map(resource_in_json)
        .transpose()?;
    let interaction = callback_in_json(&response.interaction)?;
    Ok(json!({ "interaction": interaction, "resource": resource }))
}

fn callback_in_json(callback: &callback::InteractionCallback) -> Result<Value, TwilightError> {
    written::<InteractionCallback>(&json!({
        "id": callback.id,
        "type": callback.kind,
        "activity_instance_id": callback.activity_instance_id,
        "response_message_id": callback.response_message_id,
        "response_message_loading": callback.response_message_loading,
        "response_message_ephemeral": callback.response_message_ephemeral,
    }))
}

/// Without the id of an activity, which twilight keeps to itself.
fn resource_in_json(
    resource: &callback::InteractionCallbackResource,
) -> Result<Value, TwilightError> {
    let message = resource.message.as_ref();
    let message = message
        .map(written::<InteractionCallbackResource>)
        .transpose()?;
    Ok(json!({
        "type": written::<InteractionCallbackResource>(&resource.kind)?,
        "activity_instance": resource.activity_instance.as_ref().map(|_| json!({})),
        "message": message,
    }))
}

/// Answers to interactions, with the files that stand beside the JSON.
impl Counterpart<TheirResponse> for InteractionResponse {
    fn counterpart(&self) -> Result<Converted<TheirResponse>, TwilightError> {
        let mut came = written::<TheirResponse>(self)?;
        if let Some(Value::Array(embeds)) = came.pointer_mut("/data/embeds") {
            embeds.iter_mut().for_each(mend::embed::there);
        }
        let mut value: TheirResponse = parse(came.clone())?;
        let files: &[Upload] = match self {
            Self::Message(draft) => &draft.files,
            Self::Update(edit) => &edit.files,
            _ => &[],
        };
        let attachments = value
            .data
            .as_mut()
            .and_then(|data| data.attachments.as_mut());
        for attachment in attachments.into_iter().flatten() {
            let place = usize::try_from(attachment.id).ok();
            if let Some(file) = place.and_then(|place| files.get(place)) {
                attachment.file = file.bytes.to_vec();
            }
        }
        let mut lost = loss::of(&came, &written::<TheirResponse>(&value)?);
        // Theirs are in memory.
        let streamed = files.iter().enumerate();
        let streamed = streamed.filter(|(_, file)| file.source.is_some());
        lost.extend(streamed.map(|(place, _)| format!("files[{place}].source").into()));
        Ok(Converted { value, lost })
    }
}

impl Counterpart<InteractionResponse> for TheirResponse {
    fn counterpart(&self) -> Result<Converted<InteractionResponse>, TwilightError> {
        use twilight_model::http::interaction::InteractionResponseType as Kind;
        let came = written::<InteractionResponse>(self)?;
        let data = came.get("data").cloned().unwrap_or_else(|| json!({}));
        let files = self.data.as_ref().map(uploads).unwrap_or_default();
        let value = match self.kind {
            Kind::Pong => InteractionResponse::Pong,
            Kind::ChannelMessageWithSource => {
                let mut draft: crate::MessageDraft = within_data(data)?;
                draft.files = files;
                InteractionResponse::Message(draft)
            }
            Kind::DeferredChannelMessageWithSource => {
                let flags = data.get("flags").cloned().unwrap_or_else(|| 0.into());
                let ephemeral = within_data::<MessageFlags>(flags)? == MessageFlags::EPHEMERAL;
                InteractionResponse::Defer { ephemeral }
            }
            Kind::DeferredUpdateMessage => InteractionResponse::DeferUpdate,
            Kind::UpdateMessage => {
                let field = |key| data.get(key).cloned();
                InteractionResponse::Update(MessageEdit {
                    content: patch(field("content"))?,
                    embeds: patch(field("embeds"))?,
                    components: patch(field("components"))?,
                    flags: patch(field("flags"))?,
                    allowed_mentions: patch(field("allowed_mentions"))?,
                    poll: patch(field("poll"))?,
                    files,
                    ..MessageEdit::default()
                })
            }
            Kind::ApplicationCommandAutocompleteResult => {
                let choices = data.get("choices").cloned().unwrap_or_else(|| json!([]));
                InteractionResponse::Autocomplete(within_data(choices)?)
            }
            Kind::Modal => InteractionResponse::Modal(within_data(data)?),
            #[expect(deprecated, reason = "Discord reads it still")]
            Kind::PremiumRequired => InteractionResponse::PremiumRequired,
            _ => {
                let reason = "an answer that is newer than this version";
                return Err(TwilightError::new::<InteractionResponse>("type", reason));
            }
        };
        let lost = loss::of(&came, &written::<InteractionResponse>(&value)?);
        Ok(Converted { value, lost })
    }
}

strict!(InteractionResponse, TheirResponse);

fn within_data<T: serde::de::DeserializeOwned>(data: Value) -> Result<T, TwilightError> {
    parse(data).map_err(|mut error| {
        error.path = format!("data.{}", error.path).into();
        error
    })
}

fn patch<T: serde::de::DeserializeOwned + Serialize>(
    field: Option<Value>,
) -> Result<Patch<T>, TwilightError> {
    field.map_or(Ok(Patch::Keep), within_data)
}

fn uploads(data: &InteractionResponseData) -> Vec<Upload> {
    let upload = |attachment: &twilight_model::http::attachment::Attachment| Upload {
        filename: attachment.filename.as_str().into(),
        bytes: attachment.file.clone().into(),
        title: attachment.title.clone().map(Into::into),
        description: attachment.description.clone().map(Into::into),
        duration_secs: attachment.duration_secs,
        waveform: attachment.waveform.clone().map(Into::into),
        is_spoiler: attachment.is_spoiler.unwrap_or_default(),
        ..Upload::default()
    };
    data.attachments.iter().flatten().map(upload).collect()
}
