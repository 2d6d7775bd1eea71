//! Where a Redis is, and as whom it is spoken to.

use http::Uri;
use ovenjs_types::Secret;
use percent_encoding::percent_decode_str;

use crate::{Error, Target};

/// Where a Redis is, and as whom it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisAddress {
    /// Host, port, and whether TLS is spoken.
    pub target: Target,
    /// The user of its ACL. Default: none, which is Redis' user `default`.
    pub user: Option<String>,
    /// The password. Default: none.
    pub password: Option<Secret>,
    /// The number of the database. Default: 0.
    pub database: u16,
}

impl RedisAddress {
    /// A Redis without a password.
    #[must_use]
    pub const fn new(target: Target) -> Self {
        Self {
            target,
            user: None,
            password: None,
            database: 0,
        }
    }

    /// Reads `redis://user:password@host:port/database`, or `rediss://…` for TLS. User and password
    /// may be percent-encoded; without a port it is 6379, without a database 0.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) for another scheme, a missing host, or a
    /// database that is no number. The error does not repeat the address, since it may hold a
    /// password.
    ///
    /// ```
    /// use ovenjs_net::{RedisAddress, Target};
    ///
    /// let address = RedisAddress::parse("rediss://ann:p%40ss@redis.example/2").unwrap();
    /// assert_eq!(address.target, Target::new("redis.example", 6379, true));
    /// assert_eq!((address.user.as_deref(), address.database), (Some("ann"), 2));
    /// assert_eq!(address.password.as_ref().unwrap().expose(), "p@ss");
    /// assert!(!format!("{address:?}").contains("p@ss"));
    /// // A password alone belongs to the user `default`.
    /// assert_eq!(RedisAddress::parse("redis://:x@127.0.0.1:6380").unwrap().user, None);
    /// assert!(RedisAddress::parse("http://redis.example").is_err());
    /// assert!(RedisAddress::parse("redis://redis.example/first").is_err());
    /// ```
    pub fn parse(address: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::config(
                "the address of redis must be written as redis://[user:password@]host[:port][/database], or rediss:// for tls",
            )
        };
        let uri: Uri = address.trim().parse().map_err(|_| wrong())?;
        let tls = match uri.scheme_str() {
            Some("redis") => false,
            Some("rediss") => true,
            _ => return Err(wrong()),
        };
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(wrong)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let place = authority.rsplit('@').next().unwrap_or(authority);
        let port = match place.strip_prefix(host).unwrap_or("") {
            "" => 6379,
            written => written
                .strip_prefix(':')
                .and_then(|port| port.parse().ok())
                .ok_or_else(wrong)?,
        };
        let mut read = Self::new(Target::new(host, port, tls));
        if let Some((credentials, _)) = authority.rsplit_once('@') {
            let plain = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            read.user = Some(plain(user)).filter(|user| !user.is_empty());
            read.password = Some(Secret::new(plain(password))).filter(|word| !word.is_empty());
        }
        let database = uri.path().trim_matches('/');
        if !database.is_empty() {
            read.database = database.parse().map_err(|_| wrong())?;
        }
        Ok(read)
    }
}
