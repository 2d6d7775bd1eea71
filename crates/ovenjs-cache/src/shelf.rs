//! Many small records by their ids, side by side in few allocations.

mod bins;

use std::{ops::Range, slice};

pub(crate) use bins::Bins;

/// Records of bytes in the order of their ids.
///
/// They lie in pages of about `PAGE` bytes, each an allocation of exactly its size: how many there are, the
/// ids, where each record ends, the records back to back. So a record costs itself and ten bytes, and its
/// share of its page's 26 bytes and of what the allocator adds; there is no index, no slack after growth and no
/// hole after removal. A record is found by bisection, first of the pages, then of the ids in one of them. The
/// price is that a change of a length copies its page.
#[derive(Debug, Default)]
pub(crate) struct Shelf<const PAGE: usize = DENSE> {
    /// The first id of each page.
    firsts: Vec<u64>,
    pages: Vec<Box<[u8]>>,
    /// The bytes of all pages.
    page_bytes: usize,
    count: usize,
}

/// A shelf on which records are found sooner, for ten bytes more each: what is looked at lies in few lines of
/// the processor's cache.
pub(crate) type QuickShelf = Shelf<QUICK>;

impl<const PAGE: usize> Shelf<PAGE> {
    pub(crate) const fn new() -> Self {
        Self {
            firsts: Vec::new(),
            pages: Vec::new(),
            page_bytes: 0,
            count: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The bytes that it holds on the heap, as it asked the allocator for them.
    pub(crate) const fn bytes(&self) -> usize {
        self.page_bytes
            + self.firsts.capacity() * size_of::<u64>()
            + self.pages.capacity() * size_of::<Box<[u8]>>()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&[u8]> {
        let page = Page::of(self.pages.get(self.page_of(id))?);
        Some(page.record(page.find(id).ok()?))
    }

    /// Puts a record there, in place of one with this id. Whether that changed anything.
    pub(crate) fn put(&mut self, id: u64, record: &[u8]) -> bool {
        let at = self.page_of(id);
        let (head, end) = (id.to_le_bytes(), length_bytes(record));
        let new = Page {
            ids: slice::from_ref(&head),
            ends: Ends::Wide(slice::from_ref(&end)),
            records: record,
        };
        let Some(bytes) = self.pages.get_mut(at) else {
            self.insert_page(at, id, compose(&[new.all()]));
            self.count = 1;
            return true;
        };
        let page = Page::of(bytes);
        let replaced = match page.find(id) {
            Ok(found) if page.record(found) == record => return false,
            Ok(found) if page.record(found).len() == record.len() => {
                let place = page.place(found);
                if let Some(place) = bytes.get_mut(place) {
                    place.copy_from_slice(record);
                }
                return true;
            }
            Ok(found) => found..found + 1,
            Err(place) => {
                self.count += 1;
                place..place
            }
        };
        let is_last = replaced.start == page.len() && at + 1 == self.firsts.len();
        let before = page.run(0..replaced.start);
        let after = page.run(replaced.end..page.len());
        let whole = compose(&[before, new.all(), after]);
        let page = Page::of(&whole);
        if whole.len() <= PAGE || page.len() == 1 {
            self.set_page(at, whole);
            return true;
        }
        // Ids mostly come in their order, so what is new at the end begins a page, and those before it stay
        // full. A long record among short ones may leave a half that is still too long: it stands alone after
        // the next split.
        let border = if is_last {
            page.len() - 1
        } else {
            page.middle()
        };
        let lower = compose(&[page.run(0..border)]);
        let upper = compose(&[page.run(border..page.len())]);
        let first = page.id(border);
        self.set_page(at, lower);
        self.insert_page(at + 1, first, upper);
        true
    }

    /// Takes a record away. Whether there was one.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let at = self.page_of(id);
        let Some(page) = self.pages.get(at).map(|page| Page::of(page)) else {
            return false;
        };
        let Ok(found) = page.find(id) else {
            return false;
        };
        self.count -= 1;
        if page.len() == 1 {
            self.remove_page(at);
        } else {
            let left = compose(&[page.run(0..found), page.run(found + 1..page.len())]);
            self.set_page(at, left);
            self.join(at);
        }
        true
    }

    /// In the order of the ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pages.iter().flat_map(|page| Page::of(page).entries(0))
    }

    /// In the order of the ids, those above one.
    pub(crate) fn after(&self, id: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let pages = self.pages.get(self.page_of(id)..).unwrap_or_default();
        pages.iter().flat_map(move |page| {
            let page = Page::of(page);
            page.entries(page.find(id).map_or_else(|place| place, |found| found + 1))
        })
    }

    /// The lowest id.
    pub(crate) fn first(&self) -> Option<u64> {
        self.firsts.first().copied()
    }

    /// The highest id.
    pub(crate) fn last(&self) -> Option<u64> {
        let page = Page::of(self.pages.last()?);
        Some(page.id(page.len() - 1))
    }

    /// The page in which an id stands or would stand.
    fn page_of(&self, id: u64) -> usize {
        self.firsts
            .partition_point(|first| *first <= id)
            .saturating_sub(1)
    }

    /// One page for two that have become short.
    fn join(&mut self, at: usize) {
        let length = |at: usize| self.pages.get(at).map(|page| page.len());
        let fits = |left: usize| {
            let both = length(left)? + length(left + 1)?;
            (both <= PAGE * 3 / 4).then_some(left)
        };
        let before = at.checked_sub(1).and_then(fits);
        let Some(left) = before.or_else(|| fits(at)) else {
            return;
        };
        let upper = self.remove_page(left + 1);
        if let Some(lower) = self.pages.get(left) {
            let both = compose(&[Page::of(lower).all(), Page::of(&upper).all()]);
            self.set_page(left, both);
        }
    }

    fn insert_page(&mut self, at: usize, first: u64, page: Box<[u8]>) {
        self.page_bytes += page.len();
        self.firsts.insert(at.min(self.firsts.len()), first);
        self.pages.insert(at.min(self.pages.len()), page);
    }

    fn remove_page(&mut self, at: usize) -> Box<[u8]> {
        self.firsts.remove(at);
        let page = self.pages.remove(at);
        self.page_bytes -= page.len();
        if self.pages.len() < self.pages.capacity() / 4 {
            self.pages.shrink_to_fit();
            self.firsts.shrink_to_fit();
        }
        page
    }

    fn set_page(&mut self, at: usize, page: Box<[u8]>) {
        if let Some(first) = self.firsts.get_mut(at) {
            *first = Page::of(&page).id(0);
        }
        if let Some(place) = self.pages.get_mut(at) {
            self.page_bytes = self.page_bytes - place.len() + page.len();
            *place = page;
        }
    }
}

/// A look into a page.
#[derive(Clone, Copy)]
struct Page<'a> {
    ids: &'a [[u8; ID_BYTES]],
    ends: Ends<'a>,
    records: &'a [u8],
}

