//! The application and its gateway.

use ovenjs_types::{Application, BotGateway};

use crate::endpoint::endpoint;

endpoint! {
    /// Where to connect to the gateway, with how many shards.
    Get "/gateway/bot" as BotGatewayInfo -> BotGateway {
        fn bot_gateway()
    }
}

endpoint! {
    /// The application which the bot belongs to.
    Get "/applications/@me" as CurrentApplication -> Application {
        fn current_application()
    }
}
