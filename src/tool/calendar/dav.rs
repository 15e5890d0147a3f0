//! A calendar on a server, by CalDAV (RFC 4791): each event is a file of its own there, with a mark
//! of its version.
//!
//! ```text
//! REPORT calendar-query (from, to) ─▶ pages {text, href, ETag} ─▶ change of one ─▶ PUT or DELETE if unchanged
//! ```
//!
//! Deliberately absent: finding the calendars of an account; the address of one is configured.

use jiff::Zoned;
use quick_xml::NsReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event as Xml;
use quick_xml::name::ResolveResult;
use reqwest::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Url};

use super::MOST;
use crate::tool::ToolError;
use crate::tool::web::{Web, WebError, page};

/// The spaces of the names in its answers.
const DAV: &str = "DAV:";
const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";

/// The status of a change that came too late: somebody else has changed the event.
const CHANGED: u16 = 412;

/// A calendar on a server.
#[derive(Clone, PartialEq, Eq)]
pub struct CalendarServer {
    /// The address of the calendar itself.
    pub url: Url,
    /// The user there; without one nobody signs in.
    pub user: Option<String>,
    /// Their password, or why it cannot be read.
    pub password: Result<Option<String>, String>,
}

/// Without the password.
impl std::fmt::Debug for CalendarServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, user, .. } = self;
        f.debug_struct("CalendarServer")
            .field("url", &url.as_str())
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// One file of the calendar: an event, with its repetitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) text: String,
    href: String,
    etag: String,
}

impl CalendarServer {
    /// Its name in a sentence.
    pub(super) fn name(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The files with events between `from` and `to`.
    ///
    /// # Errors
    /// Why there are none; the rest of a sentence.
    pub(super) async fn pages(
        &self,
        web: &Web,
        from: &Zoned,
        to: &Zoned,
    ) -> Result<Vec<Page>, String> {
        let method = Method::from_bytes(b"REPORT").unwrap_or(Method::GET);
        let asked = self.request(web, method, self.folder())?;
        let asked = asked.header("Depth", "1").header(CONTENT_TYPE, "application/xml");
        let answer = page(asked.body(query(from, to)), MOST).await;
        let (_, body) = answer.map_err(|error| self.tell(error))?;
        read(&String::from_utf8_lossy(&body)).ok_or_else(|| self.tell(WebError::Nonsense))
    }

    /// Puts a new file there.
    ///
    /// # Errors
    /// Why not; a sentence.
    pub(super) async fn create(&self, web: &Web, uid: &str, text: String) -> Result<(), ToolError> {
        let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = uid.chars().map(safe).collect();
        let at = self.folder().join(&format!("{name}.ics"));
        let at = at.unwrap_or_else(|_| self.folder());
        let put = self.request(web, Method::PUT, at).map_err(|why| self.failed(&why))?;
        let put = put.header(IF_NONE_MATCH, "*").header(CONTENT_TYPE, KIND).body(text);
        self.done(page(put, MOST).await)
    }

    /// Replaces a file by `text`, or removes it if no event is left in it, unless somebody else has
    /// changed it meanwhile.
    ///
    /// # Errors
    /// Why not; a sentence.
    pub(super) async fn replace(&self, web: &Web, was: &Page, text: &str) -> Result<(), ToolError> {
        let empty = !text.contains("BEGIN:VEVENT");
        let method = if empty { Method::DELETE } else { Method::PUT };
        let at = self.folder().join(&was.href).unwrap_or_else(|_| self.folder());
        let change = self.request(web, method, at).map_err(|why| self.failed(&why))?;
        let change = match was.etag.is_empty() {
            true => change,
            false => change.header(IF_MATCH, &was.etag),
        };
        let change = match empty {
            true => change,
            false => change.header(CONTENT_TYPE, KIND).body(text.to_owned()),
        };
        self.done(page(change, MOST).await)
    }

    fn done(&self, answer: Result<(Option<String>, Vec<u8>), WebError>) -> Result<(), ToolError> {
        match answer {
            Ok(_) => Ok(()),
            Err(WebError::Refused(CHANGED)) => Err(ToolError::Tell(
                "Somebody else has just changed that event. Ask again, and I'll look anew.".into(),
            )),
            Err(error) => Err(self.failed(&self.tell(error))),
        }
    }

    fn failed(&self, why: &str) -> ToolError {
        ToolError::Tell(format!("I could not change the calendar: {why}."))
    }

    fn tell(&self, error: WebError) -> String {
        if let WebError::Refused(401 | 403) = error {
            let name = self.name();
            return format!(
                "{name} refused the user or the password. Check user and password_file under \
                 tools.calendar in the configuration"
            );
        }
        error.tell(self.name(), "calendar").trim_end_matches('.').to_owned()
    }

    /// The address with a slash at its end, to which names can be joined.
    fn folder(&self) -> Url {
        let mut url = self.url.clone();
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", self.url.path()));
        }
        url
    }

