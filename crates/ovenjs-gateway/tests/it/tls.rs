//! Redis and NATS over TLS: sessions, the bus and the bridge, and whom nobody vouches for.

use ovenjs_gateway::{
    ErrorKind, FleetState, NatsConfig, NatsLink, RedisSessions, SessionStore,
    bridge::{BridgeConfig, Consumer, Publisher},
    bus::{Bus, Member},
};
use ovenjs_net::{Config as Net, Connector, RedisAddress, RedisConfig, RedisLink};
use ovenjs_types::{Id, Origin, Version};

use super::*;
use crate::{
    bus::{News, fresh, within},
    certificate::Certificate,
    server::Server,
};

#[tokio::test]
async fn needs_redis_over_tls_sessions_are_remembered() {
    let certificate = Certificate::new();
    let server = Server::redis_over_tls(&certificate);
    let address = format!("rediss://localhost:{}", server.port);
    let connector = Connector::build(trusting(&certificate)).unwrap();
    let config = RedisConfig::new(RedisAddress::parse(&address).unwrap());
    let link = RedisLink::build(config, connector);
    link.ready().await.unwrap();
    let store = RedisSessions::new(&link, "process-0").unwrap();
    assert!(store.load().await.unwrap().is_none());
    let mut state = FleetState::default();
    state.put("mirror", vec![7; 1 << 20]);
    store.save(state.clone()).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Some(state));
}

#[tokio::test]
async fn needs_nats_over_tls_bus_and_bridge_are_the_same_and_back_after_a_kill() {
    let certificate = Certificate::new();
    let mut server = started(&certificate);
    let link = nats_over(&place(&server), trusting(&certificate)).await;
    let bus = Bus::over_nats(&link, "room", Member::new("one").unwrap())
        .await
        .unwrap();
    let mut ear = bus.listen::<News>(64).unwrap();
    bus.broadcast(&News { number: 1 }).await.unwrap();
    assert_eq!(within(ear.next()).await.unwrap().message.number, 1);

    let config = BridgeConfig::new(fresh(), Id::new(1)).messages(1_000);
    let publisher = Publisher::to_nats(&link, &config).await.unwrap();
    let mut consumer = Consumer::of_nats(&link, &config, "work").unwrap();
    let event = |seq| Dispatch::new(Origin::default(), Version { epoch: 1, seq }, "COUNTED", "1");
    within(publisher.publish(event(1)).await.unwrap())
        .await
        .unwrap();
    let received = within(consumer.next()).await.unwrap();
    assert_eq!(received.dispatch.version.seq, 1);
    received.ack();

    let mut interruptions = bus.interruptions();
    server.kill();
    server.restart();
    within(interruptions.changed()).await.unwrap();
    within(publisher.publish(event(2)).await.unwrap())
        .await
        .unwrap();
    let received = within(consumer.next()).await.unwrap();
    assert_eq!(received.dispatch.version.seq, 2);
    received.ack();
}

#[tokio::test]
async fn needs_nats_over_tls_nobody_is_trusted_whom_nobody_vouches_for() {
    let certificate = Certificate::new();
    let server = started(&certificate);
    nats_over(&place(&server), trusting(&certificate)).await;
    for net in [Net::new(), trusting(&Certificate::new())] {
        let connector = Connector::build(net).unwrap();
        let config = NatsConfig::parse(&place(&server)).unwrap();
        let error = NatsLink::connect(config, &connector).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Link, "{error}");
    }
}

fn started(certificate: &Certificate) -> Server {
    let (folder, port) = (server::folder(), server::free_port());
    let (certificate, key) = certificate.write(folder.path());
    let place = folder.path().display();
    let words = format!(
        "--addr 127.0.0.1 --jetstream --port {port} --store_dir {place} --tls --tlscert {} --tlskey {}",
        certificate.display(),
        key.display()
    );
    let arguments = words.split(' ').map(str::to_owned).collect();
    Server::start("nats-server", arguments, port, folder)
}

fn place(server: &Server) -> String {
    format!("tls://localhost:{}", server.port)
}

fn trusting(certificate: &Certificate) -> Net {
    Net::new().extra_root(certificate.der.clone())
}
