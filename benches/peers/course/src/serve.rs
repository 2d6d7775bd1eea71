//! The server: shakes hands as Discord's gateway does, and copies a file into the socket.
//!
//! What it costs is not counted. Each port serves one stream, whole or up to its first mark.

use std::{
    fs::File,
    io::{Read, Result, Seek as _, SeekFrom, Write as _, copy},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

use crate::stream::{Form, Stream};

/// Serves the streams in these folders until standard input ends; prints two ports for each of them:
/// that of the start alone, and that of all.
pub fn run(folders: &[PathBuf]) -> Result<()> {
    let mut ports = Vec::new();
    for folder in folders {
        let stream = Stream::open(folder)?;
        for whole in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            ports.push(listener.local_addr()?.port().to_string());
            let stream = stream.clone();
            thread::spawn(move || {
                for socket in listener.incoming().map_while(Result::ok) {
                    let stream = stream.clone();
                    thread::spawn(move || {
                        // Who has seen the mark goes away in the middle of things.
                        let _ = serve(socket, &stream, whole);
                    });
                }
            });
        }
    }
    println!("{}", ports.join(" "));
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn serve(mut socket: TcpStream, stream: &Stream, whole: bool) -> Result<()> {
    socket.set_nodelay(true)?;
    let port = socket.local_addr()?.port();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let Some(key) = key else {
        return answer(&mut socket, &head, port);
    };
    let accept = STANDARD.encode(Sha1::digest(format!(
        "{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    )));
    write!(
        socket,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    let mut form = if head.contains("compress=zstd-stream") {
        Form::Zstd
    } else {
        Form::Plain
    };
    let mut file = File::open(stream.file(form))?;
    copy(&mut (&mut file).take(stream.ends(form)[0]), &mut socket)?;
    loop {
        let text = message(&mut socket)?;
        if contains(&text, b"\"op\":2") {
            if contains(&text, b"\"compress\":true") && form == Form::Plain {
                form = Form::Each;
                file = File::open(stream.file(form))?;
                file.seek(SeekFrom::Start(stream.ends(form)[0]))?;
            }
            break;
        }
    }
    let [hello, first, all] = stream.ends(form);
    let end = if whole { all } else { first };
    let mut listening = socket.try_clone()?;
    let listener = thread::spawn(move || while message(&mut listening).is_ok() {});
    copy(&mut file.take(end - hello), &mut socket)?;
    let _ = listener.join();
    Ok(())
}

/// Where the gateway is, and who the bot is: all that anybody asks.
fn answer(socket: &mut TcpStream, head: &str, port: u16) -> Result<()> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let id = crate::event::APPLICATION;
    let body = if path.contains("/gateway") {
        format!(
            r#"{{"url":"ws://127.0.0.1:{port}","shards":1,"session_start_limit":{{"total":1000,"remaining":1000,"reset_after":86400000,"max_concurrency":1}}}}"#
        )
    } else {
        format!(
            r#"{{"id":"{id}","username":"baker","discriminator":"0","avatar":null,"bot":true}}"#
        )
    };
    write!(
        socket,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

/// One message of the client's, unmasked.
fn message(socket: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = [0; 2];
    socket.read_exact(&mut head)?;
    let length = match head[1] & 0x7F {
        126 => {
            let mut long = [0; 2];
            socket.read_exact(&mut long)?;
            u64::from(u16::from_be_bytes(long))
        }
        127 => {
            let mut long = [0; 8];
            socket.read_exact(&mut long)?;
            u64::from_be_bytes(long)
        }
        short => u64::from(short),
    };
    let mut mask = [0; 4];
    socket.read_exact(&mut mask)?;
    // Clients of the gateway send at most 4096 bytes.
    let mut bytes = vec![0; usize::try_from(length.min(1 << 16)).expect("short")];
    socket.read_exact(&mut bytes)?;
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte ^= mask[place % 4];
    }
    Ok(bytes)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
