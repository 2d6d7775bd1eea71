"""What a bot seldom asks of Discord, course by course.

Each asserts what the library made of the answers.
"""

import base64
import datetime
import io
import sys
import traceback

import discord

# The smallest picture there is.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
# A quarter of a second of MP3, ten silent frames.
SOUND = (b"\xff\xfb\x90\x64" + bytes(413)) * 10
REASON = "for the feast"
HOUR = datetime.timedelta(hours=1)


async def feast(bot, here, ben, cas, dot):
    spoilt = []
    for course in COURSES:
        try:
            await course(bot, here.guild, here, (ben, cas, dot))
        except Exception:
            print(course.__name__, file=sys.stderr)
            traceback.print_exc()
            spoilt.append(course.__name__)
    return spoilt


def picture(name="bread.png", **other):
    return discord.File(io.BytesIO(PICTURE), name, **other)


async def house(bot, guild, here, _):
    fetched = await bot.fetch_guild(guild.id, with_counts=True)
    assert fetched.approximate_member_count > 1000
    assert [one.id async for one in bot.fetch_guilds()] == [guild.id]
    edited = await guild.edit(
        description="Bread", afk_timeout=900, system_channel=here, icon=PICTURE, reason=REASON
    )
    assert edited.afk_timeout == 900 and edited.icon
    assert here in await guild.fetch_channels()
    assert (await bot.fetch_user(guild.owner_id)).id == guild.owner_id
    await guild.integrations()
    await guild.edit_widget(enabled=True, channel=here)
    widget = await guild.widget()
    assert widget.id == guild.id
    await guild.edit(invites_disabled_until=discord.utils.utcnow() + HOUR)
    await guild.edit(invites_disabled_until=None)
    await bot.user.edit(username="Oven", avatar=PICTURE)
    assert (await bot.fetch_guild_preview(guild.id)).id == guild.id


async def welcome(bot, guild, here, _):
    rules = await guild.create_text_channel("rules")
    guild = await guild.edit(
        community=True,
        rules_channel=rules,
        public_updates_channel=here,
        verification_level=discord.VerificationLevel.low,
        explicit_content_filter=discord.ContentFilter.all_members,
    )
    assert "COMMUNITY" in guild.features
    talk = discord.WelcomeChannel(channel=here, description="Talk", emoji="🍞")
    await guild.edit_welcome_screen(description="Come in", welcome_channels=[talk], enabled=True)
    screen = await guild.welcome_screen()
    assert screen.description == "Come in" and str(screen.welcome_channels[0].emoji) == "🍞"
    rye = discord.OnboardingPromptOption(
        title="Rye", emoji="🍞", description="Dark", channels=[here]
    )
    prompt = discord.OnboardingPrompt(
        type=discord.OnboardingPromptType.multiple_choice,
        title="Which bread?",
        options=[rye],
        single_select=True,
        required=False,
        in_onboarding=True,
    )
    onboarding = await guild.edit_onboarding(
        prompts=[prompt],
        default_channels=[here],
        enabled=False,
        mode=discord.OnboardingMode.default,
        reason=REASON,
    )
    assert onboarding.prompts[0].options[0].title == "Rye"
    assert len((await guild.onboarding()).prompts) == 1


async def template(bot, guild, here, _):
    made = await guild.create_template(name="Bakery", description="A bakery")
    assert [one.code for one in await guild.templates()] == [made.code]
    assert (await bot.fetch_template(made.code)).name == "Bakery"
    assert (await made.edit(name="Mill")).name == "Mill"
    await made.sync()
    await made.delete()


