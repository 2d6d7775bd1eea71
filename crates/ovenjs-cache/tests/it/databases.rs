//! What only databases do: tables of other versions, damage, connections that end.

#[cfg(feature = "sqlite")]
mod sqlite {
    use ovenjs_cache::tiers::{SqliteStore, Store, StoreFault, Written};
    use sqlx::{
        AssertSqlSafe, ConnectOptions as _, Row as _, SqliteConnection,
        sqlite::SqliteConnectOptions,
    };
    use std::{path::Path, time::Duration};

    use crate::rooms::{NOW, get, key, put, value};

    #[tokio::test]
    async fn a_file_of_an_older_version_keeps_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let mut by_hand = open(&path).await;
        for statement in FIRST {
            run(&mut by_hand, statement).await;
        }
        let bytes = value(5, "rye").to_bytes(&key("rye")).unwrap();
        let put_in =
            sqlx::query("INSERT INTO oven_records VALUES ('bread.1', 7, $1, 1, $2, $3, $4)");
        let order = [1_u64.to_be_bytes(), 5_u64.to_be_bytes()].concat();
        let put_in = put_in
            .bind(&b"rye"[..])
            .bind(order)
            .bind(i64::MAX)
            .bind(&bytes[..]);
        put_in.execute(&mut by_hand).await.unwrap();

