//! What is kept where, and what is not as the policies say.

use std::sync::atomic::Ordering;

use super::{
    Class, Moved, Retention, RetentionError, Tier, Violation,
    plan::{Held, PATIENCE_MS, review},
};

/// What the tiers hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// A line for each class and tier that has something, by class, the fastest tier first.
    pub lines: Vec<Line>,
    /// Where the policies are not kept.
    pub violations: Vec<Violation>,
    /// The classes that keep what people wrote, and why.
    pub message_content: Vec<(Class, String)>,
    /// How many erasures have not been confirmed yet.
    pub erasures_pending: usize,
    /// How often the hot tier did not answer since the process began.
    pub hot_failures: u64,
    /// What the last run of the mover in this process did.
    pub last_run: Option<Moved>,
}

/// What one tier holds of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The class.
    pub class: Class,
    /// The tier.
    pub tier: Tier,
    /// How many entries.
    pub entries: u64,
    /// How many bytes they take there.
    pub bytes: u64,
    /// The oldest happened no earlier than then.
    pub oldest_ms: u64,
}

impl Retention {
    /// What is kept where, and what is not as the policies say. It lists, and reads no entry.
    ///
    /// # Errors
    ///
    /// A tier did not say what it holds; for the hot one it is only counted.
    pub async fn report(&self) -> Result<Report, RetentionError> {
        let inventory = self.inventory().await?;
        let now_ms = self.now_ms();
        let mut report = Report {
            violations: review(now_ms, &self.0.policies, &inventory),
            last_run: self.last_run(),
            ..Report::default()
        };
        for (class, policy) in &self.0.policies {
            let reason = policy.message_content.clone();
            report
                .message_content
                .extend(reason.map(|reason| (class.clone(), reason)));
            if let Some(hot) = &self.0.hot {
                match hot.held(class).await {
                    Ok(held) => report.lines.extend(held.oldest_ms.map(|oldest_ms| Line {
                        class: class.clone(),
                        tier: Tier::Hot,
                        entries: held.entries,
                        bytes: held.bytes,
                        oldest_ms,
                    })),
                    Err(_) => {
                        self.0.hot_failures.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            for (tier, held) in [
                (Tier::Warm, &inventory.warm),
                (Tier::Cold, &inventory.cold),
                (Tier::Backup, &inventory.backup),
            ] {
                report.lines.extend(line(class, tier, held));
            }
        }
        let pending = self.load_erasures().await?;
        let pending = pending.iter().filter(|erasure| !erasure.is_confirmed);
        report.erasures_pending = pending.clone().count();
        let late = pending
            .filter(|erasure| erasure.until_ms.saturating_add(PATIENCE_MS) <= now_ms)
            .count();
        if late > 0 {
            report
                .violations
                .push(Violation::ErasurePending { users: late });
        }
        report.hot_failures = self.0.hot_failures.load(Ordering::Relaxed);
        Ok(report)
    }
}

fn line(class: &Class, tier: Tier, held: &[Held]) -> Option<Line> {
    let of_class = || held.iter().filter(|held| held.place.class == *class);
    let oldest_ms = of_class().map(|held| held.place.begins_ms()).min()?;
    Some(Line {
        class: class.clone(),
        tier,
        entries: of_class().map(|held| held.entries).sum(),
        bytes: of_class().map(|held| held.bytes).sum(),
        oldest_ms,
    })
}
