//! Groups, pools and scopes.

mod imap_ends;
mod members;
mod pool;
mod pool_nested;
mod scope;
mod scope_captures;
mod scope_ends;
mod scoped_pool;
mod try_scope;
