//! Variables of the environment that decide what a program is, what code it loads or what it starts.

/// What begins the names of a family.
const FAMILIES: [&str; 17] = [
    // The loader of programs.
    "LD_",
    "DYLD_",
    // Shells: a function by the name of a command.
    "BASH_FUNC_",
    // Languages: where their code comes from, and what is done before it.
    "PYTHON",
    "PERL5",
    "RUBY",
    "BUNDLE_",
    "GEM_",
    "NODE_",
    "LUA_",
    "PHP",
    // Tools that start others as they are told.
    "GIT_",
    "CARGO_",
    "RUSTC",
    "PIP_",
    "UV_",
    "DOCKER_",
];

/// What ends the names of a family: a program that another one starts, and the options that are put before its own.
const STARTED: [&str; 7] = [
    "EDITOR",
    "PAGER",
    "BROWSER",
    "ASKPASS",
    "_RSH",
    "_WRAPPER",
    "_LAUNCHER",
];

/// Names that stand for themselves.
const NAMES: [&str; 56] = [
    "PATH",
    "HOME",
    "SHELL",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "IFS",
    "PS4",
    "PROMPT_COMMAND",
    "ZDOTDIR",
    "FPATH",
    "CDPATH",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "LOCPATH",
    "VISUAL",
    "LESSOPEN",
    "LESSCLOSE",
    "TAR_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "JAVA_OPTS",
    "JAVA_HOME",
    "CLASSPATH",
    "MAVEN_OPTS",
    "MAVEN_ARGS",
    "GRADLE_OPTS",
    "MAKE",
    "MAKEFLAGS",
    "MAKEFILES",
    "MFLAGS",
    "GNUMAKEFLAGS",
    "CC",
    "CXX",
    "CPP",
    "FC",
    "LD",
    "AR",
    "AS",
    "NM",
    "RANLIB",
    "STRIP",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "GOFLAGS",
    "GOROOT",
    "GOPATH",
    "GOENV",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
];

/// Names of the families that steer nothing.
const HARMLESS: [&str; 14] = [
    "PYTHONUNBUFFERED",
    "PYTHONIOENCODING",
    "PYTHONHASHSEED",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUTF8",
    "NODE_ENV",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    "GIT_TERMINAL_PROMPT",
    "CARGO_TERM_COLOR",
];

/// What ends names that prove who somebody is.
const PROOFS: [&str; 3] = ["_TOKEN", "_PASSWORD", "_USERNAME"];

/// Whether a variable of the environment makes a program run another one, or other code than its own.
pub fn steers(variable: &str) -> bool {
    // What stands behind the sign would be a value of the name before it.
    let name = variable.split('=').next().unwrap_or_default();
    if HARMLESS.contains(&name) || PROOFS.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    // npm takes them however they are written.
    let npm = |start: &str| start.eq_ignore_ascii_case("npm_config_");
    NAMES.contains(&name)
        || FAMILIES.iter().any(|start| name.starts_with(start))
        || STARTED.iter().any(|end| name.ends_with(end))
        || name.get(.."npm_config_".len()).is_some_and(npm)
}

/// Whether a step can set a variable: no program can be given one with another name, and those of Druse are its own.
pub fn is_settable(variable: &str) -> bool {
    !variable.is_empty() && !variable.contains(['=', '\0']) && !variable.starts_with("DRUSE_")
}
