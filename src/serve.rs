//! Puts the parts together: over one data folder, for a server or for one command.

use crate::action::shell::earlier;
use crate::action::{Actions, Limits, ShellPolicy, file::work::WorkFolders};
use crate::api::{self, Listener, Peer};
use crate::artifacts::ArtifactLimits;
use crate::cli::Serve;
use crate::client::{EXIT_AGAIN, EXIT_CONFIG, EXIT_IO, Failure};
use crate::connection::Connections;
use crate::console;
use crate::open_files;
use crate::runtime::Engine;
use crate::secret::{SecretStore, Secrets};
use crate::service::{App, Options, Principal, Problem, setup};
use crate::settings::Settings;
use crate::step_log::{LogLimits, StepLogs};
use crate::trigger::{KeptEvents, Triggers};
use axum::Router;
use druse_engine::flow::RunLimits;
use druse_storage::embedded::{self, Embedded, OpenError};
use druse_storage::{Store as _, StoreExt as _};
use serde_json::json;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long an address is asked for that somebody else still has.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Between two tries.
const AGAIN: Duration = Duration::from_millis(10);

/// How long a server that was told to end waits for what is under way.
const DRAIN: Duration = Duration::from_secs(30);

/// What an assembly is for.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// How the API behaves, and which programs shell steps may start.
    pub options: Options,
    /// Whether all that is to be done is done: every run goes on, schedules fire. Only in a server; a
    /// command moves just the runs that it is about.
    pub serves: bool,
    /// How many runs may work at once.
    pub limits: RunLimits,
    /// How long events are kept.
    pub events: KeptEvents,
    /// How much is kept of what steps write.
    pub logs: LogLimits,
    /// How much is kept of the files that steps leave.
    pub artifacts: ArtifactLimits,
    /// How the store is set up.
    pub store: embedded::Options,
}

impl Setup {
    /// For a person's own command: any program, and no work but its own.
    pub fn own() -> Self {
        Self::default()
    }

    /// As [`Setup::own`], over a folder that goes with the command: little of the disk is taken for it.
    pub fn brief() -> Self {
        Self {
            store: embedded::Options::small(),
            ..Self::own()
        }
    }
}

/// Whether any secret is stored.
fn has_secrets(store: &Embedded) -> Result<bool, Failure> {
    let first = store.scan::<druse_storage::Secret>(&druse_storage::Scan {
        prefix: String::new(),
        after: None,
        descending: false,
        limit: 1,
    });
    let first = first.map_err(|error| Failure::internal(&error))?;
    Ok(!first.is_empty())
}

/// Everything over one open data folder.
pub struct Assembly {
    data: PathBuf,
    store: Arc<Embedded>,
    app: App,
    triggers: Triggers,
    router: Router,
}

