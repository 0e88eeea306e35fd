//! Which texts of a recording are taken for secrets, and which are not.

use serde_json::{Value, json};

/// What is kept of a recording with one call.
fn kept(tool: &str, arguments: &Value, answer: &str, said: &str) -> String {
    let text = json!({ "messages": [
        { "role": "user", "content": said },
        { "role": "assistant", "tool_calls": [{ "id": "a", "name": tool, "arguments": arguments }] },
        { "role": "tool", "tool_call_id": "a", "content": answer },
    ] })
    .to_string();
    let read = crate::recording(text.as_bytes()).unwrap();
    String::from_utf8_lossy(&read.bytes).into_owned()
}

/// The same, where a text stands in an answer.
fn answered(text: &str) -> String {
    kept("get_text", &json!({ "id": "x1" }), text, "Look at it")
}

fn given(tool: &str, arguments: &Value) -> String {
    kept(tool, arguments, "ok", "Look at it")
}

fn is_taken(kept: &str, secret: &str, from: &str) {
    let written = Value::from(secret).to_string();
    let written = written.trim_matches('"');
    assert!(
        !kept.contains(secret) && !kept.contains(written),
        "{from}: {kept}"
    );
    assert!(kept.contains("{{ secrets."), "{from}: {kept}");
}

/// Letters in an order that no name has.
const LETTERS: &str = "hKwQzrTbNxLfgVmDpSjYcHtRkZqWbF";

#[test]
fn a_key_without_a_digit_and_one_with_any_mark_is_one() {
    for key in ["api_token", "client_secret", "apiKey", "X-Api-Key"] {
        is_taken(&given("do_it", &json!({ key: LETTERS })), LETTERS, key);
    }
    for text in [
        format!("API_TOKEN={LETTERS}"),
        format!("Authorization: Bearer {LETTERS}"),
        format!("use the API key {LETTERS}, please"),
    ] {
        is_taken(&answered(&text), LETTERS, &text);
    }
    for (key, value) in [("api_token", "ab$cd&ef12gh34ij"), ("password", "Kx9 mQ2")] {
        is_taken(&given("do_it", &json!({ key: value })), value, value);
    }
    let file = "A=1\nDB_PASSWORD=K9$x,Lm2&z\nB=2\n";
    is_taken(&answered(file), "K9$x,Lm2&z", file);
}

#[test]
fn a_password_behind_its_plain_name_may_be_any_text() {
    for text in [
        "password=sommernacht",
        "https://x.example/?user=a&password=sommernacht",
        "Server=db;Uid=bob;Pwd=sommernacht;",
        "password: sommernacht",
        "db:\n  password: sommernacht\n  x: 1",
        "\"password\": \"sommernacht\",",
        "<cfg><password>sommernacht</password></cfg>",
        "<add key=\"Password\" value=\"sommernacht\"/>",
        "Passwort: sommernacht",
        "pw: sommernacht",
        "CREATE USER bob IDENTIFIED BY 'sommernacht'",
        "ALTER USER bob IDENTIFIED WITH caching_sha2_password BY 'sommernacht'",
        "ALTER ROLE bob WITH PASSWORD 'sommernacht'",
    ] {
        is_taken(&answered(text), "sommernacht", text);
    }
}

