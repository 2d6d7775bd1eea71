//! The log over parts: that of each, heard at once.
//!
//! A place is the list of the parts' places. Whoever listens asks each part, and returns with the first that has
//! something to tell. What the others were asked stays asked and is taken up by the next call: a connection on which a
//! question waits serves no other. An answer of one part says nothing of the others: a part that has had its time must
//! answer before anything is returned, or a frozen one would be taken for a silent one. So must one that has failed, or
//! whose question has lain for too long: it must answer what it is asked from then on, in whatever call that is.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use futures_util::future::join_all;
use tokio::time::{Sleep, sleep};

use super::{Part, Parts, foreign};
use crate::tiers::{
    lock,
    store::{Asked, Heard, Log, Place, Store, StoreError, Told},
};

impl Log for Parts {
    fn listen<'a>(&'a self, after: Option<&'a Place>, hold: Duration) -> Asked<'a, Heard> {
        Box::pin(async move {
            match after {
                Some(after) => self.hear(places(after, self.parts.len())?, hold).await,
                None => self.ends(hold).await,
            }
        })
    }

    fn tell<'a>(&'a self, told: &'a Told) -> Asked<'a, ()> {
        let part = match told {
            Told::Written { key, .. } => self.part(key),
            Told::Bumped { tag, .. } => self.part_of_tag(tag),
            // Whoever hears it before a later write of another part forgets a value that he fetches again.
            Told::Erased { .. } => 0,
        };
        Box::pin(self.ask(part, move |store| {
            Box::pin(async move { log_of(store)?.tell(told).await })
        }))
    }
}

impl Parts {
    async fn ends(&self, hold: Duration) -> Result<Heard, StoreError> {
        let ends = self.parts.iter().map(|part| async move {
            let heard = log_of(&*part.store)?.listen(None, hold).await?;
            heard.next.ok_or_else(|| foreign("a part's log has no end"))
        });
        let ends: Result<Vec<Place>, StoreError> = join_all(ends).await.into_iter().collect();
        let ends = ends.map_err(|error| self.away_if(error))?;
        Ok(Heard {
            told: Vec::new(),
            next: Some(place(&ends)),
        })
    }

    async fn hear(&self, after: Vec<Place>, hold: Duration) -> Result<Heard, StoreError> {
        let mut asked = std::mem::take(&mut *lock(&self.asked));
        asked.resize_with(self.parts.len(), PartAsked::default);
        let now = self.clock.now();
        for (part, after) in asked.iter_mut().zip(&after) {
            part.go_on(after, now);
        }
        let mut hearing = Hearing {
            parts: self,
            asked,
            after,
            told: Vec::new(),
            over: Box::pin(sleep(hold)),
            hold: hold.min(HOLD_MAX),
        };
        std::future::poll_fn(|cx| hearing.poll(cx)).await
    }
}

/// One call; what was asked and not answered is kept for the next, however it ends.
struct Hearing<'a> {
    parts: &'a Parts,
    asked: Vec<PartAsked>,
    after: Vec<Place>,
    told: Vec<Told>,
    over: Pin<Box<Sleep>>,
    hold: Duration,
}

