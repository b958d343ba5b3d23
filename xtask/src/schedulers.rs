//! The schedulers of the long tests: Slurm, GNU parallel, indexed jobs of Kubernetes, and Dask. Each runs the shards of
//! a sweep with its files in `examples/`; the merged table must have the same bytes as that of the whole sweep.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::install::{self, Program};
use crate::paths::Paths;
use crate::run::{Cmd, find_program};

/// Debian's packages of Slurm. With them, a cluster can run on one machine. Debian also starts munge as a service, which is
/// not used.
const SLURM: [&str; 4] = ["munge", "slurmctld", "slurmd", "slurm-client"];

/// Python's packages. The last one has the schemas of Kubernetes and a parser of YAML.
const PYTHON: [&str; 2] = ["distributed==2026.8.0", "kubernetes-validate==1.37.0"];

/// The sweep that all but the manifest run.
const SWEEP: &str = "sweep --set exchanges=200 --vary server.drop=0..0.5/0.1 \
                     --vary policy.preset=textbook,grpc --seeds 4";

/// A sweep with an invalid value.
const INVALID: &str = "sweep --vary server.drop=2";

/// The ports of the daemons in `examples/slurm/one-node.sh`.
const SLURM_PORTS: [u16; 2] = [16817, 16818];

/// The last argument is the script; those of the script follow.
const WITH_DASK_CLUSTER: &str = "\
import subprocess, sys
from dask.distributed import LocalCluster
if __name__ == '__main__':
    with LocalCluster(threads_per_worker=1, dashboard_address=None) as cluster:
        script, *args = sys.argv[1:]
        command = [sys.executable, script, '--scheduler', cluster.scheduler_address, *args]
        sys.exit(subprocess.run(command).returncode)";

/// Error for schedulers that cannot be installed on this machine, so nothing is known about them.
#[derive(Debug)]
pub(crate) struct NotRun(String);

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotRun {}

/// Where a scheduler is checked.
struct Place<'a> {
    paths: &'a Paths,
    /// An empty folder for its output.
    folder: PathBuf,
}

type Check = fn(&Place<'_>) -> Result<()>;

/// The checks by name.
const CHECKS: [(&str, Check); 5] = [
    ("shellcheck", shellcheck),
    ("parallel", parallel),
    ("slurm", slurm),
    ("kubernetes", kubernetes),
    ("dask", dask),
];

/// Checks all schedulers, even after a failure.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    Cmd::cargo(paths).words("build --release -p retrylab").run()?;
    let (mut failed, mut not_run) = (Vec::new(), Vec::new());
    for (name, check) in CHECKS {
        println!("--- {name} ---");
        let folder = paths.target.join("schedulers").join(name);
        match Place::new(paths, folder).and_then(|place| check(&place)) {
            Ok(()) => println!("{name} passed"),
            Err(error) if error.is::<NotRun>() => not_run.push(format!("{name}: {error}")),
            Err(error) => failed.push(format!("{name}: {error:#}")),
        }
    }
    if !failed.is_empty() {
        bail!("{}", [failed, not_run].concat().join("; "));
    }
    if !not_run.is_empty() {
        bail!(NotRun(not_run.join("; ")));
    }
    Ok(())
}

impl<'a> Place<'a> {
    fn new(paths: &'a Paths, folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { paths, folder })
    }

    fn example(&self, name: &str) -> PathBuf {
        self.paths.root.join("examples").join(name)
    }

    /// Returns a command that finds the program in `PATH`, as the examples expect it.
    fn command(&self, program: impl AsRef<Path>) -> Cmd {
        let binary = self.paths.release_binary();
        let folder = binary.parent().unwrap_or(Path::new(".")).display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        Cmd::new(program.as_ref(), &self.folder).env("PATH", format!("{folder}:{path}"))
    }