async def staff(bot, guild, here, users):
    ben, cas, dot = [await guild.fetch_member(user) for user in users]
    assert len([one async for one in guild.fetch_members(limit=10)]) == 10
    timed_out = await ben.edit(timed_out_until=discord.utils.utcnow() + HOUR, reason=REASON)
    assert timed_out.is_timed_out()
    await ben.timeout(None)
    await guild.me.edit(nick="Oven One", reason=REASON)
    await guild.kick(cas, reason=REASON)
    await guild.ban(dot, delete_message_seconds=60, reason=REASON)
    bans = {ban.user.id: ban.reason async for ban in guild.bans(limit=10)}
    assert bans[dot.id] == REASON
    await guild.unban(dot, reason=REASON)
    bulk = await guild.bulk_ban([cas, dot], reason=REASON)
    assert {one.id for one in bulk.banned} == {cas.id, dot.id} and not bulk.failed
    await guild.unban(cas)
    await guild.unban(dot)
    assert await guild.estimate_pruned_members(days=30) == 0
    user = await bot.fetch_user(ben.id)
    told = await user.send("You are staff now")
    await told.edit(content="You are chief now")
    await told.delete()


async def ranks(bot, guild, here, users):
    low = await guild.create_role(name="low", hoist=True, mentionable=True)
    bits = discord.Permissions(manage_messages=True, send_polls=True)
    high = await guild.create_role(name="high", permissions=bits, reason=REASON)
    assert high.permissions.manage_messages
    await guild.edit_role_positions({low: 2, high: 1})
    fetched = await guild.fetch_role(low.id)
    assert fetched.position == 2
    ben = await guild.fetch_member(users[0])
    await ben.edit(roles=[low, high])
    assert (await guild.role_member_counts())[low] == 1
    await ben.remove_roles(high, reason=REASON)
    await low.edit(name="lower", colour=discord.Colour.random(seed=1), permissions=bits)
    await high.delete(reason=REASON)
    assert high not in await guild.fetch_roles()


async def rooms(bot, guild, here, users):
    floor = await guild.create_category("Floor")
    hall = await floor.create_voice_channel("hall", bitrate=64000, user_limit=5)
    everyone = {guild.default_role: discord.PermissionOverwrite(add_reactions=False)}
    shop = await floor.create_text_channel(
        "shop", nsfw=True, slowmode_delay=5, overwrites=everyone, reason=REASON
    )
    assert shop.category_id == floor.id
    assert shop.overwrites_for(guild.default_role).add_reactions is False
    copy = await shop.clone(name="copy")
    assert copy.slowmode_delay == 5
    await copy.move(beginning=True, category=floor, sync_permissions=True)
    await shop.edit(name="store", topic=None, slowmode_delay=0, reason=REASON)
    await shop.edit(position=1)
    await hall.send("A voice channel has a chat")
    await hall.edit(user_limit=9, status="baking")
    invite = await shop.create_invite(max_age=60, max_uses=2, unique=True, reason=REASON)
    assert (await bot.fetch_invite(invite.code)).guild.id == guild.id
    assert invite.code in [one.code for one in await guild.invites()]
    assert len(await shop.invites()) == 1
    await invite.delete(reason=REASON)
    await copy.delete(reason=REASON)
    await hall.delete()


async def news(bot, guild, here, _):
    paper = await guild.create_text_channel("paper", news=True)
    assert paper.is_news()
    hook = await paper.follow(destination=here, reason=REASON)
    assert hook.type is discord.WebhookType.channel_follower
    extra = await paper.send("Bread is cheap")
    await extra.publish()
    assert (await paper.fetch_message(extra.id)).flags.crossposted
    assert len(await guild.webhooks()) >= 1


async def threads(bot, guild, here, users):
    ben = await guild.fetch_member(users[0])
    room = await guild.create_text_channel("talks")
    secret = await room.create_thread(
        name="secret",
        type=discord.ChannelType.private_thread,
        invitable=False,
        auto_archive_duration=1440,
        reason=REASON,
    )
    assert secret.is_private() and not secret.invitable
    await secret.add_user(ben)
    assert (await secret.fetch_member(ben.id)).id == ben.id
    await secret.remove_user(ben)
    await secret.leave()
    await secret.join()
    kind = discord.ChannelType.public_thread
    open_one = await room.create_thread(name="open", type=kind, slowmode_delay=1)
    await open_one.send("Hello")
    await open_one.edit(name="opened", locked=True)
    assert {one.id for one in await guild.active_threads()} >= {secret.id, open_one.id}
    await open_one.edit(archived=True)
    await secret.edit(archived=True, reason=REASON)
    assert [one.id async for one in room.archived_threads()] == [open_one.id]
    archived = room.archived_threads(private=True)
    assert [one.id async for one in archived] == [secret.id]
    joined = room.archived_threads(private=True, joined=True)
    assert [one.id async for one in joined] == [secret.id]
    await open_one.edit(archived=False)
    await open_one.delete(reason=REASON)


