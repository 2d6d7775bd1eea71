//! How a guild receives new members: onboarding, welcome, and requests to be let in.

use ovenjs_types::{
    GuildHomeSettings, GuildJoinRequest, GuildJoinRequests, GuildOnboarding, Id, JoinRequestStatus,
    OnboardingMode, OnboardingPrompt, OnboardingPromptOption, OnboardingPromptType, Patch, Text,
    WelcomeScreen, WelcomeScreenChannel,
    form::{amount, each, length},
    marker::{
        ChannelMarker, EmojiMarker, GenericMarker, GuildMarker, OnboardingPromptMarker,
        OnboardingPromptOptionMarker, RoleMarker,
    },
};
use serde::Serialize;

use crate::endpoint::{body, endpoint, json_answers, query_values, setters_of};

endpoint! {
    /// The questions which new members are asked.
    Get "/guilds/{guild_id}/onboarding" as GetOnboarding -> GuildOnboarding {
        fn onboarding(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Changes the questions; what is not set stays as it is. Needs `MANAGE_ROLES` as well, and
    /// while it is on at least 7 channels that everyone sees, of which 5 can be written in.
    Put "/guilds/{guild_id}/onboarding" as EditOnboarding -> GuildOnboarding {
        fn edit_onboarding(guild_id: Id<GuildMarker>)
        major guild_id;
        body: OnboardingDraft;
        needs MANAGE_GUILD;
        takes reason;
    }
}

body! {
    /// What new members are to be asked.
    ///
    /// Source: Discord, "Modify Guild Onboarding".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct OnboardingDraft
    may {
        /// All questions, at most 15; those that are left out go.
        prompts: Option<Vec<OnboardingPromptDraft>> = each(0..=15, "prompts"),
        /// All channels that everyone sees; at most 500.
        default_channel_ids: Option<Vec<Id<ChannelMarker>>> = amount(0..=500, "channels"),
        /// Whether new members are asked.
        enabled: Option<bool>,
        /// What counts towards the channels that there must be.
        mode: Option<OnboardingMode>,
    }
}

body! {
    /// A question to new members.
    ///
    /// One that is there already is made of itself: what Discord answers with turns into a draft.
    ///
    /// ```
    /// use ovenjs_rest::{OnboardingOptionDraft, OnboardingPromptDraft};
    /// use ovenjs_types::{Id, Validate};
    ///
    /// let rye = OnboardingOptionDraft::new("Rye").role_ids([Id::new(7)]);
    /// let bread = OnboardingPromptDraft::new(Id::new(1), "Which bread?", [rye]);
    /// assert!(bread.clone().validate().is_ok());
    /// let told = bread.options([]).validate().unwrap_err();
    /// assert_eq!(told.violations()[0].path, "options");
    /// ```
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct OnboardingPromptDraft
    must {
        /// Its id; for a new question a number of your own, which Discord replaces.
        id: Id<OnboardingPromptMarker>,
        /// The question itself; 1 to 100 characters.
        title: Text = length(1..=100),
        /// The answers; 1 to 50.
        options: Vec<OnboardingOptionDraft> = each(1..=50, "options"),
    }
    may {
        /// How it is asked.
        #[serde(rename = "type")]
        kind: Option<OnboardingPromptType>,
        /// Whether only one answer may be chosen.
        single_select: Option<bool>,
        /// Whether it must be answered.
        required: Option<bool>,
        /// Whether new members are asked; else it stands under "channels and roles" only.
        in_onboarding: Option<bool>,
    }
}

impl From<OnboardingPrompt> for OnboardingPromptDraft {
    fn from(prompt: OnboardingPrompt) -> Self {
        Self {
            id: prompt.id,
            kind: prompt.kind,
            title: prompt.title,
            options: prompt.options.into_iter().map(Into::into).collect(),
            single_select: Some(prompt.single_select),
            required: Some(prompt.required),
            in_onboarding: Some(prompt.in_onboarding),
        }
    }
}

body! {
    /// An answer to choose, with what it brings: a role, a channel or both.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct OnboardingOptionDraft
    must {
        /// The answer itself; 1 to 50 characters.
        title: Text = length(1..=50),
    }
    may {
        /// Its id, where it is there already.
        id: Option<Id<OnboardingPromptOptionMarker>>,
        /// What stands below it; at most 100 characters.
        description: Option<Text> = length(0..=100),
        /// The channels it opens; at most 50.
        channel_ids: Option<Vec<Id<ChannelMarker>>> = amount(0..=50, "channels"),
        /// The roles it gives; at most 50.
        role_ids: Option<Vec<Id<RoleMarker>>> = amount(0..=50, "roles"),
        /// Its custom emoji.
        emoji_id: Option<Id<EmojiMarker>>,
        /// Its Unicode emoji, or the name of the custom one; at most 100 characters.
        emoji_name: Option<Text> = length(0..=100),
        /// Whether its custom emoji moves.
        emoji_animated: Option<bool>,
    }
}

impl From<OnboardingPromptOption> for OnboardingOptionDraft {
    /// What comes with an emoji in one piece goes back in its parts.
    fn from(option: OnboardingPromptOption) -> Self {
        let emoji = option.emoji.unwrap_or_default();
        let is_animated = emoji.id.map(|_| emoji.animated);
        Self {
            id: Some(option.id),
            title: option.title,
            description: option.description,
            channel_ids: Some(option.channel_ids),
            role_ids: Some(option.role_ids),
            emoji_id: option.emoji_id.or(emoji.id),
            emoji_name: option.emoji_name.or(emoji.name),
            emoji_animated: option.emoji_animated.or(is_animated),
        }
    }
}

endpoint! {
    /// What new members see before they look around.
    Get "/guilds/{guild_id}/welcome-screen" as GetWelcomeScreen -> WelcomeScreen {
        fn welcome_screen(guild_id: Id<GuildMarker>)
        major guild_id;
        needs MANAGE_GUILD;
    }
}

endpoint! {
    /// Changes what new members see; what is not set stays as it is.
    Patch "/guilds/{guild_id}/welcome-screen" as EditWelcomeScreen -> WelcomeScreen {
        fn edit_welcome_screen(guild_id: Id<GuildMarker>)
        major guild_id;
        body: WelcomeScreenEdit;
        needs MANAGE_GUILD;
        takes reason;
    }
}

body! {
    /// A change of what new members see: what is not set stays as it is.
    ///
    /// Source: Discord, "Modify Guild Welcome Screen".
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct WelcomeScreenEdit
    may {
        /// Whether they see it.
        enabled: Patch<bool>,
        /// The guild's description; at most 140 characters.
        description: Patch<Text> = length(0..=140),
        /// All channels to begin with; at most 5.
        welcome_channels: Patch<Vec<WelcomeScreenChannel>> = each(0..=5, "channels"),
    }
}

endpoint! {
    /// The guide which new members find after they have joined; nothing where there is none.
    Get "/guilds/{guild_id}/new-member-welcome" as GetNewMemberWelcome -> Option<GuildHomeSettings> {
        fn new_member_welcome(guild_id: Id<GuildMarker>)
        major guild_id;
    }
}

endpoint! {
    /// Requests to be let in, oldest first.
    Get "/guilds/{guild_id}/requests" as ListJoinRequests -> GuildJoinRequests {
        fn join_requests(guild_id: Id<GuildMarker>)
        major guild_id;
        query {
            /// Those that are this far.
            status: JoinRequestStatus,
            /// Those before this request.
            before: Id<GenericMarker>,
            /// Those after this request.
            after: Id<GenericMarker>,
            /// At most so many: 1 to 100.
            limit: u16 = 1..=100,
        }
        needs KICK_MEMBERS;
    }
}

endpoint! {
    /// Lets somebody in who asked for it, or does not.
    Patch "/guilds/{guild_id}/requests/{request_id}" as ActOnJoinRequest -> GuildJoinRequest {
        fn act_on_join_request(guild_id: Id<GuildMarker>, request_id: Id<GenericMarker>)
        major guild_id;
        body: JoinRequestAction;
        needs KICK_MEMBERS;
    }
}

body! {
    /// What becomes of a request to be let in.
    #[derive(Clone, Debug, Default, PartialEq, Serialize)]
    pub struct JoinRequestAction
    may {
        /// [`Approved`](JoinRequestStatus::Approved) or [`Rejected`](JoinRequestStatus::Rejected).
        action: Option<JoinRequestStatus>,
        /// Why it is refused; at most 160 characters.
        rejection_reason: Patch<Text> = length(0..=160),
    }
}

query_values!(JoinRequestStatus);
json_answers!(
    GuildHomeSettings,
    GuildJoinRequest,
    GuildJoinRequests,
    GuildOnboarding,
    WelcomeScreen
);
