use ovenjs_commands::types::Modal;
use ovenjs_commands::{Answer, Cx, ModalCx, command};

/// May have been deferred
#[command]
async fn maybe(cx: Cx) -> Answer {
    cx.open(Modal::new("a", "A")).await
}

/// Was deferred
#[command]
async fn surely(cx: ModalCx) -> Answer {
    let cx = cx.defer().await?;
    cx.open(Modal::new("a", "A")).await
}

fn main() {}
