//! Members and users as types of the model, field by field.
//!
//! They are read by far the most often, and so are built directly, where all else is read through serde.
//! What is read is the same: the tests hold one against the other.

use ovenjs_types::{Id, Member, MemberFlags, User, UserFlags, marker::RoleMarker};
use serde::Deserialize;

use crate::packed::{
    Object, Value,
    shapes::{MEMBER, USER},
};

/// `read` is one of whom nothing is known: it is filled where it lies, since it is large.
pub(super) fn member(
    read: &mut Member,
    member: Object<'_>,
    roles: &[Id<RoleMarker>],
    guild: u64,
    user: Box<User>,
) {
    const NICK: u8 = MEMBER.at("nick");
    const AVATAR: u8 = MEMBER.at("avatar");
    const BANNER: u8 = MEMBER.at("banner");
    const JOINED: u8 = MEMBER.at("joined_at");
    const PREMIUM: u8 = MEMBER.at("premium_since");
    const DEAF: u8 = MEMBER.at("deaf");
    const MUTE: u8 = MEMBER.at("mute");
    const FLAGS: u8 = MEMBER.at("flags");
    const PENDING: u8 = MEMBER.at("pending");
    const DISABLED: u8 = MEMBER.at("communication_disabled_until");
    const DECORATION: u8 = MEMBER.at("avatar_decoration_data");
    const COLLECTIBLES: u8 = MEMBER.at("collectibles");

    read.user = Some(user);
    read.guild_id = Id::new_checked(guild);
    read.roles = roles.into();
    for (place, value, _) in member.fields() {
        match place {
            NICK => read.nick = value.text().map(Into::into),
            AVATAR => read.avatar = value.hash(),
            BANNER => read.banner = value.hash(),
            JOINED => read.joined_at = value.time(),
            PREMIUM => read.premium_since = value.time(),
            DEAF => read.deaf = true,
            MUTE => read.mute = true,
            FLAGS => read.flags = MemberFlags::from_bits(value.number().unwrap_or_default()),
            PENDING => read.pending = true,
            DISABLED => read.communication_disabled_until = value.time(),
            DECORATION => read.avatar_decoration_data = boxed(value),
            COLLECTIBLES => read.collectibles = boxed(value),
            _ => {}
        }
    }
}

pub(super) fn user(id: u64, user: &[u8]) -> Option<Box<User>> {
    const USERNAME: u8 = USER.at("username");
    const DISCRIMINATOR: u8 = USER.at("discriminator");
    const GLOBAL_NAME: u8 = USER.at("global_name");
    const AVATAR: u8 = USER.at("avatar");
    const BOT: u8 = USER.at("bot");
    const SYSTEM: u8 = USER.at("system");
    const FLAGS: u8 = USER.at("flags");
    const PUBLIC_FLAGS: u8 = USER.at("public_flags");
    const DECORATION: u8 = USER.at("avatar_decoration_data");
    const COLLECTIBLES: u8 = USER.at("collectibles");
    const PRIMARY_GUILD: u8 = USER.at("primary_guild");

    let mut read = Box::new(User::new(Id::new_checked(id)?, ""));
    for (place, value, _) in Object::new(&USER, user).fields() {
        match place {
            USERNAME => read.username = value.text().unwrap_or_default().into(),
            DISCRIMINATOR => read.discriminator = value.text().map(Into::into),
            GLOBAL_NAME => read.global_name = value.text().map(Into::into),
            AVATAR => read.avatar = value.hash(),
            BOT => read.bot = true,
            SYSTEM => read.system = true,
            FLAGS => read.flags = value.number().map(UserFlags::from_bits),
            PUBLIC_FLAGS => read.public_flags = value.number().map(UserFlags::from_bits),
            DECORATION => read.avatar_decoration_data = boxed(value),
            COLLECTIBLES => read.collectibles = boxed(value),
            PRIMARY_GUILD => read.primary_guild = boxed(value),
            _ => {}
        }
    }
    Some(read)
}

/// What few have goes through serde; what does not fit costs itself.
fn boxed<'a, T: Deserialize<'a>>(value: Value<'a>) -> Option<Box<T>> {
    if value.is_null() {
        return None;
    }
    T::deserialize(value).ok().map(Box::new)
}
