//! Launch specifications: how a kernel is launched, in full, so that it can be run.
//!
//! One specification serves `fuzz`, `confirm` and (its threadgroup size and assumptions) `prove`. It stands in `unbarrier.toml` beside the contract:
//!
//! ```toml
//! [[kernel]]
//! file = "softmax/rows.metal"
//! name = "softmax_rows"
//! threadgroup = [128]
//! [kernel.launch]
//! grid = ["rows"]                                  # threadgroups: numbers, or expressions over the parameters
//! groups = [[0], [3]]                              # which of them are run; without it, at most four, evenly spread
//! params = { n = 100, rows = 4, scale = 0.5 }      # scalars, `p.field` for fields of a structure
//! constants = { use_bias = true, 3 = 7 }           # function constants by name or number
//! [kernel.launch.buffers]
//! x = { count = "rows * n", fill = "real:1:-1:1" } # elements of the parameter's type
//! ids = { count = "rows", each = "i % 7" }         # a table: element i
//! out = { count = "rows * n", fill = "zeros" }
//! ```
//!
//! `optional = true` at a buffer: the kernel may lack it (where macros decide which parameters there are).
//!
//! Fills: `zeros`, `index` (element *n* holds *n*), `random:SEED:LOW:HIGH` (integers), `real:SEED:LOW:HIGH` (fractions). Threadgroup memory that the
//! host sizes (`[[threadgroup(n)]]`) is listed among the buffers, with a count.
//!
//! Direction: exact. Nothing is guessed here; [`derive()`] guesses, and what it returns is meant to be printed and read.

mod bytes;
mod derive;
mod execute;
mod expression;
mod resolve;
mod spec;
mod witness;

pub use bytes::{Binding, ConstantBits, bindings, constants};
pub use derive::derive;
pub use execute::{constant_number, to_launch};
pub use resolve::{Buffer, Contents, HostLaunch, LaunchError, resolve};
pub use spec::{BufferSpec, Number, Spec};
pub use witness::from_witness;