impl Hearing<'_> {
    /// Asks each part that has answered; when the call is over, those alone that it waits for.
    fn ask(&mut self, is_over: bool) {
        let now = self.parts.clock.now();
        let parts = self.parts.parts.iter().zip(&self.after);
        for (asked, (part, after)) in self.asked.iter_mut().zip(parts) {
            if !is_over || asked.must_answer {
                let question = &mut asked.question;
                question.get_or_insert_with(|| Question::new(part, after, self.hold, now));
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, StoreError>> {
        let is_over = self.over.as_mut().poll(cx).is_ready();
        self.ask(is_over);
        let mut is_late = false;
        for (asked, after) in self.asked.iter_mut().zip(&mut self.after) {
            let Some(question) = &mut asked.question else {
                continue;
            };
            let Poll::Ready(heard) = question.answer.as_mut().poll(cx) else {
                is_late |= question.due.as_mut().poll(cx).is_ready();
                continue;
            };
            asked.must_answer = heard.is_err() || asked.must_answer && question.is_old;
            asked.question = None;
            let heard = match heard {
                Ok(heard) => heard,
                Err(error) => return Poll::Ready(Err(self.parts.away_if(error))),
            };
            // Nobody knows of which keys it told.
            let Some(next) = heard.next else {
                return Poll::Ready(Ok(Heard::default()));
            };
            *after = next;
            self.told.extend(heard.told);
        }
        let is_late = is_late || self.asked.iter().any(|asked| asked.must_answer);
        if !is_late && (is_over || !self.told.is_empty()) {
            return Poll::Ready(Ok(Heard {
                told: std::mem::take(&mut self.told),
                next: Some(place(&self.after)),
            }));
        }
        let is_asked_again =
            |asked: &PartAsked| asked.question.is_none() && (!is_over || asked.must_answer);
        if self.asked.iter().any(is_asked_again) {
            // Who has answered is asked again once others have had their turn.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Hearing<'_> {
    fn drop(&mut self) {
        *lock(&self.parts.asked) = std::mem::take(&mut self.asked);
    }
}

/// What a part's log is asked, from call to call.
#[derive(Debug, Default)]
pub(super) struct PartAsked {
    question: Option<Question>,
    /// Nobody knows whether it is there, until it has answered what it is asked from now on.
    must_answer: bool,
}

impl PartAsked {
    /// Another call begins, which listens after this place.
    fn go_on(&mut self, after: &Place, now: Instant) {
        // What was asked after another place is not what is asked now.
        self.question.take_if(|question| question.after != *after);
        if let Some(question) = &mut self.question {
            question.is_old |= now.saturating_duration_since(question.asked) > KEPT_MAX;
            self.must_answer |= question.is_old;
        }
    }
}

struct Question {
    after: Place,
    answer: Pin<Box<dyn Future<Output = Result<Heard, StoreError>> + Send>>,
    asked: Instant,
    /// When it is to be answered, whether there is something or not.
    due: Pin<Box<Sleep>>,
    /// Its answer says how the part was, not how it is.
    is_old: bool,
}

impl Question {
    fn new(part: &Part, after: &Place, hold: Duration, asked: Instant) -> Self {
        let (store, place) = (Arc::clone(&part.store), after.clone());
        Self {
            after: after.clone(),
            answer: Box::pin(async move { log_of(&*store)?.listen(Some(&place), hold).await }),
            asked,
            due: Box::pin(sleep(hold)),
            is_old: false,
        }
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

fn log_of(store: &dyn Store) -> Result<&dyn Log, StoreError> {
    store.log().ok_or_else(|| foreign("a part keeps no log"))
}

fn place(places: &[Place]) -> Place {
    let mut bytes = BytesMut::new();
    for Place(place) in places {
        bytes.put_u32(u32::try_from(place.len()).unwrap_or(u32::MAX));
        bytes.put_slice(place);
    }
    Place(bytes.freeze())
}

/// The places that [`place`] put together, if they are so many.
fn places(place: &Place, count: usize) -> Result<Vec<Place>, StoreError> {
    let mut rest: Bytes = place.0.clone();
    let mut places = Vec::new();
    while let Ok(length) = rest.try_get_u32() {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > rest.len() || places.len() == count {
            return Err(foreign("the place in the log is another store's"));
        }
        places.push(Place(rest.split_to(length)));
    }
    if places.len() != count || !rest.is_empty() {
        return Err(foreign("the place in the log is another store's"));
    }
    Ok(places)
}

/// How long a part may have nothing to tell until it must say so: as long as a call of who follows the log.
const HOLD_MAX: Duration = Duration::from_millis(400);

/// How long a question may lie between two calls: as long as it takes, and what a busy runtime adds to that.
const KEPT_MAX: Duration = Duration::from_millis(500);