#[test]
fn files_and_sentences_hold_secrets_in_their_own_ways() {
    let basic = "Ym9iOkt4OW1RMkt4OW1RMg==";
    for (text, secret) in [
        (
            "machine api.x.example login bob password Xk29dmPq7w\n",
            "Xk29dmPq7w",
        ),
        (
            "machine a.b\n  login bob\n  password Xk29dmPq7w\n",
            "Xk29dmPq7w",
        ),
        ("db.x.example:5432:shop:bob:Xk29dmPq7w\n", "Xk29dmPq7w"),
        ("//r.example/:_auth=Ym9iOkt4OW1RMkt4OW1RMg==\n", basic),
        (
            r#"{"auths":{"r.example":{"auth":"Ym9iOkt4OW1RMkt4OW1RMg=="}}}"#,
            basic,
        ),
        (
            "\"DB_HOST\",\"db\"\n\"DB_PASSWORD\",\"Ab12Cd34\"\n",
            "Ab12Cd34",
        ),
        ("Kennwort: Xk29dmPq7w", "Xk29dmPq7w"),
        ("Das Passwort ist Xk29dmPq7w.", "Xk29dmPq7w"),
        ("Das Passwort lautet Xk29dmPq7w", "Xk29dmPq7w"),
    ] {
        is_taken(&answered(text), secret, text);
    }
    let header = json!({ "headers": [["Authorization", "Token ab12cd34ef56"]] });
    is_taken(&given("do_it", &header), "ab12cd34ef56", "a pair");
}

#[test]
fn lines_for_a_shell_hand_passwords_on() {
    for (line, secret) in [
        (
            "echo sommer | docker login -u bob --password-stdin r.example",
            "sommer",
        ),
        ("echo sommer | sudo -S apt update", "sommer"),
        ("printf '%s' 'sommer' | sudo -kS ls", "sommer"),
        ("echo bob:sommer | chpasswd", "sommer"),
        ("sudo -S ls <<< 'sommer'", "sommer"),
        ("openssl enc -aes-256-cbc -k sommer -in a", "sommer"),
        ("htpasswd -nb bob sommer", "sommer"),
        ("gh secret set NAME --body sommer", "sommer"),
        (
            "aws configure set aws_secret_access_key Xk29dmPq7w1Ab2Cd3Ef4",
            "Xk29dmPq7w1Ab2Cd3Ef4",
        ),
    ] {
        is_taken(&given("bash", &json!({ "command": line })), secret, line);
    }
    for line in [
        "echo hello | sudo tee /etc/x",
        "echo done && docker ps",
        "echo one || sudo -S ls",
        "sudo -u postgres psql",
        "gh pr create --body secret9",
        "aws configure set region eu-central-1",
        "npm config set registry https://r.example",
        "openssl dgst -k file9",
        "htpasswd -n bob",
    ] {
        let kept = given("bash", &json!({ "command": line }));
        assert!(!kept.contains("{{ secrets."), "{kept}");
    }
}

#[test]
fn providers_keys_are_told_by_their_published_forms() {
    let mixed = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO1pQ3rS5";
    let hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    for key in [
        format!("dapi{}", &hex[..32]),
        format!("tskey-auth-{}-{}", &mixed[..12], &mixed[..32]),
        format!("sbp_{}", &hex[..40]),
        format!("dp.pt.{}", &mixed[..43]),
        format!("xkeysib-{hex}-{}", &mixed[..16]),
        format!("ATATT3{}", &mixed[..64]),
        format!("NRAK-{}", mixed[..27].to_ascii_uppercase()),
        format!("secret_{}", &mixed[..43]),
        format!("ntn_{}", &mixed[..46]),
        format!("CCIPAT_{}_{}", &mixed[..22], &hex[..40]),
        format!("bkua_{}", &hex[..40]),
        format!("{}.atlasv1.{}", &mixed[..14], &mixed[..62]),
        format!("1{}.atlasv1.{}", &mixed[..13], &mixed[..62]),
        format!("M{}.{}.{}", &mixed[..25], &mixed[..6], &mixed[..38]),
    ] {
        is_taken(&answered(&format!("see {key} there")), &key, &key);
    }
    for hook in [
        "https://discord.com/api/webhooks/123456789012345678/",
        "https://x.webhook.office.com/webhookb2/aB3dE5fG/IncomingWebhook/",
    ] {
        is_taken(&answered(&format!("post to {hook}{mixed}")), mixed, hook);
    }
}

