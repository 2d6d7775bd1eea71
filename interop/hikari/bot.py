"""A bot on hikari, written as its guide would have it, without a command handler.

The only thing it is told about the mock is where the API is: `rest_url`, the library's own option.
The gateway's address it asks from there.
"""

import asyncio
import os
import sys
import threading

import hikari

from feast import feast

bot = hikari.GatewayBot(
    os.environ["DISCORD_TOKEN"],
    banner=None,
    intents=hikari.Intents.ALL_UNPRIVILEGED
    | hikari.Intents.MESSAGE_CONTENT
    | hikari.Intents.GUILD_MEMBERS,
    rest_url=os.environ["OVENJS_API_URL"] + "/v10",
)


@bot.listen()
async def register(event: hikari.StartedEvent):
    await bot.update_presence(activity=hikari.Activity(name="the oven"))
    text = hikari.CommandOption(
        type=hikari.OptionType.STRING,
        name="text",
        description="What to say",
        is_required=True,
        autocomplete=True,
    )
    application = await bot.rest.fetch_application()
    command = bot.rest.slash_command_builder
    await bot.rest.set_application_commands(
        application,
        [
            command("echo", "Says it back").add_option(text),
            command("later", "Answers in its own time"),
            command("order", "Asks for an order"),
        ],
    )


@bot.listen()
async def complete(event: hikari.AutocompleteInteractionCreateEvent):
    typed = event.interaction.options[0].value
    known = [choice for choice in ["warm bread", "cold bread"] if choice.startswith(typed)]
    choice = hikari.impl.AutocompleteChoiceBuilder
    await event.interaction.create_response([choice(name, name) for name in known])


@bot.listen()
async def answer(event: hikari.CommandInteractionCreateEvent):
    interaction = event.interaction
    if interaction.command_name == "echo":
        again = bot.rest.build_message_action_row()
        again.add_interactive_button(hikari.ButtonStyle.PRIMARY, "again", label="Again")
        text = interaction.options[0].value
        kind = hikari.ResponseType.MESSAGE_CREATE
        await interaction.create_initial_response(kind, text, component=again)
    elif interaction.command_name == "later":
        await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
        await interaction.edit_initial_response("done")
        await interaction.execute("and dusted")
    elif interaction.command_name == "order":
        bread = bot.rest.build_modal_action_row().add_text_input("bread", "Which bread?")
        await interaction.create_modal_response("Order", "order", component=bread)
        await bot.rest.trigger_typing(interaction.channel_id)


@bot.listen()
async def press(event: hikari.ComponentInteractionCreateEvent):
    content = f"{event.interaction.message.content} again"
    kind = hikari.ResponseType.MESSAGE_UPDATE
    await event.interaction.create_initial_response(kind, content, components=[])


@bot.listen()
async def submit(event: hikari.ModalInteractionCreateEvent):
    bread = event.interaction.components[0].components[0].value
    await event.interaction.create_initial_response(
        hikari.ResponseType.MESSAGE_CREATE, f"one {bread}", flags=hikari.MessageFlag.EPHEMERAL
    )


@bot.listen()
async def hear(event: hikari.GuildMessageCreateEvent):
    if event.content == "!bake":
        bread = await bot.rest.create_message(event.channel_id, "dough")
        await bread.edit("bread")
        await bread.add_reaction("🍞")
    elif event.content == "!menu":
        menu = hikari.Bytes("rye, 4 €\n".encode(), "menu.txt")
        today = hikari.Embed(title="Today", description="Rye")
        await bot.rest.create_message(event.channel_id, attachment=menu, embed=today)
    elif event.content == "!who":
        # The library hands the answer over as an event and leaves it to the bot to wait for it.
        with bot.stream(hikari.MemberChunkEvent, timeout=10).filter(("nonce", "who")) as found:
            await bot.request_guild_members(event.guild_id, query="an", limit=5, nonce="who")
            async for chunk in found:
                names = [member.username for member in chunk.members.values()]
                await event.message.respond(", ".join(names), reply=True)
                break
    elif event.content == "!count":
        # The library has asked for them by itself.
        members = bot.cache.get_members_view_for_guild(event.guild_id)
        await bot.rest.create_message(event.channel_id, str(len(members)))
    elif event.content and event.content.startswith("!work "):
        _, ben, mel = event.content.split()
        await work(event.guild_id, event.channel_id, int(ben), int(mel))
        await bot.rest.create_message(event.channel_id, "done")
    elif event.content and event.content.startswith("!feast "):
        users = [int(user) for user in event.content.split()[1:]]
        spoilt = await feast(bot, event.guild_id, event.channel_id, *users)
        await bot.rest.create_message(event.channel_id, " ".join(["done", *spoilt]))