async def forum(bot, guild, here, _):
    tags = [
        discord.ForumTag(name="rye", emoji="🍞"),
        discord.ForumTag(name="old", moderated=True),
    ]
    board = await guild.create_forum(
        "recipes",
        topic="Share them",
        available_tags=tags,
        default_reaction_emoji="👍",
        default_sort_order=discord.ForumOrderType.creation_date,
        default_layout=discord.ForumLayoutType.list_view,
        default_auto_archive_duration=60,
        default_thread_slowmode_delay=2,
    )
    rye, old = board.available_tags
    assert str(rye.emoji) == "🍞" and old.moderated
    post = await board.create_thread(
        name="Rye bread",
        content="Take rye",
        file=picture("rye.png"),
        applied_tags=[rye],
        reason=REASON,
    )
    assert [tag.id for tag in post.thread.applied_tags] == [rye.id]
    assert post.message.content == "Take rye"
    await post.thread.add_tags(old)
    await post.thread.edit(pinned=True)
    await board.create_tag(name="new", emoji="🥐")
    edited = await board.edit(default_layout=discord.ForumLayoutType.gallery_view)
    assert len(edited.available_tags) == 3
    media = await guild.create_forum("pictures", media=True)
    await media.create_thread(name="one", content="look")
    await board.delete()


async def letters(bot, guild, here, users):
    embed = discord.Embed(
        title="Menu",
        url="https://example.com",
        description="What there is",
        colour=0xC68642,
        timestamp=discord.utils.utcnow(),
    )
    embed.set_author(name="Ben", url="https://example.com/ben")
    embed.set_footer(text="Bon appétit")
    embed.add_field(name="Rye", value="4 €").add_field(name="Oat", value="5 €", inline=False)
    embed.set_image(url="attachment://bread.png")
    letter = await here.send(
        f"<@{users[0]}> look",
        embed=embed,
        files=[
            picture(description="A bread"),
            discord.File(io.BytesIO(b"more"), "more.txt", spoiler=True),
        ],
        allowed_mentions=discord.AllowedMentions.none(),
        nonce="letter",
        tts=False,
    )
    assert len(letter.embeds[0].fields) == 2
    (more,) = letter.attachments
    assert more.is_spoiler()
    assert await more.read() == b"more"
    kept = await letter.edit(attachments=[more], embeds=[])
    assert (len(kept.attachments), kept.embeds) == (1, [])
    added = await kept.add_files(picture("b.png"))
    assert [one.width for one in added.attachments] == [None, 1]
    removed = await added.remove_attachments(added.attachments[0])
    assert [one.filename for one in removed.attachments] == ["b.png"]
    await letter.edit(suppress=True)
    reply = await letter.reply("yes", mention_author=False)
    assert reply.type is discord.MessageType.reply
    forwarded = await removed.forward(here)
    assert [one.filename for one in forwarded.message_snapshots[0].attachments] == ["b.png"]
    silent = await here.send("psst", silent=True, suppress_embeds=True)
    assert silent.flags.suppress_notifications
    history = [one.id async for one in here.history(limit=3, before=silent)]
    assert history == [forwarded.id, reply.id, letter.id]
    around = [one.id async for one in here.history(limit=3, around=reply)]
    assert len(around) == 3
    await letter.add_reaction("🍞")
    await letter.add_reaction("🥐")
    await letter.clear_reaction("🥐")
    await letter.clear_reactions()
    await letter.pin(reason=REASON)
    await letter.unpin(reason=REASON)
    await silent.delete(delay=0)
    purged = await here.purge(limit=5, check=lambda one: one.id == reply.id, bulk=False)
    assert [one.id for one in purged] == [reply.id]


