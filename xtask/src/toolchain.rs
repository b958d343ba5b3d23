//! Finds the toolchain that builds for wasm on this machine.
//!
//! It tries these in order, beginning with the least work:
//!
//! 1. the toolchain in use has the target `wasm32-unknown-unknown`;
//! 2. Debian's second toolchain is complete under `/usr/bin` (an earlier run installed it), which
//!    builds the standard library for the target from its source;
//! 3. `rustup target add` brings the target;
//! 4. apt installs Debian's second toolchain.
//!
//! If none works, the error contains the command to run.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::install;
use crate::paths::Paths;
use crate::run::{Cmd, find_program};

const TARGET: &str = "wasm32-unknown-unknown";

/// Packages of Debian's second toolchain, kept current for its browsers: compiler, cargo, the standard
/// library's source, and the linker that `rust-lld` links to.
const DEBIAN_PACKAGES: [&str; 5] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];

/// A toolchain that builds for [`TARGET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The toolchain in use; it has the target's standard library.
    InUse,
    /// Debian's, under `/usr/bin`; it builds the target's standard library from source.
    Debian,
}

/// Which part of the standard library a wasm build links.
#[derive(Clone, Copy)]
pub(crate) enum Std {
    /// All of it.
    Full,
    /// `core` and `alloc`, what a `no_std` crate may use.
    Alloc,
}

impl Toolchain {
    /// Finds the toolchain, and installs missing parts if that needs no question.
    pub(crate) fn find(paths: &Paths) -> Result<Self> {
        if has_target(paths) {
            return Ok(Self::InUse);
        }
        if debian_is_complete() {
            return Ok(Self::Debian);
        }
        if find_program("rustup").is_some() {
            let added = Cmd::new("rustup", &paths.root).words("target add").arg(TARGET).run();
            match added {
                // It may have been added to a toolchain other than the one in use.
                Ok(()) if has_target(paths) => return Ok(Self::InUse),
                Ok(()) => eprintln!("rustup's target is not the one of the rustc in use"),
                Err(error) => eprintln!("{error:#}"),
            }
        }
        if is_debian() && install::may_use_apt() {
            install::apt_install(&DEBIAN_PACKAGES)
                .with_context(|| format!("Rust's target {TARGET} is missing"))?;
            if debian_is_complete() {
                return Ok(Self::Debian);
            }
        }
        bail!("Rust's target {TARGET} is missing; run: {}", advice())
    }

    /// Returns the target folder of the wasm build. Another toolchain has one of its own, because two
    /// toolchains in one folder discard each other's work.
    pub(crate) fn target_dir(self, paths: &Paths) -> PathBuf {
        match self {
            Self::InUse => paths.target.clone(),
            Self::Debian => paths.target.join("wasm-build"),
        }
    }

    /// Returns `cargo VERB` for the target. If the standard library is built from source, [`Std::Alloc`] is
    /// proven, because there is no `std` to link. With a prebuilt standard library, only the crate's own
    /// `no_std` keeps it out.
    pub(crate) fn cargo(self, paths: &Paths, verb: &str, std: Std) -> Cmd {
        let cmd = match self {
            Self::InUse => Cmd::cargo(paths).arg(verb),
            Self::Debian => {
                let cmd = debian(Path::new("/usr/bin/cargo"), paths).arg(verb);
                let cmd = cmd.env("RUSTC_BOOTSTRAP", "1").arg("-Z");
                cmd.arg(match std {
                    Std::Full => "build-std=std,panic_abort",
                    Std::Alloc => "build-std=core,alloc",
                })
            }
        };
        cmd.env("CARGO_ENCODED_RUSTFLAGS", rustflags(paths))
            .arg("--target-dir")
            .arg(paths.short(&self.target_dir(paths)))
            .args(["--target", TARGET])
    }
}

/// Flags of every wasm build. They keep paths of this machine out of the page's panic messages, and replace
/// `RUSTFLAGS` meant for native code.
fn rustflags(paths: &Paths) -> OsString {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = OsString::new();
    for (from, to) in home.iter().map(|h| (h, "cargo")).chain([(&paths.root, "retrylab")]) {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=/");
        flags.push(to);
    }
    flags
}

/// Returns true if the rustc in use has the target's standard library.
fn has_target(paths: &Paths) -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libdir =
        Cmd::new(rustc, &paths.root).words("--print target-libdir --target").arg(TARGET).output();
    libdir.is_ok_and(|libdir| Path::new(&libdir).is_dir())
}

/// Returns a command of Debian's toolchain, without the environment variables with which `cargo run` and
/// rustup select their own toolchain.
fn debian(program: &Path, paths: &Paths) -> Cmd {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut first = OsString::from("/usr/bin:");
    first.push(path);
    ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTDOC", "LD_LIBRARY_PATH"]
        .into_iter()
        .fold(Cmd::new(program, &paths.root), Cmd::env_remove)
        .env("PATH", first)
}

/// Returns true if Debian's toolchain is new enough and has everything that the wasm build needs.
fn debian_is_complete() -> bool {
    // `rust-lld` is a link: it is valid only if the linker's own package is installed.
    let files = ["/usr/bin/cargo", "/usr/bin/rust-lld", "/usr/lib/rustlib/src/rust/library/std"];
    if !files.iter().all(|file| Path::new(file).exists()) {
        return false;
    }
    let version = Cmd::new("/usr/bin/rustc", Path::new("/")).arg("--version").output();
    version.is_ok_and(|line| is_new_enough(&line).unwrap_or(false))
}

/// Returns true if the version in `rustc --version`'s line is at least the workspace's `rust-version`.
fn is_new_enough(line: &str) -> Result<bool> {
    let version = line.split_whitespace().nth(1).context("no version")?;
    Ok(major_minor(version)? >= major_minor(env!("CARGO_PKG_RUST_VERSION"))?)
}

fn major_minor(version: &str) -> Result<(u32, u32)> {
    let (major, rest) = version.split_once('.').context("no dot in the version")?;
    let minor = rest.split('.').next().unwrap_or(rest);
    Ok((major.parse()?, minor.parse()?))
}

/// Returns true if this is Debian itself: not all systems derived from it have these packages.
fn is_debian() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=debian")
}

/// Returns the command to run if automatic installation is impossible.
fn advice() -> String {
    let has = |program: &str| find_program(program).is_some();
    if is_debian() {
        return install::apt_command(&DEBIAN_PACKAGES);
    }
    if has("rustup") {
        return format!("rustup target add {TARGET}");
    }
    if has("dnf") {
        return format!("sudo dnf install -y rust-std-static-{TARGET}");
    }
    if has("pacman") {
        return "sudo pacman -S --needed rust-wasm".into();
    }
    format!("rustup target add {TARGET} (after installing Rust with rustup)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_debian_toolchain_does_not_count() {
        assert!(is_new_enough("rustc 1.96.0 (ac68faa20 2026-05-25) (built from …)").unwrap());
        assert!(!is_new_enough("rustc 1.63.0").unwrap());
        assert!(is_new_enough("rustc 2.0.0").unwrap());
        assert!(is_new_enough("nonsense").is_err());
    }
}
