"""A bot on hikari, written as its guide would have it, without a command handler.

The only thing it is told about the mock is where the API is: `rest_url`, the library's own option.
The gateway's address it asks from there.
"""

import asyncio
import os
import sys
import threading

import hikari

bot = hikari.GatewayBot(
    os.environ["DISCORD_TOKEN"],
    banner=None,
    intents=hikari.Intents.ALL_UNPRIVILEGED | hikari.Intents.MESSAGE_CONTENT,
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
