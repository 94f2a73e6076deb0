//! The page of `prove --format html`, used in a headless browser as a person would: buttons, keys, filters, both colour schemes, a narrow window.
//!
//! Needs Chromium and ChromeDriver (Debian: chromium, chromium-driver). Without them the test says `skipped`, unless
//! UNBARRIER_BROWSER=required.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const KERNELS: &str = "#include <metal_stdlib>
using namespace metal;
// </code></td></table><script>window.hacked = 1;</script><img src=x onerror=\"window.hacked = 2\"> & &amp;
kernel void needs(device float* out [[buffer(0)]], constant uint& n [[buffer(1)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float buf[64];
    for (uint i = 0; i < n; ++i) {
        buf[tid] = float(i);
        threadgroup_barrier(mem_flags::mem_threadgroup);
        out[tid] += buf[63 - tid];
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
}
kernel void races(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    threadgroup float own[64];
    own[tid] = float(tid);
    out[tid] = own[63 - tid];
}
kernel void diverges(device float* out [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    if (tid < 3) {
        threadgroup_barrier(mem_flags::mem_threadgroup);
    }
    out[tid] = 1.0f;
}
";

fn page(dir: &Path) -> String {
    std::fs::write(dir.join("kernels.metal"), KERNELS).expect("a file");
    std::fs::write(
        dir.join("other.metal"),
        "kernel void plain(device float* out [[buffer(0)]], uint t [[thread_position_in_grid]]) { out[t] = 1.0f; }\n",
    )
    .expect("a file");
    std::fs::write(dir.join("broken<b>.metal"), "kernel void k() {\n").expect("a file");
    std::fs::write(
        dir.join("unbarrier.toml"),
        "[[kernel]]\nfile = \"kernels.metal\"\nname = \"needs\"\nassume = [\"n <= 1000\"]\n",
    )
    .expect("a file");
    let o = Command::new(env!("CARGO_BIN_EXE_unbarrier"))
        .args(["prove", ".", "--threadgroup", "64", "--format", "html"])
        .env("SOURCE_DATE_EPOCH", "1795869540")
        .current_dir(dir)
        .output()
        .expect("the program starts");
    assert_eq!(o.status.code(), Some(2), "one of the files is broken");
    let text = String::from_utf8(o.stdout).expect("UTF-8");
    std::fs::write(dir.join("page.html"), &text).expect("a file");
    text
}

/// A browser with one window; closed when dropped.
struct Browser {
    driver: Child,
    base: String,
    agent: ureq::Agent,
    _profile: TempDir,
}

impl Browser {
    fn start() -> Option<Browser> {
        let found = |names: &[&str]| {
            let paths = std::env::var_os("PATH").unwrap_or_default();
            names.iter().find_map(|n| {
                std::env::split_paths(&paths)
                    .map(|p| p.join(n))
                    .find(|p| p.is_file())
            })
        };
        let chrome = found(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = found(&["chromedriver"]);
        let (Some(chrome), Some(driver)) = (chrome, driver) else {
            let required = std::env::var_os("UNBARRIER_BROWSER").is_some();
            assert!(
                !required,
                "UNBARRIER_BROWSER is set, and Chromium or ChromeDriver is missing"
            );
            eprintln!(
                "skipped: Chromium or ChromeDriver is missing (apt-get install chromium chromium-driver)"
            );
            return None;
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ChromeDriver starts");
        let out = BufReader::new(driver.stdout.take().expect("a pipe"));
        let mut lines = out.lines().map_while(Result::ok);
        let port = lines
            .find_map(|l| {
                let at = l.split("successfully on port ").nth(1)?;
                at.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("ChromeDriver says its port");
        // It ends when nobody reads what it writes.
        std::thread::spawn(move || lines.for_each(drop));
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .build()
            .new_agent();
        let profile = tempfile::tempdir().expect("a folder");
        let mut b = Browser {
            driver,
            base: format!("http://127.0.0.1:{port}"),
            agent,
            _profile: profile,
        };
        let data = format!("--user-data-dir={}", b._profile.path().display());
        let flags = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1400,1000",
            data.as_str(),
        ];
        let session = b.post(
            "/session",
            json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {
                "binary": chrome.display().to_string(), "args": flags}}}}),
        );
        let id = session["sessionId"].as_str().expect("a session");
        b.base = format!("{}/session/{id}", b.base);
        Some(b)
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let mut answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .send_json(&body)
            .unwrap_or_else(|e| panic!("{path}: {e}"));
        let v: Value = answer.body_mut().read_json().expect("JSON");
        assert!(v["value"]["error"].is_null(), "{path} {body}: {v:#}");
        v["value"].clone()
    }

    fn js(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []}))
    }

    /// Whether a condition holds, or does soon.
    fn wait(&self, condition: &str) {
        let start = Instant::now();
        while self.js(&format!("return Boolean({condition});")) != true {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "not in time: {condition}"
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// A click of the mouse on what is visible.
    fn click(&self, selector: &str) {
        let e = self.post(
            "/element",
            json!({"using": "css selector", "value": selector}),
        );
        let id = e
            .as_object()
            .and_then(|o| o.values().next())
            .and_then(Value::as_str)
            .expect("an element");
        self.post(&format!("/element/{id}/click"), json!({}));
    }

    fn keys(&self, keys: &[&str]) {
        let actions: Vec<Value> = keys
            .iter()
            .flat_map(|k| {
                [
                    json!({"type": "keyDown", "value": k}),
                    json!({"type": "keyUp", "value": k}),
                ]
            })
            .collect();
        self.post(
            "/actions",
            json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}),
        );
    }

    fn open(&self, file: &Path) {
        self.post("/url", json!({"url": format!("file://{}", file.display())}));
        self.wait("document.readyState === 'complete'");
    }

    fn colours(&self, scheme: &str) {
        self.post(
            "/goog/cdp/execute",
            json!({"cmd": "Emulation.setEmulatedMedia",
                   "params": {"features": [{"name": "prefers-color-scheme", "value": scheme},
                                           {"name": "prefers-reduced-motion", "value": "reduce"}]}}),
        );
    }

    fn width(&self, width: u32) {
        self.post(
            "/goog/cdp/execute",
            json!({"cmd": "Emulation.setDeviceMetricsOverride",
                   "params": {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false}}),
        );
    }

    /// Into the folder that UNBARRIER_SCREENSHOTS names, for people to look at; base64, as the browser sends it.
    fn screenshot(&self, name: &str) {
        if let Some(dir) = std::env::var_os("UNBARRIER_SCREENSHOTS") {
            let mut answer = self
                .agent
                .get(format!("{}/screenshot", self.base))
                .call()
                .expect("a screenshot");
            let v: Value = answer.body_mut().read_json().expect("JSON");
            let text = v["value"].as_str().expect("base64");
            std::fs::write(Path::new(&dir).join(format!("{name}.png.base64")), text)
                .expect("a file");
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.base).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const LEFT: &str = "\u{E012}";
const UP: &str = "\u{E013}";
const RIGHT: &str = "\u{E014}";
const DOWN: &str = "\u{E015}";
const HOME: &str = "\u{E011}";
const END: &str = "\u{E010}";

/// The lowest contrast of text against what is behind it, over everything visible with text of its own, and where it is.
const CONTRAST: &str = "
    const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
    const lum = ([r, g, b]) => {
        const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
        return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
    };
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] > 0) return c;
        }
        return [255, 255, 255];
    };
    let worst = [99, ''];
    for (const e of document.querySelectorAll('body *:not(script):not(style)')) {
        const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.checkVisibility() || e.closest('svg') || e.disabled || e.closest('.later')) continue;
        const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 200)];
    }
    return worst;";