async def poll(bot, guild, here, _):
    question = discord.Poll("Which bread?", duration=datetime.timedelta(days=1), multiple=True)
    question.add_answer(text="Rye", emoji="🍞")
    question.add_answer(text="Oat")
    asked = await here.send(poll=question)
    assert len(asked.poll.answers) == 2 and asked.poll.multiple
    assert [one async for one in asked.poll.answers[0].voters()] == []
    ended = await asked.end_poll()
    assert ended.poll.expires_at <= discord.utils.utcnow() + datetime.timedelta(minutes=1)


class Sign(discord.ui.LayoutView):
    title = discord.ui.TextDisplay("# Bakery")
    frame = discord.ui.Container(
        discord.ui.Section(
            "**Rye**",
            "4 €",
            accessory=discord.ui.Button(
                emoji="🍞", style=discord.ButtonStyle.success, custom_id="buy"
            ),
        ),
        discord.ui.Separator(spacing=discord.SeparatorSpacing.large),
        discord.ui.Section(
            "look", accessory=discord.ui.Thumbnail("attachment://bread.png", description="bread")
        ),
        discord.ui.MediaGallery(
            discord.MediaGalleryItem("attachment://bread.png", spoiler=True)
        ),
        discord.ui.File("attachment://bread.png"),
        accent_colour=0xC68642,
    )
    bread = discord.ui.ActionRow(
        discord.ui.Select(
            custom_id="string",
            placeholder="Bread",
            max_values=2,
            options=[
                discord.SelectOption(label="Rye", value="rye", emoji="🍞", default=True),
                discord.SelectOption(label="Oat", value="oat", description="light"),
            ],
        )
    )
    user = discord.ui.ActionRow(discord.ui.UserSelect(custom_id="user"))
    role = discord.ui.ActionRow(discord.ui.RoleSelect(custom_id="role", min_values=0))
    either = discord.ui.ActionRow(
        discord.ui.MentionableSelect(custom_id="mentionable", disabled=True)
    )
    channel = discord.ui.ActionRow(
        discord.ui.ChannelSelect(
            custom_id="channel", channel_types=[discord.ChannelType.text]
        )
    )


async def sign(bot, guild, here, _):
    shown = await here.send(view=Sign(timeout=1), file=picture())
    assert len(shown.components) == 7
    assert str(shown.components[1].children[0].accessory.emoji) == "🍞"
    closed = discord.ui.LayoutView()
    closed.add_item(discord.ui.TextDisplay("# Closed"))
    edited = await shown.edit(view=closed)
    assert edited.components[0].content == "# Closed"


async def hook(bot, guild, here, _):
    made = await here.create_webhook(name="Hook", avatar=PICTURE, reason=REASON)
    post = await guild.create_text_channel("hooked")
    made = await made.edit(name="Crook", channel=post, reason=REASON)
    assert (await bot.fetch_webhook(made.id)).name == "Crook"
    said = await made.send(
        "hear",
        username="Town crier",
        avatar_url="https://example.com/a.png",
        embed=discord.Embed(title="Hear"),
        file=picture("seal.png"),
        wait=True,
    )
    assert said.author.name == "Town crier"
    assert (await made.fetch_message(said.id)).id == said.id
    edited = await said.edit(content="heard", embeds=[])
    assert edited.embeds == []
    await said.delete()
    talk = await post.create_thread(name="talk", type=discord.ChannelType.public_thread)
    await made.send("inside", thread=talk)
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.TextDisplay("v2"))
    shown = await made.send(view=view, wait=True)
    assert shown.components[0].content == "v2"
    await made.delete(reason=REASON)


