//! Happy eyeballs (RFC 8305): IPv6 and IPv4 take turns, a new try starts every quarter second or
//! as soon as one fails, and the first connection wins.

use std::{collections::VecDeque, future::Future, io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};

/// How long a try has for itself before the next one starts beside it: RFC 8305 §5.
const STAGGER: Duration = Duration::from_millis(250);

/// The most addresses tried for one name. More would only spend the deadline on a broken network.
const ADDRESSES_MAX: usize = 8;

/// Connects to the first of `addresses` that answers.
pub(crate) async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    connect: impl Fn(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = interleave(addresses);
    let mut tries = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = waiting.pop_front() {
            tries.push(connect(address));
        } else if tries.is_empty() {
            return Err(last);
        }
        let stagger = if waiting.is_empty() {
            Duration::MAX
        } else {
            STAGGER
        };
        match tokio::time::timeout(stagger, tries.next()).await {
            Ok(Some(Ok(connection))) => return Ok(connection),
            Ok(Some(Err(error))) => last = error,
            Ok(None) | Err(_) => {}
        }
    }
}

/// Turns of v6 and v4, beginning with the family that the resolver put first.
fn interleave(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let v6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut now, mut next): (VecDeque<_>, VecDeque<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == v6_first);
    let mut turns = VecDeque::new();
    while let Some(address) = now.pop_front() {
        turns.push_back(address);
        if !next.is_empty() {
            std::mem::swap(&mut now, &mut next);
        }
    }
    turns.truncate(ADDRESSES_MAX);
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_resolvers_choice_begins() {
        let order: Vec<_> =
            interleave(addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"])).into();
        assert_eq!(
            order,
            addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"])
        );
        let order: Vec<_> = interleave(addresses(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"])).into();
        assert_eq!(order, addresses(&["1.1.1.1:1", "[::1]:1", "1.1.1.2:1"]));
        assert_eq!(
            interleave(vec![addresses(&["1.1.1.1:1"])[0]; 20]).len(),
            ADDRESSES_MAX
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_first_address_costs_one_stagger() {
        let clock = tokio::time::sleep(Duration::ZERO).deadline();
        let winner = race(addresses(&["[::1]:1", "1.1.1.1:1"]), |address| async move {
            if address.is_ipv6() {
                std::future::pending::<()>().await;
            }
            Ok(address)
        });
        assert_eq!(winner.await.unwrap(), addresses(&["1.1.1.1:1"])[0]);
        let elapsed = tokio::time::sleep(Duration::ZERO).deadline() - clock;
        assert!(elapsed >= STAGGER && elapsed < STAGGER * 2, "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_address_costs_nothing_and_the_last_refusal_is_told() {
        let before = tokio::time::sleep(Duration::ZERO).deadline();
        let error = race(addresses(&["[::1]:1", "1.1.1.1:2"]), |address| async move {
            Err::<(), _>(io::Error::other(address.to_string()))
        });
        assert_eq!(error.await.unwrap_err().to_string(), "1.1.1.1:2");
        assert_eq!(tokio::time::sleep(Duration::ZERO).deadline(), before);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_address_may_still_win() {
        let winner = race(addresses(&["[::1]:1", "1.1.1.1:1"]), |address| async move {
            let pace = if address.is_ipv6() { 400 } else { 4_000 };
            tokio::time::sleep(Duration::from_millis(pace)).await;
            Ok(address)
        });
        assert!(winner.await.unwrap().is_ipv6());
    }

    #[tokio::test]
    async fn no_address_is_an_error() {
        let nowhere = race(Vec::new(), |_| async { Ok(()) }).await;
        assert_eq!(nowhere.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter()
            .map(|address| address.parse().unwrap())
            .collect()
    }
}