    fn request(&self, web: &Web, method: Method, url: Url) -> Result<RequestBuilder, String> {
        let password = self.password.as_ref().map_err(Clone::clone)?;
        // Keys go nowhere but to the server that is configured.
        if url.origin() != self.url.origin() {
            return Err(self.tell(WebError::Nonsense));
        }
        let client = web.client(url.scheme() == "http").map_err(|error| self.tell(error))?;
        let request = client.request(method, url);
        Ok(match &self.user {
            Some(user) => request.basic_auth(user, password.as_ref()),
            None => request,
        })
    }
}

/// What is sent.
const KIND: &str = "text/calendar; charset=utf-8";

/// The question for all events that touch the time from `from` to `to`.
fn query(from: &Zoned, to: &Zoned) -> String {
    let utc = |at: &Zoned| at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <c:calendar-query xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\">\
         <d:prop><d:getetag/><c:calendar-data/></d:prop>\
         <c:filter><c:comp-filter name=\"VCALENDAR\"><c:comp-filter name=\"VEVENT\">\
         <c:time-range start=\"{}\" end=\"{}\"/>\
         </c:comp-filter></c:comp-filter></c:filter></c:calendar-query>",
        utc(from),
        utc(to)
    )
}

/// The files in a multistatus answer; `None` if it is none.
fn read(text: &str) -> Option<Vec<Page>> {
    let mut reader = NsReader::from_str(text);
    let (mut pages, mut page, mut found) = (Vec::new(), Page::default(), false);
    // The element whose text is read.
    let mut inside: Option<&'static str> = None;
    const READ: [(&str, &str); 3] = [(DAV, "href"), (DAV, "getetag"), (CALDAV, "calendar-data")];
    loop {
        let (space, event) = reader.read_resolved_event().ok()?;
        let space = match space {
            ResolveResult::Bound(space) => space.0.to_owned(),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
        };
        let mut take = |text: &str| match inside {
            Some("href") => page.href.push_str(text),
            Some("getetag") => page.etag.push_str(text),
            Some(_) => page.text.push_str(text),
            None => {}
        };
        match event {
            Xml::Start(start) => {
                let name = start.local_name();
                let name: &str = name.as_ref();
                found |= space == DAV && name == "multistatus";
                let read = READ.iter().find(|(of, read)| space == *of && name == *read);
                inside = read.map(|(_, name)| *name);
            }
            Xml::Text(text) => take(&text),
            Xml::CData(text) => take(&text),
            Xml::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                Some(c) => take(c.encode_utf8(&mut [0; 4])),
                None => take(resolve_xml_entity(&name).unwrap_or_default()),
            },
            Xml::End(end) => {
                inside = None;
                let name = end.local_name();
                let name: &str = name.as_ref();
                if space == DAV && name == "response" {
                    let done = std::mem::take(&mut page);
                    if done.text.contains("BEGIN:VEVENT") {
                        let (href, etag) =
                            (done.href.trim().to_owned(), done.etag.trim().to_owned());
                        pages.push(Page { href, etag, ..done });
                    }
                }
            }
            Xml::Eof => return found.then_some(pages),
            Xml::Empty(_) | Xml::Comment(_) | Xml::Decl(_) | Xml::PI(_) | Xml::DocType(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whatever_its_prefixes_are() {
        let answer = "<?xml version='1.0'?><multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>\
            <response><href>/me/a%20b.ics</href><propstat><prop><getetag>&quot;1&amp;2&quot;</getetag>\
            <C:calendar-data>BEGIN:VCALENDAR&#13;\nBEGIN:VEVENT\nSUMMARY:Salt &amp; pepper\n</C:calendar-data>\
            </prop><status>HTTP/1.1 200 OK</status></propstat></response>\
            <response><href>/me/none.ics</href><status>HTTP/1.1 404 Not Found</status></response>\
            </multistatus>";
        let pages = read(answer).unwrap();
        assert_eq!(pages.len(), 1);
        assert_eq!((&*pages[0].href, &*pages[0].etag), ("/me/a%20b.ics", "\"1&2\""));
        assert!(pages[0].text.ends_with("BEGIN:VEVENT\nSUMMARY:Salt & pepper\n"));
        for none in ["", "not xml", "<html><body>Hello</body></html>"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