/// Where records end, counted from the first one's beginning: two bytes each, or four where a long one makes
/// the page longer than two bytes can say.
#[derive(Clone, Copy)]
enum Ends<'a> {
    Short(&'a [[u8; 2]]),
    Wide(&'a [[u8; 4]]),
}

/// Some records of a page, side by side.
#[derive(Clone)]
struct Run<'a> {
    page: Page<'a>,
    places: Range<usize>,
}

impl<'a> Page<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let (head, rest) = bytes.split_first_chunk().unwrap_or((&[0, 0], &[]));
        let head = u16::from_le_bytes(*head);
        let count = usize::from(head & !WIDE);
        let (ids, rest) = rest.split_at_checked(count * ID_BYTES).unwrap_or_default();
        let ids = ids.as_chunks().0;
        let (ends, records) = if head & WIDE == 0 {
            let (ends, records) = rest.split_at_checked(count * 2).unwrap_or_default();
            (Ends::Short(ends.as_chunks().0), records)
        } else {
            let (ends, records) = rest.split_at_checked(count * 4).unwrap_or_default();
            (Ends::Wide(ends.as_chunks().0), records)
        };
        Self { ids, ends, records }
    }

    const fn len(&self) -> usize {
        self.ids.len()
    }

    fn id(&self, place: usize) -> u64 {
        self.ids.get(place).map_or(0, |id| u64::from_le_bytes(*id))
    }

    /// The place of an id, or where it would stand.
    fn find(&self, id: u64) -> Result<usize, usize> {
        self.ids
            .binary_search_by_key(&id, |id| u64::from_le_bytes(*id))
    }

    /// Where a record begins; the end of all after the last one.
    fn begin(&self, place: usize) -> usize {
        let Some(before) = place.checked_sub(1) else {
            return 0;
        };
        match self.ends {
            Ends::Short(ends) => ends
                .get(before)
                .map_or(0, |end| u16::from_le_bytes(*end).into()),
            Ends::Wide(ends) => ends.get(before).map_or(0, |end| {
                usize::try_from(u32::from_le_bytes(*end)).unwrap_or_default()
            }),
        }
    }

    fn record(&self, place: usize) -> &'a [u8] {
        let range = self.begin(place)..self.begin(place + 1);
        self.records.get(range).unwrap_or_default()
    }

    /// Where a record stands among the bytes of the page.
    fn place(&self, place: usize) -> Range<usize> {
        let end_bytes = match self.ends {
            Ends::Short(_) => 2,
            Ends::Wide(_) => 4,
        };
        let head = HEAD_BYTES + self.len() * (ID_BYTES + end_bytes);
        head + self.begin(place)..head + self.begin(place + 1)
    }

    /// The record with which the second of two halves begins.
    fn middle(&self) -> usize {
        let weight = |place: usize| place * (ID_BYTES + 2) + self.begin(place);
        let middle = weight(self.len()) / 2;
        let borders = 1..self.len();
        let nearest = borders.min_by_key(|border| weight(*border).abs_diff(middle));
        nearest.unwrap_or_default()
    }

    fn entries(self, from: usize) -> impl Iterator<Item = (u64, &'a [u8])> {
        (from..self.len()).map(move |place| (self.id(place), self.record(place)))
    }

    const fn run(self, places: Range<usize>) -> Run<'a> {
        Run { page: self, places }
    }

    const fn all(self) -> Run<'a> {
        self.run(0..self.len())
    }
}

