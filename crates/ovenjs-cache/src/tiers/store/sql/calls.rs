//! The calls whose words are the same for both databases, while the types of their connections are not.

/// The parts of the calls that both databases answer in the same words, for a connection of the one or the other.
macro_rules! calls {
    ($connection:ty) => {
        async fn schema_in(
            connection: &mut $connection,
            store: &'static str,
            sql: &Sql,
        ) -> Result<(), Failure> {
            query(sql.schema_table()).execute(&mut *connection).await?;
            let row = query(sql.schema_read())
                .fetch_optional(&mut *connection)
                .await?;
            let found: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
            let steps = sql.steps();
            let newest = i64::try_from(steps.len()).unwrap_or(i64::MAX);
            if found > newest {
                return Err(StoreError::new(store, StoreFault::Schema).into());
            }
            if found == newest {
                return Ok(());
            }
            for step in steps
                .into_iter()
                .skip(usize::try_from(found).unwrap_or(0))
                .flatten()
            {
                query(step).execute(&mut *connection).await?;
            }
            let [forget, remember] = sql.schema_write();
            query(forget).execute(&mut *connection).await?;
            query(remember)
                .bind(newest)
                .execute(&mut *connection)
                .await?;
            Ok(())
        }

        async fn discard_in(
            connection: &mut $connection,
            sql: &Sql,
            damaged: &[(&Key, Bytes)],
        ) -> Result<(), Failure> {
            for (key, bytes) in damaged {
                let found = bind_key(query(Arc::clone(&sql.discard)), key).bind(&bytes[..]);
                found.execute(&mut *connection).await?;
            }
            Ok(())
        }

        async fn claim_in(
            connection: &mut $connection,
            sql: &Sql,
            now_ms: u64,
            key: &Key,
            holder: u64,
            lifetime: Duration,
        ) -> Result<bool, Failure> {
            let claim = bind_key(query(Arc::clone(&sql.claim)), key)
                .bind(holder.cast_signed())
                .bind(time(until(now_ms, lifetime)))
                .bind(time(now_ms));
            Ok(claim.execute(connection).await?.rows_affected() > 0)
        }

        async fn release_in(
            connection: &mut $connection,
            sql: &Sql,
            key: &Key,
            holder: u64,
        ) -> Result<(), Failure> {
            let release = bind_key(query(Arc::clone(&sql.release)), key).bind(holder.cast_signed());
            release.execute(connection).await?;
            Ok(())
        }

        async fn page_in(
            connection: &mut $connection,
            sql: &Sql,
            now_ms: u64,
            span: &Span,
            after: Option<&Cursor>,
            limit: i64,
        ) -> Result<Vec<(Key, Bytes)>, Failure> {
            let (scope, id) = match after {
                None => (i64::MIN, &[][..]),
                Some(after) => sql::place(NAME, after)?,
            };
            let text = sql.page(after.is_none(), span.scope.is_some());
            let mut page = query(text)
                .bind(span.space.as_str())
                .bind(scope)
                .bind(id)
                .bind(time(now_ms))
                .bind(limit);
            if let Some(scope) = span.scope {
                page = page.bind(scope.cast_signed());
            }
            let mut found = Vec::new();
            for row in page.fetch_all(connection).await? {
                let (scope, id): (i64, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                let record: Vec<u8> = row.try_get(2)?;
                // No longer id than is allowed was ever written.
                if let Ok(key) = Key::new(&span.space, scope.cast_unsigned(), id) {
                    found.push((key, record.into()));
                }
            }
            Ok(found)
        }

        async fn erase_in(
            connection: &mut $connection,
            sql: &Sql,
            span: &Span,
        ) -> Result<u64, Failure> {
            let mut erase = query(sql.erase(span.scope.is_some()))
                .bind(span.space.as_str())
                .bind(ERASED_AT_ONCE);
            if let Some(scope) = span.scope {
                erase = erase.bind(scope.cast_signed());
            }
            Ok(erase.execute(connection).await?.rows_affected())
        }

        async fn sweep_in(
            connection: &mut $connection,
            sql: &Sql,
            now_ms: u64,
            limit: i64,
        ) -> Result<u64, Failure> {
            let now = time(now_ms);
            query(Arc::clone(&sql.sweep_claims))
                .bind(now)
                .execute(&mut *connection)
                .await?;
            let sweep = query(Arc::clone(&sql.sweep)).bind(now).bind(limit);
            Ok(sweep.execute(connection).await?.rows_affected())
        }
    };
}

/// A store of the calls that the database answers in its own words and of those in [`calls`].
macro_rules! store {
    ($store:ty) => {
        impl $store {
            /// Does it within the deadline, and once more where the connection was found to have ended.
            async fn within<T, F: Future<Output = Result<T, Failure>>>(
                &self,
                deed: impl Fn() -> F,
            ) -> Result<T, StoreError> {
                let deeds = async {
                    match deed().await {
                        Err(error) if error.is_lost() => {
                            self.close();
                            deed().await
                        }
                        outcome => outcome,
                    }
                };
                match tokio::time::timeout(DEADLINE, deeds).await {
                    Ok(outcome) => outcome.map_err(|error| error.told(NAME)),
                    Err(_) => Err(StoreError::new(NAME, StoreFault::Away)),
                }
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
                discard_in(&mut lane.connection, &self.sql, &damaged).await?;
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
                let mut lane = self.reader().await?;
                let limit = limit.max(1);
                let count = i64::try_from(limit).unwrap_or(i64::MAX);
                let rows =
                    page_in(&mut lane.connection, &self.sql, now_ms, span, after, count).await?;
                lane.keep();
                let last = rows.last().filter(|_| rows.len() >= limit);
                let mut page = Page {
                    records: Vec::new(),
                    next: last.map(|(key, _)| sql::cursor(key)),
                };
                let mut damaged = Vec::new();
                for (key, bytes) in &rows {
                    let mut found = None;
                    self.understand(key, bytes.clone(), &mut found, &mut damaged);
                    page.records
                        .extend(found.map(|record| (key.clone(), record)));
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
                let connection = &mut lane.connection;
                let is_his = claim_in(connection, &self.sql, now_ms, key, holder, lifetime).await?;
                lane.keep();
                Ok(is_his)
            }

            async fn release_once(&self, key: &Key, holder: u64) -> Result<(), Failure> {
                let mut lane = self.writer().await?;
                release_in(&mut lane.connection, &self.sql, key, holder).await?;
                lane.keep();
                Ok(())
            }

            async fn erase_once(&self, span: &Span) -> Result<u64, Failure> {
                let mut lane = self.writer().await?;
                let erased = erase_in(&mut lane.connection, &self.sql, span).await?;
                lane.keep();
                Ok(erased)
            }

            async fn sweep_once(&self, now_ms: u64, limit: i64) -> Result<u64, Failure> {
                let mut lane = self.writer().await?;
                let swept = sweep_in(&mut lane.connection, &self.sql, now_ms, limit).await?;
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
        }
    };
}

pub(in crate::tiers::store) use {calls, store};
