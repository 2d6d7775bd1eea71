use ovenjs_types::{Id, Message, marker::MessageMarker};

fn pin(_: Id<MessageMarker>) {}

fn pin_its_channel(message: &Message) {
    pin(message.channel_id);
}

fn main() {}
