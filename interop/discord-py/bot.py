"""A bot on discord.py, written as its guide would have it.

The library has no option for where Discord is, so two class attributes are set before login: the
root of the API, and the address of the gateway.
"""

import asyncio
import io
import os
import sys
import threading

if os.environ["INTEROP_TRANSPORT"] == "zlib":
    # discord.py takes zstd when it can import a decoder and zlib otherwise. A module that is None
    # cannot be imported.
    sys.modules["zstandard"] = None
    sys.modules["compression.zstd"] = None

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from feast import feast

Route.BASE = os.environ["OVENJS_API_URL"] + "/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["OVENJS_GATEWAY_URL"])


class Again(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Again", style=discord.ButtonStyle.primary, custom_id="again")
    async def again(self, interaction: discord.Interaction, button: discord.ui.Button):
        content = f"{interaction.message.content} again"
        await interaction.response.edit_message(content=content, view=None)


class Order(discord.ui.Modal, title="Order"):
    bread = discord.ui.TextInput(label="Which bread?")

    async def on_submit(self, interaction: discord.Interaction):
        await interaction.response.send_message(f"one {self.bread}", ephemeral=True)


class Bot(discord.Client):
    def __init__(self):
        intents = discord.Intents.default()
        intents.message_content = True
        intents.members = True
        super().__init__(intents=intents)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        self.add_view(Again())
        await self.tree.sync()

    async def on_ready(self):
        await self.change_presence(activity=discord.Game("the oven"))

    async def on_message(self, message: discord.Message):
        if message.content == "!bake":
            bread = await message.channel.send("dough")
            await bread.edit(content="bread")
            await bread.add_reaction("🍞")
        elif message.content == "!menu":
            menu = discord.File(io.BytesIO("rye, 4 €\n".encode()), "menu.txt")
            today = discord.Embed(title="Today", description="Rye")
            await message.channel.send(file=menu, embed=today)
        elif message.content == "!who":
            found = await message.guild.query_members("an", limit=5)
            await message.reply(", ".join(member.name for member in found))
        elif message.content == "!count":
            # The library has asked for them by itself.
            await message.channel.send(str(len(message.guild.members)))
        elif message.content.startswith("!work "):
            _, ben, mel = message.content.split()
            await work(message.channel, int(ben), int(mel))
            await message.channel.send("done")
        elif message.content.startswith("!feast "):
            users = [int(user) for user in message.content.split()[1:]]
            spoilt = await feast(bot, message.channel, *users)
            await message.channel.send(" ".join(["done", *spoilt]))


bot = Bot()


@bot.tree.command(description="Says it back")
@app_commands.describe(text="What to say")
async def echo(interaction: discord.Interaction, text: str):
    await interaction.response.send_message(text, view=Again())


@echo.autocomplete("text")
async def known(interaction: discord.Interaction, typed: str):
    choices = [choice for choice in ["warm bread", "cold bread"] if choice.startswith(typed)]
    return [app_commands.Choice(name=choice, value=choice) for choice in choices]


@bot.tree.command(description="Answers in its own time")
async def later(interaction: discord.Interaction):
    await interaction.response.defer()
    await interaction.edit_original_response(content="done")
    await interaction.followup.send("and dusted")


@bot.tree.command(description="Asks for an order")
async def order(interaction: discord.Interaction):
    await interaction.response.send_modal(Order())
    await interaction.channel.typing()


async def work(here: discord.TextChannel, ben: int, mel: int):
    """A day in the bakery, one deed after the other."""
    guild = here.guild
    here = await bot.fetch_channel(here.id)
    await here.typing()

    # The library knows a role once the gateway has told of it.
    hired = asyncio.ensure_future(bot.wait_for("guild_role_create", timeout=10))
    baker = await guild.create_role(name="baker", colour=0xC68642, reason="hired")
    await hired
    await baker.edit(name="head baker")
    ben = await guild.fetch_member(ben)
    await ben.add_roles(baker)
    await ben.edit(nick="Baker Ben")
    assert (await guild.fetch_member(ben.id)).get_role(baker.id) == baker
    assert baker in await guild.fetch_roles()

    bakery = await guild.create_text_channel("bakery", reason="more room")
    await bakery.edit(topic="warm")
    await bakery.set_permissions(baker, manage_messages=True)
    mel = await guild.fetch_member(mel)
    await bakery.set_permissions(mel, send_messages=False)
    await bakery.set_permissions(mel, overwrite=None)
    oven = await guild.create_text_channel("old-oven")
    await oven.delete(reason="cold")

    prices = await bakery.send("rye, 4 €")
    await prices.pin()
    assert [pin.id async for pin in bakery.pins()] == [prices.id]
    assert (await bakery.fetch_message(prices.id)).pinned
    await prices.add_reaction("🍞")
    reaction = (await bakery.fetch_message(prices.id)).reactions[0]
    assert [user.id async for user in reaction.users()] == [bot.user.id]
    await prices.remove_reaction("🍞", bot.user)

    crumbs = [await bakery.send("crumb") for _ in range(3)]
    await crumbs.pop().delete()
    await bakery.delete_messages(crumbs)

    sign = discord.ui.Button(label="Map", url="https://example.com")
    open_now = discord.ui.LayoutView()
    open_now.add_item(
        discord.ui.Container(discord.ui.TextDisplay("# Open"), discord.ui.ActionRow(sign))
    )
    await bakery.send(view=open_now)

    talk = await prices.create_thread(name="prices")
    await talk.add_user(ben)
    assert len(await talk.fetch_members()) == 2
    await talk.send("too high?")

    till = await bakery.create_webhook(name="Till", reason="sales")
    sold = await till.send("sold", wait=True)
    await sold.edit(content="sold out")
    assert len(await bakery.webhooks()) == 1

    await guild.ban(mel, reason="burnt the bread")
    assert (await guild.fetch_ban(mel)).reason == "burnt the bread"
    log = guild.audit_logs(action=discord.AuditLogAction.ban)
    assert [entry.reason async for entry in log] == ["burnt the bread"]


async def main():
    # Whoever started the bot holds its standard input; when that ends, so does the bot.
    loop = asyncio.get_running_loop()

    def wait_for_the_end():
        sys.stdin.read()
        asyncio.run_coroutine_threadsafe(bot.close(), loop)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    discord.utils.setup_logging()
    async with bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


asyncio.run(main())
