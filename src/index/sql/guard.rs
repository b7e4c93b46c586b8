//! What SQL from outside may do: read this case, and take as long as it was given.
//!
//! Five walls, each enough for most attacks: the file is opened read-only; `query_only` and DEFENSIVE are on; the
//! schema is not trusted with side effects; an authorizer lets a user's statement do nothing but SELECT; and a progress
//! handler stops it in time. The authorizer is installed once and only watches while a user's SQL is prepared and run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use crate::index::Result;

/// Instructions of SQLite's machine between two looks at the clock: some microseconds.
const STEPS: i32 = 1000;

/// Bytes of a statement: more than anyone writes, little enough to parse.
const MAX_SQL: i32 = 1 << 20;

/// Functions that read or write outside the case, where a build of SQLite has them.
const FORBIDDEN: &[&str] = &[
    "load_extension",
    "fts3_tokenizer",
    "readfile",
    "writefile",
    "edit",
    "lsdir",
    "fsdir",
    "zipfile",
    "sqlar_uncompress",
];

/// The state that authorizer and progress handler share with the reader.
#[derive(Clone, Default)]
pub struct Guard(Arc<State>);

#[derive(Default)]
struct State {
    watching: AtomicUsize,
    refused: Mutex<Option<String>>,
    deadline: Mutex<Option<Instant>>,
}

impl Guard {
    /// Raises the walls.
    pub fn install(db: &mut Connection) -> Result<Guard> {
        let guard = Guard::default();
        db.pragma_update(None, "query_only", true)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        db.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL)?;
        db.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        let watch = guard.clone();
        db.authorizer(Some(move |context: AuthContext<'_>| watch.judge(&context.action)))?;
        let clock = guard.clone();
        db.progress_handler(STEPS, Some(move || clock.expired()))?;
        Ok(guard)
    }

    /// What is prepared while the result lives comes from a user, or is run for one (a table-valued function may
    /// prepare more).
    #[must_use]
    pub fn watch(&self) -> impl Drop {
        *lock(&self.0.refused) = None;
        self.0.watching.fetch_add(1, Ordering::SeqCst);
        OnDrop(self.clone(), |state| {
            state.watching.fetch_sub(1, Ordering::SeqCst);
        })
    }

    /// Statements are stopped at this moment while the result lives.
    #[must_use]
    pub fn until(&self, deadline: Option<Instant>) -> impl Drop {
        *lock(&self.0.deadline) = deadline;
        OnDrop(self.clone(), |state| *lock(&state.deadline) = None)
    }

    /// The moment has come.
    pub fn expired(&self) -> bool {
        lock(&self.0.deadline).is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// What the last watched statement wanted and may not have.
    pub fn refused(&self) -> Option<String> {
        lock(&self.0.refused).take()
    }

    fn judge(&self, action: &AuthAction<'_>) -> Authorization {
        if self.0.watching.load(Ordering::SeqCst) == 0 {
            return Authorization::Allow;
        }
        let reason = match action {
            AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => return Authorization::Allow,
            AuthAction::Function { function_name } => {
                if !FORBIDDEN.iter().any(|name| name.eq_ignore_ascii_case(function_name)) {
                    return Authorization::Allow;
                }
                format!("the function {function_name}() is not available here")
            }
            AuthAction::Attach { .. } | AuthAction::Detach { .. } => "other databases cannot be attached here".into(),
            AuthAction::Pragma { .. } => "PRAGMA is not available here".into(),
            _ => "this SQL writes; a case is only read".into(),
        };
        lock(&self.0.refused).get_or_insert(reason);
        Authorization::Deny
    }
}

/// A lock whose holder panicked still guards plain values.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct OnDrop<F: Fn(&State)>(Guard, F);

impl<F: Fn(&State)> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.1)(&self.0.0);
    }
}

/// Checks that `condition` is closed in itself, so that parentheses around it hold: quotes, brackets and comments end,
/// no parenthesis closes one outside, and there is no `;`. What it says is SQLite's to judge.
pub fn closed(condition: &str) -> Result<(), &'static str> {
    let mut depth = 0i32;
    let mut rest = condition;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\'' | '"' | '`' => past(after, &c.to_string()).ok_or("a quote does not end")?,
            '[' => past(after, "]").ok_or("a bracket does not end")?,
            '-' if after.starts_with('-') => past(after, "\n").unwrap_or(""),
            '/' if after.starts_with('*') => past(&after[1..], "*/").ok_or("a comment does not end")?,
            ';' => return Err("one condition, without `;`"),
            '\0' => return Err("a NUL byte"),
            '(' | ')' => {
                depth += if c == '(' { 1 } else { -1 };
                if depth < 0 {
                    return Err("a parenthesis is closed that was not opened");
                }
                after
            }
            _ => after,
        };
    }
    if depth > 0 { Err("a parenthesis is not closed") } else { Ok(()) }
}

/// What follows the first `end`. A doubled quote reads as two strings side by side, which is the same here.
fn past<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    text.find(end).map(|at| &text[at + end.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_cannot_break_out() {
        for fine in [
            "orig_port = 80",
            "a = ')' OR b = 'it''s ('",
            "x IN (SELECT 1) -- why",
            "[a)] = 1",
            "/* ) */ 1",
            "a-b > -1",
        ] {
            assert_eq!(closed(fine), Ok(()), "{fine}");
        }
        for bad in ["1) OR (1", "1; DROP TABLE flow", "'", "(1", "1 /* ", "\"a", "[a", "1)--", "a\0b"] {
            assert!(closed(bad).is_err(), "{bad}");
        }
    }
}
