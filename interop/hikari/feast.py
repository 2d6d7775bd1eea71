"""What a bot seldom asks of Discord, course by course.

Each asserts what the library made of the answers.
"""

import base64
import datetime
import sys
import traceback

import hikari

# The smallest picture there is.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
# A quarter of a second of MP3, ten silent frames.
SOUND = (b"\xff\xfb\x90\x64" + bytes(413)) * 10
REASON = "for the feast"
HOUR = datetime.timedelta(hours=1)


async def feast(bot, guild, here, ben, cas, dot):
    spoilt = []
    for course in COURSES:
        try:
            await course(bot.rest, guild, here, (ben, cas, dot))
        except Exception:
            print(course.__name__, file=sys.stderr)
            traceback.print_exc()
            spoilt.append(course.__name__)
    return spoilt


def picture(name="bread.png"):
    return hikari.Bytes(PICTURE, name)


async def house(rest, guild, here, _):
    fetched = await rest.fetch_guild(guild)
    assert fetched.approximate_member_count > 1000
    assert [one.id async for one in rest.fetch_my_guilds()] == [guild]
    edited = await rest.edit_guild(
        guild, afk_timeout=900, system_channel=here, icon=picture(), reason=REASON
    )
    assert edited.afk_timeout == datetime.timedelta(seconds=900)
    assert edited.system_channel_id == here and edited.icon_hash
    assert here in [one.id for one in await rest.fetch_guild_channels(guild)]
    assert (await rest.fetch_user(fetched.owner_id)).id == fetched.owner_id
    assert len(await rest.fetch_guild_voice_regions(guild)) > 0
    assert len(await rest.fetch_voice_regions()) > 0
    assert len(await rest.fetch_integrations(guild)) == 1
    await rest.edit_widget(guild, enabled=True)
    assert (await rest.fetch_widget(guild)).is_enabled
    await rest.set_guild_incident_actions(
        guild, invites_disabled_until=datetime.datetime.now(datetime.timezone.utc) + HOUR
    )
    await rest.edit_my_user(username="Oven", avatar=picture())
    assert (await rest.fetch_guild_preview(guild)).id == guild


async def welcome(rest, guild, here, _):
    rules = await rest.create_guild_text_channel(guild, "rules")
    edited = await rest.edit_guild(
        guild,
        features=["COMMUNITY"],
        rules_channel=rules,
        public_updates_channel=here,
        verification_level=hikari.GuildVerificationLevel.LOW,
        explicit_content_filter_level=hikari.GuildExplicitContentFilterLevel.ALL_MEMBERS,
    )
    assert "COMMUNITY" in edited.features
    talk = hikari.WelcomeChannel(channel_id=here, description="Talk", emoji_name="🍞")
    await rest.edit_welcome_screen(guild, description="Come in", enabled=True, channels=[talk])
    screen = await rest.fetch_welcome_screen(guild)
    assert screen.description == "Come in"
    await rest.fetch_guild_onboarding(guild)


async def staff(rest, guild, here, users):
    ben, cas, dot = users
    assert len(await rest.search_members(guild, "ben")) == 1
    assert len(await rest.fetch_members(guild).limit(10)) == 10
    until = datetime.datetime.now(datetime.timezone.utc) + HOUR
    member = await rest.edit_member(
        guild, ben, communication_disabled_until=until, reason=REASON
    )
    assert member.raw_communication_disabled_until
    await rest.edit_member(guild, ben, communication_disabled_until=None)
    assert (await rest.edit_my_member(guild, nickname="Oven One")).nickname == "Oven One"
    await rest.kick_user(guild, cas, reason=REASON)
    await rest.ban_user(guild, dot, delete_message_seconds=60, reason=REASON)
    bans = {ban.user.id: ban.reason async for ban in rest.fetch_bans(guild)}
    assert bans[dot] == REASON
    await rest.unban_user(guild, dot, reason=REASON)
    assert await rest.estimate_guild_prune_count(guild, days=30) == 0
    direct = await rest.create_dm_channel(ben)
    told = await rest.create_message(direct, "You are staff now")
    await rest.edit_message(direct, told, "You are chief now")
    await rest.delete_message(direct, told)