impl Assembly {
    /// Opens a data folder, takes up what had not ended, and is ready to answer.
    ///
    /// # Errors
    /// When the folder is in use, was written by a newer version, is damaged at its head, or cannot be used.
    pub async fn open(data: &Path, setup: Setup) -> Result<Self, Failure> {
        let folder = data.to_path_buf();
        let opened = tokio::task::spawn_blocking(move || {
            let store = Embedded::open(&folder, setup.store)?;
            Ok::<_, OpenError>(Arc::new(store))
        });
        let store = opened
            .await
            .map_err(|error| Failure::internal(&error))?
            .map_err(|error| not_opened(&error))?;
        let folder = data.to_path_buf();
        tokio::task::spawn_blocking(move || earlier::settle(&folder))
            .await
            .map_err(|error| Failure::internal(&error))?;
        for damage in store.damage() {
            tracing::error!(damage, "part of the store is damaged");
        }
        let key = data.join("secret.key");
        // A new key would open nothing of what is stored, and look like the right one.
        if !key.exists() && has_secrets(&store)? {
            return Err(Failure::new(
                EXIT_CONFIG,
                "key_missing",
                "Secrets are stored here, and secret.key, which they are sealed with, is not in the data folder.",
                "Put the secret.key of the folder that they come from there. Without it they cannot be read again.",
            ));
        }
        let seal = SecretStore::at(&key).map_err(|error| {
            Failure::new(
                EXIT_CONFIG,
                error.code(),
                error.to_string(),
                "The key of the secrets is the file secret.key in the data folder.",
            )
        })?;
        let secrets = Arc::new(Secrets::new());
        let connections = Arc::new(Connections::new(secrets.clone()));
        let programs = setup.options.programs.clone();
        let shell = programs.map_or_else(ShellPolicy::any, ShellPolicy::only);
        let work = WorkFolders::below(data.join("work"));
        let actions = Actions::new(
            connections.clone(),
            secrets.clone(),
            shell,
            Limits::default(),
        );
        let room = {
            // Held weakly: the folder is let go with the store, whoever may still write.
            let store = Arc::downgrade(&store);
            move || store.upgrade().is_some_and(|store| store.accepts_work())
        };
        let logs = match setup.logs.run {
            0 => StepLogs::default(),
            _ => StepLogs::below(data, secrets.clone(), setup.logs, room)
                .map_err(|error| Failure::internal(&error))?,
        };
        let actions = actions
            .with_work_folders(work.clone())
            .with_logs(logs)
            .with_artifacts(setup.artifacts);
        let actions = Arc::new(actions);
        let engine = Engine::new(store.clone(), actions);
        engine.set_limits(setup.limits);
        engine.set_address(setup.options.address.clone());
        let app = App::new(
            store.clone(),
            engine.clone(),
            Arc::new(seal),
            secrets,
            connections,
            Options {
                data: Some(data.to_path_buf()),
                ..setup.options
            },
        );
        app.open_secrets().map_err(|problem| not_loaded(&problem))?;
        app.open_connections()
            .map_err(|problem| not_loaded(&problem))?;
        let unreadable = |error: druse_storage::ReadError| {
            Failure::new(
                EXIT_IO,
                "unreadable_store",
                error.to_string(),
                "Run `druse verify` on the data folder: it says what is damaged.",
            )
        };
        let triggers = Triggers::load(store.clone(), engine.clone(), app.secrets.clone())
            .map_err(unreadable)?;
        triggers.keep_events(setup.events);
        let recovered = if setup.serves {
            engine.recover().await
        } else {
            engine.hold().await
        };
        let recovered = recovered.map_err(unreadable)?;
        if recovered.resumed + recovered.fenced > 0 {
            tracing::info!(
                resumed = recovered.resumed,
                fenced = recovered.fenced,
                "runs taken up"
            );
        }
        tokio::spawn(engine.clone().keep_time());
        tokio::spawn(engine.clone().keep_hearing(setup.serves));
        tokio::spawn(app.clone().note_unread_changes(engine.observe()));
        if setup.serves {
            tokio::spawn(engine.sweep_work_folders(work));
            triggers.take_up().await.map_err(unreadable)?;
            triggers.start();
            tokio::spawn(app.clone().keep_history());
        }
        app.set_triggers(triggers.clone());
        let router = console::mount(app.clone(), api::router(app.clone()));
        Ok(Self {
            data: data.to_path_buf(),
            store,
            app,
            triggers,
            router,
        })
    }

    /// The API, for requests from this process.
    pub fn router(&self) -> Router {
        let who = Principal::local(nix::unistd::getuid().as_raw());
        self.router
            .clone()
            .layer(axum::Extension(Peer::Inside(who)))
    }

    /// Waits until the runs that this command moved do nothing by themselves any more; gives those that
    /// have not ended.
    pub async fn at_rest(&self) -> Vec<druse_engine::RunId> {
        self.app.engine.at_rest().await
    }

    /// Ends everything in order: triggers, attempts, connections.
    pub async fn close(self) {
        self.triggers.close();
        self.app.engine.observed().await;
        self.app.engine.close();
        let actions = self.app.engine.actions();
        actions.close().await;
        actions.logs().flush().await;
        earlier::leave(&self.data);
    }
}

fn not_loaded(problem: &Problem) -> Failure {
    Failure::new(
        EXIT_IO,
        problem.code,
        problem.message.clone(),
        problem.help.clone(),
    )
}

/// Why a data folder cannot be used, with the exit code that says who must act.
pub(crate) fn not_opened(error: &OpenError) -> Failure {
    match error {
        OpenError::Locked { .. } => Failure::new(
            EXIT_AGAIN,
            "locked",
            format!("{error}."),
            "Stop that process first, or wait for its end.",
        ),
        OpenError::NewerFormat { .. } => Failure::new(
            EXIT_CONFIG,
            "newer_format",
            format!("{error}."),
            "Nothing in it was changed.",
        ),
        OpenError::NotAFolder(_) => Failure::new(
            EXIT_CONFIG,
            "wrong_folder",
            format!("{error}."),
            "Name an empty folder, a new one, or one that Druse has made.",
        ),
        OpenError::LogTruncated { .. } => Failure::new(
            EXIT_IO,
            "log_truncated",
            format!("{error}."),
            "`druse verify` says more; `druse serve --accept-loss` gives up what is missing.",
        ),
        OpenError::Io(_) | OpenError::Read(_) => Failure::new(
            EXIT_IO,
            "io",
            format!("{error}."),
            "Check the folder, its permissions and the disk.",
        ),
    }
}

/// Runs a server until it is told to end.
///
/// # Errors
/// When it cannot start.
pub fn run(args: Serve) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&args)?;
    open_files::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(&error))?;
    let done = runtime.block_on(serve(settings));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