#[test]
fn a_secret_is_taken_however_its_letters_are_written() {
    let secret = "Kx9/+mQ2\"z&ab";
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let entities: String = secret
        .chars()
        .map(|c| format!("&#{};", u32::from(c)))
        .collect();
    let hex: String = secret
        .chars()
        .map(|c| format!("&#x{:x};", u32::from(c)))
        .collect();
    for form in [percent, entities, hex, "Kx9/+mQ2&quot;z&amp;ab".to_owned()] {
        let kept = kept("do_it", &json!({ "password": secret }), &form, "Look at it");
        is_taken(&kept, &form, &form);
    }
}

#[test]
fn what_programs_and_people_write_about_secrets_is_none() {
    for text in [
        "password = input(\"Password: \")",
        "token: string",
        "apiKey: process.env.API_KEY",
        "password: required",
        "PASSWORD=$DB_PASSWORD",
        "export PASSWORD=\"$1\"",
        "password: your-password-here",
        "login(user=user, password=password)",
        "connect(password=credentials)",
        "password=getpass.getpass()",
        "const token: CancellationTokenSource = x",
        "interface A {\n  password: SecureString\n  token: AuthorizationTokenProvider\n}",
        "  password: String,\n",
        "password: incorrect",
        "auth failed: password=incorrect",
        "The password is required for it",
        "columns = [\"password\", \"email_address\"]",
        "[\"DB_PASSWORD\",\"DB_HOST\"]",
        "[\"API_KEY\",\"API_SECRET\"]",
        "<Password>{value}</Password>",
        "<label key=\"Password\" value=\"Passwort\"/>",
        "the cache key user_1234567890abcdef",
        "the api key PROJ-12345",
        "sort by name, order by 'name'",
        "src/a.rs:1234:use a::b",
        "root:x:0:0:root:/root:/bin/bash",
        "the token CancellationTokenSource",
        "API_TOKEN=NotificationServiceTestsForAll",
        "secret_manager_client_for_the_whole_project_of_ours1",
        "NotificationServiceTests.method.aVeryLongNameOfATestThatIsRun",
        "password=user_password",
        "pwd=projekt",
        "PWD=/home/ana",
        "Passwort vergessen?",
        "the token 3f2b8c1e-9d4a-4c77-8e21-0a9b7c6d5e4f",
        "the token 9f86d081884c7d659a2feaa0c55ad0159f86d081",
        "x.password=\"password\"",
        "password := os.Getenv(\"X\")",
        "password = models.CharField(max_length=128)",
    ] {
        let kept = answered(text);
        assert!(!kept.contains("{{ secrets."), "{text}: {kept}");
    }
    for arguments in [
        json!({ "password_policy": "strong" }),
        json!({ "headers": [["Accept", "application/json"]] }),
        json!({ "pair": ["token", "type"] }),
        json!({ "label": { "password": "Enter your 2FA password" } }),
        json!({ "auth": "basic" }),
    ] {
        let kept = given("do_it", &arguments);
        assert!(!kept.contains("{{ secrets."), "{kept}");
    }
}

/// A value that is made by chance.
const CHANCE: &str = "kT7mQ2vR9xZ4bN8cq3Lw";

#[test]
fn names_of_several_words_and_of_other_languages_tell_a_secret() {
    for text in [
        format!("API key: {CHANCE}"),
        format!("Generated api key: {CHANCE}."),
        format!("The access key is {CHANCE}"),
        format!("The password of anna is {CHANCE}"),
        format!("Passwort für anna: {CHANCE}"),
        format!("contraseña: {CHANCE}"),
        format!("Contraseña: {CHANCE}"),
        format!("Mot de passe : {CHANCE}"),
        format!("le mot de passe est {CHANCE}"),
    ] {
        is_taken(&answered(&text), CHANCE, &text);
    }
    for text in [
        "The API key: see the page of your account",
        "Answer key: kT7mQ2vR9xZ4bN8cq3Lw",
        "The password for anna is missing",
        "password for the database: required",
        "mot de passe : obligatoire",
        "A pass for everyone: welcome",
    ] {
        let kept = answered(text);
        assert!(!kept.contains("{{ secrets."), "{text}: {kept}");
    }
}

