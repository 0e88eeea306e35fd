//! Keys whose whole form their provider or the makers of scanners have published: what they begin with, of what they are
//! made, and how long they are. Told by all of it, so that no word, digest or id is taken for one.
//!
//! Where each form is published stands beside it: *gitleaks* is `config/gitleaks.toml` of gitleaks/gitleaks as of July
//! 2026, *trufflehog* are the detectors of trufflesecurity/trufflehog; the others are pages of the providers.

use super::key;
use super::next::walked;
use super::scan::is_word;
use std::sync::LazyLock;

/// Below so many bytes a part may hold no digit.
const SHORT_PART: usize = 20;
/// From so many bytes on a part has to look made by chance.
const LONG_PART: usize = 12;

/// Of what a part of a key is made.
#[derive(Clone, Copy)]
enum Class {
    Digit,
    /// Digits and `a` to `f`, small.
    Hex,
    /// The same, in either size.
    AnyHex,
    /// Capitals and digits.
    Upper,
    Alnum,
    /// Letters, digits, `_` and `-`.
    Word,
    /// The same, points and `=`.
    Dotted,
    /// Letters, digits, `+` and `/`.
    Base64,
    /// Either alphabet of base64, with `=`.
    Base64Url,
}

impl Class {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Digit => byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            Self::AnyHex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => is_word(byte),
            Self::Dotted => is_word(byte) || matches!(byte, b'.' | b'='),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
            Self::Base64Url => is_word(byte) || matches!(byte, b'+' | b'/' | b'='),
        }
    }

    /// Whether so many of these may stand there by chance, and are no word of a language or number.
    fn is_random(self, body: &str) -> bool {
        let has = |is: fn(&u8) -> bool| body.as_bytes().iter().any(is);
        let digit = has(u8::is_ascii_digit);
        match self {
            Self::Digit => true,
            Self::Hex | Self::AnyHex | Self::Upper => digit && has(u8::is_ascii_alphabetic),
            // A short one may hold no digit by chance.
            _ => {
                has(u8::is_ascii_uppercase)
                    && has(u8::is_ascii_lowercase)
                    && (digit || body.len() < SHORT_PART || key::is_shuffled(body))
            }
        }
    }
}