async fn serve(settings: Settings) -> Result<ExitCode, Failure> {
    let listener = bind(settings.listen).await.map_err(|error| {
        Failure::new(
            EXIT_CONFIG,
            "not_bound",
            format!("{} cannot be listened on: {error}.", settings.listen),
            "Choose another address with --listen.",
        )
    })?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::internal(&error))?;
    let url = format!("http://{address}");
    let setup = Setup {
        options: Options {
            hosts: settings.hosts(address),
            address: Some(settings.public_url.clone().unwrap_or_else(|| url.clone())),
            programs: settings.programs(),
            ..Options::default()
        },
        serves: true,
        limits: settings.limits,
        events: settings.events,
        logs: settings.logs,
        artifacts: settings.artifacts,
        store: embedded::Options {
            accept_loss: settings.accept_loss,
            ..embedded::Options::default()
        },
    };
    let assembly = Assembly::open(&settings.data, setup).await?;
    let socket = settings.data.join("druse.sock");
    let local = local_socket(&socket)?;
    announce_setup(&assembly, &settings.data).await?;
    let state = json!({ "address": url, "pid": std::process::id() });
    // Before anybody learns of this process: until then a signal just ends it.
    let mut told = Told::new().map_err(|error| Failure::internal(&error))?;
    let file = settings.data.join("server.json");
    std::fs::write(&file, format!("{state}\n")).map_err(|error| Failure::io(&file, &error))?;
    eprintln!("listening on {url}");

    let end = CancellationToken::new();
    let mut failure = assembly.store.failure();
    let serving = tokio::spawn(api::serve(
        vec![Listener::Tcp(listener), Listener::Socket(local)],
        assembly.router.clone(),
        end.clone(),
    ));
    let exit = tokio::select! {
        () = told.end() => ExitCode::SUCCESS,
        reason = assembly.app.engine.failure() => { eprintln!("error: {reason}; nothing more is acknowledged"); ExitCode::from(EXIT_IO) }
        _ = failure.wait_for(Option::is_some) => { eprintln!("error: the log failed; nothing more is acknowledged"); ExitCode::from(EXIT_IO) }
    };
    assembly
        .app
        .ready
        .store(false, std::sync::atomic::Ordering::Relaxed);
    end.cancel();
    let orderly = async {
        if exit == ExitCode::SUCCESS {
            // What is under way comes to its end, so that the next start need not do it again.
            let _ = tokio::time::timeout(DRAIN, assembly.app.engine.drain()).await;
        }
        assembly.app.engine.close();
        let _ = serving.await;
    };
    // A second signal does not wait.
    let patient = tokio::select! {
        () = orderly => true,
        () = told.end() => false,
    };
    assembly.app.engine.close();
    let _ = std::fs::remove_file(&socket);
    let _ = std::fs::remove_file(&file);
    if patient {
        tokio::select! {
            () = assembly.close() => {}
            () = told.end() => {}
        }
    }
    Ok(exit)
}

/// Listens on an address. One that is taken is asked for again for a moment: a program that a killed
/// server was just starting has its files, and so its address, until that program begins.
async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let end = Instant::now() + LEFT_BEHIND;
    loop {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < end => {
                tokio::time::sleep(AGAIN).await;
            }
            answer => return answer,
        }
    }
}

/// The signals by which a person or a supervisor tells a server to end.
struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The socket of the data folder. The folder is locked, so whatever lies there belongs to no living server.
fn local_socket(path: &Path) -> Result<UnixListener, Failure> {
    let _ = std::fs::remove_file(path);
    let listener = UnixListener::bind(path).map_err(|error| Failure::io(path, &error))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| Failure::io(path, &error))?;
    Ok(listener)
}

async fn announce_setup(assembly: &Assembly, data: &Path) -> Result<(), Failure> {
    let Some(token) = assembly
        .app
        .begin_setup()
        .await
        .map_err(|problem| not_loaded(&problem))?
    else {
        // Who has a token needs none that makes one.
        let _ = std::fs::remove_file(data.join(setup::FILE));
        return Ok(());
    };
    if std::io::stderr().is_terminal() {
        let _ = writeln!(
            std::io::stderr(),
            "There is no API token yet. This setup token makes the first admin token, once, within an hour:\n  {token}"
        );
        return Ok(());
    }
    setup::write_file(data, &token)
        .map_err(|error| Failure::io(&data.join(setup::FILE), &error))?;
    eprintln!(
        "There is no API token yet: {} holds a setup token, for an hour; on this machine none is needed: `druse open` signs you in to the console, `druse tokens create --role admin --name you` makes a token.",
        data.join(setup::FILE).display()
    );
    Ok(())
}

#[cfg(test)]
mod tests;