async def work(guild: hikari.Snowflake, here: hikari.Snowflake, ben: int, mel: int):
    """A day in the bakery, one deed after the other."""
    rest = bot.rest
    await rest.fetch_channel(here)
    await rest.trigger_typing(here)

    baker = await rest.create_role(guild, name="baker", color=0xC68642, reason="hired")
    await rest.edit_role(guild, baker, name="head baker")
    await rest.add_role_to_member(guild, ben, baker)
    await rest.edit_member(guild, ben, nickname="Baker Ben")
    assert (await rest.fetch_member(guild, ben)).role_ids.count(baker.id) == 1
    assert baker.id in [role.id for role in await rest.fetch_roles(guild)]

    bakery = await rest.create_guild_text_channel(guild, "bakery", reason="more room")
    await rest.edit_channel(bakery, topic="warm")
    await rest.edit_permission_overwrite(
        bakery,
        baker.id,
        target_type=hikari.PermissionOverwriteType.ROLE,
        allow=hikari.Permissions.MANAGE_MESSAGES,
    )
    await rest.edit_permission_overwrite(
        bakery,
        mel,
        target_type=hikari.PermissionOverwriteType.MEMBER,
        deny=hikari.Permissions.SEND_MESSAGES,
    )
    await rest.delete_permission_overwrite(bakery, mel)
    oven = await rest.create_guild_text_channel(guild, "old-oven")
    await rest.delete_channel(oven, reason="cold")

    prices = await rest.create_message(bakery, "rye, 4 €")
    await rest.pin_message(bakery, prices)
    assert [pin.message.id for pin in await rest.fetch_pins(bakery)] == [prices.id]
    assert (await rest.fetch_message(bakery, prices)).is_pinned
    await prices.add_reaction("🍞")
    users = await rest.fetch_reactions_for_emoji(bakery, prices, "🍞")
    assert [user.id for user in users] == [bot.get_me().id]
    await rest.delete_my_reaction(bakery, prices, "🍞")

    crumbs = [await rest.create_message(bakery, "crumb") for _ in range(3)]
    await rest.delete_message(bakery, crumbs.pop())
    await rest.delete_messages(bakery, crumbs)

    sign = rest.build_message_action_row().add_link_button("https://example.com", label="Map")
    open_now = hikari.impl.ContainerComponentBuilder().add_text_display("# Open")
    open_now.add_component(sign)
    await rest.create_message(bakery, component=open_now)

    talk = await rest.create_message_thread(bakery, prices, "prices")
    await rest.add_thread_member(talk, ben)
    assert len(await rest.fetch_thread_members(talk)) == 2
    await rest.create_message(talk, "too high?")

    till = await rest.create_webhook(bakery, "Till", reason="sales")
    sold = await rest.execute_webhook(till, till.token, "sold")
    await rest.edit_webhook_message(till, till.token, sold, "sold out")
    assert len(await rest.fetch_channel_webhooks(bakery)) == 1

    await rest.ban_user(guild, mel, reason="burnt the bread")
    assert (await rest.fetch_ban(guild, mel)).reason == "burnt the bread"
    kind = hikari.AuditLogEventType.MEMBER_BAN_ADD
    async for log in rest.fetch_audit_log(guild, event_type=kind):
        assert [entry.reason for entry in log.entries.values()] == ["burnt the bread"]


async def main():
    # Whoever started the bot holds its standard input; when that ends, so does the bot.
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def wait_for_the_end():
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    await bot.start()
    await ended.wait()
    await bot.close()


asyncio.run(main())