#[test]
fn the_page_needs_nothing_else_and_escapes_everything() {
    let dir = tempfile::tempdir().expect("a folder");
    let text = page(dir.path());
    for bad in [
        "<script>window.hacked",
        "<img",
        "http://",
        "https://",
        "broken<b>",
        "src=",
    ] {
        let inside = text.split("<script>\n\"use strict\"").next().unwrap_or("");
        // What is escaped may well be there as text.
        let count = inside.matches(bad).count();
        assert_eq!(count, usize::from(bad == "src="), "`{bad}`");
    }
    assert!(text.contains("&lt;script&gt;window.hacked = 1;"));
    assert_eq!(text, page(dir.path()), "the same input gives another page");
    assert!(text.contains("default-src 'none'"));
    assert_eq!(text.matches("<script>").count(), 1);
}

#[test]
fn a_person_clicks_through_it() {
    let Some(b) = Browser::start() else {
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    b.colours("light");
    b.open(&dir.path().join("page.html"));

    // Nothing was run or fetched; the text is there.
    assert_eq!(b.js("return window.hacked === undefined;"), true);
    assert_eq!(
        b.js("return performance.getEntriesByType('resource').length;"),
        0
    );
    assert_eq!(
        b.js("return document.querySelector('#f1-0-3 .text').textContent;"),
        KERNELS.lines().nth(2).expect("three lines")
    );
    assert_eq!(
        b.js("return [...document.querySelectorAll('.errors li')].map(e => e.textContent);"),
        json!(["broken<b>.metal:1:17: this `{` is never closed"])
    );
    assert_eq!(
        b.js("return [...document.querySelectorAll('#f1 td.margin .badge')].map(b => b.textContent + b.closest('tr').id.split('-')[2]);"),
        json!(["required8", "required10", "removable12", "race16", "divergent21", "unknown21"])
    );

    // From a verdict in the margin to its finding.
    b.click("#f1-0-8 button.required");
    b.wait("document.querySelector('details.finding[data-rule=required]').open");
    b.wait("document.querySelector('#f1-0-8').classList.contains('chosen')");
    b.wait("document.activeElement.matches('details.finding[data-rule=required] summary')");

    // Through the witness with the buttons.
    let timeline = "details.finding[open] .timeline";
    let current =
        format!("document.querySelector('{timeline} tr[aria-current=step] th')?.textContent");
    let steps = b
        .js(&format!(
            "return document.querySelectorAll('{timeline} tr.step').length;"
        ))
        .as_i64()
        .expect("a count");
    assert!(steps >= 4, "{steps}");
    assert_eq!(
        b.js(&format!(
            "return document.querySelector('{timeline} .previous').disabled;"
        )),
        true
    );
    for n in 1..=steps {
        b.click(&format!("{timeline} .next"));
        b.wait(&format!("{current} === '{n}'"));
    }
    assert_eq!(
        b.js(&format!(
            "return document.querySelector('{timeline} .next').disabled;"
        )),
        true
    );
    for (line, class) in [(7, "t0"), (9, "t1"), (8, "chosen")] {
        let at = format!("document.querySelector('#f1-0-{line}').className.includes('{class}')");
        let other =
            format!("document.querySelector('#f1-0-{line}').className.match(/t0|t1|chosen/)");
        b.wait(&format!("{at} || {other}"));
    }
    b.screenshot("stepped");
    b.click(&format!("{timeline} .previous"));
    b.wait(&format!("{current} === '{}'", steps - 1));
    assert!(
        b.js(&format!(
            "return document.querySelector('{timeline} .at').textContent;"
        ))
        .as_str()
        .is_some_and(|t| t.starts_with(&format!("step {} of {steps}: thread ", steps - 1)))
    );

    // And with the keys.
    b.js(&format!("document.querySelector('{timeline}').focus();"));
    b.keys(&[HOME]);
    b.wait(&format!("{current} === '1'"));
    b.keys(&[RIGHT, RIGHT]);
    b.wait(&format!("{current} === '3'"));
    b.keys(&[LEFT]);
    b.wait(&format!("{current} === '2'"));
    b.keys(&[END]);
    b.wait(&format!("{current} === '{steps}'"));

    // Filters.
    let shown = "[...document.querySelectorAll('details.finding')].filter(f => f.checkVisibility()).map(f => f.dataset.rule).join()";
    assert_eq!(
        b.js(&format!("return {shown};")),
        "not-analysed,required,required,removable,race,divergent,unknown"
    );
    b.click("input[value=required]");
    b.wait(&format!(
        "{shown} === 'not-analysed,removable,race,divergent,unknown'"
    ));
    b.wait("!document.querySelector('#f1-0-8 button').checkVisibility()");
    b.wait("document.querySelector('#shown').textContent === '5 of 7 findings'");
    b.click("input[value=required]");
    b.js("const s = document.querySelector('select'); s.value = 'races'; s.dispatchEvent(new Event('input', {bubbles: true}));");
    b.wait(&format!("{shown} === 'race'"));
    b.wait("!document.querySelector('#f2').checkVisibility()");
    b.js("const s = document.querySelector('select'); s.value = ''; s.dispatchEvent(new Event('input', {bubbles: true}));");
    b.click("input[type=search]");
    b.keys(&["d", "e", "p", "e", "n", "d", "s"]);
    b.wait(&format!("{shown} === 'divergent'"));
    b.js("document.querySelector('form').reset(); document.querySelector('form').dispatchEvent(new Event('input'));");
    b.wait("document.querySelector('#shown').textContent === '7 findings'");

    // The graph: a node leads to its line.
    b.js("document.querySelector('details.kernel').open = true;");
    b.wait("document.querySelectorAll('details.kernel[open] .node').length === 5");
    b.wait("document.querySelectorAll('details.kernel[open] path.edge.back').length >= 1");
    b.js("document.querySelector('details.kernel[open] svg a').focus();");
    b.keys(&[ENTER]);
    b.wait("location.hash === '#f1-0-8'");
    b.screenshot("graph");
}

#[test]
fn it_is_usable_by_keyboard_and_readable_in_both_schemes_and_a_narrow_window() {
    let Some(b) = Browser::start() else {
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    b.colours("light");
    b.open(&dir.path().join("page.html"));

    // Tab goes through everything in the order of the page, and where it is can be seen.
    let mut seen = Vec::new();
    for _ in 0..160 {
        b.keys(&[TAB]);
        let at = b.js(
            "const e = document.activeElement; if (e === document.body) return ['', true];
             const styled = [e, e.closest('.chip')].filter(Boolean).some(x => getComputedStyle(x).outlineStyle !== 'none');
             const name = e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels[0]?.textContent.trim()) || '';
             return [`${e.tagName}.${e.className} ${name}`, styled, Boolean(name)];",
        );
        let name = at[0].as_str().unwrap_or("").to_string();
        if name.is_empty() {
            break;
        }
        assert_eq!(at[1], true, "the focus cannot be seen on {name}");
        assert_eq!(at[2], true, "no name: {name}");
        seen.push(name);
    }
    let position = |part: &str| {
        seen.iter()
            .position(|s| s.contains(part))
            .unwrap_or_else(|| panic!("`{part}` is not reached: {seen:#?}"))
    };
    assert_eq!(position("Skip to the files"), 0);
    assert!(position("INPUT") < position("SELECT"));
    assert!(position("SELECT") < position("Source of kernels.metal"));
    let summary = seen
        .iter()
        .position(|s| s.starts_with("SUMMARY") && s.contains("required line 8"));
    assert!(
        Some(position("required, line 8: show")) < summary,
        "{seen:#?}"
    );

    // Findings open with the keyboard; arrows go from one to the next.
    b.js("document.querySelector('details.finding summary').focus();");
    b.keys(&[DOWN, DOWN, UP]);
    b.wait("document.activeElement === document.querySelectorAll('details.finding summary')[1]");
    b.keys(&[ENTER]);
    b.wait("document.querySelectorAll('details.finding')[1].open");
    b.js("document.querySelectorAll('details').forEach(d => { d.open = true; });");

    let background = "return getComputedStyle(document.body).backgroundColor;";
    let light = b.js(background);
    for scheme in ["light", "dark"] {
        b.colours(scheme);
        let worst = b.js(CONTRAST);
        assert!(
            worst[0].as_f64().is_some_and(|c| c >= 4.5),
            "{scheme}: {worst}"
        );
        b.screenshot(scheme);
    }
    assert_ne!(light, b.js(background));

    for width in [1400, 700, 400] {
        b.width(width);
        let over = b.js("return document.documentElement.scrollWidth - window.innerWidth;");
        assert!(
            over.as_i64().is_some_and(|o| o <= 0),
            "{width}: {over} pixels too wide"
        );
        b.screenshot(&format!("width-{width}"));
    }

    // In a narrow window, stepping does not scroll the buttons away, and still marks the line.
    b.js("document.querySelector('.timeline .next').scrollIntoView({block: 'center'});");
    b.click(".timeline .next");
    b.wait("document.querySelectorAll('.code tr.t0').length >= 1");
    let at = b.js("const r = document.querySelector('.timeline .next').getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight;");
    assert_eq!(at, true);
}

#[test]
fn it_begins_with_an_overview_that_leads_everywhere() {
    let Some(b) = Browser::start() else {
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    b.open(&dir.path().join("page.html"));

    // What made it.
    let header = b.js("return document.querySelector('header').innerText;");
    for part in [
        concat!("unbarrier ", env!("CARGO_PKG_VERSION")),
        "2026-11-28 12:39 UTC",
        "unbarrier prove . --threadgroup 64 --format html",
    ] {
        assert!(
            header.as_str().is_some_and(|h| h.contains(part)),
            "{header}"
        );
    }
    // It comes before files and filters, problems come first, and what is as it should be last.
    let order = "const at = (s) => document.querySelector(s).getBoundingClientRect().top; return at('#overview') < at('#filters') && at('#filters') < at('#files');";
    assert_eq!(b.js(order), true);
    assert_eq!(
        b.js("return document.querySelector('.totals').textContent.split(',')[0];"),
        "3 files"
    );
    assert_eq!(
        b.js("return [...document.querySelectorAll('details.group')].map(g => [g.dataset.group, g.querySelectorAll('li').length, g.open]);"),
        json!([["race", 1, true], ["divergent", 1, true], ["unknown", 1, true], ["not-analysed", 1, true], ["removable", 1, true], ["required", 2, false]])
    );
    // Assumptions are there to be read, each with the kernels that rest on it.
    assert_eq!(
        b.js("return document.querySelector('#assumptions').checkVisibility();"),
        true
    );
    let assumed =
        b.js("return [...document.querySelectorAll('#assumptions li')].map(e => e.textContent);");
    let assumed = assumed.as_array().expect("a list");
    for part in [
        "threadgroup size is (64, 1, 1)",
        "simdgroups have 32 threads",
    ] {
        let whole = assumed.iter().any(|a| *a == part);
        assert!(whole, "{part} holds for all kernels: {assumed:?}");
    }
    assert!(
        assumed.iter().any(|a| a
            .as_str()
            .is_some_and(|a| a.contains("n <= 1000") && a.ends_with("(needs)"))),
        "{assumed:?}"
    );
    b.js("document.querySelectorAll('details.group').forEach(g => { g.open = true; });");

    // Every link, at both widths: what it leads to opens, can be seen, and is about what the link says.
    for width in [1400, 390] {
        b.width(width);
        let n = b.js("return document.querySelectorAll('#overview a').length;");
        let n = n.as_u64().expect("a count");
        // Seven findings, three files, four kernels, and the kernel of an assumption.
        assert!(n >= 15, "{n}");
        for i in 0..n {
            b.js(&format!(
                "document.querySelectorAll('section.file details').forEach(d => {{ d.open = false; }});
                 document.querySelectorAll('#overview a').forEach(a => a.removeAttribute('id'));
                 const a = document.querySelectorAll('#overview a')[{i}]; a.id = 'link'; a.scrollIntoView({{block: 'center'}});"
            ));
            b.click("#link");
            let seen = "(() => {
                const a = document.querySelector('#link');
                const goal = document.getElementById(a.getAttribute('href').slice(1));
                const box = goal.getBoundingClientRect();
                const text = (e) => e.textContent.trim();
                const said = goal.matches('.finding') ? text(goal.querySelector('.place a')).startsWith(text(a) + ':')
                    : goal.matches('.kernel') ? text(goal.querySelector('summary code')) === text(a)
                    : text(goal.querySelector('h2')) === text(a);
                const there = box.top < innerHeight && box.bottom > 0 && box.top > -2;
                return there && said && (goal.matches('section') || goal.open);
            })()";
            b.wait(seen);
        }
    }
    // The finding's line is marked, and a link from outside opens it, too.
    b.width(1400);
    b.post("/url", json!({"url": "about:blank"}));
    let finding =
        "[...document.querySelectorAll('details.finding')].find(f => f.dataset.rule === 'race')";
    b.open(&dir.path().join("page.html"));
    let id = b.js(&format!("return {finding}.id;"));
    b.post("/url", json!({"url": "about:blank"}));
    let address = format!(
        "file://{}#{}",
        dir.path().join("page.html").display(),
        id.as_str().expect("an id")
    );
    b.post("/url", json!({"url": address}));
    b.wait(&format!("{finding}.open"));
    b.wait("document.querySelector('#f1-0-16').classList.contains('chosen')");
    // What a filter hides is not offered, and comes back with it.
    b.click("input[value=race]");
    b.wait("document.querySelector('details.group[data-group=race]').hidden");
    b.click("input[value=race]");
    b.wait("!document.querySelector('details.group[data-group=race]').hidden");
}

