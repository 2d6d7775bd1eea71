//! Where channels and roles are to stand in their lists.

use serde::Serialize;

use crate::{
    ChannelFlags, Id, Patch, Report, Validate,
    marker::{ChannelMarker, RoleMarker},
};

form! {
    part =>
    /// Where a channel is to stand in the list of its guild.
    ///
    /// Source: Discord, "Modify Guild Channel Positions".
    ///
    /// ```
    /// use ovenjs_types::{ChannelPosition, Id, Patch, json};
    /// let out_of_its_category = ChannelPosition::new(Id::new(3)).parent_id(Patch::Clear);
    /// assert_eq!(json::encode(&out_of_its_category), br#"{"id":"3","parent_id":null}"#);
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct ChannelPosition
    must {
        /// The channel.
        id: Id<ChannelMarker>,
    }
    may {
        /// Its place, counted from 0; those of the same place are sorted by id.
        position: Option<u32>,
        /// Whether it takes over the overwrites of the category it comes into.
        lock_permissions: Option<bool>,
        /// The category it comes into; cleared, it leaves its category.
        parent_id: Patch<Id<ChannelMarker>>,
        /// Its flags.
        flags: Option<ChannelFlags>,
    }
}

impl Validate for Vec<ChannelPosition> {
    /// All channels that are moved at once; Discord documents no limit.
    fn check(&self, report: &mut Report) {
        report.each("", self, |report, position| position.check(report));
    }
}

form! {
    part =>
    /// Where a role is to stand in the hierarchy.
    ///
    /// Source: Discord, "Modify Guild Role Positions".
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct RolePosition
    must {
        /// The role.
        id: Id<RoleMarker>,
    }
    may {
        /// Its place, counted from 1 above `@everyone`.
        position: Option<u32>,
    }
}

impl Validate for Vec<RolePosition> {
    /// All roles that are moved at once; Discord documents no limit.
    fn check(&self, report: &mut Report) {
        report.each("", self, |report, position| position.check(report));
    }
}
