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

#[cfg(feature = "mysql")]
mod mysql {
    use std::str::FromStr as _;

    use ovenjs_cache::tiers::{
        Body, Key, MySqlStore, Record, Span, Store, StoreFault, Tag, Version, Written,
    };
    use ovenjs_types::Fault as _;
    use sqlx::{
        AssertSqlSafe, ConnectOptions as _, Executor as _, MySqlConnection, Row as _,
        mysql::MySqlConnectOptions,
    };
    use tokio::task::JoinSet;

    use crate::rooms::{NOW, address, fresh, get, key, put, record, space, value};

    #[tokio::test]
    async fn needs_mysql_processes_that_begin_at_once_make_the_tables_once() {
        let (address, name) = (address(URL), fresh());
        let mut processes = JoinSet::new();
        for number in 0..4 {
            let store = MySqlStore::new(&address, &name).unwrap();
            processes.spawn(async move {
                put(&store, &key(&number.to_string()), value(1, "rye")).await
            });
        }
        assert_eq!(processes.join_all().await, [Written::Kept; 4]);
        let mut by_hand = open(&address).await;
        let versions = format!("SELECT version FROM oven_{name}_schema");
        let versions = sqlx::query(AssertSqlSafe(versions));
        let versions = versions.fetch_all(&mut by_hand).await.unwrap();
        let versions: Vec<i64> = versions.iter().map(|row| row.get(0)).collect();
        assert_eq!(versions, [1]);
        let spoil = format!("UPDATE oven_{name}_schema SET version = 2");
        run(&mut by_hand, &spoil).await;
        let later = MySqlStore::new(&address, &name).unwrap();
        let error = later.read(NOW, &[key("0")]).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::Schema);
    }

    #[tokio::test]
    async fn needs_mysql_tables_of_which_one_was_made_are_made_whole() {
        // The process died between two of them: a MySQL does not take back what it made.
        let (address, name) = (address(URL), fresh());
        put(
            &MySqlStore::new(&address, &name).unwrap(),
            &key("rye"),
            value(1, "rye"),
        )
        .await;
        let mut by_hand = open(&address).await;
        for statement in [
            format!("DELETE FROM oven_{name}_schema"),
            format!("DROP TABLE oven_{name}_tags, oven_{name}_claims"),
        ] {
            run(&mut by_hand, &statement).await;
        }
        let store = MySqlStore::new(&address, &name).unwrap();
        assert_eq!(get(&store, &key("rye")).await, Some(value(1, "rye")));
        let tags = [Tag::new("guild").unwrap()];
        assert_eq!(store.bump(NOW, &tags).await.unwrap(), [NOW]);
    }

    #[tokio::test]
    async fn needs_mysql_damage_is_as_if_nothing_were_there_and_keeps_nobody_out() {
        let (address, name) = (address(URL), fresh());
        let store = MySqlStore::new(&address, &name).unwrap();
        for id in ["rye", "spelt"] {
            put(&store, &key(id), value(5, "x")).await;
        }
        let mut by_hand = open(&address).await;
        let spoil = format!("UPDATE oven_{name}_records SET record = x'0102' WHERE id = 'rye'");
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
    async fn needs_mysql_connections_that_the_server_ended_are_made_anew() {
        let (address, name) = (address(URL), fresh());
        let mut by_hand = open(&address).await;
        // A user of its own, since a connection that is asleep tells nothing else of whose it is.
        run(&mut by_hand, &format!("CREATE USER '{name}'@'%'")).await;
        run(&mut by_hand, &format!("GRANT ALL ON *.* TO '{name}'@'%'")).await;
        let (_, place) = address.split_once('@').unwrap();
        let store = MySqlStore::new(&format!("mysql://{name}@{place}"), &name).unwrap();
        put(&store, &key("rye"), value(1, "rye")).await;
        let theirs = "SELECT CAST(ID AS SIGNED) FROM information_schema.PROCESSLIST WHERE USER = ?";
        let theirs = sqlx::query(theirs).bind(&name);
        let theirs = theirs.fetch_all(&mut by_hand).await.unwrap();
        assert!(!theirs.is_empty());
        for connection in theirs {
            let connection: i64 = connection.get(0);
            run(&mut by_hand, &format!("KILL {connection}")).await;
        }
        assert_eq!(get(&store, &key("rye")).await, Some(value(1, "rye")));
        run(&mut by_hand, &format!("DROP USER '{name}'@'%'")).await;
    }

    #[tokio::test]
    async fn needs_mysql_batches_over_the_same_keys_in_any_order_do_not_stop_one_another() {
        let (address, name) = (address(URL), fresh());
        let mut writers = JoinSet::new();
        for writer in 0..4_u64 {
            let store = MySqlStore::new(&address, &name).unwrap();
            writers.spawn(async move {
                let tags: Vec<_> = (0..60)
                    .map(|tag| Tag::new(&format!("tag {tag}")).unwrap())
                    .collect();
                for round in 0..12_u64 {
                    let mut entries: Vec<_> = (0..120)
                        .map(|number| {
                            (
                                key(&format!("loaf {number}")),
                                value(round * 4 + writer, "rye"),
                            )
                        })
                        .collect();
                    let mut tags = tags.clone();
                    if writer % 2 == 0 {
                        entries.reverse();
                        tags.reverse();
                    }
                    store.write(NOW, &entries).await.unwrap();
                    store.bump(NOW, &tags).await.unwrap();
                    if round % 4 == writer {
                        let span = Span {
                            space: space(),
                            scope: Some(7),
                        };
                        store.erase(&span).await.unwrap();
                    }
                }
            });
        }
        writers.join_all().await;
        let store = MySqlStore::new(&address, &name).unwrap();
        let tags = [Tag::new("tag 7").unwrap()];
        // The first one begins with the time.
        assert_eq!(store.generations(NOW, &tags).await.unwrap(), [NOW + 47]);
    }

    #[tokio::test]
    async fn needs_mysql_a_page_is_found_without_looking_at_the_others() {
        let (address, name) = (address(URL), fresh());
        let store = MySqlStore::new(&address, &name).unwrap();
        let entries: Vec<_> = (0..4_000_u64)
            .map(|number| {
                let key = Key::new(&space(), number % 4, number.to_be_bytes()).unwrap();
                (key, record(Version::loaded(NOW), Body::Value("rye".into())))
            })
            .collect();
        store.write(NOW, &entries).await.unwrap();
        let mut by_hand = open(&address).await;
        run(&mut by_hand, &format!("ANALYZE TABLE oven_{name}_records")).await;
        let several = vec!["(space = 'bread.1' AND scope = 1 AND id = x'0000000000000001')"; 300];
        for (condition, most) in [
            (
                "scope > 2 OR (scope = 2 AND id > x'0000000000000f00')",
                1_600,
            ),
            (&*several.join(" OR "), 300),
        ] {
            let plan = format!(
                "EXPLAIN SELECT scope, id FROM oven_{name}_records \
                 WHERE space = 'bread.1' AND ({condition}) ORDER BY scope, id LIMIT 10"
            );
            let plan = sqlx::query(AssertSqlSafe(plan))
                .fetch_one(&mut by_hand)
                .await
                .unwrap();
            let rows: String = plan.try_get_unchecked("rows").unwrap();
            assert!(rows.parse::<u64>().unwrap() <= most, "{condition}: {rows}");
        }
    }

    #[tokio::test]
    async fn needs_mysql_a_record_longer_than_a_packet_is_refused_and_the_rest_goes_on() {
        let (address, name) = (address(URL), fresh());
        let store = MySqlStore::new(&address, &name).unwrap();
        let large: Record = record(Version::loaded(NOW), Body::Value(vec![7; 20 << 20].into()));
        let entries = [(key("large"), large)];
        // A MariaDB, and a MySQL that allows as little, say why and hang up.
        let error = store.write(NOW, &entries).await.unwrap_err();
        assert!(
            matches!(error.fault(), StoreFault::TooLarge | StoreFault::Away),
            "{error:?}"
        );
        assert_eq!(
            put(&store, &key("rye"), value(1, "rye")).await,
            Written::Kept
        );
    }

    #[tokio::test]
    async fn needs_mysql_a_password_that_is_wrong_is_told_as_such() {
        let (address, name) = (address(URL), fresh());
        let mut by_hand = open(&address).await;
        run(
            &mut by_hand,
            &format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'sourdough'"),
        )
        .await;
        let (_, place) = address.split_once('@').unwrap();
        let store = MySqlStore::new(&format!("mysql://{name}:spelt@{place}"), "bot").unwrap();
        let error = store.read(NOW, &[key("rye")]).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::Auth, "{error:?}");
        assert!(error.is_auth());
        // The right one, and nothing is allowed.
        let store = MySqlStore::new(&format!("mysql://{name}:sourdough@{place}"), "bot").unwrap();
        let error = store.read(NOW, &[key("rye")]).await.unwrap_err();
        assert_eq!(error.fault(), StoreFault::Refused, "{error:?}");
        run(&mut by_hand, &format!("DROP USER '{name}'@'%'")).await;
    }

    #[tokio::test]
    async fn an_address_that_is_none_and_one_where_nothing_listens_are_told_without_the_password() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let address = format!("mysql://ann:sourdough@127.0.0.1:{port}/bots");
        let store = MySqlStore::new(&address, "bot").unwrap();
        let error = store.read(NOW, &[key("rye")]).await.unwrap_err();
        assert!(error.is_away(), "{error:?}");
        let said = format!("{error} {error:?} {store:?}");
        assert!(!said.contains("sourdough"), "{said}");

        for (address, name) in [
            ("mysql://ann:sourdough@[x/bots", "bot"),
            ("mysql://ann:sourdough@127.0.0.1", "bot"),
            (
                "mysql://ann:sourdough@127.0.0.1/bots",
                "Bot; DROP TABLE users",
            ),
            ("mysql://ann:sourdough@127.0.0.1/bots", ""),
        ] {
            let error = MySqlStore::new(address, name).unwrap_err();
            assert_eq!(error.fault(), StoreFault::Refused);
            assert!(!format!("{error} {error:?}").contains("sourdough"));
        }
    }

    async fn open(address: &str) -> MySqlConnection {
        MySqlConnectOptions::from_str(address)
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    async fn run(connection: &mut MySqlConnection, statement: &str) {
        let statement = AssertSqlSafe(statement.to_owned());
        connection.execute(statement).await.unwrap();
    }

    const URL: &str = "OVENJS_TEST_MYSQL_URL";
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
