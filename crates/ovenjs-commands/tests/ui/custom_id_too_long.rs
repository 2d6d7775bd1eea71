use ovenjs_commands::{CustomId, Modal, Text};

#[derive(CustomId)]
struct Long {
    one: Text<0, 60>,
    two: Text<0, 60>,
}

#[derive(CustomId)]
struct Boundless {
    text: String,
}

#[derive(Modal)]
struct Untitled {
    text: String,
}

fn main() {}
