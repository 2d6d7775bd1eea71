use ovenjs_types::{ChannelType, Granted, Id, PermissionCalculator, PermissionPlace, Permissions};

const BAN: u64 = Permissions::BAN_MEMBERS.bits();
const KICK: u64 = Permissions::KICK_MEMBERS.bits();

fn ban(_: Granted<'_, BAN>) {}

fn main() {
    let ann = PermissionCalculator::new(Id::new(1), Id::new(2)).owner();
    let place = PermissionPlace::new(ChannelType::GuildText, &[]);
    let may_kick: Granted<'_, KICK> = ann.grant(&place).unwrap();
    ban(may_kick);
}
