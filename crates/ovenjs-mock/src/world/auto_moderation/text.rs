//! Finding keywords and patterns in a text.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::{Found, Words};

/// A text that keywords are looked for in.
#[derive(Debug)]
pub(super) struct Text<'a> {
    written: &'a str,
    characters: Vec<char>,
    /// The same characters without their case, one for one.
    folded: Vec<char>,
}

/// Whether Discord takes a text for a regular expression.
pub(crate) fn is_pattern(text: &str) -> bool {
    pattern(text).is_some()
}

fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text)
        .size_limit(MAX_PATTERN_BYTES)
        .build()
        .ok()
}

impl<'a> Text<'a> {
    pub(super) fn new(written: &'a str) -> Self {
        Self {
            written,
            characters: written.chars().collect(),
            folded: written.chars().map(folded).collect(),
        }
    }

    /// The first keyword or pattern that is found outside of what is allowed.
    pub(super) fn offends(&self, words: &Words) -> Option<Found> {
        let allowed: Vec<Range<usize>> = words
            .allowed
            .iter()
            .flat_map(|keyword| self.places(keyword))
            .collect();
        let is_allowed = |place: &Range<usize>| {
            let mut around = allowed.iter();
            around.any(|around| around.start <= place.start && place.end <= around.end)
        };
        let keywords = words.keywords.iter();
        let mut found = keywords
            .map(|keyword| (keyword, self.places(keyword)))
            .chain(
                words
                    .patterns
                    .iter()
                    .map(|pattern| (pattern, self.matches(pattern))),
            );
        found.find_map(|(keyword, places)| {
            let place = places.into_iter().find(|place| !is_allowed(place))?;
            let matched = self.characters.get(place)?.iter().collect();
            Some(Found {
                keyword: Some(keyword.clone()),
                matched: Some(matched),
            })
        })
    }

    /// Where a keyword is. White space has to be around it, but at a side where it has a star.
    fn places(&self, keyword: &str) -> Vec<Range<usize>> {
        let keyword = keyword.trim();
        let (open_before, open_after) = (keyword.starts_with('*'), keyword.ends_with('*'));
        let core: Vec<char> = keyword.trim_matches('*').chars().map(folded).collect();
        if core.is_empty() {
            return Vec::new();
        }
        let is_edge = |at: Option<usize>| {
            let neighbour = at.and_then(|at| self.folded.get(at));
            neighbour.is_none_or(|neighbour| neighbour.is_whitespace())
        };
        self.folded
            .windows(core.len())
            .enumerate()
            .filter(|(_, window)| *window == core)
            .map(|(at, _)| at..at + core.len())
            .filter(|place| open_before || is_edge(place.start.checked_sub(1)))
            .filter(|place| open_after || is_edge(Some(place.end)))
            .collect()
    }

    /// Where a pattern matches, in characters.
    fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let count = |bytes: Range<usize>| {
            let part = self.written.get(bytes).unwrap_or_default();
            part.chars().count()
        };
        pattern(text).map_or_else(Vec::new, |pattern| {
            pattern
                .find_iter(self.written)
                .map(|found| {
                    let start = count(0..found.start());
                    start..start + count(found.range())
                })
                .collect()
        })
    }
}

/// A character without its case. The few that become several are told apart by their first.
fn folded(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

/// How much memory a compiled pattern may take; 260 characters can ask for far more.
const MAX_PATTERN_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keyword: &str, text: &str) -> Option<String> {
        let words = Words {
            keywords: vec![keyword.to_owned()],
            ..Words::default()
        };
        Text::new(text).offends(&words)?.matched
    }

    #[test]
    fn stars_open_the_ends_of_a_keyword() {
        let cases = [
            ("rye*", "A RYEbread", Some("RYE")),
            ("rye*", "no drye", None),
            ("*rye", "so dRye then", Some("Rye")),
            ("*rye", "ryebread", None),
            ("*rye*", "dryer", Some("rye")),
            ("rye", "dark rye\tbread", Some("rye")),
            ("rye", "rye, please", None),
            ("dark rye", "the Dark Rye", Some("Dark Rye")),
            ("c++", "i like C++", Some("C++")),
            ("*", "anything", None),
            ("ärger", "ÄRGER", Some("ÄRGER")),
        ];
        for (keyword, text, expected) in cases {
            assert_eq!(
                found(keyword, text).as_deref(),
                expected,
                "{keyword} {text}"
            );
        }
    }

    #[test]
    fn what_is_allowed_covers_what_is_in_it() {
        let words = Words {
            keywords: vec!["rye*".to_owned()],
            patterns: vec!["[0-9]{3}".to_owned()],
            allowed: vec!["ryegrass".to_owned(), "über 100".to_owned()],
        };
        let offends = |text: &str| {
            Text::new(text)
                .offends(&words)
                .and_then(|found| found.matched)
        };
        assert_eq!(offends("ryegrass über 100"), None);
        assert_eq!(offends("ryegrass ryebread").as_deref(), Some("rye"));
        assert_eq!(offends("über 100 or 250").as_deref(), Some("250"));
        assert!(is_pattern("^(?:[0-9]{1,3}\\.){3}$") && !is_pattern("(b|c"));
        assert!(!is_pattern("((a{99}){99}){99}"));
    }
}
