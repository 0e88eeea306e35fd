//! `druse serve`.

use super::Done;
use crate::cli::Serve;
use crate::serve;

pub(super) fn serve(args: Serve) -> Done {
    serve::run(args)
}
