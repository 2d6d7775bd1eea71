//! Which tiers there are, and which classes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::UNIX_EPOCH,
};

use ovenjs_net::{Clock, Entropy as _, SystemClock, SystemEntropy};

use super::{
    Class, Erasure, Hot, Keys, Policy, RetentionError, RetentionErrorKind, Tier, Warm,
    entry::millis, library::Library, mover::Moved,
};
use crate::blobs::BlobStore;

/// Entries in up to four tiers. Cloning is cheap and shares all of it. See the [module](super) for an example.
#[derive(Clone)]
pub struct Retention(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) policies: BTreeMap<Class, Policy>,
    pub(super) hot: Option<Arc<dyn Hot>>,
    pub(super) warm: Arc<dyn Warm>,
    pub(super) cold: Option<Library>,
    pub(super) backup: Option<Library>,
    clock: Arc<dyn Clock>,
    /// Who this is among the movers.
    pub(super) holder: u64,
    pub(super) hot_failures: AtomicU64,
    /// What was erased, as far as it is known, and when that was; nothing before it was asked for.
    erasures: Mutex<Option<(u64, Arc<[Erasure]>)>>,
    pub(super) last_run: Mutex<Option<Moved>>,
}

/// Makes a [`Retention`].
#[derive(Clone)]
pub struct RetentionBuilder {
    policies: Vec<(String, Policy)>,
    hot: Option<Arc<dyn Hot>>,
    warm: Arc<dyn Warm>,
    cold: Option<Arc<dyn BlobStore>>,
    backup: Option<(Arc<dyn BlobStore>, Arc<Keys>)>,
    clock: Arc<dyn Clock>,
}

impl Retention {
    /// A retention with this warm tier, which is what makes entries last, and no class yet.
    pub fn builder(warm: impl Warm + 'static) -> RetentionBuilder {
        RetentionBuilder {
            policies: Vec::new(),
            hot: None,
            warm: Arc::new(warm),
            cold: None,
            backup: None,
            clock: Arc::new(SystemClock),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        let wall = self.0.clock.wall();
        wall.duration_since(UNIX_EPOCH).map_or(0, millis)
    }

    pub(super) fn policy(&self, class: &str) -> Result<(&Class, &Policy), RetentionError> {
        self.0.policies.get_key_value(class).ok_or_else(|| {
            RetentionError::new(
                RetentionErrorKind::Class,
                "the class has no policy: give it one by `RetentionBuilder::class`",
            )
        })
    }

    /// The tiers of volumes, the faster one first.
    pub(super) fn libraries(&self) -> impl Iterator<Item = &Library> + Clone {
        self.0.cold.iter().chain(&self.0.backup)
    }

    pub(super) fn library(&self, tier: Tier) -> Option<&Library> {
        self.libraries().find(|library| library.tier == tier)
    }

    /// What was erased, as it was heard not long ago. The database says what is new: it has each wish of another
    /// process, while the archives, which may be far away, were asked once.
    pub(super) async fn erasures(&self) -> Result<Arc<[Erasure]>, RetentionError> {
        let known = self.known_erasures().clone();
        let Some((at_ms, known)) = known else {
            return self.load_erasures().await;
        };
        if (at_ms..at_ms.saturating_add(HEARD_MS)).contains(&self.now_ms()) {
            return Ok(known);
        }
        self.hear_erasures(known.iter().copied()).await
    }

    /// What was erased, as the tiers say: the warm one, and the archives, which may outlive it.
    pub(super) async fn load_erasures(&self) -> Result<Arc<[Erasure]>, RetentionError> {
        let archived = match &self.0.backup {
            Some(backup) => backup.erasures().await?,
            None => Vec::new(),
        };
        self.hear_erasures(archived).await
    }

    /// What the database says was erased, and beside it these.
    async fn hear_erasures(
        &self,
        known: impl IntoIterator<Item = Erasure>,
    ) -> Result<Arc<[Erasure]>, RetentionError> {
        let now_ms = self.now_ms();
        let heard = self.0.warm.erasures().await?;
        let all: BTreeMap<_, _> = known
            .into_iter()
            .chain(heard)
            .map(|erasure| ((erasure.user, erasure.until_ms), erasure))
            .collect();
        let all: Arc<[Erasure]> = all.into_values().collect();
        *self.known_erasures() = Some((now_ms, Arc::clone(&all)));
        Ok(all)
    }

    fn known_erasures(&self) -> MutexGuard<'_, Option<(u64, Arc<[Erasure]>)>> {
        self.0
            .erasures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl RetentionBuilder {
    /// A class of entries and how they are kept. A name that comes twice has the last policy.
    #[must_use]
    pub fn class(mut self, name: impl Into<String>, policy: Policy) -> Self {
        self.policies.push((name.into(), policy));
        self
    }

    /// Where the youngest entries are at hand. Default: nowhere; they are read from the warm tier.
    #[must_use]
    pub fn hot(mut self, hot: impl Hot + 'static) -> Self {
        self.hot = Some(Arc::new(hot));
        self
    }

    /// Where volumes lie.
    #[must_use]
    pub fn cold(mut self, blobs: impl BlobStore + 'static) -> Self {
        self.cold = Some(Arc::new(blobs));
        self
    }

    /// Where archives lie, which is another place than the volumes', and the keys that encrypt them.
    #[must_use]
    pub fn backup(mut self, blobs: impl BlobStore + 'static, keys: Keys) -> Self {
        self.backup = Some((Arc::new(blobs), Arc::new(keys)));
        self
    }

    /// The clock. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The retention. It asks no tier yet.
    ///
    /// # Errors
    ///
    /// [`Class`](RetentionErrorKind::Class): a name is none. [`Policy`](RetentionErrorKind::Policy): ages do not rise
    /// from tier to tier, or a class is to be kept in a tier that was not given.
    pub fn build(self) -> Result<Retention, RetentionError> {
        let mut policies = BTreeMap::new();
        for (name, policy) in self.policies {
            let class = Class::new(&name)?;
            policy.check(&class)?;
            for (tier, is_there) in [
                (Tier::Cold, self.cold.is_some()),
                (Tier::Backup, self.backup.is_some()),
            ] {
                if policy.has(tier) && !is_there {
                    return Err(RetentionError::new(
                        RetentionErrorKind::Policy,
                        format!(
                            "the class {class} is to be kept {tier}, and there is no such tier: give it by \
                             `RetentionBuilder::{tier}`, or leave it out by `Policy::keep`"
                        ),
                    ));
                }
            }
            policies.insert(class, policy);
        }
        Ok(Retention(Arc::new(Shared {
            policies,
            hot: self.hot,
            warm: self.warm,
            cold: self.cold.map(Library::cold),
            backup: self
                .backup
                .map(|(blobs, keys)| Library::backup(blobs, keys)),
            clock: self.clock,
            holder: SystemEntropy.u64(),
            hot_failures: AtomicU64::new(0),
            erasures: Mutex::new(None),
            last_run: Mutex::new(None),
        })))
    }
}

impl fmt::Debug for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retention")
            .field("hot", &self.0.hot)
            .field("warm", &self.0.warm)
            .field("cold", &self.0.cold)
            .field("backup", &self.0.backup)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RetentionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetentionBuilder")
            .field("hot", &self.hot)
            .field("warm", &self.warm)
            .field("cold", &self.cold)
            .field("backup", &self.backup)
            .finish_non_exhaustive()
    }
}

/// For how long a process goes by the erasures of which it heard. With a tier's deadline it is less than a wish
/// takes to [settle](super::erase::SETTLE_MS).
pub(super) const HEARD_MS: u64 = 20_000;
