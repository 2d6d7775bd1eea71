//! Many small records by their ids, side by side in few allocations.

/// Records of bytes in the order of their ids.
///
/// They lie back to back in pages of about [`PAGE_BYTES`], each an allocation of exactly its size: an id, the
/// length, the bytes. So a record costs itself and nine bytes or ten, and its share of its page's
/// 24 bytes and of what the allocator adds; there is no index, no slack after growth and no hole after
/// removal. The price is that a change of a length copies its page, and that a read searches: for the page by
/// bisection, in it from record to record.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// The first id of each page.
    firsts: Vec<u64>,
    pages: Vec<Box<[u8]>>,
    count: usize,
}

impl Shelf {
    pub(crate) const fn new() -> Self {
        Self {
            firsts: Vec::new(),
            pages: Vec::new(),
            count: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The bytes that it holds on the heap, as it asked the allocator for them.
    pub(crate) fn bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(|page| page.len()).sum();
        pages
            + self.firsts.capacity() * size_of::<u64>()
            + self.pages.capacity() * size_of::<Box<[u8]>>()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&[u8]> {
        let page = self.pages.get(self.page_of(id))?;
        Some(find(page, id).ok()?.record)
    }

    /// The record to be changed in place: its length stays.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut [u8]> {
        let at = self.page_of(id);
        let page = self.pages.get_mut(at)?;
        let found = find(page, id).ok()?;
        let (begin, end) = (found.end - found.record.len(), found.end);
        page.get_mut(begin..end)
    }

    /// Puts a record there, in place of one with this id. Whether that changed anything.
    pub(crate) fn put(&mut self, id: u64, record: &[u8]) -> bool {
        let at = self.page_of(id);
        let Some(page) = self.pages.get_mut(at) else {
            let mut page = Vec::with_capacity(entry_length(record));
            write(id, record, &mut page);
            self.insert_page(at, id, page);
            self.count = 1;
            return true;
        };
        let (begin, end) = match find(page, id) {
            Ok(found) if found.record == record => return false,
            Ok(found) if found.record.len() == record.len() => {
                let place = found.end - record.len()..found.end;
                if let Some(place) = page.get_mut(place) {
                    place.copy_from_slice(record);
                }
                return true;
            }
            Ok(found) => (found.begin, found.end),
            Err(place) => {
                self.count += 1;
                (place, place)
            }
        };
        let (before, after) = (page.get(..begin), page.get(end..));
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let length = before.len() + entry_length(record) + after.len();
        if length <= PAGE_BYTES || before.is_empty() && after.is_empty() {
            let mut whole = Vec::with_capacity(length);
            whole.extend(before);
            write(id, record, &mut whole);
            whole.extend(after);
            self.set_page(at, whole);
        } else {
            self.split(at, begin, end, id, record);
        }
        true
    }

    /// Takes a record away. Whether there was one.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let at = self.page_of(id);
        let Some(page) = self.pages.get(at) else {
            return false;
        };
        let Ok(found) = find(page, id) else {
            return false;
        };
        let (before, after) = (page.get(..found.begin), page.get(found.end..));
        let left = [before.unwrap_or_default(), after.unwrap_or_default()].concat();
        self.count -= 1;
        if left.is_empty() {
            self.remove_page(at);
        } else {
            self.set_page(at, left);
            self.join(at);
        }
        true
    }

