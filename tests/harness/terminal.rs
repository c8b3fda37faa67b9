//! A pseudo terminal on a run's stdin.

use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, tcgetattr};

/// The time limit, which is far longer than anything here takes.
const SETTLE: Duration = Duration::from_secs(20);

/// A terminal whose keys the test can press.
pub(crate) struct Terminal {
    keyboard: OwnedFd,
    screen: File,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let keyboard =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
        let screen = {
            use std::os::unix::fs::OpenOptionsExt;
            let flags = OFlags::NOCTTY.bits().try_into().unwrap();
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap()
        };
        Terminal { keyboard, screen }
    }

    /// Makes a command of the binary in its own session, in the foreground of this terminal.
    pub(super) fn command() -> Command {
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(env!("CARGO_BIN_EXE_gregaria"));
        command
    }

    /// Makes the same command with its stdout on this terminal, too.
    pub(super) fn command_that_shows() -> Command {
        let mut command = Command::new("setsid");
        let script = "exec \"$0\" \"$@\" > /dev/tty";
        command.args(["--ctty", "sh", "-c", script, env!("CARGO_BIN_EXE_gregaria")]);
        command
    }

    /// Makes a command of a shell with the binary as its job. The shell writes `stopped` when the job is
    /// suspended, and continues it when there is a file `go`.
    pub(super) fn job() -> Command {
        let script = "\"$0\" \"$@\"; touch stopped; until [ -e go ]; do sleep 0.05; done; fg";
        let mut command = Command::new("setsid");
        command.args(["--ctty", "sh", "-mc", script, env!("CARGO_BIN_EXE_gregaria")]);
        command
    }

    /// Closes the terminal, as the end of an ssh connection does.
    pub(crate) fn hang_up(self) {}

    pub(super) fn stdin(&self) -> Stdio {
        self.screen.try_clone().unwrap().into()
    }

    pub(crate) fn press(&self, keys: &str) {
        assert_eq!(rustix::io::write(&self.keyboard, keys.as_bytes()), Ok(keys.len()));
    }

    /// Returns the settings that tests compare.
    pub(crate) fn settings(&self) -> impl PartialEq + std::fmt::Debug + use<> {
        let Termios { input_modes, output_modes, control_modes, local_modes, .. } = self.modes();
        (input_modes, output_modes, control_modes, local_modes)
    }

    /// Waits until the terminal passes on single keys.
    #[track_caller]
    pub(crate) fn await_keys(&self) {
        let deadline = Instant::now() + SETTLE;
        while self.modes().local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO) {
            assert!(Instant::now() < deadline, "nobody asks for keys");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn modes(&self) -> Termios {
        tcgetattr(self.screen.as_fd()).unwrap()
    }
}
