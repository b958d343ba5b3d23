//! `retrylab export-page`: the page as one file, for a browser without a server.
//!
//! The file is the page's document with its style sheet, its scripts and its modules inside. A browser loads no modules
//! from a disk, so they are in the file compressed and in Base64, and `www/js/offline.js` unpacks them into the browser's
//! memory.

use super::page::{self, File};
use crate::existing;
use crate::exit::Exit;
use crate::output::{OutputError, exit_after, narrate};
use crate::source::{Source, SourceError, is_link};
use data_encoding::BASE64;
use retrylab_core::scenario::{Link, Scenario};
use retrylab_core::value::Printable;
use std::fs;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  retrylab export-page lab.html                         the whole page, which opens with its course
  retrylab export-page storm.html retry-storm           open with a built-in scenario
  retrylab export-page run.html mine.toml               open with a scenario file
  retrylab export-page run.html 'seed=7&link.loss=0.3'  open with a run from the address bar

The file has everything in it: it needs no server and no network. Open it in a browser, attach it
to a mail, or upload it to a course. In a frame, as in <iframe src=\"lab.html?embed\">, it shows
the run without the controls. Its runs have the same digests as those of `sim`.

Exit codes: 0 written, 1 the file cannot be written, or the program was built without the page,
2 usage error, or the file exists.";

/// Content security policy of the file: it loads only what is inside.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' blob: 'wasm-unsafe-eval'; \
                      style-src 'unsafe-inline'; connect-src blob:; worker-src blob:; img-src data: blob:; \
                      base-uri 'none'; form-action 'none'";

/// What the page loads while it runs, and the files with that. The module with TCP/IP stacks does all that the one of a
/// first visit does: it stands for both.
const LOADED: [(&str, &str); 4] = [
    ("js/main.js", "js/main.js"),
    ("js/worker.js", "js/worker.js"),
    ("wasm/retrylab_web.js", "wasm/retrylab_packets.js"),
    ("wasm/retrylab_web_bg.wasm", "wasm/retrylab_packets_bg.wasm"),
];

/// Write the page as one HTML file that works offline
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File to write; `-` is stdout
    #[arg(value_name = "FILE")]
    file: String,
    /// Run to open with: a scenario file, a built-in scenario, or the page's address of a run
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Replace FILE if it exists
    #[arg(long)]
    overwrite: bool,
}

/// Error that ends `export-page`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "this program was built without the page; run `cargo xtask page`, then build the program again"
    )]
    NoPage,
    #[error("{0} exists already; use another name, or --overwrite to replace it")]
    Exists(String),
    #[error(transparent)]
    Scenario(#[from] SourceError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoPage | Self::Output(_) => Exit::Failed,
            Self::Exists(_) => Exit::Usage,
            Self::Scenario(error) => error.exit(),
        }
    }
}

/// Writes the file.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if !args.overwrite && existing::exists(&args.file) {
        return Err(Error::Exists(Printable::new(&args.file).to_string()));
    }
    let link = args.scenario.as_deref().map(link).transpose()?;
    let document = document(page::file, link.as_deref()).ok_or(Error::NoPage)?;
    if args.file == "-" {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(document.as_bytes()).and_then(|()| stdout.flush());
        let failure = written.err().map(|error| OutputError { name: "stdout".to_string(), error });
        return Ok(exit_after(failure, Exit::Success));
    }
    let failed = |error| OutputError { name: args.file.clone(), error };
    fs::write(&args.file, &document).map_err(failed)?;
    let kilobytes = document.len() / 1000;
    narrate!("{}: {kilobytes} kB; open it in a browser", Printable::new(&args.file));
    Ok(Exit::Success)
}

/// Returns the fragment of the link to a run. What a link says about the view, such as the moment, stays.
fn link(text: &str) -> Result<String, SourceError> {
    let source = Source { scenario: Some(text), link: None, preset: None, set: &[], seed: None };
    let scenario = source.base()?;
    let mut link = vec![scenario.to_fragment()];
    if is_link(text) {
        let view = Scenario::from_link(text).view;
        link.extend(view.iter().map(|(name, value)| Link::view_pair(name, value)));
    }
    // The page opens an empty link with its course.
    if link[0].is_empty() {
        link[0] = format!("seed={}", scenario.seed);
    }
    Ok(link.join("&"))
}

/// Returns the file, which opens with `link`. `None` if the program has no page.
fn document(file: impl Fn(&str) -> Option<File>, link: Option<&str>) -> Option<String> {
    let text = |name: &str| file(name).and_then(|file| String::from_utf8(file.plain).ok());
    let script = |name: &str| text(name).map(|text| format!("<script>{text}</script>"));
    let icon = BASE64.encode(&file("icon.svg")?.plain);
    let mut end = String::new();
    for (name, stored) in LOADED {
        let packed = BASE64.encode(&file(stored)?.packed);
        end += &format!("<script type=\"text/plain\" data-file=\"{name}\">{packed}</script>\n");
    }
    end += &script("js/offline.js")?;
    let link = link.map_or_else(String::new, |link| {
        format!(" data-link=\"{}\"", link.replace('&', "&amp;").replace('"', "&quot;"))
    });
    let policy =
        format!("<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
    let mut document = text("index.html")?;
    for (tag, inside) in [
        ("<html lang=\"en\"", format!("<html lang=\"en\"{link}")),
        ("<head>", policy),
        ("href=\"icon.svg\"", format!("href=\"data:image/svg+xml;base64,{icon}\"")),
        (
            "<link rel=\"stylesheet\" href=\"page.css\">",
            format!("<style>{}</style>", text("page.css")?),
        ),
        ("<script src=\"js/early.js\"></script>", script("js/early.js")?),
        ("<script type=\"module\" src=\"js/main.js\"></script>", String::new()),
        ("</body>", format!("{end}\n</body>")),
    ] {
        // The tests look for what would be left out.
        document = document.replacen(tag, &inside, 1);
    }
    Some(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../../www/index.html");

    fn file(name: &str) -> Option<File> {
        let plain = if name == "index.html" { DOCUMENT } else { name };
        Some(File { plain: plain.into(), packed: b"packed".into() })
    }

    #[test]
    fn everything_is_inside() {
        let document = document(file, Some("seed=7&message=%22")).unwrap();
        for outside in ["src=\"", "href=\"page", "href=\"icon", "src='", "@import"] {
            assert!(!document.contains(outside), "{outside}");
        }
        for inside in [
            "<html lang=\"en\" data-link=\"seed=7&amp;message=%22\">",
            "<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';",
            "href=\"data:image/svg+xml;base64,aWNvbi5zdmc=\"",
            "<style>page.css</style>",
            "<script>js/early.js</script>",
            "<script type=\"text/plain\" data-file=\"wasm/retrylab_web.js\">cGFja2Vk</script>",
            "<script>js/offline.js</script>\n</body>",
        ] {
            assert!(document.contains(inside), "{inside}");
        }
        assert!(super::document(|_| None, None).is_none());
    }

    #[test]
    fn a_link_keeps_the_moment() {
        let whole = "http://127.0.0.1:8060/?embed#seed=7&link.loss=0.3&view.at=0.1";
        assert_eq!(link(whole).unwrap(), "seed=7&link.loss=0.3&view.at=0.1");
        assert_eq!(link("seed=1").unwrap(), "seed=1");
        assert!(link("server.dorp=1").unwrap_err().to_string().contains("server.drop"));
        assert!(link("retry-storm").unwrap().contains("server.service=10ms"));
    }
}
