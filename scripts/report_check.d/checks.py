"""What is looked at in a page."""

import base64
import json
import urllib.parse

WIDTHS = {"phone": 390, "desktop": 1280}
# The least contrast of text that is not large (WCAG 2, level AA).
CONTRAST = 4.5
# Sent for letters drawn on figures, which have a white card of their own, too: those are not looked at.
PROBE = """
(() => {
  const rgb = text => (text.match(/[0-9.]+/g) || []).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const under = e => {
    for (; e; e = e.parentElement) {
      const c = rgb(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faint = [];
  let least = 99;
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg') || !e.getClientRects().length) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(under(e))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    least = Math.min(least, contrast);
    if (contrast < LIMIT) faint.push(e.tagName + ' ' + e.textContent.trim().slice(0, 40));
  }
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  return JSON.stringify({
    width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
    faint: faint.slice(0, 5), least, paper: getComputedStyle(document.body).backgroundColor,
    twice: ids.filter((id, i) => ids.indexOf(id) !== i), ids,
    links: [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')),
    broken: [...document.images].filter(i => !i.complete || !i.naturalWidth).length,
    figures: document.querySelectorAll('figure').length,
  });
})()
""".replace("LIMIT", str(CONTRAST))


def check(browser, page, shots):
    """What is wrong with a page, and what was seen of it, in a line."""
    wrong = []
    for name, width in WIDTHS.items():
        for scheme in ["light", "dark"]:
            view = View(browser, page, width, scheme)
            found = view.found
            wrong += [f"{name}, {scheme}: {line}" for line in view.wrong]
            if shots:
                shots.mkdir(parents=True, exist_ok=True)
                (shots / f"{page.parent.name}_{page.stem}_{name}_{scheme}.png").write_bytes(view.shot)
            view.close()
    wrong += links(page, found)
    printed = print_page(browser, page)
    if shots:
        (shots / f"{page.parent.name}_{page.stem}.pdf").write_bytes(printed)
    if not printed.startswith(b"%PDF"):
        wrong.append("cannot be printed")
    sizes = f"{page.stat().st_size / 1e6:.1f} MB, {len(printed) / 1e6:.1f} MB printed"
    return wrong, f"{sizes}, {found['figures']} figures, {len(found['links'])} links; {len(wrong)} fault(s)"


class View:
    """A page opened at a width in a colour scheme."""

    def __init__(self, browser, page, width, scheme):
        self.browser = browser
        self.target, self.session = opened(browser)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        load(browser, self.session, page)
        self.found = json.loads(self.call("Runtime.evaluate", expression=PROBE)["result"]["value"])
        self.wrong = said(browser.events, page) + layout(self.found, width, scheme)
        clip = {"x": 0, "y": 0, "width": width, "height": min(self.found["height"], 16000), "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        self.shot = base64.b64decode(shot["data"])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


def opened(browser):
    """A new tab and the session that it is told through."""
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ["Page", "Runtime", "Log", "Network"]:
        browser.call(f"{domain}.enable", session)
    return target, session


def load(browser, session, page):
    browser.events.clear()
    browser.call("Page.navigate", session, url=page.as_uri())
    browser.wait("Page.loadEventFired")
    browser.rest(0.3)


def said(events, page):
    """Messages of the console, and requests for anything but the page; what is inside of it is no request."""
    wrong = []
    for event in events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if url != page.as_uri() and not url.startswith("data:"):
                wrong.append(f"asks for {url[:200]}")
        elif method == "Runtime.consoleAPICalled":
            wrong.append(f"console: {params.get('args')}")
        elif method == "Runtime.exceptionThrown":
            wrong.append(f"exception: {params['exceptionDetails'].get('text')}")
        elif method == "Log.entryAdded":
            wrong.append(f"console: {params['entry'].get('text')}")
    return wrong


def layout(found, width, scheme):
    """What a reader would see to be wrong."""
    wrong = []
    if found["width"] > width:
        wrong.append(f"the page is {found['width']} px wide in a window of {width} px")
    if found["faint"]:
        wrong.append(f"contrast below {CONTRAST}: {found['faint']}")
    if found["twice"]:
        wrong.append(f"ids used twice: {found['twice']}")
    if found["broken"]:
        wrong.append(f"{found['broken']} images cannot be shown")
    is_light = sum(int(part) for part in found["paper"].strip("rgba()").split(",")[:3]) > 3 * 127
    if is_light != (scheme == "light"):
        wrong.append(f"the page is {found['paper']} in a {scheme} scheme")
    return wrong


def links(page, found):
    """Links that lead nowhere."""
    wrong = []
    for link in found["links"]:
        address = urllib.parse.urlsplit(link)
        if address.scheme in ("http", "https"):
            continue
        if not address.path:
            if address.fragment not in found["ids"]:
                wrong.append(f"no anchor {link}")
        elif address.scheme or not (page.parent / urllib.parse.unquote(address.path)).exists():
            wrong.append(f"no file {link}")
    return wrong


def print_page(browser, page):
    """The page as a PDF, from a dark screen."""
    target, session = opened(browser)
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    browser.call("Emulation.setEmulatedMedia", session, features=dark)
    load(browser, session, page)
    data = browser.call("Page.printToPDF", session, printBackground=False, preferCSSPageSize=True)["data"]
    browser.call("Target.closeTarget", targetId=target)
    return base64.b64decode(data)
