//! Lists that come in pages, as streams.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use ovenjs_types::{
    AuditLog, AuditLogEntry, Ban, Channel, CurrentUserGuild, Entitlement, GuildJoinRequest, Id,
    Member, Message, Pin as PinnedMessage, ScheduledEventUser, Subscription, ThreadMember,
    Timestamp, User, marker::UserMarker,
};

use crate::{
    Client, Endpoint, Error, GetAuditLog, Indexed, ListBans, ListCurrentUserGuilds,
    ListEntitlements, ListJoinRequests, ListMembers, ListMessages, ListMyPrivateArchivedThreads,
    ListPins, ListPollVoters, ListPrivateArchivedThreads, ListPublicArchivedThreads, ListReactions,
    ListScheduledEventExceptionUsers, ListScheduledEventUsers, ListSubscriptions,
    ListThreadMembers, SearchMessages, SearchThreads, Terms,
};

/// An operation that answers a list by pages.
pub trait Paged: Endpoint + Clone {
    /// An element of the list.
    type Item;

    /// Asks for as much as a page can have, where nothing else was said.
    fn widen(&mut self);

    /// The elements of a page, and whether another one follows; the operation asks for that one
    /// from now on.
    fn turn(&mut self, page: Self::Answer) -> (Vec<Self::Item>, bool);
}

/// All elements of a list, page by page: a [`Stream`], or [`next`](Self::next) by hand.
///
/// The next page is asked for when the last element of the former has been taken, so that dropping
/// it asks for nothing more. It ends after an error.
///
/// ```no_run
/// # async fn example(client: ovenjs_rest::Client) -> Result<(), ovenjs_rest::Error> {
/// use ovenjs_types::Id;
///
/// let mut messages = client.messages(Id::new(1)).pages();
/// while let Some(message) = messages.next().await {
///     println!("{}", message?.content);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<'c, E: Paged> {
    client: &'c Client,
    terms: Terms,
    /// What is asked next; none at the end.
    endpoint: Option<E>,
    taken: VecDeque<E::Item>,
    asking: Option<Asking<'c, E::Answer>>,
}

type Asking<'c, A> = Pin<Box<dyn Future<Output = Result<A, Error>> + Send + 'c>>;

impl<'c, E: Paged> Pages<'c, E> {
    pub(crate) fn new(client: &'c Client, mut endpoint: E, terms: Terms) -> Self {
        endpoint.widen();
        Self {
            client,
            terms,
            endpoint: Some(endpoint),
            taken: VecDeque::new(),
            asking: None,
        }
    }

    /// The next element; none at the end of the list.
    pub async fn next(&mut self) -> Option<Result<E::Item, Error>>
    where
        E: 'c,
    {
        poll_fn(|context| self.poll_item(context)).await
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<E::Item, Error>>>
    where
        E: 'c,
    {
        loop {
            if let Some(item) = self.taken.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(endpoint) = &mut self.endpoint else {
                return Poll::Ready(None);
            };
            let asking = self.asking.get_or_insert_with(|| {
                Box::pin(self.client.send_with(endpoint.clone(), self.terms.clone()))
            });
            let page = ready!(asking.as_mut().poll(context));
            self.asking = None;
            match page {
                Err(error) => {
                    self.endpoint = None;
                    return Poll::Ready(Some(Err(error)));
                }
                Ok(page) => {
                    let (items, is_more) = endpoint.turn(page);
                    self.taken.extend(items);
                    if !is_more {
                        self.endpoint = None;
                    }
                }
            }
        }
    }
}

impl<'c, E: Paged + Unpin + 'c> Stream for Pages<'c, E>
where
    E::Item: Unpin,
{
    type Item = Result<E::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(context)
    }
}

impl<E: Paged> fmt::Debug for Pages<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("endpoint", &self.endpoint)
            .field("taken", &self.taken.len())
            .finish_non_exhaustive()
    }
}

/// Lists whose next page begins at the last element of the former: the first function opens a page into its
/// elements and, where Discord says it, whether there are more; without that a page that is not full
/// is the last. `by` is the parameter that begins a page, and what of an element it is; the number
/// is what a page can have.
macro_rules! paged {
    ($($name:ident of $item:ty = $open:expr, by $cursor:ident = $key:expr, $most:literal;)*) => {$(
        impl Paged for $name {
            type Item = $item;

            fn widen(&mut self) {
                self.limit.get_or_insert($most);
            }

            fn turn(&mut self, page: Self::Answer) -> (Vec<$item>, bool) {
                let open: fn(Self::Answer) -> (Vec<$item>, Option<bool>) = $open;
                let key: fn(&$item) -> Option<_> = $key;
                let (items, has_more) = open(page);
                let is_full = items.len() >= usize::from(self.limit.unwrap_or($most));
                let last = items.last().and_then(key);
                // Without an element to begin at, the same page would come again.
                let is_more = has_more.unwrap_or(is_full) && last.is_some() && last != self.$cursor;
                self.$cursor = last;
                (items, is_more)
            }
        }
    )*};
}

