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
    Channel, CurrentUserGuild, Entitlement, Message, Pin as PinnedMessage, Subscription,
    ThreadMember, Timestamp, User,
};

use crate::{
    Client, Endpoint, Error, Indexed, ListCurrentUserGuilds, ListEntitlements, ListMessages,
    ListMyPrivateArchivedThreads, ListPins, ListPollVoters, ListPrivateArchivedThreads,
    ListPublicArchivedThreads, ListReactions, ListSubscriptions, ListThreadMembers, SearchMessages,
    Terms,
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
    ListCurrentUserGuilds of CurrentUserGuild = |page| (page, None),
        by after = |guild| Some(guild.id), 200;
    ListEntitlements of Entitlement = |page| (page, None),
        by after = |entitlement| Some(entitlement.id), 100;
    ListSubscriptions of Subscription = |page| (page, None),
        by after = |subscription| Some(subscription.id), 100;
}

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
        let next = self.offset.unwrap_or(0) + self.limit.unwrap_or(SEARCH_PAGE);
        self.offset = Some(next);
        let is_more = u64::from(next) < found.total_results && next <= OFFSET_MAX;
        (found.messages.into_iter().flatten().collect(), is_more)
    }
}

const SEARCH_PAGE: u16 = 25;

/// Discord finds no more than so many.
const OFFSET_MAX: u16 = 9975;
