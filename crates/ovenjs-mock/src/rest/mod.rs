//! From a request to an answer, in Discord's order: version, route, token, limits, form, deed.

mod application;
mod asker;
mod audit_log;
mod auto_moderation;
mod bans;
mod canned;
mod channels;
mod command_permissions;
mod commands;
mod emojis;
mod endpoints;
mod expressions;
mod fields;
mod form;
mod guild_settings;
mod guilds;
mod interactions;
mod invites;
mod join_requests;
mod limits;
mod lobbies;
mod members;
mod messages;
mod multipart;
mod oauth2;
mod overwrites;
mod pins;
mod polls;
mod reactions;
mod role_connections;
mod roles;
mod scheduled_events;
mod search;
mod shop;
mod soundboard;
mod stages;
mod stickers;
mod templates;
mod threads;
mod users;
mod voice;
mod webhooks;
mod welcome;
mod widget;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    backend::Backend,
    failure::Failure,
    faults::Delivery,
    json::{Object, object},
    oracle::{OperationMatch, Oracle, Route, Violation},
    world::{File, World, audit},
};

use limits::{Allowance, Ask, Facts, Payer, Refused};

use asker::Asker;
use form::{decode, read_query};

pub use canned::CANNED_OPERATIONS;
pub(crate) use form::Form;
pub(crate) use limits::{Limiter, Scope};

/// A request as it came, without the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The whole path: `/api/v10/channels/1/messages`.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) form: Form,
}

/// An answer, without the wire.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
    pub(crate) delivery: Delivery,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    Html(String),
    Png(&'static [u8]),
    Csv(String),
}

/// A request that has been understood: what the deeds work on.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) asker: Asker,
    params: BTreeMap<String, String>,
    query: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) files: Vec<File>,
    pub(crate) reason: Option<String>,
    pub(crate) setting: Setting,
}

/// What a deed has to know beside the world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) shards: u32,
    pub(crate) max_concurrency: u32,
    pub(crate) session_starts: u32,
    pub(crate) starts_left: u32,
    pub(crate) starts_reset: Duration,
    pub(crate) interaction_deadline: Duration,
}

/// What a deed gives: a status and perhaps a body, or a refusal.
pub(crate) type Done = Result<(u16, Option<Value>), Failure>;

impl Call {
    /// The id in the path; one that is no id is nobody's.
    fn id(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }

    fn text(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn asks(&self, name: &str) -> bool {
        matches!(self.query(name), Some("true" | "True" | "1"))
    }

    /// The limit of a list.
    fn limit(&self, default: usize) -> usize {
        self.query("limit")
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    }

    /// All values of a query parameter that is a list: repeated, or separated by commas.
    fn queries(&self, name: &str) -> Vec<&str> {
        let bracketed = format!("{name}[]");
        self.query
            .iter()
            .filter(|(key, _)| *key == name || *key == bracketed)
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// A time in the query, in milliseconds since 1970.
    fn time(&self, name: &str) -> Option<u64> {
        crate::time::unix_ms_of(self.query(name)?)
    }

    /// A number in the query: an id, a type.
    fn number(&self, name: &str) -> Option<u64> {
        self.query(name)?.parse().ok()
    }

    fn fields(&self) -> Object {
        object(self.body.clone())
    }

    /// An entry for the audit log about what the bot does by this request, with its reason.
    fn entry(&self, world: &World, action: u64) -> audit::Entry {
        audit::Entry::new(action, world.bot).because(self.reason.clone())
    }
}

fn ok(value: Value) -> Done {
    Ok((200, Some(value)))
}

fn done() -> Done {
    Ok((204, None))
}

/// Does the deed of an operation; `None` where the box does not act on it.
fn deed(call: &Call, world: &mut World) -> Option<Done> {
    users::act(call, world)
        .or_else(|| application::act(call, world))
        .or_else(|| oauth2::act(call, world))
        .or_else(|| role_connections::act(call, world))
        .or_else(|| command_permissions::act(call, world))
        .or_else(|| shop::act(call, world))
        .or_else(|| lobbies::act(call, world))
        .or_else(|| threads::act(call, world))
        .or_else(|| guilds::act(call, world))
        .or_else(|| guild_settings::act(call, world))
        .or_else(|| audit_log::act(call, world))
        .or_else(|| channels::act(call, world))
        .or_else(|| overwrites::act(call, world))
        .or_else(|| roles::act(call, world))
        .or_else(|| members::act(call, world))
        .or_else(|| voice::act(call, world))
        .or_else(|| bans::act(call, world))
        .or_else(|| widget::act(call, world))
        .or_else(|| welcome::act(call, world))
        .or_else(|| templates::act(call, world))
        .or_else(|| join_requests::act(call, world))
        .or_else(|| messages::act(call, world))
        .or_else(|| pins::act(call, world))
        .or_else(|| polls::act(call, world))
        .or_else(|| reactions::act(call, world))
        .or_else(|| search::act(call, world))
        .or_else(|| webhooks::act(call, world))
        .or_else(|| auto_moderation::act(call, world))
        .or_else(|| scheduled_events::act(call, world))
        .or_else(|| emojis::act(call, world))
        .or_else(|| stickers::act(call, world))
        .or_else(|| soundboard::act(call, world))
        .or_else(|| invites::act(call, world))
        .or_else(|| stages::act(call, world))
        .or_else(|| commands::act(call, world))
        .or_else(|| interactions::act(call, world))
}

impl Backend {
    /// Answers one request and keeps a record of it.
    pub(crate) fn request(&mut self, now: Instant, request: Request) -> Reply {
        self.set_time(now);
        let (mut reply, record) = match self.limiter.shut_out(now) {
            Some(left) => (self.limiter.turned_away(left), Record::of(&request)),
            None => {
                let (reply, record) = self.answer(now, &request);
                if is_invalid(&reply) {
                    self.journal.invalid_requests += 1;
                    self.limiter.was_invalid(now);
                }
                (reply, record)
            }
        };
        reply.delivery = self.faults.spoil(&mut reply.headers);
        let date = crate::time::http_date(self.world.now_ms);
        reply.headers.push(("Date", date));
        self.journal.requested(record, reply.status, &reply.body);
        self.settle();
        reply
    }

    fn answer(&mut self, now: Instant, request: &Request) -> (Reply, Record) {
        let mut record = Record::of(request);
        let path = match without_prefix(&request.path) {
            Ok(path) => path,
            Err(failure) => {
                record.path.clone_from(&request.path);
                return (refuse(&failure), record);
            }
        };
        let oracle = Oracle::embedded();
        let found = match oracle.route(&request.method, path) {
            Route::Found(found) => self.with_me(found),
            Route::MethodNotAllowed(_) => {
                path.clone_into(&mut record.path);
                return (refuse(&Failure::method_not_allowed()), record);
            }
            Route::NotFound => {
                path.clone_into(&mut record.path);
                return (refuse(&Failure::no_such_route()), record);
            }
        };
        record.route.clone_from(&found.operation.path);
        record.operation.clone_from(&found.operation.id);
        record.path = without_secrets(&found);
        let route = format!("{} {}", found.operation.method, found.operation.path);

        if let Some(status) = self.faults.take_broken(&route) {
            return (broken(status), record);
        }
        let authorization = request.authorization.as_deref();
        let asker = match Asker::of(found.operation, authorization, &self.world) {
            Ok(asker) => asker,
            Err(failure) => return (refuse(&failure), record),
        };
        if self.is_down(&found) {
            return (broken(503), record);
        }
        self.look_at_user_agent(request);
        let allowance = match self.allow(now, request, &found, &route) {
            Ok(allowance) => allowance,
            Err(refused) => return (refused.reply(), record),
        };
        let outcome = self.perform(request, asker, &found, &mut record);
        let (status, body) = match outcome {
            Ok((status, body)) => (status, body),
            Err(failure) => (failure.status, Some(failure.body())),
        };
        for violation in oracle.check_answer(found.operation, status, body.as_ref()) {
            let about = format!("answer {status} to {route}");
            self.journal.found(&about, &violation);
        }
        let mut headers = via();
        // Callbacks have a bucket like webhooks, and Discord does not tell of it.
        if found.operation.id != "create_interaction_response" {
            headers.extend(allowance.headers());
        }
        let body = match body {
            Some(_) if status == 200 && found.operation.id == widget::PICTURE => {
                Body::Png(widget::PNG)
            }
            Some(Value::String(table)) if found.operation.id == TABLE => Body::Csv(table),
            Some(body) => Body::Json(body),
            None => Body::Empty,
        };
        (
            Reply {
                status,
                headers,
                body,
                delivery: Delivery::Whole,
            },
            record,
        )
    }

    fn perform(
        &mut self,
        request: &Request,
        asker: Asker,
        found: &OperationMatch<'_>,
        record: &mut Record,
    ) -> Done {
        let oracle = Oracle::embedded();
        let operation = found.operation;
        let (body, files) = request.form.read.clone()?;
        record.body = body.clone().unwrap_or_default();
        record.files = files
            .iter()
            .map(|file| (file.name.clone(), file.bytes.len()))
            .collect();
        let query = read_query(&request.query);
        let mut violations = oracle.check_path(found);
        violations.extend(oracle.check_query(operation, &query));
        // The description calls some bodies required that Discord lets be absent, that of DELETE for a
        // ban among them; it reads nothing as an empty form.
        let empty = json!({});
        let filled = form::with_files(body.as_ref(), &files);
        let form = filled
            .as_ref()
            .or_else(|| operation.body_required.then_some(&empty));
        violations.extend(oracle.check_body(operation, &request.form.content_type, form));
        let (refusals, warnings): (Vec<Violation>, Vec<Violation>) =
            violations.into_iter().partition(Violation::is_refusal);
        for warning in warnings {
            self.journal.warn(format!(
                "{} {}: {warning}",
                operation.method, operation.path
            ));
        }
        if !refusals.is_empty() {
            let answer = object(Oracle::form_errors(&refusals));
            return Err(Failure::form_tree(
                answer.get("errors").cloned().unwrap_or_default(),
            ));
        }
        let reason = request.reason.as_deref().map(decode);
        if reason
            .as_ref()
            .is_some_and(|reason| reason.chars().count() > MAX_REASON)
        {
            return Err(Failure::form(
                &[],
                "BASE_TYPE_MAX_LENGTH",
                &format!("Must be {MAX_REASON} or fewer in length."),
            ));
        }
        self.judge_endpoints(&operation.id, body.as_ref())?;
        let call = Call {
            operation: operation.id.clone(),
            asker,
            params: found
                .params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            query,
            body: body.unwrap_or_default(),
            files,
            reason,
            setting: self.setting(),
        };
        deed(&call, &mut self.world)
            .or_else(|| canned::act(&call))
            // A test holds the operations to these two kinds.
            .unwrap_or_else(|| Err(Failure::no_such_route()))
    }

    fn allow(
        &mut self,
        now: Instant,
        request: &Request,
        found: &OperationMatch<'_>,
        route: &str,
    ) -> Result<Allowance, Refused> {
        let fault = self.faults.take_limited(route);
        if let Some((wait, scope @ (Scope::User | Scope::Global))) = fault {
            return Err(Refused::by_chance(wait, scope, None));
        }
        let major: Vec<&str> = found
            .operation
            .major
            .iter()
            .filter_map(|name| found.param(name))
            .collect();
        let body = request.form.read.as_ref().ok();
        let ask = Ask {
            route,
            major: &major.join("/"),
            payer: Payer::of(&self.world, found, request.authorization.is_some()),
            facts: Facts::of(&self.world, found, body.and_then(|(body, _)| body.as_ref())),
        };
        let calendar_ms = self.world.now_ms;
        let skew = self.faults.menu.reset_skew_ms;
        let shown_ms = calendar_ms.saturating_add_signed(skew);
        let tick = self.tick(now);
        let allowance = self.limiter.take(tick, calendar_ms, shown_ms, &ask)?;
        match fault {
            // The resource is used up by others; what is left of the bucket is another matter.
            Some((wait, scope)) => Err(Refused::by_chance(wait, scope, Some(allowance))),
            None => Ok(allowance),
        }
    }

    /// Discord takes `@me` wherever a path names a user, though its description says so in few places.
    fn with_me<'a>(&self, mut found: OperationMatch<'a>) -> OperationMatch<'a> {
        for (name, value) in &mut found.params {
            if *name == "user_id" && value == "@me" {
                *value = self.world.bot.to_string();
            }
        }
        found
    }

