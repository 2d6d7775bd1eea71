//! A server of a test's own, to be killed and frozen.
//!
//! It is the child of a shell which kills it as soon as the test's end of a pipe is gone, however
//! the test ends.

#![expect(
    clippy::unwrap_used,
    reason = "a server that cannot be had fails the test"
)]

use std::{
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

/// A running, frozen or killed server. What it keeps on disk survives a kill, and no drop.
pub(crate) struct Server {
    program: &'static str,
    arguments: Vec<String>,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
    running: Option<Running>,
}

struct Running {
    shell: Child,
    output: BufReader<ChildStdout>,
    server: Pid,
}

impl Server {
    /// A Redis that writes each change down before it answers. Further words of its configuration
    /// follow.
    #[cfg(feature = "redis")]
    pub(crate) fn redis(more: &[&str]) -> Self {
        let (folder, port) = (folder(), free_port());
        let mut words = vec!["--bind", "127.0.0.1", "--save", "", "--daemonize", "no"];
        words.extend(["--appendonly", "yes", "--appendfsync", "always"]);
        words.extend(more);
        let mut arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let place = folder.path().display().to_string();
        arguments.extend([
            "--port".to_owned(),
            port.to_string(),
            "--dir".to_owned(),
            place,
        ]);
        Self::start("redis-server", arguments, port, folder)
    }

    /// A Redis that speaks TLS alone, to whoever trusts this certificate.
    #[cfg(feature = "redis")]
    pub(crate) fn redis_over_tls(certificate: &crate::certificate::Certificate) -> Self {
        let (folder, port) = (folder(), free_port());
        let (certificate, key) = certificate.write(folder.path());
        let (certificate, key) = (certificate.display(), key.display());
        let words = format!(
            "--bind 127.0.0.1 --save  --daemonize no --port 0 --tls-port {port} \
             --tls-cert-file {certificate} --tls-key-file {key} --tls-auth-clients no --dir {}",
            folder.path().display()
        );
        let arguments = words.split(' ').map(str::to_owned).collect();
        Self::start("redis-server", arguments, port, folder)
    }

    pub(crate) fn start(
        program: &'static str,
        arguments: Vec<String>,
        port: u16,
        folder: tempfile::TempDir,
    ) -> Self {
        let mut server = Self {
            program,
            arguments,
            port,
            _folder: folder,
            running: None,
        };
        server.restart();
        server
    }

    /// Starts it again on the same port with what it kept. It may not answer yet.
    pub(crate) fn restart(&mut self) {
        assert!(self.running.is_none(), "the server runs already");
        let mut shell = Command::new("sh")
            .args(["-c", LIFELINE, "sh"])
            .arg(found(self.program))
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut id = String::new();
        output.read_line(&mut id).unwrap();
        let server = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        self.running = Some(Running {
            shell,
            output,
            server,
        });
    }

    /// SIGKILL; returns once it is gone.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().unwrap();
        kill_process(running.server, Signal::KILL).unwrap();
        let mut gone = String::new();
        running.output.read_line(&mut gone).unwrap();
        assert_eq!(gone.trim(), "gone");
        drop(running.shell.stdin.take());
        running.shell.wait().unwrap();
    }

    /// SIGSTOP: connections stay, and nothing answers.
    pub(crate) fn freeze(&self) {
        kill_process(self.running.as_ref().unwrap().server, Signal::STOP).unwrap();
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        kill_process(self.running.as_ref().unwrap().server, Signal::CONT).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running.is_some() {
            self.kill();
        }
    }
}

/// Starts its arguments, says their process, and kills it when standard input ends. A command in
/// the background has no standard input of its own, hence the third descriptor.
const LIFELINE: &str = r#"
exec 3<&0
"$@" >/dev/null 2>&1 &
server=$!
(read -r _ <&3; kill -9 $server 2>/dev/null) >/dev/null &
echo $server
wait $server 2>/dev/null
echo gone
"#;

/// Debian puts some servers where only root looks.
fn found(program: &str) -> PathBuf {
    let aside = Path::new("/usr/sbin").join(program);
    if aside.exists() {
        aside
    } else {
        PathBuf::from(program)
    }
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("ovenjs-test-")
        .tempdir()
        .unwrap()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
