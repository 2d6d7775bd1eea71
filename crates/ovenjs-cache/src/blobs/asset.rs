//! What a blob is called, and until when its address holds.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Uri;
use ovenjs_net::{Target, is_loopback_host};
use ring::digest;

use super::{BlobError, BlobErrorKind, Hash};
use crate::tiers::Named;

/// An attachment or another thing at an address, or something of the bot's own under a name.
///
/// Two addresses of one attachment are one asset: what Discord signs them with (`ex`, `is`, `hm`) is no part of what it
/// is called, and its `Debug` leaves it out.
///
/// ```
/// use ovenjs_cache::blobs::Asset;
///
/// let today = Asset::at("https://cdn.discordapp.com/attachments/7/8/rye.png?ex=68b0c1a0&is=68af7020&hm=0a&")?;
/// let later = Asset::at("https://cdn.discordapp.com/attachments/7/8/rye.png?ex=68b21320&is=68b0c1a0&hm=0b&")?;
/// assert_eq!(today, later);
/// assert_eq!(today.ends_ms(), Some(0x68b0_c1a0 * 1_000));
/// // Another size is another picture, and plain text leaves no machine.
/// assert_ne!(Asset::at("https://cdn.discordapp.com/a.png?size=64")?, Asset::at("https://cdn.discordapp.com/a.png")?);
/// assert!(Asset::at("http://cdn.discordapp.com/a.png").is_err());
/// # Ok::<(), ovenjs_cache::blobs::BlobError>(())
/// ```
#[derive(Clone)]
pub struct Asset {
    id: Hash,
    /// Without what signs it.
    name: Arc<str>,
    address: Option<Arc<str>>,
}

impl Asset {
    /// What is at this address.
    ///
    /// # Errors
    ///
    /// [`BlobErrorKind::Address`]: it does not begin with `https://` (`http://` where it is of this machine), has a
    /// user in it, or more than [`ADDRESS_BYTES_MAX`] bytes.
    pub fn at(address: &str) -> Result<Self, BlobError> {
        let none = |what: &str| BlobError::new(BlobErrorKind::Address, what);
        if address.len() > ADDRESS_BYTES_MAX {
            return Err(none("the address of the blob is longer than addresses are"));
        }
        let uri: Uri = address
            .parse()
            .map_err(|_| none("the address of the blob is none"))?;
        let target = Target::from_uri(&uri)
            .map_err(|_| none("the address of the blob begins with https:// and names a host"))?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let is_web = matches!(uri.scheme_str(), Some("https" | "http"));
        if !is_web || authority.contains('@') || !(target.tls || is_loopback_host(&target.host)) {
            return Err(none(
                "the address of the blob begins with https://, and has no user in it",
            ));
        }
        let query: Vec<_> = pairs(uri.query().unwrap_or_default())
            .filter(|(name, _)| !SIGNED.contains(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let name = format!(
            "{}{}{}{}",
            target.to_string().to_ascii_lowercase(),
            uri.path(),
            if query.is_empty() { "" } else { "?" },
            query.join("&"),
        );
        Ok(Self {
            address: Some(address.into()),
            ..Self::of(&format!("//{name}"))
        })
    }

    /// A thing of the bot's own, which is there once it was [put](super::Blobs::put).
    #[must_use]
    pub fn named(name: &str) -> Self {
        // No name of one's own is ever an address.
        Self::of(&format!(":{name}"))
    }

    /// Until when its address holds, in milliseconds since 1970; nothing, where it always does.
    #[must_use]
    pub fn ends_ms(&self) -> Option<u64> {
        let (_, query) = self.address.as_deref()?.split_once('?')?;
        let ends = pairs(query).find(|(name, _)| *name == "ex")?.1;
        // What is no number of seconds ends at once: it is asked for anew instead of believed.
        let ends_s = u64::from_str_radix(ends, 16).unwrap_or(0);
        Some(ends_s.saturating_mul(1_000))
    }

    /// Its address, with what signs it.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Whether the address would not hold until `now_ms` and a little later.
    pub(super) fn is_ending(&self, now_ms: u64) -> bool {
        self.ends_ms()
            .is_some_and(|ends_ms| ends_ms <= now_ms.saturating_add(MARGIN_MS))
    }

    fn of(name: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, name.as_bytes());
        let mut id = [0; 32];
        id.copy_from_slice(hash.as_ref());
        Self {
            id,
            name: name.into(),
            address: None,
        }
    }
}

impl Named for Asset {
    fn id(&self) -> Bytes {
        Bytes::copy_from_slice(&self.id)
    }
}

impl PartialEq for Asset {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Asset {}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asset").field(&self.name).finish()
    }
}

