//! What the names of volumes say, and which of them count. Pure.
//!
//! A place's volumes are written as a generation: parts 0, 1, 2 …, the last marked as such. The newest generation of
//! which all parts are there counts, and whatever else lies there is what a crash left.

use std::{collections::BTreeMap, fmt};

use super::{Class, Place, plan::Held};

/// The name of a volume, without what it ends in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Title {
    pub(crate) generation: u32,
    pub(crate) part: u32,
    pub(crate) is_last: bool,
    pub(crate) entries: u64,
    /// The SHA-256 of the volume, in hexadecimal digits.
    pub(crate) hash: String,
}

impl Title {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('-');
        let mut next = || parts.next();
        let (generation, part, entries, hash) = (next()?, next()?, next()?, next()?);
        let (part, mark) = part.split_at_checked(part.len().checked_sub(1)?)?;
        let title = Self {
            generation: generation.parse().ok()?,
            part: part.parse().ok()?,
            is_last: mark == "z",
            entries: entries.parse().ok()?,
            hash: hash.to_owned(),
        };
        // Another spelling of the same would be another file.
        (title.to_string() == name).then_some(title)
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_last { 'z' } else { 'n' };
        let Self {
            generation,
            part,
            entries,
            hash,
            ..
        } = self;
        write!(f, "{generation:06}-{part:03}{mark}-{entries}-{hash}")
    }
}

/// The volumes of one place in one tier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shelf {
    /// All of them, with the length of their files.
    pub(crate) all: Vec<(Title, u64)>,
    /// The newest that are whole, by their parts; where none are, all.
    pub(crate) current: Vec<Title>,
    pub(crate) is_whole: bool,
}

impl Shelf {
    fn of(mut all: Vec<(Title, u64)>) -> Self {
        all.sort();
        let mut generations: BTreeMap<u32, Vec<&Title>> = BTreeMap::new();
        for (title, _) in &all {
            generations.entry(title.generation).or_default().push(title);
        }
        let whole = generations.values().rev().find(|titles| {
            let end = titles.iter().find(|title| title.is_last);
            end.is_some_and(|end| {
                (0..end.part).all(|part| titles.iter().any(|title| title.part == part))
            })
        });
        let current = match whole {
            Some(titles) => titles.iter().map(|title| (*title).clone()).collect(),
            None => all.iter().map(|(title, _)| title.clone()).collect(),
        };
        Self {
            is_whole: whole.is_some(),
            current,
            all,
        }
    }

    /// The number of the next generation.
    pub(crate) fn next_generation(&self) -> u32 {
        let newest = self.all.iter().map(|(title, _)| title.generation).max();
        newest.map_or(1, |newest| newest.saturating_add(1))
    }

    /// Those that do not count.
    pub(crate) fn leftovers(&self) -> impl Iterator<Item = &Title> {
        let all = self.all.iter().map(|(title, _)| title);
        all.filter(|title| self.is_whole && !self.current.contains(title))
    }

    pub(crate) fn held(&self, place: &Place) -> Held {
        let current = || {
            self.all
                .iter()
                .filter(|(title, _)| self.current.contains(title))
        };
        Held {
            place: place.clone(),
            entries: current().map(|(title, _)| title.entries).sum(),
            bytes: current().map(|(_, len)| len).sum(),
            volumes: self.current.iter().map(Title::to_string).collect(),
            is_whole: self.is_whole,
            has_leftovers: self.leftovers().next().is_some(),
        }
    }
}

/// The shelves of which these are the files, with their lengths. Files of other names are passed over.
pub(crate) fn shelves(files: Vec<(String, u64)>, ending: &str) -> BTreeMap<Place, Shelf> {
    let mut places: BTreeMap<Place, Vec<(Title, u64)>> = BTreeMap::new();
    for (name, len) in files {
        if let Some((place, title)) = parse(&name, ending) {
            places.entry(place).or_default().push((title, len));
        }
    }
    places
        .into_iter()
        .map(|(place, all)| (place, Shelf::of(all)))
        .collect()
}

fn parse(name: &str, ending: &str) -> Option<(Place, Title)> {
    let mut parts = name.strip_suffix(ending)?.split('/');
    let (class, week, title) = (parts.next()?, parts.next()?, parts.next()?);
    let place = Place {
        class: Class::new(class).ok()?,
        week: week.parse().ok()?,
    };
    let is_plain = parts.next().is_none() && place.to_string() == format!("{class}/{week}");
    Some((place, Title::parse(title)?)).filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_generation_counts() {
        let shelf = shelf(&["000001-000z", "000002-000n", "000002-001z", "000003-000n"]);
        let current: Vec<_> = shelf
            .current
            .iter()
            .map(|title| (title.generation, title.part))
            .collect();
        assert_eq!(current, [(2, 0), (2, 1)]);
        assert!(shelf.is_whole);
        let left: Vec<_> = shelf.leftovers().map(|title| title.generation).collect();
        assert_eq!(left, [1, 3]);
        assert_eq!(shelf.next_generation(), 4);
    }

    #[test]
    fn without_a_whole_one_all_is_read_and_nothing_is_cleared() {
        let shelf = shelf(&["000002-000n", "000002-002z", "000001-001z"]);
        assert!(!shelf.is_whole);
        assert_eq!((shelf.current.len(), shelf.leftovers().count()), (3, 0));
    }

    #[test]
    fn files_of_other_names_are_passed_over() {
        let names = [
            "readme.txt",
            "moderation/02900/000001-000z-1-aa.arc",
            "moderation/2900/000001-000z-1-aa.vol",
            "moderation/02900/1-000z-1-aa.vol",
            "moderation/02900/000001-000y-1-aa.vol",
            "a/b/c/d.vol",
            "-.vol",
            "moderation/02900/000001--1-aa.vol",
            "moderation/02900/000001-é-1-aa.vol",
        ];
        let files = names.iter().map(|name| ((*name).to_owned(), 1)).collect();
        assert_eq!(shelves(files, ".vol"), BTreeMap::new());
    }

    fn shelf(names: &[&str]) -> Shelf {
        let files = names
            .iter()
            .map(|name| (format!("moderation/02900/{name}-1-aa.vol"), 1))
            .collect();
        let mut shelves = shelves(files, ".vol");
        assert_eq!(shelves.len(), 1);
        shelves.pop_first().unwrap().1
    }
}
