//! The id of a request: by it its reply, its lines in the log and whoever complains name it.

use http::{HeaderMap, HeaderName, HeaderValue};

pub static HEADER: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 64;

/// 1 to 64 of letters, digits, `.`, `_` and `-`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trace {
    id: [u8; LONGEST],
    length: u8,
}

impl Trace {
    /// The id of a request that came with these headers. A trusted proxy's is kept, so that its log
    /// and ours name the request alike. Anybody else's is replaced: whoever chose their own could
    /// choose somebody else's, and then a line of the log could be of either.
    pub fn of(headers: &HeaderMap, from_proxy: bool) -> Trace {
        let mut said = headers.get_all(&HEADER).iter();
        match (said.next(), said.next()) {
            (Some(id), None) if from_proxy && is_lawful(id.as_bytes()) => {
                Trace::from(id.as_bytes())
            }
            _ => Trace::new(),
        }
    }

    /// One that no other request has. It need not be hard to guess: nobody gains by knowing it.
    pub fn new() -> Trace {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let random = fastrand::u128(..).to_be_bytes();
        let digits: [[u8; 2]; 16] =
            random.map(|byte| [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
        Trace::from(digits.as_flattened())
    }

    fn from(id: &[u8]) -> Trace {
        let mut trace = Trace { id: [0; LONGEST], length: id.len() as u8 };
        trace.id[..id.len()].copy_from_slice(id);
        trace
    }

    fn as_bytes(&self) -> &[u8] {
        &self.id[..usize::from(self.length)]
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("it is lawful")
    }

    /// As the reply says it.
    pub fn to_header(self) -> HeaderValue {
        HeaderValue::from_bytes(self.as_bytes()).expect("it is lawful")
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
        assert_eq!(said.first().is_some_and(|said| *said == id.as_bytes()), is_kept, "{said:?}");
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
