//! What providers put before their keys.

use super::dotted;
use super::key;

/// What a provider puts before its keys.
pub(super) struct Prefix {
    pub(super) text: &'static str,
    /// The least length of the whole.
    pub(super) least: usize,
    pub(super) what: &'static str,
    pub(super) name: &'static str,
}

const fn prefix(
    text: &'static str,
    least: usize,
    what: &'static str,
    name: &'static str,
) -> Prefix {
    Prefix {
        text,
        least,
        what,
        name,
    }
}

/// Longer ones before what they begin with.
pub(super) const PREFIXES: [Prefix; 62] = [
    prefix("sk-ant-", 24, "an Anthropic API key", "ANTHROPIC_API_KEY"),
    prefix("sk-or-", 24, "an OpenRouter API key", "OPENROUTER_API_KEY"),
    prefix("sk-", 20, "an OpenAI API key", "OPENAI_API_KEY"),
    prefix("sk_live_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("sk_test_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("rk_live_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("rk_test_", 16, "a Stripe key", "STRIPE_API_KEY"),
    prefix("whsec_", 20, "a webhook secret", "WEBHOOK_SECRET"),
    prefix("ghp_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("gho_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("ghs_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("ghu_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("ghr_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("github_pat_", 30, "a GitHub token", "GITHUB_TOKEN"),
    prefix("glpat-", 20, "a GitLab token", "GITLAB_TOKEN"),
    prefix("gldt-", 20, "a GitLab token", "GITLAB_TOKEN"),
    prefix("glrt-", 20, "a GitLab token", "GITLAB_TOKEN"),
    prefix("xoxb-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxp-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxa-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxr-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xoxs-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("xapp-", 20, "a Slack token", "SLACK_TOKEN"),
    prefix("AKIA", 20, "an AWS key id", "AWS_ACCESS_KEY_ID"),
    prefix("ASIA", 20, "an AWS key id", "AWS_ACCESS_KEY_ID"),
    prefix("AIza", 35, "a Google API key", "GOOGLE_API_KEY"),
    prefix("ya29.", 30, "a Google access token", "GOOGLE_ACCESS_TOKEN"),
    prefix(
        "GOCSPX-",
        24,
        "a Google client secret",
        "GOOGLE_CLIENT_SECRET",
    ),
    prefix("npm_", 36, "an npm token", "NPM_TOKEN"),
    prefix("pypi-", 40, "a PyPI token", "PYPI_TOKEN"),
    prefix("rubygems_", 40, "a RubyGems token", "RUBYGEMS_TOKEN"),
    prefix("dckr_pat_", 24, "a Docker token", "DOCKER_TOKEN"),
    prefix("dop_v1_", 40, "a DigitalOcean token", "DIGITALOCEAN_TOKEN"),
    prefix("SG.", 40, "a SendGrid key", "SENDGRID_API_KEY"),
    prefix("hf_", 30, "a Hugging Face token", "HUGGINGFACE_TOKEN"),
    prefix("r8_", 36, "a Replicate token", "REPLICATE_TOKEN"),
    prefix("gsk_", 40, "a Groq API key", "GROQ_API_KEY"),
    prefix("xai-", 40, "an xAI API key", "XAI_API_KEY"),
    prefix("pplx-", 40, "a Perplexity API key", "PERPLEXITY_API_KEY"),
    prefix("tvly-", 24, "a Tavily API key", "TAVILY_API_KEY"),
    prefix("shpat_", 36, "a Shopify token", "SHOPIFY_TOKEN"),
    prefix("shpss_", 36, "a Shopify secret", "SHOPIFY_SECRET"),
    prefix("sq0atp-", 26, "a Square token", "SQUARE_TOKEN"),
    prefix("lin_api_", 36, "a Linear API key", "LINEAR_API_KEY"),
    prefix("ntn_", 40, "a Notion token", "NOTION_TOKEN"),
    prefix("figd_", 36, "a Figma token", "FIGMA_TOKEN"),
    prefix("glsa_", 36, "a Grafana token", "GRAFANA_TOKEN"),
    prefix("sntrys_", 40, "a Sentry token", "SENTRY_TOKEN"),
    prefix("PMAK-", 40, "a Postman API key", "POSTMAN_API_KEY"),
    prefix("hvs.", 24, "a Vault token", "VAULT_TOKEN"),
    prefix("AGE-SECRET-KEY-1", 50, "an age key", "AGE_KEY"),
    prefix("dapi", 36, "a Databricks token", "DATABRICKS_TOKEN"),
    prefix("tskey-", 30, "a Tailscale key", "TAILSCALE_KEY"),
    prefix("sbp_", 44, "a Supabase token", "SUPABASE_TOKEN"),
    prefix("dp.pt.", 40, "a Doppler token", "DOPPLER_TOKEN"),
    prefix("xkeysib-", 70, "a Brevo API key", "BREVO_API_KEY"),
    prefix(
        "ATATT3",
        60,
        "an Atlassian API token",
        "ATLASSIAN_API_TOKEN",
    ),
    prefix("NRAK-", 32, "a New Relic API key", "NEW_RELIC_API_KEY"),
    prefix("secret_", 50, "a Notion token", "NOTION_TOKEN"),
    prefix("CCIPAT_", 40, "a CircleCI token", "CIRCLECI_TOKEN"),
    prefix("bkua_", 44, "a Buildkite token", "BUILDKITE_TOKEN"),
    prefix("druse_", 36, "a Druse token", "DRUSE_TOKEN"),
];

impl Prefix {
    /// The one that a text begins with.
    pub(super) fn of(text: &str) -> Option<&'static Self> {
        let first = text.as_bytes().first()?;
        let mut all = PREFIXES.iter();
        all.find(|known| known.text.as_bytes()[0] == *first && text.starts_with(known.text))
    }

    /// Whether a word that begins with it is a key.
    pub(super) fn fits(&self, word: &str) -> bool {
        let body = &word[self.text.len().min(word.len())..];
        if self.name == "AWS_ACCESS_KEY_ID" {
            return word.len() == self.least
                && body
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        }
        word.len() >= self.least
            && (body.bytes().any(|byte| byte.is_ascii_digit()) || key::is_shuffled(body))
            && has_long_part(body)
            // What is called a secret in a program begins like this, too.
            && (self.text != "secret_" || body.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    }
}

/// Whether what begins there has to be looked at as a key with a provider's prefix, a signed token or one of a bot.
/// `word` is the first word of it, and `next` what stands behind.
pub(super) fn may_be_known(word: &[u8], next: Option<&u8>) -> bool {
    /// The second bytes that stand behind a first one, a bit each.
    static BEGINS: [u128; 128] = {
        let mut all = [0; 128];
        all[b'e' as usize] |= 1 << b'y';
        let mut at = 0;
        while at < PREFIXES.len() {
            let text = PREFIXES[at].text.as_bytes();
            all[text[0] as usize] |= 1 << text[1];
            at += 1;
        }
        all
    };
    let [first, second, ..] = word else {
        return false;
    };
    if next == Some(&b'.') && dotted::may_begin(word) {
        return true;
    }
    if first.is_ascii_digit() {
        return next == Some(&b':');
    }
    BEGINS
        .get(usize::from(*first))
        .is_some_and(|seconds| seconds >> (second & 127) & 1 == 1)
}

/// Whether a part between hyphens and underscores is no word of a language: `sk-learn-1-is-a-library` has none.
fn has_long_part(body: &str) -> bool {
    body.split(['-', '_', '.']).any(|part| {
        part.len() >= 8
            && (part.bytes().any(|byte| byte.is_ascii_digit())
                || part.bytes().any(|byte| byte.is_ascii_uppercase())
                    && part.bytes().any(|byte| byte.is_ascii_lowercase()))
    })
}
