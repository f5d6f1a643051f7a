//! The id of a request: by it its reply, its lines in the log and whoever complains name it.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub static HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

/// 1 to 64 of letters, digits, `.`, `_` and `-`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace(HeaderValue);

impl Trace {
    /// The id of a request that came with these headers. A trusted proxy's is kept, so that its log
    /// and ours name the request alike. Anybody else's is replaced: whoever chose their own could
    /// choose somebody else's, and then a line of the log could be of either.
    pub fn of(headers: &HeaderMap, from_proxy: bool) -> Trace {
        let mut said = headers.get_all(&HEADER).iter();
        match (said.next(), said.next()) {
            (Some(id), None) if from_proxy && is_lawful(id.as_bytes()) => Trace(id.clone()),
            _ => Trace::new(),
        }
    }

    /// One that no other request has.
    pub fn new() -> Trace {
        let id = Uuid::new_v4().simple().to_string();
        Trace(HeaderValue::from_str(&id).expect("hexadecimal digits"))
    }

    pub fn as_str(&self) -> &str {
        self.0.to_str().expect("it is lawful")
    }

    /// As the reply says it.
    pub fn to_header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl Default for Trace {
    fn default() -> Trace {
        Trace::new()
    }
}

fn is_lawful(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &[&[u8]], from_proxy: bool, is_kept: bool) {
        let mut headers = HeaderMap::new();
        for id in said {
            headers.append(&HEADER, HeaderValue::from_bytes(id).unwrap());
        }
        let id = Trace::of(&headers, from_proxy);
        assert_eq!(said.first().is_some_and(|said| *said == id.0.as_bytes()), is_kept, "{said:?}");
        assert!(is_lawful(id.as_str().as_bytes()), "{id:?}");
        assert_ne!(Trace::of(&HeaderMap::new(), from_proxy), id);
    }

    #[test]
    fn what_a_trusted_proxy_says_is_kept_if_it_is_lawful() {
        check(&[], true, false);
        check(&[b"a"], true, true);
        check(&[b"0123456789abcdef0123456789ABCDEF"], true, true);
        check(&[b"0af7651916cd43dd8448eb211c80319c-b7.ad_6"], true, true);
        check(&[&[b'x'; 64]], true, true);
        check(&[&[b'x'; 65]], true, false);
        for unlawful in [&b""[..], b"a b", b"a\"b", b"a=b", b"a\xc3\xa9", b"<i>"] {
            check(&[unlawful], true, false);
        }
        check(&[b"one", b"two"], true, false);
        check(&[b"a"], false, false);
    }
}
