use ovenjs_types::{
    Channel, Emoji, Guild, GuildScheduledEvent, Member, Message, Presence, Role, SoundboardSound,
    StageInstance, Sticker, Timestamp, User, VoiceState,
    json::{self, Scratch},
};
use proptest::prelude::*;
use serde::{
    Serialize,
    de::{DeserializeOwned, DeserializeSeed as _},
};
use serde_json::{Value, json};

use super::{shapes::*, *};

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Every table against the type that it is read as.
    #[test]
    fn what_is_kept_is_read_as_if_it_were_json(seed: u64) {
        let dice = &mut Dice(seed | 1);
        agree::<UserEvent, User>(dice);
        agree::<MemberEvent, Member>(dice);
        agree::<PresenceEvent, Presence>(dice);
        agree::<VoiceStateEvent, VoiceState>(dice);
        agree::<ChannelEvent, Channel>(dice);
        agree::<SoundEvent, SoundboardSound>(dice);
        agree::<StageEvent, StageInstance>(dice);
        agree::<ScheduledEventEvent, GuildScheduledEvent>(dice);
        agree::<MessageEvent, Message>(dice);
        agree::<GuildEvent, Guild>(dice);
        agree::<Roles, Role>(dice);
        agree::<Emojis, Emoji>(dice);
        agree::<Stickers, Sticker>(dice);
    }

    /// What is not wanted is not in what is packed, wherever it stands and whoever reads it; all else is.
    #[test]
    fn what_is_unwanted_is_passed_over_at_all_depths(seed: u64, bits: u64) {
        let dice = &mut Dice(seed | 1);
        let unwanted = Unwanted::drawn(bits);
        let (came, is_rare) = (dice.object(&GUILD), bits & 1 == 1);
        let rare = if is_rare { "1.5," } else { "" };
        let text = |came: &Value| came.to_string().replacen("\"of_tomorrow\":{\"deep\":[", &format!("\"of_tomorrow\":{{\"deep\":[{rare}"), 1);
        let packed = Packed::<GuildEvent>::read(text(&came).as_bytes(), &unwanted, &mut Scratch::new()).unwrap();
        let left = unwanted.taken_from(&GUILD, came);
        let expected = Packed::<GuildEvent>::read(left.to_string().as_bytes(), &Unwanted::default(), &mut Scratch::new()).unwrap();
        prop_assert_eq!(packed.object().bytes(), expected.object().bytes());
        same_fields(packed.object(), packed.object());
    }

    /// Whichever way a time is read; of some texts that are none, in all their places.
    #[test]
    fn times_in_their_usual_form_are_read_as_others_are(
        (year, month, day) in (1_960_u32..2_110, 0_u32..14, 0_u32..33),
        (hour, minute, second) in (0_u32..25, 0_u32..61, 0_u32..62),
        micros in 0_u32..1_000_000,
        (at, byte) in (0_usize..400, any::<u8>()),
    ) {
        let mut text = format!(
            "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00\""
        )
        .into_bytes();
        if let Some(place) = text.get_mut(at) {
            *place = byte;
        }
        let usual = digits::usual_time(&text);
        let read = str::from_utf8(&text).ok().and_then(|text| {
            let time: Timestamp = text.strip_suffix('"')?.parse().ok()?;
            Some((time.unix_micros(), 32))
        });
        let is_usual = at >= text.len() && (1_970..2_100).contains(&year) && second < 60;
        if is_usual || usual.is_some() {
            prop_assert_eq!(usual, read);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for shape in [&USER, &MEMBER, &PRESENCE, &CHANNEL, &MESSAGE, &GUILD] {
            let object = Object::new(shape, &bytes);
            let _ = Record { object, beside: &[] }.read::<Message>();
            let _ = Record { object, beside: &[] }.read::<Guild>();
            object.copy_without(&["id"], &mut Vec::new());
            let _ = (object.objects("members").count(), object.number("type"), object.value("status").map(|value| value.word()));
        }
    }
}

struct Roles;
impl Shaped for Roles {
    const SHAPE: &'static Shape = &ROLE;
}
struct Emojis;
impl Shaped for Emojis {
    const SHAPE: &'static Shape = &EMOJI;
}
struct Stickers;
impl Shaped for Stickers {
    const SHAPE: &'static Shape = &STICKER;
}

