//! Files that come with messages.

use ovenjs_mock::Config;
use serde_json::json;

use crate::stage::{Stage, fault};

#[test]
fn files_are_described_measured_and_limited() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0";
    let body = json!({
        "attachments": [{ "id": 0, "description": "a loaf" }],
        "embeds": [{ "title": "Loaf", "image": { "url": "attachment://loaf.png" } }],
    });
    let files: [(&str, &str, &[u8]); 2] = [
        ("loaf.png", "image/png", png),
        ("a b.txt", "text/plain", b"x"),
    ];
    let message = stage.upload(&path, &body, &files).good();
    let embedded = &message["embeds"][0]["image"];
    assert_eq!(
        (&embedded["width"], &embedded["height"]),
        (&json!(640), &json!(480))
    );
    assert!(embedded["url"].as_str().unwrap().ends_with("/loaf.png"));
    assert_eq!(
        message["attachments"].as_array().unwrap().len(),
        1,
        "the picture is in the embed"
    );
    assert_eq!(message["attachments"][0]["filename"], "a_b.txt");

    let two = stage
        .upload(&path, &json!({ "content": "two" }), &files)
        .good();
    let one = format!("{path}/{}", two["id"].as_str().unwrap());
    let kept = two["attachments"][1]["id"].clone();
    let edited = stage
        .call("PATCH", &one, json!({ "attachments": [{ "id": kept }] }))
        .good();
    assert_eq!(edited["attachments"].as_array().unwrap().len(), 1);
    assert_eq!(edited["attachments"][0]["id"], kept);

    let large = vec![0_u8; 10 * 1024 * 1024 + 1];
    let refused = stage.upload(
        &path,
        &json!({}),
        &[("a.bin", "application/octet-stream", &large)],
    );
    assert_eq!((refused.status, refused.code()), (413, Some(40005)));
    let many = [("a.txt", "text/plain", &b"x"[..]); 11];
    assert_eq!(stage.upload(&path, &json!({}), &many).code(), Some(30015));
    let missing = json!({ "content": "a", "attachments": [{ "id": 7 }] });
    assert_eq!(stage.post(&path, missing).code(), Some(50146));
    let file = json!({ "flags": 1 << 15, "components": [
        { "type": 13, "file": { "url": "attachment://none.txt" } },
    ]});
    assert_eq!(
        fault(&stage.post(&path, file.clone()), "/components"),
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
    );
    let good = stage
        .upload(&path, &file, &[("none.txt", "text/plain", b"crumbs")])
        .good();
    assert_eq!(
        (
            &good["components"][0]["name"],
            &good["components"][0]["size"]
        ),
        (&json!("none.txt"), &json!(6))
    );
    stage.end();
}

#[test]
fn voice_messages_are_a_kind_of_their_own() {
    let mut stage = Stage::new(Config::default());
    let path = stage.messages();
    let body = |flags: u64, content: &str| {
        json!({ "flags": flags, "content": content,
            "attachments": [{ "id": 0, "duration_secs": 1.5, "waveform": "AAA=" }] })
    };
    let voice = [("voice.ogg", "audio/ogg", &b"la"[..])];
    assert_eq!(
        stage.upload(&path, &body(1 << 13, "words"), &voice).code(),
        Some(50159)
    );
    let text = [("voice.txt", "text/plain", &b"la"[..])];
    assert_eq!(
        stage.upload(&path, &body(1 << 13, ""), &text).code(),
        Some(50160)
    );
    assert_eq!(
        stage
            .upload(&path, &json!({ "flags": 1 << 13 }), &voice)
            .code(),
        Some(50161)
    );
    let message = stage.upload(&path, &body(1 << 13, ""), &voice).good();
    assert_eq!(message["attachments"][0]["waveform"], "AAA=");
    let one = format!("{path}/{}", message["id"].as_str().unwrap());
    assert_eq!(
        stage.call("PATCH", &one, json!({ "content": "x" })).code(),
        Some(50162)
    );
    stage.end();
}