/// A part of a key.
#[derive(Clone, Copy)]
enum Part {
    Is(&'static str),
    /// So many bytes at least and at most.
    Of(Class, usize, usize),
}

/// What a key begins with, and what stands behind.
type Form = (&'static str, &'static [Part]);

/// The forms of one kind of keys.
struct Family {
    name: &'static str,
    what: &'static str,
    forms: &'static [Form],
}

const fn family(name: &'static str, what: &'static str, forms: &'static [Form]) -> Family {
    Family { name, what, forms }
}

use Class::{Alnum, AnyHex, Base64, Base64Url, Digit, Dotted, Hex, Upper, Word};
use Part::{Is, Of};

/// Those that begin with letters of their own.
static FORMS: [Family; 48] = [
    // gitleaks; docs.gitlab.com/security/tokens, "Token prefixes".
    family(
        "GITLAB_TOKEN",
        "a GitLab token",
        &[
            ("gloas-", &[Of(Word, 64, 64)]),
            ("glcbt-", &[Of(Alnum, 1, 5), Is("_"), Of(Word, 20, 300)]),
            ("glptt-", &[Of(Hex, 40, 40)]),
            ("glft-", &[Of(Word, 20, 64)]),
            ("glimt-", &[Of(Word, 25, 64)]),
            ("glagent-", &[Of(Word, 50, 64)]),
            ("glsoat-", &[Of(Word, 20, 64)]),
            ("glffct-", &[Of(Word, 20, 64)]),
            ("glrtr-", &[Of(Word, 20, 64)]),
            ("glwt-", &[Of(Word, 20, 64)]),
            ("GR1348941", &[Of(Word, 20, 20)]),
        ],
    ),
    // gitleaks.
    family(
        "SHOPIFY_TOKEN",
        "a Shopify token",
        &[
            ("shpca_", &[Of(AnyHex, 32, 32)]),
            ("shppa_", &[Of(AnyHex, 32, 32)]),
        ],
    ),
    // gitleaks (`EAAA`); dxa4481/truffleHogRegexes (`sq0csp-`).
    family(
        "SQUARE_SECRET",
        "a Square secret",
        &[("sq0csp-", &[Of(Word, 43, 43)])],
    ),
    family(
        "SQUARE_TOKEN",
        "a Square token",
        &[("EAAA", &[Of(Word, 60, 60)])],
    ),
    // gitleaks.
    family(
        "TWILIO_API_KEY",
        "a Twilio API key",
        &[("SK", &[Of(AnyHex, 32, 32)])],
    ),
    family(
        "DIGITALOCEAN_TOKEN",
        "a DigitalOcean token",
        &[
            ("doo_v1_", &[Of(Hex, 64, 64)]),
            ("dor_v1_", &[Of(Hex, 64, 64)]),
        ],
    ),
    // developers.cloudflare.com/fundamentals/api/get-started/token-formats: 40 characters and a checksum.
    family(
        "CLOUDFLARE_API_TOKEN",
        "a Cloudflare key",
        &[("cfk_", &[Of(Alnum, 41, 60)])],
    ),
    family(
        "CLOUDFLARE_API_TOKEN",
        "a Cloudflare token",
        &[
            ("cfut_", &[Of(Alnum, 41, 60)]),
            ("cfat_", &[Of(Alnum, 41, 60)]),
        ],
    ),
    // gitleaks.
    family(
        "CLOUDFLARE_ORIGIN_KEY",
        "a Cloudflare origin key",
        &[("v1.0-", &[Of(Hex, 24, 24), Is("-"), Of(Hex, 146, 146)])],
    ),
    // trufflehog.
    family(
        "DOCKER_TOKEN",
        "a Docker token",
        &[("dckr_oat_", &[Of(Word, 32, 32)])],
    ),
    // gitleaks; developer.hashicorp.com/vault/docs/concepts/tokens, "Token prefixes".
    family(
        "VAULT_TOKEN",
        "a Vault token",
        &[
            ("hvb.", &[Of(Word, 138, 300)]),
            ("hvr.", &[Of(Word, 24, 300)]),
        ],
    ),
    // gitleaks.
    family(
        "GRAFANA_TOKEN",
        "a Grafana token",
        &[("glc_", &[Of(Base64, 32, 400)])],
    ),
    family(
        "GRAFANA_API_KEY",
        "a Grafana API key",
        &[("eyJrIjoi", &[Of(Alnum, 70, 400)])],
    ),
    // trufflehog.
    family(
        "NEW_RELIC_INSERT_KEY",
        "a New Relic insert key",
        &[("NRII-", &[Of(Word, 25, 40)])],
    ),
    // gitleaks.
    family(
        "SENTRY_TOKEN",
        "a Sentry token",
        &[("sntryu_", &[Of(Hex, 64, 64)])],
    ),
    // supabase.com/docs/guides/api/api-keys.
    family(
        "SUPABASE_SECRET_KEY",
        "a Supabase secret key",
        &[("sb_secret_", &[Of(Word, 24, 60)])],
    ),
    // vercel.com/changelog/new-token-formats-and-secret-scanning.
    family(
        "VERCEL_TOKEN",
        "a Vercel token",
        &[
            ("vcp_", &[Of(Alnum, 24, 200)]),
            ("vci_", &[Of(Alnum, 24, 200)]),
            ("vca_", &[Of(Alnum, 24, 200)]),
            ("vcr_", &[Of(Alnum, 24, 200)]),
        ],
    ),
    family(
        "VERCEL_API_KEY",
        "a Vercel API key",
        &[("vck_", &[Of(Alnum, 24, 200)])],
    ),
    // trufflehog.
    family(
        "NETLIFY_TOKEN",
        "a Netlify token",
        &[("nfp_", &[Of(Alnum, 36, 36)])],
    ),
    // gitleaks.
    family(
        "FLY_API_TOKEN",
        "a Fly token",
        &[
            ("fo1_", &[Of(Word, 43, 43)]),
            ("fm1a_", &[Of(Base64, 100, 2_000)]),
            ("fm1r_", &[Of(Base64, 100, 2_000)]),
            ("fm2_", &[Of(Base64, 100, 2_000)]),
        ],
    ),
    family(
        "HUGGINGFACE_TOKEN",
        "a Hugging Face token",
        &[("api_org_", &[Of(Alnum, 34, 34)])],
    ),
    // trufflehog.
    family(
        "LANGSMITH_API_KEY",
        "a LangSmith API key",
        &[
            ("lsv2_pt_", &[Of(Hex, 32, 32), Is("_"), Of(Hex, 10, 10)]),
            ("lsv2_sk_", &[Of(Hex, 32, 32), Is("_"), Of(Hex, 10, 10)]),
        ],
    ),
    family(
        "PINECONE_API_KEY",
        "a Pinecone API key",
        &[("pcsk_", &[Of(Alnum, 5, 6), Is("_"), Of(Alnum, 63, 63)])],
    ),
    // gitleaks.
    family(
        "AIRTABLE_TOKEN",
        "an Airtable token",
        &[("pat", &[Of(Alnum, 14, 14), Is("."), Of(Hex, 64, 64)])],
    ),
    // support.atlassian.com, "Access tokens" and "App passwords" of Bitbucket; trufflehog.
    family(
        "BITBUCKET_TOKEN",
        "a Bitbucket token",
        &[("ATCTT3", &[Of(Base64Url, 60, 300)])],
    ),
    family(
        "BITBUCKET_TOKEN",
        "a Bitbucket app password",
        &[("ATBB", &[Of(Alnum, 28, 40)])],
    ),
    // trufflehog.
    family(
        "DROPBOX_TOKEN",
        "a Dropbox token",
        &[
            ("sl.", &[Of(Word, 130, 2_000)]),
            ("sl.u.", &[Of(Word, 130, 2_000)]),
        ],
    ),
    family(
        "PLANETSCALE_TOKEN",
        "a PlanetScale token",
        &[
            ("pscale_tkn_", &[Of(Dotted, 32, 64)]),
            ("pscale_oauth_", &[Of(Dotted, 32, 64)]),
        ],
    ),
    family(
        "PLANETSCALE_PASSWORD",
        "a PlanetScale password",
        &[("pscale_pw_", &[Of(Dotted, 32, 64)])],
    ),
    family(
        "PULUMI_ACCESS_TOKEN",
        "a Pulumi token",
        &[("pul-", &[Of(Hex, 40, 40)])],
    ),
    // docs.doppler.com/reference/auth-token-formats: 40 to 44, behind the name of a config for those of a service.
    family(
        "DOPPLER_TOKEN",
        "a Doppler token",
        &[
            ("dp.st.", &[Of(Alnum, 40, 44)]),
            ("dp.st.", &[Of(Word, 2, 35), Is("."), Of(Alnum, 40, 44)]),
            ("dp.ct.", &[Of(Alnum, 40, 44)]),
            ("dp.sa.", &[Of(Alnum, 40, 44)]),
            ("dp.scim.", &[Of(Alnum, 40, 44)]),
            ("dp.audit.", &[Of(Alnum, 40, 44)]),
        ],
    ),
    // gitleaks.
    family(
        "OP_SERVICE_ACCOUNT_TOKEN",
        "a 1Password token",
        &[("ops_eyJ", &[Of(Base64, 250, 2_000)])],
    ),
    family(
        "OP_SECRET_KEY",
        "a 1Password secret key",
        &[
            (
                "A3-",
                &[
                    Of(Upper, 6, 6),
                    Is("-"),
                    Of(Upper, 11, 11),
                    Is("-"),
                    Of(Upper, 5, 5),
                    Is("-"),
                    Of(Upper, 5, 5),
                    Is("-"),
                    Of(Upper, 5, 5),
                ],
            ),
            (
                "A3-",
                &[
                    Of(Upper, 6, 6),
                    Is("-"),
                    Of(Upper, 6, 6),
                    Is("-"),
                    Of(Upper, 5, 5),
                    Is("-"),
                    Of(Upper, 5, 5),
                    Is("-"),
                    Of(Upper, 5, 5),
                    Is("-"),
                    Of(Upper, 5, 5),
                ],
            ),
        ],
    ),
    // learning.postman.com, "Collection access keys"; trufflehog.
    family(
        "POSTMAN_ACCESS_KEY",
        "a Postman access key",
        &[("PMAT-", &[Of(Upper, 26, 26)])],
    ),
    // gitleaks.
    family(
        "HEROKU_API_KEY",
        "a Heroku API key",
        &[("HRKU-AA", &[Of(Word, 58, 58)])],
    ),
    family(
        "DYNATRACE_TOKEN",
        "a Dynatrace token",
        &[("dt0c01.", &[Of(Upper, 24, 24), Is("."), Of(Upper, 64, 64)])],
    ),
    family(
        "EASYPOST_API_KEY",
        "an EasyPost API key",
        &[
            ("EZAK", &[Of(Alnum, 54, 54)]),
            ("EZTK", &[Of(Alnum, 54, 54)]),
        ],
    ),
    family(
        "OPENSHIFT_TOKEN",
        "an OpenShift token",
        &[("sha256~", &[Of(Word, 43, 43)])],
    ),
    family(
        "PREFECT_API_KEY",
        "a Prefect API key",
        &[("pnu_", &[Of(Alnum, 36, 36)])],
    ),
    family(
        "SCALINGO_TOKEN",
        "a Scalingo token",
        &[("tk-us-", &[Of(Word, 48, 48)])],
    ),
    family(
        "SHIPPO_TOKEN",
        "a Shippo token",
        &[
            ("shippo_live_", &[Of(AnyHex, 40, 40)]),
            ("shippo_test_", &[Of(AnyHex, 40, 40)]),
        ],
    ),
    family(
        "OCTOPUS_API_KEY",
        "an Octopus Deploy API key",
        &[("API-", &[Of(Upper, 26, 26)])],
    ),
    family(
        "SOURCEGRAPH_TOKEN",
        "a Sourcegraph token",
        &[("sgp_", &[Of(Hex, 40, 40)])],
    ),
    family(
        "ARTIFACTORY_API_KEY",
        "an Artifactory API key",
        &[("AKCp", &[Of(Alnum, 69, 69)])],
    ),
    family(
        "ARTIFACTORY_TOKEN",
        "an Artifactory token",
        &[("cmVmd", &[Of(Alnum, 59, 59)])],
    ),
    family(
        "BEDROCK_API_KEY",
        "an Amazon Bedrock API key",
        &[("ABSK", &[Of(Base64, 109, 269)])],
    ),
    family(
        "ALIBABA_ACCESS_KEY_ID",
        "an Alibaba Cloud key id",
        &[("LTAI", &[Of(Alnum, 20, 20)])],
    ),
    family(
        "SLACK_TOKEN",
        "a Slack token",
        &[("xoxe-", &[Of(Digit, 1, 1), Is("-"), Of(Alnum, 146, 146)])],
    ),
];

/// Those that begin with what any word may: their length tells which words are looked at.
static SHAPES: [Family; 4] = [
    // trufflehog.
    family(
        "NEW_RELIC_LICENSE_KEY",
        "a New Relic license key",
        &[("", &[Of(Hex, 32, 32), Is("FFFFNRAL")])],
    ),
    // trufflehog: 32 digits and the data centre.
    family(
        "MAILCHIMP_API_KEY",
        "a Mailchimp API key",
        &[("", &[Of(Hex, 32, 32), Is("-us"), Of(Digit, 1, 2)])],
    ),
    // trufflehog.
    family(
        "NGROK_AUTHTOKEN",
        "an ngrok token",
        &[(
            "",
            &[Is("2"), Of(Alnum, 26, 26), Is("_"), Of(Alnum, 21, 21)],
        )],
    ),
    // developers.asana.com/docs/personal-access-token; trufflehog: `2/…/…:…`, of which the last two stand here.
    family(
        "ASANA_TOKEN",
        "an Asana token",
        &[("", &[Of(Digit, 16, 17), Is(":"), Of(Hex, 32, 32)])],
    ),
];

/// The longest word that is looked at for these.
const LONGEST_SHAPE: usize = 49;

/// Whether a key of these may begin with a word behind which a byte stands.
pub(super) fn may_begin(word: &[u8], next: Option<&u8>) -> bool {
    /// The second bytes that stand behind a first one, a bit each.
    static BEGINS: [u128; 128] = {
        let mut all = [0; 128];
        let mut at = 0;
        while at < FORMS.len() {
            let mut one = 0;
            while one < FORMS[at].forms.len() {
                let text = FORMS[at].forms[one].0.as_bytes();
                all[text[0] as usize] |= 1 << text[1];
                one += 1;
            }
            at += 1;
        }
        all
    };
    let [first, second, ..] = word else {
        return false;
    };
    BEGINS
        .get(usize::from(*first))
        .is_some_and(|seconds| seconds >> (second & 127) & 1 == 1)
        || may_be_shaped(word, next)
}

/// The same of those that begin with what any word may.
fn may_be_shaped(word: &[u8], next: Option<&u8>) -> bool {
    match word.len() {
        40 => word.ends_with(b"NRAL"),
        36 | 37 => word.get(32..35) == Some(b"-us"),
        49 => word.first() == Some(&b'2') && word.get(27) == Some(&b'_'),
        16 | 17 => next == Some(&b':') && word.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// The key that begins at a place of a text, what it is and its name.
pub(super) fn token(text: &str, start: usize) -> Option<(&str, &'static str, &'static str)> {
    let rest = text.get(start..)?;
    let bytes = rest.as_bytes();
    let found = longest(beginning_with(bytes.first()), rest).or_else(|| {
        let word = bytes.iter().take_while(|byte| is_word(**byte)).count();
        if word > LONGEST_SHAPE || !may_be_shaped(&bytes[..word], bytes.get(word)) {
            return None;
        }
        // A number before a digest is an id elsewhere: a token of Asana has more numbers before it.
        let is_behind = text[..start].ends_with('/');
        longest(SHAPES.iter(), rest).filter(|(family, _)| family.name != "ASANA_TOKEN" || is_behind)
    });
    let (family, end) = found?;
    Some((rest.get(..end)?, family.what, family.name))
}

/// The kinds of keys of which a form begins with this byte, in their order: most words that are looked at are none, and
/// are not held against each of the forms.
fn beginning_with(first: Option<&u8>) -> impl Iterator<Item = &'static Family> {
    static ALL: LazyLock<Vec<Vec<&'static Family>>> = LazyLock::new(|| {
        let begins = |family: &Family, byte: u8| {
            let mut forms = family.forms.iter();
            forms.any(|(text, _)| text.as_bytes().first() == Some(&byte))
        };
        let of = |byte| FORMS.iter().filter(|family| begins(family, byte)).collect();
        (0..128).map(of).collect()
    });
    let all = first.and_then(|first| ALL.get(usize::from(*first)));
    all.into_iter().flatten().copied()
}

