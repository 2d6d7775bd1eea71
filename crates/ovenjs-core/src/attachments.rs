//! Attachments whose addresses have ended, given anew by Discord.

use std::collections::HashMap;

use http::{HeaderValue, Method, header::CONTENT_TYPE};
use ovenjs_cache::blobs::{Refresh, Refreshing};
use ovenjs_rest::{Client, Raw, Terms};
use ovenjs_types::json::{self, Scratch};
use serde::{Deserialize, Serialize};

/// Asks Discord for attachments' addresses anew, which hold for about a day: what
/// [`BlobsConfig::refresh`](crate::cache::blobs::BlobsConfig::refresh) wants.
///
/// The request takes its turn among the client's others. Discord's description has no such operation, so what it
/// answers is read for what it gives and nothing more: of whom it says nothing, there is none any more.
///
/// ```
/// use std::sync::Arc;
/// use ovenjs_core::{RefreshedAttachments, rest::Client};
/// use ovenjs_core::cache::{
///     blobs::{Asset, Blob, Blobs, BlobsConfig, MemoryBlobs},
///     tiers::{Tiered, TieredConfig},
/// };
/// use ovenjs_core::net::{Config, Connector};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let client = Client::builder("token").build()?;
/// let index = Tiered::build(TieredConfig::new()).keyspace(BlobsConfig::index("blobs"))?;
/// let config = BlobsConfig::new(Arc::new(MemoryBlobs::new()), index)
///     .refresh(Arc::new(RefreshedAttachments::by(&client)));
/// let blobs = Blobs::build(config, Connector::build(Config::new())?);
/// // One that does not end is given back as it is, and nobody is asked.
/// let icon = Asset::at("https://cdn.discordapp.com/icons/1/2.png")?;
/// assert_eq!(blobs.fresh(&[icon.clone()]).await?, [Some(icon)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RefreshedAttachments(Client);

impl RefreshedAttachments {
    /// Asks by this client.
    #[must_use]
    pub fn by(client: &Client) -> Self {
        Self(client.clone())
    }
}

impl Refresh for RefreshedAttachments {
    fn refresh<'a>(&'a self, addresses: &'a [String]) -> Refreshing<'a> {
        Box::pin(async move {
            let asked = Asked {
                attachment_urls: addresses,
            };
            let raw = Raw::new(Method::POST, PATH)?
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(json::encode(&asked));
            let reply = self.0.send_raw(raw, Terms::default()).await?;
            if reply.status() != 200 {
                // What stands in the answer may repeat an address, and with it what Discord signs it with.
                let status = reply.status();
                return Err(format!("discord answered {status} to POST {PATH}").into());
            }
            let given: Given = json::decode(reply.body(), &mut Scratch::new())?;
            let given = given.refreshed_urls.into_iter();
            let given: HashMap<String, Option<String>> = given
                .map(|given| (given.original, given.refreshed))
                .collect();
            // Who asks twice for the same is given it twice.
            let anew = addresses.iter();
            let anew = anew.map(|address| given.get(address).cloned().flatten());
            Ok(anew.collect())
        })
    }
}

#[derive(Serialize)]
struct Asked<'a> {
    attachment_urls: &'a [String],
}

#[derive(Deserialize)]
struct Given {
    refreshed_urls: Vec<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    original: String,
    refreshed: Option<String>,
}

const PATH: &str = "/attachments/refresh-urls";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use ovenjs_cache::{
        blobs::{Asset, BlobErrorKind, Blobs, BlobsConfig, MemoryBlobs},
        tiers::{Tiered, TieredConfig},
    };
    use ovenjs_net::Connector;
    use ovenjs_rest::{Layer, Next, Reply, Request, Sending};

    use super::*;

    #[tokio::test]
    async fn addresses_that_have_ended_are_given_anew_in_one_request_for_fifty() {
        let discord = Discord::default();
        let blobs = discord.blobs();
        let assets: Vec<_> = (0..60).map(|nth| asset(nth, ENDED)).collect();
        let fresh = blobs.fresh(&assets).await.unwrap();
        assert_eq!(*discord.asked.lock().unwrap(), [50, 10]);
        for (nth, fresh) in fresh.iter().enumerate() {
            let address = fresh.as_ref().and_then(Asset::address);
            match nth {
                // Deleted, as Discord says by `null`, and by silence.
                7 | 8 => assert_eq!(address, None, "{nth}"),
                _ => assert!(address.unwrap().contains(ANEW), "{nth}: {address:?}"),
            }
        }
        assert_eq!(blobs.stats().refreshed, 60);
        // What still holds costs nothing.
        let held = asset(1, ANEW);
        blobs.fresh(&[held]).await.unwrap();
        assert_eq!(discord.asked.lock().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_the_address() {
        let discord = Discord {
            status: 403,
            ..Discord::default()
        };
        let error = discord.blobs().fresh(&[asset(1, ENDED)]).await.unwrap_err();
        assert_eq!(error.kind(), BlobErrorKind::Ended);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("403"), "{source}");
        assert!(
            !format!("{error:?} {source}").contains("canary"),
            "{error:?}"
        );
    }

    fn asset(nth: usize, ends: &str) -> Asset {
        let loaf = format!("https://cdn.discordapp.com/attachments/1/{nth}/loaf.png");
        Asset::at(&format!("{loaf}?ex={ends}&is=1&hm=canary")).unwrap()
    }

    /// What stands before the connections, and answers in their place.
    #[derive(Clone, Debug)]
    struct Discord {
        status: u16,
        /// For how many addresses it was asked at a time.
        asked: Arc<Mutex<Vec<usize>>>,
    }

    impl Default for Discord {
        fn default() -> Self {
            Self {
                status: 200,
                asked: Arc::default(),
            }
        }
    }

    impl Discord {
        fn blobs(&self) -> Blobs {
            let client = Client::builder("token").layer(self.clone());
            let client = client.build().unwrap();
            let tiers = Tiered::build(TieredConfig::new());
            let index = tiers.keyspace(BlobsConfig::index("blobs")).unwrap();
            let config = BlobsConfig::new(Arc::new(MemoryBlobs::new()), index);
            let config = config.refresh(Arc::new(RefreshedAttachments::by(&client)));
            let connector = Connector::build(ovenjs_net::Config::new());
            Blobs::build(config, connector.unwrap())
        }
    }

    impl Layer for Discord {
        fn send<'a>(&'a self, request: Request, _: Next<'a>) -> Sending<'a> {
            assert_eq!(request.route(), "POST /attachments/refresh-urls");
            assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let addresses = body["attachment_urls"].as_array().unwrap();
            self.asked.lock().unwrap().push(addresses.len());
            // Not in their order.
            let pairs = addresses.iter().rev().filter_map(|original| {
                let address = original.as_str()?;
                let refreshed = match address {
                    _ if address.contains("/7/") => None,
                    _ if address.contains("/8/") => return None,
                    _ => Some(address.replace(ENDED, ANEW)),
                };
                Some(serde_json::json!({"original": original, "refreshed": refreshed}))
            });
            let pairs: Vec<_> = pairs.collect();
            let answer = serde_json::json!({"refreshed_urls": pairs});
            let reply = Reply::new(self.status, answer.to_string());
            Box::pin(async { Ok(reply) })
        }
    }

    /// Hexadecimal seconds: of 2017, and of 2106.
    const ENDED: &str = "59682f00";
    const ANEW: &str = "fffffff0";
}