fn agree<S: Shaped, T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(
    dice: &mut Dice,
) {
    let came = dice.object(S::SHAPE);
    let text = serde_json::to_vec(&came).unwrap();
    let expected: T = json::decode(&text, &mut Scratch::new()).unwrap();
    let packed: Packed<S> = json::decode(&text, &mut Scratch::new()).unwrap();
    let read: T = Record {
        object: packed.object(),
        beside: &[],
    }
    .read()
    .unwrap_or_else(|| panic!("{came:#}"));
    assert_eq!(read, expected, "{came:#}");
    same_fields(packed.object(), packed.object());
    same(dice, packed.object(), &text);
}

/// The reader of payloads makes of a text what the reader of the model makes, however it is written.
fn same(dice: &mut Dice, expected: Object<'_>, text: &[u8]) {
    let text = str::from_utf8(text).unwrap();
    let mut spelled = String::new();
    let mut is_inside = false;
    for (place, character) in text.char_indices() {
        match character {
            // What is no ASCII may be escaped, and between values there may be space.
            '\u{80}'.. if dice.below(2) == 0 => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    spelled.push_str(&format!("\\u{unit:04X}"));
                }
                continue;
            }
            '"' if !text.get(..place).unwrap().ends_with('\\') => is_inside = !is_inside,
            ':' | ',' | '}' | ']' if !is_inside && dice.below(9) == 0 => spelled.push_str(" \n\t"),
            _ => {}
        }
        spelled.push(character);
        if !is_inside && "{[,:".contains(character) && dice.below(9) == 0 {
            spelled.push_str("\r ");
        }
    }
    let mut out = Vec::new();
    let mut starts = starts::Starts::none();
    let fits = scan::scan(
        spelled.as_bytes(),
        expected.shape(),
        &Unwanted::default(),
        &mut out,
        &mut starts,
    );
    if fits.is_some() {
        assert_eq!((fits, &*out), (Some(true), expected.bytes()), "{spelled}");
        same_fields(Object::indexed(expected.shape(), &out, &starts), expected);
    } else {
        let is_rare = |part: &str| spelled.contains(part);
        assert!(is_rare("0.25") || is_rare("1.5"), "{spelled}");
    }
    // Whatever is cut off or changed ends in no panic, and a text that is whole JSON still is the same.
    let mut bytes = spelled.into_bytes();
    let at = usize::try_from(dice.below(bytes.len().try_into().unwrap())).unwrap();
    match dice.below(3) {
        0 => bytes.truncate(at),
        1 => drop(bytes.remove(at)),
        _ => {
            bytes[at] = *b"\"\\{}[]:,0-e.nul\n\xff"
                .get(usize::try_from(dice.below(17)).unwrap())
                .unwrap()
        }
    }
    out.clear();
    let fits = scan::scan(
        &bytes,
        expected.shape(),
        &Unwanted::default(),
        &mut out,
        &mut starts,
    );
    let whole = serde_json::from_slice::<Value>(&bytes).is_ok();
    if let (Some(fits), true) = (fits, whole) {
        let packed = pack_by_model(expected.shape(), &bytes);
        assert_eq!(packed.as_deref(), fits.then_some(&*out));
    }
}

/// Fields whose beginnings were noted are those that are found one after the other.
fn same_fields(noted: Object<'_>, packed: Object<'_>) {
    let found = Object::new(packed.shape(), packed.bytes());
    for place in 0..64 {
        let bytes = |object: Object<'_>| object.at(place).map(|value| value.bytes.to_vec());
        assert_eq!(bytes(noted), bytes(found));
        let pointed = |object: Object<'_>| {
            let pointed = object.pointed_at(place)?;
            Some((pointed.id, pointed.rest.concat()))
        };
        assert_eq!(pointed(noted), pointed(found));
        if let Some((id, rest)) = pointed(noted) {
            let object = noted.at(place).unwrap().object().unwrap();
            let name = object.shape().field(0).unwrap().name;
            let mut expected = Vec::new();
            object.copy_without(&[name], &mut expected);
            assert_eq!((Some(id), rest), (object.id(name), expected));
        }
        // Two fields and their neighbours, and some more.
        for left_out in [
            1 << place,
            5 << place,
            0b11 << place,
            0x0103_0105 << place,
            0xffff << place,
        ] {
            let copy = |object: Object<'_>| {
                let mut out = Vec::new();
                object.copy_but(left_out, &mut out);
                out
            };
            assert_eq!(copy(noted), copy(found));
        }
    }
}

fn pack_by_model(shape: &'static Shape, text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let fields = write::Fields {
        shape,
        out: &mut out,
    };
    let mut text = serde_json::Deserializer::from_slice(text);
    let fits = fields.deserialize(&mut text).ok()?;
    fits.then_some(out)
}