paged! {
    ListMessages of Message = |page| (page, None), by before = |message| Some(message.id), 100;
    ListPins of PinnedMessage = |page| (page.items, Some(page.has_more)),
        by before = |pin| Some(pin.pinned_at), 50;
    ListReactions of User = |page| (page, None), by after = |user| Some(user.id), 100;
    ListPollVoters of User = |page| (page.users, None), by after = |user| Some(user.id), 100;
    ListThreadMembers of ThreadMember = |page| (page, None), by after = |member| member.user_id, 100;
    ListPublicArchivedThreads of Channel = |page| (page.threads, Some(page.has_more)),
        by before = archived_at, 100;
    ListPrivateArchivedThreads of Channel = |page| (page.threads, Some(page.has_more)),
        by before = archived_at, 100;
    ListMyPrivateArchivedThreads of Channel = |page| (page.threads, Some(page.has_more)),
        by before = |thread| Some(thread.id), 100;
    ListMembers of Member = |page| (page, None),
        by after = |member| member.user.as_ref().map(|user| user.id), 1000;
}

/// Lists that come by id, the lowest first: forwards, or backwards from where the call says `before`;
/// within a page the lowest is the first either way.
macro_rules! paged_by_id {
    ($($name:ident of $item:ty = $open:expr, by $key:expr, $most:literal;)*) => {$(
        impl Paged for $name {
            type Item = $item;

            fn widen(&mut self) {
                self.limit.get_or_insert($most);
            }

            fn turn(&mut self, page: Self::Answer) -> (Vec<$item>, bool) {
                let open: fn(Self::Answer) -> Vec<$item> = $open;
                let key: fn(&$item) -> Option<_> = $key;
                let items = open(page);
                let is_full = items.len() >= usize::from(self.limit.unwrap_or($most));
                let (cursor, edge) = if self.before.is_some() {
                    (&mut self.before, items.first())
                } else {
                    (&mut self.after, items.last())
                };
                let next = edge.and_then(key);
                // Without an element to begin at, the same page would come again.
                let is_more = is_full && next.is_some() && next != *cursor;
                *cursor = next;
                (items, is_more)
            }
        }
    )*};
}

paged_by_id! {
    ListBans of Ban = |page| page, by |ban| Some(ban.user.id), 1000;
    ListCurrentUserGuilds of CurrentUserGuild = |page| page, by |guild| Some(guild.id), 200;
    ListEntitlements of Entitlement = |page| page, by |entitlement| Some(entitlement.id), 100;
    ListJoinRequests of GuildJoinRequest = |page| page.guild_join_requests,
        by |request| Some(request.id), 100;
    ListScheduledEventExceptionUsers of ScheduledEventUser = |page| page, by who_comes, 100;
    ListScheduledEventUsers of ScheduledEventUser = |page| page, by who_comes, 100;
    ListSubscriptions of Subscription = |page| page, by |subscription| Some(subscription.id), 100;
}

fn who_comes(one: &ScheduledEventUser) -> Option<Id<UserMarker>> {
    one.user_id
        .or_else(|| one.user.as_ref().map(|user| user.id))
}

/// Entries, without what a page says of the users, commands, rules and channels that they name. The
/// newest come first, and the oldest where the call says `after`; either way the last is where the
/// next page begins.
impl Paged for GetAuditLog {
    type Item = AuditLogEntry;

    fn widen(&mut self) {
        self.limit.get_or_insert(AUDIT_LOG_PAGE);
    }

    fn turn(&mut self, page: AuditLog) -> (Vec<AuditLogEntry>, bool) {
        let entries = page.audit_log_entries;
        let is_full = entries.len() >= usize::from(self.limit.unwrap_or(AUDIT_LOG_PAGE));
        let cursor = if self.after.is_some() {
            &mut self.after
        } else {
            &mut self.before
        };
        let next = entries.last().map(|entry| entry.id);
        let is_more = is_full && next.is_some() && next != *cursor;
        *cursor = next;
        (entries, is_more)
    }
}

const AUDIT_LOG_PAGE: u16 = 100;

fn archived_at(thread: &Channel) -> Option<Timestamp> {
    thread
        .thread_metadata
        .and_then(|metadata| metadata.archive_timestamp)
}

/// A search counts pages by how many elements are left out. It ends where Discord has found nothing
/// more, or has not read the messages yet.
impl Paged for SearchMessages {
    type Item = Message;

    fn widen(&mut self) {
        self.limit.get_or_insert(SEARCH_PAGE);
    }

    fn turn(&mut self, page: Self::Answer) -> (Vec<Message>, bool) {
        let Indexed::Found(found) = page else {
            return (Vec::new(), false);
        };
        let is_more = leave_out(&mut self.offset, self.limit, found.total_results);
        (found.messages.into_iter().flatten().collect(), is_more)
    }
}

/// Threads, without what a page says of the bot in them and of their first messages. It ends as a
/// search of messages does.
impl Paged for SearchThreads {
    type Item = Channel;

    fn widen(&mut self) {
        self.limit.get_or_insert(SEARCH_PAGE);
    }

    fn turn(&mut self, page: Self::Answer) -> (Vec<Channel>, bool) {
        let Indexed::Found(found) = page else {
            return (Vec::new(), false);
        };
        let unsaid = if found.has_more { u64::MAX } else { 0 };
        let total = found.total_results.unwrap_or(unsaid);
        let is_more = leave_out(&mut self.offset, self.limit, total);
        (found.threads, is_more)
    }
}

/// Leaves one page more out, and says whether there is anything behind it.
fn leave_out(offset: &mut Option<u16>, limit: Option<u16>, total: u64) -> bool {
    let next = offset.unwrap_or(0) + limit.unwrap_or(SEARCH_PAGE);
    *offset = Some(next);
    u64::from(next) < total && next <= OFFSET_MAX
}

const SEARCH_PAGE: u16 = 25;

/// Discord finds no more than so many.
const OFFSET_MAX: u16 = 9975;