async def emoji(bot, guild, here, _):
    bread = await guild.create_custom_emoji(name="bread", image=PICTURE, reason=REASON)
    assert (await bread.edit(name="loaf")).name == "loaf"
    assert (await guild.fetch_emoji(bread.id)).name == "loaf"
    assert bread in await guild.fetch_emojis()
    said = await here.send(f"<:loaf:{bread.id}>")
    await said.add_reaction(bread)
    await bread.delete(reason=REASON)
    own = await bot.create_application_emoji(name="own", image=PICTURE)
    assert (await own.edit(name="mine")).name == "mine"
    assert len(await bot.fetch_application_emojis()) == 1
    assert (await bot.fetch_application_emoji(own.id)).name == "mine"
    await own.delete()


async def stickers(bot, guild, here, _):
    made = await guild.create_sticker(
        name="bread", description="A bread", emoji="🍞", file=picture(), reason=REASON
    )
    assert (await made.edit(name="loaf")).name == "loaf"
    assert made in await guild.fetch_stickers()
    fetched = await guild.fetch_sticker(made.id)
    assert fetched.name == "loaf"
    assert (await bot.fetch_sticker(made.id)).name == "loaf"
    said = await here.send(stickers=[made])
    assert said.stickers[0].name == "loaf"
    await made.delete(reason=REASON)
    await bot.fetch_premium_sticker_packs()


async def sounds(bot, guild, here, _):
    made = await guild.create_soundboard_sound(
        name="crunch", sound=SOUND, volume=0.5, emoji="🍞", reason=REASON
    )
    assert (made.name, made.volume) == ("crunch", 0.5)
    assert (await made.edit(name="crack")).name == "crack"
    assert (await guild.fetch_soundboard_sound(made.id)).name == "crack"
    assert made.id in [one.id for one in await guild.fetch_soundboard_sounds()]
    await made.delete(reason=REASON)
    await bot.fetch_soundboard_default_sounds()


async def stages(bot, guild, here, _):
    stage = await guild.create_stage_channel("show")
    live = await stage.create_instance(topic="Baking", send_start_notification=False)
    await live.edit(topic="Eating")
    assert (await stage.fetch_instance()).topic == "Eating"
    await live.delete()


async def desk(bot, guild, here, _):
    assert (await bot.application_info()).name
    tree = bot.tree

    bread = discord.app_commands.Group(
        name="bread",
        description="Bread",
        guild_ids=[guild.id],
        default_permissions=discord.Permissions(manage_messages=True),
    )

    @bread.command(description="Buys")
    @discord.app_commands.choices(number=[discord.app_commands.Choice(name="one", value=1)])
    async def buy(
        interaction: discord.Interaction, number: int, where: discord.TextChannel | None = None
    ):
        pass

    async def weigh(interaction: discord.Interaction, message: discord.Message):
        pass

    tree.add_command(bread)
    tree.add_command(discord.app_commands.ContextMenu(name="Weigh", callback=weigh), guild=guild)
    made = await tree.sync(guild=guild)
    assert {one.name for one in made} == {"bread", "Weigh"}
    menu = next(one for one in made if one.name == "Weigh")
    group = await tree.fetch_command(
        next(one.id for one in made if one.name == "bread"), guild=guild
    )
    assert group.options[0].options[0].choices[0].value == 1
    assert len(await tree.fetch_commands(guild=guild)) == 2
    await group.edit(description="Better bread")
    await menu.delete()
    tree.clear_commands(guild=guild)
    await tree.sync(guild=guild)
    await bot.fetch_skus()
    assert [one async for one in bot.entitlements()] == []


async def book(bot, guild, here, _):
    entries = [entry async for entry in guild.audit_logs(limit=150)]
    assert len(entries) > 50
    assert REASON in {entry.reason for entry in entries}
    # What the entries are about is made of what comes with them.
    assert any(entry.target is not None and entry.before != entry.after for entry in entries)


COURSES = [
    house,
    welcome,
    template,
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
    sounds,
    stages,
    desk,
    book,
]
