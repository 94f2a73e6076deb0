//! What can go wrong before a kernel runs.

use std::path::PathBuf;

use thiserror::Error;

/// Why a kernel could not be run.
#[derive(Debug, Error)]
pub enum ConfirmError {
    /// No compiler.
    #[error(
        "{tried} was not found; `confirm --backend cpu` needs Clang 14 or later (install it, or name it in the variable CLANG)"
    )]
    NoClang {
        /// What was tried.
        tried: String,
    },
    /// The compiler is not Clang, or too old.
    #[error("{path} is no Clang 14 or later: {says}")]
    WrongClang {
        /// The program.
        path: PathBuf,
        /// Its first line of output.
        says: String,
    },
    /// Files could not be read or written.
    #[error("{what}: {error}")]
    Io {
        /// Which file or step.
        what: String,
        /// The system's answer.
        error: std::io::Error,
    },
    /// The preprocessor rejects the file.
    #[error("the file does not get through Clang's preprocessor:\n{0}")]
    Preprocess(String),
    /// The compiler rejects the file, outside of any kernel.
    #[error("the file does not compile against the stand-in for Metal's headers:\n{0}")]
    Compile(String),
    /// The compiler took too long.
    #[error("the compiler was stopped after {seconds} seconds")]
    CompileTime {
        /// The limit.
        seconds: u64,
    },
    /// The runtime or the link failed; nothing about the kernel.
    #[error("the runtime cannot be built with this Clang:\n{0}")]
    Runtime(String),
    /// The program did not do what it must.
    #[error("self-test failed: {0}; no result of this back end can be trusted")]
    SelfTest(String),
}

impl ConfirmError {
    /// From an error of the system.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ConfirmError {
        let what = what.into();
        move |error| ConfirmError::Io { what, error }
    }
}
