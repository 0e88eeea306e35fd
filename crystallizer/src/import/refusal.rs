//! The words by which agents tell their models that a person refused a call, in the place of its answer.

/// What such an answer begins with. Whole phrases of known agents: that “a user” declined is also what a bank says.
const BEGINS: &[&str] = &[
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action",
    "[Request interrupted by user",
    "exec command rejected by user",
    "patch rejected by user",
    "The user denied this operation",
    "User rejected the tool call for",
    "Tool execution was not approved",
    "Claude requested permissions to ",
    "This command requires approval",
];

/// What one begins and goes on with that names the tool between.
const DENIED: (&str, &str) = ("Permission to use ", " has been denied");

/// Whether an answer tells that a person refused the call.
pub(super) fn is_told(answer: &str) -> bool {
    let answer = answer.trim_start();
    // Most answers are none by their first letter.
    let first = answer.as_bytes().first();
    if answer.starts_with(DENIED.0) {
        return answer
            .lines()
            .next()
            .is_some_and(|line| line.contains(DENIED.1));
    }
    if BEGINS.iter().all(|begin| begin.as_bytes().first() != first) {
        return false;
    }
    let head: String = answer.chars().take(80).collect();
    let head = head.replace('’', "'");
    BEGINS.iter().any(|begin| head.starts_with(begin))
}

/// What the person said with it.
pub(super) fn comment(answer: &str) -> Option<String> {
    answer
        .split_once("the user said:")
        .map(|(_, said)| said.trim().to_owned())
        .filter(|said| !said.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{comment, is_told};

    #[test]
    fn only_the_words_of_agents_tell_a_refusal() {
        for (answer, expected) in [
            (
                "The user doesn't want to proceed with this tool use. The tool use was rejected.",
                true,
            ),
            ("The user doesn’t want to proceed with this tool use.", true),
            ("\n[Request interrupted by user for tool use]", true),
            ("exec command rejected by user", true),
            (
                "Claude requested permissions to use Bash, but you haven't granted it yet.",
                true,
            ),
            ("This command requires approval", true),
            (
                "Permission to use Bash with command rm -rf x has been denied.",
                true,
            ),
            ("Permission to use the lot is given by the town", false),
            ("Payment rejected by user's bank", false),
            (
                "The log says: The user doesn't want to proceed with this tool use",
                false,
            ),
            ("", false),
        ] {
            assert_eq!(is_told(answer), expected, "{answer}");
        }
        let said = "The user doesn't want to proceed with this tool use. To tell you how, the user said:\nNot today";
        assert_eq!(comment(said).as_deref(), Some("Not today"));
    }
}
