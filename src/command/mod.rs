//! The verbs of the command line, a file each.

mod apply;
mod approvals;
mod artifacts;
mod audit;
mod automations;
mod backup;
mod check;
mod compact;
mod completions;
mod connections;
mod crystallize;
mod demo;
mod diff;
mod discover;
mod doctor;
mod document;
mod events;
mod example;
mod fmt;
mod graph;
mod inputs;
mod inspect;
mod local;
mod logs;
mod open;
pub(crate) mod print;
mod progress;
mod queues;
mod recordings;
mod rehearsal;
mod review;
mod run;
mod runs;
mod schema;
mod scratch;
mod secrets;
mod serve;
mod sessions;
mod state;
mod summed_up;
mod test;
mod tokens;
mod trial;
mod triggers;
mod verify;
mod version;

use crate::cli::{Cli, Verb};
use crate::client::Failure;
use std::process::ExitCode;

pub use print::Seen;

/// What a command gives back when nothing broke: 0, or 1 for a run or check that failed.
type Done = Result<ExitCode, Failure>;

/// Does what the command line says.
pub fn perform(cli: Cli) -> ExitCode {
    let done = match cli.verb {
        Verb::Serve(args) => serve::serve(args),
        Verb::Check(args) => check::check(&args),
        Verb::Test(args) => test::test(&args),
        Verb::Fmt(args) => fmt::fmt(&args),
        Verb::Graph(args) => graph::graph(&args),
        Verb::Schema { of } => schema::schema(of),
        Verb::Crystallize(args) => crystallize::crystallize(&args),
        Verb::Verify {
            data,
            output,
            head,
            print_head: false,
        } => verify::verify(&data, output, head.as_deref()),
        Verb::Inspect { file, at, output } => inspect::inspect(&file, at, output),
        Verb::Completions { shell } => completions::completions(shell),
        Verb::ExampleRecord { name } => example::record(&name),
        Verb::ExampleCreate { name, folder } => example::create(&name, &folder),
        Verb::Version { output } => version::version(output),
        verb => on_runtime(verb),
    };
    done.unwrap_or_else(|failure| {
        print::say(&failure.to_string());
        ExitCode::from(failure.exit)
    })
}

fn on_runtime(verb: Verb) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(&error))?;
    let scratch = scratch::Scratch::default();
    let done = runtime.block_on(async {
        match verb {
            Verb::Demo(args) => demo::demo(args, &scratch).await,
            Verb::Run(args) => run::run(args, &scratch).await,
            Verb::Diff(args) => diff::diff(&args).await,
            Verb::Apply(args) => apply::apply(args).await,
            Verb::Sessions { what, target } => sessions::sessions(what, &target).await,
            Verb::Automations { what, target } => automations::automations(what, &target).await,
            Verb::Runs { what, target } => runs::runs(what, &target).await,
            Verb::Queues { target } => queues::queues(&target).await,
            Verb::Audit { what, target } => audit::audit(&what, &target).await,
            Verb::Approvals { what, target } => approvals::approvals(what, &target).await,
            Verb::Triggers { what, target } => triggers::triggers(what, &target).await,
            Verb::Events { what, target } => events::events(what, &target).await,
            Verb::Connections { what, target } => connections::connections(what, &target).await,
            Verb::Secrets { what, target } => secrets::secrets(what, &target).await,
            Verb::Open { target } => open::open(&target).await,
            Verb::Tokens { what, target } => tokens::tokens(what, &target).await,
            Verb::Verify { data, output, .. } => verify::print_head(data, output).await,
            Verb::Backup { what, target } => backup::backup(what, &target).await,
            Verb::Compact { target } => compact::compact(&target).await,
            Verb::Doctor { target } => doctor::doctor(&target).await,
            Verb::ExampleTools { root } => example::tools(root).await,
            other => Err(Failure::internal(&format!("{other:?} needs no runtime"))),
        }
    });
    // Threads that still wait for input or a child must not hold the process up.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}