    /// Whether the path is about a guild that is down.
    fn is_down(&self, found: &OperationMatch<'_>) -> bool {
        let id = |name: &str| found.param(name)?.parse().ok();
        let channel = id("channel_id").or_else(|| {
            let webhook = self.world.webhooks.get(&id("webhook_id")?)?;
            Some(webhook.channel)
        });
        let of_channel = || self.world.channel_guild(channel?);
        let guild = id("guild_id").or_else(of_channel);
        guild.is_some_and(|guild| self.gateway.is_down(guild))
    }

    fn look_at_user_agent(&mut self, request: &Request) {
        let lawful = request
            .user_agent
            .as_deref()
            .is_some_and(|agent| agent.starts_with("DiscordBot"));
        if !lawful {
            self.journal
                .warn("the User-Agent does not begin with DiscordBot".to_owned());
        }
    }
}

/// What is remembered of a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) operation: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) query: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) body: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<(String, usize)>,
}

impl Record {
    /// What is known before the request is understood.
    fn of(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            route: String::new(),
            operation: String::new(),
            path: String::new(),
            query: request.query.clone(),
            body: Value::Null,
            reason: request.reason.clone(),
            files: Vec::new(),
        }
    }
}

/// The page of a proxy that got no answer from Discord.
fn broken(status: u16) -> Reply {
    let page = format!("<html><head><title>{status}</title></head><body>{status}</body></html>");
    Reply {
        status,
        headers: via(),
        body: Body::Html(page),
        delivery: Delivery::Whole,
    }
}