/// Names and values of a query, as they stand there.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// How long an address may be: those of Discord have some 300 bytes, and servers refuse what is longer than 8 KiB.
pub const ADDRESS_BYTES_MAX: usize = 8_192;

/// What Discord signs an attachment's address with: when it ends, when it was made, and the signature.
const SIGNED: [&str; 3] = ["ex", "is", "hm"];

/// How long an address has to hold that is used: a fetch takes some of it, and clocks differ.
const MARGIN_MS: u64 = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signs_an_address_is_no_part_of_the_name() {
        let plain = Asset::at("https://cdn.discordapp.com/attachments/7/8/rye.png").unwrap();
        for same in [
            "https://cdn.discordapp.com/attachments/7/8/rye.png?",
            "https://cdn.discordapp.com/attachments/7/8/rye.png?ex=1&is=2&hm=3&",
            "https://CDN.discordapp.com:443/attachments/7/8/rye.png?hm=3",
        ] {
            assert_eq!(Asset::at(same).unwrap(), plain, "{same}");
        }
        for other in [
            "https://cdn.discordapp.com/attachments/7/8/rye.png?width=64",
            "https://cdn.discordapp.com/attachments/7/9/rye.png",
            "https://media.discordapp.net/attachments/7/8/rye.png",
        ] {
            assert_ne!(Asset::at(other).unwrap(), plain, "{other}");
        }
        assert_ne!(
            Asset::named("//cdn.discordapp.com:443/attachments/7/8/rye.png"),
            plain
        );
        let signed = Asset::at("https://cdn.discordapp.com/a?ex=ff&hm=secret").unwrap();
        assert!(!format!("{signed:?}").contains("secret"));
    }

    #[test]
    fn an_address_ends_when_it_says_so_and_is_not_used_until_the_last_moment() {
        let asset =
            |query: &str| Asset::at(&format!("https://cdn.discordapp.com/a{query}")).unwrap();
        assert_eq!(
            asset("?ex=68b0c1a0&is=1&hm=2").ends_ms(),
            Some(1_756_414_368_000)
        );
        assert_eq!(asset("").ends_ms(), None);
        assert_eq!(asset("?size=64").ends_ms(), None);
        for odd in ["?ex=", "?ex=soon", "?ex=-1"] {
            assert!(asset(odd).is_ending(0), "{odd}");
        }
        assert_eq!(asset("?ex=ffffffffffffffff").ends_ms(), Some(u64::MAX));
        let signed = asset("?ex=68b0c1a0");
        assert!(!signed.is_ending(1_756_414_368_000 - 60_001));
        assert!(signed.is_ending(1_756_414_368_000 - 60_000));
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for none in [
            "rye.png",
            "ftp://cdn.discordapp.com/secret",
            "http://cdn.discordapp.com/secret",
            "https://ann:secret@cdn.discordapp.com/a",
            "wss://cdn.discordapp.com/secret",
            "https:///secret",
            &format!("https://cdn.discordapp.com/{}", "secret".repeat(2_000)),
        ] {
            let error = Asset::at(none).unwrap_err();
            assert_eq!(error.kind(), BlobErrorKind::Address, "{none}");
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
        assert!(Asset::at("http://127.0.0.1:8080/a").is_ok());
    }
}