async def ranks(rest, guild, here, users):
    low = await rest.create_role(guild, name="low", hoist=True, mentionable=True)
    bits = hikari.Permissions.MANAGE_MESSAGES | hikari.Permissions.SEND_POLLS
    high = await rest.create_role(guild, name="high", permissions=bits, reason=REASON)
    assert high.permissions == bits
    await rest.reposition_roles(guild, {2: low, 1: high})
    assert (await rest.fetch_role(guild, low)).position == 2
    member = await rest.edit_member(guild, users[0], roles=[low, high])
    assert set(member.role_ids) >= {low.id, high.id}
    await rest.remove_role_from_member(guild, users[0], high, reason=REASON)
    await rest.edit_role(guild, low, name="lower", colour=1, permissions=bits)
    await rest.delete_role(guild, high)


async def rooms(rest, guild, here, _):
    floor = await rest.create_guild_category(guild, "Floor")
    hall = await rest.create_guild_voice_channel(
        guild, "hall", bitrate=64000, user_limit=5, category=floor
    )
    everyone = hikari.PermissionOverwrite(
        id=guild,
        type=hikari.PermissionOverwriteType.ROLE,
        deny=hikari.Permissions.ADD_REACTIONS,
    )
    shop = await rest.create_guild_text_channel(
        guild,
        "shop",
        nsfw=True,
        rate_limit_per_user=5,
        permission_overwrites=[everyone],
        category=floor,
        reason=REASON,
    )
    assert shop.parent_id == floor.id
    assert shop.permission_overwrites[guild].deny == hikari.Permissions.ADD_REACTIONS
    await rest.reposition_channels(guild, {0: shop, 1: here})
    await rest.edit_channel(shop, name="store", rate_limit_per_user=0, reason=REASON)
    await rest.create_message(hall, "A voice channel has a chat")
    await rest.edit_channel(hall, user_limit=9)
    invite = await rest.create_invite(shop, max_age=60, max_uses=2, unique=True, reason=REASON)
    assert (await rest.fetch_invite(invite.code)).guild.id == guild
    assert invite.code in [one.code for one in await rest.fetch_guild_invites(guild)]
    assert len(await rest.fetch_channel_invites(shop)) == 1
    await rest.delete_invite(invite)
    await rest.delete_channel(hall)


async def news(rest, guild, here, _):
    paper = await rest.create_guild_news_channel(guild, "paper")
    follow = await rest.follow_channel(paper, here)
    assert follow.channel_id == paper.id
    extra = await rest.create_message(paper, "Bread is cheap")
    published = await rest.crosspost_message(paper, extra)
    assert published.flags & hikari.MessageFlag.CROSSPOSTED
    assert len(await rest.fetch_guild_webhooks(guild)) >= 1


async def threads(rest, guild, here, users):
    room = await rest.create_guild_text_channel(guild, "talks")
    secret = await rest.create_thread(
        room,
        hikari.ChannelType.GUILD_PRIVATE_THREAD,
        "secret",
        auto_archive_duration=1440,
        invitable=False,
        reason=REASON,
    )
    assert secret.is_invitable is False
    await rest.add_thread_member(secret, users[0])
    assert (await rest.fetch_thread_member(secret, users[0])).user_id == users[0]
    await rest.remove_thread_member(secret, users[0])
    await rest.leave_thread(secret)
    await rest.join_thread(secret)
    kind = hikari.ChannelType.GUILD_PUBLIC_THREAD
    talk = await rest.create_thread(room, kind, "open", rate_limit_per_user=1)
    await rest.create_message(talk, "Hello")
    await rest.edit_channel(talk, name="opened", locked=True)
    assert {one.id for one in await rest.fetch_active_threads(guild)} >= {secret.id, talk.id}
    await rest.edit_channel(talk, archived=True)
    await rest.edit_channel(secret, archived=True, reason=REASON)
    archived = rest.fetch_public_archived_threads(room)
    assert [one.id async for one in archived] == [talk.id]
    archived = rest.fetch_private_archived_threads(room)
    assert [one.id async for one in archived] == [secret.id]
    archived = rest.fetch_joined_private_archived_threads(room)
    assert [one.id async for one in archived] == [secret.id]
    await rest.edit_channel(talk, archived=False)
    await rest.delete_channel(talk, reason=REASON)


