//! A day in the bakery, one deed after the other.

use anyhow::{Context as _, Result, ensure};
use serenity::{
    all::*,
    http::{LightMethod, Request, Route},
    model::guild::audit_log::{Action, MemberAction},
};

pub(crate) async fn work(
    ctx: &Context,
    guild: GuildId,
    here: ChannelId,
    ben: UserId,
    mel: UserId,
) -> Result<()> {
    here.to_channel(ctx).await?;
    here.broadcast_typing(ctx).await?;
    hire(ctx, guild, ben).await.context("hiring")?;
    let bakery = build(ctx, guild, mel).await.context("building")?;
    let prices = sell(ctx, bakery).await.context("selling")?;
    clean(ctx, bakery).await.context("cleaning")?;
    open(ctx, bakery).await.context("opening")?;
    talk(ctx, bakery, prices, ben).await.context("talking")?;
    send_out(ctx, bakery).await.context("a webhook")?;

    guild
        .ban_with_reason(ctx, mel, 0, "burnt the bread")
        .await?;
    let ban = guild.get_ban(ctx, mel).await?;
    let reason = ban.context("Mel is not banned")?.reason;
    ensure!(
        reason.as_deref() == Some("burnt the bread"),
        "she is banned for {reason:?}"
    );
    let kind = Action::Member(MemberAction::BanAdd);
    let log = guild.audit_logs(ctx, Some(kind), None, None, None).await?;
    let reasons: Vec<_> = log
        .entries
        .iter()
        .map(|entry| entry.reason.as_deref())
        .collect();
    ensure!(
        reasons == [Some("burnt the bread")],
        "the log says {reasons:?}"
    );
    Ok(())
}

async fn hire(ctx: &Context, guild: GuildId, ben: UserId) -> Result<()> {
    let baker = EditRole::new()
        .name("baker")
        .colour(0x00C6_8642)
        .audit_log_reason("hired");
    let baker = guild.create_role(ctx, baker).await?.id;
    let head = EditRole::new().name("head baker");
    guild.edit_role(ctx, baker, head).await?;
    // The member's own method would look up all that it already knows.
    ctx.http
        .add_member_role(guild, ben, baker, Some("hired"))
        .await?;
    let nickname = EditMember::new().nickname("Baker Ben");
    guild.edit_member(ctx, ben, nickname).await?;
    // Past the cache, which would answer without asking.
    let ben = ctx.http.get_member(guild, ben).await?;
    ensure!(ben.roles == [baker], "Ben has the roles {:?}", ben.roles);
    let roles = guild.roles(ctx).await?;
    ensure!(roles.contains_key(&baker), "the roles are {roles:?}");
    Ok(())
}

async fn build(ctx: &Context, guild: GuildId, mel: UserId) -> Result<ChannelId> {
    let roles = guild.roles(ctx).await?;
    let baker = roles.values().find(|role| role.name == "head baker");
    let baker = baker.context("somebody was hired")?.id;
    let bakery = CreateChannel::new("bakery").audit_log_reason("more room");
    let bakery = guild.create_channel(ctx, bakery).await?.id;
    bakery.edit(ctx, EditChannel::new().topic("warm")).await?;
    let overwrites = [
        PermissionOverwrite {
            allow: Permissions::MANAGE_MESSAGES,
            deny: Permissions::empty(),
            kind: PermissionOverwriteType::Role(baker),
        },
        PermissionOverwrite {
            allow: Permissions::empty(),
            deny: Permissions::SEND_MESSAGES,
            kind: PermissionOverwriteType::Member(mel),
        },
    ];
    for overwrite in overwrites {
        bakery.create_permission(ctx, overwrite).await?;
    }
    let mel = PermissionOverwriteType::Member(mel);
    bakery.delete_permission(ctx, mel).await?;
    let oven = guild
        .create_channel(ctx, CreateChannel::new("old-oven"))
        .await?;
    ctx.http.delete_channel(oven.id, Some("cold")).await?;
    Ok(bakery)
}

async fn sell(ctx: &Context, bakery: ChannelId) -> Result<MessageId> {
    let prices = bakery.say(ctx, "rye, 4 €").await?;
    prices.pin(ctx).await?;
    let pins: Vec<_> = bakery.pins(ctx).await?.iter().map(|pin| pin.id).collect();
    ensure!(pins == [prices.id], "the pins are {pins:?}");
    let read = ctx.http.get_message(bakery, prices.id).await?;
    ensure!(read.pinned, "the prices are {read:?}");
    let reaction = prices.react(ctx, '🍞').await?;
    let users = reaction
        .users(ctx, reaction.emoji.clone(), None, None::<UserId>)
        .await?;
    let users: Vec<_> = users.iter().map(|user| user.id).collect();
    let me = ctx.cache.current_user().id;
    ensure!(users == [me], "they who reacted are {users:?}");
    bakery
        .delete_reaction(ctx, prices.id, None, reaction.emoji)
        .await?;
    Ok(prices.id)
}

async fn clean(ctx: &Context, bakery: ChannelId) -> Result<()> {
    let mut crumbs = Vec::new();
    for _ in 0..3 {
        crumbs.push(bakery.say(ctx, "crumb").await?.id);
    }
    let crumb = crumbs.pop().context("there are crumbs")?;
    bakery.delete_message(ctx, crumb).await?;
    bakery.delete_messages(ctx, crumbs).await?;
    Ok(())
}

/// The library has no container, so it is sent and read as JSON.
async fn open(ctx: &Context, bakery: ChannelId) -> Result<()> {
    let sign = CreateActionRow::Buttons(vec![
        CreateButton::new_link("https://example.com").label("Map"),
    ]);
    let body = serde_json::json!({
        "flags": 1 << 15,
        "components": [{
            "type": 17,
            "components": [{ "type": 10, "content": "# Open" }, sign],
        }],
    });
    let route = Route::ChannelMessages { channel_id: bakery };
    let request = Request::new(route, LightMethod::Post).body(Some(serde_json::to_vec(&body)?));
    let sent: serde_json::Value = ctx.http.fire(request).await?;
    let shown = sent.pointer("/components/0/components/0/content");
    ensure!(
        shown.and_then(|text| text.as_str()) == Some("# Open"),
        "the sign says {sent}"
    );
    Ok(())
}

async fn talk(ctx: &Context, bakery: ChannelId, prices: MessageId, ben: UserId) -> Result<()> {
    let talk = CreateThread::new("prices");
    let talk = bakery.create_thread_from_message(ctx, prices, talk).await?;
    talk.id.add_thread_member(ctx, ben).await?;
    let members = talk.id.get_thread_members(ctx).await?.len();
    ensure!(members == 2, "the thread has {members} members");
    talk.say(ctx, "too high?").await?;
    Ok(())
}

async fn send_out(ctx: &Context, bakery: ChannelId) -> Result<()> {
    let till = CreateWebhook::new("Till").audit_log_reason("sales");
    let till = bakery.create_webhook(ctx, till).await?;
    let sold = ExecuteWebhook::new().content("sold");
    let sold = till.execute(ctx, true, sold).await?;
    let sold = sold.context("the webhook's message is there")?;
    let sold_out = EditWebhookMessage::new().content("sold out");
    till.edit_message(ctx, sold.id, sold_out).await?;
    let webhooks = bakery.webhooks(ctx).await?.len();
    ensure!(webhooks == 1, "the bakery has {webhooks} webhooks");
    Ok(())
}
