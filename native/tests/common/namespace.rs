//! Network namespaces of Linux: a network that belongs to one test.

use super::{Running, Server};
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Output};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// A network namespace with its own interfaces, addresses and routes. It is removed at the end of the test,
/// even if the test fails.
pub(crate) struct Namespace(String);

impl Namespace {
    /// Creates a namespace whose loopback interface is up. Returns `None`, and says so, if this process must not
    /// do that or `ip` is missing.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("retrylab-{}-{number}", std::process::id());
        let added = Command::new("ip").args(["netns", "add", &name]).output();
        if !added.as_ref().is_ok_and(|output| output.status.success()) {
            static ONCE: Once = Once::new();
            ONCE.call_once(|| {
                skipped("the tests in network namespaces: they need root and the program `ip`");
            });
            return None;
        }
        let namespace = Self(name);
        namespace.ip("link set lo up");
        // An address can be used at once, without the search for a duplicate.
        namespace.sysctl("net.ipv6.conf.default.accept_dad=0");
        Some(namespace)
    }

    /// Returns a command that runs `program` in the namespace.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]).args(args);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("RETRYLAB_CONFIG", "");
        command
    }

    /// Returns a command for `retrylab` with these arguments.
    pub(crate) fn retrylab(&self, args: &[&str]) -> Command {
        self.command(env!("CARGO_BIN_EXE_retrylab"), args)
    }

    /// Starts `retrylab serve ADDRESS --json` with more arguments, and waits until it listens.
    pub(crate) fn serve(&self, address: &str, args: &[&str]) -> Server {
        let args = [&["serve", address, "--json"], args].concat();
        Server::listening(Running::start(self.retrylab(&args)))
    }

    /// Gives `name` these addresses, for the programs in the namespace.
    pub(crate) fn name_addresses(&self, name: &str, addresses: &[&str]) {
        // `ip netns exec` shows the files of this folder to the program in place of those in /etc.
        let lines: Vec<String> =
            addresses.iter().map(|address| format!("{address} {name}\n")).collect();
        std::fs::create_dir_all(self.files()).unwrap();
        std::fs::write(format!("{}/hosts", self.files()), lines.concat()).unwrap();
    }

    fn files(&self) -> String {
        format!("/etc/netns/{}", self.0)
    }

    /// Runs `work` on a thread inside the namespace: the sockets that it creates belong there.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let file = File::open(format!("/run/netns/{}", self.0)).unwrap();
        let enter = move || {
            setns(file, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        };
        std::thread::scope(|scope| scope.spawn(enter).join()).unwrap()
    }

    /// Runs `ip` on the namespace with words that are separated by spaces. It must succeed.
    pub(crate) fn ip(&self, words: &str) {
        let mut command = Command::new("ip");
        succeed(command.args(["-n", &self.0]).args(words.split(' ')));
    }

    /// Sets a parameter of the kernel: `NAME=VALUE`.
    pub(crate) fn sysctl(&self, setting: &str) {
        let (name, value) = setting.split_once('=').unwrap();
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        self.inside(|| std::fs::write(&path, value))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Runs `tc` in the namespace; returns whether it succeeded, because the kernel may lack a module.
    pub(crate) fn tc(&self, words: &str) -> bool {
        let words: Vec<&str> = words.split(' ').collect();
        self.command("tc", &words).output().is_ok_and(|output| output.status.success())
    }

    /// Connects an interface of this namespace to an interface of another one, both up.
    pub(crate) fn connect(&self, own: &str, other: &Self, others: &str) {
        let mut command = Command::new("ip");
        command.args(["link", "add", own, "netns", &self.0, "type", "veth"]);
        succeed(command.args(["peer", "name", others, "netns", &other.0]));
        self.ip(&format!("link set {own} up"));
        other.ip(&format!("link set {others} up"));
    }

    /// Adds addresses with their prefix lengths to an interface.
    pub(crate) fn addresses(&self, interface: &str, addresses: &[&str]) {
        for address in addresses {
            let nodad = if address.contains(':') { " nodad" } else { "" };
            self.ip(&format!("addr add {address} dev {interface}{nodad}"));
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).output();
        let _ = std::fs::remove_dir_all(self.files());
    }
}

/// A client and a server with a router between them; the second hop carries 1,280 bytes.
///
/// ```text
/// client a0 10.1.0.1 fd01::1 ── 10.1.0.2 fd01::2 router 10.2.0.2 fd02::2 ── 10.2.0.1 fd02::1 b0 server
/// ```
pub(crate) struct Path {
    pub(crate) client: Namespace,
    pub(crate) router: Namespace,
    pub(crate) server: Namespace,
}

impl Path {
    pub(crate) fn new() -> Option<Self> {
        let path = Self {
            client: Namespace::new()?,
            router: Namespace::new()?,
            server: Namespace::new()?,
        };
        let Self { client, router, server } = &path;
        router.sysctl("net.ipv4.ip_forward=1");
        router.sysctl("net.ipv6.conf.all.forwarding=1");
        for host in [router, server] {
            // Each datagram gets its report, however many there are.
            host.sysctl("net.ipv4.icmp_ratelimit=0");
            host.sysctl("net.ipv6.icmp.ratelimit=0");
        }
        client.connect("a0", router, "c0");
        server.connect("b0", router, "c1");
        client.addresses("a0", &["10.1.0.1/24", "fd01::1/64"]);
        router.addresses("c0", &["10.1.0.2/24", "fd01::2/64"]);
        router.addresses("c1", &["10.2.0.2/24", "fd02::2/64"]);
        server.addresses("b0", &["10.2.0.1/24", "fd02::1/64"]);
        router.ip("link set c1 mtu 1280");
        server.ip("link set b0 mtu 1280");
        client.ip("route add 10.0.0.0/8 via 10.1.0.2");
        client.ip("route add fd00::/8 via fd01::2");
        server.ip("route add 10.1.0.0/24 via 10.2.0.2");
        server.ip("route add fd01::/64 via fd02::2");
        Some(path)
    }
}

/// Says that something is skipped, also if the test succeeds: its own output would then not be shown.
pub(crate) fn skipped(what: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

fn succeed(command: &mut Command) {
    let Output { status, stderr, .. } = command.output().expect("the program runs");
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
}
