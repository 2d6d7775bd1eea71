//! Guilds and what is in them.

use ovenjs_rest::Client;
use ovenjs_types::Id;

use super::line::{Ids, Line, line, sends};

pub(super) fn lines(client: &Client, ids: &Ids) -> Vec<Line> {
    let Ids {
        guild, user, role, ..
    } = *ids;
    vec![
        line(client.guild(guild).with_counts(true)),
        line(client.member(guild, user)),
        line(client.add_member_role(guild, user, role)),
        line(client.remove_member_role(guild, user, role)),
        sends(
            client
                .ban_user(guild, Id::new(77))
                .delete_message_seconds(60),
        ),
        line(client.unban_user(guild, Id::new(77))),
        line(client.remove_member(guild, Id::new(78))),
    ]
}
