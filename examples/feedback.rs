//! A command with options, its button, the form behind it, and the answer to that.

use ovenjs_core::types::{Id, MessageDraft, marker::UserMarker};
use ovenjs_core::{Answer, Bot, CustomId, Cx, Int, Modal, ModalCx, Result, Text};
use ovenjs_core::{command, component, routes, submit};

/// Ask for feedback
#[command]
async fn feedback(
    cx: Cx,
    /// What it is about
    topic: Text<1, 100>,
    /// How good it is
    score: Option<Int<1, 5>>,
) -> Answer {
    let stars = score.map_or_else(|| "no score".to_owned(), |score| format!("{score} of 5"));
    let button = GiveFeedback {
        asker: cx.user_id(),
    }
    .button("Give feedback");
    cx.reply(MessageDraft::from(format!("**{topic}**: {stars}")).component(button))
        .await
}

#[derive(CustomId)]
struct GiveFeedback {
    asker: Id<UserMarker>,
}

#[component]
async fn give_feedback(cx: ModalCx, id: GiveFeedback) -> Answer {
    cx.open(Feedback::modal().carry(id)).await
}

/// Feedback
#[derive(Modal)]
struct Feedback {
    /// What should we improve?
    #[input(paragraph)]
    text: String,
}

#[submit]
async fn on_feedback(cx: Cx, form: Feedback, id: GiveFeedback) -> Answer {
    cx.reply(format!("<@{}> got: {}", id.asker, form.text))
        .await
}

pub(crate) fn bot() -> Bot {
    Bot::new().routes(routes![feedback, give_feedback, on_feedback])
}

fn main() -> Result {
    bot().run()
}

#[cfg(test)]
mod tests {
    use ovenjs_mock::Discord;

    #[tokio::test(start_paused = true)]
    async fn feedback_is_heard() {
        let start = |d: &Discord| super::bot().in_process(d.token(), d.door()).start();
        let (discord, _bot) = Discord::with_bot(start).await;
        let answer = discord.user("ann").slash("/feedback topic:docs").await;
        let form = answer.says("docs").click("Give feedback").await;
        form.fill("text", "more").await.says("more");
        discord.expect_no_violations();
    }
}
