//! The sizes of what a bot holds many of.

use ovenjs_types::{
    Channel, Event, Granted, Guild, Id, Interaction, Member, Message, Permissions, User,
    marker::{ChannelMarker, UserMarker},
};

#[test]
fn hot_types_stay_small() {
    let sizes = [
        // The goal of the model: a third of what others' message takes.
        ("Message", size_of::<Message>(), 1000),
        ("Member", size_of::<Member>(), 500),
        ("User", size_of::<User>(), 400),
        ("Guild", size_of::<Guild>(), 2000),
        ("Channel", size_of::<Channel>(), 1000),
        ("Interaction", size_of::<Interaction>(), 1000),
        // Each payload is boxed.
        ("Event", size_of::<Event>(), 64),
    ];
    for (name, size, bound) in sizes {
        println!("spec: size of {name}, bytes | {size} | {bound}");
    }
    for (name, size, bound) in sizes {
        assert!(size <= bound, "{name} has {size} bytes of at most {bound}");
    }
}

#[test]
fn proofs_in_types_cost_nothing() {
    assert_eq!(size_of::<Id<UserMarker>>(), 8);
    assert_eq!(size_of::<Id<ChannelMarker>>(), 8);
    assert_eq!(size_of::<Option<Id<UserMarker>>>(), 8);
    const BAN: u64 = Permissions::BAN_MEMBERS.bits();
    assert_eq!(size_of::<Granted<'_, BAN>>(), 0);
}
