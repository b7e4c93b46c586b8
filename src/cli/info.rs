//! stub
use super::CaseArg;
use super::errors::{Done, Error};
#[derive(Debug, clap::Args)]
/// x
pub struct Args {
    #[command(flatten)]
    case: CaseArg,
}
/// x
pub fn run(_: &Args) -> Result<Done, Error> {
    todo!()
}
