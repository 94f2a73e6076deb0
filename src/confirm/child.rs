//! A child process with a limit on time and on how much it may say.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a child did.
#[derive(Debug)]
pub struct Done {
    /// How it ended; `None` when it was stopped for taking too long.
    pub status: Option<ExitStatus>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Most bytes of output that are kept.
const MOST: u64 = 8 << 20;
/// How often a running child is looked at.
const POLL: Duration = Duration::from_millis(2);

/// Runs a command, gives it `input`, and waits at most `limit`.
pub fn run(command: Command, input: &[u8], limit: Duration) -> std::io::Result<Done> {
    run_up_to(command, input, limit, MOST)
}

/// As [`run`], keeping at most `most` bytes of each output.
pub fn run_up_to(
    mut command: Command,
    input: &[u8],
    limit: Duration,
    most: u64,
) -> std::io::Result<Done> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    std::thread::scope(|s| {
        // A child that ends early closes the pipe; that is no error of ours.
        let writer = s.spawn(move || stdin.map(|mut pipe| pipe.write_all(input).is_ok()));
        let out = s.spawn(move || read(stdout, most));
        let err = s.spawn(move || read(stderr, most));
        let status = wait(&mut child, limit);
        if !matches!(status, Ok(Some(_))) {
            // Already gone is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = writer.join();
        let status = status?;
        Ok(Done {
            status,
            stdout: out.join().unwrap_or_default(),
            stderr: err.join().unwrap_or_default(),
        })
    })
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() > limit {
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

fn read(pipe: Option<impl Read>, most: u64) -> String {
    let Some(mut pipe) = pipe else {
        return String::new();
    };
    let mut bytes = Vec::new();
    // What was read before an error is kept.
    let _ = pipe.by_ref().take(most).read_to_end(&mut bytes);
    // The rest is drained, so that the child does not wait for us.
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}
