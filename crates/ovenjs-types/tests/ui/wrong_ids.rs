use ovenjs_types::{
    Id,
    marker::{GuildMarker, UserMarker},
};

fn ban(_: Id<GuildMarker>, _: Id<UserMarker>) {}

fn main() {
    let (guild, user) = (Id::<GuildMarker>::new(1), Id::<UserMarker>::new(2));
    ban(user, guild);
}
