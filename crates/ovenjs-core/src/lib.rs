//! The whole of OvenJS: gateway, REST, commands and cache as one Bot.
