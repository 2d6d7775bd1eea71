//! A day in the bakery, one deed after the other.

use anyhow::{Context as _, Result, bail, ensure};
use twilight_http::{
    Client,
    request::{AuditLogReason as _, channel::reaction::RequestReactionType},
};
use twilight_model::{
    channel::{
        Message,
        message::{
            MessageFlags,
            component::{ActionRow, Button, ButtonStyle, Component, Container, TextDisplay},
        },
    },
    guild::{Permissions, audit_log::AuditLogEventType},
    http::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType},
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker, UserMarker},
    },
};

/// Does what `!work BEN MEL` asks for, and says `done`.
pub(super) async fn work(http: &Client, asked: &Message) -> Result<()> {
    let (guild, here) = (
        asked.guild_id.context("the order came from a guild")?,
        asked.channel_id,
    );
    let ids: Vec<Id<UserMarker>> = asked
        .content
        .split(' ')
        .skip(1)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [ben, mel] = ids.as_slice() else {
        bail!("the order was {:?}", asked.content);
    };
    http.channel(here).await?.model().await?;
    http.create_typing_trigger(here).await?;
    let baker = hire(http, guild, *ben).await?;
    let bakery = open(http, guild, baker, *mel).await?;
    let prices = write_prices(http, bakery).await?;
    sweep(http, bakery).await?;
    put_up_a_sign(http, bakery).await?;
    talk(http, bakery, prices, *ben).await?;
    sell(http, bakery).await?;
    ban(http, guild, *mel).await?;
    http.create_message(here)
        .content("done")
        .await?
        .model()
        .await?;
    Ok(())
}

async fn hire(
    http: &Client,
    guild: Id<GuildMarker>,
    ben: Id<UserMarker>,
) -> Result<Id<RoleMarker>> {
    let role = http.create_role(guild).name("baker").color(0xC6_8642);
    let baker = role.reason("hired").await?.model().await?.id;
    let renamed = http.update_role(guild, baker).name(Some("head baker"));
    renamed.await?.model().await?;
    http.add_guild_member_role(guild, ben, baker).await?;
    let renamed = http.update_guild_member(guild, ben).nick(Some("Baker Ben"));
    renamed.await?.model().await?;
    let member = http.guild_member(guild, ben).await?.model().await?;
    ensure!(
        member.roles == [baker],
        "Ben's roles are {:?}",
        member.roles
    );
    let roles = http.roles(guild).await?.models().await?;
    ensure!(roles.iter().any(|role| role.id == baker), "no role is new");
    Ok(baker)
}

async fn open(
    http: &Client,
    guild: Id<GuildMarker>,
    baker: Id<RoleMarker>,
    mel: Id<UserMarker>,
) -> Result<Id<ChannelMarker>> {
    let bakery = http.create_guild_channel(guild, "bakery");
    let bakery = bakery.reason("more room").await?.model().await?.id;
    let warm = http.update_channel(bakery).topic("warm");
    warm.await?.model().await?;
    let bakers = PermissionOverwrite {
        allow: Some(Permissions::MANAGE_MESSAGES),
        deny: None,
        id: baker.cast(),
        kind: PermissionOverwriteType::Role,
    };
    http.update_channel_permission(bakery, &bakers).await?;
    let mels = PermissionOverwrite {
        allow: None,
        deny: Some(Permissions::SEND_MESSAGES),
        id: mel.cast(),
        kind: PermissionOverwriteType::Member,
    };
    http.update_channel_permission(bakery, &mels).await?;
    http.delete_channel_permission(bakery).member(mel).await?;
    let oven = http.create_guild_channel(guild, "old-oven");
    let oven = oven.await?.model().await?.id;
    http.delete_channel(oven)
        .reason("cold")
        .await?
        .model()
        .await?;
    Ok(bakery)
}

