//! Tables of all calls that wait: refused, interrupted, timed out, killed.

mod ended_everywhere;
mod interrupted;
mod iwait;
pub(crate) mod locks;
mod notices;
mod parking;
mod refusals;
mod spurious;