    /// Returns the Python with [`PYTHON`].
    fn python(&self) -> Result<PathBuf> {
        let modules = "distributed, kubernetes_validate";
        let folder = install::python(self.paths, "schedulers-python", modules, &PYTHON);
        Ok(folder.map_err(not_run)?.join("bin/python"))
    }

    /// Runs the sweep in one process.
    fn sweep(&self) -> Result<()> {
        self.command("retrylab").words(SWEEP).words("--out whole.csv").run()
    }

    /// Compares a merged table with that of [`sweep`](Self::sweep).
    fn compare(&self, merged: &str) -> Result<()> {
        let read = |name: &str| {
            fs::read(self.folder.join(name)).with_context(|| format!("cannot read {name}"))
        };
        ensure!(read(merged)? == read("whole.csv")?, "{merged} and whole.csv differ");
        Ok(())
    }
}

fn not_run(error: anyhow::Error) -> anyhow::Error {
    NotRun(format!("{error:#}")).into()
}

fn programs(programs: &[&Program]) -> Result<()> {
    install::programs(programs).map_err(not_run)
}

fn shellcheck(place: &Place<'_>) -> Result<()> {
    programs(&[&install::SHELLCHECK])?;
    let scripts =
        ["merge.sh", "parallel.sh", "slurm/one-node.sh", "slurm/shard.sh", "slurm/submit.sh"];
    place.command("shellcheck").args(scripts.map(|name| place.example(name))).run()
}

fn parallel(place: &Place<'_>) -> Result<()> {
    programs(&[&install::PARALLEL])?;
    place.sweep()?;
    let script = || place.command(place.example("parallel.sh"));
    script().words("8 all.csv").words(SWEEP).run()?;
    place.compare("all.csv")?;
    ensure!(script().words("8 no.csv").words(INVALID).run().is_err(), "a failure is not reported");
    Ok(())
}

fn slurm(place: &Place<'_>) -> Result<()> {
    let found = |name: &&str| {
        let folders = ["", "/usr/sbin/"];
        folders.iter().any(|folder| find_program(&format!("{folder}{name}")).is_some())
    };
    if !["munged", "slurmctld", "slurmd", "sbatch"].iter().all(found) {
        install::debian("Slurm", &SLURM).map_err(not_run)?;
    }
    place.sweep()?;
    // The limit is that of a cluster which does not work. `timeout` ends the script with all of its group.
    let submit = || {
        let cmd = place.command("timeout").arg("300").arg(place.example("slurm/one-node.sh"));
        cmd.arg(place.example("slurm/submit.sh"))
    };
    submit().words("8 all.csv").words(SWEEP).run()?;
    place.compare("all.csv")?;
    ensure!(submit().words("2 no.csv").words(INVALID).run().is_err(), "a failure is not reported");
    for port in SLURM_PORTS {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("a daemon of Slurm still runs")?;
    }
    Ok(())
}

fn kubernetes(place: &Place<'_>) -> Result<()> {
    let jobs = place.paths.root.join("xtask/src/schedulers/jobs.py");
    let manifests =
        ["shards.yaml", "merge.yaml"].map(|name| place.example("kubernetes").join(name));
    place.command(place.python()?).arg(jobs).arg(&place.folder).args(manifests).run()?;
    place.compare("all.csv")
}

fn dask(place: &Place<'_>) -> Result<()> {
    let (python, script) = (place.python()?, place.example("dask_shards.py"));
    place.sweep()?;
    let local = || place.command(&python).arg(&script);
    local().words("8 local.csv").words(SWEEP).run()?;
    place.compare("local.csv")?;
    let cluster = place.folder.join("cluster.py");
    fs::write(&cluster, WITH_DASK_CLUSTER)?;
    place.command(&python).arg(cluster).arg(&script).words("8 all.csv").words(SWEEP).run()?;
    place.compare("all.csv")?;
    ensure!(local().words("8 no.csv").words(INVALID).run().is_err(), "a failure is not reported");
    Ok(())
}
