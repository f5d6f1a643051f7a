//! Secrets and their signatures. A browser's cookie is 256 random bits, signed, so that a stranger's
//! inventions cost the database nothing; a program's token is as many, and lives longer than keys do.
//! What forms carry follows from the cookie and the key: nothing of it is kept.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Of the secret, as the database has it.
pub type Hash = [u8; 32];

/// What tokens begin with: so whoever finds one in a public place knows whose it is.
const TOKEN: &str = "orderboard_";
const SIGNATURE_BYTES: usize = 16;

/// The key that signs, and one that is still believed until everybody has come by.
pub struct Keys {
    now: Vec<u8>,
    old: Option<Vec<u8>>,
}

/// A secret that was just made: what its holder gets, and what is kept of it.
pub struct Secret {
    pub text: String,
    pub hash: Hash,
}

/// A secret whose signature is right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signed {
    pub hash: Hash,
    /// The same under the key of now, if it was signed by the old one.
    pub again: Option<String>,
}

impl Keys {
    pub fn new(now: Vec<u8>, old: Option<Vec<u8>>) -> Keys {
        Keys { now, old }
    }

    /// A browser's new secret.
    pub fn make_cookie(&self) -> Secret {
        let secret = random::<32>();
        Secret { text: self.sign_cookie(&secret), hash: hash(&secret) }
    }

    fn sign_cookie(&self, secret: &[u8]) -> String {
        format!("{}.{}", to_hex(secret), to_hex(&sign(&self.now, "cookie", secret)))
    }

    /// Reads a cookie; `None` if it is none of ours.
    pub fn read_cookie(&self, text: &str) -> Option<Signed> {
        let (secret, signature) = text.split_once('.')?;
        let (secret, signature): (Hash, _) = (from_hex(secret)?, from_hex(signature)?);
        if is_signed(&self.now, "cookie", &secret, &signature) {
            return Some(Signed { hash: hash(&secret), again: None });
        }
        let old = self.old.as_ref()?;
        is_signed(old, "cookie", &secret, &signature)
            .then(|| Signed { hash: hash(&secret), again: Some(self.sign_cookie(&secret)) })
    }

    /// What the forms of a browser's pages carry: no other site can know it.
    pub fn form_token(&self, of: &Hash) -> String {
        to_hex(&sign(&self.now, "form", of))
    }

    pub fn is_form_token(&self, of: &Hash, text: &str) -> bool {
        let Some(signature) = from_hex(text) else { return false };
        let mut keys = [Some(&self.now), self.old.as_ref()].into_iter().flatten();
        keys.any(|key| is_signed(key, "form", of, &signature))
    }
}

/// A program's new secret.
pub fn make_token() -> Secret {
    let secret = random::<32>();
    Secret { text: format!("{TOKEN}{}", to_hex(&secret)), hash: hash(&secret) }
}

/// The hash of a token, as a request carries it.
pub fn read_token(text: &str) -> Option<Hash> {
    Some(hash(&from_hex::<32>(text.strip_prefix(TOKEN)?)?))
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

fn hash(secret: &[u8]) -> Hash {
    Sha256::digest(secret).into()
}

fn mac(key: &[u8], purpose: &str, text: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("keys may have any length");
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text);
    mac
}

fn sign(key: &[u8], purpose: &str, text: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let whole: [u8; 32] = mac(key, purpose, text).finalize().into_bytes().into();
    let (signature, _) = whole.split_first_chunk().expect("it is longer");
    *signature
}

/// Compares in constant time.
fn is_signed(key: &[u8], purpose: &str, text: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    mac(key, purpose, text).verify_truncated_left(signature).is_ok()
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    // `from_str_radix` would also take a sign.
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(now: &str, old: Option<&str>) -> Keys {
        Keys::new(now.as_bytes().to_vec(), old.map(|old| old.as_bytes().to_vec()))
    }

    #[test]
    fn a_cookie_is_read_by_the_key_that_signed_it_and_by_the_one_after_it() {
        let secret = keys("one", None).make_cookie();
        let read = |keys: Keys| keys.read_cookie(&secret.text);
        let found = read(keys("one", None)).unwrap();
        assert_eq!(found, Signed { hash: secret.hash, again: None });
        assert_eq!(read(keys("two", None)), None);
        let found = read(keys("two", Some("one"))).unwrap();
        assert_eq!(found.hash, secret.hash);
        // Signed again, it needs the old key no more.
        let again = found.again.unwrap();
        assert_eq!(keys("two", None).read_cookie(&again).unwrap().hash, secret.hash);
    }

    #[test]
    fn nothing_but_what_was_signed_is_read() {
        let one = keys("one", None);
        let Secret { text, hash } = one.make_cookie();
        let other = one.make_cookie().text;
        let (secret, signature) = text.split_once('.').unwrap();
        let foreign = format!("{secret}.{}", other.split_once('.').unwrap().1);
        let cases = [
            "",
            ".",
            secret,
            &format!("{secret}."),
            &foreign,
            &format!("{secret}.+{}", &signature[1..]),
        ];
        for wrong in cases {
            assert_eq!(one.read_cookie(wrong), None, "{wrong}");
        }
        assert_eq!(secret.len(), 64, "256 bits");
        let token = one.form_token(&hash);
        assert!(one.is_form_token(&hash, &token));
        assert!(keys("two", Some("one")).is_form_token(&hash, &token));
        assert!(!keys("two", None).is_form_token(&hash, &token));
        assert!(!one.is_form_token(&one.make_cookie().hash, &token), "somebody else's");
        assert!(!one.is_form_token(&hash, signature), "signed for another purpose");
    }

    #[test]
    fn a_token_is_known_by_its_hash() {
        let Secret { text, hash } = make_token();
        assert_eq!(read_token(&text), Some(hash));
        assert_eq!(read_token(&text[1..]), None);
        assert_eq!(read_token(&text.replace("orderboard_", "")), None);
    }
}
