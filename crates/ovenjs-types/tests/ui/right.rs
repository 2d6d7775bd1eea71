use ovenjs_types::{
    ChannelType, Granted, Id, PermissionCalculator, PermissionPlace, Permissions,
    marker::{GuildMarker, UserMarker},
};

const BAN: u64 = Permissions::BAN_MEMBERS.bits();

fn ban(_: Id<GuildMarker>, _: Id<UserMarker>, _: Granted<'_, BAN>) {}

fn main() {
    let ann = PermissionCalculator::new(Id::new(1), Id::new(2)).owner();
    let place = PermissionPlace::new(ChannelType::GuildText, &[]);
    ban(Id::new(1), Id::new(2), ann.grant(&place).unwrap());
}
