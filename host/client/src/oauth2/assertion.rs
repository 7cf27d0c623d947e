//! Assertions signed by a private key (RFC 7523), as JSON Web Tokens (RFC 7519).

use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::config::{Algorithm, Assertion, OAuth2};
use crate::secret::base64_url;

/// The name of this grant (RFC 7523, part 2.1).
pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// An assertion is used at once; the server's clock may be off.
const LIVES_SECONDS: i64 = 10 * 60;

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    /// The key's text is no key.
    #[error("client_certificate_key holds no private key in PEM: {0}")]
    Pem(String),
    /// The key is not of RSA, or too weak.
    #[error("client_certificate_key is no RSA key of 2048 bits or more: {0}")]
    Key(String),
    /// The machine gives no random numbers, or the key does not sign.
    #[error("sign the assertion")]
    Sign,
}

impl Assertion {
    /// The assertion in its compact form, signed by `key`.
    pub(super) fn sign(
        &self,
        key: &str,
        config: &OAuth2,
        now_millis: i64,
    ) -> Result<String, SignError> {
        let random = SystemRandom::new();
        let mut id = [0_u8; 16];
        random.fill(&mut id).map_err(|_| SignError::Sign)?;
        let now = now_millis.div_euclid(1000);
        let mut header = json!({"alg": self.algorithm.name(), "typ": "JWT"});
        if let (Some(header), Some(key_id)) = (header.as_object_mut(), &self.key_id) {
            header.insert("kid".to_owned(), Value::from(key_id.as_str()));
        }
        let mut claims = json!({
            "iss": self.issuer,
            "sub": config.client_id,
            "jti": base64_url(&id),
            "aud": self.audience,
            "iat": now,
            "exp": now.saturating_add(LIVES_SECONDS),
        });
        if let Some(claims) = claims.as_object_mut() {
            if !config.scopes.is_empty() {
                claims.insert("scope".to_owned(), Value::from(config.scopes.join(" ")));
            }
            claims.extend(self.claims.clone());
        }
        let part = |value: &Value| base64_url(value.to_string().as_bytes());
        let said = format!("{}.{}", part(&header), part(&claims));
        let pair = key_pair(key)?;
        let mut signature = vec![0; pair.public().modulus_len()];
        let algorithm = match self.algorithm {
            Algorithm::Rs256 => &RSA_PKCS1_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        };
        pair.sign(algorithm, &random, said.as_bytes(), &mut signature)
            .map_err(|_| SignError::Sign)?;
        Ok(format!("{said}.{}", base64_url(&signature)))
    }
}

pub(super) fn key_pair(pem: &str) -> Result<RsaKeyPair, SignError> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes());
    let key = key.map_err(|error| SignError::Pem(error.to_string()))?;
    let pair = if let PrivateKeyDer::Pkcs1(key) = &key {
        RsaKeyPair::from_der(key.secret_pkcs1_der())
    } else {
        RsaKeyPair::from_pkcs8(key.secret_der())
    };
    pair.map_err(|error| SignError::Key(error.to_string()))
}
