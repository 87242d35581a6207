//! A program under test that may have to be killed.

use std::process::{Child, Command, Output, Stdio};

/// A started program with its output kept; it is killed when the value is dropped.
#[derive(Debug)]
pub struct Program {
    child: Option<Child>,
}

impl Program {
    /// Starts it.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start(mut command: Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        Self { child: Some(child) }
    }

    /// Has it ended by itself?
    ///
    /// # Panics
    /// Where that cannot be told.
    pub fn has_ended(&mut self) -> bool {
        let child = self.child.as_mut().expect("it was started");
        child.try_wait().expect("its state").is_some()
    }

    /// Kills it with SIGKILL and waits for its end.
    ///
    /// # Panics
    /// Where it cannot be waited for.
    pub fn kill(mut self) -> Output {
        let mut child = self.child.take().expect("it was started");
        child.kill().expect("the program can be killed");
        child.wait_with_output().expect("the program can be waited for")
    }

    /// Waits for its own end.
    ///
    /// # Panics
    /// Where it cannot be waited for.
    pub fn wait(mut self) -> Output {
        let child = self.child.take().expect("it was started");
        child.wait_with_output().expect("the program can be waited for")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
