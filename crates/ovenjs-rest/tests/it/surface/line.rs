//! An operation, and what is to be known of it.

use std::{collections::BTreeSet, fmt, pin::Pin};

use ovenjs_mock::Discord;
use ovenjs_rest::{
    Answer as _, Auth, Body, Call, Carries, Client, Credentials, Endpoint, Error, Major, Parameter,
};
use ovenjs_types::{
    Id, Report, Secret, Validate,
    json::Scratch,
    marker::{
        ApplicationMarker, ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker,
        WebhookMarker,
    },
};

use serde::Serialize;

use super::names;

/// An operation with a sample of each of its parts.
pub(crate) struct Line {
    pub(super) route: &'static str,
    pub(super) auth: Auth,
    pub(super) by_user: bool,
    pub(super) audited: bool,
    pub(super) has_major: bool,
    pub(super) query: &'static [Parameter],
    /// What the fields of its body are held to, by their paths.
    pub(super) limits: BTreeSet<(String, usize, usize)>,
    /// The fields of its body that say something.
    pub(super) set: BTreeSet<String>,
    /// The fields of its body, set or not.
    pub(super) fields: BTreeSet<String>,
    /// Reads an answer; the error tells what does not fit or drifts.
    pub(super) read: fn(&[u8]) -> Result<(), String>,
    /// Sends it; the answer as it shows itself.
    pub(crate) send: Box<dyn Fn(Client) -> Sending>,
    /// How it shows itself.
    pub(crate) shown: String,
}

pub(super) type Sending = Pin<Box<dyn Future<Output = Result<String, Error>>>>;

impl Line {
    /// Says the fields of a body by another one, which has all of them: serde does not tell those
    /// that it leaves out of every body, and some do not go together.
    pub(super) fn with_fields_of(mut self, full: &(impl Serialize + Validate)) -> Self {
        self.fields.extend(names::of(full));
        self.limits.extend(limits_of(full));
        self.set.extend(set_in(full));
        self
    }

    /// Whether it sends a further message after an interaction.
    pub(super) fn is_follow_up(&self) -> bool {
        self.auth == Auth::Interaction
            && self.route == "POST /webhooks/{webhook_id}/{webhook_token}"
    }
}

/// A line of an operation without a body.
pub(super) fn line<E>(call: Call<'_, E>) -> Line
where
    E: Endpoint + Clone + 'static,
    E::Answer: fmt::Debug,
{
    of(call.into_endpoint(), BTreeSet::new())
}

/// A line of an operation with a body, as full as it can be.
pub(super) fn sends<E>(call: Call<'_, E, E::Body>) -> Line
where
    E: Carries + Clone + 'static,
    E::Answer: fmt::Debug,
{
    let endpoint = call.into_endpoint();
    let (mut fields, mut limits, mut set) = Default::default();
    let endpoint = endpoint.map_body(|body| {
        fields = names::of(&body);
        (limits, set) = (limits_of(&body), set_in(&body));
        body
    });
    match endpoint.body() {
        Body::Form(parts) => {
            let names = parts.iter().map(|(name, _)| (*name).to_owned());
            fields.extend(names.filter(|name| name != "payload_json"));
        }
        Body::Urlencoded(pairs) => {
            fields = pairs.iter().map(|(name, _)| (*name).to_owned()).collect()
        }
        _ => {}
    }
    Line {
        limits,
        set,
        ..of(endpoint, fields)
    }
}

/// What a body holds its fields to, by their paths; what says nothing is held to nothing.
fn limits_of(body: &impl Validate) -> BTreeSet<(String, usize, usize)> {
    let mut report = Report::of_limits();
    body.check(&mut report);
    let Err(limits) = report.into_result() else {
        return BTreeSet::new();
    };
    let limits = limits.violations().iter().filter_map(|limit| {
        let measure = limit.measure?;
        let wide = |bound: u64| usize::try_from(bound).unwrap();
        // Of a list that is a body, what each element is held to.
        let path = limit.path.trim_start_matches("[0].").to_owned();
        Some((path, wide(measure.least), wide(measure.most)))
    });
    limits.collect()
}

/// The fields of a body that say something, or of what stands in it, where it is a list.
fn set_in(body: &impl Serialize) -> BTreeSet<String> {
    let text = ovenjs_types::json::encode(body);
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let element = value.get(0).unwrap_or(&value);
    let keys = element
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys());
    keys.cloned().collect()
}

fn of<E>(endpoint: E, fields: BTreeSet<String>) -> Line
where
    E: Endpoint + Clone + 'static,
    E::Answer: fmt::Debug,
{
    Line {
        route: E::ROUTE,
        auth: E::AUTH,
        by_user: E::BY_USER,
        audited: E::AUDITED,
        has_major: endpoint.major() != Major::NONE,
        query: E::QUERY,
        limits: BTreeSet::new(),
        set: BTreeSet::new(),
        fields,
        read: read::<E>,
        shown: format!("{endpoint:?}"),
        send: Box::new(move |client| {
            let endpoint = endpoint.clone();
            Box::pin(async move {
                let answer = client.send(endpoint).await?;
                Ok(format!("{answer:?}"))
            })
        }),
    }
}

fn read<E: Endpoint>(body: &[u8]) -> Result<(), String> {
    let mut scratch = Scratch::new();
    E::Answer::read(body, &mut scratch).map_err(|error| error.to_string())?;
    let drift: BTreeSet<_> = scratch
        .take_drift()
        .into_iter()
        .map(|deviation| format!("{}: {}", deviation.path, deviation.reason))
        .collect();
    if drift.is_empty() {
        Ok(())
    } else {
        Err(format!("{drift:?}"))
    }
}

/// What the lines name.
pub(crate) struct Ids {
    pub(super) application: Id<ApplicationMarker>,
    pub(super) guild: Id<GuildMarker>,
    pub(super) channel: Id<ChannelMarker>,
    pub(super) message: Id<MessageMarker>,
    pub(super) user: Id<UserMarker>,
    pub(super) role: Id<RoleMarker>,
    pub(super) webhook: Id<WebhookMarker>,
    pub(crate) webhook_token: Secret,
    pub(crate) bearer: Secret,
    pub(super) credentials: Credentials,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            application: Id::new(1),
            guild: Id::new(2),
            channel: Id::new(3),
            message: Id::new(4),
            user: Id::new(5),
            role: Id::new(6),
            webhook: Id::new(7),
            webhook_token: "token".into(),
            bearer: "bearer".into(),
            credentials: Credentials::new(Id::new(1), "secret"),
        }
    }
}

impl Ids {
    /// What the box has, and what there has to be besides.
    pub(crate) async fn of(discord: &Discord, client: &Client) -> Self {
        let channel = discord.channel_id();
        let message = client
            .create_message(channel)
            .content("bread")
            .await
            .unwrap();
        let draft = ovenjs_types::WebhookDraft::new("Oven");
        let webhook = client.create_webhook(channel, draft).await.unwrap();
        let ann = discord.user("ann");
        Self {
            application: discord.application_id(),
            guild: discord.guild_id(),
            channel,
            message: message.id,
            user: ann.id(),
            role: discord.guild_id().cast(),
            webhook: webhook.id,
            webhook_token: webhook.token.unwrap(),
            bearer: ann.access_token().into(),
            credentials: Credentials::new(discord.application_id(), discord.client_secret()),
        }
    }
}