#[test]
fn code_has_colours_and_is_readable_on_a_phone() {
    let Some(b) = Browser::start() else {
        return;
    };
    let dir = tempfile::tempdir().expect("a folder");
    page(dir.path());
    b.open(&dir.path().join("page.html"));
    // Words of a line and their classes.
    let runs = |line: u32| {
        b.js(&format!(
            "return [...document.querySelectorAll('#f1-0-{line} .text span')].map(s => [s.className, s.textContent]);"
        ))
    };
    assert_eq!(
        runs(5),
        json!([["key", "threadgroup"], ["type", "float"], ["number", "64"]])
    );
    assert_eq!(runs(8)[0], json!(["barrier", "threadgroup_barrier"]));
    assert_eq!(runs(1)[0], json!(["directive", "#include"]));
    assert_eq!(runs(3)[0][0], "comment");
    for scheme in ["light", "dark"] {
        b.colours(scheme);
        let colours = b.js(
            "const c = (s) => getComputedStyle(document.querySelector(s)).color;
             return ['.text code', '.text .key', '.text .type', '.text .number', '.text .comment', '.text .directive'].map(c);",
        );
        let all: std::collections::BTreeSet<String> = colours
            .as_array()
            .expect("a list")
            .iter()
            .map(Value::to_string)
            .collect();
        assert_eq!(all.len(), 6, "{scheme}: {colours}");
    }

    b.width(390);
    for open in [false, true] {
        b.js(&format!(
            "document.querySelectorAll('details').forEach(d => {{ d.open = {open}; }});"
        ));
        let wide = b.js("return document.documentElement.scrollWidth;");
        assert!(wide.as_i64().is_some_and(|w| w <= 390), "{wide}");
        // Nothing has to be moved sideways to read code, and most of the width is code.
        let code = b.js(
            "const c = document.querySelector('#f1 .code'), t = c.querySelector('#f1-0-4 .text'), m = c.querySelector('#f1-0-8 .margin');
             return [c.scrollWidth - c.clientWidth, t.clientWidth, m.clientWidth, parseFloat(getComputedStyle(t.firstChild).fontSize)];",
        );
        let at = |i: usize| code[i].as_f64().expect("a number");
        assert!(at(0) <= 0.0, "{code}: code is cut off");
        assert!(at(1) >= 280.0 && at(2) <= 34.0 && at(3) >= 11.0, "{code}");
    }
    // A verdict is still there to be seen, named and touched.
    assert_eq!(
        b.js("const s = document.querySelector('#f1-0-8 button'); const r = s.getBoundingClientRect();
              return [s.getAttribute('aria-label'), getComputedStyle(s, '::before').content, r.width >= 20 && r.height >= 20];"),
        json!(["required, line 8: show", "\"\u{2713}\"", true])
    );
    b.screenshot("phone");
    b.js("document.querySelector('#f1-0-8 button').scrollIntoView({block: 'center'});");
    b.click("#f1-0-8 button");
    b.wait("document.querySelector('details.finding[data-rule=required]').open");
}
