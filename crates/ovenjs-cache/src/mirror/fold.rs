//! One arm for each event that changes something. It is long because there are so many events.

use std::{
    cell::RefCell,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use ovenjs_types::{Dispatch, EventKind, Guild, Id, Origin, ShardId, User, json::Scratch};

use super::{
    Mirror,
    block::{Block, Shared, put},
    messages::MessagePlace,
    version_of,
};
use crate::{
    Change, Delta,
    packed::{Object, Packed, Shaped, shapes::*},
};

impl Mirror {
    /// Reads what is kept from the bytes of an event and changes what it is about.
    pub(super) fn fold(&self, event: &Dispatch, scratch: &mut Scratch, tells: bool) -> Change {
        if !self.0.folded.wants(event.kind) {
            return Change::Nothing;
        }
        let folded = self.fold_event(event, scratch, tells, None);
        self.keep_within_budget();
        folded.unwrap_or(Change::Nothing)
    }

    /// The same without a look at the budget; `into` a block that is in no stripe.
    pub(super) fn fold_event(
        &self,
        event: &Dispatch,
        scratch: &mut Scratch,
        tells: bool,
        into: Option<&RefCell<Block>>,
    ) -> Option<Change> {
        use EventKind as Kind;
        let fold = Fold {
            mirror: self,
            event,
            tells,
            into,
        };
        match event.kind {
            Kind::Ready => fold.read::<ReadyEvent>(scratch, |fold, ready| {
                fold.forget_left_guilds(ready);
                ready.object("user").and_then(|user| fold.set_bot(user))
            }),
            Kind::UserUpdate => fold.read::<UserEvent>(scratch, Fold::set_bot),
            Kind::GuildCreate => fold.read::<GuildEvent>(scratch, Fold::create_guild),
            Kind::GuildUpdate => fold.read::<GuildEvent>(scratch, |fold, guild| {
                fold.change_guild(guild.id("id")?, |block| {
                    block.update(guild);
                    block.update_roles(guild);
                    block.forget_unseen(&fold.mirror.0.shared);
                })
            }),
            Kind::GuildDelete => fold.read::<GuildEvent>(scratch, Fold::delete_guild),
            Kind::GuildRoleCreate | Kind::GuildRoleUpdate => {
                fold.read::<RoleEvent>(scratch, |fold, event| {
                    let role = event.object("role")?;
                    let id = role.id("id")?;
                    fold.change(
                        event.id("guild_id")?,
                        Change::Role,
                        |block, _| block.role(id),
                        |block, shared| {
                            block.put_role(role);
                            block.forget_unseen(shared);
                        },
                    )
                })
            }
            Kind::GuildRoleDelete => fold.read::<PointerEvent>(scratch, |fold, event| {
                let id = event.id("role_id")?;
                fold.change(
                    event.id("guild_id")?,
                    Change::Role,
                    |block, _| block.role(id),
                    |block, shared| {
                        block.remove_role(id);
                        block.forget_unseen(shared);
                    },
                )
            }),
            Kind::ChannelCreate | Kind::ChannelUpdate | Kind::ThreadCreate | Kind::ThreadUpdate => {
                fold.read::<ChannelEvent>(scratch, |fold, channel| {
                    let id = channel.id("id")?;
                    fold.change(
                        fold.place(channel),
                        Change::Channel,
                        |block, _| block.channel(id),
                        |block, shared| {
                            block.put_channel(shared, channel);
                            match event.kind {
                                Kind::ThreadCreate => block.note_post(channel),
                                Kind::ChannelUpdate => block.forget_unseen(shared),
                                _ => {}
                            }
                        },
                    )
                })
            }
            Kind::ChannelDelete | Kind::ThreadDelete => {
                fold.read::<PointerEvent>(scratch, |fold, event| {
                    let id = event.id("id")?;
                    fold.change(
                        fold.place(event),
                        Change::Channel,
                        |block, _| block.channel(id),
                        |block, shared| block.remove_channel(shared, id),
                    )
                })
            }
            Kind::ChannelPinsUpdate => fold.read::<PointerEvent>(scratch, |fold, event| {
                let id = event.id("channel_id")?;
                fold.change(
                    fold.place(event),
                    Change::Channel,
                    |block, _| block.channel(id),
                    |block, _| block.pins(event),
                )
            }),
            Kind::ThreadListSync => fold.read::<ThreadsEvent>(scratch, |fold, event| {
                fold.change_untold(event.id("guild_id")?, |block, shared| {
                    block.sync_threads(shared, event);
                })
            }),
            Kind::ThreadMemberUpdate => fold.read::<ThreadMemberEvent>(scratch, |fold, member| {
                let thread = member.id("id")?;
                fold.change(
                    member.id("guild_id")?,
                    Change::Channel,
                    |block, _| block.channel(thread),
                    |block, _| block.join_thread(member),
                )
            }),
            Kind::ThreadMembersUpdate => fold.read::<PointerEvent>(scratch, |fold, event| {
                let thread = event.id("id")?;
                let bot = fold.mirror.0.shared.bot_id();
                fold.change(
                    event.id("guild_id")?,
                    Change::Channel,
                    |block, _| block.channel(thread),
                    |block, _| block.thread_members(event, bot),
                )
            }),
            Kind::GuildMemberAdd | Kind::GuildMemberUpdate => {
                fold.read::<MemberEvent>(scratch, |fold, member| {
                    const USER: u8 = MEMBER.at("user");
                    const GUILD: u8 = MEMBER.at("guild_id");
                    let user = member.pointed_at(USER)?.id;
                    let comes = event.kind == Kind::GuildMemberAdd;
                    fold.change(
                        member.id_at(GUILD)?,
                        Change::Member,
                        |block, shared| block.member(shared, user),
                        |block, shared| {
                            if comes {
                                let come = |block: &mut Block| block.put_member(shared, member);
                                block.count_members(shared, 1, come);
                            } else {
                                block.put_member(shared, member);
                                let has_sight = block.threads.len() + block.messages.len() > 0;
                                if has_sight && shared.bot_id() == Some(user) {
                                    block.forget_unseen(shared);
                                }
                            }
                        },
                    )
                })
            }
            Kind::GuildMemberRemove => fold.read::<PointerEvent>(scratch, |fold, event| {
                let user = event.object("user")?.id("id")?;
                fold.change(
                    event.id("guild_id")?,
                    Change::Member,
                    |block, shared| block.member(shared, user),
                    |block, shared| {
                        let go = |block: &mut Block| block.remove_member(shared, user);
                        block.count_members(shared, -1, go);
                    },
                )
            }),
            Kind::GuildMembersChunk => fold.read::<ChunkEvent>(scratch, |fold, chunk| {
                fold.change_untold(chunk.id("guild_id")?, |block, shared| {
                    for member in chunk.objects("members") {
                        block.put_member(shared, member);
                    }
                    for presence in chunk.objects("presences") {
                        block.put_presence(shared, presence);
                    }
                })
            }),
            Kind::PresenceUpdate => fold.read::<PresenceEvent>(scratch, |fold, presence| {
                const USER: u8 = PRESENCE.at("user");
                const GUILD: u8 = PRESENCE.at("guild_id");
                let user = presence.pointed_at(USER)?.id;
                fold.change(
                    presence.id_at(GUILD)?,
                    Change::Presence,
                    |block, shared| block.presence(shared, user),
                    |block, shared| block.put_presence(shared, presence),
                )
            }),
            Kind::VoiceStateUpdate => fold.read::<VoiceStateEvent>(scratch, |fold, state| {
                let user = state.id("user_id")?;
                fold.change(
                    state.id("guild_id")?,
                    Change::VoiceState,
                    |block, _| block.voice_state(user),
                    |block, shared| {
                        block.put_voice_state(shared, state);
                        block.see_member(shared, state, !state.has("channel_id"));
                    },
                )
            }),
            Kind::GuildEmojisUpdate => fold.read::<ListsEvent>(scratch, |fold, lists| {
                fold.change(
                    lists.id("guild_id")?,
                    Change::Emojis,
                    |block, _| Some(block.emojis()),
                    |block, shared| block.replace_expressions(shared, lists, "emojis"),
                )
            }),
            Kind::GuildStickersUpdate => fold.read::<ListsEvent>(scratch, |fold, lists| {
                fold.change(
                    lists.id("guild_id")?,
                    Change::Stickers,
                    |block, _| Some(block.stickers()),
                    |block, shared| block.replace_expressions(shared, lists, "stickers"),
                )
            }),
            Kind::SoundboardSounds => fold.read::<ListsEvent>(scratch, |fold, lists| {
                fold.change(
                    lists.id("guild_id")?,
                    Change::Sounds,
                    |block, _| Some(block.sounds()),
                    |block, shared| block.replace_expressions(shared, lists, "soundboard_sounds"),
                )
            }),
            Kind::GuildSoundboardSoundsUpdate => fold.read::<ListsEvent>(scratch, |fold, lists| {
                fold.change(
                    lists.id("guild_id")?,
                    Change::Sounds,
                    |block, _| Some(block.sounds()),
                    |block, shared| {
                        for sound in lists.objects("soundboard_sounds") {
                            block.put_sound(shared, sound);
                        }
                    },
                )
            }),
            Kind::GuildSoundboardSoundCreate | Kind::GuildSoundboardSoundUpdate => fold
                .read::<SoundEvent>(scratch, |fold, sound| {
                    fold.change(
                        sound.id("guild_id")?,
                        Change::Sounds,
                        |block, _| Some(block.sounds()),
                        |block, shared| block.put_sound(shared, sound),
                    )
                }),
            Kind::GuildSoundboardSoundDelete => {
                fold.read::<PointerEvent>(scratch, |fold, event| {
                    let id = event.id("sound_id")?;
                    fold.change(
                        event.id("guild_id")?,
                        Change::Sounds,
                        |block, _| Some(block.sounds()),
                        |block, _| {
                            block.sounds.remove(id);
                        },
                    )
                })
            }
            Kind::StageInstanceCreate | Kind::StageInstanceUpdate | Kind::StageInstanceDelete => {
                fold.read::<StageEvent>(scratch, |fold, stage| {
                    let id = stage.id("id")?;
                    fold.change(
                        stage.id("guild_id")?,
                        Change::Stage,
                        |block, _| block.stage(id),
                        |block, _| {
                            if event.kind == Kind::StageInstanceDelete {
                                block.stages.remove(id);
                            } else {
                                put(&mut block.stages, stage, "id");
                            }
                        },
                    )
                })
            }
            Kind::GuildScheduledEventCreate
            | Kind::GuildScheduledEventUpdate
            | Kind::GuildScheduledEventDelete => {
                fold.read::<ScheduledEventEvent>(scratch, |fold, scheduled| {
                    let id = scheduled.id("id")?;
                    fold.change(
                        scheduled.id("guild_id")?,
                        Change::ScheduledEvent,
                        |block, _| block.scheduled_event(id),
                        |block, shared| {
                            if event.kind == Kind::GuildScheduledEventDelete {
                                block.scheduled_events.remove(id);
                            } else {
                                block.put_scheduled_event(shared, scheduled);
                            }
                        },
                    )
                })
            }
            Kind::MessageCreate => fold.read::<MessageEvent>(scratch, |fold, message| {
                const AUTHOR: u8 = MESSAGE.at("author");
                if message.at(AUTHOR).is_none() {
                    return fold.unread();
                }
                fold.change_message(message, |block, shared, place| {
                    block.add_message(shared, place, message);
                })
            }),
            Kind::MessageUpdate => fold.update_message(scratch),
            Kind::MessageDelete => fold.read::<PointerEvent>(scratch, |fold, event| {
                let (channel, id) = (event.id("channel_id")?, event.id("id")?);
                let place = MessagePlace { channel, id };
                fold.change(
                    fold.place(event),
                    Change::Message,
                    |block, shared| block.message(shared, place),
                    |block, shared| block.remove_message(shared, place),
                )
            }),
            Kind::MessageDeleteBulk => fold.read::<PointerEvent>(scratch, |fold, event| {
                let channel = event.id("channel_id")?;
                let ids = event.list("ids").filter_map(|id| id.id());
                let places: Vec<MessagePlace> =
                    ids.map(|id| MessagePlace { channel, id }).collect();
                fold.change(
                    fold.place(event),
                    Change::Messages,
                    |block, shared| {
                        let places = places.iter();
                        let known = places.filter_map(|place| block.message(shared, *place));
                        Some(known.collect())
                    },
                    |block, shared| {
                        for place in &places {
                            block.remove_message(shared, *place);
                        }
                    },
                )
            }),
            Kind::TypingStart | Kind::InteractionCreate => {
                fold.read::<GlimpseEvent>(scratch, |fold, event| {
                    fold.change_untold(event.id("guild_id")?, |block, shared| {
                        block.see_member(shared, event, false);
                    })
                })
            }
            Kind::InviteCreate | Kind::InviteDelete => {
                fold.read::<InviteEvent>(scratch, |fold, invite| {
                    let code = invite.text("code")?;
                    fold.change(
                        invite.id("guild_id")?,
                        Change::Invite,
                        |block, _| block.invite(code),
                        |block, shared| match event.kind {
                            Kind::InviteDelete => block.invites.remove(code),
                            _ => block.put_invite(shared, invite),
                        },
                    )
                })
            }
            Kind::MessageReactionAdd
            | Kind::MessageReactionRemove
            | Kind::MessageReactionRemoveAll
            | Kind::MessageReactionRemoveEmoji
            | Kind::MessagePollVoteAdd
            | Kind::MessagePollVoteRemove => fold.read::<FeedbackEvent>(scratch, Fold::feed_back),
            _ => None,
        }
    }
}

/// An event that is folded in.
#[derive(Clone, Copy)]
struct Fold<'a> {
    mirror: &'a Mirror,
    event: &'a Dispatch,
    tells: bool,
    into: Option<&'a RefCell<Block>>,
}