/// The kind of key that a text begins with, and where it ends.
fn longest(
    mut families: impl Iterator<Item = &'static Family>,
    text: &str,
) -> Option<(&'static Family, usize)> {
    families.find_map(|family| {
        let ends = family.forms.iter().filter_map(|form| end(form, text));
        Some((family, ends.max()?))
    })
}

/// Where a key of a form ends with which a text begins.
fn end((begins, rest): &Form, text: &str) -> Option<usize> {
    let bytes = text.strip_prefix(begins)?.as_bytes();
    let text = &text[begins.len()..];
    let mut at = 0;
    let mut random = false;
    let mut last = None;
    for part in *rest {
        match part {
            Is(literal) => {
                text.get(at..)?.strip_prefix(literal)?;
                at += literal.len();
            }
            Of(class, least, most) => {
                let run = bytes.get(at..)?.iter().take(*most);
                let count = run.take_while(|byte| class.has(**byte)).count();
                walked(count);
                let body = text.get(at..at + count)?;
                // What stands at the end of a sentence is no part of it.
                let body = match class {
                    Dotted => body.trim_end_matches('.'),
                    _ => body,
                };
                let is_number = matches!(class, Digit);
                let has_to_be = !is_number && *least >= LONG_PART;
                let is_random = !is_number && class.is_random(body);
                // Of short parts each alone may be anything.
                if body.len() < *least || has_to_be && !is_random {
                    return None;
                }
                random |= is_random;
                at += body.len();
                last = Some(*class);
            }
        }
    }
    let goes_on = bytes.get(at).is_some_and(|byte| {
        is_word(*byte) || last.is_some_and(|class| !matches!(class, Dotted) && class.has(*byte))
    });
    (random && !goes_on).then_some(begins.len() + at)
}

