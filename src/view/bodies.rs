//! Bodies of HTTP responses beside the files of their flows, under tcpflow's names: `FLOW-HTTPBODY-001.html`.

use std::io;

use super::Error;
use crate::case;
use crate::index::Body;
use crate::store::beneath::Beneath;

/// Gives each body of the case a name beside its flow; those names, in order of flows. What has such a name already stays.
pub fn link(case: &case::Reader) -> Result<Vec<String>, Error> {
    let mut bodies: Vec<Body> = Vec::new();
    case.index().bodies(&mut |body| -> Result<(), Error> {
        bodies.push(body);
        Ok(())
    })?;
    let beneath = Beneath::open(case.root()).map_err(Error::Write)?;
    let mut named = Vec::new();
    for body in bodies {
        let Some(flow) = case.index().flow(body.flow)? else { continue };
        let path = format!("{}-HTTPBODY-{:03}{}", flow.path, body.number, ending(body.said_type.as_deref()));
        let failed = |source| Error::Payload { path: path.clone(), source };
        match beneath.link(&body.path, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
            _ => named.push(path),
        }
    }
    Ok(named)
}

/// The usual end of names of files of a type: `.html`; nothing for types that have none.
fn ending(said_type: Option<&str>) -> String {
    let essence = said_type.map(|said| said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    essence.and_then(mime2ext::mime2ext).map(|ending| format!(".{ending}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::ending;

    #[test]
    fn types_say_how_names_end() {
        let ends = [
            (Some("text/html; charset=utf-8"), ".html"),
            (Some("Image/JPEG"), ".jpg"),
            (Some("text/plain"), ".txt"),
            (Some("application/javascript"), ".js"),
            (Some("../../x"), ""),
            (None, ""),
        ];
        ends.iter().for_each(|(said, end)| assert_eq!(ending(*said), *end, "{said:?}"));
    }
}
