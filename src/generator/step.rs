//! What a generator hands out when it is resumed: an item, or its return value.
#![forbid(unsafe_code)]

/// How a resumed generator has given control back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step<Y, R> {
    /// It has yielded this, and waits to be resumed.
    Yielded(Y),
    /// Its body has returned this, and it is over.
    Returned(R),
}

impl<Y, R> Step<Y, R> {
    /// What it has yielded, if it has.
    #[must_use]
    pub fn yielded(self) -> Option<Y> {
        match self {
            Step::Yielded(item) => Some(item),
            Step::Returned(_) => None,
        }
    }

    /// What its body has returned, if it has.
    #[must_use]
    pub fn returned(self) -> Option<R> {
        match self {
            Step::Yielded(_) => None,
            Step::Returned(value) => Some(value),
        }
    }
}