    /// In the order of the ids.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pages
            .iter()
            .flat_map(|page| Entries::of(page))
            .map(|entry| (entry.id, entry.record))
    }

    /// In the order of the ids, those above one.
    pub(crate) fn after(&self, id: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let pages = self.pages.get(self.page_of(id)..).unwrap_or_default();
        let entries = pages.iter().flat_map(|page| Entries::of(page));
        entries
            .map(|entry| (entry.id, entry.record))
            .skip_while(move |(other, _)| *other <= id)
    }

    /// The lowest id.
    pub(crate) fn first(&self) -> Option<u64> {
        self.firsts.first().copied()
    }

    /// The highest id.
    pub(crate) fn last(&self) -> Option<u64> {
        let page = self.pages.last()?;
        Entries::of(page).last().map(|entry| entry.id)
    }

    /// The page in which an id stands or would stand.
    fn page_of(&self, id: u64) -> usize {
        self.firsts
            .partition_point(|first| *first <= id)
            .saturating_sub(1)
    }

    /// Two pages for one that has grown too long. Ids mostly come in their order, so what is new at the end
    /// begins a page, and those before it stay full.
    fn split(&mut self, at: usize, begin: usize, end: usize, id: u64, record: &[u8]) {
        let page = self.pages.get(at).map(|page| &**page).unwrap_or_default();
        let before = page.get(..begin).unwrap_or_default();
        let after = page.get(end..).unwrap_or_default();
        let is_last = after.is_empty() && at + 1 == self.pages.len();
        let mut whole = Vec::with_capacity(before.len() + entry_length(record) + after.len());
        whole.extend(before);
        write(id, record, &mut whole);
        whole.extend(after);
        let middle = if is_last { begin } else { whole.len() / 2 };
        let borders = || Entries::of(&whole).map(|entry| entry.begin).skip(1);
        let Some(border) = borders().min_by_key(|border| border.abs_diff(middle)) else {
            return self.set_page(at, whole);
        };
        let upper = whole.split_off(border);
        whole.shrink_to_fit();
        self.set_page(at, whole);
        if let Some(entry) = Entries::of(&upper).next() {
            let first = entry.id;
            self.insert_page(at + 1, first, upper);
        }
        // A long record among short ones may leave a half that is still too long: once more is enough, since
        // then the long one stands alone.
    }

    /// One page for two that have become short.
    fn join(&mut self, at: usize) {
        let length = |at: usize| self.pages.get(at).map(|page| page.len());
        let fits = |left: usize| {
            let both = length(left)? + length(left + 1)?;
            (both <= PAGE_BYTES * 3 / 4).then_some(left)
        };
        let before = at.checked_sub(1).and_then(fits);
        let Some(left) = before.or_else(|| fits(at)) else {
            return;
        };
        let upper = self.remove_page(left + 1);
        if let Some(lower) = self.pages.get_mut(left) {
            *lower = [&**lower, &*upper].concat().into_boxed_slice();
        }
    }

    fn insert_page(&mut self, at: usize, first: u64, page: Vec<u8>) {
        self.firsts.insert(at.min(self.firsts.len()), first);
        self.pages
            .insert(at.min(self.pages.len()), page.into_boxed_slice());
    }

    fn remove_page(&mut self, at: usize) -> Box<[u8]> {
        self.firsts.remove(at);
        let page = self.pages.remove(at);
        if self.pages.len() < self.pages.capacity() / 4 {
            self.pages.shrink_to_fit();
            self.firsts.shrink_to_fit();
        }
        page
    }

    fn set_page(&mut self, at: usize, page: Vec<u8>) {
        let first = Entries::of(&page).next().map(|entry| entry.id);
        if let (Some(place), Some(first)) = (self.firsts.get_mut(at), first) {
            *place = first;
        }
        if let Some(place) = self.pages.get_mut(at) {
            *place = page.into_boxed_slice();
        }
    }
}

/// A record and where it stands in its page.
struct Entry<'a> {
    id: u64,
    begin: usize,
    end: usize,
    record: &'a [u8],
}

struct Entries<'a> {
    page: &'a [u8],
    at: usize,
}

impl<'a> Entries<'a> {
    const fn of(page: &'a [u8]) -> Self {
        Self { page, at: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let begin = self.at;
        let (id, rest) = self.page.get(begin..)?.split_first_chunk()?;
        let (short, rest) = rest.split_first()?;
        let (length, rest) = if *short == LONG {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        } else {
            (usize::from(*short), rest)
        };
        let record = rest.get(..length)?;
        let end = self.page.len() - rest.len() + length;
        self.at = end;
        let id = u64::from_le_bytes(*id);
        Some(Entry {
            id,
            begin,
            end,
            record,
        })
    }
}

/// The record with this id, or where it would stand.
fn find(page: &[u8], id: u64) -> Result<Entry<'_>, usize> {
    for entry in Entries::of(page) {
        if entry.id == id {
            return Ok(entry);
        }
        if entry.id > id {
            return Err(entry.begin);
        }
    }
    Err(page.len())
}

fn write(id: u64, record: &[u8], page: &mut Vec<u8>) {
    page.extend(id.to_le_bytes());
    match u8::try_from(record.len()) {
        Ok(short) if short != LONG => page.push(short),
        _ => {
            page.push(LONG);
            // No payload is that long: the gateway's frames are bounded far below.
            let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
            page.extend(length.to_le_bytes());
        }
    }
    page.extend(record);
}

const fn entry_length(record: &[u8]) -> usize {
    let head = if record.len() < 0xff { 9 } else { 13 };
    head + record.len()
}

/// Stands where the length has four bytes more.
const LONG: u8 = 0xff;

/// Large enough that 24 bytes beside a page and what the allocator adds are little for each record, small
/// enough that searching and copying it is.
const PAGE_BYTES: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_in_their_order_fill_their_pages() {
        let mut shelf = Shelf::new();
        for id in 1..=10_000 {
            assert!(shelf.put(id, &[7; 23]));
        }
        let asked = shelf.bytes() - (shelf.pages.capacity() - shelf.pages.len()) * 24;
        assert!(
            asked <= 10_000 * (23 + 9) + 10_000 / 32 * 24 + 1_024,
            "{asked}"
        );
    }

    #[test]
    fn what_stays_the_same_is_told() {
        let mut shelf = Shelf::new();
        assert!(shelf.put(5, b"rye") && !shelf.put(5, b"rye"));
        assert!(shelf.put(5, b"oat") && shelf.put(5, b"spelt"));
        shelf.get_mut(5).unwrap().copy_from_slice(b"wheat");
        assert_eq!(shelf.get(5), Some(&b"wheat"[..]));
        assert!(shelf.remove(5) && !shelf.remove(5));
        assert_eq!((shelf.len(), shelf.first(), shelf.last()), (0, None, None));
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec(
            (any::<bool>(), 0_u64..300, prop_oneof![9 => 0_usize..60, 1 => 60_usize..3_000]), 0..600)
        ) {
            let mut shelf = Shelf::new();
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
            prop_assert!(shelf.pages.iter().all(|page| !page.is_empty()), "{pages:?}");
        }
    }
}