async def forum(rest, guild, here, _):
    board = await rest.create_guild_forum_channel(
        guild,
        "recipes",
        topic="Share them",
        available_tags=[
            hikari.ForumTag(name="rye", emoji="🍞"),
            hikari.ForumTag(name="old", moderated=True),
        ],
        default_reaction_emoji="👍",
        default_sort_order=hikari.ForumSortOrderType.CREATION_DATE,
        default_forum_layout=hikari.ForumLayoutType.LIST_VIEW,
        default_auto_archive_duration=60,
        default_thread_rate_limit_per_user=2,
    )
    rye, old = board.available_tags
    assert old.moderated
    post = await rest.create_forum_post(
        board, "Rye bread", "Take rye", attachment=picture("rye.png"), tags=[rye], reason=REASON
    )
    assert post.applied_tag_ids == [rye.id]
    await rest.edit_channel(post, applied_tags=[rye, old])
    await rest.edit_channel(post, flags=hikari.ChannelFlag.PINNED)
    media = await rest.create_guild_media_channel(guild, "pictures")
    await rest.create_forum_post(media, "one", "look")
    await rest.delete_channel(board)


async def letters(rest, guild, here, users):
    embed = hikari.Embed(
        title="Menu",
        url="https://example.com",
        description="What there is",
        color=0xC68642,
        timestamp=datetime.datetime.now(datetime.timezone.utc),
    )
    embed.set_author(name="Ben", url="https://example.com/ben")
    embed.set_footer("Bon appétit")
    embed.add_field("Rye", "4 €", inline=True).add_field("Oat", "5 €")
    embed.set_image(picture())
    letter = await rest.create_message(
        here,
        f"<@{users[0]}> look",
        embed=embed,
        attachments=[hikari.Bytes(b"more", "more.txt", spoiler=True)],
        user_mentions=False,
        tts=False,
    )
    assert len(letter.embeds[0].fields) == 2
    (more,) = letter.attachments
    assert more.filename == "SPOILER_more.txt"
    assert await more.read() == b"more"
    kept = await rest.edit_message(here, letter, attachments=[more], embeds=[])
    assert (len(kept.attachments), len(kept.embeds)) == (1, 0)
    added = await rest.edit_message(here, letter, attachments=[more, picture("b.png")])
    assert [one.width for one in added.attachments] == [None, 1]
    await rest.edit_message(here, letter, flags=hikari.MessageFlag.SUPPRESS_EMBEDS)
    reply = await rest.create_message(here, "yes", reply=letter, mentions_reply=False)
    assert reply.type is hikari.MessageType.REPLY
    forwarded = await rest.forward_message(here, letter)
    assert len(forwarded.message_snapshots[0].attachments) == 2
    silent = await rest.create_message(
        here, "psst", flags=hikari.MessageFlag.SUPPRESS_NOTIFICATIONS
    )
    history = await rest.fetch_messages(here, before=silent).limit(3)
    assert [one.id for one in history] == [forwarded.id, reply.id, letter.id]
    assert len(await rest.fetch_messages(here, around=reply).limit(3)) == 3
    for bread in ["🍞", "🥐"]:
        await rest.add_reaction(here, letter, bread)
    await rest.delete_all_reactions_for_emoji(here, letter, "🥐")
    await rest.delete_all_reactions(here, letter)
    await rest.pin_message(here, letter)
    await rest.unpin_message(here, letter)
    await rest.delete_message(here, silent)


