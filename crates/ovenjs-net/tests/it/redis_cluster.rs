//! Links to the slots of a real Redis Cluster: one that moves, and one whose node is gone.

use ovenjs_net::{
    Config, Connector, RedisAddress, RedisCluster, RedisConfig, RedisLink, RedisScript,
};
use ovenjs_types::Fault as _;

use crate::cluster::{nodes, order, tag_of, until};

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

static BOTH: RedisScript =
    RedisScript::repeatable("return {redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2])}");

async fn read(link: &RedisLink, key: &str) -> Option<String> {
    let value = link.get(key).await.unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}
