//! Installs programs that the tests need, or prints the command that does.
//!
//! As root on Debian or Ubuntu (a container, CI) apt installs them without a question. Elsewhere nothing is
//! installed, and the error contains the command to run.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Result, bail};

use crate::paths::Paths;
use crate::run::{Cmd, find_program};

/// A program, and the package that contains it for each package manager.
pub(crate) struct Program {
    /// Names of the program, the most common one first.
    names: &'static [&'static str],
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
    brew: &'static str,
}

/// The other end of the integration tests' connections and datagrams.
pub(crate) const SOCAT: Program =
    Program { names: &["socat"], apt: "socat", dnf: "socat", pacman: "socat", brew: "socat" };

/// A second, independent peer, so that the tests do not depend on the behaviour of a single one.
pub(crate) const NCAT: Program =
    Program { names: &["ncat"], apt: "ncat", dnf: "nmap-ncat", pacman: "nmap", brew: "nmap" };

/// The echo service of many systems, over TCP and UDP.
pub(crate) const XINETD: Program = Program {
    names: &["xinetd", "/usr/sbin/xinetd"],
    apt: "xinetd",
    dnf: "xinetd",
    pacman: "xinetd",
    brew: "xinetd",
};

/// The judge of capture files.
pub(crate) const TSHARK: Program = Program {
    names: &["tshark"],
    apt: "tshark",
    dnf: "wireshark-cli",
    pacman: "wireshark-cli",
    brew: "wireshark",
};

/// The client of the name server's tests.
pub(crate) const DIG: Program = Program {
    names: &["dig"],
    apt: "bind9-dnsutils",
    dnf: "bind-utils",
    pacman: "bind",
    brew: "bind",
};

/// The first name server of the resolver's tests. On Debian, the package has the program alone, without a service.
pub(crate) const DNSMASQ: Program = Program {
    names: &["dnsmasq"],
    apt: "dnsmasq-base",
    dnf: "dnsmasq",
    pacman: "dnsmasq",
    brew: "dnsmasq",
};

/// A second, independent name server.
pub(crate) const UNBOUND: Program = Program {
    names: &["unbound"],
    apt: "unbound",
    dnf: "unbound",
    pacman: "unbound",
    brew: "unbound",
};

/// An HTTP client.
pub(crate) const CURL: Program =
    Program { names: &["curl"], apt: "curl", dnf: "curl", pacman: "curl", brew: "curl" };

/// An HTTP client that sends as many requests as it can.
pub(crate) const WRK: Program =
    Program { names: &["wrk"], apt: "wrk", dnf: "wrk", pacman: "wrk", brew: "wrk" };

/// An HTTP server.
pub(crate) const PYTHON: Program = Program {
    names: &["python3"],
    apt: "python3",
    dnf: "python3",
    pacman: "python",
    brew: "python",
};

/// A second HTTP server.
pub(crate) const NGINX: Program = Program {
    names: &["nginx", "/usr/sbin/nginx"],
    apt: "nginx-light",
    dnf: "nginx",
    pacman: "nginx",
    brew: "nginx",
};

/// A shell for which there are completions.
pub(crate) const BASH: Program =
    Program { names: &["bash"], apt: "bash", dnf: "bash", pacman: "bash", brew: "bash" };

/// A shell for which there are completions.
pub(crate) const ZSH: Program =
    Program { names: &["zsh"], apt: "zsh", dnf: "zsh", pacman: "zsh", brew: "zsh" };

/// A shell for which there are completions.
pub(crate) const FISH: Program =
    Program { names: &["fish"], apt: "fish", dnf: "fish", pacman: "fish", brew: "fish" };

/// The judge of manual pages.
pub(crate) const MANDOC: Program =
    Program { names: &["mandoc"], apt: "mandoc", dnf: "mandoc", pacman: "mandoc", brew: "mandoc" };

/// The programs at the other end of the integration tests.
pub(crate) const PEERS: [&Program; 15] = [
    &SOCAT, &NCAT, &XINETD, &TSHARK, &DIG, &DNSMASQ, &UNBOUND, &CURL, &WRK, &PYTHON, &NGINX, &BASH,
    &ZSH, &FISH, &MANDOC,
];

/// The compiler of the fuzzer's engine.
pub(crate) const CXX: Program = Program {
    names: &["c++", "g++", "clang++"],
    apt: "g++",
    dnf: "gcc-c++",
    pacman: "gcc",
    brew: "gcc",
};

/// Runs shards as the jobs of a shell.
pub(crate) const PARALLEL: Program = Program {
    names: &["parallel"],
    apt: "parallel",
    dnf: "parallel",
    pacman: "parallel",
    brew: "parallel",
};

/// The judge of shell scripts.
pub(crate) const SHELLCHECK: Program = Program {
    names: &["shellcheck"],
    apt: "shellcheck",
    dnf: "ShellCheck",
    pacman: "shellcheck",
    brew: "shellcheck",
};

/// A browser for the page's tests.
pub(crate) struct Browser {
    program: Program,
    /// The variable that names another one.
    variable: &'static str,
    /// Its usual path on macOS.
    mac: &'static str,
}

/// The browser of the page's tests and of its benchmark.
pub(crate) const CHROMIUM: Browser = Browser {
    program: Program {
        names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
        apt: "chromium",
        dnf: "chromium",
        pacman: "chromium",
        brew: "--cask chromium",
    },
    variable: "CHROMIUM",
    mac: "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
};

/// A second, independent browser.
pub(crate) const FIREFOX: Browser = Browser {
    program: Program {
        names: &["firefox-esr", "firefox"],
        apt: "firefox-esr",
        dnf: "firefox",
        pacman: "firefox",
        brew: "--cask firefox",
    },
    variable: "FIREFOX",
    mac: "/Applications/Firefox.app/Contents/MacOS/firefox",
};

