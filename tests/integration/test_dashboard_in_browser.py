"""The dashboard's pages in a browser: the short form of `make test-browser`."""

from __future__ import annotations

from browser import browser
from dashboards import open_tab, shown
from made_up_view import MadeUpView, busy_hour
from playwright.sync_api import expect


def test_a_reader_follows_opens_and_redrives_on_a_phone_and_on_a_desk() -> None:
    view = MadeUpView()
    busy_hour(view)
    view.fail(value=b"<script>document.title='broken'</script>")
    with shown(view) as site, browser(viewport={"width": 360, "height": 740}) as context:
        tab = open_tab(context, site.url, "/feed?status=ok")
        expect(tab.page.locator("a.row").first).to_be_visible()
        assert tab.width() == 360
        number = next(number for number in range(5000, 5010) if number % 3 and number % 17)
        view.summarize(number)
        expect(tab.page.locator("a.row").first).to_contain_text(f"story-{number}", timeout=1000)
        tab.page.locator("a.row").first.click()
        tab.page.locator(".sentence").first.click()
        expect(tab.page.locator(".evidence.lit")).to_have_count(1)
        tab.page.set_viewport_size({"width": 1280, "height": 860})
        tab.go("/letters")
        tab.page.locator("a.row").first.click()
        expect(tab.page.get_by_role("region", name="Value as text")).to_have_text(
            "<script>document.title='broken'</script>"
        )
        tab.page.get_by_role("button", name="Redrive …").click()
        tab.page.get_by_role("button", name="Redrive 1 dead letter").click()
        expect(tab.page.get_by_role("dialog", name="1 document sent back")).to_be_visible()
        assert len(site.redriven) == 1
        assert (tab.strangers, tab.complaints) == ([], [])
        tab.page.close()