/// A table that names a field which the type does not have would keep bytes that nobody reads.
#[test]
fn every_field_that_is_kept_is_one_of_its_type() {
    fn knows<T: DeserializeOwned + Serialize>(shape: &'static Shape) {
        assert!(
            shape.fields.len() <= 64,
            "the places of fields are bits of a number"
        );
        // Everything is there in one of these.
        let mut known = std::collections::BTreeSet::new();
        let mut dice = Dice(99);
        for _ in 0..100 {
            let text = serde_json::to_vec(&dice.object(shape)).unwrap();
            let value: T = json::decode(&text, &mut Scratch::new()).unwrap();
            let Value::Object(written) = serde_json::to_value(value).unwrap() else {
                panic!()
            };
            known.extend(written.into_iter().map(|(name, _)| name));
        }
        let kept = shape
            .fields
            .iter()
            .filter(|field| !matches!(field.form, Form::Passed));
        for field in kept {
            assert!(known.contains(field.name), "{} is no field", field.name);
        }
    }
    knows::<User>(&USER);
    knows::<Member>(&MEMBER);
    knows::<Presence>(&PRESENCE);
    knows::<VoiceState>(&VOICE_STATE);
    knows::<Channel>(&CHANNEL);
    knows::<SoundboardSound>(&SOUND);
    knows::<StageInstance>(&STAGE);
    knows::<GuildScheduledEvent>(&SCHEDULED_EVENT);
    knows::<Message>(&MESSAGE);
    knows::<Guild>(&GUILD);
    knows::<Role>(&ROLE);
    knows::<Emoji>(&EMOJI);
    knows::<Sticker>(&STICKER);
}

#[test]
fn what_does_not_fit_costs_no_more_than_itself() {
    let text = br#"{"user":{"id":"80","username":7,"avatar":["x"],"bot":true},"nick":{"a":1},"roles":["1","x",null,"2"],
        "joined_at":"yesterday","deaf":"no","flags":-1,"nick":"ann","new":{"deep":[[]]},"premium_since":null}"#;
    let packed: Packed<MemberEvent> = json::decode(text, &mut Scratch::new()).unwrap();
    let member: Member = Record {
        object: packed.object(),
        beside: &[],
    }
    .read()
    .unwrap();
    let written = serde_json::to_value(&member).unwrap();
    assert_eq!(written["roles"], json!(["1", "2"]));
    assert_eq!(written["nick"], "ann", "the first one did not fit");
    assert_eq!(written["user"]["bot"], true);
    assert_eq!(member.user.unwrap().username, "");

    // An object without what it must have is none.
    assert!(
        json::decode::<Packed<UserEvent>>(br#"{"username":"ann"}"#, &mut Scratch::new()).is_err()
    );
    let text = br#"{"user":{"username":"ann"},"nick":"a"}"#;
    let packed: Packed<MemberEvent> = json::decode(text, &mut Scratch::new()).unwrap();
    assert!(packed.object().object("user").is_none());
}

#[test]
fn something_deep_that_no_type_fits_costs_what_is_deep() {
    let text = br#"{"id":"2","channel_id":"3","author":{"id":"4","username":"ann"},"content":"hi","poll":7}"#;
    let packed: Packed<MessageEvent> = json::decode(text, &mut Scratch::new()).unwrap();
    let object = packed.object();
    let message: Message = Record {
        object,
        beside: &[],
    }
    .read()
    .unwrap();
    assert_eq!((message.content.as_str(), message.poll), ("hi", None));
}

/// Nor does it matter which field was expected.
#[test]
fn in_whatever_order_fields_come_the_same_is_kept() {
    let fields = [
        r#""id":"5""#,
        r#""channel_id":"6""#,
        r#""nonce":"7""#,
        r#""member":{"nick":"a}]\\\"","roles":["8",[{}]],"user":{"id":"80"}}"#,
        r#""author":{"clan":null,"id":"80","username":"ann","username":"bob","nam\u0065":1}"#,
        r#""tomorrow":[1,true,{"a":"\\"}]"#,
        r#""mention_everyone" : true"#,
        r#""mention_everyone":false"#,
    ];
    for order in 0..fields.len() * 3 {
        let mut fields = fields.to_vec();
        let length = fields.len();
        fields.rotate_left(order % length);
        fields.swap(0, order / length + 1);
        let text = format!("{{{}}}", fields.join(","));
        let expected = pack_by_model(&MESSAGE, text.as_bytes()).unwrap();
        let mut out = Vec::new();
        // The second time it expects them.
        for _ in 0..2 {
            out.clear();
            let fits = scan::scan(
                text.as_bytes(),
                &MESSAGE,
                &Unwanted::default(),
                &mut out,
                &mut starts::Starts::none(),
            );
            // A name with escapes is left to the other reader.
            assert_eq!(fits, None, "{text}");
        }
        let text = text.replace("\\u0065", "e");
        for _ in 0..2 {
            out.clear();
            let fits = scan::scan(
                text.as_bytes(),
                &MESSAGE,
                &Unwanted::default(),
                &mut out,
                &mut starts::Starts::none(),
            );
            assert_eq!((fits, &out), (Some(true), &expected), "{text}");
        }
    }
}

