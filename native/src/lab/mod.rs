//! `retrylab lab`: serves the page, which is embedded in the program.

mod connections;
pub(crate) mod export;
mod page;

use crate::exit::Exit;
use crate::flags;
use crate::output::{self, exit_after, finish_stdout, narrate};
use crate::queue::{LineQueue, Stream, WhenFull};
use crate::runtime;
use crate::signals::Signals;
use connections::Connections;
use retrylab_core::scenario::Scenario;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::net::TcpListener;

/// Default port of the page.
const PORT: u16 = 8060;

/// Returns the fragment of the page's link to a scenario. It is never empty, which would be the first lesson.
pub(crate) fn fragment(scenario: &Scenario) -> String {
    let fragment = scenario.to_fragment();
    if fragment.is_empty() { format!("seed={}", scenario.seed) } else { fragment }
}

/// Returns the page's address for a scenario. The page is there while `retrylab lab` runs on its default port.
pub(crate) fn address(scenario: &Scenario) -> String {
    format!("http://{}:{PORT}/#{}", Ipv4Addr::LOCALHOST, fragment(scenario))
}

const EXAMPLES: &str = "\
Examples:
  retrylab lab                 serve the page and print its address
  retrylab lab --open          also open it in the browser
  retrylab lab --port 0        use any free port

The simulated network runs in the browser. The page is served to this machine only. It loads
nothing from other servers and sends nothing to them.

Exit codes: 0 stopped by Ctrl-C, SIGTERM or SIGHUP, 1 the port is in use, or the program was
built without the page, 2 usage error.";

/// Serve the page to a browser on this machine
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Port on 127.0.0.1; 0 selects a free port
    #[arg(long, value_name = "PORT", default_value_t = PORT, allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u16>)]
    port: u16,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

/// Error that ends `lab`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "this program was built without the page; run `cargo xtask lab` to build both and serve the \
         page"
    )]
    NoPage,
    #[error("{}", bind_reason(*.0, .1))]
    Bind(u16, io::Error),
    #[error("cannot serve the page: {0}")]
    System(#[from] io::Error),
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        Exit::Failed
    }
}

fn bind_reason(port: u16, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {port} is in use, perhaps by another `retrylab lab`; choose another one with --port, \
             or use --port 0 for any free one"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("port {port} is not permitted; choose 1024 or higher with --port")
        }
        _ => format!("cannot listen on port {port} of 127.0.0.1: {error}"),
    }
}

/// Serves until a signal arrives.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if !page::is_built() {
        return Err(Error::NoPage);
    }
    runtime::block_on(serve(args))?
}

async fn serve(args: &Args) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener =
        TcpListener::bind(wanted).await.map_err(|error| Error::Bind(args.port, error))?;
    let url = format!("http://{}/", listener.local_addr()?);
    output::queue_progress()?;
    let note = |lines| format!("({lines} lines left out)");
    let when_full = WhenFull { max_bytes: 1 << 16, patience: Duration::ZERO, note };
    let out = LineQueue::start(Stream::Stdout, when_full)?;
    out.line(format_args!("the lab is at {url}"));
    narrate!("press Ctrl-C to stop");
    if args.open {
        open(&url);
    }
    let mut connections = Connections::default();
    // Open connections do not delay the end, because the page has no state to lose.
    tokio::select! {
        biased;
        () = signals.recv() => {}
        never = connections.serve(&listener) => never,
    }
    connections.report();
    Ok(exit_after(finish_stdout(&out), Exit::Success))
}

/// Opens `url` in the browser. A failure is reported but does not end the program.
fn open(url: &str) {
    let (program, first): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(first).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        narrate!("cannot open a browser ({program}: {error}); open {url} yourself");
    }
}
