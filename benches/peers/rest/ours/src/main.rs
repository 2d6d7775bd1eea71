//! A bot on OvenJS, written as its documentation shows; and a yardstick: `floor`, hyper alone, which
//! posts bytes that are already there and does not read what is answered.

mod floor;

use ovenjs_peers_rest_job::Job;
use ovenjs_rest::{Client, Live};
use ovenjs_types::Id;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let job = Job::read();
    if job.way == "floor" {
        return floor::run(job).await;
    }
    let client = Client::builder(job.token.clone())
        .base_url(format!("{}/api", job.address))
        .build()
        .expect("the address is one");
    if !job.is_limited {
        let mut live = Live::new();
        live.limits.global_per_second = u32::MAX;
        client.apply(live);
    }
    job.run(move |channel, text| {
        let client = client.clone();
        async move {
            let answer = client
                .create_message(Id::new(channel))
                .content(&*text)
                .await;
            answer.is_ok_and(|message| message.content == *text)
        }
    })
    .await;
}
