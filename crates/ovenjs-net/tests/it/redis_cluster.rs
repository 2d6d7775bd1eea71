//! Links to the slots of a real Redis Cluster: one that moves, and one whose node is gone.

use std::time::Duration;

use ovenjs_net::{
    Config, Connector, ErrorKind, RedisAddress, RedisCluster, RedisConfig, RedisFault, RedisLink,
    RedisScript, Target,
};
use ovenjs_types::Fault as _;

use crate::{
    cluster::{nodes, order, tag_of, until},
    server::Server,
};

#[tokio::test]
async fn needs_redis_cluster_a_link_follows_its_slot_and_a_node_that_is_gone_keeps_nobody_else() {
    let mut nodes = nodes();
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

#[tokio::test]
async fn needs_redis_cluster_what_is_none_says_so_and_keeps_nothing() {
    let servers = [Server::redis(&[]), Server::redis(&[])];
    for server in &servers {
        until(server.port, "support disabled");
    }
    let [at, other] = servers.each_ref().map(|server| server.port);
    let address = RedisAddress::parse(&format!("redis://127.0.0.1:{at}")).unwrap();
    let others = [Target::new("127.0.0.1", other, false)];
    let connector = Connector::build(Config::new()).unwrap();
    let cluster = RedisCluster::build(RedisConfig::new(address), &others, connector);
    let link = cluster.link(b"{rye}");
    for _ in 0..3 {
        let refused = link.set("{rye}", b"dark", None).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Redis(RedisFault::Refused));
        assert!(!refused.is_retryable(), "{refused:?}");
    }
    for server in &servers {
        assert_eq!(order(server.port, "DBSIZE"), "0");
    }
}

#[tokio::test]
async fn needs_redis_cluster_who_has_little_time_finds_the_slots_of_a_node_that_froze() {
    let nodes = nodes();
    let at = format!("redis://127.0.0.1:{}", nodes[0].port);
    let config = RedisConfig::new(RedisAddress::parse(&at).unwrap());
    let connector = Connector::build(Config::new()).unwrap();
    let cluster = RedisCluster::build(config, &[], connector);
    let tags = [0, 1, 2].map(|node| tag_of(&nodes, node));
    let links = tags.clone().map(|tag| cluster.link(tag.as_bytes()));
    for (link, tag) in links.iter().zip(&tags) {
        link.set(tag, b"rye", None).await.unwrap();
    }
    nodes[1].freeze();
    // The others give its slot to the third, as they do when it is taken for gone.
    let slot = order(nodes[0].port, &format!("CLUSTER KEYSLOT {}", tags[1]));
    let id = order(nodes[2].port, "CLUSTER MYID");
    for node in [2, 0] {
        let words = format!("CLUSTER SETSLOT {slot} NODE {id}");
        order(nodes[node].port, &words);
    }
    let little = Duration::from_millis(50);
    loop {
        let late = tokio::time::timeout(little, links[1].get(&tags[1])).await;
        // Whoever needs the others is kept waiting at no time.
        let other = tokio::time::timeout(Duration::from_secs(1), read(&links[0], &tags[0])).await;
        assert_eq!(other.unwrap().as_deref(), Some("rye"));
        if let Ok(answer) = late {
            assert_eq!(answer.unwrap(), None, "the third has it, and it is empty");
            break;
        }
    }
    nodes[1].thaw();
}

static BOTH: RedisScript =
    RedisScript::repeatable("return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}");

async fn read(link: &RedisLink, key: &str) -> Option<String> {
    let value = link.get(key).await.unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}