async fn write_prices(http: &Client, bakery: Id<ChannelMarker>) -> Result<Id<MessageMarker>> {
    let prices = say(http, bakery, "rye, 4 €").await?;
    http.create_pin(bakery, prices).await?;
    let pins = http.pins(bakery).await?.model().await?;
    ensure!(
        pins.items.iter().all(|pin| pin.message.id == prices) && pins.items.len() == 1,
        "the pins are {pins:?}"
    );
    let message = http.message(bakery, prices).await?.model().await?;
    ensure!(message.pinned, "the prices are not pinned");
    let bread = RequestReactionType::Unicode { name: "🍞" };
    http.create_reaction(bakery, prices, &bread).await?;
    let fans = http.reactions(bakery, prices, &bread);
    ensure!(fans.await?.models().await?.len() == 1, "nobody likes it");
    http.delete_current_user_reaction(bakery, prices, &bread)
        .await?;
    Ok(prices)
}

async fn sweep(http: &Client, bakery: Id<ChannelMarker>) -> Result<()> {
    let mut crumbs = Vec::new();
    for _ in 0..3 {
        crumbs.push(say(http, bakery, "crumb").await?);
    }
    let last = crumbs.pop().context("there are three crumbs")?;
    http.delete_message(bakery, last).await?;
    http.delete_messages(bakery, &crumbs).await?;
    Ok(())
}

async fn put_up_a_sign(http: &Client, bakery: Id<ChannelMarker>) -> Result<()> {
    let map = Component::Button(Button {
        custom_id: None,
        disabled: false,
        emoji: None,
        id: None,
        label: Some("Map".to_owned()),
        sku_id: None,
        style: ButtonStyle::Link,
        url: Some("https://example.com".to_owned()),
    });
    let text = Component::TextDisplay(TextDisplay {
        content: "# Open".to_owned(),
        id: None,
    });
    let row = Component::ActionRow(ActionRow {
        components: vec![map],
        id: None,
    });
    let sign = Component::Container(Container {
        accent_color: None,
        components: vec![text, row],
        id: None,
        spoiler: None,
    });
    // The library judges the components by the flags that it has been told before.
    let sending = http
        .create_message(bakery)
        .flags(MessageFlags::IS_COMPONENTS_V2)
        .components(std::slice::from_ref(&sign));
    sending.await?.model().await?;
    Ok(())
}

async fn talk(
    http: &Client,
    bakery: Id<ChannelMarker>,
    prices: Id<MessageMarker>,
    ben: Id<UserMarker>,
) -> Result<()> {
    let talk = http.create_thread_from_message(bakery, prices, "prices");
    let talk = talk.await?.model().await?.id;
    http.add_thread_member(talk, ben).await?;
    let talkers = http.thread_members(talk).await?.models().await?;
    ensure!(
        talkers.len() == 2,
        "the thread has {} members",
        talkers.len()
    );
    say(http, talk, "too high?").await?;
    Ok(())
}

async fn sell(http: &Client, bakery: Id<ChannelMarker>) -> Result<()> {
    let till = http.create_webhook(bakery, "Till").reason("sales");
    let till = till.await?.model().await?;
    let token = till.token.as_deref().context("webhooks have tokens")?;
    let sold = http.execute_webhook(till.id, token).content("sold").wait();
    let sold = sold.await?.model().await?.id;
    let edited = http
        .update_webhook_message(till.id, token, sold)
        .content(Some("sold out"));
    edited.await?.model().await?;
    let tills = http.channel_webhooks(bakery).await?.models().await?;
    ensure!(tills.len() == 1, "there are {} webhooks", tills.len());
    Ok(())
}

async fn ban(http: &Client, guild: Id<GuildMarker>, mel: Id<UserMarker>) -> Result<()> {
    let ban = http.create_ban(guild, mel);
    ban.reason("burnt the bread").await?;
    let reason = http.ban(guild, mel).await?.model().await?.reason;
    ensure!(
        reason.as_deref() == Some("burnt the bread"),
        "the ban is for {reason:?}"
    );
    let log = http
        .audit_log(guild)
        .action_type(AuditLogEventType::MemberBanAdd);
    let log = log.await?.model().await?.entries;
    let reasons: Vec<_> = log.iter().map(|entry| entry.reason.as_deref()).collect();
    ensure!(
        reasons == [Some("burnt the bread")],
        "the log's reasons are {reasons:?}"
    );
    Ok(())
}

async fn say(http: &Client, channel: Id<ChannelMarker>, text: &str) -> Result<Id<MessageMarker>> {
    let sending = http.create_message(channel).content(text);
    Ok(sending.await?.model().await?.id)
}