pub(crate) fn refuse(failure: &Failure) -> Reply {
    Reply {
        status: failure.status,
        headers: via(),
        body: Body::Json(failure.body()),
        delivery: Delivery::Whole,
    }
}

/// Whether Discord counts the answer before it shuts an address out: a shared limit is not the
/// fault of the one who met it.
fn is_invalid(reply: &Reply) -> bool {
    let shared = ("X-RateLimit-Scope", Scope::Shared.as_str().to_owned());
    matches!(reply.status, 401 | 403 | 429) && !reply.headers.contains(&shared)
}

/// Clients tell Discord's own answers from those of a proxy in front of it by this header.
fn via() -> Vec<(&'static str, String)> {
    vec![("Via", "1.1 ovenjs-mock".to_owned())]
}

/// `/api/v10/users/@me` → `/users/@me`; without a version Discord takes its default.
fn without_prefix(path: &str) -> Result<&str, Failure> {
    let rest = path
        .strip_prefix("/api")
        .ok_or_else(Failure::no_such_route)?;
    let Some(versioned) = rest.strip_prefix("/v") else {
        return Ok(rest);
    };
    let end = versioned.find('/').unwrap_or(versioned.len());
    let (version, rest) = versioned.split_at(end);
    match version {
        "9" | "10" => Ok(rest),
        number if number.parse::<u32>().is_ok() => {
            Err(Failure::new(400, 50041, "Invalid API version provided"))
        }
        // `/voice/regions` begins with `/v` too.
        _ => path.strip_prefix("/api").ok_or_else(Failure::no_such_route),
    }
}

/// The path with the tokens in it replaced by their names.
fn without_secrets(found: &OperationMatch<'_>) -> String {
    found
        .params
        .iter()
        .fold(found.operation.path.clone(), |path, (name, value)| {
            let placeholder = format!("{{{name}}}");
            if name.ends_with("token") {
                path
            } else {
                path.replace(&placeholder, value)
            }
        })
}

/// The one operation that answers with a table.
const TABLE: &str = "get_invite_target_users";

/// Discord's bound on the reason for the audit log, in characters after decoding.
const MAX_REASON: usize = 512;

#[cfg(test)]
mod tests;
