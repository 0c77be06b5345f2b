"""What holds on every page of the dashboard: the policy, the token, accessibility, a phone's width."""

from __future__ import annotations

import pytest
from dashboards import OpenPage, Tab, shown
from made_up_view import LETTERS, OUTPUT, MadeUpView
from playwright.sync_api import Error, expect

# Each page, and what is there when it has loaded.
PAGES = {
    "/": ".newest li",
    "/feed": "a.row",
    f"/feed?open={OUTPUT}:0:5": ".evidence",
    "/compare": ".pair",
    "/letters": "a.row",
    f"/letters?open={LETTERS}:0:0": ".payload pre",
}
TOKEN = "a-token-of-this-test"


def wait_loaded(tab: Tab, path: str) -> None:
    expect(tab.page.locator(PAGES[path]).first).to_be_visible()
    expect(tab.page.locator("#health-line")).to_contain_text("Healthy.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_serious_fault(path: str, scheme: str, open_page: OpenPage) -> None:
    # Only for axe, which is a script of its own: every other test runs under the policy.
    tab = open_page(path, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    wait_loaded(tab, path)
    assert tab.faults() == []


@pytest.mark.parametrize("state", ["stuck", "away", "empty"])
def test_axe_finds_no_serious_fault_in_bad_times(state: str, open_page: OpenPage, view: MadeUpView) -> None:
    if state == "empty":
        with shown(MadeUpView()) as empty:
            tab = open_page("/feed", url=empty.url, bypass_csp=True)
            expect(tab.page.get_by_role("heading", name="No summary yet")).to_be_visible()
            assert tab.faults() == []
            tab.page.close()
            return
    if state == "stuck":
        view.query = type(view.query)("stuck", "no progress for 4 min")
    else:
        view.connected = False
    for scheme in ("light", "dark"):
        tab = open_page("/", color_scheme=scheme, bypass_csp=True)
        expect(tab.page.locator(".tile").first).to_be_visible()
        expect(tab.page.locator("#health")).to_have_attribute("data-state", "stuck" if state == "stuck" else "down")
        assert tab.faults() == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_phone(path: str, open_page: OpenPage) -> None:
    tab = open_page(path, viewport={"width": 360, "height": 740}, has_touch=True)
    wait_loaded(tab, path)
    assert tab.width() == 360
    if "open" in path:
        assert tab.page.locator("dialog[open]").evaluate("each => each.scrollWidth") == 360
        box = tab.page.get_by_role("button", name="Close").bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 360


def test_the_policy_refuses_markup_scripts_and_other_hosts(open_page: OpenPage) -> None:
    tab = open_page("/feed")
    with pytest.raises(Error, match="TrustedHTML"):
        tab.page.evaluate("document.body.innerHTML = '<b>markup</b>'")
    with pytest.raises(Error, match="TrustedScript"):
        tab.page.evaluate("document.createElement('script').textContent = 'document.title = 1'")
    with pytest.raises(Error, match="Failed to fetch"):
        tab.page.evaluate("fetch('https://example.org/')")
    assert tab.complaints
    tab.complaints.clear()
    tab.strangers.clear()


def test_from_outside_a_token_is_needed(open_page: OpenPage, view: MadeUpView) -> None:
    with shown(view, token=TOKEN) as guarded:
        tab = open_page("/feed?status=ok", url=guarded.url)
        tab.may_fail = True
        expect(tab.page.get_by_role("heading", name="gistream")).to_be_visible()
        expect(tab.page.get_by_label("Token")).to_be_focused()
        tab.page.keyboard.type("a wrong token")
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_role("alert")).to_contain_text("That is not the token.")
        tab.page.get_by_label("Token").fill(TOKEN)
        tab.page.keyboard.press("Enter")
        expect(tab.page.locator("a.row").first).to_be_visible()
        assert tab.page.url.endswith("/feed?status=ok")
        # A session that ended leads to the login, and from there back.
        tab.page.context.clear_cookies()
        tab.page.get_by_label("Status").select_option("repaired")
        expect(tab.page.get_by_label("Token")).to_be_visible()
        tab.page.get_by_label("Token").fill(TOKEN)
        tab.page.keyboard.press("Enter")
        expect(tab.page.get_by_label("Status")).to_have_value("repaired")
        tab.page.close()


def test_the_login_is_accessible(open_page: OpenPage, view: MadeUpView) -> None:
    with shown(view, token=TOKEN) as guarded:
        for scheme in ("light", "dark"):
            tab = open_page("/login?wrong=1", url=guarded.url, color_scheme=scheme, bypass_csp=True)
            expect(tab.page.get_by_label("Token")).to_be_visible()
            assert tab.faults() == []
            tab.page.close()


def test_every_control_has_a_name_and_shows_the_focus(open_page: OpenPage) -> None:
    tab = open_page("/feed")
    expect(tab.page.locator("a.row").first).to_be_visible()
    names = []
    for _ in range(16):
        tab.page.keyboard.press("Tab")
        name, outline = tab.page.evaluate(
            "[document.activeElement.labels?.[0]?.textContent || document.activeElement.textContent.trim(),"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        if tab.page.evaluate("document.activeElement !== document.body"):
            assert name
            assert outline != "none", name
            names.append(name)
    assert names[0] == "Skip to the content"
    assert {"Overview", "Pause", "Search", "Status"} <= set(names)
