#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ovenjs_fuzz_harness::websocket(data));