#[cfg(test)]
mod tests {
    use super::{Class, FORMS, Form, Part, SHAPES, may_begin, token};
    use crate::secret::form::{Name, hits};
    use crate::secret::scan::is_word;

    /// A key of a form, of letters and digits that no language puts so.
    fn key((begins, rest): &Form) -> String {
        let mut key = (*begins).to_owned();
        for part in *rest {
            match part {
                Part::Is(literal) => key.push_str(literal),
                Part::Of(class, least, _) => {
                    let letters: &[u8] = match class {
                        Class::Digit => b"1029384756",
                        Class::Hex | Class::AnyHex => b"7f3a09c4e1b85d26",
                        Class::Upper => b"7QX2AB9KLM4ZR8TYNW31",
                        _ => b"7Qx2aB9kLm4Zr8TyNw31",
                    };
                    key.extend((0..*least).map(|at| char::from(letters[at % letters.len()])));
                }
            }
        }
        key
    }

    /// All forms, each with the name of its keys.
    fn all() -> impl Iterator<Item = (&'static str, &'static Form)> {
        let families = FORMS.iter().chain(&SHAPES);
        families.flat_map(|family| family.forms.iter().map(|form| (family.name, form)))
    }

    #[test]
    fn every_form_is_found_in_a_running_text() {
        for (name, form) in all() {
            let key = key(form);
            let behind = if name == "ASANA_TOKEN" {
                "2/1029384756102938/"
            } else {
                ""
            };
            for text in [
                format!("use {behind}{key} for it"),
                format!("{behind}{key}, as before"),
                format!("the new one (was: {behind}{key})."),
                format!("It is {behind}{key}."),
                format!("{{\"a\":\"{behind}{key}\"}}"),
            ] {
                let found = hits(&text);
                assert_eq!(found.len(), 1, "{text}");
                assert_eq!(
                    (found[0].value, found[0].name),
                    (key.as_str(), Name::Kind(name)),
                    "{text}"
                );
                assert_eq!(text[found[0].start..].find(&key), Some(0), "{text}");
            }
            let word: Vec<u8> = key.bytes().take_while(|byte| is_word(*byte)).collect();
            assert!(may_begin(&word, key.as_bytes().get(word.len())), "{key}");
        }
    }

