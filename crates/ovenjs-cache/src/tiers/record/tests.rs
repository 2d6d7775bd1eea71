use proptest::{collection::vec, prelude::*};

use super::*;
use crate::tiers::{ID_BYTES_MAX, Space};

proptest! {
    #[test]
    fn a_record_is_read_back_as_it_was_written(key in keys(), record in records()) {
        let bytes = record.to_bytes(&key).unwrap();
        prop_assert_eq!(Record::from_bytes(&key, &bytes), Ok(record));
    }

    #[test]
    fn one_changed_byte_is_noticed(
        key in keys(),
        record in records(),
        place in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut bytes = record.to_bytes(&key).unwrap().to_vec();
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        prop_assert!(Record::from_bytes(&key, &bytes.into()).is_err());
    }

    #[test]
    fn what_was_cut_short_or_has_a_tail_is_noticed(
        key in keys(),
        record in records(),
        place in any::<prop::sample::Index>(),
        tail in vec(any::<u8>(), 1..9),
    ) {
        let bytes = record.to_bytes(&key).unwrap();
        let cut = bytes.slice(..place.index(bytes.len()));
        prop_assert!(Record::from_bytes(&key, &cut).is_err());
        let longer = [&bytes[..], &tail[..]].concat();
        prop_assert!(Record::from_bytes(&key, &longer.into()).is_err());
    }

    #[test]
    fn another_keys_record_is_noticed(key in keys(), other in keys(), record in records()) {
        prop_assume!(key != other);
        let bytes = record.to_bytes(&key).unwrap();
        prop_assert!(Record::from_bytes(&other, &bytes).is_err());
    }

    /// Whoever writes the store may reckon a sum: what is under it is foreign all the same.
    #[test]
    fn no_bytes_are_more_than_refused(key in keys(), mut bytes in vec(any::<u8>(), 0..200)) {
        if let Some(form) = bytes.first_mut() {
            *form = FORM;
        }
        let sum = checksum(&key, &bytes);
        bytes.extend(sum.to_be_bytes());
        if let Ok(record) = Record::from_bytes(&key, &bytes.clone().into()) {
            prop_assert_eq!(record.to_bytes(&key).unwrap(), bytes);
        }
    }
}

#[test]
fn what_exceeds_its_bound_is_not_written() {
    let key = Key::new(&Space::new("blocks", 1).unwrap(), 1, "").unwrap();
    let mut record = Record {
        version: Version::default(),
        body: Body::Value(vec![0; BODY_BYTES_MAX + 1].into()),
        soft_ms: 0,
        hard_ms: 0,
        lent_ms: 0,
        tags: Vec::new(),
    };
    assert_eq!(record.to_bytes(&key), Err(RecordError::TooLarge));
    record.body = Body::Gone;
    record.tags = vec![(Tag::new("guild").unwrap(), 1); TAGS_MAX + 1];
    assert_eq!(record.to_bytes(&key), Err(RecordError::TooLarge));
    record.tags.pop();
    assert!(record.to_bytes(&key).is_ok());
}

#[test]
fn a_record_of_another_form_says_so() {
    let key = Key::new(&Space::new("blocks", 1).unwrap(), 1, "").unwrap();
    let of_form = |form| {
        let mut bytes = BytesMut::from(&[form, 2, 3][..]);
        bytes.put_u64(checksum(&key, &bytes));
        bytes.freeze()
    };
    let read = |form| Record::from_bytes(&key, &of_form(form));
    assert_eq!(
        read(FORM + 1),
        Err(RecordError::Form),
        "a later one is whole, and stays"
    );
    assert_eq!(read(FORM - 1), Err(RecordError::Damaged));
    let torn = of_form(FORM + 1).slice(1..);
    assert_eq!(Record::from_bytes(&key, &torn), Err(RecordError::Damaged));
    assert_eq!(
        Record::from_bytes(&key, &Bytes::new()),
        Err(RecordError::Damaged)
    );
}

fn keys() -> impl Strategy<Value = Key> {
    let space = ("[a-z]{1,8}", any::<u32>()).prop_map(|(name, schema)| Space::new(&name, schema));
    (space, any::<u64>(), vec(any::<u8>(), 0..=ID_BYTES_MAX))
        .prop_map(|(space, scope, id)| Key::new(&space.unwrap(), scope, id).unwrap())
}

fn records() -> impl Strategy<Value = Record> {
    let version = any::<(u32, u64, u64)>().prop_map(|(source, epoch, sequence)| Version {
        source,
        epoch,
        sequence,
    });
    let body = prop_oneof![
        vec(any::<u8>(), 0..300).prop_map(|bytes| Body::Value(bytes.into())),
        Just(Body::Gone),
        Just(Body::Absent),
    ];
    let tag = ("[a-zé ]{1,30}", any::<u64>()).prop_map(|(name, at)| (Tag::new(&name).unwrap(), at));
    (version, body, any::<[u64; 3]>(), vec(tag, 0..=TAGS_MAX)).prop_map(
        |(version, body, [soft_ms, hard_ms, lent_ms], tags)| Record {
            version,
            body,
            soft_ms,
            hard_ms,
            lent_ms,
            tags,
        },
    )
}