#[test]
fn a_length_beyond_all_memory_ends_the_object() {
    for (name, mark) in [
        ("username", None),
        ("avatar", Some(OTHER)),
        ("collectibles", Some(mark::TEXT)),
    ] {
        for length in u64::MAX - 24..=u64::MAX {
            let mut bytes = vec![USER.place(name.as_bytes()).unwrap().0];
            bytes.extend(mark);
            put_varint(&mut bytes, length);
            assert_eq!(Object::new(&USER, &bytes).fields().count(), 0, "{name}");
        }
    }
}

#[test]
fn what_is_common_is_short() {
    let packed = |text: &str| {
        let packed: Packed<MemberEvent> =
            json::decode(text.as_bytes(), &mut Scratch::new()).unwrap();
        let mut out = Vec::new();
        packed.object().copy_without(&[], &mut out);
        out.len()
    };
    assert_eq!(
        packed(r#"{"joined_at":"2021-03-04T05:06:07.089000+00:00"}"#),
        7
    );
    assert_eq!(
        packed(r#"{"avatar":"a_0123456789abcdef0123456789abcdef"}"#),
        18
    );
    assert_eq!(
        packed(r#"{"avatar":"0123456789ABCDEF0123456789abcdef"}"#),
        35
    );
    assert_eq!(
        packed(r#"{"deaf":false,"mute":true,"pending":false,"roles":[],"nick":null}"#),
        1
    );
}

/// Draws objects by their tables.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below this.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % most.max(1)
    }

    /// Some of the fields, in some order, with others in between; all that must be there.
    pub(crate) fn object(&mut self, shape: &Shape) -> Value {
        let mut fields = serde_json::Map::new();
        let kept = |field: &&Field| !matches!(field.form, Form::Passed);
        for field in shape.fields.iter().filter(kept) {
            // No message of the model is without.
            if field.must || field.name == "author" || self.below(3) > 0 {
                fields.insert(field.name.to_owned(), self.value(field));
            } else if self.below(4) == 0 && is_nullable(field) {
                fields.insert(field.name.to_owned(), Value::Null);
            }
        }
        fields.insert("of_tomorrow".to_owned(), json!({"deep": [1, {"id": "x"}]}));
        Value::Object(fields)
    }

    fn value(&mut self, field: &Field) -> Value {
        match (field.name, &field.form) {
            ("kind" | "emoji_name" | "tag", Form::Text) => json!("x"),
            (name, Form::Any) => any_example(name),
            ("embeds" | "attachments" | "reactions" | "components" | "message_snapshots", _) => {
                json!([any_example(field.name)])
            }
            (_, form) => self.form(form),
        }
    }

    fn form(&mut self, form: &Form) -> Value {
        match form {
            Form::Flag | Form::Bool => json!(self.below(2) == 1),
            Form::There | Form::Passed => Value::Null,
            Form::U32 => json!(self.below(300)),
            Form::U64 => json!(self.below(100_000)),
            Form::I64 => json!(i64::try_from(self.below(300)).unwrap() - 150),
            Form::F64 => json!(0.25),
            Form::Id => json!(((1_u64 << 40) + self.below(1_000)).to_string()),
            Form::Text => {
                let length = if self.below(9) == 0 {
                    300
                } else {
                    self.below(20)
                };
                json!("aé\"\n漢".repeat(usize::try_from(length).unwrap()))
            }
            Form::Hash => {
                let moves = if self.below(3) == 0 { "a_" } else { "" };
                match self.below(4) {
                    0 => json!("strange"),
                    _ => json!(format!("{moves}{:032x}", self.below(1 << 30))),
                }
            }
            Form::Time => {
                let micros = self.below(1_000) * if self.below(2) == 0 { 1_000 } else { 1 };
                json!(format!(
                    "20{:02}-03-04T05:06:07.{micros:06}+00:00",
                    self.below(40) + 10
                ))
            }
            Form::Word(words) => {
                let place = usize::try_from(self.below(6)).unwrap();
                json!(words.get(place).unwrap_or(&"of tomorrow"))
            }
            Form::List(Form::Any) | Form::Any => json!([]),
            Form::List(form) => (0..self.below(4)).map(|_| self.form(form)).collect(),
            Form::Object(shape) => self.object(shape),
        }
    }
}

impl Unwanted {
    /// Some fields of those tables that may have such.
    pub(crate) fn drawn(bits: u64) -> Self {
        let mut unwanted = Self::default();
        for (turn, shape) in (1..).zip([&USER, &MEMBER, &PRESENCE, &CHANNEL, &GUILD, &MESSAGE]) {
            let bits = bits.rotate_left(turn * 11);
            let fields = (0..)
                .zip(shape.fields)
                .filter(|(place, _)| bits >> (place % 64) & 3 == 3);
            fields.for_each(|(_, field)| unwanted.add(shape, &[field.name]));
        }
        unwanted
    }

    /// What would have come if that had not been sent.
    pub(crate) fn taken_from(&self, shape: &'static Shape, mut value: Value) -> Value {
        let Value::Object(fields) = &mut value else {
            return value;
        };
        for (place, field) in (0..).zip(shape.fields) {
            if self.of(shape) >> place & 1 == 1 {
                fields.remove(field.name);
            } else if let Some(value) = fields.get_mut(field.name) {
                *value = match (&field.form, value.take()) {
                    (Form::Object(shape), value) => self.taken_from(shape, value),
                    (Form::List(Form::Object(shape)), Value::Array(list)) => list
                        .into_iter()
                        .map(|value| self.taken_from(shape, value))
                        .collect(),
                    (_, value) => value,
                };
            }
        }
        value
    }
}

/// Whether every type that has the field lets `null` stand there.
fn is_nullable(field: &Field) -> bool {
    [
        "nick",
        "avatar",
        "icon",
        "badge",
        "premium_since",
        "edited_timestamp",
    ]
    .contains(&field.name)
}

/// An example of what is kept with its keys.
fn any_example(name: &str) -> Value {
    match name {
        "collectibles" => {
            json!({"nameplate": {"sku_id": "5", "asset": "a/", "label": "", "palette": "sky"}})
        }
        "party" => json!({"id": "p", "size": [1, 5]}),
        "recurrence_rule" => {
            json!({"start": "2026-01-01T00:00:00+00:00", "frequency": 2, "interval": 1, "by_weekday": [1], "end": null})
        }
        "mention_channels" => json!([{"id": "6", "guild_id": "7", "name": "c", "type": 5}]),
        "attachments" => {
            json!({"id": "8", "filename": "f", "size": 5_000_000_000_u64, "url": "u", "proxy_url": "p", "duration_secs": 1.5})
        }
        "embeds" => {
            json!({"title": "t", "color": 5, "fields": [{"name": "n", "value": "v", "inline": true}]})
        }
        "reactions" => {
            json!({"count": 3, "count_details": {"burst": 1, "normal": 2}, "me": true, "me_burst": false, "emoji": {"id": null, "name": "🔥"}, "burst_colors": []})
        }
        "components" => {
            json!({"type": 1, "components": [{"type": 2, "style": 1, "label": "b", "custom_id": "c"}]})
        }
        "message_snapshots" => {
            json!({"message": {"type": 0, "content": "bread", "embeds": [], "attachments": [], "timestamp": "2026-01-31T12:00:00.000000+00:00", "edited_timestamp": null, "mentions": [], "mention_roles": ["5"], "flags": 4}})
        }
        "interaction_metadata" => {
            json!({"id": "1", "type": 2, "user": {"id": "2", "username": "u"}, "authorizing_integration_owners": {"0": "3"}})
        }
        "role_subscription_data" => {
            json!({"role_subscription_listing_id": "4", "tier_name": "t", "total_months_subscribed": 2, "is_renewal": true})
        }
        "purchase_notification" => {
            json!({"type": 0, "guild_product_purchase": {"listing_id": "5", "product_name": "b"}})
        }
        "question" => json!({"text": "q"}),
        "call" => json!({"participants": ["3"], "ended_timestamp": null}),
        other => panic!("there is no example of {other}"),
    }
}
