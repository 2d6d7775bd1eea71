//! A Redis Cluster of a test's own, whose nodes are killed and whose slots move.

#![expect(
    clippy::unwrap_used,
    reason = "a cluster that cannot be had fails the test"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use crate::server::{Server, free_port};

/// Three nodes that have a third of the slots each and know of one another.
pub(crate) fn nodes() -> Vec<Server> {
    let mut nodes = Vec::new();
    for _ in 0..3 {
        // By default ten thousand above the other one, which may be too high.
        let bus = free_port().to_string();
        let words = ["--cluster-enabled", "yes", "--cluster-port", &bus];
        let full = ["--cluster-require-full-coverage", "no"];
        let node = Server::redis(&[&words[..], &full].concat());
        until(node.port, "cluster_known_nodes:1");
        if let Some(first) = nodes.first() {
            let first: &Server = first;
            order(
                first.port,
                &format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port),
            );
        }
        nodes.push(node);
    }
    for (node, slots) in nodes.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
        order(node.port, &format!("CLUSTER ADDSLOTSRANGE {slots}"));
    }
    for node in &nodes {
        until(node.port, "cluster_slots_assigned:16384");
        until(node.port, "cluster_state:ok");
    }
    nodes
}

/// A text in braces whose slot this node has.
pub(crate) fn tag_of(nodes: &[Server], node: usize) -> String {
    let tags = (0..1_000).map(|number| format!("{{{number}}}"));
    let third = |tag: &String| {
        let port = nodes.first().unwrap().port;
        let slot: usize = order(port, &format!("CLUSTER KEYSLOT {tag}"))
            .parse()
            .unwrap();
        slot / 5_462
    };
    tags.into_iter().find(|tag| third(tag) == node).unwrap()
}

/// Asks until a node says this of its cluster; the run's own bound on a test is the only one.
pub(crate) fn until(port: u16, what: &str) {
    while !said(port, "CLUSTER INFO").is_some_and(|info| info.contains(what)) {
        std::thread::yield_now();
    }
}

pub(crate) fn order(port: u16, words: &str) -> String {
    let answer = said(port, words).unwrap();
    assert!(!answer.starts_with('-'), "{words}: {answer}");
    answer
}

/// What a server answers to one line; nothing, where it does not yet.
fn said(port: u16, words: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(format!("{words}\r\n").as_bytes()).ok()?;
    let mut answer = BufReader::new(stream);
    let mut line = String::new();
    answer.read_line(&mut line).ok()?;
    let line = line.trim_end();
    let Some(length) = line.strip_prefix('$') else {
        return Some(line.trim_start_matches([':', '+']).to_owned());
    };
    let mut body = vec![0; length.parse().ok()?];
    answer.read_exact(&mut body).ok()?;
    String::from_utf8(body).ok()
}
