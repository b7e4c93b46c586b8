//! A browser to look at pages with: headless Chromium, told what to do through chromedriver (W3C WebDriver over HTTP).

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing of its own over the network; what is clicked holds still.
const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
];
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const HINT: &str = "hint: this test drives Chromium: apt-get install chromium chromium-driver";
/// The member of an element's JSON that is its number.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser that ends when dropped.
pub struct Browser {
    driver: Child,
    _said: BufReader<ChildStdout>,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one.
    pub fn start() -> Browser {
        let mut command = Command::new("chromedriver");
        let command = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.spawn().unwrap_or_else(|error| panic!("chromedriver: {error}\n{HINT}"));
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let (port, profile) = (port(&mut said), tempfile::tempdir().unwrap());
        let mut browser = Browser { driver, _said: said, port, session: String::new(), _profile: profile };
        let user = format!("--user-data-dir={}", browser._profile.path().display());
        let args: Vec<&str> = FLAGS.into_iter().chain([user.as_str(), "--window-size=1280,900"]).collect();
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}});
        let made = browser.call("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session =
            format!("/session/{}", made["sessionId"].as_str().unwrap_or_else(|| panic!("{made}\n{HINT}")));
        browser
    }

    /// Goes to a page in a file and waits until it says that it is ready.
    pub fn open(&self, page: &Path) {
        self.tell("/url", &json!({"url": format!("file://{}", page.display())}));
        self.wait("document.documentElement.dataset.ready");
    }

    /// The value of an expression in the page.
    pub fn value(&self, expression: &str) -> Value {
        self.tell("/execute/sync", &json!({"script": format!("return {expression}"), "args": []}))
    }

    /// The same, as text.
    pub fn text(&self, expression: &str) -> String {
        let value = self.value(expression);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let begun = Instant::now();
        while self.value(&format!("Boolean({expression})")) != json!(true) {
            assert!(begun.elapsed() < PATIENCE, "never true: {expression}\n{}", self.log("browser"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks the first element that fits a CSS selector.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.tell(&format!("/element/{element}/click"), &json!({}));
    }

    /// Types into the first element that fits a CSS selector.
    pub fn keys(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.tell(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    /// Types into the element that has the focus.
    pub fn type_keys(&self, text: &str) {
        self.keys(":focus", text);
    }

    /// What was logged since it was last asked: `browser` is the console, `performance` every request.
    pub fn log(&self, kind: &str) -> Value {
        self.tell("/se/log", &json!({"type": kind}))
    }

    fn find(&self, selector: &str) -> String {
        let found = self.tell("/element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no `{selector}`: {found}")).to_owned()
    }

    fn tell(&self, path: &str, body: &Value) -> Value {
        let answer = self.call("POST", &format!("{}{path}", self.session), body);
        assert!(answer["error"].is_null(), "{path} {body}\n{answer}");
        answer
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = body.to_string();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        answer(BufReader::new(stream))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // the driver ends its browser
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &self.session, &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The port a driver says it listens on.
fn port(said: &mut impl BufRead) -> u16 {
    let mut lines = said.lines().map(|line| line.unwrap());
    let line = lines.find(|line| line.contains("on port ") && line.contains("started successfully"));
    let line = line.unwrap_or_else(|| panic!("chromedriver does not listen\n{HINT}"));
    let digits = line.rsplit("on port ").next().unwrap().trim_end_matches('.');
    digits.parse().unwrap_or_else(|_| panic!("no port in `{line}`"))
}

/// The value in an HTTP response.
fn answer(mut response: impl BufRead) -> Value {
    let mut length = 0;
    for line in response.by_ref().lines().map(|line| line.unwrap()).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    response.read_exact(&mut body).unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["value"].take()
}
