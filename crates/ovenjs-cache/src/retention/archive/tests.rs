use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_part_of_what_was_sealed_is_read(len in 1_usize..200_000, from: prop::sample::Index, to: prop::sample::Index) {
        let volume = volume(len);
        let archive = sealed(&keys(), &volume);
        let head = Head::from_bytes(&archive).unwrap();
        prop_assert_eq!(head.file_len(), u64::try_from(archive.len()).unwrap());
        let (one, other) = (from.index(len), to.index(len));
        let (from, to) = (one.min(other), one.max(other) + 1);
        prop_assert_eq!(&read(&archive, &head, from, to).unwrap()[..], &volume[from..to]);
    }

    #[test]
    fn whatever_is_changed_is_noticed(at: prop::sample::Index, bit in 0_u8..8) {
        let mut archive = sealed(&keys(), &volume(150_000)).to_vec();
        let at = at.index(archive.len());
        archive[at] ^= 1 << bit;
        let read = Head::from_bytes(&archive)
            .filter(|head| head.file_len() == u64::try_from(archive.len()).unwrap())
            .and_then(|head| read(&archive, &head, 0, 150_000));
        prop_assert!(read.is_none());
    }

    #[test]
    fn foreign_bytes_do_no_harm(bytes: Vec<u8>) {
        let bytes = [MAGIC, &bytes].concat();
        if let Some(head) = Head::from_bytes(&bytes) {
            prop_assert!(head.unwrap("a.arc", &keys()).is_err());
        }
    }
}

#[test]
fn chunks_that_are_cut_off_swapped_or_of_another_archive_are_noticed() {
    let volume = volume(3 * CHUNK);
    let archive = sealed(&keys(), &volume);
    let head = Head::from_bytes(&archive).unwrap();
    let key = head.unwrap("a.arc", &keys()).unwrap();
    let begins = usize::try_from(head.len).unwrap();
    let chunk = |number: usize| {
        let from = begins + number * (CHUNK + TAG);
        &archive[from..from + CHUNK + TAG]
    };
    let open = |bytes: &[u8]| head.open(&key, 0, 3 * CHUNK_LEN, bytes);
    assert_eq!(open(&archive[begins..]).unwrap(), volume);
    assert_eq!(open(&[chunk(0), chunk(1)].concat()), None);
    assert_eq!(open(&[chunk(1), chunk(0), chunk(2)].concat()), None);
    assert_eq!(open(&[chunk(0), chunk(1), chunk(1)].concat()), None);
    let chance = Chance {
        key: [9; 32],
        nonce: [9; 12],
    };
    let other = seal(&keys(), &chance, NAME, &volume).unwrap();
    assert_eq!(open(&other[begins..]), None);
    // Who shortens the volume in the head has another head than the key was wrapped with.
    let mut short = archive[..begins + 2 * (CHUNK + TAG)].to_vec();
    let at = MAGIC.len() + 1 + NAME.len();
    short[at..at + 8].copy_from_slice(&(2 * CHUNK_LEN).to_be_bytes());
    let head = Head::from_bytes(&short).unwrap();
    assert_eq!(
        head.unwrap("a.arc", &keys()).err().unwrap().kind(),
        RetentionErrorKind::Key
    );
}

#[test]
fn keys_turn_without_touching_the_chunks() {
    let volume = volume(100_000);
    let archive = sealed(&keys(), &volume);
    let head = Head::from_bytes(&archive).unwrap();
    let both = Keys::new("2027", &secret("2a"))
        .unwrap()
        .also_read("2026", &secret("07"))
        .unwrap();
    let mut turned = head.rewrap("a.arc", &both, [3; 12]).unwrap();
    turned.extend_from_slice(&archive[usize::try_from(head.len).unwrap()..]);
    let head = Head::from_bytes(&turned).unwrap();
    assert_eq!(head.key_id, "2027");
    let new = Keys::new("2027", &secret("2a")).unwrap();
    let key = head.unwrap("a.arc", &new).unwrap();
    let bytes = &turned[usize::try_from(head.len).unwrap()..];
    assert_eq!(head.open(&key, 0, 100_000, bytes).unwrap(), volume);
    // The old key alone reads it no more, and another key of the new id neither.
    for keys in [keys(), Keys::new("2027", &secret("07")).unwrap()] {
        let error = head.unwrap("a.arc", &keys).err().unwrap();
        assert_eq!(error.kind(), RetentionErrorKind::Key);
        assert!(
            error
                .to_string()
                .starts_with("a.arc was encrypted with the key \"2027\""),
            "{error}"
        );
    }
}

#[test]
fn no_key_is_ever_told() {
    let canary = "c0ffee".repeat(10) + "c0ff";
    let keys = Keys::new("2026", &Secret::new(canary.as_str())).unwrap();
    let said = format!(
        "{keys:?} {:?}",
        Keys::new("2026", &Secret::new(canary[1..].to_owned()))
    );
    assert!(!said.contains("c0ffee"), "{said}");
    let bytes = bytes_of::<32>(&canary).unwrap();
    assert!(!said.contains(&format!("{bytes:?}")[1..20]), "{said}");
}

fn read(archive: &[u8], head: &Head, from: usize, to: usize) -> Option<Bytes> {
    let key = head.unwrap("a.arc", &keys()).ok()?;
    let (from, len) = (u64::try_from(from).ok()?, u64::try_from(to - from).ok()?);
    let (begins, size) = head.lies(from, len);
    let begins = usize::try_from(begins).ok()?;
    let bytes = archive.get(begins..begins + usize::try_from(size).ok()?)?;
    head.open(&key, from, len, bytes)
}

fn sealed(keys: &Keys, volume: &[u8]) -> Bytes {
    let chance = Chance {
        key: [5; 32],
        nonce: [6; 12],
    };
    seal(keys, &chance, NAME, volume).unwrap()
}

fn volume(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

fn keys() -> Keys {
    Keys::new("2026", &secret("07")).unwrap()
}

fn secret(byte: &str) -> Secret {
    Secret::new(byte.repeat(32))
}

const NAME: &str = "moderation/02900/000001-000z-12-ab";