impl Browser {
    /// Returns its path: what its variable says, or a common name in `PATH`, or the usual path on macOS. Installs it if it
    /// is missing and that needs no question.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        let Self { program, variable, mac } = self;
        if let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            if path.is_file() {
                return Ok(path);
            }
            let path = path.display();
            bail!("{variable}={path} is not a file; set it to the full path of the browser");
        }
        let find = || program.names.iter().find_map(|name| find_program(name));
        if let Some(path) = find() {
            return Ok(path);
        }
        if Path::new(mac).is_file() {
            return Ok(mac.into());
        }
        programs(&[program])?;
        let name = program.names[0];
        find().map_or_else(|| bail!("{name} is installed but not in PATH"), Ok)
    }
}

impl Program {
    fn is_there(&self) -> bool {
        self.names.iter().any(|name| find_program(name).is_some())
    }
}

/// Makes sure that all of `programs` can be run.
pub(crate) fn programs(programs: &[&Program]) -> Result<()> {
    let missing: Vec<&Program> = programs.iter().filter(|p| !p.is_there()).copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|program| program.names[0]).collect();
    if may_use_apt() {
        let packages: Vec<&str> = missing.iter().map(|program| program.apt).collect();
        apt_install(&packages)?;
    }
    if missing.iter().all(|program| program.is_there()) {
        return Ok(());
    }
    match command_for(&missing, &|manager| find_program(manager).is_some()) {
        Some(command) => bail!("{} not found; run: {command}", names.join(" and ")),
        None => bail!("{} not found; install with your system's packages", names.join(" and ")),
    }
}

/// Returns true if packages can be installed without a question.
pub(crate) fn may_use_apt() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let is_root =
            || Cmd::new("id", Path::new("/")).arg("-u").output().is_ok_and(|id| id == "0");
        find_program("apt-get").is_some() && is_root()
    })
}

/// Installs Debian packages; the package lists are fetched once per run of this program.
pub(crate) fn apt_install(packages: &[&str]) -> Result<()> {
    static UPDATED: OnceLock<()> = OnceLock::new();
    UPDATED.get_or_init(|| {
        // The existing lists may be good enough after a failed update. Otherwise the install below
        // reports what is missing.
        if let Err(error) = apt_get().arg("update").run() {
            eprintln!("warning: {error:#}");
        }
    });
    // `--no-remove`: if a package would replace one that somebody chose, fail instead of replacing it.
    apt_get().words("install -y --no-install-recommends --no-remove").args(packages).run()
}

fn apt_get() -> Cmd {
    // Wait for the lock, because automatic updates hold it on a machine that has just started.
    Cmd::new("apt-get", Path::new("/"))
        .env("DEBIAN_FRONTEND", "noninteractive")
        .words("-q -o DPkg::Lock::Timeout=300")
}

/// Installs `packages`, which contain `what`.
pub(crate) fn debian(what: &str, packages: &[&str]) -> Result<()> {
    if !may_use_apt() {
        bail!("{what} not found; on Debian, run: {}", apt_command(packages));
    }
    apt_install(packages)
}

/// Makes sure that a Python of its own in the target folder can import `modules`, and returns its folder.
pub(crate) fn python(
    paths: &Paths,
    name: &str,
    modules: &str,
    packages: &[&str],
) -> Result<PathBuf> {
    let folder = paths.target.join(name);
    let python = || Cmd::new(folder.join("bin/python"), &paths.root);
    if python().args(["-c", &format!("import {modules}")]).output().is_err() {
        let system = || Cmd::new("python3", &paths.root);
        if system().args(["-c", "import ensurepip"]).output().is_err() {
            debian("Python's module venv", &["python3-venv"])?;
        }
        system().words("-m venv").arg(&folder).run()?;
        python()
            .words("-m pip install --quiet --disable-pip-version-check")
            .args(packages)
            .run()?;
    }
    Ok(folder)
}

/// Returns the command that installs Debian packages.
pub(crate) fn apt_command(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!(
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends \
         -o DPkg::Lock::Timeout=300 {packages}"
    )
}

/// Returns the command for this system; `None` without a known package manager.
fn command_for(missing: &[&Program], is_there: &dyn Fn(&str) -> bool) -> Option<String> {
    let packages = |name: fn(&Program) -> &str| -> Vec<&str> {
        missing.iter().map(|program| name(program)).collect()
    };
    if is_there("apt-get") {
        return Some(apt_command(&packages(|program| program.apt)));
    }
    if is_there("dnf") {
        return Some(format!("sudo dnf install -y {}", packages(|program| program.dnf).join(" ")));
    }
    if is_there("pacman") {
        let packages = packages(|program| program.pacman).join(" ");
        return Some(format!("sudo pacman -S --needed {packages}"));
    }
    if is_there("brew") {
        let each = packages(|program| program.brew);
        let each: Vec<String> = each.iter().map(|name| format!("brew install {name}")).collect();
        return Some(each.join(" && "));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_for_each_system() {
        let missing = [&SOCAT, &NCAT];
        let on = |manager: &'static str| command_for(&missing, &move |name| name == manager);
        let apt = on("apt-get").unwrap();
        assert!(apt.starts_with("sudo apt-get update && sudo apt-get install -y"), "{apt}");
        assert!(apt.ends_with(" socat ncat"), "{apt}");
        assert_eq!(on("dnf").unwrap(), "sudo dnf install -y socat nmap-ncat");
        assert_eq!(on("pacman").unwrap(), "sudo pacman -S --needed socat nmap");
        assert_eq!(on("brew").unwrap(), "brew install socat && brew install nmap");
        assert_eq!(on("none"), None);
    }
}
