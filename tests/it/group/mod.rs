//! Groups, pools and scopes.

mod group;
mod imap_ends;
mod pool;
mod pool_nested;
mod scope;
mod scope_captures;
mod scope_ends;
