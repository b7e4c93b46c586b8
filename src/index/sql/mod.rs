//! What users ask: selections and SQL of their own, the functions they may call in it, and what it may not do.

pub mod community;
pub mod functions;
pub mod guard;
pub mod parse;
pub mod payload;
pub mod query;
pub mod selection;