impl Fold<'_> {
    fn read<S: Shaped>(
        self,
        scratch: &mut Scratch,
        then: impl FnOnce(Self, Object<'_>) -> Option<Change>,
    ) -> Option<Change> {
        let unwanted = &self.mirror.0.shared.unwanted;
        if let Ok(packed) = Packed::<S>::read(&self.event.raw, unwanted, scratch) {
            then(self, packed.object())
        } else {
            self.unread()
        }
    }

    fn unread(self) -> Option<Change> {
        self.mirror.0.unread.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// The guild of something that may be private.
    fn place(self, event: Object<'_>) -> u64 {
        event.id("guild_id").unwrap_or_default()
    }

    /// Changes a block that is known. Private channels always are.
    fn change_untold(self, guild: u64, change: impl FnOnce(&mut Block, &Shared)) -> Option<Change> {
        if let Some(block) = self.into {
            let mut block = block.borrow_mut();
            change(&mut block, &self.mirror.0.shared);
            block.version = version_of(self.event);
        } else {
            self.mirror.change_by(guild, self.event, change)?;
        }
        Some(Change::Nothing)
    }

    /// Changes a block that is known, and tells of what `read` finds before and after.
    fn change<T>(
        self,
        guild: u64,
        told: fn(Delta<T>) -> Change,
        read: impl Fn(&Block, &Shared) -> Option<T>,
        change: impl FnOnce(&mut Block, &Shared),
    ) -> Option<Change> {
        let mut delta = Delta {
            before: None,
            after: None,
        };
        self.change_untold(guild, |block, shared| {
            if self.tells {
                delta.before = read(block, shared).map(Arc::new);
            }
            change(block, shared);
            if self.tells {
                delta.after = read(block, shared).map(Arc::new);
            }
        })?;
        let is_something = delta.before.is_some() || delta.after.is_some();
        Some(if is_something {
            told(delta)
        } else {
            Change::Nothing
        })
    }

    /// Changes what is known of a message, from an event that is one.
    fn change_message(
        self,
        message: Object<'_>,
        change: impl FnOnce(&mut Block, &Shared, MessagePlace),
    ) -> Option<Change> {
        const ID: u8 = MESSAGE.at("id");
        const CHANNEL: u8 = MESSAGE.at("channel_id");
        const GUILD: u8 = MESSAGE.at("guild_id");
        let (channel, id) = (message.id_at(CHANNEL)?, message.id_at(ID)?);
        let place = MessagePlace { channel, id };
        self.change(
            message.id_at(GUILD).unwrap_or_default(),
            Change::Message,
            |block, shared| block.message(shared, place),
            |block, shared| change(block, shared, place),
        )
    }

    /// A message as it is now; or, without its author, some fields of it alone.
    fn update_message(self, scratch: &mut Scratch) -> Option<Change> {
        const AUTHOR: u8 = MESSAGE.at("author");
        let raw = &self.event.raw;
        let unwanted = &self.mirror.0.shared.unwanted;
        let Ok(packed) = Packed::<MessageEvent>::read(raw, unwanted, scratch) else {
            return self.unread();
        };
        let message = packed.object();
        if message.at(AUTHOR).is_some() {
            return self.change_message(message, |block, shared, place| {
                block.messages.update(shared, place, message);
            });
        }
        let Ok(named) = Packed::<MessageEvent>::names(raw, scratch) else {
            return self.unread();
        };
        self.change_message(message, |block, _, place| {
            block.messages.merge(place, message, named);
        })
    }

    /// Somebody reacts to a message or votes for an answer of its poll, or does not any more.
    fn feed_back(self, event: Object<'_>) -> Option<Change> {
        let (channel, id) = (event.id("channel_id")?, event.id("message_id")?);
        let place = MessagePlace { channel, id };
        let (kind, bot) = (self.event.kind, self.mirror.0.shared.bot_id());
        self.change(
            self.place(event),
            Change::Message,
            |block, shared| block.message(shared, place),
            |block, shared| {
                if kind == EventKind::MessageReactionAdd {
                    block.see_member(shared, event, false);
                }
                let messages = &mut block.messages;
                match kind {
                    EventKind::MessagePollVoteAdd => messages.vote(place, event, bot, true),
                    EventKind::MessagePollVoteRemove => messages.vote(place, event, bot, false),
                    // It may come for those alone whom it shows.
                    _ if !shared.keep.reactions => {}
                    EventKind::MessageReactionAdd => messages.react(place, event, bot, true),
                    EventKind::MessageReactionRemove => messages.react(place, event, bot, false),
                    _ => messages.clear_reactions(place, event),
                }
            },
        )
    }

    fn change_guild(self, guild: u64, change: impl FnOnce(&mut Block)) -> Option<Change> {
        let read = |block: &Block, _: &Shared| block.guild();
        self.change(guild, Change::Guild, read, |block, _| change(block))
    }

    /// A guild as it is now, in place of all that was known of it; in an outage, with a mark on that.
    fn create_guild(self, guild: Object<'_>) -> Option<Change> {
        if guild.has("unavailable") {
            return self.change_guild(guild.id("id")?, |block| block.is_unavailable = true);
        }
        let mut block = Block::create(&self.mirror.0.shared, guild)?;
        block.version = version_of(self.event);
        let id = block.id;
        let after = self.tells.then(|| block.guild()).flatten();
        let former = self.mirror.replace(id, block);
        let before = former.and_then(|former| self.leave(former));
        Some(Change::Guild(Delta {
            before,
            after: after.map(Arc::new),
        }))
    }

    fn delete_guild(self, guild: Object<'_>) -> Option<Change> {
        let id = guild.id("id")?;
        if guild.has("unavailable") {
            return self.change_guild(id, |block| block.is_unavailable = true);
        }
        let before = self.remove_guild(id)?;
        Some(Change::Guild(Delta {
            before,
            after: None,
        }))
    }

    /// Takes a guild out. Nothing where it was not known.
    fn remove_guild(self, id: u64) -> Option<Option<Arc<Guild>>> {
        self.mirror.note_left(id, version_of(self.event));
        let former = self.mirror.remove(id)?;
        Some(self.leave(former))
    }

    fn leave(self, former: Box<Block>) -> Option<Arc<Guild>> {
        let before = self.tells.then(|| former.guild()).flatten();
        self.mirror.leave(former);
        before.map(Arc::new)
    }

    /// Guilds of this shard which `READY` does not list were left, or were lost, while nobody heard of it.
    fn forget_left_guilds(self, ready: Object<'_>) {
        let Origin::Gateway(shard) = self.event.origin else {
            return;
        };
        let listed = ready.objects("guilds").filter_map(|guild| guild.id("id"));
        let listed: Vec<u64> = listed.collect();
        let known = self.mirror.guild_ids().into_iter();
        let ours = known.filter(|id| ShardId::of_guild(*id, shard.total) == shard);
        for id in ours.map(Id::get).filter(|id| !listed.contains(id)) {
            self.remove_guild(id);
        }
    }

    fn set_bot(self, user: Object<'_>) -> Option<Change> {
        let id = user.id("id")?;
        let mut kept = Vec::new();
        user.copy_without(&["id"], &mut kept);
        let before = self.tells.then(|| self.mirror.current_user()).flatten();
        {
            let mut bot = self
                .mirror
                .0
                .shared
                .bot
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            *bot = Some((id, kept.into()));
        }
        let after: Option<User> = self.tells.then(|| self.mirror.current_user()).flatten();
        Some(Change::CurrentUser(Delta {
            before: before.map(Arc::new),
            after: after.map(Arc::new),
        }))
    }
}
