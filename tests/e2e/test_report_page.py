# SPDX-License-Identifier: MIT
"""The HTML page: what is on it, that nothing from a report is active in it, and
how it looks and behaves in a real browser."""

import html.parser
import os
import re
from pathlib import Path

import pytest

from harness import mails
from harness.browser import Browser
from harness.site import Site

VOID = {"meta", "br", "img", "link", "hr", "input"}
# SVG elements, which may be self-closing.
EMPTY_OK = {"rect"}


class Page(html.parser.HTMLParser):
    """The elements of a page as (tag, attributes, path), and its text. It is
    strict: every tag has to be closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self.open = []
        self.texts = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        assert len(attrs) == len(dict(attrs)), f"attribute twice: {tag} {attrs}"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in EMPTY_OK, tag
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def all(self, *tags):
        return [each for each in self.elements if each[0] in tags]

    def text(self, tag=None):
        return "".join(
            data
            for path, data in self.texts
            if "style" not in path and (tag is None or tag in path)
        )


@pytest.fixture(scope="module")
def page_file(scene):
    path = scene.folder / "page.html"
    done = scene.run_report(
        "--format", "html", "--days", "21", "--output", path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return path


@pytest.fixture(scope="module")
def page(page_file):
    return Page(page_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def browser():
    driver = Browser()
    yield driver
    driver.close()


# What is on it


def test_what_is_on_it(page, scene):
    text = page.text()
    for expected in (
        "certificate-expired at mx2.example.com",
        "tlsa-invalid at mx.example.org",
        "Failed sessions by type",
        "Failed sessions by MX host",
        "Renew the certificate",
        "Google Inc.",
        "certificate has expired",
        "silent",
    ):
        assert expected in text, expected
    total = scene.value(
        "SELECT sum(successful_sessions + failed_sessions) FROM tlsrpt.daily"
        " WHERE day > (now() AT TIME ZONE 'UTC')::date - 21"
    )
    assert f"{total:,}" in text


def test_problems_are_the_view_s(page, scene):
    rows = scene.rows(
        "SELECT problem_id, explanation, action FROM tlsrpt.problem"
        " WHERE last_seen > (now() AT TIME ZONE 'UTC')::date - 21"
        " AND policy_domain <> 'evil.example'"
    )
    assert len(rows) == 3
    ids = {attrs["id"] for _, attrs, _ in page.all("article")}
    text = page.text("article")
    for problem_id, explanation, action in rows:
        assert f"p-{problem_id}" in ids
        assert explanation in text and action in text


def test_urgent_before_resolved(page):
    classes = [attrs["class"] for _, attrs, _ in page.all("article")]
    resolved = ["resolved" in each for each in classes]
    assert resolved == sorted(resolved) and True in resolved
    inside = [
        "details" in path
        for _, attrs, path in page.all("article")
        if "resolved" in attrs["class"]
    ]
    assert all(inside), "what is over is folded away"


def test_one_domain(scene):
    done = scene.run_report("--format", "html", "--domain", "example.org")
    text = Page(done.stdout).text()
    assert "example.org" in text and "example.com" not in text


def test_nothing_reported(_cluster):
    _cluster.start()
    place = Site(_cluster)
    try:
        done = place.run_report("--format", "html")
        assert done.returncode == 0, done.stderr
        assert "There is no report in this period" in Page(done.stdout).text()
    finally:
        place.close()


def test_many_days_stay_small(scene):
    done = scene.run_report("--format", "html", "--days", "3650")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) < 400_000
    assert len(Page(done.stdout).all("rect")) < 5000


def test_one_problem(scene):
    (problem_id,) = scene.rows(
        "SELECT problem_id FROM tlsrpt.problem"
        " WHERE result_type = 'tlsa-invalid'"
    )[0]
    done = scene.run_report("--format", "html", "--problem", problem_id)
    assert done.returncode == 0, done.stderr
    page = Page(done.stdout)
    assert len(page.all("article")) == 1
    assert '"organization-name": "Google Inc."' in page.text("pre")
    check_structure(page)


# Nothing is loaded from elsewhere, and nothing is active


def test_self_contained(page, page_file):
    for tag, attrs, _ in page.elements:
        assert tag not in ("script", "link", "img", "iframe", "object", "base")
        for name, value in attrs.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "srcset", "action", "background")
            if name in ("href", "xlink:href"):
                assert value.startswith("#")
    text = page_file.read_text(encoding="utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    (policy,) = [
        attrs["content"]
        for _, attrs, _ in page.all("meta")
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("kind", ["summary", "problem"])
def test_hostile_texts_are_texts(scene, kind):
    """If every text of a report is NASTY, it is shown escaped, and the page has
    the same elements as without it."""
    options = ["--domain", "evil.example"]
    if kind == "problem":
        (problem_id,) = scene.rows(
            "SELECT problem_id FROM tlsrpt.problem"
            " WHERE policy_domain = 'evil.example'"
        )[0]
        options = ["--problem", problem_id]
    done = scene.run_report("--format", "html", *options)
    assert done.returncode == 0, done.stderr
    for character in "\u202e\u2066\u200b\x1b\x07\x9b\r\t":
        assert character not in done.stdout, repr(character)
    page = Page(done.stdout)
    # If the parser were misled, tags other than ours would appear.
    assert {tag for tag, _, _ in page.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "h1"),
        *("h2", "h3", "main", "section", "article", "footer", "p", "ul", "li"),
        *("b", "br", "span", "i", "div", "details", "summary", "pre", "table"),
        *("caption", "thead", "tbody", "tr", "th", "td", "figure"),
        *("figcaption", "svg", "g", "rect", "desc"),
    }
    assert "document.title='owned'" in page.text()
    assert "\\u{202e}gnp.exe" in page.text()
    check_structure(page)


# Accessibility: the checks of axe-core that need nothing but the page


def check_structure(page):
    levels = [int(tag[1]) for tag, _, _ in page.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    for before, after in zip(levels, levels[1:]):
        assert after <= before + 1, f"a level of headings is left out: {levels}"
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs, _ in page.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            for target in attrs.get(name, "").split():
                assert target in ids, (tag, target)
        if attrs.get("role") in ("img", "region"):
            assert attrs.get("aria-label") or attrs.get("aria-labelledby")
        if tag == "svg":
            hidden = attrs.get("aria-hidden") == "true"
            assert hidden or attrs.get("role") == "img"
        if tag == "th":
            assert attrs.get("scope") in ("col", "row")
    assert len(page.all("table")) == len(page.all("caption"))
    (language,) = [attrs.get("lang") for _, attrs, _ in page.all("html")]
    assert language == "en"
    assert "viewport" in [attrs.get("name") for _, attrs, _ in page.all("meta")]
    assert page.text("title").strip()
    for tag in ("main", "header"):
        assert len(page.all(tag)) == 1
    # A part that unfolds begins with the element that opens it.
    for number, (tag, _, _) in enumerate(page.elements):
        if tag == "details":
            assert page.elements[number + 1][0] == "summary"


def test_structure(page):
    check_structure(page)


CONTRAST = """
const bad = [];
function channels(text) {
    const all = text.match(/[\\d.]+/g).map(Number);
    return {rgb: all.slice(0, 3), alpha: all.length > 3 ? all[3] : 1};
}
function luminance(rgb) {
    const part = rgb.map(c => (c /= 255) <= 0.03928
        ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
}
function ground(node) {
    for (; node; node = node.parentElement) {
        const back = channels(getComputedStyle(node).backgroundColor);
        if (back.alpha > 0)
            return back.rgb;
    }
    return [255, 255, 255];
}
for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(
        c => c.nodeType === 3 && c.textContent.trim());
    if (!own || node.closest('svg') || !node.checkVisibility())
        continue;
    const style = getComputedStyle(node);
    const a = luminance(channels(style.color).rgb);
    const b = luminance(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    if (ratio < (large ? 3 : 4.5))
        bad.push([node.tagName, node.className, ratio]);
    if (size < 12)
        bad.push([node.tagName, node.className, size + 'px']);
}
return bad;
"""

OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true);"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_looks(browser, page_file, width, scheme):
    """The page is readable in both colour schemes and at both widths, folded
    and unfolded. SHOTS=DIR keeps the pictures."""
    browser.look(width, scheme=scheme)
    browser.open(page_file)
    shot = browser.screenshot()
    assert shot.startswith(b"\x89PNG") and len(shot) > 20_000
    if "SHOTS" in os.environ:
        Path(os.environ["SHOTS"], f"{width}-{scheme}.png").write_bytes(shot)
    for unfold in ("", OPEN_ALL):
        browser.run(unfold)
        assert browser.run(CONTRAST) == []
        # Only elements that scroll by themselves may be wider than the window.
        assert (
            browser.run("return document.documentElement.scrollWidth;") <= width
        )
    if "SHOTS" in os.environ:
        Path(os.environ["SHOTS"], f"{width}-{scheme}-open.png").write_bytes(
            browser.screenshot()
        )
    back = browser.run(
        "return getComputedStyle(document.body).backgroundColor;"
    )
    light = sum(map(int, re.findall(r"\d+", back)[:3])) > 384
    assert light == (scheme == "light")


@pytest.mark.parametrize("width", [390, 1280])
def test_absurd_numbers_fit(browser, site, width):
    most = 2**63 - 1
    path = site.folder / "most.json"
    policy = mails.policy(successful=most, failed=most)
    path.write_bytes(mails.as_json(mails.document(policies=[policy])))
    assert site.run_import(path).returncode == 0
    site.drain()
    path = site.folder / "page.html"
    assert site.run_report("--format=html", "--output", path).returncode == 0
    assert f"{most:,}" in path.read_text(encoding="utf-8")
    browser.look(width)
    browser.open(path)
    assert browser.run(
        "return [...document.querySelectorAll('body, .tile')].filter("
        "e => e.scrollWidth > e.clientWidth).length;"
    ) == 0
    assert browser.run("return document.documentElement.scrollWidth;") <= width


def test_loads_alone(browser, page_file):
    """The page makes no further request, no complaint, and runs no script."""
    browser.look(1280)
    browser.requests()
    browser.complaints()
    browser.open(page_file)
    assert browser.requests() == [f"file://{page_file}"]
    assert browser.complaints() == []
    assert browser.run("return document.title;") == "SMTP TLS reports"
    assert browser.run("return document.scripts.length;") == 0


def test_charts_show(browser, page_file):
    browser.look(1280)
    browser.open(page_file)
    heights = browser.run(
        "return [...document.querySelectorAll('figure svg')]"
        ".filter(s => s.checkVisibility())"
        ".map(s => [...s.querySelectorAll('rect.bad')]"
        ".map(r => r.getBoundingClientRect().height));"
    )
    assert len(heights) == 2
    for chart in heights:
        assert len(chart) == 21
        assert sum(height > 0 for height in chart) == 8


def test_drill_down(browser, page_file, scene):
    """Clicks lead from a problem to its failures and to the report."""
    (problem_id,) = scene.rows(
        "SELECT problem_id FROM tlsrpt.problem"
        " WHERE result_type = 'certificate-expired'"
    )[0]
    browser.look(1280)
    browser.open(page_file)
    article = f"#p-{problem_id}"
    for part, inside in (("failures", "table"), ("document", "pre")):
        details = f"{article} details.{part}"
        assert not browser.is_shown(f"{details} {inside}")
        browser.click(f"{details} > summary")
        assert browser.is_shown(f"{details} {inside}")
    assert "certificate has expired" in browser.text(f"{article} table")
    assert '"certificate-expired"' in browser.text(f"{article} pre")


def test_keyboard(browser, page_file):
    """Everything that scrolls or opens can be reached with the Tab key."""
    browser.look(390)
    browser.open(page_file)
    browser.run(OPEN_ALL)
    unreachable = browser.run(
        "return [...document.querySelectorAll('main *')].filter(e => "
        "e.scrollWidth > e.clientWidth + 1 && "
        "/auto|scroll/.test(getComputedStyle(e).overflowX) && "
        "e.tabIndex < 0).map(e => e.outerHTML.slice(0, 80));"
    )
    assert unreachable == []


def test_print(browser, page_file):
    browser.look(1280, media="print")
    browser.open(page_file)
    assert browser.run(CONTRAST) == []
    assert browser.pdf().startswith(b"%PDF")
