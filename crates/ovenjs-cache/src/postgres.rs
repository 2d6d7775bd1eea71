//! Where a Postgres is, as its address says, and nothing else does.
//!
//! sqlx takes what an address leaves out from the process: from the variables of libpq, a file of passwords, and the name
//! of the user whose process it is. A bot is set up by its configuration alone, so nothing is left out here.

use std::str::FromStr as _;

use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

/// How to connect to the database of this address: or what is wrong with it, without a word of it, as it holds a
/// password.
pub(crate) fn options(address: &str) -> Result<PgConnectOptions, &'static str> {
    let none = "the address is none: it is postgres://user:password@host:port/database";
    let rest = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| address.strip_prefix(scheme))
        .ok_or(none)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let says = |names: &[&str]| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.any(|(name, value)| names.contains(&name) && !value.is_empty())
    };
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    // Behind the brackets of an address of version 6, if it is one.
    let (_, after) = host.rsplit_once(']').unwrap_or(("", host));
    let (_, port) = after.rsplit_once(':').unwrap_or((after, ""));
    if host.is_empty() && !says(&["host", "hostaddr"])
        || user.is_empty() && !says(&["user"])
        || database.is_empty() && !says(&["dbname"])
    {
        return Err(
            "the address leaves out the host, the user or the database: it is \
             postgres://user:password@host:port/database",
        );
    }
    let mut whole = address.to_owned();
    for (is_said, default) in [
        (!password.is_empty() || says(&["password"]), "password="),
        (!port.is_empty() || says(&["port"]), "port=5432"),
        (says(&["sslmode", "ssl-mode"]), "sslmode=prefer"),
    ] {
        if !is_said {
            whole.push(if whole.contains('?') { '&' } else { '?' });
            whole.push_str(default);
        }
    }
    // What the parser says may repeat a part of the address.
    let mut options = PgConnectOptions::from_str(&whole).map_err(|_| none)?;
    if !says(&["sslrootcert", "ssl-root-cert", "ssl-ca"]) {
        // None beside those that are compiled along.
        options = options.ssl_root_cert_from_pem(Vec::new());
    }
    let has_options = query.split('&').any(|pair| pair.starts_with("options"));
    let has_certificate = says(&["sslcert", "ssl-cert"]) || says(&["sslkey", "ssl-key"]);
    let found = options.to_url_lossy();
    let is_certified = found
        .query_pairs()
        .any(|(name, _)| matches!(&*name, "sslcert" | "sslkey"));
    if !has_options && options.get_options().is_some() || !has_certificate && is_certified {
        return Err(
            "the process has one of the variables PGOPTIONS, PGSSLCERT and PGSSLKEY, which no address undoes: unset \
             it, and say the same in the address",
        );
    }
    Ok(options
        .application_name("ovenjs")
        .disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::*;

    #[test]
    fn an_address_alone_says_where_and_as_whom() {
        let whole = "postgres://ann:sour%20dough@db.example:6432/bots?sslmode=verify-full";
        for (address, said) in [
            (whole, "ann:sour%20dough@db.example:6432/bots verify-full"),
            (
                "postgres://ann@db.example/bots",
                "ann:@db.example:5432/bots prefer",
            ),
            ("postgresql://ann@[::1]/bots", "ann:@[::1]:5432/bots prefer"),
            (
                "postgres:///?host=db.example&user=ann&dbname=bots&password=rye&port=1",
                "ann:rye@db.example:1/bots prefer",
            ),
        ] {
            let options = options(address).unwrap();
            let (ssl, url) = (options.get_ssl_mode(), options.to_url_lossy());
            let ssl = format!("{ssl:?}").replace("VerifyFull", "verify-full");
            let password = url.password().unwrap_or("");
            let found = format!(
                "{}:{password}@{}:{}{} {}",
                options.get_username(),
                options.get_host(),
                options.get_port(),
                url.path(),
                ssl.to_ascii_lowercase()
            );
            assert_eq!(found, said);
            let root = url.query_pairs().find(|(name, _)| name == "sslrootcert");
            assert!(!root.unwrap().1.contains("elsewhere"));
        }
    }

    #[test]
    fn what_an_address_leaves_out_is_told_without_the_password() {
        for none in [
            "",
            "ann:canary@db.example/bots",
            "mysql://ann:canary@db.example/bots",
            "postgres://ann:canary@[x/bots",
            "postgres://ann:canary@/bots",
            "postgres://:canary@db.example/bots",
            "postgres://ann:canary@db.example",
            "postgres://ann:canary@db.example/?dbname=",
        ] {
            let error = options(none).unwrap_err();
            assert!(error.contains("postgres://user"), "{none}: {error}");
        }
    }

    /// The story of the whole address, where the process says otherwise of everything.
    #[test]
    fn the_process_says_nothing() {
        let told = [
            ("PGHOST", "elsewhere"),
            ("PGHOSTADDR", "10.0.0.1"),
            ("PGPORT", "7"),
            ("PGUSER", "elsewhere"),
            ("PGPASSWORD", "elsewhere"),
            ("PGDATABASE", "elsewhere"),
            ("PGSSLMODE", "require"),
            ("PGSSLROOTCERT", "/elsewhere"),
        ];
        let run = |told: &[(&str, &str)]| -> Output {
            let mut again = Command::new(std::env::current_exe().unwrap());
            again.envs(told.iter().copied());
            let story = "postgres::tests::an_address_alone_says_where_and_as_whom";
            again.args(["--exact", story]).output().unwrap()
        };
        let output = run(&told);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        // What cannot be undone is told.
        for (name, value) in [
            ("PGOPTIONS", "-c a=b"),
            ("PGSSLCERT", "/a"),
            ("PGSSLKEY", "/a"),
        ] {
            let output = run(&[(name, value)]);
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                !output.status.success() && said.contains("unset"),
                "{name}: {said}"
            );
        }
    }
}
