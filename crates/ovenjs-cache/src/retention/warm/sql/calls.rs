//! The calls whose words are the same for both databases, while the types of their connections are not.

/// A [`Warm`](super::Warm) tier in a database. The type has `reader`, `writer`, `close` and `sql`; beside it stand
/// `NAME`, `query`, `begin`, `make_partition` and `insert`, and of which type a length is there.
macro_rules! warm {
    ($warm:ty, $connection:ty, $length:ty) => {
        impl $warm {
            /// Does it within the time, and once more where the connection was found to have ended.
            async fn within<T, F: Future<Output = Result<T, Failure>>>(
                &self,
                time: Duration,
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
                match tokio::time::timeout(time, deeds).await {
                    Ok(outcome) => outcome.map_err(|error| error.told(NAME)),
                    Err(_) => Err(StoreError::new(NAME, StoreFault::Away)),
                }
            }

            /// The number of the place's partition, if there is one.
            async fn number(
                &self,
                connection: &mut $connection,
                place: &Place,
            ) -> Result<Option<i64>, Failure> {
                let number = query(self.sql.number())
                    .bind(place.class.as_str().to_owned())
                    .bind(i64::from(place.week));
                let row = number.fetch_optional(connection).await?;
                Ok(row.map(|row| row.try_get(0)).transpose()?)
            }

            /// What went wrong, if it was not that the partition was dropped meanwhile.
            async fn unless_dropped<T: Default>(
                &self,
                connection: &mut $connection,
                place: &Place,
                number: i64,
                failure: sqlx::Error,
            ) -> Result<T, Failure> {
                if self.number(connection, place).await? == Some(number) {
                    return Err(failure.into());
                }
                Ok(T::default())
            }

            async fn find_once(
                &self,
                place: &Place,
                id: EntryId,
            ) -> Result<Option<Entry>, Failure> {
                let mut lane = self.reader().await?;
                let mut found = None;
                if let Some(number) = self.number(&mut lane.connection, place).await? {
                    let find = query(self.sql.find(number)).bind(id.to_bytes().to_vec());
                    let row = match find.fetch_optional(&mut lane.connection).await {
                        Ok(row) => row,
                        Err(error) => {
                            let connection = &mut lane.connection;
                            self.unless_dropped::<Option<_>>(connection, place, number, error)
                                .await?
                        }
                    };
                    if let Some(row) = row {
                        let bytes: Vec<u8> = row.try_get(0)?;
                        found = Some(sql::entry(&id.to_bytes(), bytes).ok_or_else(odd_answer)?);
                    }
                }
                lane.keep();
                Ok(found)
            }

            async fn page_once(
                &self,
                place: &Place,
                from: EntryId,
                limit: usize,
            ) -> Result<Entries, Failure> {
                let mut lane = self.reader().await?;
                let mut entries = Vec::new();
                if let Some(number) = self.number(&mut lane.connection, place).await? {
                    let page = query(self.sql.page(number))
                        .bind(from.to_bytes().to_vec())
                        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                        .bind(i64::try_from(PAGE_BYTES_MAX).unwrap_or(i64::MAX));
                    let rows = match page.fetch_all(&mut lane.connection).await {
                        Ok(rows) => rows,
                        Err(error) => {
                            let connection = &mut lane.connection;
                            self.unless_dropped::<Vec<_>>(connection, place, number, error)
                                .await?
                        }
                    };
                    for row in rows {
                        let (id, bytes): (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                        entries.push(sql::entry(&id, bytes).ok_or_else(odd_answer)?);
                    }
                }
                lane.keep();
                Ok(Entries::cut(entries, limit))
            }

            async fn put_once(&self, place: &Place, entries: &[Entry]) -> Result<bool, Failure> {
                let mut lane = self.writer().await?;
                let mut all = begin(&mut lane.connection).await?;
                let number = self.change(&mut all, place, true).await?;
                let number = number.ok_or_else(odd_answer)?;
                // Who erases waits for the partition, and finds what was put before the wish was seen here.
                let oldest_ms = entries.iter().map(|entry| entry.id().at_ms).min();
                let wishes = self.wishes(&mut all, oldest_ms.unwrap_or(u64::MAX)).await?;
                let is_erased = |entry| wishes.iter().any(|wish: &Erasure| wish.covers(entry));
                let is_kept = !entries.iter().any(is_erased);
                if is_kept {
                    let (count, bytes) = insert(&mut all, &self.sql, number, entries).await?;
                    self.tally(&mut all, number, count, bytes).await?;
                    all.commit().await?;
                } else {
                    all.rollback().await?;
                }
                lane.keep();
                Ok(is_kept)
            }

            /// Takes the partition for a change, and makes it where it is asked for and there is none.
            async fn change(
                &self,
                connection: &mut $connection,
                place: &Place,
                makes: bool,
            ) -> Result<Option<i64>, Failure> {
                for _ in 0..ROUNDS {
                    let change = query(self.sql.change())
                        .bind(place.class.as_str().to_owned())
                        .bind(i64::from(place.week));
                    if let Some(row) = change.fetch_optional(&mut *connection).await? {
                        return Ok(Some(row.try_get(0)?));
                    }
                    if !makes {
                        return Ok(None);
                    }
                    let begin = query(self.sql.begin_place())
                        .bind(place.class.as_str().to_owned())
                        .bind(i64::from(place.week));
                    // Where another one was faster, it is there now.
                    if let Some(row) = begin.fetch_optional(&mut *connection).await? {
                        let number = row.try_get(0)?;
                        make_partition(&mut *connection, &self.sql, number).await?;
                        return Ok(Some(number));
                    }
                }
                Err(StoreError::new(NAME, StoreFault::Away)
                    .with_source("others make and drop the partition as fast as it is asked for")
                    .into())
            }

            async fn tally(
                &self,
                connection: &mut $connection,
                number: i64,
                entries: i64,
                bytes: i64,
            ) -> Result<(), Failure> {
                let tally = query(self.sql.tally()).bind(number).bind(entries).bind(bytes);
                tally.execute(connection).await?;
                Ok(())
            }

            async fn places_once(&self) -> Result<Vec<Partition>, Failure> {
                let mut lane = self.reader().await?;
                let mut found = Vec::new();
                for row in query(self.sql.places()).fetch_all(&mut lane.connection).await? {
                    let class: String = row.try_get(0)?;
                    let (week, entries): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
                    let place = Place {
                        class: Class::new(&class).map_err(|_| odd_answer())?,
                        week: u32::try_from(week).map_err(|_| odd_answer())?,
                    };
                    found.push(Partition {
                        place,
                        entries: entries.cast_unsigned(),
                        bytes: row.try_get::<i64, _>(3)?.cast_unsigned(),
                        stamp: Stamp {
                            number: row.try_get(4)?,
                            changes: row.try_get(5)?,
                        },
                    });
                }
                lane.keep();
                Ok(found)
            }

            async fn drop_once(&self, place: &Place, stamp: Stamp) -> Result<bool, Failure> {
                let mut lane = self.writer().await?;
                let mut all = begin(&mut lane.connection).await?;
                let end = query(self.sql.end_place())
                    .bind(place.class.as_str().to_owned())
                    .bind(i64::from(place.week))
                    .bind(stamp.number)
                    .bind(stamp.changes);
                let is_same = end.execute(&mut *all).await?.rows_affected() > 0;
                if is_same {
                    query(self.sql.drop_partition(stamp.number))
                        .execute(&mut *all)
                        .await?;
                }
                all.commit().await?;
                lane.keep();
                Ok(is_same)
            }

            /// Some entries of the partition that the erasure covers, with how many bytes they have, and from where to
            /// go on.
            async fn about(
                &self,
                connection: &mut $connection,
                number: i64,
                erasure: &Erasure,
                from: EntryId,
            ) -> Result<(Vec<(EntryId, i64)>, Option<EntryId>), Failure> {
                let about = query(self.sql.about(number))
                    .bind(erasure.user.get().to_be_bytes().to_vec())
                    .bind(from.to_bytes().to_vec())
                    .bind(i64::try_from(ABOUT).unwrap_or(i64::MAX));
                let rows = about.fetch_all(connection).await?;
                let is_last = rows.len() < ABOUT;
                let (mut found, mut last) = (Vec::new(), None);
                for row in rows {
                    let (id, subjects): (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
                    let id = sql::id(&id).ok_or_else(odd_answer)?;
                    if erasure.reaches(id) && sql::has_subject(&subjects, erasure.user) {
                        found.push((id, row.try_get::<$length, _>(2)?.into()));
                    }
                    last = Some(id);
                }
                let next = last.filter(|_| !is_last).and_then(EntryId::next);
                Ok((found, next))
            }

            async fn erase_once(&self, place: &Place, erasure: &Erasure) -> Result<u64, Failure> {
                let mut lane = self.writer().await?;
                let mut all = begin(&mut lane.connection).await?;
                let (mut erased, mut size) = (0, 0);
                if let Some(number) = self.change(&mut all, place, false).await? {
                    let mut from = Some(EntryId::default());
                    while let Some(begin) = from {
                        let (entries, next) = self.about(&mut all, number, erasure, begin).await?;
                        for (id, bytes) in &entries {
                            let delete =
                                query(self.sql.delete(number)).bind(id.to_bytes().to_vec());
                            delete.execute(&mut *all).await?;
                            erased += 1;
                            size += bytes;
                        }
                        from = next;
                    }
                    self.tally(&mut all, number, -erased, -size).await?;
                }
                all.commit().await?;
                lane.keep();
                Ok(erased.unsigned_abs())
            }

            async fn covered_once(&self, place: &Place, erasure: &Erasure) -> Result<u64, Failure> {
                let mut lane = self.reader().await?;
                let mut covered = 0;
                if let Some(number) = self.number(&mut lane.connection, place).await? {
                    let mut from = Some(EntryId::default());
                    while let Some(begin) = from {
                        let some = self.about(&mut lane.connection, number, erasure, begin).await;
                        let (entries, next) = some?;
                        covered += u64::try_from(entries.len()).unwrap_or(u64::MAX);
                        from = next;
                    }
                }
                lane.keep();
                Ok(covered)
            }

            async fn remember_once(&self, erasure: &Erasure) -> Result<(), Failure> {
                let mut lane = self.writer().await?;
                let remember = query(self.sql.remember())
                    .bind(erasure.user.get().cast_signed())
                    .bind(time(erasure.until_ms))
                    .bind(i64::from(erasure.is_confirmed));
                remember.execute(&mut lane.connection).await?;
                lane.keep();
                Ok(())
            }

            async fn erasures_once(&self) -> Result<Vec<Erasure>, Failure> {
                let mut lane = self.reader().await?;
                let found = self.wishes(&mut lane.connection, 0).await?;
                lane.keep();
                Ok(found)
            }

            /// The erasures that reach an entry of this time.
            async fn wishes(
                &self,
                connection: &mut $connection,
                at_ms: u64,
            ) -> Result<Vec<Erasure>, Failure> {
                let mut found = Vec::new();
                let erasures = query(self.sql.erasures()).bind(time(at_ms));
                for row in erasures.fetch_all(connection).await? {
                    let user: i64 = row.try_get(0)?;
                    found.push(Erasure {
                        user: Id::new_checked(user.cast_unsigned()).ok_or_else(odd_answer)?,
                        until_ms: row.try_get::<i64, _>(1)?.cast_unsigned(),
                        is_confirmed: row.try_get::<i64, _>(2)? != 0,
                    });
                }
                Ok(found)
            }

            async fn forget_once(&self, user: Id<UserMarker>, until_ms: u64) -> Result<(), Failure> {
                let mut lane = self.writer().await?;
                let forget = query(self.sql.forget())
                    .bind(user.get().cast_signed())
                    .bind(time(until_ms));
                forget.execute(&mut lane.connection).await?;
                lane.keep();
                Ok(())
            }

            async fn claim_once(
                &self,
                now_ms: u64,
                holder: u64,
                until_ms: u64,
            ) -> Result<bool, Failure> {
                let mut lane = self.writer().await?;
                let claim = query(self.sql.claim())
                    .bind(holder.cast_signed())
                    .bind(time(until_ms))
                    .bind(time(now_ms));
                let is_his = claim.execute(&mut lane.connection).await?.rows_affected() > 0;
                lane.keep();
                Ok(is_his)
            }

            /// Makes the tables that are there before any partition, while no other process does.
            async fn tables(
                sql: &Sql,
                connection: &mut $connection,
                tables: Vec<String>,
            ) -> Result<(), Failure> {
                for table in tables {
                    query(table).execute(&mut *connection).await?;
                }
                let newest = query(sql.newest_schema());
                let newest: i64 = newest.fetch_one(connection).await?.try_get(0)?;
                if newest > sql::SCHEMA {
                    return Err(StoreError::new(NAME, StoreFault::Schema).into());
                }
                Ok(())
            }
        }

        impl Warm for $warm {
            fn put<'a>(&'a self, place: &'a Place, entries: &'a [Entry]) -> Asked<'a, bool> {
                Box::pin(self.within(DEADLINE, move || self.put_once(place, entries)))
            }

            fn find<'a>(&'a self, place: &'a Place, id: EntryId) -> Asked<'a, Option<Entry>> {
                Box::pin(self.within(DEADLINE, move || self.find_once(place, id)))
            }

            fn page<'a>(
                &'a self,
                place: &'a Place,
                from: EntryId,
                limit: usize,
            ) -> Asked<'a, Entries> {
                Box::pin(self.within(DEADLINE, move || self.page_once(place, from, limit)))
            }

            fn places(&self) -> Asked<'_, Vec<Partition>> {
                Box::pin(self.within(DEADLINE, move || self.places_once()))
            }

            fn drop_place<'a>(&'a self, place: &'a Place, stamp: Stamp) -> Asked<'a, bool> {
                Box::pin(self.within(LONG, move || self.drop_once(place, stamp)))
            }

            fn erase<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64> {
                Box::pin(self.within(LONG, move || self.erase_once(place, erasure)))
            }

            fn covered<'a>(&'a self, place: &'a Place, erasure: &'a Erasure) -> Asked<'a, u64> {
                Box::pin(self.within(LONG, move || self.covered_once(place, erasure)))
            }

            fn remember<'a>(&'a self, erasure: &'a Erasure) -> Asked<'a, ()> {
                Box::pin(self.within(DEADLINE, move || self.remember_once(erasure)))
            }

            fn erasures(&self) -> Asked<'_, Vec<Erasure>> {
                Box::pin(self.within(DEADLINE, move || self.erasures_once()))
            }

            fn forget<'a>(&'a self, user: Id<UserMarker>, until_ms: u64) -> Asked<'a, ()> {
                Box::pin(self.within(DEADLINE, move || self.forget_once(user, until_ms)))
            }

            fn claim(&self, now_ms: u64, holder: u64, until_ms: u64) -> Asked<'_, bool> {
                Box::pin(self.within(DEADLINE, move || self.claim_once(now_ms, holder, until_ms)))
            }
        }

        fn odd_answer() -> Failure {
            StoreError::new(NAME, StoreFault::Refused)
                .with_source("its tables are not what they should be: give the bot a name or database of its own")
                .into()
        }

        /// How long looking through a partition, or waiting until nobody reads it, may take.
        const LONG: Duration = Duration::from_secs(60);

        /// How often a partition is asked for that another one makes or drops at that moment.
        const ROUNDS: usize = 4;

        /// How many entries about a user are looked at by one statement.
        const ABOUT: usize = 1_000;
    };
}

pub(in crate::retention::warm) use warm;