async def poll(rest, guild, here, _):
    question = hikari.impl.PollBuilder(question_text="Which bread?", allow_multiselect=True, duration=24)
    question.add_answer(text="Rye", emoji="🍞")
    question.add_answer(text="Oat")
    asked = await rest.create_message(here, poll=question)
    assert len(asked.poll.answers) == 2 and asked.poll.allow_multiselect
    assert list(await rest.fetch_poll_voters(here, asked, 1)) == []
    await rest.end_poll(here, asked)


async def sign(rest, guild, here, _):
    impl = hikari.impl
    frame = impl.ContainerComponentBuilder(accent_color=hikari.Color(0xC68642))
    buy = impl.InteractiveButtonBuilder(
        style=hikari.ButtonStyle.SUCCESS, custom_id="buy", emoji="🍞"
    )
    rye = impl.SectionComponentBuilder(accessory=buy)
    rye.add_text_display("**Rye**").add_text_display("4 €")
    frame.add_component(rye)
    frame.add_separator(spacing=hikari.SpacingType.LARGE, divider=True)
    bread = picture()
    look = impl.SectionComponentBuilder(
        accessory=impl.ThumbnailComponentBuilder(media=bread, description="bread")
    )
    frame.add_component(look.add_text_display("look"))
    gallery = impl.MediaGalleryComponentBuilder()
    frame.add_component(gallery.add_media_gallery_item(bread, spoiler=True))
    frame.add_file(bread)
    string = rest.build_message_action_row()
    menu = string.add_text_menu("string", placeholder="Bread", max_values=2)
    menu.add_option("Rye", "rye", emoji="🍞", is_default=True)
    menu.add_option("Oat", "oat", description="light")
    rows = [string]
    for kind in [
        hikari.ComponentType.USER_SELECT_MENU,
        hikari.ComponentType.ROLE_SELECT_MENU,
        hikari.ComponentType.MENTIONABLE_SELECT_MENU,
    ]:
        rows.append(rest.build_message_action_row().add_select_menu(kind, f"of {kind.name}"))
    rows.append(
        rest.build_message_action_row().add_channel_menu(
            "channel", channel_types=[hikari.ChannelType.GUILD_TEXT]
        )
    )
    title = impl.TextDisplayComponentBuilder(content="# Bakery")
    shown = await rest.create_message(here, components=[title, frame, *rows])
    assert len(shown.components) == 7
    assert shown.components[1].components[0].accessory.emoji == "🍞"
    closed = impl.TextDisplayComponentBuilder(content="# Closed")
    edited = await rest.edit_message(here, shown, components=[closed])
    assert edited.components[0].content == "# Closed"


async def hook(rest, guild, here, _):
    made = await rest.create_webhook(here, "Hook", avatar=picture(), reason=REASON)
    made = await rest.edit_webhook(made, name="Crook", reason=REASON)
    assert (await rest.fetch_webhook(made)).name == "Crook"
    assert (await rest.fetch_webhook(made, token=made.token)).id == made.id
    said = await rest.execute_webhook(
        made,
        made.token,
        "hear",
        username="Town crier",
        avatar_url="https://example.com/a.png",
        embed=hikari.Embed(title="Hear"),
        attachment=picture("seal.png"),
    )
    assert said.author.username == "Town crier"
    assert (await rest.fetch_webhook_message(made, made.token, said)).id == said.id
    edited = await rest.edit_webhook_message(made, made.token, said, "heard", embeds=[])
    assert list(edited.embeds) == []
    await rest.delete_webhook_message(made, made.token, said)
    kind = hikari.ChannelType.GUILD_PUBLIC_THREAD
    talk = await rest.create_thread(here, kind, "talk")
    await rest.execute_webhook(made, made.token, "inside", thread=talk)
    await rest.delete_webhook(made, reason=REASON)


