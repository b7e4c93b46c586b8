//! A bounded number of open files: the one used longest ago is closed for the next.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use crate::model::FlowId;

/// Files kept open: far below the usual limit of 1024 descriptors.
const MAX_OPEN: usize = 256;

/// Open files by flow.
#[derive(Default)]
pub struct OpenFiles {
    files: HashMap<FlowId, (File, u64)>,
    uses: u64,
}

impl OpenFiles {
    /// The flow's file; `open` opens it if it is not.
    pub fn get(&mut self, flow: FlowId, open: impl FnOnce() -> io::Result<File>) -> io::Result<&File> {
        if !self.files.contains_key(&flow) {
            self.insert(flow, open()?);
        }
        self.uses += 1;
        let (file, used) = self.files.get_mut(&flow).expect("just inserted");
        *used = self.uses;
        Ok(file)
    }

    /// Keeps a file open for a flow.
    pub fn insert(&mut self, flow: FlowId, file: File) {
        if self.files.len() >= MAX_OPEN {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used).map(|(&flow, _)| flow);
            oldest.map(|flow| self.files.remove(&flow));
        }
        self.uses += 1;
        self.files.insert(flow, (file, self.uses));
    }

    /// Closes a flow's file.
    pub fn remove(&mut self, flow: FlowId) {
        self.files.remove(&flow);
    }
}