        let store = SqliteStore::new(&path);
        assert_eq!(get(&store, &key("rye")).await, Some(value(5, "rye")));
        assert_eq!(
            put(&store, &key("rye"), value(4, "old")).await,
            Written::Older(value(5, "").version)
        );
        // What the first version had no table for.
        assert!(
            store
                .claim(NOW, &key("rye"), 1, Duration::from_secs(1))
                .await
                .unwrap()
        );
        let version = sqlx::query("SELECT version FROM oven_schema")
            .fetch_all(&mut by_hand)
            .await
            .unwrap();
        assert_eq!(
            version
                .iter()
                .map(|row| row.get::<i64, _>(0))
                .collect::<Vec<_>>(),
            [2]
        );
    }

    #[tokio::test]
    async fn a_file_of_a_later_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        put(&SqliteStore::new(&path), &key("rye"), value(1, "rye")).await;
        let mut by_hand = open(&path).await;
        run(&mut by_hand, "UPDATE oven_schema SET version = 3").await;
        let error = SqliteStore::new(&path)
            .read(NOW, &[key("rye")])
            .await
            .unwrap_err();
        assert_eq!(error.fault(), StoreFault::Schema);
        assert!(error.to_string().contains("later version"), "{error}");
    }

    #[tokio::test]
    async fn damage_is_as_if_nothing_were_there_and_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let store = SqliteStore::new(&path);
        for id in ["rye", "spelt"] {
            put(&store, &key(id), value(5, "x")).await;
        }
        let mut by_hand = open(&path).await;
        run(
            &mut by_hand,
            "UPDATE oven_records SET record = x'0102' WHERE id = x'727965'",
        )
        .await;
        assert_eq!(get(&store, &key("rye")).await, None);
        assert_eq!(store.damaged(), 1);
        assert_eq!(
            put(&store, &key("rye"), value(1, "next")).await,
            Written::Kept
        );
        assert_eq!(get(&store, &key("spelt")).await, Some(value(5, "x")));
    }

    #[tokio::test]
    async fn what_is_no_database_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bread.txt");
        std::fs::write(&path, "rye, spelt and wheat: ".repeat(100)).unwrap();
        for path in [path, folder.path().join("nowhere").join("cache.db")] {
            let error = SqliteStore::new(&path)
                .read(NOW, &[key("rye")])
                .await
                .unwrap_err();
            assert_eq!(error.fault(), StoreFault::Refused, "{error:?}");
        }
    }

    async fn open(path: &Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true);
        options.connect().await.unwrap()
    }

    async fn run(connection: &mut SqliteConnection, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        sqlx::query(statement).execute(connection).await.unwrap();
    }

    /// The tables as the first version made them.
    const FIRST: [&str; 5] = [
        "CREATE TABLE oven_schema (version BIGINT NOT NULL)",
        "INSERT INTO oven_schema VALUES (1)",
        "CREATE TABLE oven_records (space TEXT NOT NULL, scope BIGINT NOT NULL, id BLOB NOT NULL, \
         source BIGINT NOT NULL, version BLOB NOT NULL, hard BIGINT NOT NULL, record BLOB NOT NULL, \
         PRIMARY KEY (space, scope, id))",
        "CREATE INDEX oven_records_over ON oven_records (hard)",
        "CREATE TABLE oven_tags (tag TEXT PRIMARY KEY, generation BIGINT NOT NULL)",
    ];
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::str::FromStr as _;

    use ovenjs_cache::tiers::{PostgresStore, Store, StoreFault, Written};
    use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
    use tokio::task::JoinSet;

    use crate::rooms::{NOW, address, fresh, get, key, put, value};

    #[tokio::test]
    async fn needs_postgres_processes_that_begin_at_once_make_the_tables_once() {
        let (address, name) = (address(URL), fresh());
        let mut processes = JoinSet::new();
        for number in 0..4 {
            let store = PostgresStore::new(&address, &name).unwrap();
            processes.spawn(async move {
                put(&store, &key(&number.to_string()), value(1, "rye")).await
            });
        }
        assert_eq!(processes.join_all().await, [Written::Kept; 4]);
        let mut by_hand = open(&address).await;
        run(
            &mut by_hand,
            &format!("UPDATE oven_{name}_schema SET version = 3"),
        )
        .await;
        let later = PostgresStore::new(&address, &name).unwrap();
        let error = later.read(NOW, &[key("0")]).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::Schema);
    }

    #[tokio::test]
    async fn needs_postgres_damage_is_as_if_nothing_were_there_and_keeps_nobody_out() {
        let (address, name) = (address(URL), fresh());
        let store = PostgresStore::new(&address, &name).unwrap();
        for id in ["rye", "spelt"] {
            put(&store, &key(id), value(5, "x")).await;
        }
        let mut by_hand = open(&address).await;
        let spoil = format!("UPDATE oven_{name}_records SET record = '\\x0102' WHERE id = 'rye'");
        run(&mut by_hand, &spoil).await;
        assert_eq!(get(&store, &key("rye")).await, None);
        assert_eq!(store.damaged(), 1);
        assert_eq!(
            put(&store, &key("rye"), value(1, "next")).await,
            Written::Kept
        );
        assert_eq!(get(&store, &key("spelt")).await, Some(value(5, "x")));
    }

    #[tokio::test]
    async fn needs_postgres_connections_that_the_server_ended_are_made_anew() {
        let (address, name) = (address(URL), fresh());
        let store = PostgresStore::new(&address, &name).unwrap();
        put(&store, &key("rye"), value(1, "rye")).await;
        let mut by_hand = open(&address).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()";
        let ended = sqlx::query(end)
            .bind(format!("oven_{name}_"))
            .execute(&mut by_hand)
            .await
            .unwrap();
        assert!(ended.rows_affected() > 0);
        assert_eq!(get(&store, &key("rye")).await, Some(value(1, "rye")));
    }

    #[tokio::test]
    async fn an_address_that_is_none_and_one_where_nothing_listens_are_told_without_the_password() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let address = format!("postgres://ann:sourdough@127.0.0.1:{port}/bots");
        let store = PostgresStore::new(&address, "bot").unwrap();
        let error = store.read(NOW, &[key("rye")]).await.unwrap_err();
        assert!(error.is_away(), "{error:?}");
        let said = format!("{error} {error:?} {store:?}");
        assert!(!said.contains("sourdough"), "{said}");

        for (address, name) in [
            ("postgres://ann:sourdough@[x/bots", "bot"),
            (
                "postgres://ann:sourdough@127.0.0.1/bots",
                "Bot; DROP TABLE users",
            ),
            ("postgres://ann:sourdough@127.0.0.1/bots", ""),
        ] {
            let error = PostgresStore::new(address, name).unwrap_err();
            assert_eq!(error.fault(), StoreFault::Refused);
            assert!(!format!("{error} {error:?}").contains("sourdough"));
        }
    }

    async fn open(address: &str) -> PgConnection {
        PgConnectOptions::from_str(address)
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    async fn run(connection: &mut PgConnection, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        sqlx::query(statement).execute(connection).await.unwrap();
    }

    const URL: &str = "OVENJS_TEST_POSTGRES_URL";
}