    /// A key that goes on, or ends too early, is none.
    #[test]
    fn the_length_tells() {
        for (_, form) in all() {
            let whole = key(form);
            let short = &whole[..whole.len() - 1];
            assert_eq!(token(short, 0), None, "{short}");
            let is_fixed = matches!(form.1.last(), Some(Part::Of(_, least, most)) if least == most);
            if is_fixed {
                let long = format!("{whole}a9");
                assert_eq!(token(&long, 0), None, "{long}");
            }
        }
    }

    #[test]
    fn words_digests_and_ids_are_none() {
        let hex = "d41d8cd98f00b204e9800998ecf8427e";
        let long = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for text in [
            hex.to_owned(),
            long.to_owned(),
            format!("sha256:{long}"),
            format!("1029384756102938:{hex}"),
            format!("{hex}-user1"),
            format!("{hex}-us"),
            "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c".to_owned(),
            "glft-fix-the-login-of-the-shop-again".to_owned(),
            "glimt-the-branch-about-incoming-mails-2".to_owned(),
            "vcp_aggregate_of_all_runs_of_the_day".to_owned(),
            "vca_0000000000000000000000000000".to_owned(),
            "nfp_abcdefghijklmnopqrstuvwxyzabcdefghij".to_owned(),
            "API-DOCUMENTATION-OF-THE-SHOP".to_owned(),
            "API-AAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            "SKANDINAVISKA-ENSKILDA-BANKEN".to_owned(),
            "SK0000000000000000000000000000000000".to_owned(),
            "sl.element.of.the.list.that.was.found.in.the.shop.element.of.the.list.that.was.found.in.the.shop.element.of.the.list.of.the.shop.last".to_owned(),
            "v1.0-beta.2 and v1.0-0123456789abcdef".to_owned(),
            "dp.st.ate.of.the.art.and.more.of.it.than.anybody.wants".to_owned(),
            format!("pattern.{long}"),
            "patternOfAnother.x".to_owned(),
            "pul-request-of-the-day-1234567890".to_owned(),
            "A3-poster-2026 of A3-100000".to_owned(),
            "sha256~of-the-thing".to_owned(),
            "cmVmdW5kIG9mIHRoZSBvcmRlcg".to_owned(),
            "2abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstu".to_owned(),
            "00000000-0000-0000-0000-000000000000".to_owned(),
            "EAAAcceptance of the whole list of the people that are in it".to_owned(),
            "LTAI in short".to_owned(),
        ] {
            let found: Vec<&str> = hits(&text).iter().map(|hit| hit.value).collect();
            assert_eq!(found, Vec::<&str>::new(), "{text}");
        }
    }
}
