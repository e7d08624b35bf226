//! Errors as data: what was given with which length, and which was expected.

/// An argument that doesn't fit the others. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One of the codes of the TypeScript side's PithError.
    pub code: &'static str,
    pub what: &'static str,
    pub expected: usize,
    pub actual: usize,
}

/// `Ok` where `actual` is what was expected.
pub(crate) fn expect(what: &'static str, expected: usize, actual: usize) -> Result<(), Fault> {
    if expected == actual { Ok(()) } else { Err(Fault { code: "LENGTH_MISMATCH", what, expected, actual }) }
}

/// Number of rows of `stride` items in `length`.
pub(crate) fn row_count(what: &'static str, length: usize, stride: usize) -> Result<usize, Fault> {
    if stride > 0 && length.is_multiple_of(stride) {
        return Ok(length / stride);
    }
    Err(Fault { code: "LENGTH_MISMATCH", what, expected: stride, actual: length })
}

/// `Ok` for a dim from 1 to 65,536: the integer kernels are proven for these (see `int8/bound`).
pub(crate) fn expect_dim(dim: usize) -> Result<(), Fault> {
    if (1..=65_536).contains(&dim) {
        Ok(())
    } else {
        Err(Fault { code: "DIM_UNSUPPORTED", what: "dim", expected: 65_536, actual: dim })
    }
}
