//! A child process with captured output, killed with its owner.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::logs::LogLine;
use crate::{wait_for, wait_until};

/// A running program. Its output is collected line by line; dropping it kills it, and only it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<Vec<LogLine>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a program. Standard input is closed; both outputs are captured in the order of arrival.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    #[track_caller]
    pub fn spawn(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("start {name}: {error}"),
        };
        let output = Arc::new(Mutex::new(Vec::new()));
        let mut readers = Vec::new();
        readers.extend(child.stdout.take().map(|pipe| collect(pipe, &output)));
        readers.extend(child.stderr.take().map(|pipe| collect(pipe, &output)));
        Self { name, child, output, readers }
    }

    /// What the program has written so far, both outputs together.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        lock(&self.output).clone()
    }

    /// The same as one text, for messages of failed assertions.
    #[must_use]
    pub fn output(&self) -> String {
        lock(&self.output).iter().map(|line| format!("{}\n", line.text)).collect()
    }

    /// The system's number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line that contains `text`.
    ///
    /// # Panics
    /// After `within`, or as soon as the program has ended without it; the message holds the output.
    #[track_caller]
    pub fn wait_for_line(&mut self, text: &str, within: Duration) -> String {
        let what = format!("{} says `{text}`", self.name);
        wait_for(&what, within, || {
            let ended = !self.is_running();
            let line = lock(&self.output).iter().find(|line| line.text.contains(text)).cloned();
            match line {
                Some(line) => Ok(line.text),
                None if ended => {
                    panic!("{} ended without saying `{text}`:\n{}", self.name, self.output())
                }
                None => Err(format!("it said:\n{}", self.output())),
            }
        })
    }

    /// Whether the program still runs. Once it has ended, all its output is in.
    ///
    /// # Panics
    /// When the system does not know the process.
    #[track_caller]
    pub fn is_running(&mut self) -> bool {
        let running = self.child.try_wait().expect("the system knows our child").is_none();
        if !running {
            self.drain();
        }
        running
    }

    /// Asks the program to end and waits until it has.
    ///
    /// # Panics
    /// When it is still running after `within`.
    #[track_caller]
    pub fn terminate(&mut self, within: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait(within)
    }

    /// Ends the program without warning, as `kill -9` does.
    ///
    /// # Panics
    /// When the system does not know the process.
    #[track_caller]
    pub fn kill(&mut self) -> ExitStatus {
        self.child.kill().expect("our own child can be killed");
        let status = self.child.wait().expect("our own child can be waited for");
        self.drain();
        status
    }

    /// Tells the program to read its configuration again.
    ///
    /// # Panics
    /// When the signal cannot be sent.
    #[track_caller]
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Waits until the program has ended by itself.
    ///
    /// # Panics
    /// When it is still running after `within`; the message holds the output.
    #[track_caller]
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        let what = format!("{} ends", self.name);
        wait_until(&what, within, || !self.is_running());
        self.child.wait().expect("an ended child has a status")
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        // A child that was not waited for keeps its number, so that this can reach no other process.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, signal).expect("our own child takes signals");
        }
    }

    fn drain(&mut self) {
        for reader in self.readers.drain(..) {
            // A reader that panicked has lost lines only.
            drop(reader.join());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            crate::skip::note(&format!("--- output of {} ---\n{}---", self.name, self.output()));
        }
    }
}

fn collect(pipe: impl Read + Send + 'static, output: &Arc<Mutex<Vec<LogLine>>>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
            lock(&output).push(LogLine { text });
            bytes.clear();
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SECONDS;

    fn shell(script: &str) -> Process {
        Process::spawn(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn both_outputs_are_captured() {
        let mut process = shell("echo out; echo err >&2");
        assert!(process.wait(10 * SECONDS).success());
        let mut lines: Vec<String> = process.lines().into_iter().map(|line| line.text).collect();
        lines.sort();
        assert_eq!(lines, ["err", "out"]);
    }

    #[test]
    fn a_line_is_waited_for_and_the_program_ends_on_request() {
        let mut process = shell("echo ready; exec sleep 600");
        assert_eq!(process.wait_for_line("ready", 10 * SECONDS), "ready");
        assert!(process.is_running());
        assert!(!process.terminate(10 * SECONDS).success());
    }

    #[test]
    #[should_panic(expected = "ended without saying `ready`")]
    fn an_early_end_is_not_waited_out() {
        shell("echo broken").wait_for_line("ready", 600 * SECONDS);
    }
}
