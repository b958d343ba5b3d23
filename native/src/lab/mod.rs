//! `retrylab lab`: the page, served from the program itself.

mod page;

use crate::exit::Exit;
use crate::flags;
use crate::output::{Stdout, narrate};
use crate::runtime;
use crate::signals::Signals;
use axum::Router;
use axum::extract::Request;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use tokio::net::TcpListener;

const EXAMPLES: &str = "\
Examples:
  retrylab lab                 serve it, and say where
  retrylab lab --open          and show it in the browser
  retrylab lab --port 0        on any free port

The page runs the simulated network in the browser itself. It is served to this machine only, needs
nothing from elsewhere, and sends nothing anywhere.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the port is taken, or this program was built without
the page, 2 usage.";

/// Serve the laboratory's page to a browser on this machine
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value = "8060", allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u16>)]
    port: u16,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "this program was built without the page; `cargo xtask lab` builds the page and then the \
         program, and serves it"
    )]
    NoPage,
    #[error("{}", bind_reason(*.0, .1))]
    Bind(u16, io::Error),
    #[error("the lab cannot be served: {0}")]
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
            "port {port} is taken: another lab may be running there; use --port to name another, \
             or --port 0 for any free one"
        ),
        io::ErrorKind::PermissionDenied => {
            format!("port {port} is not permitted; use --port with one from 1024 on")
        }
        _ => format!("port {port} of 127.0.0.1 cannot be listened on: {error}"),
    }
}

/// Serves until a signal comes.
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
    let mut out = Stdout::default();
    out.line(format_args!("the lab is at {url}"));
    narrate!("Ctrl-C stops it");
    if args.open {
        open(&url);
    }
    let router = Router::new().fallback(|request: Request| async move {
        page::respond(request.method(), request.uri(), request.headers())
    });
    // Connections that are open do not hold the end up: a page has nothing to lose.
    tokio::select! {
        biased;
        () = signals.recv() => {}
        ended = async { axum::serve(listener, router).await } => ended?,
    }
    Ok(out.finish(Exit::Success))
}

/// Asks the desktop to show `url`. That it cannot is worth a word, not an end.
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
        narrate!("no browser was opened ({program}: {error}); open {url} yourself");
    }
}
