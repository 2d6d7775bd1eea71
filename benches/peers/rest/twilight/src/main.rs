//! A bot on twilight, written as its documentation shows; and `bare`, without its limiter.

use std::sync::Arc;

use ovenjs_peers_rest_job::Job;
use twilight_http::Client;
use twilight_http_ratelimiting::RateLimiter;
use twilight_model::id::Id;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let job = Job::read();
    let address = job.address.trim_start_matches("http://").to_owned();
    let client = Client::builder()
        .token(job.token.clone())
        .proxy(address, true);
    let client = match (&*job.way, job.is_limited) {
        ("bare", _) => client.ratelimiter(None),
        (_, true) => client,
        // It has a limit in any case; more than this it cannot be told.
        (_, false) => client.ratelimiter(Some(RateLimiter::new(u16::MAX))),
    };
    let client = Arc::new(client.build());
    job.run(move |channel, text| {
        let client = Arc::clone(&client);
        async move {
            let answer = client.create_message(Id::new(channel)).content(&text).await;
            match answer {
                Ok(answer) => answer
                    .model()
                    .await
                    .is_ok_and(|message| message.content == text),
                Err(_) => false,
            }
        }
    })
    .await;
}
