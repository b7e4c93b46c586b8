//! Requests and what answered them, both sides walked in step, so that no more than one exchange is held at a time.
//!
//! As long as every message was found where it had to be, the n-th response answers the n-th request. Where one may be
//! missing, times decide: a response answers the last request that came before it.

use super::super::{Error, Findings};
use super::framing::{Framing, plan};
use super::head::{Head, Start};
use super::record::{Message, transaction};
use super::side::Side;
use super::{body, names};
use crate::model::Timestamp;

/// Both sides of a connection.
pub struct Pairing<'a, 'c> {
    /// Who asks.
    pub client: Side<'c>,
    /// Who answers.
    pub server: Side<'c>,
    /// Takes what is found.
    pub found: &'a mut dyn Findings,
    /// Exchanges so far.
    exchanges: u64,
    by_time: bool,
}

/// What comes next.
enum Next {
    Nothing,
    Request,
    Response,
    /// What the client says is an answer.
    Odd,
    Both,
}

impl<'a, 'c> Pairing<'a, 'c> {
    /// Nothing is walked yet.
    pub fn new(client: Side<'c>, server: Side<'c>, found: &'a mut dyn Findings) -> Self {
        Pairing { client, server, found, exchanges: 0, by_time: false }
    }

    /// All exchanges, up to the end or to where the connection is no longer HTTP.
    ///
    /// # Errors
    /// Those of the payload and of `found`.
    pub fn run(&mut self) -> Result<(), Error> {
        loop {
            let goes_on = match self.next()? {
                Next::Nothing => return Ok(()),
                Next::Request => self.lone_request()?,
                Next::Odd => {
                    let odd = message(&mut self.client, self.found, None, false)?;
                    self.say(None, odd)?
                }
                Next::Response => self.lone_response()?,
                Next::Both => self.exchange()?,
            };
            if !goes_on {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Next, Error> {
        let asked = self.client.peek(self.found)?.map(|head| (head.time, head.method().is_some()));
        let answered = self.server.peek(self.found)?.map(|head| (head.time, head.method().is_none()));
        Ok(match (asked, answered) {
            (None, None) => Next::Nothing,
            (Some((_, false)), _) => Next::Odd,
            (None, Some(_)) | (_, Some((_, false))) => Next::Response,
            (Some(_), None) => Next::Request,
            (Some((asked, _)), Some((answered, _))) if self.is_earlier(answered, asked) => Next::Response,
            (Some(_), Some(_)) => Next::Both,
        })
    }

    /// Whether a response came before what it would answer: where the order is sure only the first of a connection can have.
    fn is_earlier(&mut self, answered: Option<Timestamp>, asked: Option<Timestamp>) -> bool {
        let times = answered.zip(asked);
        (self.exchanges == 0 || !self.is_sure()) && times.is_some_and(|(answered, asked)| answered < asked)
    }

    fn is_sure(&self) -> bool {
        self.client.sure && self.server.sure
    }

    /// A request that nothing answers.
    fn lone_request(&mut self) -> Result<bool, Error> {
        let request = message(&mut self.client, self.found, None, false)?;
        let tunnels = request.as_ref().is_some_and(|request| request.head.method() == Some(b"CONNECT"));
        Ok(self.say(request, None)? && !tunnels)
    }

    /// A response of which it is not known what it answers.
    fn lone_response(&mut self) -> Result<bool, Error> {
        let response = self.response(None, false)?;
        self.say(None, response)
    }

    fn exchange(&mut self) -> Result<bool, Error> {
        let request = message(&mut self.client, self.found, None, false)?;
        if !self.is_sure() && self.is_unanswered()? {
            return self.say(request, None);
        }
        let sure = self.is_sure();
        let response = self.response(request.as_ref().map(|request| &request.head), sure)?;
        self.exchanges += 1;
        self.say(request, response)
    }

    /// Whether the next response came after the next request.
    fn is_unanswered(&mut self) -> Result<bool, Error> {
        let next = self.client.peek(self.found)?.and_then(|head| head.time);
        let answered = self.server.peek(self.found)?.map(|head| (head.time, head.range.start));
        let Some((Some(answered), offset)) = answered else { return Ok(false) };
        if let (false, Some(flow)) = (self.by_time, self.server.flow) {
            self.by_time = true;
            let what = "messages are missing: responses are matched with requests by time from here on";
            self.found.strange(flow.id, offset, Some(answered), what)?;
        }
        Ok(next.is_some_and(|next| next <= answered))
    }

    /// The final response; interim ones (RFC 9110 §15.2) come before it.
    fn response(&mut self, request: Option<&Head>, sure: bool) -> Result<Option<Message>, Error> {
        loop {
            let response = message(&mut self.server, self.found, request, sure)?;
            let status = response.as_ref().and_then(|response| response.head.status());
            let is_interim = matches!(status, Some(100 | 102..=199));
            if !is_interim || self.server.peek(self.found)?.is_none() {
                return Ok(response);
            }
        }
    }

    /// Says an exchange: whether what follows is HTTP still.
    fn say(&mut self, request: Option<Message>, response: Option<Message>) -> Result<bool, Error> {
        transaction(request.as_ref(), response.as_ref(), self.found)?;
        let goes_on = !response.as_ref().is_some_and(|response| ends_http(request.as_ref(), &response.head));
        let stopped = [request, response].into_iter().flatten().find_map(|message| message.body.stopped);
        stopped.map_or(Ok(goes_on), Err)
    }
}

/// Whether another protocol follows: an upgrade (RFC 9110 §15.2.2), a tunnel (§9.3.6).
fn ends_http(request: Option<&Message>, response: &Head) -> bool {
    let Start::Response { status, reason, .. } = &response.start else { return false };
    let tunnels = match request {
        Some(request) => request.head.method() == Some(b"CONNECT"),
        None => is_tunnel(response, reason),
    };
    *status == 101 || status / 100 == 2 && tunnels
}

/// Whether an answer to an unknown question is one to CONNECT, as proxies give it.
fn is_tunnel(response: &Head, reason: &[u8]) -> bool {
    let has_length = ["content-length", "transfer-encoding"].iter().any(|name| response.headers.get(name).is_some());
    !has_length && reason.to_ascii_lowercase().ends_with(b"connection established")
}

/// The next message of a side with its body; `request` is the head of what it answers, which is known for certain or not.
fn message(
    side: &mut Side<'_>,
    found: &mut dyn Findings,
    request: Option<&Head>,
    sure: bool,
) -> Result<Option<Message>, Error> {
    let (Some(flow), Some(head)) = (side.flow.map(|flow| flow.id), side.head(found)?) else { return Ok(None) };
    let method = request.and_then(Head::method);
    let mut plan = plan(&head, method.filter(|method| sure || *method != b"HEAD"));
    if plan.framing != Framing::None && is_left_out(side, &head, method, sure)? {
        plan.framing = Framing::None;
    }
    if side.raw {
        plan.codings.clear();
    }
    let name = names::of_body(&head.headers, request.unwrap_or(&head).uri());
    let said_type = head.headers.get("content-type");
    let body = body::take(&mut side.bytes, found, flow, &plan, name.as_deref(), said_type);
    if !body.framed {
        side.lose();
    }
    let end = side.bytes.offset();
    Ok(Some(Message { flow, head, body, end }))
}

/// Whether there is no body where the head says one: a response to what may have been HEAD, a request whose sender waited to
/// be asked for it (RFC 9110 §10.1.1) and was not.
fn is_left_out(side: &mut Side<'_>, head: &Head, method: Option<&[u8]>, sure: bool) -> Result<bool, Error> {
    let is_request = head.method().is_some();
    let may_be = if is_request { head.headers.get("expect").is_some() } else { !sure };
    let is_last = !is_request && side.bytes.is_at_end() && method == Some(b"HEAD");
    Ok(may_be && (is_last || side.looks_like_head()?))
}
