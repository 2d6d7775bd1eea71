//! What must not compile, and what the compiler says then.

mod mistakes;

use ovenjs_types::{
    ChannelType, Granted, Id, PermissionCalculator, PermissionPlace, Permissions,
    marker::{GuildMarker, UserMarker},
};

const BAN: u64 = Permissions::BAN_MEMBERS.bits();

fn ban(_: Id<GuildMarker>, _: Id<UserMarker>, _: Granted<'_, BAN>) {}

/// The mistakes are small departures from this.
#[test]
fn the_right_ids_and_permissions_compile() {
    let ann = PermissionCalculator::new(Id::new(1), Id::new(2)).owner();
    let place = PermissionPlace::new(ChannelType::GuildText, &[]);
    ban(Id::new(1), Id::new(2), ann.grant(&place).unwrap());
}

#[test]
fn mixed_up_ids_and_permissions_do_not_compile() {
    mistakes::are_told("ovenjs_types");
}
