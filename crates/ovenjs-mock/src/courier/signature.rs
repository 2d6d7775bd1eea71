//! The signature under what Discord posts, and four ways in which it can be wrong.

use std::fmt::{self, Write as _};

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::faults::Dice;

/// Signs as the application's Discord does, and as somebody who is not it.
#[derive(Debug)]
pub(super) struct Signer {
    own: Ed25519KeyPair,
    stranger: Ed25519KeyPair,
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forgery {
    OtherKey,
    FlippedBit,
    OtherTimestamp,
    OtherBody,
}

impl Signer {
    /// The same seed gives the same keys.
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ KEYS);
        Self {
            own: pair(&mut dice),
            stranger: pair(&mut dice),
        }
    }

    /// The key by which a bot verifies, in hexadecimal digits.
    pub(super) fn public_key(&self) -> String {
        hex(self.own.public_key().as_ref())
    }

    /// The signature over timestamp and body, in hexadecimal digits.
    pub(super) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        hex(self.own.sign(&signed(timestamp, body)).as_ref())
    }

    /// A signature of the right form that does not fit.
    pub(super) fn forge(&self, forgery: Forgery, timestamp: &str, body: &[u8]) -> String {
        let signature = match forgery {
            Forgery::OtherKey => self.stranger.sign(&signed(timestamp, body)),
            Forgery::OtherTimestamp => self.own.sign(&signed("1420070400", body)),
            Forgery::OtherBody => self.own.sign(&signed(timestamp, br#"{"type":1}"#)),
            Forgery::FlippedBit => {
                let mut bytes = self.own.sign(&signed(timestamp, body)).as_ref().to_vec();
                if let Some(byte) = bytes.first_mut() {
                    *byte ^= 1;
                }
                return hex(&bytes);
            }
        };
        hex(signature.as_ref())
    }
}

impl Forgery {
    pub(super) const ALL: [Self; 4] = [
        Self::OtherKey,
        Self::FlippedBit,
        Self::OtherTimestamp,
        Self::OtherBody,
    ];
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherKey => "signed with another key",
            Self::FlippedBit => "signed with one bit wrong",
            Self::OtherTimestamp => "signed for another timestamp",
            Self::OtherBody => "signed for another body",
        })
    }
}

fn pair(dice: &mut Dice) -> Ed25519KeyPair {
    let seed: Vec<u8> = (0..4)
        .flat_map(|_| dice.below(u64::MAX).to_le_bytes())
        .collect();
    Ed25519KeyPair::from_seed_unchecked(&seed).expect("32 bytes are a seed")
}

fn signed(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), body].concat()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Keeps the dice of the keys apart from all others.
const KEYS: u64 = 0x4544_3235_3531_3921;

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_signature_fits_and_none_of_the_forgeries_does() {
        let signer = Signer::new(7);
        assert_eq!(signer.public_key(), Signer::new(7).public_key());
        assert_ne!(signer.public_key(), Signer::new(8).public_key());
        assert_eq!(signer.public_key().len(), 64);
        let key = UnparsedPublicKey::new(&ED25519, unhex(&signer.public_key()));
        let (timestamp, body) = ("1798761600", b"{\"type\":1,\"id\":\"1\"}");
        let fits = |signature: &str| {
            key.verify(&signed(timestamp, body), &unhex(signature))
                .is_ok()
        };
        assert!(fits(&signer.sign(timestamp, body)));
        for forgery in Forgery::ALL {
            let forged = signer.forge(forgery, timestamp, body);
            assert_eq!(forged.len(), 128);
            assert!(!fits(&forged), "{forgery}");
        }
    }

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().collect();
        digits
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect()
    }
}