impl<'a> Run<'a> {
    fn ids(&self) -> &'a [[u8; ID_BYTES]] {
        self.page.ids.get(self.places.clone()).unwrap_or_default()
    }

    fn records(&self) -> &'a [u8] {
        let range = self.page.begin(self.places.start)..self.page.begin(self.places.end);
        self.page.records.get(range).unwrap_or_default()
    }
}

/// A page of these, one after the other.
fn compose(runs: &[Run<'_>]) -> Box<[u8]> {
    let count: usize = runs.iter().map(|run| run.ids().len()).sum();
    let bytes: usize = runs.iter().map(|run| run.records().len()).sum();
    let is_wide = bytes > usize::from(u16::MAX);
    let end_bytes = if is_wide { 4 } else { 2 };
    let mut page = Vec::with_capacity(HEAD_BYTES + count * (ID_BYTES + end_bytes) + bytes);
    // A page of empty records has about a hundred.
    let head = u16::try_from(count).unwrap_or_default() | if is_wide { WIDE } else { 0 };
    page.extend(head.to_le_bytes());
    for run in runs {
        page.extend(run.ids().as_flattened());
    }
    let mut before = 0_usize;
    for run in runs {
        let begin = run.page.begin(run.places.start);
        let shift = before.wrapping_sub(begin);
        if let (Ends::Short(ends), false) = (run.page.ends, is_wide) {
            // As one piece, moved all at once.
            let [low, high, ..] = shift.to_le_bytes();
            let shift = u16::from_le_bytes([low, high]);
            let at = page.len();
            let ends = ends.get(run.places.clone()).unwrap_or_default();
            page.extend_from_slice(ends.as_flattened());
            let (ends, _) = page.get_mut(at..).unwrap_or_default().as_chunks_mut();
            for end in ends {
                *end = u16::from_le_bytes(*end).wrapping_add(shift).to_le_bytes();
            }
            before += run.records().len();
            continue;
        }
        for place in run.places.clone() {
            let end = run.page.begin(place + 1).wrapping_add(shift);
            let [a, b, c, d] = u32::try_from(end).unwrap_or(u32::MAX).to_le_bytes();
            if is_wide {
                page.extend([a, b, c, d]);
            } else {
                page.extend([a, b]);
            }
        }
        before += run.records().len();
    }
    for run in runs {
        page.extend(run.records());
    }
    page.into_boxed_slice()
}

/// No payload is longer than that: the gateway's frames are bounded far below.
fn length_bytes(record: &[u8]) -> [u8; 4] {
    u32::try_from(record.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes()
}

const ID_BYTES: usize = size_of::<u64>();

/// How many records there are, and whether their ends are wide.
const HEAD_BYTES: usize = size_of::<u16>();

const WIDE: u16 = 1 << 15;

/// Large enough that 26 bytes beside a page and what the allocator adds are little for each record, small
/// enough that copying it is.
const DENSE: usize = 1_024;

/// Four lines of a processor's cache.
const QUICK: usize = 256;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_in_their_order_fill_their_pages() {
        let mut shelf = Shelf::<DENSE>::new();
        for id in 1..=10_000 {
            assert!(shelf.put(id, &[7; 23]));
        }
        let asked = shelf.bytes() - (shelf.pages.capacity() - shelf.pages.len()) * 24;
        assert!(
            asked <= 10_000 * (23 + 10) + 10_000 / 31 * 26 + 1_024,
            "{asked}"
        );
    }

    #[test]
    fn what_stays_the_same_is_told() {
        let mut shelf = Shelf::<DENSE>::new();
        assert!(shelf.put(5, b"rye") && !shelf.put(5, b"rye"));
        assert!(shelf.put(5, b"oat") && shelf.put(5, b"spelt"));
        assert_eq!(shelf.get(5), Some(&b"spelt"[..]));
        assert!(shelf.remove(5) && !shelf.remove(5));
        assert_eq!((shelf.len(), shelf.first(), shelf.last()), (0, None, None));
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec(
            (any::<bool>(), 0_u64..300, prop_oneof![20 => 0_usize..60, 2 => 60_usize..3_000, 1 => 60_000_usize..70_000]), 0..600)
        ) {
            let mut shelf = QuickShelf::new();
            let mut map = BTreeMap::new();
            for (number, (puts, id, length)) in steps.into_iter().enumerate() {
                let record = vec![u8::try_from(number % 251).unwrap(); length];
                if puts || length % 3 == 0 {
                    let changed = map.insert(id, record.clone()) != Some(record.clone());
                    prop_assert_eq!(shelf.put(id, &record), changed);
                } else {
                    prop_assert_eq!(shelf.remove(id), map.remove(&id).is_some());
                }
                prop_assert_eq!(shelf.get(id), map.get(&id).map(|record| &**record));
            }
            let all: BTreeMap<_, _> = shelf.iter().map(|(id, record)| (id, record.to_vec())).collect();
            prop_assert_eq!(&all, &map);
            prop_assert_eq!(shelf.iter().map(|(id, _)| id).collect::<Vec<_>>(), map.keys().copied().collect::<Vec<_>>());
            prop_assert_eq!(shelf.len(), map.len());
            prop_assert_eq!(shelf.first(), map.keys().next().copied());
            prop_assert_eq!(shelf.last(), map.keys().next_back().copied());
            for id in [0, 150, 299] {
                let above: Vec<_> = shelf.after(id).map(|(id, _)| id).collect();
                let expected: Vec<_> = map.range(id + 1..).map(|(id, _)| *id).collect();
                prop_assert_eq!(above, expected);
            }
            let pages: Vec<_> = shelf.pages.iter().map(|page| page.len()).collect();
            prop_assert_eq!(shelf.page_bytes, pages.iter().sum::<usize>());
            prop_assert!(shelf.pages.iter().all(|page| !page.is_empty()), "{pages:?}");
        }
    }
}
