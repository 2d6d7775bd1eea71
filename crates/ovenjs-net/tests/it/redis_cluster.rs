//! Links to the slots of a real Redis Cluster: one that moves, and one whose node is gone.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use ovenjs_net::{
    Config, Connector, RedisAddress, RedisCluster, RedisConfig, RedisLink, RedisScript,
};
use ovenjs_types::Fault as _;

use crate::server::{Server, free_port};

#[tokio::test]
async fn needs_redis_cluster_a_link_follows_its_slot_and_a_node_that_is_gone_keeps_nobody_else() {
    let mut nodes = cluster();
    let at = format!("redis://127.0.0.1:{}", nodes[0].port);
    let config = RedisConfig::new(RedisAddress::parse(&at).unwrap());
    let connector = Connector::build(Config::new()).unwrap();
    let cluster = RedisCluster::build(config, &[], connector);
    // A slot of each node, which are found from the first one.
    let tags = [0, 1, 2].map(|node| tag_of(&nodes, node));
    let links = tags.clone().map(|tag| cluster.link(tag.as_bytes()));
    let (one, two) = (format!("{}:1", tags[0]), format!("{}:2", tags[0]));
    for (link, tag) in links.iter().zip(&tags) {
        link.set(&format!("{tag}:1"), b"rye", None).await.unwrap();
        link.set(&format!("{tag}:2"), b"spelt", None).await.unwrap();
    }

    // Of the first one's slot half is on its way.
    let slot = order(nodes[0].port, &format!("CLUSTER KEYSLOT {one}"));
    let [from, to] = [0, 1].map(|node: usize| order(nodes[node].port, "CLUSTER MYID"));
    let [from_port, to_port] = [nodes[0].port, nodes[1].port];
    order(to_port, &format!("CLUSTER SETSLOT {slot} IMPORTING {from}"));
    order(from_port, &format!("CLUSTER SETSLOT {slot} MIGRATING {to}"));
    order(
        from_port,
        &format!("MIGRATE 127.0.0.1 {to_port} {one} 0 5000"),
    );
    assert_eq!(read(&links[0], &one).await.as_deref(), Some("rye"));
    assert_eq!(read(&links[0], &two).await.as_deref(), Some("spelt"));
    links[0].set(&one, b"dark rye", None).await.unwrap();
    let torn = links[0].run(&BOTH, &[&one, &two], &[]).await.unwrap_err();
    assert!(torn.is_retryable(), "{torn:?}");

    order(
        from_port,
        &format!("MIGRATE 127.0.0.1 {to_port} {two} 0 5000"),
    );
    for port in [to_port, from_port] {
        order(port, &format!("CLUSTER SETSLOT {slot} NODE {to}"));
    }
    let both = links[0].run(&BOTH, &[&one, &two], &[]).await.unwrap();
    assert_eq!(both.list().len(), 2);
    assert_eq!(read(&links[0], &one).await.as_deref(), Some("dark rye"));

    nodes[1].kill();
    let gone = links[0].get(&one).await.unwrap_err();
    assert!(gone.is_retryable(), "{gone:?}");
    let other = format!("{}:1", tags[2]);
    assert_eq!(read(&links[2], &other).await.as_deref(), Some("rye"));
    nodes[1].restart();
    links[0].ready().await.unwrap();
    until(nodes[1].port, "cluster_state:ok");
    assert_eq!(read(&links[0], &one).await.as_deref(), Some("dark rye"));
}

static BOTH: RedisScript =
    RedisScript::repeatable("return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}");

async fn read(link: &RedisLink, key: &str) -> Option<String> {
    let value = link.get(key).await.unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

/// Three nodes that have a third of the slots each and know of one another.
fn cluster() -> Vec<Server> {
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
fn tag_of(nodes: &[Server], node: usize) -> String {
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
fn until(port: u16, what: &str) {
    while !said(port, "CLUSTER INFO").is_some_and(|info| info.contains(what)) {
        std::thread::yield_now();
    }
}

fn order(port: u16, words: &str) -> String {
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
