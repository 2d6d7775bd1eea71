//! What a list of objects says.

/// A page of a list: names and how many bytes each has, and what to ask for the next page with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) files: Vec<(String, u64)>,
    pub(super) next: Option<String>,
}

/// What an answer in XML says. Nothing, where it is cut or another thing's: half a list would be believed.
pub(super) fn read(text: &str) -> Option<Listing> {
    let (_, list) = text.split_once("<ListBucketResult")?;
    let (list, _) = list.split_once("</ListBucketResult>")?;
    let mut files = Vec::new();
    let mut rest = list;
    while let Some((_, after)) = rest.split_once("<Contents>") {
        let (contents, after) = after.split_once("</Contents>")?;
        files.push((
            element(contents, "Key")?,
            element(contents, "Size")?.parse().ok()?,
        ));
        rest = after;
    }
    let is_cut = element(list, "IsTruncated").as_deref() == Some("true");
    let next = element(list, "NextContinuationToken");
    // More without a way to it is no list that can be gone on with.
    (!is_cut || next.is_some()).then_some(Listing { files, next })
}

/// The text of the first element of this name.
pub(super) fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (entity, after) = after.split_once(';')?;
        out.push_str(before);
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            numbered => {
                let number = numbered.strip_prefix('#')?;
                let number = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                char::from_u32(number.ok()?)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sizes_and_the_way_on_are_read() {
        let text = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Name>loaves</Name><IsTruncated>true</IsTruncated>\
            <NextContinuationToken>1&amp;2&#43;&#x3d;</NextContinuationToken>\
            <Contents><Key>a/rye</Key><ETag>&quot;x&quot;</ETag><Size>5</Size></Contents>\
            <Contents><Size>0</Size><Key>a/spelt</Key></Contents></ListBucketResult>";
        let listing = read(text).unwrap();
        assert_eq!(
            listing.files,
            [("a/rye".to_owned(), 5), ("a/spelt".to_owned(), 0)]
        );
        assert_eq!(listing.next.unwrap(), "1&2+=");
        // However it is cut, nothing is believed.
        for end in 0..text.len() - 1 {
            assert_eq!(read(&text[..end]), None, "{end}");
        }
        assert_eq!(read("<html><Key>a</Key></html>"), None);
        let lost = text.replace("NextContinuationToken", "Other");
        assert_eq!(read(&lost), None, "more, without a way to it");
    }

    #[test]
    fn an_empty_bucket_has_no_files() {
        let text = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
        assert_eq!(read(text), Some(Listing::default()));
    }
}
