//! Lists whose members can leave from anywhere at once.

/// Members in places that are used again, each of them in at most one [`Chain`].
#[derive(Debug)]
pub(super) struct Places<T> {
    members: Vec<Member<T>>,
    free: Vec<u32>,
}

/// One list of members, by their places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chain {
    first: Option<u32>,
    last: Option<u32>,
    len: usize,
}

#[derive(Debug)]
struct Member<T> {
    value: Option<T>,
    before: Option<u32>,
    after: Option<u32>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Places<T> {
    pub(super) fn len(&self) -> usize {
        self.members.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, value: T) -> u32 {
        let member = Member {
            value: Some(value),
            before: None,
            after: None,
        };
        if let Some(place) = self.free.pop() {
            if let Some(free) = self.member_mut(place) {
                *free = member;
            }
            return place;
        }
        self.members.push(member);
        u32::try_from(self.members.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes a member out, which is in no chain any more.
    pub(super) fn remove(&mut self, place: u32) -> Option<T> {
        let value = self.member_mut(place)?.value.take()?;
        self.free.push(place);
        Some(value)
    }

    pub(super) fn get(&self, place: u32) -> Option<&T> {
        self.member(place)?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.member_mut(place)?.value.as_mut()
    }

    pub(super) fn after(&self, place: u32) -> Option<u32> {
        self.member(place)?.after
    }

    fn member(&self, place: u32) -> Option<&Member<T>> {
        self.members.get(usize::try_from(place).ok()?)
    }

    fn member_mut(&mut self, place: u32) -> Option<&mut Member<T>> {
        self.members.get_mut(usize::try_from(place).ok()?)
    }
}

impl Chain {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn first(&self) -> Option<u32> {
        self.first
    }

    pub(super) fn push_back<T>(&mut self, places: &mut Places<T>, place: u32) {
        let before = self.last.replace(place);
        if let Some(member) = places.member_mut(place) {
            (member.before, member.after) = (before, None);
        }
        match before.and_then(|before| places.member_mut(before)) {
            Some(before) => before.after = Some(place),
            None => self.first = Some(place),
        }
        self.len += 1;
    }

    /// Takes a member out, which must be in this chain.
    pub(super) fn remove<T>(&mut self, places: &mut Places<T>, place: u32) {
        let Some(member) = places.member_mut(place) else {
            return;
        };
        let (before, after) = (member.before.take(), member.after.take());
        match before.and_then(|before| places.member_mut(before)) {
            Some(before) => before.after = after,
            None => self.first = after,
        }
        match after.and_then(|after| places.member_mut(after)) {
            Some(after) => after.before = before,
            None => self.last = before,
        }
        self.len = self.len.saturating_sub(1);
    }
}