async def emoji(rest, guild, here, _):
    bread = await rest.create_emoji(guild, "bread", picture(), reason=REASON)
    assert (await rest.edit_emoji(guild, bread, name="loaf")).name == "loaf"
    assert (await rest.fetch_emoji(guild, bread)).name == "loaf"
    assert bread.id in [one.id for one in await rest.fetch_guild_emojis(guild)]
    said = await rest.create_message(here, "bread")
    await rest.add_reaction(here, said, "loaf", bread.id)
    await rest.delete_emoji(guild, bread, reason=REASON)
    app = await rest.fetch_application()
    own = await rest.create_application_emoji(app, "own", picture())
    assert (await rest.edit_application_emoji(app, own, "mine")).name == "mine"
    assert len(await rest.fetch_application_emojis(app)) == 1
    assert (await rest.fetch_application_emoji(app, own)).name == "mine"
    await rest.delete_application_emoji(app, own)


async def stickers(rest, guild, here, _):
    made = await rest.create_sticker(
        guild, "bread", "🍞", picture(), description="A bread", reason=REASON
    )
    assert (await rest.edit_sticker(guild, made, name="loaf")).name == "loaf"
    assert made.id in [one.id for one in await rest.fetch_guild_stickers(guild)]
    assert (await rest.fetch_guild_sticker(guild, made)).name == "loaf"
    assert (await rest.fetch_sticker(made)).name == "loaf"
    said = await rest.create_message(here, sticker=made)
    assert said.stickers[0].name == "loaf"
    await rest.delete_sticker(guild, made, reason=REASON)
    await rest.fetch_available_sticker_packs()


async def stages(rest, guild, here, _):
    stage = await rest.create_guild_stage_channel(guild, "show")
    live = await rest.create_stage_instance(stage, topic="Baking")
    assert (await rest.edit_stage_instance(stage, topic="Eating")).topic == "Eating"
    assert (await rest.fetch_stage_instance(stage)).id == live.id
    await rest.delete_stage_instance(stage)


async def desk(rest, guild, here, _):
    app = await rest.fetch_application()
    number = hikari.CommandOption(
        type=hikari.OptionType.INTEGER,
        name="number",
        description="How many",
        min_value=1,
        max_value=9,
        choices=[hikari.CommandChoice(name="one", value=1)],
        is_required=True,
    )
    where = hikari.CommandOption(
        type=hikari.OptionType.CHANNEL,
        name="where",
        description="Where",
        channel_types=[hikari.ChannelType.GUILD_TEXT],
    )
    buy = hikari.CommandOption(
        type=hikari.OptionType.SUB_COMMAND,
        name="buy",
        description="Buys",
        options=[number, where],
    )
    made = await rest.create_slash_command(
        app,
        "bread",
        "Bread",
        guild=guild,
        options=[buy],
        name_localizations={"de": "brot"},
        default_member_permissions=hikari.Permissions.MANAGE_MESSAGES,
    )
    assert made.options[0].options[0].max_value == 9
    kind = hikari.CommandType.MESSAGE
    menu = await rest.create_context_menu_command(app, kind, "Weigh", guild=guild)
    assert len(await rest.fetch_application_commands(app, guild)) == 2
    await rest.edit_application_command(app, made, guild, description="Better bread")
    fetched = await rest.fetch_application_command(app, made, guild)
    assert fetched.description == "Better bread"
    await rest.fetch_application_guild_commands_permissions(app, guild)
    await rest.delete_application_command(app, menu, guild)
    await rest.set_application_commands(app, [], guild)
    assert list(await rest.fetch_skus(app)) == []
    assert list(await rest.fetch_entitlements(app)) == []
    await rest.fetch_application_role_connection_metadata_records(app)


async def book(rest, guild, here, _):
    reasons = set()
    async for log in rest.fetch_audit_log(guild):
        reasons |= {entry.reason for entry in log.entries.values()}
    assert REASON in reasons


COURSES = [
    house,
    welcome,
    staff,
    ranks,
    rooms,
    news,
    threads,
    forum,
    letters,
    poll,
    sign,
    hook,
    emoji,
    stickers,
    stages,
    desk,
    book,
]
