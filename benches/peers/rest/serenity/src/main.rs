//! A bot on serenity, written as its documentation shows, without its limiter: with it serenity 0.12
//! does not send to the address that it is told, but to Discord.

use std::sync::Arc;

use ovenjs_peers_rest_job::Job;
use serenity::{all::ChannelId, http::HttpBuilder};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let job = Job::read();
    let http = Arc::new(
        HttpBuilder::new(&job.token)
            .proxy(job.address.clone())
            .ratelimiter_disabled(true)
            .build(),
    );
    job.run(move |channel, text| {
        let http = Arc::clone(&http);
        async move {
            let answer = ChannelId::new(channel).say(&*http, &*text).await;
            answer.is_ok_and(|message| message.content == text)
        }
    })
    .await;
}
