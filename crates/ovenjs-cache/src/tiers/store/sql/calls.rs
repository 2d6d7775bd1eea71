//! The calls whose words are the same for all databases, while the types of their connections are not.

/// A store of the calls that the database answers in its own words, and of these. Its module says how a statement is
/// made (`query`), and how a key and a place are bound to it.
macro_rules! store {
    ($store:ty, $connection:ty) => {
        impl $store {
            /// Does it within the deadline: once more where the connection was found to have ended, and some times
            /// where others' calls broke it off.
            async fn within<T, F: Future<Output = Result<T, Failure>>>(
                &self,
                deed: impl Fn() -> F,
            ) -> Result<T, StoreError> {
                let deeds = async {
                    let (mut attempts, mut was_lost) = (1, false);
                    loop {
                        match deed().await {
                            Err(error) if error.is_lost() && !was_lost => {
                                was_lost = true;
                                self.close();
                            }
                            Err(error) if error.is_broken_off() && attempts < ATTEMPTS => {
                                attempts += 1;
                            }
                            outcome => return outcome,
                        }
                    }
                };
                match tokio::time::timeout(DEADLINE, deeds).await {
                    Ok(outcome) => outcome.map_err(|error| error.told(NAME)),
                    Err(_) => Err(StoreError::new(NAME, StoreFault::Away)),
                }
            }

            /// Makes the tables, or brings them up to date. Nobody else does so meanwhile.
            async fn bring_up(
                schema: &sql::Schema,
                connection: &mut $connection,
            ) -> Result<(), Failure> {
                let table = query(schema.table.as_str());
                table.execute(&mut *connection).await?;
                let found = query(schema.read.as_str());
                let found = found.fetch_optional(&mut *connection).await?;
                let found: i64 = found.map_or(Ok(0), |row| row.try_get(0))?;
                let newest = i64::try_from(schema.steps.len()).unwrap_or(i64::MAX);
                if found > newest {
                    return Err(StoreError::new(NAME, StoreFault::Schema).into());
                }
                if found == newest {
                    return Ok(());
                }
                let done = usize::try_from(found).unwrap_or(0);
                let steps = schema.steps.iter().skip(done).flatten();
                for step in steps.chain([&schema.forget, &schema.remember]) {
                    query(step.as_str()).execute(&mut *connection).await?;
                }
                Ok(())
            }

            fn understand<'a>(
                &self,
                key: &'a Key,
                bytes: Bytes,
                found: &mut Option<Record>,
                damaged: &mut Vec<(&'a Key, Bytes)>,
            ) {
                match Record::from_bytes(key, &bytes) {
                    Ok(record) => *found = Some(record),
                    // Of a later version's process, which knows what it is.
                    Err(crate::tiers::RecordError::Form) => {}
                    Err(_) => {
                        self.damaged.fetch_add(1, Ordering::Relaxed);
                        damaged.push((key, bytes));
                    }
                }
            }

            async fn discard(&self, damaged: Vec<(&Key, Bytes)>) -> Result<(), Failure> {
                if damaged.is_empty() {
                    return Ok(());
                }
                let mut lane = self.writer().await?;
                for (key, bytes) in &damaged {
                    let discard = bind_key(query(Arc::clone(&self.sql.discard)), key);
                    let discard = discard.bind(&bytes[..]);
                    discard.execute(&mut lane.connection).await?;
                }
                lane.keep();
                Ok(())
            }

            async fn scan_once(
                &self,
                now_ms: u64,
                span: &Span,
                after: Option<&Cursor>,
                limit: usize,
            ) -> Result<Page, Failure> {
                let limit = limit.max(1);
                let (texts, (scope, id)) = match after {
                    None => (&self.sql.first_page, (i64::MIN, &[][..])),
                    Some(after) => (&self.sql.next_page, sql::place(NAME, after)?),
                };
                let mut scan = query(texts.of(span)).bind(span.space.as_str());
                scan = bind_place(scan, scope, id).bind(time(now_ms));
                if let Some(scope) = span.scope {
                    scan = scan.bind(scope.cast_signed());
                }
                scan = scan.bind(i64::try_from(limit).unwrap_or(i64::MAX));
                let mut lane = self.reader().await?;
                let rows = scan.fetch_all(&mut lane.connection).await?;
                lane.keep();
                let mut found = Vec::with_capacity(rows.len());
                for row in rows {
                    let (scope, id): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                    let record: Vec<u8> = row.try_get(2)?;
                    // No longer id than is allowed was ever written.
                    if let Ok(key) = Key::new(&span.space, scope.cast_unsigned(), id) {
                        found.push((key, Bytes::from(record)));
                    }
                }
                let last = found.last().filter(|_| found.len() >= limit);
                let mut page = Page {
                    records: Vec::new(),
                    next: last.map(|(key, _)| sql::cursor(key)),
                };
                let mut damaged = Vec::new();
                for (key, bytes) in &found {
                    let mut record = None;
                    self.understand(key, bytes.clone(), &mut record, &mut damaged);
                    page.records
                        .extend(record.map(|record| (key.clone(), record)));
                }
                self.discard(damaged).await?;
                Ok(page)
            }

            async fn claim_once(
                &self,
                now_ms: u64,
                key: &Key,
                holder: u64,
                lifetime: Duration,
            ) -> Result<bool, Failure> {
                let mut lane = self.writer().await?;
                let claim = bind_key(query(Arc::clone(&self.sql.claim)), key)
                    .bind(holder.cast_signed())
                    .bind(time(until(now_ms, lifetime)))
                    .bind(time(now_ms));
                let claimed = claim.execute(&mut lane.connection).await?;
                let is_his = match &self.sql.holder {
                    None => claimed.rows_affected() > 0,
                    Some(whose) => {
                        let whose = bind_key(query(Arc::clone(whose)), key);
                        let whose = whose.fetch_optional(&mut lane.connection).await?;
                        let whose: Option<i64> = whose.map(|row| row.try_get(0)).transpose()?;
                        whose == Some(holder.cast_signed())
                    }
                };
                lane.keep();
                // What its last holder has left is to be found.
                self.saw(Some(key));
                Ok(is_his)
            }

            async fn release_once(&self, key: &Key, holder: u64) -> Result<(), Failure> {
                let mut lane = self.writer().await?;
                let release = bind_key(query(Arc::clone(&self.sql.release)), key);
                let release = release.bind(holder.cast_signed());
                release.execute(&mut lane.connection).await?;
                lane.keep();
                Ok(())
            }

            async fn erase_once(&self, span: &Span) -> Result<u64, Failure> {
                let mut erase = query(self.sql.erase.of(span)).bind(span.space.as_str());
                if let Some(scope) = span.scope {
                    erase = erase.bind(scope.cast_signed());
                }
                let mut lane = self.writer().await?;
                let erase = erase.bind(ERASED_AT_ONCE);
                let erased = erase.execute(&mut lane.connection).await?.rows_affected();
                lane.keep();
                self.saw(None);
                Ok(erased)
            }

            async fn sweep_once(&self, now_ms: u64, limit: i64) -> Result<u64, Failure> {
                let mut lane = self.writer().await?;
                let now = time(now_ms);
                let claims = query(Arc::clone(&self.sql.sweep_claims)).bind(now);
                claims.execute(&mut lane.connection).await?;
                let tags = query(Arc::clone(&self.sql.sweep_tags));
                let tags = tags.bind(time(now_ms.saturating_sub(sql::TAG_KEPT_MS)));
                tags.execute(&mut lane.connection).await?;
                let sweep = query(Arc::clone(&self.sql.sweep)).bind(now).bind(limit);
                let swept = sweep.execute(&mut lane.connection).await?.rows_affected();
                lane.keep();
                Ok(swept)
            }
        }

        impl Store for $store {
            fn read<'a>(&'a self, now_ms: u64, keys: &'a [Key]) -> Asked<'a, Vec<Option<Record>>> {
                Box::pin(self.within(move || self.read_once(now_ms, keys)))
            }

            fn write<'a>(
                &'a self,
                now_ms: u64,
                entries: &'a [(Key, Record)],
            ) -> Asked<'a, Vec<Written>> {
                Box::pin(self.within(move || self.write_once(now_ms, entries)))
            }

            fn generations<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
                Box::pin(self.within(move || self.generations_once(now_ms, tags)))
            }

            fn bump<'a>(&'a self, now_ms: u64, tags: &'a [Tag]) -> Asked<'a, Vec<u64>> {
                Box::pin(self.within(move || self.bump_once(now_ms, tags)))
            }

            fn claim<'a>(
                &'a self,
                now_ms: u64,
                key: &'a Key,
                holder: u64,
                lifetime: Duration,
            ) -> Asked<'a, bool> {
                Box::pin(self.within(move || self.claim_once(now_ms, key, holder, lifetime)))
            }

            fn release<'a>(&'a self, key: &'a Key, holder: u64) -> Asked<'a, ()> {
                Box::pin(self.within(move || self.release_once(key, holder)))
            }

            fn scan<'a>(
                &'a self,
                now_ms: u64,
                span: &'a Span,
                after: Option<&'a Cursor>,
                limit: usize,
            ) -> Asked<'a, Page> {
                Box::pin(self.within(move || self.scan_once(now_ms, span, after, limit)))
            }

            fn erase<'a>(&'a self, span: &'a Span) -> Asked<'a, u64> {
                Box::pin(async move {
                    let mut erased = 0;
                    loop {
                        let step = self.within(|| self.erase_once(span)).await?;
                        erased += step;
                        if step < ERASED_AT_ONCE.unsigned_abs() {
                            return Ok(erased);
                        }
                    }
                })
            }

            fn sweep<'a>(&'a self, now_ms: u64, limit: usize) -> Asked<'a, u64> {
                let limit = i64::try_from(limit).unwrap_or(i64::MAX).min(ERASED_AT_ONCE);
                Box::pin(self.within(move || self.sweep_once(now_ms, limit)))
            }

            fn damaged(&self) -> u64 {
                self.damaged.load(Ordering::Relaxed)
            }

            fn overtaken(&self, key: Option<&Key>) -> bool {
                self.saw(key)
            }
        }
    };
}

pub(in crate::tiers::store) use store;