#[test]
fn what_is_typed_into_a_field_for_a_password_is_one() {
    for arguments in [
        json!({ "element": "Password field", "text": "hunterbear", "ref": "e7" }),
        json!({ "selector": "#password", "value": "hunterbear" }),
        json!({ "label": "Passwort", "value": "hunterbear" }),
        json!({ "option": "password", "val": "hunterbear" }),
    ] {
        is_taken(
            &given("browser_type", &arguments),
            "hunterbear",
            &arguments.to_string(),
        );
    }
    for arguments in [
        json!({ "element": "Forgot password link", "text": "hunterbear" }),
        json!({ "element": "Search field", "text": "hunterbear" }),
        json!({ "label": "Password", "value": "required" }),
        json!({ "label": "Password", "text": "Choose a good one" }),
    ] {
        let kept = given("browser_type", &arguments);
        assert!(!kept.contains("{{ secrets."), "{arguments}: {kept}");
    }
}

#[test]
fn a_private_key_in_base64_is_one() {
    use base64::Engine as _;
    let encode = |label: &str| {
        let pem = format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            CHANCE.repeat(250)
        );
        base64::engine::general_purpose::STANDARD.encode(pem)
    };
    for label in [
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
    ] {
        let key = encode(label);
        is_taken(
            &answered(&format!("users:\n- user:\n    client-key-data: {key}\n")),
            &key,
            label,
        );
    }
    let kept = answered(&format!(
        "client-certificate-data: {}",
        encode("CERTIFICATE")
    ));
    assert!(!kept.contains("{{ secrets."), "{kept}");
}

#[test]
fn the_password_of_a_basic_header_is_one_wherever_it_stands() {
    use base64::Engine as _;
    let pair = base64::engine::general_purpose::STANDARD.encode("anna:Quark-Dose-8");
    for arguments in [
        json!({ "headers": { "Authorization": format!("Basic {pair}") } }),
        json!({ "header": format!("Authorization: Basic {pair}") }),
    ] {
        let kept = kept(
            "http_post",
            &arguments,
            "ok",
            "log in with Quark-Dose-8 as anna",
        );
        is_taken(&kept, "Quark-Dose-8", "said");
        is_taken(&kept, &pair, "sent");
    }
}

#[test]
fn what_stands_in_a_table_is_told_by_the_head_of_its_column() {
    let key = "kT7mQ2vR9xZ4bN8cYw3L";
    for (text, secret) in [
        (format!("id,name,password\n1,anna,{key}\n"), key),
        ("id,name,password\n1,anna,hunterbear\n".to_owned(), "hunterbear"),
        (format!("| id | api_key |\n|---|---|\n| 1 | {key} |"), key),
        (json!({ "columns": ["id", "api_key"], "rows": [[1, key]] }).to_string(), key),
        (
            json!({ "fields": [{ "name": "user" }, { "name": "password" }], "rows": [["anna", "hunterbear"]] })
                .to_string(),
            "hunterbear",
        ),
        (json!([["id", "password"], ["1", key]]).to_string(), key),
        (format!("Your new API key has been generated: {key}"), key),
        (format!("Das Passwort wurde erstellt: {key}"), key),
    ] {
        is_taken(&answered(&text), secret, &text);
    }
    for query in [
        format!("INSERT INTO users (name, password) VALUES ('bob', '{key}')"),
        format!(
            "INSERT INTO users (name, password) VALUES ('bob', crypt('{key}', gen_salt('bf')))"
        ),
    ] {
        is_taken(
            &given("execute_sql", &json!({ "query": query })),
            key,
            &query,
        );
    }
    for text in [
        "id,name,page_token\n1,anna,CAoQAA1234567",
        "| Password | Points |\n|---|---|\n| strong | 5 |",
        "It has a user, a password, and a mail\nand a name, a surname, and a phone",
        "The token was sent to anna: she has it",
    ] {
        let kept = answered(text);
        assert!(!kept.contains("{{ secrets."), "{text}: {kept}");
    }
}
